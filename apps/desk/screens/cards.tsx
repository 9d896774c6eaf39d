// Cards at the desk: how the vault and the issuers are, a day with them, and the tables that say whose cards are taken where.
import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { problemText } from '#apps/shared/problems.ts'
import type { CardTablesView } from '#protocol/card-tables.ts'
import type { Problem } from '#protocol/problems.ts'
import { Segmented } from '#ui/fields.tsx'
import { formatDateTime, useLocale, useWords } from '#ui/i18n.ts'
import { Banner, EmptyState } from '#ui/kit.tsx'
import { cardWords } from '../words-cards.ts'
import { words } from '../words.ts'
import { CardDay } from './card-day.tsx'
import { CardTables } from './card-tables.tsx'
import type { DeskPart } from './parties.tsx'
import { Row, Table } from './table.tsx'

type Part = 'state' | 'day' | 'tables'

export function Cards(props: DeskPart): JSX.Element {
  const { hub } = props
  const text = useWords(cardWords)
  const shared = useWords(words)
  const locale = useLocale()
  const [part, setPart] = useState<Part>('state')
  const [view, setView] = useState<CardTablesView | null>(null)
  const [problem, setProblem] = useState<Problem | null>(null)
  const look = async (): Promise<void> => {
    const answer = await hub.read('operatorCardTables')
    setProblem(answer.ok ? null : answer.problem)
    if (answer.ok) setView(answer.view)
  }
  useEffect(() => void look(), [])
  const said = problem === null ? null : problemText(problem, locale, 'biller')
  return (
    <section class="rules cards" aria-label={text.title}>
      <p class="act-about">{text.about}</p>
      {said === null ? null : <Banner kind="trouble">{`${said.sentence} ${said.next}`}</Banner>}
      <Segmented<Part>
        label={text.parts}
        hideLabel
        value={part}
        onChange={setPart}
        options={[
          { value: 'state', label: text.state },
          { value: 'day', label: text.day },
          { value: 'tables', label: text.tables },
        ]}
      />
      {view === null ? <p role="status">{shared.loading}</p> : null}
      {view !== null && part === 'state' ? <State view={view} /> : null}
      {view !== null && part === 'day' ? <CardDay hub={hub} /> : null}
      {view !== null && part === 'tables' ? <CardTables {...props} view={view} onChange={look} /> : null}
    </section>
  )
}

function State({ view }: Readonly<{ view: CardTablesView }>): JSX.Element {
  const text = useWords(cardWords)
  const locale = useLocale()
  const { vault, issuers, alarms } = view
  const isWell = vault.state === 'ready'
  const lineOf = (code: string): string => {
    const found = vault.issuers.find((issuer) => issuer.code === code)
    return found === undefined ? text.unknown : found.up ? text.up : text.down
  }
  return (
    <>
      <Banner kind={isWell || vault.state === 'none' ? 'note' : 'trouble'}>{text[`vault ${vault.state}`]}</Banner>
      {isWell && vault.tables !== view.version ? <Banner kind="stale">{text.behind}</Banner> : null}
      {issuers.length === 0 ? (
        <EmptyState title={text.noIssuers}>{text.noIssuersText}</EmptyState>
      ) : (
        <Table caption={text.issuers} heads={[text.issuer, text.line]}>
          {issuers.map((issuer) => (
            <Row
              key={issuer.code}
              cells={[
                `${issuer.code} ${locale === 'ja' ? issuer.nameJa : issuer.name}`,
                issuer.isOpen ? lineOf(issuer.code) : `${lineOf(issuer.code)} · ${text.closed}`,
              ]}
            />
          ))}
        </Table>
      )}
      {alarms.length === 0 ? (
        <p class="act-about">{isWell ? text.noAlarms : ''}</p>
      ) : (
        <Table isTrouble caption={text.alarms} heads={[text.time, text.what, text.order]}>
          {alarms.map(({ n, at, kind, order }) => (
            <Row key={n} cells={[formatDateTime(at, locale), alarmText(kind, text), order ?? '']} />
          ))}
        </Table>
      )}
    </>
  )
}

const ALARMS = [
  'other-merchant',
  'other-terminal',
  'other-amount',
  'used-twice',
  'too-late',
  'unknown-number',
  'used-and-given-up',
  'refused-follow-up',
  'refused-reversal',
  'other-expiry',
  'reversed-at-terminal',
  'refunded-at-terminal',
  'moved-envelope',
] as const

function alarmText(kind: string, text: (typeof cardWords)['en']): string {
  const known = ALARMS.find((each) => each === kind) ?? 'other'
  return text[`alarm ${known}`]
}
