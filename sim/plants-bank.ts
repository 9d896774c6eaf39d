// Planted bugs of the bank's rules: cancellation periods, limits, restricted goods, people's bills, the operator's word.
import { sha256, utf8 } from '#core/bytes.ts'
import { dayOf, monthOf } from '#core/calendar.ts'
import { idFrom, type PaymentId } from '#core/ids.ts'
import { chainHash, type Account } from '#core/ledger.ts'
import { stateOf, type Payment, type Portion } from '#core/payment.ts'
import type { Command } from '#switch/command.ts'
import type { MemoryStore } from '#switch/memory-store.ts'
import type { DeskCommand } from '#switch/operator.ts'
import type { Answer, BucketNeeds, Rows, Store, Writes } from '#switch/store.ts'
import { around, changing, isFromPhone, isTime, masking, type Around } from './planting.ts'
import type { World } from './world.ts'

/** A hundred years: no period of the town reaches so far, so what was moved by it can be told and moved back. */
const CENTURY_MS = 100 * 365 * 86_400_000

const withPortions = (payment: Payment, change: (portion: Portion) => Portion): Payment => ({
  ...payment,
  portions: payment.portions.map(change),
})
const movedUntil = (portion: Portion, by: number): Portion =>
  portion.state.kind === 'held' && portion.conditions.coolingOff !== null
    ? { ...portion, state: { ...portion.state, until: portion.state.until + by } }
    : portion
const withPayments = (writes: Writes, change: (payment: Payment) => Payment): Writes => ({
  ...writes,
  payments: writes.payments.map((row) => ({ ...row, payment: change(row.payment) })),
})

/** Which commands of a run are take-backs; a store sees their ids only. */
const takeBacks = new WeakMap<MemoryStore, Set<string>>()
export async function noteTakeBack(command: Command, { memory }: World): Promise<Command> {
  const known = takeBacks.get(memory) ?? new Set<string>()
  takeBacks.set(memory, command.name === 'take-back' ? known.add(command.id) : known)
  return command
}

export const takenBackLate = ({ memory, ...rest }: Around): Store =>
  masking({
    when: (needs) => needs.some(({ commands }) => commands.some(({ id }) => takeBacks.get(memory)?.has(id))),
    rows: (rows) => ({
      ...rows,
      payments: rows.payments.map((row) => withPortions(row, (portion) => movedUntil(portion, CENTURY_MS))),
    }),
    back: (writes, { now }) =>
      withPayments(writes, (payment) =>
        withPortions(payment, (portion) =>
          'until' in portion.state && portion.state.until > now + CENTURY_MS / 2
            ? movedUntil(portion, -CENTURY_MS)
            : portion,
        ),
      ),
  })({ memory, ...rest })

export function releasedEarly(town: Around): Store {
  const { memory } = town
  const waits = ({ portions }: Payment): boolean =>
    portions.some(({ state, conditions }) => state.kind === 'held' && state.delivered !== null && conditions.coolingOff)
  return {
    ...masking({
      when: isTime,
      rows: (rows) => ({
        ...rows,
        payments: rows.payments.map((row) => withPortions(row, (portion) => movedUntil(portion, -CENTURY_MS))),
      }),
      back: (writes) =>
        withPayments(writes, (payment) =>
          withPortions(payment, (portion) =>
            'until' in portion.state && portion.state.until < 0 ? movedUntil(portion, CENTURY_MS) : portion,
          ),
        ),
    })(town),
    async readDue(limit) {
      const early = memory.contents().payments.filter(waits)
      const due = early.map(({ id, version }) => ({ kind: 'payment', payment: id, version }) as const)
      return [...due, ...(await memory.readDue(limit))].slice(0, limit)
    },
  }
}

/** Accounts whose written state forgets something that the decision had changed. */
const forgetting = (forget: (after: Account, before: Account) => Account): ((around: Around) => Store) =>
  changing({
    writes: (writes, rows) => ({
      ...writes,
      accounts: writes.accounts.map((row) => {
        const before = rows.accounts.find(({ key, unit }) => key === row.account.key && unit === row.account.unit)
        return before === undefined ? row : { ...row, account: forget(row.account, before) }
      }),
    }),
  })

