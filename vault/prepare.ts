// A database and a role for the vault in the PostgreSQL that the hub runs: a role that has no rights on the hub's tables, and a database to
// which the hub's working role cannot connect. It is for the embedded server, on whose socket the operating system says who somebody is;
// a vault with a server of its own is told where that is.
import pg from 'pg'

const ROLE = 'warifu_vault'
const DATABASE = 'vault'

export type VaultConnection = Readonly<{ host: string; port: number; user: string; database: string }>

/**
 * Makes role and database where there are none. `admin` may make both. `url` is what the vault takes as VAULT_DATABASE_URL. A second name
 * is for tests that share a server.
 */
export async function prepareVaultDatabase(
  admin: Readonly<{ host: string; port: number; user: string; database: string }>,
  { role, database }: Readonly<{ role: string; database: string }> = { role: ROLE, database: DATABASE },
): Promise<Readonly<{ connection: VaultConnection; url: string }>> {
  const client = new pg.Client(admin)
  await client.connect()
  try {
    const name = pg.escapeIdentifier(role)
    const place = pg.escapeIdentifier(database)
    const known = await client.query('select from pg_roles where rolname = $1', [role])
    if (known.rowCount === 0) await client.query(`create role ${name} login noinherit`)
    const has = await client.query('select from pg_database where datname = $1', [database])
    if (has.rowCount === 0) await client.query(`create database ${place} owner ${name}`)
    await client.query(`revoke all on database ${place} from public`)
  } finally {
    await client.end()
  }
  const { host, port } = admin
  const url = `postgresql://${role}@localhost:${port}/${database}?host=${encodeURIComponent(host)}`
  return { connection: { host, port, user: role, database }, url }
}
