// The operator's desk: its commands (each with the reason in the operator's own words, which goes into the log), its views and routes.
import { Type, type Static, type TSchema } from 'typebox'
import { BankReportView } from './bank-report.ts'
import { OPERATOR_CARD_ROUTES, TableChange, TablesVersionPart } from './card-tables.ts'
import { ACTION_KINDS, OPERATOR_ROLES } from '#core/actions.ts'
import { STAFF_ROLES } from '#core/staff.ts'
import { LIFETIME_MS } from '#core/numbers.ts'
import { ASKABLE } from '#core/persona.ts'
import { LIMITS } from './limits.ts'
import * as part from './parts.ts'
import { OPERATOR_RATE_ROUTES, RatesSent } from './rates.ts'
import type { Route } from './routes.ts'
import { BalanceView, EntryView } from './views.ts'

const orNull = <const Schema extends TSchema>(schema: Schema) => Type.Union([schema, Type.Null()])

/** Terminals that a merchant may have; a person's phone becomes one by itself. */
export const INVITED_TERMINALS = [
  'counter',
  'vending',
  'ticket-office',
  'web-shop',
] as const satisfies readonly Exclude<keyof typeof LIFETIME_MS, 'person'>[]

/** What of a person an operator may ask to see. */
export const LOOKS = ['birth-date', 'portrait', 'email'] as const

