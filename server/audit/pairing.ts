// Two piles that must hold the same things, compared without holding either: what is given is added to a cell, what is taken is
// subtracted, and where all cells are zero the piles are equal. Each thing counts with 64 bits of its SHA-256, in a cell chosen by its
// key, so that a second reading needs to look only at the few keys whose cells are not zero and can name what differs.
import { hash } from 'node:crypto'

const CELLS = 65_536

/** `key` says which things belong together, `what` all that must agree, `name` how the row is called in a fault. */
export type Pairing = Readonly<{
  give(key: string, what: string, name: () => string): void
  take(key: string, what: string, name: () => string): void
}>

export type Tallied = Pairing & Readonly<{ odd(): ReadonlySet<number> }>

/** The first reading: 512 KB, however many things there are. */
export function tally(): Tallied {
  const cells = new BigUint64Array(CELLS)
  const add = (key: string, what: string, sign: 1n | -1n): void => {
    const cell = cellOf(key)
    // 2^64 wraps around in both directions.
    cells[cell] = (cells[cell] ?? 0n) + sign * numberOf(what)
  }
  return {
    give: (key, what) => add(key, what, 1n),
    take: (key, what) => add(key, what, -1n),
    odd: () => oddOf(cells),
  }
}

/** By halves, which are plain numbers: nearly all are zero, and a bigint for each would be most of a small audit. */
function oddOf(cells: BigUint64Array<ArrayBuffer>): ReadonlySet<number> {
  const halves = new Uint32Array(cells.buffer)
  const odd = new Set<number>()
  for (let half = 0; half < halves.length; half++) if (halves[half] !== 0) odd.add(half >> 1)
  return odd
}

export type Differences = Pairing & Readonly<{ given(): string[]; taken(): string[] }>

/** The second reading: keeps what falls into odd cells, and ends with what has no partner. */
export function differences(odd: ReadonlySet<number>): Differences {
  const rest = new Map<string, { count: number; names: string[] }>()
  const put = (key: string, what: string, name: () => string, sign: 1 | -1): void => {
    if (!odd.has(cellOf(key))) return
    const known = rest.get(what) ?? { count: 0, names: [] }
    known.count += sign
    known.names.push(name())
    if (known.count === 0) rest.delete(what)
    else rest.set(what, known)
  }
  const left = (sign: number): string[] =>
    [...rest.values()].flatMap(({ count, names }) => (Math.sign(count) === sign ? names.slice(-Math.abs(count)) : []))
  return {
    give: (key, what, name) => put(key, what, name, 1),
    take: (key, what, name) => put(key, what, name, -1),
    given: () => left(1),
    taken: () => left(-1),
  }
}

const numberOf = (what: string): bigint => BigInt(`0x${hash('sha256', what, 'hex').slice(0, 16)}`)

/** FNV-1a over the key's characters. */
function cellOf(key: string): number {
  let state = 0x811c9dc5
  for (let index = 0; index < key.length; index++) state = Math.imul(state ^ key.charCodeAt(index), 0x01000193)
  return (state ^ (state >>> 16)) & (CELLS - 1)
}
