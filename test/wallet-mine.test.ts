// What a person has set up, and how a question stands before them, as tables.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ASKABLE, NO_RELEASES, type Askable, type Releases } from '#core/persona.ts'
import type { DevicesView, ProfileView, ReleasesView } from '#protocol/identity.ts'
import { problemOf, type ProblemCode } from '#protocol/problems.ts'
import type { PaymentView } from '#protocol/views.ts'
import {
  answersTo,
  hasValue,
  isKeyOnly,
  NOTHING_READ,
  partOf,
  releasedBy,
  releasesFor,
  releaseSet,
  securityKeys,
  shopsOf,
  shopsToAdd,
  shownIfAll,
  toldWith,
  unlockedUntil,
  type Mine,
} from '#apps/wallet/mine.ts'
import { dragged, keptInside, MIDDLE, squareOf } from '#apps/shared/picture.ts'
import { endedText, shownText, youShowed } from '#apps/wallet/said.ts'
import {
  answerChosen,
  closed,
  firstState,
  inboxArrived,
  isFinal,
  noticeOf,
  opened,
  paymentArrived,
  stepAnswered,
  stepBegan,
  unaskedPayments,
  wantsProof,
  type State,
} from '#apps/wallet/state.ts'
import { paymentView } from './support/auth-hub.ts'

const HEX = '0123456789abcdef'.repeat(2)
const NOTHING = { ageBand: null, members: [], region: null, email: null, portrait: false }
const ALL: PaymentView['shown'] = {
  ageBand: '20-64',
  members: [{ name: 'Library', number: '77' }],
  region: 'JP-14',
  email: 'hanako@example.jp',
  portrait: true,
}

const profile: ProfileView = {
  name: 'Hanako',
  legalName: 'Hanako Ito',
  email: 'hanako@example.jp',
  language: 'ja',
  birthDate: '1990-02-28',
  portrait: 'AAAA',
  hasUserCode: false,
  verified: { ageBand: '20-64', region: 'JP-14', members: [{ name: 'Library', number: '77' }] },
}
const question = { attributes: ['age-band', 'member-number', 'email'] as Askable[], reason: 'Lending books' }
const asked = (change: Partial<PaymentView> = {}): PaymentView => ({
  ...paymentView('00112345674'),
  payment: `pay_${HEX}`,
  version: 1,
  state: 'joined',
  bill: null,
  billVersion: 0,
  freshProof: true,
  question,
  ...change,
})
const proven = asked({
  version: 2,
  state: 'proven',
  shown: { ...NOTHING, ageBand: '20-64' },
  answered: { released: ['age-band'], strength: 'password', at: 5_000 },
})
const home: State = { ...firstState('own'), place: { at: 'home' } }
const atQuestion = opened(home, asked().payment, asked())
const phone = (change: Partial<DevicesView['devices'][number]> = {}): DevicesView['devices'][number] => ({
  id: `dev_${HEX}`,
  label: 'Phone',
  status: 'active',
  enrolledAt: 1,
  lastSeenAt: null,
  isThis: true,
  approvesWith: 'any',
  ...change,
})
const withPhones = (...devices: DevicesView['devices']): Mine => ({
  ...NOTHING_READ,
  devices: { devices, waiting: [] },
})
const releases = (change: Partial<Releases>): Releases => ({ ...NO_RELEASES, ...change })

test('what would be shown is what was verified; a claimed birth date shows nothing', () => {
  assert.deepEqual(shownIfAll(profile), ALL)
  const claimed = { ...profile, verified: { ageBand: null, region: null, members: [] } }
  assert.equal(hasValue(shownIfAll(claimed), 'age-band'), false)
  for (const attribute of ASKABLE) {
    assert.equal(hasValue(ALL, attribute), true, attribute)
    assert.equal(hasValue(NOTHING, attribute), false, attribute)
  }
})

test('a part of what could be shown is exactly the attributes that are named', () => {
  const cases: readonly [attributes: readonly Askable[], part: PaymentView['shown']][] = [
    [[], NOTHING],
    [['age-band'], { ...NOTHING, ageBand: '20-64' }],
    [['member-number'], { ...NOTHING, members: [{ name: 'Library', number: '77' }] }],
    [['region', 'portrait'], { ...NOTHING, region: 'JP-14', portrait: true }],
    [ASKABLE, ALL],
  ]
  for (const [attributes, part] of cases) assert.deepEqual(partOf(ALL, attributes), part)
})

test("a shop's own choice counts before that for everybody", () => {
  const own = releases({ region: 'show' })
  const view: ReleasesView = { everybody: NO_RELEASES, merchants: [{ party: 'pty_a', name: 'A', releases: own }] }
  assert.deepEqual(releasesFor(view, 'pty_a'), own)
  assert.deepEqual(releasesFor(view, 'pty_b'), NO_RELEASES)
  assert.deepEqual(releasesFor(view, null), NO_RELEASES)
  assert.deepEqual(releaseSet(NO_RELEASES, 'email', 'hide'), releases({ email: 'hide' }))
})

