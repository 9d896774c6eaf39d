// The payer's consent: the phone builds the approval bytes from the view that it shows, so that a signature is good for
// what the person has seen and for nothing else.
import { APPROVAL_LIFE_MS, approvalBytes, type Purpose } from '#core/approval.ts'
import { isAccountNumber, parseAccountNumber } from '#core/accounts.ts'
import { billHash, type Biller } from '#core/bill.ts'
import { fromHex, toBase64url } from '#core/bytes.ts'
import { parseId } from '#core/ids.ts'
import { ACCOUNT, type Means } from '#core/means.ts'
import { methodCode, parseMethod } from '#core/method.ts'
import { parseAmount, unitOf } from '#core/money.ts'
import type { Askable } from '#core/persona.ts'
import { questionHash } from '#core/question.ts'
import { billFromWire, type BillWire } from '#protocol/bill.ts'
import type { ProofBody } from '#protocol/commands.ts'
import { problemOf, type Problem } from '#protocol/problems.ts'
import type { PaymentView, SchemeView, SelfView } from '#protocol/views.ts'
import type { Client } from './client.ts'
import type { Identity } from './identity.ts'
import type { Outcome, SendOutcome } from './outcome.ts'

/** A fresh proof of the owner over the approval bytes: `withPin` (scram.ts) or `withPasskey` (passkey.ts). */
export type Prove = (approval: Uint8Array, identity: Identity) => Promise<Outcome<Exclude<ProofBody, null>>>

/** What the phone may not sign: there is no bill or question, more is released than was asked, or the view contradicts itself. */
export type ApprovalFault =
  'bill-missing' | 'bill-invalid' | 'id-invalid' | 'no-challenge' | 'device-revoked' | 'state-conflict'

export type ApprovalResult = Readonly<{ ok: true; bytes: Uint8Array }> | Readonly<{ ok: false; fault: ApprovalFault }>

type Consent = Extract<Purpose, 'approve' | 'challenge' | 'authenticate'>

/** Short enough that a forgotten approval is worthless soon, long enough for a slow network. */
export const LIFE_MS = APPROVAL_LIFE_MS / 2
const NO_BILL = new Uint8Array(32)

/**
 * The bytes to sign for a view. Refuses a bill whose lines do not add up to its total, and an account that is not ours.
 * `released` is what the answer to a question (authenticate) lets the asker see. `expiresAt` is by the hub's clock, at most ten
 * minutes ahead.
 */
export function approvalFor(
  asked: Readonly<{
    purpose: Consent
    scheme: SchemeView
    view: PaymentView
    self: SelfView
    expiresAt: number
    released?: readonly Askable[]
  }>,
): ApprovalResult {
  const { purpose, view, self, expiresAt, released = [] } = asked
  const hash = signedHash(view, released)
  if (hash === 'bill-invalid' || hash === 'id-invalid') return { ok: false, fault: hash }
  if (purpose === 'approve' && view.bill === null) return { ok: false, fault: 'bill-missing' }
  const isAnswer = purpose === 'authenticate'
  const asksFor = view.question?.attributes ?? []
  if (isAnswer ? view.question === null || released.some((what) => !asksFor.includes(what)) : released.length > 0)
    return { ok: false, fault: 'state-conflict' }
  const nonceText = purpose === 'challenge' ? view.challenge?.nonce : view.nonce
  if (nonceText === undefined) return { ok: false, fault: 'no-challenge' }
  if (self.kind !== 'device' || self.account !== view.payerAccount) return { ok: false, fault: 'device-revoked' }

  const nonce = fromHex(nonceText)
  const scheme = parseId('sch', asked.scheme.scheme)
  const deal = parseId('deal', view.deal)
  const payment = parseId('pay', view.payment)
  const key = parseId('key', self.key)
  const account = parseAccountNumber(view.payerAccount)
  const paidWith = view.means
  const isOutside = paidWith.kind === 'bank' || paidWith.kind === 'card'
  const means = isOutside ? parseId('mns', paidWith.id) : account
  const method = paidWith.kind === 'card' ? parseMethod(paidWith.method) : 'lump'
  if (!scheme || !deal || !payment || !key || !account || !means || !method || nonce?.length !== 16) {
    return { ok: false, fault: 'id-invalid' }
  }
  const bytes = approvalBytes({
    purpose,
    scheme,
    deal,
    payment,
    billVersion: view.billVersion,
    billHash: hash,
    payerAccount: account,
    means,
    method: methodCode(method),
    key,
    nonce,
    expiresAt,
  })
  return { ok: true, bytes }
}

