// A purchase without a network on the payer's side: the payee shows a bill as a QR or link, the payer's phone signs it and shows
// the signed bill, the payee hands that in (command submit-signed). Neither link tells a server anything: all stands behind the '#'.
//
//   payee: billToSign → billLink      payer: readBillLink → signHandBack → signedLink      payee: readSignedLink → send
//
// What is shown before signing comes from the payee alone. It still cannot lie about who gets the money: the signature covers
// party, account, terminal and legal name, and the hub compares them with its own rows. The short name is not covered: show the
// legal name.
import { APPROVAL_LENGTH, approvalBytes, METHOD_WHOLE, NO_PAYMENT } from '#core/approval.ts'
import { isAccountNumber } from '#core/accounts.ts'
import { fromBase64url, toBase64url, utf8 } from '#core/bytes.ts'
import { isId, parseId, terminalOfDevice } from '#core/ids.ts'
import { billFromWire, type BillWire } from '#protocol/bill.ts'
import type { ProofBody } from '#protocol/commands.ts'
import { problemOf } from '#protocol/problems.ts'
import { currentIdentity, hashOf, LIFE_MS, signApproval, type BillerWire, type Prove } from './approval.ts'
import type { Client } from './client.ts'
import type { Identity } from './identity.ts'
import type { BodyOf } from './outbox.ts'
import type { Outcome } from './outcome.ts'
import { systemRandom, type Random } from './transport.ts'

/** A bill that waits for a signature, as the payee shows it. */
export type BillToSign = Readonly<{ scheme: string; deal: string; biller: BillerWire; bill: BillWire }>
/** What the payee hands in: the body of submit-signed. */
export type SignedBill = BodyOf<'submit-signed'>

type Tuple = readonly unknown[]

const BILL = 'WH1'
const SIGNED = 'WH2'
/** A QR holds some 2,900 bytes; links beyond that are broken by messengers too. */
const LONGEST = 2_800

/** The bill of this enrolled payee, with a deal id made for it; undefined for an operator's identity. */
export function billToSign({ self, scheme }: Identity, deal: string, bill: BillWire): BillToSign | undefined {
  if (self.kind === 'operator') return undefined
  const device = self.kind === 'device' ? parseId('dev', self.id) : undefined
  const { party, account, name, legalName } = self
  const terminal = device === undefined ? self.id : terminalOfDevice(device)
  const terminalLabel = self.kind === 'terminal' ? self.label : name
  return { scheme: scheme.scheme, deal, bill, biller: { party, account, name, legalName, terminal, terminalLabel } }
}

/** The link for the QR; undefined where it would be too long, or where a line has conditions: those need the hub. */
export function billLink(hub: string, { scheme, deal, biller, bill }: BillToSign): string | undefined {
  const lines = linesToTuples(bill)
  if (lines === undefined) return undefined
  const { party, account, name, legalName, terminal, terminalLabel } = biller
  const parts = [scheme, deal, party, account, name, legalName, terminal, terminalLabel, bill.unit, bill.total, lines]
  return linkOf(hub, 'ask', [BILL, ...parts])
}

/** The bill in a link; undefined when it is none, or is not whole. */
export function readBillLink(link: string): BillToSign | undefined {
  const read = tupleIn(link, 'ask', BILL, 11)
  if (read === undefined) return undefined
  const [scheme, deal, party, account, name, legalName, terminal, terminalLabel, unit, total, lines] = read
  if (!isId('sch', scheme) || !isId('deal', deal) || !isId('pty', party) || !isId('trm', terminal)) return undefined
  if (!isAccountNumber(account) || !isText(name) || !isText(legalName) || !isText(terminalLabel)) return undefined
  const bill = billFromTuples(unit, total, lines)
  return bill && { scheme, deal, bill, biller: { party, account, name, legalName, terminal, terminalLabel } }
}

/**
 * Signs the bill; needs no network where the PIN's salt is known. Good until `expiresAt` (five minutes), and settled once for its deal.
 * Problems: session-needed (not enrolled), id-invalid (another scheme's bill), bill-invalid, own-bill, and those of the proof.
 */
export async function signHandBack(
  client: Client,
  { scheme: schemeId, deal: dealId, biller, bill }: BillToSign,
  prove?: Prove,
  random: Random = systemRandom,
  expiresAt: number = client.hubNow() + LIFE_MS,
): Promise<Outcome<SignedBill>> {
  const identity = await currentIdentity(client, prove !== undefined)
  if (identity?.self.kind !== 'device') return { ok: false, problem: problemOf('session-needed') }
  const { self, scheme: known } = identity
  const scheme = parseId('sch', known.scheme)
  const deal = parseId('deal', dealId)
  const key = parseId('key', self.key)
  const { account } = self
  if (!scheme || scheme !== schemeId || !deal || !key || !isAccountNumber(account)) {
    return { ok: false, problem: problemOf('id-invalid') }
  }
  if (biller.account === account) return { ok: false, problem: problemOf('own-bill') }
  const hash = hashOf(biller, bill)
  if (typeof hash === 'string') return { ok: false, problem: problemOf(hash) }
  const bytes = approvalBytes({
    purpose: 'hand-back',
    scheme,
    deal,
    payment: NO_PAYMENT,
    billVersion: 1,
    billHash: hash,
    payerAccount: account,
    means: account,
    method: METHOD_WHOLE,
    key,
    nonce: random(16),
    expiresAt,
  })
  const proof = prove && (await prove(bytes, identity))
  if (proof && !proof.ok) return proof
  const evidence = await signApproval(identity, bytes, proof?.view ?? null)
  return { ok: true, view: { deal, bill, payer: self.id, ...evidence } }
}

