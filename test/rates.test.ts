// Exchange rates, through HTTP: who sets them and what counts, a source that lies, and a bill paid from another currency.
import assert from 'node:assert/strict'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { faultsOf } from '#core/invariants.ts'
import { unitOf, type Unit } from '#core/money.ts'
import { billToWire } from '#protocol/bill.ts'
import { LIMITS } from '#protocol/limits.ts'
import type { RatesCheckView, RatesView } from '#protocol/rates.ts'
import type { DealView, PaymentView } from '#protocol/views.ts'
import { approve } from '#sdk/approval.ts'
import { withPin } from '#sdk/scram.ts'
import { readBooks } from '#server/postgres/books.ts'
import { postgresRates } from '#server/postgres/rates.ts'
import { readRates } from '#server/rates/read.ts'
import { rateBook } from '#server/rates/setting.ts'
import { askSource, lookAtSource, readAnswer, type RateSource } from '#server/rates/source.ts'
import { startTestHub, until, type TestHub } from './support/hub.ts'
import { withClient } from './support/postgres.ts'
import {
  ask,
  assertProblem,
  fingerprint,
  newCommand,
  newDeal,
  speaker,
  type Reply,
  type Speaker,
} from './support/raw-client.ts'
import { billOf, BUCKETS } from './support/world.ts'

const PIN = '2468'
const DAY_MS = 24 * 3_600_000
const unit = (code: string): Unit => unitOf(code) ?? assert.fail(code)
const [USD, JPY, EUR] = ['USD', 'JPY', 'EUR'].map(unit) as [Unit, Unit, Unit]

let hub: TestHub
let register: Speaker
let emma: Speaker
let desk: Speaker
before(async () => {
  hub = await startTestHub()
  const everybody = await Promise.all([speaker(hub, 'register'), speaker(hub, 'emma'), speaker(hub, 'desk')])
  ;[register, emma, desk] = everybody
})
after(async () => {
  for (const { client } of [register, emma, desk]) client.close()
  await hub.stop()
})

const setRates = (rows: unknown, command = newCommand()): Promise<Reply> =>
  desk.signed({ path: '/v1/operator/commands/set-rates', body: { command, why: 'test', rows } })
const isSet = async (...rows: object[]): Promise<void> => {
  const validUntil = (await hub.store.now()) + DAY_MS
  const whole = rows.map((row) => ({ spread: 0, validFrom: null, validUntil, ...row }))
  const reply = await setRates(whole)
  assert.equal(reply.status, 200, reply.text)
}
const rates = async (): Promise<RatesView['rates']> => {
  const reply = await ask(hub, { method: 'GET', path: '/v1/rates' })
  assert.equal(reply.status, 200, reply.text)
  // Border: attacks/access.test.ts checks every answer against its schema.
  return (reply.body as RatesView).rates
}
const priceOf = async (from: string, to: string): Promise<string | undefined> =>
  (await rates()).find((rate) => rate.from === from && rate.to === to)?.price
const everyRow = (): Promise<number> =>
  withClient(hub.settings, async (client) => (await client.query('select from rate')).rowCount ?? 0)

