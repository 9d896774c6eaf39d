// What the operator did: who, what, to whom, why, before and after. One chain of hashes in each bucket, beside its journal.
import { concat, fromU64, sha256, utf8, type Bytes } from './bytes.ts'
import { idBytes, type OperatorId } from './ids.ts'

export const ACTION_KINDS = [
  'enrol-operator',
  'open-party',
  'invite',
  'revoke',
  'cash-in',
  'cash-out',
  'credit-file',
  'freeze',
  'unfreeze',
  'close',
  'set-limits',
  'verify',
  'set-rules',
  'set-rates',
  'set-card-tables',
  'look',
  'register-client',
  'end-client',
] as const
export type ActionKind = (typeof ACTION_KINDS)[number]

/** chief: everything · cashier: the cash desk · support: parties, machines, what is known of a person · auditor: reads */
export const OPERATOR_ROLES = ['chief', 'cashier', 'support', 'auditor'] as const
export type OperatorRole = (typeof OPERATOR_ROLES)[number]

const SUPPORT = ['open-party', 'invite', 'revoke', 'freeze', 'unfreeze', 'verify', 'look'] as const
const MAY: Readonly<Record<Exclude<OperatorRole, 'chief'>, readonly ActionKind[]>> = {
  cashier: ['cash-in', 'cash-out'],
  support: SUPPORT,
  auditor: [],
}

/** May an operator of this role do this? Operators themselves (invited, revoked) are the chief's alone. */
export const operatorMay = (role: OperatorRole, what: ActionKind, ofOperator = false): boolean =>
  role === 'chief' || (!ofOperator && MAY[role].includes(what))

export type Action = Readonly<{
  operator: OperatorId
  operatorName: string
  what: ActionKind
  /** an account number, party, device or terminal; 'scheme' for what concerns all */
  subject: string
  /** in the operator's own words */
  why: string
  /** JSON exactly as it is stored, so that the hash is of bytes and not of a reading */
  before: string
  after: string
}>

export type PostedAction = Action & Readonly<{ bucket: number; number: bigint; at: number; hash: Uint8Array }>

/** The first link of every bucket's chain of actions. */
export const GENESIS_ACTION = sha256(utf8('warifu actions 1'))

/** hash n = SHA-256(hash n−1 | bucket 8 | number 8 | at 8 | operator 16 | text fields joined by NUL). */
export const actionHash = (previous: Uint8Array, action: Omit<PostedAction, 'hash'>): Bytes =>
  sha256(
    concat(
      previous,
      fromU64(BigInt(action.bucket)),
      fromU64(action.number),
      fromU64(BigInt(action.at)),
      idBytes(action.operator),
      utf8([action.operatorName, action.what, action.subject, action.why, action.before, action.after].join('\0')),
    ),
  )
