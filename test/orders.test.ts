// Tables through HTTP: what phones order, how they pay it, and what the kitchen makes of it.
import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { Compile } from 'typebox/compile'
import { idFrom, parseId, type TabId } from '#core/ids.ts'
import { reserved } from '#core/tab-shares.ts'
import { LIMITS } from '#protocol/limits.ts'
import {
  ORDER_ROUTES,
  type KitchenTabView,
  type KitchenView,
  type OfficeMenuView,
  type OrderedView,
  type PointMenuView,
  type SharedView,
  type TabView,
} from '#protocol/orders.ts'
import type { OfficePointView } from '#protocol/points.ts'
import type { PaymentView } from '#protocol/views.ts'
import { dealOfShare } from '#server/orders/settling.ts'
import { postgresTabs } from '#server/postgres/orders.ts'
import { startTestHub, until, type TestHub } from './support/hub.ts'
import { COFFEE, madePoint, newPoint, openAt } from './support/points.ts'
import {
  CAKE,
  closeTab,
  COUNTER,
  joinShare,
  madeMenu,
  mark,
  MENU,
  orderedAt,
  payShare,
  sendOrder,
  sendShare,
  SMALL_COFFEE,
  TABLE,
  tabOf,
  viewIn,
  WATER,
} from './support/orders.ts'
import { withClient } from './support/postgres.ts'
import { ask, assertProblem, newCommand, speaker, type Reply, type Speaker } from './support/raw-client.ts'
import { openShop, setPinAt } from './support/staff.ts'
import { BUCKETS, newId } from './support/world.ts'

let hub: TestHub
let office: Speaker
let hanako: Speaker
let kenji: Speaker
let desk: Speaker
let version: number
before(async () => {
  hub = await startTestHub()
  const who = ['office', 'hanako', 'kenji', 'desk'] as const
  ;[office, hanako, kenji, desk] = await Promise.all([
    speaker(hub, who[0]),
    speaker(hub, who[1]),
    speaker(hub, who[2]),
    speaker(hub, who[3]),
  ])
})
after(async () => {
  for (const { client } of [office, hanako, kenji, desk]) client.close()
  await hub.stop()
})
beforeEach(async () => {
  await rows('delete from budget')
  await rows('delete from menu_stock')
  version = await madeMenu(office)
})

const rows = (text: string, values: unknown[] = []): Promise<Record<string, unknown>[]> =>
  withClient(hub.settings, async (client) => (await client.query<Record<string, unknown>>(text, values)).rows)
const uuid = (id: string): string => id.slice(4)
const idBytesOf = (id: string): Uint8Array => Buffer.from(uuid(id), 'hex')
const stock = async (item: string): Promise<number | undefined> =>
  viewIn<OfficeMenuView>(await office.reads('/v1/menu')).stock.find((row) => row.item === item)?.left
const setStock = (item: string, left: number | null): Promise<Reply> =>
  office.signed({ path: '/v1/menu/stock', body: { item, left } })
const money = async (who: Speaker): Promise<bigint> => {
  const { balances } = viewIn<{ balances: { unit: string; balance: string; arriving: string }[] }>(
    await who.reads('/v1/balances'),
  )
  const yen = balances.find(({ unit }) => unit === 'JPY')
  return BigInt(yen?.balance ?? 0) + BigInt(yen?.arriving ?? 0)
}
const figuresOf = ({ paid, reserved, left, open, total }: TabView | KitchenTabView): string =>
  `${paid} + ${reserved} + ${left} + ${open} = ${total}`
const kitchenTab = async (tab: string): Promise<KitchenTabView | undefined> =>
  viewIn<KitchenView>(await office.reads('/v1/kitchen')).tabs.find((each) => each.tab === tab)
const give = (phone: Speaker, tab: string, share: number): Promise<Reply> =>
  phone.signed({ path: '/v1/tabs/shares/back', body: { tab, share } })
const lineShare = async (phone: Speaker, tab: string, line: number, quantity = 1): Promise<SharedView> =>
  viewIn(await sendShare(phone, tab, { kind: 'lines', lines: [{ line, quantity }] }))

