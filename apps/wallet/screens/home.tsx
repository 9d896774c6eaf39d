// Home: pay. The balance, the number to type, the way to the camera.
import type { JSX } from 'preact'
import { parseTypedNumber } from '#core/numbers.ts'
import { dayText } from '#apps/shared/conditions.ts'
import { amountParts, amountText } from '#apps/shared/money.ts'
import { Banner, Button, List, ListRow, Screen } from '#ui/kit.tsx'
import { Icon } from '#ui/icons.tsx'
import { Keypad } from '#ui/keypad.tsx'
import { Amount, NumberDisplay } from '#ui/numbers.tsx'
import { formatDateTime, useLocale, useWords, type Locale } from '#ui/i18n.ts'
import { createKeptStore, useStore } from '#ui/store.ts'
import type { ScreenOf } from '../app.tsx'
import type { PaymentView } from '#protocol/views.ts'
import { heldPayments, isOffline, unaskedPayments, type State } from '../state.ts'
import { askedWords } from '../words-asked.ts'
import { codeWords } from '../words-code.ts'
import { mineWords } from '../words-mine.ts'
import { walletWords, type WalletWords } from '../words.ts'
import { ProblemNote } from './problem.tsx'
import { AtTable } from './order-home.tsx'
import { PurchaseList } from './purchase.tsx'

/** The length of numbers that registers of an area show. */
const NUMBER_LENGTH = 9

export function Home({ state, act, banners }: ScreenOf): JSX.Element {
  const words = useWords(walletWords)
  const code = useWords(codeWords)
  const isBusy = state.joining !== null
  return (
    <Screen
      title={words.pay}
      banners={banners}
      corner={
        <>
          <Button kind="quiet" icon="history" iconOnly onPress={act.openHistory}>
            {words.history}
          </Button>
          <Button kind="quiet" icon="settings" iconOnly onPress={() => act.go({ at: 'settings' })}>
            {words.settings}
          </Button>
        </>
      }
    >
      <Balance state={state} />
      <WaitingPhone state={state} look={() => act.go({ at: 'phones' })} />
      <Waiting state={state} open={act.openWaiting} />
      <AtTable state={state} act={act} />
      <NumberEntry state={state} act={act} />
      <div class="ways">
        <Button wide icon="scan" disabled={isBusy} onPress={() => act.go({ at: 'scan', refused: null })}>
          {words.scan}
        </Button>
        <Button wide icon="myCode" disabled={isBusy} onPress={act.openMyCode}>
          {code.tile}
        </Button>
        <Button wide icon="plus" onPress={act.openAsk}>
          {words.ask}
        </Button>
      </div>
      <PurchaseList state={state} act={act} />
      <HeldList state={state} open={(payment) => act.openReceipt(payment, 'home')} />
    </Screen>
  )
}

function NumberEntry({ state, act }: Pick<ScreenOf, 'state' | 'act'>): JSX.Element {
  const words = useWords(walletWords)
  const locale = useLocale()
  const { typed, joining, joinProblem } = state
  const read = parseTypedNumber(typed)
  const isBusy = joining !== null
  const isSlip = typed.length === NUMBER_LENGTH && !read.ok
  const spoken = isSlip ? words.checkDigit : typed.split('').join(' ')
  return (
    <section class="entry" aria-label={words.typeNumber}>
      <div class={isSlip ? 'entry-number entry-wrong' : 'entry-number'}>
        {joining === 'link' ? (
          <p class="entry-link">{words.openingLink}</p>
        ) : (
          <NumberDisplay value={typed} length={NUMBER_LENGTH} label={words.number} />
        )}
        {joinProblem === null ? (
          <p class="entry-says">{isBusy ? words.findingText : isSlip ? words.checkDigit : words.typeNumber}</p>
        ) : null}
      </div>
      {joinProblem === null ? null : <ProblemNote problem={joinProblem} figure={figureOf(state, words, locale)} />}
      <Keypad
        value={typed}
        onInput={act.type}
        maxLength={NUMBER_LENGTH}
        onEnter={act.join}
        enterLabel={isBusy ? words.finding : words.find}
        canEnter={read.ok}
        disabled={isBusy}
        spoken={spoken}
      />
    </section>
  )
}

function figureOf(state: State, words: { balanceNow: (amount: string) => string }, locale: 'en' | 'ja') {
  const available = state.joinProblem?.figures?.['available']
  if (available === undefined || !/^-?\d+$/u.test(available)) return undefined
  return words.balanceNow(amountText(available, state.scheme?.unit ?? '', locale))
}

const balanceSight = createKeptStore<'shown' | 'hidden'>('warifu.balance', (stored) =>
  stored === 'hidden' ? 'hidden' : 'shown',
)

