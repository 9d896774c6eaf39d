// Refunds: decided in the biller's bucket against the earlier ones there, then told to the payer's payment.
import { systemAccount } from '#core/accounts.ts'
import { bucketOfId, idInBucket, type PaymentId } from '#core/ids.ts'
import { affords } from '#core/ledger.ts'
import { backOf, refundFault, refundTransfers } from '#core/refund.ts'
import { refuse } from '#core/refusals.ts'
import { LIMITS } from '#protocol/limits.ts'
import { NOTHING, refused } from './lanes.ts'
import { ofPayment, type FromTerminal, type Parts } from './parts.ts'
import type { Payments } from './payments.ts'
import type { Answer, RefundRow } from './store.ts'

export function createRefunds({ store, scheme, random, step }: Parts, payments: Payments) {
  async function refund({ payment: id, amount, lines, actor, command }: FromTerminal<'refund'>): Promise<Answer> {
    const home = bucketOfId(actor.party)
    const original = bucketOfId(id) < scheme.buckets ? await store.readPayment(id) : undefined
    if (original === undefined || original.biller.party !== actor.party || original.bill === null) {
      return step({ bucket: home, command, needs: {}, decide: () => refused(refuse('not-found')) })
    }
    const { unit } = original.bill
    // What was settled only grows, so an older sight of it can only refuse too much.
    await store.deposit(home)
    const refund = idInBucket('pay', home, random(14))
    let made: RefundRow | undefined
    const answer = await step({
      bucket: home,
      command,
      needs: {
        accounts:
          original.means.kind === 'exchange' ? [actor.account, systemAccount('exchange', home)] : [actor.account],
        refunds: [id],
        terminals: [actor.id],
      },
      decide(working) {
        if (working.terminal(actor.id)?.status !== 'active') return refused(refuse('terminal-inactive'))
        const earlier = working.refundsOf(id)
        if (earlier.length >= LIMITS.refunds) return refused(refuse('already-refunded', { left: '0' }))
        const fault = refundFault(original, earlier, { amount, lines })
        if (fault !== undefined) return refused(fault)
        const account = working.account(actor.account, unit)
        if (account === undefined || account.status === 'closed') return refused(refuse('account-closed'))
        if (account.status === 'frozen') return refused(refuse('account-frozen'))
        if (!affords(account, amount))
          return refused(refuse('insufficient-funds', { available: String(account.balance) }))
        const before = earlier.reduce((total, each) => total + each.amount, 0n)
        const back = backOf(original, { amount, before })
        for (const transfer of refundTransfers(original, { account: actor.account, home, amount, back }))
          working.post(transfer)
        made = { id: refund, original: id, amount, back, lines, at: working.now, told: false }
        working.saveRefund(home, made)
        return { ...ofPayment(original), refund }
      },
    })
    if (answer.refund === null) return answer
    // A repeat finds the stored answer; its row, not this attempt, says what is still to be told.
    const row = made?.id === answer.refund ? made : await rowOf(answer.refund, id)
    if (row !== undefined) await tell(row)
    return answer
  }

  async function rowOf(refund: PaymentId, original: PaymentId): Promise<RefundRow | undefined> {
    let row: RefundRow | undefined
    await step({
      bucket: bucketOfId(refund),
      command: null,
      needs: { refunds: [original] },
      decide(working) {
        row = working.refundsOf(original).find(({ id }) => id === refund)
        return NOTHING
      },
    })
    return row
  }

  /** Lets the payer's payment show the refund; repeated without harm until the row says it was told. */
  async function tell({ id, original, amount, back, lines }: RefundRow): Promise<void> {
    const shown = await payments.decideOn(original, null, null, { kind: 'refunded', refund: id, amount, back, lines })
    if (shown.refusal !== null) return
    await step({
      bucket: bucketOfId(id),
      command: null,
      needs: { refunds: [original] },
      decide(working) {
        const present = working.refundsOf(original).find((row) => row.id === id)
        if (present !== undefined && !present.told) working.saveRefund(bucketOfId(id), { ...present, told: true })
        return NOTHING
      },
    })
  }

  return { refund, tell }
}