test('a table orders twice, one pays the own lines, two share the rest, and the sums are the whole', async () => {
  const point = await madePoint(office, TABLE)
  const seen = viewIn<PointMenuView>(await ask(hub, { method: 'GET', path: `/v1/points/${point}/menu` }))
  assert.deepEqual([seen.version, seen.paying, seen.open, seen.menu], [version, 'end', true, MENU])

  const command = newCommand()
  const lines = [{ ...SMALL_COFFEE, quantity: 2, note: 'hot, please' }, CAKE]
  const first = viewIn<OrderedView>(await sendOrder(hanako, { point, version }, lines, command))
  assert.equal(first.tab.total, '1350')
  assert.equal(viewIn<OrderedView>(await sendOrder(hanako, { point, version }, lines, command)).tab.total, '1350')
  assert.equal(assertProblem(await sendOrder(hanako, { point, version }, [CAKE], command), 'other'), 'command-mismatch')
  const { tab } = first.tab
  assert.equal(assertProblem(await kenji.reads(`/v1/tabs/${tab}`), 'a stranger'), 'not-found')
  const second = await orderedAt(kenji, { point, version }, [SMALL_COFFEE])
  assert.deepEqual([second.tab.tab, second.tab.total], [tab, '1750'])

  const own = viewIn<SharedView>(await sendShare(kenji, tab, { kind: 'mine' }))
  assert.deepEqual([own.tab.reserved, own.tab.open], ['400', '1350'])
  await payShare(kenji, own)
  const half = viewIn<SharedView>(await sendShare(kenji, tab, { kind: 'equal', of: 2 }))
  const other = viewIn<SharedView>(await sendShare(hanako, tab, { kind: 'equal', of: 2 }))
  await payShare(hanako, other)
  await payShare(kenji, half)
  const done = await tabOf(hanako, tab)
  assert.deepEqual([done.total, done.paid, done.reserved, done.open], ['1750', '1750', '0', '0'])
  assert.deepEqual(done.shares.map(({ amount }) => amount).toSorted(), ['400', '675', '675'])

  const { tabs } = viewIn<KitchenView>(await office.reads('/v1/kitchen'))
  const list = tabs.find((each) => each.tab === tab)
  assert.deepEqual(
    list?.orders.map(({ who, lines: own }) => [who, own.map(({ quantity, name }) => `${quantity} ${name}`)]),
    [
      ['Hanako', ['2 Coffee', '1 Cake']],
      ['Kenji', ['1 Coffee']],
    ],
  )
  viewIn(await mark(office, tab, [1, 2], 'accepted'))
  assert.equal(viewIn<KitchenTabView>(await mark(office, tab, [1, 2, 3], 'served')).state, 'over')
})

