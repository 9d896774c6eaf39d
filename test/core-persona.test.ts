// What a payer shows: of whom nothing was said nothing leaves, of a birth date only a band, and nothing that is not verified.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import {
  AGE_BANDS,
  ageBandOf,
  ASKABLE,
  attributesIn,
  inOrder,
  NO_RELEASES,
  NOTHING_SHOWN,
  shownAtOnce,
  shownBoth,
  shownOf,
  shownOnAsking,
  type AgeBand,
  type Askable,
  type Persona,
  type Shown,
} from '#core/persona.ts'
import { NO_ATTRIBUTES } from '#core/standing.ts'
import { EVERYTHING, TODAY } from './support/deal.ts'

const nobody: Persona = { attributes: NO_ATTRIBUTES, email: null, portrait: null, releases: NO_RELEASES }

test('an age band begins on the birthday, and nobody learns more of a birth date', () => {
  const rows: [number | null, number, AgeBand | null][] = [
    [20_140_116, 20_270_115, '0-12'],
    [20_140_115, 20_270_115, '13-17'],
    [20_090_116, 20_270_115, '13-17'],
    [20_090_115, 20_270_115, '18-19'],
    [20_070_116, 20_270_115, '18-19'],
    [20_070_115, 20_270_115, '20-64'],
    [19_620_116, 20_270_115, '20-64'],
    [19_620_115, 20_270_115, '65-'],
    // Born on a leap day: a year older on the first of March.
    [20_080_229, 20_260_228, '13-17'],
    [20_080_229, 20_260_301, '18-19'],
    [20_270_115, 20_270_115, '0-12'],
    [20_270_116, 20_270_115, null],
    [null, 20_270_115, null],
  ]
  for (const [born, day, band] of rows) assert.equal(ageBandOf(born, day), band, `${born} on ${day}`)
  assert.deepEqual([...new Set(rows.flatMap(([, , band]) => band ?? []))].toSorted(), AGE_BANDS.toSorted())
})

test('each attribute shows its own value and nothing else', () => {
  const { attributes, email, portrait } = EVERYTHING
  const rows: Record<Askable, Partial<Shown>> = {
    'age-band': { ageBand: '20-64' },
    'member-number': { members: [{ name: 'club', number: '4711' }] },
    region: { region: attributes.region },
    email: { email },
    portrait: { portrait },
  }
  for (const what of ASKABLE) {
    assert.deepEqual(shownOf(EVERYTHING, [what], TODAY), { ...NOTHING_SHOWN, ...rows[what] }, what)
    assert.deepEqual(attributesIn(shownOf(EVERYTHING, [what], TODAY)), [what])
    assert.deepEqual(shownOf(nobody, [what], TODAY), NOTHING_SHOWN, `${what} of somebody unknown`)
  }
  assert.deepEqual(shownOf(EVERYTHING, [], TODAY), NOTHING_SHOWN)
})

test('a membership is shown on its last day and not on the day after', () => {
  const memberships = [
    { name: 'pool', until: TODAY, number: null },
    { name: 'library', until: TODAY - 1, number: '9' },
    { name: 'club', until: null },
  ]
  const member = { ...nobody, attributes: { ...NO_ATTRIBUTES, memberships } }
  const names = (day: number) => shownOf(member, ['member-number'], day).members.map(({ name }) => name)
  assert.deepEqual(names(TODAY), ['pool', 'club'])
  assert.deepEqual(names(TODAY + 1), ['club'])
})

test('what is released is shown at once, what is asked about waits, and what is hidden is not even a question', () => {
  const rows: [Partial<Persona['releases']>, Askable[], Askable[]][] = [
    [{}, [], [...ASKABLE]],
    [{ email: 'show' }, ['email'], ['age-band', 'member-number', 'region', 'portrait']],
    [{ email: 'hide', portrait: 'show' }, ['portrait'], ['age-band', 'member-number', 'region']],
  ]
  for (const [own, atOnce, onAsking] of rows) {
    const persona = { ...EVERYTHING, releases: { ...NO_RELEASES, ...own } }
    assert.deepEqual(shownAtOnce(persona), atOnce)
    assert.deepEqual(shownOnAsking(persona, TODAY), onAsking)
  }
  const noMail = { ...EVERYTHING, email: null }
  assert.ok(!shownOnAsking(noMail, TODAY).includes('email'), 'nobody is asked for what there is not')
  assert.deepEqual(shownOnAsking(nobody, TODAY), [])
})

test('whatever is wanted, nothing else is shown; more is added to what was shown and takes nothing away', () => {
  const some = fc.subarray([...ASKABLE])
  fc.assert(
    fc.property(some, some, (first, more) => {
      const shown = shownOf(EVERYTHING, first, TODAY)
      assert.deepEqual(attributesIn(shown), first)
      const both = shownBoth(shown, shownOf(EVERYTHING, more, TODAY))
      assert.deepEqual(both, shownOf(EVERYTHING, inOrder([...first, ...more]), TODAY))
    }),
  )
})
