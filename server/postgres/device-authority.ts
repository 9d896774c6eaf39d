// The hub's small authority for client certificates, in the database: one for all hubs of a scheme, made by the first that needs it.
import { changeAlone, read, type Database } from './connect.ts'
import { NOW, type Row } from './rows.ts'

export type AuthorityRow = Readonly<{ certificatePem: string; keyPem: string }>

/** There is one: whoever has made another one meanwhile gets the first. */
const ID = 'first'

/** The authority, which `make` makes the first time that anybody needs it; remembered, because it never changes. */
export function deviceAuthority(database: Database, make: () => Promise<AuthorityRow>): () => Promise<AuthorityRow> {
  let known: Promise<AuthorityRow> | undefined
  return () => {
    known ??= keptAuthority(database, make).catch((error: unknown) => {
      known = undefined
      throw error
    })
    return known
  }
}

async function keptAuthority(database: Database, make: () => Promise<AuthorityRow>): Promise<AuthorityRow> {
  const kept = await readAuthority(database)
  if (kept !== undefined) return kept
  const { certificatePem, keyPem } = await make()
  await changeAlone(database, {
    text: `insert into hub_key (kind, id, public_key, private_key, created_at) values ('device-ca', $1, $2, $3, ${NOW})
       on conflict (kind, id) do nothing`,
    values: [ID, certificatePem, keyPem],
  })
  const made = await readAuthority(database)
  if (made === undefined) throw new Error('the authority was just made')
  return made
}

async function readAuthority(database: Database): Promise<AuthorityRow | undefined> {
  const [row] = await read<Row>(database, {
    name: 'device_authority',
    text: `select public_key, private_key from hub_key where kind = 'device-ca' and id = $1`,
    values: [ID],
  })
  return row && { certificatePem: String(row.public_key), keyPem: String(row.private_key) }
}