test('an order that cannot be leaves nothing behind: old menu, what is not on it, closed hours, other signs', async () => {
  const point = await madePoint(office, TABLE)
  const at = { point, version }
  const before = await rows('select count(*) as tabs from tab')
  const coffee = await madePoint(office, COFFEE)
  assert.equal(assertProblem(await openAt(hanako, point, '300'), 'a deal at a table'), 'amount-invalid')
  for (const [about, reply, code, figures] of [
    ['another sign', await sendOrder(hanako, { ...at, point: coffee }, [CAKE]), 'not-found', undefined],
    ['no sign', await sendOrder(hanako, { ...at, point: newPoint() }, [CAKE]), 'not-found', undefined],
    [
      'an older menu',
      await sendOrder(hanako, { ...at, version: version - 1 }, [CAKE]),
      'menu-changed',
      { version: String(version) },
    ],
    [
      'a newer menu',
      await sendOrder(hanako, { ...at, version: version + 1 }, [CAKE]),
      'menu-changed',
      { version: String(version) },
    ],
    [
      'no size',
      await sendOrder(hanako, at, [CAKE, { ...SMALL_COFFEE, choices: [] }]),
      'order-invalid',
      { line: '2', reason: 'choices' },
    ],
    [
      'nobody’s tab',
      await sendOrder(hanako, { ...at, tab: `tab_0001${'5'.repeat(28)}` }, [CAKE]),
      'tab-closed',
      undefined,
    ],
    ['a terminal', await sendOrder(office, at, [CAKE]), 'not-allowed', undefined],
    ['nobody', await ask(hub, { path: '/v1/tabs/orders', body: {} }), 'signature-needed', undefined],
  ] as const) {
    assert.equal(assertProblem(reply, about), code, about)
    assert.deepEqual(reply.body.figures, figures, about)
  }
  const never = { days: [1, 2, 3, 4, 5, 6, 7], from: '04:00', until: '04:01' }
  const night = await madeMenu(office, { ...MENU, hours: [never] })
  const hour = new Date().toLocaleTimeString('en-GB', { timeZone: 'Asia/Tokyo' })
  if (!hour.startsWith('04:00')) {
    const shut = await sendOrder(hanako, { point, version: night }, [CAKE])
    assert.equal(assertProblem(shut, 'at night'), 'menu-closed')
    assert.ok(Number((shut.body.figures as Record<string, string>).opensAt) > Date.now())
    const sections = MENU.sections.map((section) => ({ ...section, hours: section.id === 'food' ? [never] : [] }))
    const noFood = { point, version: await madeMenu(office, { ...MENU, sections }) }
    assert.equal(assertProblem(await sendOrder(hanako, noFood, [WATER, CAKE]), 'no food'), 'menu-closed')
    const seen = viewIn<PointMenuView>(await ask(hub, { method: 'GET', path: `/v1/points/${point}/menu` }))
    assert.deepEqual([seen.open, seen.closedSections], [true, ['food']])
  }
  assert.deepEqual(await rows('select count(*) as tabs from tab'), before)
  viewIn(await office.signed({ path: '/v1/points/end', body: { point } }))
  assert.equal(assertProblem(await sendOrder(hanako, at, [CAKE]), 'a table that is gone'), 'point-ended')
})

test('the office writes the menu: what does not fit is named, an older base is refused, sent again it is there once', async () => {
  const write = (menu: object, basedOn = version): Promise<Reply> =>
    office.signed({ path: '/v1/menu', body: { basedOn, menu } })
  const [coffee] = MENU.items
  const unknown = await write({ ...MENU, items: [{ ...coffee, section: 'nowhere' }] })
  assert.equal(assertProblem(unknown, 'unknown'), 'menu-invalid')
  assert.deepEqual(unknown.body.figures, { at: 'items/coffee', reason: 'unknown' })
  assert.equal(assertProblem(await write({ ...MENU, unit: 'XXQ' }), 'no currency'), 'unit-invalid')
  assert.equal(assertProblem(await write({ ...MENU, unit: 'KWD' }), 'no account'), 'unit-mismatch')
  assert.equal(assertProblem(await write({ ...MENU, courses: [] }, version - 1), 'an older one'), 'menu-changed')
  const next = { ...MENU, courses: [] }
  assert.equal(viewIn<OfficeMenuView>(await write(next)).version, version + 1)
  assert.equal(viewIn<OfficeMenuView>(await write(next)).version, version + 1, 'the answer was lost')
  assert.equal(assertProblem(await write(MENU), 'another on the same base'), 'menu-changed')
  viewIn(await setStock('cake', 3))
  assert.equal(await stock('cake'), 3)
  assert.equal(assertProblem(await setStock('nothing', 3), 'not on the menu'), 'not-found')
  viewIn(await office.signed({ path: '/v1/menu', body: { basedOn: version + 1, menu: { ...MENU, items: [coffee] } } }))
  assert.equal(await stock('cake'), undefined, 'gone with the item')
})

test('a menu that changes while one chooses is told, and what was ordered before keeps its price', async () => {
  const point = await madePoint(office, TABLE)
  const command = newCommand()
  const first = viewIn<OrderedView>(await sendOrder(hanako, { point, version }, [CAKE], command))
  const dearer = MENU.items.map((item) => (item.id === 'cake' ? { ...item, price: '600' } : item))
  const next = await madeMenu(office, { ...MENU, items: dearer })
  const late = await sendOrder(hanako, { point, version }, [CAKE])
  assert.equal(assertProblem(late, 'the old menu'), 'menu-changed')
  const again = viewIn<OrderedView>(await sendOrder(hanako, { point, version }, [CAKE], command))
  assert.deepEqual([again.order, again.tab.total], [1, '550'], 'an order whose answer was lost is answered')
  const { tab } = await orderedAt(hanako, { point, version: next, tab: first.tab.tab }, [CAKE])
  assert.equal(tab.total, '1210')
})

