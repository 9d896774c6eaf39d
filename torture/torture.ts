// The loop that all modes share: a site for some cycles, then a fresh one; a fault ends it and keeps the folder.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Sabotage } from './hub.ts'

/** One cycle: something is broken, comes up again, and everything is judged. */
export type Cycle = Readonly<{
  faults: readonly string[]
  /** kills, cuts or dropped answers */
  broke: number
  /** what else is worth adding up, by name */
  counts: Readonly<Record<string, number>>
}>

/** A site under torture. */
export type Torture = Readonly<{
  cycle(seed: number): Promise<Cycle>
  /** how many answers its clients have had */
  acknowledged(): Promise<number>
  close(): Promise<void>
}>

export type Mode = Readonly<{
  name: 'kill' | 'power' | 'ack' | 'cards'
  /** what `broke` counts */
  what: string
  /** how many of them one cycle makes at least */
  brokeInCycle: number
  /** why this machine cannot do it, or null */
  hindrance: () => string | null
  open(options: { folder: string; seed: number; sabotage: Sabotage | null; pairs: number }): Promise<Torture>
}>

/** What one cycle adds to the record; `next` is the seed of the cycle after it. */
export type Added = Cycle & Readonly<{ acknowledged: number; next: number }>

/** A fault with what is needed to look at it and to have it again. */
export type Found = Readonly<{ seed: number; folder: string; faults: readonly string[] }>

export type TortureOptions = Readonly<{
  /** so many kills, cuts or dropped answers */
  aim: number
  /** the first cycle's, from which one counts on; or those of all cycles */
  seed?: number
  seeds?: readonly number[]
  /** from one cycle's seed to the next; more than 1 goes through the failpoints in leaps */
  step?: number
  folder?: string
  sabotage: Sabotage | null
  pairs: number
  /** hears of each cycle, so that what was done is on record even when the run is ended */
  add?: (cycle: Added) => void
  /** ends the run after the present cycle */
  isOver?: () => boolean
}>

/** The books are read whole after each cycle, so that they must not grow for ever. */
const CYCLES_ON_SITE = 25

/** Runs until so much is broken, or a fault is found; null when there was none. */
export async function torture(mode: Mode, options: TortureOptions): Promise<Found | null> {
  const { sabotage, pairs, step = 1 } = options
  const home = options.folder ?? mkdtempSync(join(tmpdir(), `warifu-torture-${mode.name}-`))
  mkdirSync(home, { recursive: true })
  const { seeds = [] } = options
  let cycle = 0
  let seed = seeds[0] ?? options.seed ?? 0
  let done = 0
  const isOver = (): boolean => done >= options.aim || options.isOver?.() === true

  while (!isOver()) {
    const folder = mkdtempSync(join(home, 'site-'))
    const site = await mode.open({ folder, seed, sabotage, pairs })
    try {
      let before = await site.acknowledged()
      for (let cycles = 0; cycles < CYCLES_ON_SITE && !isOver(); cycles++) {
        const one = await site.cycle(seed).catch(unforeseen)
        const after = await site.acknowledged()
        const next = seeds[++cycle] ?? seed + step
        options.add?.({ ...one, acknowledged: after - before, next })
        if (one.faults.length > 0) return { seed, folder, faults: one.faults }
        before = after
        done += one.broke
        seed = next
      }
    } finally {
      await site.close()
    }
    remove(folder)
  }
  if (options.folder === undefined) remove(home)
  return null
}

/** A hub that does not start again, a database that does not come up: a fault like any other. */
const unforeseen = (error: unknown): Cycle => ({
  faults: [error instanceof Error ? (error.stack ?? error.message) : String(error)],
  broke: 0,
  counts: {},
})

// A process that has just been killed may still be writing its last file.
const remove = (folder: string): void =>
  rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 })
