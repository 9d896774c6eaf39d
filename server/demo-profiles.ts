// The demo town's people as they would have set themselves up: an address, a language, a drawn picture, and what they show.
import { createHash } from 'node:crypto'
import jpeg from 'jpeg-js'
import type { PartyId } from '#core/ids.ts'
import { NO_RELEASES, type Releases } from '#core/persona.ts'
import type { Language } from '#protocol/identity.ts'
import { LIMITS } from '#protocol/limits.ts'
import type { Portrait, Profiles } from './postgres/profiles.ts'

type Rgb = readonly [red: number, green: number, blue: number]
type Person = Readonly<{ email: string; language: Language; paper: Rgb; ink: Rgb; releases: Releases }>

export const DEMO_PEOPLE: Readonly<Record<'hanako' | 'kenji', Person>> = {
  // A register that she joins sees her picture; one that he joins has to ask for his.
  hanako: {
    email: 'hanako@example.jp',
    language: 'ja',
    paper: [238, 208, 200],
    ink: [140, 58, 70],
    releases: { ...NO_RELEASES, portrait: 'show' },
  },
  kenji: {
    email: 'kenji@example.jp',
    language: 'en',
    paper: [204, 219, 235],
    ink: [38, 75, 122],
    releases: NO_RELEASES,
  },
}

/** Sets up a person who has no profile yet; whoever has one keeps it. */
export async function settleProfile(
  profiles: Pick<Profiles, 'begin'>,
  party: PartyId,
  { email, language, paper, ink, releases }: Person,
): Promise<void> {
  await profiles.begin(party, { email, language, portrait: drawn(paper, ink), releases })
}

/** Head and shoulders in one colour on another. */
function drawn(paper: Rgb, ink: Rgb): Portrait {
  const edge = LIMITS.pictureEdge / 2
  const data = new Uint8Array(edge * edge * 4)
  for (let y = 0; y < edge; y++) {
    for (let x = 0; x < edge; x++) {
      const isPerson = isWithin(x / edge, y / edge, 0.5, 0.38, 0.17) || isWithin(x / edge, y / edge, 0.5, 1, 0.36)
      data.set([...(isPerson ? ink : paper), 255], (y * edge + x) * 4)
    }
  }
  const picture = jpeg.encode({ width: edge, height: edge, data }, 85).data
  return { jpeg: picture, hash: createHash('sha256').update(picture).digest() }
}

const isWithin = (x: number, y: number, centreX: number, centreY: number, radius: number): boolean =>
  (x - centreX) ** 2 + (y - centreY) ** 2 <= radius ** 2
