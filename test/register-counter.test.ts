// Who is at the counter, and who is asked to say who they are: the register's state without a browser, as tables.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { actionOfKey, actionsOf, type Action } from '#apps/register/actions.ts'
import { atCounter, lacksPortrait, pictureAddress, pictureOf, saidNothing } from '#apps/register/counter.ts'
import { EMPTY_DRAFT } from '#apps/register/draft.ts'
import { recordStateOf } from '#apps/register/money-back.ts'
import { presetOfKey, presetQuestion, questionOf, withAsked, withReason } from '#apps/register/question.ts'
import {
  isKeying,
  momentBetween,
  readKept,
  screenOf,
  START,
  withNextCustomer,
  withOpening,
  withOpeningRefused,
  withProblem,
  withSignedIn,
  withStaff,
  withView,
  type Moment,
  type RegisterState,
} from '#apps/register/state.ts'
import { saleState } from '#apps/shared/sale.ts'
import { askableText, factsOf } from '#apps/shared/shown.ts'
import { ASKABLE, type Askable } from '#core/persona.ts'
import type { StaffHereView } from '#protocol/identity.ts'
import { problemOf } from '#protocol/problems.ts'
import type { DealView, ShownView } from '#protocol/views.ts'

const NOTHING: ShownView = { ageBand: null, members: [], region: null, email: null, portrait: false }
const PAYMENT = `pay_${'b'.repeat(32)}`
const OTHER = `pay_${'c'.repeat(32)}`
const DEAL = `deal_${'a'.repeat(32)}`

const line = {
  text: 'Bread',
  quantity: 1,
  amount: '300',
  taxRate: null,
  tax: '0',
  code: null,
  conditions: { delivery: false, coolingOff: null },
  restriction: null,
}
const bill = { unit: 'JPY', total: '300', lines: [line] }
const question = { attributes: ['age-band'] as Askable[], reason: 'Age check' }

function view(part: Partial<DealView> = {}): DealView {
  return {
    deal: DEAL,
    version: 2,
    state: 'joined',
    question: null,
    bill,
    billVersion: 1,
    ticket: null,
    way: 'number',
    acceptedAt: null,
    phone: null,
    payment: PAYMENT,
    payer: { name: 'Hanako', shown: NOTHING },
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
    joinedAt: 0,
    approvedAt: null,
    turnEndsAt: null,
    expiresAt: null,
    ...part,
  }
}

const pictured = { name: 'Hanako', shown: { ...NOTHING, portrait: true } }
const atWork: RegisterState = { ...START, stage: 'till', current: DEAL }
const till = (part: Partial<DealView> = {}): RegisterState => withView(atWork, view(part))

