// The tables of cards (issuers, ranges of numbers, what merchants take) as the desk reads and sets them, and a day at the issuers.
import { Type, type Static, type TSchema } from 'typebox'
import { MOST_COUNT } from '#core/method.ts'
import { LIMITS } from './limits.ts'
import * as part from './parts.ts'
import type { Route } from './routes.ts'

const orNull = <const Schema extends TSchema>(schema: Schema) => Type.Union([schema, Type.Null()])
const text = (pattern: string, description: string) => Type.String({ pattern, description })

const CodePart = text('^[0-9]{4}$', "the issuer's code")
const PrefixPart = text('^[0-9]{5,10}$', 'how the numbers begin')
const ColourPart = text('^#[0-9a-f]{6}$', 'as CSS has it')
const CountsPart = Type.Array(Type.Integer({ minimum: 2, maximum: MOST_COUNT }), { maxItems: MOST_COUNT })
const MonthDayPart = Type.Integer({ minimum: 101, maximum: 1231, description: 'month and day: 1216 is 16 December' })
const RatePart = Type.Integer({ minimum: 0, maximum: 10_000, description: 'hundredths of a percent of a year' })

/** core/plan.ts, as it is sent. */
export const TermsPart = part.Closed(
  {
    unit: part.UnitPart,
    closesOn: Type.Integer({ minimum: 1, maximum: 31 }),
    dueOn: Type.Integer({ minimum: 1, maximum: 31 }),
    instalments: orNull(
      part.Closed({ counts: CountsPart, freeCounts: CountsPart, yearlyRate: RatePart, smallest: part.AmountPart }),
    ),
    bonus: orNull(
      part.Closed({
        periods: Type.Array(
          part.Closed({ month: Type.Integer({ minimum: 1, maximum: 12 }), from: MonthDayPart, to: MonthDayPart }),
          { minItems: 1, maxItems: 12 },
        ),
        smallest: part.AmountPart,
      }),
    ),
    partBonus: orNull(part.Closed({ counts: CountsPart, smallest: part.AmountPart })),
    revolving: orNull(part.Closed({ monthly: part.AmountPart, yearlyRate: RatePart, smallest: part.AmountPart })),
  },
  { description: "what the issuer's cards can be repaid by, and at what cost" },
)

export const IssuerPart = part.Closed({
  code: CodePart,
  name: part.TextPart(LIMITS.nameLength),
  nameJa: part.TextPart(LIMITS.nameLength),
  host: text('^[0-9A-Za-z.:-]{1,253}$', 'where its credit server is: name or address'),
  port: Type.Integer({ minimum: 1, maximum: 65_535 }),
  acquirer: text('^[0-9]{1,11}$', 'by which this issuer knows the scheme'),
  oneTimePrefix: orNull(PrefixPart),
  isOpen: Type.Boolean({ description: 'false: its cards pay nothing new; what was paid can still go back' }),
  colour: ColourPart,
  ink: ColourPart,
  terms: TermsPart,
})
export type IssuerWire = Static<typeof IssuerPart>

export const RangePart = part.Closed({ prefix: PrefixPart, issuer: CodePart })
export type RangeWire = Static<typeof RangePart>

export const MethodsPart = part.Closed({
  lump: Type.Boolean(),
  instalments: CountsPart,
  bonus: Type.Array(part.Closed({ from: MonthDayPart, to: MonthDayPart }), {
    maxItems: 12,
    description: 'purchases of these days, month and day (1216 to 615), both included',
  }),
  partBonus: CountsPart,
  revolving: Type.Boolean(),
})
export const MerchantPart = part.Closed({
  merchant: orNull(part.AccountPart),
  issuer: CodePart,
  number: text('^[0-9A-Z]{15}$', 'by which the issuer knows the merchant'),
  category: text('^[0-9]{4}$', 'merchant category code (ISO 18245)'),
  methods: MethodsPart,
})
export type MerchantWire = Static<typeof MerchantPart>

