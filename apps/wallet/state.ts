// What the wallet knows and shows, and how each thing that happens changes it. Pure: no page, no network, no clock.
//
//   starting ─▶ begin (beginning.ts) ─▶ choose-pin ─▶ add-passkey ─▶ home ⇄ scan, history, settings (mine.ts), receipt
//                                                                     └─▶ payment (joined · paid · proven · ended) ─▶ home
import type { ForeignCode } from '#core/foreign-codes.ts'
import type { Askable } from '#core/persona.ts'
import type { CardRow } from '#protocol/cards.ts'
import type { PointDealView, PointView } from '#protocol/points.ts'
import type { Problem } from '#protocol/problems.ts'
import type { ContactView, DealView, EntryView, InboxView, PaymentView, SchemeView, SelfView } from '#protocol/views.ts'
import type { ShownCode } from '#sdk/customer-code.ts'
import type { BillToSign } from '#sdk/hand-back.ts'
import type { CheckFault, PurchaseToSign } from '#sdk/purchase.ts'
import type { Gathered } from '#sdk/purchase-codes.ts'
import type { SendOutcome } from '#sdk/outcome.ts'
import type { PasskeyObstacle } from '#sdk/passkey.ts'
import type { WatchStatus } from '#sdk/watching.ts'
import type { BeginningPlace } from './beginning.ts'
import type { CardIdPlace } from './card-id.ts'
import type { SignedHere } from './purchase.ts'
import type { Table, TablePlace } from './table.ts'
import {
  cardToOffer,
  isOtherMeans,
  isShort,
  keyOf,
  missingNow,
  NOTHING_KNOWN,
  optionsFor,
  type Known,
} from './means.ts'
import type { Standing } from './methods.ts'
import { isKeyOnly, NOTHING_READ, toldWith, type Mine, type MyPlace, type Told } from './mine.ts'

export type DeviceSelf = Extract<SelfView, { kind: 'device' }>

/** What the scanner has found of a purchase: some of its codes, or what is wrong with it. */
export type ScannedPurchase =
  Readonly<{ kind: 'parts'; gathered: Gathered }> | Readonly<{ kind: 'fault'; why: CheckFault }>

export type Place =
  | Readonly<{ at: 'starting' }>
  | Readonly<{ at: 'stopped'; why: 'no-storage' | 'no-answer' | 'unknown-here' | 'removed' }>
  | BeginningPlace
  | MyPlace
  | TablePlace
  | Readonly<{ at: 'enrol'; busy: boolean; problem: Problem | null }>
  | Readonly<{ at: 'choose-pin'; busy: boolean; problem: Problem | null }>
  | Readonly<{
      at: 'add-passkey'
      busy: boolean
      problem: Problem | null
      from: 'enrolment' | 'security'
      roaming: boolean
    }>
  | Readonly<{ at: 'home' }>
  | Readonly<{ at: 'scan'; refused: 'other-hub' | 'unknown' | ForeignCode | null; purchase?: ScannedPurchase }>
  | Readonly<{ at: 'my-code'; shown: ShownCode | null; problem: Problem | null }>
  | CardIdPlace
  | Readonly<{
      at: 'point'
      point: string
      view: PointView | null
      /** data: address of its picture */
      picture: string | null
      /** what was asked of the hub last: for the same amount it is asked in the same words */
      asked: Readonly<{ command: string; amount: string | null }> | null
      opened: PointDealView | null
      busy: boolean
      problem: Problem | null
    }>
  | Readonly<{ at: 'history' }>
  | Readonly<{ at: 'settings' }>
  | Readonly<{ at: 'statement'; unit: string }>
  | Readonly<{ at: 'contacts' }>
  | Readonly<{ at: 'bill-shown'; bill: BillToSign; link: string; busy: boolean; problem: Problem | null }>
  | Readonly<{ at: 'sign'; bill: BillToSign; busy: boolean; problem: Problem | null }>
  | Readonly<{ at: 'signed'; bill: BillToSign; link: string; until: number }>
  | Readonly<{
      at: 'purchase'
      purchase: PurchaseToSign
      clockOffsetMs: number
      busy: boolean
      problem: Problem | null
    }>
  | Readonly<{
      at: 'purchase-signed'
      signed: SignedHere
      /** for the register to read */
      code: string
      clockOffsetMs: number
      busy: boolean
      problem: Problem | null
    }>
  | Readonly<{ at: 'ask'; busy: boolean; problem: Problem | null }>
  | Readonly<{ at: 'asking'; deal: string; view: DealView | null; busy: boolean; problem: Problem | null }>
  | Readonly<{
      at: 'receipt'
      payment: string
      view: PaymentView | null
      problem: Problem | null
      from: 'home' | 'history'
    }>
  | Readonly<{ at: 'payment' }>

