// The tables of cards: set by the operator's signed commands, from rows or CSV, wholly or not at all; and what the rest of the hub reads.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { isAccountNumber, type AccountNumber } from '#core/accounts.ts'
import { methodsOn } from '#core/card-ranges.ts'
import { parseId, type PartyId } from '#core/ids.ts'
import { parseTerms } from '#core/plan.ts'
import { ISSUERS } from '#issuer/town.ts'
import type { CardTablesView, IssuerWire, TablesCheckView } from '#protocol/card-tables.ts'
import { contrastOf } from '#server/cards/tables-check.ts'
import { DEMO_AGREED, DEMO_RANGES } from '#server/cards/tables-demo.ts'
import { startTestHub, type TestHub } from './support/hub.ts'
import { withClient } from './support/postgres.ts'
import { ask, assertProblem, newCommand, speaker, type Reply, type Speaker } from './support/raw-client.ts'

const demoIssuers = [
  { code: '0001', host: '127.0.0.1', port: 8583 },
  { code: '0002', host: '127.0.0.1', port: 8584 },
]
let hub: TestHub
let desk: Speaker
let register: Speaker
let bakery: Readonly<{ party: PartyId; account: AccountNumber }>

before(async () => {
  hub = await startTestHub({ demoIssuers, dueEveryMs: 3_600_000 })
  ;[desk, register] = await Promise.all([speaker(hub, 'desk'), speaker(hub, 'register')])
  const { self } = register
  assert.ok(self.kind === 'terminal' && isAccountNumber(self.account))
  const party = parseId('pty', self.party)
  assert.ok(party)
  bakery = { party, account: self.account }
})
after(async () => {
  for (const { client } of [desk, register]) client.close()
  await hub.stop()
})

type Asked = Readonly<{ command?: string; version?: number; by?: Speaker }>
const set = async (change: object, { command = newCommand(), by = desk, ...asked }: Asked = {}): Promise<Reply> => {
  const version = asked.version ?? hub.cardTables.version()
  const body = { command, why: 'test', version, change }
  return by.signed({ path: '/v1/operator/commands/set-card-tables', body })
}
const isSet = async (change: object): Promise<void> => {
  const reply = await set(change)
  assert.equal(reply.status, 200, reply.text)
}
const tables = async (): Promise<CardTablesView> => {
  const reply = await desk.reads('/v1/operator/card-tables')
  assert.equal(reply.status, 200, reply.text)
  // Border: attacks/access.test.ts checks every answer against its schema.
  return reply.body as CardTablesView
}
const fileOf = async (table: string): Promise<string> =>
  String((await desk.reads(`/v1/operator/card-tables/file?table=${table}`)).body.csv)
const checked = (body: object): Promise<Reply> =>
  ask(hub, {
    path: '/v1/operator/card-tables-check',
    body,
    headers: { authorization: `Bearer ${desk.session.token}` },
  })
const issuer = (over: Partial<IssuerWire> = {}): IssuerWire => {
  const [agreed] = DEMO_AGREED
  assert.ok(agreed)
  return {
    ...agreed,
    code: '0009',
    name: 'Crane',
    nameJa: 'つる',
    oneTimePrefix: null,
    host: 'crane.example',
    port: 1,
    ...over,
  }
}
const faultsOf = (reply: Reply): Record<string, string> => {
  assert.equal(assertProblem(reply, 'rows'), 'rows-invalid', reply.text)
  const { faults: _, ...rows } = reply.body.figures as Record<string, string>
  return rows
}

