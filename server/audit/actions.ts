// I7 for the operators' log: each bucket's chain is gapless, intact and ends at the head; what the desk booked is in the journal as it
// says; accounts have the status and the limits that were last given to them, and no others.
import { isDeepStrictEqual } from 'node:util'
import { actionHash, GENESIS_ACTION, type PostedAction } from '#core/actions.ts'
import { equal } from '#core/bytes.ts'
import type { PostedTransfer, TransferKind } from '#core/ledger.ts'
import { goneOn, type End } from '#core/restart.ts'
import { actionFrom } from '../postgres/rows.ts'
import type { Ground } from './audit.ts'
import { big, rowsOf } from './cursor.ts'

/** Kinds of transfers that are booked by an operator's action alone. */
const DESK_KINDS: ReadonlySet<TransferKind> = new Set(['deposit', 'withdraw', 'credit'])
export const isOfDesk = (kind: TransferKind): boolean => DESK_KINDS.has(kind)

/** What a transfer of the desk and its action must agree on; of a file of credits the sum alone is in the log. */
export const deskMove = (
  transfer: Pick<PostedTransfer, 'bucket' | 'sequence' | 'kind' | 'debit' | 'credit' | 'unit' | 'amount' | 'at'>,
): string => {
  const { bucket, sequence, kind, debit, credit, unit, amount, at } = transfer
  const whose = kind === 'credit' ? '' : `${kind === 'deposit' ? credit : debit} ${amount}`
  return `${bucket}/${sequence} ${kind} ${unit} ${at} ${whose}`
}

/** What the log says of an account at its end. */
type LastSaid = Readonly<{ statuses: Map<string, string>; limits: Map<string, unknown> }>

export async function auditActions(ground: Ground): Promise<void> {
  for (let bucket = 0; bucket < ground.buckets; bucket++) {
    const said: LastSaid = { statuses: new Map(), limits: new Map() }
    await auditLog(ground, bucket, said)
    const accounts = `select key, unit, status, limits from account where bucket = ${bucket} order by key, unit`
    for await (const { key, unit, status, limits } of rowsOf(ground.client, accounts)) {
      const name = `account ${String(key)} ${String(unit)}`
      const expected = said.statuses.get(String(key)) ?? 'open'
      if (status !== expected) ground.fault(`${name} is ${String(status)}, the operators' log says ${expected}`)
      if (!isDeepStrictEqual(limits, said.limits.get(`${String(key)} ${String(unit)}`) ?? null))
        ground.fault(`${name} has other limits than the operators' log says`)
    }
  }
}

async function auditLog(ground: Ground, bucket: number, said: LastSaid): Promise<void> {
  const { client, heads, restarts, fault, count } = ground
  const faults = { push: (sentence: string) => (fault(sentence), 0) }
  const jumps = restarts.filter((restart) => restart.bucket === bucket && restart.chain === 'actions')
  let end: End = { number: 0n, hash: GENESIS_ACTION }
  for await (const row of rowsOf(client, `select * from action where bucket = ${bucket} order by number`)) {
    const action = actionFrom(row)
    const name = `action ${bucket}/${action.number}`
    if (action.number !== end.number + 1n) end = goneOn(end, jumps, faults)
    if (action.number !== end.number + 1n) fault(`${name} does not follow ${bucket}/${end.number}: the log has a gap`)
    if (!equal(actionHash(end.hash, action), action.hash))
      fault(`${name} is altered: its hash does not follow from the one before`)
    end = { number: action.number, hash: action.hash }
    count('actions', 1)
    try {
      await judge(ground, action, said)
    } catch (error) {
      fault(`${name} cannot be read: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  end = goneOn(end, jumps, faults)
  const head = heads.get(bucket)
  if (head === undefined) return
  if (head.actions !== end.number) fault(`head ${bucket} is at action ${head.actions}, its log ends at ${end.number}`)
  if (!equal(head.actionsHash, end.hash)) fault(`head ${bucket} has another hash than the end of its log`)
}

/** Border: the texts were written by switch/operator.ts; whatever else stands there ends in a fault. */
async function judge(ground: Ground, action: PostedAction, { statuses, limits }: LastSaid): Promise<void> {
  const { subject } = action
  switch (action.what) {
    case 'freeze':
    case 'unfreeze':
    case 'close':
      for (const status of Object.values(JSON.parse(action.after) as Record<string, string>))
        statuses.set(subject, status)
      return
    case 'set-limits': {
      const after = JSON.parse(action.after) as { unit: string; limits: unknown }
      limits.set(`${subject} ${after.unit}`, after.limits)
      return
    }
    case 'cash-in':
    case 'cash-out':
      return judgeCash(ground, action)
    case 'credit-file':
      return judgeFile(ground, action)
    case 'enrol-operator':
    case 'open-party':
    case 'invite':
    case 'revoke':
    case 'verify':
    case 'set-rules':
    case 'set-rates':
    case 'set-card-tables':
    case 'look':
    case 'register-client':
    case 'end-client':
  }
}

function judgeCash({ pairs }: Ground, { bucket, number, what, subject, after, at }: PostedAction): void {
  const { unit, amount, transfer } = JSON.parse(after) as { unit: string; amount: string; transfer: string }
  const key = transfer.replace(':', '/')
  const kind = what === 'cash-in' ? 'deposit' : 'withdraw'
  pairs.desk.take(key, `${key} ${kind} ${unit} ${at} ${subject} ${amount}`, () => `action ${bucket}/${number}`)
}

async function judgeFile({ client, pairs, fault }: Ground, action: PostedAction): Promise<void> {
  const { unit, rows, total, transfers } = JSON.parse(action.after) as Record<string, string>
  const name = `action ${action.bucket}/${action.number}`
  const [, bucket, first, last] = /^(\d+):(\d+)-(\d+)$/.exec(transfers ?? '') ?? []
  if (Number(last) - Number(first) + 1 !== Number(rows)) return fault(`${name} counts other rows than transfers`)
  for (let sequence = Number(first); sequence <= Number(last); sequence++) {
    const key = `${bucket}/${sequence}`
    pairs.desk.take(key, `${key} credit ${unit} ${action.at} `, () => name)
  }
  const { rows: sums } = await client.query<{ sum: string | null }>(
    'select sum(amount) from transfer where bucket = $1 and sequence between $2 and $3',
    [bucket, first, last],
  )
  if (big(sums[0]?.sum ?? 0) !== big(total)) fault(`${name} says ${total}, its transfers sum to ${sums[0]?.sum ?? 0}`)
  return undefined
}
