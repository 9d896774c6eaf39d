// What the hub does by itself: deposits, time, and news from other hubs. Each loop survives a database that goes away and comes back.
import { randomBytes } from 'node:crypto'
import { StoreUnavailable, type Store } from '#switch/store.ts'
import type { Switch } from '#switch/switch.ts'
import { read, type Database } from './postgres/connect.ts'
import { listening } from './postgres/listening.ts'

export type Loop = Readonly<{ stop(): Promise<void> }>

/** Runs `work` again and again, `everyMs` after it has ended. A database that is away is waited for; anything else is told. */
export function every(everyMs: number, work: () => Promise<void>, onError: (error: unknown) => void): Loop {
  let stopped = false
  let timer: ReturnType<typeof setTimeout> | undefined
  let running: Promise<void> = Promise.resolve()
  const run = (): void => {
    if (stopped) return
    running = work()
      .catch((error: unknown) => {
        if (!(error instanceof StoreUnavailable)) onError(error)
      })
      .finally(() => {
        if (!stopped) timer = setTimeout(run, everyMs)
      })
  }
  timer = setTimeout(run, everyMs)
  return {
    async stop() {
      stopped = true
      clearTimeout(timer)
      await running
    },
  }
}

/** Runs `work` every so often, and when woken, at once or after what else comes within `gatherMs`; never twice at the same time. */
export function everyOrWoken(
  parts: Readonly<{
    everyMs: number
    gatherMs: number
    work: () => Promise<void>
    onError: (error: unknown) => void
  }>,
): Loop & Readonly<{ wake(): void }> {
  const { everyMs, gatherMs, work, onError } = parts
  let isOver = false
  let isWoken = false
  let isRunning = false
  let timer: ReturnType<typeof setTimeout> | undefined
  let running: Promise<void> = Promise.resolve()

  function after(ms: number): void {
    clearTimeout(timer)
    if (!isOver) timer = setTimeout(run, ms)
  }
  function run(): void {
    isWoken = false
    isRunning = true
    running = work()
      .catch((error: unknown) => {
        if (!(error instanceof StoreUnavailable)) onError(error)
      })
      .finally(() => {
        isRunning = false
        after(isWoken ? gatherMs : everyMs)
      })
  }

  after(everyMs)
  return {
    wake() {
      if (isWoken) return
      isWoken = true
      if (!isRunning) after(gatherMs)
    },
    async stop() {
      isOver = true
      clearTimeout(timer)
      await running
    },
  }
}

const DUE_EVERY_MS = 200

/** Offers and payments whose time has come. */
export const timers = (hub: Switch, onError: (error: unknown) => void, everyMs = DUE_EVERY_MS): Loop =>
  every(
    everyMs,
    async () => {
      while ((await hub.tick(200)) >= 200);
    },
    onError,
  )

/** Looks whether the scheme's day has ended, and signs the heads of all chains when it has. */
export const dailyHeads = (sign: () => Promise<unknown>, onError: (error: unknown) => void): Loop =>
  every(30_000, async () => void (await sign()), onError)

/** Another hub's operator may have set other rules: they are known here within two seconds. */
export const rulesWatch = (reload: () => Promise<void>, onError: (error: unknown) => void): Loop =>
  every(1_000, reload, onError)

/** After a deposit the next may follow this soon; a payee sees money within a second, and bulk makes it cheap. */
const DEPOSIT_EVERY_MS = 150
/** Sweeps find what a killed hub has left. */
const SWEEP_EVERY = 6

/** The depositor: buckets that got transfers, as told by `arrived`, and in a sweep those that anybody wrote for. */
export function depositor(
  store: Store,
  database: Database,
  onDeposit: (bucket: number) => void,
  onError: (error: unknown) => void,
): Loop & Readonly<{ arrived(buckets: readonly number[]): void }> {
  const waiting = new Set<number>()
  let round = 0
  const loop = every(
    DEPOSIT_EVERY_MS,
    async () => {
      if (round++ % SWEEP_EVERY === 0) for (const bucket of await undeposited(database)) waiting.add(bucket)
      for (const bucket of waiting) {
        let moved = 0
        let deposited: number
        while ((deposited = await store.deposit(bucket)) > 0) moved += deposited
        waiting.delete(bucket)
        if (moved > 0) onDeposit(bucket)
      }
    },
    onError,
  )
  return { stop: loop.stop, arrived: (buckets) => buckets.forEach((bucket) => waiting.add(bucket)) }
}

async function undeposited(database: Database): Promise<number[]> {
  const rows = await read<{ bucket: number }>(database, {
    name: 'undeposited',
    text: `select distinct m.bucket from mark m where exists
      (select from transfer t where t.credit_bucket = m.bucket and t.bucket = m.source and t.sequence > m.sequence)`,
    values: [],
  })
  return rows.map(({ bucket }) => bucket)
}

const CHANNEL = 'warifu'
const GATHER_MS = 20

/**
 * News between hubs: after a commit one NOTIFY with the buckets only, outside any transaction and gathered over 20 ms
 * (inside the money transaction it cost 32–44 % of the rate). Whoever hears it looks; a lost one is made good by looking anyway.
 */
export function news(
  database: Database,
  onNews: (buckets: readonly number[]) => void,
): Loop & Readonly<{ tell(buckets: readonly number[]): void }> {
  const me = randomBytes(6).toString('hex')
  const waiting = new Set<number>()
  let timer: ReturnType<typeof setTimeout> | undefined
  let stopped = false
  const listener = listening(database.settings, CHANNEL, (payload) => {
    const [from, buckets = ''] = payload.split(':')
    if (from !== me) onNews(buckets.split(',').map(Number))
  })

  function flush(): void {
    timer = undefined
    const buckets = [...waiting].join(',')
    waiting.clear()
    // Lost when the database is away: then there is nothing that another hub could look at either.
    read(database, { name: 'notify', text: 'select pg_notify($1, $2)', values: [CHANNEL, `${me}:${buckets}`] }).catch(
      () => {},
    )
  }

  return {
    tell(buckets) {
      for (const bucket of buckets) waiting.add(bucket)
      if (!stopped && waiting.size > 0) timer ??= setTimeout(flush, GATHER_MS)
    },
    async stop() {
      stopped = true
      clearTimeout(timer)
      await listener.stop()
    },
  }
}
