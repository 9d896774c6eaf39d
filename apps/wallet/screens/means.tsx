// What the bill on the screen is paid with: the amount in one's own currency with its rate, the bank, the card with its method, and other ways
// to pay.
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import type { CardRow } from '#protocol/cards.ts'
import type { PaymentView } from '#protocol/views.ts'
import { amountParts, amountText, rateText } from '#apps/shared/money.ts'
import { Banner, Button, List, ListRow, ReceiptLine, Sheet } from '#ui/kit.tsx'
import { Amount, useNow } from '#ui/numbers.tsx'
import { formatTime, useLocale, useWords, type Locale } from '#ui/i18n.ts'
import { keyOf, optionsFor, wantedOf, type Option } from '../means.ts'
import { isSettling, offeredFor, type State } from '../state.ts'
import { cardTitle, methodText, monthShown } from '../card-text.ts'
import { cardWords } from '../words-cards.ts'
import { meansWords } from '../words-means.ts'
import { OutsideRefused } from './bank-asking.tsx'
import { CardMethods, ChosenCard, PaidByCard, Voucher } from './card-methods.tsx'
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
          <OutsideRefused means={view.means} />
          {others}
        </div>
      )
    case 'card':
      return (
        <div class="means">
          <ChosenCard state={state} view={view} means={view.means} />
          <OutsideRefused means={view.means} />
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

/** What stands on the sheet: nothing, all ways to pay, or how one card can be repaid. */
type Looking = 'nothing' | 'ways' | CardRow

/**
 * The other ways, behind a button: whoever is content with what is chosen is asked nothing. Where the account is not enough and a card is there,
 * the card is suggested, never taken.
 */
function Others({ state, act, current, view, bill }: MeansProps): JSX.Element | null {
  const words = useWords(meansWords)
  const cards = useWords(cardWords)
  const locale = useLocale()
  const [looking, look] = useState<Looking>('nothing')
  const now = useNow(1000) + state.clockOffsetMs
  const balances = state.inbox?.balances ?? []
  const options = optionsFor(state.means, balances, bill, now)
  const chosen = keyOf(view.means)
  const ownCard = options.find((option) => option.kind === 'card' && keyOf(option) === chosen)
  const offered = offeredFor(state, view, now)
  const hasOthers = options.some((option) => keyOf(option) !== chosen)
  if ((!hasOthers && ownCard === undefined) || view.challenge !== null) return null
  const shared = { busy: current.isChoosing, disabled: current.sending !== null }
  const close = (): void => look('nothing')
  const choose: MeansProps['act']['chooseMeans'] = (wanted) => {
    close()
    act.chooseMeans(wanted)
  }
  const card = typeof looking === 'object' ? looking : null
  return (
    <>
      {offered === undefined ? null : (
        <div class="card-offer">
          <p>{cards.offerText}</p>
          <Button wide icon="card" {...shared} onPress={() => look(offered)}>
            {cards.offer(cardTitle(offered, locale))}
          </Button>
        </div>
      )}
      <div class="means-ways">
        {ownCard?.kind !== 'card' ? null : (
          <Button kind="quiet" {...shared} onPress={() => look(ownCard.card)}>
            {cards.changeMethod}
          </Button>
        )}
        {hasOthers ? (
          <Button kind="quiet" {...shared} onPress={() => look('ways')}>
            {words.another}
          </Button>
        ) : null}
      </div>
      <Sheet
        open={looking !== 'nothing'}
        onClose={close}
        title={card === null ? words.title : cards.methodTitle(cardTitle(card, locale))}
      >
        {card === null && state.means.areCardsAway ? <p class="quiet">{cards.awayNow}</p> : null}
        {card === null ? (
          <List label={words.title} items={options} keyOf={keyOf} empty={null}>
            {(option) => (
              <ListRow
                title={titleOf(option, locale, words)}
                detail={detailOf(option, bill, locale, words)}
                side={sideOf(option, view, locale)}
                onPress={() => {
                  if (option.kind === 'card') look(option.card)
                  else if (keyOf(option) === chosen) close()
                  else choose(wantedOf(option))
                }}
              />
            )}
          </List>
        ) : (
          <CardMethods
            state={state}
            view={view}
            card={card.id}
            look={act.lookAtCard}
            choose={(method) => choose({ kind: 'card', id: card.id, method })}
          />
        )}
      </Sheet>
    </>
  )
}

type Words = (typeof meansWords)['en']

function titleOf(option: Option, locale: Locale, words: Words): string {
  switch (option.kind) {
    case 'account':
      return words.account
    case 'exchange':
      return words.balanceIn(option.unit)
    case 'bank':
      return option.label
    case 'card':
      return cardTitle(option.card, locale)
  }
}

function detailOf(option: Option, bill: Bill, locale: Locale, words: Words): string {
  if (option.kind === 'bank') return ''
  if (option.kind === 'card') return cardWords[locale].validTill(monthShown(option.card.expires))
  const balance = amountText(option.has, option.unit, locale)
  const has = option.isEnough ? words.has(balance) : words.notEnough(balance)
  return option.kind === 'account' ? has : `${words.rate(option.unit, option.price, bill.unit)} · ${has}`
}

function sideOf(option: Option, { means }: PaymentView, locale: Locale): JSX.Element | string {
  if (keyOf(option) === keyOf(means))
    return means.kind === 'card' ? methodText(means.method, cardWords[locale]) : meansWords[locale].chosen
  return option.kind === 'exchange' ? (
    <Amount parts={amountParts(option.amount, option.unit, locale)} size="small" />
  ) : (
    ''
  )
}

/** The rate ran out before the approval, or a card's terms changed: what holds now. */
export function RenewedNote({ current }: Pick<JoinedProps, 'current'>): JSX.Element | null {
  const words = useWords(meansWords)
  const cards = useWords(cardWords)
  if (current.renewed === null || current.sending !== null) return null
  const said = { ...words, terms: cards.termsChanged, gone: cards.methodGone }
  return <Banner kind="note">{said[current.renewed]}</Banner>
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
  if (means.kind === 'card') return <PaidByCard means={means} />
  return <span>{words.paidOwn(amountText(means.amount, means.unit, locale))}</span>
}

/** On a receipt: what left the payer's own account, and at which rate; of a card its sales slip. */
export function MeansLines({ view }: { readonly view: PaymentView }): JSX.Element | null {
  const words = useWords(meansWords)
  const locale = useLocale()
  const { means, bill } = view
  if (means.kind === 'card') return <Voucher means={means} />
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
  const cards = useWords(cardWords)
  return ({ back }) =>
    means.kind === 'card'
      ? cards.backToCard
      : means.kind === 'exchange' && back !== null
        ? words.backOwn(amountText(back, means.unit, locale))
        : null
}
