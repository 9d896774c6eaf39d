// What a message asks of an issuer, or tells a vault: messages.ts the other way round. The data element that is missing or not right is named.
import { methodOf, type Method } from '#core/method.ts'
import { MOST_AMOUNT, readParts, unitIn, type Trace } from './elements.ts'
import type { Message } from './iso8583.ts'
import { KEY_FILE, NOTICE_EVENTS, type Ask, type At, type Card, type Original, type Paid } from './messages.ts'
import { readKeyRecord } from './one-time.ts'
import { readTotals } from './totals.ts'

export type ReadAsk = Readonly<{ ok: true; ask: Ask }> | Readonly<{ ok: false; field: number }>

/** What a message asks; or the data element that is missing or not right (0: no message that asks). Never throws. */
export function readAsk({ mti, fields }: Message): ReadAsk {
  try {
    return { ok: true, ask: askIn(mti, fields) }
  } catch (error) {
    if (error instanceof Missing) return { ok: false, field: error.field }
    throw error
  }
}

class Missing extends Error {
  readonly field: number
  constructor(field: number) {
    super(`DE ${field} is missing or not right`)
    this.field = field
  }
}
const no = (field: number): never => {
  throw new Missing(field)
}

type Fields = Message['fields']

function askIn(mti: string, fields: Fields): Ask {
  const isRepeat = mti.endsWith('1') || mti.endsWith('3')
  const head = { trace: traceIn(fields), isRepeat }
  const parts = readParts(fields[48] ?? '') ?? no(48)
  const order = (): string => orderIn(parts, 'OR')
  const own = (): string => orderIn(parts, 'RO')
  const method = (): Method => methodOf(Number(parts.get('MT') ?? no(48))) ?? no(48)
  const code = parts.get('CV') ?? null
  if (code !== null && !/^[0-9]{3,4}$/u.test(code)) no(48)
  switch (`${mti.slice(0, 3)} ${fields[3] ?? ''}`.trimEnd()) {
    case '010 000000':
      return { ...head, kind: 'authorise', method: method(), order: order(), code, ...card(fields), ...at(fields) }
    case '010 330000':
      return { ...head, kind: 'verify', order: order(), code, ...card(fields) }
    case '020 000000':
      return { ...head, kind: 'sale', method: method(), ...card(fields), ...at(fields) }
    case '020 200000': {
      const rrn = parts.get('RR')
      const of = rrn === undefined ? { order: order(), own: own() } : { number: numberIn(fields), rrn }
      return { ...head, kind: 'refund', of, ...at(fields) }
    }
    case '022 000000':
      return { ...head, kind: 'capture', order: order(), own: own(), ...paid(fields) }
    case '040 000000':
    case '042 000000': {
      const isAdvice = mti.startsWith('042')
      const { 95: replaced } = fields
      if (isAdvice && replaced !== undefined) {
        const remains = BigInt(/^([0-9]{12})0{30}$/u.exec(replaced)?.[1] ?? no(95))
        return { ...head, kind: 'release', order: order(), own: own(), remains, ...paid(fields) }
      }
      const named = parts.has('OR') ? order() : null
      return { ...head, kind: 'reverse', order: named, original: originalIn(fields), isAdvice, ...paid(fields) }
    }
    case '030':
      return keyAsk(head, fields, order())
    case '050': {
      const compared = readTotals(fields)
      return typeof compared === 'number' ? no(compared) : { ...head, kind: 'compare', ...compared }
    }
    case '080': {
      const what = fields[70]
      return what === '001' || what === '002' || what === '301' ? { ...head, kind: 'network', what } : no(70)
    }
    case '062':
      return noticeIn(head, fields, { order: order(), event: parts.get('EV') })
    default:
      return no(/^0(?:10|20|22|40|42)/u.test(mti) ? 3 : 0)
  }
}

type Head = Pick<Ask, 'trace' | 'isRepeat'>

function keyAsk(head: Head, fields: Fields, order: string): Ask {
  const number = numberIn(fields)
  if (fields[101]?.trimEnd() !== KEY_FILE) no(101)
  if (fields[91] === '3') return { ...head, kind: 'end-key', number, order }
  if (fields[91] !== '1') no(91)
  return { ...head, kind: 'put-key', number, order, record: readKeyRecord(fields[120] ?? '') ?? no(120) }
}

function noticeIn(head: Head, fields: Fields, named: Readonly<{ order: string; event: string | undefined }>): Ask {
  const event = NOTICE_EVENTS.find((known) => known === named.event) ?? no(48)
  return {
    ...head,
    kind: 'notice',
    number: numberIn(fields),
    order: named.order,
    event,
    approval: fields[38] ?? null,
    code: fields[39] ?? no(39),
    terminal: (fields[41] ?? no(41)).trimEnd(),
    merchantNumber: (fields[42] ?? no(42)).trimEnd(),
    ...paid(fields),
  }
}

const ORDER = /^[A-Za-z0-9_-]{1,64}$/u

function orderIn(parts: ReadonlyMap<string, string>, name: 'OR' | 'RO'): string {
  const order = parts.get(name) ?? no(48)
  return ORDER.test(order) ? order : no(48)
}

function traceIn(fields: Fields): Trace {
  const rrn = fields[37] ?? no(37)
  const day = fields[15] ?? no(15)
  const at = fields[7] ?? no(7)
  if (!/^(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])$/u.test(day)) no(15)
  if (!/^(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])(?:[01][0-9]|2[0-3])[0-5][0-9][0-5][0-9]$/u.test(at)) no(7)
  return { stan: fields[11] ?? no(11), rrn, at, day, acquirer: fields[32] ?? no(32) }
}

const numberIn = (fields: Fields): string => (/^[0-9]{12,19}$/u.test(fields[2] ?? '') ? (fields[2] ?? '') : no(2))
const card = (fields: Fields): Card => ({
  number: numberIn(fields),
  expires: /^[0-9]{2}(?:0[1-9]|1[0-2])$/u.test(fields[14] ?? '') ? (fields[14] ?? '') : no(14),
})

function paid(fields: Fields): Paid {
  const amount = BigInt(fields[4] ?? no(4))
  if (amount === 0n || amount > MOST_AMOUNT) no(4)
  return { unit: unitIn(fields[49]) ?? no(49), amount }
}

function at(fields: Fields): Paid & At {
  const name = fields[43] ?? no(43)
  const number = (fields[42] ?? no(42)).trimEnd()
  const terminal = (fields[41] ?? no(41)).trimEnd()
  const merchant = {
    number: number === '' ? no(42) : number,
    name: name.slice(0, 25).trimEnd(),
    place: name.slice(25, 38).trimEnd(),
    category: fields[18] ?? no(18),
  }
  return { merchant, terminal: terminal === '' ? no(41) : terminal, ...paid(fields) }
}

function originalIn(fields: Fields): Original {
  const [, mti, stan, sentAt, acquirer] =
    /^([0-9]{4})([0-9]{6})([0-9]{10})([0-9]{11})[0-9]{11}$/u.exec(fields[90] ?? '') ?? []
  if (mti === undefined || stan === undefined || sentAt === undefined || acquirer === undefined) return no(90)
  return { mti, stan, at: sentAt, acquirer: acquirer.replace(/^0+(?=.)/u, '') }
}