describe('what counts', () => {
  test('the town has a rate both ways, the spread taken off on either side, open to everybody', async () => {
    assert.deepEqual(
      (await rates()).map(({ from, to, price, spread }) => [from, to, price, spread]),
      [
        ['USD', 'JPY', '148.5', 100],
        ['JPY', 'USD', '0.0066', 100],
      ],
    )
  })

  test('the newest in force counts: not one that begins later, not one that has run out, and no triangle is made', async () => {
    const now = await hub.store.now()
    await isSet({ from: 'EUR', to: 'JPY', price: '165' })
    await isSet({ from: 'EUR', to: 'JPY', price: '170', validFrom: now + DAY_MS / 2 })
    assert.equal(await priceOf('EUR', 'JPY'), '165')
    await isSet({ from: 'EUR', to: 'JPY', price: '166' })
    assert.equal(await priceOf('EUR', 'JPY'), '166')
    assert.equal(await priceOf('EUR', 'USD'), undefined)
    const table = postgresRates(hub.database)
    assert.equal(await table.of(EUR, USD), undefined)
    assert.equal((await table.of(EUR, JPY))?.price, '166')
    assert.equal((await table.of(JPY, EUR))?.price, '0.00602409638554')
    await withClient(hub.settings, (client) =>
      client.query(
        "update rate set valid_from = 1, valid_until = 2 where from_unit = 'EUR' and price in ('165', '166')",
      ),
    )
    assert.equal(await priceOf('EUR', 'JPY'), undefined)
    assert.equal(await table.of(JPY, EUR), undefined)
  })

  test('a pair that was set both ways counts each way as it was set; one that was ended is ended both ways', async () => {
    await isSet({ from: 'CHF', to: 'JPY', price: '170' }, { from: 'JPY', to: 'CHF', price: '0.005' })
    assert.deepEqual([await priceOf('CHF', 'JPY'), await priceOf('JPY', 'CHF')], ['170', '0.005'])
    await isSet({ from: 'SEK', to: 'JPY', price: '15' })
    await isSet({ from: 'SEK', to: 'JPY', price: null })
    assert.deepEqual([await priceOf('SEK', 'JPY'), await priceOf('JPY', 'SEK')], [undefined, undefined])
    assert.equal(await postgresRates(hub.database).of(JPY, unit('SEK')), undefined)
    await isSet({ from: 'SEK', to: 'JPY', price: '16' })
    assert.equal(await priceOf('SEK', 'JPY'), '16')
  })

  test('a repeated command sets once, is one line in the log, and what can never count again is forgotten', async () => {
    const command = newCommand()
    const rows = [{ from: 'NOK', to: 'JPY', price: '14', spread: 50, validFrom: null, validUntil: Date.now() + DAY_MS }]
    const before = await everyRow()
    const [first, again] = [await setRates(rows, command), await setRates(rows, command)]
    assert.deepEqual([first.status, first.body], [200, again.body])
    assert.equal(await everyRow(), before + 1)
    assert.equal(assertProblem(await setRates([{ ...rows[0], price: '15' }], command), 'another'), 'command-mismatch')
    const log = await desk.reads('/v1/operator/actions?subject=scheme')
    const lines = (log.body.actions as { what: string; after: string }[]).filter(({ what }) => what === 'set-rates')
    assert.equal(lines.filter(({ after: text }) => text.includes('NOK')).length, 1)

    const [row] = rows
    const table = postgresRates(hub.database)
    const old = Array.from({ length: 120 }, (_, index) => ({
      id: `${String(index).padStart(8, '0')}${'7'.repeat(24)}`,
      from: unit('NOK'),
      to: JPY,
      price: String(14 + index),
      spread: 0,
      validFrom: null,
      validUntil: (row?.validUntil ?? 0) + index,
      origin: 'desk' as const,
      setBy: 'test',
    }))
    for (const each of old) await table.put([each])
    assert.ok((await everyRow()) <= before + 102)
    assert.equal((await table.of(unit('NOK'), JPY))?.price, '133')
  })
})

