// Codes that were sent by mail: one to a purpose and address. Each try is one conditional statement, so that tries which come together
// are all counted.
import { LIMITS } from '#protocol/limits.ts'
import { NOW } from './rows.ts'
import type { Query } from './transaction.ts'

export type CodePurpose = 'sign-up' | 'recover' | 'change-email'

export type CodeTry = Readonly<{
  purpose: CodePurpose
  /** folded to lower case */
  address: string
  /** see mailCodeHash in server/people/codes.ts */
  hash: Uint8Array
}>

/** A code outlives its end by this, so that whoever lost an answer hears it again; then the address of a stranger is forgotten. */
const KEPT_AFTER_MS = 24 * 3_600_000
/** Old codes that a new one takes away: more than one, so that they do not gather. */
const FORGOTTEN_AT_ONCE = 10

/** Keeps a code in the place of the last one for this purpose and address. `nonce`: 16 bytes for a proof that comes with the code. */
export async function putMailCode(within: Query, code: CodeTry & Readonly<{ nonce: Uint8Array }>): Promise<void> {
  await within(
    `with over as (
       select purpose, address from mail_code where expires_at < (select ${NOW} - ${KEPT_AFTER_MS}) and (purpose, address) <> ($1, $2)
       order by expires_at limit ${FORGOTTEN_AT_ONCE} for update skip locked),
     forgotten as (delete from mail_code m using over o where m.purpose = o.purpose and m.address = o.address)
     insert into mail_code (purpose, address, hash, nonce, created_at, expires_at)
     select $1, $2, $3, $4, n.now, n.now + ${LIMITS.mailCodeMs} from (select ${NOW} as now) n
     on conflict (purpose, address) do update set hash = excluded.hash, nonce = excluded.nonce, tries = 0,
       created_at = excluded.created_at, expires_at = excluded.expires_at, used_at = null`,
    [code.purpose, code.address, code.hash, code.nonce],
  )
}

/** Is this the code? It stays good; a wrong one counts. The nonce that was kept with it, or undefined. */
export async function tryMailCode(within: Query, { purpose, address, hash }: CodeTry): Promise<Uint8Array | undefined> {
  const [row] = await within(
    `update mail_code set tries = tries + case when hash = $3 then 0 else 1 end
     where purpose = $1 and address = $2 and ${ALIVE} returning hash = $3 as is_right, nonce`,
    [purpose, address, hash],
  )
  return row?.is_right === true && row.nonce instanceof Uint8Array ? row.nonce : undefined
}

/** Uses the code up; a wrong one counts. `again`: this very code was used before. */
export async function useMailCode(
  within: Query,
  { purpose, address, hash }: CodeTry,
): Promise<'right' | 'wrong' | 'again'> {
  const [row] = await within(
    `update mail_code set used_at = case when hash = $3 then ${NOW} end, tries = tries + case when hash = $3 then 0 else 1 end
     where purpose = $1 and address = $2 and ${ALIVE} returning used_at is not null as is_right`,
    [purpose, address, hash],
  )
  if (row !== undefined) return row.is_right === true ? 'right' : 'wrong'
  const used = await within(
    'select 1 from mail_code where purpose = $1 and address = $2 and hash = $3 and used_at is not null',
    [purpose, address, hash],
  )
  return used.length > 0 ? 'again' : 'wrong'
}

const ALIVE = `used_at is null and tries < ${LIMITS.mailCodeTries} and expires_at > ${NOW}`
