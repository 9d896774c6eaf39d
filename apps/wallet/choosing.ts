// Choosing what to pay with. Where the account cannot pay and something else can, the wallet chooses by itself; a quote that has run out
// while the bill is on the screen is renewed by itself. Nothing is ever approved by this: what was renewed is shown and asked again. A card
// is never chosen by the wallet.
import type { CardsView } from '#protocol/cards.ts'
import type { MeansListView } from '#protocol/means.ts'
import type { RatesView } from '#protocol/rates.ts'
import type { PaymentView } from '#protocol/views.ts'
import type { Store } from '#ui/store.ts'
import type { Desk } from './hub.ts'
import { bestOf, isShort, keyOf, optionsFor, wantedOf, type Wanted } from './means.ts'
import { methodsOf, readMethods, standingOf } from './methods.ts'
import * as when from './state.ts'
import type { State } from './state.ts'

/** A phone whose clock runs ahead of the hub's asks no more often than this. */
const RENEW_AT_MOST_EVERY_MS = 2_000

/** Looks after the means of whatever payment is on the screen. */
export function keepMeansRight(store: Store<State>, desk: Desk): void {
  let read = ''
  let methods = ''
  let renewal: Readonly<{ of: string; timer: ReturnType<typeof setTimeout> }> | null = null
  const look = (): void => {
    const view = undecided(store.get())
    if (view !== undefined && read !== aboutOf(view)) {
      read = aboutOf(view)
      void readMeans(desk, view)
    }
    if (view?.means.kind === 'card' && methods !== methodsOf(view, view.means.id)) {
      methods = methodsOf(view, view.means.id)
      void readMethods(desk, view, view.means.id)
    }
    const until = view?.means.kind === 'exchange' ? view.means.until : undefined
    const of = until === undefined ? undefined : `${view?.payment} ${until}`
    if (renewal?.of !== of) {
      clearTimeout(renewal?.timer)
      renewal =
        of === undefined || until === undefined
          ? null
          : { of, timer: setTimeout(() => void renew(desk, of), Math.max(until - desk.now(), RENEW_AT_MOST_EVERY_MS)) }
    }
    if (view !== undefined && wantsChoice(store.get(), view)) void chooseByItself(desk, view)
  }
  look()
  store.subscribe(look)
}

/** The bill on the screen, while its payer can still choose. */
function undecided({ current }: State): PaymentView | undefined {
  const view = current?.view
  const isOpen = view?.state === 'joined' && view.bill !== null && view.question === null
  return isOpen ? view : undefined
}

/** Once for each version of a bill; whoever has chosen by hand is left alone. */
function wantsChoice({ current, inbox, means }: State, view: PaymentView): boolean {
  if (current === null || inbox === null || view.bill === null || means.about !== aboutOf(view)) return false
  if (current.sending !== null || current.isChoosing || view.challenge !== null) return false
  const isNew = current.settledFor !== view.billVersion
  return isNew && view.means.kind === 'account' && isShort(inbox.balances, view.bill)
}

async function chooseByItself(desk: Desk, view: PaymentView): Promise<void> {
  const { inbox, means } = desk.state()
  const best = view.bill && bestOf(optionsFor(means, inbox?.balances ?? [], view.bill, desk.now()))
  desk.update((state) => when.choiceSettled(state, view.payment, view.billVersion))
  if (best && best.kind !== 'account') await choose(desk, view.payment, wantedOf(best))
}

/** The payer chooses by hand. */
export function chooseMeans(desk: Desk, wanted: Wanted): void {
  const view = undecided(desk.state())
  if (view === undefined || desk.state().current?.isChoosing === true) return
  desk.update((state) => when.choiceSettled(state, view.payment, view.billVersion))
  void choose(desk, view.payment, wanted)
}

/** The rate has run out: the same again at the rate of now, or, where there is none any more, whatever else works. */
export async function renewQuote(desk: Desk, how: 'quietly' | 'told' = 'quietly'): Promise<void> {
  const view = undecided(desk.state())
  if (view?.means.kind !== 'exchange' || desk.state().current?.isChoosing === true) return
  const { unit } = view.means
  const isRenewed = await choose(desk, view.payment, { kind: 'exchange', unit }, how)
  await readMeans(desk, view)
  if (isRenewed) return
  const { inbox, means } = desk.state()
  const options = optionsFor(means, inbox?.balances ?? [], view.bill ?? NO_BILL, desk.now())
  const other = bestOf(options.filter((option) => keyOf(option) !== `exchange ${unit}`))
  await choose(desk, view.payment, other === undefined ? { kind: 'account' } : wantedOf(other), 'told')
}

/** By the clock; what is on its way to be approved is answered by the hub. */
async function renew(desk: Desk, of: string): Promise<void> {
  const view = undecided(desk.state())
  const isSame = view?.means.kind === 'exchange' && of === `${view.payment} ${view.means.until}`
  if (isSame && desk.state().current?.sending === null) await renewQuote(desk)
}

/** False where the hub said no. `told`: the person hears that something has changed, whatever comes of it. */
async function choose(
  desk: Desk,
  payment: string,
  means: Wanted,
  how: 'quietly' | 'told' = 'quietly',
): Promise<boolean> {
  desk.update((state) => when.choosingBegan(state, how))
  desk.hands.sending += 1
  const outcome = await desk.client.send('choose-means', { payment, means }).finally(() => {
    desk.hands.sending -= 1
  })
  desk.update((state) => when.choosingAnswered(state, payment, outcome, how))
  return outcome.ok
}

/** Rates where the payer has other currencies, the bank accounts and the cards. What cannot be read is not offered. */
async function readMeans({ client, state, update }: Desk, view: PaymentView): Promise<void> {
  const balances = state().inbox?.balances ?? []
  const wantsRates = balances.length === 0 || balances.some(({ unit }) => unit !== view.bill?.unit)
  const [rates, banks, cards] = await Promise.all([
    wantsRates ? client.request<RatesView>({ method: 'GET', path: '/v1/rates', access: 'open' }) : null,
    client.request<MeansListView>({ method: 'GET', path: '/v1/means', access: 'token' }),
    client.request<CardsView>({ method: 'GET', path: '/v1/cards', access: 'token' }),
  ])
  update((before) => ({
    ...before,
    means: {
      ...before.means,
      about: aboutOf(view),
      rates: rates?.ok === true ? rates.view.rates : [],
      banks: banks.ok ? banks.view.means : [],
      cards: cards.ok && cards.view.isAvailable ? cards.view.cards : [],
      areCardsAway: cards.ok && !cards.view.isAvailable && cards.view.cards.length > 0,
    },
  }))
}

/** What was read is good for one bill's currency; rates are read again for the next payment. */
const aboutOf = ({ payment, bill }: PaymentView): string => `${payment} ${bill?.unit ?? ''}`

/** How this card can be repaid at the shop on the screen. */
export function lookAtCard(desk: Desk, card: string): void {
  const view = undecided(desk.state())
  if (view !== undefined) void readMethods(desk, view, card)
}

/**
 * Does the payment by card still cost what is on the screen? If not, what it costs now is shown, and nothing is approved by this press. What is
 * paid at once has no terms that could change.
 */
export async function cardStands(desk: Desk, view: PaymentView): Promise<boolean> {
  if (view.means.kind !== 'card' || view.means.method === 'lump') return true
  desk.update((state) => when.choosingBegan(state, 'quietly'))
  const standing = await standingOf(desk, view)
  desk.update((state) => when.standingKnown(state, view.payment, standing))
  return standing === 'same'
}

const NO_BILL = { unit: '', total: '0', lines: [] }