describe('setting by file', () => {
  const when = { now: Date.parse('2026-11-20T00:00:00Z'), zone: 'Asia/Tokyo' }
  const HEAD = 'from,to,price,spread,valid_from,valid_until'

  test('a CSV is read with days of the scheme’s zone, percent and any separator', () => {
    const csv = `\u{feff}from;to;price;spread;valid_from;valid_until\r\nusd;JPY;150.25;1;2026-12-01;2026-12-31\r\nEUR;JPY;165;0.75%;;2026-12-31T12:00:00+09:00\r\n`
    const { rates: read, faults, count } = readRates(csv, when)
    assert.deepEqual([faults, count], [[], 2])
    assert.deepEqual(read, [
      {
        row: 2,
        from: 'USD',
        to: 'JPY',
        price: '150.25',
        spread: 100,
        validFrom: Date.parse('2026-12-01T00:00:00+09:00'),
        validUntil: Date.parse('2027-01-01T00:00:00+09:00'),
      },
      {
        row: 3,
        from: 'EUR',
        to: 'JPY',
        price: '165',
        spread: 75,
        validFrom: null,
        validUntil: Date.parse('2026-12-31T12:00:00+09:00'),
      },
    ])
  })

  test('every row that is wrong is named by its line', () => {
    const row = 'USD,JPY,150,1,,2026-12-31'
    const faults = (csv: string) => readRates(csv, when).faults.map(({ row: at, reason }) => [at, reason])
    const table: readonly (readonly [csv: string, faults: readonly (readonly [number, string])[]])[] = [
      [`${HEAD}\n${row}`, []],
      ['', [[0, 'empty']]],
      [HEAD, [[0, 'empty']]],
      ['from,to,price\nUSD,JPY,1', [[0, 'header']]],
      [`${HEAD},extra\n${row},1`, [[0, 'header']]],
      [`${HEAD},from\n${row},1`, [[0, 'header']]],
      [`${HEAD}\n"USD,JPY,150,1,,2026-12-31`, [[0, 'columns']]],
      [`${HEAD}\n${row}\nUSD,EUR,1`, [[3, 'columns']]],
      [`${HEAD}\nUSX,JPY,150,1,,2026-12-31`, [[2, 'unit']]],
      [`${HEAD}\nJPY,JPY,150,1,,2026-12-31`, [[2, 'same-unit']]],
      [
        `${HEAD}\nUSD,JPY,0,1,,2026-12-31\nEUR,JPY,1e3,1,,2026-12-31`,
        [
          [2, 'price'],
          [3, 'price'],
        ],
      ],
      [`${HEAD}\nUSD,JPY,,1,,2026-12-31`, [[2, 'price']]],
      [`${HEAD}\nUSD,JPY,150,100,,2026-12-31`, [[2, 'spread']]],
      [`${HEAD}\nUSD,JPY,150,-1,,2026-12-31`, [[2, 'spread']]],
      [`${HEAD}\nUSD,JPY,150,1,,2026-02-30`, [[2, 'time']]],
      [`${HEAD}\nUSD,JPY,150,1,,2026-11-19`, [[2, 'time']]],
      [`${HEAD}\nUSD,JPY,150,1,,2032-12-31`, [[2, 'time']]],
      [`${HEAD}\nUSD,JPY,150,1,2026-12-02,2026-12-01`, [[2, 'time']]],
      [`${HEAD}\nUSD,JPY,150,1,,next week`, [[2, 'time']]],
      [`${HEAD}\n${row}\n${row}`, [[3, 'overlap']]],
      [`${HEAD}\n${row}\nUSD,JPY,150,1,2027-01-01,2027-01-31`, []],
      [`${HEAD}\n${`${row}\n`.repeat(LIMITS.rateRows + 1)}`, [[0, 'too-many-rows']]],
    ]
    for (const [csv, expected] of table) assert.deepEqual(faults(csv), expected, csv.slice(0, 120))
  })

  test('a file with one wrong row sets nothing, and uses no command up; checked, it says where and what is far away', async () => {
    const before = await fingerprint(hub.settings, ['session', 'budget'])
    const command = newCommand()
    const wrong = `${HEAD}\nDKK,JPY,22,1,,2027-12-31\nXXX,JPY,1,1,,2027-12-31\nDKK,USD,x,1,,2027-12-31`
    const refused = await setRates(wrong, command)
    assert.equal(assertProblem(refused, 'rows'), 'rows-invalid')
    assert.deepEqual(refused.body.figures, { faults: '2', 3: 'unit', 4: 'price' })
    assert.deepEqual(await fingerprint(hub.settings, ['session', 'budget']), before)
    const check = (rows: unknown) =>
      ask(hub, {
        path: '/v1/operator/rates-check',
        body: { rows },
        headers: { authorization: `Bearer ${desk.session.token}` },
      })
    assert.deepEqual((await check(wrong)).body, {
      rows: 3,
      jumps: [],
      faults: [
        { row: 3, reason: 'unit' },
        { row: 4, reason: 'price' },
      ],
    } satisfies RatesCheckView)
    const far = `${HEAD}\nUSD,JPY,15.0,1,,2027-12-31\nDKK,JPY,22,1,,2027-12-31`
    assert.deepEqual((await check(far)).body, { rows: 2, jumps: [2], faults: [] } satisfies RatesCheckView)
    assert.equal((await setRates(`${HEAD}\nDKK,JPY,22,1,,2027-12-31`, command)).body.rows, 1)
    assert.equal(await priceOf('DKK', 'JPY'), '21.78')
  })
})

