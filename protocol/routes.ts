// Every route of the hub, once: the server registers them, the SDK calls them, OpenAPI and /docs are made from them.
import { Type, type Static, type TSchema } from 'typebox'
import { BILLER_COMMANDS, COMMANDS, DEVICE_COMMANDS, TERMINAL_COMMANDS, type CommandName } from './commands.ts'
import { TRANSFER_KINDS } from '#core/ledger.ts'
import { ALL_CARD_ROUTES } from './cards.ts'
import { ALL_CARD_USER_ROUTES } from './card-users.ts'
import { ALL_CODE_ROUTES } from './codes.ts'
import { ALL_GOODS_ROUTES } from './goods.ts'
import { ALL_IDENTITY_ROUTES } from './identity.ts'
import { LIMITS } from './limits.ts'
import { ALL_OPERATOR_ROUTES } from './operator.ts'
import { ALL_ORDER_ROUTES } from './orders.ts'
import { ALL_MEANS_ROUTES } from './means.ts'
import { ALL_POINT_ROUTES } from './points.ts'
import { ALL_SHOP_ROUTES } from './shop.ts'
import * as part from './parts.ts'
import { ALL_PURCHASE_ROUTES } from './purchases.ts'
import { ALL_RATE_ROUTES } from './rates.ts'
import { ALL_RECEIPT_ROUTES } from './receipts.ts'
import * as view from './views.ts'

/** open: anybody · token: a session's token reads · signed: RFC 9421 signature with the session's key on every request */
export type Access = 'open' | 'token' | 'signed'

/** keeper: whoever keeps passkeys, a person's phone or an operator · biller: a terminal, or a person's phone that asks for money · holder: the same two, as those who have an account */
export type Who = 'terminal' | 'device' | 'biller' | 'holder' | 'operator' | 'keeper'

export type Route = Readonly<{
  method: 'GET' | 'POST'
  path: string
  summary: string
  access: Access
  /** who may call it, where it is not everybody with that access */
  who?: Who
  body?: TSchema
  query?: TSchema
  params?: TSchema
  response: TSchema
  /** what the answer is, where it is not JSON */
  type?: 'text/csv'
  /** the longest body, where it may be longer than LIMITS.bodyBytes */
  bodyBytes?: number
  /** problem codes beyond those every route has */
  problems: readonly string[]
}>

export const Health = part.Closed({
  status: part.literals(['ok', 'database-unavailable']),
  version: Type.String(),
  uptimeSeconds: Type.Integer(),
  waitingCommands: Type.Integer(),
})

export const EnrolmentRequest = part.Closed({
  code: Type.String({ pattern: '^[0-9A-Za-z -]{8,40}$', description: 'the one-time code' }),
  key: part.Base64urlPart(87, 'uncompressed P-256 public key, 65 bytes'),
  label: part.TextPart(LIMITS.nameLength),
  signature: part.Base64urlPart(86, 'by that key over "WE1" | code without blanks and dashes in capitals | key'),
})
export type EnrolmentRequest = Static<typeof EnrolmentRequest>

/** An operator's, with SHA-256 of the session bytes as its challenge. */
export const PasskeyAssertion = part.Closed({
  credential: part.Base64urlPart(1400, 'credential id'),
  authenticatorData: part.Base64urlPart(2000, 'WebAuthn authenticatorData'),
  clientData: part.Base64urlPart(4000, 'WebAuthn clientDataJSON'),
  signature: part.Base64urlPart(1000, 'WebAuthn signature'),
})
export type PasskeyAssertion = Static<typeof PasskeyAssertion>

export const SessionRequest = part.Closed({
  actor: Type.Union([part.DeviceIdPart, part.TerminalIdPart, part.OperatorIdPart]),
  key: part.KeyIdPart,
  ephemeral: part.Base64urlPart(87, 'uncompressed P-256 public key made for this session, 65 bytes'),
  nonce: part.Base64urlPart(22, '16 random bytes'),
  at: part.TimePart,
  signature: part.Base64urlPart(
    86,
    'by the enrolled key over "WS1" | scheme 16 | actor (text) | key 16 | ephemeral 65 | nonce 16 | at 8',
  ),
  passkey: Type.Optional(PasskeyAssertion),
})
export type SessionRequest = Static<typeof SessionRequest>

