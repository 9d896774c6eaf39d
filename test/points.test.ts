// Unattended points: the rule of their bills, and the whole of it through HTTP.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { parseMerchantCode } from '#core/emv.ts'
import { readOurCode } from '#core/emv-ours.ts'
import { idFrom } from '#core/ids.ts'
import { unitOf } from '#core/money.ts'
import { billAt, priceOf, type Point, type PointPrice } from '#core/point.ts'
import { BUDGETS, LIMITS } from '#protocol/limits.ts'
import type { OfficePointView, PointDealView, PointsView, PointView } from '#protocol/points.ts'
import type { DealView, PaymentView } from '#protocol/views.ts'
import { approve } from '#sdk/approval.ts'
import { withPin } from '#sdk/scram.ts'
import { startTestHub, type TestHub } from './support/hub.ts'
import { COFFEE, DONATION, madePoint, newPoint, openAt, somePicture } from './support/points.ts'
import { withClient } from './support/postgres.ts'
import { ask, assertProblem, newCommand, speaker, type Reply, type Speaker } from './support/raw-client.ts'
import { openShop, setPinAt } from './support/staff.ts'

let hub: TestHub
let office: Speaker
let hanako: Speaker
let desk: Speaker
before(async () => {
  hub = await startTestHub()
  const everybody = await Promise.all([speaker(hub, 'office'), speaker(hub, 'hanako'), speaker(hub, 'desk')])
  ;[office, hanako, desk] = everybody
})
after(async () => {
  for (const { client } of [office, hanako, desk]) client.close()
  await hub.stop()
})

/** Border: the views' shapes are attacks/access.test.ts's business. */
function viewIn<View>(reply: Reply): View {
  assert.equal(reply.status, 200, reply.text)
  return reply.body as View
}
const seen = (point: string): Promise<Reply> => ask(hub, { method: 'GET', path: `/v1/points/${point}` })
const forgetTries = (): Promise<unknown> => withClient(hub.settings, (client) => client.query('delete from budget'))
const offers = async (): Promise<string> => {
  const { rows } = await withClient(hub.settings, (client) =>
    client.query<{ count: string }>("select count(*) as count from offer where snapshot->>'kind' = 'point'"),
  )
  return rows[0]?.count ?? ''
}

/** The phone joins the deal that it has opened. */
async function joined(opened: PointDealView): Promise<PaymentView> {
  const token = /tok_[0-9a-f]{32}$/.exec(opened.link ?? '')?.[0]
  assert.ok(token)
  return viewIn<{ payment: PaymentView }>(await hanako.command('join', { credential: { kind: 'token', token } }))
    .payment
}

test('a bill at a point is its price, or what was typed within the bounds, with the tax in it', () => {
  const unit = unitOf('JPY')
  assert.ok(unit)
  const at = (price: PointPrice, taxRate: number | null = null): Point => ({
    id: idFrom('pnt', new Uint8Array(16)),
    label: 'x',
    place: 'y',
    text: 'Coffee',
    unit,
    taxRate,
    price,
  })
  const typed: PointPrice = { mode: 'amount', minimum: 100n, maximum: 500n }
  const cases: readonly (readonly [price: PointPrice, typed: bigint | null, total: bigint | undefined])[] = [
    [typed, 100n, 100n],
    [typed, 500n, 500n],
    [typed, 99n, undefined],
    [typed, 501n, undefined],
    [typed, 0n, undefined],
    [typed, -5n, undefined],
    [typed, null, undefined],
    [{ mode: 'fixed', amount: 150n }, null, 150n],
    [{ mode: 'fixed', amount: 150n }, 150n, undefined],
  ]
  for (const [price, amount, total] of cases) assert.equal(billAt(at(price), amount)?.total, total, String(amount))
  assert.equal(billAt(at({ mode: 'fixed', amount: 110n }, 1_000), null)?.lines[0]?.tax, 10n)
  const nothing = { amount: null, minimum: null, maximum: null, paying: null }
  assert.equal(priceOf({ ...nothing, mode: 'fixed' }), undefined)
  assert.equal(priceOf({ ...nothing, mode: 'fixed', amount: 5n, minimum: 1n }), undefined)
  assert.equal(priceOf({ ...nothing, mode: 'amount', minimum: 5n, maximum: 4n }), undefined)
  assert.equal(priceOf({ ...nothing, mode: 'amount', minimum: 0n, maximum: 4n }), undefined)
  assert.equal(priceOf({ ...nothing, mode: 'order' }), undefined)
  assert.equal(priceOf({ ...nothing, mode: 'fixed', amount: 5n, paying: 'end' }), undefined)
  assert.equal(priceOf({ ...nothing, mode: 'order', amount: 5n, paying: 'end' }), undefined)
})