describe('who is at the counter', () => {
  const cases: readonly [name: string, deal: Partial<DealView>, known: string | null, kind: string][] = [
    ['without a picture there is nothing to compare', {}, null, 'known'],
    ['a picture is compared', { payer: pictured }, null, 'compare'],
    ['it is them', { payer: pictured }, PAYMENT, 'known'],
    ['another payment is another person', { payer: pictured }, OTHER, 'compare'],
    ['the password is asked for', { payer: pictured, challenge: 'asked' }, PAYMENT, 'asked'],
    ['the password was right', { payer: pictured, challenge: 'passed' }, null, 'passed'],
    ['a question is no sale', { payer: pictured, question, bill: null }, null, 'known'],
  ]
  for (const [name, deal, known, kind] of cases) {
    it(name, () => assert.equal(atCounter(view(deal), known).kind, kind))
  }

  it('counts the wrong passwords of three', () => {
    const asked = atCounter(view({ challenge: 'asked', challengeFailures: 2 }), null)
    assert.deepEqual(asked, { kind: 'asked', failures: 2, of: 3 })
  })

  it('offers two answers to the picture, and no further question while one is open', () => {
    const offered = (part: Partial<DealView>, known: string | null = null): readonly Action[] =>
      actionsOf({ ...till(part), known }).filter((action) =>
        ['known', 'challenge', 'release', 'permit'].includes(action),
      )
    assert.deepEqual(offered({ payer: pictured }), ['known', 'challenge', 'release'])
    assert.deepEqual(offered({ payer: pictured }, PAYMENT), ['challenge', 'release'])
    assert.deepEqual(offered({}), ['challenge', 'release'])
    assert.deepEqual(offered({ challenge: 'asked' }), ['release'])
    assert.equal(actionOfKey('F3', actionsOf(till({ payer: pictured }))), 'known')
    assert.equal(actionOfKey('F9', actionsOf(till({ payer: pictured }))), 'challenge')
    const asked = till({ payer: pictured, restriction: { state: 'asked', lines: [0] } })
    assert.equal(actionOfKey('F3', actionsOf(asked)), 'permit', 'one question at a time')
  })

  it('fetches the picture once, for this payment, while the deal is not over', () => {
    const has = (part: Partial<DealView>, payment: string | null) =>
      lacksPortrait(view(part), payment === null ? null : { payment, picture: null })
    assert.equal(has({ payer: pictured }, null), true)
    assert.equal(has({ payer: pictured }, PAYMENT), false)
    assert.equal(has({ payer: pictured }, OTHER), true)
    assert.equal(has({}, null), false)
    assert.equal(has({ payer: pictured, state: 'settled' }, null), false)
    assert.equal(has({ payer: pictured, state: 'proven' }, null), true)
  })

  it('shows nobody the picture of another payment, and forgets it with the customer', () => {
    const portrait = { payment: OTHER, picture: pictureAddress('AA==') }
    assert.equal(pictureOf(view(), portrait), null)
    assert.equal(pictureOf(view({ payment: OTHER }), portrait), 'data:image/jpeg;base64,AA==')
    assert.equal(withNextCustomer({ ...till(), portrait }).portrait, null)
  })

  it('tells silence from a phone that the cashier let go', () => {
    const asked = view({ challenge: 'asked' })
    const open = view({ state: 'open', payment: null })
    assert.equal(saidNothing(asked, open, null), true)
    assert.equal(saidNothing(asked, open, PAYMENT), false)
    assert.equal(saidNothing(view(), open, null), false)
    assert.equal(saidNothing(asked, view({ challenge: 'asked' }), null), false)
    assert.equal(saidNothing(null, open, null), false)
  })

  it('keeps saying that there was no answer until somebody joins', () => {
    const silent = withView(till({ challenge: 'asked' }), view({ state: 'open', version: 3, payment: null }))
    assert.equal(silent.isSilent, true)
    // The payment's end may be seen before the new number is.
    const between = withView(till({ challenge: 'asked' }), view({ state: 'ended', ended: 'idle', version: 3 }))
    assert.equal(screenOf(between), 'joined')
    assert.equal(withView(between, view({ state: 'open', version: 4, payment: null })).isSilent, true)
    assert.equal(withView(silent, view({ state: 'open', version: 4, payment: null })).isSilent, true)
    assert.equal(withView(silent, view({ version: 5, payment: OTHER })).isSilent, false)
    assert.equal(withNextCustomer(silent).isSilent, false)
    const letGo = withView(
      { ...till({ challenge: 'asked' }), released: PAYMENT },
      view({ state: 'open', version: 3, payment: null }),
    )
    assert.equal(letGo.isSilent, false)
  })

  it('says each turn of the question once', () => {
    const turns: readonly [Partial<DealView>, Partial<DealView>, Moment | null][] = [
      [{ challenge: 'asked' }, { challenge: 'asked', challengeFailures: 1 }, 'wrong'],
      [{ challenge: 'asked', challengeFailures: 1 }, { challenge: 'asked', challengeFailures: 1 }, null],
      [{ challenge: 'asked', challengeFailures: 1 }, { challenge: 'passed' }, 'passed'],
      [{ challenge: 'passed' }, { challenge: 'asked' }, null],
      [{ challenge: 'asked' }, { state: 'open', payment: null }, 'silent'],
      [{}, { state: 'open', payment: null }, 'let-go'],
      [{ challenge: 'asked', challengeFailures: 2 }, { state: 'ended', ended: 'unproven' }, 'ended'],
      [{ bill: null, question }, { bill: null, question, state: 'proven' }, 'proven'],
    ]
    for (const [before, after, moment] of turns) {
      const first = till(before)
      assert.equal(momentBetween(first, withView(first, view({ ...after, version: 3 }))), moment, JSON.stringify(after))
    }
  })
})

