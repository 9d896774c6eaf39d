// What is asked of an issuer, and how it is written in ISO 8583 (the dictionary with examples: docs/ways/issuer.md). asked.ts reads it.
//
//   0100 000000  authorise: sets an amount aside on a card          0220  capture: takes it, or a part, for good
//   0100 330000  verify: is this card good? (no amount)             0420 with DE 95  release: less stays set aside
//   0200 000000  sale: a conventional terminal, set aside and taken 0400, 0420  reverse: it never happened, even if it comes later
//   0200 200000  refund: gives back of what was taken               0302  key of a one-time number: put, or taken away
//   0500  compare a day's totals        0800  sign on, echo         0620  the issuer tells what became of a one-time number
//
// The same asked again (0101, 0201, 0221, 0401, 0421, 0303, 0621) has the same trace. DE 48 names the orders: OR the authorisation, RO what
// follows it. An order is known for ever, so that it is carried out once also where the trace of a repetition is another.
import { methodCode, type Method } from '#core/method.ts'
import type { Unit } from '#core/money.ts'
import { digitsOf, numericFor, placed, writeParts, type Trace } from './elements.ts'
import type { Message } from './iso8583.ts'
import { keyRecord, type KeyRecord } from './one-time.ts'
import { totalFields, type Totals } from './totals.ts'

/** `number`: up to 15 letters or digits, as the issuer knows the merchant; `category`: four digits */
export type Merchant = Readonly<{ number: string; name: string; place: string; category: string }>
export type Paid = Readonly<{ unit: Unit; amount: bigint }>
/** `expires`: YYMM */
export type Card = Readonly<{ number: string; expires: string }>
export type At = Readonly<{ merchant: Merchant; terminal: string }>
/** DE 90: by what an original is known that has no order. */
export type Original = Readonly<{ mti: string; stan: string; at: string; acquirer: string }>

export type Ask = Readonly<{ trace: Trace; isRepeat: boolean }> &
  (
    | (Readonly<{ kind: 'authorise'; method: Method; order: string; code: string | null }> & Card & Paid & At)
    | (Readonly<{ kind: 'verify'; order: string; code: string | null }> & Card)
    | (Readonly<{ kind: 'sale'; method: Method }> & Card & Paid & At)
    /** of an order, by its own; or a terminal's, by number and RRN of the sale */
    | (Readonly<{
        kind: 'refund'
        of: Readonly<{ order: string; own: string }> | Readonly<{ number: string; rrn: string }>
      }> &
        Paid &
        At)
    | (Readonly<{ kind: 'capture'; order: string; own: string }> & Paid)
    /** `amount` was set aside, `remains` still is; never more than before */
    | (Readonly<{ kind: 'release'; order: string; own: string; remains: bigint }> & Paid)
    /** isAdvice: 0420, where 0400 was not answered */
    | (Readonly<{ kind: 'reverse'; order: string | null; original: Original; isAdvice: boolean }> & Paid)
    | Readonly<{ kind: 'put-key'; number: string; order: string; record: KeyRecord }>
    | Readonly<{ kind: 'end-key'; number: string; order: string }>
    | Readonly<{ kind: 'compare'; unit: Unit; totals: Totals }>
    | Readonly<{ kind: 'network'; what: '001' | '002' | '301' }>
    | (Readonly<{
        kind: 'notice'
        number: string
        order: string
        event: NoticeEvent
        approval: string | null
        code: string
        terminal: string
        merchantNumber: string
      }> &
        Paid)
  )
export type AskKind = Ask['kind']
export type AskOf<Kind extends AskKind> = Extract<Ask, { kind: Kind }>

/** What becomes of a one-time number. The first four are its fate; the rest were tried with it, refused, and changed nothing. */
export const NOTICE_EVENTS = [
  'used',
  'refused',
  'reversed',
  'refunded',
  'other-merchant',
  'other-terminal',
  'other-amount',
  'other-expiry',
  'used-twice',
  'too-late',
] as const
export type NoticeEvent = (typeof NOTICE_EVENTS)[number]

