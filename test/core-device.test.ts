// The guard against guessing the PIN, the unlock's life, and when a fresh proof is wanted.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  judgeProof,
  NO_PROOF_LIMITS,
  proofLimitsOf,
  STRENGTHS,
  type Device,
  type ProofResult,
  type Strength,
} from '#core/device.ts'
import { decide } from '#core/payment.ts'
import { bill, device, evidenceOf, joined, line, loaded, NOON, rules } from './support/deal.ts'

const UNLOCK_MS = 3_600_000
const stale = { fresh: false, unlockMs: UNLOCK_MS, amount: 1n, rules }
const fresh = { ...stale, fresh: true }
const none = { proof: 'none', strength: null } as const
const wrong = { proof: 'wrong', strength: null } as const
const right = { proof: 'right', strength: 'password' } as const
const MINUTE = 60_000

test('five wrong PINs lock for 1 minute, the next ones for 5, 15, 60 and 60', () => {
  let phone: Device = device
  let now = NOON
  const seen: [string | undefined, number][] = []
  for (let guess = 0; guess < 10; guess++) {
    const judged = judgeProof(phone, wrong, fresh, now)
    assert.equal(judged.refusal?.code, 'proof-wrong')
    phone = judged.device
    const lock = Math.max(0, phone.lockedUntil - now)
    seen.push([judged.refusal.detail?.triesLeft, lock / MINUTE])
    now += lock
  }
  assert.deepEqual(seen, [
    ['4', 0],
    ['3', 0],
    ['2', 0],
    ['1', 0],
    ['0', 1],
    ['0', 5],
    ['0', 15],
    ['0', 60],
    ['0', 60],
    ['0', 60],
  ])
  assert.equal(phone.wrongProofs, 10)
})

test('while the lock lasts no PIN is looked at: neither counted nor let in, until its last millisecond', () => {
  const locked: Device = { ...device, wrongProofs: 5, lockedUntil: NOON + MINUTE }
  for (const result of [right, wrong]) {
    const judged = judgeProof(locked, result, fresh, NOON + MINUTE - 1)
    assert.deepEqual(judged, {
      device: locked,
      refusal: { code: 'proof-locked', detail: { until: String(NOON + MINUTE) } },
    })
  }
  assert.equal(judgeProof(locked, right, fresh, NOON + MINUTE).refusal, null)
  assert.equal(judgeProof(locked, wrong, fresh, NOON + MINUTE).refusal?.code, 'proof-wrong')
})

test('a right PIN starts the count again', () => {
  const guessed: Device = { ...device, wrongProofs: 7, lockedUntil: NOON - 1 }
  assert.deepEqual(judgeProof(guessed, right, fresh, NOON).device, {
    ...device,
    provedAt: NOON,
    provedWith: 'password',
    wrongProofs: 0,
    lockedUntil: 0,
  })
})

test('the unlock lasts exactly as long as the scheme says, and paying does not prolong it', () => {
  const unlocked = judgeProof(device, right, fresh, NOON).device
  const later = (now: number) => judgeProof(unlocked, none, stale, now)
  assert.deepEqual(later(NOON + UNLOCK_MS - 1), { device: unlocked, refusal: null })
  assert.equal(later(NOON + UNLOCK_MS).refusal?.code, 'proof-needed')
  assert.equal(judgeProof(device, none, stale, NOON).refusal?.code, 'proof-needed', 'never unlocked')
  assert.equal(judgeProof(unlocked, none, { ...stale, unlockMs: 0 }, NOON).refusal?.code, 'proof-needed')
})

test('what was asked earlier is judged by the unlock of then; the lock against guessing is the one of now', () => {
  const HOUR = 60 * MINUTE
  const at = NOON - 5 * HOUR
  const earlier = { ...stale, at }
  const unlockedAt = (provedAt: number) => judgeProof({ ...device, provedAt }, none, earlier, NOON).refusal?.code
  for (const [why, provedAt, code] of [
    ['just before', at - 1, undefined],
    ['as long before as the unlock lasts', at - UNLOCK_MS, 'proof-needed'],
    ['a moment less', at - UNLOCK_MS + 1, undefined],
    ['clocks differ by seconds', at + 5_000, undefined],
    ['only afterwards', at + 2 * MINUTE, 'proof-needed'],
    ['now', NOON, 'proof-needed'],
  ] as const)
    assert.equal(unlockedAt(provedAt), code, why)

  const guessed: Device = { ...device, provedAt: 1, wrongProofs: 3 }
  const proven = judgeProof(guessed, right, earlier, NOON)
  assert.deepEqual(proven, { device: { ...guessed, provedAt: at }, refusal: null }, 'no unlock now, no guesses back')
  const since: Device = { ...device, provedAt: NOON - HOUR, provedWith: 'bound-passkey' }
  assert.deepEqual(judgeProof(since, right, earlier, NOON).device, since, 'the later proof stands')
  const locked: Device = { ...device, lockedUntil: NOON + 1 }
  assert.equal(judgeProof(locked, right, earlier, NOON).refusal?.code, 'proof-locked')
  assert.equal(judgeProof({ ...locked, lockedUntil: NOON }, right, earlier, NOON).refusal, null)
  assert.equal(judgeProof(device, wrong, earlier, NOON).device.wrongProofs, device.wrongProofs + 1)
})

