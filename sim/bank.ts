// The payers' bank, outside the scheme: it says yes, no, nothing, too late, twice, of another order or of another amount, and keeps its
// own books, which are compared with the scheme's at the end. Whatever it is told of one id it does once.
import { idInBucket, bucketOfId, type MeansId, type PartyId } from '#core/ids.ts'
import type { BankReason } from '#core/means.ts'
import type { Clock } from './clock.ts'
import type { Faults } from './faults.ts'
import type { Chance } from './random.ts'

/** What it says of an order: `id` and `amount` are those that it means. */
export type BankReply = Readonly<{ id: string; amount: bigint; yes: boolean; reason: BankReason | null }>

type Mandate = { readonly id: MeansId; readonly party: PartyId; balance: bigint; readonly began: bigint }
type Booking = { readonly means: MeansId; readonly amount: bigint; isReversed: boolean }
const MANNERS = ['plain', 'no', 'silent', 'late', 'another order', 'another amount'] as const

export type Bank = ReturnType<typeof openBank>

const THINKS_MS = [20, 900] as const
/** Some of these are longer than the hub waits. */
const LATE_MS = [8_000, 60_000] as const
const SILENT_TRIES = 4

export function openBank(options: { parties: readonly PartyId[]; clock: Clock; chance: Chance; faults: () => Faults }) {
  const { clock, chance, faults } = options
  const mandates = new Map<MeansId, Mandate>()
  for (const party of options.parties) {
    if (chance.happens(0.2)) continue
    const id = idInBucket('mns', bucketOfId(party), chance.bytes(14))
    const balance = BigInt(chance.between(500, 15_000))
    mandates.set(id, { id, party, balance, began: balance })
  }
  const bookings = new Map<string, Booking>()
  const refused = new Map<string, BankReason>()
  const asked = new Map<string, number>()
  const given = new Map<string, Readonly<{ means: MeansId; amount: bigint }>>()
  const underway = new Set<string>()

  /** The way there and back: 'silence' where one of them was lost. */
  async function over<Said>(say: () => Said): Promise<Said | 'silence'> {
    await clock.sleep(chance.between(...THINKS_MS))
    if (chance.happens(faults().requestLost)) return 'silence'
    const said = say()
    await clock.sleep(chance.between(...THINKS_MS))
    return chance.happens(faults().answerLost) ? 'silence' : said
  }

  function book(id: string, means: MeansId, amount: bigint): void {
    const mandate = mandates.get(means)
    // A reversal that came first has left its mark.
    if (mandate === undefined || refused.has(id) || bookings.has(id)) return
    if (mandate.balance < amount) return void refused.set(id, 'no-funds')
    mandate.balance -= amount
    bookings.set(id, { means, amount, isReversed: false })
  }

  function saidOf(id: string, amount: bigint): BankReply | 'silence' {
    const reason = refused.get(id)
    if (reason !== undefined) return { id, amount, yes: false, reason }
    const booking = bookings.get(id)
    return booking === undefined ? 'silence' : { id, amount: booking.amount, yes: !booking.isReversed, reason: null }
  }

  function collected(id: string, means: MeansId, amount: bigint): BankReply | 'silence' {
    const times = (asked.get(id) ?? 0) + 1
    asked.set(id, times)
    const own = chance.fork(id)
    const manner = own.happens(0.55) ? 'plain' : own.pick(MANNERS)
    switch (manner) {
      case 'plain':
        book(id, means, amount)
        return saidOf(id, amount)
      case 'no':
        if (!bookings.has(id) && !refused.has(id)) refused.set(id, own.pick(['refused', 'no-mandate']))
        return saidOf(id, amount)
      case 'silent':
        book(id, means, amount)
        return times < SILENT_TRIES ? 'silence' : saidOf(id, amount)
      case 'late':
        if (!underway.has(id)) clock.after(own.between(...LATE_MS), () => book(id, means, amount))
        underway.add(id)
        return saidOf(id, amount)
      case 'another order': {
        // The first answer is to somebody else's; this one was not even looked at, and is refused in the end.
        if (times > 1 && !refused.has(id)) refused.set(id, 'refused')
        const other = [...bookings.keys()].find((each) => each !== id)
        return times > 1 || other === undefined ? saidOf(id, amount) : { id: other, amount, yes: true, reason: null }
      }
      case 'another amount':
        book(id, means, amount > 10n ? amount - 10n : amount + 10n)
        return saidOf(id, amount)
    }
  }

  return {
    /** one of the party's own */
    of(party: PartyId, id: MeansId) {
      const found = mandates.get(id)
      return found?.party === party ? { id, label: `Bank ···${id.slice(-3)}` } : undefined
    },
    any: (party: PartyId): boolean => [...mandates.values()].some((mandate) => mandate.party === party),
    all: (): readonly Readonly<Mandate>[] => [...mandates.values()],
    collect: (id: string, means: MeansId, amount: bigint) => over(() => collected(id, means, amount)),
    /** A collect that never came is refused when it comes. */
    reverse: (id: string) =>
      over(() => {
        const booking = bookings.get(id)
        const mandate = booking && mandates.get(booking.means)
        if (booking === undefined || mandate === undefined) refused.set(id, 'refused')
        else if (!booking.isReversed) {
          booking.isReversed = true
          mandate.balance += booking.amount
        }
        return 'done' as const
      }),
    giveBack: (id: string, means: MeansId, amount: bigint) =>
      over(() => {
        const mandate = mandates.get(means)
        if (mandate !== undefined && !given.has(id)) {
          given.set(id, { means, amount })
          mandate.balance += amount
        }
        return 'done' as const
      }),
    /** What each payment has taken from its bank account in the end; ids begin with the payment's. */
    taken(): ReadonlyMap<string, bigint> {
      const sums = new Map<string, bigint>()
      const add = (id: string, amount: bigint): void => {
        const payment = id.slice(0, id.indexOf(' '))
        sums.set(payment, (sums.get(payment) ?? 0n) + amount)
      }
      for (const [id, { amount, isReversed }] of bookings) if (!isReversed) add(id, amount)
      for (const [id, { amount }] of given) add(id, -amount)
      return sums
    },
  }
}
