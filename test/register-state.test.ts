// The register's state without a browser: which screen it is, what can be done there, and what the cashier keys in.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { actionOfKey, actionsOf, KEYS, type Action } from '#apps/register/actions.ts'
import {
  billOf,
  draftOf,
  EMPTY_DRAFT,
  taxesOf,
  totalOf,
  withGood,
  withKey,
  withoutPiece,
  withTypedLine,
  type Draft,
} from '#apps/register/draft.ts'
import { BAKERY, goodOfKey, type Good } from '#apps/register/goods.ts'
import { heldAmountOf, recordStateOf, refundableOf } from '#apps/register/money-back.ts'
import {
  isKeying,
  keptOf,
  momentBetween,
  readKept,
  screenOf,
  START,
  withEditing,
  withNextCustomer,
  withOpening,
  withOpeningRefused,
  withView,
  type RegisterState,
} from '#apps/register/state.ts'
import { unitOf, type Unit } from '#core/money.ts'
import { billToWire } from '#protocol/bill.ts'
import { problemOf } from '#protocol/problems.ts'
import type { DealView } from '#protocol/views.ts'

describe('keying in', () => {
  it('makes an amount of digits, without leading zeros and not beyond seven', () => {
    const cases: readonly [keys: string, typed: string][] = [
      ['1280', '1280'],
      ['0012', '12'],
      ['12345678', '1234567'],
      ['128<', '12'],
      ['128C5', '5'],
    ]
    for (const [keys, typed] of cases) assert.equal(typedBy(keys).typed, typed, keys)
  })

  it('counts pieces of a good and takes them away again', () => {
    const two = [bread, bread].reduce<Draft>((draft, good) => withGood(draft, good, 'en'), EMPTY_DRAFT)
    assert.deepEqual(
      two.lines.map(({ text, quantity }) => [text, quantity]),
      [['Milk bread', 2]],
    )
    assert.equal(totalOf(two), 760n)
    assert.equal(totalOf(withoutPiece(two, 0)), 380n)
    assert.deepEqual(withoutPiece(withoutPiece(two, 0), 0), EMPTY_DRAFT)
    assert.equal(totalOf(withKey(two, 'backspace')), 380n, 'deleting without digits takes a piece')
  })

  it('adds an amount and goods to one bill whose lines sum to its total', () => {
    const draft = withGood(withTypedLine(typedBy('1280'), 'Goods'), bag, 'en')
    const bill = billOf(withKey(draft, '5'), yen, 'Goods')
    assert.ok(bill)
    assert.deepEqual(
      bill.lines.map(({ amount }) => amount),
      [1280n, 10n, 5n],
    )
    assert.equal(bill.total, 1295n)
  })

  it('shows the tax contained for each rate', () => {
    const draft = withGood(withGood(typedBy('1080'), bag, 'en'), bread, 'en')
    const bill = billOf(draft, yen, 'Goods')
    assert.deepEqual(taxesOf(bill?.lines ?? []), [
      { rate: 800, amount: 1460n, tax: 108n },
      { rate: 1000, amount: 10n, tax: 0n },
    ])
  })

  it('makes no bill of nothing', () => assert.equal(billOf(EMPTY_DRAFT, yen, 'Goods'), undefined))

  it('opens a sent bill for changes without losing a line', () => {
    const bill = billOf(withGood(withGood(typedBy('300'), bread, 'en'), bread, 'en'), yen, 'Goods')
    assert.ok(bill)
    assert.deepEqual(billOf(draftOf(billToWire(bill)), yen, 'Goods'), bill)
  })

  it('finds a good by the place of its key, whatever language the keyboard is at', () => {
    assert.equal(goodOfKey('KeyA', BAKERY), bread)
    assert.equal(goodOfKey('KeyZ', BAKERY), undefined)
    assert.equal(new Set(BAKERY.map(({ letter }) => letter)).size, BAKERY.length)
  })
})

