// The card machine: a conventional terminal at a counter, against the real issuer. It charges once for a reference, and takes back what it did not
// hear of, also when it is killed in between.
import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, afterEach, before, test } from 'node:test'
import { NO_FAULTS } from '#issuer/faults.ts'
import { startMachine, type Machine } from '#issuer/machine-program.ts'
import { zoneKeysOf, type ZoneKeys } from '#issuer/one-time.ts'
import { startIssuer, type IssuerProgram } from '#issuer/program.ts'
import { CARDS, ISSUERS } from '#issuer/town.ts'
import { readZoneKey } from '#issuer/zone-key.ts'
import { until } from './support/hub.ts'
import { dial, MERCHANT, oneTimeFor } from './support/issuer-line.ts'

const [good, small] = CARDS
assert.ok(good && small)
const data = mkdtempSync(join(tmpdir(), 'warifu-machine-'))
let issuer: IssuerProgram
let machine: Machine
let keys: ZoneKeys
const linesOf = ({ lines }: IssuerProgram) =>
  lines.map(({ host, port }, at) => ({
    host,
    port,
    prefixes: [ISSUERS[at]?.prefix ?? '', ISSUERS[at]?.oneTimePrefix ?? ''],
  }))
const start = (withinMs: number, folder: string): Promise<Machine> =>
  startMachine({ data: folder, port: 0, zoneKey: issuer.zoneKey, lines: linesOf(issuer), withinMs, againMs: 20 })
before(async () => {
  issuer = await startIssuer({
    data,
    port: 0,
    lines: [0, 0],
    demo: true,
    cards: CARDS,
    zone: 'Asia/Tokyo',
    noticeMs: 50,
  })
  keys = zoneKeysOf(readZoneKey(issuer.zoneKey))
  machine = await start(10_000, join(data, 'machine'))
})
afterEach(() => issuer.faults.put(NO_FAULTS))
after(async () => {
  await machine.stop()
  await issuer.stop()
  rmSync(data, { recursive: true, force: true })
})

