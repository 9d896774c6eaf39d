// Ordering without a page: the basket and what a new menu does to it, the table's state, the kitchen's list, and the menu as it is keyed in.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  documentOf,
  draftOf,
  EMPTY_MENU,
  keyFor,
  menuOfFile,
  moved,
  withoutOption,
  withoutSection,
  type MenuDraft,
} from '#apps/merchant/menu-draft.ts'
import { arrivedBetween, NO_KITCHEN, refusable, stepOf, workOf, type Kitchen } from '#apps/register/kitchen.ts'
import {
  amountOf,
  fitted,
  missingOf,
  piecesIn,
  priceFrom,
  roomFor,
  sumOf,
  toggled,
  withLine,
  withQuantity,
  type Basket,
  type Chosen,
  type Menu,
} from '#apps/wallet/basket.ts'
import {
  chose,
  freeShares,
  isOver,
  linesByGuest,
  menuArrived,
  openPieces,
  ordered,
  orderRefused,
  ownOpen,
  tabArrived,
  tableAt,
  tabFor,
  type Table,
} from '#apps/wallet/table.ts'
import { unitOf } from '#core/money.ts'
import type { KitchenView, MenuWire, PointMenuView, TabView } from '#protocol/orders.ts'
import { problemOf, type ProblemCode } from '#protocol/problems.ts'
import { MENU } from './support/orders.ts'

const JPY = unitOf('JPY')
assert.ok(JPY)
const HEX = '0123456789abcdef'.repeat(2)
const menuWith = (stock: Menu['stock'] = [], change: Partial<MenuWire> = {}): Menu => ({
  menu: { ...MENU, ...change },
  stock,
})
const line = (item: string, quantity = 1, ...choices: (readonly [option: string, choice: string])[]): Chosen => ({
  item,
  quantity,
  choices: choices.map(([option, choice]) => ({ option, choice })),
  course: null,
  note: '',
})
const LARGE = ['size', 'large'] as const
const SMALL = ['size', 'small'] as const

test('a line costs what the menu says, with its choices and the tax that comes on top', () => {
  const cases: readonly (readonly [Chosen, bigint | undefined])[] = [
    [line('coffee', 1, SMALL), 400n],
    [line('coffee', 2, LARGE, ['extras', 'oat']), 1_100n],
    [line('cake', 3), 1_650n],
    [line('water'), 0n],
    // One size is to be chosen, of those that there are.
    [line('coffee'), undefined],
    [line('coffee', 1, ['size', 'huge']), undefined],
    [line('stollen'), undefined],
  ]
  for (const [chosen, amount] of cases) assert.equal(amountOf(menuWith(), chosen), amount, JSON.stringify(chosen))
  assert.equal(sumOf(menuWith(), [line('coffee', 1, SMALL), line('cake')]), 950n)
  assert.equal(priceFrom(menuWith(), { id: 'cake' }), 550n)
  assert.equal(priceFrom(menuWith(), { id: 'coffee' }, '50'), 450n)
})

test('one of "exactly one" changes over; of "at most two" a third is not taken', () => {
  const [size, extras] = MENU.options
  assert.ok(size && extras)
  const large = toggled(toggled([], size, 'small'), size, 'large')
  assert.deepEqual(large, [{ option: 'size', choice: 'large' }])
  assert.deepEqual(toggled(large, size, 'large'), large)
  const syrup = { id: 'syrup', name: 'syrup', nameEn: null, nameJa: null, price: '30' }
  const three = { ...extras, choices: [...extras.choices, syrup] }
  const both = toggled(toggled([], three, 'oat'), three, 'shot')
  assert.deepEqual(toggled(both, three, 'syrup'), both)
  assert.deepEqual(toggled(both, three, 'oat'), [{ option: 'extras', choice: 'shot' }])
  assert.equal(missingOf(MENU.options, [])?.id, 'size')
  assert.equal(missingOf(MENU.options, large), undefined)
})