describe('asking who somebody is', () => {
  it('has presets under the first keys, full-width too', () => {
    assert.deepEqual(
      ['1', '２', '3', '4', '0', 'a'].map((key) => presetOfKey(key)),
      ['age', 'membership', 'entrance', undefined, undefined, undefined],
    )
    assert.deepEqual(presetQuestion('age', 'Age check').attributes, ['age-band', 'portrait'])
  })

  it('asks for each attribute once, in one order, however it was picked', () => {
    const picked = (['portrait', 'age-band', 'email', 'email'] as const).reduce(withAsked, {
      preset: null,
      attributes: [],
      reason: 'x',
    })
    assert.deepEqual(picked.attributes, ['age-band', 'portrait'])
  })

  it('needs a reason that fits the phone', () => {
    const reasons: readonly [string, boolean][] = [
      ['', false],
      ['   ', false],
      [' Entrance ', true],
      ['x'.repeat(120), true],
      ['x'.repeat(121), false],
    ]
    for (const [reason, isRight] of reasons) {
      assert.equal(questionOf(withReason(presetQuestion('age', ''), reason)) !== null, isRight, reason.slice(0, 20))
    }
    assert.equal(questionOf(withReason(presetQuestion('age', ''), ' Entrance '))?.reason, 'Entrance')
  })

  it('leaves the bill that is being keyed in alone', () => {
    const keyed = { ...START, stage: 'till' as const, draft: { ...EMPTY_DRAFT, typed: '500' } }
    const opening = withOpening(keyed, { deal: DEAL, bill: null, question })
    const joined = withView(opening, view({ bill: null, question }))
    const proven = withView(joined, view({ bill: null, question, state: 'proven', version: 3 }))
    assert.equal(screenOf(proven), 'proven')
    assert.deepEqual(
      [opening, joined, proven, withNextCustomer(proven)].map(({ draft }) => draft.typed),
      ['500', '500', '500', '500'],
    )
    assert.equal(isKeying(joined), false, 'digits do not go into a bill that a question has none of')
    const refused = withOpeningRefused(opening, problemOf('no-answer'))
    assert.deepEqual([screenOf(refused), refused.draft.typed], ['ask', '500'])
  })

  it('is a screen of its own at every turn, with its own next steps', () => {
    const turns: readonly [Partial<DealView>, string, readonly Action[]][] = [
      [{ state: 'open' }, 'open', ['cancel']],
      [{ state: 'joined' }, 'joined', ['release', 'cancel']],
      [{ state: 'proven' }, 'proven', ['next', 'ask', 'history']],
      [{ state: 'ended', ended: 'cancelled-by-payer' }, 'ended', ['next', 'again', 'history']],
      [{ state: 'expired' }, 'expired', ['renew', 'history', 'cancel']],
    ]
    for (const [part, screen, actions] of turns) {
      const state = till({ bill: null, question, ...part })
      assert.equal(screenOf(state), screen)
      assert.deepEqual(actionsOf(state), actions, screen)
    }
    const asking: RegisterState = {
      ...START,
      stage: 'till',
      place: 'ask',
      question: presetQuestion('age', 'Age check'),
    }
    assert.deepEqual(actionsOf(asking), ['ask-now', 'back'])
    assert.deepEqual(actionsOf({ ...asking, question: withReason(asking.question, '') }), ['back'])
  })

  it('is listed apart from sales', () => {
    for (const [part, record, sale] of [
      [{ state: 'proven' }, 'answered', 'answered'],
      [{ state: 'ended' }, 'not-answered', 'notAnswered'],
      [{ state: 'joined' }, 'waiting', 'waiting'],
    ] as const) {
      const deal = view({ bill: null, question, ...part })
      assert.deepEqual([recordStateOf(deal), saleState(deal)], [record, sale])
    }
  })

  it('takes up an opening that was kept before there were questions', () => {
    const kept = readKept({ current: DEAL, opening: { deal: DEAL, bill: null }, draft: EMPTY_DRAFT })
    assert.deepEqual(kept.opening, { deal: DEAL, bill: null, question: null })
  })
})

