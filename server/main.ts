// Start here: options, database, migrations, scheme, hub; and everything stopped in the opposite order.
import { once } from 'node:events'
import { accessSync, constants, existsSync, readFileSync } from 'node:fs'
import { mkdir, stat, truncate } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import pino, { type DestinationStream } from 'pino'
import pg from 'pg'
import { unitOf } from '#core/money.ts'
import { bundleApps } from './apps.ts'
import { startDemo, type Demo } from './demo-children.ts'
import { startHub, type Hub, type HubOptions } from './hub.ts'
import { HELP, readOptions, type Options } from './options.ts'
import { migrate, MigrationError } from './postgres/migrate.ts'
import { createScheme, readScheme, type SchemeRow } from './postgres/scheme.ts'
import { startEmbeddedPostgres, type EmbeddedPostgres } from './postgres/supervisor.ts'
import { openOperatorCode } from './operator.ts'
import { sealKeyIn } from './shop/seal-key.ts'
import type { Tls } from './tls.ts'
import { startTrustPage, type TrustPage } from './trust.ts'

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }
/** A log of 50 MB is some 250,000 commands. */
const LOG_BYTES = 50 * 1024 * 1024
const PORTS_TO_TRY = 20
/** One machine now; the number of buckets never changes afterwards. */
const BUCKETS = 16
/** What the demo's operator takes on trust, and how soon its file goes: so that somebody who watches sees it. */
const DEMO_BANK = { risk: { payment: 5_000n, day: 10_000n }, fileAfterMs: 60_000 } as const
/** What people call shutting down: after this the rest is cut. */
const STOP_WITHIN_MS = 15_000

const say = (line = ''): void => void process.stdout.write(`${line}\n`)

/** Something a person can put right: one sentence and exit code 1. */
class StartError extends Error {
  override name = 'StartError'
}

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2), process.env)
  if (options === 'help') return void process.stdout.write(HELP)

  const parts: { stop: () => Promise<void> }[] = []
  let stopping: Promise<void> | undefined
  const stopAll = (): Promise<void> =>
    (stopping ??= (async () => {
      for (const part of parts.toReversed()) await part.stop()
    })())
  listenForStop(stopAll)

  try {
    say(`Warifu ${version}`)
    await start(options, parts)
  } catch (error) {
    await stopAll()
    throw error
  }
}

async function start(options: Options, parts: { stop: () => Promise<void> }[]): Promise<void> {
  const bundling = bundleApps()
  bundling.catch(() => {})
  await makeFolder(options.data)
  const postgres = options.databaseUrl === null ? await embedded(options.data) : null
  if (postgres !== null) parts.push(postgres)
  const database: pg.ClientConfig = postgres?.connection ?? { connectionString: options.databaseUrl ?? '' }
  const log = await openLog(options)
  const { role } = await migrated(database, options)
  if (!role) say('The database user may not make roles: the hub works with its own rights, and could edit the journal.')

  const { scheme, created } = await schemeOf(database, options)
  const demo = scheme.demo ? await startDemo(options, postgres?.connection ?? null) : null
  if (demo !== null) parts.push(demo)
  const lan = await tlsOf(options)
  const hub = await listening(options, {
    database,
    scheme,
    role,
    host: options.host ?? (options.lan ? '0.0.0.0' : 'localhost'),
    tls: lan?.tls ?? options.tls,
    trustProxy: options.trustProxy,
    publicUrl: options.publicUrl,
    sealKey: await sealKeyIn(options.data),
    mail: options.mail,
    bank: options.bank ?? (demo?.bank ? { ...demo.bank, ...DEMO_BANK } : null),
    vault: options.vault ?? demo?.vault ?? null,
    demoIssuers: options.demoIssuers ?? demo?.issuer?.lines ?? null,
    rateSource: options.rateSource,
    files: await bundling,
    log,
    version,
  })
  parts.push(hub)
  if (postgres !== null) watchPostgres(postgres)
  const trust = lan === null ? null : await startTrustPage({ ...lan, hubPort: hub.port })
  if (trust !== null) parts.push(trust)
  await greet(options, { hub, scheme, created, trust, demo })
}