export const SessionGrant = part.Closed({
  session: part.SessionIdPart,
  ephemeral: part.Base64urlPart(87, "the hub's half of the key agreement"),
  nonce: part.Base64urlPart(22, '16 random bytes'),
  expiresAt: part.TimePart,
  now: part.TimePart,
})
export type SessionGrant = Static<typeof SessionGrant>

export const SecretRequest = part.Closed({
  salt: part.Base64urlPart(64, 'SCRAM salt, 16 or more random bytes'),
  iterations: Type.Integer({ minimum: 100_000, maximum: 2_000_000 }),
  storedKey: part.Base64urlPart(43, 'SHA-256 of ClientKey'),
  serverKey: part.Base64urlPart(43, 'HMAC(SaltedPassword, "Server Key")'),
})
export type SecretRequest = Static<typeof SecretRequest>

export const PasskeyOptionsRequest = part.Closed({
  roaming: Type.Optional(Type.Boolean({ description: 'a security key that can be pulled out' })),
})
export type PasskeyOptionsRequest = Static<typeof PasskeyOptionsRequest>

export const PasskeyOptions = part.Closed({
  challenge: part.Base64urlPart(64, 'to be signed by the new passkey'),
  hostName: Type.String(),
  user: part.Base64urlPart(64, 'user handle'),
  name: Type.String(),
  known: Type.Array(Type.String()),
})
export type PasskeyOptions = Static<typeof PasskeyOptions>

export const PasskeyRequest = part.Closed({
  credential: part.Base64urlPart(1400, 'credential id'),
  clientData: part.Base64urlPart(4000, 'clientDataJSON'),
  attestation: part.Base64urlPart(12_000, 'attestationObject'),
  transports: Type.Array(Type.String({ pattern: '^[a-z-]{1,20}$' }), { maxItems: 8 }),
})
export type PasskeyRequest = Static<typeof PasskeyRequest>

/** register and office: the bakery's till and its back office · desk: the operator */
export const DEMO_WHO = ['register', 'office', 'hanako', 'kenji', 'emma', 'desk'] as const
export type DemoWho = (typeof DEMO_WHO)[number]
export const DemoCodeRequest = part.Closed({ who: part.literals(DEMO_WHO) })

