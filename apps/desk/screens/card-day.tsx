// A business day at the card issuers: the sums on both sides, what each issuer says of them, differences order by order.
import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { amountText } from '#apps/shared/money.ts'
import { problemText } from '#apps/shared/problems.ts'
import type { CardReportView } from '#protocol/card-tables.ts'
import type { Problem } from '#protocol/problems.ts'
import { Field } from '#ui/fields.tsx'
import { formatCount, formatDateTime, useLocale, useWords } from '#ui/i18n.ts'
import { Banner, Button, say } from '#ui/kit.tsx'
import type { Hub } from '../hub.ts'
import { cardWords } from '../words-cards.ts'
import { words } from '../words.ts'
import { Row, Table } from './table.tsx'

const DAY = /^\d{4}-\d{2}-\d{2}$/u

export function CardDay({ hub }: Readonly<{ hub: Hub }>): JSX.Element {
  const text = useWords(cardWords)
  const shared = useWords(words)
  const locale = useLocale()
  const [day, setDay] = useState('')
  const [view, setView] = useState<CardReportView | null>(null)
  const [problem, setProblem] = useState<Problem | null>(null)
  const [busy, setBusy] = useState(false)
  const isWrong = day !== '' && !DAY.test(day)
  const show = (answer: Awaited<ReturnType<typeof hub.read<'operatorCardReport'>>>): void => {
    setProblem(answer.ok ? null : answer.problem)
    if (!answer.ok) return
    setView(answer.view)
    setDay(answer.view.day)
  }
  const look = async (of: string | null): Promise<void> =>
    show(await hub.read('operatorCardReport', of === null ? {} : { query: { day: of } }))
  const ask = async (): Promise<void> => {
    setBusy(true)
    const answer = await hub.read('reconcileCards', { body: { day } })
    setBusy(false)
    show(answer)
    if (answer.ok) say(text.asked)
  }
  useEffect(() => void look(null), [])
  const said = problem === null ? null : problemText(problem, locale, 'biller')
  return (
    <>
      <p class="act-about">{text.dayAbout}</p>
      <form
        class="act"
        onSubmit={(event) => {
          event.preventDefault()
          if (!isWrong && day !== '') void look(day)
        }}
      >
        <Field
          label={text.dayField}
          value={day}
          onInput={setDay}
          inputMode="numeric"
          maxLength={10}
          error={isWrong ? text.dayWrong : undefined}
        />
        <div class="card-buttons">
          <Button type="submit">{text.look}</Button>
          <Button busy={busy} disabled={isWrong || day === ''} onPress={() => void ask()}>
            {text.ask}
          </Button>
        </div>
      </form>
      {said === null ? null : <Banner kind="trouble">{`${said.sentence} ${said.next}`}</Banner>}
      {view === null ? <p role="status">{shared.loading}</p> : <Report view={view} />}
    </>
  )
}

function Report({ view }: Readonly<{ view: CardReportView }>): JSX.Element {
  const text = useWords(cardWords)
  const locale = useLocale()
  const money = (amount: string): string => amountText(amount, view.unit, locale)
  const { clearing, askedAt, issuers, differences, stuck } = view
  const isEven = differences.length + stuck.length === 0 && issuers.every(({ inBalance }) => inBalance !== false)
  return (
    <>
      {askedAt === null ? <Banner kind="stale">{text.notAsked}</Banner> : null}
      {askedAt !== null && isEven ? <Banner kind="note">{text.even}</Banner> : null}
      {askedAt === null ? null : <p class="act-about">{text.askedAt(formatDateTime(askedAt, locale))}</p>}
      <Table caption={text.sums} heads={[text.what, text.amount]}>
        <Row cells={[text.ledger, money(clearing.ledger)]} />
        <Row cells={[text.orders, money(clearing.orders)]} />
        <Row cells={[text.atVault, money(clearing.vault)]} />
      </Table>
      {view.open === 0 ? null : <p>{text.open(formatCount(view.open, locale))}</p>}
      {issuers.length === 0 ? null : (
        <Table caption={text.balance} heads={[text.issuer, text.what]}>
          {issuers.map(({ issuer, inBalance }) => (
            <Row
              key={issuer}
              cells={[issuer, inBalance === null ? text.noAnswer : inBalance ? text.inBalance : text.outOfBalance]}
            />
          ))}
        </Table>
      )}
      {differences.length === 0 ? null : (
        <Table isTrouble caption={text.differences} heads={[text.why, text.what, text.order, text.here, text.there]}>
          {differences.map(({ kind, what, order, expected, there }) => (
            <Row key={order} cells={[text[kind], text[`what ${what}`], order, money(expected), money(there)]} />
          ))}
        </Table>
      )}
      {stuck.length === 0 ? null : (
        <>
          <p class="act-about">{text.stuckText}</p>
          <Table isTrouble caption={text.stuck} heads={[text.what, text.order, text.amount, text.why]}>
            {stuck.map(({ order, kind, amount, trouble }) => (
              <Row key={order} cells={[kind, order, money(amount), trouble]} />
            ))}
          </Table>
        </>
      )}
    </>
  )
}
