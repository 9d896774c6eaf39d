// The cards' issuer, outside the scheme: it authorises, refuses, says nothing, says it late, of another request or of another amount, and
// keeps its own books, which are compared with the scheme's at the end. A request has a trace; a repeated one has the same.
//
//   authorise     the whole amount is reserved   | reverse  it never happened, and never will
//   capture       a part is taken                | release  a part is given up; never more than was authorised, both together
//   refund        a part of what was taken goes back
//   key, sale     a one-time number: the shop's own machine says it, once, with the amount it was made for
import type { MeansId } from '#core/ids.ts'
import type { Method } from '#core/method.ts'
import type { Clock } from './clock.ts'
import type { Faults } from './faults.ts'
import type { Chance } from './random.ts'

export type CardRequest = Readonly<{
  trace: number
  /** what the scheme calls it: in both books */
  order: string
  card: MeansId
  amount: bigint
  method: Method
  merchant: string
}>

/** `trace` and `amount` are those that the issuer means. */
export type IssuerReply = Readonly<{ trace: number; amount: bigint; yes: boolean }>

/** A one-time number and what it is good for. */
export type OneTimeKey = CardRequest & Readonly<{ number: string; until: number }>

/** What a shop's machine says to the issuer. */
export type Sale = Readonly<{ number: string; merchant: string; amount: bigint }>

/** What the issuer tells the vault of a number, until it is acknowledged. */
export type Advice = Readonly<{ id: number; order: string; kind: 'used' | 'misused' }>

export type Authorised = {
  readonly request: CardRequest
  readonly amount: bigint
  /** a sale by a one-time number: nothing is left to capture */
  readonly isSale: boolean
  captured: bigint
  released: bigint
  refunded: bigint
  isReversed: boolean
}

export type IssuerBugs = Readonly<{
  /** a one-time number is good again and again */
  keepsNumbers?: true
  anyAmount?: true
  anyMerchant?: true
  /** what was reversed before it came is authorised when it comes */
  forgetsReversals?: true
}>

export type CardIssuer = ReturnType<typeof openCardIssuer>

const MANNERS = ['no', 'silent', 'slow', 'slow', 'late', 'another trace', 'another amount'] as const
const THINKS_MS = [20, 900] as const
const SLOW_MS = [1_500, 16_000] as const
const LATE_MS = [4_000, 60_000] as const