async function makeFolder(folder: string): Promise<void> {
  // The nearest folder that exists must take a new one: mkdir itself never comes back from some (/proc).
  let above = folder
  while (!existsSync(above)) above = dirname(above)
  try {
    accessSync(above, constants.W_OK | constants.X_OK)
    if (/^\/(proc|sys)(\/|$)/.test(above)) throw Object.assign(new Error('no place for data'), { code: 'EROFS' })
    await mkdir(folder, { recursive: true })
  } catch (error) {
    const code = error instanceof Error ? String(Reflect.get(error, 'code')) : ''
    throw new StartError(`The data folder ${folder} cannot be made (${code}). Choose another with --data FOLDER.`)
  }
}

/** The embedded PostgreSQL, with a line of progress that a terminal sees grow. */
async function embedded(folder: string): Promise<EmbeddedPostgres> {
  const started = performance.now()
  const postgres = await startEmbeddedPostgres({ folder, progress: (line) => say(`  ${line}`) })
  if (postgres.fresh) say(`  Database made in ${((performance.now() - started) / 1000).toFixed(1)} s.`)
  if (postgres.adopted) say('  Took over the database that an earlier hub had left running.')
  return postgres
}

function watchPostgres(postgres: EmbeddedPostgres): void {
  postgres.watch((event) => {
    switch (event.kind) {
      case 'died':
        return say('The database has stopped by itself; starting it again. Nothing answered is lost.')
      case 'not up':
        return say(`The database does not start: ${event.error.message} Trying again.`)
      case 'up again':
        return say(`The database is up again after ${(event.afterMs / 1000).toFixed(1)} s.`)
    }
  })
}

async function migrated(database: pg.ClientConfig, options: Options): Promise<{ role: boolean }> {
  try {
    return await migrate(database)
  } catch (error) {
    if (error instanceof MigrationError || options.databaseUrl === null) throw error
    const reason = error instanceof Error ? error.message : String(error)
    throw new StartError(
      `The database of DATABASE_URL cannot be used: ${reason}. Check the address, the user and its rights.`,
    )
  }
}

async function schemeOf(database: pg.ClientConfig, options: Options): Promise<{ scheme: SchemeRow; created: boolean }> {
  const known = await readScheme(database)
  if (known !== undefined) {
    if (options.newScheme)
      throw new StartError(
        `There is a scheme already ("${known.name}"). For a new one choose another folder with --data FOLDER.`,
      )
    return { scheme: known, created: false }
  }
  const unit = unitOf('JPY')
  if (unit === undefined) throw new Error('JPY is a currency')
  const start = options.newScheme ? { name: options.name, demo: false } : { name: 'Demo town', demo: true }
  const rules = options.zone === null ? {} : { zone: options.zone }
  return createScheme(database, { ...start, buckets: BUCKETS, unit, rules })
}

async function tlsOf(options: Options): Promise<{ tls: Tls; addresses: readonly string[] } | null> {
  if (!options.lan || options.tls !== null) return null
  // Loaded only here: the certificate library costs a hub that needs none 20 MB.
  const { ensureTls, lanAddresses } = await import('./tls.ts')
  // The hub listens on all IPv4 addresses: an IPv6 one that phones hold differs by privacy extensions from day to day.
  const addresses = lanAddresses().filter((address) => !address.includes(':'))
  const tls = await ensureTls(options.data, ['localhost', '127.0.0.1', ...addresses], new Date())
  if (tls.leftOut.length > 0) say(`The certificate does not cover ${tls.leftOut.join(', ')}.`)
  return { tls, addresses }
}

/** Listens where it was told, or at the next free port when none was asked for. */
async function listening(options: Options, hub: Omit<HubOptions, 'port'>): Promise<Hub> {
  for (let port = options.port; ; port++) {
    try {
      return await startHub({ ...hub, port })
    } catch (error) {
      const code = error instanceof Error ? Reflect.get(error, 'code') : undefined
      const taken = code === 'EADDRINUSE' || code === 'EACCES'
      if (taken && !options.portIsFixed && port < options.port + PORTS_TO_TRY) continue
      if (taken)
        throw new StartError(
          `Port ${port} is ${code === 'EACCES' ? 'not allowed' : 'taken'}. Choose another: PORT=${port + 1} npm start`,
        )
      if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
        throw new StartError(`HOST is "${hub.host}", which this machine does not have.`)
      throw error
    }
  }
}