test('from the amount that the scheme names on each payment wants its own proof', () => {
  const unlocked: Device = { ...device, provedAt: NOON - 1 }
  const approve = (amount: bigint, proof: ProofResult): string => {
    const payment = joined(bill(line(amount)))
    const evidence = evidenceOf(payment, { proof })
    return (
      decide(payment, loaded({ device: unlocked }), { kind: 'approve', evidence }, NOON).refusal?.code ?? 'approved'
    )
  }
  assert.equal(rules.freshProofFrom, 10_000n)
  assert.equal(approve(9_999n, 'none'), 'approved')
  assert.equal(approve(10_000n, 'none'), 'proof-needed')
  assert.equal(approve(10_000n, 'right'), 'approved')
  assert.equal(approve(10_000n, 'wrong'), 'proof-wrong')
  assert.equal(approve(1n, 'wrong'), 'proof-wrong', 'a wrong proof is worse than none')
})

test('a challenge wants a proof of its own, unlocked or not', () => {
  const payment = { ...joined(bill(line(1n))), challenge: { nonce: 'c4'.repeat(16), failures: 0, askedAt: NOON } }
  const evidence = evidenceOf(payment, { purpose: 'challenge', proof: 'none' })
  const unlocked = loaded({ device: { ...device, provedAt: NOON } })
  assert.equal(decide(payment, unlocked, { kind: 'respond', evidence }, NOON).refusal?.code, 'proof-needed')
})

test('each kind of proof is good for as much as the scheme says, and for any amount where it says nothing', () => {
  const limits = { ...NO_PROOF_LIMITS, password: 500n, 'synced-passkey': 2_000n, 'security-key': 9_000n }
  const outcome = (strength: Strength, amount: bigint | null) => {
    const judged = judgeProof(
      device,
      { proof: 'right', strength },
      { ...fresh, amount, rules: { proofLimits: limits } },
      NOON,
    )
    return judged.refusal === null ? 'enough' : `${judged.refusal.code} ${judged.refusal.detail?.limit}`
  }
  const rows: [Strength, bigint | null, string][] = [
    ['password', 500n, 'enough'],
    ['password', 501n, 'proof-too-weak 500'],
    ['synced-passkey', 2_000n, 'enough'],
    ['synced-passkey', 2_001n, 'proof-too-weak 2000'],
    ['bound-passkey', 9_999_999n, 'enough'],
    ['security-key', 9_001n, 'proof-too-weak 9000'],
    ['other', 9_999_999n, 'enough'],
    // A question asks for no money.
    ['password', null, 'enough'],
  ]
  for (const [strength, amount, then] of rows) assert.equal(outcome(strength, amount), then, `${strength} ${amount}`)
  assert.deepEqual(Object.keys(proofLimitsOf(() => 1n)), [...STRENGTHS])
})

test('a proof too weak for this amount is a right proof all the same: the lock begins anew, and the unlock is worth no more', () => {
  const rules = { proofLimits: { ...NO_PROOF_LIMITS, password: 500n } }
  const guessed: Device = { ...device, wrongProofs: 3 }
  const dear = judgeProof(guessed, right, { ...stale, amount: 501n, rules }, NOON)
  assert.equal(dear.refusal?.code, 'proof-too-weak')
  assert.deepEqual([dear.device.wrongProofs, dear.device.provedAt, dear.device.provedWith], [0, NOON, 'password'])
  const later = (amount: bigint, phone = dear.device) =>
    judgeProof(phone, none, { ...stale, amount, rules }, NOON + 1).refusal?.code ?? 'unlocked'
  assert.equal(later(500n), 'unlocked')
  assert.equal(later(501n), 'proof-needed', 'what the password was too weak for is not had without it')
  assert.equal(later(501n, { ...dear.device, provedWith: 'bound-passkey' }), 'unlocked')
})

test('a phone with a security key approves with it alone, however small the amount and however well unlocked', () => {
  const keyed: Device = { ...device, approvesWith: 'security-key', provedAt: NOON, provedWith: 'security-key' }
  const rows: [string, Parameters<typeof judgeProof>[1], string][] = [
    ['unlocked', none, 'security-key-needed'],
    ['password', right, 'security-key-needed'],
    ['synced', { proof: 'right', strength: 'synced-passkey' }, 'security-key-needed'],
    ['bound', { proof: 'right', strength: 'bound-passkey' }, 'security-key-needed'],
    ['plugged in', { proof: 'right', strength: 'other' }, 'security-key-needed'],
    ['a wrong one', wrong, 'proof-wrong'],
    ['the key', { proof: 'right', strength: 'security-key' }, 'approved'],
  ]
  for (const rule of [stale, fresh]) {
    for (const [name, given, then] of rows) {
      const judged = judgeProof(keyed, given, rule, NOON)
      assert.equal(judged.refusal?.code ?? 'approved', then, name)
      if (then === 'security-key-needed') assert.equal(judged.device, keyed, 'nothing was proved, and nothing guessed')
    }
  }
  const locked: Device = { ...keyed, lockedUntil: NOON + 1 }
  const key = { proof: 'right', strength: 'security-key' } as const
  assert.equal(judgeProof(locked, key, fresh, NOON).refusal?.code, 'proof-locked')
})
