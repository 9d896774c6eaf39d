// A purchase between a register and a phone of which one, or both, have no network: the register makes and signs it, the phone checks
// and approves it, the register takes the answer. Then the register hands it in (submit-signed), or the phone does (submit-purchase).
//
//   register: keepCertificate → makePurchase → purchaseCodes        phone: readPurchaseCode → checkPurchase → signPurchase → answerCode
//   register: readAnswer → answerFault → handIn · acceptOffline     phone, with a network of its own: submitPurchase
import { APPROVAL_LIFE_MS, claimsOf, dealIn, NO_PAYMENT, paymentIn, schemeIn } from '#core/approval.ts'
import { billHash } from '#core/bill.ts'
import { equal, fromBase64url, toBase64url, utf8, type Bytes } from '#core/bytes.ts'
import { parseId } from '#core/ids.ts'
import {
  isCertificateOld,
  PURCHASE_LENGTH,
  PURCHASE_LIFE_MS,
  purchaseFault,
  purchaseText,
  readCertificate,
  readPurchase,
  signedText,
  type Purchase,
  type PurchaseFault,
} from '#core/purchase.ts'
import { billFromWire, billToWire, type BillWire } from '#protocol/bill.ts'
import type { PURCHASE_ROUTES, TerminalCertificateView } from '#protocol/purchases.ts'
import { acceptedBytes } from '#protocol/signed-bytes.ts'
import type { PaymentView } from '#protocol/views.ts'
import { LIFE_MS, type BillerWire, type Prove } from './approval.ts'
import { callTo } from './calls.ts'
import type { Client } from './client.ts'
import { signHandBack, type SignedBill } from './hand-back.ts'
import type { Identity } from './identity.ts'
import { isRecord, type Outcome, type SendOutcome } from './outcome.ts'
import type { Answer, PurchaseTexts } from './purchase-codes.ts'
import type { Storage } from './storage.ts'
import { systemRandom, type Random } from './transport.ts'

/** A purchase as its register keeps it until the answer comes. */
export type MadePurchase = PurchaseTexts &
  Readonly<{ deal: string; bill: BillWire; issuedAt: number; expiresAt: number }>

/** A purchase whose signatures are right, as the phone shows it: the names are the certificate's. */
export type PurchaseToSign = Readonly<{
  scheme: string
  deal: string
  biller: BillerWire
  bill: BillWire
  issuedAt: number
  expiresAt: number
  /** as the register signed it */
  purchase: string
}>

/** What the phone has signed, and until when (ms since 1970) a register or the hub may take it. */
export type SignedPurchase = Readonly<{ signed: SignedBill; until: number }>

export type CheckFault =
  | PurchaseFault
  | 'malformed'
  /** a signature that is not the scheme's or the register's */
  | 'unsigned'
  /** this phone was enrolled before there was such a key, and has not been online since */
  | 'no-signer'

/** Why a register does not take an answer. */
export type AnswerFault = 'other-purchase' | 'over'

const CERTIFICATE = 'terminal certificate'
const CURVE = { name: 'ECDSA', namedCurve: 'P-256' } as const
const SIGNATURE = { name: 'ECDSA', hash: 'SHA-256' } as const

// ---- the register

/** The compiler holds each line to the route, which itself stays out of the browser with its schemas. */
type Addresses = {
  readonly [Name in keyof typeof PURCHASE_ROUTES]: Readonly<
    Pick<(typeof PURCHASE_ROUTES)[Name], 'method' | 'path' | 'access'>
  >
}
const CALLS: Addresses = {
  terminalCertificate: { method: 'GET', path: '/v1/terminal-certificate', access: 'token' },
  purchaseOutcome: { method: 'GET', path: '/v1/purchases/{terminal}/{deal}', access: 'token' },
}

/** The register's certificate that is kept here; undefined before it was fetched, and when it is another register's. */
export async function keptCertificate(
  storage: Storage,
  { self }: Pick<Identity, 'self'>,
): Promise<TerminalCertificateView | undefined> {
  const stored = await storage.get(CERTIFICATE)
  if (!isRecord(stored) || typeof stored.certificate !== 'string') return undefined
  const read = readCertificate(stored.certificate)?.value
  if (read?.terminal !== self.id || read.key !== self.key) return undefined
  const { from, until } = read
  return { certificate: stored.certificate, from, until }
}

