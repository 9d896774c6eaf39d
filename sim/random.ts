// Chance from a seed: xoshiro128** over 128 bits of state, so that no two seeds are the same run. Each part of a world takes a
// fork of its own: what one part draws does not move what another draws.
import { concat, sha256, toU32, utf8 } from '#core/bytes.ts'

export type Chance = Readonly<{
  /** a whole number from 0 to `limit` − 1 */
  below(limit: number): number
  /** a whole number from `low` to `high`, both included */
  between(low: number, high: number): number
  happens(probability: number): boolean
  pick<Item>(items: readonly Item[]): Item
  bytes(length: number): Uint8Array
  /** an independent chance of that name, the same for the same seed */
  fork(name: string): Chance
}>

const WORD = 2 ** 32

/** The chance of a seed (16 bytes). */
export function chanceOf(seed: Uint8Array): Chance {
  const digest = sha256(seed)
  const state = Uint32Array.from([0, 4, 8, 12], (at) => toU32(digest, at))
  let [a = 0, b = 0, c = 0, d = 0] = state

  const rotated = (word: number, bits: number): number => ((word << bits) | (word >>> (32 - bits))) >>> 0
  const next = (): number => {
    const result = Math.imul(rotated(Math.imul(b, 5), 7), 9) >>> 0
    const shifted = b << 9
    c ^= a
    d ^= b
    b ^= c
    a ^= d
    c ^= shifted
    d = rotated(d, 11)
    return result
  }
  const below = (limit: number): number => Math.floor((next() / WORD) * limit)

  return {
    below,
    between: (low, high) => low + below(high - low + 1),
    // Drawn even where the answer is known, so that healing a fault does not shift all that follows it.
    happens: (probability) => next() / WORD < probability,
    pick(items) {
      const item = items[below(items.length)]
      if (item === undefined) throw new RangeError('nothing to pick from')
      return item
    },
    bytes: (length) => Uint8Array.from({ length }, () => next() & 0xff),
    fork: (name) => chanceOf(concat(seed, utf8(name))),
  }
}