test('shops are found in payments once each, people never, and those with a choice are not offered again', () => {
  const { biller } = asked()
  const shop = (party: string, isPerson = false) => ({ biller: { ...biller, party, name: party, isPerson } })
  const shops = shopsOf([shop('pty_a'), shop('pty_p', true), shop('pty_a'), shop('pty_b')])
  assert.deepEqual(
    shops.map(({ party }) => party),
    ['pty_a', 'pty_b'],
  )
  const own = { everybody: NO_RELEASES, merchants: [{ party: 'pty_a', name: 'A', releases: NO_RELEASES }] }
  assert.deepEqual(
    shopsToAdd({ ...NOTHING_READ, shops, releases: own }).map(({ party }) => party),
    ['pty_b'],
  )
  assert.deepEqual(shopsToAdd(NOTHING_READ), [])
})

test('the switches of a question stand as the releases say, and never releases more than was asked', () => {
  const cases: readonly [set: Releases | null, chosen: Partial<Record<Askable, boolean>>, released: Askable[]][] = [
    [null, {}, []],
    [NO_RELEASES, {}, []],
    [releases({ 'age-band': 'show' }), {}, ['age-band']],
    [releases({ 'age-band': 'show' }), { 'age-band': false }, []],
    [NO_RELEASES, { email: true }, ['email']],
    [releases({ email: 'hide' }), { email: true }, []],
    [releases({ region: 'show', portrait: 'show' }), { region: true, portrait: true }, []],
    [
      releases({ 'age-band': 'show', 'member-number': 'show' }),
      { email: true },
      ['age-band', 'member-number', 'email'],
    ],
  ]
  for (const [set, chosen, released] of cases)
    assert.deepEqual(releasedBy(answersTo(question, set, chosen, null)), released)
  const hidden = answersTo(question, releases({ 'age-band': 'hide' }), {}, null).find(
    (each) => each.attribute === 'age-band',
  )
  assert.deepEqual(hidden, { attribute: 'age-band', isOn: false, mayChange: false })
  const all = { ...NOTHING, email: 'hanako@example.jp' }
  const set = releases({ 'age-band': 'show', email: 'show' })
  assert.deepEqual(
    releasedBy(answersTo(question, set, { 'member-number': true }, all)),
    ['email'],
    'what is not there is not released',
  )
})

test('a switch that was turned is remembered for this question alone, and stands still while the answer is on its way', () => {
  const turned = answerChosen(atQuestion, 'email', true)
  assert.deepEqual(turned.current?.chosen, { email: true })
  assert.deepEqual(answerChosen(stepBegan(turned, 'prove'), 'email', false).current?.chosen, { email: true })
  const next = opened(closed(turned), `pay_${'f'.repeat(32)}`, asked({ payment: `pay_${'f'.repeat(32)}` }))
  assert.deepEqual(next.current?.chosen, {})
})

test('a question always wants a fresh proof, and a wrong PIN asks for it again', () => {
  assert.equal(wantsProof({ ...atQuestion, provedAt: 10 }, asked(), 11), true)
  const cases: readonly [code: ProblemCode, asks: boolean][] = [
    ['proof-needed', true],
    ['proof-wrong', true],
    ['proof-locked', true],
    ['passkey-failed', true],
    ['security-key-needed', false],
    ['state-conflict', false],
  ]
  for (const [code, asks] of cases) {
    const problem = problemOf(code)
    const state = stepAnswered(stepBegan(atQuestion, 'prove'), asked().payment, 'prove', {
      ok: false,
      problem,
      view: null,
    })
    assert.equal(state.current?.proof?.step, asks ? 'prove' : undefined, code)
    assert.equal(state.current?.problem?.code, asks ? undefined : code, code)
  }
})

test('where only the security key approves, the PIN is never asked for', () => {
  const keyed: State = { ...atQuestion, mine: withPhones(phone({ approvesWith: 'security-key' })) }
  const answer = { ok: false, problem: problemOf('passkey-failed'), view: null } as const
  const state = stepAnswered(stepBegan(keyed, 'prove'), asked().payment, 'prove', answer)
  assert.deepEqual([state.current?.proof, state.current?.problem?.code], [null, 'passkey-failed'])
  const bill = paymentView('00112345674')
  const scheme = { ...schemeOf(), unlockMs: 60_000 }
  assert.equal(wantsProof({ ...home, scheme, provedAt: 1_000 }, { ...bill, freshProof: false }, 2_000), false)
  assert.equal(wantsProof({ ...keyed, scheme, provedAt: 1_000 }, { ...bill, freshProof: false }, 2_000), true)
})

test('an answered question is over, is told, and is remembered once', () => {
  const answered = paymentArrived(atQuestion, proven)
  assert.equal(isFinal(proven), true)
  assert.equal(noticeOf(home, atQuestion), 'questioned')
  assert.equal(noticeOf(atQuestion, answered), 'proven')
  assert.deepEqual(answered.told, [{ payment: proven.payment, name: proven.biller.name, at: 5_000 }])
  assert.equal(paymentArrived(answered, { ...proven, version: 3 }).told.length, 1)
  assert.deepEqual(paymentArrived(atQuestion, asked({ state: 'ended', ended: 'idle', version: 2 })).told, [])
  const many = Array.from({ length: 40 }, (_, at) => ({ payment: `pay_${at}`, name: '', at }))
  assert.equal(toldWith(many, proven).length, 30)
})

