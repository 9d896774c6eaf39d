// A small town on any store: one shop with a terminal, some people with phones and money, and short ways to say what they do.
import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { accountNumber, bucketOf, serialInBucket, systemAccount, type AccountNumber } from '#core/accounts.ts'
import { approvalBytes, METHOD_WHOLE } from '#core/approval.ts'
import { assert } from '#core/assert.ts'
import { billHash, NO_CONDITIONS, type Bill, type Conditions } from '#core/bill.ts'
import { fromHex, sha256, toHex, utf8 } from '#core/bytes.ts'
import type { Device, ProofResult } from '#core/device.ts'
import { idFrom, idInBucket, type CommandId, type DealId, type PaymentId } from '#core/ids.ts'
import { faultsOf, type Books } from '#core/invariants.ts'
import { unitOf, type Unit } from '#core/money.ts'
import type { Evidence, Payment } from '#core/payment.ts'
import { openDatabase, type Database } from '#server/postgres/connect.ts'
import { createScheme, readScheme } from '#server/postgres/scheme.ts'
import { accountRows, postgresStore, uuidOf } from '#server/postgres/store.ts'
import { readBooks } from '#server/postgres/books.ts'
import type { DeviceActor, TerminalActor } from '#switch/actors.ts'
import { memoryBudgets } from '#switch/budgets.ts'
import type { DeviceCommand, TerminalCommand } from '#switch/command.ts'
import { memoryStore } from '#switch/memory-store.ts'
import type { Answer, Store, Terminal } from '#switch/store.ts'
import { createSwitch, type Scheme } from '#switch/switch.ts'
import { migratedDatabase } from './postgres.ts'

export const BUCKETS = 16
export const JPY = (() => {
  const unit = unitOf('JPY')
  assert(unit !== undefined, 'JPY is a currency')
  return unit
})()

export const newId = <Prefix extends 'cmd' | 'deal' | 'key' | 'sch' | 'tok'>(prefix: Prefix) =>
  idFrom(prefix, randomBytes(16))

export type Ground = Readonly<{
  store: Store
  scheme: Scheme
  register(rows: {
    terminals?: readonly Terminal[]
    devices?: readonly Device[]
    accounts?: readonly { key: AccountNumber; unit: Unit }[]
  }): Promise<void>
  books(): Promise<Books>
  close(): Promise<void>
}>

/** A store in memory. Its clock stands still unless the test moves it. */
export async function memoryGround(clock = { now: 1_800_000_000_000 }): Promise<Ground> {
  const store = memoryStore({ buckets: BUCKETS, now: () => clock.now })
  const id = newId('sch')
  const rules = { id, unlockMs: 3_600_000, freshProofFrom: 10_000n, limitPerPayment: 1_000_000n }
  return {
    store,
    scheme: { id, buckets: BUCKETS, rules },
    register: store.register,
    books: async () => ({ ...store.contents(), buckets: BUCKETS }),
    close: async () => {},
  }
}

/** A store on a fresh database of the real PostgreSQL. */
export async function postgresGround(): Promise<Ground> {
  const settings = await migratedDatabase()
  await createScheme(settings, { name: 'Test', demo: true, buckets: BUCKETS, unit: JPY })
  return groundOn(settings)
}

/** A further hub's view of a database that has a scheme. */
export async function groundOn(
  settings: pg.ClientConfig,
): Promise<Ground & { database: Database; settings: pg.ClientConfig }> {
  const scheme = await readScheme(settings)
  assert(scheme !== undefined, 'the database has a scheme')
  const database = openDatabase(settings, { transactions: 8, reads: 4, role: true })
  return {
    database,
    settings,
    store: postgresStore(database, scheme.buckets),
    scheme,
    async register(rows) {
      for (const { id, party, status } of rows.terminals ?? []) {
        await database.reads.query('insert into terminal (bucket, id, party, status) values ($1, $2, $3, $4)', [
          bucket(id),
          uuidOf(id),
          uuidOf(party),
          status,
        ])
      }
      for (const { id, party, key, status } of rows.devices ?? []) {
        await database.reads.query('insert into device (bucket, id, party, key, status) values ($1, $2, $3, $4, $5)', [
          bucket(id),
          uuidOf(id),
          uuidOf(party),
          uuidOf(key),
          status,
        ])
      }
      for (const { key, unit } of rows.accounts ?? []) {
        for (const row of accountRows(key, unit, scheme.buckets)) {
          await database.reads.query(
            'insert into account (bucket, key, unit) values ($1, $2, $3) on conflict do nothing',
            [row.bucket, row.key, row.unit],
          )
        }
      }
    },
    books: () => readBooks(settings),
    close: () => database.end(),
  }
}

const bucket = (id: string): number => Number.parseInt(id.slice(id.indexOf('_') + 1, id.indexOf('_') + 5), 16)

export type Town = Awaited<ReturnType<typeof openTown>>

let serials = 0

