// Paying: join, approve, answer, decline. The SDK repeats each command until it is answered; here is only what is asked
// for, and that a reload comes back to it.
import { parseTypedNumber } from '#core/numbers.ts'
import type { Askable } from '#core/persona.ts'
import type { CommandBody } from '#protocol/commands.ts'
import { problemOf, type Problem } from '#protocol/problems.ts'
import type { PaymentView } from '#protocol/views.ts'
import { answerQuestion, approve, respond, type Prove } from '#sdk/approval.ts'
import type { Resumed } from '#sdk/outbox.ts'
import type { SendOutcome } from '#sdk/outcome.ts'
import { withPasskey } from '#sdk/passkey.ts'
import { withConfirmation } from '#sdk/payment-confirmation.ts'
import { withPin } from '#sdk/scram.ts'
import type { Desk } from './hub.ts'
import type { Memory } from './memory.ts'
import { cardStands, renewQuote } from './choosing.ts'
import { answersTo, isKeyOnly, releasedBy, releasesFor, shownIfAll } from './mine.ts'
import { readProfile, readReleases } from './profile.ts'
import { bySecurityKey } from './security.ts'
import * as when from './state.ts'
import type { Step } from './state.ts'

/** What this life of the page has in hand: commands it sent itself, and the payment it watches. */
export type Hands = {
  sending: number
  isFinishing: boolean
  follows: Readonly<{ payment: string; stop: () => void }> | null
  /** ends the watching of the bill to somebody that is on the screen */
  followsAsked: (() => void) | null
  /** while the browser asks for the passkey: goes on without it */
  leavePasskey: (() => void) | null
  /** while the phone's own code is on the screen */
  leaveCode: (() => void) | null
  /** while this phone waits to be let in */
  stopWaiting: (() => void) | null
}

export const emptyHands = (): Hands => ({
  sending: 0,
  isFinishing: false,
  follows: null,
  followsAsked: null,
  leavePasskey: null,
  leaveCode: null,
  stopWaiting: null,
})

/** A receipt this old is history. */
const RECEIPT_LIFE_MS = 5 * 60_000

// ---- joining

/** Joins by the number that was typed; one with a wrong check digit is never sent, so an honest slip costs no try. */
export async function joinTyped(desk: Desk): Promise<void> {
  const read = parseTypedNumber(desk.state().typed)
  if (!read.ok || desk.state().joining !== null) return
  await join(desk, 'number', { kind: 'number', number: read.number })
}

/** Joins by the link's token. Joining moves no money, so it is done at once, and once. */
export async function joinLink(desk: Desk, token: string): Promise<void> {
  if (desk.state().joining !== null) return
  await join(desk, 'link', { kind: 'token', token })
}

async function join(desk: Desk, how: 'number' | 'link', credential: CommandBody<'join'>['credential']): Promise<void> {
  desk.update((state) => when.joinBegan(state, how))
  const sent = inHand(desk, desk.client.send('join', { credential }))
  // The outbox has it now: a reload resumes that and does not join a second time.
  await desk.memory.keep({ joining: how, link: null })
  joined(desk, await sent)
}

function joined(desk: Desk, outcome: SendOutcome): void {
  desk.update((state) => when.joinAnswered(state, outcome))
  void desk.memory.keep({ joining: null })
  followShown(desk)
}

// ---- deciding

/** Approves the bill on the screen: at once while the unlock lasts, else with the passkey, else the PIN is asked for. */
export async function approveShown(desk: Desk): Promise<void> {
  const view = shownView(desk)
  // While it is found out what to pay with, what would be approved is not on the screen yet.
  if (view === undefined || when.isSettling(desk.state(), view)) return
  if (!(await cardStands(desk, view))) return undefined
  if (!when.wantsProof(desk.state(), view, desk.now())) return step(desk, 'approve', view)
  if (hasPasskey(desk)) return step(desk, 'approve', view, byPasskey(desk, view))
  return desk.update((state) => when.proofAsked(state, 'approve'))
}

/** The shop asks whether the owner is there: always a fresh proof. */
export function answerShown(desk: Desk): void {
  const view = shownView(desk)
  if (view === undefined) return
  if (hasPasskey(desk)) return void step(desk, 'respond', view, byPasskey(desk))
  desk.update((state) => when.proofAsked(state, 'respond'))
}

/** Answers the question on the screen with what is switched on, and always with a fresh proof. */
export function confirmShown(desk: Desk): void {
  const view = shownView(desk)
  if (view === undefined || view.question === null) return
  if (hasPasskey(desk)) return void step(desk, 'prove', view, byPasskey(desk))
  desk.update((state) => when.proofAsked(state, 'prove'))
}

