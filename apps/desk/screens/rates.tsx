// Exchange rates: what is in force and until when, one set by hand, many by file, and how their source on the network is doing.
import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { unitOf } from '#core/money.ts'
import { inverseOf, lessSpread, parsePrice } from '#core/rate.ts'
import { rateText } from '#apps/shared/money.ts'
import { problemText } from '#apps/shared/problems.ts'
import type { OperatorRouteView } from '#protocol/operator.ts'
import type { Problem } from '#protocol/problems.ts'
import type { RatesCheckView, RatesSent, SetRateView } from '#protocol/rates.ts'
import { Field, Segmented } from '#ui/fields.tsx'
import { formatCount, formatDateTime, useLocale, useWords } from '#ui/i18n.ts'
import { Banner, Button, EmptyState } from '#ui/kit.tsx'
import { rateWords } from '../words-rates.ts'
import { words } from '../words.ts'
import { Act } from './act.tsx'
import type { DeskPart } from './parties.tsx'
import { CsvFile } from './csv-file.tsx'

type View = OperatorRouteView<'operatorRates'>
type Row = Exclude<RatesSent, string>[number]

export function Rates({ hub, scheme }: DeskPart): JSX.Element {
  const text = useWords(rateWords)
  const shared = useWords(words)
  const locale = useLocale()
  const [view, setView] = useState<View | null>(null)
  const [problem, setProblem] = useState<Problem | null>(null)
  const look = async (): Promise<void> => {
    const answer = await hub.read('operatorRates')
    setProblem(answer.ok ? null : answer.problem)
    if (answer.ok) setView(answer.view)
  }
  useEffect(() => void look(), [])
  const said = problem === null ? null : problemText(problem, locale, 'biller')
  return (
    <section class="rules" aria-label={text.title}>
      <p class="act-about">{text.about}</p>
      {said === null ? null : <Banner kind="trouble">{`${said.sentence} ${said.next}`}</Banner>}
      {view === null ? <p role="status">{shared.loading}</p> : <Table view={view} />}
      {view?.source == null ? null : <Source source={view.source} />}
      {!hub.may('set-rates') ? null : (
        <>
          <details class="file-part" open>
            <summary>{text.setOne}</summary>
            <OneRate hub={hub} scheme={scheme} onDone={() => void look()} />
          </details>
          <details class="file-part">
            <summary>{text.file}</summary>
            <RateFile hub={hub} onDone={() => void look()} />
          </details>
        </>
      )}
    </section>
  )
}

