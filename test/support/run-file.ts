// Runs one test file in a process of its own, and ends it when it says nothing for too long.
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import type { Word } from './reporter.ts'

const REPORTER = fileURLToPath(new URL('reporter.ts', import.meta.url))
/** A test that waits for a state which never comes is failed by Node itself, with its name. */
const TEST_WITHIN_MS = 180_000
/**
 * What still says nothing is not failed so: code that never gives the turn back, or a process whose tests are done while something holds
 * it open.
 */
const SILENT_AT_MOST_MS = TEST_WITHIN_MS + 60_000
/** Nothing that it started outlives the run. */
const ENDS = ['exit', 'SIGINT', 'SIGTERM'] as const
/** From the word to end until the end. */
const GRACE_MS = 5_000

export type Finished = Readonly<{
  file: string
  isRight: boolean
  /** what it wrote for people, and how it was cut off */
  output: string
  seconds: number
  cpu: number | null
  tests: number
  passed: number
  skipped: number
}>

type Running = Extract<Word, { nesting: number }>
type Sum = Extract<Word, { kind: 'sums up' }>

/** Never throws: a file that cannot run has failed. `silentAtMostMs` is there for the test of this. */
export async function runFile(file: string, silentAtMostMs = SILENT_AT_MOST_MS): Promise<Finished> {
  const began = performance.now()
  const child = spawn(
    process.execPath,
    [`--test-timeout=${TEST_WITHIN_MS}`, `--test-reporter=${REPORTER}`, '--test-reporter-destination=stdout', file],
    // The variable tells a file that Node's own runner has started it, which may have started us.
    { stdio: ['ignore', 'pipe', 'pipe', 'pipe'], env: { ...process.env, NODE_TEST_CONTEXT: undefined } },
  )
  const endChild = (): void => void child.kill('SIGTERM')
  for (const end of ENDS) process.once(end, endChild)
  const ended = new Promise<number | null>((resolve) => {
    child.on('error', () => resolve(null))
    child.on('close', (code) => resolve(code))
  })
  let running: Running[] = []
  let sum: Sum = { kind: 'sums up', tests: 0, passed: 0, skipped: 0, cpu: null }
  let cut = ''
  let grace: NodeJS.Timeout | undefined
  const watchdog = setTimeout(() => {
    cut = `\n${file} was ended: ${doingWhat(running)} for ${silentAtMostMs / 1000} s\n`
    child.kill('SIGTERM')
    grace = setTimeout(() => child.kill('SIGKILL'), GRACE_MS)
  }, silentAtMostMs)

  // Borders: `stdio` above makes these pipes, and support/reporter.ts writes words.
  const [out, err, words] = child.stdio.slice(1) as [Readable, Readable, Readable]
  createInterface({ input: words }).on('line', (line) => {
    watchdog.refresh()
    const word = JSON.parse(line) as Word
    if (word.kind === 'sums up') sum = word
    else if (word.kind === 'begins') running.push(word)
    else running = running.filter(({ name, nesting }) => name !== word.name || nesting !== word.nesting)
  })
  let said = ''
  for (const stream of [out, err]) stream.setEncoding('utf8').on('data', (piece) => (said += String(piece)))
  // What it had started may live on, with the other ends of these in its hands.
  child.on('exit', () => cut !== '' && child.stdio.forEach((stream) => stream?.destroy()))
  const code = await ended
  for (const end of ENDS) process.off(end, endChild)
  clearTimeout(watchdog)
  clearTimeout(grace)
  const { tests, passed, skipped, cpu } = sum
  const seconds = (performance.now() - began) / 1000
  return { file, isRight: code === 0 && cut === '', output: said + cut, seconds, cpu, tests, passed, skipped }
}

function doingWhat(running: readonly Running[]): string {
  if (running.length === 0) return 'no test was running, and it did not end'
  return `nothing was heard of «${running.map(({ name }) => name).join('» › «')}»`
}