/** What the person lets the asker see: what stands on the screen. */
function released({ state }: Desk, { question, biller }: PaymentView): Askable[] {
  const { mine, current } = state()
  if (question === null) return []
  const releases = mine.releases && releasesFor(mine.releases, biller.party)
  return releasedBy(answersTo(question, releases, current?.chosen ?? {}, mine.profile && shownIfAll(mine.profile)))
}

/** Lets the shop of the bill on the screen see these too, once; null when it is done. */
export async function showMore(desk: Desk, payment: string, attributes: readonly Askable[]): Promise<Problem | null> {
  const outcome = await desk.client.send('show', { payment, attributes: [...attributes] })
  const view = outcome.view?.payment ?? null
  if (view !== null) desk.update((state) => when.paymentArrived(state, view))
  return outcome.ok ? null : outcome.problem
}

/** What the switches of a question, and the line under a bill, say of this person. */
export async function readForShowing(desk: Desk): Promise<void> {
  await Promise.all([readReleases(desk), readProfile(desk)])
}

export function provePin(desk: Desk, pin: string): void {
  prove(desk, withPin(pin))
}

export function provePasskey(desk: Desk): void {
  const isBill = desk.state().current?.proof?.step === 'approve'
  prove(desk, byPasskey(desk, isBill ? shownView(desk) : undefined))
}

/**
 * The passkey, with a way back to the PIN for as long as the browser asks. One that worked here is asked for first next time. `bill`: of
 * a payment to approve, which the browser confirms by itself where it can.
 */
function byPasskey(desk: Desk, bill?: PaymentView): Prove {
  return async (approval, identity) => {
    desk.update((state) => when.passkeyAsked(state, true))
    const left = Promise.withResolvers<Awaited<ReturnType<Prove>>>()
    desk.hands.leavePasskey = () => left.resolve({ ok: false, problem: problemOf('passkey-failed') })
    const plain = isKeyOnly(desk.state().mine) ? bySecurityKey(desk) : withPasskey
    // Browsers confirm with the machine's own passkeys alone.
    const confirms = bill !== undefined && plain === withPasskey
    const prove = confirms ? withConfirmation(bill, withPasskey) : plain
    const proof = saidFor(desk, await Promise.race([prove(approval, identity), left.promise]))
    desk.hands.leavePasskey = null
    desk.update((state) => ({ ...when.passkeyAsked(state, false), isPasskeyHere: state.isPasskeyHere || proof.ok }))
    if (proof.ok) void desk.memory.keep({ isPasskeyHere: true })
    return proof
  }
}

/** Where nothing but the security key counts, "or enter the PIN" would lead nowhere. */
function saidFor(desk: Desk, proof: Awaited<ReturnType<Prove>>): Awaited<ReturnType<Prove>> {
  const isMissing = !proof.ok && proof.problem.code === 'passkey-failed' && isKeyOnly(desk.state().mine)
  return isMissing ? { ok: false, problem: problemOf('security-key-needed') } : proof
}

/** Goes on without the passkey, which then counts as not used: the PIN is asked for. */
export const leavePasskey = ({ hands }: Desk): void => hands.leavePasskey?.()

function prove(desk: Desk, proof: Prove): void {
  const view = shownView(desk)
  const asked = desk.state().current?.proof
  if (view !== undefined && asked) void step(desk, asked.step, view, proof)
}

export function declineShown(desk: Desk): void {
  const view = desk.state().current?.view
  if (view !== null && view !== undefined) void step(desk, 'decline', view)
}

export async function askForTime(desk: Desk): Promise<void> {
  const view = shownView(desk)
  if (view !== undefined) await desk.client.send('attend', { payment: view.payment })
}

async function step(desk: Desk, name: Step, view: PaymentView, proof?: Prove): Promise<void> {
  if (desk.state().current?.sending !== null) return
  desk.update((state) => when.stepBegan(state, name))
  keepShown(desk)
  const outcome = await inHand(desk, send(desk, name, view, proof))
  answered(desk, view.payment, name, outcome, proof === undefined ? 0 : desk.now())
}

function send(desk: Desk, name: Step, view: PaymentView, proof: Prove | undefined): Promise<SendOutcome> {
  const { client } = desk
  if (name === 'decline') return client.send('decline', { payment: view.payment })
  if (name === 'approve') return approve(client, view, proof)
  if (name === 'prove') return answerQuestion(client, view, released(desk, view), proof ?? withPasskey)
  return respond(client, view, proof ?? withPasskey)
}

