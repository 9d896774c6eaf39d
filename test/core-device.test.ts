// The guard against guessing the PIN, the unlock's life, and when a fresh proof is wanted.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { judgeProof, type Device, type ProofResult } from '#core/device.ts'
import { decide } from '#core/payment.ts'
import { bill, device, evidenceOf, joined, line, loaded, NOON, rules } from './support/deal.ts'

const UNLOCK_MS = 3_600_000
const stale = { fresh: false, unlockMs: UNLOCK_MS }
const fresh = { fresh: true, unlockMs: UNLOCK_MS }
const MINUTE = 60_000

test('five wrong PINs lock for 1 minute, the next ones for 5, 15, 60 and 60', () => {
  let phone: Device = device
  let now = NOON
  const seen: [string | undefined, number][] = []
  for (let guess = 0; guess < 10; guess++) {
    const judged = judgeProof(phone, 'wrong', fresh, now)
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
  for (const result of ['right', 'wrong'] as const) {
    const judged = judgeProof(locked, result, fresh, NOON + MINUTE - 1)
    assert.deepEqual(judged, {
      device: locked,
      refusal: { code: 'proof-locked', detail: { until: String(NOON + MINUTE) } },
    })
  }
  assert.equal(judgeProof(locked, 'right', fresh, NOON + MINUTE).refusal, null)
  assert.equal(judgeProof(locked, 'wrong', fresh, NOON + MINUTE).refusal?.code, 'proof-wrong')
})

test('a right PIN starts the count again', () => {
  const guessed: Device = { ...device, wrongProofs: 7, lockedUntil: NOON - 1 }
  assert.deepEqual(judgeProof(guessed, 'right', fresh, NOON).device, {
    ...device,
    provedAt: NOON,
    wrongProofs: 0,
    lockedUntil: 0,
  })
})

test('the unlock lasts exactly as long as the scheme says, and paying does not prolong it', () => {
  const unlocked = judgeProof(device, 'right', fresh, NOON).device
  const none = (now: number) => judgeProof(unlocked, 'none', stale, now)
  assert.deepEqual(none(NOON + UNLOCK_MS - 1), { device: unlocked, refusal: null })
  assert.equal(none(NOON + UNLOCK_MS).refusal?.code, 'proof-needed')
  assert.equal(judgeProof(device, 'none', stale, NOON).refusal?.code, 'proof-needed', 'never unlocked')
  assert.equal(judgeProof(unlocked, 'none', { fresh: false, unlockMs: 0 }, NOON).refusal?.code, 'proof-needed')
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
