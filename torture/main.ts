// npm run torture -- kill|power|ack|cards --cycles N [--seed S] [--folder F] [--sabotage NAME]
// Breaks a real hub on a real database again and again while people pay, and looks whether anything that was said to them is lost.
import { parseArgs } from 'node:util'
import { droppingAnswers } from './ack.ts'
import type { Sabotage } from './hub.ts'
import { killing } from './kill.ts'
import { payingByCard } from './cards.ts'
import { cuttingPower } from './power.ts'
import { openRecord } from './record.ts'
import { torture, type Found, type Mode } from './torture.ts'

const HELP = `npm run torture -- kill|power|ack|cards [--cycles N]

  kill    kill -9 of the hub, its database, one of the database's processes or both, at every step of a payment
  power   power cuts: what a loop-mounted disk had not been told to keep is lost (needs root and a loop device)
  ack     the connection to the database breaks at a COMMIT: before it, after it, or when its answer comes back
  cards   kill -9 of the hub, the vault or a card issuer at every step of a card payment; then their three books are compared

  --cycles N       kills, cuts or dropped answers to add to the record (25)
  --seed S         the first cycle's seed (goes on where the record ends)
  --folder F       where to work (a temporary folder)
  --record FILE    where it is added up (bench/torture.json)
  --pairs N        tills with a phone each (4)
  --sabotage NAME  breaks the hub on purpose, and must find a fault (exit code 1; 2 when it does not):
                   kill: synchronous-commit-off, early-answer, split-command; power: fsync-off
`
const MODES: readonly Mode[] = [killing, cuttingPower, droppingAnswers, payingByCard]
const SABOTAGES: readonly Sabotage[] = ['synchronous-commit-off', 'fsync-off', 'early-answer', 'split-command']
const SHOWN_FAULTS = 20

const say = (line: string): void => void process.stdout.write(`${line}\n`)
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    cycles: { type: 'string', default: '25' },
    seed: { type: 'string' },
    folder: { type: 'string' },
    record: { type: 'string', default: 'bench/torture.json' },
    pairs: { type: 'string', default: '4' },
    sabotage: { type: 'string' },
    help: { type: 'boolean', short: 'h' },
  },
})
const mode = MODES.find(({ name }) => name === positionals[0])
const sabotage = SABOTAGES.find((known) => known === values.sabotage) ?? null
const aim = Number(values.cycles)
if (values.help === true) say(HELP)
else if (mode === undefined || !(aim > 0) || (sabotage === null) !== (values.sabotage === undefined)) {
  process.stderr.write(HELP)
  process.exitCode = 2
} else await run(mode)

async function run(mode: Mode): Promise<void> {
  const hindrance = mode.hindrance()
  if (hindrance !== null) return say(`${mode.name}: not run: ${hindrance}`)
  const record = openRecord(sabotage === null ? values.record : null, mode)
  const sum = { cycles: 0, broke: 0, acknowledged: 0, faults: 0 }
  let isOver = false
  process.on('SIGINT', () => {
    if (isOver) process.exit(130)
    isOver = true
    say('Ends after this cycle.')
  })
  const found = await torture(mode, {
    aim,
    seed: values.seed === undefined ? record.tally.next : Number(values.seed),
    sabotage,
    pairs: Number(values.pairs),
    ...(values.folder !== undefined && { folder: values.folder }),
    isOver: () => isOver,
    add(cycle) {
      record.add(cycle)
      sum.cycles++
      sum.broke += cycle.broke
      sum.acknowledged += cycle.acknowledged
      sum.faults += cycle.faults.length
      if (process.stdout.isTTY) process.stdout.write(`\r${line(mode, sum)}  `)
    },
  })
  if (process.stdout.isTTY) say('')
  if (found !== null) tellFault(mode, found)
  else if (sabotage !== null) {
    say(`the sabotage was not found: ${sabotage}`)
    process.exitCode = 2
  }
  say(line(mode, sum))
  const { tally } = record
  if (sabotage === null && tally.cycles > sum.cycles) say(`  on record ${line(mode, tally)}`)
}

function tellFault(mode: Mode, { seed, folder, faults }: Found): void {
  for (const fault of faults.slice(0, SHOWN_FAULTS)) say(`FAULT ${fault}`)
  if (faults.length > SHOWN_FAULTS) say(`and ${faults.length - SHOWN_FAULTS} more in ${folder}/faults.txt`)
  say(`kept: ${folder}`)
  const on = sabotage === null ? '' : ` --sabotage ${sabotage}`
  say(`again: npm run torture -- ${mode.name} --cycles ${mode.brokeInCycle} --seed ${seed}${on}`)
  process.exitCode = 1
}

function line(
  { name, what }: Mode,
  { cycles, broke, acknowledged, faults }: { cycles: number; broke: number; acknowledged: number; faults: number },
): string {
  return `${name}: ${cycles} cycles, ${broke} ${what}, ${acknowledged} acknowledged, ${faults} faults`
}