/** What the phone is asking the hub to do with the payment on its screen. */
export type Step = 'approve' | 'respond' | 'prove' | 'decline'

/** What wants a proof of the owner. */
export type ProvenStep = 'approve' | 'respond' | 'prove'

/** The payment on the screen. It is kept over reloads by its id. */
export type Current = Readonly<{
  payment: string
  view: PaymentView | null
  sending: Step | null
  problem: Problem | null
  /** the browser asks for the passkey, which may take as long as the person does */
  isAskingPasskey: boolean
  /** the PIN is being asked for */
  proof: Readonly<{ step: ProvenStep; problem: Problem | null }> | null
  /** of a question: what the person has turned on or off; the rest stands as their releases say */
  chosen: Partial<Record<Askable, boolean>>
  /** it came while this phone was showing its code; one that came otherwise may be a stranger's who has a picture of it */
  wasShowing: boolean
  /** the bill is another than the one that was shown first */
  isChanged: boolean
  /** the version of the bill for which the means were looked for, or chosen by hand */
  settledFor: number | null
  /** the hub is asked for other means */
  isChoosing: boolean
  /**
   * the rate ran out, and was looked up again: is the amount another now? or what a card costs is another (terms), or its method is not
   * offered any more (gone)
   */
  renewed: 'changed' | 'same' | 'terms' | 'gone' | null
}>

export type History = Readonly<{
  entries: readonly EntryView[]
  unit: string
  next: string | null
  status: 'loading' | 'ready' | 'failed'
}>

export type State = Readonly<{
  place: Place
  /** which phone this is, where one browser holds several */
  device: string
  label: string
  scheme: SchemeView | null
  self: DeviceSelf | null
  passkeys: Readonly<{ possible: true }> | Readonly<{ possible: false; reason: PasskeyObstacle }>
  connection: WatchStatus
  /** what the browser says of its network; it notices a pulled cable before a connection does */
  isOnline: boolean
  /** the hub's clock minus this machine's, in ms */
  clockOffsetMs: number
  inbox: InboxView | null
  /** when the inbox was seen, by the hub's clock; 0 for never */
  inboxAt: number
  provedAt: number
  /** digits of the PIN, where they are known here */
  pinLength: number | null
  demoPin: string | null
  /** a passkey was made or used on this very phone, so it is asked for first */
  isPasskeyHere: boolean
  typed: string
  joining: 'number' | 'link' | null
  joinProblem: Problem | null
  current: Current | null
  history: History | null
  contacts: readonly ContactView[] | null
  /** the bills this phone has sent to people, newest first */
  asked: readonly DealView[] | null
  mine: Mine
  /** rates, bank accounts and cards */
  means: Known
  /** where this phone orders */
  table: Table | null
  /** purchases signed here of which it is not known what became, and those of which it was found out since */
  purchases: readonly SignedHere[]
  purchasesDone: readonly PaymentView[]
  /** questions that were answered on this phone, newest first */
  told: readonly Told[]
  /** notifications of this phone; `detail`: with names and amounts */
  notifies: Readonly<{ isOn: boolean; detail: boolean }>
  isUpdateReady: boolean
}>