test('a phone reads a sign, types an amount, sees whose it is, and pays; the office has the sale', async () => {
  const point = await madePoint(office)
  const sign = viewIn<PointView>(await seen(point))
  const { taxRate: _, ...shown } = DONATION
  assert.ok(office.self.kind === 'terminal')
  const { name, legalName } = office.self
  assert.deepEqual(sign, { point, shop: name, legalName, hasPicture: false, paying: null, ...shown })

  const command = newCommand()
  const opened = viewIn<PointDealView>(await openAt(hanako, point, '700', command))
  assert.match(opened.number ?? '', /^[0-9]{9}$/)
  assert.deepEqual(viewIn(await openAt(hanako, point, '700', command)), opened, 'the same command is the same deal')
  assert.equal(assertProblem(await openAt(hanako, point, '701', command), 'another amount'), 'command-mismatch')

  const payment = await joined(opened)
  assert.equal(payment.way, 'point')
  assert.equal(payment.biller.terminalLabel, DONATION.label)
  assert.equal(payment.bill?.total, '700')
  const outcome = await approve(hanako.client, payment, withPin('2468'))
  assert.ok(outcome.ok && outcome.view.payment?.state === 'settled')
  const afterwards = viewIn<PointDealView>(await openAt(hanako, point, '700', command))
  assert.deepEqual(afterwards, { deal: opened.deal, number: null, link: null, expiresAt: null })

  const { deals } = viewIn<{ deals: DealView[] }>(await office.reads('/v1/sales'))
  const sale = deals.find(({ deal }) => deal === opened.deal)
  assert.equal(sale?.way, 'point')
  const refund = await office.command('refund', { payment: payment.payment, amount: '200', lines: [] })
  assert.equal(refund.status, 200, refund.text)
})

test('a sign with a price bills that, and nothing that the phone says', async () => {
  const point = await madePoint(office, COFFEE)
  assert.equal(assertProblem(await openAt(hanako, point, '1'), 'an amount'), 'amount-invalid')
  const payment = await joined(viewIn(await openAt(hanako, point, null)))
  assert.deepEqual(
    payment.bill?.lines.map(({ text, amount, tax }) => [text, amount, tax]),
    [['Coffee', '150', '13']],
  )
  await hanako.command('decline', { payment: payment.payment })
})

test('what cannot be opened makes no offer: amounts out of bounds, unknown and ended signs, other kinds of client', async () => {
  const point = await madePoint(office)
  const before = await offers()
  const below = await openAt(hanako, point, '99')
  assert.equal(assertProblem(below, 'below'), 'amount-invalid')
  assert.deepEqual(below.body.figures, { field: 'amount', minimum: '100', maximum: '5000' })
  for (const amount of ['5001', '0', null]) {
    assert.equal(assertProblem(await openAt(hanako, point, amount), String(amount)), 'amount-invalid')
  }
  assert.equal(assertProblem(await openAt(hanako, newPoint(), '300'), 'unknown'), 'not-found')
  assert.equal(assertProblem(await openAt(office, point, '300'), 'a terminal'), 'not-allowed')
  const unsigned = await ask(hub, { path: '/v1/points/deals', body: { command: newCommand(), point, amount: '300' } })
  assert.equal(assertProblem(unsigned, 'nobody'), 'signature-needed')

  // A sticker that was taken down, on purpose or by whoever pasted another over it.
  const ended = viewIn<OfficePointView>(await office.signed({ path: '/v1/points/end', body: { point } }))
  assert.equal(ended.status, 'ended')
  assert.equal(
    viewIn<OfficePointView>(await office.signed({ path: '/v1/points/end', body: { point } })).status,
    'ended',
  )
  assert.equal(assertProblem(await seen(point), 'look'), 'point-ended')
  assert.equal(assertProblem(await openAt(hanako, point, '300'), 'open'), 'point-ended')
  const again = await office.signed({ path: '/v1/points', body: { point, ...DONATION } })
  assert.equal(assertProblem(again, 'brought back'), 'point-ended')
  assert.equal(await offers(), before)
})

test('a deal that was opened keeps its bill when the sign changes, and is gone when the sign ends', async () => {
  const point = await madePoint(office)
  const opened = viewIn<PointDealView>(await openAt(hanako, point, '400'))
  await madePoint(office, { ...DONATION, minimum: '1000' }, point)
  assert.equal((await joined(opened)).bill?.total, '400')
  assert.equal(assertProblem(await openAt(hanako, point, '400'), 'too little by now'), 'amount-invalid')
  const last = viewIn<PointDealView>(await openAt(hanako, point, '1000'))
  viewIn(await office.signed({ path: '/v1/points/end', body: { point } }))
  const token = /tok_[0-9a-f]{32}$/.exec(last.link ?? '')?.[0]
  const late = await hanako.command('join', { credential: { kind: 'token', token } })
  assert.equal(assertProblem(late, 'after the end'), 'number-not-found')
})

test('the same code reads as a static EMVCo code of this hub, and as our link', async () => {
  const point = newPoint()
  const view = viewIn<OfficePointView>(await office.signed({ path: '/v1/points', body: { point, ...COFFEE } }))
  assert.equal(view.link, `${hub.url}/t/${point}`)
  assert.deepEqual(readOurCode(view.emv ?? '', hub.url), { kind: 'point', point })
  const read = parseMerchantCode(view.emv ?? '')
  assert.ok(read.ok)
  assert.deepEqual(read.objects.find(({ id }) => id === '54')?.value, '150')
})

