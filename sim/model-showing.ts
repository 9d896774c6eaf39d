// A second opinion of what payers show: whatever stands in a deal was verified, and its owner let this biller see it. It shares no code
// with the rules that make the values.
import type { PartyId } from '#core/ids.ts'
import type { Payment } from '#core/payment.ts'
import type { Askable, Release, Shown } from '#core/persona.ts'
import type { Attributes } from '#core/standing.ts'
import type { Profile } from '#switch/store.ts'

export function openShowingModel(options: {
  now: () => number
  dayOf: (at: number) => number
  profileOf: (party: PartyId) => Profile | undefined
  fail: (sentence: string) => void
}) {
  const { now, dayOf, profileOf, fail } = options
  /** all that was ever verified of somebody: what is shown may rest on what was read a while before its commit */
  const known = new Map<string, Attributes[]>()
  const before = new Map<string, string>()
  const saidSo = new Set<string>()

  function verified(party: string, attributes: Attributes): void {
    known.set(party, [...(known.get(party) ?? []), attributes])
  }

  /** The deal as it was committed. */
  function shown({ id, payer, biller, question, answered }: Payment): void {
    const text = JSON.stringify(payer.shown)
    // What was right once stays: nobody is told again.
    if (before.get(id) === text) return
    before.set(id, text)
    const profile = profileOf(payer.party)
    for (const [what, isRight] of valuesIn(payer.shown, known.get(payer.party) ?? [], profile)) {
      if (!isRight) fail(`${id} shows a ${what} of ${payer.name} that nobody verified`)
      if (question !== null) {
        if (answered?.released.includes(what) !== true) fail(`${id} shows a ${what} that no answer released`)
      } else if (payer.knows !== null) fail(`${id} shows a ${what} of ${payer.name} to a person`)
      else if (!mayStand(id, releaseOf(profile, biller.party, what)))
        fail(`${id} shows a ${what} that ${payer.name} did not let it see`)
    }
    const waiting = payer.mayShow.filter((what) => releaseOf(profile, biller.party, what) !== 'ask')
    if (waiting.length > 0) fail(`${payer.name} is asked about ${waiting.join(' ')} without having wanted to be`)
  }

  /** What one is asked about is there after one has said so. */
  const mayStand = (id: string, release: Release): boolean =>
    release === 'show' || (release === 'ask' && saidSo.has(id))

  function valuesIn(
    { ageBand, members, region, email, portrait }: Shown,
    versions: readonly Attributes[],
    profile: Profile | undefined,
  ): (readonly [Askable, boolean])[] {
    // A night may lie between the look at the calendar and this one.
    const days = [dayOf(now()), dayOf(now() - 86_400_000)]
    return [
      ...(ageBand === null ? [] : [['age-band', versions.some((each) => isInBand(ageBand, each, days))] as const]),
      ...(members.length === 0 ? [] : [['member-number', versions.some((each) => isMember(members, each))] as const]),
      ...(region === null ? [] : [['region', versions.some((each) => each.region === region)] as const]),
      ...(email === null ? [] : [['email', email === profile?.email] as const]),
      ...(portrait === null ? [] : [['portrait', portrait === profile?.portrait] as const]),
    ]
  }

  return { verified, shown, saidSo: (id: string) => void saidSo.add(id) }
}

/** As a shop would reckon: born so long ago, to the day. */
function isInBand(band: NonNullable<Shown['ageBand']>, { birthDate }: Attributes, days: readonly number[]): boolean {
  const [from = 0, to = 999] = band.split('-').map((text) => (text === '' ? 999 : Number(text)))
  return days.some((day) => {
    const years = birthDate === null ? -1 : Math.floor((day - birthDate) / 10_000)
    return years >= from && years <= to
  })
}

const isMember = (members: Shown['members'], { memberships }: Attributes): boolean =>
  members.every(({ name }) => memberships.some((each) => each.name === name))

const releaseOf = (profile: Profile | undefined, merchant: PartyId, what: Askable): Release =>
  (
    profile?.releases.find((each) => each.merchant === merchant) ??
    profile?.releases.find((each) => each.merchant === null)
  )?.releases[what] ?? 'ask'