export function openCardIssuer(options: {
  clock: Clock
  chance: Chance
  faults: () => Faults
  bugs: IssuerBugs
  fail: (sentence: string) => void
}) {
  const { clock, chance, faults, bugs, fail } = options
  const authorised = new Map<string, Authorised>()
  /** by trace */
  const refused = new Set<number>()
  const traces = new Map<number, string>()
  const reversed = new Set<string>()
  const done = new Set<string>()
  const keys = new Map<string, OneTimeKey & { isUsed: boolean }>()
  const advices: Advice[] = []
  const underway = new Set<number>()
  let count = 0

  /** The line there and back: 'silence' where one of the two was lost. */
  async function over<Said>(say: () => Said): Promise<Said | 'silence'> {
    await clock.sleep(chance.between(...THINKS_MS))
    if (chance.happens(faults().requestLost)) return 'silence'
    const said = say()
    await clock.sleep(chance.between(...THINKS_MS))
    return chance.happens(faults().answerLost) ? 'silence' : said
  }

  function book(request: CardRequest, amount: bigint, isSale: boolean): boolean {
    const { order, trace } = request
    if (refused.has(trace) || (reversed.has(order) && bugs.forgetsReversals !== true)) return false
    const known = authorised.get(order)
    if (known !== undefined && traces.get(trace) === order) return !known.isReversed
    if (known !== undefined && !known.isReversed) fail(`${order} was authorised twice at its issuer`)
    traces.set(trace, order)
    const nothing = { captured: 0n, released: 0n, refunded: 0n, isReversed: false }
    authorised.set(order, { request, amount, isSale, ...nothing, ...(isSale && { captured: amount }) })
    return true
  }

  function saidOf(request: CardRequest): IssuerReply {
    const known = authorised.get(request.order)
    const isIts = known !== undefined && traces.get(request.trace) === request.order && !known.isReversed
    return { trace: request.trace, amount: known?.amount ?? request.amount, yes: isIts }
  }

  function asked(request: CardRequest): IssuerReply | 'silence' {
    const { trace, amount } = request
    // A repeated request gets the same answer, however the first was treated.
    const own = chance.fork(String(trace))
    const manner = mannerOf(own)
    if (manner === 'no') refused.add(trace)
    switch (manner) {
      case 'plain':
      case 'no':
      case 'slow':
        book(request, amount, false)
        return saidOf(request)
      case 'silent':
        book(request, amount, false)
        return 'silence'
      case 'late':
        if (!underway.has(trace)) clock.after(own.between(...LATE_MS), () => void book(request, amount, false))
        underway.add(trace)
        return 'silence'
      case 'another trace': {
        // It was not even looked at: what comes back is the answer to another request.
        const [other] = [...traces.keys()].filter((each) => each !== trace)
        return other === undefined ? 'silence' : { trace: other, amount, yes: true }
      }
      case 'another amount':
        book(request, amount > 10n ? amount - 10n : amount + 10n, false)
        return saidOf(request)
    }
  }

  const mannerOf = (own: Chance) => (own.happens(0.55) ? ('plain' as const) : own.pick(MANNERS))

  /** Something that follows an authorisation, once by its id; what it may not do is a fault of who asks. */
  function follow(id: string, of: string, amount: bigint, what: 'captured' | 'released' | 'refunded'): 'done' {
    const known = authorised.get(of)
    if (done.has(id)) return 'done'
    done.add(id)
    if (known === undefined || known.isReversed) fail(`${of} is not authorised, and ${amount} was to be ${what}`)
    else {
      known[what] += amount
      if (known.captured + known.released > known.amount)
        fail(`${of} of ${known.amount} has ${known.captured} captured and ${known.released} released`)
      if (known.refunded > known.captured) fail(`${of} has ${known.refunded} refunded of ${known.captured}`)
    }
    return 'done'
  }

  const advise = (order: string, kind: Advice['kind']): void => void advices.push({ id: ++count, order, kind })

  return {
    async authorise(request: CardRequest) {
      const said = await over(() => asked(request))
      const own = chance.fork(String(request.trace))
      if (mannerOf(own) === 'slow') await clock.sleep(own.between(...SLOW_MS))
      return said
    },
    /** Also of what it has never heard of. */
    reverse: (order: string) =>
      over(() => {
        reversed.add(order)
        const known = authorised.get(order)
        if (known !== undefined) known.isReversed = true
        for (const [number, key] of keys) if (key.order === order) keys.delete(number)
        return 'done' as const
      }),
    capture: (id: string, of: string, amount: bigint) => over(() => follow(id, of, amount, 'captured')),
    release: (id: string, of: string, amount: bigint) => over(() => follow(id, of, amount, 'released')),
    refund: (id: string, of: string, amount: bigint) => over(() => follow(id, of, amount, 'refunded')),
    key: (key: OneTimeKey) =>
      over(() => {
        if (!reversed.has(key.order) && !keys.has(key.number)) keys.set(key.number, { ...key, isUsed: false })
        return 'done' as const
      }),
    /** A shop's machine asks; it hears yes or no, or nothing. */
    sale: (said: Sale) =>
      over(() => {
        const key = keys.get(said.number)
        if (key === undefined) return 'no' as const
        const isGood =
          (!key.isUsed || bugs.keepsNumbers === true) &&
          (key.amount === said.amount || bugs.anyAmount === true) &&
          (key.merchant === said.merchant || bugs.anyMerchant === true) &&
          clock.now() < key.until
        if (!isGood) {
          advise(key.order, 'misused')
          return 'no' as const
        }
        judgeSale(key, said)
        key.isUsed = true
        if (!book({ ...key, merchant: said.merchant }, said.amount, true)) return 'no' as const
        advise(key.order, 'used')
        return 'yes' as const
      }),
    /** What is to be told to the vault, again and again. */
    advices: () => over(() => [...advices]),
    acknowledge: (id: number) =>
      over(() => {
        const at = advices.findIndex((advice) => advice.id === id)
        if (at >= 0) advices.splice(at, 1)
        return 'done' as const
      }),
    /** for the checks alone */
    books: (): ReadonlyMap<string, Readonly<Authorised>> => authorised,
    isQuiet: (): boolean => advices.length === 0,
  }

  /** The same again in words of its own: what the number was made for is what it was used for. */
  function judgeSale(key: OneTimeKey & { readonly isUsed: boolean }, { merchant, amount }: Sale): void {
    if (key.isUsed) fail(`the one-time number of ${key.order} was good twice`)
    if (merchant !== key.merchant) fail(`the one-time number of ${key.order} was good at another shop`)
    if (amount !== key.amount) fail(`the one-time number of ${key.order} paid ${amount} of ${key.amount}`)
    if (clock.now() >= key.until) fail(`the one-time number of ${key.order} was good after its time`)
  }
}