function Table({ view }: Readonly<{ view: View }>): JSX.Element {
  const text = useWords(rateWords)
  const locale = useLocale()
  if (view.inForce.length === 0) return <EmptyState title={text.none}>{text.noneText}</EmptyState>
  return (
    <div class="rates-table">
      <table class="faults rates">
        <caption>{text.inForce}</caption>
        <thead>
          <tr>
            <th scope="col">{text.price}</th>
            <th scope="col">{text.spread}</th>
            <th scope="col">{text.until}</th>
            <th scope="col">{text.setBy}</th>
          </tr>
        </thead>
        <tbody>
          {view.inForce.map((rate) => (
            <tr key={`${rate.from} ${rate.to}`}>
              <th scope="row">
                <PriceText rate={rate} />
              </th>
              <td>{rate.price === null ? '' : rateText(rate.spread, locale)}</td>
              <td>{formatDateTime(rate.validUntil, locale)}</td>
              <td>{rate.setBy}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function PriceText({ rate: { from, to, price } }: Readonly<{ rate: SetRateView }>): JSX.Element {
  const text = useWords(rateWords)
  return price === null ? (
    <>
      {text.pairOf(from, to)}: {text.stopped}
    </>
  ) : (
    <>{text.priceOf(from, price, to)}</>
  )
}

function Source({ source }: Readonly<{ source: NonNullable<View['source']> }>): JSX.Element {
  const text = useWords(rateWords)
  const locale = useLocale()
  const { trouble, keptOut, answeredAt } = source
  return (
    <>
      {trouble === null ? null : (
        <Banner kind="trouble">
          <span class="sentence">{text[`trouble ${trouble}`]}</span>
          {keptOut.length === 0 ? null : <span class="sentence">{text.sourceKept(keptOut.join(', '))}</span>}
        </Banner>
      )}
      <p class="act-about">
        {text.source(source.name, source.units.join(', '))}{' '}
        {answeredAt === null ? text.sourceNever : text.sourceOn(formatDateTime(answeredAt, locale))}
      </p>
    </>
  )
}

type SetProps = Pick<DeskPart, 'hub'> & Readonly<{ onDone: () => void }>

function OneRate({ hub, scheme, onDone }: SetProps & Pick<DeskPart, 'scheme'>): JSX.Element {
  const text = useWords(rateWords)
  const [what, setWhat] = useState<'exchange' | 'none'>('exchange')
  const [from, setFrom] = useState('')
  const [to, setTo] = useState<string>(scheme.unit)
  const [price, setPrice] = useState('')
  const [spread, setSpread] = useState('1')
  const [day, setDay] = useState('')
  const pair = { from: unitOf(from.trim().toUpperCase()), to: unitOf(to.trim().toUpperCase()) }
  const isPair = pair.from !== undefined && pair.to !== undefined && pair.from !== pair.to
  const market = parsePrice(price.trim())
  const points = basisPointsOf(spread)
  const validUntil = endOf(day, scheme.zone)
  const there = market && points !== undefined ? lessSpread(market, points) : undefined
  const back = market && points !== undefined ? lessSpread(inverseOf(market), points) : undefined
  const row = (): Row | null => {
    if (pair.from === undefined || pair.to === undefined || pair.from === pair.to || validUntil === undefined)
      return null
    const set = { from: pair.from, to: pair.to, validFrom: null, validUntil }
    if (what === 'none') return { ...set, price: null, spread: 0 }
    if (points === undefined || there === undefined || back === undefined) return null
    return { ...set, price: price.trim(), spread: points }
  }
  const [read, names] = [row(), [pair.from ?? '…', pair.to ?? '…'] as const]
  const about = !isPair
    ? undefined
    : what === 'none'
      ? text.sayNone(...names)
      : there === undefined || back === undefined
        ? undefined
        : text.says(...names, there, back)
  return (
    <Act
      hub={hub}
      name="set-rates"
      label={what === 'none' ? text.endRate : text.setRate}
      isDanger={what === 'none'}
      done={text.set}
      {...(about === undefined ? {} : { sure: about })}
      body={read === null ? null : { rows: [read] }}
      onDone={() => {
        setPrice('')
        onDone()
      }}
    >
      <Segmented<'exchange' | 'none'>
        label={text.what}
        value={what}
        onChange={setWhat}
        options={[
          { value: 'exchange', label: text.exchange },
          { value: 'none', label: text.noExchange },
        ]}
      />
      <div class="rates-pair">
        <Field label={text.from} hint={text.unitHint} value={from} onInput={setFrom} maxLength={3} />
        <Field label={text.to} hint={text.unitHint} value={to} onInput={setTo} maxLength={3} />
      </div>
      {what === 'none' ? null : (
        <>
          <Field
            label={text.priceField}
            hint={text.priceHint(...names)}
            value={price}
            onInput={setPrice}
            inputMode="decimal"
            maxLength={31}
          />
          <Field
            label={text.spreadField}
            hint={text.spreadHint}
            value={spread}
            onInput={setSpread}
            inputMode="decimal"
            maxLength={5}
          />
        </>
      )}
      <Field label={text.untilField} type="date" value={day} onInput={setDay} />
    </Act>
  )
}

function RateFile({ hub, onDone }: SetProps): JSX.Element {
  const text = useWords(rateWords)
  const shared = useWords(words)
  const locale = useLocale()
  const [rows, setRows] = useState('')
  const [busy, setBusy] = useState(false)
  const [checked, setChecked] = useState<Readonly<{ view: RatesCheckView; rows: string }> | null>(null)
  const [problem, setProblem] = useState<Problem | null>(null)
  const isFresh = checked?.rows === rows
  const check = async (): Promise<void> => {
    setBusy(true)
    const answer = await hub.read('ratesCheck', { body: { rows } })
    setBusy(false)
    setProblem(answer.ok ? null : answer.problem)
    setChecked(answer.ok ? { view: answer.view, rows } : null)
  }
  const said = problem === null ? null : problemText(problem, locale, 'biller')
  return (
    <div class="credits">
      <CsvFile label={shared.creditFile} onText={setRows} />
      <Field label={text.rows} hint={text.rowsHint} value={rows} onInput={setRows} lines={6} />
      {said === null ? null : <Banner kind="trouble">{`${said.sentence} ${said.next}`}</Banner>}
      <Button busy={busy} disabled={rows.trim() === ''} onPress={() => void check()}>
        {shared.check}
      </Button>
      {checked === null || !isFresh ? null : <Checked view={checked.view} />}
      {checked !== null && isFresh && checked.view.faults.length === 0 ? (
        <Act
          hub={hub}
          name="set-rates"
          label={text.setAll(formatCount(checked.view.rows, locale))}
          done={text.set}
          body={{ rows }}
          onDone={() => {
            setRows('')
            setChecked(null)
            onDone()
          }}
        />
      ) : null}
    </div>
  )
}

function Checked({ view }: Readonly<{ view: RatesCheckView }>): JSX.Element {
  const text = useWords(rateWords)
  const shared = useWords(words)
  const locale = useLocale()
  return (
    <div role="status">
      <p class="strong">{text.checked(formatCount(view.rows, locale))}</p>
      {view.jumps.length === 0 ? null : <Banner kind="stale">{text.jumps(view.jumps.join(', '))}</Banner>}
      {view.faults.length === 0 ? null : (
        <table class="faults">
          <caption>{text.faults(formatCount(view.faults.length, locale))}</caption>
          <thead>
            <tr>
              <th scope="col">{shared.row}</th>
              <th scope="col">{shared.reason}</th>
            </tr>
          </thead>
          <tbody>
            {view.faults.map(({ row, reason }, index) => (
              <tr key={index}>
                <td>{row === 0 ? shared.wholeFile : row}</td>
                <td>{text[`fault ${reason}`]}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </div>
  )
}

/** "1.25" percent as 125. */
function basisPointsOf(typed: string): number | undefined {
  const match = /^(\d{1,2})(?:\.(\d{1,2}))?$/u.exec(typed.trim())
  return match === null ? undefined : Number(match[1]) * 100 + Number((match[2] ?? '').padEnd(2, '0'))
}

/** The end of a day ("2026-12-31") in the scheme's zone, ms since 1970. */
function endOf(day: string, zone: string): number | undefined {
  const next = Date.parse(`${day}T00:00:00Z`) + 24 * 3_600_000
  if (Number.isNaN(next)) return undefined
  // The zone's offset at that moment, read from its own clock: browsers without Temporal know it no other way.
  const wall = (at: number): number => {
    const parts = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    }).formatToParts(at)
    const of = (type: string): number => Number(parts.find((each) => each.type === type)?.value)
    return Date.UTC(of('year'), of('month') - 1, of('day'), of('hour'), of('minute'), of('second'))
  }
  return next - (wall(next) - next)
}
