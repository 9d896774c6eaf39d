// A merchant's price file through HTTP: who may read and write it, what a wrong row says, and that nothing is ever half imported.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { COLUMNS, CSV_HEAD, csvRow, type Row } from '#core/price-file.ts'
import type { PriceFileChange } from '#protocol/goods.ts'
import { LIMITS } from '#protocol/limits.ts'
import { demoPriceFile } from '#server/demo-goods.ts'
import { parseCsv } from './support/office-page.ts'
import { enrolled, startTestHub, type TestHub } from './support/hub.ts'
import { withClient } from './support/postgres.ts'
import { assertProblem, speaker, type Reply, type Speaker } from './support/raw-client.ts'
import { hereAt, openShop, setPinAt, signInAt, signOutAt } from './support/staff.ts'

let hub: TestHub
let desk: Speaker
let register: Speaker

before(async () => {
  hub = await startTestHub()
  desk = await speaker(hub, 'desk', await enrolled(hub, 'desk'))
  register = await speaker(hub, 'register')
})
after(async () => {
  for (const { client } of [desk, register]) client.close()
  await hub.stop()
})

const put = (till: Speaker, csv: string, over: Partial<{ basedOn: number; check: boolean }> = {}): Promise<Reply> =>
  till.signed({ path: '/v1/price-file', body: { basedOn: 0, csv, check: false, ...over } })
const yes = (reply: Reply): PriceFileChange => {
  assert.equal(reply.status, 200, reply.text)
  // Border: the route's schema is checked by the attack suite.
  return reply.body as PriceFileChange
}
const versionAt = async (till: Speaker): Promise<number> => Number((await till.reads('/v1/price-file')).body.version)
const csvAt = async (till: Speaker): Promise<string> => {
  const reply = await till.reads('/v1/price-file.csv')
  assert.equal(reply.status, 200, reply.text)
  return reply.text
}

const SMALL = 'code,name,price,tax\nb1,Bread,380,8% reduced\nb2,Butter,720,8% reduced\nbag,Bag,10,10%\n'

test('the demo bakery has a file, and what is read from it can be sent back unchanged', async () => {
  const file = await register.reads('/v1/price-file')
  assert.deepEqual([file.body.version, file.body.count], [1, parseCsv(demoPriceFile()).length - 1])
  assert.deepEqual(file.body.rounding, { per: 'bill', to: 'down' })
  const csv = await csvAt(register)
  assert.ok(csv.startsWith(CSV_HEAD))
  const change = yes(await put(register, csv, { basedOn: 1 }))
  assert.deepEqual([change.added, change.changed, change.removed, change.file.version], [0, 0, 0, 1])
})

test('a file is looked at, stored, changed by another and conflicts with a third', async () => {
  const till = await (await openShop(hub, desk, 'Shop of versions')).terminal()
  const seen = yes(await put(till, SMALL, { check: true }))
  assert.deepEqual([seen.stored, seen.added, seen.file.version], [false, 3, 0])
  assert.equal(await versionAt(till), 0)
  const stored = yes(await put(till, SMALL))
  assert.deepEqual([stored.stored, stored.added, stored.file.version, stored.file.count], [true, 3, 1, 3])
  assert.deepEqual(yes(await put(till, SMALL)).file.version, 1, 'a lost answer, asked for again')

  const next = 'name;code;price;tax\nBread;b1;400;8%軽減\nJam;b3;680;\nBag;bag;10;10%\n'
  const change = yes(await put(till, next, { basedOn: 1 }))
  assert.deepEqual(
    change.changes.map(({ change: what, code, before, after }) => `${what} ${code} ${before} ${after}`),
    ['changed b1 380 400', 'added b3 null 680', 'removed b2 720 null'],
  )
  assert.equal(change.file.version, 2)
  assert.equal(assertProblem(await put(till, `${SMALL}\n`, { basedOn: 1 }), 'stale'), 'goods-changed')
  assert.deepEqual(
    parseCsv(await csvAt(till)).map(([code, name]) => [code, name]),
    [
      ['code', 'name'],
      ['b1', 'Bread'],
      ['b3', 'Jam'],
      ['bag', 'Bag'],
    ],
  )
})