test('the stock counts what is ordered, all of an order or none, and gets back what was refused for another reason', async () => {
  const point = await madePoint(office, TABLE)
  viewIn(await setStock('cake', 2))
  viewIn(await setStock('coffee', 5))
  const many = await sendOrder(hanako, { point, version }, [SMALL_COFFEE, CAKE, { ...CAKE, quantity: 2 }])
  assert.equal(assertProblem(many, 'three of two'), 'sold-out')
  assert.deepEqual(many.body.figures, { item: 'cake', left: '2' })
  assert.deepEqual([await stock('coffee'), await stock('cake')], [5, 2])
  const { tab } = await orderedAt(hanako, { point, version }, [CAKE, CAKE, WATER])
  assert.equal(await stock('cake'), 0)
  assert.equal(assertProblem(await sendOrder(hanako, { point, version }, [CAKE]), 'none left'), 'sold-out')
  viewIn(await mark(office, tab.tab, [1], 'refused', 'sold-out'))
  assert.equal(await stock('cake'), 0)
  viewIn(await mark(office, tab.tab, [2, 3], 'refused', 'other'))
  viewIn(await mark(office, tab.tab, [2, 3], 'refused', 'other'))
  assert.deepEqual([await stock('cake'), await stock('water')], [1, undefined])
})

test('what the kitchen refuses of a paid share goes back by itself, once; of an unpaid one its deal is cancelled', async () => {
  const point = await madePoint(office, TABLE)
  const { tab } = await orderedAt(hanako, { point, version }, [CAKE, SMALL_COFFEE, CAKE])
  const before = await money(hanako)
  const payment = await payShare(
    hanako,
    viewIn(
      await sendShare(hanako, tab.tab, {
        kind: 'lines',
        lines: [
          { line: 2, quantity: 1 },
          { line: 1, quantity: 1 },
        ],
      }),
    ),
  )
  assert.equal(before - (await money(hanako)), 950n)
  assert.equal(assertProblem(await mark(office, tab.tab, [2], 'refused'), 'no reason'), 'field-invalid')
  viewIn(await mark(office, tab.tab, [2], 'refused', 'other'))
  const refused = viewIn<KitchenTabView>(await mark(office, tab.tab, [2], 'refused', 'other'))
  assert.deepEqual([refused.back, figuresOf(refused)], [[], '550 + 0 + 0 + 550 = 1100'])
  await until(async () => before - (await money(hanako)) === 550n)
  const seen = viewIn<PaymentView>(await hanako.reads(`/v1/payments/${payment.payment}`))
  assert.deepEqual(
    seen.refunds.map(({ amount, lines }) => [amount, lines]),
    [['400', [{ line: 0, amount: '400' }]]],
  )
  assert.equal((await tabOf(hanako, tab.tab)).lines[1]?.pay, 'back')

  const share = await lineShare(hanako, tab.tab, 3)
  const joined = await joinShare(hanako, share)
  const cancelled = viewIn<KitchenTabView>(await mark(office, tab.tab, [3], 'refused', 'closing'))
  assert.equal(figuresOf(cancelled), '550 + 0 + 0 + 0 = 550')
  const after = viewIn<PaymentView>(await hanako.reads(`/v1/payments/${joined.payment}`))
  assert.equal(after.state, 'ended')
  assert.equal(assertProblem(await mark(office, tab.tab, [3], 'ready'), 'ready after all'), 'line-moved-on')
})

