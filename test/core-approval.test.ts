// Approval bytes: vectors for other implementations, and an approval that is good for exactly one bill and nothing else.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { APPROVAL_LENGTH, APPROVAL_LIFE_MS, approvalBytes, claimsOf, type Approval } from '#core/approval.ts'
import { accountNumber } from '#core/accounts.ts'
import { fromU64, sha256, toHex } from '#core/bytes.ts'
import { decide, evolve, type Payment } from '#core/payment.ts'
import { after, approvalOf, bill, device, evidenceOf, id, joined, line, loaded, NONCE, NOON } from './support/deal.ts'

const payment = joined(bill(line(1_280n)))
const challenged = evolve(payment, { kind: 'challenged', nonce: 'c4'.repeat(16), at: NOON })
const decideBytes = (bytes: Uint8Array, now = NOON, on: Payment = payment): string =>
  decide(on, loaded(), { kind: 'approve', evidence: { ...evidenceOf(on), bytes } }, now).refusal?.code ?? 'approved'

test('the bytes of fixed approvals are these, hex and SHA-256', () => {
  const vectors: [Approval, string, string][] = [
    [
      approvalOf(payment),
      '57413201313131313131313131313131313131315151515151515151515151515151515100036161616161616161616161616161000000017c5bccca735896f529afc0fb332ea853233d7662ab8a0f49861481e64f8edaf730303131323334353637340000000000303031313233343536373400000000000001414141414141414141414141414141415a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a000001a3185d3a60',
      'bd5ad88062e7fb5a68b14071afdbd86d73111d5fc35dbaa38b89754a42cb0192',
    ],
    [
      approvalOf(challenged, 'challenge'),
      '57413203313131313131313131313131313131315151515151515151515151515151515100036161616161616161616161616161000000017c5bccca735896f529afc0fb332ea853233d7662ab8a0f49861481e64f8edaf73030313132333435363734000000000030303131323334353637340000000000000141414141414141414141414141414141c4c4c4c4c4c4c4c4c4c4c4c4c4c4c4c4000001a3185d3a60',
      '77557397a669ffbd530e1761ff64403f182e5e975a7533960f6152a29d9d3b38',
    ],
    [
      {
        ...approvalOf(payment, 'hand-back'),
        billVersion: 4_294_967_295,
        billHash: sha256(new Uint8Array(0)),
        method: 65_535,
        expiresAt: Number.MAX_SAFE_INTEGER,
      },
      '57413204313131313131313131313131313131315151515151515151515151515151515100000000000000000000000000000000ffffffffe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b8553030313132333435363734000000000030303131323334353637340000000000ffff414141414141414141414141414141415a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a001fffffffffffff',
      '0a83f6aa04125947b9b5711a8a6ea2182c9bde8c9c902c9d124263d2dd41b973',
    ],
  ]
  for (const [approval, hex, hash] of vectors) {
    const bytes = approvalBytes(approval)
    assert.equal(bytes.length, APPROVAL_LENGTH)
    assert.equal(toHex(bytes), hex)
    assert.equal(toHex(sha256(bytes)), hash)
    const { purpose, billVersion, billHash, nonce, expiresAt } = approval
    assert.deepEqual({ ...claimsOf(bytes) }, { purpose, billVersion, billHash, nonce, expiresAt })
  }
})

test('the fields stand where the drawing says', () => {
  const text = toHex(approvalBytes(approvalOf(payment)))
  const field = (at: number, length: number): string => text.slice(2 * at, 2 * (at + length))
  assert.equal(field(0, 4), '57413201')
  assert.equal(field(4, 16), '31'.repeat(16))
  assert.equal(field(20, 16), '51'.repeat(16))
  assert.equal(field(36, 16), `0003${'61'.repeat(14)}`)
  assert.equal(field(52, 4), '00000001')
  assert.equal(field(56, 32), toHex(approvalOf(payment).billHash))
  assert.equal(field(88, 16), toHex(new TextEncoder().encode('00112345674')).padEnd(32, '0'))
  assert.equal(field(104, 16), field(88, 16))
  assert.equal(field(120, 2), '0001')
  assert.equal(field(122, 16), '41'.repeat(16))
  assert.equal(field(138, 16), NONCE)
  assert.equal(field(154, 8), (NOON + 60_000).toString(16).padStart(16, '0'))
})

