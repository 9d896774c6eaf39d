// A statement of an account: its entries with the running balance, by days and kind; as a table on screen and on paper, and as CSV.
import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { amountText } from '#apps/shared/money.ts'
import { problemText } from '#apps/shared/problems.ts'
import type { Problem } from '#protocol/problems.ts'
import type { EntryView } from '#protocol/views.ts'
import type { Client } from '#sdk/client.ts'
import { catalogue, formatDateTime, useLocale, useWords, type Locale } from '#ui/i18n.ts'
import { Banner, Button, EmptyState } from '#ui/kit.tsx'

type Kind = EntryView['kind']
const KINDS: readonly Kind[] = [
  'settle',
  'hold',
  'release',
  'return',
  'refund',
  'exchange',
  'deposit',
  'withdraw',
  'credit',
  'post',
]

export type StatementProps = Readonly<{
  client: Client
  unit: string
  /** the scheme's time zone, whose days are meant */
  zone: string
  /** whose account: on the paper's head */
  name: string
  account: string
  /** shows what an entry belongs to */
  onOpen?: (payment: string) => void
  /** rises when there may be new entries */
  fresh: number
}>

type Filter = Readonly<{ from: string; to: string; kind: Kind | '' }>
type Page = Readonly<{ entries: readonly EntryView[]; next: string | null; problem: Problem | null; busy: boolean }>

const NOTHING: Page = { entries: [], next: null, problem: null, busy: true }

export function Statement(props: StatementProps): JSX.Element {
  const text = useWords(words)
  const locale = useLocale()
  const { client, unit, zone, fresh } = props
  const [filter, setFilter] = useState<Filter>(() => ({ ...lastDays(30, zone), kind: '' }))
  const [page, setPage] = useState<Page>(NOTHING)
  // The days stay in their order: the one that is chosen takes the other along.
  const change = (part: Partial<Filter>): void => setFilter({ ...filter, ...part })

  useEffect(() => {
    const life = { over: false }
    setPage((before) => ({ ...before, busy: true }))
    const look = async (): Promise<void> => {
      const next = await read(client, unit, filter)
      if (!life.over) setPage(next)
    }
    void look()
    return () => {
      life.over = true
    }
  }, [unit, filter.from, filter.to, filter.kind, fresh])

  const more = async (): Promise<void> => {
    if (page.next === null) return
    setPage({ ...page, busy: true })
    const next = await read(client, unit, filter, page.next)
    setPage({ ...next, entries: [...page.entries, ...next.entries] })
  }
  const problem = page.problem === null ? null : problemText(page.problem, locale, 'biller')
  return (
    <section class="statement" aria-label={text.title}>
      <header class="statement-paper-head">
        <h2>{text.title}</h2>
        <p>
          {props.name} · {props.account} · {unit}
        </p>
        <p>{text.days(filter.from, filter.to)}</p>
      </header>
      <div class="statement-filter" role="group" aria-label={text.filter}>
        <DayField
          label={text.from}
          value={filter.from}
          onInput={(from) => change({ from, to: from > filter.to ? from : filter.to })}
        />
        <DayField
          label={text.to}
          value={filter.to}
          onInput={(to) => change({ to, from: to < filter.from ? to : filter.from })}
        />
        <label class="field">
          <span class="field-label">{text.kind}</span>
          <select
            class="field-input"
            value={filter.kind}
            onChange={({ currentTarget }) => change({ kind: KINDS.find((kind) => kind === currentTarget.value) ?? '' })}
          >
            <option value="">{text.all}</option>
            {KINDS.map((kind) => (
              <option key={kind} value={kind}>
                {text[kind]}
              </option>
            ))}
          </select>
        </label>
        <div class="statement-out">
          <Download {...props} filter={filter} />
          <Button onPress={() => window.print()}>{text.print}</Button>
        </div>
      </div>
      {problem === null ? null : <Banner kind="trouble">{`${problem.sentence} ${problem.next}`}</Banner>}
      <p class="hidden" role="status">
        {page.busy ? text.loading : text.found(page.entries.length)}
      </p>
      {page.entries.length === 0 && !page.busy && problem === null ? (
        <EmptyState title={text.empty} icon="history">
          {text.emptyText}
        </EmptyState>
      ) : (
        <Entries {...props} entries={page.entries} locale={locale} />
      )}
      {page.next === null ? null : (
        <Button wide busy={page.busy} onPress={() => void more()}>
          {text.more}
        </Button>
      )}
    </section>
  )
}

type EntriesProps = StatementProps & Readonly<{ entries: readonly EntryView[]; locale: Locale }>