export const spendingForgotten = forgetting((after, before) => ({ ...after, spent: before.spent }))
export const statusLost = forgetting((after, before) => ({ ...after, status: before.status }))
export const limitsLost = forgetting((after, before) => ({ ...after, limits: before.limits }))

/** The month's sum goes on when a new month has come. */
export const monthStays = around((rows, _needs, decide, zone) => {
  const month = monthOf(dayOf(rows.now, zone))
  const accounts = rows.accounts.map((row) =>
    row.spent.month === 0 ? row : { ...row, spent: { ...row.spent, month } },
  )
  return decide({ ...rows, accounts })
})

/** Whatever the operator has said, the account looks open where it matters. */
export const statusIgnored = (
  ignored: 'frozen' | 'closed',
  when: (needs: readonly BucketNeeds[]) => boolean,
): ((around: Around) => Store) =>
  masking({
    when,
    rows: (rows) => ({
      ...rows,
      accounts: rows.accounts.map((row) => (row.status === ignored ? { ...row, status: 'open' } : row)),
    }),
    back: (writes, rows) => ({
      ...writes,
      accounts: writes.accounts.map((row) => {
        const before = rows.accounts.find(({ key, unit }) => key === row.account.key && unit === row.account.unit)
        const isMasked =
          before?.status === ignored && !writes.actions.some(({ subject }) => subject === row.account.key)
        return isMasked ? { ...row, account: { ...row.account, status: ignored } } : row
      }),
    }),
  })

export const isOpening = (needs: readonly BucketNeeds[]): boolean =>
  needs.some(({ offers, terminals }) => offers.length > 0 && terminals.length > 0)
export const isApproving = (needs: readonly BucketNeeds[]): boolean =>
  isFromPhone(needs) && needs.some(({ accounts }) => accounts.length > 0)

export const purchasesForgotten = changing({
  writes: (writes) => (writes.actions.length > 0 ? writes : { ...writes, standings: [] }),
})

const ALLOWED = { birthDate: 19_000_101, region: 'JP-13', memberships: [{ name: 'Club', until: null }] }

/** Everybody looks like an old member from Tokyo. */
export const everybodyAllowed = masking({
  when: isApproving,
  rows: (rows) => ({ ...rows, standings: rows.standings.map((row) => ({ ...row, attributes: ALLOWED })) }),
  back: (writes, rows) => ({
    ...writes,
    standings: writes.standings.map((row) => {
      if (row.standing.attributes !== ALLOWED) return row
      const before = rows.standings.find(({ party }) => party === row.standing.party)
      return { ...row, standing: { ...row.standing, attributes: before?.attributes ?? ALLOWED } }
    }),
  }),
})

/** The standing is read before the lock, and written without looking whether it is still that one. */
export function standingUnlocked({ memory, clock }: Around): Store {
  return {
    ...memory,
    async transact(needs, decide) {
      const wanted = new Set(needs.flatMap(({ standings }) => standings))
      if (wanted.size === 0) return memory.transact(needs, decide)
      const early = memory.contents().standings.filter(({ party }) => wanted.has(party))
      await clock.sleep(2_500)
      return memory.transact(needs, (rows) => {
        const writes = decide({ ...rows, standings: early })
        const current = (party: string) => rows.standings.find((row) => row.party === party)?.version ?? 0
        return (
          writes && {
            ...writes,
            standings: writes.standings.map((row) => ({ ...row, previous: current(row.standing.party) })),
          }
        )
      })
    },
  }
}

export const challengeIgnored = changing({
  rows: (rows, needs) =>
    isFromPhone(needs) ? { ...rows, payments: rows.payments.map((row) => ({ ...row, challenge: null })) } : rows,
})

