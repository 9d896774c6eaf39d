// The store's rows as the switch's values: the one place where columns get their types.
import { bucketOfAccount, systemAccount, SYSTEM_ACCOUNT_KINDS, type AccountKey } from '#core/accounts.ts'
import type { ActionKind, PostedAction } from '#core/actions.ts'
import type { Device, Strength } from '#core/device.ts'
import type {
  DealId,
  DeviceId,
  KeyId,
  MeansId,
  OperatorId,
  PartyId,
  PaymentId,
  StaffId,
  TerminalId,
} from '#core/ids.ts'
import type { Account, AccountStatus, Entry, PostedTransfer, TransferKind } from '#core/ledger.ts'
import type { Order, OrderState } from '#core/means.ts'
import type { Unit } from '#core/money.ts'
import { NO_RELEASES, type Persona, type Releases } from '#core/persona.ts'
import type { Restart } from '#core/restart.ts'
import { NO_ATTRIBUTES, type Attributes, type Bought, type Standing } from '#core/standing.ts'
import { limitsFrom, refundLineFrom } from '#switch/snapshot.ts'
import type { Head, OpenOrder, RefundRow, Terminal } from '#switch/store.ts'

export type Row = Record<string, unknown>

/** PostgreSQL's uuid as one of our ids. */
export const idOf = <Id extends string>(prefix: string, uuid: string): Id =>
  `${prefix}_${uuid.replaceAll('-', '')}` as Id
/** One of our ids as PostgreSQL's uuid. */
export const uuidOf = (id: string): string => id.slice(id.indexOf('_') + 1)

/**
 * The database's clock, milliseconds since 1970. It moves within a statement: a condition that an index is to answer for rows of any
 * owner (what is due, what is over) compares with `(select ${NOW})`, or every row of the index would be read.
 */
export const NOW = '(extract(epoch from clock_timestamp()) * 1000)::bigint'

/** The rows that make an account exist in its bucket, with the scheme's own accounts of the unit beside it. */
export const accountRows = (
  key: AccountKey,
  unit: Unit,
  buckets: number,
): { bucket: number; key: AccountKey; unit: Unit }[] => {
  const bucket = bucketOfAccount(key, buckets)
  return [key, ...SYSTEM_ACCOUNT_KINDS.map((kind) => systemAccount(kind, bucket))].map((each) => ({
    bucket,
    key: each,
    unit,
  }))
}

/** The driver gives a bigint column as text. */
export const bigFrom = (value: unknown): bigint => BigInt(String(value))
export const hexFrom = (value: unknown): string => (Buffer.isBuffer(value) ? value.toString('hex') : '')
export const staffFrom = (value: unknown): StaffId | null =>
  typeof value === 'string' ? idOf<StaffId>('stf', value) : null
const paymentOrNull = (value: unknown): PaymentId | null =>
  typeof value === 'string' ? idOf<PaymentId>('pay', value) : null

// Border: the columns below are written by the store and the migrations alone and checked by the tables' constraints.
export const headFrom = (row: Row): Head => ({
  sequence: bigFrom(row.sequence),
  hash: row.hash as Uint8Array,
  actions: bigFrom(row.actions),
  actionsHash: row.actions_hash as Uint8Array,
})

export const offerKeyFrom = (row: Row): { terminal: TerminalId; deal: DealId } => ({
  terminal: idOf('trm', String(row.terminal)),
  deal: idOf('deal', String(row.deal)),
})

export const accountFrom = (row: Row): Account => ({
  key: row.key as AccountKey,
  unit: row.unit as Unit,
  status: row.status as AccountStatus,
  balance: bigFrom(row.balance),
  version: bigFrom(row.version),
  limits: limitsFrom(row.limits as Account['limits']),
  spent: {
    day: Number(row.spent_day),
    onDay: bigFrom(row.spent_on_day),
    month: Number(row.spent_month),
    inMonth: bigFrom(row.spent_in_month),
  },
})

export const deviceFrom = (row: Row): Device => ({
  id: idOf<DeviceId>('dev', String(row.id)),
  party: idOf<PartyId>('pty', String(row.party)),
  key: idOf<KeyId>('key', String(row.key)),
  status: row.status === 'active' ? 'active' : 'revoked',
  approvesWith: row.approves_with === 'security-key' ? 'security-key' : 'any',
  provedAt: Number(row.proved_at),
  provedWith: row.proved_with as Strength,
  wrongProofs: Number(row.wrong_proofs),
  lockedUntil: Number(row.locked_until),
})

