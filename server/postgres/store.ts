// The PostgreSQL store: the switch's rows as set-based statements. Each names its buckets; each is found by key.
// The heads of the batch's buckets are locked by a statement of their own, first: what follows sees all that the lock waited for.
import type { AccountKey } from '#core/accounts.ts'
import { bucketOf, systemAccount, SYSTEM_ACCOUNT_KINDS } from '#core/accounts.ts'
import type { Device } from '#core/device.ts'
import {
  bucketOfId,
  type DealId,
  type DeviceId,
  type KeyId,
  type PartyId,
  type PaymentId,
  type TerminalId,
} from '#core/ids.ts'
import type { Account, AccountStatus, Entry, TransferKind } from '#core/ledger.ts'
import type { Unit } from '#core/money.ts'
import { offerDueAt } from '#core/offer.ts'
import { paymentDueAt, stateOf } from '#core/payment.ts'
import { offerFromJson, paymentFromJson, toJson } from '#switch/snapshot.ts'
import type {
  Answer,
  Balance,
  BucketNeeds,
  Due,
  NumberRow,
  RefundRow,
  Rows,
  Store,
  StoredCommand,
  Writes,
} from '#switch/store.ts'
import { OutcomeUnknown, StoreUnavailable } from '#switch/store.ts'
import { inTransaction, read, type Database, type Statement } from './connect.ts'
import { depositStatements } from './deposit.ts'

/** PostgreSQL's uuid as one of our ids. */
export const idOf = <Id extends string>(prefix: string, uuid: string): Id =>
  `${prefix}_${uuid.replaceAll('-', '')}` as Id
/** One of our ids as PostgreSQL's uuid. */
export const uuidOf = (id: string): string => id.slice(id.indexOf('_') + 1)

export const NOW = '(extract(epoch from clock_timestamp()) * 1000)::bigint'

/** An untold refund is told again after this. */
const TELL_AFTER_MS = 5_000