test('the same again is one line; another note or choice is a line of its own; none of a line is no line', () => {
  const first: Basket = [line('coffee', 1, SMALL)]
  const twice = withLine(first, line('coffee', 2, SMALL), null)
  assert.deepEqual(twice, [line('coffee', 3, SMALL)])
  const other = withLine(twice, { ...line('coffee', 1, SMALL), note: 'no sugar' }, null)
  assert.deepEqual(
    other.map(({ quantity }) => quantity),
    [3, 1],
  )
  // Changed so that it is like the first, it becomes that.
  assert.deepEqual(withLine(other, line('coffee', 1, SMALL), 1), [line('coffee', 4, SMALL)])
  assert.deepEqual(withQuantity(other, 0, 0).length, 1)
  assert.equal(piecesIn(other), 4)
})

test('no more than is left can be chosen, over all lines of an item', () => {
  const menu = menuWith([{ item: 'cake', left: 3 }])
  const basket = [line('cake', 1), { ...line('cake', 1), note: 'for later' }]
  assert.equal(roomFor(menu, basket, 'cake', null), 1)
  assert.equal(roomFor(menu, basket, 'cake', 0), 2)
  assert.equal(roomFor(menuWith([{ item: 'cake', left: 0 }]), [], 'cake', null), 0)
  assert.equal(roomFor(menu, basket, 'coffee', null), 99)
})

test('a new menu takes out what it does not have, says what costs otherwise, and keeps the rest', () => {
  const basket = [line('coffee', 2, LARGE), line('cake', 3), line('water'), { ...line('cake'), course: 'later' }]
  const dearer = MENU.items.map((item) => (item.id === 'coffee' ? { ...item, price: '450' } : item))
  const other = MENU.options.filter(({ id }) => id !== 'size')
  const cases: readonly (readonly [string, Menu, readonly string[], readonly number[]])[] = [
    ['the same', menuWith(), [], [2, 3, 1, 1]],
    ['dearer', menuWith([], { items: dearer }), ['price 500 550'], [2, 3, 1, 1]],
    ['off the menu', menuWith([], { items: MENU.items.filter(({ id }) => id !== 'water') }), ['gone'], [2, 3, 1]],
    ['another option', menuWith([], { options: other }), ['gone options'], [3, 1, 1]],
    ['few left', menuWith([{ item: 'cake', left: 2 }]), ['fewer 2', 'gone sold-out'], [2, 2, 1]],
    ['none left', menuWith([{ item: 'cake', left: 0 }]), ['gone sold-out', 'gone sold-out'], [2, 1]],
  ]
  for (const [name, now, said, quantities] of cases) {
    const { basket: kept, changes } = fitted(basket, menuWith(), now)
    assert.deepEqual(
      kept.map(({ quantity }) => quantity),
      quantities,
      name,
    )
    assert.deepEqual(
      changes.map((change) =>
        change.kind === 'price'
          ? `price ${change.before} ${change.after}`
          : change.kind === 'fewer'
            ? `fewer ${change.left}`
            : change.kind,
      ),
      said,
      name,
    )
  }
  // A course that is not served any more is left out, and the line stays.
  assert.equal(fitted(basket, menuWith(), menuWith([], { courses: [] })).basket.at(-1)?.course, null)
})

// ---- the table

const pointMenu = (
  version: number,
  change: Partial<MenuWire> = {},
  paying: 'first' | 'end' = 'end',
): PointMenuView => ({
  point: `pnt_${HEX}`,
  label: 'Table 3',
  place: 'By the window',
  shop: 'Marubeni Bakery',
  legalName: 'Maki Beni',
  paying,
  version,
  menu: { ...MENU, ...change },
  stock: [],
  open: true,
  closedSections: [],
  opensAt: null,
  closesAt: null,
  now: 1_000,
})

const tabLine = (number: number, change: Partial<TabView['lines'][number]> = {}): TabView['lines'][number] => ({
  line: number,
  item: 'cake',
  name: 'Cake',
  nameEn: null,
  nameJa: null,
  choices: [],
  course: null,
  note: '',
  quantity: 2,
  amount: '1100',
  state: 'ordered',
  reason: null,
  order: 1,
  mine: true,
  who: 'Hanako',
  orderedAt: 1_000,
  open: '1100',
  pay: 'open',
  ...change,
})

