// The register's state, and which screen it is. Pure: the hub's view of the deal plus what is being keyed in here.
import type { BillWire } from '#protocol/bill.ts'
import type { StaffHereView } from '#protocol/identity.ts'
import type { Problem } from '#protocol/problems.ts'
import type { DealView, SchemeView, SelfView } from '#protocol/views.ts'
import type { Bill } from '#core/bill.ts'
import type { Good } from '#core/goods.ts'
import { unitOf } from '#core/money.ts'
import type { Share } from '#core/pricing.ts'
import { NO_DETAILS, type Rounding } from '#core/shop.ts'
import { EMPTY_SHELF, type Shelf } from '#apps/shared/shelf.ts'
import { billToWire } from '#protocol/bill.ts'
import type { Locale } from '#ui/i18n.ts'
import type { WatchStatus } from '#sdk/watching.ts'
import { saidNothing, type Portrait } from './counter.ts'
import { billOf, draftOf, EMPTY_DRAFT, isEmpty, withTypedLine, type Draft } from './draft.ts'
import { words } from './words.ts'
import { goodsShown, openGood, tipGood, nameOf, type SaleTerms } from './goods.ts'
import { arrivedBetween, NO_KITCHEN, type Kitchen } from './kitchen.ts'
import type { Question, QuestionDraft } from './question.ts'

/** The way of meeting by the customer's code, as screens/more-ways.tsx names it. */
export const CUSTOMER_CODE = 'customer-code'
/** For a phone without a network; and what was sold while the register had none. */
export const HAND_BACK = 'hand-back'
export const OFFLINE_SALES = 'offline-sales'

/** A deal whose offer was sent and not answered yet: enough to send it again after a crash. */
export type Opening = Readonly<{
  deal: string
  bill: BillWire | null
  question: Question | null
  /** of the customer, where one was read */
  code?: string
}>

/** What survives a reload; the rest comes from the hub. */
export type Kept = Readonly<{ current: string | null; opening: Opening | null; draft: Draft; sent: Draft | null }>

export type Busy = 'open' | 'renew' | 'bill' | 'cancel' | 'release' | 'permit' | 'challenge' | 'enrol'
export type SheetName = 'cancel' | 'release' | 'refund' | 'deliver' | 'settings' | 'terms' | 'weigh' | 'tip' | 'camera'

/** `starting`: not known yet who we are · `code`: a one-time code is asked for · `till`: enrolled and at work */
export type Stage = 'starting' | 'code' | 'till'

export type Terminal = Extract<SelfView, { kind: 'terminal' }>

export type RegisterState = Readonly<{
  stage: Stage
  scheme: SchemeView | null
  self: Terminal | null
  connection: WatchStatus
  /** the hub's clock minus ours */
  clockOffsetMs: number
  /** the deal on the screen; null while nothing but the draft is there */
  current: string | null
  deal: DealView | null
  opening: Opening | null
  /** the number whose time has run out by our clock, before the hub says so */
  overNumber: string | null
  draft: Draft
  /** how the last bill that was sent had been keyed in: it is changed from there */
  sent: Draft | null
  /** all goods of the shop, empty until its price file was read */
  goods: Shelf
  /** how the shop rounds tax */
  rounding: Rounding
  /** what is typed to find a good */
  query: string
  /** the good that is being weighed */
  weighing: Good | null
  /** a code that was read and is no good of this shop's, or could not be read right */
  unknown: Readonly<{ code: string; isMisread: boolean }> | null
  /** the draft is meant for the deal on the screen, to change its bill */
  isEditing: boolean
  keys: 'amount' | 'goods'
  busy: Busy | null
  problem: Problem | null
  sheet: SheetName | null
  /** the line of the draft whose terms are on the sheet */
  termsOf: number
  place: 'till' | 'history' | 'record' | 'ask' | 'way' | 'kitchen'
  /** which further way of meeting the customer is on the screen, by its id in screens/more-ways.tsx */
  way: string | null
  /** the question being put together */
  question: QuestionDraft
  /** who works here and who has signed in; null while that is not known */
  staff: StaffHereView | null
  /** `needed`: nothing goes on before somebody signs in · `switch`: somebody else may take over */
  signIn: 'needed' | 'switch' | null
  /** the payment whose payer the cashier has known by the picture */
  known: string | null
  portrait: Portrait | null
  /** the payment whose phone the cashier let go */
  released: string | null
  /** the last phone was asked for the password and said nothing */
  isSilent: boolean
  record: DealView | null
  deals: readonly DealView[] | null
  /** pass as `before` for older deals */
  older: string | null
  /** what the tables have ordered */
  kitchen: Kitchen
}>