/** The store over an open database. `buckets` is the scheme's number of buckets. */
export function postgresStore(database: Database, buckets: number): Store {
  const rowsOf = <Row extends Record<string, unknown>>(name: string, text: string, values: unknown[]): Promise<Row[]> =>
    read<Row>(database, { name, text, values })

  return {
    async transact(needs, decide) {
      const { statements, rowsFrom } = loading(needs)
      await inTransaction(database.transactions, statements, (results) => {
        const writes = decide(rowsFrom(results.map(({ rows }) => rows as Loose[])))
        return writes && { statements: writing(writes) }
      })
    },

    async deposit(bucket) {
      let deposited = 0
      await inTransaction(database.transactions, depositStatements(bucket), (results) => {
        deposited = Number((results.at(-1)?.rows[0] as Loose | undefined)?.deposited ?? 0)
        return deposited === 0 ? null : { statements: [] }
      }).catch((error: unknown) => {
        // The marks tell the next deposit what this one has done.
        throw error instanceof OutcomeUnknown
          ? new StoreUnavailable('the deposit got no answer', { cause: error })
          : error
      })
      return deposited
    },

    async readCommand(bucket, { actor, id }) {
      const [row] = await rowsOf(
        'read_command',
        'select hash, answer from command where bucket = $1 and actor = $2 and id = $3',
        [bucket, uuidOf(actor), uuidOf(id)],
      )
      return row && { actor, id, hash: hexOf(row.hash), answer: row.answer as Answer }
    },
    async readNumber(bucket, { scope, number }) {
      const [row] = await rowsOf(
        'read_number',
        'select terminal, deal from number where bucket = $1 and scope = $2 and number = $3',
        [bucket, scope, number],
      )
      return row && offerKeyFrom(row)
    },
    async readToken(bucket, token) {
      const [row] = await rowsOf('read_token', 'select terminal, deal from offer where bucket = $1 and token = $2', [
        bucket,
        uuidOf(token),
      ])
      return row && offerKeyFrom(row)
    },
    async readOffer(bucket, { terminal, deal }) {
      const [row] = await rowsOf(
        'read_offer',
        'select snapshot from offer where bucket = $1 and terminal = $2 and deal = $3',
        [bucket, uuidOf(terminal), uuidOf(deal)],
      )
      return row && offerFromJson(row.snapshot)
    },
    async readPayment(payment) {
      const [row] = await rowsOf(
        'read_payment',
        'select snapshot from payment where bucket = $1::integer and id = $2',
        [bucketOfId(payment), uuidOf(payment)],
      )
      return row && paymentFromJson(row.snapshot)
    },
    async readPayments(payments) {
      if (payments.length === 0) return []
      const rows = await rowsOf(
        'read_payments',
        'select p.snapshot from unnest($1::smallint[], $2::uuid[]) n(bucket, id) join payment p using (bucket, id)',
        [payments.map(bucketOfId), payments.map(uuidOf)],
      )
      return rows.map((row) => paymentFromJson(row.snapshot))
    },
    async readDevice(bucket, device) {
      const [row] = await rowsOf('read_device', 'select * from device where bucket = $1 and id = $2', [
        bucket,
        uuidOf(device),
      ])
      return row && deviceFrom(row)
    },
    async readBalances(account) {
      const rows = await rowsOf(
        'read_balances',
        `select a.key, a.unit, a.status, a.balance, a.version, coalesce((
           select sum(t.amount) from mark m join transfer t on t.credit_bucket = m.bucket and t.bucket = m.source and t.sequence > m.sequence
           where m.bucket = a.bucket and t.credit = a.key and t.unit = a.unit), 0)::bigint as arriving
         from account a where a.bucket = $1 and a.key = $2 order by a.unit`,
        [bucketOf(account, buckets), account],
      )
      return rows.map((row): Balance => ({ ...accountFrom(row), arriving: BigInt(String(row.arriving)) }))
    },
    async readMissing(accounts) {
      const rows = await rowsOf(
        'read_missing',
        `select n.key from unnest($1::smallint[], $2::text[], $3::text[]) n(bucket, key, unit)
         where not exists (select from account a where a.bucket = n.bucket and a.key = n.key and a.unit = n.unit)`,
        [
          accounts.map(({ key }) => bucketOfKey(key, buckets)),
          accounts.map(({ key }) => key),
          accounts.map(({ unit }) => unit),
        ],
      )
      return rows.map((row) => row.key as AccountKey)
    },
    async readEntries({ account, unit, before, limit }) {
      const rows = await rowsOf(
        'read_entries',
        `select * from entry where bucket = $1 and account = $2 and unit = $3 and number < $4 order by number desc limit $5`,
        [bucketOfKey(account, buckets), account, unit, before ?? 9_223_372_036_854_775_807n, limit],
      )
      return rows.map(entryFrom)
    },
    async readOffers({ terminal, before, limit }) {
      const rows = await rowsOf(
        'read_offers',
        'select snapshot from offer where bucket = $1 and terminal = $2 and opened_at < $3 order by opened_at desc limit $4',
        [bucketOfId(terminal), uuidOf(terminal), before ?? Number.MAX_SAFE_INTEGER, limit],
      )
      return rows.map((row) => offerFromJson(row.snapshot))
    },
    async readOpenPayments(party, limit) {
      const rows = await rowsOf(
        'read_open_payments',
        `select snapshot from payment where bucket = $1 and party = $2 and state in ('joined', 'authorising', 'held') limit $3`,
        [bucketOfId(party), uuidOf(party), limit],
      )
      return rows.map((row) => paymentFromJson(row.snapshot)).toSorted((left, right) => right.joinedAt - left.joinedAt)
    },
    async readDue(limit) {
      const [offers, payments, refunds] = await Promise.all([
        rowsOf('due_offers', `select terminal, deal from offer where due_at <= ${NOW} order by due_at limit $1`, [
          limit,
        ]),
        rowsOf('due_payments', `select id, version from payment where due_at <= ${NOW} order by due_at limit $1`, [
          limit,
        ]),
        rowsOf(
          'due_refunds',
          `select original, id, amount, at, told from refund where not told and at <= ${NOW} - ${TELL_AFTER_MS} limit $1`,
          [limit],
        ),
      ])
      return [
        ...offers.map((row): Due => ({ kind: 'offer', ...offerKeyFrom(row) })),
        ...payments.map((row): Due => ({
          kind: 'payment',
          payment: idOf('pay', String(row.id)),
          version: Number(row.version),
        })),
        ...refunds.map((row): Due => ({ kind: 'refund', refund: refundFrom(row) })),
      ]
    },
    async now() {
      const [row] = await rowsOf('now', `select ${NOW} as now`, [])
      return Number(row?.now)
    },
  }
}

