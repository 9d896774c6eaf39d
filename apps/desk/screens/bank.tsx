// A business day at the bank: the sums on both sides, differences order by order, what was not paid, what only a person can put right.
import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { amountText } from '#apps/shared/money.ts'
import { problemText } from '#apps/shared/problems.ts'
import type { BankReportView } from '#protocol/bank-report.ts'
import type { Problem } from '#protocol/problems.ts'
import { Field } from '#ui/fields.tsx'
import { formatCount, useLocale, useWords } from '#ui/i18n.ts'
import { Banner, Button } from '#ui/kit.tsx'
import { bankWords } from '../words-bank.ts'
import { words } from '../words.ts'
import type { DeskPart } from './parties.tsx'
import { Row, Table } from './table.tsx'

const DAY = /^\d{4}-\d{2}-\d{2}$/u

export function Bank({ hub }: DeskPart): JSX.Element {
  const text = useWords(bankWords)
  const shared = useWords(words)
  const locale = useLocale()
  const [day, setDay] = useState('')
  const [view, setView] = useState<BankReportView | null>(null)
  const [problem, setProblem] = useState<Problem | null>(null)
  const isWrong = day !== '' && !DAY.test(day)
  const look = async (of: string | null): Promise<void> => {
    const answer = await hub.read('operatorBank', of === null ? {} : { query: { day: of } })
    setProblem(answer.ok ? null : answer.problem)
    if (!answer.ok) return
    setView(answer.view)
    setDay(answer.view.day)
  }
  useEffect(() => void look(null), [])
  const said = problem === null ? null : problemText(problem, locale, 'biller')
  return (
    <section class="rules" aria-label={text.title}>
      <p class="act-about">{text.about}</p>
      {said === null ? null : <Banner kind="trouble">{`${said.sentence} ${said.next}`}</Banner>}
      {view?.isConnected === false ? <Banner kind="note">{text.notConnected}</Banner> : null}
      <form
        class="act"
        onSubmit={(event) => {
          event.preventDefault()
          if (!isWrong && day !== '') void look(day)
        }}
      >
        <Field
          label={text.day}
          value={day}
          onInput={setDay}
          inputMode="numeric"
          maxLength={10}
          error={isWrong ? text.dayWrong : undefined}
        />
        <Button type="submit">{text.look}</Button>
      </form>
      {view === null ? <p role="status">{shared.loading}</p> : <Report view={view} />}
    </section>
  )
}

function Report({ view }: Readonly<{ view: BankReportView }>): JSX.Element {
  const text = useWords(bankWords)
  const locale = useLocale()
  const money = (amount: string): string => amountText(amount, view.unit, locale)
  const { clearing } = view
  const isEven = [view.differences, view.unpaid, view.stuck, view.wrongFiles].every((list) => list.length === 0)
  return (
    <>
      {isEven ? <Banner kind="note">{text.even}</Banner> : null}
      <Table caption={text.sums} heads={[text.kind, text.amount]}>
        {(['ledger', 'orders', 'bank', 'trusted'] as const).map((name) => (
          <Row key={name} cells={[text[name], money(clearing[name])]} />
        ))}
      </Table>
      {view.open === 0 ? null : <p>{text.open(formatCount(view.open, locale))}</p>}
      {view.differences.length === 0 ? null : (
        <Table isTrouble caption={text.differences} heads={[text.kind, text.order, text.expected, text.booked]}>
          {view.differences.map(({ kind, order, expected, booked }) => (
            <Row key={order} cells={[text[kind], order, money(expected), money(booked)]} />
          ))}
        </Table>
      )}
      {view.unpaid.length === 0 ? null : (
        <Table isTrouble caption={text.unpaid} heads={[text.account, text.amount, text.why, text.order]}>
          {view.unpaid.map(({ payment, label, amount, result }) => (
            <Row key={payment} cells={[label, money(amount), resultText(result, text), payment]} />
          ))}
        </Table>
      )}
      {view.stuck.length + view.wrongFiles.length === 0 ? null : (
        <>
          <p class="act-about">{text.stuckText}</p>
          <Table isTrouble caption={text.stuck} heads={[text.kind, text.order, text.amount, text.why]}>
            {view.stuck.map(({ order, kind, amount, trouble }) => (
              <Row key={order} cells={[kind, order, money(amount), trouble]} />
            ))}
            {view.wrongFiles.map(({ file, trouble }) => (
              <Row key={file} cells={[text.file, file, '', trouble]} />
            ))}
          </Table>
        </>
      )}
    </>
  )
}

const RESULTS = ['1', '2', '3', '4', '8', '9'] as const

function resultText(result: string, text: (typeof bankWords)['en']): string {
  const known = RESULTS.find((each) => each === result) ?? '9'
  return text[`result ${known}`]
}