export const terminalFrom = (row: Row): Terminal => ({
  id: idOf<TerminalId>('trm', String(row.id)),
  party: idOf<PartyId>('pty', String(row.party)),
  status: row.status === 'active' ? 'active' : 'revoked',
})

export const refundFrom = (row: Row): RefundRow => ({
  id: idOf<PaymentId>('pay', String(row.id)),
  original: idOf<PaymentId>('pay', String(row.original)),
  amount: bigFrom(row.amount),
  back: row.back === null ? null : bigFrom(row.back),
  lines: (row.lines as RefundRow['lines']).map(refundLineFrom),
  at: Number(row.at),
  told: row.told === true,
})

export const orderFrom = (row: Row): OpenOrder => ({
  payment: idOf<PaymentId>('pay', String(row.payment)),
  number: Number(row.number),
  kind: row.kind as Order['kind'],
  of: row.of === null ? null : Number(row.of),
  via: row.via === 'card' ? 'card' : 'bank',
  method: row.method as Order['method'],
  oneTime: row.one_time === true,
  party: idOf<PartyId>('pty', String(row.party)),
  means: idOf<MeansId>('mns', String(row.means)),
  unit: row.unit as Unit,
  amount: bigFrom(row.amount),
  madeAt: Number(row.made_at),
  tries: Number(row.tries),
  trouble: typeof row.trouble === 'string' ? row.trouble : null,
})

export const keptOrderFrom = (row: Row): OpenOrder & Readonly<{ state: OrderState }> => ({
  ...orderFrom(row),
  state: row.state as OrderState,
})

export const standingFrom = (row: Row): Standing => ({
  party: idOf<PartyId>('pty', String(row.party)),
  version: Number(row.version),
  attributes: row.attributes as Attributes,
  bought: row.bought as readonly Bought[],
})

/** What the columns lack is what nobody has verified or said. */
export const personaFrom = (row: Row): Persona => ({
  attributes: (row.attributes as Attributes | null | undefined) ?? NO_ATTRIBUTES,
  email: typeof row.email === 'string' ? row.email : null,
  portrait: row.portrait_hash instanceof Uint8Array ? hexFrom(row.portrait_hash) : null,
  releases: { ...NO_RELEASES, ...(row.releases as Partial<Releases> | null | undefined) },
})

export const actionFrom = (row: Row): PostedAction => ({
  bucket: Number(row.bucket),
  number: bigFrom(row.number),
  operator: idOf<OperatorId>('opr', String(row.operator)),
  operatorName: String(row.operator_name),
  what: row.what as ActionKind,
  subject: String(row.subject),
  why: String(row.why),
  before: String(row.before),
  after: String(row.after),
  at: Number(row.at),
  hash: row.hash as Uint8Array,
})

export const restartFrom = (row: Row): Restart => ({
  bucket: Number(row.bucket),
  chain: row.chain === 'actions' ? 'actions' : 'journal',
  after: bigFrom(row.after),
  number: bigFrom(row.number),
  at: Number(row.at),
  hash: row.hash as Uint8Array,
})

export const transferFrom = (row: Row): PostedTransfer => ({
  bucket: Number(row.bucket),
  sequence: bigFrom(row.sequence),
  debit: row.debit as AccountKey,
  credit: row.credit as AccountKey,
  creditBucket: Number(row.credit_bucket),
  unit: row.unit as Unit,
  amount: bigFrom(row.amount),
  kind: row.kind as TransferKind,
  payment: paymentOrNull(row.payment),
  debitName: String(row.debit_name),
  creditName: String(row.credit_name),
  at: Number(row.at),
  hash: row.hash as Uint8Array,
})

export const entryFrom = (row: Row): Entry => ({
  bucket: Number(row.bucket),
  account: row.account as AccountKey,
  unit: row.unit as Unit,
  number: bigFrom(row.number),
  amount: bigFrom(row.amount),
  balance: bigFrom(row.balance),
  kind: row.kind as TransferKind,
  payment: paymentOrNull(row.payment),
  other: row.other as AccountKey,
  otherName: String(row.other_name),
  sourceBucket: Number(row.source_bucket),
  sequence: bigFrom(row.sequence),
  at: Number(row.at),
})
