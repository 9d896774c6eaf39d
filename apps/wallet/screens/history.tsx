// The history: the account's entries by day, newest first, each with the balance after it.
import type { JSX } from 'preact'
import type { EntryView } from '#protocol/views.ts'
import { amountParts, amountText } from '#apps/shared/money.ts'
import { Banner, Button, EmptyState, List, ListRow, Screen } from '#ui/kit.tsx'
import { Segmented } from '#ui/fields.tsx'
import { Amount } from '#ui/numbers.tsx'
import { formatDate, formatDateTime, formatTime, useLocale, useWords, type Locale } from '#ui/i18n.ts'
import type { ScreenOf } from '../app.tsx'
import { meansWords } from '../words-means.ts'
import { askedWords } from '../words-asked.ts'
import { cardWords } from '../words-cards.ts'
import { walletWords } from '../words.ts'

export function History({ state, act, banners }: ScreenOf): JSX.Element {
  const words = useWords(walletWords)
  const cards = useWords(cardWords)
  const locale = useLocale()
  const { history } = state
  const isEmpty = history?.status === 'ready' && history.entries.length === 0
  return (
    <Screen
      title={words.history}
      banners={banners}
      onBack={() => act.go({ at: 'home' })}
      corner={
        <Button kind="quiet" onPress={() => act.openStatement(history?.unit ?? state.scheme?.unit ?? '')}>
          {words.statement}
        </Button>
      }
    >
      <Units state={state} act={act} />
      <Button kind="quiet" icon="card" onPress={() => act.go({ at: 'card-history' })}>
        {cards.paidTitle}
      </Button>
      {history?.status === 'failed' ? <Banner kind="stale">{words.historyFailed}</Banner> : null}
      {isEmpty ? (
        <EmptyState title={words.historyEmpty} icon="history">
          {words.historyEmptyText}
        </EmptyState>
      ) : null}
      {byDay(history?.entries ?? [], locale, Date.now()).map(({ day, name, entries }) => (
        <section class="day" key={day}>
          <h2 class="part">{nameOf(name, words)}</h2>
          <List label={nameOf(name, words)} items={entries} keyOf={({ number }) => number} empty={null}>
            {(entry) => <Entry entry={entry} unit={history?.unit ?? ''} open={act.openReceipt} />}
          </List>
        </section>
      ))}
      {history === null || (history.status === 'loading' && history.entries.length === 0) ? (
        <p class="quiet" role="status">
          {words.loading}
        </p>
      ) : null}
      <Told state={state} act={act} />
      {history !== null && history.next !== null ? (
        <Button wide busy={history.status === 'loading'} onPress={act.moreHistory}>
          {words.more}
        </Button>
      ) : null}
    </Screen>
  )
}

/** Each currency has its own entries and its own balance. */
function Units({ state, act }: Pick<ScreenOf, 'state' | 'act'>): JSX.Element | null {
  const words = useWords(meansWords)
  const units = state.inbox?.balances.map(({ unit }) => unit) ?? []
  const shown = state.history?.unit ?? ''
  if (units.length < 2 || !units.includes(shown)) return null
  return (
    <Segmented
      label={words.historyOf}
      hideLabel
      value={shown}
      onChange={act.historyOf}
      options={units.map((unit) => ({ value: unit, label: unit }))}
    />
  )
}

/** Questions are no entries of the account; this phone remembers those it has answered. */
function Told({ state, act }: Pick<ScreenOf, 'state' | 'act'>): JSX.Element | null {
  const words = useWords(askedWords)
  const locale = useLocale()
  if (state.told.length === 0) return null
  return (
    <section class="day">
      <h2 class="part">{words.told}</h2>
      <List label={words.told} items={state.told} keyOf={({ payment }) => payment} empty={null}>
        {({ payment, name, at }) => (
          <ListRow
            title={name}
            detail={`${formatDateTime(at, locale)} · ${words.toldEarlier}`}
            onPress={() => act.openReceipt(payment, 'history')}
          />
        )}
      </List>
    </section>
  )
}

type EntryProps = {
  readonly entry: EntryView
  readonly unit: string
  readonly open: (payment: string, from: 'history') => void
}

function Entry({ entry, unit, open }: EntryProps): JSX.Element {
  const words = useWords(walletWords)
  const locale = useLocale()
  const { payment } = entry
  const kind = words[`kind ${entry.kind}`]
  const isIncoming = !entry.amount.startsWith('-')
  return (
    <ListRow
      title={entry.otherName === '' ? kind : entry.otherName}
      detail={`${formatTime(entry.at, locale)} · ${kind}`}
      side={
        <span class="entry-side">
          <Amount
            parts={amountParts(entry.amount, unit, locale, 'signed')}
            size="small"
            tone={isIncoming ? 'settled' : 'ink'}
          />
          <span class="entry-balance">{words.balanceAfter(amountText(entry.balance, unit, locale))}</span>
        </span>
      }
      {...(payment === null ? {} : { onPress: () => open(payment, 'history') })}
    />
  )
}

/** `name`: 'today', 'yesterday' or a date. */
type Day<Each> = { readonly day: string; readonly name: string; readonly entries: Each[] }

/** Entries grouped by the day of this phone's calendar, in their order. */
export function byDay<Each extends Readonly<{ at: number }>>(
  entries: readonly Each[],
  locale: Locale,
  now: number,
): readonly Day<Each>[] {
  const days: Day<Each>[] = []
  const [today, yesterday] = [dayOf(now), dayOf(now - 24 * 3_600_000)]
  for (const entry of entries) {
    const day = dayOf(entry.at)
    const last = days.at(-1)
    if (last?.day === day) {
      last.entries.push(entry)
      continue
    }
    const name = day === today ? 'today' : day === yesterday ? 'yesterday' : formatDate(entry.at, locale)
    days.push({ day, name, entries: [entry] })
  }
  return days
}

const dayOf = (at: number): string => new Date(at).toDateString()

export function nameOf(name: string, words: { readonly today: string; readonly yesterday: string }): string {
  if (name === 'today') return words.today
  return name === 'yesterday' ? words.yesterday : name
}