test('one good is changed, added and taken out, and only where it was looked at', async () => {
  const till = await (await openShop(hub, desk, 'Shop of one good')).terminal()
  yes(await put(till, SMALL))
  const row = (over: Row): Record<string, string> => ({
    ...Object.fromEntries(COLUMNS.map((column) => [column, ''])),
    code: 'b2',
    name: 'Butter',
    price: '750',
    ...over,
  })
  const one = (body: object): Promise<Reply> => till.signed({ path: '/v1/price-file/good', body })
  assert.equal(yes(await one({ basedOn: 1, code: 'b2', row: row({}) })).file.version, 2)
  assert.equal(yes(await one({ basedOn: 2, code: null, row: row({ code: 'b4', name: '=Egg' }) })).added, 1)
  assert.equal(yes(await one({ basedOn: 3, code: 'bag', row: null })).removed, 1)
  const cells = parseCsv(await csvAt(till)).map(
    ([code = '', name = '', , , , price = '']) => `${code} ${name} ${price}`,
  )
  assert.deepEqual(cells.slice(1), ['b1 Bread 380', 'b2 Butter 750', "b4 '=Egg 750"], 'no spreadsheet runs a name')
  assert.equal(assertProblem(await one({ basedOn: 3, code: 'b2', row: null }), ''), 'goods-changed')
  assert.equal(assertProblem(await one({ basedOn: 4, code: 'b9', row: null }), ''), 'not-found')
  assert.equal(assertProblem(await one({ basedOn: 4, code: null, row: row({ code: 'b1' }) }), ''), 'goods-invalid')
  assert.equal(assertProblem(await one({ basedOn: 4, code: 'b2', row: row({ price: 'much' }) }), ''), 'goods-invalid')
  assert.equal(await versionAt(till), 4)
})

test('every wrong row is named by its line, at most a hundred of them, and nothing is imported', async () => {
  const till = await (await openShop(hub, desk, 'Shop of faults')).terminal()
  yes(await put(till, SMALL))
  const before = await csvAt(till)
  const wrong = [
    'code,name,price,tax',
    'b1,Bread,380,8%',
    '4901234567895,Milk,150,8%',
    '',
    'b5,,100,8%',
    'b6,Egg,1.5,8%',
    'b7,Too,few',
    'b1,Again,380,8%',
    'b8,"two\nlines",100,8%',
    'b9,Tea,100,a lot',
  ].join('\n')
  const seen = yes(await put(till, wrong, { basedOn: 1, check: true }))
  assert.deepEqual(
    seen.faults.map(({ line, column, reason }) => `${line} ${column} ${reason}`),
    [
      '3 code check-digit',
      '5 name missing',
      '6 price price',
      '7 null columns',
      '8 code duplicate',
      '10 name text',
      '11 tax tax',
    ],
  )
  const refused = await put(till, wrong, { basedOn: 1 })
  assert.equal(refused.status, 422)
  assert.equal(assertProblem(refused, ''), 'goods-invalid')
  assert.deepEqual(refused.body.figures, {
    rows: '7',
    'line 3': 'code: check-digit',
    'line 5': 'name: missing',
    'line 6': 'price: price',
    'line 7': 'columns',
    'line 8': 'code: duplicate',
    'line 10': 'name: text',
    'line 11': 'tax: tax',
  })
  const whole: readonly [csv: string, faults: readonly string[]][] = [
    ['', ['1 null empty']],
    ['\ufeff', ['1 null empty']],
    ['name,price\nBread,380', ['1 code missing']],
    ['code,name,colour,price\nb1,Bread,red,380', ['1 colour column-unknown']],
    ['code,name,name,price\nb1,Bread,Bread,380', ['1 name column-twice']],
    ['code,name,price\nb1,"Bread,380\nb2,Butter,720\n', ['3 null columns']],
    [`code,name,price\n"${'x'.repeat(9_000)}\n`, ['2 null columns']],
  ]
  for (const [csv, faults] of whole) {
    const { faults: found } = yes(await put(till, csv, { basedOn: 1, check: true }))
    assert.deepEqual(
      found.map(({ line, column, reason }) => `${line} ${column} ${reason}`),
      faults,
      csv.slice(0, 60),
    )
    assert.equal((await put(till, csv, { basedOn: 1 })).status, 422)
  }
  const many = yes(await put(till, `code,name,price\n${'x,y,z\n'.repeat(150)}`, { basedOn: 1, check: true }))
  assert.deepEqual([many.faultCount, many.faults.length], [150, LIMITS.goodsListed])
  assert.equal(await csvAt(till), before)
  assert.equal(await versionAt(till), 1)
})

