// The tables' bills beside the kitchen list: what is open, being paid, paid; money that still goes back; and closing one.
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { amountParts, amountText } from '#apps/shared/money.ts'
import type { KitchenTabView } from '#protocol/orders.ts'
import { formatTime, useLocale, useWords } from '#ui/i18n.ts'
import { Banner, Button, say, Sheet } from '#ui/kit.tsx'
import { Amount } from '#ui/numbers.tsx'
import { useRegister, useTill } from '../context.tsx'
import type { Rest } from '../kitchen.ts'
import { kitchenWords } from '../words-kitchen.ts'
import { Trouble } from './till.tsx'

export function KitchenTables(): JSX.Element {
  const text = useWords(kitchenWords)
  const { kitchen } = useRegister()
  const [closing, setClosing] = useState<KitchenTabView | null>(null)
  const tabs = kitchen.view?.tabs ?? []
  return (
    <section class="kitchen-tables" aria-label={text.tables}>
      <h2>{text.tables}</h2>
      {tabs.length === 0 ? (
        <p class="kitchen-done">{text.noTables}</p>
      ) : (
        <ul class="kitchen-list" role="list" aria-label={text.tables}>
          {tabs.map((tab) => (
            <li key={tab.tab}>
              <OneTable tab={tab} onClose={() => setClosing(tab)} />
            </li>
          ))}
        </ul>
      )}
      {kitchen.view?.more === true ? <p class="kitchen-done">{text.moreTables}</p> : null}
      <CloseSheet tab={tabs.find(({ tab }) => tab === closing?.tab) ?? null} onClose={() => setClosing(null)} />
    </section>
  )
}

function OneTable({ tab, onClose }: Readonly<{ tab: KitchenTabView; onClose: () => void }>): JSX.Element {
  const text = useWords(kitchenWords)
  const locale = useLocale()
  const sums = [
    [text.tabOpen, tab.open],
    [text.tabReserved, tab.reserved],
    [text.tabPaid, tab.paid],
    [text.tabLeft, tab.left],
  ] as const
  return (
    <article class="kitchen-table" aria-label={text.tab(tab.label)}>
      <header class="kitchen-table-head">
        <h3 class="kitchen-table-name">{tab.label}</h3>
        {tab.state === 'over' ? (
          <span class="kitchen-done">{text.isOver}</span>
        ) : (
          <Button onPress={onClose}>
            <span aria-hidden="true">{tab.state === 'closed' ? text.closedState : text.close}</span>
            <span class="hidden">{text.closeOf(tab.label)}</span>
          </Button>
        )}
      </header>
      <p class="kitchen-done">{[text.since(formatTime(tab.openedAt, locale)), ...tab.guests].join(' · ')}</p>
      <dl class="kitchen-sums">
        {sums
          .filter(([, amount], index) => index === 0 || amount !== '0')
          .map(([label, amount]) => (
            <div key={label}>
              <dt>{label}</dt>
              <dd>
                <Amount parts={amountParts(amount, tab.unit, locale)} size="small" />
              </dd>
            </div>
          ))}
      </dl>
      {tab.back.map(({ line, amount, trouble }) =>
        trouble === null ? (
          <p key={line} class="kitchen-done">
            {text.goesBack(amountText(amount, tab.unit, locale))}
          </p>
        ) : (
          <Banner key={line} kind="trouble">
            {text.stuckBack(amountText(amount, tab.unit, locale))}
          </Banner>
        ),
      )}
    </article>
  )
}

/** With something open there are two ways: the guests still pay by phone, or it is taken at the counter. */
function CloseSheet({ tab, onClose }: Readonly<{ tab: KitchenTabView | null; onClose: () => void }>): JSX.Element {
  const text = useWords(kitchenWords)
  const locale = useLocale()
  const { hub } = useTill()
  const { kitchen } = useRegister()
  const isOpen = tab !== null && tab.open !== '0'
  const close = async (rest: Rest): Promise<void> => {
    if (tab === null || !(await hub.kitchen.close(tab.tab, rest))) return
    say(text.closed(tab.label))
    onClose()
  }
  return (
    <Sheet
      open={tab !== null}
      onClose={onClose}
      title={text.closeTitle(tab?.label ?? '')}
      actions={
        <div class="sheet-answers">
          {isOpen ? (
            <Button wide busy={kitchen.busy === tab.tab} onPress={() => void close('left')}>
              {text.closeLeft(amountText(tab.open, tab.unit, locale))}
            </Button>
          ) : null}
          {tab?.state === 'closed' ? null : (
            <Button
              kind={isOpen ? 'plain' : 'danger'}
              wide
              busy={tab !== null && kitchen.busy === tab.tab}
              onPress={() => void close('waits')}
            >
              {isOpen ? text.closeWaits : text.closeDo}
            </Button>
          )}
          <Button wide shortcut="Esc" onPress={onClose}>
            {text.keepOpen}
          </Button>
        </div>
      }
    >
      <p>{isOpen ? text.closeOpen(amountText(tab.open, tab.unit, locale)) : text.closePaid}</p>
      <Trouble state={kitchen} isAboutMoney={false} />
    </Sheet>
  )
}