const Done = part.Closed({ done: Type.Literal(true) })
const Enrolled = part.Closed({ self: view.SelfView, scheme: view.SchemeView })
const DayPart = Type.String({ pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2}$', description: "a day in the scheme's time zone" })
const Page = part.Closed({
  unit: Type.Optional(part.UnitPart),
  from: Type.Optional(DayPart),
  to: Type.Optional(DayPart),
  kind: Type.Optional(part.literals(TRANSFER_KINDS)),
  before: Type.Optional(Type.String({ pattern: '^[0-9]{1,18}$' })),
})
const Older = part.Closed({ before: Type.Optional(Type.String({ pattern: '^[0-9]{1,18}$' })) })
const Deals = part.Closed({ deals: Type.Array(view.DealView), next: Type.Union([Type.String(), Type.Null()]) })
const DealParams = part.Closed({ deal: part.DealIdPart })
const PaymentParams = part.Closed({ payment: part.PaymentIdPart })

const READS = {
  health: {
    method: 'GET',
    path: '/health',
    summary: 'Is the hub well?',
    access: 'open',
    response: Health,
    problems: [],
  },
  scheme: {
    method: 'GET',
    path: '/v1/scheme',
    summary: 'What this deployment is.',
    access: 'open',
    response: view.SchemeView,
    problems: [],
  },
  enrol: {
    method: 'POST',
    path: '/v1/enrolments',
    summary: 'Enrols a device or terminal with its own key and a one-time code.',
    access: 'open',
    body: EnrolmentRequest,
    response: Enrolled,
    problems: ['code-not-found', 'signature-invalid', 'too-many-tries'],
  },
  session: {
    method: 'POST',
    path: '/v1/sessions',
    summary: 'Starts a session by signed ECDH; the MAC key and the token never travel.',
    access: 'open',
    body: SessionRequest,
    response: SessionGrant,
    problems: ['signature-invalid', 'device-revoked', 'terminal-inactive', 'operator-revoked', 'passkey-needed'],
  },
  secret: {
    method: 'POST',
    path: '/v1/secret',
    summary: "Sets the person's PIN or password (a SCRAM-SHA-256 verifier), once.",
    access: 'signed',
    who: 'device',
    body: SecretRequest,
    response: Done,
    problems: ['state-conflict'],
  },
  passkeyOptions: {
    method: 'POST',
    path: '/v1/passkeys/options',
    summary: 'What the browser needs to make a passkey.',
    access: 'signed',
    who: 'keeper',
    body: PasskeyOptionsRequest,
    response: PasskeyOptions,
    problems: ['no-host-name'],
  },
  passkey: {
    method: 'POST',
    path: '/v1/passkeys',
    summary: 'Adds a passkey to the person or operator.',
    access: 'signed',
    who: 'keeper',
    body: PasskeyRequest,
    response: Done,
    problems: ['no-host-name', 'signature-invalid'],
  },
  self: {
    method: 'GET',
    path: '/v1/self',
    summary: 'Who this device or terminal is.',
    access: 'token',
    response: view.SelfView,
    problems: [],
  },
  deals: {
    method: 'GET',
    path: '/v1/deals',
    summary: 'The newest deals of this terminal, or of the bills this phone made.',
    access: 'token',
    who: 'biller',
    query: Older,
    response: Deals,
    problems: [],
  },
  deal: {
    method: 'GET',
    path: '/v1/deals/{deal}',
    summary: 'One deal of this terminal or phone.',
    access: 'token',
    who: 'biller',
    params: DealParams,
    response: view.DealView,
    problems: ['not-found'],
  },
  payment: {
    method: 'GET',
    path: '/v1/payments/{payment}',
    summary: 'One payment of this person: the receipt.',
    access: 'token',
    who: 'device',
    params: PaymentParams,
    response: view.PaymentView,
    problems: ['not-found'],
  },
  inbox: {
    method: 'GET',
    path: '/v1/inbox',
    summary: 'Balances and what is not over.',
    access: 'token',
    who: 'device',
    response: view.InboxView,
    problems: [],
  },
  balances: {
    method: 'GET',
    path: '/v1/balances',
    summary: "The party's balances, the scheme's own unit first.",
    access: 'token',
    who: 'holder',
    response: part.Closed({ balances: Type.Array(view.BalanceView) }),
    problems: [],
  },
  history: {
    method: 'GET',
    path: '/v1/history',
    summary: "The account's entries, newest first; of some days or one kind where asked.",
    access: 'token',
    who: 'holder',
    query: Page,
    response: view.HistoryView,
    problems: ['unit-invalid', 'day-invalid'],
  },
  sales: {
    method: 'GET',
    path: '/v1/sales',
    summary: "The newest deals of all of the merchant's terminals, or of all of the person's phones.",
    access: 'token',
    who: 'biller',
    query: Older,
    response: Deals,
    problems: [],
  },
  sale: {
    method: 'GET',
    path: '/v1/sales/{payment}',
    summary: 'One payment to this party, as its biller sees it: from any terminal of the merchant.',
    access: 'token',
    who: 'biller',
    params: PaymentParams,
    response: view.DealView,
    problems: ['not-found'],
  },
  statement: {
    method: 'GET',
    path: '/v1/history.csv',
    summary:
      "The account's entries of some days (at most 366) as CSV: RFC 4180, UTF-8 with byte order mark, oldest first.",
    access: 'token',
    who: 'holder',
    type: 'text/csv',
    query: part.Closed({ unit: Type.Optional(part.UnitPart), from: DayPart, to: DayPart }),
    response: Type.String(),
    problems: ['unit-invalid', 'day-invalid'],
  },
  openUnit: {
    method: 'POST',
    path: '/v1/units',
    summary: "Opens the party's account in another currency. The account number stays the same.",
    access: 'signed',
    who: 'holder',
    body: part.Closed({ unit: part.UnitPart }),
    response: part.Closed({ balances: Type.Array(view.BalanceView) }),
    problems: ['unit-invalid', 'account-closed', 'too-many-units'],
  },
  contacts: {
    method: 'GET',
    path: '/v1/contacts',
    summary: 'The people this person has listed or blocked.',
    access: 'token',
    who: 'device',
    response: part.Closed({ contacts: Type.Array(view.ContactView) }),
    problems: [],
  },
  putContact: {
    method: 'POST',
    path: '/v1/contacts',
    summary: 'Lists or blocks a person or shop by account number; only who is listed may send a bill unasked.',
    access: 'signed',
    who: 'device',
    body: part.Closed({ account: part.AccountPart, status: part.literals(['listed', 'blocked', 'removed']) }),
    response: part.Closed({ contacts: Type.Array(view.ContactView) }),
    problems: ['party-unknown', 'own-bill', 'too-many-tries', 'too-many-contacts'],
  },
  demoCode: {
    method: 'POST',
    path: '/v1/demo/codes',
    summary: 'A one-time code for a party of the demo town. Exists only in a scheme marked demo.',
    access: 'open',
    body: DemoCodeRequest,
    response: part.Closed({ code: Type.String(), pin: Type.Union([Type.String(), Type.Null()]) }),
    problems: ['not-found'],
  },
} as const satisfies Record<string, Route>

type CommandRoute<Name extends CommandName> = Readonly<{
  method: 'POST'
  path: `/v1/commands/${Name}`
  summary: string
  access: 'signed'
  who: Who
  body: (typeof COMMANDS)[Name]
  response: typeof view.AnswerView
  problems: readonly string[]
}>

/** What can be wrong with a bill by itself. */
const BILL_FAULTS = ['bill-invalid', 'unit-invalid', 'unit-mismatch', 'period-invalid', 'restriction-invalid'] as const

const PROBLEMS: Record<CommandName, readonly string[]> = {
  'open-offer': ['terminal-inactive', 'deal-exists', 'account-frozen', 'account-closed', ...BILL_FAULTS],
  ask: ['terminal-inactive', 'deal-exists', 'account-frozen', 'account-closed', 'unit-mismatch', 'text-invalid'],
  'renew-number': ['not-found', 'joined-meanwhile', 'state-conflict'],
  'change-bill': [
    'not-found',
    'joined-meanwhile',
    'state-conflict',
    'bill-changed',
    'account-frozen',
    'account-closed',
    ...BILL_FAULTS,
  ],
  'cancel-deal': ['not-found', 'joined-meanwhile', 'state-conflict'],
  release: ['not-found', 'state-conflict'],
  deliver: ['not-found', 'state-conflict', 'cooling-off'],
  refund: [
    'not-found',
    'not-settled',
    'already-refunded',
    'insufficient-funds',
    'amount-invalid',
    'terminal-inactive',
    'account-frozen',
    'account-closed',
  ],
  challenge: ['not-found', 'state-conflict', 'challenge-open'],
  join: [
    'number-not-found',
    'too-many-tries',
    'device-revoked',
    'own-bill',
    'insufficient-funds',
    'account-frozen',
    'account-closed',
    'unit-mismatch',
    'over-limit',
    'account-unknown',
    'over-day-limit',
    'over-month-limit',
  ],
  'choose-means': [
    'not-found',
    'state-conflict',
    'bill-missing',
    'challenge-open',
    'device-revoked',
    'rate-missing',
    'rate-expired',
    'over-limit',
    'unit-mismatch',
    'unit-invalid',
    'means-not-found',
    'card-not-accepted',
    'method-not-accepted',
    'card-expired',
    'cards-unavailable',
  ],
  approve: [
    'rate-expired',
    'means-changed',
    'not-found',
    'state-conflict',
    'bill-missing',
    'bill-changed',
    'challenge-open',
    'signature-invalid',
    'approval-expired',
    'device-revoked',
    'proof-needed',
    'proof-wrong',
    'proof-locked',
    'insufficient-funds',
    'account-frozen',
    'account-closed',
    'unit-mismatch',
    'over-limit',
    'over-day-limit',
    'over-month-limit',
    'restricted',
    'shop-asked',
    'proof-too-weak',
    'security-key-needed',
    'other-device',
  ],
  respond: [
    'means-changed',
    'not-found',
    'state-conflict',
    'no-challenge',
    'signature-invalid',
    'approval-expired',
    'device-revoked',
    'proof-needed',
    'proof-wrong',
    'proof-locked',
    'security-key-needed',
  ],
  prove: [
    'not-found',
    'state-conflict',
    'challenge-open',
    'signature-invalid',
    'bill-changed',
    'approval-expired',
    'device-revoked',
    'proof-needed',
    'proof-wrong',
    'proof-locked',
    'security-key-needed',
  ],
  show: ['not-found', 'state-conflict', 'device-revoked'],
  decline: ['not-found', 'state-conflict'],
  attend: ['not-found', 'state-conflict'],
  attest: ['not-found', 'state-conflict', 'device-revoked', 'other-device', 'proof-needed', 'security-key-needed'],
  'take-back': ['not-found', 'state-conflict', 'too-late'],
  permit: ['not-found', 'state-conflict', 'not-asked', 'terminal-inactive'],
  'bill-person': [
    'not-a-contact',
    'too-many-bills',
    'own-bill',
    'deal-exists',
    ...BILL_FAULTS,
    'terminal-inactive',
    'account-frozen',
    'account-closed',
  ],
  'bill-code': [
    'code-not-found',
    'code-foreign',
    'code-clock',
    'means-not-found',
    'card-not-accepted',
    'method-not-accepted',
    'card-expired',
    'cards-unavailable',
    'too-many-tries',
    'too-many-questions',
    'payer-refused',
    'own-bill',
    'deal-exists',
    ...BILL_FAULTS,
    'terminal-inactive',
    'account-frozen',
    'account-closed',
  ],
  'submit-purchase': [
    'purchase-invalid',
    'purchase-expired',
    'deal-exists',
    'own-bill',
    'unit-mismatch',
    'terminal-inactive',
    'device-revoked',
    'signature-invalid',
    'bill-changed',
    'approval-expired',
    'proof-needed',
    'proof-wrong',
    'proof-locked',
    'proof-too-weak',
    'security-key-needed',
    'restricted',
    'insufficient-funds',
    'account-frozen',
    'account-closed',
    'over-limit',
    'over-day-limit',
    'over-month-limit',
  ],
  'submit-signed': [
    'payer-refused',
    'over-offline-limit',
    'deal-exists',
    'own-bill',
    ...BILL_FAULTS,
    'terminal-inactive',
    'device-revoked',
    'signature-invalid',
    'bill-changed',
    'approval-expired',
    'proof-needed',
    'proof-wrong',
    'proof-locked',
    'restricted',
    'insufficient-funds',
    'account-frozen',
    'account-closed',
    'over-limit',
    'over-day-limit',
    'over-month-limit',
  ],
}

/** Closed() keeps the description at run time; its type does not say so. */
const SUMMARIES = Object.fromEntries(
  Object.entries(COMMANDS).map(([name, schema]) => [name, String(Reflect.get(schema, 'description'))]),
) as Record<CommandName, string>

function whoSends(name: CommandName): Who {
  if (DEVICE_COMMANDS.some((known) => known === name)) return 'device'
  return BILLER_COMMANDS.some((known) => known === name) ? 'biller' : 'terminal'
}

const commandRoute = <Name extends CommandName>(name: Name): CommandRoute<Name> => ({
  method: 'POST',
  path: `/v1/commands/${name}`,
  summary: SUMMARIES[name],
  access: 'signed',
  who: whoSends(name),
  body: COMMANDS[name],
  response: view.AnswerView,
  problems: ['command-mismatch', 'could-not-decide', ...PROBLEMS[name]],
})

/** The route of a command. */
export const COMMAND_ROUTES = [...TERMINAL_COMMANDS, ...BILLER_COMMANDS, ...DEVICE_COMMANDS].map((name) => ({
  name,
  route: commandRoute(name) as Route,
}))

export const ROUTES = READS
export type RouteName = keyof typeof READS

type PartOf<Name extends RouteName, Part extends 'query' | 'body'> =
  (typeof READS)[Name] extends Readonly<Record<Part, infer Schema extends TSchema>> ? Static<Schema> : unknown

/** What a route takes and gives, as types. */
export type RouteQuery<Name extends RouteName> = PartOf<Name, 'query'>
export type RouteBody<Name extends RouteName> = PartOf<Name, 'body'>
export type RouteView<Name extends RouteName> = Static<(typeof READS)[Name]['response']>

/** Every route, in the order the documentation shows them. */
export const ALL_ROUTES: readonly Route[] = [
  ...Object.values(READS),
  ...COMMAND_ROUTES.map(({ route }) => route),
  ...ALL_IDENTITY_ROUTES,
  ...ALL_SHOP_ROUTES,
  ...ALL_OPERATOR_ROUTES,
  ...ALL_CODE_ROUTES,
  ...ALL_CARD_USER_ROUTES,
  ...ALL_POINT_ROUTES,
  ...ALL_MEANS_ROUTES,
  ...ALL_CARD_ROUTES,
  ...ALL_ORDER_ROUTES,
  ...ALL_RATE_ROUTES,
  ...ALL_GOODS_ROUTES,
  ...ALL_PURCHASE_ROUTES,
  ...ALL_RECEIPT_ROUTES,
]