test('the demo’s tables are those of its issuers, and are settled once however often a hub starts', async () => {
  for (const { code, name, nameJa, prefix, oneTimePrefix, terms } of ISSUERS) {
    const agreed = DEMO_AGREED.find((each) => each.code === code)
    assert.deepEqual([agreed?.name, agreed?.nameJa, agreed?.oneTimePrefix], [name, nameJa, oneTimePrefix])
    assert.deepEqual(parseTerms(agreed?.terms), terms)
    assert.ok(DEMO_RANGES.some((range) => range.prefix === prefix && range.issuer === code))
    assert.ok(contrastOf(agreed?.colour ?? '', agreed?.ink ?? '') >= 4.5, name)
  }
  const { version } = await tables()
  const again = await startTestHub({ settings: hub.settings, demoIssuers })
  await again.stop()
  assert.equal((await tables()).version, version)
  const [first] = demoIssuers
  assert.ok(first)
  const moved = await startTestHub({ settings: hub.settings, demoIssuers: [{ ...first, port: 9_000 }] })
  assert.deepEqual(moved.cardTables.issuerOf('0001')?.port, 9_000)
  assert.deepEqual(moved.cardTables.issuerOf('0002')?.port, 8_584)
  await moved.stop()
  await hub.cardTables.watch()
  assert.equal(hub.cardTables.version(), version + 1, 'the other hub looks at the version, and reads the tables anew')
  assert.equal(hub.cardTables.issuerOf('0001')?.port, 9_000)
})

describe('what the rest of the hub reads', () => {
  test('a merchant’s own row counts, else the one for all; a closed issuer is taken nowhere, and its ranges go', async () => {
    const stranger = `pty_0001${'0'.repeat(28)}` as PartyId
    const own = hub.cardTables.acceptedBy(bakery.party, '0001')
    const common = hub.cardTables.acceptedBy(stranger, '0001')
    assert.ok(own && common)
    assert.deepEqual(methodsOn(common, '2026-12-20'), ['lump', 'instalments-2', 'instalments-3'])
    assert.ok(methodsOn(own, '2026-12-20').includes('bonus') && !methodsOn(own, '2026-12-01').includes('bonus'))
    assert.equal(hub.cardTables.acceptedBy(bakery.party, '0404'), undefined)

    const [kitsune] = (await tables()).issuers.filter(({ code }) => code === '0002')
    await isSet({ table: 'issuers', isWhole: false, rows: [{ ...kitsune, isOpen: false }] })
    assert.equal(hub.cardTables.acceptedBy(bakery.party, '0002'), undefined)
    assert.deepEqual(hub.cardTables.ranges(), [{ prefix: '457199', issuer: '0001' }])
    const { issuers, ranges } = hub.cardTables.forVault()
    assert.deepEqual([issuers.length, ranges.length], [2, 1], 'the vault still finds it for refunds')
    await isSet({ table: 'issuers', isWhole: false, rows: [kitsune] })
    assert.ok(hub.cardTables.acceptedBy(bakery.party, '0002'))
  })

  test('a merchant that takes nothing of an issuer says so in a row of its own', async () => {
    const [row] = (await tables()).merchants.filter(
      ({ merchant, issuer: code }) => merchant !== null && code === '0002',
    )
    assert.ok(row)
    const { name: _, ...sent } = row
    const methods = { lump: false, instalments: [], bonus: [], partBonus: [], revolving: false }
    await isSet({ table: 'merchants', isWhole: false, rows: [{ ...sent, methods }] })
    assert.equal(hub.cardTables.acceptedBy(bakery.party, '0002'), undefined)
    await isSet({ table: 'merchants', isWhole: false, rows: [], remove: [{ merchant: row.merchant, issuer: '0002' }] })
    assert.ok(hub.cardTables.acceptedBy(bakery.party, '0002'), 'without it the row for all counts')
    await isSet({ table: 'merchants', isWhole: false, rows: [sent] })
  })
})

