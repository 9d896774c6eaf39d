// Paying: join, approve, answer, decline. The SDK repeats each command until it is answered; here is only what is asked
// for, and that a reload comes back to it.
import { parseTypedNumber } from '#core/numbers.ts'
import type { CommandBody } from '#protocol/commands.ts'
import type { PaymentView } from '#protocol/views.ts'
import { approve, respond, type Prove } from '#sdk/approval.ts'
import type { Resumed } from '#sdk/outbox.ts'
import type { SendOutcome } from '#sdk/outcome.ts'
import { withPasskey } from '#sdk/passkey.ts'
import { withPin } from '#sdk/scram.ts'
import type { Desk } from './hub.ts'
import { readLink } from './links.ts'
import * as when from './state.ts'
import type { Step } from './state.ts'

/** What this life of the page has in hand: commands it sent itself, and the payment it watches. */
export type Hands = {
  sending: number
  isFinishing: boolean
  follows: Readonly<{ payment: string; stop: () => void }> | null
}

export const emptyHands = (): Hands => ({ sending: 0, isFinishing: false, follows: null })

/** A receipt this old is history: a wallet that is opened again starts at home. */
const RECEIPT_LIFE_MS = 5 * 60_000

// ---- joining

/** Joins by the number that was typed; one with a wrong check digit is never sent, so an honest slip costs no try. */
export async function joinTyped(desk: Desk): Promise<void> {
  const read = parseTypedNumber(desk.state().typed)
  if (!read.ok || desk.state().joining !== null) return
  await join(desk, 'number', { kind: 'number', number: read.number })
}

/** Joins by a scanned link, if it is one of our own hub. */
export function joinScanned(desk: Desk, text: string): void {
  const read = readLink(text, desk.opening.hub)
  if (read.ok) return void joinLink(desk, read.token)
  desk.update((state) => when.went(state, { at: 'scan', refused: read.why }))
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
export function approveShown(desk: Desk): void {
  const view = shownView(desk)
  if (view === undefined) return
  if (!when.wantsProof(desk.state(), view, desk.now())) return void step(desk, 'approve', view)
  if (hasPasskey(desk)) return void step(desk, 'approve', view, withPasskey)
  desk.update((state) => when.proofAsked(state, 'approve'))
}

/** The shop asks whether the owner is there: always a fresh proof. */
export function answerShown(desk: Desk): void {
  const view = shownView(desk)
  if (view === undefined) return
  if (hasPasskey(desk)) return void step(desk, 'respond', view, withPasskey)
  desk.update((state) => when.proofAsked(state, 'respond'))
}

export function provePin(desk: Desk, pin: string): void {
  prove(desk, withPin(pin))
}

export function provePasskey(desk: Desk): void {
  prove(desk, withPasskey)
}

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
  answered(desk, view.payment, name, outcome)
}

function send({ client }: Desk, name: Step, view: PaymentView, proof: Prove | undefined): Promise<SendOutcome> {
  if (name === 'decline') return client.send('decline', { payment: view.payment })
  if (name === 'approve') return approve(client, view, proof)
  return respond(client, view, proof ?? withPasskey)
}

function answered(desk: Desk, payment: string, name: Step, outcome: SendOutcome): void {
  desk.update((state) => when.stepAnswered(state, payment, name, outcome))
  keepShown(desk)
}

/** The person has seen how it ended. */
export function closeShown(desk: Desk): void {
  desk.update(when.closed)
  followShown(desk)
}

// ---- coming back

/** Opens the payment that an earlier life of this page was in. */
export function openStored(desk: Desk, stored: Readonly<{ payment: string; sending: Step | null }>): void {
  desk.update((state) => when.opened(state, stored.payment, null, stored.sending))
  followShown(desk)
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
    if (name === 'approve' || name === 'respond' || name === 'decline') answered(desk, payment, name, outcome)
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
export function followShown(desk: Desk): void {
  keepShown(desk)
  const payment = desk.state().current?.payment
  const { hands } = desk
  if (hands.follows?.payment === payment) return
  hands.follows?.stop()
  hands.follows = null
  if (payment === undefined) return
  const stop = desk.client.watch({ topic: 'payment', payment }, (view) => paymentCame(desk, view))
  hands.follows = { payment, stop }
}

function paymentCame(desk: Desk, view: PaymentView): void {
  const isFirst = desk.state().current?.view === null
  const age = desk.now() - (view.approvedAt ?? view.joinedAt)
  if (isFirst && when.isFinal(view) && age > RECEIPT_LIFE_MS) return closeShown(desk)
  desk.update((state) => when.paymentArrived(state, view))
}

/** Remembers what is on the screen, so that a reload comes back to it. */
function keepShown({ memory, state }: Desk): void {
  const { current } = state()
  const stored = memory.get().current
  if (stored?.payment === current?.payment && stored?.sending === current?.sending) return
  void memory.keep({ current: current && { payment: current.payment, sending: current.sending } })
}

const hasPasskey = (desk: Desk): boolean => {
  const { self, passkeys } = desk.state()
  return passkeys.possible && self !== null && self.passkeys.length > 0
}

function shownView(desk: Desk): PaymentView | undefined {
  const view = desk.state().current?.view
  return view?.state === 'joined' ? view : undefined
}
