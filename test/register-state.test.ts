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
  withPiece,
  withTerms,
  withTypedLine,
  type Draft,
} from '#apps/register/draft.ts'
import { goodOfKey, goodsShown, nameOfLine, type SaleTerms } from '#apps/register/goods.ts'
import { EMPTY_SHELF, findCode, folded, searchShelf, shelfOf } from '#apps/shared/shelf.ts'
import type { Good } from '#core/goods.ts'
import { wedge } from '#apps/register/wedge.ts'
import { heldAmountOf, recordStateOf, refundableOf } from '#apps/register/money-back.ts'
import {
  isKeying,
  keptOf,
  momentBetween,
  readKept,
  screenOf,
  START,
  withEditing,
  withSent,
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
    const two = [bread, bread].reduce<Draft>((draft, good) => withGood(draft, good, IN), EMPTY_DRAFT)
    assert.deepEqual(
      two.lines.map(({ text, quantity }) => [text, quantity]),
      [['Milk bread', 2]],
    )
    assert.equal(totalOf(two, TERMS), 760n)
    assert.equal(totalOf(withoutPiece(two, 0), TERMS), 380n)
    assert.deepEqual(withoutPiece(withoutPiece(two, 0), 0), EMPTY_DRAFT)
    assert.equal(totalOf(withKey(two, 'backspace'), TERMS), 380n, 'deleting without digits takes a piece')
  })

  it('adds an amount and goods to one bill whose lines sum to its total', () => {
    const draft = withGood(withTypedLine(typedBy('1280'), TERMS.keyed), bag, IN)
    const bill = billOf(withKey(draft, '5'), TERMS)
    assert.ok(bill)
    assert.deepEqual(
      bill.lines.map(({ amount }) => amount),
      [1280n, 10n, 5n],
    )
    assert.equal(bill.total, 1295n)
  })

  it('shows the tax contained for each rate', () => {
    const draft = withGood(withGood(typedBy('1080'), bag, IN), bread, IN)
    const bill = billOf(draft, TERMS)
    assert.deepEqual(taxesOf(bill?.lines ?? []), [
      { rate: 800, amount: 1460n, tax: 108n },
      { rate: 1000, amount: 10n, tax: 0n },
    ])
  })

  it('makes no bill of nothing', () => assert.equal(billOf(EMPTY_DRAFT, TERMS), undefined))

  it('opens a sent bill for changes without losing a line', () => {
    const bill = billOf(withGood(withGood(typedBy('300'), bread, IN), bread, IN), TERMS)
    assert.ok(bill)
    assert.deepEqual(billOf(draftOf(billToWire(bill)), TERMS), bill)
  })

  it('finds a good by the place of its key, whatever language the keyboard is at', () => {
    assert.equal(goodOfKey('KeyA', shelf), bread)
    assert.equal(goodOfKey('KeyZ', shelf), undefined)
    assert.deepEqual(
      goodsShown(shelf).map(({ code }) => code),
      ['4900000001013', 'bag', 'cheese'],
    )
  })

  it('weighs, takes off and tips, and says so in the line', () => {
    const weighed = withGood(EMPTY_DRAFT, cheese, { ...IN, grams: 312 })
    const less = withTerms(withGood(weighed, bread, IN), 1, { discount: { kind: 'share', share: 1_050 } })
    const bill = billOf({ ...less, tip: { kind: 'share', share: 1_000 } }, TERMS)
    assert.deepEqual(
      bill?.lines.map(({ text, quantity, amount, tax }) => `${text} × ${quantity}: ${amount} ${tax}`),
      ['Cheese 312 g × 1: 1934 143', 'Milk bread −10.5% × 1: 340 25', 'Tip × 1: 227 0'],
    )
    const again = withGood(weighed, cheese, { ...IN, grams: 100 })
    assert.equal(again.lines.length, 2, 'each piece that was weighed is a line of its own')
    assert.deepEqual(withPiece(again, 0), again)
    const plain = withGood(withGood(less, bread, IN), bread, IN)
    assert.deepEqual(
      plain.lines.map(({ quantity }) => quantity),
      [1, 1, 2],
      'what costs less than the rest is not counted with it',
    )
  })

  it('keeps a name short enough for the weight behind it', () => {
    const long = { ...cheese, name: 'x'.repeat(120), nameEn: null }
    const text = billOf(withGood(EMPTY_DRAFT, long, { ...IN, grams: 5 }), TERMS)?.lines[0]?.text
    assert.equal(text, `${'x'.repeat(116)} 5 g`)
  })

  it('changes a sent bill from how it was keyed in, and one that others sent from what it says', () => {
    const keyed = withTerms(withGood(EMPTY_DRAFT, bread, IN), 0, { discount: { kind: 'share', share: 1_000 } })
    const wire = billToWire(billOf(keyed, TERMS) ?? assert.fail())
    const state = {
      ...withView(onTheTill, dealView({ bill: wire })),
      rounding: TERMS.rounding,
      goods: shelf,
      sent: keyed,
    }
    assert.deepEqual(withEditing(state).draft, keyed)
    const typed = { ...state, deal: dealView({ bill: sentBill }), draft: typedBy('1280') }
    assert.deepEqual(
      withEditing(withSent(typed, 'en')).draft.lines.map(({ text, price }) => [text, price]),
      [['Goods', 1280n]],
      'an amount is a line that can be taken away',
    )
    const other = { ...state, sent: withGood(EMPTY_DRAFT, bread, IN) }
    assert.deepEqual(withEditing(other).draft, draftOf(wire))
  })
})

