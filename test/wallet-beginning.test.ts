// How a phone begins, as tables: what each step makes of what is typed, and what each no of the hub leads back to.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { problemOf, type ProblemCode } from '#protocol/problems.ts'
import {
  askAgainInMs,
  begunOf,
  draftWritten,
  isBirthDate,
  isEmail,
  letInRefused,
  mailCodeOf,
  recoverBack,
  recoverFound,
  recovering,
  recoverRefused,
  recoverWent,
  resumed,
  signingUp,
  signUpBack,
  signUpNext,
  signUpRefused,
  type LetInPlace,
  type RecoverPlace,
  type RecoverStep,
  type SignUpPlace,
  type SignUpStep,
} from '#apps/wallet/beginning.ts'
import { openedBy } from '#apps/wallet/links.ts'

const HEX = '0123456789abcdef'.repeat(2)
const draft = {
  email: 'hanako@example.jp',
  code: '123456',
  displayName: 'Hanako',
  legalName: 'Hanako Ito',
  birthDate: '',
}
const at = (step: SignUpStep): SignUpPlace => ({ ...signingUp(), step, draft })
const recovery = (step: RecoverStep): RecoverPlace => ({ ...recovering(), step, email: draft.email, code: draft.code })
const found = { nonce: '', salt: '', iterations: 310_000, devices: [], waiting: [] }
const letIn: LetInPlace = { at: 'let-in', readyAt: 100_000, email: draft.email, problem: null }

test('an address has something on both sides of the sign and a dot in its host', () => {
  const cases: readonly [text: string, isOne: boolean][] = [
    ['hanako@example.jp', true],
    ['h.a+b@mail.example.co.jp', true],
    ['hanako', false],
    ['hanako@', false],
    ['@example.jp', false],
    ['hanako@example', false],
    ['ha nako@example.jp', false],
    ['hanako@exa mple.jp', false],
    [`${'h'.repeat(65)}@example.jp`, false],
    [`h@${'e'.repeat(250)}.jp`, false],
    ['花子@example.jp', false],
  ]
  for (const [text, isOne] of cases) assert.equal(isEmail(text), isOne, text)
})

test("a mail's code is six digits or twenty, however they are typed", () => {
  const cases: readonly [typed: string, code: string | undefined][] = [
    ['123456', '123456'],
    [' 123 456 ', '123456'],
    ['123-456', '123456'],
    ['１２３４５６', '123456'],
    ['12345', undefined],
    ['1234567', undefined],
    ['12345 67890 12345 67890', '12345678901234567890'],
    ['1234567890123456789', undefined],
    ['123456789012345678901', undefined],
    ['12345a', undefined],
    ['', undefined],
  ]
  for (const [typed, code] of cases) assert.equal(mailCodeOf(typed), code, typed)
})

test('a date of birth is a day of the calendar that has been', () => {
  const cases: readonly [text: string, isOne: boolean][] = [
    ['1990-02-28', true],
    ['2000-02-29', true],
    ['2026-11-21', true],
    ['2026-11-22', false],
    ['1990-02-30', false],
    ['2001-02-29', false],
    ['1990-13-01', false],
    ['1899-12-31', false],
    ['19900101', false],
    ['', false],
  ]
  for (const [text, isOne] of cases) assert.equal(isBirthDate(text, '2026-11-21'), isOne, text)
})

test('signing up goes forth and back through its steps and keeps what was written', () => {
  const forth: readonly [from: SignUpStep, to: SignUpStep][] = [
    ['email', 'code'],
    ['code', 'names'],
    ['names', 'birth'],
    ['birth', 'birth'],
  ]
  for (const [from, to] of forth) assert.deepEqual(signUpNext(at(from)), at(to), from)
  const back: readonly [from: SignUpStep, to: SignUpStep | null][] = [
    ['email', null],
    ['code', 'email'],
    ['names', 'code'],
    ['birth', 'names'],
  ]
  for (const [from, to] of back) assert.deepEqual(signUpBack(at(from)), to === null ? { at: 'begin' } : at(to), from)
  assert.equal(draftWritten(at('birth'), { birthDate: '1990-02-28' }).draft.birthDate, '1990-02-28')
})