function answered(desk: Desk, payment: string, name: Step, outcome: SendOutcome, provenAt: number = 0): void {
  desk.update((state) => when.stepAnswered(state, payment, name, outcome, provenAt))
  keepShown(desk)
  if (!outcome.ok && outcome.problem.code === 'rate-expired') void renewQuote(desk, 'told')
}

/** The person has seen how it ended. */
export function closeShown(desk: Desk): void {
  desk.update(when.closed)
  followShown(desk)
}

/** A bill that somebody has sent straight here takes the screen. */
export function openWaiting(desk: Desk, payment: string): void {
  const view = desk.state().inbox?.payments.find((open) => open.payment === payment) ?? null
  desk.update((state) => when.opened({ ...state, current: null }, payment, view))
  followShown(desk)
}

/** A notification was tapped: its payment takes the screen, or its receipt when it is over. */
export async function openLinked(desk: Desk, payment: string): Promise<void> {
  const answer = await desk.client.payment(payment)
  if (!answer.ok) return desk.update((state) => ({ ...when.went(state, { at: 'home' }), joinProblem: answer.problem }))
  const { view } = answer
  if (isHistory(desk, view)) {
    return desk.update((state) => when.went(state, { at: 'receipt', payment, view, problem: null, from: 'home' }))
  }
  desk.update((state) => when.opened({ ...state, current: null }, payment, view))
  followShown(desk)
}

// ---- coming back

/** Opens the payment that an earlier life of this page was in, as it was seen last. */
export function openStored(desk: Desk, stored: NonNullable<Memory['current']>): void {
  desk.update((state) => when.opened(state, stored.payment, stored.view, stored.sending))
  followShown(desk, true)
}

/** Sends again what has no answer yet, and shows what became of it. */
export async function finishLeft(desk: Desk): Promise<void> {
  const { hands } = desk
  if (hands.isFinishing) return
  hands.isFinishing = true
  for (const { name, body, outcome } of await desk.client.resume()) {
    if (name === 'join') joined(desk, outcome)
    const payment = paymentOf(body)
    if (payment === undefined) continue
    if (name === 'approve' || name === 'respond' || name === 'prove' || name === 'decline')
      answered(desk, payment, name, outcome)
  }
  hands.isFinishing = false
  if (hands.sending > 0) return
  desk.update(when.nothingLeft)
  void desk.memory.keep({ joining: null })
  keepShown(desk)
}

async function inHand<Result>({ hands }: Desk, sent: Promise<Result>): Promise<Result> {
  hands.sending += 1
  try {
    return await sent
  } finally {
    hands.sending -= 1
  }
}

const paymentOf = (body: Resumed['body']): string | undefined =>
  'payment' in body && typeof body.payment === 'string' ? body.payment : undefined

/** Watches the payment on the screen, and only that one. */
export function followShown(desk: Desk, isRestored: boolean = false): void {
  keepShown(desk)
  const payment = desk.state().current?.payment
  const { hands } = desk
  if (hands.follows?.payment === payment) return
  hands.follows?.stop()
  hands.follows = null
  if (payment === undefined) return
  let isNews = !isRestored
  const stop = desk.client.watch({ topic: 'payment', payment }, (view) => {
    if (!isNews && isHistory(desk, view)) return closeShown(desk)
    isNews = true
    desk.update((state) => when.paymentArrived(state, view))
    return keepShown(desk)
  })
  hands.follows = { payment, stop }
}

/** Over for so long that a wallet which is opened again starts at home. */
function isHistory(desk: Desk, view: PaymentView): boolean {
  return when.isFinal(view) && desk.now() - (view.approvedAt ?? view.joinedAt) > RECEIPT_LIFE_MS
}

/** Remembers what is on the screen, so that a reload comes back to it. */
function keepShown({ memory, state }: Desk): void {
  const { current, told } = state()
  if (told !== memory.get().told) void memory.keep({ told })
  const stored = memory.get().current
  const isSame =
    stored?.payment === current?.payment &&
    stored?.sending === current?.sending &&
    stored?.view?.version === current?.view?.version
  if (isSame) return
  void memory.keep({
    current: current && { payment: current.payment, view: current.view, sending: current.sending },
  })
}

/** Is the passkey the first thing to ask for? Where it lives on another phone the PIN is quicker. */
function hasPasskey(desk: Desk): boolean {
  const { self, passkeys, isPasskeyHere } = desk.state()
  if (!passkeys.possible || self === null || self.passkeys.length === 0) return false
  if (isKeyOnly(desk.state().mine)) return true
  return isPasskeyHere || self.secret === null
}

function shownView(desk: Desk): PaymentView | undefined {
  const view = desk.state().current?.view
  return view?.state === 'joined' ? view : undefined
}
