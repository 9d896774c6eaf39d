// Menus: what an order costs, which orders fit, when one can order, and which menus cannot stand.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  closedSections,
  faultOfMenu,
  isOpen,
  nextChange,
  pieceOf,
  priceOrder,
  type Hours,
  type Menu,
  type Wanted,
} from '#core/menu.ts'
import { menuFrom, sentMenu } from '#core/menu-wire.ts'
import { sum } from '#core/money.ts'
import { MENU } from './support/orders.ts'

const read = menuFrom(MENU)
assert.ok(typeof read !== 'string')
const menu: Menu = read
const DOWN = { per: 'bill', to: 'down' } as const
const wanted = (over: Partial<Wanted> = {}): Wanted => ({
  item: 'coffee',
  quantity: 1,
  choices: [{ option: 'size', choice: 'small' }],
  course: null,
  note: '',
  ...over,
})
const chosen = (...pairs: readonly (readonly [option: string, choice: string])[]): Wanted['choices'] =>
  pairs.map(([option, choice]) => ({ option, choice }))

function amountsOf(lines: readonly Wanted[], of = menu): readonly bigint[] {
  const priced = priceOrder(of, lines, DOWN)
  assert.ok(!('reason' in priced))
  return priced.map(({ amount }) => amount)
}
const faultsOf = (line: Wanted): string => {
  const priced = priceOrder(menu, [wanted(), line], DOWN)
  return 'reason' in priced ? `${priced.line} ${priced.reason}` : 'fits'
}

test('a line costs the item and its choices, times its pieces, with the tax that is added', () => {
  const cases: readonly (readonly [of: Partial<Wanted>, amount: bigint])[] = [
    [{}, 400n],
    [{ quantity: 3 }, 1_200n],
    [{ choices: chosen(['size', 'large']) }, 500n],
    [{ choices: chosen(['size', 'large'], ['extras', 'oat'], ['extras', 'shot']), quantity: 2 }, 1_260n],
    [{ item: 'cake', choices: [] }, 550n],
    [{ item: 'water', choices: [] }, 0n],
  ]
  for (const [of, amount] of cases) assert.deepEqual(amountsOf([wanted(of)]), [amount])
})

test('an order’s lines say the choices in the menu’s order, and hold their tax', () => {
  const priced = priceOrder(
    menu,
    [wanted({ choices: chosen(['extras', 'shot'], ['size', 'large']), course: 'later', note: 'hot' })],
    DOWN,
  )
  assert.ok(!('reason' in priced))
  const [line] = priced
  assert.deepEqual(
    [line?.text, line?.course?.name, line?.note, line?.tax, line?.taxRate],
    ['Coffee (large, extra shot)', 'With the coffee', 'hot', 52n, 1_000],
  )
})

test('tax is worked out once of the whole order where the shop rounds per bill', () => {
  const odd: Menu = { ...menu, items: menu.items.map((item) => (item.id === 'cake' ? { ...item, price: 105n } : item)) }
  const cake = wanted({ item: 'cake', choices: [] })
  // 10.5 of tax each: two are 21.
  assert.equal(sum(amountsOf([cake, cake], odd)), 231n)
  const perLine = priceOrder(odd, [cake, cake], { per: 'line', to: 'down' })
  assert.ok(!('reason' in perLine))
  assert.equal(sum(perLine.map(({ amount }) => amount)), 230n)
  assert.equal(pieceOf(odd, 'cake', []), 115n)
})

test('what does not fit the menu is no order, and is told by its line', () => {
  const cases: readonly (readonly [of: Partial<Wanted>, fault: string])[] = [
    [{ item: 'tea' }, '2 item'],
    [{ course: 'never' }, '2 course'],
    [{ choices: [] }, '2 choices'],
    [{ choices: chosen(['size', 'small'], ['size', 'large']) }, '2 choices'],
    [{ choices: chosen(['size', 'small'], ['size', 'small']) }, '2 choices'],
    [{ choices: chosen(['size', 'huge']) }, '2 choices'],
    [{ choices: chosen(['size', 'small'], ['extras', 'oat'], ['extras', 'oat']) }, '2 choices'],
    [{ choices: chosen(['size', 'small'], ['milk', 'oat']) }, '2 option'],
    [{ item: 'cake', choices: chosen(['size', 'small']) }, '2 option'],
    [{}, 'fits'],
  ]
  for (const [of, fault] of cases) assert.equal(faultsOf(wanted(of)), fault, JSON.stringify(of))
})