type Loose = Record<string, unknown>

const bucketOfKey = (key: AccountKey, buckets: number): number =>
  key.includes(':') ? Number(key.slice(key.indexOf(':') + 1)) : bucketOf(key as Parameters<typeof bucketOf>[0], buckets)

const hexOf = (value: unknown): string => (Buffer.isBuffer(value) ? value.toString('hex') : '')

const offerKeyFrom = (row: Loose): { terminal: TerminalId; deal: DealId } => ({
  terminal: idOf('trm', String(row.terminal)),
  deal: idOf('deal', String(row.deal)),
})

// Border: the columns below are written by this file alone and checked by the tables' constraints.
const accountFrom = (row: Loose): Account => ({
  key: row.key as AccountKey,
  unit: row.unit as Unit,
  status: row.status as AccountStatus,
  balance: BigInt(String(row.balance)),
  version: BigInt(String(row.version)),
})

const deviceFrom = (row: Loose): Device => ({
  id: idOf<DeviceId>('dev', String(row.id)),
  party: idOf<PartyId>('pty', String(row.party)),
  key: idOf<KeyId>('key', String(row.key)),
  status: row.status === 'active' ? 'active' : 'revoked',
  provedAt: Number(row.proved_at),
  wrongProofs: Number(row.wrong_proofs),
  lockedUntil: Number(row.locked_until),
})

const refundFrom = (row: Loose): RefundRow => ({
  id: idOf<PaymentId>('pay', String(row.id)),
  original: idOf<PaymentId>('pay', String(row.original)),
  amount: BigInt(String(row.amount)),
  at: Number(row.at),
  told: row.told === true,
})

const entryFrom = (row: Loose): Entry => ({
  bucket: Number(row.bucket),
  account: row.account as AccountKey,
  unit: row.unit as Unit,
  number: BigInt(String(row.number)),
  amount: BigInt(String(row.amount)),
  balance: BigInt(String(row.balance)),
  kind: row.kind as TransferKind,
  payment: typeof row.payment === 'string' ? idOf<PaymentId>('pay', row.payment) : null,
  other: row.other as AccountKey,
  otherName: String(row.other_name),
  sourceBucket: Number(row.source_bucket),
  sequence: BigInt(String(row.sequence)),
  at: Number(row.at),
})

