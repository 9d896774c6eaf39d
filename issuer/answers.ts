// The answers of an issuer, and of a vault to the issuer's notices: the request's own elements again, and what became of it.
import type { Unit } from '#core/money.ts'
import { answerType, readParts, unitIn, writeParts, type Trace } from './elements.ts'
import type { Message } from './iso8583.ts'
import { readTotals, totalFields, type Totals } from './totals.ts'

/** `code`: DE 39; `approval`: six signs where something was set aside or taken; `compared`: the issuer's totals, where they were asked for */
export type Outcome = Readonly<{
  code: string
  approval?: string | null
  compared?: Readonly<{ unit: Unit; totals: Totals }>
  /** the data element that could not be read, for DE 44 */
  fault?: number
}>

/** Said again as it came, so that the asker knows what this answers. A security code (in DE 48) is not said again, nor what is long. */
const SAID_AGAIN = [2, 3, 4, 7, 11, 15, 32, 37, 41, 42, 49, 70, 90, 91, 95, 101]

/** Throws where the message asks nothing: answers are not answered. */
export function answerTo({ mti, fields }: Message, { code, approval, compared, fault }: Outcome): Message {
  const type = answerType(mti)
  if (type === undefined) throw new RangeError('an answer is not answered')
  const again = SAID_AGAIN.flatMap((number) => {
    const value = fields[number]
    return value === undefined ? [] : [[number, value] as const]
  })
  const parts = readParts(fields[48] ?? '')
  const orders = writeParts({ OR: parts?.get('OR') ?? null, RO: parts?.get('RO') ?? null })
  return {
    mti: type,
    fields: {
      ...Object.fromEntries(again),
      ...(typeof approval === 'string' && { 38: approval }),
      39: code,
      ...(fault !== undefined && { 44: `DE${String(fault).padStart(3, '0')}` }),
      ...(orders !== '' && { 48: orders }),
      ...(compared !== undefined && {
        ...totalFields(compared.unit, compared.totals),
        66: code === '00' ? '1' : '2',
      }),
    },
  }
}

/** What an answer says; `at` and `day` of the trace are those that were asked with. */
export type Answer = Readonly<{
  mti: string
  trace: Partial<Trace>
  code: string
  approval: string | null
  /** DE 48 OR and RO */
  order: string | null
  own: string | null
  unit: Unit | null
  amount: bigint | null
  /** of a 0510: the issuer's own totals */
  compared: Readonly<{ unit: Unit; totals: Totals }> | null
}>

/** Reads an answer; undefined for a message that is none, or says no outcome. Never throws. */
export function readAnswer({ mti, fields }: Message): Answer | undefined {
  const code = fields[39]
  if (code === undefined || !/^0[0-9][13][024]$/u.test(mti)) return undefined
  const parts = readParts(fields[48] ?? '')
  const compared = mti === '0510' ? readTotals(fields) : 0
  const [stan, rrn, at, day, acquirer] = [fields[11], fields[37], fields[7], fields[15], fields[32]]
  return {
    mti,
    trace: {
      ...(stan !== undefined && { stan }),
      ...(rrn !== undefined && { rrn }),
      ...(at !== undefined && { at }),
      ...(day !== undefined && { day }),
      ...(acquirer !== undefined && { acquirer }),
    },
    code,
    approval: fields[38] ?? null,
    order: parts?.get('OR') ?? null,
    own: parts?.get('RO') ?? null,
    unit: unitIn(fields[49]) ?? null,
    amount: fields[4] === undefined ? null : BigInt(fields[4]),
    compared: typeof compared === 'number' ? null : compared,
  }
}
