// Where a bucket's chain goes on after a backup was brought back: its numbers jump past all that was ever given out, so that a number
// which somebody has seen never names two things. The jump is a link of the chain, and stands in a row of its own.
import { concat, equal, fromU64, sha256, utf8 } from './bytes.ts'

/** `after` is the last number of the backup, `number` that from which the chain goes on: the next link is number + 1. */
export type Restart = Readonly<{
  bucket: number
  chain: 'journal' | 'actions'
  after: bigint
  number: bigint
  at: number
  hash: Uint8Array
}>

/** hash = SHA-256(hash before | 'warifu restart 1' | bucket 8 | after 8 | number 8 | at 8). */
export const restartHash = (previous: Uint8Array, restart: Omit<Restart, 'chain' | 'hash'>): Uint8Array =>
  sha256(
    concat(
      previous,
      utf8('warifu restart 1'),
      fromU64(BigInt(restart.bucket)),
      fromU64(restart.after),
      fromU64(restart.number),
      fromU64(BigInt(restart.at)),
    ),
  )

/** Where a chain has come to. */
export type End = Readonly<{ number: bigint; hash: Uint8Array }>

/** The end after the recorded jumps of its chain that begin there; a jump that does not follow from it is told. */
export function goneOn(end: End, jumps: readonly Restart[], faults: Pick<string[], 'push'>): End {
  const jump = jumps.find(({ after }) => after === end.number)
  if (jump === undefined) return end
  const { bucket, chain, after, number, hash } = jump
  if (!equal(restartHash(end.hash, jump), hash)) faults.push(`restart of ${chain} ${bucket} after ${after} is altered`)
  return goneOn({ number, hash }, jumps, faults)
}

/**
 * The number from which a chain goes on when it is brought back at `at` (milliseconds since 1970): that time in microseconds. An earlier
 * life went on from an earlier time and gave out fewer than a million numbers a second, so it never came so far, however often the same
 * backup is brought back and without knowing of each other.
 */
export const restartNumber = (after: bigint, at: number): bigint => {
  const number = BigInt(at) * 1_000n
  return number > after ? number : after + 1_000_000_000n
}