/** The link with the signed bill; undefined where it would be too long (a passkey's proof and a long bill). */
export function signedLink(hub: string, signed: SignedBill): string | undefined {
  const { deal, bill, payer, approval, signature, proof } = signed
  const lines = linesToTuples(bill)
  if (lines === undefined) return undefined
  const parts = [deal, bill.unit, bill.total, lines, payer, approval, signature, proofToTuple(proof)]
  return linkOf(hub, 'signed', [SIGNED, ...parts])
}

/** The signed bill in a link; undefined when it is none, or is not whole. What it is worth is the hub's to say. */
export function readSignedLink(link: string): SignedBill | undefined {
  const read = tupleIn(link, 'signed', SIGNED, 8)
  if (read === undefined) return undefined
  const [deal, unit, total, lines, payer, approval, signature, proofTuple] = read
  const bill = billFromTuples(unit, total, lines)
  const proof = proofFromTuple(proofTuple)
  if (!isId('deal', deal) || !isId('dev', payer) || bill === undefined || proof === undefined) return undefined
  if (!isText(approval) || fromBase64url(approval)?.length !== APPROVAL_LENGTH) return undefined
  if (!isText(signature) || fromBase64url(signature)?.length !== 64) return undefined
  return { deal, bill, payer, approval, signature, proof }
}

function linkOf(hub: string, name: string, tuple: Tuple): string | undefined {
  const link = `${hub.replace(/\/+$/u, '')}/wallet#${name}=${toBase64url(utf8(JSON.stringify(tuple)))}`
  return link.length <= LONGEST ? link : undefined
}

/** What follows the tag, when it has that many parts. */
function tupleIn(link: string, name: string, tag: string, parts: number): Tuple | undefined {
  const [, text] = link.slice(0, LONGEST + 1).split(`#${name}=`)
  const bytes = text === undefined ? undefined : fromBase64url(text)
  if (bytes === undefined) return undefined
  const tuple = parsed(bytes)
  if (!isTuple(tuple) || tuple[0] !== tag || tuple.length !== parts + 1) return undefined
  return tuple.slice(1)
}

function parsed(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    // A link that was cut off, or somebody else's.
    return undefined
  }
}

function linesToTuples({ lines }: BillWire): Tuple[] | undefined {
  const isPlain = lines.every(
    ({ conditions, restriction }) => !conditions.delivery && conditions.coolingOff === null && restriction === null,
  )
  if (!isPlain) return undefined
  return lines.map(({ text, quantity, amount, taxRate, tax, code }) => [text, quantity, amount, taxRate, tax, code])
}

function billFromTuples(unit: unknown, total: unknown, lines: unknown): BillWire | undefined {
  if (!isText(unit) || !isText(total) || !isTuple(lines)) return undefined
  const read = lines.map(lineFromTuple)
  if (!read.every((line) => line !== undefined)) return undefined
  const bill: BillWire = { unit, total, lines: read }
  return billFromWire(bill).ok ? bill : undefined
}

function lineFromTuple(tuple: unknown): BillWire['lines'][number] | undefined {
  if (!isTuple(tuple) || tuple.length !== 6) return undefined
  const [text, quantity, amount, taxRate, tax, code] = tuple
  if (!isText(text) || !isCount(quantity) || !isText(amount) || !isText(tax)) return undefined
  if (!(taxRate === null || isCount(taxRate)) || !(code === null || isText(code))) return undefined
  const conditions = { delivery: false, coolingOff: null }
  return { text, quantity, amount, taxRate, tax, code, conditions, restriction: null }
}

/** The proof as codes carry it. */
export function proofToTuple(proof: ProofBody): Tuple | null {
  if (proof === null) return null
  if (proof.kind === 'scram') return [proof.clientNonce, proof.clientProof]
  // The mark comes first, so that no other proof has as many texts: a plugged-in answer may be anything.
  if (proof.kind === 'other') return [proof.kind, proof.method, proof.answer]
  return [proof.credential, proof.authenticatorData, proof.clientData, proof.signature]
}

/** The proof in a code; undefined when it is none. */
export function proofFromTuple(tuple: unknown): ProofBody | undefined {
  if (tuple === null) return null
  if (!isTuple(tuple) || !tuple.every(isText)) return undefined
  const [first = '', second = '', third, fourth] = tuple
  if (tuple.length === 2) return { kind: 'scram', clientNonce: first, clientProof: second }
  if (tuple.length === 3 && third !== undefined) return { kind: 'other', method: second, answer: third }
  if (third === undefined || fourth === undefined || tuple.length !== 4) return undefined
  return { kind: 'passkey', credential: first, authenticatorData: second, clientData: third, signature: fourth }
}

const isTuple = (value: unknown): value is Tuple => Array.isArray(value)
const isText = (value: unknown): value is string => typeof value === 'string'
const isCount = (value: unknown): value is number => Number.isInteger(value)