const tabView = (change: Partial<TabView> = {}): TabView => ({
  tab: `tab_${HEX}`,
  version: 1,
  point: `pnt_${HEX}`,
  label: 'Table 3',
  shop: 'Marubeni Bakery',
  unit: 'JPY',
  paying: 'end',
  state: 'open',
  total: '1100',
  paid: '0',
  reserved: '0',
  left: '0',
  open: '1100',
  guests: ['Hanako'],
  lines: [tabLine(1)],
  shares: [],
  endsAt: 2_000,
  now: 1_000,
  ...change,
})

const ORDERING = { command: `cmd_${HEX}`, point: `pnt_${HEX}`, tab: null, version: 1, lines: [] }
const atTable = (change: Partial<Table> = {}): Table => ({
  ...menuArrived(tableAt(`pnt_${HEX}`), pointMenu(1)),
  ...change,
})

test('an order without an answer keeps its words and its basket; a decided no frees both', () => {
  const basket = [line('cake')]
  const sent = atTable({ basket, ordering: ORDERING, busy: 'order' })
  const cases: readonly (readonly [ProblemCode, boolean])[] = [
    ['no-answer', true],
    ['busy', true],
    // A session that has run out says nothing of the order.
    ['session-needed', true],
    ['menu-changed', false],
    ['sold-out', false],
    ['tab-closed', false],
  ]
  for (const [code, isKept] of cases) {
    const after = orderRefused(sent, problemOf(code))
    assert.equal(after.ordering !== null, isKept, code)
    assert.deepEqual([after.busy, after.basket], [null, basket], code)
    // While it is not known whether the kitchen has it, nothing of it changes.
    assert.equal(chose(after, []).basket.length, isKept ? 1 : 0, code)
    assert.equal(menuArrived(after, pointMenu(2, { items: [] })).basket.length, isKept ? 1 : 0, code)
  }
  const done = ordered(sent, { order: 1, share: null, tab: tabView() })
  assert.deepEqual([done.basket, done.ordering, done.busy, done.tabId], [[], null, null, `tab_${HEX}`])
})

test('a new version says so even where the basket fits; the first menu, and an empty basket, say nothing', () => {
  const chosen = atTable({ basket: [line('cake')] })
  assert.equal(atTable().changes, null)
  assert.equal(menuArrived(chosen, pointMenu(1)).changes, null)
  assert.deepEqual(menuArrived(chosen, pointMenu(2)).changes, [])
  assert.equal(menuArrived(atTable(), pointMenu(2)).changes, null)
  assert.deepEqual(
    menuArrived(chosen, pointMenu(2, { items: [] })).changes?.map(({ kind }) => kind),
    ['gone'],
  )
  // What the person has chosen since has been chosen from what is there.
  assert.equal(chose(menuArrived(chosen, pointMenu(2)), [line('cake')]).changes, null)
})

test('an order goes to the tab that is known here, and to a new one where that is closed or paid before', () => {
  const known = tabArrived(atTable(), tabView())
  assert.equal(tabFor(atTable()), null)
  assert.equal(tabFor(known), `tab_${HEX}`)
  assert.equal(tabFor(tabArrived(atTable(), tabView({ state: 'closed' }))), null)
  assert.equal(tabFor({ ...known, menu: pointMenu(1, {}, 'first') }), null)
  // Known by its id alone, after a reload.
  assert.equal(tabFor(atTable({ tabId: `tab_${HEX}` })), `tab_${HEX}`)
})

test('an older view of the tab is let pass; a tab that is over is left behind', () => {
  const seen = tabArrived(atTable(), tabView({ version: 5 }))
  assert.equal(tabArrived(seen, tabView({ version: 4 })).tab?.version, 5)
  assert.equal(isOver(seen), false)
  const over = tabArrived(seen, tabView({ version: 6, state: 'over' }))
  assert.equal(isOver(over), true)
  assert.equal(isOver({ ...over, basket: [line('cake')] }), false)
})

