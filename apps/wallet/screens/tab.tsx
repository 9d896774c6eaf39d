// What this table has ordered, how far each thing is, who has paid or is paying what, and what is still open.
import type { JSX } from 'preact'
import { amountParts, amountText } from '#apps/shared/money.ts'
import type { TabLineView, TabShareView, TabView } from '#protocol/orders.ts'
import { formatTime, useLocale, useWords } from '#ui/i18n.ts'
import { Banner, Button, EmptyState, Screen } from '#ui/kit.tsx'
import { Amount } from '#ui/numbers.tsx'
import { nameIn } from '../basket.ts'
import { linesByGuest, ownShare, reservedBy } from '../table.ts'
import { orderWords } from '../words-order.ts'
import { TableNotes, type TableProps } from './order-table.tsx'

export function Tab(props: TableProps): JSX.Element {
  const { act, banners, table } = props
  const words = useWords(orderWords)
  const { tab } = table
  const title = tab?.label ?? table.menu?.label ?? words.sums
  const home = (): void => act.go({ at: 'home' })
  if (tab === null) {
    return (
      <Screen title={title} banners={banners} onBack={home} actions={<More {...props} kind="seal" />}>
        <TableNotes table={table} />
        <EmptyState title={words.nothingOrdered} icon="shop">
          {words.nothingOrderedText}
        </EmptyState>
      </Screen>
    )
  }
  return (
    <Screen title={title} banners={banners} onBack={home} actions={<Answers {...props} tab={tab} />}>
      <TableNotes table={table} />
      <HowItStands state={tab.state} paying={table.menu?.paying} />
      {linesByGuest(tab).map(({ who, lines }) => (
        <section key={who ?? ''} class="tab-part" aria-label={who === null ? words.yours : words.others(who)}>
          <h2>{who === null ? words.yours : words.others(who)}</h2>
          <ul class="list" role="list">
            {lines.map((line) => (
              <li key={line.line}>
                <Line tab={tab} line={line} />
              </li>
            ))}
          </ul>
        </section>
      ))}
      <Sums tab={tab} />
      {tab.state === 'over' ? (
        <Button wide onPress={act.table.leave}>
          {words.leave}
        </Button>
      ) : null}
    </Screen>
  )
}

type StandsProps = Readonly<{ state: TabView['state']; paying: 'first' | 'end' | undefined }>

/** At a counter each order is a bill of its own, closed from the beginning: that is nothing to say. */
function HowItStands({ state, paying }: StandsProps): JSX.Element | null {
  const words = useWords(orderWords)
  if (state === 'open') return null
  if (state === 'closed' && paying === 'first') return <Banner kind="note">{words.payFirst}</Banner>
  return (
    <Banner kind="note">
      <span class="sentence strong">{state === 'over' ? words.allPaid : words.tabClosed}</span>
      <span class="sentence">{state === 'over' ? words.tabClosedText : words.tabClosedOpen}</span>
    </Banner>
  )
}

function Answers(props: TableProps & { readonly tab: TabView }): JSX.Element {
  const { act, table, tab } = props
  const words = useWords(orderWords)
  const locale = useLocale()
  const own = ownShare(tab)
  if (own !== undefined) return <Reserved {...props} own={own} />
  const isOpen = tab.state === 'open'
  const hasToPay = BigInt(tab.open) > 0n || tab.shares.some(({ state }) => state === 'free')
  return (
    <div class={isOpen && hasToPay ? 'two' : ''}>
      {isOpen ? <More {...props} kind={hasToPay ? 'plain' : 'seal'} /> : null}
      {hasToPay ? (
        <Button kind="seal" wide disabled={table.busy !== null} onPress={() => act.table.go('pay')}>
          {words.pay}
          <span class="hidden"> {words.homeOpen(amountText(tab.open, tab.unit, locale))}</span>
        </Button>
      ) : null}
    </div>
  )
}