/** Fetches the certificate where there is none, where a third of its life is left, or where the names have changed; and keeps it. */
export async function keepCertificate(client: Client, storage: Storage): Promise<TerminalCertificateView | undefined> {
  const identity = await client.identity()
  if (identity?.self.kind !== 'terminal') return undefined
  const kept = await keptCertificate(storage, identity)
  if (kept !== undefined && !isCertificateOld(kept, client.hubNow()) && isOfNow(kept.certificate, identity)) return kept
  const fresh = await client.request<TerminalCertificateView>(callTo(CALLS.terminalCertificate))
  if (!fresh.ok) return kept
  await storage.set(CERTIFICATE, fresh.view)
  return fresh.view
}

const isOfNow = (certificate: string, { self }: Identity): boolean => {
  const read = readCertificate(certificate)?.value
  return self.kind === 'terminal' && read?.legalName === self.legalName.normalize('NFC') && read.name === self.name
}

/**
 * A purchase of this bill, signed by the register. Undefined where the certificate is not this register's or has run out, the bill
 * cannot stand, or is longer than a purchase may be. `now` is the hub's clock as far as the register knows it.
 */
export async function makePurchase(
  identity: Identity,
  made: Readonly<{ bill: BillWire; certificate: string; deal: string; now: number }>,
): Promise<MadePurchase | undefined> {
  const certificate = readCertificate(made.certificate)?.value
  const deal = parseId('deal', made.deal)
  const read = billFromWire(made.bill)
  if (certificate?.terminal !== identity.self.id || deal === undefined || !read.ok) return undefined
  if (made.now >= certificate.until) return undefined
  const { scheme, terminal, party, account, name, legalName, label } = certificate
  const purchase: Purchase = {
    scheme,
    deal,
    biller: { terminal, party, account, name, legalName, terminalLabel: label },
    bill: read.bill,
    issuedAt: made.now,
    expiresAt: made.now + PURCHASE_LIFE_MS,
  }
  const text = purchaseText(purchase)
  const signed = signedText(text, await identity.sign(utf8(text)))
  // What would not be read must not be shown: too long, or a text that the hub would refuse.
  if (signed.length > PURCHASE_LENGTH || readPurchase(signed) === undefined) return undefined
  const { issuedAt, expiresAt } = purchase
  return { deal, bill: made.bill, issuedAt, expiresAt, purchase: signed, certificate: made.certificate }
}

/**
 * All that a register can see by itself of an answer: is it for this very purchase, and in time? Whether that phone signed it, whether it
 * may pay and has the money is the hub's to say: the register knows no phone's key.
 */
export function answerFault(answer: Answer, made: MadePurchase, now: number): AnswerFault | undefined {
  const approval = fromBase64url(answer.approval)
  const claims = approval && claimsOf(approval)
  const purchase = readPurchase(made.purchase)?.value
  if (approval === undefined || claims === undefined || purchase === undefined) return 'other-purchase'
  const isThis =
    claims.purpose === 'hand-back' &&
    claims.billVersion === 1 &&
    answer.deal === purchase.deal &&
    dealIn(approval) === purchase.deal &&
    schemeIn(approval) === purchase.scheme &&
    paymentIn(approval) === NO_PAYMENT &&
    equal(claims.billHash, billHash(purchase.biller, purchase.bill))
  if (!isThis) return 'other-purchase'
  const isInTime = now < made.expiresAt && now < claims.expiresAt && claims.expiresAt <= now + APPROVAL_LIFE_MS
  return isInTime ? undefined : 'over'
}

/** The body of submit-signed for an answer. */
export const handIn = ({ deal, payer, approval, signature, proof }: Answer, { bill }: MadePurchase): SignedBill => ({
  deal,
  bill,
  payer,
  approval,
  signature,
  proof,
})

