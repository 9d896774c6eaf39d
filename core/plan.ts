// Plans: what a purchase by card costs, and when it is paid, by the method that was chosen and the terms of the card's issuer.
//
//   lump            one payment on the first due day, no fee
//   instalments-N   N payments from the first due day on, equal but for the first, which carries what does not divide
//   bonus           one payment in the next month of bonuses, for purchases within its period, no fee
//   part-bonus-N    half in the months of bonuses that lie within the N months, the rest in N payments
//   revolving       a fixed part of the purchase each month, and the fee for what was still owed
//
// A statement closes once a month; what it holds is due in the month after. The fee of instalments is what equal monthly payments come to
// at the yearly rate; the fee of the others is the monthly rate of what was owed. Fees are rounded down, in the payer's favour.
import { countOf, type Method } from './method.ts'
import { parseAmount } from './money.ts'

/** What an issuer offers. Amounts are in the smallest part of its unit; in another unit its cards do not pay. */
export type PlanTerms = Readonly<{
  /** ISO 4217 code */
  unit: string
  /** the day of the month on which a statement closes; 31 is the last day of any month */
  closesOn: number
  /** the day of the month after on which it is paid; 31 is the last day of any month */
  dueOn: number
  instalments: Instalments | null
  bonus: Bonus | null
  partBonus: Readonly<{ counts: readonly number[]; smallest: bigint }> | null
  revolving: Revolving | null
}>

/** `yearlyRate` is in hundredths of a percent: 1500 is 15 %. `freeCounts` cost no fee. */
export type Instalments = Readonly<{
  counts: readonly number[]
  freeCounts: readonly number[]
  yearlyRate: number
  smallest: bigint
}>
/** A purchase from `from` to `to` (month and day, 1216 to 615; both included, over a year's end where `to` is the smaller) is paid in `month`. */
export type Bonus = Readonly<{
  periods: readonly Readonly<{ month: number; from: number; to: number }>[]
  smallest: bigint
}>
/** `monthly` is paid of the purchase each month, or a sixtieth of it where that is more; the fee comes on top. */
export type Revolving = Readonly<{ monthly: bigint; yearlyRate: number; smallest: bigint }>

/** `due` and `purchaseDay` are days as core/calendar.ts numbers them: 20261203. */
export type Plan = Readonly<{
  payments: readonly Readonly<{ due: number; amount: bigint }>[]
  fee: bigint
  total: bigint
}>

/** Rates are in hundredths of a percent of a year; a month is a twelfth of it. */
const PER_MONTH = 120_000n
/** No plan runs for longer: five years. */
const MOST_PAYMENTS = 60
const MOST_RATE = 10_000

/** The plan of a purchase; undefined where the issuer does not offer the method, or not for this amount or day. */
export function planOf(method: Method, amount: bigint, terms: PlanTerms, purchaseDay: number): Plan | undefined {
  if (amount <= 0n) return undefined
  const dueAfter = (months: number): number => dueDay(terms, purchaseDay, months)
  const count = countOf(method)
  switch (method) {
    case 'lump':
      return planFrom(amount, 0n, [{ due: dueAfter(0), amount }])
    case 'bonus': {
      const due = terms.bonus !== null && amount >= terms.bonus.smallest && bonusDay(terms, terms.bonus, purchaseDay)
      return typeof due === 'number' ? planFrom(amount, 0n, [{ due, amount }]) : undefined
    }
    case 'revolving':
      return terms.revolving === null ? undefined : revolvingPlan(amount, terms.revolving, dueAfter)
    default:
      if (count === null || terms.instalments === null) return undefined
      return method.startsWith('instalments')
        ? instalmentPlan(amount, count, terms.instalments, dueAfter)
        : partBonusPlan(amount, count, terms, dueAfter)
  }
}

const planFrom = (amount: bigint, fee: bigint, payments: Plan['payments']): Plan => ({
  payments,
  fee,
  total: amount + fee,
})

type DueAfter = (months: number) => number

function instalmentPlan(amount: bigint, count: number, of: Instalments, dueAfter: DueAfter): Plan | undefined {
  if (!of.counts.includes(count) || amount < of.smallest) return undefined
  const fee = of.freeCounts.includes(count) ? 0n : annuityFee(amount, count, of.yearlyRate)
  return planFrom(amount, fee, spread(amount + fee, count, dueAfter))
}

/** Equal payments, the remainder with the first. */
function spread(total: bigint, count: number, dueAfter: DueAfter): { due: number; amount: bigint }[] {
  const each = total / BigInt(count)
  return Array.from({ length: count }, (_, month) => ({
    due: dueAfter(month),
    amount: month === 0 ? total - each * BigInt(count - 1) : each,
  }))
}