test('every flipped bit is refused; only the expiry may be another, within its ten minutes, as it was signed', () => {
  const honest = approvalBytes(approvalOf(payment))
  assert.equal(decideBytes(honest), 'approved')
  for (let bit = 0; bit < APPROVAL_LENGTH * 8; bit++) {
    const flipped = Uint8Array.from(honest)
    const at = bit >> 3
    flipped[at] = (flipped[at] ?? 0) ^ (1 << (bit & 7))
    const answer = decideBytes(flipped)
    if (at >= 154) {
      // The sender says when its approval expires; that nobody else says it is the signature's to show.
      const claimed = BigInt(`0x${toHex(flipped.subarray(154))}`)
      const good = claimed > BigInt(NOON) && claimed <= BigInt(NOON + APPROVAL_LIFE_MS)
      const late = claimed <= BigInt(NOON)
      assert.equal(answer, good ? 'approved' : late ? 'approval-expired' : 'signature-invalid', `bit ${bit}`)
    } else {
      const stale = at >= 52 && at < 56
      assert.equal(answer, stale ? 'bill-changed' : 'signature-invalid', `bit ${bit}`)
    }
  }
})

test('an approval of anything else is refused', () => {
  const other = joined(bill(line(1_281n)))
  const rows: [string, Partial<Approval>, string][] = [
    ['of another scheme', { scheme: id('sch', 0x99) }, 'signature-invalid'],
    ['of another deal', { deal: id('deal', 0x99) }, 'signature-invalid'],
    ['of another payment', { payment: id('pay', 0x99) }, 'signature-invalid'],
    ['of an older bill', { billVersion: 0 }, 'bill-changed'],
    ['of a bill to come', { billVersion: 2 }, 'bill-changed'],
    ['of another bill under this version', { billHash: approvalOf(other).billHash }, 'signature-invalid'],
    ["from another's account", { payerAccount: accountNumber(9, 9) }, 'signature-invalid'],
    ['by other means', { means: accountNumber(9, 9) }, 'signature-invalid'],
    ['by another method', { method: 2 }, 'signature-invalid'],
    ['by another key', { key: id('key', 0x99) }, 'signature-invalid'],
    ['with an old nonce', { nonce: new Uint8Array(16) }, 'signature-invalid'],
    ['for another purpose', { purpose: 'authenticate' }, 'signature-invalid'],
    ['for a hand-back', { purpose: 'hand-back' }, 'signature-invalid'],
  ]
  for (const [name, over, code] of rows) {
    assert.equal(decideBytes(approvalBytes({ ...approvalOf(payment), ...over })), code, name)
  }
  assert.equal(decideBytes(new Uint8Array(0)), 'signature-invalid')
  assert.equal(decideBytes(new Uint8Array(APPROVAL_LENGTH)), 'signature-invalid')
  const long = new Uint8Array(APPROVAL_LENGTH + 1)
  long.set(approvalBytes(approvalOf(payment)))
  assert.equal(decideBytes(long), 'signature-invalid')
  assert.equal(decideBytes(long.subarray(0, APPROVAL_LENGTH - 1)), 'signature-invalid')
})

test('a session with another key than the phone has now is refused before anything is compared', () => {
  const evidence = { ...evidenceOf(payment), key: id('key', 0x99) }
  assert.equal(decide(payment, loaded(), { kind: 'approve', evidence }, NOON).refusal?.code, 'device-revoked')
  const renewed = loaded({ device: { ...device, key: id('key', 0x99) } })
  assert.equal(
    decide(payment, renewed, { kind: 'approve', evidence: evidenceOf(payment) }, NOON).refusal?.code,
    'device-revoked',
  )
})

test('an answer to a challenge approves nothing, and an approval answers no challenge', () => {
  const answer = evidenceOf(challenged, { purpose: 'challenge' })
  const passed = after(challenged, { kind: 'respond', evidence: answer }).payment
  assert.equal(passed.proven, 'passed')
  assert.equal(decideBytes(answer.bytes, NOON, passed), 'signature-invalid')
  const wrongPurpose = evidenceOf(challenged)
  assert.equal(
    decide(challenged, loaded(), { kind: 'respond', evidence: wrongPurpose }, NOON).refusal?.code,
    'signature-invalid',
  )
})

test('an approval is good until the millisecond before its expiry, which is at most ten minutes ahead', () => {
  const rows: [number, string][] = [
    [NOON - 1, 'approval-expired'],
    [NOON, 'approval-expired'],
    [NOON + 1, 'approved'],
    [NOON + APPROVAL_LIFE_MS, 'approved'],
    [NOON + APPROVAL_LIFE_MS + 1, 'signature-invalid'],
    [Number.MAX_SAFE_INTEGER, 'signature-invalid'],
  ]
  for (const [expiresAt, answer] of rows) {
    assert.equal(decideBytes(approvalBytes({ ...approvalOf(payment), expiresAt })), answer, String(expiresAt))
  }
})

test('an expiry beyond every clock is an ordinary no, not a crash', () => {
  for (const expiry of [2n ** 53n, 2n ** 63n, 2n ** 64n - 1n]) {
    const bytes = approvalBytes(approvalOf(payment))
    bytes.set(fromU64(expiry), 154)
    assert.equal(claimsOf(bytes), undefined)
    assert.equal(decideBytes(bytes), 'signature-invalid')
  }
})