/** The parts of an approve or respond: the bytes, the device's signature over them, and the proof of the owner. */
export async function signApproval(
  identity: Identity,
  approval: Uint8Array,
  proof: ProofBody,
): Promise<{ approval: string; signature: string; proof: ProofBody }> {
  const signature = await identity.sign(approval)
  return { approval: toBase64url(approval), signature: toBase64url(signature), proof }
}

/**
 * Approves exactly the bill in this view. Without `prove` it works while the unlock lasts and below the scheme's amount
 * (`view.freshProof` says when it does not).
 */
export const approve = (client: Client, view: PaymentView, prove?: Prove, signal?: AbortSignal): Promise<SendOutcome> =>
  consent('approve', client, view, prove, signal)

/** Answers the cashier's challenge in this view. */
export const respond = (client: Client, view: PaymentView, prove: Prove, signal?: AbortSignal): Promise<SendOutcome> =>
  consent('challenge', client, view, prove, signal)

/**
 * Answers the question in this view: proves that the owner is there and lets the asker see what is released, which may be less than
 * was asked.
 */
export const answerQuestion = (
  client: Client,
  view: PaymentView,
  released: readonly Askable[],
  prove: Prove,
  signal?: AbortSignal,
): Promise<SendOutcome> => consent('authenticate', client, view, prove, signal, released)

async function consent(
  purpose: Consent,
  client: Client,
  view: PaymentView,
  prove: Prove | undefined,
  signal: AbortSignal | undefined,
  released: readonly Askable[] = [],
): Promise<SendOutcome> {
  const identity = await currentIdentity(client, prove !== undefined)
  if (identity === undefined) return refused(problemOf('session-needed'))
  const expiresAt = client.hubNow() + LIFE_MS
  const built = approvalFor({ purpose, scheme: identity.scheme, view, self: identity.self, expiresAt, released })
  if (!built.ok) return refused(problemOf(built.fault))
  const proof = prove && (await prove(built.bytes, identity))
  if (proof && !proof.ok) return refused(proof.problem)
  const evidence = await signApproval(identity, built.bytes, proof?.view ?? null)
  const body = { payment: view.payment, ...evidence }
  switch (purpose) {
    case 'approve':
      return client.send('approve', body, signal)
    case 'challenge':
      return client.send('respond', body, signal)
    case 'authenticate':
      return client.send('prove', { ...body, released: [...released] }, signal)
  }
}

/** The stored identity; asks the hub again where no PIN is known yet and one is about to be used. */
export async function currentIdentity(client: Client, isProving: boolean): Promise<Identity | undefined> {
  const stored = await client.identity()
  if (!isProving || stored?.self.kind !== 'device') return stored
  if (stored.self.secret !== null) return stored
  const self = await client.self()
  return self.ok ? { ...stored, self: self.view } : stored
}

/** Who asks for the money, as far as it is signed. */
export type BillerWire = Omit<PaymentView['biller'], 'isPerson'>

/** SHA-256 of the canonical bill, made of what is shown; or what is wrong with it. */
export function hashOf(
  from: BillerWire,
  wire: BillWire,
  paidWith: PaymentView['means'] = { kind: 'account' },
): Uint8Array | 'bill-invalid' | 'id-invalid' {
  const read = billFromWire(wire)
  const means = meansFrom(paidWith)
  if (!read.ok || means === undefined) return 'bill-invalid'
  const biller = billerFrom(from)
  return biller === undefined ? 'id-invalid' : billHash(biller, read.bill, means)
}

/** What is paid with, as far as it is signed with the bill: the id of a bank account or card stands beside it, and so does a method. */
function meansFrom(view: PaymentView['means']): Means | undefined {
  if (view.kind !== 'exchange') return ACCOUNT
  const { kind, price, until } = view
  const [unit, amount] = [unitOf(view.unit), parseAmount(view.amount)]
  return unit === undefined || amount === undefined ? undefined : { kind, unit, amount, price, until }
}

/** What stands in the bytes where a bill's hash does: the question's with what is released, or nothing before there is a bill. */
function signedHash(
  { question, bill, biller: from, means }: PaymentView,
  released: readonly Askable[],
): Uint8Array | 'bill-invalid' | 'id-invalid' {
  if (question === null) return bill === null ? NO_BILL : hashOf(from, bill, means)
  const biller = billerFrom(from)
  return biller === undefined ? 'id-invalid' : questionHash(biller, question, released)
}

function billerFrom(from: BillerWire): Biller | undefined {
  const party = parseId('pty', from.party)
  const terminal = parseId('trm', from.terminal)
  const { account, name, legalName, terminalLabel } = from
  if (!party || !terminal || !isAccountNumber(account)) return undefined
  return { party, account, name, legalName, terminal, terminalLabel }
}

const refused = (problem: Problem): SendOutcome => ({ ok: false, problem, view: null })