function Entries({ entries, unit, locale, onOpen }: EntriesProps): JSX.Element {
  const text = useWords(words)
  return (
    <div class="statement-scroll" tabIndex={0} role="region" aria-label={text.entries}>
      <table class="statement-table">
        <thead>
          <tr>
            <th scope="col">{text.when}</th>
            <th scope="col">{text.who}</th>
            <th scope="col">{text.kind}</th>
            <th scope="col" class="statement-money">
              {text.amount}
            </th>
            <th scope="col" class="statement-money">
              {text.balance}
            </th>
          </tr>
        </thead>
        <tbody>
          {entries.map(({ number, at, otherName, kind, amount, balance, payment }) => (
            <tr key={number}>
              <td>{formatDateTime(at, locale)}</td>
              <td>
                {payment === null || onOpen === undefined ? (
                  otherName
                ) : (
                  <button type="button" class="statement-open" onClick={() => onOpen(payment)}>
                    {otherName === '' ? text.open : otherName}
                  </button>
                )}
              </td>
              <td>{text[kind]}</td>
              <td class={amount.startsWith('-') ? 'statement-money' : 'statement-money statement-in'}>
                {amount.startsWith('-') ? '' : '+'}
                {amountText(amount, unit, locale)}
              </td>
              <td class="statement-money">{amountText(balance, unit, locale)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function DayField({
  label,
  value,
  onInput,
}: Readonly<{ label: string; value: string; onInput: (day: string) => void }>) {
  return (
    <label class="field">
      <span class="field-label">{label}</span>
      <input
        class="field-input"
        type="date"
        value={value}
        required
        onChange={({ currentTarget }) => {
          if (currentTarget.value !== '') onInput(currentTarget.value)
        }}
      />
    </label>
  )
}

function Download({ client, unit, filter }: StatementProps & Readonly<{ filter: Filter }>): JSX.Element {
  const text = useWords(words)
  const locale = useLocale()
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<Problem | null>(null)
  const save = async (): Promise<void> => {
    setBusy(true)
    const file = await client.statement({ unit, from: filter.from, to: filter.to })
    setBusy(false)
    setProblem(file.ok ? null : file.problem)
    if (!file.ok) return
    const address = URL.createObjectURL(new Blob([file.view], { type: 'text/csv' }))
    Object.assign(document.createElement('a'), {
      href: address,
      download: `${unit} ${filter.from} ${filter.to}.csv`,
    }).click()
    URL.revokeObjectURL(address)
  }
  return (
    <>
      <Button busy={busy} onPress={() => void save()}>
        {text.csv}
      </Button>
      {problem === null ? null : <span role="alert">{problemText(problem, locale, 'biller').sentence}</span>}
    </>
  )
}

async function read(client: Client, unit: string, { from, to, kind }: Filter, before?: string): Promise<Page> {
  const query = { unit, from, to, ...(kind !== '' && { kind }), ...(before !== undefined && { before }) }
  const answer = await client.history(query)
  if (!answer.ok) return { ...NOTHING, problem: answer.problem, busy: false }
  return { entries: answer.view.entries, next: answer.view.next, problem: null, busy: false }
}

/** Today and so many days before it, as YYYY-MM-DD in the zone. */
export function lastDays(days: number, zone: string, now = Date.now()): { from: string; to: string } {
  const form = new Intl.DateTimeFormat('en-CA', { timeZone: zone, dateStyle: 'short' })
  const dayOf = (at: number): string => form.format(at)
  return { from: dayOf(now - days * 86_400_000), to: dayOf(now) }
}

const words = catalogue({
  en: {
    title: 'Account statement',
    filter: 'Which entries',
    entries: 'Entries',
    from: 'From',
    to: 'To',
    kind: 'Kind',
    all: 'All',
    print: 'Print',
    csv: 'Save as CSV',
    loading: 'Loading…',
    found: (count: number) => (count === 1 ? '1 entry' : `${count} entries`),
    empty: 'Nothing on these days',
    emptyText: 'What comes in and goes out will be listed here, with the balance after it.',
    more: 'Earlier entries',
    days: (from: string, to: string) => `${from} to ${to}`,
    when: 'When',
    who: 'With',
    open: 'Show',
    amount: 'Amount',
    balance: 'Balance',
    settle: 'Payment',
    hold: 'Set aside',
    release: 'Became yours',
    return: 'Came back',
    refund: 'Refund',
    exchange: 'Payment, exchanged',
    deposit: 'Paid in',
    withdraw: 'Paid out',
    credit: 'Credit',
    post: 'Transfer',
  },
  ja: {
    title: '取引明細',
    filter: '表示する取引',
    entries: '取引の一覧',
    from: '開始日',
    to: '終了日',
    kind: '種類',
    all: 'すべて',
    print: '印刷',
    csv: 'CSVで保存',
    loading: '読み込み中…',
    found: (count) => `${count}件`,
    empty: 'この期間の取引はありません',
    emptyText: '入出金がここに、その時点の残高とともに並びます。',
    more: 'さらに前の取引',
    days: (from, to) => `${from} から ${to} まで`,
    when: '日時',
    who: '相手',
    open: '開く',
    amount: '金額',
    balance: '残高',
    settle: 'お支払い',
    hold: 'お預かり',
    release: '受け取り確定',
    return: '戻り',
    refund: '返金',
    exchange: 'お支払い（両替）',
    deposit: '入金',
    withdraw: '出金',
    credit: '支給',
    post: '振替',
  },
})
