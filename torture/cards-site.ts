// What is tortured where people pay by card: one database, the issuers, the vault and a hub, each a process that can be killed and comes up
// again at its place. The database is never killed here: kill.ts does that.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { luhnDigit } from '#core/card-number.ts'
import { prepareVaultDatabase } from '#vault/prepare.ts'
import { startEmbeddedPostgres } from '../server/postgres/supervisor.ts'
import { hubOn, type Hub } from './hub.ts'
import { programOf, type Program } from './program.ts'
import { until } from './until.ts'

/** As the issuers' --cards takes it. */
export type TestCard = Readonly<{ issuer: string; number: string; expires: string; code: string; limit: string }>

export type CardSite = Readonly<{
  hub: Hub
  vault: Program
  issuer: Program
  /** the hub's database, and the vault's */
  database: pg.ClientConfig
  vaultDatabase: pg.ClientConfig
  issuerData: string
  /** where the issuers' own page and the shop's card machine are */
  issuerUrl: () => string
  machine: () => Readonly<{ url: string; token: string }>
  close(): Promise<void>
}>

const mainOf = (program: 'issuer' | 'vault'): string => fileURLToPath(new URL(`../${program}/main.ts`, import.meta.url))

type Stop = () => Promise<void>
type Where = Readonly<{ folder: string; cards: readonly TestCard[] }>

/** Starts everything in a folder; nothing is left running where a part does not start. */
export async function openCardSite(where: Where): Promise<CardSite> {
  const stops: Stop[] = []
  const close = async (): Promise<void> => {
    for (const stop of stops.splice(0).toReversed()) await stop()
  }
  try {
    return { ...(await opened(where, stops)), close }
  } catch (error) {
    await close()
    throw error
  }
}

async function opened({ folder, cards }: Where, stops: Stop[]): Promise<Omit<CardSite, 'close'>> {
  const data = join(folder, 'data')
  const issuerData = join(folder, 'issuer')
  const vaultData = join(folder, 'vault')
  for (const each of [data, issuerData, vaultData]) mkdirSync(each, { recursive: true })
  const cardFile = join(folder, 'cards.json')
  writeFileSync(cardFile, JSON.stringify(cards))
  const { connection, stop } = await startEmbeddedPostgres({ folder: data, progress: () => {} })
  stops.push(stop)
  const { connection: vaultDatabase, url: vaultUrl } = await prepareVaultDatabase(connection)

  const stands = { issuer: '0', machine: '0', vault: '0' }
  let lines: readonly Readonly<{ code: string; port: number }>[] = []
  let url = ''
  let machine = { url: '', token: '' }
  const issuerProgram = programOf({
    path: mainOf('issuer'),
    args: () => {
      const at = lines.length === 0 ? '0,0' : lines.map(({ port }) => port).join(',')
      const { issuer: page, machine: beside } = stands
      return ['--data', issuerData, '--port', page, '--machine', beside, '--lines', at, '--cards', cardFile]
    },
    env: {},
    failpoint: 'ISSUER_FAILPOINT',
    said: join(folder, 'issuer.txt'),
  })
  const issuer: Program = {
    ...issuerProgram,
    async start(failpoint = null) {
      const said = await issuerProgram.start(failpoint)
      // Borders: what our own program says.
      lines = said.get('lines') as typeof lines
      machine = said.get('machine') as typeof machine
      url = String(said.get('url'))
      stands.issuer = new URL(url).port
      stands.machine = new URL(machine.url).port
      return said
    },
  }
  stops.push(issuer.stop)
  await issuer.start()
  const zoneKey = join(issuerData, 'zone.key')
  if (!existsSync(zoneKey)) throw new Error('issuers and vault share a key')

  const vaultProgram = programOf({
    path: mainOf('vault'),
    args: () => ['--data', vaultData, '--port', stands.vault, '--zone-key', zoneKey],
    env: { VAULT_DATABASE_URL: vaultUrl },
    failpoint: 'VAULT_FAILPOINT',
    said: join(folder, 'vault.txt'),
  })
  let vaultAt = ''
  const vault: Program = {
    ...vaultProgram,
    async start(failpoint = null) {
      const said = await vaultProgram.start(failpoint)
      vaultAt = String(said.get('url'))
      stands.vault = new URL(vaultAt).port
      return said
    },
  }
  stops.push(vault.stop)
  await vault.start()

  const { host, port, user, database } = connection
  const hub = hubOn({
    data: join(folder, 'hub'),
    said: join(folder, 'hub.txt'),
    sabotage: null,
    databaseUrl: `postgresql://${user}@localhost:${port}/${database}?host=${encodeURIComponent(host)}`,
    env: {
      VAULT_URL: vaultAt,
      VAULT_SECRET: join(vaultData, 'secret'),
      DEMO_ISSUERS: lines.map(({ code, port: at }) => `${code}=${at}`).join(','),
      // A file for a snapshot of its memory goes where it works.
      NODE_OPTIONS: `--heapsnapshot-signal=SIGUSR2 --diagnostic-dir=${folder}`,
    },
  })
  stops.push(hub.stop)
  await hub.start()
  // The hub tells the vault of the issuers, and last of their numbers.
  const told = "select 1 from tables where jsonb_array_length(body->'ranges') > 1"
  await until('the vault has its tables', async () => (await rowsIn(vaultDatabase, told)) > 0, undefined, 100)

  return {
    hub,
    vault,
    issuer,
    database: connection,
    vaultDatabase,
    issuerData,
    issuerUrl: () => url,
    machine: () => machine,
  }
}

async function rowsIn(settings: pg.ClientConfig, text: string): Promise<number> {
  const client = new pg.Client(settings)
  await client.connect()
  try {
    return (await client.query(text)).rowCount ?? 0
  } finally {
    await client.end()
  }
}

/** Numbers in the reference issuers' own range, with limits that nobody reaches. */
export function testCards(count: number): TestCard[] {
  return Array.from({ length: count }, (_, index) => {
    const digits = `4571990001${String(index).padStart(5, '0')}`
    return { issuer: '0001', number: digits + luhnDigit(digits), expires: '2031-12', code: '123', limit: '900000000' }
  })
}
