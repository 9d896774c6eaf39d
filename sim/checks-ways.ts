// What must be true of the further ways to meet: a code brings one payment, a register without a network keeps to its caps, a sign's
// deals are the sign's, a link that may be paid once is, a receipt says what the books say, and a shop on the web is told of everything,
// each thing under one id.
import { claimsOf } from '#core/approval.ts'
import type { Bill } from '#core/bill.ts'
import { fromHex } from '#core/bytes.ts'
import { stateOf, type Payment } from '#core/payment.ts'
import type { Offer } from '#core/offer.ts'
import type { MemoryStore } from '#switch/memory-store.ts'
import type { Answer, RefundRow } from '#switch/store.ts'
import type { Scheme } from '#switch/switch.ts'
import type { Directory } from './directory.ts'
import type { History } from './history.ts'
import type { Sign } from './places.ts'
import { isAccepted } from './purchases.ts'
import type { ReceiptSeen } from './ways.ts'
import { messageOf, type ShopMessage, type WebShopBook } from './web-shop.ts'

export type WayChecks = ReturnType<typeof openWayChecks>

export function openWayChecks(options: {
  store: MemoryStore
  scheme: Scheme
  directory: Directory
  history: History
  web: () => WebShopBook
  fail: (sentence: string) => void
  /** the rows as they were written last */
  offerOf: (terminal: string, deal: string) => Offer | undefined
  refundsOf: (payment: string) => readonly RefundRow[]
}) {
  const { store, scheme, directory, history, fail } = options
  const { actor: shop } = directory.webShop
  const signs = new Map<string, Sign>(directory.signs.map((sign) => [sign.actor.id, sign]))
  const told = new Map<string, string>()
  const toldTo = new Set<string>()

  /** A deal of a sign, as it was just written. */
  function opened({ terminal, deal, bill, biller }: Offer): void {
    const sign = signs.get(terminal)
    if (sign === undefined) return
    if (biller.account !== sign.actor.account) fail(`${deal} is at ${sign.point.label}, and its money is another's`)
    if (bill === null || !isPriceOf(sign, bill)) fail(`${deal} at ${sign.point.label} asks for ${bill?.total}`)
  }

  /** A phone has heard that its deal was opened there. */
  function openedAtSign(
    who: string,
    { sign, deal, amount }: { sign: Sign; deal: string; amount: string | null },
  ): void {
    toldTo.add(`${sign.actor.id} ${deal}`)
    const offer = options.offerOf(sign.actor.id, deal)
    if (offer === undefined) return fail(`${who} stood at ${sign.point.label}, and ${deal} is not in its name`)
    if (amount !== null && String(offer.bill?.total) !== amount)
      fail(`${who} typed ${amount} at ${sign.point.label}, and ${deal} is of ${offer.bill?.total}`)
  }

  /** A receipt may know less than the books, which tell the payment of a refund later; never more. */
  function receiptSeen({ payment, refunds, left, total, wentBack }: ReceiptSeen): void {
    const given = refunds.reduce((sum, { amount }) => sum + amount, 0n)
    const booked = options.refundsOf(payment).reduce((sum, { amount }) => sum + amount, 0n)
    if (given > booked) fail(`the receipt of ${payment} says ${given} went back, booked are ${booked}`)
    if (left !== total - wentBack - given || left < 0n) fail(`the receipt of ${payment} does not add up`)
    if (given > 0n) history.count('receipts of refunds')
  }

  function toldShop({ id, type, subject, version }: ShopMessage): void {
    const what = `${type} of ${subject} in version ${version}`
    const before = told.get(what) ?? id
    told.set(what, before)
    if (before !== id) fail(`the shop was told ${what} as two things`)
    else history.count('messages heard')
  }

  /** Has somebody else than a terminal been told of this deal? Or nobody: who opened a link may have closed the browser. */
  function isNobodys({ terminal, deal }: Offer): boolean {
    if (terminal !== shop.id) return toldTo.has(`${terminal} ${deal}`)
    const web = options.web()
    return web.links().some(({ id }) => web.deals(id).has(deal))
  }

  /** One code, one payment. */
  const paidByCode = new Map<string, string>()
  function codeRead(code: string, { payment, refusal }: Answer): void {
    if (refusal?.code === 'too-many-questions') history.count('codes over the cap')
    if (payment === null) return
    const before = paidByCode.get(code) ?? payment
    paidByCode.set(code, before)
    if (before !== payment) fail(`one code has brought ${before} and ${payment}`)
  }

  /** What a register took without a network, it took in time, within the caps, and has signed when. */
  function handedIn({ terminal, deal, state, bill }: Offer): void {
    if (state.kind !== 'taken' || state.signed === null) return
    const { signed, at, payment } = state
    if (judged.has(payment)) return
    judged.add(payment)
    const approval = fromHex(signed.bytes) ?? new Uint8Array()
    const expiresAt = claimsOf(approval)?.expiresAt ?? 0
    const { accepted } = signed
    if (accepted === null) {
      if (expiresAt <= at) fail(`${deal} was handed in when it had run out`)
      return
    }
    const register = directory.registers.find(({ actor }) => actor.id === terminal)
    const what = { scheme: scheme.id, deal, approval, at: accepted.at }
    if (register === undefined || !isAccepted(register, what, accepted))
      fail(`${deal} was taken at a time that its register has not signed`)
    const { offline } = scheme.rules
    if (accepted.at > at || expiresAt <= accepted.at) fail(`${deal} was taken when it was not good`)
    if (at - accepted.at > offline.ms) fail(`${deal} was handed in ${at - accepted.at} ms after it was taken`)
    if (bill === null || bill.total > offline.payment) fail(`${deal} of ${bill?.total} was taken without a network`)
    history.count('taken without a network')
  }
  const judged = new Set<string>()

  function final(payments: ReadonlyMap<string, Payment>): void {
    for (const event of store.contents().events) {
      const message = messageOf(event, shop.id)
      if (message === undefined) continue
      const what = `${message.type} of ${message.subject} in version ${message.version}`
      if (!told.delete(what)) fail(`the shop was never told ${what}`)
    }
    for (const what of told.keys()) fail(`the shop was told ${what}, which never happened`)
    for (const { id, uses } of options.web().links()) {
      const deals = options.web().deals(id)
      const paid = [...payments.values()].filter(
        (payment) => payment.terminal === shop.id && deals.has(payment.deal) && stateOf(payment) === 'settled',
      )
      if (paid.length > 0) history.count('links paid')
      if (uses === 'one' && paid.length > 1) fail(`the link ${id} may be paid once, and was paid ${paid.length} times`)
    }
  }

  /** Nobody stands there to look: a deal left half-way stays so until somebody comes. */
  const isUnwatched = (terminal: string): boolean => signs.has(terminal)

  return { isUnwatched, codeRead, handedIn, opened, openedAtSign, receiptSeen, toldShop, isNobodys, final }
}

/** Said again, and not by the rules: one line at the price that hangs there. */
function isPriceOf({ point: { price, unit } }: Sign, bill: Bill): boolean {
  if (bill.unit !== unit || bill.lines.length !== 1) return false
  if (price.mode === 'fixed') return bill.total === price.amount
  return price.mode === 'amount' && bill.total >= price.minimum && bill.total <= price.maximum
}
