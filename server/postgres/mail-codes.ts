// Codes that were sent by mail: one to a purpose, address and asker, so that nobody's tries end somebody else's code. Each try is one
// conditional statement, so that tries which come together are all counted.
import { LIMITS } from '#protocol/limits.ts'
import { NOW } from './rows.ts'
import type { Query } from './transaction.ts'

export type CodePurpose = 'sign-up' | 'recover' | 'change-email'

export type CodeTry = Readonly<{
  purpose: CodePurpose
  /** folded to lower case */
  address: string
  /** SHA-256 of what the asker alone knows; nothing (EVERYBODY) for a code too long to be guessed, of which no tries are counted */
  asker: Uint8Array
  /** see mailCodes in server/people/codes.ts */
  hash: Uint8Array
}>

/** Whoever reads the mailbox, wherever they asked. */
export const EVERYBODY: Uint8Array = new Uint8Array()

/** A code outlives its end by this, so that whoever lost an answer hears it again; then the address of a stranger is forgotten. */
const KEPT_AFTER_MS = 24 * 3_600_000
/** Old codes that a new one takes away: more than one, so that they do not gather. */
const FORGOTTEN_AT_ONCE = 10

/** Keeps a code in the place of this asker's last one. `nonce`: 16 bytes for a proof that comes with the code. */
export async function putMailCode(
  within: Query,
  code: CodeTry & Readonly<{ nonce: Uint8Array; lifeMs: number }>,
): Promise<void> {
  await within(
    `with over as (
       select purpose, address, asker from mail_code
       where expires_at < (select ${NOW} - ${KEPT_AFTER_MS}) and (purpose, address, asker) <> ($1, $2, $3)
       order by expires_at limit ${FORGOTTEN_AT_ONCE} for update skip locked),
     forgotten as (
       delete from mail_code m using over o where m.purpose = o.purpose and m.address = o.address and m.asker = o.asker)
     insert into mail_code (purpose, address, asker, hash, nonce, created_at, expires_at)
     select $1, $2, $3, $4, $5, n.now, n.now + $6::bigint from (select ${NOW} as now) n
     on conflict (purpose, address, asker) do update set hash = excluded.hash, nonce = excluded.nonce, tries = 0,
       created_at = excluded.created_at, expires_at = excluded.expires_at, used_at = null`,
    [...keyOf(code), code.hash, code.nonce, code.lifeMs],
  )
}

/** Is this the code? It stays good; a wrong one counts. The nonce that was kept with it, or undefined. */
export async function tryMailCode(within: Query, code: CodeTry): Promise<Uint8Array | undefined> {
  const [row] = await within(
    `update mail_code set tries = ${TRIED} where ${THIS} and ${ALIVE} returning hash = $4 as is_right, nonce`,
    [...keyOf(code), code.hash],
  )
  return row?.is_right === true && row.nonce instanceof Uint8Array ? row.nonce : undefined
}

/** Uses the code up; a wrong one counts. `again`: this very code was used before. */
export async function useMailCode(within: Query, code: CodeTry): Promise<'right' | 'wrong' | 'again'> {
  const values = [...keyOf(code), code.hash]
  const [row] = await within(
    `update mail_code set used_at = case when hash = $4 then ${NOW} end, tries = ${TRIED}
     where ${THIS} and ${ALIVE} returning used_at is not null as is_right`,
    values,
  )
  if (row !== undefined) return row.is_right === true ? 'right' : 'wrong'
  const used = await within(`select 1 from mail_code where ${THIS} and hash = $4 and used_at is not null`, values)
  return used.length > 0 ? 'again' : 'wrong'
}

const keyOf = ({ purpose, address, asker }: CodeTry): unknown[] => [purpose, address, asker]

const THIS = 'purpose = $1 and address = $2 and asker = $3'
/** Of the code that is everybody's nobody's tries are counted: it could be ended by anybody, and be guessed by nobody. */
const TRIED = 'tries + case when hash = $4 or length(asker) = 0 then 0 else 1 end'
const ALIVE = `used_at is null and tries < ${LIMITS.mailCodeTries} and expires_at > ${NOW}`