describe('goods', () => {
  it('are found by any part of any of their names, in any width, case and kana', () => {
    const cases: readonly [query: string, codes: readonly string[]][] = [
      ['bread', ['4900000001013']],
      ['ﾐﾙｸ', ['4900000001013']],
      ['みるく しょく', ['4900000001013']],
      ['ＢＡＧ', ['bag']],
      ['49000', ['4900000001013']],
      ['eclair', ['eclair']],
      ['ÉCL', ['eclair']],
      ['bread cheese', []],
      ['', []],
      ['\t', []],
    ]
    for (const [query, codes] of cases)
      assert.deepEqual(
        searchShelf(shelf, query, 9).map(({ code }) => code),
        codes,
        query,
      )
    assert.equal(folded('ｶﾞﾄｰ ＡＢｃ é'), 'がとー abc e')
    assert.deepEqual(searchShelf(EMPTY_SHELF, 'a', 9), [])
  })

  it('come with those first whose name begins so, and no more than asked for', () => {
    const many = shelfOf(
      ['Rye bread', 'Breadcrumbs', 'Gingerbread', 'Bread'].map((name) => ({ ...bag, code: name, name })),
    )
    assert.deepEqual(
      searchShelf(many, 'bread', 3).map(({ name }) => name),
      ['Breadcrumbs', 'Bread', 'Rye bread'],
    )
  })

  it('are found by their codes, with the price or weight inside', () => {
    const cases: readonly [read: string, found: unknown][] = [
      ['4900000001013', { kind: 'good', good: bread }],
      ['bag', { kind: 'good', good: bag }],
      ['2000101004806', { kind: 'priced', good: salad, price: 480n }],
      ['2100303003123', { kind: 'weighed', good: wheel, grams: 312 }],
      ['2000101004807', { kind: 'misread' }],
      ['2000101000006', { kind: 'misread' }],
      ['4900000001020', { kind: 'unknown' }],
      ['sold-out', { kind: 'unknown' }],
      ['a b', { kind: 'misread' }],
    ]
    for (const [read, found] of cases) assert.deepEqual(findCode(shelf, read), found, read)
  })

  it('have the name of the screen’s language, with what stands behind it', () => {
    const line = (text: string, code: string | null = bread.code) => nameOfLine({ text, code }, shelf, 'ja')
    assert.equal(line('Milk bread'), 'ミルク食パン')
    assert.equal(line('Milk bread −10%'), 'ミルク食パン −10%')
    assert.equal(line('Something else'), 'Something else')
    assert.equal(line('Goods', null), 'Goods')
  })
})

