// The journal's chain: vectors for other implementations, and no field that could be altered unseen.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemAccount } from '#core/accounts.ts'
import { toHex } from '#core/bytes.ts'
import {
  affords,
  chainHash,
  debited,
  GENESIS_HASH,
  isSpending,
  NOTHING_SPENT,
  spentWith,
  TRANSFER_KINDS,
  type PostedTransfer,
  type Spent,
} from '#core/ledger.ts'
import { account, biller, id, JPY, NOON, payer, PAYMENT, unit } from './support/deal.ts'

const transfer: Omit<PostedTransfer, 'hash'> = {
  debit: payer.account,
  credit: biller.account,
  unit: JPY,
  amount: 1_280n,
  kind: 'settle',
  payment: PAYMENT,
  debitName: biller.name,
  creditName: '花子',
  bucket: 3,
  sequence: 1n,
  creditBucket: 7,
  at: NOON,
}

test('the first links of a chain are these', () => {
  const first = chainHash(GENESIS_HASH, transfer)
  const second = chainHash(first, {
    ...transfer,
    debit: systemAccount('issue', 3),
    kind: 'post',
    payment: null,
    sequence: 2n,
    amount: 9_223_372_036_854_775_807n,
  })
  assert.deepEqual([GENESIS_HASH, first, second].map(toHex), [
    '20fd9aaff796cb795eeb90650f4eb09f7961a15c6bd04210ff9a41e8b4b9ba9f',
    'ac8fd48df7c336d7b4a2a076bad104d969396b9551a2406d04bf711a32f3f1de',
    '6bbf227a8a2959c21456cb3d99b57ebb9a7c8427b0818a08217b7c960cdca449',
  ])
})

test('any changed field, and any other link before, gives another hash', () => {
  const changes: Partial<Omit<PostedTransfer, 'hash'>>[] = [
    { debit: biller.account },
    { credit: payer.account },
    { unit: unit('KRW') },
    { amount: 1_281n },
    ...TRANSFER_KINDS.filter((kind) => kind !== transfer.kind).map((kind) => ({ kind })),
    { payment: null },
    { payment: id('pay', 1) },
    { debitName: '' },
    { creditName: '花子 ' },
    { bucket: 4 },
    { sequence: 2n },
    { creditBucket: 8 },
    { at: NOON + 1 },
  ]
  const changed = new Set(changes.flatMap((change) => Object.keys(change)))
  assert.deepEqual([...changed].toSorted(), Object.keys(transfer).toSorted(), 'every field is tried')
  const hashes = [transfer, ...changes.map((change) => ({ ...transfer, ...change }))].map((each) =>
    toHex(chainHash(GENESIS_HASH, each)),
  )
  hashes.push(toHex(chainHash(chainHash(GENESIS_HASH, transfer), transfer)))
  assert.equal(new Set(hashes).size, hashes.length)
})

test("a party's account cannot go below zero, the scheme's own can", () => {
  assert.equal(affords(account(500n), 500n), true)
  assert.equal(affords(account(500n), 501n), false)
  assert.equal(affords(account(0n), 0n), true)
  assert.equal(affords(account(0n, { key: systemAccount('issue', 3) }), 501n), true)
})

test('what was spent counts from the beginning of its day and month', () => {
  const spent: Spent = { day: 20_261_231, onDay: 5n, month: 202_612, inMonth: 70n }
  const rows: [Spent, day: number, onDay: bigint, inMonth: bigint][] = [
    [NOTHING_SPENT, 20_261_231, 3n, 3n],
    [spent, 20_261_231, 8n, 73n],
    [{ ...spent, day: 20_261_230 }, 20_261_231, 3n, 73n],
    [spent, 20_270_101, 3n, 3n],
    [{ ...spent, day: 20_251_231, month: 202_512 }, 20_261_231, 3n, 3n],
  ]
  for (const [before, day, onDay, inMonth] of rows)
    assert.deepEqual(spentWith(before, 3n, day), { day, onDay, month: Math.floor(day / 100), inMonth })
})

test('a person spends by paying; what the cash desk hands out, what goes back and the scheme’s own accounts count nothing', () => {
  const spending = TRANSFER_KINDS.filter((kind) => isSpending({ kind, debit: payer.account }))
  assert.deepEqual(spending, ['settle', 'hold', 'exchange'])
  assert.ok(!isSpending({ kind: 'settle', debit: systemAccount('clearing', 3) }))
  const after = debited(account(2_000n), transfer, 20_270_115)
  assert.deepEqual(
    [after.balance, after.version, after.spent],
    [720n, 2n, { day: 20_270_115, onDay: 1_280n, month: 202_701, inMonth: 1_280n }],
  )
  assert.deepEqual(debited(account(2_000n), { ...transfer, kind: 'withdraw' }, 20_270_115).spent, NOTHING_SPENT)
})
