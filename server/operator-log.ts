// The signed daily head: once a day the ends of every bucket's journal and log, in a text signed with the scheme's own key. Whoever
// keeps yesterday's text can show that nothing before it was changed since; the signature shows that the hub said so.
import {
  createHash,
  createHmac,
  createPrivateKey,
  generateKeyPairSync,
  hkdfSync,
  sign,
  type KeyObject,
} from 'node:crypto'
import { dayOf } from '#core/calendar.ts'
import { toHex } from '#core/bytes.ts'
import type { PartyId, SchemeId } from '#core/ids.ts'
import { isSignedBy } from './auth/keys.ts'
import { read, storeError, type Database } from './postgres/connect.ts'
import { bigFrom, headFrom, NOW, type Row } from './postgres/rows.ts'

export type SignedHead = Readonly<{ day: number; at: number; text: string; signature: Uint8Array }>

/** One bucket's line: the last number and its hash (hex) of the journal of transfers and of the operators' log. */
export type HeadLine = Readonly<{
  bucket: number
  sequence: bigint
  hash: string
  actions: bigint
  actionsHash: string
}>

export type SchemeKey = Readonly<{
  /** uncompressed P-256, 65 bytes */
  publicKey: Uint8Array
  privateKey: KeyObject
  /** 32 bytes, from which one-time codes are derived */
  codeSecret: Uint8Array
  /** what the log holds in place of a birth date */
  mask: BirthDateMask
}>

/** The same for the same person and day (20061203); without the scheme's key a million guesses tell nothing. */
export type BirthDateMask = (party: PartyId, birthDate: number) => string

/** The mask by the private key as it is kept. The audit makes the same one, and so can compare the log with what is known. */
export function birthDateMask(privateKey: Uint8Array): BirthDateMask {
  const secret = new Uint8Array(hkdfSync('sha256', privateKey, '', 'warifu masked birth dates', 32))
  return (party, birthDate) => createHmac('sha256', secret).update(`${party} ${birthDate}`).digest('hex')
}

/** The scheme's key, made by the first hub that asks. Only the hub reads it; the application's role cannot change it. */
export async function schemeKey(database: Database): Promise<SchemeKey> {
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const point = pair.publicKey.export({ format: 'jwk' })
  const fresh = Buffer.concat([
    Buffer.from([4]),
    Buffer.from(String(point.x), 'base64url'),
    Buffer.from(String(point.y), 'base64url'),
  ])
  const secret = pair.privateKey.export({ type: 'pkcs8', format: 'der' })
  try {
    await database.transactions.query(
      `insert into scheme_key (public_key, private_key, created_at) values ($1, $2, ${NOW}) on conflict (one) do nothing`,
      [fresh, secret],
    )
    const { rows } = await database.transactions.query<{ public_key: Buffer; private_key: Buffer }>(
      'select public_key, private_key from scheme_key',
    )
    const [row] = rows
    if (row === undefined) throw new Error('the key was just made')
    return {
      publicKey: row.public_key,
      privateKey: createPrivateKey({ key: row.private_key, type: 'pkcs8', format: 'der' }),
      codeSecret: new Uint8Array(hkdfSync('sha256', row.private_key, '', 'warifu one-time codes', 32)),
      mask: birthDateMask(row.private_key),
    }
  } catch (error) {
    throw storeError(error)
  }
}

/** Signs the day's head unless there is one: called often, it acts at the first call after midnight in the zone. */
export async function signDailyHead(
  database: Database,
  parts: Readonly<{ key: SchemeKey; scheme: SchemeId; zone: string; now: number }>,
): Promise<boolean> {
  const { key, scheme, zone, now } = parts
  const day = dayOf(now, zone)
  const [last] = await read<Row>(database, {
    name: 'last_head',
    text: 'select day, text from signed_head order by day desc limit 1',
    values: [],
  })
  if (last !== undefined && Number(last.day) >= day) return false
  // One statement sees all heads at one moment.
  const heads = await read<Row>(database, { name: 'all_heads', text: 'select * from head order by bucket', values: [] })
  const lines = heads.map((row): HeadLine => {
    const { sequence, hash, actions, actionsHash } = headFrom(row)
    return { bucket: Number(row.bucket), sequence, hash: toHex(hash), actions, actionsHash: toHex(actionsHash) }
  })
  const text = headText({ scheme, day, at: now, previous: last === undefined ? null : String(last.text), lines })
  const signature = sign('sha256', Buffer.from(text), { key: key.privateKey, dsaEncoding: 'ieee-p1363' })
  try {
    const { rowCount } = await database.transactions.query(
      'insert into signed_head (day, at, text, signature) values ($1, $2, $3, $4) on conflict (day) do nothing',
      [day, now, text, signature],
    )
    return rowCount === 1
  } catch (error) {
    throw storeError(error)
  }
}