const DayPart = Type.String({ pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2}$', description: 'YYYY-MM-DD' })

export const LimitsPart = part.Closed(
  { perPayment: part.AmountPart, perDay: part.AmountPart, perMonth: part.AmountPart },
  { description: 'the most that may be paid at once, on a day and in a month of the calendar' },
)
export type LimitsWire = Static<typeof LimitsPart>

/** One for each of core/device.ts's STRENGTHS. */
export const ProofLimitsPart = part.Closed(
  {
    password: orNull(part.AmountPart),
    'synced-passkey': orNull(part.AmountPart),
    'bound-passkey': orNull(part.AmountPart),
    'security-key': orNull(part.AmountPart),
    other: orNull(part.AmountPart),
  },
  { description: 'the most that one payment may be with a proof of this kind; null: no more than every limit says' },
)
export type ProofLimitsWire = Static<typeof ProofLimitsPart>

/** What a register may take while it has no network. */
export const OfflineLimitsPart = part.Closed(
  {
    payment: part.AmountPart,
    device: part.AmountPart,
    terminal: part.AmountPart,
    ms: Type.Integer({ minimum: 0, maximum: LIMITS.offlineMs }),
  },
  { description: 'of one payment, of one phone, of all that waits at one register; and for how long' },
)
export type OfflineLimitsWire = Static<typeof OfflineLimitsPart>

export const AttributesPart = part.Closed({
  birthDate: orNull(DayPart),
  region: orNull(Type.String({ pattern: '^[A-Z]{2}(-[A-Z0-9]{1,3})?$', examples: ['JP-14'] })),
  memberships: Type.Array(
    part.Closed(
      {
        name: part.TextPart(LIMITS.membershipLength),
        until: orNull(DayPart),
        number: Type.Optional(orNull(part.TextPart(LIMITS.membershipLength))),
      },
      { description: 'to the end of that day' },
    ),
    { maxItems: LIMITS.memberships },
  ),
})
export type AttributesWire = Static<typeof AttributesPart>

const CreditRow = part.Closed({
  account: part.AccountPart,
  amount: part.AmountPart,
  text: Type.String({ maxLength: LIMITS.textLength, description: "the receiver's history shows it; empty: the title" }),
})

/** Rows, or a CSV file as text: see docs/accounting.md. */
const creditFile = {
  unit: part.UnitPart,
  title: part.TextPart(LIMITS.nameLength),
  rows: Type.Union(
    [
      Type.Array(CreditRow, { minItems: 1, maxItems: LIMITS.creditRows }),
      Type.String({
        minLength: 1,
        maxLength: LIMITS.creditFileBytes,
        description:
          'CSV (RFC 4180; comma, semicolon or tab) with the header account,amount,text (text may be left out); accounts with or without dashes, amounts as people write them: 12.50',
      }),
    ],
    { description: 'rows, or a CSV file as text' },
  ),
}

const ofDesk = {
  command: part.CommandIdPart,
  /** the reason, in the operator's own words: the log keeps it */
  why: part.TextPart(LIMITS.whyLength),
}
const ofAccount = { ...ofDesk, account: part.AccountPart }
const ofMoney = { ...ofAccount, unit: part.UnitPart, amount: part.AmountPart }

export const OPERATOR_COMMANDS = {
  'open-party': part.Closed(
    {
      ...ofDesk,
      kind: part.literals(['person', 'merchant']),
      name: part.TextPart(LIMITS.nameLength),
      legalName: part.TextPart(LIMITS.nameLength),
      units: Type.Array(part.UnitPart, { minItems: 1, maxItems: LIMITS.units, uniqueItems: true }),
    },
    { description: 'Opens a person or merchant with an account number and a balance of zero in each currency.' },
  ),
  invite: part.Closed(
    {
      ...ofDesk,
      to: Type.Union([
        part.Closed({ kind: Type.Literal('device'), party: part.PartyIdPart }),
        part.Closed({
          kind: Type.Literal('terminal'),
          party: part.PartyIdPart,
          label: part.TextPart(LIMITS.nameLength),
          terminal: part.literals(INVITED_TERMINALS),
        }),
        part.Closed({
          kind: Type.Literal('operator'),
          name: part.TextPart(LIMITS.nameLength),
          role: Type.Optional(part.literals(OPERATOR_ROLES, 'chief where it is left out')),
        }),
        part.Closed(
          {
            kind: Type.Literal('staff'),
            party: part.PartyIdPart,
            name: part.TextPart(LIMITS.nameLength),
            role: part.literals(STAFF_ROLES),
          },
          { description: "one of a merchant's people: the code sets the PIN at one of its terminals" },
        ),
      ]),
    },
    {
      description: "A one-time code for a person's phone, a merchant's terminal or back office, or a further operator.",
    },
  ),
  revoke: part.Closed(
    { ...ofDesk, actor: Type.Union([part.DeviceIdPart, part.TerminalIdPart, part.OperatorIdPart]) },
    { description: 'A phone, terminal or operator may do nothing any more, at once.' },
  ),
  'cash-in': part.Closed(ofMoney, { description: 'Cash over the desk into an account.' }),
  'cash-out': part.Closed(ofMoney, {
    description: 'Cash over the desk out of an account; also what is left in a closed one.',
  }),
  'credit-file': part.Closed(
    { ...ofDesk, ...creditFile },
    { description: 'Allowances or payroll: every row is booked, or none when any row is wrong.' },
  ),
  freeze: part.Closed(ofAccount, { description: 'Nothing can leave the account; what is on its way still arrives.' }),
  unfreeze: part.Closed(ofAccount, { description: 'Lets a frozen account pay again.' }),
  close: part.Closed(ofAccount, {
    description: 'Closes an empty account for good, and with it the phones and terminals of its holder.',
  }),
  'set-limits': part.Closed(
    { ...ofAccount, unit: part.UnitPart, limits: orNull(LimitsPart) },
    { description: "The account's own limits; null puts those of the scheme in force again." },
  ),
  verify: part.Closed(
    { ...ofDesk, party: part.PartyIdPart, attributes: AttributesPart },
    { description: 'What the operator has seen proof of: decides about restricted goods. Replaces what was known.' },
  ),
  look: part.Closed(
    { ...ofDesk, party: part.PartyIdPart, what: part.literals(LOOKS) },
    { description: 'Shows what nobody should see without a reason: the log has a line of each look.' },
  ),
  'register-client': part.Closed(
    {
      ...ofDesk,
      party: part.PartyIdPart,
      name: part.TextPart(LIMITS.nameLength),
      redirectUris: Type.Array(Type.String({ pattern: '^https?://[!-~]{1,500}$' }), {
        maxItems: 10,
        description: 'https, or http for localhost alone',
      }),
      ciba: part.literals(['none', 'poll', 'ping']),
      notificationEndpoint: orNull(Type.String({ pattern: '^https?://[!-~]{1,500}$' })),
      attributes: Type.Array(part.literals(ASKABLE), { maxItems: ASKABLE.length, uniqueItems: true }),
    },
    { description: "A merchant's site may sign people in (OpenID Connect). The secret is told once." },
  ),
  'end-client': part.Closed(
    { ...ofDesk, client: Type.String({ pattern: '^[0-9A-Za-z_-]{1,60}$' }) },
    { description: 'The site may sign nobody in any more.' },
  ),
  'set-rules': part.Closed(
    {
      ...ofDesk,
      limits: LimitsPart,
      freshProofFrom: part.AmountPart,
      unlockMs: Type.Integer({ minimum: 0, maximum: 86_400_000, description: "how long a phone's unlock lasts" }),
      restricted: part.literals(['refuse', 'ask']),
      proofLimits: Type.Optional(ProofLimitsPart),
      offline: Type.Optional(OfflineLimitsPart),
    },
    { description: "The scheme's rules, in the smallest part of its own currency; every hub knows them within 2 s." },
  ),
  'set-rates': part.Closed(
    { ...ofDesk, rows: RatesSent },
    { description: 'Exchange rates: every row is set, or none when any is wrong. The newest in force counts.' },
  ),
  'set-card-tables': part.Closed(
    { ...ofDesk, version: TablesVersionPart, change: TableChange },
    { description: 'One of the tables of cards: every row is set, or none when any is wrong.' },
  ),
} as const

export type OperatorCommandName = keyof typeof OPERATOR_COMMANDS
export type OperatorCommandBody<Name extends OperatorCommandName> = Static<(typeof OPERATOR_COMMANDS)[Name]>
export type AnyOperatorCommand = {
  [Name in OperatorCommandName]: { name: Name; body: OperatorCommandBody<Name> }
}[OperatorCommandName]

/** What a command made; null for what it did not make. */
export const OperatorAnswerView = part.Closed({
  party: orNull(part.PartyIdPart),
  account: orNull(part.AccountPart),
  code: orNull(Type.String({ description: 'the one-time code as a person types it' })),
  codeExpiresAt: orNull(part.TimePart),
  rows: orNull(Type.Integer({ description: 'rows booked' })),
  look: orNull(
    part.Closed({
      birthDate: orNull(DayPart),
      claimedBirthDate: orNull(DayPart),
      email: orNull(Type.String()),
      portrait: orNull(Type.String({ description: 'base64 of the JPEG' })),
    }),
  ),
  client: orNull(part.Closed({ id: Type.String(), secret: Type.String() })),
})
export type OperatorAnswerView = Static<typeof OperatorAnswerView>

/** Why a row cannot be booked; row 0 is the file as a whole. */
export const CREDIT_FAULTS = [
  'header',
  'empty',
  'too-many-rows',
  'total',
  'columns',
  'account-invalid',
  'account-unknown',
  'account-closed',
  'unit-mismatch',
  'amount-invalid',
  'text-invalid',
  'card-number',
] as const
export type CreditFault = (typeof CREDIT_FAULTS)[number]

/** What a file of credits would do: the faults by row, the total of the rows that are right. */
export const CreditCheckView = part.Closed({
  rows: Type.Integer(),
  unit: part.UnitPart,
  total: part.AmountPart,
  faults: Type.Array(
    part.Closed({
      row: Type.Integer({
        description: 'in CSV the line as a spreadsheet counts it, else counted from 1; 0: the file',
      }),
      reason: part.literals(CREDIT_FAULTS),
    }),
  ),
})
export type CreditCheckView = Static<typeof CreditCheckView>

const Status = part.literals(['active', 'closed'])

export const PartyRowView = part.Closed({
  party: part.PartyIdPart,
  kind: part.literals(['person', 'merchant']),
  name: Type.String(),
  legalName: Type.String(),
  account: part.AccountPart,
  status: Status,
  frozen: Type.Boolean(),
  openedAt: part.TimePart,
})
export type PartyRowView = Static<typeof PartyRowView>

const Machine = {
  label: Type.String(),
  status: part.literals(['active', 'revoked']),
  enrolledAt: part.TimePart,
}

/** All that the desk shows of one party. */
export const PartyFileView = part.Closed({
  ...PartyRowView.properties,
  balances: Type.Array(
    part.Closed({
      ...BalanceView.properties,
      limits: orNull(LimitsPart),
      spentOnDay: part.AmountPart,
      spentInMonth: part.AmountPart,
    }),
  ),
  attributes: part.Closed(
    { ...AttributesPart.properties, birthDate: Type.Null() },
    { description: 'verified; the birth date is shown by look alone' },
  ),
  has: part.Closed({
    birthDate: Type.Boolean(),
    claimedBirthDate: Type.Boolean(),
    email: Type.Boolean(),
    portrait: Type.Boolean(),
  }),
  staff: Type.Array(
    part.Closed({
      id: Type.String(),
      name: Type.String(),
      role: part.literals(STAFF_ROLES),
      status: part.literals(['active', 'ended']),
    }),
  ),
  devices: Type.Array(part.Closed({ id: part.DeviceIdPart, ...Machine })),
  terminals: Type.Array(part.Closed({ id: part.TerminalIdPart, kind: part.literals(INVITED_TERMINALS), ...Machine })),
  entries: Type.Array(part.Closed({ unit: part.UnitPart, ...EntryView.properties }), {
    description: 'the newest of all its currencies',
  }),
})
export type PartyFileView = Static<typeof PartyFileView>

export const OperatorView = part.Closed({
  id: part.OperatorIdPart,
  name: Type.String(),
  role: part.literals(OPERATOR_ROLES),
  hasPasskey: Type.Boolean(),
  status: part.literals(['active', 'revoked']),
  enrolledAt: part.TimePart,
})
export type OperatorView = Static<typeof OperatorView>

export const ActionView = part.Closed({
  bucket: Type.Integer(),
  number: Type.String({ description: "the bucket's own count of actions" }),
  operator: part.OperatorIdPart,
  operatorName: Type.String(),
  what: part.literals(ACTION_KINDS),
  subject: Type.String({ description: "account, party, device, terminal or operator; 'scheme' for what concerns all" }),
  why: Type.String(),
  before: Type.String({ description: 'JSON, exactly as it is hashed' }),
  after: Type.String({ description: 'JSON, exactly as it is hashed' }),
  at: part.TimePart,
  hash: Type.String({ description: 'hex; each link holds the one before it' }),
})
export type ActionView = Static<typeof ActionView>

export const HeadView = part.Closed({
  day: Type.Integer({ description: "20261203, on the scheme's calendar" }),
  at: part.TimePart,
  text: Type.String({ description: 'the ends of every chain, line by line; its UTF-8 bytes are what is signed' }),
  signature: part.Base64urlPart(86, "P-256 signature r‖s with SHA-256 by the scheme's key over the text"),
})
export type HeadView = Static<typeof HeadView>

export const RulesView = part.Closed({
  limits: LimitsPart,
  freshProofFrom: part.AmountPart,
  unlockMs: Type.Integer(),
  restricted: part.literals(['refuse', 'ask']),
  proofLimits: ProofLimitsPart,
  offline: OfflineLimitsPart,
  zone: Type.String(),
  unit: part.UnitPart,
})
export type RulesView = Static<typeof RulesView>

const PartyParams = part.Closed({ party: part.PartyIdPart })

/** The desk's reads; `creditCheck` is a question too long for an address. */
export const OPERATOR_ROUTES = {
  operatorParties: {
    method: 'GET',
    path: '/v1/operator/parties',
    summary: 'People and merchants, newest first; by a part of the name or by account number where asked.',
    access: 'token',
    who: 'operator',
    query: part.Closed({
      search: Type.Optional(part.TextPart(LIMITS.nameLength)),
      before: Type.Optional(part.PartyIdPart),
    }),
    response: part.Closed({ parties: Type.Array(PartyRowView), next: orNull(part.PartyIdPart) }),
    problems: [],
  },
  operatorParty: {
    method: 'GET',
    path: '/v1/operator/parties/{party}',
    summary: "One party's file: balances, limits, verified attributes, phones, terminals, newest entries.",
    access: 'token',
    who: 'operator',
    params: PartyParams,
    response: PartyFileView,
    problems: ['party-unknown'],
  },
  operatorActions: {
    method: 'GET',
    path: '/v1/operator/actions',
    summary: "The operators' log, newest first; a party or account finds also its phones and terminals.",
    access: 'token',
    who: 'operator',
    query: part.Closed({
      subject: Type.Optional(Type.String({ pattern: '^[0-9a-z_]{1,60}$' })),
      before: Type.Optional(Type.String({ pattern: '^[0-9]{1,16}-[0-9]{1,5}-[0-9]{1,18}$' })),
    }),
    response: part.Closed({ actions: Type.Array(ActionView), next: orNull(Type.String()) }),
    problems: [],
  },
  operatorHeads: {
    method: 'GET',
    path: '/v1/operator/heads',
    summary: "The ends of all journals and logs, signed once a day with the scheme's key; newest first.",
    access: 'token',
    who: 'operator',
    query: part.Closed({ before: Type.Optional(Type.String({ pattern: '^[0-9]{8}$' })) }),
    response: part.Closed({
      key: part.Base64urlPart(87, "the scheme's public key: uncompressed P-256, 65 bytes"),
      heads: Type.Array(HeadView),
      next: orNull(Type.String()),
    }),
    problems: [],
  },
  operatorBank: {
    method: 'GET',
    path: '/v1/operator/bank',
    summary:
      'A business day at the bank: what the bank has booked against orders and clearing accounts. Today where no day is named.',
    access: 'token',
    who: 'operator',
    query: part.Closed({ day: Type.Optional(Type.String({ pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2}$' })) }),
    response: BankReportView,
    problems: ['day-invalid'],
  },
  operatorRules: {
    method: 'GET',
    path: '/v1/operator/rules',
    summary: "The scheme's rules as they stand.",
    access: 'token',
    who: 'operator',
    response: RulesView,
    problems: [],
  },
  operators: {
    method: 'GET',
    path: '/v1/operator/operators',
    summary: 'Who may work at this desk, and who might once.',
    access: 'token',
    who: 'operator',
    response: part.Closed({ operators: Type.Array(OperatorView) }),
    problems: [],
  },
  operatorClients: {
    method: 'GET',
    path: '/v1/operator/clients',
    summary: 'Sites that sign people in.',
    access: 'token',
    who: 'operator',
    response: part.Closed({
      clients: Type.Array(
        part.Closed({
          id: Type.String(),
          party: part.PartyIdPart,
          merchant: Type.String(),
          name: Type.String(),
          redirectUris: Type.Array(Type.String()),
          ciba: part.literals(['none', 'poll', 'ping']),
          attributes: Type.Array(part.literals(ASKABLE)),
          status: part.literals(['active', 'ended']),
          createdAt: part.TimePart,
        }),
      ),
    }),
    problems: [],
  },
  creditCheck: {
    method: 'POST',
    path: '/v1/operator/credit-check',
    summary: 'What a file of credits would do, row by row; nothing is booked.',
    access: 'token',
    who: 'operator',
    body: part.Closed(creditFile),
    bodyBytes: LIMITS.creditFileBytes,
    response: CreditCheckView,
    problems: ['unit-invalid', 'too-large'],
  },
  ...OPERATOR_RATE_ROUTES,
  ...OPERATOR_CARD_ROUTES,
} as const satisfies Record<string, Route>

export type OperatorRouteName = keyof typeof OPERATOR_ROUTES
export type OperatorRouteView<Name extends OperatorRouteName> = Static<(typeof OPERATOR_ROUTES)[Name]['response']>

const PROBLEMS: Record<OperatorCommandName, readonly string[]> = {
  'open-party': ['unit-invalid'],
  invite: ['party-unknown', 'account-closed', 'state-conflict', 'too-many-staff'],
  look: ['party-unknown'],
  'register-client': ['party-unknown', 'field-invalid', 'no-host-name'],
  'end-client': ['not-found'],
  revoke: ['not-found'],
  'cash-in': ['account-unknown', 'account-closed', 'unit-mismatch', 'unit-invalid', 'amount-invalid', 'over-limit'],
  'cash-out': [
    'account-unknown',
    'account-frozen',
    'unit-mismatch',
    'unit-invalid',
    'amount-invalid',
    'insufficient-funds',
  ],
  'credit-file': ['rows-invalid', 'unit-invalid', 'over-limit', 'too-large'],
  freeze: ['account-unknown', 'account-closed'],
  unfreeze: ['account-unknown', 'account-closed'],
  close: ['account-unknown', 'account-busy', 'balance-left'],
  'set-limits': ['account-unknown', 'account-closed', 'unit-mismatch', 'unit-invalid', 'amount-invalid'],
  verify: ['party-unknown', 'day-invalid'],
  'set-rules': ['amount-invalid'],
  'set-rates': ['rows-invalid', 'too-large'],
  'set-card-tables': ['rows-invalid', 'card-tables-changed', 'unit-invalid', 'amount-invalid', 'too-large'],
}

/** Closed() keeps the description at run time; its type does not say so. */
const summaryOf = (name: OperatorCommandName): string => String(Reflect.get(OPERATOR_COMMANDS[name], 'description'))

const commandRoute = (name: OperatorCommandName): Route => ({
  method: 'POST',
  path: `/v1/operator/commands/${name}`,
  summary: summaryOf(name),
  access: 'signed',
  who: 'operator',
  body: OPERATOR_COMMANDS[name],
  response: OperatorAnswerView,
  ...(name === 'credit-file' && { bodyBytes: LIMITS.creditFileBytes }),
  ...(name === 'set-rates' && { bodyBytes: 2 * LIMITS.rateFileBytes }),
  ...(name === 'set-card-tables' && { bodyBytes: 2 * LIMITS.cardTableBytes }),
  problems: ['command-mismatch', 'could-not-decide', 'not-permitted', ...PROBLEMS[name]],
})

// Object.keys loses the names' type; they are those of OPERATOR_COMMANDS.
const NAMES = Object.keys(OPERATOR_COMMANDS) as OperatorCommandName[]

/** The route of each command: POST /v1/operator/commands/{name}. */
export const OPERATOR_COMMAND_ROUTES = NAMES.map((name) => ({ name, route: commandRoute(name) }))

/** Every route of the desk, in the order the documentation shows them. */
export const ALL_OPERATOR_ROUTES: readonly Route[] = [
  ...Object.values(OPERATOR_ROUTES),
  ...OPERATOR_COMMAND_ROUTES.map(({ route }) => route),
]
