// A batch's second round trip: set-based statements that write all that was decided, each conditional on what was locked.
import { assert } from '#core/assert.ts'
import { bucketOfId } from '#core/ids.ts'
import type { Account } from '#core/ledger.ts'
import { offerDueAt } from '#core/offer.ts'
import { paymentDueAt, stateOf } from '#core/payment.ts'
import { toJson } from '#switch/snapshot.ts'
import type { Writes } from '#switch/store.ts'
import { sent } from './array-text.ts'
import type { Statement } from './connect.ts'
import { eventSeal } from './event-seal.ts'
import { NOW, uuidOf } from './rows.ts'

/** An update must touch exactly the rows it names; a division by zero aborts the transaction where it did not. */
const exactly = (update: string, count: string): string =>
  `with touched as (${update} returning 1) select 1 / (case when count(*) = ${count} then 1 else 0 end) from touched`

/** The statements that write a batch, the command rows last. */
export function writing(writes: Writes): Statement[] {
  const statements: Statement[] = []
  const put = (name: string, text: string, rows: readonly unknown[], values: () => unknown[]): void => {
    if (rows.length > 0) statements.push({ name, text, values: sent(values()) })
  }
  const { heads, commands, accounts, devices, numbers, refunds, transfers, entries, events, evidence, actions } = writes

  put(
    'write_heads',
    exactly(
      `update head h set sequence = n.sequence, hash = n.hash, actions = n.actions, actions_hash = n.actions_hash
     from unnest($1::smallint[], $2::bigint[], $3::bytea[], $4::bigint[], $5::bytea[]) n(bucket, sequence, hash, actions, actions_hash)
     where h.bucket = n.bucket`,
      'cardinality($1::smallint[])',
    ),
    heads,
    () => [
      heads.map(({ bucket }) => bucket),
      heads.map(({ head }) => head.sequence),
      heads.map(({ head }) => Buffer.from(head.hash)),
      heads.map(({ head }) => head.actions),
      heads.map(({ head }) => Buffer.from(head.actionsHash)),
    ],
  )
  const newest = new Map(entries.map(({ account, unit, at }) => [`${account} ${unit}`, at]))
  /** null where the account's status or limits changed and nothing was booked */
  const entryAt = ({ key, unit }: Account): number | null => newest.get(`${key} ${unit}`) ?? null
  put(
    'write_accounts',
    exactly(
      `update account a set balance = n.balance, version = n.version, status = n.status, limits = n.limits,
       spent_day = n.spent_day, spent_on_day = n.spent_on_day, spent_month = n.spent_month, spent_in_month = n.spent_in_month,
       entry_at = coalesce(n.entry_at, a.entry_at)
     from unnest($1::smallint[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[], $7::text[], $8::jsonb[], $9::integer[], $10::bigint[], $11::integer[], $12::bigint[], $13::bigint[])
       n(bucket, key, unit, balance, version, previous, status, limits, spent_day, spent_on_day, spent_month, spent_in_month, entry_at)
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
      accounts.map(({ account }) => account.status),
      accounts.map(({ account: { limits } }) => limits && toJson(limits)),
      accounts.map(({ account }) => account.spent.day),
      accounts.map(({ account }) => account.spent.onDay),
      accounts.map(({ account }) => account.spent.month),
      accounts.map(({ account }) => account.spent.inMonth),
      accounts.map(({ account }) => entryAt(account)),
    ],
  )
  // The debit side of each transfer stands beside it: what the two rows share is sent once.
  assert(entries.length === transfers.length, 'each transfer has its debit entry')
  put(
    'write_transfers',
    `with posted as materialized (
       select * from unnest($1::smallint[], $2::bigint[], $3::text[], $4::text[], $5::smallint[], $6::text[], $7::bigint[], $8::text[], $9::uuid[], $10::text[], $11::text[], $12::bigint[], $13::bytea[], $14::bigint[], $15::bigint[])
         n(bucket, sequence, debit, credit, credit_bucket, unit, amount, kind, payment, debit_name, credit_name, at, hash, number, balance)
     ), logged as (
       insert into transfer (bucket, sequence, debit, credit, credit_bucket, unit, amount, kind, payment, debit_name, credit_name, at, hash)
       select bucket, sequence, debit, credit, credit_bucket, unit, amount, kind, payment, debit_name, credit_name, at, hash from posted
     )
     insert into entry (bucket, account, unit, number, amount, balance, kind, payment, other, other_name, source_bucket, sequence, at)
     select bucket, debit, unit, number, -amount, balance, kind, payment, credit, debit_name, bucket, sequence, at from posted`,
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
      transfers.map(({ hash }) => hash),
      entries.map(({ number }) => number),
      entries.map(({ balance }) => balance),
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
    `insert into event (bucket, terminal, subject, version, at, body, seal)
     select * from unnest($1::smallint[], $2::uuid[], $3::uuid[], $4::integer[], $5::bigint[], $6::json[], $7::bytea[])`,
    events,
    () => {
      const bodies = events.map(({ body }) => toJson(body))
      return [
        events.map(({ bucket }) => bucket),
        events.map(({ terminal }) => uuidOf(terminal)),
        events.map(({ subject }) => uuidOf(subject)),
        events.map(({ version }) => version),
        events.map(({ at }) => at),
        bodies,
        events.map((event, index) => eventSeal({ ...event, body: bodies[index] ?? '' })),
      ]
    },
  )
  const { orders } = writes
  put(
    'write_orders',
    `insert into outside_order (bucket, payment, number, kind, of, via, method, one_time, party, means, unit, amount, made_at, next_at)
     select *, made_at from unnest($1::smallint[], $2::uuid[], $3::integer[], $4::text[], $5::integer[], $6::text[], $7::text[], $8::boolean[], $9::uuid[], $10::uuid[], $11::text[], $12::bigint[], $13::bigint[])
       n(bucket, payment, number, kind, of, via, method, one_time, party, means, unit, amount, made_at)`,
    orders,
    () => [
      orders.map(({ payment }) => bucketOfId(payment)),
      orders.map(({ payment }) => uuidOf(payment)),
      orders.map(({ number }) => number),
      orders.map(({ kind }) => kind),
      orders.map(({ of }) => of),
      orders.map(({ via }) => via),
      orders.map(({ method }) => method),
      orders.map(({ oneTime }) => oneTime),
      orders.map(({ party }) => uuidOf(party)),
      orders.map(({ means }) => uuidOf(means)),
      orders.map(({ unit }) => unit),
      orders.map(({ amount }) => amount),
      orders.map(({ madeAt }) => madeAt),
    ],
  )
  put(
    'write_evidence',
    `insert into evidence (bucket, payment, version, approval, signature, key, strength)
     select * from unnest($1::smallint[], $2::uuid[], $3::integer[], $4::bytea[], $5::bytea[], $6::uuid[], $7::text[])`,
    evidence,
    () => [
      evidence.map(({ bucket }) => bucket),
      evidence.map(({ payment }) => uuidOf(payment)),
      evidence.map(({ version }) => version),
      evidence.map(({ evidence }) => Buffer.from(evidence.bytes)),
      evidence.map(({ evidence }) => Buffer.from(evidence.signature)),
      evidence.map(({ evidence }) => uuidOf(evidence.key)),
      evidence.map(({ evidence }) => evidence.strength),
    ],
  )
  put(
    'write_devices',
    exactly(
      `update device d set proved_at = n.proved_at, proved_with = n.proved_with, wrong_proofs = n.wrong_proofs,
       locked_until = n.locked_until, approves_with = n.approves_with
     from unnest($1::smallint[], $2::uuid[], $3::bigint[], $4::text[], $5::integer[], $6::bigint[], $7::text[])
       n(bucket, id, proved_at, proved_with, wrong_proofs, locked_until, approves_with)
     where d.bucket = n.bucket and d.id = n.id`,
      'cardinality($1::smallint[])',
    ),
    devices,
    () => [
      devices.map(({ bucket }) => bucket),
      devices.map(({ device }) => uuidOf(device.id)),
      devices.map(({ device }) => device.provedAt),
      devices.map(({ device }) => device.provedWith),
      devices.map(({ device }) => device.wrongProofs),
      devices.map(({ device }) => device.lockedUntil),
      devices.map(({ device }) => device.approvesWith),
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
    `insert into refund (bucket, original, id, amount, at, told, lines, back)
     select * from unnest($1::smallint[], $2::uuid[], $3::uuid[], $4::bigint[], $5::bigint[], $6::boolean[], $7::jsonb[], $8::bigint[])
     on conflict (bucket, original, id) do update set told = excluded.told`,
    refunds,
    () => [
      refunds.map(({ bucket }) => bucket),
      refunds.map(({ refund }) => uuidOf(refund.original)),
      refunds.map(({ refund }) => uuidOf(refund.id)),
      refunds.map(({ refund }) => refund.amount),
      refunds.map(({ refund }) => refund.at),
      refunds.map(({ refund }) => refund.told),
      refunds.map(({ refund }) => toJson(refund.lines)),
      refunds.map(({ refund }) => refund.back),
    ],
  )

  const newStandings = writes.standings.filter(({ previous }) => previous === 0)
  const oldStandings = writes.standings.filter(({ previous }) => previous !== 0)
  const standingColumns = (rows: typeof writes.standings): unknown[] => [
    rows.map(({ bucket }) => bucket),
    rows.map(({ standing }) => uuidOf(standing.party)),
    rows.map(({ standing }) => standing.version),
    rows.map(({ standing }) => toJson(standing.attributes)),
    rows.map(({ standing }) => toJson(standing.bought)),
  ]
  put(
    'insert_standings',
    `insert into standing (bucket, party, version, attributes, bought)
     select * from unnest($1::smallint[], $2::uuid[], $3::integer[], $4::jsonb[], $5::jsonb[])`,
    newStandings,
    () => standingColumns(newStandings),
  )
  put(
    'update_standings',
    exactly(
      `update standing s set version = n.version, attributes = n.attributes, bought = n.bought
     from unnest($1::smallint[], $2::uuid[], $3::integer[], $4::jsonb[], $5::jsonb[], $6::integer[])
       n(bucket, party, version, attributes, bought, previous)
     where s.bucket = n.bucket and s.party = n.party and s.version = n.previous`,
      'cardinality($1::smallint[])',
    ),
    oldStandings,
    () => [...standingColumns(oldStandings), oldStandings.map(({ previous }) => previous)],
  )
  put(
    'write_actions',
    `insert into action (bucket, number, operator, operator_name, what, subject, why, before, after, at, hash)
     select * from unnest($1::smallint[], $2::bigint[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::bigint[], $11::bytea[])`,
    actions,
    () => [
      actions.map(({ bucket }) => bucket),
      actions.map(({ number }) => number),
      actions.map(({ operator }) => uuidOf(operator)),
      actions.map(({ operatorName }) => operatorName),
      actions.map(({ what }) => what),
      actions.map(({ subject }) => subject),
      actions.map(({ why }) => why),
      actions.map(({ before }) => before),
      actions.map(({ after }) => after),
      actions.map(({ at }) => at),
      actions.map(({ hash }) => Buffer.from(hash)),
    ],
  )
  // Last: a command row says that all above is committed with it.
  put(
    'write_commands',
    `insert into command (bucket, actor, id, hash, answer, staff, at)
     select *, ${NOW} from unnest($1::smallint[], $2::uuid[], $3::uuid[], $4::bytea[], $5::jsonb[], $6::uuid[])`,
    commands,
    () => [
      commands.map(({ bucket }) => bucket),
      commands.map(({ command }) => uuidOf(command.actor)),
      commands.map(({ command }) => uuidOf(command.id)),
      commands.map(({ command }) => Buffer.from(command.hash, 'hex')),
      commands.map(({ command }) => toJson(command.answer)),
      commands.map(({ command: { staff } }) => staff && uuidOf(staff)),
    ],
  )
  return statements
}
