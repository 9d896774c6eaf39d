// A purchase that a register makes and signs by itself, for a phone without a network, and the scheme's word on whose register it is.
//
//   WP1.<payload>.<signature>   the purchase: by the terminal's key
//   WT1.<payload>.<signature>   the terminal's certificate: by the scheme's key, which every wallet keeps
//
// Payload and signature are base64url. The payload is a JSON array in fixed order; the signature (P-256, r‖s, 64 bytes) covers the ASCII
// text before its dot, tag and all. What is read is written again and compared, so that one purchase has one spelling.
//
//   purchase     [scheme, deal, terminal, party, account, name, legal name, label, unit, total,
//                 [text, quantity, amount, tax rate, tax, code, delivery, [period, zone] or null,
//                  [minimum age, membership, region, per day] or null] lines, issued at, expires at]
//   certificate  [scheme, terminal, key, public key, party, account, name, legal name, label, from, until]
import { isAccountNumber, type AccountNumber } from './accounts.ts'
import { faultOf, type Bill, type Biller, type Line } from './bill.ts'
import { fromBase64url, toBase64url, toText, utf8, type Bytes } from './bytes.ts'
import { isId, type DealId, type KeyId, type PartyId, type SchemeId, type TerminalId } from './ids.ts'
import { parseAmount, unitOf } from './money.ts'

export type Purchase = Readonly<{
  scheme: SchemeId
  deal: DealId
  biller: Biller
  bill: Bill
  /** milliseconds since 1970 by the register's clock, which follows the hub's */
  issuedAt: number
  expiresAt: number
}>

export type TerminalCertificate = Readonly<{
  scheme: SchemeId
  terminal: TerminalId
  key: KeyId
  /** uncompressed P-256, 65 bytes */
  publicKey: Uint8Array
  party: PartyId
  account: AccountNumber
  name: string
  legalName: string
  label: string
  /** milliseconds since 1970 */
  from: number
  until: number
}>

/** Something signed, as it was read: whose signature it is has still to be looked at. */
export type Signed<Thing> = Readonly<{ value: Thing; signed: Bytes; signature: Bytes }>

/** Why a purchase cannot be approved, although both signatures are right. */
export type PurchaseFault =
  | 'other-scheme'
  /** it says another shop than the certificate */
  | 'other-shop'
  | 'certificate-over'
  | 'purchase-over'
  /** made so far in the future that the clock of the phone, or of the register, is wrong */
  | 'clock'

/** As long as somebody takes to find the wallet, the camera and the PIN; the approval itself lives for half of it. */
export const PURCHASE_LIFE_MS = 10 * 60_000
/** A register may be without a network for days and must still be known; who leaves the scheme is refused by the hub at once. */
export const CERTIFICATE_LIFE_MS = 30 * 24 * 3_600_000
/** A phone that has been off the network for weeks is some minutes behind; more is a wrong clock. */
export const PHONE_CLOCK_SLACK_MS = 15 * 60_000
/** As a command may carry it (protocol/limits.ts holds the same number). */
export const PURCHASE_LENGTH = 24_000

const PURCHASE = 'WP1'
const CERTIFICATE = 'WT1'
const SIGNATURE_BYTES = 64
const PUBLIC_KEY_BYTES = 65
const LINES = 200
const TEXT = 120
const QUANTITY = 99_999
const CODE = /^[0-9A-Za-z._-]{1,40}$/
/** As at the hub's border: something to see, no control characters, no bidirectional overrides, no line breaks. */
const SHOWABLE =
  /^(?=.*[^\s\u00ad\u115f\u1160\u200b-\u200d\u2060\u3164\ufeff])[^\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]+$/u

type Tuple = readonly unknown[]

/** What the terminal's key signs: the text before the last dot. */
export const purchaseText = ({ scheme, deal, biller, bill, issuedAt, expiresAt }: Purchase): string =>
  textOf(PURCHASE, [
    scheme,
    deal,
    biller.terminal,
    biller.party,
    biller.account,
    nfc(biller.name),
    nfc(biller.legalName),
    nfc(biller.terminalLabel),
    bill.unit,
    String(bill.total),
    bill.lines.map(lineToTuple),
    issuedAt,
    expiresAt,
  ])