/** Newest first, of days before `before`. */
export async function readHeads(
  database: Database,
  page: Readonly<{ before: number | null; limit: number }>,
): Promise<SignedHead[]> {
  const rows = await read<Row>(database, {
    name: 'signed_heads',
    text: 'select * from signed_head where day < $1 order by day desc limit $2',
    values: [page.before ?? 100_000_000, page.limit],
  })
  return rows.map(signedHeadFrom)
}

export const signedHeadFrom = (row: Row): SignedHead => ({
  day: Number(row.day),
  at: Number(row.at),
  text: String(row.text),
  // Border: the column is bytea, which the driver gives as bytes.
  signature: row.signature as Uint8Array,
})

const FIRST_LINE = 'warifu daily head 1'

function headText(head: {
  scheme: SchemeId
  day: number
  at: number
  previous: string | null
  lines: readonly HeadLine[]
}): string {
  return [
    FIRST_LINE,
    `scheme ${head.scheme}`,
    `day ${head.day}`,
    `at ${head.at}`,
    `previous ${head.previous === null ? 'none' : sha256(head.previous)}`,
    ...head.lines.map(
      ({ bucket, sequence, hash, actions, actionsHash }) =>
        `bucket ${bucket} transfers ${sequence} ${hash} actions ${actions} ${actionsHash}`,
    ),
    '',
  ].join('\n')
}

const LINE = /^bucket (\d{1,5}) transfers (\d{1,19}) ([0-9a-f]{64}) actions (\d{1,19}) ([0-9a-f]{64})$/

/** The buckets' ends in a head's text; lines that are none are left out. */
export const headLines = (text: string): HeadLine[] =>
  text.split('\n').flatMap((line) => {
    const [, bucket, sequence, hash, actions, actionsHash] = LINE.exec(line) ?? []
    if (hash === undefined || actionsHash === undefined) return []
    return [{ bucket: Number(bucket), sequence: bigFrom(sequence), hash, actions: bigFrom(actions), actionsHash }]
  })

/**
 * What is wrong with the signed heads (oldest first), for the audit: a signature that does not fit, a head that does not follow the one
 * before it, an end that the chains do not have. `transferHash` and `actionHash` give the hash (hex) at a number of a bucket's chain;
 * number 0 is the chain's first link.
 */
export function headFaults(
  heads: readonly SignedHead[],
  parts: Readonly<{
    publicKey: Uint8Array
    buckets: number
    transferHash(bucket: number, sequence: bigint): string | undefined
    actionHash(bucket: number, number: bigint): string | undefined
  }>,
): string[] {
  const faults: string[] = []
  let previous: SignedHead | undefined
  for (const head of heads) {
    const named = `the head of ${head.day}`
    if (!isSignedBy(parts.publicKey, Buffer.from(head.text), head.signature))
      faults.push(`${named} is not signed by the scheme`)
    const [first, , day, , before] = head.text.split('\n')
    if (first !== FIRST_LINE || day !== `day ${head.day}`) faults.push(`${named} says something else in its text`)
    if (before !== `previous ${previous === undefined ? 'none' : sha256(previous.text)}`)
      faults.push(`${named} does not follow the head before it`)
    const lines = headLines(head.text)
    if (lines.length !== parts.buckets) faults.push(`${named} has not one line for each bucket`)
    for (const { bucket, sequence, hash, actions, actionsHash } of lines) {
      if (parts.transferHash(bucket, sequence) !== hash)
        faults.push(`${named}: the journal of bucket ${bucket} is another at ${sequence}`)
      if (parts.actionHash(bucket, actions) !== actionsHash)
        faults.push(`${named}: the log of bucket ${bucket} is another at ${actions}`)
    }
    previous = head
  }
  return faults
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')