export const START: RegisterState = {
  stage: 'starting',
  scheme: null,
  self: null,
  connection: 'connecting',
  clockOffsetMs: 0,
  current: null,
  deal: null,
  opening: null,
  overNumber: null,
  draft: EMPTY_DRAFT,
  sent: null,
  goods: EMPTY_SHELF,
  rounding: NO_DETAILS.rounding,
  query: '',
  weighing: null,
  unknown: null,
  isEditing: false,
  keys: 'amount',
  busy: null,
  problem: null,
  sheet: null,
  termsOf: 0,
  place: 'till',
  way: null,
  question: { preset: null, attributes: [], reason: '' },
  staff: null,
  signIn: null,
  known: null,
  portrait: null,
  released: null,
  isSilent: false,
  record: null,
  deals: null,
  older: null,
  kitchen: NO_KITCHEN,
}

export type Screen =
  | 'starting'
  | 'code'
  | 'sign-in'
  | 'keying'
  | 'way'
  | 'ask'
  | 'opening'
  | 'open'
  | 'expired'
  | 'joined'
  | 'authorising'
  | 'paid'
  | 'proven'
  | 'ended'
  | 'history'
  | 'record'
  | 'kitchen'

/** Which screen this state is. */
export function screenOf(state: RegisterState): Screen {
  if (state.stage !== 'till') return state.stage
  if (state.signIn !== null) return 'sign-in'
  if (state.place !== 'till') return state.place === 'record' && state.record === null ? 'history' : state.place
  if (state.current === null) return 'keying'
  return state.deal === null ? 'opening' : screenOfDeal(state.deal, state.overNumber)
}

/** What a deal looks like on the till. */
export function screenOfDeal(deal: DealView, overNumber: string | null = null): Screen {
  switch (deal.state) {
    case 'open':
      return deal.ticket?.number === overNumber ? 'expired' : 'open'
    case 'expired':
      return 'expired'
    case 'joined':
      return 'joined'
    case 'authorising':
      return 'authorising'
    case 'held':
    case 'settled':
      return 'paid'
    case 'proven':
      return 'proven'
    case 'withdrawn':
    case 'ended':
      return 'ended'
  }
}

/** May a phone still pay it? */
export const isLive = (deal: DealView): boolean => ['open', 'joined', 'authorising'].includes(deal.state)

/**
 * The state after the hub showed a deal. Whatever is live there belongs on the screen, also when another window opened
 * it; what is over is shown only if it was on the screen, so that yesterday's payment does not greet the cashier.
 */
export function withView(state: RegisterState, view: DealView): RegisterState {
  const deals = state.deals && withDeal(state.deals, view)
  const record = state.record !== null && isNewer(view, state.record) ? view : state.record
  const next = { ...state, deals, record }
  if (view.deal === state.current) {
    if (state.deal !== null && (state.deal.version > view.version || isBetweenNumbers(state.deal, view))) return next
    const isEditing = next.isEditing && (view.state === 'joined' || view.state === 'open')
    const sheet = isLive(view) || state.place !== 'till' ? state.sheet : withoutTillSheet(state.sheet)
    // A question leaves the bill that is being keyed in alone.
    const isKept = view.question !== null || (isLive(view) && (isEditing || view.bill === null))
    const draft = isKept ? state.draft : EMPTY_DRAFT
    const isSilent = view.state === 'open' && (state.isSilent || saidNothing(state.deal, view, state.released))
    // The view may come before the answer to the offer: from here on the cashier can act.
    const busy = state.busy === 'open' ? null : state.busy
    return { ...next, deal: view, opening: null, isEditing, sheet, draft, busy, isSilent }
  }
  if (state.opening !== null || !isLive(view)) return next
  const draft = view.question === null ? EMPTY_DRAFT : state.draft
  return { ...next, current: view.deal, deal: view, isEditing: false, draft, place: 'till', isSilent: false }
}

/** A phone that is let go ends its payment first, and then the deal gets its new number: that is awaited, as one step. */
const isBetweenNumbers = (before: DealView, { state, ended }: DealView): boolean =>
  isLive(before) && state === 'ended' && (ended === 'idle' || ended === 'released')

