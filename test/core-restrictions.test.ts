// Restricted goods: ages to the day, regions with their parts, memberships with an end, quantities a day over lines and purchases.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { faultOf, type Line } from '#core/bill.ts'
import { evolve, purchasesFrom, type Payment, type PaymentCommand } from '#core/payment.ts'
import { forbiddenLines, isRestriction, purchasesOf } from '#core/restrictions.ts'
import { NO_ATTRIBUTES, unknownStanding, withPurchases, type Attributes, type Bought } from '#core/standing.ts'
import {
  adult,
  after,
  approved,
  bill,
  biller,
  byBank,
  cooled,
  evidenceOf,
  joined,
  line,
  loaded,
  NOON,
  payer,
  restriction,
  rules,
  stranger,
  TODAY,
  ZONE,
} from './support/deal.ts'

const limited = (over: Parameters<typeof restriction>[0], more: Partial<Line> = {}): Line =>
  line(100n, {}, { restriction: restriction(over), ...more })
const knowing = (attributes: Partial<Attributes>, bought: readonly Bought[] = []) => ({
  ...unknownStanding(payer.party),
  attributes: { ...NO_ATTRIBUTES, ...attributes },
  bought,
})
const may = (each: Line, attributes: Partial<Attributes>, day = TODAY): boolean =>
  forbiddenLines(bill(each), biller, knowing(attributes), day).length === 0

test('one is of age on the birthday, and who was born on a leap day on 1 March of a common year', () => {
  const rows: [born: number | null, age: number, day: number, may: boolean][] = [
    [20_070_115, 20, 20_270_114, false],
    [20_070_115, 20, 20_270_115, true],
    [20_070_115, 21, 20_270_115, false],
    [20_070_101, 20, 20_261_231, false],
    [20_070_101, 20, 20_270_101, true],
    [20_061_231, 20, 20_261_230, false],
    [20_061_231, 20, 20_261_231, true],
    [20_080_229, 18, 20_260_228, false],
    [20_080_229, 18, 20_260_301, true],
    [20_080_229, 20, 20_280_228, false],
    [20_080_229, 20, 20_280_229, true],
    [20_070_301, 20, 20_270_228, false],
    [20_070_301, 20, 20_270_301, true],
    [19_000_101, 120, 20_270_115, true],
    [null, 1, 20_270_115, false],
  ]
  for (const [birthDate, minimumAge, day, expected] of rows)
    assert.equal(may(limited({ minimumAge }), { birthDate }, day), expected, `${birthDate} ${minimumAge} ${day}`)
})

test('a region holds its parts and nothing that only begins alike', () => {
  const rows: [wanted: string, region: string | null, may: boolean][] = [
    ['JP', 'JP', true],
    ['JP', 'JP-14', true],
    ['JP-14', 'JP-14', true],
    ['JP-14', 'JP', false],
    ['JP-1', 'JP-14', false],
    ['JP-14', 'JP-1', false],
    ['JP', 'DE-BY', false],
    ['JP', null, false],
  ]
  for (const [region, lives, expected] of rows)
    assert.equal(may(limited({ region }), { region: lives }), expected, `${region} for ${lives}`)
})

test('a membership counts to its last day', () => {
  const rows: [string, number | null, number, boolean][] = [
    ['club', null, 20_991_231, true],
    ['club', 20_270_115, 20_270_115, true],
    ['club', 20_270_115, 20_270_116, false],
    ['Club', null, 20_270_115, false],
    ['club 2', null, 20_270_115, false],
  ]
  for (const [name, until, day, expected] of rows)
    assert.equal(
      may(limited({ membership: 'club' }), { memberships: [{ name, until }] }, day),
      expected,
      `${name} until ${until} on ${day}`,
    )
  const composed = limited({ membership: 'がくせい'.normalize('NFD') })
  assert.ok(may(composed, { memberships: [{ name: 'がくせい'.normalize('NFC'), until: null }] }))
  const again = [
    { name: 'club', until: 20_260_101 },
    { name: 'club', until: 20_280_101 },
  ]
  assert.ok(may(limited({ membership: 'club' }), { memberships: again }), 'an old one does not hide a new one')
})

test('every part of a restriction must hold', () => {
  const all = limited({ minimumAge: 20, membership: 'club', region: 'JP' })
  const holds: Attributes = adult.attributes
  assert.ok(may(all, holds))
  assert.ok(!may(all, { ...holds, birthDate: null }))
  assert.ok(!may(all, { ...holds, region: null }))
  assert.ok(!may(all, { ...holds, memberships: [] }))
})

