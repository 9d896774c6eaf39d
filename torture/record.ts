// What was done so far, added up over all runs, in one JSON file.
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { arch, availableParallelism, totalmem } from 'node:os'
import type { Added, Mode } from './torture.ts'

export type Tally = {
  cycles: number
  /** kills, cuts or dropped answers */
  broke: number
  /** answers that clients had and the checker kept */
  acknowledged: number
  /** cycles in which a fault was found */
  faults: number
  /** the seed of the next cycle, so that runs go on where the last one ended */
  next: number
  first: string
  last: string
  machine: string
  /** how often by which victim, at which failpoint, in which place */
  counts: { [what: string]: number }
}

/** The tally of a mode in a file, or kept nowhere without one. */
export function openRecord(file: string | null, { name }: Pick<Mode, 'name'>) {
  const known = read(file)[name]
  const tally: Tally = known ?? emptyTally()
  return {
    tally,
    add(cycle: Added): void {
      tally.cycles++
      tally.broke += cycle.broke
      tally.acknowledged += cycle.acknowledged
      tally.faults += cycle.faults.length > 0 ? 1 : 0
      tally.next = cycle.next
      tally.last = new Date().toISOString()
      tally.machine = machine()
      for (const [what, count] of Object.entries(cycle.counts)) tally.counts[what] = (tally.counts[what] ?? 0) + count
      if (file === null) return
      // Read again: the other modes may be running too.
      writeFileSync(`${file}.new`, `${JSON.stringify({ ...read(file), [name]: tally }, null, 2)}\n`)
      renameSync(`${file}.new`, file)
    },
  }
}

function read(file: string | null): Partial<{ [Name in Mode['name']]: Tally }> {
  if (file === null || !existsSync(file)) return {}
  // Border: our own file.
  return JSON.parse(readFileSync(file, 'utf8')) as Partial<{ [Name in Mode['name']]: Tally }>
}

const emptyTally = (): Tally => ({
  cycles: 0,
  broke: 0,
  acknowledged: 0,
  faults: 0,
  next: 0,
  first: new Date().toISOString(),
  last: '',
  machine: '',
  counts: {},
})

const machine = (): string =>
  `${availableParallelism()} cores (${arch()}), ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}`
