// What a person shows, to everybody and to single shops.
import { bucketOfId, parseId, type PartyId } from '#core/ids.ts'
import type { IdentityBody, ReleasesView } from '#protocol/identity.ts'
import { problemOf, type Problem } from '#protocol/problems.ts'
import type { Directory } from '../auth/directory.ts'
import type { Profiles } from '../postgres/profiles.ts'

export function releasesDesk({
  profiles,
  directory,
  buckets,
}: Readonly<{
  profiles: Pick<Profiles, 'releasesOf' | 'setReleases'>
  directory: Pick<Directory, 'partyOf' | 'namesOf'>
  buckets: number
}>) {
  async function view(party: PartyId): Promise<ReleasesView> {
    const { everybody, merchants } = await profiles.releasesOf(party)
    const names = await directory.namesOf([...merchants.keys()])
    return {
      everybody,
      merchants: [...merchants].map(([merchant, releases]) => ({
        party: merchant,
        name: names.get(merchant) ?? '',
        releases,
      })),
    }
  }

  return {
    view,
    /** Problems: party-unknown, too-many-contacts. */
    async set(
      party: PartyId,
      { merchant: asked, releases }: IdentityBody<'setReleases'>,
    ): Promise<ReleasesView | Problem> {
      const merchant = asked === null ? null : parseId('pty', asked)
      if (merchant === undefined) return problemOf('party-unknown')
      // What was said of a shop that is gone may be forgotten; to say more it must be there.
      if (merchant !== null && releases !== null && !(await isMerchant(merchant))) return problemOf('party-unknown')
      return (await profiles.setReleases(party, merchant, releases)) ? view(party) : problemOf('too-many-contacts')
    },
  }

  /** An id made elsewhere may name a bucket that is not here. */
  async function isMerchant(party: PartyId): Promise<boolean> {
    return bucketOfId(party) < buckets && (await directory.partyOf(party))?.kind === 'merchant'
  }
}