test('a refund that cannot be made yet is shown to the shop and tried again', async () => {
  const point = await madePoint(office, TABLE)
  const { tab } = await orderedAt(hanako, { point, version }, [SMALL_COFFEE])
  const before = await money(hanako)
  await payShare(hanako, viewIn(await sendShare(hanako, tab.tab, { kind: 'mine' })))
  assert.ok(office.self.kind === 'terminal')
  const frozen = (status: string): Promise<unknown> =>
    rows('update account set status = $2 where key = $1', [
      office.self.kind === 'terminal' ? office.self.account : '',
      status,
    ])
  await until(async () =>
    viewIn<{ balances: { arriving: string }[] }>(await office.reads('/v1/balances')).balances.every(
      ({ arriving }) => arriving === '0',
    ),
  )
  await frozen('frozen')
  const refused = viewIn<KitchenTabView>(await mark(office, tab.tab, [1], 'refused', 'other'))
  assert.deepEqual(
    refused.back.map(({ amount, trouble }) => [amount, trouble]),
    [['400', 'account-frozen']],
  )
  await frozen('open')
  await rows(`update tab set snapshot = jsonb_set(snapshot, '{backs,0,nextAt}', '0'), due_at = 0 where id = $1`, [
    uuid(tab.tab),
  ])
  await until(async () => (await money(hanako)) === before)
  await until(async () => (await kitchenTab(tab.tab)) === undefined)
})

test('paid first: the kitchen sees an order when it is paid, each is a tab of its own, and an unpaid one lapses', async () => {
  const point = await madePoint(office, COUNTER)
  viewIn(await setStock('cake', 5))
  const ordered = await orderedAt(hanako, { point, version }, [CAKE, WATER])
  const other = await orderedAt(kenji, { point, version }, [CAKE])
  assert.notEqual(other.tab.tab, ordered.tab.tab)
  assert.deepEqual(
    ordered.tab.lines.map(({ state }) => state),
    ['unpaid', 'unpaid'],
  )
  assert.deepEqual((await kitchenTab(ordered.tab.tab))?.orders, [])
  assert.equal(assertProblem(await kenji.reads(`/v1/tabs/${ordered.tab.tab}`), 'not his'), 'not-found')
  await payShare(hanako, ordered)
  const [order] = await until(async () => {
    const orders = (await kitchenTab(ordered.tab.tab))?.orders ?? []
    return orders.length > 0 && orders
  })
  assert.deepEqual([order?.paid, order?.lines.map(({ state }) => state)], [true, ['ordered', 'ordered']])
  assert.ok((order?.call ?? 0) > 0)

  // Given back, it can be paid again; after its time it is no order any more.
  viewIn(await give(kenji, other.tab.tab, other.share ?? 0))
  const again = viewIn<SharedView>(await sendShare(kenji, other.tab.tab, { kind: 'mine' }))
  assert.notEqual(again.share, other.share)
  viewIn(await give(kenji, other.tab.tab, again.share))
  await rows(`update tab set snapshot = jsonb_set(snapshot, '{orders,0,payUntil}', '0'), due_at = 0 where id = $1`, [
    uuid(other.tab.tab),
  ])
  const lapsed = await until(async () => {
    const tab = await tabOf(kenji, other.tab.tab)
    return tab.state === 'over' && tab
  })
  assert.deepEqual([lapsed.lines[0]?.state, figuresOf(lapsed), await stock('cake')], ['lapsed', '0 + 0 + 0 + 0 = 0', 4])
  assert.equal(assertProblem(await sendShare(kenji, other.tab.tab, { kind: 'mine' }), 'too late'), 'not-found')
  // What costs nothing is nobody's to pay.
  const free = await orderedAt(hanako, { point, version }, [WATER])
  assert.deepEqual([free.share, free.tab.lines[0]?.state], [null, 'ordered'])
})