/** A released payment looks joined to the phone that approves. */
export const releaseUnseen = changing({
  rows: (rows, needs) =>
    isApproving(needs)
      ? {
          ...rows,
          payments: rows.payments.map((row) =>
            row.ended?.reason === 'released'
              ? withPortions({ ...row, ended: null }, (portion) => ({ ...portion, state: { kind: 'due' } }))
              : row,
          ),
        }
      : rows,
})

/** What the shop once said yes to is sold whatever the bill becomes. */
export function permitStays(town: Around): Store {
  const permitted = new Set<PaymentId>()
  return changing({
    rows: (rows) => ({
      ...rows,
      payments: rows.payments.map((row) =>
        permitted.has(row.id) && stateOf(row) === 'joined'
          ? { ...row, permitted: { billVersion: row.billVersion, at: rows.now } }
          : row,
      ),
    }),
    writes: (writes) => {
      for (const { payment } of writes.payments) if (payment.permitted !== null) permitted.add(payment.id)
      return writes
    },
  })(town)
}

/** The second half of a purchase handed back does not look whether the payment is already there. */
export const handBackTwice = around((rows, needs, decide) => {
  const isHandBack = needs.every(
    ({ commands, devices, payments }) => commands.length === 0 && devices.length > 0 && payments.length > 0,
  )
  if (!isHandBack) return decide(rows)
  const writes = decide({ ...rows, payments: [] })
  const versionOf = (id: PaymentId) => rows.payments.find((row) => row.id === id)?.version ?? null
  return (
    writes && { ...writes, payments: writes.payments.map((row) => ({ ...row, previous: versionOf(row.payment.id) })) }
  )
})

/** The payment does not look whether it has heard of a refund. */
export const toldTwice = around((rows, needs, decide) => {
  const isTelling = needs.every(
    ({ payments, accounts, commands, devices }) =>
      payments.length > 0 && accounts.length + commands.length + devices.length === 0,
  )
  if (!isTelling) return decide(rows)
  const writes = decide({ ...rows, payments: rows.payments.map((row) => ({ ...row, refunds: [] })) })
  const known = (id: PaymentId) => rows.payments.find((row) => row.id === id)?.refunds ?? []
  return writes && withPayments(writes, (row) => ({ ...row, refunds: [...known(row.id), ...row.refunds] }))
})

/** The operator's deed is done and not written down. */
export const actionForgotten = changing({
  writes: (writes, rows) => ({
    ...writes,
    actions: [],
    heads: writes.heads.map(({ bucket, head }) => {
      const { actions, actionsHash } = rows.heads.get(bucket) ?? head
      return { bucket, head: { ...head, actions, actionsHash } }
    }),
  }),
})

/** A file of credits booked row by row: a hub that dies leaves half of it. */
export function fileByRows(
  command: DeskCommand,
  handle: (command: DeskCommand) => Promise<Answer>,
): Promise<Answer> | undefined {
  if (command.name !== 'credit-file') return undefined
  return command.rows.reduce<Promise<Answer>>(
    async (before, row, index) => {
      const answer = await before
      const id = idFrom('cmd', sha256(utf8(`${command.id} ${index}`)).slice(0, 16))
      return answer.refusal === null ? handle({ ...command, id, rows: [row] }) : answer
    },
    Promise.resolve({
      refusal: null,
      terminal: null,
      deal: null,
      payment: null,
      refund: null,
      version: null,
      note: null,
    }),
  )
}

/** The journal's hash does not cover the names. */
export const hashShort = changing({
  writes: (writes, rows: Rows) => {
    const ends = new Map([...rows.heads].map(([bucket, { hash }]) => [bucket, hash]))
    const transfers = writes.transfers.map((transfer) => {
      const nameless = { ...transfer, debitName: '', creditName: '' }
      const hash = chainHash(ends.get(transfer.bucket) ?? new Uint8Array(32), nameless)
      ends.set(transfer.bucket, hash)
      return { ...transfer, hash }
    })
    const heads = writes.heads.map(({ bucket, head }) => ({
      bucket,
      head: { ...head, hash: ends.get(bucket) ?? head.hash },
    }))
    return { ...writes, transfers, heads }
  },
})