describe('what was shown', () => {
  it('is told in words, and what was not shown is not there', () => {
    const shown: ShownView = {
      ageBand: '65-',
      members: [
        { name: 'Library', number: 'L-1' },
        { name: 'Pool', number: null },
      ],
      region: null,
      email: 'h@example.jp',
      portrait: true,
    }
    assert.deepEqual(
      factsOf(shown, 'en').map(({ label, value }) => `${label}: ${value}`),
      ['Age: 65 and over', 'Member number: Library: L-1', 'Member number: Pool', 'E-mail: h@example.jp'],
    )
    assert.deepEqual(
      factsOf({ ...NOTHING, ageBand: '20-64' }, 'ja').map(({ value }) => value),
      ['20〜64歳'],
    )
    assert.deepEqual(factsOf(NOTHING, 'en'), [])
  })

  it('has a word for everything that can be asked, in both languages', () => {
    for (const locale of ['en', 'ja'] as const) {
      const said = ASKABLE.map((what) => askableText(what, locale))
      assert.equal(new Set(said).size, ASKABLE.length)
    }
  })
})

describe('the shop’s people at the register', () => {
  const aya = { id: `stf_${'1'.repeat(32)}`, name: 'Aya', role: 'owner' as const }
  const here = (cashier: StaffHereView['cashier'], needed = true): StaffHereView => ({
    needed,
    cashier,
    staff: needed ? [{ ...aya, hasPin: true }] : [],
  })

  it('asks who is here where the shop has staff and nobody has signed in', () => {
    const cases: readonly [StaffHereView, string, RegisterState['signIn']][] = [
      [here(null), 'sign-in', 'needed'],
      [here(aya), 'joined', null],
      [here(null, false), 'joined', null],
    ]
    for (const [staff, screen, signIn] of cases) {
      const state = withStaff(till(), staff)
      assert.deepEqual([screenOf(state), state.signIn], [screen, signIn])
    }
  })

  it('keeps the bill, the deal and the sheet while somebody signs in', () => {
    const busy: RegisterState = {
      ...withStaff(till(), here(aya)),
      draft: { ...EMPTY_DRAFT, typed: '42' },
      sheet: 'refund',
    }
    const shut = withProblem(busy, problemOf('cashier-needed'))
    assert.equal(screenOf(shut), 'sign-in')
    assert.equal(shut.problem, null, 'the sign-in says what is needed')
    assert.deepEqual(actionsOf(shut), [], 'no key reaches the deal behind it')
    const back = withSignedIn(shut, here(aya))
    assert.deepEqual([screenOf(back), back.draft.typed, back.deal, back.sheet], ['joined', '42', busy.deal, 'refund'])
  })

  it('keeps a bill whose offer was refused for want of a cashier', () => {
    const opening = withOpening({ ...START, stage: 'till' }, { deal: DEAL, bill, question: null })
    const shut = withOpeningRefused(opening, problemOf('cashier-needed'))
    assert.equal(screenOf(shut), 'sign-in')
    const back = withSignedIn(shut, here(aya))
    assert.equal(screenOf(back), 'keying')
    assert.deepEqual(
      back.draft.lines.map(({ price }) => price),
      [300n],
    )
  })

  it('shows every other problem where it happened', () => {
    const state = withProblem(till(), problemOf('not-permitted'))
    assert.deepEqual([screenOf(state), state.problem?.code], ['joined', 'not-permitted'])
  })

  it('lets another take over with a key, where there is anybody, and asks again after signing out', () => {
    const keying: RegisterState = { ...START, stage: 'till' }
    assert.equal(actionOfKey('F10', actionsOf(withStaff(keying, here(aya)))), 'switch-user')
    assert.equal(actionOfKey('F10', actionsOf(withStaff(keying, here(null, false)))), undefined)
    const switching: RegisterState = { ...withStaff(keying, here(aya)), signIn: 'switch' }
    assert.equal(screenOf(switching), 'sign-in')
    assert.equal(withStaff(switching, here(aya)).signIn, 'switch', 'a look at the list does not end it')
    assert.equal(withSignedIn(switching, here(null)).signIn, 'needed', 'signed out')
    assert.equal(withSignedIn(switching, here(aya)).signIn, null)
  })
})
