// The PostgreSQL store: the switch's rows as set-based statements. Each names its buckets; each is found by key.
// A batch's two round trips are store-loading.ts and store-writing.ts; here are the transaction and the reads outside it.
import { bucketOf, bucketOfAccount, type AccountKey } from '#core/accounts.ts'
import { bucketOfId, type PartyId } from '#core/ids.ts'
import { answerFromJson, offerFromJson, paymentFromJson } from '#switch/snapshot.ts'
import type { Balance, Due, Store } from '#switch/store.ts'
import { OutcomeUnknown, StoreUnavailable } from '#switch/store.ts'
import { sent } from './array-text.ts'
import { changeAlone, inTransaction, read, type Database } from './connect.ts'
import { depositStatements } from './deposit.ts'
import { readEntries } from './history.ts'
import {
  accountFrom,
  deviceFrom,
  hexFrom,
  idOf,
  NOW,
  offerKeyFrom,
  orderFrom,
  personaFrom,
  refundFrom,
  staffFrom,
  uuidOf,
  type Row,
} from './rows.ts'
import { loading } from './store-loading.ts'
import { writing } from './store-writing.ts'

export { accountRows, idOf, NOW, uuidOf } from './rows.ts'

/** Stands in a release for every merchant that has none of its own. */
export const EVERYBODY = '00000000-0000-0000-0000-000000000000'

/** An untold refund is told again after this. */
const TELL_AFTER_MS = 5_000