test('whoever pays some pieces of a line leaves the others; a share that was given back is open again', async () => {
  const point = await madePoint(office, TABLE)
  const { tab } = await orderedAt(hanako, { point, version }, [{ ...CAKE, quantity: 3 }])
  viewIn(await kenji.signed({ path: '/v1/tabs', body: { point } }))
  const command = newCommand()
  const wish = { kind: 'lines', lines: [{ line: 1, quantity: 1 }] }
  const share = viewIn<SharedView>(await sendShare(kenji, tab.tab, wish, command))
  assert.equal(viewIn<SharedView>(await sendShare(kenji, tab.tab, wish, command)).share, share.share)
  assert.equal(assertProblem(await sendShare(kenji, tab.tab, { kind: 'mine' }, command), 'another'), 'command-mismatch')
  assert.deepEqual(
    share.tab.lines.map(({ quantity, amount }) => [quantity, amount]),
    [
      [1, '550'],
      [2, '1100'],
    ],
  )
  const theirs = (await tabOf(hanako, tab.tab)).shares[0]
  assert.deepEqual([theirs?.who, theirs?.link, theirs?.deal, theirs?.number], ['Kenji', null, null, null])
  assert.equal(assertProblem(await give(hanako, tab.tab, share.share), 'not hers'), 'not-found')
  viewIn(await give(kenji, tab.tab, share.share))
  assert.equal(
    figuresOf(viewIn<TabView>(await give(hanako, tab.tab, 9).then(() => hanako.reads(`/v1/tabs/${tab.tab}`)))),
    '0 + 0 + 0 + 1650 = 1650',
  )
  const whole = viewIn<SharedView>(await sendShare(hanako, tab.tab, { kind: 'mine' }))
  const payment = await payShare(hanako, whole)
  assert.deepEqual(
    payment.bill?.lines.map(({ text, quantity, amount }) => [text, quantity, amount]),
    [
      ['Cake', 1, '550'],
      ['Cake', 2, '1100'],
    ],
  )
  assert.equal(assertProblem(await sendShare(kenji, tab.tab, { kind: 'equal', of: 2 }), 'all is paid'), 'nothing-open')
  const paid = viewIn<TabView>(await give(hanako, tab.tab, whole.share))
  assert.equal(paid.paid, '1650', 'what is paid is not given back')
})

test('a share whose hub died before its deal was opened is opened by whoever looks; one that ran out frees its lines', async () => {
  const point = await madePoint(office, TABLE)
  const { tab } = await orderedAt(hanako, { point, version }, [CAKE])
  const id: TabId | undefined = parseId('tab', tab.tab)
  assert.ok(id && hanako.self.kind === 'device')
  const { id: device, party, name } = hanako.self
  const by = { party: idFrom('pty', idBytesOf(party)), device: idFrom('dev', idBytesOf(device)), name }
  const command = { device: by.device, command: newId('cmd'), hash: Buffer.alloc(32) }
  const limits = { orders: 9, lines: 9, guests: 9, shares: 9 }
  await postgresTabs(hub.database, BUCKETS).share(id, command, (present) =>
    reserved(present, { by, wanted: { kind: 'mine' }, dealOf: dealOfShare(id) }, limits),
  )
  const opened = await tabOf(hanako, tab.tab)
  const deal = opened.shares[0]?.deal ?? ''
  assert.ok(opened.shares[0]?.link)
  // Its ticket runs out: the hub's timer ends the deal, and the lines are open again.
  await rows(
    `update offer set due_at = 1, snapshot = jsonb_set(snapshot, '{state,ticket,expiresAt}', '1') where deal = $1`,
    [deal.slice(5)],
  )
  await until(async () => (await tabOf(hanako, tab.tab)).open === '550')
  await payShare(hanako, viewIn(await sendShare(hanako, tab.tab, { kind: 'mine' })))
  assert.equal((await tabOf(hanako, tab.tab)).paid, '550')
})

test('a closed table takes no order; what is open is paid, or was paid at the till; the next guests begin anew', async () => {
  const point = await madePoint(office, TABLE)
  const first = await orderedAt(hanako, { point, version }, [CAKE])
  const { tab } = first.tab
  const share = viewIn<SharedView>(await sendShare(hanako, tab, { kind: 'mine' }))
  assert.equal(assertProblem(await closeTab(office, tab, 'left'), 'somebody pays'), 'share-under-way')
  assert.equal(viewIn<KitchenTabView>(await closeTab(office, tab, 'waits')).state, 'closed')
  assert.equal(assertProblem(await sendOrder(hanako, { point, version, tab }, [CAKE]), 'closed'), 'tab-closed')
  const next = await orderedAt(kenji, { point, version }, [CAKE])
  assert.notEqual(next.tab.tab, tab)
  await payShare(hanako, share)
  assert.equal((await tabOf(hanako, tab)).state, 'over')
  const left = viewIn<KitchenTabView>(await closeTab(office, next.tab.tab, 'left'))
  assert.deepEqual([left.state, figuresOf(left)], ['over', '0 + 0 + 550 + 0 = 550'])
  assert.equal(assertProblem(await sendShare(kenji, next.tab.tab, { kind: 'mine' }), 'paid at the till'), 'not-found')

  const last = await orderedAt(kenji, { point, version }, [CAKE])
  await rows(`update tab set snapshot = jsonb_set(snapshot, '{endsAt}', '1'), due_at = 1 where id = $1`, [
    uuid(last.tab.tab),
  ])
  const ended = await until(async () => {
    const view = await tabOf(kenji, last.tab.tab)
    return view.state === 'over' && view
  })
  assert.equal(ended.left, '550')
})