function Balance({ state }: { readonly state: State }): JSX.Element | null {
  const words = useWords(walletWords)
  const locale = useLocale()
  const isShown = useStore(balanceSight) === 'shown'
  const balance = state.inbox?.balances.find(({ unit }) => unit === state.scheme?.unit) ?? state.inbox?.balances[0]
  const others = state.inbox?.balances.filter(({ unit }) => unit !== balance?.unit) ?? []
  return (
    <div class="balance">
      <div class="balance-text">
        <span class="balance-label">
          {isOffline(state) && state.inboxAt > 0
            ? words.balanceAsOf(formatDateTime(state.inboxAt, locale))
            : words.balance}
        </span>
        {balance === undefined ? (
          <span class="balance-none">–</span>
        ) : isShown ? (
          <Amount parts={amountParts(balance.balance, balance.unit, locale)} size="medium" />
        ) : (
          <span class="balance-none">{words.balanceHidden}</span>
        )}
        {balance !== undefined && isShown && balance.arriving !== '0' ? (
          <span class="balance-arriving">{words.arriving(amountText(balance.arriving, balance.unit, locale))}</span>
        ) : null}
        {isShown && others.length > 0 ? (
          <span class="balance-arriving">
            {others.map((other) => amountText(other.balance, other.unit, locale)).join(' · ')}
          </span>
        ) : null}
        {balance === undefined || balance.status === 'open' ? null : (
          <span class="balance-arriving strong">{words[`account ${balance.status}`]}</span>
        )}
      </div>
      <button
        type="button"
        class="button button-quiet button-icon"
        aria-label={isShown ? words.hideBalance : words.showBalance}
        onClick={() => balanceSight.set(isShown ? 'hidden' : 'shown')}
      >
        <Icon name={isShown ? 'eye' : 'eyeClosed'} />
      </button>
    </div>
  )
}

/** Somebody asks to be let in: worth more than a line in the settings. */
function WaitingPhone({ state, look }: { readonly state: State; readonly look: () => void }): JSX.Element | null {
  const words = useWords(mineWords)
  if ((state.mine.devices?.waiting.length ?? 0) === 0) return null
  return (
    <Banner
      kind="trouble"
      action={
        <Button kind="quiet" onPress={look}>
          {words.look}
        </Button>
      }
    >
      {words.waitingHome}
    </Banner>
  )
}

/** Bills and questions that others have sent: they wait here, three days at most, and pay nothing by themselves. */
function Waiting({ state, open }: { readonly state: State; readonly open: (payment: string) => void }) {
  const words = useWords(walletWords)
  const locale = useLocale()
  const asked = useWords(askedWords)
  const waiting = unaskedPayments(state)
  const lists = [
    { name: words.billsForYou, items: waiting.filter(({ question }) => question === null) },
    { name: asked.questionsForYou, items: waiting.filter(({ question }) => question !== null) },
  ].filter(({ items }) => items.length > 0)
  return (
    <>
      {lists.map(({ name, items }) => (
        <section key={name} aria-label={name}>
          <h2 class="part">{name}</h2>
          <List label={name} items={items} keyOf={(view) => view.payment} empty={null}>
            {(view) => (
              <ListRow
                title={view.biller.name}
                detail={view.question?.reason ?? view.bill?.lines[0]?.text ?? ''}
                side={
                  view.bill === null ? null : (
                    <Amount parts={amountParts(view.bill.total, view.bill.unit, locale)} size="small" />
                  )
                }
                onPress={() => open(view.payment)}
              />
            )}
          </List>
        </section>
      ))}
    </>
  )
}

/** Until when it can be taken back, where something can; else that it waits for the goods. */
function heldDetail({ portions }: PaymentView, words: WalletWords, locale: Locale): string {
  const ends = portions.flatMap(({ state, waits, until }) =>
    state === 'held' && waits === 'cooling-off' && until !== null ? [until] : [],
  )
  return ends.length === 0 ? words.deliveryLine : words.cancelUntil(dayText(Math.min(...ends), locale, 'time'))
}

function HeldList({ state, open }: { readonly state: State; readonly open: (payment: string) => void }) {
  const words = useWords(walletWords)
  const locale = useLocale()
  const held = heldPayments(state)
  if (held.length === 0) return null
  return (
    <List label={words.setAside} items={held} keyOf={(view) => view.payment} empty={null}>
      {(view) => (
        <ListRow
          title={view.biller.name}
          detail={heldDetail(view, words, locale)}
          side={
            view.bill === null ? null : (
              <Amount parts={amountParts(view.bill.total, view.bill.unit, locale)} size="small" />
            )
          }
          onPress={() => open(view.payment)}
        />
      )}
    </List>
  )
}
