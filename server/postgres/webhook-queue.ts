// What the hub's loops ask of PostgreSQL for webhooks: the events of shops that want to be told, and deliveries that are due. Every race
// between hubs is decided by one statement.
import type { TerminalId } from '#core/ids.ts'
import { LIMITS } from '#protocol/limits.ts'
import type { DeliveryType, WebhookEvent } from '#protocol/shop.ts'
import type { Seal } from '../shop/seal.ts'
import { changeAlone, read, type Database } from './connect.ts'
import { idOf, NOW, uuidOf, type Row } from './rows.ts'
import { bareId, GIVE_UP, sealClear, secretIn, typeFrom } from './webhooks.ts'

/** Who wants to be told what, from when. */
export type Listener = Readonly<{
  bucket: number
  endpoint: string
  terminal: TerminalId
  events: readonly string[]
  since: number
}>

/** A row of `event`, as far as telling needs it. */
export type Happened = Readonly<{
  terminal: TerminalId
  /** 32 hex digits: of the deal for an offer's event, of the payment for a payment's */
  subject: string
  version: number
  at: number
  body: Readonly<Record<string, unknown>>
}>

export type NewDelivery = Readonly<{
  bucket: number
  endpoint: string
  id: string
  type: WebhookEvent
  deal: string
  version: number
  body: string
}>

/** A delivery that this hub alone may try now. */
export type Claimed = Readonly<{
  bucket: number
  endpoint: string
  id: string
  type: DeliveryType
  body: string
  attempts: number
  url: string
  /** those that sign now, the newest first */
  secrets: readonly Uint8Array[]
}>

export type Tried = Readonly<{ status: number | null; answer: string }>
export type Queue = ReturnType<typeof webhookQueue>

/** Longer than any try takes: whoever dies over one has it tried again after this. */
const LEASE_MS = 3 * LIMITS.webhookAnswerMs

