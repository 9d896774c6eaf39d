// Webhooks in PostgreSQL: endpoints as their merchant keeps them, and deliveries as their log shows them. What the hub's loops ask is in
// webhook-queue.ts. Secrets are sealed by the hub's key file (shop/seal.ts). Times are the database's.
import { randomBytes } from 'node:crypto'
import { bucketOfId, type DealId, type PartyId, type TerminalId } from '#core/ids.ts'
import { LIMITS } from '#protocol/limits.ts'
import { DELIVERY_TYPES, WEBHOOK_EVENTS, WEBHOOK_TEST, type DeliveryType, type WebhookEvent } from '#protocol/shop.ts'
import type { Seal } from '../shop/seal.ts'
import { changeAlone, read, type Database } from './connect.ts'
import { idOf, NOW, uuidOf, type Row } from './rows.ts'
import { allOrNothing } from './transaction.ts'

export type EndpointRow = Readonly<{
  /** 32 hex digits */
  endpoint: string
  terminal: TerminalId
  terminalLabel: string
  url: string
  events: readonly WebhookEvent[]
  status: 'active' | 'off'
  why: 'failing' | 'gone' | 'full' | 'unreadable' | null
  failingSince: number | null
  waiting: number
  createdAt: number
}>

export type DeliveryRow = Readonly<{
  delivery: string
  type: DeliveryType
  /** null of a test */
  deal: DealId | null
  version: number | null
  state: 'waiting' | 'delivered' | 'failed'
  attempts: number
  createdAt: number
  triedAt: number | null
  nextAt: number | null
  status: number | null
  answer: string | null
}>

export type NewEndpoint = Readonly<{ party: PartyId; terminal: TerminalId; url: string; events: readonly string[] }>
export type WebhookStore = ReturnType<typeof postgresWebhooks>

const SECRET_BYTES = 32
const LISTED = `select e.*, c.label, (select count(*)::integer from webhook_delivery d
    where d.bucket = e.bucket and d.endpoint = e.id and d.due_at is not null) as waiting
  from webhook_endpoint e join credential c on c.bucket = e.bucket and c.id = e.terminal
  where e.bucket = $1 and e.party = $2 and e.status <> 'ended'`
/** Events are read from here on; where nobody was told anything, what happened before is nobody's. */
const BEGIN_MARK = `insert into webhook_mark (at) values (${NOW}) on conflict (one) do update set at = excluded.at
  where not exists (select from webhook_endpoint where status = 'active')`

