// Planted bugs of the switch's first rules: what is asked once, joined once, deposited once, signed for one bill.
import { isSystemAccount, type AccountKey } from '#core/accounts.ts'
import { approvalBytes, claimsOf, METHOD_WHOLE } from '#core/approval.ts'
import { billHash } from '#core/bill.ts'
import { fromHex, sha256, utf8 } from '#core/bytes.ts'
import { bucketOfId, idFrom } from '#core/ids.ts'
import { IDLE_JOIN_MS, LIFETIME_MS, numberFrom } from '#core/numbers.ts'
import { evolveOffer, type Ticket } from '#core/offer.ts'
import { stateOf, type Payment } from '#core/payment.ts'
import type { Call } from '#sdk/transport.ts'
import type { Command } from '#switch/command.ts'
import { NO_NEEDS, type Store, type Writes } from '#switch/store.ts'
import { workingRows } from '#switch/working.ts'
import { BUCKETS } from './directory.ts'
import { changing, isTime, type Around } from './planting.ts'
import type { Chance } from './random.ts'
import type { World } from './world.ts'

export function alwaysOpen(around: Around): Store {
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
  })(around)
}

export function withoutMarks({ memory }: Around): Store {
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

export function earlyHeads({ memory, clock }: Around): Store {
  return {
    ...memory,
    async transact(needs, decide) {
      const { heads } = memory.contents()
      const early = new Map(needs.flatMap(({ bucket }) => [[bucket, heads.get(bucket)] as const]))
      if (needs.some(({ accounts }) => accounts.length > 0)) await clock.sleep(2_000)
      return memory.transact(needs, (rows) =>
        decide({
          ...rows,
          heads: new Map(
            [...rows.heads].map(([bucket, head]) => {
              const { sequence, hash } = early.get(bucket) ?? head
              return [bucket, { ...head, sequence, hash }]
            }),
          ),
        }),
      )
    },
  }
}

export async function approvingAnything(command: Command, { memory }: World): Promise<Command> {
  if (command.name !== 'approve') return command
  const payment = await memory.readPayment(command.payment)
  if (payment === undefined || payment.bill === null) return command
  const bytes = approvalBytes({
    purpose: 'approve',
    scheme: idFrom('sch', command.evidence.bytes.slice(4, 20)),
    deal: payment.deal,
    payment: payment.id,
    billVersion: payment.billVersion,
    billHash: billHash(payment.biller, payment.bill, payment.means),
    payerAccount: payment.payer.account,
    means: payment.means.kind === 'bank' ? payment.means.id : payment.payer.account,
    method: METHOD_WHOLE,
    key: command.evidence.key,
    nonce: fromHex(payment.nonce) ?? new Uint8Array(16),
    expiresAt: claimsOf(command.evidence.bytes)?.expiresAt ?? 0,
  })
  return { ...command, evidence: { ...command.evidence, bytes } }
}

export async function reopeningFirst(command: Command, { memory, store, clock }: World): Promise<Command> {
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
    const working = workingRows(rows, { buckets: BUCKETS, zone: 'UTC' })
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

export function withCredit(around: Around): Store {
  const { memory } = around
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
    })(around),
    readBalances: async (account) => (await memory.readBalances(account)).map((row) => lent(row, row.key, CREDIT)),
    readAccounts: async (account) => (await memory.readAccounts(account)).map((row) => lent(row, row.key, CREDIT)),
  }
}

export function idleForEver(around: Around): Store {
  const { memory } = around
  const wasApproved = (payment: Payment): boolean =>
    payment.approvedAt !== null && payment.ended === null && payment.refunds.length === 0
  return {
    ...changing({
      rows(rows, needs) {
        if (!isTime(needs)) return rows
        const payments = rows.payments.map((payment) => {
          if (!wasApproved(payment) || payment.joinedAt + IDLE_JOIN_MS > rows.now) return payment
          const portions = payment.portions.map((portion) => ({ ...portion, state: { kind: 'due' } as const }))
          return { ...payment, portions, approvedAt: null, turn: { since: payment.joinedAt, idleAt: rows.now } }
        })
        return { ...rows, payments }
      },
    })(around),
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

export function withNewId(call: Call, sentIds: ReadonlySet<string>, chance: Chance): Call {
  const id: unknown = call.body && Reflect.get(call.body, 'command')
  if (typeof id !== 'string' || !sentIds.has(id)) return call
  return { ...call, body: { ...call.body, command: idFrom('cmd', chance.bytes(16)) } }
}

/** A deposit that moves its mark one further than it went. */
export function markBeyond({ memory }: Around): Store {
  return {
    ...memory,
    async deposit(bucket) {
      // Border: as above.
      const marks = memory.contents().marks as Map<string, bigint>
      const before = new Map(marks)
      const deposited = await memory.deposit(bucket)
      for (const [key, mark] of marks) if (before.get(key) !== mark) marks.set(key, mark + 1n)
      return deposited
    },
  }
}

/** The answer goes out, and the commit comes when there is time. */
export function answeredEarly({ memory, clock }: Around): Store {
  return {
    ...memory,
    async transact(needs, decide) {
      const decided: { writes: Writes | null } = { writes: null }
      await memory.transact(needs, (rows) => {
        decided.writes = decide(rows)
        return null
      })
      clock.after(700, () => void memory.transact(needs, () => decided.writes).catch(() => {}))
    },
  }
}

/** Balances as they were when somebody last asked, for three seconds. */
export function staleBalances({ memory, clock }: Around): Store {
  const kept = new Map<string, { at: number; balances: ReturnType<Store['readBalances']> }>()
  return {
    ...memory,
    readBalances(account) {
      const known = kept.get(account)
      if (known !== undefined && clock.lived() - known.at < 3_000) return known.balances
      const balances = memory.readBalances(account)
      kept.set(account, { at: clock.lived(), balances })
      return balances
    },
  }
}