export const firstState = (device: string): State => ({
  place: { at: 'starting' },
  device,
  label: '',
  scheme: null,
  self: null,
  passkeys: { possible: false, reason: 'unsupported' },
  connection: 'connecting',
  isOnline: true,
  clockOffsetMs: 0,
  inbox: null,
  inboxAt: 0,
  provedAt: 0,
  pinLength: null,
  demoPin: null,
  isPasskeyHere: false,
  typed: '',
  joining: null,
  joinProblem: null,
  current: null,
  history: null,
  contacts: null,
  asked: null,
  mine: NOTHING_READ,
  means: NOTHING_KNOWN,
  table: null,
  purchases: [],
  purchasesDone: [],
  told: [],
  notifies: { isOn: false, detail: false },
  isUpdateReady: false,
})

// ---- reading the state

export const isFinal = (view: PaymentView): boolean =>
  view.state === 'settled' || view.state === 'proven' || view.state === 'ended'

/** Paid as far as the person is concerned: settled, or set aside until delivery. */
export const isPaid = (view: PaymentView): boolean => view.state === 'settled' || view.state === 'held'

/** Does the approval of this bill want a fresh proof of the owner? The hub decides; this only saves asking in vain. */
export function wantsProof(state: State, view: PaymentView, now: number): boolean {
  // Met by a card's user id, a phone that has not answered the shop does so by the proof.
  if (view.freshProof || view.attested === false || state.scheme === null || isKeyOnly(state.mine)) return true
  return now - state.provedAt >= state.scheme.unlockMs
}

/** What is missing for this bill by the last known balance; nothing while it is being found out what else could pay. */
export const missingFor = (state: State, view: PaymentView): Readonly<{ amount: bigint; unit: string }> =>
  isSettling(state, view) ? { amount: 0n, unit: view.bill?.unit ?? '' } : missingNow(state.inbox?.balances ?? [], view)

/** The card to suggest for this bill: where the account is not enough, and nothing else is. */
export function offeredFor(state: State, view: PaymentView, now: number): CardRow | undefined {
  const balances = state.inbox?.balances ?? []
  if (view.bill === null || view.means.kind !== 'account' || !isShort(balances, view.bill)) return undefined
  return isSettling(state, view) ? undefined : cardToOffer(optionsFor(state.means, balances, view.bill, now))
}

/** The payments that go on by themselves: money set aside until delivery or the end of a cancellation period. */
export const heldPayments = (state: State): readonly PaymentView[] =>
  state.inbox?.payments.filter((view) => view.state === 'held') ?? []

/** The portions that the payer may still take back, with their place in the payment; each is one line of the bill. */
export const takeable = (view: PaymentView, now: number): { index: number; line: number; until: number }[] =>
  view.portions.flatMap(({ state, until, lines }, index) => {
    const [line] = lines
    const isOpen = state === 'held' && until !== null && until > now && line !== undefined
    return isOpen && view.bill?.lines[line]?.conditions.coolingOff ? [{ index, line, until }] : []
  })

/** Bills that people have sent straight here: they wait on the home screen and never open by themselves. */
export const unaskedPayments = (state: State): readonly PaymentView[] =>
  state.inbox?.payments.filter((view) => view.unasked && view.state === 'joined') ?? []

/** A payment that this person has joined, and that waits for a decision here: one met by a card's user id, on the phone it names alone. */
const isInHand = ({ self }: Pick<State, 'self'>, view: PaymentView): boolean =>
  view.state === 'joined' && !view.unasked && (view.way !== 'card-id' || view.device === self?.id)

// ---- what happens

export const went = (state: State, place: Place): State => ({ ...state, place })

/** Is there nothing to expect from the hub for the time being? */
export const isOffline = (state: State): boolean => !state.isOnline || state.connection === 'offline'

/** The code to show next, or why there is none; only where it is looked at. */
export const codeShown = (state: State, code: Readonly<{ shown: ShownCode | null; problem: Problem | null }>): State =>
  state.place.at === 'my-code' ? went(state, { at: 'my-code', ...code }) : state

export const connected = (state: State, connection: WatchStatus): State => ({ ...state, connection })

export const learntTheTime = (state: State, clockOffsetMs: number): State =>
  // The clock is only for lines that empty; a wobble of a few milliseconds is no news.
  Math.abs(clockOffsetMs - state.clockOffsetMs) < 250 ? state : { ...state, clockOffsetMs }

