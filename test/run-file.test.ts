// The watchdog of `npm test`: a file that does not end is ended, and said is what it was at.
import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { runFile } from './support/run-file.ts'

const SILENT_AT_MOST_MS = 3_000
/** Longer than anybody waits here. */
const LONG_MS = 600_000

let folder: string
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'warifu-run-file-'))
})
after(() => rm(folder, { recursive: true, force: true }))

describe('a test file', { concurrency: true }, () => {
  for (const [name, source, expected] of [
    [
      'that waits for ever',
      `test('waits', () => new Promise((done) => setTimeout(done, ${LONG_MS})))`,
      /heard of «waits»/u,
    ],
    ['that never gives the turn back', `test('spins', async () => { await null; for (;;); })`, /was ended: /u],
    ['that something holds open', `setTimeout(() => {}, ${LONG_MS})`, /no test was running/u],
  ] as const)
    test(`${name} is ended, and said is what it was at`, async () => {
      const { isRight, output } = await runFile(await fileWith(name, source), SILENT_AT_MOST_MS)
      assert.equal(isRight, false)
      assert.match(output, expected)
    })

  test('that ends by itself is right or not, with its tests counted', async () => {
    const right = await runFile(await fileWith('right', `test('a', () => {}); test('b', { skip: true }, () => {})`))
    assert.deepEqual([right.isRight, right.tests, right.passed, right.skipped], [true, 2, 1, 1])
    const wrong = await runFile(await fileWith('wrong', `test('a', () => { throw new Error('no') })`))
    assert.deepEqual([wrong.isRight, wrong.tests, wrong.passed], [false, 1, 0])
  })
})

async function fileWith(name: string, source: string): Promise<string> {
  const path = join(folder, `${name.replaceAll(' ', '-')}.test.mjs`)
  await writeFile(path, `import { test } from 'node:test'\n${source}\n`)
  return path
}
