// The town's rates between its two units, as the hubs' one database keeps them: they change every while, and each holds for its own time.
import { EUR, JPY } from './town-units.ts'
import type { Rate } from '#core/rate.ts'
import type { Unit } from '#core/money.ts'
import type { Clock } from './clock.ts'
import type { Chance } from './random.ts'

/** A rate, and since when it stood in the table (as machines count time), until the next took its place. */
export type KnownRate = Rate & Readonly<{ since: number; replaced: number }>

export type RateTable = Readonly<{
  /** what holds now; undefined where it has run out */
  of(from: Unit, to: Unit): Rate | undefined
  /** all that ever stood there */
  known(): readonly KnownRate[]
}>

const CHANGES_MS = [8_000, 50_000] as const
const HOLDS_MS = [4_000, 400_000] as const

export function openRates(clock: Clock, chance: Chance): RateTable {
  const table: KnownRate[] = []

  function set(): void {
    const until = clock.now() + chance.between(...HOLDS_MS)
    const since = clock.lived()
    // About a hundred yen to the euro, which has a hundred parts: bills of both are of one size.
    const dear = `${chance.between(80, 125)}.${chance.between(1, 9)}`
    const cheap = `0.00${chance.between(70, 99)}${chance.between(1, 9)}`
    for (const [index, row] of table.entries())
      if (row.replaced === Infinity) table[index] = { ...row, replaced: since }
    table.push({ from: EUR, to: JPY, price: dear, until, since, replaced: Infinity })
    table.push({ from: JPY, to: EUR, price: cheap, until, since, replaced: Infinity })
  }
  function keepSetting(): void {
    set()
    clock.after(chance.between(...CHANGES_MS), keepSetting)
  }
  keepSetting()

  return {
    of(from, to) {
      const row = table.find((each) => each.from === from && each.to === to && each.replaced === Infinity)
      return row === undefined || row.until <= clock.now() ? undefined : row
    },
    known: () => table,
  }
}
