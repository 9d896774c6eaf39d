// Planted bugs: the absence of one rule each, put in from outside. A simulator that does not find them is not worth running.
import { isSystemAccount, type AccountKey } from '#core/accounts.ts'
import { approvalBytes, claimsOf, METHOD_WHOLE } from '#core/approval.ts'
import { billHash } from '#core/bill.ts'
import { fromHex, sha256, utf8 } from '#core/bytes.ts'
import { bucketOfId, idFrom } from '#core/ids.ts'
import { IDLE_JOIN_MS, LIFETIME_MS, numberFrom } from '#core/numbers.ts'
import { evolveOffer, type Ticket } from '#core/offer.ts'
import { stateOf, type Payment } from '#core/payment.ts'
import { problemOf } from '#protocol/problems.ts'
import type { Call, Reply } from '#sdk/transport.ts'
import type { Budgets } from '#switch/budgets.ts'
import type { Command } from '#switch/command.ts'
import type { MemoryStore } from '#switch/memory-store.ts'
import { NO_NEEDS, type BucketNeeds, type Rows, type Store, type Writes } from '#switch/store.ts'
import { workingRows } from '#switch/working.ts'
import type { Clock } from './clock.ts'
import { BUCKETS } from './directory.ts'
import type { Chance } from './random.ts'
import type { World } from './world.ts'

export type Plant = Readonly<{
  story: string
  store?: (memory: MemoryStore, clock: Clock) => Store
  budgets?: Budgets
  sweeps?: false
  /** between the border and the switch */
  command?: (command: Command, world: World) => Promise<Command>
  /** what the hub says when it does not know what became of a command */
  unavailable?: (call: Call) => Reply | undefined
  /** between the SDK and the wire */
  sent?: (call: Call, sentIds: ReadonlySet<string>, chance: Chance) => Call
}>

export const NO_PLANT: Plant = { story: 'no planted bug' }

/** A store whose rows or writes are changed on their way. */
const changing =
  (change: { rows?: (rows: Rows, needs: readonly BucketNeeds[]) => Rows; writes?: (writes: Writes) => Writes }) =>
  (memory: MemoryStore): Store => ({
    ...memory,
    transact: (needs, decide) =>
      memory.transact(needs, (rows) => {
        const writes = decide(change.rows?.(rows, needs) ?? rows)
        return writes && (change.writes?.(writes) ?? writes)
      }),
  })

export const PLANTS = {
  'command-forgotten': {
    story: 'the command row is not stored: a repeated command takes effect twice',
    store: changing({ writes: (writes) => ({ ...writes, commands: [] }) }),
  },
  'two-phones': { story: 'join does not look at the state: two phones join one offer', store: alwaysOpen },
  'mark-stays': { story: 'the deposit does not move its mark: it is deposited again', store: withoutMarks },
  'sequence-early': { story: 'the sequence is taken before the lock: a number is used twice', store: earlyHeads },
  'any-bill': {
    story: 'approve does not compare the bill with what was signed',
    command: approvingAnything,
  },
  'reopened-early': { story: 'release gives a new number before the payment has ended', command: reopeningFirst },
  'refunds-forgotten': {
    story: 'a refund does not look at earlier refunds',
    store: changing({
      rows: (rows, needs) => (needs.some(({ accounts }) => accounts.length > 0) ? { ...rows, refunds: [] } : rows),
    }),
  },
  'affords-always': { story: 'nobody looks whether the money is there', store: withCredit },
  'idle-after-approval': { story: 'the idle timer ends a payment that was approved', store: idleForEver },
  'new-id-each-try': { story: 'the client makes a new command id for each try', sent: withNewId },
  'lost-is-no': {
    story: 'a lost commit is answered as a refusal',
    unavailable: (call) => call.body && { status: 409, body: problemOf('could-not-decide'), retryAfterMs: null },
  },
  'lost-is-yes': {
    story: 'a lost commit is answered as done',
    unavailable: (call) =>
      call.body && {
        status: 200,
        body: { deal: null, payment: null, refund: null, provedAt: null },
        retryAfterMs: null,
      },
  },
  'guess-for-ever': {
    story: 'wrong numbers cost nothing',
    budgets: { charge: async () => true, giveBack: async () => {} },
  },
  'no-sweep': { story: 'the depositor forgets what a killed hub has left', sweeps: false },
} as const satisfies Record<string, Plant>

export type PlantName = keyof typeof PLANTS
export const isPlantName = (text: string): text is PlantName => Object.hasOwn(PLANTS, text)

function alwaysOpen(memory: MemoryStore): Store {
  const tickets = new Map<string, Ticket>()
  return changing({
    rows: (rows, needs) => {
      if (!needs.some(({ offers, terminals }) => offers.length > 0 && terminals.length > 0)) return rows
      const offers = rows.offers.map((offer) => {
        const ticket = tickets.get(`${offer.terminal} ${offer.deal}`)
        return ticket && offer.state.kind === 'taken' ? { ...offer, state: { kind: 'open', ticket } as const } : offer
      })
      return { ...rows, offers }
    },
    writes: (writes) => {
      for (const { offer } of writes.offers)
        if (offer.state.kind === 'open') tickets.set(`${offer.terminal} ${offer.deal}`, offer.state.ticket)
      return writes
    },
  })(memory)
}

