// The bookkeeping of payments: which transfers an event makes. docs/accounting.md has the table; refunds, which the merchant's bucket
// decides, book theirs in refund.ts.
import { systemAccount, type AccountKey, type SystemAccountKind } from './accounts.ts'
import { assert } from './assert.ts'
import { bucketOfId } from './ids.ts'
import type { Transfer } from './ledger.ts'
import type { Exchange, Means } from './means.ts'
import type { Payment, PaymentEvent } from './payment.ts'
import { shareBack } from './rate.ts'

/** The scheme's account through which money of this means comes and goes; null for the payer's own account. */
export const passageOf = ({ kind }: Pick<Means, 'kind'>): SystemAccountKind | null => {
  switch (kind) {
    case 'account':
      return null
    case 'exchange':
      return 'exchange'
    case 'bank':
      return 'clearing'
    case 'card':
      return 'card'
  }
}

/** The money an event moves: the only bookkeeping of payments. `payment` is the one before the event. */
export function transfersOf(payment: Payment, event: PaymentEvent): Transfer[] {
  const portions = 'portions' in event ? event.portions : []
  const amounts = { settle: 0n, hold: 0n, release: 0n, return: 0n }
  portions.forEach((after, index) => {
    const portion = payment.portions[index]
    assert(portion !== undefined, 'an event names the portions of its payment')
    const { state: before, amount } = portion
    if (before.kind === 'due' || before.kind === 'authorising') {
      if (after.kind === 'settled') amounts.settle += after.settled
      if (after.kind === 'held') amounts.hold += amount
    }
    if (before.kind === 'held' && after.kind === 'settled') {
      amounts.release += after.settled
      amounts.return += amount - after.settled
    }
    if (before.kind === 'held' && after.kind === 'ended') amounts.return += amount
  })
  if (payment.bill === null) return []
  const { payer, biller, id, bill, means } = payment
  const own = (kind: SystemAccountKind): AccountKey => systemAccount(kind, bucketOfId(id))
  const passage = passageOf(means)
  // Where what comes from the payer, and goes back there, stands in the bill's unit.
  const [escrow, source] = [own('escrow'), passage === null ? payer.account : own(passage)]
  const common = { unit: bill.unit, payment: id, debitName: biller.name, creditName: payer.name }
  const comesBack = { ...common, kind: 'return', creditName: biller.name } as const
  const transfers: Transfer[] = [
    ...(means.kind === 'exchange' && amounts.settle + amounts.hold > 0n ? [paidInto(payment, means)] : []),
    { ...common, kind: 'settle', debit: source, credit: biller.account, amount: amounts.settle },
    { ...common, kind: 'hold', debit: source, credit: escrow, amount: amounts.hold },
    { ...common, kind: 'release', debit: escrow, credit: biller.account, amount: amounts.release },
    { ...comesBack, debit: escrow, credit: source, amount: amounts.return },
    ...(means.kind === 'exchange'
      ? [
          {
            ...comesBack,
            unit: means.unit,
            debit: source,
            credit: payer.account,
            amount: shareBack(means.amount, bill.total, returnedAmount(payment), amounts.return),
          },
        ]
      : []),
  ]
  return transfers.filter(({ amount }) => amount > 0n)
}

/** The payer's side of a payment in another unit: into the scheme's exchange, in the payer's own. */
const paidInto = ({ id, payer, biller }: Payment, { unit, amount }: Exchange): Transfer => ({
  kind: 'exchange',
  debit: payer.account,
  credit: systemAccount('exchange', bucketOfId(id)),
  unit,
  amount,
  payment: id,
  debitName: biller.name,
  creditName: payer.name,
})

/** What has gone back to the payer out of escrow so far, in the bill's unit. */
const returnedAmount = ({ portions, approvedAt }: Payment): bigint =>
  approvedAt === null
    ? 0n
    : portions.reduce((total, { state, amount }) => {
        if (state.kind === 'ended') return total + amount
        return state.kind === 'settled' ? total + amount - state.settled : total
      }, 0n)
