// npm run simulate -- [--seeds N] [--from HEX] [--once] [--seed HEX] [--plant NAME] [--record]
//
//   --seeds N     runs N seeds (default 200), each twice: both histories must be equal
//   --from HEX    the first seed (default 1)
//   --once        each seed once only
//   --seed HEX    runs one seed once and prints everything that happens
//   --plant NAME  with a planted bug (see plants.ts); the first seed that finds it is what is hoped for: exit code 0
//   --record      looks for every planted bug and writes down in found.ts which seed finds it; one that is written there and still does,
//                 stays
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { describeFaults } from './faults.ts'
import { EXPECTED_SEEDS, tooFew } from './expected.ts'
import { FOUND_BY } from './found.ts'
import type { Counted } from './history.ts'
import { isPlantName, NO_PLANT, PLANTS, type Plant } from './plants.ts'
import { seedAfter, simulate, type Run } from './simulate.ts'

const { values } = parseArgs({
  options: {
    seeds: { type: 'string' },
    from: { type: 'string', default: '1' },
    once: { type: 'boolean', default: false },
    seed: { type: 'string' },
    plant: { type: 'string' },
    record: { type: 'boolean', default: false },
  },
})
/** A planted bug that needs more seeds than this is not found. */
const PLANT_SEEDS = 2_000
const PROGRESS_MS = 10_000

const name = values.plant
if (name !== undefined && !isPlantName(name)) throw new Error(`planted bugs: ${Object.keys(PLANTS).join(', ')}`)
const plant: Plant = name === undefined ? NO_PLANT : PLANTS[name]
const seeds = Number(values.seeds ?? (name === undefined && !values.record ? 200 : PLANT_SEEDS))
const say = (line: string): void => void process.stdout.write(`${line}\n`)

if (values.record) await record()
else if (values.seed === undefined) await many(seedAfter(values.from, 0))
else await one(seedAfter(values.seed, 0))

async function one(seed: string): Promise<void> {
  const run = await simulate(seed, { plant, print: say })
  for (const fault of run.faults) say(`FAULT ${fault}`)
  say(`history ${run.history}`)
  process.exitCode = run.faults.length > 0 ? 1 : 0
}

async function many(first: string): Promise<void> {
  const started = performance.now()
  const times = values.once || name !== undefined ? 'once' : 'twice'
  const counts = new Map<Counted, number>()
  let told = started
  for (let index = 0; index < seeds; index++) {
    const seed = seedAfter(first, index)
    const run = await simulate(seed, { plant })
    if (run.faults.length > 0) return tellFault(seed, run, index)
    const again = times === 'twice' ? await simulate(seed, { plant }) : run
    if (again.history !== run.history) return tellFault(seed, { ...run, faults: ['the second run was another'] }, index)
    for (const [what, count] of run.counts) counts.set(what, (counts.get(what) ?? 0) + count)
    if (performance.now() - told < PROGRESS_MS) continue
    told = performance.now()
    say(`${index + 1} seeds, ${((index + 1) / ((told - started) / 1000)).toFixed(1)} a second`)
  }
  const seconds = (performance.now() - started) / 1000
  for (const [what, count] of [...counts].toSorted(([left], [right]) => (left < right ? -1 : 1)))
    say(`${String(count).padStart(8)} ${what}`)
  const rate = (seeds / seconds).toFixed(1)
  say(`${seeds} seeds, each ${times}, in ${seconds.toFixed(1)} s (${rate} a second): nothing found`)
  const few = name === undefined && seeds >= EXPECTED_SEEDS ? tooFew(counts, seeds) : []
  for (const sentence of few) say(`TOO FEW ${sentence}`)
  if (few.length > 0) process.exitCode = 1
  if (name !== undefined) {
    say(`the planted bug was not found: ${plant.story}`)
    process.exitCode = 1
  }
}

function tellFault(seed: string, run: Run, index: number): void {
  say(`seed ${seed} (number ${index + 1})${name === undefined ? '' : ` with the planted bug ${name}`}`)
  for (const fault of run.faults.slice(0, 5)) say(`FAULT ${fault}`)
  say(`with ${describeFaults(run.settings)}`)
  say('the last events:')
  for (const event of run.last) say(event)
  say(`again: npm run simulate -- --seed ${seed}${name === undefined ? '' : ` --plant ${name}`}`)
  process.exitCode = name === undefined ? 1 : 0
}

async function record(): Promise<void> {
  const lines: string[] = []
  const known = new Map<string, number>(Object.entries(FOUND_BY))
  for (const [each, planted] of Object.entries(PLANTS)) {
    const found = (await foundBy(planted, known.get(each) ?? 1)) ?? (await firstOf(planted))
    if (found === undefined) process.exitCode = 1
    else lines.push(`  '${each}': 0x${found.index.toString(16)},`)
    say(`${each}: ${found === undefined ? 'NOT FOUND' : `seed ${found.index.toString(16)}: ${found.fault}`}`)
  }
  const head = `// Which seed finds which planted bug: written by npm run simulate -- --record. A seed means another run as soon as the simulator or
// the switch takes other steps; then they are looked for again.
import type { PlantName } from './plants.ts'

export const FOUND_BY: Record<PlantName, number> = {`
  writeFileSync(new URL('found.ts', import.meta.url), `${head}\n${lines.join('\n')}\n}\n`)
}

type Found = Readonly<{ index: number; fault: string }>

async function firstOf(planted: Plant): Promise<Found | undefined> {
  for (let index = 1; index <= seeds; index++) {
    const found = await foundBy(planted, index)
    if (found !== undefined) return found
  }
  return undefined
}

async function foundBy(planted: Plant, index: number): Promise<Found | undefined> {
  const [fault] = (await simulate(seedAfter('0', index), { plant: planted })).faults
  return fault === undefined ? undefined : { index, fault }
}