describe('a scanner that types', () => {
  /** What a register makes of keys: `+` waits until the hand is slow, `⏎` is Enter, `⌫` another key. */
  const readBy = (keys: string): readonly string[] => {
    const heard: string[] = []
    let waiting: (() => void) | undefined
    let at = 1_000
    const scanner = wedge({
      passOn: ({ key }) => heard.push(key),
      read: (text) => heard.push(`read ${text}`),
      later: (_, act) => {
        waiting = act
        return () => (waiting = undefined)
      },
    })
    for (const sign of keys) {
      if (sign === '+') {
        at += 200
        waiting?.()
        continue
      }
      at += 5
      const key = sign === '⏎' ? 'Enter' : sign === '⌫' ? 'Backspace' : sign
      if (!scanner.press({ key, code: '' }, at)) heard.push(key)
    }
    return heard
  }

  it('is told from a hand, whose keys all arrive in their order', () => {
    const cases: readonly [keys: string, heard: readonly string[]][] = [
      ['4900000001013⏎', ['read 4900000001013']],
      ['1280⏎', ['1', '2', '8', '0', 'Enter']],
      ['1+2+3+4+5+6+⏎', ['1', '2', '3', '4', '5', '6', 'Enter']],
      ['1234567+⏎', ['1', '2', '3', '4', '5', '6', '7', 'Enter']],
      ['5+WRF1.abc⏎', ['5', 'read WRF1.abc']],
      ['12⌫3+', ['1', '2', 'Backspace', '3']],
      ['4900000001013⏎4900000001013⏎', ['read 4900000001013', 'read 4900000001013']],
      ['⏎', ['Enter']],
    ]
    for (const [keys, heard] of cases) assert.deepEqual(readBy(keys), heard, keys)
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
    const bill = billOf(typedBy('1280'), TERMS)
    assert.ok(bill)
    const reloaded = withOpening(atWork, { deal: dealId('b'), bill: billToWire(bill), question: null })
    const refused = withOpeningRefused(reloaded, problemOf('terminal-inactive'))
    assert.equal(screenOf(refused), 'keying')
    assert.equal(totalOf(refused.draft, TERMS), 1280n)
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
    assert.deepEqual(readKept('something else'), { current: null, opening: null, draft: EMPTY_DRAFT, sent: null })
  })

  it('begins with an empty bill for the next customer', () => {
    const next = withNextCustomer(withView(onTheTill, dealView({ state: 'settled' })))
    assert.deepEqual(keptOf(next), { current: null, opening: null, draft: EMPTY_DRAFT, sent: null })
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
      ['keying', ['goods', 'search', 'camera', 'amount-later', 'ask', 'history']],
      [
        'keyed',
        ['show-number', 'add-line', 'goods', 'search', 'camera', 'tip', 'amount-later', 'ask', 'history', 'clear'],
      ],
      ['open', ['change-bill', 'cancel']],
      ['openLater', ['goods', 'search', 'camera', 'cancel']],
      ['expired', ['renew', 'history', 'cancel']],
      ['joined', ['change-bill', 'challenge', 'release', 'cancel']],
      ['editing', ['send-bill', 'goods', 'search', 'tip', 'release', 'stop-editing']],
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
const bread: Good = {
  code: '4900000001013',
  kind: 'piece',
  name: 'Milk bread',
  nameEn: 'Milk bread',
  nameJa: 'ミルク食パン',
  search: 'みるくしょくぱん',
  price: 380n,
  unit: null,
  tax: { rate: 800, isAdded: false, isReduced: true },
  minimumAge: null,
  perDay: null,
  delivery: false,
  takeBack: null,
  category: '',
  key: 'A',
  isActive: true,
}
const plain = { ...bread, nameEn: null, nameJa: null, search: '', key: null }
const standard = { rate: 1000, isAdded: false, isReduced: false }
const bag: Good = { ...plain, code: 'bag', name: 'Paper bag', price: 10n, tax: standard }
const cheese: Good = { ...plain, code: 'cheese', name: 'Cheese', price: 620n, kind: 'weight', unit: '100g' }
const salad: Good = { ...plain, code: '2000101PPPPPC', name: 'Salad', price: null, kind: 'in-store' }
const wheel: Good = { ...plain, code: '2100303GGGGGC', name: 'Wheel', kind: 'in-store', unit: 'kg' }
const eclair: Good = { ...plain, code: 'eclair', name: 'Éclair', kind: 'tip', price: null }
const shelf = shelfOf([bag, bread, cheese, salad, wheel, eclair, { ...bag, code: 'sold-out', isActive: false }])
const TERMS: SaleTerms = {
  unit: yen,
  rounding: { per: 'bill', to: 'down' },
  keyed: { text: 'Goods', tax: bread.tax },
  tip: { text: 'Tip', tax: null },
  locale: 'en',
}
const IN = { locale: 'en', zone: 'Asia/Tokyo' } as const

const sentBill = billToWire(must(billOf(typedBy('1280'), TERMS)))

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
    way: null,
    acceptedAt: null,
    phone: null,
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
  offline: { payment: '5000', device: '10000', terminal: '100000', ms: 86_400_000 },
  signer: '',
  now: 0,
}
const atWork: RegisterState = { ...START, stage: 'till', scheme, goods: shelf }
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