test('fifty thousand goods are one import, and one more is none', async () => {
  const till = await (await openShop(hub, desk, 'Supermarket')).terminal()
  const rows = Array.from({ length: LIMITS.goods }, (_, at) =>
    csvRow([`g${at}`, `バター風味クッキー ${at}`, String(100 + (at % 900))]),
  )
  const head = csvRow(['code', 'name', 'price'])
  const over = yes(await put(till, `${head}${rows.join('')}${csvRow(['more', 'More', '1'])}`, { check: true }))
  assert.deepEqual(
    over.faults.map(({ line, reason }) => `${line} ${reason}`),
    [`${LIMITS.goods + 2} too-many-rows`],
  )
  const change = yes(await put(till, `${head}${rows.join('')}`))
  assert.deepEqual(
    [change.added, change.file.count, change.changes.length],
    [LIMITS.goods, LIMITS.goods, LIMITS.goodsListed],
  )
  const back = await csvAt(till)
  assert.equal(back.split('\r\n').length, LIMITS.goods + 2)
  assert.ok(
    back.endsWith(
      `g${LIMITS.goods - 1},バター風味クッキー ${LIMITS.goods - 1},,,,${100 + ((LIMITS.goods - 1) % 900)},,piece,,,,,,,,\r\n`,
    ),
  )
  // Fewer signs than the limit, and more bytes.
  const longer = `${head}${csvRow(['x', 'あ'.repeat(LIMITS.goodsFileBytes / 2), '1'])}`
  assert.equal(assertProblem(await put(till, longer, { basedOn: 1 }), ''), 'too-large')
})

test('of two imports at once one is stored, and the other is told', async () => {
  const shop = await openShop(hub, desk, 'Shop of two offices')
  const offices = [await shop.terminal(), await shop.terminal()]
  for (let round = 0; round < 5; round++) {
    const replies = await Promise.all(
      offices.map((office, at) => put(office, `code,name,price\na${at},A,${100 + round}\n`, { basedOn: round })),
    )
    assert.deepEqual(
      replies.map(({ status }) => String(status)).toSorted((one, other) => Number(one) - Number(other)),
      ['200', '409'],
    )
    const winner = replies.findIndex(({ status }) => status === 200)
    assert.match(await csvAt(offices[0] ?? assert.fail()), new RegExp(`a${winner},A,,,,${100 + round},`, 'u'))
    assert.equal(await versionAt(offices[1] ?? assert.fail()), round + 1)
  }
})

test('where a shop has people the owner and managers write it, cashiers and nobody read it', async () => {
  const shop = await openShop(hub, desk, 'Shop with people')
  const till = await shop.terminal()
  const machine = await shop.terminal('vending')
  assert.equal((await setPinAt(till, await shop.invite('Maki', 'owner'), '1111')).status, 200)
  const owner = (await hereAt(till)).cashier?.id ?? assert.fail()
  yes(await put(till, SMALL))
  for (const [role, outcome] of [
    ['manager', 200],
    ['cashier', 'not-permitted'],
  ] as const) {
    assert.equal((await signInAt(till, owner, '1111')).status, 200)
    const added = await till.signed({ path: '/v1/staff/add', body: { staff: null, name: role, role } })
    assert.equal((await setPinAt(till, String(added.body.code), '2222')).status, 200)
    const reply = await put(till, SMALL, { basedOn: 1 })
    if (outcome === 200) yes(reply)
    else assert.equal(assertProblem(reply, role), outcome)
    assert.equal((await till.reads('/v1/price-file.csv')).status, 200, role)
  }
  await signOutAt(till)
  for (const nobody of [till, machine]) {
    assert.equal(assertProblem(await put(nobody, SMALL, { basedOn: 1 }), ''), 'cashier-needed')
    assert.equal(await versionAt(nobody), 1)
  }
})

test('another merchant’s file is as if it were not there, and its bad imports are counted', async () => {
  const [one, other] = [await openShop(hub, desk, 'One shop'), await openShop(hub, desk, 'Other shop')]
  const [mine, theirs] = [await one.terminal(), await other.terminal()]
  yes(await put(mine, SMALL))
  assert.equal(await versionAt(theirs), 0)
  assert.equal(await csvAt(theirs), CSV_HEAD)
  yes(await put(theirs, 'code,name,price\nb1,Other bread,1\n'))
  assert.match(await csvAt(mine), /b1,Bread,,,,380,/u)
  await withClient(hub.settings, (client) =>
    client.query(`update budget set tokens = 0 where key = $1`, [`goods:${other.party}`]),
  )
  const tired = await put(theirs, SMALL, { basedOn: 1 })
  assert.equal(assertProblem(tired, ''), 'too-many-tries')
  yes(await put(mine, SMALL, { basedOn: 1 }))
})
