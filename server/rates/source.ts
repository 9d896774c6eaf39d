// Rates from a source on the network that the operator has named: {"base":"USD","date":"2026-11-20","rates":{"JPY":"148.75"}}. It is
// believed only so far: what is no such answer, is old, or jumps is kept out, and what was told before stays until it runs out.
import { createHash } from 'node:crypto'
import { unitOf, type Unit } from '#core/money.ts'
import { isJump, parsePrice } from '#core/rate.ts'
import { LIMITS } from '#protocol/limits.ts'
import type { SourceTrouble } from '#protocol/rates.ts'
import { everyOrWoken, type Loop } from '../loops.ts'
import type { NewRate, Rates } from '../postgres/rates.ts'

export type RateSource = Readonly<{
  url: string
  /** what is taken of its answer: rates between its base and these */
  units: readonly Unit[]
  /** basis points */
  spread: number
  everyMs: number
}>

/** An honest market does not move so far between two looks; a slipped decimal point or a stranger's answer does. */
export const JUMP_PERCENT = 20

export type Told = Readonly<{ base: Unit; prices: ReadonlyMap<Unit, string> }>

/** What the answer says of these units; strings and nothing else, because a float has already lost something. */
export function readAnswer(text: string, units: readonly Unit[], now: number): Told | SourceTrouble {
  const answer = jsonOf(text)
  if (answer === undefined) return 'not-json'
  if (!isRecord(answer) || !isRecord(answer.rates)) return 'shape'
  const base = typeof answer.base === 'string' ? unitOf(answer.base) : undefined
  const day = dayIn(answer.date)
  if (base === undefined || day === undefined) return 'shape'
  // A day ahead is a day already somewhere on earth.
  if (day < now - LIMITS.sourceRateAgeMs || day > now + 2 * 24 * 3_600_000) return 'old'
  const prices = new Map<Unit, string>()
  for (const unit of units) {
    const price: unknown = answer.rates[unit]
    if (unit === base || price === undefined) continue
    if (typeof price !== 'string' || parsePrice(price) === undefined) return 'shape'
    prices.set(unit, price)
  }
  return prices.size === 0 ? 'shape' : { base, prices }
}

/** Asks the source once. Whatever it does is a trouble, never an error. */
export async function askSource(
  url: string,
  withinMs: number = LIMITS.sourceAnswerMs,
): Promise<Readonly<{ text: string }> | SourceTrouble> {
  try {
    const response = await fetch(url, {
      redirect: 'error',
      headers: { accept: 'application/json' },
      signal: AbortSignal.timeout(withinMs),
    })
    if (!response.ok || response.body === null) {
      await response.body?.cancel()
      return 'status'
    }
    const parts: Uint8Array[] = []
    let length = 0
    for await (const part of response.body) {
      length += part.length
      if (length > LIMITS.sourceAnswerBytes) return 'too-large'
      parts.push(part)
    }
    return { text: Buffer.concat(parts).toString('utf8') }
  } catch {
    // Down, slow, cut off, redirected: all the same to whoever needs a rate.
    return 'no-answer'
  }
}

type Parts = Readonly<{
  source: RateSource
  rates: Rates
  now: () => number
  /** system accounts of these units are there after this */
  openUnits: (units: readonly Unit[]) => Promise<void>
  /** somebody should look: told when it begins, not with each look */
  onTrouble: (trouble: SourceTrouble, keptOut: readonly string[]) => void
  onError: (error: unknown) => void
}>

/** Looks at the source again and again, the first time at once. */
export function sourceLoop(parts: Parts): Loop {
  const loop = everyOrWoken({
    everyMs: parts.source.everyMs,
    gatherMs: 0,
    work: () => lookAtSource(parts),
    onError: parts.onError,
  })
  loop.wake()
  return loop
}

/** One look: new rates of pairs that do not jump, and a note of how the source is doing. */
export async function lookAtSource({ source, rates, now, openUnits, onTrouble }: Parts): Promise<void> {
  const name = sourceName(source)
  const note = async (trouble: SourceTrouble | null, keptOut: readonly string[] = []): Promise<void> => {
    const isNews = await rates.noteSource(name, trouble, keptOut)
    if (isNews && trouble !== null) onTrouble(trouble, keptOut)
  }
  const answer = await askSource(source.url)
  if (typeof answer === 'string') return note(answer)
  const at = now()
  const told = readAnswer(answer.text, source.units, at)
  if (typeof told === 'string') return note(told)
  const fresh: NewRate[] = []
  const keptOut: string[] = []
  for (const [to, price] of told.prices) {
    const pair = { from: told.base, to }
    const last = await rates.last(pair.from, pair.to)
    // Somebody at the desk has ended this exchange: no machine begins it again.
    if (last?.price === null) continue
    if (last !== undefined && jumps(last.price, price)) keptOut.push(`${pair.from} ${to} ${price}`)
    else fresh.push(newRate(source, pair, price, at))
  }
  await openUnits([...new Set(fresh.flatMap(({ from, to }) => [from, to]))])
  await rates.put(fresh)
  return note(keptOut.length > 0 ? 'jump' : null, keptOut)
}

/** What the desk and the log call it: an address may hold a key. */
export const sourceName = ({ url }: RateSource): string => new URL(url).host

/** Two hubs that look in the same while add one row. */
function newRate(source: RateSource, { from, to }: { from: Unit; to: Unit }, price: string, now: number): NewRate {
  const turn = Math.floor(now / source.everyMs)
  const seed = createHash('sha256').update(`rate ${source.url} ${from} ${to} ${price} ${turn}`).digest('hex')
  return {
    id: seed.slice(0, 32),
    from,
    to,
    price,
    spread: source.spread,
    validFrom: null,
    validUntil: now + LIMITS.sourceRateLifeMs,
    origin: 'source',
    setBy: sourceName(source),
  }
}

export function jumps(last: string, next: string): boolean {
  const [before, after] = [parsePrice(last), parsePrice(next)]
  return before !== undefined && after !== undefined && isJump(before, after, JUMP_PERCENT)
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The beginning of the day, or of the moment's own day, in UTC. */
function dayIn(date: unknown): number | undefined {
  if (typeof date !== 'string' || !/^\d{4}-\d{2}-\d{2}/u.test(date)) return undefined
  const at = Date.parse(`${date.slice(0, 10)}T00:00:00Z`)
  return Number.isNaN(at) ? undefined : at
}