const More = ({ act, kind }: TableProps & { readonly kind: 'plain' | 'seal' }): JSX.Element => {
  const words = useWords(orderWords)
  return (
    <Button kind={kind} wide onPress={() => act.table.go('menu')}>
      {words.orderMore}
    </Button>
  )
}

/** This phone has a part reserved: it is paid, or left open again, before anything else. */
function Reserved({ act, table, own }: TableProps & { readonly own: TabShareView }): JSX.Element {
  const words = useWords(orderWords)
  const locale = useLocale()
  const amount = amountText(own.amount, table.tab?.unit ?? '', locale)
  return (
    <div class="basket-bar">
      <p class="sentence strong">{words.reserved(amount)}</p>
      {own.expiresAt === null ? null : (
        <p class="quiet small">{words.reservedUntil(formatTime(own.expiresAt, locale))}</p>
      )}
      <Button kind="seal" wide onPress={act.table.payShare}>
        {words.payNow(amount)}
      </Button>
      <Button kind="quiet" wide busy={table.busy === 'back'} onPress={act.table.giveBack}>
        {words.giveBack}
      </Button>
    </div>
  )
}

function Line({ tab, line }: Readonly<{ tab: TabView; line: TabLineView }>): JSX.Element {
  const words = useWords(orderWords)
  const locale = useLocale()
  const details = [...line.choices, ...(line.course === null ? [] : [line.course])].map((each) => nameIn(each, locale))
  const name = nameIn(line, locale)
  return (
    <div class={`tab-line tab-line-${line.state}`}>
      <span class="order-name">
        {line.quantity === 1 ? name : words.times(name, line.quantity)}
        {details.length === 0 ? null : <span class="order-detail">{details.join(' · ')}</span>}
        {line.note === '' ? null : <span class="order-detail">{words.quoted(line.note)}</span>}
      </span>
      <Amount parts={amountParts(line.amount, tab.unit, locale)} size="small" />
      <span class={`tab-state tab-state-${line.state}`}>{words[`state ${line.state}`]}</span>
      <PayState tab={tab} line={line} />
      {line.state === 'refused' ? (
        <span class="order-detail">
          {line.reason === null ? '' : words[`reason ${line.reason}`]} {words.refusedText}
        </span>
      ) : null}
    </div>
  )
}

function PayState({ tab, line }: Readonly<{ tab: TabView; line: TabLineView }>): JSX.Element | null {
  const words = useWords(orderWords)
  const share = reservedBy(tab, line.line)
  if (line.pay === 'reserved' && share !== undefined) {
    return (
      <span class="tab-pay tab-pay-reserved">
        {share.mine || share.who === null ? words.payingYou : words.payingBy(share.who)}
      </span>
    )
  }
  const said = { open: '', reserved: words.sumReserved, paid: words.paid, back: words.back, none: '' }[line.pay]
  return said === '' ? null : <span class={`tab-pay tab-pay-${line.pay}`}>{said}</span>
}

export function Sums({ tab }: Readonly<{ tab: TabView }>): JSX.Element {
  const words = useWords(orderWords)
  const locale = useLocale()
  const rows = [
    ['', words.sumOrdered, tab.total],
    ['', words.sumPaid, tab.paid],
    ['', words.sumReserved, tab.reserved],
    ['', words.sumLeft, tab.left],
    ['tab-sum-open', words.sumOpen, tab.open],
  ] as const
  return (
    <section class="tab-sums" aria-label={words.sums}>
      <dl class="facts">
        {rows
          .filter(([name, , amount], index) => index === 0 || name !== '' || amount !== '0')
          .map(([name, label, amount]) => (
            <div key={label} class={name}>
              <dt>{label}</dt>
              <dd>
                <Amount parts={amountParts(amount, tab.unit, locale)} size="small" />
              </dd>
            </div>
          ))}
      </dl>
    </section>
  )
}
