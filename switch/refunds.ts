// Refunds: decided in the biller's bucket against the earlier ones there, then told to the payer's payment.
import { bucketOfId, idInBucket } from '#core/ids.ts'
import { affords } from '#core/ledger.ts'
import { refundFault } from '#core/refund.ts'
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
    const answer = await step({
      bucket: home,
      command,
      needs: { accounts: [actor.account], refunds: [id], terminals: [actor.id] },
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
        const { payer, biller } = original
        working.post({
          kind: 'refund',
          debit: actor.account,
          credit: payer.account,
          unit,
          amount,
          payment: id,
          debitName: payer.name,
          creditName: biller.name,
        })
        working.saveRefund(home, { id: refund, original: id, amount, lines, at: working.now, told: false })
        return { ...ofPayment(original), refund }
      },
    })
    // A repeat finds the stored answer; its row, not this attempt, says what is still to be told.
    if (answer.refund !== null) await tell({ id: answer.refund, original: id, amount, lines, at: 0, told: false })
    return answer
  }

  /** Lets the payer's payment show the refund; repeated without harm until the row says it was told. */
  async function tell({ id, original, amount, lines }: RefundRow): Promise<void> {
    const shown = await payments.decideOn(original, null, null, { kind: 'refunded', refund: id, amount, lines })
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