/** The statements that lock and load a batch, and how their rows become the switch's. Empty kinds are not asked for. */
function loading(needs: readonly BucketNeeds[]): { statements: Statement[]; rowsFrom: (results: Loose[][]) => Rows } {
  const statements: Statement[] = []
  const ask = (name: string, text: string, values: unknown[], size: number): (() => number) => {
    if (size === 0) return () => -1
    const index = statements.push({ name, text, values }) - 1
    return () => index
  }
  const flat = <Item>(
    pick: (need: BucketNeeds) => readonly Item[],
    keyOf: (item: Item) => string,
  ): { bucket: number; item: Item }[] => {
    const seen = new Map<string, { bucket: number; item: Item }>()
    for (const need of needs) {
      for (const item of pick(need)) seen.set(`${need.bucket} ${keyOf(item)}`, { bucket: need.bucket, item })
    }
    return [...seen.values()]
  }
  const bucketsOf = (rows: readonly { bucket: number }[]): number[] => rows.map(({ bucket }) => bucket)

  const commands = flat(
    ({ commands }) => commands,
    ({ actor, id }) => actor + id,
  )
  const offers = flat(
    ({ offers }) => offers,
    ({ terminal, deal }) => terminal + deal,
  )
  const payments = flat(({ payments }) => payments, String)
  const accounts = flat(({ accounts }) => accounts, String)
  const devices = flat(({ devices }) => devices, String)
  const terminals = flat(({ terminals }) => terminals, String)
  const numbers = flat(
    ({ numbers }) => numbers,
    ({ scope, number }) => `${scope} ${number}`,
  )
  const refunds = flat(({ refunds }) => refunds, String)

  const heads = ask(
    'lock_heads',
    'select bucket, sequence, hash from head where bucket = any($1::smallint[]) order by bucket for update',
    [needs.map(({ bucket }) => bucket)],
    1,
  )
  const clock = ask('clock', `select ${NOW} as now`, [], 1)
  const gotAccounts = ask(
    'lock_accounts',
    `select a.key, a.unit, a.status, a.balance, a.version from unnest($1::smallint[], $2::text[]) n(bucket, key)
     join account a using (bucket, key) order by a.bucket, a.key, a.unit for update of a`,
    [bucketsOf(accounts), accounts.map(({ item }) => item)],
    accounts.length,
  )
  const gotCommands = ask(
    'load_commands',
    `select n.i, c.hash, c.answer from unnest($1::smallint[], $2::uuid[], $3::uuid[]) with ordinality n(bucket, actor, id, i)
     join command c using (bucket, actor, id)`,
    [bucketsOf(commands), commands.map(({ item }) => uuidOf(item.actor)), commands.map(({ item }) => uuidOf(item.id))],
    commands.length,
  )
  const gotOffers = ask(
    'load_offers',
    `select o.snapshot from unnest($1::smallint[], $2::uuid[], $3::uuid[]) n(bucket, terminal, deal) join offer o using (bucket, terminal, deal)`,
    [bucketsOf(offers), offers.map(({ item }) => uuidOf(item.terminal)), offers.map(({ item }) => uuidOf(item.deal))],
    offers.length,
  )
  const gotPayments = ask(
    'load_payments',
    'select p.snapshot from unnest($1::smallint[], $2::uuid[]) n(bucket, id) join payment p using (bucket, id)',
    [bucketsOf(payments), payments.map(({ item }) => uuidOf(item))],
    payments.length,
  )
  const gotDevices = ask(
    'load_devices',
    'select d.* from unnest($1::smallint[], $2::uuid[]) n(bucket, id) join device d using (bucket, id)',
    [bucketsOf(devices), devices.map(({ item }) => uuidOf(item))],
    devices.length,
  )
  const gotTerminals = ask(
    'load_terminals',
    'select t.id, t.party, t.status from unnest($1::smallint[], $2::uuid[]) n(bucket, id) join terminal t using (bucket, id)',
    [bucketsOf(terminals), terminals.map(({ item }) => uuidOf(item))],
    terminals.length,
  )
  const gotNumbers = ask(
    'load_numbers',
    'select r.* from unnest($1::smallint[], $2::text[], $3::text[]) n(bucket, scope, number) join number r using (bucket, scope, number)',
    [bucketsOf(numbers), numbers.map(({ item }) => item.scope), numbers.map(({ item }) => item.number)],
    numbers.length,
  )
  const gotRefunds = ask(
    'load_refunds',
    'select r.original, r.id, r.amount, r.at, r.told from unnest($1::smallint[], $2::uuid[]) n(bucket, original) join refund r using (bucket, original)',
    [bucketsOf(refunds), refunds.map(({ item }) => uuidOf(item))],
    refunds.length,
  )

  const rowsFrom = (results: Loose[][]): Rows => {
    const rows = (index: () => number): Loose[] => results[index()] ?? []
    return {
      now: Number(rows(clock)[0]?.now),
      heads: new Map(
        rows(heads).map((row) => [
          Number(row.bucket),
          { sequence: BigInt(String(row.sequence)), hash: row.hash as Uint8Array },
        ]),
      ),
      accounts: rows(gotAccounts).map(accountFrom),
      commands: rows(gotCommands).flatMap((row): (StoredCommand & { bucket: number })[] => {
        const asked = commands[Number(row.i) - 1]
        return asked === undefined
          ? []
          : [
              {
                bucket: asked.bucket,
                actor: asked.item.actor,
                id: asked.item.id,
                hash: hexOf(row.hash),
                answer: row.answer as Answer,
              },
            ]
      }),
      offers: rows(gotOffers).map((row) => offerFromJson(row.snapshot)),
      payments: rows(gotPayments).map((row) => paymentFromJson(row.snapshot)),
      devices: rows(gotDevices).map(deviceFrom),
      terminals: rows(gotTerminals).map((row) => ({
        id: idOf<TerminalId>('trm', String(row.id)),
        party: idOf<PartyId>('pty', String(row.party)),
        status: row.status === 'active' ? 'active' : 'revoked',
      })),
      numbers: rows(gotNumbers).map((row): NumberRow => ({
        scope: String(row.scope),
        number: String(row.number),
        ...offerKeyFrom(row),
        freeAt: Number(row.free_at),
      })),
      refunds: rows(gotRefunds).map(refundFrom),
    }
  }
  return { statements, rowsFrom }
}