describe('setting', () => {
  test('the log has what was and what is, and a repeat changes nothing', async () => {
    const command = newCommand()
    const version = hub.cardTables.version()
    const change = { table: 'ranges', isWhole: false, rows: [{ prefix: '457201', issuer: '0001' }] }
    for (let time = 0; time < 3; time++) {
      const reply = await set(change, { command, version })
      assert.equal(reply.status, 200, reply.text)
      assert.equal(reply.body.rows, 1)
    }
    assert.equal(hub.cardTables.version(), version + 1)
    const log = await desk.reads('/v1/operator/actions?subject=scheme')
    const lines = (log.body.actions as { what: string; before: string; after: string; why: string }[]).filter(
      ({ what, after: said }) => what === 'set-card-tables' && said.includes('457201'),
    )
    assert.equal(lines.length, 1)
    assert.deepEqual(JSON.parse(lines[0]?.before ?? ''), { table: 'ranges', version, rows: [] })
    assert.deepEqual(JSON.parse(lines[0]?.after ?? '').rows, [{ prefix: '457201', issuer: '0001' }])
    const other = { ...change, rows: [{ prefix: '457202', issuer: '0001' }] }
    assert.equal(assertProblem(await set(other, { command, version }), 'another body'), 'command-mismatch')
    await isSet({ table: 'ranges', isWhole: false, rows: [], remove: ['457201'] })
  })

  test('where the hub died between the log and the tables, the repeat writes them', async () => {
    const command = newCommand()
    const version = hub.cardTables.version()
    const change = { table: 'ranges', isWhole: false, rows: [{ prefix: '457203', issuer: '0001' }] }
    assert.equal((await set(change, { command, version })).status, 200)
    await withClient(hub.settings, async (client) => {
      await client.query(`delete from card_range where prefix = '457203'`)
      await client.query('delete from card_tables_change where command like $1', [`%${command}`])
      await client.query('update card_tables set version = $1', [version])
    })
    // Meanwhile somebody else has changed the tables.
    await hub.cardTables.reload()
    await isSet({ table: 'ranges', isWhole: false, rows: [{ prefix: '457204', issuer: '0001' }] })
    assert.equal((await set(change, { command, version })).status, 200)
    assert.deepEqual(
      hub.cardTables.ranges().map(({ prefix }) => prefix),
      ['35891234', '457199', '457203', '457204'],
    )
    await isSet({ table: 'ranges', isWhole: false, rows: [], remove: ['457203', '457204'] })
  })

  test('whoever was slower is told, and of two at once one is', async () => {
    const version = hub.cardTables.version()
    const rows = (prefix: string) => ({ table: 'ranges', isWhole: false, rows: [{ prefix, issuer: '0001' }] })
    const replies = await Promise.all([set(rows('457205'), { version }), set(rows('457206'), { version })])
    assert.deepEqual(
      replies.map(({ status }) => status).toSorted((left, right) => left - right),
      [200, 409],
    )
    const late = replies.find(({ status }) => status === 409)
    assert.ok(late)
    assert.equal(assertProblem(late, 'late'), 'card-tables-changed')
    assert.equal(hub.cardTables.ranges().length, 3)
    await isSet({ table: 'ranges', isWhole: false, rows: [], remove: ['457205', '457206'] })
  })

  test('nobody but an operator sets or reads them', async () => {
    const change = { table: 'ranges', isWhole: false, rows: [{ prefix: '457205', issuer: '0001' }] }
    assert.equal(assertProblem(await set(change, { by: register }), 'register'), 'not-allowed')
    assert.equal(assertProblem(await register.reads('/v1/operator/card-tables'), 'register'), 'not-allowed')
  })

  const ROWS: readonly (readonly [name: string, change: object, faults: Record<string, string>])[] = [
    ['a prefix twice', { table: 'ranges', rows: [{ prefix: '45720', issuer: '0001' }, { prefix: '457201', issuer: '0001' }, { prefix: '457201', issuer: '0002' }] }, { 1: 'one-time-length', 2: 'twice', 3: 'twice' }],
    ['an issuer that is not there', { table: 'ranges', rows: [{ prefix: '457201', issuer: '0404' }] }, { 1: 'issuer-unknown' }],
    ['a range of one-time numbers', { table: 'ranges', rows: [{ prefix: '457198', issuer: '0001' }] }, { 1: 'one-time-overlaps' }],
    ['one within it', { table: 'ranges', rows: [{ prefix: '45719', issuer: '0001' }] }, { 1: 'one-time-overlaps' }],
    ['one-time numbers that are somebody’s card', { table: 'issuers', rows: [issuer({ oneTimePrefix: '457199' })] }, { 1: 'one-time-overlaps' }],
    ['one-time numbers of somebody else', { table: 'issuers', rows: [issuer({ oneTimePrefix: '4571980' })] }, { 1: 'one-time-overlaps' }],
    ['a face that nobody can read', { table: 'issuers', rows: [issuer({ colour: '#ffffff', ink: '#eeeeee' })] }, { 1: 'contrast' }],
    ['terms that contradict', { table: 'issuers', rows: [issuer({ terms: { ...issuer().terms, bonus: { periods: [{ month: 1, from: 230, to: 301 }], smallest: '0' } } })] }, { 1: 'terms' }],
    ['a whole table without an issuer that is there', { table: 'issuers', isWhole: true, rows: [issuer()] }, { 0: 'issuer-left-out' }],
    ['no such merchant', { table: 'merchants', rows: [{ merchant: '99999999992', issuer: '0001', number: 'A'.repeat(15), category: '5999', methods: { lump: true, instalments: [], bonus: [], partBonus: [], revolving: false } }] }, { 1: 'merchant-unknown' }],
    ['counts twice', { table: 'merchants', rows: [{ merchant: null, issuer: '0001', number: 'A'.repeat(15), category: '5999', methods: { lump: true, instalments: [3, 3], bonus: [], partBonus: [], revolving: false } }] }, { 1: 'methods' }],
  ] // prettier-ignore

  test('a row that does not fit is named, and nothing of its change is set', async () => {
    const before = await tables()
    for (const [name, change, faults] of ROWS) {
      const reply = await set({ isWhole: false, ...change })
      assert.deepEqual(faultsOf(reply), faults, name)
      const check = await checked({ change: { isWhole: false, ...change } })
      // Border: attacks/access.test.ts checks every answer against its schema.
      const view = check.body as TablesCheckView
      assert.deepEqual(Object.fromEntries(view.faults.map(({ row, reason }) => [row, reason])), faults, name)
    }
    assert.deepEqual(await tables(), before)
  })

  test('a card number in a name is refused by the border', async () => {
    const reply = await set({ table: 'issuers', isWhole: false, rows: [issuer({ name: '4242424242424242' })] })
    assert.equal(assertProblem(reply, 'name'), 'card-number-in-text')
  })
})

