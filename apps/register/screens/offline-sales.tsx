// What was sold without a network: what waits, what was settled since, what was declined; and the line above the till that says so.
import type { JSX } from 'preact'
import { amountParts, amountText } from '#apps/shared/money.ts'
import { problemText } from '#apps/shared/problems.ts'
import { formatDateTime, useLocale, useWords } from '#ui/i18n.ts'
import { Banner, Button, EmptyState } from '#ui/kit.tsx'
import { Amount } from '#ui/numbers.tsx'
import { useStore } from '#ui/store.ts'
import { perform, useTill } from '../context.tsx'
import { sumOf, waitingOf, type Sale } from '../offline.ts'
import { OFFLINE_SALES, type RegisterState } from '../state.ts'
import { handBackWords } from '../words-hand-back.ts'
import { openWay, type Way } from './more-ways.tsx'
import { Heading } from './till.tsx'

/** Not a way to meet anybody: only its panel is used, opened from the line above the till. */
export const offlineSalesWay: Way = {
  id: OFFLINE_SALES,
  icon: 'history',
  shortcut: '',
  worksOffline: true,
  label: (locale) => handBackWords[locale].list,
  isOffered: () => false,
  start: (till) => openWay(till, OFFLINE_SALES),
  Panel: OfflineSales,
}

/** Sales that wait, were declined, or were settled since: said until the cashier has looked. */
export function OfflineBanner({ state }: { readonly state: RegisterState }): JSX.Element | null {
  const text = useWords(handBackWords)
  const locale = useLocale()
  const till = useTill()
  const { sales } = useStore(till.hub.offline.handBacks.store)
  if (sales.length === 0 || state.way === OFFLINE_SALES) return null
  const waiting = waitingOf(sales)
  const declined = sales.filter((sale) => sale.state === 'declined')
  const said = [
    ...(declined.length === 0 ? [] : [text.declined(declined.length)]),
    ...(waiting.length === 0
      ? []
      : [text.waiting(waiting.length, amountText(String(sumOf(waiting)), waiting[0]?.unit ?? '', locale))]),
    ...(declined.length + waiting.length > 0 ? [] : [text.settled(sales.length)]),
  ]
  const canLook = state.current === null && state.signIn === null
  return (
    <Banner
      kind={declined.length > 0 ? 'trouble' : 'note'}
      {...(canLook && {
        action: (
          <Button kind="quiet" onPress={() => openWay(till, OFFLINE_SALES)}>
            {text.look}
          </Button>
        ),
      })}
    >
      {said.join(' · ')}
    </Banner>
  )
}

function OfflineSales(): JSX.Element {
  const text = useWords(handBackWords)
  const till = useTill()
  const { sales } = useStore(till.hub.offline.handBacks.store)
  return (
    <div class="offline-sales">
      <Heading>{text.list}</Heading>
      {sales.length === 0 ? (
        <EmptyState title={text.none} icon="history">
          {text.noneText}
        </EmptyState>
      ) : (
        <>
          <p class="deal-text">{text.listText}</p>
          <ul class="offline-list" role="list" aria-label={text.list}>
            {sales.toReversed().map((sale) => (
              <li key={sale.deal} class={`offline-sale offline-${sale.state}`}>
                <OneSale sale={sale} />
              </li>
            ))}
          </ul>
        </>
      )}
      <Button wide shortcut="Esc" onPress={() => perform(till, 'back')}>
        {text.back}
      </Button>
    </div>
  )
}

function OneSale({ sale }: { readonly sale: Sale }): JSX.Element {
  const text = useWords(handBackWords)
  const locale = useLocale()
  const { hub } = useTill()
  const why = sale.problem === null ? null : problemText(sale.problem, locale, 'biller')
  return (
    <>
      <p class="offline-head">
        <span class="strong">{text[`state ${sale.state}`]}</span>
        <Amount parts={amountParts(sale.total, sale.unit, locale)} size="small" />
      </p>
      <p class="quiet small">
        {[formatDateTime(sale.acceptedAt, locale), sale.text, sale.payerName].filter(Boolean).join(' · ')}
      </p>
      {why === null ? null : (
        <p class="small">
          {why.sentence} {sale.state === 'declined' ? text.declinedNext : text.waitsWhy}
        </p>
      )}
      {sale.state === 'waiting' ? null : (
        <Button kind="quiet" onPress={() => void hub.offline.handBacks.seen(sale.deal)}>
          {text.done}
        </Button>
      )}
    </>
  )
}
