// The signed daily heads: each is signed by the scheme, follows the one before it, and names ends that the chains still have.
import { createPrivateKey, createPublicKey } from 'node:crypto'
import { GENESIS_ACTION } from '#core/actions.ts'
import { equal, toHex } from '#core/bytes.ts'
import { GENESIS_HASH } from '#core/ledger.ts'
import { headFaults, headLines, signedHeadFrom, type SignedHead } from '../operator-log.ts'
import type { Ground } from './audit.ts'
import { bytesOf, hexOf, rowsOf, type Row } from './cursor.ts'

/** Hashes by `${bucket} ${number}`. */
type Hashes = Map<string, string>

export async function auditHeads(ground: Ground): Promise<void> {
  const { client, buckets, scheme, fault, count } = ground
  const heads: SignedHead[] = []
  for await (const row of rowsOf(client, 'select * from signed_head order by day')) heads.push(signedHeadFrom(row))
  count('signed heads', heads.length)
  const [key] = (await client.query<Row>('select public_key, private_key from scheme_key')).rows
  if (key !== undefined && !isPair(key)) fault("the scheme's key is broken: its halves do not belong together")
  if (heads.length === 0) return
  if (key === undefined) return fault('there are signed heads, and no key of the scheme')
  for (const { day, at, text } of heads) {
    const [, named, , when] = text.split('\n')
    if (named !== `scheme ${scheme}`) fault(`the head of ${day} is another scheme's`)
    if (when !== `at ${at}`) fault(`the head of ${day} has another time than its text says`)
  }
  const lines = heads.flatMap(({ text }) => headLines(text))
  const numbers = (of: 'sequence' | 'actions'): [number[], bigint[]] => [
    lines.map(({ bucket }) => bucket),
    lines.map((line) => line[of]),
  ]
  const transfers = await hashesOf(ground, 'journal', GENESIS_HASH, numbers('sequence'))
  const actions = await hashesOf(ground, 'actions', GENESIS_ACTION, numbers('actions'))
  const found = headFaults(heads, {
    publicKey: bytesOf(key.public_key),
    buckets,
    transferHash: (bucket, sequence) => transfers.get(`${bucket} ${sequence}`),
    actionHash: (bucket, number) => actions.get(`${bucket} ${number}`),
  })
  for (const sentence of found) fault(sentence)
}

/** The hashes at these numbers: a link of the chain, a restart, or the first link. */
async function hashesOf(
  { client, buckets, restarts }: Ground,
  chain: 'journal' | 'actions',
  genesis: Uint8Array,
  wanted: [number[], bigint[]],
): Promise<Hashes> {
  const [table, column] = chain === 'journal' ? ['transfer', 'sequence'] : ['action', 'number']
  const { rows } = await client.query<Row>(
    `select c.bucket, c.${column} as number, encode(c.hash, 'hex') as hash
     from unnest($1::integer[], $2::bigint[]) n(bucket, number) join ${table} c on c.bucket = n.bucket and c.${column} = n.number`,
    wanted,
  )
  const hashes: Hashes = new Map(
    rows.map(({ bucket, number, hash }) => [`${String(bucket)} ${String(number)}`, hexOf(hash)]),
  )
  for (let bucket = 0; bucket < buckets; bucket++) hashes.set(`${bucket} 0`, toHex(genesis))
  for (const restart of restarts)
    if (restart.chain === chain) hashes.set(`${restart.bucket} ${restart.number}`, toHex(restart.hash))
  return hashes
}

/** Does the private half sign what the public half checks? */
function isPair(row: Row): boolean {
  try {
    const key = createPrivateKey({ key: Buffer.from(bytesOf(row.private_key)), type: 'pkcs8', format: 'der' })
    const { x, y } = createPublicKey(key).export({ format: 'jwk' })
    const point = Buffer.concat([Buffer.of(4), Buffer.from(x ?? '', 'base64url'), Buffer.from(y ?? '', 'base64url')])
    return equal(point, bytesOf(row.public_key))
  } catch {
    return false
  }
}