test('a picture is written anew, seen by anybody, and set by its own shop alone', async () => {
  const point = await madePoint(office)
  const look = () => ask(hub, { method: 'GET', path: `/v1/points/${point}/picture` })
  const send = (by: Speaker, picture: string | null) =>
    by.signed({ path: '/v1/points/picture', body: { point, picture } })
  assert.equal(assertProblem(await look(), 'none yet'), 'not-found')
  const nonsense = Buffer.from('no picture at all').toString('base64url')
  assert.equal(assertProblem(await send(office, nonsense), 'nonsense'), 'picture-invalid')
  assert.equal(viewIn<OfficePointView>(await send(office, somePicture().toString('base64url'))).hasPicture, true)
  const { picture } = viewIn<{ picture: string }>(await look())
  assert.equal(Buffer.from(picture, 'base64').subarray(0, 2).toString('hex'), 'ffd8')
  assert.equal(viewIn<PointView>(await seen(point)).hasPicture, true)

  const other = await openShop(hub, desk, 'Other shop')
  const theirs = await other.terminal()
  assert.equal(assertProblem(await send(theirs, null), 'another shop'), 'not-found')
  assert.equal(assertProblem(await theirs.signed({ path: '/v1/points/end', body: { point } }), 'end'), 'not-found')
  const taken = await theirs.signed({ path: '/v1/points', body: { point, ...COFFEE } })
  assert.equal(assertProblem(taken, 'take over'), 'not-found')
  assert.deepEqual(viewIn<PointsView>(await theirs.reads('/v1/points')).points, [])
  assert.equal(viewIn<OfficePointView>(await send(office, null)).hasPicture, false)
  theirs.client.close()
})

test('where a shop has staff, signs are for those who keep its books', async () => {
  const shop = await openShop(hub, desk, 'Guarded shop')
  const till = await shop.terminal()
  viewIn(await setPinAt(till, await shop.invite('Owner', 'owner'), '1111'))
  const point = await madePoint(till)
  viewIn(await setPinAt(till, await shop.invite('Cashier', 'cashier'), '2222'))
  for (const [path, body] of [
    ['/v1/points', { point, ...COFFEE }],
    ['/v1/points/picture', { point, picture: null }],
    ['/v1/points/end', { point }],
  ] as const)
    assert.equal(assertProblem(await till.signed({ path, body }), path), 'not-permitted')
  assert.equal(assertProblem(await till.reads('/v1/points'), 'list'), 'not-permitted')
  // Nobody stands at the sign: whoever comes pays, whoever is signed in.
  viewIn(await openAt(hanako, point, '300'))
  till.client.close()
})

test('a shop has so many signs, a sign that ended is not counted, and a currency without an account is none', async () => {
  const shop = await openShop(hub, desk, 'Shop of signs')
  const till = await shop.terminal()
  const first = await madePoint(till)
  await withClient(hub.settings, (client) =>
    client.query(
      `insert into point (id, bucket, party, terminal, label, place, text, unit, mode, amount, created_at)
       select gen_random_uuid(), bucket, party, gen_random_uuid(), 'x', 'x', 'x', 'JPY', 'fixed', 5, 0
       from point, generate_series(2, $2) where id = $1`,
      [first.slice(4), LIMITS.points],
    ),
  )
  const oneMore = () => till.signed({ path: '/v1/points', body: { point: newPoint(), ...COFFEE } })
  assert.equal(assertProblem(await oneMore(), 'one more'), 'too-many-points')
  await madePoint(till, { ...DONATION, place: 'Moved' }, first)
  viewIn(await till.signed({ path: '/v1/points/end', body: { point: first } }))
  assert.equal((await oneMore()).status, 200)
  const foreign = await till.signed({ path: '/v1/points', body: { point: newPoint(), ...COFFEE, unit: 'USD' } })
  assert.equal(assertProblem(foreign, 'no account in it'), 'unit-mismatch')
  till.client.close()
})

test('looks are counted by where they come from, deals by phone; a refused one costs nothing', async () => {
  await forgetTries()
  const point = await madePoint(office)
  const { burst } = BUDGETS['point-phone']
  for (let opened = 0; opened < burst; opened++) {
    await openAt(hanako, point, '99')
    viewIn(await openAt(hanako, point, '300'))
  }
  assert.equal(assertProblem(await openAt(hanako, point, '300'), 'one more'), 'too-many-tries')
  await Promise.all(Array.from({ length: BUDGETS.points.burst }, () => seen(newPoint())))
  assert.equal(assertProblem(await seen(point), 'a flood of looks'), 'too-many-tries')
  await forgetTries()
})

test('a phone that was revoked opens nothing', async () => {
  const point = await madePoint(office)
  const kenji = await speaker(hub, 'kenji')
  assert.ok(kenji.self.kind === 'device')
  await hub.directory.revoke(idFrom('dev', Buffer.from(kenji.self.id.slice(4), 'hex')))
  const code = assertProblem(await openAt(kenji, point, '300'), 'revoked')
  assert.ok(code === 'device-revoked' || code === 'session-ended', code)
  kenji.client.close()
})