const TYPES = {
  authorise: ['0100', '0101'],
  verify: ['0100', '0101'],
  sale: ['0200', '0201'],
  refund: ['0200', '0201'],
  capture: ['0220', '0221'],
  release: ['0420', '0421'],
  reverse: ['0400', '0401'],
  'put-key': ['0302', '0303'],
  'end-key': ['0302', '0303'],
  compare: ['0500', '0501'],
  network: ['0800', '0801'],
  notice: ['0620', '0621'],
} as const satisfies Record<AskKind, readonly [string, string]>

const typeOf = (ask: Ask): string =>
  ask.kind === 'reverse' && ask.isAdvice ? (ask.isRepeat ? '0421' : '0420') : TYPES[ask.kind][ask.isRepeat ? 1 : 0]

/** The message, not sealed yet. Throws RangeError for a part that does not fit, such as an amount above MOST_AMOUNT. */
export function writeAsk(ask: Ask): Message {
  const { stan, rrn, at, day, acquirer } = ask.trace
  const fields: Record<number, string> = { 7: at, 11: stan, 15: day, 32: acquirer, 37: rrn }
  return { mti: typeOf(ask), fields: { ...fields, ...fieldsOf(ask) } }
}

function fieldsOf(ask: Ask): Record<number, string> {
  switch (ask.kind) {
    case 'authorise':
    case 'sale': {
      const own = ask.kind === 'authorise' ? { OR: ask.order, CV: ask.code } : {}
      return {
        ...cardFields(ask),
        ...paidFields(ask),
        ...atFields(ask),
        3: '000000',
        48: writeParts({ ...own, MT: methodText(ask.method) }),
      }
    }
    case 'verify':
      return { ...cardFields(ask), 3: '330000', 4: digitsOf(0n, 12), 48: writeParts({ OR: ask.order, CV: ask.code }) }
    case 'refund': {
      const { of } = ask
      const by = 'order' in of ? { OR: of.order, RO: of.own } : { RR: of.rrn }
      return {
        ...('number' in of && { 2: of.number }),
        ...paidFields(ask),
        ...atFields(ask),
        3: '200000',
        48: writeParts(by),
      }
    }
    case 'capture':
      return { ...paidFields(ask), 3: '000000', 48: writeParts({ OR: ask.order, RO: ask.own }) }
    case 'release':
      return {
        ...paidFields(ask),
        3: '000000',
        48: writeParts({ OR: ask.order, RO: ask.own }),
        95: digitsOf(ask.remains, 12).padEnd(42, '0'),
      }
    case 'reverse': {
      const { mti, stan, at, acquirer } = ask.original
      return {
        ...paidFields(ask),
        3: '000000',
        ...(ask.order !== null && { 48: writeParts({ OR: ask.order }) }),
        90: `${mti}${stan}${at}${acquirer.padStart(11, '0')}`.padEnd(42, '0'),
      }
    }
    case 'put-key':
      return {
        2: ask.number,
        48: writeParts({ OR: ask.order }),
        91: '1',
        101: KEY_FILE,
        120: keyRecord(ask.record),
      }
    case 'end-key':
      return { 2: ask.number, 48: writeParts({ OR: ask.order }), 91: '3', 101: KEY_FILE }
    case 'compare':
      return totalFields(ask.unit, ask.totals)
    case 'network':
      return { 70: ask.what }
    case 'notice':
      return {
        2: ask.number,
        ...paidFields(ask),
        ...(ask.approval !== null && { 38: ask.approval }),
        39: ask.code,
        41: placed(ask.terminal, 8),
        42: placed(ask.merchantNumber, 15),
        48: writeParts({ OR: ask.order, EV: ask.event }),
      }
  }
}

/** DE 101 */
export const KEY_FILE = 'ONETIME'
const methodText = (method: Method): string => String(methodCode(method)).padStart(4, '0')
const cardFields = ({ number, expires }: Card): Record<number, string> => ({ 2: number, 14: expires })
const paidFields = ({ unit, amount }: Paid): Record<number, string> => ({
  4: digitsOf(amount, 12),
  49: numericFor(unit),
})
const atFields = ({ merchant, terminal }: At): Record<number, string> => ({
  18: merchant.category,
  // Typed in or read as a code, by a terminal at a counter.
  22: '010',
  25: '00',
  41: placed(terminal, 8),
  42: placed(merchant.number, 15),
  // Name 25 and place 13, then the country.
  43: `${placed(merchant.name, 25)}${placed(merchant.place, 13)}JP`,
})