/** What the scheme's key signs. */
export const certificateText = (certificate: TerminalCertificate): string =>
  textOf(CERTIFICATE, [
    certificate.scheme,
    certificate.terminal,
    certificate.key,
    toBase64url(certificate.publicKey),
    certificate.party,
    certificate.account,
    nfc(certificate.name),
    nfc(certificate.legalName),
    nfc(certificate.label),
    certificate.from,
    certificate.until,
  ])

/** A purchase or certificate with its signature, as it travels. */
export const signedText = (text: string, signature: Uint8Array): string => `${text}.${toBase64url(signature)}`

/** The purchase in a signed text; undefined for anything else. Its signature is not looked at. */
export function readPurchase(text: string): Signed<Purchase> | undefined {
  if (text.length > PURCHASE_LENGTH) return undefined
  return readSigned(text, PURCHASE, purchaseFrom, purchaseText)
}

/** The certificate in a signed text; undefined for anything else. Its signature is not looked at. */
export function readCertificate(text: string): Signed<TerminalCertificate> | undefined {
  if (text.length > PURCHASE_LENGTH) return undefined
  return readSigned(text, CERTIFICATE, certificateFrom, certificateText)
}

/** What is wrong with a purchase whose signatures are right; undefined when it may be shown and approved at `now` (ms since 1970). */
export function purchaseFault(
  purchase: Purchase,
  certificate: TerminalCertificate,
  { scheme, now }: Readonly<{ scheme: string; now: number }>,
): PurchaseFault | undefined {
  if (purchase.scheme !== scheme || certificate.scheme !== scheme) return 'other-scheme'
  if (!isSameShop(purchase.biller, certificate)) return 'other-shop'
  if (purchase.issuedAt < certificate.from || purchase.issuedAt >= certificate.until) return 'certificate-over'
  if (now >= purchase.expiresAt) return 'purchase-over'
  return purchase.issuedAt > now + PHONE_CLOCK_SLACK_MS ? 'clock' : undefined
}

/** Is a third of its life, or less, left at `now`? Then the register asks for a new one. */
export const isCertificateOld = ({ from, until }: Readonly<{ from: number; until: number }>, now: number): boolean =>
  (until - now) * 3 <= until - from

const isSameShop = (biller: Biller, certificate: TerminalCertificate): boolean =>
  biller.terminal === certificate.terminal &&
  biller.party === certificate.party &&
  biller.account === certificate.account &&
  nfc(biller.name) === certificate.name &&
  nfc(biller.legalName) === certificate.legalName &&
  nfc(biller.terminalLabel) === certificate.label

// ---- reading

function readSigned<Thing>(
  text: string,
  tag: string,
  read: (tuple: Tuple) => Thing | undefined,
  write: (thing: Thing) => string,
): Signed<Thing> | undefined {
  const parts = text.split('.')
  const [first, payload = '', last = ''] = parts
  if (parts.length !== 3 || first !== tag) return undefined
  const signature = fromBase64url(last)
  const bytes = fromBase64url(payload)
  const tuple = bytes && parsed(toText(bytes) ?? '')
  const value = Array.isArray(tuple) ? read(tuple) : undefined
  if (value === undefined || signature?.length !== SIGNATURE_BYTES) return undefined
  const signed = `${tag}.${payload}`
  return write(value) === signed ? { value, signed: utf8(signed), signature } : undefined
}

function purchaseFrom(tuple: Tuple): Purchase | undefined {
  if (tuple.length !== 13) return undefined
  const [scheme, deal, terminal, party, account, name, legalName, label, unit, total, lines, issuedAt, expiresAt] =
    tuple
  if (!isId('sch', scheme) || !isId('deal', deal) || !isId('trm', terminal) || !isId('pty', party)) return undefined
  if (!isAccountNumber(account) || !isName(name) || !isName(legalName) || !isName(label)) return undefined
  if (!isTime(issuedAt) || !isTime(expiresAt)) return undefined
  if (expiresAt <= issuedAt || expiresAt > issuedAt + PURCHASE_LIFE_MS) return undefined
  const bill = billFrom(unit, total, lines)
  if (bill === undefined) return undefined
  const biller: Biller = { terminal, party, account, name, legalName, terminalLabel: label }
  return { scheme, deal, biller, bill, issuedAt, expiresAt }
}