/** What `count` equal monthly payments, the first a month from now, come to beyond the amount; exactly, then rounded down. */
function annuityFee(amount: bigint, count: number, yearlyRate: number): bigint {
  const rate = BigInt(yearlyRate)
  if (rate === 0n) return 0n
  const grown = (PER_MONTH + rate) ** BigInt(count)
  const total = (BigInt(count) * amount * rate * grown) / (PER_MONTH * (grown - PER_MONTH ** BigInt(count)))
  return total - amount
}

/** The monthly rate of what is owed, rounded down. */
const monthlyFee = (owed: bigint, yearlyRate: number, months = 1): bigint =>
  (owed * BigInt(yearlyRate) * BigInt(months)) / PER_MONTH

function revolvingPlan(amount: bigint, of: Revolving, dueAfter: DueAfter): Plan | undefined {
  if (amount < of.smallest) return undefined
  const sixtieth = (amount + BigInt(MOST_PAYMENTS) - 1n) / BigInt(MOST_PAYMENTS)
  const monthly = of.monthly > sixtieth ? of.monthly : sixtieth
  const payments: { due: number; amount: bigint }[] = []
  let fee = 0n
  for (let owed = amount; owed > 0n; owed -= monthly) {
    const part = owed < monthly ? owed : monthly
    const cost = monthlyFee(owed, of.yearlyRate)
    fee += cost
    payments.push({ due: dueAfter(payments.length), amount: part + cost })
  }
  return planFrom(amount, fee, payments)
}

function partBonusPlan(amount: bigint, count: number, terms: PlanTerms, dueAfter: DueAfter): Plan | undefined {
  const { instalments, bonus, partBonus } = terms
  if (instalments === null || bonus === null || partBonus === null) return undefined
  if (!partBonus.counts.includes(count) || amount < partBonus.smallest) return undefined
  const months = Array.from({ length: count }, (_, month) => month)
  const bonuses = months.filter((month) => bonus.periods.some((period) => period.month === monthIn(dueAfter(month))))
  if (bonuses.length === 0) return undefined
  const extra = amount / 2n / BigInt(bonuses.length)
  const inMonths = amount - extra * BigInt(bonuses.length)
  const fee = annuityFee(inMonths, count, instalments.yearlyRate)
  const payments = spread(inMonths + fee, count, dueAfter)
  let bonusFee = 0n
  for (const month of bonuses) {
    const cost = monthlyFee(extra, instalments.yearlyRate, month + 1)
    bonusFee += cost
    const payment = payments[month]
    if (payment !== undefined) payment.amount += extra + cost
  }
  return planFrom(amount, fee + bonusFee, payments)
}

const monthIn = (day: number): number => Math.floor(day / 100) % 100

const dateOf = (day: number): Temporal.PlainDate =>
  Temporal.PlainDate.from({ year: Math.floor(day / 10_000), month: monthIn(day), day: day % 100 })
const numberOf = ({ year, month, day }: Temporal.PlainDate): number => year * 10_000 + month * 100 + day

/** The due day of the statement that a purchase of this day is on, or of one so many months later. */
function dueDay({ closesOn, dueOn }: PlanTerms, purchaseDay: number, months: number): number {
  const bought = dateOf(purchaseDay)
  const isAfterClosing = bought.day > Math.min(closesOn, bought.daysInMonth)
  const month = bought.with({ day: 1 }).add({ months: months + (isAfterClosing ? 2 : 1) })
  return numberOf(month.with({ day: Math.min(dueOn, month.daysInMonth) }))
}

/** When a purchase of this day is paid from a bonus; undefined between the periods. */
function bonusDay({ dueOn }: PlanTerms, { periods }: Bonus, purchaseDay: number): number | undefined {
  const day = purchaseDay % 10_000
  const period = periods.find(({ from, to }) => (from <= to ? from <= day && day <= to : from <= day || day <= to))
  if (period === undefined) return undefined
  const first = dateOf(purchaseDay).with({ day: 1 })
  const ahead = (period.month - first.month + 12) % 12
  // A period ends before its bonus; where it does not, this is the bonus of the year after.
  const month = first.add({ months: ahead === 0 ? 12 : ahead })
  return numberOf(month.with({ day: Math.min(dueOn, month.daysInMonth) }))
}

/** The terms as they are stored and sent. Amounts are decimal text. */
export type TermsWire = Readonly<{
  unit: string
  closesOn: number
  dueOn: number
  instalments: Wire<Instalments> | null
  bonus: Wire<Bonus> | null
  partBonus: Readonly<{ counts: readonly number[]; smallest: string }> | null
  revolving: Wire<Revolving> | null
}>
type Wire<T> = { readonly [Key in keyof T]: T[Key] extends bigint ? string : T[Key] }

