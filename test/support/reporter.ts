// What one test file tells test/run.ts, line by line on file descriptor 3, beside the text for people.
import { readFileSync, writeSync } from 'node:fs'
import { spec, type TestEvent } from 'node:test/reporters'

const PIPE = 3

/** `begins` and `ends` name a test or a group of them; `sums up` comes when all of them have ended, and before the process does. */
export type Word =
  | Readonly<{ kind: 'begins' | 'ends'; name: string; nesting: number }>
  | Readonly<{
      kind: 'sums up'
      tests: number
      passed: number
      skipped: number
      /** of this process and those it started that have ended, in seconds; null where the system does not say */
      cpu: number | null
    }>

export default async function* report(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const text = spec()
  for await (const event of events) {
    const word = wordOf(event)
    if (word !== null) writeSync(PIPE, `${JSON.stringify(word)}\n`)
    text.write(event)
    for (let piece = text.read(); piece !== null; piece = text.read()) yield String(piece)
  }
  text.end()
  for await (const piece of text) yield String(piece)
}

function wordOf({ type, data }: TestEvent): Word | null {
  if (type === 'test:dequeue') return { kind: 'begins', name: data.name, nesting: data.nesting }
  if (type === 'test:complete') return { kind: 'ends', name: data.name, nesting: data.nesting }
  if (type !== 'test:summary') return null
  const { tests, passed, skipped } = data.counts
  return { kind: 'sums up', tests, passed, skipped, cpu: cpuSeconds() }
}

/** Linux tells of children, too, once they have ended and were waited for; a browser's own children, its pages, never are. */
function cpuSeconds(): number | null {
  if (process.platform !== 'linux') return null
  const line = readFileSync('/proc/self/stat', 'utf8')
  // proc(5): fields 14 to 17 in hundredths of a second, counted from the name in parentheses, which may contain spaces.
  const fields = line.slice(line.lastIndexOf(')') + 2).split(' ')
  return fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0) / 100
}