test('a menu whose parts do not belong together cannot stand', () => {
  const [first] = menu.items
  const [size] = menu.options
  assert.ok(first && size)
  const cases: readonly (readonly [of: Partial<Menu>, at: string, reason: string])[] = [
    [{ items: [first, first] }, 'items/coffee', 'twice'],
    [{ sections: [] }, 'items/coffee', 'unknown'],
    [{ options: [] }, 'items/coffee', 'unknown'],
    [{ options: [{ ...size, count: 3 }] }, 'options/size', 'count'],
    [{ options: [{ ...size, choices: [...size.choices, ...size.choices] }] }, 'options/size/small', 'twice'],
    [{ items: [{ ...first, price: 10n ** 17n }] }, 'items/coffee', 'range'],
  ]
  for (const [of, at, reason] of cases) assert.deepEqual(faultOfMenu({ ...menu, ...of }), { at, reason })
  assert.equal(faultOfMenu(menu), undefined)
})

test('a menu that is sent and read is the same; one without a currency or with a broken price is none', () => {
  assert.deepEqual(sentMenu(menu), MENU)
  assert.equal(menuFrom({ ...MENU, unit: 'XXQ' }), 'unit')
  assert.equal(menuFrom({ ...MENU, items: MENU.items.map((item) => ({ ...item, price: '1.5' })) }), 'amount')
})

const ZONE = 'Asia/Tokyo'
const at = (text: string): number => Temporal.ZonedDateTime.from(`${text}[${ZONE}]`).epochMilliseconds
const text = (time: number | null): string | null =>
  time === null
    ? null
    : Temporal.Instant.fromEpochMilliseconds(time).toZonedDateTimeISO(ZONE).toPlainDateTime().toString().slice(0, 16)

test('hours open and close by the clocks of the zone, over midnight too', () => {
  // 2026-11-21 is a Saturday.
  const lunch: Hours = { days: [1, 2, 3, 4, 5], from: '11:00', until: '15:00' }
  const coffee: Hours = { days: [1, 2, 3, 4, 5], from: '15:00', until: '17:30' }
  const night: Hours = { days: [5, 6], from: '18:00', until: '02:00' }
  const round: Hours = { days: [1, 2, 3, 4, 5, 6, 7], from: '05:00', until: '05:00' }
  const cases: readonly (readonly [
    hours: readonly Hours[],
    at: string,
    isOpen: boolean,
    opens: string | null,
    closes: string | null,
  ])[] = [
    [[], '2026-11-21T03:00', true, null, null],
    [[lunch], '2026-11-20T10:59:59', false, '2026-11-20T11:00', null],
    [[lunch], '2026-11-20T11:00', true, null, '2026-11-20T15:00'],
    [[lunch], '2026-11-20T15:00', false, '2026-11-23T11:00', null],
    [[lunch, coffee], '2026-11-20T14:00', true, null, '2026-11-20T17:30'],
    [[coffee, lunch], '2026-11-20T14:00', true, null, '2026-11-20T17:30'],
    [[night], '2026-11-22T01:59', true, null, '2026-11-22T02:00'],
    [[night], '2026-11-22T02:00', false, '2026-11-27T18:00', null],
    [[round], '2026-11-22T05:00', true, null, null],
  ]
  for (const [hours, when, open, opens, closes] of cases) {
    assert.equal(isOpen(hours, at(when), ZONE), open, when)
    const change = nextChange(hours, at(when), ZONE)
    assert.deepEqual([text(change.opensAt), text(change.closesAt)], [opens, closes], when)
  }
})

test('a section’s own hours close it alone', () => {
  const soup: Menu = {
    ...menu,
    sections: menu.sections.map((section) =>
      section.id === 'food' ? { ...section, hours: [{ days: [6], from: '11:00', until: '14:00' }] } : section,
    ),
  }
  assert.deepEqual(closedSections(soup, at('2026-11-21T12:00'), ZONE), [])
  assert.deepEqual(closedSections(soup, at('2026-11-21T14:00'), ZONE), ['food'])
})