function certificateFrom(tuple: Tuple): TerminalCertificate | undefined {
  if (tuple.length !== 11) return undefined
  const [scheme, terminal, key, point, party, account, name, legalName, label, from, until] = tuple
  if (!isId('sch', scheme) || !isId('trm', terminal) || !isId('key', key) || !isId('pty', party)) return undefined
  if (!isAccountNumber(account) || !isName(name) || !isName(legalName) || !isName(label)) return undefined
  if (!isTime(from) || !isTime(until) || until <= from || typeof point !== 'string') return undefined
  const publicKey = fromBase64url(point)
  if (publicKey?.length !== PUBLIC_KEY_BYTES) return undefined
  return { scheme, terminal, key, publicKey, party, account, name, legalName, label, from, until }
}

function billFrom(unitText: unknown, totalText: unknown, tuples: unknown): Bill | undefined {
  const unit = typeof unitText === 'string' ? unitOf(unitText) : undefined
  const total = amountFrom(totalText)
  if (unit === undefined || total === undefined || !Array.isArray(tuples) || tuples.length > LINES) return undefined
  const lines = tuples.map((tuple: unknown) => (Array.isArray(tuple) ? lineFrom(tuple) : undefined))
  if (!lines.every((line) => line !== undefined)) return undefined
  const bill: Bill = { unit, total, lines }
  return faultOf(bill) === undefined ? bill : undefined
}

const lineToTuple = ({ text, quantity, amount, taxRate, tax, code, conditions, restriction }: Line): Tuple => [
  nfc(text),
  quantity,
  String(amount),
  taxRate,
  String(tax),
  code,
  conditions.delivery,
  conditions.coolingOff && [conditions.coolingOff.period, conditions.coolingOff.zone],
  restriction && [
    restriction.minimumAge,
    restriction.membership === null ? null : nfc(restriction.membership),
    restriction.region,
    restriction.perDay,
  ],
]

function lineFrom(tuple: Tuple): Line | undefined {
  if (tuple.length !== 9) return undefined
  const [text, quantity, amountText, taxRate, taxText, code, delivery, cooling, limits] = tuple
  const [amount, tax] = [amountFrom(amountText), amountFrom(taxText)]
  if (!isShowable(text, TEXT) || amount === undefined || tax === undefined) return undefined
  if (!isCount(quantity, QUANTITY) || quantity === 0 || !(taxRate === null || isCount(taxRate, 10_000)))
    return undefined
  if (!(code === null || (typeof code === 'string' && CODE.test(code))) || typeof delivery !== 'boolean')
    return undefined
  const coolingOff = coolingOffFrom(cooling)
  const restriction = restrictionFrom(limits)
  if (coolingOff === undefined || restriction === undefined) return undefined
  return { text, quantity, amount, taxRate, tax, code, conditions: { delivery, coolingOff }, restriction }
}

function coolingOffFrom(tuple: unknown): Line['conditions']['coolingOff'] | undefined {
  if (tuple === null) return null
  if (!Array.isArray(tuple) || tuple.length !== 2) return undefined
  const [period, zone]: Tuple = tuple
  return typeof period === 'string' && isShowable(zone, 60) ? { period, zone } : undefined
}

function restrictionFrom(tuple: unknown): Line['restriction'] | undefined {
  if (tuple === null) return null
  if (!Array.isArray(tuple) || tuple.length !== 4) return undefined
  const [minimumAge, membership, region, perDay]: Tuple = tuple
  if (!(minimumAge === null || isCount(minimumAge, 120)) || !(perDay === null || isCount(perDay, QUANTITY)))
    return undefined
  if (!(membership === null || isShowable(membership, 40)) || !(region === null || isShowable(region, 6)))
    return undefined
  return { minimumAge, membership, region, perDay }
}

const textOf = (tag: string, tuple: Tuple): string => `${tag}.${toBase64url(utf8(JSON.stringify(tuple)))}`
const nfc = (text: string): string => text.normalize('NFC')
const amountFrom = (text: unknown): bigint | undefined => (typeof text === 'string' ? parseAmount(text) : undefined)
const isTime = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) > 0
const isCount = (value: unknown, most: number): value is number =>
  Number.isSafeInteger(value) && Number(value) >= 0 && Number(value) <= most
const isName = (value: unknown): value is string => isShowable(value, TEXT)

/** Text for people, as long as that many code points. */
export const isShowable = (value: unknown, most: number): value is string =>
  typeof value === 'string' && value.length <= 2 * most && Array.from(value).length <= most && SHOWABLE.test(value)

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // Not JSON: cut off, or somebody else's.
    return undefined
  }
}
