// A card number typed into a name, a note or a bill's line: refused at the border by one check over the schemas, told masked, and
// without a trace: no row, no command id, no line of the log.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { TSchema } from 'typebox'
import { unitOf } from '#core/money.ts'
import { NO_CARD_NUMBER } from '#protocol/parts.ts'
import { ALL_ROUTES } from '#protocol/routes.ts'
import { readCreditFile } from '#server/credit-file.ts'
import { readPriceFile } from '#server/goods/read.ts'
import { startTestHub, type TestHub } from './support/hub.ts'
import {
  assertProblem,
  fingerprint,
  newCommand,
  newDeal,
  speaker,
  type Reply,
  type Speaker,
} from './support/raw-client.ts'
import { BILL } from './support/valid-requests.ts'

const NUMBER = '4242 4242 4242 4242'
const MASKED = '•••• •••• •••• 4242'

let hub: TestHub
let register: Speaker
let hanako: Speaker
let desk: Speaker
const log: string[] = []

before(async () => {
  hub = await startTestHub({ dueEveryMs: 3_600_000, log: { write: (line: string) => void log.push(line) } })
  register = await speaker(hub, 'register')
  hanako = await speaker(hub, 'hanako')
  desk = await speaker(hub, 'desk')
})
after(async () => {
  register.client.close()
  hanako.client.close()
  desk.client.close()
  await hub.stop()
})

const billWith = (text: string, code: string | null = null) => ({
  ...BILL,
  lines: BILL.lines.map((line, index) => (index === 0 ? { ...line, text, code } : line)),
})

function isRefused(reply: Reply, field: string): void {
  assert.equal(assertProblem(reply, field), 'card-number-in-text', reply.text)
  assert.equal(reply.status, 422)
  assert.deepEqual(reply.body.figures, { field, number: MASKED })
}

test('a card number in a bill, a name, a note or a search is refused, told masked, and leaves nothing behind', async () => {
  const before = await fingerprint(hub.settings)
  const text = `Table 7, ${NUMBER} 12/29`
  const bill = billWith(text)
  const said: readonly (readonly [reply: Reply, field: string])[] = [
    [await register.command('open-offer', { deal: newDeal(), bill }), 'bill/lines/0/text'],
    [await register.command('ask', { deal: newDeal(), question: { attributes: [], reason: text } }), 'question/reason'],
    [
      await hanako.signed({ path: '/v1/profile', body: { displayName: text, language: 'en', birthDate: null } }),
      'displayName',
    ],
    [await desk.reads(`/v1/operator/parties?search=${encodeURIComponent(NUMBER)}`), 'search'],
  ]
  for (const [reply, field] of said) isRefused(reply, field)
  assert.deepEqual(await fingerprint(hub.settings), before)
  assert.equal(log.join('').includes('4242'), false, 'the log has not seen it')
})

test('the command id is unused: the same command without the number is decided', async () => {
  const [command, deal] = [newCommand(), newDeal()]
  isRefused(await register.command('open-offer', { deal, bill: billWith(NUMBER) }, command), 'bill/lines/0/text')
  const again = await register.command('open-offer', { deal, bill: billWith('Bread') }, command)
  assert.equal(again.status, 200, again.text)
})

test('the code of an article is no text: JANs and longer codes of goods stay as they are', async () => {
  for (const code of ['4901234567894', '4242424242424242']) {
    const reply = await register.command('open-offer', { deal: newDeal(), bill: billWith('JAN 4901234567894', code) })
    assert.equal(reply.status, 200, reply.text)
  }
})

test('files of goods and credits name the row that holds a card number', async () => {
  const JPY = unitOf('JPY')
  assert.ok(JPY)
  const goods = await readPriceFile(`code,name,price\n4901234567894,Tea,150\nB,${NUMBER},200\n`, JPY)
  assert.deepEqual(goods.faults, [{ line: 3, column: 'name', reason: 'card-number' }])
  const credits = readCreditFile(`account,amount,text\n00112345674,5,pay\n00112345674,5,${NUMBER}\n`, JPY)
  assert.deepEqual(credits.faults, [{ row: 3, reason: 'card-number' }])
})

/** Free strings that are no text of people, or are looked at where they are read. */
const ELSEWHERE: readonly string[] = [
  'bill-code: code', // what a register read off a phone
  'submit-purchase: purchase', // its lines: server/purchases.ts
  'credit-check: rows', // CSV and rows: server/credit-file.ts
  'credit-check: text',
  'credit-file: rows',
  'credit-file: text',
  'rates-check: rows', // holds no text
  'set-rates: rows',
  'card-tables-check: rows', // server/cards/tables-csv.ts
  'set-card-tables: rows',
  'price-file: csv', // core/price-file.ts
  'good: code',
]

test('every text that people write has the mark: a new one cannot be forgotten', () => {
  const free = new Set<string>()
  for (const { path, body } of ALL_ROUTES) if (body !== undefined) walk(body, path.split('/').at(-1) ?? '', '', free)
  const cells = [...free].filter((place) => !place.startsWith('good: ') || place === 'good: code')
  assert.deepEqual(cells.toSorted(), ELSEWHERE.filter((place) => cells.includes(place)).toSorted())
})

function walk(schema: TSchema, path: string, name: string, free: Set<string>): void {
  // Border: a schema is plain JSON, and what is looked at is looked for.
  const at = schema as Readonly<Record<string, unknown>> & TSchema
  const isFree = at.type === 'string' && !('pattern' in at) && !('const' in at) && !('enum' in at)
  if (isFree && at[NO_CARD_NUMBER] !== true) free.add(`${path}: ${name}`)
  for (const [key, part] of Object.entries(Object(at.properties) as Record<string, TSchema>))
    walk(part, path, key, free)
  if (at.items !== undefined) walk(at.items as TSchema, path, name, free)
  for (const part of (at.anyOf ?? []) as readonly TSchema[]) walk(part, path, name, free)
}