const article = `${biller.party} 4901`
test('a quantity a day counts over lines of one code, and over earlier purchases of that day in that shop', () => {
  const sold = (quantity: number, perDay: number, code = '4901'): Line => limited({ perDay }, { quantity, code })
  const bought = (day: number, quantity: number, shop: string = article): Bought[] => [{ article: shop, day, quantity }]
  const rows: [why: string, lines: Line[], earlier: Bought[], forbidden: number[]][] = [
    ['as many as may be', [sold(2, 2)], [], []],
    ['one too many', [sold(3, 2)], [], [0]],
    ['two lines together', [sold(1, 2), sold(1, 2)], [], []],
    ['the second line is too many', [sold(1, 2), sold(2, 2)], [], [1]],
    ['each line by its own limit', [sold(2, 2), sold(1, 3)], [], []],
    ['other articles do not count', [sold(2, 2), sold(2, 2, '4902')], [], []],
    ['what was bought today counts', [sold(1, 2)], bought(TODAY, 1), []],
    ['and is too many', [sold(2, 2)], bought(TODAY, 1), [0]],
    ['yesterday does not count', [sold(2, 2)], bought(TODAY - 1, 2), []],
    ['nor another shop', [sold(2, 2)], bought(TODAY, 2, 'pty_other 4901'), []],
    ['two rows of one day add up', [sold(1, 2)], [...bought(TODAY, 1), ...bought(TODAY, 1)], [0]],
    ['and uses nothing up', [limited({ minimumAge: 1 }, { quantity: 9, code: '4901' }), sold(2, 2)], [], []],
    ['a line without a limit is free', [limited({ minimumAge: 1 }, { quantity: 9, code: '4901' })], [], []],
  ]
  for (const [why, lines, earlier, forbidden] of rows) {
    const standing = knowing({ birthDate: 20_000_101 }, earlier)
    assert.deepEqual(forbiddenLines(bill(...lines), biller, standing, TODAY), forbidden, why)
  }
})

test('lines without a limit of their own do not use up that of others with the same code', () => {
  const free = line(100n, {}, { quantity: 5, code: '4901' })
  const two = limited({ perDay: 2 }, { quantity: 2, code: '4901' })
  assert.deepEqual(forbiddenLines(bill(free, two), biller, stranger, TODAY), [])
  assert.deepEqual(purchasesOf(bill(free, two), [0, 1], biller, TODAY), [{ article, day: TODAY, quantity: 2 }])
})

test('a restriction says something that can be decided', () => {
  const rows: [Parameters<typeof restriction>[0], string | null, boolean][] = [
    [{}, null, false],
    [{ minimumAge: 20 }, null, true],
    [{ minimumAge: 0 }, null, false],
    [{ minimumAge: 121 }, null, false],
    [{ minimumAge: 18.5 }, null, false],
    [{ region: 'JP-14' }, null, true],
    [{ region: 'jp' }, null, false],
    [{ region: 'JP-' }, null, false],
    [{ membership: '' }, null, false],
    [{ membership: 'x'.repeat(40) }, null, true],
    [{ membership: 'x'.repeat(41) }, null, false],
    [{ perDay: 1 }, '4901', true],
    [{ perDay: 1 }, null, false],
    [{ perDay: 0 }, '4901', false],
  ]
  for (const [over, code, stands] of rows) {
    assert.equal(isRestriction(restriction(over), code), stands, JSON.stringify(over))
    assert.equal(faultOf(bill(limited(over, { code }))), stands ? undefined : 'restriction')
  }
})

// ---- what is counted

const perDay = (quantity: number, conditions: Parameters<typeof line>[1] = {}): Line =>
  line(100n, conditions, { quantity, code: '4901', restriction: restriction({ perDay: 3 }) })

/** What a command changes of the payer's counted purchases. */
const counted = (
  payment: Payment,
  command: PaymentCommand,
  now = NOON,
): (readonly [day: number, quantity: number])[] => {
  let before = payment
  return after(payment, command, now).events.flatMap((event) => {
    const rows = purchasesFrom(before, event, ZONE)
    before = evolve(before, event)
    return rows.map((row) => [row.day, row.quantity] as const)
  })
}
const DAY_MS = 86_400_000