test('a question nobody started waits at home and never takes the screen', () => {
  const inbox = { balances: [], payments: [asked({ unasked: true })], provedAt: 0 }
  const state = inboxArrived(home, inbox, 1)
  assert.equal(state.place.at, 'home')
  assert.equal(unaskedPayments(state).length, 1)
  const own = inboxArrived(home, { ...inbox, payments: [asked()] }, 1)
  assert.equal(own.place.at, 'payment')
})

test('what was shown is said in one line, in both languages', () => {
  const cases: readonly [shown: PaymentView['shown'], en: string, ja: string][] = [
    [NOTHING, 'You showed: nothing but your name.', '見せたもの：お名前だけ'],
    [{ ...NOTHING, ageBand: '20-64' }, 'You showed: name, 20–64.', '見せたもの：お名前、20〜64歳'],
    [
      { ...NOTHING, ageBand: '65-', portrait: true },
      'You showed: name, 65 and over, your picture.',
      '見せたもの：お名前、65歳以上、あなたの写真',
    ],
  ]
  for (const [shown, en, ja] of cases) {
    assert.equal(youShowed({ ...proven, shown }, 'en'), en)
    assert.equal(youShowed({ ...proven, shown }, 'ja'), ja)
  }
  assert.equal(shownText(ALL, 'en'), '20–64, Library: 77, JP-14, hanako@example.jp, your picture')
})

test('a question that ended says that nothing was shown, and speaks of no money', () => {
  const cases: readonly [ended: NonNullable<PaymentView['ended']>, why: string][] = [
    ['cancelled-by-payer', 'You declined.'],
    ['cancelled-by-biller', 'The one who asked took it back.'],
    ['idle', 'The time for it ran out.'],
    ['expired', 'The time for it ran out.'],
  ]
  for (const [ended, why] of cases) {
    const said = endedText(asked({ state: 'ended', ended }), 'en')
    assert.deepEqual([said.title, said.why, said.money], ['Not confirmed', why, 'Nothing was shown.'])
  }
})

test('only this phone decides whether it approves with the key alone', () => {
  const key = { approvesWith: 'security-key' } as const
  assert.equal(isKeyOnly(NOTHING_READ), false)
  assert.equal(isKeyOnly(withPhones(phone())), false)
  assert.equal(isKeyOnly(withPhones(phone(), phone({ ...key, isThis: false }))), false)
  assert.equal(isKeyOnly(withPhones(phone(key))), true)
  const passkeys: Mine['passkeys'] = [
    { credential: 'a', kind: 'synced-passkey', addedAt: 1 },
    { credential: 'b', kind: 'security-key', addedAt: 2 },
  ]
  assert.deepEqual(securityKeys({ ...NOTHING_READ, passkeys }), ['b'])
})

test('the unlock ends to the millisecond', () => {
  const cases: readonly [provedAt: number, now: number, until: number | null][] = [
    [0, 5, null],
    [1_000, 1_000, 61_000],
    [1_000, 60_999, 61_000],
    [1_000, 61_000, null],
  ]
  for (const [provedAt, now, until] of cases) assert.equal(unlockedUntil(provedAt, 60_000, now), until)
})

test('the square of a portrait never leaves the picture, however it is dragged', () => {
  const wide = { width: 400, height: 200 }
  assert.deepEqual(squareOf(wide, MIDDLE), { left: 100, top: 0, side: 200 })
  assert.deepEqual(squareOf(wide, { zoom: 2, x: 0.5, y: 0.5 }), { left: 150, top: 50, side: 100 })
  assert.deepEqual(squareOf(wide, { zoom: 1, x: 0, y: 1 }), { left: 0, top: 0, side: 200 })
  assert.deepEqual(squareOf({ width: 200, height: 400 }, { zoom: 1, x: 9, y: 9 }), { left: 0, top: 200, side: 200 })
  assert.equal(keptInside(wide, { zoom: 99, x: 0.5, y: 0.5 }).zoom, 4)
  assert.equal(keptInside(wide, { zoom: 0, x: 0.5, y: 0.5 }).zoom, 1)
  // Dragged to the right, the picture moves with the finger: what is left of the square comes into it.
  assert.equal(squareOf(wide, dragged(wide, MIDDLE, { right: 0.25, down: 0 })).left, 50)
  assert.equal(squareOf(wide, dragged(wide, MIDDLE, { right: 9, down: 9 })).left, 0)
})

function schemeOf(): NonNullable<State['scheme']> {
  return {
    scheme: `sch_${HEX}`,
    name: 'Town',
    demo: false,
    unit: 'JPY',
    hostName: null,
    unlockMs: 0,
    freshProofFrom: '10000',
    zone: 'Asia/Tokyo',
    offline: { payment: '5000', device: '10000', terminal: '100000', ms: 86_400_000 },
    signer: '',
    now: 0,
  }
}