/** A person types the shop's number; what was wrong before is forgotten. */
export const typed = (state: State, digits: string): State => ({ ...state, typed: digits, joinProblem: null })

export const joinBegan = (state: State, how: 'number' | 'link'): State => ({
  ...state,
  place: { at: 'home' },
  joining: how,
  joinProblem: null,
})

export function joinAnswered(state: State, outcome: SendOutcome): State {
  const idle: State = { ...state, joining: null }
  if (!outcome.ok) return { ...idle, place: { at: 'home' }, joinProblem: outcome.problem }
  const view = outcome.view.payment
  return view === null ? idle : opened({ ...idle, typed: '' }, view.payment, view)
}

/** A payment takes the screen. */
export function opened(state: State, payment: string, view: PaymentView | null, sending: Step | null = null): State {
  if (state.current?.payment === payment) return view === null ? state : paymentArrived(state, view)
  const current: Current = {
    payment,
    view,
    sending,
    problem: null,
    isAskingPasskey: false,
    proof: null,
    chosen: {},
    wasShowing: state.place.at === 'my-code' || state.place.at === 'card-id',
    isChanged: false,
    settledFor: null,
    isChoosing: false,
    renewed: null,
  }
  return { ...state, place: { at: 'payment' }, current }
}

/** The newest view of a payment, whole; older ones are let pass. */
export function paymentArrived(state: State, view: PaymentView): State {
  const shown = { ...withReceipt(state, view), told: toldWith(state.told, view) }
  const { current } = shown
  if (current === null || current.payment !== view.payment) return shown
  const before = current.view
  if (before !== null && view.version < before.version) return shown
  if (view.state !== 'joined') {
    return { ...shown, current: { ...current, view, sending: null, proof: null, problem: null } }
  }
  const isOther = before !== null && before.billVersion !== view.billVersion
  const wasAsked = before?.challenge !== null && view.challenge === null
  const isOtherPay = before !== null && isOtherMeans(before.means, view.means)
  const isQuote = view.means.kind === 'exchange' && before !== null && keyOf(before.means) === keyOf(view.means)
  const isRenewed = isOtherPay && !isOther && isQuote
  return {
    ...shown,
    current: {
      ...current,
      view,
      isChanged: current.isChanged || (isOther && before.bill !== null),
      renewed: isRenewed ? 'changed' : isOther || isOtherPay ? null : current.renewed,
      // A proof is for one bill and one amount; and nobody answers a question that was taken back.
      proof: isOther || isOtherPay || (wasAsked && current.proof?.step === 'respond') ? null : current.proof,
      problem: isOther ? null : current.problem,
    },
  }
}

function withReceipt(state: State, view: PaymentView): State {
  const { place } = state
  if (place.at !== 'receipt' || place.payment !== view.payment) return state
  if (place.view !== null && place.view.version > view.version) return state
  return went(state, { ...place, view, problem: null })
}

/** Where nobody is in the middle of something. */
const FREE: ReadonlySet<Place['at']> = new Set([
  'home',
  'scan',
  'my-code',
  'card-id',
  'history',
  'settings',
  'profile',
  'shown',
  'phones',
  'cards',
])

/** A payment that waits for this person opens by itself, when the screen is free. */
export function inboxArrived(state: State, inbox: InboxView, inboxAt: number): State {
  const known: State = { ...state, inbox, inboxAt, provedAt: Math.max(state.provedAt, inbox.provedAt) }
  const updated = inbox.payments.reduce(paymentArrived, known)
  const waiting = inbox.payments.find((view) => isInHand(known, view))
  const isFree = FREE.has(updated.place.at) && updated.joining === null
  return waiting !== undefined && isFree ? opened({ ...updated, current: null }, waiting.payment, waiting) : updated
}

/** The newest view of a bill that this phone has sent. */
export function askedArrived(state: State, view: DealView): State {
  const asked =
    state.asked?.map((other) => (other.deal === view.deal && other.version <= view.version ? view : other)) ?? null
  const { place } = state
  if (place.at !== 'asking' || place.deal !== view.deal) return { ...state, asked }
  if (place.view !== null && place.view.version > view.version) return { ...state, asked }
  return went({ ...state, asked }, { ...place, view })
}