/** Opens a shop and people with `money` each on a ground, behind a switch with its own lanes. */
export async function openTown(ground: Ground, options: { people?: number; money?: bigint; lanes?: number } = {}) {
  const { store, scheme } = ground
  const alarms: unknown[] = []
  const make = (over: Ground = ground) =>
    createSwitch({
      store: over.store,
      budgets: memoryBudgets(() => 0),
      scheme: over.scheme,
      random: (bytes) => randomBytes(bytes),
      lanes: options.lanes ?? 4,
      onChange: () => {},
      onAlarm: (alarm) => void alarms.push(alarm.error),
    })
  const hub = make()
  const account = (bucket = ++serials % BUCKETS): AccountNumber => {
    const serial = serialInBucket(1, bucket, ++serials, BUCKETS)
    assert(serial !== undefined, 'the branch has room')
    return accountNumber(1, serial)
  }

  async function shop(): Promise<TerminalActor> {
    const number = account()
    const home = bucketOf(number, BUCKETS)
    const party = idInBucket('pty', home, randomBytes(14))
    const id = idInBucket('trm', home, randomBytes(14))
    await ground.register({ terminals: [{ id, party, status: 'active' }], accounts: [{ key: number, unit: JPY }] })
    return {
      kind: 'terminal',
      id,
      key: newId('key'),
      party,
      account: number,
      name: 'Marubeni Bakery',
      legalName: 'Marubeni Bakery Ltd.',
      label: 'Till 1',
    }
  }

  async function person(name: string, money: bigint, inBucket?: number): Promise<DeviceActor> {
    const number = account(inBucket)
    const home = bucketOf(number, BUCKETS)
    const party = idInBucket('pty', home, randomBytes(14))
    const id = idInBucket('dev', home, randomBytes(14))
    const key = newId('key')
    const device: Device = { id, party, key, status: 'active', provedAt: 0, wrongProofs: 0, lockedUntil: 0 }
    await ground.register({ devices: [device], accounts: [{ key: number, unit: JPY }] })
    if (money > 0n) {
      const transfer = {
        debit: systemAccount('issue', home),
        credit: number,
        unit: JPY,
        amount: money,
        kind: 'post',
        payment: null,
        debitName: name,
        creditName: 'Warifu',
      } as const
      await hub.post({ id: newId('cmd'), hash: '00', transfers: [transfer] }, party)
      await store.deposit(home)
    }
    return { kind: 'device', id, key, party, account: number, name }
  }

  const till = await shop()
  const people: DeviceActor[] = []
  for (let index = 0; index < (options.people ?? 2); index++)
    people.push(await person(`Person ${index + 1}`, options.money ?? 10_000n))
  const [payer] = people
  assert(payer !== undefined, 'a town has people')

  const hashOf = (body: object): string =>
    toHex(
      sha256(
        utf8(
          JSON.stringify(body, (_key, value: unknown) =>
            typeof value === 'bigint' ? String(value) : value instanceof Uint8Array ? toHex(value) : value,
          ),
        ),
      ),
    )
  const say = (
    actor: TerminalActor | DeviceActor,
    body: TerminalCommand | DeviceCommand,
    id: CommandId = newId('cmd'),
    over = hub,
  ): Promise<Answer> => {
    const sent = { ...body, id, hash: hashOf(body), actor }
    // Border: the pairs of actor and command are the test's own; the types cannot follow the union.
    return over.handle(sent as Parameters<typeof over.handle>[0])
  }

  return {
    ground,
    hub,
    make,
    alarms,
    till,
    people,
    payer,
    shop,
    person,
    say,
    /** the number on the till's screen */
    async number(deal: DealId, terminal = till): Promise<string> {
      const offer = await store.readOffer(bucket(terminal.id), { terminal: terminal.id, deal })
      assert(offer?.state.kind === 'open', 'the offer is open')
      return offer.state.ticket.number
    },
    async offer(bill: Bill | null, deal = newId('deal')): Promise<{ deal: DealId; number: string; token: string }> {
      const answer = await say(till, { name: 'open-offer', deal, bill })
      assert(answer.refusal === null, 'the offer opens')
      const offer = await store.readOffer(bucket(till.id), { terminal: till.id, deal })
      assert(offer?.state.kind === 'open', 'the offer is open')
      return { deal, number: offer.state.ticket.number, token: offer.state.ticket.token }
    },
    join: (actor: DeviceActor, number: string, id?: CommandId, over = hub) =>
      say(actor, { name: 'join', credential: { kind: 'number', number }, address: '127.0.0.1' }, id, over),
    async approve(
      actor: DeviceActor,
      payment: PaymentId,
      options: { proof?: ProofResult; id?: CommandId; over?: typeof hub; seen?: Payment; at?: number } = {},
    ): Promise<Answer> {
      const seen = options.seen ?? (await store.readPayment(payment))
      assert(seen !== undefined, 'the payment is there')
      const evidence = evidenceFor(scheme, seen, actor, options.proof ?? 'right', options.at ?? (await store.now()))
      return say(actor, { name: 'approve', payment, evidence }, options.id, options.over)
    },
    balance: async (actor: { account: AccountNumber }) => (await store.readBalances(actor.account))[0]?.balance ?? 0n,
    async settleDown(): Promise<void> {
      for (let home = 0; home < BUCKETS; home++) while ((await store.deposit(home)) > 0);
    },
    async faults(): Promise<string[]> {
      return faultsOf(await ground.books())
    },
  }
}

/** The evidence an honest phone makes of what it sees. */
export function evidenceFor(
  scheme: Scheme,
  payment: Payment,
  actor: DeviceActor,
  proof: ProofResult,
  now: number,
): Evidence {
  const bytes = approvalBytes({
    purpose: 'approve',
    scheme: scheme.id,
    deal: payment.deal,
    payment: payment.id,
    billVersion: payment.billVersion,
    billHash: payment.bill === null ? new Uint8Array(32) : billHash(payment.biller, payment.bill),
    payerAccount: actor.account,
    means: actor.account,
    method: METHOD_WHOLE,
    key: actor.key,
    nonce: fromHex(payment.nonce) ?? new Uint8Array(16),
    expiresAt: now + 60_000,
  })
  return { bytes, signature: new Uint8Array(64), proof, key: actor.key }
}

/** A bill of one line. */
export const billOf = (amount: bigint, conditions: Conditions = NO_CONDITIONS): Bill => ({
  unit: JPY,
  total: amount,
  lines: [{ text: 'Bread', quantity: 1, amount, taxRate: 800, tax: (amount * 8n) / 108n, code: null, conditions }],
})