test('one’s own lines come first, and what is covered cannot be chosen', () => {
  const kenji = { mine: false, who: 'Kenji' } as const
  const tab = tabView({
    lines: [
      tabLine(1, kenji),
      tabLine(2),
      tabLine(3, { open: '0', pay: 'reserved' }),
      tabLine(4, { ...kenji, open: '0', pay: 'paid' }),
    ],
  })
  assert.deepEqual(
    linesByGuest(tab).map(({ who, lines }) => [who, lines.map((each) => each.line)]),
    [
      [null, [2, 3]],
      ['Kenji', [1, 4]],
    ],
  )
  assert.equal(ownOpen(tab), 1_100n)
  assert.deepEqual(tab.lines.map(openPieces), [2, 2, 0, 0])
  assert.deepEqual(freeShares(tab), [])
})

// ---- the kitchen

type KitchenTab = KitchenView['tabs'][number]
type KitchenOrder = KitchenTab['orders'][number]

const kitchenLine = (number: number, state: KitchenOrder['lines'][number]['state']): KitchenOrder['lines'][number] => {
  const {
    order: _,
    mine: __,
    who: ___,
    orderedAt: ____,
    open: _____,
    pay: ______,
    ...facts
  } = tabLine(number, { state })
  return facts
}

const order = (number: number, at: number, ...states: KitchenOrder['lines'][number]['state'][]): KitchenOrder => ({
  order: number,
  call: number,
  who: 'Hanako',
  orderedAt: at,
  paid: false,
  lines: states.map((state, index) => kitchenLine(number * 10 + index, state)),
})

const kitchenTab = (tab: string, ...orders: KitchenOrder[]): KitchenTab => ({
  tab,
  version: 1,
  label: `Table ${tab}`,
  unit: 'JPY',
  paying: 'end',
  state: 'open',
  openedAt: 0,
  endsAt: 1,
  total: '0',
  paid: '0',
  reserved: '0',
  left: '0',
  open: '0',
  guests: [],
  back: [],
  orders,
})

const kitchen = (...tabs: KitchenTab[]): Kitchen => ({ ...NO_KITCHEN, view: { tabs, more: false, tables: 1, now: 0 } })

test('the list is oldest first over all tables, without what is served, refused, or still to be paid', () => {
  const { view } = kitchen(
    kitchenTab('a', order(1, 300, 'ordered'), order(2, 100, 'served', 'accepted')),
    kitchenTab('b', order(1, 200, 'ready'), order(2, 50, 'served', 'refused'), order(3, 10, 'unpaid')),
  )
  assert.ok(view)
  assert.deepEqual(
    workOf(view).map(({ key }) => key),
    ['a 2', 'b 1', 'a 1'],
  )
})

test('the next step is that of the lines furthest behind', () => {
  const cases: readonly (readonly [KitchenOrder, unknown])[] = [
    [order(1, 0, 'ordered', 'ordered'), { mark: 'accepted', lines: [10, 11] }],
    [order(1, 0, 'accepted', 'ordered', 'ready'), { mark: 'accepted', lines: [11] }],
    [order(1, 0, 'accepted', 'ready'), { mark: 'ready', lines: [10] }],
    [order(1, 0, 'ready', 'refused', 'served'), { mark: 'served', lines: [10] }],
    [order(1, 0, 'served', 'refused'), null],
    [order(1, 0, 'unpaid'), null],
  ]
  for (const [of, step] of cases) assert.deepEqual(stepOf(of), step)
  assert.deepEqual(
    refusable(order(1, 0, 'ready', 'refused', 'served', 'ordered')).map((each) => each.line),
    [10, 13],
  )
})

