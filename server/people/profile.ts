// What a person says of themselves, what the operator has verified of them, and the picture that a register may see.
import { fromBase64url } from '#core/bytes.ts'
import { bucketOfId, isId, type DealId, type DeviceId, type PartyId } from '#core/ids.ts'
import { stateOf, type Payment } from '#core/payment.ts'
import { ageBandOf } from '#core/persona.ts'
import type { IdentityBody, IdentityView, ProfileView } from '#protocol/identity.ts'
import { problemOf, type Problem } from '#protocol/problems.ts'
import type { DeviceActor, TerminalActor } from '#switch/actors.ts'
import type { Budgets } from '#switch/budgets.ts'
import type { Store } from '#switch/store.ts'
import type { Switch } from '#switch/switch.ts'
import type { ProvePresence } from '../auth/presence.ts'
import type { Post } from '../mail/mail.ts'
import { dayText } from '../operator-wire.ts'
import type { Profiles } from '../postgres/profiles.ts'
import { birthDateOf } from './birth-date.ts'
import { folded, type MailCodes } from './codes.ts'
import type { Painter } from './portrait.ts'
import { userCodeHash } from './user-code.ts'

export type ProfileParts = Readonly<{
  profiles: Profiles
  codes: MailCodes
  post: Post | null
  budgets: Budgets
  painter: Painter
  provePresence: ProvePresence
  /** sessions remember a name: it is another by now */
  changed: (phone: DeviceId) => void
  store: Pick<Store, 'readOffer'>
  hub: Pick<Switch, 'completed'>
  /** the hub's clock */
  now: () => number
  today: () => number
}>

type Viewed = Promise<ProfileView | Problem>

/** A register that has just asked who somebody is looks at the picture for as long as the person stands there. */
const LOOKED_AT_MS = 5 * 60_000
/** A word about something that has happened already. */
const NOTICE_MS = 3 * 24 * 3_600_000

export function profileDesk(parts: ProfileParts) {
  const { profiles, codes, budgets, post, painter, now, today } = parts

  async function view(party: PartyId): Promise<ProfileView> {
    const row = await profiles.profileOf(party)
    if (row === undefined) throw new Error('a phone belongs to a person')
    const { attributes, birthDate, portrait } = row
    const day = today()
    return {
      name: row.name,
      legalName: row.legalName,
      email: row.email,
      language: row.language,
      birthDate: birthDate === null ? null : dayText(birthDate),
      portrait: portrait === null ? null : Buffer.from(portrait).toString('base64'),
      hasUserCode: row.hasUserCode,
      verified: {
        ageBand: ageBandOf(attributes.birthDate, day),
        region: attributes.region,
        members: attributes.memberships.flatMap(({ name, number, until }) =>
          until === null || day <= until ? [{ name, number: number ?? null }] : [],
        ),
      },
    }
  }

  return {
    view,

    /** Problem: day-invalid. */
    async set(actor: DeviceActor, body: IdentityBody<'setProfile'>): Viewed {
      const birthDate = birthDateOf(body.birthDate, today())
      if (birthDate === undefined) return problemOf('day-invalid', { field: 'birthDate' })
      await profiles.setClaims(actor.party, { ...body, birthDate })
      // What was opened before keeps the old name.
      parts.changed(actor.id)
      return view(actor.party)
    },

    /** Problems: picture-invalid, too-many-tries, busy. */
    async setPortrait({ party }: DeviceActor, { picture }: IdentityBody<'setPortrait'>): Viewed {
      if (picture === null) {
        await profiles.setPortrait(party, null)
        return view(party)
      }
      if (!(await budgets.charge([`portraits:${party}`]))) return problemOf('too-many-tries')
      const sent = fromBase64url(picture)
      const made = sent === undefined ? 'invalid' : await painter.paint(sent)
      if (made === 'busy') return problemOf('busy')
      if (made === 'invalid') return problemOf('picture-invalid')
      await profiles.setPortrait(party, made)
      return view(party)
    },

    /** Problems: mail-unavailable, too-many-tries, code-not-found, and those of a proof. */
    async setEmail(actor: DeviceActor, body: IdentityBody<'setEmail'>, from: string): Viewed {
      const { party } = actor
      const { email, code, presence } = body
      const known = await profiles.profileOf(party)
      const language = known?.language ?? 'en'
      const asked = { purpose: 'change-email', email, asker: party } as const
      if (code === null) {
        const fault = await codes.send({ ...asked, language, from }, async (address) => {
          const owner = await profiles.ownerOf(address)
          return owner === undefined || owner === party ? null : { kind: 'address-taken' }
        })
        return fault ?? view(party)
      }
      // The answer to the first was lost.
      if (known?.email === folded(email)) return view(party)
      if (presence === null) return problemOf('proof-needed')
      const tried = codes.tryOf(asked, code)
      // A mistyped code must not cost a proof.
      const right = await codes.guarded(from, () => profiles.tryCode(tried))
      if ('code' in right) return right
      const fault = await parts.provePresence({ actor, action: 'change-email', subject: email, body: presence })
      if (fault !== null) return fault
      const changed = await profiles.setEmail(party, tried)
      if (changed === undefined) return problemOf('code-not-found')
      if (changed.before !== null && changed.before !== folded(email))
        await post?.(changed.before, language, { kind: 'email-changed' }, NOTICE_MS)
      return view(party)
    },

    async setUserCode({ party }: DeviceActor, { userCode }: IdentityBody<'setUserCode'>): Promise<ProfileView> {
      await profiles.setUserCode(party, userCode === null ? null : userCodeHash(party, userCode))
      return view(party)
    },

    /** The picture that the payer of this terminal's deal shows to it, while it is the one they showed. Problem: not-found. */
    async atCounter(terminal: TerminalActor, deal: string): Promise<IdentityView<'portraitAtCounter'> | Problem> {
      const payment = isId('deal', deal) ? await paymentOf(terminal, deal) : undefined
      const hash = payment === undefined || !isAtCounter(payment, now()) ? null : payment.payer.shown.portrait
      const jpeg =
        payment === undefined || hash === null ? undefined : await profiles.portraitOf(payment.payer.party, hash)
      return jpeg === undefined ? problemOf('not-found') : { picture: Buffer.from(jpeg).toString('base64') }
    },
  }

  async function paymentOf(terminal: TerminalActor, deal: DealId): Promise<Payment | undefined> {
    const offer = await parts.store.readOffer(bucketOfId(terminal.id), { terminal: terminal.id, deal })
    return (offer && (await parts.hub.completed(offer)).payment) ?? undefined
  }
}

/** Does somebody still stand at the counter for this? */
export const isAtCounter = (payment: Payment, now: number): boolean =>
  payment.answered === null
    ? ['joined', 'authorising'].includes(stateOf(payment))
    : now - payment.answered.at < LOOKED_AT_MS
