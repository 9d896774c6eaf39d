// Reads a table of any size in pieces, inside the audit's transaction: the next piece is on its way while one is judged.
import type pg from 'pg'

export type Row = Record<string, unknown>

/** Rows in one fetch: some 500 KB of transfers, so that memory does not grow with the books. */
const FETCH = 2_000

let cursors = 0

/** The rows of a query, piece by piece in its order. The query takes no parameters: a cursor cannot. */
export async function* pieces(client: pg.ClientBase, query: string, fetch = FETCH): AsyncGenerator<Row[]> {
  const name = `audit_${++cursors}`
  await client.query(`declare ${name} no scroll cursor for ${query}`)
  const next = (): Promise<Row[]> => client.query<Row>(`fetch ${fetch} from ${name}`).then(({ rows }) => rows)
  let coming = next()
  for (;;) {
    const rows = await coming
    if (rows.length === 0) break
    coming = next()
    // An error of the piece that is on its way is told when it is waited for.
    coming.catch(() => {})
    yield rows
  }
  await client.query(`close ${name}`)
}

export async function* rowsOf(client: pg.ClientBase, query: string): AsyncGenerator<Row> {
  for await (const piece of pieces(client, query)) yield* piece
}

export const big = (value: unknown): bigint => BigInt(String(value))
export const bytesOf = (value: unknown): Uint8Array => (value instanceof Uint8Array ? value : new Uint8Array(0))
/** A uuid as 32 hex digits. */
export const hexOf = (uuid: unknown): string => String(uuid).replaceAll('-', '')
