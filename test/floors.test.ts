// The architecture, as a test: who may import whom, and that the rules use no clock, chance, process or timer.

import assert from 'node:assert/strict'
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { test } from 'node:test'

const ROOT = resolve(import.meta.dirname, '..')
const FOLDERS = 'core protocol switch sdk ui server issuer vault apps sim bank examples bench torture test'.split(' ')

/** What each floor may import besides itself: floors, packages (with what lies below them), or any package. */
const MAY_IMPORT: Readonly<Record<string, RegExp>> = {
  core: /^@noble\/hashes(\/|$)/,
  protocol: /^(#core\/|typebox(\/|$))/,
  switch: /^#(core|protocol)\//,
  sdk: /^(#(core|protocol)\/|@noble\/hashes(\/|$)|@simplewebauthn\/browser$|jose(\/|$))/,
  ui: /^(#(core|protocol)\/|(preact|qr|zxing-wasm|bwip-js)(\/|$))/,
  // Of the vault it has the words alone, and makes the vault's database: what is done with a card number is in another process.
  server: /^(#(core|protocol|switch|bank)\/|#vault\/(wire|prepare)\.ts$|[^#])/,
  // The card issuer keeps its books as the reference bank does, in a journal.
  issuer: /^(#(core|protocol)\/|#bank\/(journal|local)\.ts$|[^#])/,
  // The vault speaks the issuers' format, and is a program on this machine as the bank is.
  vault: /^(#(core|protocol|issuer)\/|#bank\/local\.ts$|[^#])/,
  apps: /^(#(core|protocol|sdk|ui)\/|preact(\/|$))/,
  sim: /^(#(core|protocol|switch|sdk)\/|node:)/,
  // The reference bank stands beside the hub as a real one does; the hub has its formats.
  bank: /^(#core\/|node:|fast-xml-parser$)/,
  // Somebody else's programs: they know the hub by its addresses alone.
  examples: /^[^#]/,
}
/** The sample shop shows how the client is used: it alone of the examples has it, with the types of what it says and hears. */
const SAMPLE_SHOP = /^(#(sdk|protocol)\/|[^#])/
const IMPURE =
  /\bDate\.now\b|\bnew Date\s*\(\s*\)|\bTemporal\.Now\b|\bMath\.random\b|\bgetRandomValues\b|\brandomUUID\b|\bperformance\.now\b|\bprocess\.|\bset(Timeout|Interval|Immediate)\b/
const MACHINE_PATH = /(?<=["'`(\s])\/(home|Users|root|work)\/[\w.-]+/
const IMPORTED = /\b(?:from|import)\s*\(?\s*(['"])([^'"\n]+)\1/g

/** What a file does that its floor forbids, one sentence each. */
function faultsOf(path: string, text: string): string[] {
  const faults: string[] = []
  const machinePath = MACHINE_PATH.exec(text)
  if (machinePath) faults.push(`${path} names a place on one machine: ${machinePath[0]}`)
  const floor = path.split('/')[0] ?? ''
  const allowed = path.startsWith('examples/shop/') ? SAMPLE_SHOP : MAY_IMPORT[floor]
  if (!allowed || !/\.(ts|tsx|js|mjs)$/.test(path)) return faults

  const code = text.replace(/\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/.*$/gm, '')
  for (const [, , target = ''] of code.matchAll(IMPORTED)) {
    const own = target.startsWith('.')
      ? join(path, '..', target).startsWith(`${floor}/`)
      : target.startsWith(`#${floor}/`)
    if (!own && (target.startsWith('.') || !allowed.test(target))) faults.push(`${path} may not import ${target}`)
  }
  const impure = floor === 'core' || floor === 'switch' ? IMPURE.exec(code) : null
  if (impure) faults.push(`${path} is a pure floor and uses ${impure[0]}`)
  return faults
}

test('every import goes down, and the rules are pure', () => {
  const paths = FOLDERS.filter((folder) => existsSync(join(ROOT, folder))).flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && /\.(ts|tsx|js|mjs|css|html|json|md|sql|sh)$/.test(entry.name))
      .map((entry) => relative(ROOT, join(entry.parentPath, entry.name))),
  )
  assert(paths.includes('core/money.ts'))
  assert.deepEqual(
    paths.flatMap((path) => faultsOf(path, readFileSync(join(ROOT, path), 'utf8'))),
    [],
  )
})

test('the check finds what it is there to find', () => {
  const away = ['', 'home', 'ann', 'notes.txt'].join('/')
  for (const [path, text] of [
    ['core/money.ts', "import { join } from 'node:path'"],
    ['core/money.ts', "import type { View } from '#protocol/views.ts'"],
    ['core/money.ts', "export { x } from '../protocol/views.ts'"],
    ['core/deep/money.ts', "import {\n  x,\n} from '../../switch/x.ts'"],
    ['core/money.ts', 'const now = Date.now()'],
    ['core/money.ts', 'const now = new Date()'],
    ['protocol/views.ts', "const x = await import('#switch/handle.ts')"],
    ['switch/handle.ts', 'setTimeout(() => {}, 1)'],
    ['switch/handle.ts', 'crypto.getRandomValues(bytes)'],
    ['switch/handle.ts', "import '#server/main.ts'"],
    ['sdk/client.ts', "import Type from 'typebox'"],
    ['ui/button.tsx', "import { client } from '#sdk/client.ts'"],
    ['server/main.ts', "import { x } from '#apps/wallet/x.ts'"],
    ['examples/shop/main.ts', "import { x } from '#server/x.ts'"],
    ['examples/ciba-client.ts', "import { x } from '#sdk/x.ts'"],
    ['apps/wallet/main.tsx', "import { x } from '#server/x.ts'"],
    ['sim/main.ts', "import { x } from '#server/x.ts'"],
    ['server/hub.ts', "import { x } from '#vault/cards.ts'"],
    ['issuer/main.ts', "import { x } from '#vault/wire.ts'"],
    ['test/any.test.ts', `const path = '${away}'`],
  ] as const) {
    assert.equal(faultsOf(path, text).length, 1, `${path}: ${text}`)
  }
  for (const [path, text] of [
    ['core/money.ts', "import { sha256 } from '@noble/hashes/sha2.js'\n// Date.now() is not for here"],
    ['core/deep/money.ts', "import { x } from '../bytes.ts'"],
    ['switch/handle.ts', "import { x } from '#core/x.ts'\nqueueMicrotask(run)"],
    ['server/main.ts', "import { x } from '#switch/x.ts'\nimport fastify from 'fastify'\nDate.now()"],
    ['apps/wallet/main.tsx', "import { render } from 'preact'\nconst from = 'https://example.org/home/x'"],
  ] as const) {
    assert.deepEqual(faultsOf(path, text), [], `${path}: ${text}`)
  }
})