export function stepBegan(state: State, sending: Step): State {
  const { current } = state
  if (current === null) return state
  const proof = current.proof && { ...current.proof, problem: null }
  return { ...state, current: { ...current, sending, problem: null, renewed: null, proof } }
}

/** What only a new proof of the owner can mend; the PIN is asked for (again). */
const PROOF_PROBLEMS: ReadonlySet<string> = new Set(['proof-needed', 'proof-wrong', 'proof-locked', 'passkey-failed'])

/** The hub's answer to approve, respond or decline. `provenAt`: when a proof of the owner came with it, else 0. */
export function stepAnswered(
  state: State,
  payment: string,
  step: Step,
  outcome: SendOutcome,
  provenAt: number = 0,
): State {
  const view = outcome.view?.payment ?? null
  const provedAt = Math.max(state.provedAt, outcome.view?.provedAt ?? 0, outcome.ok ? provenAt : 0)
  const informed = view === null ? { ...state, provedAt } : paymentArrived({ ...state, provedAt }, view)
  const { current } = informed
  if (current === null || current.payment !== payment) return informed
  const idle: Current = { ...current, sending: null }
  if (outcome.ok) return { ...informed, current: { ...idle, proof: null, problem: null } }
  const { problem } = outcome
  if (current.view !== null && current.view.state !== 'joined')
    return { ...informed, current: { ...idle, proof: null } }
  if (isProven(step) && PROOF_PROBLEMS.has(problem.code) && !isKeyOnly(state.mine)) {
    return {
      ...informed,
      current: { ...idle, proof: { step, problem: problem.code === 'proof-needed' ? null : problem } },
    }
  }
  const isChanged = idle.isChanged || problem.code === 'bill-changed'
  const isCard = idle.view?.means.kind === 'card'
  const renewed = problem.code === 'means-changed' ? (idle.renewed ?? (isCard ? 'terms' : 'same')) : idle.renewed
  const said = isNews(problem) ? problem : null
  return { ...informed, current: { ...idle, isChanged, renewed, proof: null, problem: said } }
}

const isProven = (step: Step): step is ProvenStep => step !== 'decline'

/** The notices of the changed bill, of the new amount and of the shop that is asked say it already. */
const isNews = ({ code }: Problem): boolean => !SAID_BY_A_NOTICE.has(code)
const SAID_BY_A_NOTICE: ReadonlySet<string> = new Set(['bill-changed', 'shop-asked', 'rate-expired', 'means-changed'])

// ---- what to pay with

/** The means of this version of the bill were looked for, or chosen by hand: the wallet does not choose again. */
export function choiceSettled(state: State, payment: string, billVersion: number): State {
  const { current } = state
  if (current?.payment !== payment) return state
  return { ...state, current: { ...current, settledFor: billVersion, renewed: null } }
}

/** `told`: what was said of the means before it stays. */
export function choosingBegan(state: State, how: 'quietly' | 'told'): State {
  const { current } = state
  if (current === null) return state
  return { ...state, current: { ...current, isChoosing: true, problem: how === 'told' ? current.problem : null } }
}

export function choosingAnswered(state: State, payment: string, outcome: SendOutcome, how: 'quietly' | 'told'): State {
  const view = outcome.view?.payment ?? null
  const informed = view === null ? state : paymentArrived(state, view)
  const { current } = informed
  if (current === null || current.payment !== payment) return informed
  const problem = outcome.ok ? current.problem : outcome.problem
  const isSame = how === 'told' && outcome.ok && current.renewed === null && current.problem === null
  return {
    ...informed,
    current: { ...current, isChoosing: false, problem, renewed: isSame ? 'same' : current.renewed },
  }
}

/** The hub has said whether a payment by card still costs what is on the screen. */
export function standingKnown(state: State, payment: string, standing: Standing): State {
  const { current } = state
  if (current?.payment !== payment) return state
  const idle: Current = { ...current, isChoosing: false }
  switch (standing) {
    case 'same':
      return { ...state, current: idle }
    case 'changed':
      return { ...state, current: { ...idle, renewed: 'terms' } }
    case 'gone':
      return { ...state, current: { ...idle, renewed: 'gone' } }
    default:
      return { ...state, current: { ...idle, problem: standing.problem } }
  }
}