/** The list with the deal as it is now; one that is not in it yet is the newest. */
const withDeal = (deals: readonly DealView[], view: DealView): readonly DealView[] =>
  deals.some(({ deal }) => deal === view.deal)
    ? deals.map((deal) => (isNewer(view, deal) ? view : deal))
    : [view, ...deals].sort((left, right) => right.openedAt - left.openedAt)

const isNewer = (view: DealView, known: DealView): boolean => view.deal === known.deal && view.version >= known.version

/** A sheet asked about a deal that is over by now: there is nothing left to ask. */
const withoutTillSheet = (sheet: SheetName | null): SheetName | null =>
  sheet === 'cancel' || sheet === 'release' ? null : sheet

/** A deal is being opened under an id made here. The draft stays until the hub has answered. */
export const withOpening = (state: RegisterState, opening: Opening): RegisterState => ({
  ...state,
  current: opening.deal,
  deal: null,
  opening,
  busy: 'open',
  problem: null,
  sheet: null,
  place: 'till',
  isSilent: false,
})

/** The hub said no to the offer: back to keying, with everything still there. */
export const withOpeningRefused = (state: RegisterState, problem: Problem): RegisterState =>
  withProblem(
    {
      ...state,
      current: null,
      deal: null,
      opening: null,
      draft: isEmpty(state.draft) && state.opening?.bill ? draftOf(state.opening.bill) : state.draft,
      busy: null,
      ...placeAfter(state),
    },
    problem,
  )

/** Back to where the offer was put together: the question, the customer's code, the bill. */
function placeAfter({ opening, place, way }: RegisterState): Pick<RegisterState, 'place' | 'way'> {
  if (opening?.code !== undefined) return { place: 'way', way: CUSTOMER_CODE }
  return { place: opening?.question ? 'ask' : place, way }
}

/** What the hub said no to is shown; where nobody has signed in, that is asked instead, and everything waits as it is. */
export const withProblem = (state: RegisterState, problem: Problem | null): RegisterState =>
  problem?.code === 'cashier-needed' ? { ...state, problem: null, signIn: 'needed' } : { ...state, problem }

/** The hub told who works here. Somebody has to be signed in where the shop has staff. */
export function withStaff(state: RegisterState, staff: StaffHereView): RegisterState {
  const isNeeded = staff.needed && staff.cashier === null
  const signIn = isNeeded ? 'needed' : state.signIn === 'needed' ? null : state.signIn
  return { ...state, staff, signIn }
}

/** Somebody has signed in, or out. */
export const withSignedIn = (state: RegisterState, staff: StaffHereView): RegisterState => ({
  ...withStaff({ ...state, signIn: null }, staff),
  problem: null,
})

/** Is there anybody who could sign in here? */
export const hasStaff = ({ staff }: RegisterState): boolean =>
  staff !== null && (staff.needed || staff.staff.length > 0)

/** The next customer: an empty bill. */
export const withNextCustomer = (state: RegisterState): RegisterState => ({
  ...state,
  current: null,
  deal: null,
  opening: null,
  overNumber: null,
  draft: (state.deal?.question ?? state.opening?.question) ? state.draft : EMPTY_DRAFT,
  sent: null,
  unknown: null,
  query: '',
  isEditing: false,
  portrait: null,
  isSilent: false,
  busy: null,
  problem: null,
  sheet: null,
  place: 'till',
})

/** The bill of the deal on the screen is opened for changes. */
export const withEditing = (state: RegisterState): RegisterState =>
  state.deal?.bill ? { ...state, isEditing: true, draft: draftBehind(state, state.deal.bill), problem: null } : state

/** As it was keyed in here (prices before tax, weights, discounts), where the bill is still that one; else what the bill says. */
function draftBehind(state: RegisterState, wire: BillWire): Draft {
  const { sent } = state
  const isOurs = (['en', 'ja'] as const).some((locale) => {
    const terms = saleTermsOf(state, locale)
    const bill = sent && terms && billOf(sent, terms)
    return bill ? JSON.stringify(billToWire(bill)) === JSON.stringify(wire) : false
  })
  return isOurs && sent !== null ? sent : draftOf(wire)
}