test('a new order is news, at the second look; one that was taken further is none', () => {
  const before = kitchen(kitchenTab('a', order(1, 100, 'ordered')))
  const after = kitchen(kitchenTab('a', order(1, 100, 'accepted'), order(2, 200, 'ordered')))
  assert.deepEqual(
    arrivedBetween(before, after).map(({ key }) => key),
    ['a 2'],
  )
  assert.deepEqual(arrivedBetween(NO_KITCHEN, after), [])
  assert.deepEqual(arrivedBetween(after, after), [])
  // Paid at last, it comes to the kitchen.
  const paid = kitchen(kitchenTab('a', order(3, 300, 'ordered')))
  const unpaid = kitchen(kitchenTab('a', order(3, 300, 'unpaid')))
  assert.equal(arrivedBetween(unpaid, paid).length, 1)
})

// ---- the menu as it is keyed in

test('a menu goes through the editor and its file as it was', () => {
  assert.deepEqual(documentOf(draftOf(MENU, JPY), JPY), MENU)
  assert.deepEqual(menuOfFile(JSON.stringify(MENU)), MENU)
  for (const text of ['', '{', '[]', '{"unit":"JPY"}', JSON.stringify({ ...MENU, items: [{ id: 'cake' }] })])
    assert.equal(menuOfFile(text), undefined, text)
})

test('what is wrong with a menu is said of the thing that is wrong, before it is sent', () => {
  const draft = draftOf(MENU, JPY)
  const [coffee, water] = draft.items
  const [size] = draft.options
  assert.ok(coffee && water && size)
  const cases: readonly (readonly [MenuDraft, readonly (readonly [of: string, fault: string])[]])[] = [
    [EMPTY_MENU, []],
    [{ ...draft, items: [{ ...coffee, price: '4,5' }] }, [['Coffee', 'price']]],
    [{ ...draft, items: [{ ...coffee, price: '' }] }, [['Coffee', 'price']]],
    [{ ...draft, items: [{ ...coffee, name: ' ' }] }, [[' ', 'name']]],
    [{ ...draft, items: [{ ...coffee, tax: 'lots' }] }, [['Coffee', 'tax']]],
    [{ ...draft, options: [{ ...size, count: '3' }] }, [['Size', 'count']]],
    [{ ...draft, options: [{ ...size, choices: [], kind: 'most' }] }, [['Size', 'choices']]],
    [{ ...draft, hours: [{ days: [], from: '11:00', until: '14:00' }] }, [['', 'hours']]],
    [{ ...draft, items: [{ ...water, price: '0' }] }, []],
  ]
  for (const [of, faults] of cases) {
    const made = documentOf(of, JPY)
    const said = 'items' in made ? [] : made.map((fault) => [fault.of, fault.fault])
    assert.deepEqual(said, faults)
  }
})

test('things move among their like, go with what hangs on them, and get keys of their own', () => {
  const draft = draftOf(MENU, JPY)
  const ids = (list: readonly Readonly<{ id: string }>[]): string[] => list.map(({ id }) => id)
  const isDrink = ({ section }: Readonly<{ section: string }>): boolean => section === 'drinks'
  assert.deepEqual(ids(moved(draft.items, 'water', -1, isDrink)), ['water', 'coffee', 'cake'])
  assert.deepEqual(ids(moved(draft.items, 'water', 1, isDrink)), ['coffee', 'water', 'cake'])
  assert.deepEqual(ids(moved(draft.sections, 'drinks', 1)), ['food', 'drinks'])
  assert.deepEqual(ids(withoutSection(draft, 'drinks').items), ['cake'])
  assert.deepEqual(withoutOption(draft, 'size').items[0]?.options, ['extras'])
  const named = (name: string, nameEn = '') => ({ name, nameEn, nameJa: '' })
  assert.equal(keyFor(named('Café au lait'), [], 'item'), 'cafe-au-lait')
  assert.equal(keyFor(named('抹茶ラテ', 'Matcha latte'), [], 'item'), 'matcha-latte')
  assert.equal(keyFor(named('抹茶'), ['item', 'item-2'], 'item'), 'item-3')
  assert.match(keyFor(named('x'.repeat(80)), [], 'item'), /^[a-z0-9][a-z0-9-]{0,39}$/u)
})
