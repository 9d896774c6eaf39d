// What the simulated town counts in, and over how many buckets its books lie.
import { assert } from '#core/assert.ts'
import { unitOf, type Unit } from '#core/money.ts'

/** Few, so that deals of one town often meet in one bucket and often do not. */
export const BUCKETS = 4

const unitNamed = (code: string): Unit => {
  const unit = unitOf(code)
  assert(unit !== undefined, `${code} is a currency`)
  return unit
}
export const JPY = unitNamed('JPY')
export const EUR = unitNamed('EUR')