export const termsWire = ({
  unit,
  closesOn,
  dueOn,
  instalments,
  bonus,
  partBonus,
  revolving,
}: PlanTerms): TermsWire => ({
  unit,
  closesOn,
  dueOn,
  instalments: instalments && { ...instalments, smallest: String(instalments.smallest) },
  bonus: bonus && { ...bonus, smallest: String(bonus.smallest) },
  partBonus: partBonus && { ...partBonus, smallest: String(partBonus.smallest) },
  revolving: revolving && {
    ...revolving,
    monthly: String(revolving.monthly),
    smallest: String(revolving.smallest),
  },
})

/** Reads terms, undefined where a part is missing, unknown, or out of its range. */
export function parseTerms(sent: unknown): PlanTerms | undefined {
  const has = partsOf(sent, ['unit', 'closesOn', 'dueOn', 'instalments', 'bonus', 'partBonus', 'revolving'])
  if (has === undefined) return undefined
  const { unit } = has
  const closesOn = wholeIn(has.closesOn, 1, 31)
  const dueOn = wholeIn(has.dueOn, 1, 31)
  const instalments = has.instalments === null ? null : parseInstalments(has.instalments)
  const bonus = has.bonus === null ? null : parseBonus(has.bonus)
  const partBonus = has.partBonus === null ? null : parsePartBonus(has.partBonus)
  const revolving = has.revolving === null ? null : parseRevolving(has.revolving)
  if (typeof unit !== 'string' || !/^[A-Z]{3}$/u.test(unit) || closesOn === undefined || dueOn === undefined)
    return undefined
  if (instalments === undefined || bonus === undefined || partBonus === undefined || revolving === undefined)
    return undefined
  return { unit, closesOn, dueOn, instalments, bonus, partBonus, revolving }
}

function parseInstalments(sent: unknown): Instalments | undefined {
  const has = partsOf(sent, ['counts', 'freeCounts', 'yearlyRate', 'smallest'])
  const counts = countsIn(has?.counts)
  const freeCounts = countsIn(has?.freeCounts)
  const yearlyRate = wholeIn(has?.yearlyRate, 0, MOST_RATE)
  const smallest = parseAmount(has?.smallest)
  if (counts === undefined || freeCounts === undefined || yearlyRate === undefined || smallest === undefined)
    return undefined
  return { counts, freeCounts, yearlyRate, smallest }
}

function parseBonus(sent: unknown): Bonus | undefined {
  const has = partsOf(sent, ['periods', 'smallest'])
  const smallest = parseAmount(has?.smallest)
  if (!Array.isArray(has?.periods) || has.periods.length === 0 || has.periods.length > 12) return undefined
  const periods = has.periods.flatMap((each: unknown) => {
    const period = partsOf(each, ['month', 'to', 'from'])
    const month = wholeIn(period?.month, 1, 12)
    const from = monthAndDay(period?.from)
    const to = monthAndDay(period?.to)
    return month === undefined || from === undefined || to === undefined ? [] : [{ month, from, to }]
  })
  return smallest === undefined || periods.length < has.periods.length ? undefined : { periods, smallest }
}

function parsePartBonus(sent: unknown): PlanTerms['partBonus'] | undefined {
  const has = partsOf(sent, ['counts', 'smallest'])
  const counts = countsIn(has?.counts)
  const smallest = parseAmount(has?.smallest)
  return counts === undefined || smallest === undefined ? undefined : { counts, smallest }
}

function parseRevolving(sent: unknown): Revolving | undefined {
  const has = partsOf(sent, ['monthly', 'yearlyRate', 'smallest'])
  const monthly = parseAmount(has?.monthly)
  const yearlyRate = wholeIn(has?.yearlyRate, 0, MOST_RATE)
  const smallest = parseAmount(has?.smallest)
  if (monthly === undefined || monthly === 0n || yearlyRate === undefined || smallest === undefined) return undefined
  return { monthly, yearlyRate, smallest }
}

/** Exactly these parts, each of them there. */
function partsOf<Name extends string>(sent: unknown, names: readonly Name[]): Record<Name, unknown> | undefined {
  if (typeof sent !== 'object' || sent === null) return undefined
  const has = new Map<string, unknown>(Object.entries(sent))
  if (has.size !== names.length || names.some((name) => !has.has(name))) return undefined
  // Every name was looked for a line above.
  return Object.fromEntries(has) as Record<Name, unknown>
}

const wholeIn = (sent: unknown, least: number, most: number): number | undefined =>
  typeof sent === 'number' && Number.isInteger(sent) && sent >= least && sent <= most ? sent : undefined

function monthAndDay(sent: unknown): number | undefined {
  const day = wholeIn(sent, 101, 1231)
  return day !== undefined && day % 100 >= 1 && day % 100 <= 31 ? day : undefined
}

function countsIn(sent: unknown): readonly number[] | undefined {
  if (!Array.isArray(sent) || sent.length > MOST_PAYMENTS) return undefined
  const counts = sent.flatMap((each: unknown) => wholeIn(each, 2, MOST_PAYMENTS) ?? [])
  return counts.length === sent.length && new Set(counts).size === counts.length ? counts : undefined
}
