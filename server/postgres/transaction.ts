// Several statements that belong together and wait for each other's answers: for what is not the hot path of money (connect.ts has that).
import type pg from 'pg'
import { storeError } from './connect.ts'
import type { Row } from './rows.ts'

/** One statement within the transaction; its rows. */
export type Query = (text: string, values: unknown[]) => Promise<Row[]>

/** All or nothing; a COMMIT that answers ROLLBACK is a failure. Throws StoreUnavailable when there is no database. */
export async function allOrNothing<Result>(pool: pg.Pool, work: (within: Query) => Promise<Result>): Promise<Result> {
  const client = await pool.connect().catch((error: unknown) => {
    throw storeError(error)
  })
  let broken: Error | undefined
  const noteError = (error: Error): void => void (broken = error)
  client.on('error', noteError)
  try {
    await client.query('begin')
    const result = await work(async (text, values) => (await client.query<Row>(text, values)).rows)
    const { command } = await client.query('commit')
    if (command !== 'COMMIT') throw new Error(`COMMIT answered ${command}`)
    return result
  } catch (error) {
    await client.query('rollback').catch(noteError)
    throw storeError(error)
  } finally {
    client.off('error', noteError)
    client.release(broken)
  }
}