function withoutMarks(memory: MemoryStore): Store {
  return {
    ...memory,
    async deposit(bucket) {
      // Border: the memory store shows its own map; only this plant writes into it.
      const marks = memory.contents().marks as Map<string, bigint>
      const before = new Map(marks)
      const deposited = await memory.deposit(bucket)
      for (const [key, mark] of before) marks.set(key, mark)
      return deposited
    },
  }
}

function earlyHeads(memory: MemoryStore, clock: Clock): Store {
  return {
    ...memory,
    async transact(needs, decide) {
      const { heads } = memory.contents()
      const early = new Map(needs.flatMap(({ bucket }) => [[bucket, heads.get(bucket)] as const]))
      if (needs.some(({ accounts }) => accounts.length > 0)) await clock.sleep(2_000)
      return memory.transact(needs, (rows) =>
        decide({
          ...rows,
          heads: new Map([...rows.heads].map(([bucket, head]) => [bucket, early.get(bucket) ?? head])),
        }),
      )
    },
  }
}

async function approvingAnything(command: Command, { memory }: World): Promise<Command> {
  if (command.name !== 'approve') return command
  const payment = await memory.readPayment(command.payment)
  if (payment === undefined || payment.bill === null) return command
  const bytes = approvalBytes({
    purpose: 'approve',
    scheme: idFrom('sch', command.evidence.bytes.slice(4, 20)),
    deal: payment.deal,
    payment: payment.id,
    billVersion: payment.billVersion,
    billHash: billHash(payment.biller, payment.bill),
    payerAccount: payment.payer.account,
    means: payment.payer.account,
    method: METHOD_WHOLE,
    key: command.evidence.key,
    nonce: fromHex(payment.nonce) ?? new Uint8Array(16),
    expiresAt: claimsOf(command.evidence.bytes)?.expiresAt ?? 0,
  })
  return { ...command, evidence: { ...command.evidence, bytes } }
}

async function reopeningFirst(command: Command, { memory, store, clock }: World): Promise<Command> {
  if (command.name !== 'release') return command
  const payment = await memory.readPayment(command.payment)
  if (payment === undefined || stateOf(payment) !== 'joined') return command
  const { terminal, deal, version, bill, billVersion } = payment
  const key = { terminal, deal }
  const chance = sha256(utf8(command.id))
  const number = numberFrom(chance, 8)
  const bucket = bucketOfId(terminal)
  const area = 'area:main'
  await store.transact([{ ...NO_NEEDS, bucket, offers: [key] }], (rows) => {
    const working = workingRows(rows, BUCKETS)
    const offer = working.offer(key)
    if (offer?.state.kind !== 'taken' || offer.state.payment !== payment.id) return null
    const expiresAt = rows.now + LIFETIME_MS.counter
    const ticket: Ticket = { number, scope: area, token: idFrom('tok', chance.slice(16)), expiresAt }
    const event = { kind: 'reopened', version, bill, billVersion, ticket } as const
    working.saveOffer(evolveOffer(offer, event), event)
    working.saveNumber(bucket, { scope: area, number, ...key, freeAt: expiresAt })
    return working.writes()
  })
  await clock.sleep(1_500)
  return command
}

const CREDIT = 1_000_000n

function withCredit(memory: MemoryStore): Store {
  const lent = <Row extends { balance: bigint }>(row: Row, key: AccountKey, amount: bigint): Row =>
    isSystemAccount(key) ? row : { ...row, balance: row.balance + amount }
  return {
    ...changing({
      rows: (rows) => ({ ...rows, accounts: rows.accounts.map((row) => lent(row, row.key, CREDIT)) }),
      writes: (writes) => ({
        ...writes,
        accounts: writes.accounts.map((row) => ({ ...row, account: lent(row.account, row.account.key, -CREDIT) })),
        entries: writes.entries.map((row) => lent(row, row.account, -CREDIT)),
      }),
    })(memory),
    readBalances: async (account) => (await memory.readBalances(account)).map((row) => lent(row, row.key, CREDIT)),
  }
}

function idleForEver(memory: MemoryStore): Store {
  const wasApproved = (payment: Payment): boolean =>
    payment.approvedAt !== null && payment.ended === null && payment.refunds.length === 0
  return {
    ...changing({
      rows(rows, needs) {
        const isTime = needs.every(({ commands, accounts }) => commands.length === 0 && accounts.length > 0)
        if (!isTime) return rows
        const payments = rows.payments.map((payment) => {
          if (!wasApproved(payment) || payment.joinedAt + IDLE_JOIN_MS > rows.now) return payment
          const portions = payment.portions.map((portion) => ({ ...portion, state: { kind: 'due' } as const }))
          return { ...payment, portions, approvedAt: null, turn: { since: payment.joinedAt, idleAt: rows.now } }
        })
        return { ...rows, payments }
      },
    })(memory),
    async readDue(limit) {
      const now = await memory.now()
      const idle = memory
        .contents()
        .payments.filter((payment) => wasApproved(payment) && payment.joinedAt + IDLE_JOIN_MS <= now)
      const due = idle.map(({ id, version }) => ({ kind: 'payment', payment: id, version }) as const)
      return [...due, ...(await memory.readDue(limit))].slice(0, limit)
    },
  }
}

function withNewId(call: Call, sentIds: ReadonlySet<string>, chance: Chance): Call {
  const id: unknown = call.body && Reflect.get(call.body, 'command')
  if (typeof id !== 'string' || !sentIds.has(id)) return call
  return { ...call, body: { ...call.body, command: idFrom('cmd', chance.bytes(16)) } }
}
