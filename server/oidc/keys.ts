// OpenID's signing keys: ES256, and RS256 because every client understands it. Rotation adds a pair; the pair before it stays published until
// nothing that it signed can still be looked at.
import { generateKeyPair, randomBytes, type KeyObject } from 'node:crypto'
import { promisify } from 'node:util'
import type { JWK } from 'oidc-provider'
import type { KeyRow, OidcStore } from '../postgres/oidc.ts'

const generate = promisify(generateKeyPair)

/** An ID token lives for ten minutes; sites that keep our keys for a day must find the old one as long. */
export const PUBLISHED_AFTER_MS = 24 * 3_600_000
/** A new key is published this long before it signs: by then every hub gives it out. */
export const PUBLISHED_BEFORE_MS = 60_000

const RSA_BITS = 2048

/** The keys to publish at `now`; of each kind the first is the one that signs. */
export function keysAt(rows: readonly KeyRow[], now: number): KeyRow[] {
  const published = rows.filter(({ retiredAt }) => retiredAt === null || now < retiredAt + PUBLISHED_AFTER_MS)
  const isReady = ({ createdAt }: KeyRow): boolean => createdAt + PUBLISHED_BEFORE_MS <= now
  const newestFirst = published.toSorted((left, right) => right.createdAt - left.createdAt)
  return [...newestFirst.filter(isReady), ...newestFirst.filter((row) => !isReady(row))]
}

/** As the provider takes them. Its order is what decides which one signs. */
export const jwksOf = (rows: readonly KeyRow[]): { keys: JWK[] } => ({
  // Border: `freshPair` alone writes the column.
  keys: rows.map(({ privateKey }) => JSON.parse(privateKey) as JWK),
})

/** All keys, of which there is a pair at least. */
export async function loadKeys(store: OidcStore): Promise<KeyRow[]> {
  const rows = await store.keys()
  if (rows.some(({ retiredAt }) => retiredAt === null)) return rows
  await store.addKeys(await freshPair(), false)
  return store.keys()
}

/** A new pair from now on, or a minute from now where there was one before; the old ones stay published for a day. */
export async function rotateKeys(store: OidcStore): Promise<void> {
  await store.addKeys(await freshPair(), true)
}

async function freshPair(): Promise<Pick<KeyRow, 'id' | 'publicKey' | 'privateKey'>[]> {
  const [ec, rsa] = await Promise.all([
    generate('ec', { namedCurve: 'P-256' }),
    generate('rsa', { modulusLength: RSA_BITS }),
  ])
  return [rowOf(ec, 'ES256'), rowOf(rsa, 'RS256')]
}

function rowOf(pair: { publicKey: KeyObject; privateKey: KeyObject }, alg: 'ES256' | 'RS256') {
  const id = randomBytes(12).toString('base64url')
  const named = { kid: id, alg, use: 'sig' }
  return {
    id,
    publicKey: JSON.stringify({ ...pair.publicKey.export({ format: 'jwk' }), ...named }),
    privateKey: JSON.stringify({ ...pair.privateKey.export({ format: 'jwk' }), ...named }),
  }
}