describe('CSV', () => {
  test('what is written is read again as the same, table by table', async () => {
    const before = await tables()
    for (const table of ['issuers', 'ranges', 'merchants']) {
      const rows = await fileOf(table)
      const check = await checked({ change: { table, isWhole: true, rows } })
      const { added, changed, removed, faults } = check.body as TablesCheckView
      assert.deepEqual({ added, changed, removed, faults }, { added: 0, changed: 0, removed: 0, faults: [] }, table)
      await isSet({ table, isWhole: true, rows })
    }
    const { version: _, changedAt: __, ...now } = await tables()
    const { version: ___, changedAt: ____, ...was } = before
    assert.deepEqual(now, was)
  })

  const HEADS = {
    issuers: 'code,name,name_ja,host,port,acquirer,one_time_prefix,open,colour,ink,unit,closes_on,due_on,instalments,free_instalments,instalment_rate,instalment_from,bonus,bonus_from,part_bonus,part_bonus_from,revolving,revolving_rate,revolving_from',
    ranges: 'prefix,issuer',
    merchants: 'merchant,issuer,number,category,lump,instalments,bonus,part_bonus,revolving',
  } // prettier-ignore
  const crane = (over: Record<string, string> = {}): string => {
    const cells: Record<string, string> = {
      code: '9', name: 'Crane', name_ja: 'つる', host: 'crane.example', port: '8583', acquirer: '90001', one_time_prefix: '', open: 'yes',
      colour: '#102030', ink: '#ffffff', unit: 'JPY', closes_on: '31', due_on: '27', instalments: '3 5', free_instalments: '3',
      instalment_rate: '15.25', instalment_from: '1,000', bonus: '8:1216-0615', bonus_from: '5000', part_bonus: '', part_bonus_from: '',
      revolving: '5000', revolving_rate: '15', revolving_from: '1000', ...over,
    } // prettier-ignore
    return HEADS.issuers.split(',').map((name) => `"${cells[name] ?? ''}"`).join(',') // prettier-ignore
  }
  const FILES: readonly (readonly [name: string, table: keyof typeof HEADS, rows: readonly string[], faults: Record<string, string>])[] = [
    ['a semicolon, a tab and a mark are fine, and zeros that a spreadsheet took', 'ranges', ['457201,1'], {}],
    ['a good issuer', 'issuers', [crane()], {}],
    ['rows that are wrong by their lines', 'ranges', ['457201,0001', '4572,0001', '457202,x', '457203', ' ', '45720312345,0001'], { 3: 'prefix', 4: 'code', 5: 'columns', 7: 'prefix' }],
    ['an issuer’s cells', 'issuers', [
      crane({ code: 'x' }), crane({ name: '' }), crane({ name: '4242 4242 4242 4242' }), crane({ port: '0' }), crane({ host: 'a b' }),
      crane({ acquirer: 'A' }), crane({ one_time_prefix: '1' }), crane({ open: 'perhaps' }), crane({ colour: 'red' }),
      crane({ instalments: '1' }), crane({ instalment_rate: '15.255' }), crane({ bonus: '8:1216-0631' }), crane({ unit: 'XQX' }),
      crane({ revolving: 'x' }), crane({ closes_on: '32' }), crane({ instalment_from: '-5' }),
    ], { 2: 'code', 3: 'name', 4: 'card-number', 5: 'address', 6: 'address', 7: 'acquirer', 8: 'one-time', 9: 'yes-no', 10: 'colour',
      11: 'terms', 12: 'terms', 13: 'terms', 14: 'terms', 15: 'terms', 16: 'terms', 17: 'terms' }],
    ['a merchant’s cells', 'merchants', [
      '*,1,WARIFUTOWN00001,5999,yes,3 5,1216-0615,,no', '123,1,WARIFUTOWN00001,5999,yes,,,,no', '*,1,1.23E+14,5999,yes,,,,no',
      '*,1,WARIFUTOWN00001,59990,yes,,,,no', '*,1,WARIFUTOWN00001,5999,x,,,,no', '*,1,WARIFUTOWN00001,5999,yes,61,,,no',
      '*,1,WARIFUTOWN00001,5999,yes,,0230-0301,,no', '*,404,WARIFUTOWN00001,5999,yes,,,,no', '*,1,WARIFUTOWN00001,5999,yes,,,,no',
    ], { 3: 'merchant-unknown', 4: 'number', 5: 'category', 6: 'methods', 7: 'methods', 8: 'methods', 9: 'issuer-unknown', 10: 'twice' }],
    ['no rows', 'ranges', [], { 0: 'empty' }],
    ['a quote that is open', 'ranges', ['"457201,0001'], { 0: 'columns' }],
  ] // prettier-ignore

  test('a file’s wrong rows are all named, and the right ones beside them are not set', async () => {
    const { version } = await tables()
    for (const [name, table, rows, faults] of FILES) {
      const change = { table, isWhole: false, rows: [HEADS[table], ...rows].join('\r\n') }
      const check = await checked({ change })
      assert.equal(check.status, 200, check.text)
      const view = check.body as TablesCheckView
      assert.deepEqual(Object.fromEntries(view.faults.map(({ row, reason }) => [row, reason])), faults, name)
      if (view.faults.length > 0) assert.deepEqual(faultsOf(await set(change)), faults, name)
    }
    for (const head of ['prefix', 'prefix,issuer,more', 'prefix,prefix,issuer']) {
      const change = { table: 'ranges', isWhole: false, rows: `${head}\n1,2` }
      assert.deepEqual(faultsOf(await set(change)), { 0: 'header' }, head)
    }
    assert.equal((await tables()).version, version)
  })

  test('a file of many rows is set in one step', async () => {
    const rows = Array.from({ length: 4_000 }, (_, index) => `${500_000 + index},0001`)
    await isSet({
      table: 'ranges',
      isWhole: false,
      rows: ['prefix;issuer', ...rows.map((row) => row.replace(',', ';'))].join('\n'),
    })
    assert.equal(hub.cardTables.ranges().length, 4_002)
    await isSet({ table: 'ranges', isWhole: true, rows: [...DEMO_RANGES] })
    assert.equal(hub.cardTables.ranges().length, 2)
    const tooMany = ['prefix,issuer', ...Array.from({ length: 5_001 }, (_, index) => `${500_000 + index},0001`)]
    assert.deepEqual(faultsOf(await set({ table: 'ranges', isWhole: false, rows: tooMany.join('\n') })), {
      0: 'too-many-rows',
    })
  })
})
