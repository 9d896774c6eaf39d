// The history: every deal of this register, newest first. The arrow keys walk through it, Enter opens one.
import type { JSX } from 'preact'
import { amountParts } from '#apps/shared/money.ts'
import type { DealView } from '#protocol/views.ts'
import { formatDateTime, useLocale, useWords } from '#ui/i18n.ts'
import { Button, EmptyState, List, ListRow } from '#ui/kit.tsx'
import { Amount } from '#ui/numbers.tsx'
import { useRegister, useTill } from '../context.tsx'
import { recordStateOf } from '../money-back.ts'
import { words } from '../words.ts'
import { Heading, Trouble } from './till.tsx'

export function History(): JSX.Element {
  const text = useWords(words)
  const { store, hub } = useTill()
  const state = useRegister()
  return (
    <section class="history" onKeyDown={walk}>
      <Heading>{text.titleHistory}</Heading>
      <Trouble state={state} />
      {state.deals === null ? (
        <span class="opening-turn" aria-hidden="true" />
      ) : (
        <List
          label={text.titleHistory}
          items={state.deals}
          keyOf={({ deal }) => deal}
          empty={
            <EmptyState title={text.historyEmpty} icon="history">
              {text.historyEmptyText}
            </EmptyState>
          }
        >
          {(deal) => (
            <DealRow
              deal={deal}
              onPress={() => store.update((now) => ({ ...now, place: 'record', record: deal, problem: null }))}
            />
          )}
        </List>
      )}
      {state.older === null ? null : <Button onPress={() => void hub.loadOlder()}>{text.older}</Button>}
    </section>
  )
}

function DealRow({ deal, onPress }: { readonly deal: DealView; readonly onPress: () => void }): JSX.Element {
  const text = useWords(words)
  const locale = useLocale()
  const state = recordStateOf(deal)
  return (
    <ListRow
      title={deal.payer?.name ?? text.noPayer}
      detail={formatDateTime(deal.approvedAt ?? deal.openedAt, locale)}
      side={
        <>
          {deal.bill === null ? (
            deal.question === null ? (
              text.noAmount
            ) : (
              text.recordQuestion
            )
          ) : (
            <Amount
              parts={amountParts(deal.bill.total, deal.bill.unit, locale)}
              size="small"
              tone={state === 'paid' || state === 'held' ? 'ink' : 'quiet'}
            />
          )}
          <span class={`record-state record-state-${state}`}>{text[`recordState_${state}`]}</span>
        </>
      }
      onPress={onPress}
    />
  )
}

/** Up and down move between the rows. */
function walk(event: KeyboardEvent & { readonly currentTarget: Element }): void {
  if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return
  const rows = [...event.currentTarget.querySelectorAll<HTMLElement>('.row-button')]
  const at = rows.findIndex((row) => row === document.activeElement)
  const next = event.key === 'ArrowDown' ? at + 1 : Math.max(at - 1, 0)
  rows[Math.min(next, rows.length - 1)]?.focus()
  event.preventDefault()
}
