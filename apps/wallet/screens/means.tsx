// What the bill on the screen is paid with: the amount in one's own currency with its rate, the bank, and other ways to pay.
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import type { PaymentView } from '#protocol/views.ts'
import { amountParts, amountText, rateText } from '#apps/shared/money.ts'
import { Banner, Button, List, ListRow, ReceiptLine, Sheet } from '#ui/kit.tsx'
import { Amount, useNow } from '#ui/numbers.tsx'
import { formatTime, useLocale, useWords, type Locale } from '#ui/i18n.ts'
import { keyOf, optionsFor, wantedOf, type Option } from '../means.ts'
import { isSettling, type State } from '../state.ts'
import { meansWords } from '../words-means.ts'
import { BankRefused } from './bank-asking.tsx'
import type { JoinedProps } from './joined.tsx'

type Bill = NonNullable<PaymentView['bill']>
type MeansProps = Pick<JoinedProps, 'state' | 'act' | 'current' | 'view'> & { readonly bill: Bill }

export function Means(props: MeansProps): JSX.Element | null {
  const { state, view } = props
  const words = useWords(meansWords)
  const isWaiting = isSettling(state, view)
  const others = <Others {...props} />
  switch (view.means.kind) {
    case 'exchange':
      return (
        <div class="means">
          <Exchange state={state} view={view} means={view.means} />
          {others}
        </div>
      )
    case 'bank':
      return (
        <div class="means">
          <span>{words.bank(view.means.label)}</span>
          <BankRefused means={view.means} />
          {others}
        </div>
      )
    case 'account':
      return isWaiting ? (
        <p class="quiet small" role="status">
          {words.settling}
        </p>
      ) : (
        others
      )
  }
}

type ExchangeMeans = Extract<PaymentView['means'], { kind: 'exchange' }>

function Exchange({
  state,
  view,
  means,
}: {
  readonly state: State
  readonly view: PaymentView
  readonly means: ExchangeMeans
}): JSX.Element {
  const words = useWords(meansWords)
  const locale = useLocale()
  const { unit, amount, price, until } = means
  const to = view.bill?.unit ?? ''
  const known = state.means.rates.find((rate) => rate.from === unit && rate.to === to && rate.price === price)
  return (
    <>
      <span class="means-own">
        <span>{words.youPay}</span>
        <Amount parts={amountParts(amount, unit, locale)} size="medium" />
      </span>
      <span class="means-rate">
        {words.rate(unit, price, to)}
        {known === undefined || known.spread === 0 ? '' : ` · ${words.spread(rateText(known.spread, locale))}`}
      </span>
      <span class="means-rate">{words.holds(formatTime(until, locale))}</span>
    </>
  )
}

/** The other ways, behind a button: whoever is content with what is chosen is asked nothing. */
function Others({ state, act, current, view, bill }: MeansProps): JSX.Element | null {
  const words = useWords(meansWords)
  const locale = useLocale()
  const [isOpen, setOpen] = useState(false)
  const now = useNow(1000) + state.clockOffsetMs
  const options = optionsFor(state.means, state.inbox?.balances ?? [], bill, now)
  const chosen = keyOf(view.means)
  if (!options.some((option) => keyOf(option) !== chosen) || view.challenge !== null) return null
  return (
    <>
      <Button kind="quiet" busy={current.isChoosing} disabled={current.sending !== null} onPress={() => setOpen(true)}>
        {words.another}
      </Button>
      <Sheet open={isOpen} onClose={() => setOpen(false)} title={words.title}>
        <List label={words.title} items={options} keyOf={keyOf} empty={null}>
          {(option) => (
            <ListRow
              title={titleOf(option, words)}
              detail={detailOf(option, bill, locale, words)}
              side={sideOf(option, chosen, locale, words)}
              onPress={() => {
                setOpen(false)
                if (keyOf(option) !== chosen) act.chooseMeans(wantedOf(option))
              }}
            />
          )}
        </List>
      </Sheet>
    </>
  )
}

type Words = (typeof meansWords)['en']

function titleOf(option: Option, words: Words): string {
  switch (option.kind) {
    case 'account':
      return words.account
    case 'exchange':
      return words.balanceIn(option.unit)
    case 'bank':
      return option.label
  }
}

function detailOf(option: Option, bill: Bill, locale: Locale, words: Words): string {
  if (option.kind === 'bank') return ''
  const balance = amountText(option.has, option.unit, locale)
  const has = option.isEnough ? words.has(balance) : words.notEnough(balance)
  return option.kind === 'account' ? has : `${words.rate(option.unit, option.price, bill.unit)} · ${has}`
}

function sideOf(option: Option, chosen: string, locale: Locale, words: Words): JSX.Element | string {
  if (keyOf(option) === chosen) return words.chosen
  return option.kind === 'exchange' ? (
    <Amount parts={amountParts(option.amount, option.unit, locale)} size="small" />
  ) : (
    ''
  )
}

/** The rate ran out before the approval: what holds now. */
export function RenewedNote({ current }: Pick<JoinedProps, 'current'>): JSX.Element | null {
  const words = useWords(meansWords)
  if (current.renewed === null || current.sending !== null) return null
  return <Banner kind="note">{words[current.renewed]}</Banner>
}

/** What to approve, in words: the bill, and beside it one's own amount where it is another. */
export function useDueText(view: PaymentView): string {
  const words = useWords(meansWords)
  const locale = useLocale()
  const { bill, means } = view
  if (bill === null) return ''
  const due = amountText(bill.total, bill.unit, locale)
  return means.kind === 'exchange' ? words.both(due, amountText(means.amount, means.unit, locale)) : due
}

/** "$6.74 from your account", after a payment in another currency; null otherwise. */
export function OwnAmount({ view }: { readonly view: PaymentView }): JSX.Element | null {
  const words = useWords(meansWords)
  const locale = useLocale()
  const { means } = view
  if (means.kind === 'account') return null
  if (means.kind === 'bank') return <span class="quiet">{words.bank(means.label)}</span>
  return <span>{words.paidOwn(amountText(means.amount, means.unit, locale))}</span>
}

/** On a receipt: what left the payer's own account, and at which rate. */
export function MeansLines({ view }: { readonly view: PaymentView }): JSX.Element | null {
  const words = useWords(meansWords)
  const locale = useLocale()
  const { means, bill } = view
  if (means.kind !== 'exchange' || bill === null) return null
  return (
    <>
      <ReceiptLine
        label={words.paidWith}
        value={<Amount parts={amountParts(means.amount, means.unit, locale)} size="small" />}
      />
      <ReceiptLine label={words.rateLabel} value={words.rate(means.unit, means.price, bill.unit)} />
    </>
  )
}

/** What a refund brought back in the payer's own currency; null where it is the bill's. */
export function useBackText(view: PaymentView): (refund: PaymentView['refunds'][number]) => string | null {
  const words = useWords(meansWords)
  const locale = useLocale()
  const { means } = view
  return ({ back }) =>
    means.kind === 'exchange' && back !== null ? words.backOwn(amountText(back, means.unit, locale)) : null
}