let references = 0
const sale = (said: object = {}) => ({
  number: good.number,
  expires: good.expires,
  amount: '1280',
  unit: 'JPY',
  merchant: MERCHANT.number,
  terminal: 'T1',
  reference: `deal_${++references}`,
  ...said,
})
async function post(
  path: string,
  body: unknown,
  of: Pick<Machine, 'url' | 'token'> = machine,
): Promise<[number, object]> {
  const headers = { authorization: `Bearer ${of.token}` }
  const response = await fetch(`${of.url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) })
  // Border: the machine answers with objects.
  return [response.status, (await response.json()) as object]
}
const booksOf = () => [...(issuer.desks.get('0001')?.books.authorisations.values() ?? [])]
test('a sale is asked once for its reference, answered, kept, and given back in parts', async () => {
  const asked = sale()
  const [, yes] = await post('/sale', asked)
  assert.ok('kind' in yes && yes.kind === 'approved' && 'approval' in yes && 'rrn' in yes)
  assert.match(String(yes.rrn), /^\d{12}$/u)
  const before = booksOf().length
  assert.deepEqual(await post('/sale', asked), [200, yes], 'the same again')
  assert.deepEqual(await post('/sale', { ...asked, amount: '5' }), [409, { why: 'reference' }])
  assert.equal(booksOf().length, before)
  const back = { number: asked.number, rrn: yes.rrn, unit: 'JPY' }
  const [, first] = await post('/refund', { ...back, amount: '280', reference: 'b1' })
  assert.ok('kind' in first && first.kind === 'approved')
  assert.deepEqual(await post('/refund', { ...back, amount: '280', reference: 'b1' }), [200, first])
  const [, tooMuch] = await post('/refund', { ...back, amount: '1001', reference: 'b2' })
  assert.deepEqual(tooMuch, { kind: 'refused', code: '13', reason: 'amount' })
  assert.deepEqual(await post('/refund', { ...back, rrn: '999999999999', amount: '1', reference: 'b3' }), [
    422,
    { why: 'rrn' },
  ])
  const { captured, refunded } = booksOf().find(({ rrn }) => rrn === yes.rrn) ?? assert.fail()
  assert.deepEqual([captured, refunded], [1280n, 280n])
  const headers = { authorization: `Bearer ${machine.token}` }
  const kept = await (await fetch(`${machine.url}/sales`, { headers })).text()
  assert.match(kept, /"457199…1019"/u)
  assert.doesNotMatch(kept, new RegExp(good.number, 'u'))
})

test("each no has a word, and what is malformed is nobody's sale", async () => {
  for (const [reason, code, said] of [
    ['limit', '51', { number: small.number, expires: small.expires, amount: '5001' }],
    ['expired', '54', { expires: '2032-01' }],
    ['number', '14', { number: '4571990000009996' }],
    ['issuer', '15', { number: '4242424242424242' }],
  ] as const)
    assert.deepEqual(await post('/sale', sale(said)), [200, { kind: 'refused', code, reason }])
  const messages = machine.book.messages
  for (const [why, said] of [
    ['number', { number: '4571990000001018' }],
    ['number', { number: 4571990000001019 }],
    ['expires', { expires: '31-12' }],
    ['amount', { amount: '0' }],
    ['amount', { amount: '1000000000000' }],
    ['amount', { amount: '1.5' }],
    ['unit', { unit: 'XXY' }],
    ['merchant', { merchant: 'a b' }],
    ['terminal', { terminal: '123456789' }],
    ['reference', { reference: '' }],
  ] as const)
    assert.deepEqual(await post('/sale', sale(said)), [422, { why }], JSON.stringify(said))
  assert.deepEqual(await post('/sale', null), [422, { why: 'number' }])
  assert.deepEqual(await post('/sale', 'x'.repeat(3_000)), [413, { why: 'too large' }])
  assert.deepEqual(await post('/other', {}), [404, { why: 'nothing here' }])
  assert.equal(machine.book.messages, messages, 'nothing was sent')
})

test('pages of this machine may ask with the token, and nobody else', async () => {
  const asking = (origin: string, token = machine.token): Promise<Response> =>
    fetch(`${machine.url}/health`, { headers: { origin, authorization: `Bearer ${token}` } })
  const right = await asking('http://localhost:8080')
  assert.deepEqual([right.status, right.headers.get('access-control-allow-origin')], [200, 'http://localhost:8080'])
  assert.deepEqual(await right.json(), { name: 'Warifu card machine' })
  for (const origin of ['https://evil.example', 'http://localhost.evil.example', 'null'])
    assert.equal((await asking(origin)).status, 403, origin)
  assert.equal((await asking('http://localhost:8080', 'wrong')).status, 401)
  const preflight = await fetch(`${machine.url}/sale`, { method: 'OPTIONS', headers: { origin: 'http://127.0.0.1:1' } })
  assert.deepEqual(
    [preflight.status, preflight.headers.get('access-control-allow-headers')],
    [204, 'authorization, content-type'],
  )
  assert.equal(statSync(machine.tokenFile).mode & 0o777, 0o600)
})

test('a one-time number is a card number to it: once, here, for this amount', async () => {
  const hub = await dial(issuer.lines[0]?.port ?? 0, keys)
  await hub.ask({ kind: 'network', what: '001' })
  const { number, put } = oneTimeFor(keys, good.number)
  assert.equal((await hub.ask(put)).code, '00')
  const other = await post('/sale', sale({ number, terminal: 'T2' }))
  assert.deepEqual(other, [200, { kind: 'refused', code: '58', reason: 'terminal' }])
  assert.equal((await hub.notice()).event, 'other-terminal')
  const [, yes] = await post('/sale', sale({ number }))
  assert.ok('kind' in yes && yes.kind === 'approved' && 'rrn' in yes && 'approval' in yes)
  const told = await hub.notice()
  assert.deepEqual([told.event, told.approval, told.trace.rrn], ['used', yes.approval, yes.rrn])
  assert.deepEqual(await post('/sale', sale({ number })), [200, { kind: 'refused', code: '94', reason: 'used' }])
  await hub.notice()
  const [, back] = await post('/refund', {
    number,
    rrn: yes.rrn,
    unit: 'JPY',
    amount: '1280',
    reference: 'one-time-back',
  })
  assert.ok('kind' in back && back.kind === 'approved')
  assert.equal((await hub.notice()).event, 'refunded')
  hub.close()
})

test('without an answer nothing is charged: the sale is taken back until the issuer says that it is', async () => {
  const hasty = await start(30, join(data, 'hasty'))
  issuer.faults.put({ ...NO_FAULTS, holds: 'answer' })
  const asked = sale()
  assert.deepEqual(await post('/sale', asked, hasty), [200, { kind: 'no-answer' }])
  await until(() => hasty.book.entries.get(asked.reference)?.state === 'taken-back')
  assert.equal(booksOf().at(-1)?.state, 'reversed')
  issuer.faults.put({ ...NO_FAULTS, silent: true })
  const unheard = sale()
  assert.deepEqual(await post('/sale', unheard, hasty), [200, { kind: 'no-answer' }])
  issuer.faults.put(NO_FAULTS)
  await until(() => hasty.book.entries.get(unheard.reference)?.state === 'taken-back')
  for (const fault of [{ other: 'stan' }, { other: 'amount' }, { cutsAfter: 30 }] as const) {
    issuer.faults.put({ ...NO_FAULTS, ...fault })
    const wrong = sale()
    assert.deepEqual(await post('/sale', wrong, hasty), [200, { kind: 'no-answer' }], JSON.stringify(fault))
    issuer.faults.put(NO_FAULTS)
    await until(() => hasty.book.entries.get(wrong.reference)?.state === 'taken-back')
    assert.equal(booksOf().at(-1)?.state, 'reversed', 'another answer is none')
  }
  assert.deepEqual(await post('/sale', asked, hasty), [200, { kind: 'no-answer' }], 'and so it stays')
  await hasty.stop()
})

test('a sale by a one-time number whose answer was lost stands once the hub may have heard of it, and the machine learns that', async () => {
  const hasty = await start(2_000, join(data, 'lost'))
  const hub = await dial(issuer.lines[0]?.port ?? 0, keys)
  await hub.ask({ kind: 'network', what: '001' })
  const { number, order, put } = oneTimeFor(keys, good.number)
  await hub.ask(put)
  const lost = sale({ number })
  issuer.faults.put({ ...NO_FAULTS, holds: 'answer' })
  const asked = post('/sale', lost, hasty)
  const told = await hub.notice()
  assert.equal(told.event, 'used')
  // Its answer never comes, and the reversal comes through.
  const [, said] = await asked
  const { approval, rrn } = booksOf().find(({ id }) => id === order) ?? assert.fail()
  assert.deepEqual(said, { kind: 'approved', approval, rrn })
  assert.deepEqual([told.approval, told.trace.rrn], [approval, rrn])
  assert.deepEqual(await post('/sale', lost, hasty), [200, said])
  const back = { number, rrn, unit: 'JPY', amount: '1280', reference: 'lost-back' }
  const [, given] = await post('/refund', back, hasty)
  assert.ok('kind' in given && given.kind === 'approved', 'money goes back by a refund')
  assert.equal((await hub.notice()).event, 'refunded')
  issuer.faults.put(NO_FAULTS)
  hub.close()
  await hasty.stop()
  const later = await start(2_000, join(data, 'lost'))
  assert.deepEqual(await post('/sale', lost, later), [200, said], 'after a restart too')
  await later.stop()

  const unheard = oneTimeFor(keys, good.number)
  const offline = await dial(issuer.lines[0]?.port ?? 0, keys)
  await offline.ask(unheard.put, { acquirer: '666666' })
  const quick = await start(30, join(data, 'unheard'))
  issuer.faults.put({ ...NO_FAULTS, holds: 'answer' })
  const taken = sale({ number: unheard.number })
  assert.deepEqual(await post('/sale', taken, quick), [200, { kind: 'no-answer' }])
  await until(() => quick.book.entries.get(taken.reference)?.state === 'taken-back')
  assert.equal(booksOf().at(-1)?.state, 'reversed', 'nobody has heard of it yet')
  offline.close()
  await quick.stop()
})

test('a refund without an answer is asked again under its own name, and done once', async () => {
  const hasty = await start(1_000, join(data, 'refunds'))
  const [, yes] = await post('/sale', sale(), hasty)
  assert.ok('rrn' in yes)
  issuer.faults.put({ ...NO_FAULTS, cutsAfter: 0 })
  const back = { number: good.number, rrn: yes.rrn, unit: 'JPY', amount: '80', reference: 'again' }
  assert.deepEqual(await post('/refund', back, hasty), [200, { kind: 'no-answer' }])
  issuer.faults.put(NO_FAULTS)
  await until(() => hasty.book.entries.get('again')?.state === 'approved')
  assert.equal(booksOf().findLast(({ rrn }) => rrn === yes.rrn)?.refunded, 80n)
  await hasty.stop()
})

test('killed while it waits, a machine takes its sale back when it is started again', async () => {
  const folder = join(data, 'killed')
  const main = new URL('../issuer/machine.ts', import.meta.url).pathname
  const lines = linesOf(issuer).flatMap(({ host, port, prefixes }) => [
    '--line',
    `${host}:${port}=${prefixes.join(',')}`,
  ])
  async function rise(): Promise<{ child: ChildProcess; url: string; token: string }> {
    const child = spawn(
      process.execPath,
      [main, '--data', folder, '--port', '0', '--zone-key', issuer.zoneKey, ...lines],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    )
    const [said] = (await once(createInterface(child.stdout ?? assert.fail()), 'line')) as [string]
    // Border: issuer/machine.ts wrote the line.
    const { url, token } = JSON.parse(said) as { url: string; token: string }
    return { child, url, token: readFileSync(token, 'utf8').trim() }
  }
  const first = await rise()
  issuer.faults.put({ ...NO_FAULTS, holds: 'answer' })
  const before = booksOf().length
  const asked = post('/sale', sale(), first).catch(() => 'dead')
  await until(() => booksOf().length > before)
  first.child.kill('SIGKILL')
  assert.equal(await asked, 'dead')
  issuer.faults.put(NO_FAULTS)
  assert.equal(booksOf().at(-1)?.state, 'approved', 'charged, and nobody at the counter knows')
  const second = await rise()
  await until(() => booksOf().at(-1)?.state === 'reversed')
  const ended = once(second.child, 'exit')
  second.child.kill('SIGTERM')
  assert.deepEqual(await ended, [0, null])
})