describe('a source on the network', () => {
  const now = Date.parse('2026-11-20T10:00:00Z')
  const answer = (change: object = {}): string =>
    JSON.stringify({ base: 'USD', date: '2026-11-20', rates: { JPY: '151.5', EUR: '0.92', XYZ: '1' }, ...change })

  test('its answer is believed only where it is exactly one: strings, known units, a fresh day', () => {
    const read = (text: string) => {
      const told = readAnswer(text, [JPY, EUR], now)
      return typeof told === 'string' ? told : [told.base, ...told.prices.entries()].flat().join(' ')
    }
    const table: readonly (readonly [text: string, read: string])[] = [
      [answer(), 'USD JPY 151.5 EUR 0.92'],
      [answer({ date: '2026-11-20T08:00:00Z' }), 'USD JPY 151.5 EUR 0.92'],
      [answer({ rates: { JPY: '151.5' } }), 'USD JPY 151.5'],
      [answer({ base: 'JPY', rates: { JPY: '1', EUR: '0.006' } }), 'JPY EUR 0.006'],
      ['<!doctype html><h1>Sign in</h1>', 'not-json'],
      ['', 'not-json'],
      ['null', 'shape'],
      ['[]', 'shape'],
      ['"USD"', 'shape'],
      [answer({ base: 'US' }), 'shape'],
      [answer({ base: 7 }), 'shape'],
      [answer({ rates: { JPY: 151.5 } }), 'shape'],
      [answer({ rates: { JPY: '0' } }), 'shape'],
      [answer({ rates: { JPY: '-3' } }), 'shape'],
      [answer({ rates: { JPY: '151.5', EUR: 'NaN' } }), 'shape'],
      [answer({ rates: { GBP: '0.8' } }), 'shape'],
      [answer({ rates: null }), 'shape'],
      [answer({ date: 'today' }), 'shape'],
      [answer({ date: '2026-99-99' }), 'shape'],
      [answer({ date: '2026-11-01' }), 'old'],
      [answer({ date: '2026-12-24' }), 'old'],
    ]
    for (const [text, expected] of table) assert.equal(read(text), expected, text)
  })

  test('down, slow, broken, lying: the old rates stay, the desk sees why, and what jumps is kept out', async () => {
    let behave: (response: ServerResponse) => void = () => {}
    const server = createServer((_, response) => behave(response))
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
    const { port } = server.address() as AddressInfo
    const source: RateSource = {
      url: `http://127.0.0.1:${port}/latest?key=secret`,
      units: [JPY, EUR],
      spread: 100,
      everyMs: 600_000,
    }
    // a hub that looks by itself is its own test below; here each look is asked for
    const told: string[] = []
    const { rates: table, openUnits } = rateBook(hub.database, BUCKETS)
    const look = async (): Promise<string | null> => {
      const parts = {
        source,
        rates: table,
        openUnits,
        now: () => Date.now(),
        onError: (error: unknown) => assert.fail(String(error)),
      }
      await lookAtSource({ ...parts, onTrouble: (trouble, kept) => void told.push([trouble, ...kept].join(' ')) })
      return (await table.source(`127.0.0.1:${port}`))?.trouble ?? null
    }
    const today = new Date().toISOString().slice(0, 10)
    const says = (rates_: object) => (response: ServerResponse) =>
      void response.end(JSON.stringify({ base: 'USD', date: today, rates: rates_ }))
    const usd = async () => (await table.of(USD, JPY))?.price
    try {
      behave = says({ JPY: '151', EUR: '0.9' })
      assert.equal(await look(), null)
      assert.equal(await usd(), '149.49')
      assert.equal((await table.of(USD, EUR))?.price, '0.891')

      behave = (response) => void response.end('<html>')
      assert.equal(await look(), 'not-json')
      assert.equal(await look(), 'not-json')
      behave = (response) => void response.writeHead(500).end('{}')
      assert.equal(await look(), 'status')
      behave = (response) => void response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end()
      assert.equal(await look(), 'no-answer')
      behave = (response) => void response.destroy()
      assert.equal(await look(), 'no-answer')
      behave = (response) => void response.end('x'.repeat(LIMITS.sourceAnswerBytes + 1))
      assert.equal(await look(), 'too-large')
      behave = () => {}
      assert.equal(await askSource(source.url, 30), 'no-answer')
      assert.equal(await usd(), '149.49')

      // one leaps, the other is as believable as ever
      behave = says({ JPY: '302', EUR: '0.91' })
      assert.equal(await look(), 'jump')
      assert.equal(await usd(), '149.49')
      assert.equal((await table.of(USD, EUR))?.price, '0.9009')
      const page = (await desk.reads('/v1/operator/rates')).body as { inForce: { setBy: string; price: string }[] }
      assert.ok(page.inForce.some(({ setBy, price }) => setBy === `127.0.0.1:${port}` && price === '151'))
      assert.ok(!JSON.stringify(page).includes('secret'))

      // somebody looks and sets it by hand: from then on the source fits
      await isSet({ from: 'USD', to: 'JPY', price: '300' })
      assert.equal(await look(), null)
      assert.equal(await usd(), '298.98')
      // an exchange that was ended is not begun again by a machine
      await isSet({ from: 'USD', to: 'JPY', price: null })
      assert.equal(await look(), null)
      assert.equal(await usd(), undefined)
      assert.deepEqual(told, ['not-json', 'status', 'no-answer', 'too-large', 'jump USD JPY 302'])
    } finally {
      server.closeAllConnections()
      server.close()
      await isSet({ from: 'USD', to: 'JPY', price: '150', spread: 100 })
    }
  })
})

