// npm run bench -- journal|settle|payments|growth|proofs|goods|cards [--json] [--rounds 7] [--seconds 3] [--clients 16] [--pairs 128]
//   --lanes N, --postgres name=value        another number of lanes, another setting of the database, to compare
//   growth --small                          the same run sixty times smaller, for the test
//   goods [--small]                         a register's page in a browser, with 50,000 goods; a thousand for the test
//   cards                                   through vault and issuers, beside payments by account; --pairs 16 by itself
//   payments --sustained MINUTES --rate N   bills that come by themselves, N a second
// Each round measures the product, TPC-B and the naive payment one after the other, so that a busy machine is busy for all three.
import { parseArgs } from 'node:util'
import { LANES } from '#server/hub.ts'
import { openBaselines } from './baselines.ts'
import { cards } from './cards.ts'
import { bytesOnDisk, logged, openGround, type Ground } from './ground.ts'
import { goodsInTheBrowser } from './goods.ts'
import { growth, LARGE, LARGE_IN_SMALL } from './growth.ts'
import { openJournal } from './journal.ts'
import { figuresOf, percentile, rateOf, type Round } from './measure.ts'
import { openPayments } from './payments.ts'
import { proofs } from './proofs.ts'
import { openSettle } from './settle.ts'

const BENCHES = ['journal', 'settle', 'payments', 'growth', 'proofs', 'goods', 'cards'] as const
type Bench = (typeof BENCHES)[number]
/** Those with baselines in the same run. */
type Compared = Exclude<Bench, 'growth' | 'proofs' | 'goods' | 'cards'>

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean', default: false },
    small: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '7' },
    seconds: { type: 'string', default: '3' },
    clients: { type: 'string', default: '16' },
    // A till and a phone are busy for a few milliseconds of their payment: a shop's sixteen clients are many of them.
    pairs: { type: 'string' },
    sustained: { type: 'string' },
    rate: { type: 'string', default: '300' },
    lanes: { type: 'string', default: String(LANES) },
    postgres: { type: 'string', multiple: true, default: [] },
  },
})
const bench = BENCHES.find((known) => known === positionals[0])
if (bench === undefined) {
  process.stderr.write(`Name a bench: ${BENCHES.join(', ')}\n`)
  process.exit(2)
}
/** What a price file may hold. */
const GOODS = 50_000
const rounds = Number(values.rounds)
const seconds = Number(values.seconds)
const clients = Number(values.clients)
const pairs = Number(values.pairs ?? (bench === 'cards' ? 16 : 128))
const settings = Object.fromEntries(
  values.postgres.map((each) => each.split('=', 2)).map(([name = '', value = '']) => [name, value]),
)
const at = { settings, lanes: Number(values.lanes) }
const note = (text: string): void => void (values.json || process.stderr.write(`${text}\n`))
const print = (figures: object): void => void process.stdout.write(`${JSON.stringify(figures)}\n`)

type Runner = {
  product: () => Promise<Round>
  hot: (() => Promise<Round>) | null
  insertOnly: (() => Promise<Round>) | null
  settles: boolean
  close: () => Promise<void>
}

async function runnerOf(which: Compared, ground: Ground): Promise<Runner> {
  const nothing = async (): Promise<void> => {}
  switch (which) {
    case 'journal': {
      const { run, insertOnly, close } = await openJournal(ground, clients)
      return {
        product: () => run(seconds, 'many'),
        hot: () => run(seconds, 'one'),
        insertOnly: () => insertOnly(seconds),
        settles: false,
        close,
      }
    }
    case 'settle': {
      const run = await openSettle(ground)
      const payments = Math.round(seconds * 4_000)
      return {
        product: () => run(payments, 'many'),
        hot: () => run(payments, 'one'),
        insertOnly: null,
        settles: true,
        close: nothing,
      }
    }
    case 'payments': {
      const { run, close } = await openPayments(ground, pairs)
      return { product: () => run(seconds), hot: null, insertOnly: null, settles: true, close }
    }
  }
}

async function compared(which: Compared, ground: Ground): Promise<void> {
  note('Making the baselines (10 million TPC-B accounts) …')
  const baselines = await openBaselines(ground.settings, clients)
  const runner = await runnerOf(which, ground)
  note('Warming up …')
  await runner.product()
  await runner.insertOnly?.()
  await baselines.tpcb(1)
  await baselines.naive(1)
  const measured = []
  for (let round = 1; round <= rounds; round++) {
    const before = runner.settles ? await bytesOnDisk(ground) : null
    const [product, productLog] = await logged(ground, runner.product)
    const tpcb = await baselines.tpcb(seconds)
    const [hot, hotLog] = runner.hot === null ? [null, 0] : await logged(ground, runner.hot)
    const diskBytes = before === null ? null : (await bytesOnDisk(ground)) - before
    const insertOnly = (await runner.insertOnly?.()) ?? null
    const naive = await baselines.naive(seconds)
    measured.push({ product, tpcb, hot, naive, insertOnly, diskBytes, logBytes: before && productLog + hotLog })
    const rates = { product, hot, tpcb, naive, 'insert only': insertOnly }
    note(
      `round ${round}: ${Object.entries(rates)
        .flatMap(([name, each]) => (each === null ? [] : [`${name} ${Math.round(rateOf(each))}/s`]))
        .join(', ')}`,
    )
  }
  print(figuresOf(which, measured))
  await runner.close()
  await baselines.close()
}

async function sustained(ground: Ground, minutes: number, perSecond: number): Promise<void> {
  const payments = await openPayments(ground, pairs)
  note('Warming up …')
  await payments.run(seconds)
  const before = await bytesOnDisk(ground)
  const [round, bytes] = await logged(ground, () => payments.sustained(minutes, perSecond, note))
  const { latenciesMs, count } = round
  const two = (value: number): number => Math.round(value * 100) / 100
  print({
    bench: 'payments-sustained',
    minutes,
    asked_per_s: perSecond,
    rate_per_s: two(rateOf(round)),
    payments: count,
    p50_ms: two(percentile(latenciesMs, 0.5)),
    p99_ms: two(percentile(latenciesMs, 0.99)),
    p999_ms: two(percentile(latenciesMs, 0.999)),
    longest_ms: two(percentile(latenciesMs, 1)),
    share_over_1_s: latenciesMs.filter((ms) => ms > 1_000).length / count,
    disk_bytes_per_payment: Math.round(((await bytesOnDisk(ground)) - before) / count),
    log_bytes_per_payment: Math.round(bytes / count),
    hub_memory_mb: Math.round((await payments.used()).memoryMb),
  })
  await payments.close()
}

try {
  if (bench === 'growth') {
    print(await growth({ accounts: values.small ? LARGE_IN_SMALL : LARGE, rounds, seconds, clients, ground: at, note }))
  } else if (bench === 'cards') print(await cards({ rounds, seconds, pairs, note }))
  else {
    const ground = await openGround(at)
    try {
      if (bench === 'payments' && values.sustained !== undefined)
        await sustained(ground, Number(values.sustained), Number(values.rate))
      else if (bench === 'goods')
        print(await goodsInTheBrowser(ground, { count: values.small ? 1_000 : GOODS, rounds, note }))
      else if (bench === 'proofs') print(await proofs(ground, { rounds, seconds, pairs, note }))
      else await compared(bench, ground)
    } finally {
      await ground.close()
    }
  }
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`)
  // Clients whose hub has gone would ask it for ever.
  process.exit(1)
}
