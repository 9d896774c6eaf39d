// Issuers and the ranges of their numbers, as the hub last gave them. The newest version stands; another vault on the same database hears
// of it within a second.
import type { VaultDatabase } from './database.ts'
import type { TableIssuer, Tables } from './wire.ts'

export type Issuers = Readonly<{
  /** null: none were given yet */
  version(): number | null
  all(): readonly TableIssuer[]
  issuer(code: string): TableIssuer | undefined
  /** Whose number this is: the longest range that it begins with. */
  issuerOf(number: string): TableIssuer | undefined
  /** Takes a newer version; the one that now stands. */
  put(tables: Tables): Promise<number>
  /** Looks whether there is a newer one. */
  reload(): Promise<void>
}>

const SHORTEST = 5
const LONGEST = 10

export function createIssuers(database: VaultDatabase, onChange: () => void): Issuers {
  let version: number | null = null
  let issuers = new Map<string, TableIssuer>()
  let ranges = new Map<string, string>()

  async function reload(): Promise<void> {
    const [row] = await database.query<{ version: number; body: Tables }>(
      'select version, body from tables where version > $1',
      [version ?? -1],
    )
    // What is under way twice at once: the later read may bring the older answer.
    if (row === undefined || row.version <= (version ?? -1)) return
    version = row.version
    issuers = new Map(row.body.issuers.map((issuer) => [issuer.code, issuer]))
    ranges = new Map(row.body.ranges.map(({ prefix, issuer }) => [prefix, issuer]))
    onChange()
  }

  return {
    version: () => version,
    all: () => [...issuers.values()],
    issuer: (code) => issuers.get(code),
    issuerOf(number) {
      for (let length = LONGEST; length >= SHORTEST; length--) {
        const code = ranges.get(number.slice(0, length))
        if (code !== undefined) return issuers.get(code)
      }
      return undefined
    },
    async put(tables) {
      await database.query(
        `insert into tables (version, body) values ($1, $2)
         on conflict (one) do update set version = excluded.version, body = excluded.body where tables.version < excluded.version`,
        [tables.version, tables],
      )
      await reload()
      return version ?? tables.version
    },
    reload,
  }
}
