// npm run simulate -- [--seeds N] [--from HEX] [--seed HEX] [--plant NAME]
//
//   --seeds N     runs N seeds (default 200), each twice: both histories must be equal
//   --from HEX    the first seed (default 1)
//   --seed HEX    runs one seed once and prints everything that happens
//   --plant NAME  with a planted bug (see plants.ts); the first seed that finds it is what is hoped for: exit code 0
import { parseArgs } from 'node:util'
import { describeFaults } from './faults.ts'
import type { Counted } from './history.ts'
import { isPlantName, NO_PLANT, PLANTS } from './plants.ts'
import { seedAfter, simulate, type Run } from './simulate.ts'

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '200' },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
    plant: { type: 'string' },
  },
})
const name = values.plant
if (name !== undefined && !isPlantName(name)) throw new Error(`planted bugs: ${Object.keys(PLANTS).join(', ')}`)
const plant = name === undefined ? NO_PLANT : PLANTS[name]
const say = (line: string): void => void process.stdout.write(`${line}\n`)

if (values.seed === undefined) await many(seedAfter(values.from, 0), Number(values.seeds))
else await one(seedAfter(values.seed, 0))

async function one(seed: string): Promise<void> {
  const run = await simulate(seed, { plant, print: say })
  for (const fault of run.faults) say(`FAULT ${fault}`)
  say(`history ${run.history}`)
  process.exitCode = run.faults.length > 0 ? 1 : 0
}

async function many(first: string, seeds: number): Promise<void> {
  const started = performance.now()
  const counts = new Map<Counted, number>()
  for (let index = 0; index < seeds; index++) {
    const seed = seedAfter(first, index)
    const run = await simulate(seed, { plant })
    if (run.faults.length > 0) return tellFault(seed, run, index)
    const again = await simulate(seed, { plant })
    if (again.history !== run.history) return tellFault(seed, { ...run, faults: ['the second run was another'] }, index)
    for (const [what, count] of run.counts) counts.set(what, (counts.get(what) ?? 0) + count)
  }
  const seconds = (performance.now() - started) / 1000
  say(`${seeds} seeds, each twice, in ${seconds.toFixed(1)} s: nothing found`)
  for (const [what, count] of counts) say(`${String(count).padStart(8)} ${what}`)
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
