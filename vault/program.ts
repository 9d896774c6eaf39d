// The vault as a program: its database, its key, its lines to the issuers and its doors, wired by hand; and what it does by itself: it tells
// issuers what they must hear, gives up what nobody waits for, and looks for newer tables.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type pg from 'pg'
import { secretIn } from '#bank/local.ts'
import { alarmsAfter } from './alarms.ts'
import { createAuthorising } from './authorising.ts'
import { createCards } from './cards.ts'
import { NOW, openVaultDatabase, Unavailable, type VaultDatabase } from './database.ts'
import { createFollowing } from './following.ts'
import { listenVault, NotBegun, type Doors, type Passage } from './http.ts'
import { fileKeyStore, hasKeyFile, KeyAway, makeKeyFile, WrongKey, type KeyStore } from './key-store.ts'
import { createLines } from './lines.ts'
import type { LineTimes } from './line.ts'
import { migrateVault } from './migrate.ts'
import { createNotices } from './notices.ts'
import { createNumbering } from './numbering.ts'
import { createOneTimeNumbers } from './one-time.ts'
import { createOutgoing } from './outgoing.ts'
import { createReconciling } from './reconciling.ts'
import { createSecrets, type Secrets, type SecretsState } from './secrets.ts'
import { createIssuers } from './tables.ts'
import type { HealthAnswer } from './wire.ts'

export type VaultOptions = Readonly<{
  /** where the secret and, if it is not named, the key file are kept */
  data: string
  /** 0: any that is free */
  port: number
  database: pg.ClientConfig
  /** the file (or folder of files, by issuer) with what vault and issuers share */
  zoneKey: string
  /** whose days a business day has (IANA name) */
  zone?: string
  keyFile?: string
  /** another place for wrapping keys: a KMS, an HSM */
  keyStore?: KeyStore
  /** told of bugs, never of what was in a request */
  onError?: (error: unknown) => void
  /** one line for each request */
  onPassage?: (passage: Passage) => void
  /** for tests: how soon lines give up and begin again */
  times?: Partial<LineTimes>
  /** for tests: how soon a dead vault's orders are given up */
  graceMs?: number
}>
export type Vault = Awaited<ReturnType<typeof startVault>>

const ZONE = 'Asia/Tokyo'
const TELL_EVERY_MS = 250
const LOOK_EVERY_MS = 1_000
const FORGET_EVERY_MS = 3_600_000
/** A key that was there a moment ago is not looked for again; one that has gone is noticed within this. */
const READY_FOR_MS = 1_000
const TRIES_KEPT_DAYS = 7
export const KEY_FILE = 'vault.key'
const SECRET_FILE = 'secret'

