// Days and periods on named clocks: summer time both ways, short months, leap days, the ends of years, and what is no period or zone.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { faultOf } from '#core/bill.ts'
import { coolingOffEnds, dayOf, isCoolingOff, isZone, monthOf } from '#core/calendar.ts'
import { bill, line } from './support/deal.ts'

const at = (text: string): number => {
  const time = Date.parse(text)
  assert.ok(Number.isInteger(time), text)
  return time
}

test('a cancellation period ends at the same time of day on its calendar', () => {
  const rows: [why: string, zone: string, from: string, period: string, until: string][] = [
    ['eight days in Tokyo', 'Asia/Tokyo', '2026-11-25T10:00:00+09:00', 'P8D', '2026-12-03T10:00:00+09:00'],
    ['over New Year', 'Asia/Tokyo', '2026-12-28T23:59:59.999+09:00', 'P8D', '2027-01-05T23:59:59.999+09:00'],
    ['into summer time', 'Europe/Berlin', '2027-03-27T12:00:00+01:00', 'P1D', '2027-03-28T12:00:00+02:00'],
    ['out of summer time', 'Europe/Berlin', '2027-10-30T12:00:00+02:00', 'P1D', '2027-10-31T12:00:00+01:00'],
    ['to an hour that is skipped', 'Europe/Berlin', '2027-03-27T02:30:00+01:00', 'P1D', '2027-03-28T03:30:00+02:00'],
    ['to an hour that comes twice', 'Europe/Berlin', '2027-10-30T02:30:00+02:00', 'P1D', '2027-10-31T02:30:00+02:00'],
    ['hours are hours, in spring', 'Europe/Berlin', '2027-03-28T01:30:00+01:00', 'PT2H', '2027-03-28T04:30:00+02:00'],
    ['and in autumn', 'Europe/Berlin', '2027-10-31T01:30:00+02:00', 'PT2H', '2027-10-31T02:30:00+01:00'],
    ['two hours over midnight', 'Asia/Tokyo', '2027-01-15T23:00:00+09:00', 'PT2H', '2027-01-16T01:00:00+09:00'],
    ['a month from the 31st', 'Asia/Tokyo', '2027-01-31T09:00:00+09:00', 'P1M', '2027-02-28T09:00:00+09:00'],
    ['in a leap year', 'Asia/Tokyo', '2028-01-31T09:00:00+09:00', 'P1M', '2028-02-29T09:00:00+09:00'],
    ['a year from a leap day', 'Europe/Berlin', '2028-02-29T09:00:00+01:00', 'P1Y', '2029-02-28T09:00:00+01:00'],
    ['four years from a leap day', 'Europe/Berlin', '2028-02-29T09:00:00+01:00', 'P4Y', '2032-02-29T09:00:00+01:00'],
    ['the last day of the year', 'Europe/Berlin', '2026-12-31T23:30:00+01:00', 'P1D', '2027-01-01T23:30:00+01:00'],
    ['days first, then hours', 'Europe/Berlin', '2027-03-27T01:00:00+01:00', 'P1DT2H', '2027-03-28T04:00:00+02:00'],
    ['fourteen days by the week', 'America/New_York', '2027-03-07T12:00:00-05:00', 'P2W', '2027-03-21T12:00:00-04:00'],
    ['south of the equator', 'Australia/Sydney', '2027-04-03T12:00:00+11:00', 'P1D', '2027-04-04T12:00:00+10:00'],
    ['a zone of half an hour', 'Asia/Kolkata', '2027-01-15T00:00:00+05:30', 'P1D', '2027-01-16T00:00:00+05:30'],
    ['one second', 'UTC', '2027-01-15T00:00:00Z', 'PT1S', '2027-01-15T00:00:01Z'],
  ]
  for (const [why, zone, from, period, until] of rows) {
    const ends = coolingOffEnds({ period, zone }, at(from))
    assert.equal(new Date(ends).toISOString(), new Date(at(until)).toISOString(), why)
  }
})

