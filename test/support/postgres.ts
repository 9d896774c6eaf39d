// A real PostgreSQL for a test file: a fresh migrated database for each asker, in the server of the whole run or, where there is none, in
// one of this file.
import { randomBytes } from 'node:crypto'
import { after } from 'node:test'
import type pg from 'pg'
import { MODEL, startCluster, withClient, type Cluster } from './cluster.ts'

export { withClient } from './cluster.ts'

/** The variable in which test/run.ts hands on where its server listens. */
const SHARED = 'WARIFU_TEST_POSTGRES'

let own: Promise<Cluster> | undefined

// At the top of the file, so that it belongs to the whole run and not to the first test that asked.
after(async () => (await own)?.stop())

/** Settings of a new, empty database. */
export const emptyDatabase = (): Promise<pg.ClientConfig> => newDatabase('template1')

/** Settings of a new database at the newest migration. */
export const migratedDatabase = (): Promise<pg.ClientConfig> => newDatabase(MODEL)

async function newDatabase(like: string): Promise<pg.ClientConfig> {
  const connection = await server()
  const database = `test_${randomBytes(8).toString('hex')}`
  await withClient(connection, (client) => client.query(`create database ${database} template ${like}`))
  return { ...connection, database }
}

async function server(): Promise<Cluster['connection']> {
  const shared = process.env[SHARED]
  // Border: test/run.ts wrote it.
  if (shared !== undefined) return JSON.parse(shared) as Cluster['connection']
  own ??= startCluster()
  return (await own).connection
}