/** Starts it on 127.0.0.1, with or without database and key. Throws the listening error, and SchemaError where program and database do not fit. */
export async function startVault(options: VaultOptions) {
  const { data, port, zoneKey, zone = ZONE, onError = printed, times } = options
  mkdirSync(data, { recursive: true, mode: 0o700 })
  const secret = secretIn(join(data, SECRET_FILE))
  const database = openVaultDatabase(options.database)
  const secrets = secretsOf(database, options)
  const numbering = createNumbering(database, zone)
  const issuers = createIssuers(database, () => lines.follow(issuers.all()))
  const lines = createLines({
    numbering,
    zoneKey,
    onAsk: (issuer, message) => notices.hear(issuer, message),
    onUp: (issuer) => void outgoing.hasten(issuer).catch(noted),
    ...(times !== undefined && { times }),
  })
  const oneTime = createOneTimeNumbers(database, secrets)
  const outgoing = createOutgoing({ database, lines, numbering, oneTime, onError: noted })
  const cards = createCards({ database, secrets, issuers, lines, numbering })
  const authorising = createAuthorising({
    database,
    cards,
    issuers,
    lines,
    numbering,
    outgoing,
    oneTime,
    onError: noted,
    ...(options.graceMs !== undefined && { graceMs: options.graceMs }),
  })
  const following = createFollowing({ database, numbering, outgoing })
  const notices = createNotices({ database, numbering, outgoing, oneTime })
  const reconciling = createReconciling({ database, issuers, lines, numbering })

  /** A database that is away is waited for; anything else is told. */
  function noted(error: unknown): void {
    const isAwaited = error instanceof Unavailable || error instanceof KeyAway || error instanceof WrongKey
    if (!isAwaited) onError(error)
  }

  let isMigrated = false
  let readyUntil = 0

  async function stateNow(): Promise<HealthAnswer['state']> {
    try {
      if (!isMigrated) await migrateVault(database)
      isMigrated = true
      const state: SecretsState = await secrets.state()
      readyUntil = state === 'ready' ? performance.now() + READY_FOR_MS : 0
      return state
    } catch (error) {
      if (error instanceof Unavailable) return 'no-database'
      throw error
    }
  }

  /** Before anything that makes or opens what is encrypted. Throws NotBegun. */
  async function ready(): Promise<void> {
    if (performance.now() < readyUntil) return
    const state = await stateNow()
    if (state !== 'ready') throw new NotBegun(state)
  }

  /** Before an issuer is asked. Without any tables every number would be nobody's, and be refused for good. */
  async function withTables<Result>(work: () => Promise<Result>): Promise<Result> {
    await ready()
    if (issuers.version() === null) throw new NotBegun('no-tables')
    return work()
  }

  const doors: Doors = {
    async keys() {
      await ready()
      return secrets.publicKeys()
    },
    addCard: (asked) => withTables(() => cards.add(asked)),
    checkCard: ({ card }) => cards.check(card),
    endCard: ({ card }) => cards.end(card),
    authorise: (asked) => withTables(() => authorising.authorise(asked)),
    order: (order) => authorising.find(order),
    capture: (asked) => following.follow('capture', asked),
    release: (asked) => following.follow('release', asked),
    refund: (asked) => following.follow('refund', asked),
    reverse: (asked) => following.reverse(asked),
    tables: async (tables) => ({ version: await issuers.put(tables) }),
    alarms: (after) => alarmsAfter(database, after),
    reconcile: ({ day }) => reconciling.reconcile(day),
    report: (day) => reconciling.report(day),
    async health() {
      const up = new Set(lines.up())
      const known = issuers.all().map(({ code }) => ({ code, up: up.has(code) }))
      return { state: await stateNow(), issuers: known, tables: issuers.version() }
    },
  }

  async function look(): Promise<void> {
    if (!isMigrated) await stateNow()
    if (!isMigrated) return
    await issuers.reload()
    await authorising.sweep()
  }

  async function forget(): Promise<void> {
    await secrets.forgetOld()
    await notices.forgetOld()
    await database.query(`delete from trial where day::date < to_timestamp(${NOW} / 1000)::date - $1::integer`, [
      TRIES_KEPT_DAYS,
    ])
  }

  await look().catch((error: unknown) => {
    if (error instanceof Error && error.name === 'SchemaError') throw error
    noted(error)
  })
  const loops = [
    every(TELL_EVERY_MS, async () => isMigrated && outgoing.tellDue(), noted),
    every(LOOK_EVERY_MS, look, noted),
    every(FORGET_EVERY_MS, forget, noted),
  ]
  const server = await listenVault(doors, { port, secret, onPassage: options.onPassage ?? (() => {}), onError })

  async function end(): Promise<void> {
    await server.stop()
    for (const loop of loops) await loop.stop()
    lines.stop()
    await outgoing.settled()
    await database.end()
  }
  let ending: Promise<void> | undefined
  return {
    url: `http://127.0.0.1:${server.port}`,
    port: server.port,
    secret,
    /** What is under way is given up: it is in the database, and the next one goes on with it. */
    stop: (): Promise<void> => (ending ??= end()),
  }
}

/** Puts everything under a new key while vaults go on; how many data keys were wrapped again. Throws where database or key are away. */
export async function rotateVault(
  options: Pick<VaultOptions, 'data' | 'database' | 'keyFile' | 'keyStore'>,
): Promise<number> {
  const database = openVaultDatabase(options.database)
  try {
    await migrateVault(database)
    return await secretsOf(database, options).rotate()
  } finally {
    await database.end()
  }
}

function secretsOf(
  database: VaultDatabase,
  { data, keyFile = join(data, KEY_FILE), keyStore }: Pick<VaultOptions, 'data' | 'keyFile' | 'keyStore'>,
): Secrets {
  if (keyStore !== undefined) return createSecrets(database, keyStore, () => {})
  return createSecrets(database, fileKeyStore(keyFile), () => {
    if (!hasKeyFile(keyFile)) makeKeyFile(keyFile)
  })
}

function printed(error: unknown): void {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`)
}

/** Again and again, so long after it has ended. */
function every(
  ms: number,
  work: () => Promise<unknown>,
  onError: (error: unknown) => void,
): Readonly<{ stop(): Promise<void> }> {
  let isOver = false
  let timer: ReturnType<typeof setTimeout>
  let running: Promise<unknown> = Promise.resolve()
  const begin = (): void => {
    timer = setTimeout(() => {
      running = work()
        .catch(onError)
        .finally(() => void (isOver || begin()))
    }, ms)
  }
  begin()
  return {
    async stop() {
      isOver = true
      clearTimeout(timer)
      await running
    },
  }
}