/** Methods throw StoreUnavailable when there is no database. */
export function postgresWebhooks(database: Database, seal: Seal) {
  const rowsOf = (name: string, text: string, values: unknown[]): Promise<Row[]> =>
    read<Row>(database, { name: `webhook_${name}`, text, values })
  const change = (text: string, values: unknown[]): Promise<Row[]> => changeAlone(database, { text, values })

  return {
    /** The merchant's endpoints, newest first. */
    async of(party: PartyId): Promise<EndpointRow[]> {
      return (await rowsOf('list', `${LISTED} order by e.created_at desc, e.id`, keyOf(party))).map((row) =>
        endpointFrom(row, seal),
      )
    },

    /** A new endpoint with its secret; 'too-many-webhooks' past LIMITS.webhooks: merchants are counted one at a time. */
    add: ({ party, terminal, url, events }: NewEndpoint) =>
      allOrNothing(
        database.transactions,
        async (within): Promise<{ endpoint: string; secret: Uint8Array } | 'too-many-webhooks'> => {
          await within('select pg_advisory_xact_lock(hashtextextended($1, 3))', [party])
          const [counted] = await within(
            `select count(*)::integer as live from webhook_endpoint where bucket = $1 and party = $2 and status <> 'ended'`,
            keyOf(party),
          )
          if (Number(counted?.live) >= LIMITS.webhooks) return 'too-many-webhooks'
          await within(BEGIN_MARK, [])
          const endpoint = randomBytes(16).toString('hex')
          const secret = randomBytes(SECRET_BYTES)
          await within(
            `insert into webhook_endpoint (bucket, id, party, terminal, url, events, secret, sealed_by, created_at, since)
             select $1, $3, $2, $4, $5, $6, $7, $8, n.now, n.now from (select ${NOW} as now) n`,
            [
              ...keyOf(party),
              endpoint,
              uuidOf(terminal),
              url,
              [...events],
              seal.seal(secret, sealedFor(endpoint)),
              seal.id,
            ],
          )
          return { endpoint, secret }
        },
      ),

    /** False where this merchant has no such endpoint. Switched on again, it hears what happens from then on. */
    change: (
      party: PartyId,
      endpoint: string,
      { url, events, active }: Readonly<{ url: string; events: readonly string[]; active: boolean }>,
    ): Promise<boolean> =>
      allOrNothing(database.transactions, async (within) => {
        if (active) await within(BEGIN_MARK, [])
        const rows = await within(
          `update webhook_endpoint set url = $4, events = $5, why = null, failing_since = null,
             since = case when status = 'active' then since else ${NOW} end, status = $6
           where bucket = $1 and party = $2 and id = $3 and status <> 'ended' returning id`,
          [...keyOf(party), endpoint, url, [...events], active ? 'active' : 'off'],
        )
        if (!active) await within(GIVE_UP, [bucketOfId(party), endpoint])
        return rows.length === 1
      }),

    /** False where this merchant has no such endpoint. Its log goes with it. */
    end: (party: PartyId, endpoint: string): Promise<boolean> =>
      allOrNothing(database.transactions, async (within) => {
        const rows = await within(
          `update webhook_endpoint set status = 'ended' where bucket = $1 and party = $2 and id = $3 and status <> 'ended' returning id`,
          [...keyOf(party), endpoint],
        )
        if (rows.length === 1)
          await within('delete from webhook_delivery where bucket = $1 and endpoint = $2', [
            bucketOfId(party),
            endpoint,
          ])
        return rows.length === 1
      }),

    /**
     * A new secret, the one before good for LIMITS.webhookOverlapMs beside it, unless this hub cannot read that one: then null, and the
     * new one alone is good. Undefined where there is no such endpoint.
     */
    rotate: (
      party: PartyId,
      endpoint: string,
    ): Promise<Readonly<{ secret: Uint8Array; previousUntil: number | null }> | undefined> =>
      allOrNothing(database.transactions, async (within) => {
        const key = [...keyOf(party), endpoint]
        const [row] = await within(
          `select secret, sealed_by from webhook_endpoint
           where bucket = $1 and party = $2 and id = $3 and status <> 'ended' for update`,
          key,
        )
        if (row === undefined) return undefined
        const secret = randomBytes(SECRET_BYTES)
        const about = sealedFor(endpoint)
        const known = secretIn(row.secret, { endpoint, sealedBy: row.sealed_by, seal })
        const [made] = await within(
          `update webhook_endpoint set secret = $4, sealed_by = $5, previous_secret = $6::bytea,
             previous_until = case when $6::bytea is null then null else ${NOW} + ${LIMITS.webhookOverlapMs} end
           where bucket = $1 and party = $2 and id = $3 returning previous_until`,
          [...key, seal.seal(secret, about), seal.id, known === undefined ? null : seal.seal(known, about)],
        )
        return { secret, previousUntil: numberOrNull(made?.previous_until) }
      }),

    /** Sends a message that says no more than that it came. One at a time: while it waits there is no other. */
    async sendTest(party: PartyId, endpoint: string, body: string): Promise<void> {
      await change(
        `insert into webhook_delivery (bucket, endpoint, id, type, body, state, due_at, created_at)
         select $1, $2, $3, $4, $5, 'waiting', n.now, n.now from (select ${NOW} as now) n
         where not exists (select from webhook_delivery w
           where w.bucket = $1 and w.endpoint = $2 and w.due_at is not null and w.type = $4)`,
        [bucketOfId(party), endpoint, randomBytes(16).toString('hex'), WEBHOOK_TEST, body],
      )
    },

    /** The newest deliveries. */
    async deliveries(party: PartyId, endpoint: string): Promise<DeliveryRow[]> {
      const rows = await rowsOf(
        'log',
        `select d.* from webhook_delivery d where d.bucket = $1 and d.endpoint = $2
         order by d.created_at desc, d.id limit ${LIMITS.webhookLog}`,
        [bucketOfId(party), endpoint],
      )
      return rows.map(deliveryFrom)
    },

    /** Due at once, as if it had never been tried. False where this endpoint has no such delivery. */
    async resend(party: PartyId, endpoint: string, delivery: string): Promise<boolean> {
      const rows = await change(
        `update webhook_delivery set state = 'waiting', attempts = 0, due_at = ${NOW}
         where bucket = $1 and endpoint = $2 and id = $3 returning id`,
        [bucketOfId(party), endpoint, delivery],
      )
      return rows.length === 1
    },
  }
}