/** Methods throw StoreUnavailable when there is no database. */
export function webhookQueue(database: Database, seal: Seal) {
  const rowsOf = (name: string, text: string, values: unknown[]): Promise<Row[]> =>
    read<Row>(database, { name: `webhook_${name}`, text, values })
  const change = (text: string, values: unknown[]): Promise<Row[]> => changeAlone(database, { text, values })

  return {
    async listeners(): Promise<Listener[]> {
      const rows = await rowsOf(
        'listeners',
        `select bucket, id, terminal, events, since from webhook_endpoint where status = 'active'`,
        [],
      )
      return rows.map((row) => ({
        bucket: Number(row.bucket),
        endpoint: bareId(row.id),
        terminal: idOf<TerminalId>('trm', String(row.terminal)),
        // Border: text[], written by webhooks.ts.
        events: row.events as readonly string[],
        since: Number(row.since),
      }))
    },
    /** How far events have been read, and what time it is; undefined before anybody was to be told anything. */
    async mark(): Promise<Readonly<{ at: number; now: number }> | undefined> {
      const [row] = await rowsOf('mark', `select at, ${NOW} as now from webhook_mark`, [])
      return row && { at: Number(row.at), now: Number(row.now) }
    },
    /** Waits for every batch that is being written: each holds the head of its bucket from before it takes its time until it is committed. */
    async waitForBatches(buckets: number): Promise<void> {
      for (let bucket = 0; bucket < buckets; bucket++)
        await change('select 1 from head where bucket = $1 for share', [bucket])
    },
    /** Events of these terminals from `from` to before `until`, oldest first. */
    async events(
      terminals: readonly TerminalId[],
      { from, until, limit }: Readonly<{ from: number; until: number; limit: number }>,
    ): Promise<Happened[]> {
      // The cast keeps the planner from the primary key, by which it would read all that a terminal has ever done.
      const rows = await rowsOf(
        'events',
        `select terminal, subject, version, at, body from event
         where at >= $1 and at < $2 and terminal::text = any($3::text[]) order by at, subject, version limit $4`,
        [from, until, terminals.map((terminal) => dashed(uuidOf(terminal))), limit],
      )
      return rows.map((row) => ({
        terminal: idOf<TerminalId>('trm', String(row.terminal)),
        subject: bareId(row.subject),
        version: Number(row.version),
        at: Number(row.at),
        // Border: the store writes an object with `kind`.
        body: row.body as Happened['body'],
      }))
    },
    /** Keeps the deliveries and moves the mark, in one commit; false when another hub has moved it meanwhile. */
    async keep(mark: Readonly<{ from: number; to: number }>, deliveries: readonly NewDelivery[]): Promise<boolean> {
      const [row] = await change(
        `with moved as (update webhook_mark set at = $2 where at = $1 returning at),
         kept as (
           insert into webhook_delivery (bucket, endpoint, id, type, deal, version, body, state, due_at, created_at)
           select n.*, 'waiting', t.now, t.now + row_number() over () - 1
           from unnest($3::smallint[], $4::uuid[], $5::uuid[], $6::text[], $7::uuid[], $8::integer[], $9::text[]) n,
             (select ${NOW} as now) t, moved
           on conflict (bucket, endpoint, id) do nothing)
         select count(*)::integer as moved from moved`,
        [
          mark.from,
          mark.to,
          deliveries.map(({ bucket }) => bucket),
          deliveries.map(({ endpoint }) => endpoint),
          deliveries.map(({ id }) => id),
          deliveries.map(({ type }) => type),
          deliveries.map(({ deal }) => uuidOf(deal)),
          deliveries.map(({ version }) => version),
          deliveries.map(({ body }) => body),
        ],
      )
      return Number(row?.moved) === 1
    },
    /** Forgets what is over and no longer shown, and switches an endpoint off for which too much waits. */
    async tidy({ bucket, endpoint }: Pick<Listener, 'bucket' | 'endpoint'>): Promise<void> {
      await change(
        `delete from webhook_delivery d using (
           select id from webhook_delivery where bucket = $1 and endpoint = $2 and due_at is null
           order by created_at desc, id offset ${LIMITS.webhookLog}) o
         where d.bucket = $1 and d.endpoint = $2 and d.id = o.id`,
        [bucket, endpoint],
      )
      const full = await change(
        `update webhook_endpoint set status = 'off', why = 'full'
         where bucket = $1 and id = $2 and status = 'active' and (failing_since is not null or sealed_by <> $4) and (select count(*) from (
           select 1 from webhook_delivery where bucket = $1 and endpoint = $2 and due_at is not null limit $3 + 1) w) > $3
         returning id`,
        [bucket, endpoint, LIMITS.webhookWaiting, seal.id],
      )
      if (full.length > 0) await change(GIVE_UP, [bucket, endpoint])
    },

    /** Is anything due, at whatever endpoint? */
    async isDue(): Promise<boolean> {
      return (
        (await rowsOf('due', `select 1 from webhook_delivery where due_at <= (select ${NOW}) limit 1`, [])).length > 0
      )
    },
    /** What an older hub has written in the clear is sealed. */
    sealClear: (): Promise<void> => sealClear(database, seal),
    /** Endpoints whose secret another key file has sealed: this hub cannot sign for them, and leaves them to one that can. */
    async unreadable(): Promise<number> {
      const [row] = await rowsOf(
        'unreadable',
        `select count(*)::integer as count from webhook_endpoint where status = 'active' and sealed_by <> $1`,
        [seal.id],
      )
      return Number(row?.count)
    },
    /** The oldest that is due at each of some endpoints, without those that are `busy`: no shop waits for another's receiver. */
    async next(busy: readonly string[], limit: number): Promise<Pick<Claimed, 'bucket' | 'endpoint' | 'id'>[]> {
      const rows = await rowsOf(
        'next',
        `select e.bucket, e.id as endpoint, d.id from webhook_endpoint e cross join lateral (
           select id, due_at from webhook_delivery
           where bucket = e.bucket and endpoint = e.id and due_at <= (select ${NOW}) order by due_at limit 1) d
         where e.status = 'active' and (e.sealed_by is null or e.sealed_by = $3) and replace(e.id::text, '-', '') <> all($1::text[]) order by d.due_at limit $2`,
        [busy, limit, seal.id],
      )
      return rows.map((row) => ({ bucket: Number(row.bucket), endpoint: bareId(row.endpoint), id: bareId(row.id) }))
    },
    /** Takes it for a while; undefined when another hub was quicker, or it is not to be sent any more. */
    async claim({ bucket, endpoint, id }: Pick<Claimed, 'bucket' | 'endpoint' | 'id'>): Promise<Claimed | undefined> {
      const [row] = await change(
        `update webhook_delivery d set attempts = d.attempts + 1, tried_at = ${NOW}, due_at = ${NOW} + ${LEASE_MS}
         from webhook_endpoint e where d.bucket = $1 and d.endpoint = $2 and d.id = $3 and d.due_at <= ${NOW}
           and e.bucket = $1 and e.id = $2 and e.status = 'active' and (e.sealed_by is null or e.sealed_by = $4)
         returning d.type, d.body, d.attempts, e.url, e.secret, e.sealed_by,
           case when e.previous_until > ${NOW} then e.previous_secret end as previous`,
        [bucket, endpoint, id, seal.id],
      )
      if (row === undefined) return undefined
      if (row.sealed_by === null) await sealClear(database, seal)
      const opened = secretIn(row.secret, { endpoint, sealedBy: row.sealed_by, seal })
      const previous = secretIn(row.previous, { endpoint, sealedBy: row.sealed_by, seal })
      if (opened === undefined) throw new Error(`the secret of webhook ${endpoint} was changed in the database`)
      const secrets = previous === undefined ? [opened] : [opened, previous]
      return {
        bucket,
        endpoint,
        id,
        type: typeFrom(row.type),
        body: String(row.body),
        attempts: Number(row.attempts),
        url: String(row.url),
        secrets,
      }
    },
    /** The receiver has taken it. What was sent again by hand meanwhile stays due. */
    async delivered({ bucket, endpoint, id, attempts }: Claimed, { status, answer }: Tried): Promise<void> {
      await change(
        `update webhook_delivery set state = 'delivered', due_at = null, status_code = $5, answer = $6
         where bucket = $1 and endpoint = $2 and id = $3 and attempts = $4`,
        [bucket, endpoint, id, attempts, status, answer],
      )
      await change(
        'update webhook_endpoint set failing_since = null where bucket = $1 and id = $2 and failing_since is not null',
        [bucket, endpoint],
      )
    },
    /** It has not: again after `againMs`, or never where that is null. An endpoint that takes nothing for days is switched off. */
    async missed({ bucket, endpoint, id, attempts }: Claimed, { status, answer }: Tried, againMs: number | null) {
      await change(
        `update webhook_delivery set state = case when $7::bigint is null then 'failed' else 'waiting' end,
           due_at = ${NOW} + $7::bigint, status_code = $5, answer = $6
         where bucket = $1 and endpoint = $2 and id = $3 and attempts = $4`,
        [bucket, endpoint, id, attempts, status, answer, againMs],
      )
      const off = await change(
        `update webhook_endpoint set failing_since = coalesce(failing_since, ${NOW}),
           status = case when $3::boolean or failing_since < ${NOW} - ${LIMITS.webhookFailingMs} then 'off' else status end,
           why = case when $3::boolean then 'gone' when failing_since < ${NOW} - ${LIMITS.webhookFailingMs} then 'failing' end
         where bucket = $1 and id = $2 and status = 'active' returning status`,
        [bucket, endpoint, status === 410],
      )
      if (off[0]?.status === 'off') await change(GIVE_UP, [bucket, endpoint])
    },
  }
}

const dashed = (hex: string): string => hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
