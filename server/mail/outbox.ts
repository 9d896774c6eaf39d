// What still has to be sent, mail or push: a row until it is sent, refused for good, or out of time. Several hubs take from it, each row
// by one at a time; whoever dies while sending has it sent again, so a message may come twice and is never lost by us.
import { randomBytes } from 'node:crypto'
import { changeAlone, read, type Database } from '../postgres/connect.ts'
import { NOW, type Row } from '../postgres/rows.ts'
import { StoreUnavailable } from '#switch/store.ts'

export type OutboxKind = 'mail' | 'push'

export type NewMessage = Readonly<{
  /** 32 hex digits; the same id is kept once. Random where it is left out. */
  id?: string
  kind: OutboxKind
  /** an address of mail, or a device */
  receiver: string
  /** no more than the receiver may see */
  body: object
  /** not before (milliseconds since 1970 by the database's clock); at once where it is left out */
  dueAt?: number
  /** worthless after this */
  expiresAt: number
}>

export type Message = Readonly<{ id: string; receiver: string; body: unknown }>

/** sent · later: tried again, a little later each time · never: given up */
export type Sent = 'sent' | 'later' | 'never'
export type Send = (message: Message) => Promise<Sent>

export type Outbox = ReturnType<typeof postgresOutbox>

/** Taken at once; each is a connection of its own. */
const AT_ONCE = 5
/** The next try after the first: longer than any sending takes, so that nobody takes what is on its way. Doubled up to an hour. */
const AGAIN_MS = 60_000
const AGAIN_AT_MOST_MS = 3_600_000
const LOOK_EVERY_MS = 1_000

/** The rows, over an open database; `added` is told of each new one. Methods throw StoreUnavailable when there is no database. */
export function postgresOutbox(database: Database, added: () => void) {
  const change = (text: string, values: unknown[]): Promise<Row[]> => changeAlone(database, { text, values })
  return {
    async add({ id, kind, receiver, body, dueAt, expiresAt }: NewMessage): Promise<void> {
      await change(
        `insert into outbox (id, kind, receiver, body, due_at, expires_at, created_at)
         values ($1, $2, $3, $4, coalesce($5::bigint, ${NOW}), $6, ${NOW}) on conflict (id) do nothing`,
        [id ?? randomBytes(16).toString('hex'), kind, receiver, JSON.stringify(body), dueAt ?? null, expiresAt],
      )
      added()
    },
    /** Some that are due, not to be taken by anybody else for a while; `isLate` has no more to be sent. */
    async take(kinds: readonly OutboxKind[]): Promise<(Message & Readonly<{ kind: OutboxKind; isLate: boolean }>)[]> {
      const due = await read(database, {
        name: 'outbox_due',
        text: `select 1 from outbox where due_at <= (select ${NOW}) and kind = any($1::text[]) limit 1`,
        values: [kinds],
      })
      if (due.length === 0) return []
      const rows = await change(
        `with due as (
           select id from outbox where due_at <= (select ${NOW}) and kind = any($1::text[]) order by due_at limit $2
           for update skip locked)
         update outbox o set attempts = attempts + 1,
           due_at = ${NOW} + least(${AGAIN_MS}::bigint << least(attempts, 10), ${AGAIN_AT_MOST_MS})
         from due where o.id = due.id
         returning o.id, o.kind, o.receiver, o.body, o.expires_at <= ${NOW} as is_late`,
        [kinds, AT_ONCE],
      )
      return rows.map((row) => ({
        id: String(row.id).replaceAll('-', ''),
        kind: row.kind === 'mail' ? 'mail' : 'push',
        receiver: String(row.receiver),
        body: row.body,
        isLate: row.is_late === true,
      }))
    },
    async remove(id: string): Promise<void> {
      await change('delete from outbox where id = $1', [id])
    },
  }
}

/** Sends what is due, at once when woken, else within a second. `send` has the kinds that this hub can send. */
export function outboxLoop(
  outbox: Outbox,
  send: Readonly<Partial<Record<OutboxKind, Send>>>,
  onError: (error: unknown) => void,
): Readonly<{ wake(): void; stop(): Promise<void> }> {
  // Border: the object has these keys and no others.
  const kinds = Object.keys(send) as OutboxKind[]
  let isOver = false
  let isWoken = false
  let timer: ReturnType<typeof setTimeout> | undefined
  let running: Promise<void> | undefined

  async function one({ kind, isLate, ...message }: Awaited<ReturnType<Outbox['take']>>[number]): Promise<void> {
    const sent = isLate ? 'never' : ((await send[kind]?.(message)) ?? 'later')
    if (sent !== 'later') await outbox.remove(message.id)
  }

  async function round(): Promise<void> {
    isWoken = false
    const taken = isOver ? [] : await outbox.take(kinds)
    const ends = await Promise.allSettled(taken.map(one))
    for (const end of ends) if (end.status === 'rejected') tell(end.reason)
    if (taken.length > 0 || isWoken) await round()
  }

  function tell(error: unknown): void {
    if (!(error instanceof StoreUnavailable)) onError(error)
  }

  function run(): void {
    if (isOver || running !== undefined) return
    clearTimeout(timer)
    running = round()
      .catch(tell)
      .finally(() => {
        running = undefined
        if (!isOver) timer = setTimeout(run, LOOK_EVERY_MS)
      })
  }

  timer = setTimeout(run, LOOK_EVERY_MS)
  return {
    wake() {
      isWoken = true
      run()
    },
    async stop() {
      isOver = true
      clearTimeout(timer)
      await running
    },
  }
}