describe('the screen', () => {
  it('follows the hub’s view of the deal', () => {
    const cases: readonly [view: Partial<DealView>, screen: string][] = [
      [{ state: 'open' }, 'open'],
      [{ state: 'expired' }, 'expired'],
      [{ state: 'withdrawn' }, 'ended'],
      [{ state: 'joined' }, 'joined'],
      [{ state: 'authorising' }, 'authorising'],
      [{ state: 'held' }, 'paid'],
      [{ state: 'settled' }, 'paid'],
      [{ state: 'ended', ended: 'cancelled-by-payer' }, 'ended'],
    ]
    for (const [view, screen] of cases)
      assert.equal(screenOf(withView(onTheTill, dealView(view))), screen, String(view.state))
  })

  it('says that a number has run out before the hub does', () => {
    const open = withView(onTheTill, dealView({ state: 'open' }))
    assert.equal(screenOf({ ...open, overNumber: '123456785' }), 'expired')
    const renewed = dealView({ version: 3, ticket: { number: '987654321', link: 'l', expiresAt: 2 } })
    assert.equal(screenOf(withView({ ...open, overNumber: '123456785' }, renewed)), 'open')
  })

  it('keeps the newest view when an older one comes late', () => {
    const joined = withView(onTheTill, dealView({ state: 'joined', version: 5 }))
    assert.equal(screenOf(withView(joined, dealView({ state: 'open', version: 4 }))), 'joined')
  })

  it('takes up a live deal that another window opened, and no finished one', () => {
    assert.equal(screenOf(withView(atWork, dealView({ state: 'joined' }))), 'joined')
    assert.equal(screenOf(withView(atWork, dealView({ state: 'settled' }))), 'keying')
  })

  it('does not fall back to the deal before while a new one is being opened', () => {
    const opening = withOpening(atWork, { deal: dealId('b'), bill: null, question: null })
    assert.equal(screenOf(withView(opening, dealView({ state: 'open' }))), 'opening')
    const open = withView(opening, dealView({ deal: dealId('b'), state: 'open' }))
    assert.equal(screenOf(open), 'open')
    assert.equal(open.busy, null, 'the cashier can act before the answer itself has come')
  })

  it('gives the bill back to the cashier when the hub refuses the offer', () => {
    const bill = billOf(typedBy('1280'), yen, 'Goods')
    assert.ok(bill)
    const reloaded = withOpening(atWork, { deal: dealId('b'), bill: billToWire(bill), question: null })
    const refused = withOpeningRefused(reloaded, problemOf('terminal-inactive'))
    assert.equal(screenOf(refused), 'keying')
    assert.equal(totalOf(refused.draft), 1280n)
    assert.equal(refused.problem?.code, 'terminal-inactive')
  })

  it('closes a question about a deal that is over by now', () => {
    const asking = { ...withView(onTheTill, dealView({ state: 'joined' })), sheet: 'cancel' as const }
    assert.equal(withView(asking, dealView({ state: 'settled', version: 9 })).sheet, null)
  })

  it('keeps what is keyed in while a phone joins an offer without an amount', () => {
    const open = withView(onTheTill, dealView({ bill: null }))
    const typing = { ...open, draft: typedBy('50') }
    assert.ok(isKeying(typing))
    const joined = withView(typing, dealView({ bill: null, state: 'joined', version: 3 }))
    assert.ok(isKeying(joined))
    assert.equal(joined.draft.typed, '50')
  })

  it('comes back to the same deal after a reload, also when the offer had no answer yet', () => {
    const opening = withOpening({ ...atWork, draft: typedBy('12') }, { deal: dealId('b'), bill: null, question: null })
    const kept = readKept(structuredClone(keptOf(opening)))
    assert.equal(screenOf({ ...atWork, ...kept }), 'opening')
    assert.deepEqual(readKept('something else'), { current: null, opening: null, draft: EMPTY_DRAFT })
  })

  it('begins with an empty bill for the next customer', () => {
    const next = withNextCustomer(withView(onTheTill, dealView({ state: 'settled' })))
    assert.deepEqual(keptOf(next), { current: null, opening: null, draft: EMPTY_DRAFT })
    assert.equal(screenOf(next), 'keying')
  })
})

describe('the keys', () => {
  it('never mean two things on one screen', () => {
    for (const [name, state] of Object.entries(everyScreen())) {
      const keys = actionsOf(state).map((action) => KEYS[action])
      assert.equal(new Set(keys).size, keys.length, `${name}: ${keys.join(' ')}`)
    }
  })

  it('offer on each screen what can be done there', () => {
    const cases: readonly [screen: keyof ReturnType<typeof everyScreen>, actions: readonly Action[]][] = [
      ['keying', ['goods', 'amount-later', 'ask', 'history']],
      ['keyed', ['show-number', 'add-line', 'goods', 'amount-later', 'ask', 'history', 'clear']],
      ['open', ['change-bill', 'cancel']],
      ['openLater', ['goods', 'cancel']],
      ['expired', ['renew', 'history', 'cancel']],
      ['joined', ['change-bill', 'challenge', 'release', 'cancel']],
      ['editing', ['send-bill', 'goods', 'release', 'stop-editing']],
      ['paid', ['next', 'history', 'refund']],
      ['ended', ['next', 'again', 'history']],
      ['history', ['back']],
      ['record', ['refund', 'deliver', 'back']],
    ]
    for (const [screen, actions] of cases) assert.deepEqual(actionsOf(everyScreen()[screen]), actions, screen)
  })

  it('are found by their name on the keyboard', () => {
    assert.equal(actionOfKey('Escape', ['cancel']), 'cancel')
    assert.equal(actionOfKey('F7', ['cancel']), undefined)
  })
})