export const withoutEditing = (state: RegisterState): RegisterState => ({
  ...state,
  isEditing: false,
  draft: EMPTY_DRAFT,
  problem: null,
})

/** Is an amount being keyed in on this screen? Then digits and goods go into the draft. */
export function isKeying(state: RegisterState): boolean {
  const screen = screenOf(state)
  if (screen === 'keying') return true
  if (state.deal === null || state.deal.question !== null) return false
  return (screen === 'open' || screen === 'joined') && (state.isEditing || state.deal.bill === null)
}

/** The goods that stand on the screen before anybody looks for one. */
export const goodsOf = ({ goods }: Pick<RegisterState, 'goods'>): readonly Good[] => goodsShown(goods)

/** What turns the draft into a bill; undefined while the hub's currency is not known. Bills are in the language of the counter. */
export function saleTermsOf({ scheme, goods, rounding }: RegisterState, locale: Locale): SaleTerms | undefined {
  const unit = unitOf(scheme?.unit ?? '')
  const tip = tipGood(goods)
  return (
    unit && {
      unit,
      rounding,
      keyed: { text: words[locale].keyed, tax: openGood(goods)?.tax ?? null },
      tip: { text: tip === undefined ? words[locale].tip : nameOf(tip, locale), tax: tip?.tax ?? null },
      locale,
    }
  )
}

/** The bill being keyed in, or undefined while there is nothing to pay. */
export function draftBillOf(state: RegisterState, locale: Locale): Bill | undefined {
  const terms = saleTermsOf(state, locale)
  return terms && billOf(state.draft, terms)
}

/** Remembers how the bill that is being sent was keyed in; the amount that was not finished yet is its last line. */
export function withSent(state: RegisterState, locale: Locale): RegisterState {
  const terms = saleTermsOf(state, locale)
  return { ...state, sent: terms === undefined ? null : withTypedLine(state.draft, terms.keyed) }
}

/** The draft with a tip, or without one; an empty bill has none. */
export const withTip = (state: RegisterState, tip: Share | null): RegisterState => ({
  ...state,
  draft: { ...state.draft, tip: isEmpty(state.draft) ? null : tip },
})

export const keptOf = ({ current, opening, draft, sent }: RegisterState): Kept => ({ current, opening, draft, sent })

/** What is stored is our own; an older form of it counts as nothing. */
export function readKept(stored: unknown): Kept {
  if (
    typeof stored !== 'object' ||
    stored === null ||
    !('current' in stored && 'opening' in stored && 'draft' in stored)
  ) {
    return { current: null, opening: null, draft: EMPTY_DRAFT, sent: null }
  }
  // A border: this program alone writes here; before there were questions an opening had none, and before price files a draft no tip.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const { current, opening, draft, sent } = stored as Kept
  return {
    current,
    draft: isDraft(draft) ? draft : EMPTY_DRAFT,
    sent: isDraft(sent) ? sent : null,
    opening: opening && { ...opening, question: opening.question ?? null },
  }
}

const isDraft = (draft: Draft | null | undefined): draft is Draft => draft != null && 'tip' in draft

/** What is worth a sound and a word when one state follows another. */
export type Moment =
  | 'joined'
  | 'paid'
  | 'proven'
  | 'declined'
  | 'let-go'
  | 'silent'
  | 'passed'
  | 'wrong'
  | 'ended'
  | 'expired'
  /** something came in from a table */
  | 'ordered'

/** What has happened between two states of the same register. */
export function momentBetween(before: RegisterState, after: RegisterState): Moment | null {
  if (arrivedBetween(before.kitchen, after.kitchen).length > 0) return 'ordered'
  if (after.deal === null || before.deal?.deal !== after.deal.deal) return null
  const [was, is] = [screenOfDeal(before.deal, before.overNumber), screenOfDeal(after.deal, after.overNumber)]
  if (was === is) return whileThere(before.deal, after.deal)
  if (was === 'joined' && is === 'open') return after.isSilent ? 'silent' : 'let-go'
  return is === 'joined' || is === 'paid' || is === 'proven' || is === 'ended' || is === 'expired' ? is : null
}

function whileThere(before: DealView, after: DealView): Moment | null {
  if (before.challenge === 'asked' && after.challenge === 'passed') return 'passed'
  if (after.challengeFailures > before.challengeFailures) return 'wrong'
  return after.declines > before.declines ? 'declined' : null
}