test('what the hub finds wrong leads back to the step that asked for it', () => {
  const cases: readonly [code: ProblemCode, step: SignUpStep][] = [
    ['code-not-found', 'code'],
    ['text-invalid', 'names'],
    ['day-invalid', 'birth'],
    ['too-many-tries', 'birth'],
    ['no-answer', 'birth'],
  ]
  for (const [code, step] of cases) {
    const refused = signUpRefused({ ...at('birth'), busy: true }, problemOf(code))
    assert.deepEqual([refused.step, refused.busy, refused.problem?.code, refused.draft], [step, false, code, draft])
  }
})

test('coming back: each step leads back to the one before', () => {
  const cases: readonly [from: RecoverStep, to: RecoverStep | null][] = [
    ['email', null],
    ['code', 'email'],
    ['choose', 'code'],
    ['lost', 'choose'],
    ['pin', 'choose'],
  ]
  for (const [from, to] of cases) {
    assert.deepEqual(recoverBack(recovery(from)), to === null ? { at: 'begin' } : recovery(to), from)
  }
  assert.equal(recoverWent({ ...recovery('choose'), problem: problemOf('no-answer') }, 'pin').problem, null)
})

test('the right code opens the choice; a list that is read again stays where it is', () => {
  const cases: readonly [from: RecoverStep, to: RecoverStep][] = [
    ['code', 'choose'],
    ['lost', 'lost'],
    ['pin', 'pin'],
  ]
  for (const [from, to] of cases) {
    const place = recoverFound({ ...recovery(from), busy: true }, found)
    assert.deepEqual([place.step, place.busy, place.found], [to, false, found])
  }
})

test('a code that has run out is asked for again, a wrong PIN is not', () => {
  const cases: readonly [code: ProblemCode, step: RecoverStep][] = [
    ['code-not-found', 'code'],
    ['proof-wrong', 'pin'],
    ['too-many-tries', 'pin'],
    ['too-many-devices', 'pin'],
  ]
  for (const [code, step] of cases) assert.equal(recoverRefused(recovery('pin'), problemOf(code)).step, step, code)
})

test('a phone that waits goes on waiting, unless it is told a final no', () => {
  const cases: readonly [code: ProblemCode, isOver: boolean][] = [
    ['device-waiting', false],
    ['no-answer', false],
    ['busy', false],
    ['unavailable', false],
    ['request-refused', true],
    ['not-found', true],
    ['device-revoked', true],
    ['too-many-devices', true],
    ['signature-invalid', true],
  ]
  for (const [code, isOver] of cases) {
    assert.equal(letInRefused(letIn, problemOf(code)).problem?.code, isOver ? code : undefined, code)
  }
})

test('it asks at the promised time, each minute before, and soon again after', () => {
  const cases: readonly [now: number, ms: number][] = [
    [0, 60_000],
    [40_000, 60_000],
    [70_000, 30_250],
    [99_999, 251],
    [100_000, 5_000],
    [200_000, 5_000],
  ]
  for (const [now, ms] of cases) assert.equal(askAgainInMs(letIn, now), ms, String(now))
})

test('a reload comes back to the draft or to the code, and keeps neither PIN nor phones', () => {
  const signUp = begunOf({ ...at('names'), busy: true, problem: problemOf('no-answer') })
  assert.deepEqual(signUp && resumed(signUp), at('names'))
  const recover = begunOf({ ...recovery('pin'), found })
  assert.deepEqual(recover, { at: 'recover', email: draft.email })
  assert.deepEqual(recover && resumed(recover), { ...recovering(), step: 'code', email: draft.email })
  assert.equal(begunOf(recovering()), null)
  assert.equal(begunOf({ at: 'begin' }), null)
  assert.equal(begunOf(letIn), null)
})

test('the part of the address behind the # opens a payment, the phones, or the beginning', () => {
  const nothing = { code: undefined, payment: undefined, place: undefined }
  const cases: readonly [hash: string, opened: ReturnType<typeof openedBy>][] = [
    ['', nothing],
    ['#code=ABCD-EFGH', { ...nothing, code: 'ABCD-EFGH' }],
    ['#code=', nothing],
    [`#payment=pay_${HEX}`, { ...nothing, payment: `pay_${HEX}` }],
    [`#payment=deal_${HEX}`, nothing],
    ['#payment=javascript:alert(1)', nothing],
    ['#phones', { ...nothing, place: 'phones' }],
    ['#new', { ...nothing, place: 'begin' }],
    ['#ask=xyz', nothing],
  ]
  for (const [hash, opened] of cases) assert.deepEqual(openedBy(hash), opened, hash)
})