describe('a bill in yen paid with dollars', () => {
  const yen = (total: bigint) => billToWire(billOf(total))
  type Both = { deal: DealView; payment: PaymentView }
  const view = (reply: Reply): PaymentView => {
    assert.equal(reply.status, 200, reply.text)
    return (reply.body as unknown as Both).payment
  }
  async function joined(total = 680n): Promise<PaymentView> {
    const opened = await register.command('open-offer', { deal: newDeal(), bill: yen(total) })
    const { deal } = opened.body as unknown as Both
    return view(await emma.command('join', { credential: { kind: 'number', number: deal.ticket?.number } }))
  }
  const choose = (payment: PaymentView, means: object = { kind: 'exchange', unit: 'USD' }): Promise<Reply> =>
    emma.command('choose-means', { payment: payment.payment, means })
  const approved = async (payment: PaymentView): Promise<string> => {
    const outcome = await approve(emma.client, payment, withPin(PIN))
    return outcome.ok ? 'done' : outcome.problem.code
  }
  const dollars = async (): Promise<string | undefined> => {
    const { balances } = (await emma.reads('/v1/balances')).body as { balances: { unit: string; balance: string }[] }
    return balances.find((each) => each.unit === 'USD')?.balance
  }
  const now = (payment: PaymentView): Promise<PaymentView> =>
    emma.reads(`/v1/payments/${payment.payment}`).then((reply) => reply.body as unknown as PaymentView)
  const exchange = ({ means }: PaymentView) => (means.kind === 'exchange' ? means : assert.fail(means.kind))
  const inOrder = async (): Promise<void> => assert.deepEqual(faultsOf(await readBooks(hub.settings)), [])

  test('she joins without a yen, is quoted, approves, and gets back in dollars what is refunded, part by part', async () => {
    const before = BigInt((await dollars()) ?? '0')
    const bill = await joined()
    const quoted = view(await choose(bill))
    const { amount, price, until: end } = exchange(quoted)
    assert.deepEqual([amount, price], ['458', '148.5'])
    assert.ok(end > quoted.joinedAt && end <= (await hub.store.now()) + 120_000)
    const sale = await register.reads(`/v1/deals/${quoted.deal}`)
    assert.ok(!sale.text.includes('148.5') && !sale.text.includes('USD'), 'the shop does not see with what she pays')
    assert.equal(await approved(quoted), 'done')
    assert.equal(BigInt((await dollars()) ?? '0'), before - 458n)

    const refund = (part: string) => register.command('refund', { payment: quoted.payment, amount: part, lines: [] })
    await until(async () => (await refund('340')).status === 200)
    await until(async () => (await now(quoted)).refunds.length === 1)
    assert.equal((await now(quoted)).refunds[0]?.back, '229')
    assert.equal((await refund('1')).status, 200)
    assert.equal((await refund('339')).status, 200)
    assert.equal(assertProblem(await refund('1'), 'more'), 'already-refunded')
    const ended = await until(async () => {
      const seen = await now(quoted)
      return seen.refunds.length === 3 && seen
    })
    assert.equal(
      ended.refunds.reduce((sum, { back }) => sum + BigInt(back ?? '0'), 0n),
      458n,
    )
    await until(async () => BigInt((await dollars()) ?? '0') === before)
    await inOrder()
  })

  test('a rate that ran out between showing and approving settles nothing; chosen again it is quoted anew', async () => {
    const quoted = view(await choose(await joined()))
    await withClient(hub.settings, (client) =>
      client.query(`update payment set snapshot = jsonb_set(snapshot, '{means,until}', '1') where id = $1`, [
        quoted.payment.slice(4),
      ]),
    )
    const before = await dollars()
    const shown = { ...quoted, means: { ...exchange(quoted), until: 1 } }
    assert.equal(await approved(shown), 'rate-expired')
    assert.deepEqual([(await now(quoted)).state, await dollars()], ['joined', before])
    await isSet({ from: 'USD', to: 'JPY', price: '140', spread: 100 })
    const again = view(await choose(quoted))
    assert.equal(exchange(again).amount, '491')
    // what was signed for the first quote is not good for the second
    assert.equal(await approved(quoted), 'means-changed')
    assert.equal(await approved(again), 'done')
    await isSet({ from: 'USD', to: 'JPY', price: '150', spread: 100 })
  })

  test('a changed bill takes the quote away, and an approval of the old one is refused', async () => {
    const quoted = view(await choose(await joined()))
    const { deal, payment, billVersion } = quoted
    const changed = await register.command('change-bill', { deal, payment, billVersion, bill: yen(700n) })
    assert.equal(changed.status, 200, changed.text)
    const seen = await now(quoted)
    assert.deepEqual([seen.means.kind, seen.bill?.total], ['account', '700'])
    assert.equal(await approved(quoted), 'bill-changed')
    assert.equal(await approved(seen), 'unit-mismatch')
    const again = view(await choose(seen))
    assert.equal(exchange(again).amount, '472')
    assert.equal(await approved(again), 'done')
  })

  test('every no has its reason, and the bill waits on', async () => {
    const bill = await joined()
    const code = async (means: object): Promise<string> =>
      assertProblem(await choose(bill, means), JSON.stringify(means))
    assert.equal(await code({ kind: 'exchange', unit: 'EUR' }), 'rate-missing')
    assert.equal(await code({ kind: 'exchange', unit: 'JPY' }), 'rate-missing')
    assert.equal(await code({ kind: 'exchange', unit: 'XQX' }), 'unit-invalid')
    assert.match(await code({ kind: 'exchange', unit: 'usd' }), /-invalid$|unknown-field/)
    assert.match(await code({ kind: 'exchange' }), /-invalid$|unknown-field/)
    assert.match(await code({ kind: 'exchange', unit: 'USD', amount: '1' }), /-invalid$|unknown-field/)
    assert.match(await code({ kind: 'gold' }), /-invalid$|unknown-field/)
    assert.equal((await now(bill)).state, 'joined')
    const other = await speaker(hub, 'hanako')
    const foreign = await other.command('choose-means', {
      payment: bill.payment,
      means: { kind: 'exchange', unit: 'USD' },
    })
    assert.ok(foreign.status >= 400 && foreign.status < 500, foreign.text)
    other.client.close()
    const quoted = view(await choose(bill))
    assert.equal(await approved(quoted), 'done')
    assert.equal(assertProblem(await choose(quoted), 'paid'), 'state-conflict')
  })

  test('more than she has in dollars is short of funds in dollars, and nothing moves', async () => {
    const quoted = view(await choose(await joined(90_000n)))
    assert.equal(exchange(quoted).amount, '60607')
    const before = await dollars()
    assert.equal(await approved(quoted), 'insufficient-funds')
    assert.equal(await dollars(), before)
    await isSet({ from: 'USD', to: 'JPY', price: null })
    assert.equal(assertProblem(await choose(quoted), 'ended'), 'rate-missing')
    await isSet({ from: 'USD', to: 'JPY', price: '150', spread: 100 })
    await inOrder()
  })
})