describe('what has happened', () => {
  it('is told once, and not for a deal that was only opened again', () => {
    const open = withView(onTheTill, dealView({ version: 1 }))
    const joined = withView(open, dealView({ state: 'joined', version: 2 }))
    const cases: readonly [before: RegisterState, after: RegisterState, moment: string | null][] = [
      [onTheTill, open, null],
      [open, joined, 'joined'],
      [joined, withView(joined, dealView({ state: 'settled', version: 3 })), 'paid'],
      [joined, withView(joined, dealView({ state: 'open', version: 3 })), 'let-go'],
      [joined, withView(joined, dealView({ state: 'ended', version: 3 })), 'ended'],
      [open, withView(open, dealView({ declines: 1, version: 2 })), 'declined'],
      [open, open, null],
      [joined, withNextCustomer(joined), null],
    ]
    for (const [before, after, moment] of cases) assert.equal(momentBetween(before, after), moment)
  })
})

describe('money of a deal', () => {
  it('can be given back up to what was settled and not yet given back', () => {
    const deal = dealView({
      state: 'held',
      portions: [settled('980'), held('3200')],
      refunds: [refund('300')],
    })
    assert.equal(refundableOf(deal), 680n)
    assert.equal(heldAmountOf(deal), 3200n)
    assert.equal(recordStateOf(deal), 'held')
  })

  it('is listed by what became of it', () => {
    const paid: Partial<DealView> = { state: 'settled', portions: [settled('500')] }
    const cases: readonly [view: Partial<DealView>, state: string][] = [
      [{ state: 'open' }, 'waiting'],
      [{ state: 'withdrawn' }, 'not-paid'],
      [paid, 'paid'],
      [{ ...paid, refunds: [refund('200')] }, 'part-refunded'],
      [{ ...paid, refunds: [refund('200'), refund('300')] }, 'refunded'],
    ]
    for (const [view, state] of cases) assert.equal(recordStateOf(dealView(view)), state)
  })
})

// ---- the fixtures

function must<Value>(value: Value | undefined): Value {
  assert.ok(value !== undefined)
  return value
}

function dealId(letter: string): string {
  return `deal_${letter.repeat(32)}`
}

const yen: Unit = must(unitOf('JPY'))
const bread: Good = must(BAKERY.find(({ code }) => code === 'shokupan'))
const bag: Good = must(BAKERY.find(({ code }) => code === 'bag'))

const sentBill = billToWire(must(billOf(typedBy('1280'), yen, 'Goods')))

/** What the keys of the keypad make: `<` deletes one digit, `C` all. */
function typedBy(keys: string): Draft {
  const names: Record<string, string> = { '<': 'backspace', C: 'clear' }
  return Array.from(keys).reduce<Draft>((draft, key) => withKey(draft, names[key] ?? key), EMPTY_DRAFT)
}

function dealView(part: Partial<DealView>): DealView {
  return {
    deal: dealId('a'),
    version: 2,
    state: 'open',
    bill: sentBill,
    billVersion: 1,
    ticket: { number: '123456785', link: 'https://hub.example/j/tok', expiresAt: 1 },
    payment: null,
    question: null,
    payer: null,
    answered: null,
    cashier: null,
    tally: null,
    declines: 0,
    challenge: null,
    challengeFailures: 0,
    restriction: null,
    ended: null,
    portions: [],
    refunds: [],
    openedAt: 0,
    joinedAt: null,
    approvedAt: null,
    turnEndsAt: null,
    expiresAt: null,
    ...part,
  }
}

function refund(amount: string): DealView['refunds'][number] {
  return { payment: 'p', amount, lines: [], at: 1 }
}

type Portion = DealView['portions'][number]

function settled(amount: string): Portion {
  return { lines: [0], amount, state: 'settled', settled: amount, waits: null, until: null, deliverBy: null }
}

function held(amount: string): Portion {
  return { lines: [1], amount, state: 'held', settled: '0', waits: 'delivery', until: 9, deliverBy: 99 }
}

const scheme = {
  scheme: `sch_${'0'.repeat(32)}`,
  name: 'Demo town',
  demo: true,
  unit: 'JPY',
  hostName: null,
  unlockMs: 1,
  freshProofFrom: '1',
  zone: 'Asia/Tokyo',
  now: 0,
}
const atWork: RegisterState = { ...START, stage: 'till', scheme }
const onTheTill: RegisterState = { ...atWork, current: dealId('a') }

function everyScreen() {
  const joined = withView(onTheTill, dealView({ state: 'joined' }))
  return {
    keying: atWork,
    keyed: { ...atWork, draft: typedBy('5') },
    open: withView(onTheTill, dealView({})),
    openLater: withView(onTheTill, dealView({ bill: null })),
    expired: withView(onTheTill, dealView({ state: 'expired' })),
    joined,
    editing: withEditing(joined),
    paid: withView(onTheTill, dealView({ state: 'settled', portions: [settled('1280')] })),
    ended: withView(onTheTill, dealView({ state: 'ended' })),
    history: { ...atWork, place: 'history' },
    record: { ...atWork, place: 'record', record: dealView({ state: 'held', portions: [settled('5'), held('6')] }) },
  } as const satisfies Record<string, RegisterState>
}