/** An update must touch exactly the rows it names; a division by zero aborts the transaction where it did not. */
const exactly = (update: string, count: string): string =>
  `with touched as (${update} returning 1) select 1 / (case when count(*) = ${count} then 1 else 0 end) from touched`

function writing(writes: Writes): Statement[] {
  const statements: Statement[] = []
  const put = (name: string, text: string, rows: readonly unknown[], values: () => unknown[]): void => {
    if (rows.length > 0) statements.push({ name, text, values: values() })
  }
  const { heads, commands, accounts, devices, numbers, refunds, transfers, entries, events, evidence } = writes

  put(
    'write_heads',
    exactly(
      'update head h set sequence = n.sequence, hash = n.hash from unnest($1::smallint[], $2::bigint[], $3::bytea[]) n(bucket, sequence, hash) where h.bucket = n.bucket',
      'cardinality($1::smallint[])',
    ),
    heads,
    () => [
      heads.map(({ bucket }) => bucket),
      heads.map(({ head }) => head.sequence),
      heads.map(({ head }) => Buffer.from(head.hash)),
    ],
  )
  put(
    'write_accounts',
    exactly(
      `update account a set balance = n.balance, version = n.version
     from unnest($1::smallint[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[]) n(bucket, key, unit, balance, version, previous)
     where a.bucket = n.bucket and a.key = n.key and a.unit = n.unit and a.version = n.previous`,
      'cardinality($1::smallint[])',
    ),
    accounts,
    () => [
      accounts.map(({ bucket }) => bucket),
      accounts.map(({ account }) => account.key),
      accounts.map(({ account }) => account.unit),
      accounts.map(({ account }) => account.balance),
      accounts.map(({ account }) => account.version),
      accounts.map(({ previous }) => previous),
    ],
  )
  put(
    'write_transfers',
    `insert into transfer (bucket, sequence, debit, credit, credit_bucket, unit, amount, kind, payment, debit_name, credit_name, at, hash)
     select * from unnest($1::smallint[], $2::bigint[], $3::text[], $4::text[], $5::smallint[], $6::text[], $7::bigint[], $8::text[], $9::uuid[], $10::text[], $11::text[], $12::bigint[], $13::bytea[])`,
    transfers,
    () => [
      transfers.map(({ bucket }) => bucket),
      transfers.map(({ sequence }) => sequence),
      transfers.map(({ debit }) => debit),
      transfers.map(({ credit }) => credit),
      transfers.map(({ creditBucket }) => creditBucket),
      transfers.map(({ unit }) => unit),
      transfers.map(({ amount }) => amount),
      transfers.map(({ kind }) => kind),
      transfers.map(({ payment }) => payment && uuidOf(payment)),
      transfers.map(({ debitName }) => debitName),
      transfers.map(({ creditName }) => creditName),
      transfers.map(({ at }) => at),
      transfers.map(({ hash }) => Buffer.from(hash)),
    ],
  )
  put(
    'write_entries',
    `insert into entry (bucket, account, unit, number, amount, balance, kind, payment, other, other_name, source_bucket, sequence, at)
     select * from unnest($1::smallint[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[], $7::text[], $8::uuid[], $9::text[], $10::text[], $11::smallint[], $12::bigint[], $13::bigint[])`,
    entries,
    () => [
      entries.map(({ bucket }) => bucket),
      entries.map(({ account }) => account),
      entries.map(({ unit }) => unit),
      entries.map(({ number }) => number),
      entries.map(({ amount }) => amount),
      entries.map(({ balance }) => balance),
      entries.map(({ kind }) => kind),
      entries.map(({ payment }) => payment && uuidOf(payment)),
      entries.map(({ other }) => other),
      entries.map(({ otherName }) => otherName),
      entries.map(({ sourceBucket }) => sourceBucket),
      entries.map(({ sequence }) => sequence),
      entries.map(({ at }) => at),
    ],
  )

  const newOffers = writes.offers.filter(({ previous }) => previous === null)
  const oldOffers = writes.offers.filter(({ previous }) => previous !== null)
  const offerColumns = (rows: typeof writes.offers): unknown[] => [
    rows.map(({ bucket }) => bucket),
    rows.map(({ offer }) => uuidOf(offer.terminal)),
    rows.map(({ offer }) => uuidOf(offer.deal)),
    rows.map(({ offer }) => offer.version),
    rows.map(({ offer }) => offer.state.kind),
    rows.map(({ offer }) => uuidOf(offer.token)),
    rows.map(({ offer }) => offerDueAt(offer)),
    rows.map(({ offer }) => toJson(offer)),
  ]
  put(
    'insert_offers',
    `insert into offer (bucket, terminal, deal, version, state, token, due_at, snapshot, opened_at)
     select * from unnest($1::smallint[], $2::uuid[], $3::uuid[], $4::integer[], $5::text[], $6::uuid[], $7::bigint[], $8::jsonb[], $9::bigint[])`,
    newOffers,
    () => [...offerColumns(newOffers), newOffers.map(({ offer }) => offer.openedAt)],
  )
  put(
    'update_offers',
    exactly(
      `update offer o set version = n.version, state = n.state, token = n.token, due_at = n.due_at, snapshot = n.snapshot
     from unnest($1::smallint[], $2::uuid[], $3::uuid[], $4::integer[], $5::text[], $6::uuid[], $7::bigint[], $8::jsonb[], $9::integer[])
       n(bucket, terminal, deal, version, state, token, due_at, snapshot, previous)
     where o.bucket = n.bucket and o.terminal = n.terminal and o.deal = n.deal and o.version = n.previous`,
      'cardinality($1::smallint[])',
    ),
    oldOffers,
    () => [...offerColumns(oldOffers), oldOffers.map(({ previous }) => previous)],
  )

  const newPayments = writes.payments.filter(({ previous }) => previous === null)
  const oldPayments = writes.payments.filter(({ previous }) => previous !== null)
  const paymentColumns = (rows: typeof writes.payments): unknown[] => [
    rows.map(({ bucket }) => bucket),
    rows.map(({ payment }) => uuidOf(payment.id)),
    rows.map(({ payment }) => uuidOf(payment.payer.party)),
    rows.map(({ payment }) => payment.version),
    rows.map(({ payment }) => stateOf(payment)),
    rows.map(({ payment }) => paymentDueAt(payment)),
    rows.map(({ payment }) => toJson(payment)),
  ]
  put(
    'insert_payments',
    `insert into payment (bucket, id, party, version, state, due_at, snapshot)
     select * from unnest($1::smallint[], $2::uuid[], $3::uuid[], $4::integer[], $5::text[], $6::bigint[], $7::jsonb[])`,
    newPayments,
    () => paymentColumns(newPayments),
  )
  put(
    'update_payments',
    exactly(
      `update payment p set version = n.version, state = n.state, due_at = n.due_at, snapshot = n.snapshot
     from unnest($1::smallint[], $2::uuid[], $3::uuid[], $4::integer[], $5::text[], $6::bigint[], $7::jsonb[], $8::integer[])
       n(bucket, id, party, version, state, due_at, snapshot, previous)
     where p.bucket = n.bucket and p.id = n.id and p.version = n.previous`,
      'cardinality($1::smallint[])',
    ),
    oldPayments,
    () => [...paymentColumns(oldPayments), oldPayments.map(({ previous }) => previous)],
  )

  put(
    'write_events',
    `insert into event (bucket, terminal, subject, version, at, body)
     select * from unnest($1::smallint[], $2::uuid[], $3::uuid[], $4::integer[], $5::bigint[], $6::jsonb[])`,
    events,
    () => [
      events.map(({ bucket }) => bucket),
      events.map(({ terminal }) => uuidOf(terminal)),
      events.map(({ subject }) => uuidOf(subject)),
      events.map(({ version }) => version),
      events.map(({ at }) => at),
      events.map(({ body }) => toJson(body)),
    ],
  )
  put(
    'write_evidence',
    `insert into evidence (bucket, payment, version, approval, signature, key)
     select * from unnest($1::smallint[], $2::uuid[], $3::integer[], $4::bytea[], $5::bytea[], $6::uuid[])`,
    evidence,
    () => [
      evidence.map(({ bucket }) => bucket),
      evidence.map(({ payment }) => uuidOf(payment)),
      evidence.map(({ version }) => version),
      evidence.map(({ evidence }) => Buffer.from(evidence.bytes)),
      evidence.map(({ evidence }) => Buffer.from(evidence.signature)),
      evidence.map(({ evidence }) => uuidOf(evidence.key)),
    ],
  )
  put(
    'write_devices',
    exactly(
      `update device d set proved_at = n.proved_at, wrong_proofs = n.wrong_proofs, locked_until = n.locked_until
     from unnest($1::smallint[], $2::uuid[], $3::bigint[], $4::integer[], $5::bigint[]) n(bucket, id, proved_at, wrong_proofs, locked_until)
     where d.bucket = n.bucket and d.id = n.id`,
      'cardinality($1::smallint[])',
    ),
    devices,
    () => [
      devices.map(({ bucket }) => bucket),
      devices.map(({ device }) => uuidOf(device.id)),
      devices.map(({ device }) => device.provedAt),
      devices.map(({ device }) => device.wrongProofs),
      devices.map(({ device }) => device.lockedUntil),
    ],
  )
  put(
    'write_numbers',
    `insert into number (bucket, scope, number, terminal, deal, free_at)
     select * from unnest($1::smallint[], $2::text[], $3::text[], $4::uuid[], $5::uuid[], $6::bigint[])
     on conflict (bucket, scope, number) do update set terminal = excluded.terminal, deal = excluded.deal, free_at = excluded.free_at`,
    numbers,
    () => [
      numbers.map(({ bucket }) => bucket),
      numbers.map(({ number }) => number.scope),
      numbers.map(({ number }) => number.number),
      numbers.map(({ number }) => uuidOf(number.terminal)),
      numbers.map(({ number }) => uuidOf(number.deal)),
      numbers.map(({ number }) => number.freeAt),
    ],
  )
  put(
    'write_refunds',
    `insert into refund (bucket, original, id, amount, at, told)
     select * from unnest($1::smallint[], $2::uuid[], $3::uuid[], $4::bigint[], $5::bigint[], $6::boolean[])
     on conflict (bucket, original, id) do update set told = excluded.told`,
    refunds,
    () => [
      refunds.map(({ bucket }) => bucket),
      refunds.map(({ refund }) => uuidOf(refund.original)),
      refunds.map(({ refund }) => uuidOf(refund.id)),
      refunds.map(({ refund }) => refund.amount),
      refunds.map(({ refund }) => refund.at),
      refunds.map(({ refund }) => refund.told),
    ],
  )
  // Last: a command row says that all above is committed with it.
  put(
    'write_commands',
    `insert into command (bucket, actor, id, hash, answer, at)
     select *, ${NOW} from unnest($1::smallint[], $2::uuid[], $3::uuid[], $4::bytea[], $5::jsonb[])`,
    commands,
    () => [
      commands.map(({ bucket }) => bucket),
      commands.map(({ command }) => uuidOf(command.actor)),
      commands.map(({ command }) => uuidOf(command.id)),
      commands.map(({ command }) => Buffer.from(command.hash, 'hex')),
      commands.map(({ command }) => toJson(command.answer)),
    ],
  )
  return statements
}

/** The rows that make an account exist in its bucket, with the scheme's own accounts of the unit beside it. */
export const accountRows = (
  key: AccountKey,
  unit: Unit,
  buckets: number,
): { bucket: number; key: AccountKey; unit: Unit }[] => {
  const bucket = bucketOfKey(key, buckets)
  return [key, ...SYSTEM_ACCOUNT_KINDS.map((kind) => systemAccount(kind, bucket))].map((each) => ({
    bucket,
    key: each,
    unit,
  }))
}
