// The small schemas that messages and views are made of. Amounts are decimal-integer strings in the unit's smallest part.
import { Type, type TEnum, type TObject, type TProperties, type TSchema } from 'typebox'
import { ASKABLE } from '#core/persona.ts'
import { REASON_LENGTH } from '#core/question.ts'
import { LIMITS } from './limits.ts'

/** An object that refuses unknown fields. */
export const Closed = <Properties extends TProperties>(
  properties: Properties,
  options: object = {},
): TObject<Properties> => Type.Object(properties, { additionalProperties: false, ...options })

const id = (prefix: string, what: string) =>
  Type.String({
    pattern: `^${prefix}_[0-9a-f]{32}$`,
    description: what,
    examples: [`${prefix}_${'0123456789abcdef'.repeat(2)}`],
  })

export const CommandIdPart = id(
  'cmd',
  'made by the sender and stored before sending; the same id gets the same answer for ever',
)
export const DealIdPart = id('deal', 'made by the terminal, once for each deal')
export const PaymentIdPart = id('pay', 'made by the hub when a phone joins')
export const PartyIdPart = id('pty', 'a person or merchant')
export const TerminalIdPart = id('trm', 'a terminal of a merchant')
export const DeviceIdPart = id('dev', "a person's phone")
export const OperatorIdPart = id('opr', "a person at the operator's desk")
export const KeyIdPart = id('key', 'the public key of a device or terminal')
export const SessionIdPart = id('ses', 'a session')
export const SchemeIdPart = id('sch', 'this deployment')
export const MeansIdPart = id('mns', 'a bank account or card that a person has registered')
/** How a payment by card is repaid (core/method.ts). */
export const MethodPart = Type.String({
  pattern: '^(lump|bonus|revolving|(instalments|part-bonus)-([2-9]|[1-5][0-9]|60))$',
  description: 'lump, bonus, revolving, instalments-N or part-bonus-N in 2 to 60 payments',
  examples: ['instalments-3'],
})
export const TokenPart = id('tok', "the 128-bit secret in the QR's link")

export const AmountPart = Type.String({
  pattern: '^(0|[1-9][0-9]{0,17})$',
  description: "decimal integer in the unit's smallest part",
  examples: ['1280'],
})
export const SignedAmountPart = Type.String({
  pattern: '^(0|-?[1-9][0-9]{0,17})$',
  description: 'decimal integer, negative when money left',
})
export const UnitPart = Type.String({ pattern: '^[A-Z]{3}$', description: 'ISO 4217 code', examples: ['JPY'] })
export const PricePart = Type.String({
  pattern: '^(0|[1-9][0-9]{0,11})(\\.[0-9]{1,18})?$',
  description: "main units of the bill's currency for one main unit of the payer's",
  examples: ['148.7475'],
})
export const TimePart = Type.Integer({ description: "milliseconds since 1970 by the hub's clock" })
export const VersionPart = Type.Integer({ minimum: 0 })
export const AccountPart = Type.String({
  pattern: '^[0-9]{11}$',
  description: 'branch 3, number 7, check digit',
  examples: ['00112345674'],
})
export const NumberPart = Type.String({
  pattern: '^[0-9]{7,11}$',
  description: 'payment number with its Damm check digit',
})
export const NoncePart = Type.String({ pattern: '^[0-9a-f]{32}$', description: '16 bytes in hex' })
export const Base64urlPart = (maxLength: number, description: string) =>
  Type.String({ pattern: '^[A-Za-z0-9_-]*$', maxLength, description })
/** The keyword of texts that people write: the border looks for card numbers in them (server/text-check.ts). */
export const NO_CARD_NUMBER = 'x-no-card-number'
/** Text for people: no control characters, no bidirectional overrides, no line breaks, something to see, and no card number. */
export const TextPart = (maxLength: number) =>
  Type.String({
    minLength: 1,
    maxLength,
    [NO_CARD_NUMBER]: true,
    pattern:
      '^(?=.*[^\\s\\u00ad\\u115f\\u1160\\u200b-\\u200d\\u2060\\u3164\\ufeff])[^\\u0000-\\u001f\\u007f-\\u009f\\u061c\\u200e\\u200f\\u2028-\\u202e\\u2066-\\u2069]+$',
  })

const orNothing = <Schema extends TSchema>(schema: Schema) => Type.Union([schema, Type.Null()])

export const CoolingOffPart = Closed({
  period: Type.String({
    pattern: '^P[0-9YMWDTHS]{2,30}$',
    description: 'ISO 8601 duration above zero, at most ten years',
    examples: ['P8D'],
  }),
  zone: Type.String({ pattern: '^[A-Za-z0-9_+/-]{1,60}$', description: 'IANA time zone', examples: ['Asia/Tokyo'] }),
})

export const ConditionsPart = Closed({
  delivery: Type.Boolean({ description: 'the money waits until the terminal says that the goods were handed over' }),
  coolingOff: Type.Union([CoolingOffPart, Type.Null()], {
    description: 'how long the payer may take the line back; until then the shop cannot use the money',
  }),
})

export const RestrictionPart = Closed({
  minimumAge: orNothing(Type.Integer({ minimum: 1, maximum: 120, description: 'years' })),
  membership: orNothing(TextPart(LIMITS.membershipLength)),
  region: orNothing(Type.String({ pattern: '^[A-Z]{2}(-[A-Z0-9]{1,3})?$', examples: ['JP-14'] })),
  perDay: orNothing(
    Type.Integer({ minimum: 1, maximum: LIMITS.lineQuantity, description: 'of this code to one person on one day' }),
  ),
})

export const LinePart = Closed({
  text: TextPart(LIMITS.textLength),
  quantity: Type.Integer({ minimum: 1, maximum: LIMITS.lineQuantity }),
  amount: AmountPart,
  taxRate: Type.Union([Type.Integer({ minimum: 0, maximum: 10_000 }), Type.Null()], {
    description: 'hundredths of a percent; 1000 = 10 %',
  }),
  tax: AmountPart,
  code: Type.Union([Type.String({ pattern: '^[0-9A-Za-z._-]{1,40}$' }), Type.Null()]),
  conditions: ConditionsPart,
  restriction: Type.Union([RestrictionPart, Type.Null()], { description: 'who may buy it' }),
})

export const BillPart = Closed({
  unit: UnitPart,
  total: AmountPart,
  lines: Type.Array(LinePart, { minItems: 1, maxItems: LIMITS.billLines }),
})

export const literals = <const Values extends readonly string[]>(
  values: Values,
  description?: string,
): TEnum<[...Values]> => Type.Enum<[...Values]>([...values], description === undefined ? {} : { description })

/** What may be asked of a person beside the display name; each once. */
export const AskablesPart = Type.Array(literals(ASKABLE), { uniqueItems: true, maxItems: ASKABLE.length })
export const QuestionPart = Closed({ attributes: AskablesPart, reason: TextPart(REASON_LENGTH) })