/** What waits for an endpoint that is switched off is not sent. */
export const GIVE_UP = `update webhook_delivery set state = 'failed', due_at = null
  where bucket = $1 and endpoint = $2 and due_at is not null`

const keyOf = (party: PartyId): [bucket: number, id: string] => [bucketOfId(party), uuidOf(party)]

const sealedFor = (endpoint: string): string => `webhook ${endpoint}`

/** A secret of this endpoint from its column, which an older hub may have written in the clear; undefined where another key sealed it. */
export function secretIn(
  column: unknown,
  { endpoint, sealedBy, seal }: Readonly<{ endpoint: string; sealedBy: unknown; seal: Seal }>,
): Uint8Array | undefined {
  if (!(column instanceof Uint8Array)) return undefined
  if (sealedBy === null) return column
  return sealedBy === seal.id ? seal.open(column, sealedFor(endpoint)) : undefined
}

/** What an older hub has written in the clear, sealed: both secrets of an endpoint at once, unless they have changed meanwhile. */
export async function sealClear(database: Database, seal: Seal): Promise<void> {
  const rows = await read<Row>(database, {
    name: 'webhook_clear',
    text: 'select bucket, id, secret, previous_secret from webhook_endpoint where sealed_by is null',
    values: [],
  })
  for (const { bucket, id, secret, previous_secret: previous } of rows) {
    const sealed = (column: unknown): Uint8Array | null =>
      column instanceof Uint8Array ? seal.seal(column, sealedFor(bareId(id))) : null
    await changeAlone(database, {
      text: `update webhook_endpoint set secret = $3, previous_secret = $4, sealed_by = $5
         where bucket = $1 and id = $2 and sealed_by is null and secret = $6 and previous_secret is not distinct from $7`,
      values: [bucket, id, sealed(secret), sealed(previous), seal.id, secret, previous],
    })
  }
}

export const bareId = (uuid: unknown): string => String(uuid).replaceAll('-', '')
const numberOrNull = (value: unknown): number | null =>
  typeof value === 'number' || typeof value === 'string' ? Number(value) : null
export const typeFrom = (value: unknown): DeliveryType =>
  DELIVERY_TYPES.find((known) => known === value) ?? 'deal.ended'

// Border: the columns are written here and in webhook-queue.ts, and checked by the tables' constraints.
const endpointFrom = (row: Row, seal: Seal): EndpointRow => ({
  endpoint: bareId(row.id),
  terminal: idOf<TerminalId>('trm', String(row.terminal)),
  terminalLabel: String(row.label),
  url: String(row.url),
  events: WEBHOOK_EVENTS.filter((event) => (row.events as readonly string[]).includes(event)),
  status: row.status === 'active' ? 'active' : 'off',
  why: row.sealed_by === null || row.sealed_by === seal.id ? (row.why as EndpointRow['why']) : 'unreadable',
  failingSince: numberOrNull(row.failing_since),
  waiting: Number(row.waiting),
  createdAt: Number(row.created_at),
})

const deliveryFrom = (row: Row): DeliveryRow => ({
  delivery: bareId(row.id),
  type: typeFrom(row.type),
  deal: typeof row.deal === 'string' ? idOf<DealId>('deal', row.deal) : null,
  version: numberOrNull(row.version),
  state: row.state as DeliveryRow['state'],
  attempts: Number(row.attempts),
  createdAt: Number(row.created_at),
  triedAt: numberOrNull(row.tried_at),
  nextAt: numberOrNull(row.due_at),
  status: numberOrNull(row.status_code),
  answer: typeof row.answer === 'string' ? row.answer : null,
})