/** Is it being found out what the bill could be paid with? */
export function isSettling({ current, inbox }: State, view: PaymentView): boolean {
  if (current === null || current.isChoosing) return current !== null
  if (inbox === null || view.bill === null || view.means.kind !== 'account') return false
  return current.settledFor !== view.billVersion && view.challenge === null && isShort(inbox.balances, view.bill)
}

/** An earlier life of the page was about to ask for something, and has not: nothing is under way. */
export function nothingLeft(state: State): State {
  const idle: State = { ...state, joining: null }
  return state.current === null ? idle : { ...idle, current: { ...state.current, sending: null } }
}

export function passkeyAsked(state: State, isAskingPasskey: boolean): State {
  return state.current === null ? state : { ...state, current: { ...state.current, isAskingPasskey } }
}

export function proofAsked(state: State, step: ProvenStep): State {
  return state.current === null ? state : { ...state, current: { ...state.current, proof: { step, problem: null } } }
}

/** The person turns one switch of a question. */
export function answerChosen(state: State, attribute: Askable, isOn: boolean): State {
  const { current } = state
  if (current === null || current.sending !== null) return state
  return { ...state, current: { ...current, chosen: { ...current.chosen, [attribute]: isOn } } }
}

export const learntMine = (state: State, news: Partial<Mine>): State => ({ ...state, mine: { ...state.mine, ...news } })

export function proofLeft(state: State): State {
  return state.current === null ? state : { ...state, current: { ...state.current, proof: null } }
}

/** The person is done with the payment on the screen; another one that waits is next. */
export function closed(state: State): State {
  const home: State = { ...state, place: { at: 'home' }, current: null }
  const next = state.inbox?.payments.find((view) => isInHand(state, view) && view.payment !== state.current?.payment)
  return next === undefined ? home : opened(home, next.payment, next)
}

export function historyArrived(
  state: State,
  page: Readonly<{ entries: readonly EntryView[]; unit: string; next: string | null }>,
  isMore: boolean,
): State {
  const before = isMore ? (state.history?.entries ?? []) : []
  const entries = [...before, ...page.entries.filter(({ number }) => !before.some((entry) => entry.number === number))]
  return { ...state, history: { entries, unit: page.unit, next: page.next, status: 'ready' } }
}

export function historyStatus(state: State, status: History['status'], unit: string): State {
  const known = state.history ?? { entries: [], unit, next: null, status }
  return { ...state, history: { ...known, status } }
}

// ---- what is worth a sound and a word

export type Notice =
  'joined' | 'billed' | 'changed' | 'asked' | 'questioned' | 'paid' | 'proven' | 'refunded' | 'ended' | 'trouble'

/** The news between two states, for ears: sounds, vibration and screen readers. */
export function noticeOf(before: State, after: State): Notice | null {
  const [old, now] = [before.current, after.current]
  if (now === null) return before.joinProblem === null && after.joinProblem !== null ? 'trouble' : null
  if (now.problem !== null && now.problem !== old?.problem) return 'trouble'
  if (now.proof?.problem && now.proof.problem !== old?.proof?.problem) return 'trouble'
  const view = now.view
  if (view === null) return null
  const seen = old?.payment === now.payment ? old.view : null
  if (seen === null) return view.state !== 'joined' ? null : view.question === null ? 'joined' : 'questioned'
  if (view.state === 'proven' && seen.state !== 'proven') return 'proven'
  if (isPaid(view) && !isPaid(seen)) return seen.state === 'ended' ? null : 'paid'
  if (view.state === 'ended' && seen.state !== 'ended') return 'ended'
  if (view.refunds.length > seen.refunds.length) return 'refunded'
  if (view.billVersion !== seen.billVersion) return seen.bill === null ? 'billed' : 'changed'
  return view.challenge !== null && view.challenge.nonce !== seen.challenge?.nonce ? 'asked' : null
}
