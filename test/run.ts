// npm test: types, lint, format, then every test with the Node that runs this. One file more at a time than there are cores, the longest first, so that
// none of them is left alone at the end.
import { spawn } from 'node:child_process'
import { glob } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { basename, resolve } from 'node:path'
import { startCluster } from './support/cluster.ts'
import { runFile, type Finished } from './support/run-file.ts'

/** Those that take half a minute and more on two quiet cores. Who is not here, or is no more, does no harm. */
const LONGEST = [
  'identity-browser-site',
  'linearizability',
  'torture',
  'card-scan',
  'killed-cards',
  'story-browser',
  'identity-browser-wallet',
  'identity-browser-counter',
  'screens-japanese-browser',
  'handed-back-more-browser',
  'town',
  'ui-kit',
  'trouble',
  'bank-browser',
  'conversion-browser',
  'ordering-browser',
  'bank-browser-shop',
  'bank-browser-desk',
  'bank-debit-browser',
  'cards-browser',
  'card-id-browser',
  'desk-cards-browser',
  'one-time-browser',
  'cards',
  'cards-answers',
  'vault-killed',
  'means',
  'audit',
  'simulate',
  'supervisor',
  'story-browser-cuts',
  'switch-postgres',
  'people',
  'bench',
  'http-input',
  'staff-browser',
  'identity-browser-desk',
  'story-browser-japanese',
  'start',
  'watch',
  'backup',
  'questions',
]
/** Files wait for disks, timers and other processes a fifth of their time. */
const ONE_MORE = 1
const UNSTEADY_AT_MOST = 8
/** So many are named at the end. */
const SLOWEST = 10
/** Somebody wants it to end. */
let isEnded = false

// Every file loads the same modules: compiled once, and stripped of their types once, they take half the time.
process.env['NODE_COMPILE_CACHE'] ??= resolve('node_modules', '.cache', 'warifu-compiled')

const only = process.argv.slice(2)
const files = only.length > 0 ? only : (await Array.fromAsync(glob('test/{,attacks/}*.test.ts'))).toSorted(byLength)
const started = performance.now()

const checks: [name: string, command: string, args: string[]][] = [
  ['types', 'tsc', ['--noEmit']],
  ['lint', 'oxlint', ['--type-aware', '--quiet']],
  ['format', 'prettier', ['--check', '--log-level', 'warn', '.']],
]

// Side by side: none of them uses two processors.
if (only.length === 0)
  await Promise.all(checks.map(([name, command, args]) => timed(name, () => succeeds(command, args))))
await timed('tests', testsPass)
process.stdout.write(`all: ${secondsSince(started)} s\n`)

function byLength(left: string, right: string): number {
  const [before, after] = [left, right].map((file) => {
    const at = LONGEST.indexOf(basename(file, '.test.ts'))
    return at < 0 ? LONGEST.length : at
  })
  return (before ?? 0) - (after ?? 0) || (left < right ? -1 : 1)
}

/** Ends the run when it says no. */
async function timed(name: string, check: () => Promise<boolean>): Promise<void> {
  const before = performance.now()
  const isRight = await check()
  if (!isRight) process.stderr.write(`\n${name} failed after ${secondsSince(before)} s\n`)
  if (!isRight) process.exit(1)
  process.stdout.write(`${name}: ${secondsSince(before)} s\n`)
}

function succeeds(command: string, args: string[]): Promise<boolean> {
  const { promise, resolve: done, reject } = Promise.withResolvers<boolean>()
  const child = spawn(command, args, { stdio: 'inherit' })
  child.on('error', reject)
  child.on('close', (code) => done(code === 0))
  return promise
}

/**
 * A few files that fail beside others on a busy machine are run again by themselves, and named if they pass then: somebody should look at
 * them, because what shows itself only now and then may be a real race. More than that, or a second failure, is a failure.
 */
async function testsPass(): Promise<boolean> {
  const cluster = await startCluster()
  process.env['WARIFU_TEST_POSTGRES'] = JSON.stringify(cluster.connection)
  // The files that run end by themselves then (support/run-file.ts), and the server after them.
  const end = (): void => void (isEnded = true)
  process.once('SIGINT', end).once('SIGTERM', end)
  try {
    const finished = await runAll(files, availableParallelism() + ONE_MORE)
    writeSlowest(finished)
    const failed = finished.filter(({ isRight }) => !isRight).map(({ file }) => file)
    if (failed.length === 0) return !isEnded
    process.stdout.write(`\nfailed: ${failed.join(' ')}\n`)
    if (isEnded || failed.length > UNSTEADY_AT_MOST || only.length > 0) return false
    process.stdout.write('\nonce more, by themselves:\n')
    if ((await runAll(failed, 1)).some(({ isRight }) => !isRight) || isEnded) return false
    process.stdout.write(`\nUNSTEADY, look at them: ${failed.join(' ')}\n`)
    return true
  } finally {
    await cluster.stop()
  }
}

/** So many at a time, in their order. What a file has written comes whole, when it has ended, where it failed or was asked for by name. */
async function runAll(these: readonly string[], atOnce: number): Promise<Finished[]> {
  const waiting = these.values()
  const finished: Finished[] = []
  const worker = async (): Promise<void> => {
    for (const file of waiting) {
      if (isEnded) return
      const outcome = await runFile(file)
      finished.push(outcome)
      const { isRight, output, tests } = outcome
      if (!isRight || only.length > 0) process.stdout.write(`\n${output}`)
      process.stdout.write(
        `${isRight ? '✔' : '✖'} ${timesOf(outcome)}, ${tests} tests (${finished.length}/${these.length})\n`,
      )
    }
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
  return finished
}

/** Where the time goes. */
function writeSlowest(finished: readonly Finished[]): void {
  process.stdout.write('\nthe slowest:\n')
  for (const one of finished.toSorted((left, right) => right.seconds - left.seconds).slice(0, SLOWEST))
    process.stdout.write(`  ${timesOf(one)}\n`)
  const sum = (of: (one: Finished) => number): number => finished.reduce((total, one) => total + of(one), 0)
  const [tests, passed, skipped] = [sum((one) => one.tests), sum((one) => one.passed), sum((one) => one.skipped)]
  process.stdout.write(`${tests} tests, ${passed} passed, ${skipped} skipped, ${tests - passed - skipped} failed\n`)
}

/** CPU seconds, where they are known, do not depend on what else the machine does. */
function timesOf({ file, seconds, cpu }: Finished): string {
  const used = cpu === null ? '' : `, ${cpu.toFixed(1)} s of CPU without what a browser's pages used`
  return `${file}: ${seconds.toFixed(1)} s${used}`
}

function secondsSince(time: number): string {
  return ((performance.now() - time) / 1000).toFixed(1)
}