/** The store over an open database. `buckets` is the scheme's number of buckets. */
export function postgresStore(database: Database, buckets: number): Store {
  const rowsOf = <Row extends Record<string, unknown>>(name: string, text: string, values: unknown[]): Promise<Row[]> =>
    read<Row>(database, { name, text, values: sent(values) })

  const changed = (name: string, text: string, values: unknown[]): Promise<Row[]> =>
    changeAlone(database, { name, text, values })

  return {
    async transact(needs, decide) {
      const { statements, rowsFrom } = loading(needs)
      await inTransaction(database.transactions, statements, (results) => {
        const writes = decide(rowsFrom(results.map(({ rows }) => rows as Row[])))
        return writes && { statements: writing(writes) }
      })
    },

    async deposit(bucket) {
      let deposited = 0
      await inTransaction(database.transactions, depositStatements(bucket), (results) => {
        deposited = Number((results.at(-1)?.rows[0] as Row | undefined)?.deposited ?? 0)
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
        'select hash, staff, answer from command where bucket = $1 and actor = $2 and id = $3',
        [bucket, uuidOf(actor), uuidOf(id)],
      )
      return (
        row && { actor, id, hash: hexFrom(row.hash), staff: staffFrom(row.staff), answer: answerFromJson(row.answer) }
      )
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
        `select a.*, coalesce((
           select sum(t.amount) from mark m join transfer t on t.credit_bucket = m.bucket and t.bucket = m.source and t.sequence > m.sequence
           where m.bucket = a.bucket and t.credit = a.key and t.unit = a.unit), 0)::bigint as arriving
         from account a where a.bucket = $1 and a.key = $2 order by a.unit`,
        [bucketOf(account, buckets), account],
      )
      return rows.map((row): Balance => ({ ...accountFrom(row), arriving: BigInt(String(row.arriving)) }))
    },
    async readAccounts(account) {
      const rows = await rowsOf('read_accounts', 'select * from account where bucket = $1 and key = $2 order by unit', [
        bucketOf(account, buckets),
        account,
      ])
      return rows.map(accountFrom)
    },
    async readMissing(accounts) {
      const rows = await rowsOf(
        'read_missing',
        `select n.key from unnest($1::smallint[], $2::text[], $3::text[]) n(bucket, key, unit)
         where not exists (select from account a where a.bucket = n.bucket and a.key = n.key and a.unit = n.unit)`,
        [
          accounts.map(({ key }) => bucketOfAccount(key, buckets)),
          accounts.map(({ key }) => key),
          accounts.map(({ unit }) => unit),
        ],
      )
      return rows.map((row) => row.key as AccountKey)
    },
    readEntries: (page) => readEntries(database, bucketOfAccount(page.account, buckets), page),
    async readContact(party, account) {
      const [row] = await rowsOf(
        'read_contact',
        'select status from contact where bucket = $1 and party = $2 and account = $3',
        [bucketOfId(party), uuidOf(party), account],
      )
      return row === undefined ? null : row.status === 'blocked' ? 'blocked' : 'listed'
    },
    async readPersona(party, biller) {
      const [row] = await rowsOf(
        'read_persona',
        `select s.attributes, case when p.email_verified_at is not null then p.email end as email, p.portrait_hash,
           coalesce(
             (select releases from release where bucket = n.bucket and party = n.party and merchant = $3),
             (select releases from release where bucket = n.bucket and party = n.party and merchant = $4)) as releases
         from (values ($1::smallint, $2::uuid)) n(bucket, party)
         left join standing s on s.bucket = n.bucket and s.party = n.party
         left join profile p on p.bucket = n.bucket and p.party = n.party`,
        [bucketOfId(party), uuidOf(party), uuidOf(biller), EVERYBODY],
      )
      return personaFrom(row ?? {})
    },
    async readHolder(account) {
      const [row] = await rowsOf(
        'read_holder',
        `select id, kind, name from party where bucket = $1 and account = $2 and status = 'active'`,
        [bucketOf(account, buckets), account],
      )
      return (
        row && {
          party: idOf<PartyId>('pty', String(row.id)),
          kind: row.kind === 'person' ? 'person' : 'merchant',
          name: String(row.name),
        }
      )
    },
    async readOffers({ terminal, before, limit }) {
      const rows = await rowsOf(
        'read_offers',
        'select snapshot from offer where bucket = $1 and terminal = $2 and opened_at > 0 and opened_at < $3 order by opened_at desc fetch first $4 rows with ties',
        [bucketOfId(terminal), uuidOf(terminal), before ?? Number.MAX_SAFE_INTEGER, limit],
      )
      return rows.map((row) => offerFromJson(row.snapshot))
    },
    async readOpenPayments(party, limit) {
      const rows = await rowsOf(
        'read_open_payments',
        `select snapshot from payment where bucket = $1 and party = $2 and state in ('joined', 'authorising', 'held')
         order by (snapshot->>'joinedAt')::bigint desc limit $3`,
        [bucketOfId(party), uuidOf(party), limit],
      )
      return rows.map((row) => paymentFromJson(row.snapshot))
    },
    async readDue(limit) {
      const [offers, payments, refunds] = await Promise.all([
        rowsOf(
          'due_offers',
          `select terminal, deal from offer where due_at <= (select ${NOW}) order by due_at limit $1`,
          [limit],
        ),
        rowsOf(
          'due_payments',
          `select id, version from payment where due_at <= (select ${NOW}) order by due_at limit $1`,
          [limit],
        ),
        rowsOf('due_refunds', `select * from refund where not told and at <= ${NOW} - ${TELL_AFTER_MS} limit $1`, [
          limit,
        ]),
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
    async readOrders(via, limit) {
      const rows = await rowsOf(
        'read_orders',
        `select * from outside_order where via = $1 and state = 'open' and next_at <= (select ${NOW}) order by next_at limit $2`,
        [via, limit],
      )
      return rows.map(orderFrom)
    },
    async concludeOrder(payment, number, { state, reference, trouble }) {
      const ended = await changed(
        'conclude_order',
        `update outside_order set state = $4, reference = $5, trouble = $6, concluded_at = ${NOW}
         where bucket = $1 and payment = $2 and number = $3 and state = 'open' returning 1`,
        [bucketOfId(payment), uuidOf(payment), number, state, reference, trouble],
      )
      return ended.length > 0
    },
    async postponeOrder(payment, number, nextInMs, trouble, ifTries) {
      await changed(
        'postpone_order',
        `update outside_order set tries = tries + 1, next_at = ${NOW} + $4,
           trouble = case when tries = coalesce($6, tries) then $5 else trouble end
         where bucket = $1 and payment = $2 and number = $3 and state = 'open'`,
        [bucketOfId(payment), uuidOf(payment), number, nextInMs, trouble, ifTries ?? null],
      )
    },
    async now() {
      const [row] = await rowsOf('now', `select ${NOW} as now`, [])
      return Number(row?.now)
    },
  }
}
