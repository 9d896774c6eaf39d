// Numbers people read aloud, compare or watch: a payment number, an amount, the time left.
import type { JSX } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { useWords } from './i18n.ts'
import { kitWords } from './words.ts'

export type NumberDisplayProps = {
  /** Digits only, or fewer while someone is typing. */
  readonly value: string
  /** While typing: how many digits there will be; the missing ones show as places. */
  readonly length?: number
  readonly size?: 'small' | 'medium' | 'large' | 'huge'
  /** What number it is, read before the digits. */
  readonly label?: string
}

/** A payment number in groups of three; screen readers hear it digit by digit. */
export function NumberDisplay({
  value,
  length = value.length,
  size = 'large',
  label,
}: NumberDisplayProps): JSX.Element {
  const places = value.padEnd(length, '·')
  const spoken = value.split('').join(' ')
  return (
    <span class={`number number-${size}`}>
      <span class="hidden">{label === undefined ? spoken : `${label}: ${spoken}`}</span>
      <span class="number-groups" aria-hidden="true">
        {inGroups(places).map((group, index) => (
          <span class="number-group" key={index}>
            {group.split('').map((digit, place) => (
              <span class={digit === '·' ? 'number-place' : 'number-digit'} key={place}>
                {digit === '·' ? '\u2007' : digit}
              </span>
            ))}
          </span>
        ))}
      </span>
    </span>
  )
}

/** "1234567" → ["123", "456", "7"]. */
export const inGroups = (digits: string): readonly string[] => digits.match(/.{1,3}/gu) ?? []

/** What `formatParts` of the money floor gives. */
export type AmountParts = {
  readonly sign: string
  readonly digits: string
  readonly symbol: string
  readonly symbolFirst: boolean
}

export type AmountProps = {
  readonly parts: AmountParts
  readonly size?: 'small' | 'medium' | 'large' | 'huge'
  /** `quiet` for money of the past, `settled` where money has just moved. */
  readonly tone?: 'ink' | 'quiet' | 'settled' | 'joined'
}

/** An amount: large digits, the unit small and raised. */
export function Amount({ parts, size = 'large', tone = 'ink' }: AmountProps): JSX.Element {
  const { sign, digits, symbol, symbolFirst } = parts
  const unit = symbol === '' ? null : <span class="amount-unit">{symbol}</span>
  return (
    <span class={`amount amount-${size} tone-${tone}`}>
      <span class="hidden">{symbolFirst ? `${sign}${symbol}${digits}` : `${sign}${digits} ${symbol}`}</span>
      <span class="amount-parts" aria-hidden="true">
        {sign === '' ? null : <span class="amount-sign">{sign}</span>}
        {symbolFirst ? unit : null}
        <span class="amount-digits">{digits}</span>
        {symbolFirst ? null : unit}
      </span>
    </span>
  )
}

export type TimeLeftProps = {
  /** The end, by the hub's clock, in ms. */
  readonly endsAtMs: number
  /** The whole time there was, in ms: the length of the full line. */
  readonly lastsMs: number
  /** Hub's clock minus this machine's, in ms. */
  readonly clockOffsetMs?: number
  /** Called once when the time is up. */
  readonly onEnd?: () => void
  /** Shows the seconds in words from the start, where they matter to everybody. */
  readonly open?: boolean
}

/** A thin line that empties, and the seconds in words for those who open it. Never read out unasked. */
export function TimeLeft(props: TimeLeftProps): JSX.Element {
  const { endsAtMs, lastsMs, clockOffsetMs = 0, onEnd } = props
  const details = useRef<HTMLDetailsElement>(null)
  useEffect(() => {
    // Once, and not as an attribute: the next tick must not open again what somebody has closed.
    if (props.open === true && details.current !== null) details.current.open = true
  }, [])
  const words = useWords(kitWords)
  const leftMs = Math.max(0, endsAtMs - (useNow(1000) + clockOffsetMs))
  const isOver = leftMs === 0
  useEffect(() => {
    if (isOver) onEnd?.()
  }, [isOver])
  const seconds = Math.ceil(leftMs / 1000)
  // The line glides to where it will be at the next tick, so that it moves without a frame loop.
  const share = Math.min(1, Math.max(0, (leftMs - 1000) / lastsMs))
  const text = isOver ? words.timeOver : words.timeLeft(seconds)
  return (
    <details class={seconds <= 10 ? 'time-left time-left-short' : 'time-left'} ref={details}>
      <summary title={text}>
        <span class="hidden">{words.showTime}</span>
        <span class="time-left-line" aria-hidden="true">
          <span class="time-left-rest" style={{ transform: `scaleX(${share})` }} />
        </span>
      </summary>
      <span class="time-left-words" role="timer" aria-live="off">
        {text}
      </span>
    </details>
  )
}

/** This machine's time in ms, anew every `everyMs` on the beat of the clock and whenever the page is looked at again. */
export function useNow(everyMs: number): number {
  const [now, setNow] = useState(Date.now)
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout>
    const tick = () => {
      clearTimeout(timer)
      setNow(Date.now())
      timer = setTimeout(tick, everyMs - (Date.now() % everyMs))
    }
    tick()
    document.addEventListener('visibilitychange', tick)
    return () => {
      clearTimeout(timer)
      document.removeEventListener('visibilitychange', tick)
    }
  }, [everyMs])
  return now
}
