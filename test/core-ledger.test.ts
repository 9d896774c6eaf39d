// The journal's chain: vectors for other implementations, and no field that could be altered unseen.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemAccount } from '#core/accounts.ts'
import { toHex } from '#core/bytes.ts'
import { affords, chainHash, GENESIS_HASH, TRANSFER_KINDS, type PostedTransfer } from '#core/ledger.ts'
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