test('whoever does not sit there, and another shop, find no table; a cashier serves, the menu is not theirs', async () => {
  const point = await madePoint(office, TABLE)
  assert.equal(assertProblem(await kenji.signed({ path: '/v1/tabs', body: { point } }), 'nobody ordered'), 'not-found')
  const { tab } = await orderedAt(hanako, { point, version }, [CAKE])
  assert.equal(assertProblem(await kenji.reads(`/v1/tabs/${tab.tab}`), 'read'), 'not-found')
  assert.equal(assertProblem(await sendShare(kenji, tab.tab, { kind: 'mine' }), 'share'), 'not-found')
  assert.equal(assertProblem(await give(kenji, tab.tab, 1), 'back'), 'not-found')
  for (const path of [`/v1/tabs/tab_ffff${'5'.repeat(28)}`, '/v1/tabs/nonsense'])
    assert.equal(assertProblem(await hanako.reads(path), path), 'not-found')
  const sat = viewIn<TabView>(await kenji.signed({ path: '/v1/tabs', body: { point } }))
  assert.deepEqual(sat.guests, ['Hanako', 'Kenji'])

  const shop = await openShop(hub, desk, 'Other café')
  const till = await shop.terminal()
  assert.equal(assertProblem(await mark(till, tab.tab, [1], 'ready'), 'mark'), 'not-found')
  assert.equal(assertProblem(await closeTab(till, tab.tab, 'left'), 'close'), 'not-found')
  assert.deepEqual(viewIn<KitchenView>(await till.reads('/v1/kitchen')).tabs, [])
  assert.equal(viewIn<OfficeMenuView>(await till.reads('/v1/menu')).version, 0)
  assert.equal(
    assertProblem(await till.signed({ path: '/v1/menu/stock', body: { item: 'cake', left: 1 } }), 'stock'),
    'not-found',
  )

  viewIn(await setPinAt(till, await shop.invite('Owner', 'owner'), '1111'))
  const own = await madeMenu(till)
  const theirs = await madePoint(till, TABLE)
  const order = await orderedAt(hanako, { point: theirs, version: own }, [CAKE])
  viewIn(await setPinAt(till, await shop.invite('Cashier', 'cashier'), '2222'))
  assert.equal(viewIn<KitchenView>(await till.reads('/v1/kitchen')).tables, 1)
  viewIn(await mark(till, order.tab.tab, [1], 'served'))
  viewIn(await closeTab(till, order.tab.tab, 'left'))
  const write = await till.signed({ path: '/v1/menu', body: { basedOn: own, menu: MENU } })
  assert.equal(assertProblem(write, 'a cashier'), 'not-permitted')
  till.client.close()
})

test('an office makes tables of its signs, and a sign that is none says so', async () => {
  const point = await madePoint(office, TABLE)
  const put = (over: object) => office.signed({ path: '/v1/points', body: { point, ...TABLE, ...over } })
  assert.equal(viewIn<OfficePointView>(await put({ paying: 'first' })).paying, 'first')
  assert.equal(assertProblem(await put({ paying: null }), 'how is it paid?'), 'field-invalid')
  assert.equal(assertProblem(await put({ amount: '5' }), 'a price'), 'amount-invalid')
  assert.equal(assertProblem(await put({ mode: 'fixed', amount: '5' }), 'paying'), 'field-invalid')
  assert.equal(viewIn<OfficePointView>(await put({ mode: 'fixed', amount: '5', paying: null })).mode, 'fixed')
})

