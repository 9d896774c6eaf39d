// A purchase that a register has signed, at a phone that may have no network: read in one code or several, checked here alone, approved
// with PIN or passkey, shown as a code for the register; and later, with a network, what became of it.
//
//   scan ─▶ purchase ─▶ purchase-signed ─▶ the register hands it in ─▶ payment
//                             └─ with a network of its own: "hand it in from here" ─▶ payment
//
// What was signed is kept before its code is shown, so that no reload loses the way back to it.
import { withPasskey } from '#sdk/passkey.ts'
import type { Prove } from '#sdk/approval.ts'
import { answerCode, gatheredWith, unpackPurchase, wholeOf, type Gathered, type Part } from '#sdk/purchase-codes.ts'
import {
  checkPurchase,
  purchaseOutcome,
  signPurchase,
  submitPurchase,
  type PurchaseToSign,
  type SignedPurchase,
} from '#sdk/purchase.ts'
import { withPin } from '#sdk/scram.ts'
import type { Storage } from '#sdk/storage.ts'
import type { Desk } from './hub.ts'
import * as when from './state.ts'

/** A purchase that this phone has signed and of which it is not known yet what became. */
export type SignedHere = SignedPurchase & Readonly<{ purchase: PurchaseToSign }>

const KEPT = 'purchase '
/** An hour beside what a register may take to hand it in: clocks differ, and a hub may be slow. */
const SLACK_MS = 3_600_000

/** The phone's time, corrected by the hub's also after a start without a network. */
export const timeOf = (desk: Desk): number =>
  desk.state().connection === 'live' ? desk.now() : Date.now() + desk.memory.get().clockOffsetMs

const offsetOf = (desk: Desk): number => Math.round(timeOf(desk) - Date.now())

// ---- reading

/** One code of several; the camera goes on until there are all of them. */
export async function addPart(desk: Desk, part: Part): Promise<void> {
  const { place } = desk.state()
  const before = place.at === 'scan' && place.purchase?.kind === 'parts' ? place.purchase.gathered : null
  const gathered = gatheredWith(before, part)
  const whole = wholeOf(gathered)
  if (whole !== undefined) return openPurchase(desk, whole)
  showParts(desk, gathered)
}

const showParts = (desk: Desk, gathered: Gathered): void =>
  desk.update((state) => when.went(state, { at: 'scan', refused: null, purchase: { kind: 'parts', gathered } }))

/** A whole purchase: shown to be approved, or what is wrong with it. */
export async function openPurchase(desk: Desk, packed: string): Promise<void> {
  const [texts, identity] = await Promise.all([unpackPurchase(packed), desk.client.identity()])
  const checked =
    texts === undefined || identity === undefined
      ? ({ ok: false, why: 'malformed' } as const)
      : await checkPurchase(identity, texts, timeOf(desk))
  if (!checked.ok) {
    const { why } = checked
    return desk.update((state) => when.went(state, { at: 'scan', refused: null, purchase: { kind: 'fault', why } }))
  }
  const { purchase } = checked
  // Signed before, and scanned again: the same code is shown, not a second approval made.
  const known = (await keptPurchases(desk.storage)).find((kept) => kept.purchase.deal === purchase.deal)
  if (known !== undefined && known.until > timeOf(desk)) return showSigned(desk, known)
  const clockOffsetMs = offsetOf(desk)
  return desk.update((state) =>
    when.went(state, { at: 'purchase', purchase, clockOffsetMs, busy: false, problem: null }),
  )
}

// ---- approving

export const signWithPin = (desk: Desk, purchase: PurchaseToSign, pin: string): Promise<void> =>
  sign(desk, purchase, withPin(pin))

/** Asked by this very phone, without the hub: the challenge is the approval. */
export const signWithPasskey = (desk: Desk, purchase: PurchaseToSign): Promise<void> =>
  sign(desk, purchase, withPasskey)

async function sign(desk: Desk, purchase: PurchaseToSign, prove: Prove): Promise<void> {
  const clockOffsetMs = offsetOf(desk)
  desk.update((state) => when.went(state, { at: 'purchase', purchase, clockOffsetMs, busy: true, problem: null }))
  const outcome = await signPurchase(desk.client, purchase, { prove, now: timeOf(desk) })
  if (!outcome.ok) {
    const { problem } = outcome
    return desk.update((state) => when.went(state, { at: 'purchase', purchase, clockOffsetMs, busy: false, problem }))
  }
  const signed: SignedHere = { ...outcome.view, purchase }
  await desk.storage.set(KEPT + purchase.deal, signed)
  await readPurchases(desk)
  return showSigned(desk, signed)
}

/** The code that the register reads, for as long as it is good. */
export async function showSigned(desk: Desk, signed: SignedHere): Promise<void> {
  const code = await answerCode(desk.opening.hub, signed.signed)
  const clockOffsetMs = offsetOf(desk)
  desk.update((state) =>
    when.went(state, { at: 'purchase-signed', signed, code, clockOffsetMs, busy: false, problem: null }),
  )
}

// ---- with a network

/** Way 2: this phone hands it in. Whoever comes first settles it, once. */
export async function submit(desk: Desk, { purchase, signed }: SignedHere): Promise<void> {
  const { client, update } = desk
  const at = desk.state().place
  if (at.at !== 'purchase-signed') return
  update((state) => when.went(state, { ...at, busy: true, problem: null }))
  const outcome = await submitPurchase(client, purchase.purchase, signed)
  const view = outcome.view?.payment ?? null
  if (view !== null) return became(desk, purchase.deal, view)
  const problem = outcome.ok ? null : outcome.problem
  update((state) => when.went(state, { ...at, busy: false, problem }))
}

/** Asks what became of each purchase that was signed here; the one on the screen gives way to its payment. */
export async function lookAtPurchases(desk: Desk): Promise<void> {
  const ms = desk.state().scheme?.offline.ms ?? 0
  for (const { purchase, until } of await keptPurchases(desk.storage)) {
    const outcome = await purchaseOutcome(desk.client, purchase.biller.terminal, purchase.deal)
    if (outcome.ok) await became(desk, purchase.deal, outcome.view)
    // From then on nobody can hand it in any more: nothing was paid, and nothing will be.
    else if (outcome.problem.code === 'not-found' && timeOf(desk) > until + ms + SLACK_MS)
      await forget(desk, purchase.deal)
  }
}

async function became(desk: Desk, deal: string, view: Parameters<typeof when.opened>[2]): Promise<void> {
  await forget(desk, deal)
  const { place } = desk.state()
  const isShown = place.at === 'purchase-signed' && place.signed.purchase.deal === deal
  if (view === null) return
  desk.update((state) =>
    isShown
      ? when.opened({ ...state, current: null }, view.payment, view)
      : { ...state, purchasesDone: [view, ...state.purchasesDone.filter((done) => done.deal !== deal)] },
  )
}

async function forget(desk: Desk, deal: string): Promise<void> {
  await desk.storage.delete(KEPT + deal)
  await readPurchases(desk)
}

// ---- what is kept

/** What was signed here and is not decided yet, for the home screen. */
export async function readPurchases(desk: Desk): Promise<void> {
  const purchases = await keptPurchases(desk.storage)
  desk.update((state) => ({ ...state, purchases }))
}

async function keptPurchases(storage: Storage): Promise<readonly SignedHere[]> {
  // A border: this program alone writes under these keys.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const kept = (await storage.list(KEPT)).map(({ value }) => value as SignedHere)
  return kept.toSorted((left, right) => right.until - left.until)
}