export const TABLES = ['issuers', 'ranges', 'merchants'] as const
export type TableName = (typeof TABLES)[number]

/** Why a row cannot be taken; row 0 is the file or the tables as a whole. */
export const TABLE_FAULTS = [
  'header',
  'empty',
  'too-many-rows',
  'columns',
  'code',
  'name',
  'card-number',
  'address',
  'acquirer',
  'one-time',
  'yes-no',
  'colour',
  'contrast',
  'terms',
  'prefix',
  'issuer-unknown',
  'merchant-unknown',
  'number',
  'category',
  'methods',
  'twice',
  'issuer-left-out',
  'one-time-overlaps',
  'one-time-length',
] as const
export type TableFault = (typeof TABLE_FAULTS)[number]

const CsvPart = Type.String({
  minLength: 1,
  maxLength: LIMITS.cardTableBytes,
  description: 'CSV, a header of column names first',
})
const rowsOf = <const Row extends TSchema>(row: Row) =>
  Type.Union([Type.Array(row, { maxItems: LIMITS.cardTableRows }), CsvPart], {
    description: 'rows, or a CSV file as text',
  })

/** One table's change. `isWhole`: the rows are the table, and what is not among them is taken away; otherwise they are added or changed. */
export const TableChange = Type.Union([
  part.Closed({ table: Type.Literal('issuers'), isWhole: Type.Boolean(), rows: rowsOf(IssuerPart) }),
  part.Closed({
    table: Type.Literal('ranges'),
    isWhole: Type.Boolean(),
    rows: rowsOf(RangePart),
    remove: Type.Optional(Type.Array(PrefixPart, { maxItems: LIMITS.cardTableRows })),
  }),
  part.Closed({
    table: Type.Literal('merchants'),
    isWhole: Type.Boolean(),
    rows: rowsOf(MerchantPart),
    remove: Type.Optional(
      Type.Array(part.Closed({ merchant: orNull(part.AccountPart), issuer: CodePart }), {
        maxItems: LIMITS.cardTableRows,
      }),
    ),
  }),
])
export type TableChange = Static<typeof TableChange>
export const TablesVersionPart = Type.Integer({
  minimum: 0,
  description: 'of the tables that the change was made from',
})

export const TablesCheckView = part.Closed({
  rows: Type.Integer(),
  added: Type.Integer(),
  changed: Type.Integer(),
  removed: Type.Integer(),
  faults: Type.Array(
    part.Closed({
      row: Type.Integer({ description: 'in CSV the line as a spreadsheet counts it, else from 1; 0: the whole' }),
      reason: part.literals(TABLE_FAULTS),
    }),
  ),
})
export type TablesCheckView = Static<typeof TablesCheckView>

const Alarm = part.Closed({
  n: Type.Integer(),
  at: part.TimePart,
  kind: Type.String(),
  order: orNull(Type.String()),
  detail: Type.String(),
})

export const CardTablesView = part.Closed({
  version: Type.Integer(),
  changedAt: part.TimePart,
  issuers: Type.Array(IssuerPart),
  ranges: Type.Array(RangePart),
  overlaps: Type.Array(part.Closed({ prefix: PrefixPart, issuer: CodePart, within: PrefixPart, of: CodePart }), {
    description: "ranges within another issuer's: the longer one counts",
  }),
  merchants: Type.Array(part.Closed({ ...MerchantPart.properties, name: orNull(Type.String()) })),
  vault: part.Closed({
    state: part.literals(
      ['none', 'away', 'ready', 'no-key', 'wrong-key', 'no-database'],
      'none: this hub has no vault',
    ),
    tables: orNull(Type.Integer({ description: 'the version that the vault works by' })),
    issuers: Type.Array(part.Closed({ code: CodePart, up: Type.Boolean() })),
  }),
  alarms: Type.Array(Alarm, { description: 'the newest, newest first' }),
})
export type CardTablesView = Static<typeof CardTablesView>

