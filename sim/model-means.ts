// A second opinion of what payments are paid with: each quote is the rate's that stood in the table, for this very bill; a bank is asked
// for the payer's own account; and at the end the bank's books say what the scheme's say.
import type { Payment } from '#core/payment.ts'
import { isSystemAccount } from '#core/accounts.ts'
import type { MemoryStore } from '#switch/memory-store.ts'
import type { Writes } from '#switch/store.ts'
import type { Bank } from './bank.ts'
import type { RateTable } from './rates.ts'
import { EUR } from './town-units.ts'

export type MeansModel = ReturnType<typeof openMeansModel>

/** A rate that was looked up at the border may be so old when it is decided on, as machines count time. */
const RATE_AGE_MS = 90_000

export function openMeansModel(options: {
  store: MemoryStore
  lived: () => number
  bank: () => Bank
  rates: () => RateTable
  fail: (sentence: string) => void
}) {
  const { store, lived, fail } = options

  function committed(writes: Writes): void {
    for (const { payment } of writes.payments) judgeQuote(payment)
    for (const { body, subject } of writes.events) {
      const payment = writes.payments.find(({ payment: row }) => row.id === subject)?.payment
      if (body.kind === 'approved' && payment?.means.kind === 'exchange' && body.at >= payment.means.until)
        fail(`${subject} was approved at a rate that had run out`)
    }
    for (const { payment: id, kind, via, means, party, amount } of writes.orders) {
      if (via !== 'bank') continue
      const payment = writes.payments.find(({ payment: row }) => row.id === id)?.payment
      if (options.bank().of(party, means) === undefined || payment?.payer.party !== party)
        fail(`${id} asks the bank of somebody else`)
      if (kind === 'collect' && amount !== payment?.bill?.total)
        fail(`${id} collects ${amount} of ${payment?.bill?.total}`)
    }
  }

  function judgeQuote({ id, means, bill, approvedAt }: Payment): void {
    if (means.kind !== 'exchange' || bill === null) return
    const { unit, amount, price, until } = means
    if (amount !== costOf(bill.total, price, unit === EUR)) fail(`${id} of ${bill.total} costs ${amount} at ${price}`)
    if (approvedAt !== null || judged.has(`${id} ${price} ${until}`)) return
    judged.add(`${id} ${price} ${until}`)
    const isKnown = options
      .rates()
      .known()
      .some(
        (rate) =>
          rate.from === unit &&
          rate.to === bill.unit &&
          rate.price === price &&
          rate.until >= until &&
          rate.replaced > lived() - RATE_AGE_MS,
      )
    if (!isKnown) fail(`${id} was quoted ${price}, which no rate was`)
  }
  const judged = new Set<string>()

  /** Every order has its end, and bank and scheme agree on each payment. */
  function final(): void {
    const { orders, transfers } = store.contents()
    for (const { payment, number, kind, state } of orders)
      if (state === 'open') fail(`${kind} ${number} of ${payment} never came to an end`)
    const sums = new Map<string, bigint>()
    const add = (payment: string | null, amount: bigint): void => {
      if (payment !== null) sums.set(payment, (sums.get(payment) ?? 0n) + amount)
    }
    for (const { debit, credit, amount, payment } of transfers) {
      if (isSystemAccount(debit) && debit.startsWith('clearing')) add(payment, amount)
      if (isSystemAccount(credit) && credit.startsWith('clearing')) add(payment, -amount)
    }
    const taken = options.bank().taken()
    for (const payment of new Set([...sums.keys(), ...taken.keys()])) {
      const [here, there] = [sums.get(payment) ?? 0n, taken.get(payment) ?? 0n]
      if (here !== there) fail(`${payment} brought ${here} out of clearing, its bank has given ${there}`)
    }
  }

  const isQuiet = (): boolean => store.contents().orders.every(({ state }) => state !== 'open')

  return { committed, final, isQuiet }
}

/** What a bill costs in the other unit, rounded up: 100 parts to the euro, none to the yen. */
function costOf(total: bigint, price: string, isInEuro: boolean): bigint {
  const decimals = price.split('.')[1]?.length ?? 0
  const per = BigInt(price.replace('.', ''))
  // total yen / price = euro, times 100 parts · total cents / 100 / price = yen
  const over = isInEuro ? total * 100n * 10n ** BigInt(decimals) : total * 10n ** BigInt(decimals)
  const under = isInEuro ? per : per * 100n
  return over % under === 0n ? over / under : over / under + 1n
}
