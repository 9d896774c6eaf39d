// The bills of the simulated town: one to three lines, some with delivery, a cancellation period or restrictions, in two units.
import { taxIncluded } from '#core/bill.ts'
import type { BillWire } from '#protocol/bill.ts'
import type { Chance } from './random.ts'

type LineWire = BillWire['lines'][number]

/** Articles sold in a quantity per person and day; the same everywhere, so that a shop's own count is simple to check. */
export const PER_DAY: Readonly<Record<string, number>> = { MASK: 2, RICE: 3 }

export const MEMBERSHIP = 'Club'
export const REGION = 'JP-13'
export const ADULT = 20

/** Short ones end while the town is awake, long ones over its nights. */
const PERIODS = ['PT15S', 'PT30S', 'PT1M', 'PT90S', 'PT2H', 'P1D', 'P8D', 'P1M'] as const

/** A shop's bill; `share` of its lines are restricted. */
export function shopBill(chance: Chance, zone: string, share = 0.25): BillWire {
  const lines = Array.from({ length: chance.between(1, 3) }, (): LineWire => {
    const line = plainLine(chance, 'Bread', chance.between(50, 1_100))
    const coolingOff = chance.happens(0.18) ? { period: chance.pick(PERIODS), zone } : null
    const conditions = { delivery: chance.happens(coolingOff === null ? 0.12 : 0.3), coolingOff }
    return chance.happens(share) ? { ...restricted(chance, line), conditions } : { ...line, conditions }
  })
  return summed(lines, chance.happens(0.15) ? 'EUR' : 'JPY')
}

/** What a person asks for is money alone. */
export const personBill = (chance: Chance): BillWire =>
  summed(
    Array.from({ length: chance.between(1, 2) }, () => plainLine(chance, 'Lunch', chance.between(50, 1_500))),
    chance.happens(0.15) ? 'EUR' : 'JPY',
  )

function plainLine(chance: Chance, text: string, value: number): LineWire {
  const amount = BigInt(value)
  return {
    text,
    quantity: chance.between(1, 2),
    amount: String(amount),
    taxRate: 800,
    tax: String(taxIncluded(amount, 800)),
    code: null,
    conditions: { delivery: false, coolingOff: null },
    restriction: null,
  }
}

function restricted(chance: Chance, line: LineWire): LineWire {
  const free = { minimumAge: null, membership: null, region: null, perDay: null }
  switch (chance.below(5)) {
    case 0:
      return { ...line, text: 'Wine', restriction: { ...free, minimumAge: ADULT } }
    case 1:
      return { ...line, text: 'Badge', restriction: { ...free, membership: MEMBERSHIP } }
    case 2:
      return { ...line, text: 'Coupon', restriction: { ...free, region: REGION.slice(0, chance.pick([2, 5])) } }
    default: {
      const code = chance.pick(Object.keys(PER_DAY))
      return { ...line, text: 'Ration', code, restriction: { ...free, perDay: PER_DAY[code] ?? 1 } }
    }
  }
}

function summed(lines: LineWire[], unit: string): BillWire {
  const total = lines.reduce((sum, { amount }) => sum + BigInt(amount), 0n)
  return { unit, total: String(total), lines }
}