/** A day at the issuers: what the vault says was done there against what the hub has, order by order. */
export const CardReportView = part.Closed({
  day: Type.String({ description: 'YYYY-MM-DD, on the calendar of the scheme' }),
  unit: part.UnitPart,
  askedAt: orNull(part.TimePart),
  clearing: part.Closed(
    { ledger: part.SignedAmountPart, orders: part.SignedAmountPart, vault: part.SignedAmountPart },
    {
      description: 'now: what has come from issuers and not gone back, by the clearing accounts, the orders, the vault',
    },
  ),
  open: Type.Integer({ description: 'orders that were not carried out yet' }),
  differences: Type.Array(
    part.Closed({
      kind: part.literals(
        ['missing-at-issuer', 'missing-here', 'other-amount'],
        'the issuer does not have it · the hub does not have it · the amounts differ',
      ),
      order: Type.String({ description: '32 digits of the payment, and its number' }),
      what: part.literals(['collect', 'capture', 'release', 'return']),
      expected: part.AmountPart,
      there: part.AmountPart,
    }),
  ),
  issuers: Type.Array(
    part.Closed({
      issuer: CodePart,
      inBalance: orNull(Type.Boolean({ description: 'null: the issuer was not asked, or has not answered' })),
    }),
  ),
  stuck: Type.Array(
    part.Closed({ order: Type.String(), kind: Type.String(), amount: part.AmountPart, trouble: Type.String() }),
    { description: 'orders that only a person can put right' },
  ),
})
export type CardReportView = Static<typeof CardReportView>

const DayQuery = { day: Type.Optional(Type.String({ pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2}$' })) }

/** The desk's reads; `cardTablesCheck` is a question too long for an address, `reconcileCards` asks the issuers and changes nothing here. */
export const OPERATOR_CARD_ROUTES = {
  operatorCardTables: {
    method: 'GET',
    path: '/v1/operator/card-tables',
    access: 'token',
    who: 'operator',
    summary: 'Issuers, ranges of card numbers and what merchants take; how the vault and the issuers are doing.',
    response: CardTablesView,
    problems: [],
  },
  operatorCardFile: {
    method: 'GET',
    path: '/v1/operator/card-tables/file',
    access: 'token',
    who: 'operator',
    summary: 'One of these tables as a CSV file, which can be set again as it is.',
    query: part.Closed({ table: Type.Optional(part.literals(TABLES, 'issuers where it is left out')) }),
    response: part.Closed({ name: Type.String(), csv: Type.String() }),
    problems: [],
  },
  cardTablesCheck: {
    method: 'POST',
    path: '/v1/operator/card-tables-check',
    access: 'token',
    who: 'operator',
    summary: 'What a change of the tables of cards would do, row by row; nothing is set.',
    body: part.Closed({ change: TableChange }),
    bodyBytes: 2 * LIMITS.cardTableBytes,
    response: TablesCheckView,
    problems: ['too-large', 'unit-invalid', 'amount-invalid'],
  },
  operatorCardReport: {
    method: 'GET',
    path: '/v1/operator/card-report',
    access: 'token',
    who: 'operator',
    summary: 'A business day at the issuers: differences, order by order. Today where no day is named.',
    query: part.Closed(DayQuery),
    response: CardReportView,
    problems: ['day-invalid'],
  },
  reconcileCards: {
    method: 'POST',
    path: '/v1/operator/card-report-ask',
    access: 'token',
    who: 'operator',
    summary: 'Asks the vault and its issuers to compare a business day (0500), and gives the report of it.',
    body: part.Closed({ day: Type.String({ pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2}$' }) }),
    response: CardReportView,
    problems: ['day-invalid', 'cards-unavailable'],
  },
} as const satisfies Record<string, Route>