/** The same, with the register's signed word that it took the answer at `at` (ms since 1970): the hub judges expiry and unlock by that. */
export async function acceptOffline(
  identity: Identity,
  answer: Answer,
  made: MadePurchase,
  at: number,
): Promise<SignedBill | undefined> {
  const [scheme, deal] = [parseId('sch', identity.scheme.scheme), parseId('deal', answer.deal)]
  const approval = fromBase64url(answer.approval)
  if (scheme === undefined || deal === undefined || approval === undefined) return undefined
  const signature = await identity.sign(acceptedBytes({ scheme, deal, approval, at }))
  return { ...handIn(answer, made), accepted: { at, signature: toBase64url(signature) } }
}

// ---- the phone

/** Is it signed by a register of this phone's scheme, for itself, and now? `now` is the phone's clock, corrected by the hub's where known. */
export async function checkPurchase(
  { scheme }: Pick<Identity, 'scheme'>,
  texts: PurchaseTexts,
  now: number,
): Promise<Readonly<{ ok: true; purchase: PurchaseToSign }> | Readonly<{ ok: false; why: CheckFault }>> {
  const purchase = readPurchase(texts.purchase)
  const certificate = readCertificate(texts.certificate)
  if (purchase === undefined || certificate === undefined) return { ok: false, why: 'malformed' }
  if (certificate.value.scheme !== scheme.scheme) return { ok: false, why: 'other-scheme' }
  // What an earlier version has stored has no such key.
  const signer = fromBase64url((scheme as Partial<typeof scheme>).signer ?? '')
  if (signer === undefined || signer.length === 0) return { ok: false, why: 'no-signer' }
  const isSigned =
    (await isSignedBy(signer, certificate.signed, certificate.signature)) &&
    (await isSignedBy(certificate.value.publicKey, purchase.signed, purchase.signature))
  if (!isSigned) return { ok: false, why: 'unsigned' }
  const why = purchaseFault(purchase.value, certificate.value, { scheme: scheme.scheme, now })
  if (why !== undefined) return { ok: false, why }
  return { ok: true, purchase: shownOf(purchase.value, texts.purchase) }
}

const shownOf = ({ scheme, deal, biller, bill, issuedAt, expiresAt }: Purchase, purchase: string): PurchaseToSign => ({
  scheme,
  deal,
  biller,
  bill: billToWire(bill),
  issuedAt,
  expiresAt,
  purchase,
})

/**
 * Approves the purchase: for five minutes, or as long as the purchase is good. Needs no network where the PIN's salt is known. Problems:
 * as signHandBack.
 */
export async function signPurchase(
  client: Client,
  purchase: PurchaseToSign,
  { prove, now, random = systemRandom }: Readonly<{ prove: Prove; now: number; random?: Random }>,
): Promise<Outcome<SignedPurchase>> {
  const until = Math.min(Math.max(now, purchase.issuedAt) + LIFE_MS, purchase.expiresAt)
  const outcome = await signHandBack(client, purchase, prove, random, until)
  return outcome.ok ? { ok: true, view: { signed: outcome.view, until } } : outcome
}

/** The phone hands it in by itself: whoever comes first settles it, and the other hears the same. */
export const submitPurchase = (
  client: Client,
  purchase: string,
  { approval, signature, proof }: Pick<SignedBill, 'approval' | 'signature' | 'proof'>,
  signal?: AbortSignal,
): Promise<SendOutcome> => client.send('submit-purchase', { purchase, approval, signature, proof }, signal)

/** What a purchase that this person signed has become. Problem: not-found while nobody has handed it in. */
export const purchaseOutcome = (client: Client, terminal: string, deal: string): Promise<Outcome<PaymentView>> =>
  client.request<PaymentView>(callTo(CALLS.purchaseOutcome, { params: { terminal, deal } }))

// ---- signatures

async function isSignedBy(publicKey: Uint8Array, bytes: Bytes, signature: Bytes): Promise<boolean> {
  try {
    const key = await crypto.subtle.importKey('raw', Uint8Array.from(publicKey), CURVE, false, ['verify'])
    return await crypto.subtle.verify(SIGNATURE, key, signature, bytes)
  } catch {
    // WebCrypto says only by throwing that the point is not on the curve.
    return false
  }
}