test('the same eight days are longer or shorter by an hour where the clocks change', () => {
  const eight = (zone: string, from: string): number =>
    (coolingOffEnds({ period: 'P8D', zone }, at(from)) - at(from)) / 3_600_000
  assert.equal(eight('Europe/Berlin', '2027-03-25T12:00:00+01:00'), 191)
  assert.equal(eight('Europe/Berlin', '2027-10-25T12:00:00+02:00'), 193)
  assert.equal(eight('Asia/Tokyo', '2027-03-25T12:00:00+09:00'), 192)
})

test('a day and a month begin at midnight of their zone', () => {
  const rows: [zone: string, time: string, day: number][] = [
    ['Asia/Tokyo', '2026-12-02T14:59:59.999Z', 20_261_202],
    ['Asia/Tokyo', '2026-12-02T15:00:00Z', 20_261_203],
    ['Asia/Tokyo', '2026-12-31T15:00:00Z', 20_270_101],
    ['Europe/Berlin', '2026-12-31T22:59:59.999Z', 20_261_231],
    ['Europe/Berlin', '2026-12-31T23:00:00Z', 20_270_101],
    ['Europe/Berlin', '2027-06-30T21:59:59.999Z', 20_270_630],
    ['Europe/Berlin', '2027-06-30T22:00:00Z', 20_270_701],
    ['America/New_York', '2028-02-29T04:59:59.999Z', 20_280_228],
    ['America/New_York', '2028-02-29T05:00:00Z', 20_280_229],
    ['Pacific/Kiritimati', '2026-12-31T10:00:00Z', 20_270_101],
    ['UTC', '1970-01-01T00:00:00Z', 19_700_101],
  ]
  for (const [zone, time, day] of rows) {
    assert.equal(dayOf(at(time), zone), day, `${time} in ${zone}`)
    assert.equal(monthOf(day), Math.floor(day / 100))
  }
})

test('days never run backwards, whatever the clocks do', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: at('2020-01-01'), max: at('2040-01-01') }),
      fc.integer({ min: 0, max: 90_000_000 }),
      fc.constantFrom('Asia/Tokyo', 'Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe'),
      (from, more, zone) => assert.ok(dayOf(from, zone) <= dayOf(from + more, zone)),
    ),
  )
})

test('a zone is a place of the IANA database', () => {
  for (const zone of ['Asia/Tokyo', 'Europe/Berlin', 'UTC', 'America/Argentina/Buenos_Aires', 'Etc/GMT+9'])
    assert.ok(isZone(zone), zone)
  for (const zone of ['', 'Tokyo', 'Asia/Nowhere', '+09:00', 'JST', 'Asia/Tokyo ', '../../etc', 'asia', 'GMT+1'])
    assert.ok(!isZone(zone), zone)
})

test('a period is written rightly, above zero, and at most ten years', () => {
  const rows: [period: string, rightly: boolean, within: boolean][] = [
    ['P8D', true, true],
    ['P1M', true, true],
    ['P1Y2M3W4DT5H6M7S', true, true],
    ['PT1S', true, true],
    ['P10Y', true, true],
    ['P3660D', true, true],
    ['P0D', true, false],
    ['PT0S', true, false],
    ['P11Y', true, false],
    ['P9999Y', true, false],
    ['P3661D', true, false],
    ['P', false, false],
    ['PT', false, false],
    ['P1DT', false, false],
    ['8D', false, false],
    ['P-1D', false, false],
    ['-P1D', false, false],
    ['P1.5D', false, false],
    ['PT1.5S', false, false],
    ['P1D1M', false, false],
    ['p1d', false, false],
    ['P1D ', false, false],
  ]
  for (const [period, rightly, within] of rows) {
    const fault = faultOf(bill(line(100n, { coolingOff: { period, zone: 'Asia/Tokyo' } })))
    assert.equal(fault, rightly ? undefined : 'period', period)
    if (rightly) assert.equal(isCoolingOff({ period, zone: 'Asia/Tokyo' }), within, period)
  }
  assert.equal(isCoolingOff({ period: 'P8D', zone: 'Asia/Nowhere' }), false)
})
