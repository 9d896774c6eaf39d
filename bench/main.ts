// npm run bench -- journal|settle|payments [--json] [--rounds 7] [--seconds 3] [--clients 16]
// Each round measures the product, TPC-B and the naive payment one after the other, so that a busy machine is busy for all three.
import { parseArgs } from 'node:util'
import { openBaselines } from './baselines.ts'
import { openGround } from './ground.ts'
import { openJournal } from './journal.ts'
import { figuresOf, type Round } from './measure.ts'
import { openPayments } from './payments.ts'
import { openSettle } from './settle.ts'

const BENCHES = ['journal', 'settle', 'payments'] as const
type Bench = (typeof BENCHES)[number]

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean' },
    rounds: { type: 'string', default: '7' },
    seconds: { type: 'string', default: '3' },
    clients: { type: 'string', default: '16' },
  },
})
const bench = BENCHES.find((known) => known === positionals[0])
if (bench === undefined) {
  process.stderr.write(`Name a bench: ${BENCHES.join(', ')}\n`)
  process.exit(2)
}
const rounds = Number(values.rounds)
const seconds = Number(values.seconds)
const clients = Number(values.clients)
const note = (text: string): void => void (values.json === true || process.stderr.write(`${text}\n`))

type Runner = { product: () => Promise<Round>; hot: (() => Promise<Round>) | null; close: () => Promise<void> }

async function runnerOf(which: Bench, ground: Awaited<ReturnType<typeof openGround>>): Promise<Runner> {
  const nothing = async (): Promise<void> => {}
  switch (which) {
    case 'journal': {
      const run = await openJournal(ground, clients)
      return { product: () => run(seconds, 'many'), hot: () => run(seconds, 'one'), close: nothing }
    }
    case 'settle': {
      const run = await openSettle(ground)
      const payments = Math.round(seconds * 4_000)
      return { product: () => run(payments, 'many'), hot: () => run(payments, 'one'), close: nothing }
    }
    case 'payments': {
      const { run, close } = await openPayments(ground, clients)
      return { product: () => run(seconds), hot: null, close }
    }
  }
}

const ground = await openGround()
try {
  note('Making the baselines (10 million TPC-B accounts) …')
  const baselines = await openBaselines(ground.settings, clients)
  const runner = await runnerOf(bench, ground)
  note('Warming up …')
  await runner.product()
  await baselines.tpcb(1)
  await baselines.naive(1)
  const measured = []
  for (let round = 1; round <= rounds; round++) {
    const product = await runner.product()
    const tpcb = await baselines.tpcb(seconds)
    const hot = runner.hot === null ? null : await runner.hot()
    const naive = await baselines.naive(seconds)
    measured.push({ product, tpcb, naive, hot })
    note(
      `round ${round}: ${Math.round(product.count / product.seconds)}/s, TPC-B ${Math.round(tpcb.count / tpcb.seconds)}/s, naive ${Math.round(naive.count / naive.seconds)}/s`,
    )
  }
  process.stdout.write(`${JSON.stringify(figuresOf(bench, measured))}\n`)
  await runner.close()
  await baselines.close()
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`)
  process.exitCode = 1
} finally {
  await ground.close()
}