async function openLog(options: Options): Promise<DestinationStream> {
  if (options.log === 'stdout') return pino.destination(1)
  const path = join(options.data, 'hub.log')
  const size = await stat(path).then(
    (known) => known.size,
    () => 0,
  )
  if (size > LOG_BYTES) await truncate(path)
  const log = pino.destination({ dest: path, sync: false })
  // A process that ends before the file is open would end with the logger's complaint instead of its own sentence.
  await once(log, 'ready')
  return log
}

async function greet(
  options: Options,
  started: { hub: Hub; scheme: SchemeRow; created: boolean; trust: TrustPage | null; demo: Demo | null },
): Promise<void> {
  const { hub, scheme, created, trust, demo } = started
  const secure = options.lan || options.tls !== null
  const at = options.publicUrl ?? `${secure ? 'https' : 'http'}://localhost:${hub.port}`
  if (hub.port !== options.port && options.port !== 0) say(`  Port ${options.port} is taken, using ${hub.port}.`)
  say()
  say(`  ${scheme.name} is open.`)
  if (scheme.demo) say(`  The town, register and phones on one page   ${at}/`)
  say(`  Register                                    ${at}/register`)
  say(`  Wallet                                      ${at}/wallet`)
  say(`  Shop's office                               ${at}/office`)
  say(`  Operator's desk                             ${at}/desk`)
  if (scheme.demo && options.mail === null) say(`  The town's mail                             ${at}/demo/mail`)
  if (demo?.bank) say(`  The bank's books                            ${demo.bank.url}/`)
  if (demo?.issuer) say(`  The card company, and cards to try          ${demo.issuer.url}/`)
  if (demo?.issuer)
    say(`  A card machine for the register             ${demo.issuer.machine.url}  token ${demo.issuer.machine.token}`)
  if (demo !== null && demo.vault === null && options.vault === null)
    say('  Nobody can pay by card: the vault of card numbers has not started beside this database.')
  if (scheme.demo) say('  A web shop that is paid by phone            npm run example:shop')
  if (scheme.demo) say('  This is a demo: its money is play money, its PIN is 2468.')
  if (trust !== null) {
    say()
    for (const address of trust.addresses)
      say(
        `  Phones in this network: first http://${address}:${trust.port}/, then https://${address}:${hub.port}/wallet`,
      )
  }
  if (!scheme.demo) {
    const code = await openOperatorCode(hub.operators)
    if (code !== null) {
      say()
      say(
        `  ${created ? 'A new scheme, empty.' : 'No operator is enrolled yet.'} The operator's one-time code: ${code}`,
      )
      say(`  Enter it within a day at ${at}/desk; a new start gives a new one.`)
    }
  }
  const unreadable = await hub.unreadableWebhooks()
  if (unreadable > 0) {
    say()
    say(
      `  ${unreadable} webhooks were set up under another seal.key than the one in ${options.data}: nothing is sent to them.`,
    )
    say('  Bring that file here and start again, or have the shops make new secrets.')
  }
  say()
  say('  Ctrl-C stops the hub and its database.')
}

/** The first signal stops everything in order; the second, or too long a wait, ends the process at once. */
function listenForStop(stopAll: () => Promise<void>): void {
  let asked = false
  const stop = (): void => {
    if (asked) process.exit(1)
    asked = true
    say('\n  Stopping.')
    setTimeout(() => process.exit(1), STOP_WITHIN_MS).unref()
    stopAll().then(
      () => process.exit(0),
      (error: unknown) => fail(error),
    )
  }
  process.on('SIGINT', stop)
  process.on('SIGTERM', stop)
  process.on('SIGHUP', stop)
}

/** Errors whose message is a sentence for a person; by name, because the TLS library is loaded only where it is wanted. */
const KNOWN = new Set(['StartError', 'OptionsError', 'SupervisorError', 'MigrationError', 'TlsError', 'SealKeyError'])

function fail(error: unknown): void {
  const known = error instanceof Error && KNOWN.has(error.name)
  process.stderr.write(
    known
      ? `\n${error.message}\n`
      : `\nThe hub cannot start, and this is a bug:\n${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  )
  process.exit(1)
}

main().catch(fail)
