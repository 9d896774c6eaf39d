// npm test: types, lint, format, then every test with the Node that runs this. One file at a time per core, the longest first, so that
// none of them is left alone at the end.
import { spawn } from 'node:child_process'
import { glob } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { basename, relative, resolve } from 'node:path'
import { run as runTests } from 'node:test'
import { spec } from 'node:test/reporters'

/** Those that take half a minute and more on two quiet cores. Who is not here, or is no more, does no harm. */
const LONGEST = [
  'identity-browser-site',
  'linearizability',
  'torture',
  'story-browser',
  'identity-browser-wallet',
  'identity-browser-counter',
  'town',
  'ui-kit',
  'trouble',
  'bank-browser',
  'bank-browser-shop',
  'bank-browser-desk',
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
/** A test that waits for a state which never comes. */
const TIMEOUT_MS = 180_000
const UNSTEADY_AT_MOST = 8

const only = process.argv.slice(2)
const files = only.length > 0 ? only : (await Array.fromAsync(glob('test/{,attacks/}*.test.ts'))).toSorted(byLength)
const started = performance.now()

const checks: [name: string, command: string, args: string[]][] = [
  ['types', 'tsc', ['--noEmit']],
  ['lint', 'oxlint', ['--type-aware', '--quiet']],
  ['format', 'prettier', ['--check', '--log-level', 'warn', '.']],
]

if (only.length === 0) for (const [name, command, args] of checks) await timed(name, () => succeeds(command, args))
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
  const failed = await failingOf(files, Math.max(2, availableParallelism()))
  if (failed.length === 0) return true
  if (failed.length > UNSTEADY_AT_MOST || only.length > 0) return false
  process.stdout.write(`\nonce more, by themselves: ${failed.join(' ')}\n`)
  if ((await failingOf(failed, 1)).length > 0) return false
  process.stdout.write(`\nUNSTEADY, look at them: ${failed.join(' ')}\n`)
  return true
}

/** Runs these files by Node's runner, called from here because its command line takes them in the order of their names alone. */
async function failingOf(these: readonly string[], concurrency: number): Promise<string[]> {
  const failed = new Set<string>()
  const tests = runTests({ files: these.map((file) => resolve(file)), concurrency, timeout: TIMEOUT_MS })
  tests.on('test:fail', ({ todo, file }) => {
    if (todo === undefined) failed.add(file === undefined ? 'unknown' : relative('.', file))
  })
  for await (const text of tests.compose(spec)) process.stdout.write(String(text))
  return [...failed]
}

function secondsSince(time: number): string {
  return ((performance.now() - time) / 1000).toFixed(1)
}