test('an approval counts, and what goes back is counted off the day it was bought', () => {
  const plain = joined(bill(perDay(2)))
  const approve = { kind: 'approve', evidence: evidenceOf(plain) } as const
  assert.deepEqual(counted(plain, approve), [[TODAY, 2]])

  const held = approved(joined(bill(perDay(2, cooled('P8D')), perDay(1, cooled('P8D')), line(5n))))
  const takeBack = { kind: 'take-back', portion: 1 } as const
  assert.deepEqual(counted(held, takeBack, NOON + DAY_MS), [[TODAY, -1]])
  assert.deepEqual(counted(held, { kind: 'cancel', by: 'biller' }), [
    [TODAY, -2],
    [TODAY, -1],
  ])
  assert.deepEqual(counted(held, { kind: 'time' }, NOON + 8 * DAY_MS), [], 'what the shop got stays counted')
  const once = after(held, takeBack).payment
  assert.deepEqual(counted(once, { kind: 'cancel', by: 'payer' }), [[TODAY, -2]], 'a line goes back once')

  const outside = approved(byBank(plain))
  assert.deepEqual(
    counted(outside, { kind: 'answer', number: 1, yes: false, reason: 'no-funds', reference: null }),
    [[TODAY, -2]],
    'the issuer said no',
  )
  assert.deepEqual(counted(outside, { kind: 'answer', number: 1, yes: true, reason: null, reference: null }), [])
  assert.deepEqual(counted(outside, { kind: 'cancel', by: 'payer' }), [[TODAY, -2]])
  assert.deepEqual(counted(plain, { kind: 'cancel', by: 'payer' }), [], 'nothing was bought')
})

test('the row of counted purchases keeps today only, adds up, and never falls below nothing', () => {
  const start = knowing({}, [
    { article: 'a', day: TODAY - 1, quantity: 5 },
    { article: 'a', day: TODAY, quantity: 1 },
  ])
  const more = withPurchases(start, [{ article: 'a', day: TODAY, quantity: 2 }], TODAY)
  assert.deepEqual(more.bought, [{ article: 'a', day: TODAY, quantity: 3 }])
  assert.deepEqual(withPurchases(more, [{ article: 'a', day: TODAY, quantity: -3 }], TODAY).bought, [])
  assert.deepEqual(withPurchases(more, [{ article: 'a', day: TODAY, quantity: -9 }], TODAY).bought, [])
  assert.deepEqual(withPurchases(more, [{ article: 'a', day: TODAY - 1, quantity: -1 }], TODAY).bought, more.bought)
})

test('the shop is asked or the purchase refused, by the setting of the moment, and its yes is good for one bill', () => {
  const wine = bill(line(500n), limited({ minimumAge: 20 }))
  const payment = joined(wine)
  const approve = (of: Payment): PaymentCommand => ({ kind: 'approve', evidence: evidenceOf(of) })
  const young = loaded({ standing: stranger })
  const asking = loaded({ standing: stranger, rules: { ...rules, restricted: 'ask' } })

  const refused = after(payment, approve(payment), NOON, young)
  assert.deepEqual(refused.refusal, { code: 'restricted', detail: { lines: '1' } })
  assert.deepEqual([refused.payment.declines, refused.payment.asked], [1, null])

  const asked = after(payment, approve(payment), NOON, asking)
  assert.deepEqual(asked.refusal, { code: 'shop-asked' })
  assert.deepEqual(asked.payment.asked, { lines: [1], at: NOON })
  assert.equal(asked.payment.turn, null, 'the phone waits for the shop')
  assert.equal(asked.payment.declines, 0)

  const allowed = after(asked.payment, { kind: 'permit', allowed: true }, NOON + 1).payment
  assert.deepEqual(allowed.permitted, { billVersion: 1, at: NOON + 1 })
  assert.equal(allowed.turn?.since, NOON + 1, 'and is heard again for as long as at first')
  assert.equal(after(allowed, approve(allowed), NOON + 2, young).refusal, null)

  const rebilled = after(allowed, { kind: 'bill', billVersion: 1, bill: wine, nonce: '77'.repeat(16) }).payment
  assert.equal(rebilled.permitted, null)
  assert.equal(after(rebilled, approve(rebilled), NOON + 2, young).refusal?.code, 'restricted')

  const forbidden = after(asked.payment, { kind: 'permit', allowed: false }).payment
  assert.deepEqual([forbidden.ended?.reason, forbidden.permitted], ['restricted', null])
})
