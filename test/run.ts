// npm test: types, lint, format, then every test with the Node that runs this. One file at a time per core.
import { spawn } from 'node:child_process'
import { glob } from 'node:fs/promises'
import { availableParallelism } from 'node:os'

const only = process.argv.slice(2)
const files = only.length > 0 ? only : (await Array.fromAsync(glob('test/{,attacks/}*.test.ts'))).toSorted()
const started = performance.now()

const steps: [name: string, command: string, args: string[]][] = [
  ['types', 'tsc', ['--noEmit']],
  ['lint', 'oxlint', ['--type-aware', '--quiet']],
  ['format', 'prettier', ['--check', '--log-level', 'warn', '.']],
  [
    'tests',
    process.execPath,
    ['--test', `--test-concurrency=${Math.max(2, availableParallelism())}`, '--test-timeout=180000', ...files],
  ],
]

for (const [name, command, args] of only.length > 0 ? steps.slice(3) : steps) {
  const before = performance.now()
  const code = await run(command, args)
  const seconds = ((performance.now() - before) / 1000).toFixed(1)
  if (code !== 0) {
    process.stderr.write(`\n${name} failed after ${seconds} s\n`)
    process.exit(1)
  }
  process.stdout.write(`${name}: ${seconds} s\n`)
}
process.stdout.write(`all: ${((performance.now() - started) / 1000).toFixed(1)} s\n`)

function run(command: string, args: string[]): Promise<number | null> {
  const { promise, resolve, reject } = Promise.withResolvers<number | null>()
  const child = spawn(command, args, { stdio: 'inherit' })
  child.on('error', reject)
  child.on('close', resolve)
  return promise
}