test('a counter keeps so many unpaid orders, and what is long over is forgotten with its commands', async () => {
  const point = await madePoint(office, COUNTER)
  const { tab } = await orderedAt(hanako, { point, version }, [CAKE])
  await rows(
    `insert into tab select bucket, gen_random_uuid(), party, point, paying, state, version, snapshot, false, opened_at, null, null
     from tab, generate_series(2, $2) where id = $1`,
    [uuid(tab.tab), LIMITS.openTabs],
  )
  assert.equal(assertProblem(await sendOrder(hanako, { point, version }, [CAKE]), 'one more'), 'too-many-tabs')
  await rows(`update tab set state = 'over', over_at = 1, due_at = null, is_live = false where point = $1`, [
    uuid(point),
  ])
  const kept = await orderedAt(hanako, { point, version }, [WATER])
  await orderedAt(hanako, { point, version }, [WATER])
  const known = await rows('select id from tab where point = $1', [uuid(point)])
  assert.equal(known.length, 2)
  const tabId: TabId | undefined = parseId('tab', kept.tab.tab)
  assert.ok(tabId)
  assert.equal((await rows('select from tab_command where tab = $1', [uuid(tab.tab)])).length, 0)
  assert.equal((await rows('select from tab_command where tab = $1', [uuid(tabId)])).length, 1)
})

test('every view of a table is exactly what its schema says', async () => {
  // Border: what has passed its schema is that view.
  const exactly = (route: keyof typeof ORDER_ROUTES, reply: Reply): Record<string, unknown> => {
    assert.equal(reply.status, 200, `${route}: ${reply.text}`)
    assert.deepEqual([...Compile(ORDER_ROUTES[route].response).Errors(reply.body)], [], route)
    return reply.body
  }
  viewIn(await setStock('water', 3))
  const point = await madePoint(office, TABLE)
  exactly('pointMenu', await ask(hub, { method: 'GET', path: `/v1/points/${point}/menu` }))
  const lines = [{ ...SMALL_COFFEE, course: 'later', note: 'hot', quantity: 3 }, CAKE]
  const ordered = exactly('order', await sendOrder(hanako, { point, version }, lines)) as OrderedView
  const { tab } = ordered.tab
  exactly('sit', await kenji.signed({ path: '/v1/tabs', body: { point } }))
  const equal = exactly('share', await sendShare(hanako, tab, { kind: 'equal', of: 3 })) as SharedView
  exactly('tab', await kenji.reads(`/v1/tabs/${tab}`))
  const payment = await payShare(hanako, equal)
  assert.deepEqual(
    payment.bill?.lines.map(({ text, amount }) => [text, amount]),
    [
      ['Coffee (small) 1/3', '400'],
      ['Cake 1/3', '184'],
    ],
  )
  exactly('mark', await mark(office, tab, [2], 'refused', 'sold-out'))
  exactly('tab', await hanako.reads(`/v1/tabs/${tab}`))
  exactly('kitchen', await office.reads('/v1/kitchen'))
  exactly('menu', await office.reads('/v1/menu'))
  exactly('setStock', await setStock('water', null))
  exactly(
    'setMenu',
    await office.signed({ path: '/v1/menu', body: { basedOn: version, menu: { ...MENU, courses: [] } } }),
  )
  const last = exactly('share', await sendShare(kenji, tab, { kind: 'equal', of: 3 })) as SharedView
  exactly('shareBack', await give(kenji, tab, last.share))
  exactly('closeTab', await closeTab(office, tab, 'left'))
})

test('a phone that was revoked orders nothing and reserves nothing', async () => {
  const point = await madePoint(office, TABLE)
  const { tab } = await orderedAt(kenji, { point, version }, [CAKE])
  assert.ok(kenji.self.kind === 'device')
  await rows(`update device set status = 'revoked' where id = $1`, [uuid(kenji.self.id)])
  for (const reply of [
    await sendOrder(kenji, { point, version }, [CAKE]),
    await sendShare(kenji, tab.tab, { kind: 'mine' }),
    await kenji.signed({ path: '/v1/tabs', body: { point } }),
  ]) {
    const code = assertProblem(reply, 'revoked')
    assert.ok(code === 'device-revoked' || code === 'session-ended', code)
  }
})
