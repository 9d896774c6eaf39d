// A lost phone, or a first one that nobody knows. With the code from the mail a phone is taken away, or one that waits refused; with the
// password too a new phone is asked for, which comes in after a wait of which the others hear.
import { createHmac } from 'node:crypto'
import { fromBase64url, fromHex, toBase64url } from '#core/bytes.ts'
import type { PartyId } from '#core/ids.ts'
import type { IdentityBody, IdentityView, RecoveryView } from '#protocol/identity.ts'
import { LIMITS } from '#protocol/limits.ts'
import { problemOf, type Problem } from '#protocol/problems.ts'
import { finishBytes, recoveryHash, scramMessage } from '#protocol/signed-bytes.ts'
import type { SelfView } from '#protocol/views.ts'
import type { Budgets, BudgetKey } from '#switch/budgets.ts'
import type { Directory, Secret } from '../auth/directory.ts'
import { isSignedBy } from '../auth/keys.ts'
import { fitsStoredKey } from '../auth/scram.ts'
import type { Post } from '../mail/mail.ts'
import { timeText } from '../mail/words.ts'
import type { Phones } from '../postgres/phones.ts'
import type { Profiles } from '../postgres/profiles.ts'
import type { Notice } from '../reach/reach.ts'
import { addressKey, folded, type MailCodes } from './codes.ts'
import { keyThatSigned, selfOf } from './sign-up.ts'

export type RecoveryParts = Readonly<{
  directory: Directory
  profiles: Pick<Profiles, 'ownerOf' | 'profileOf' | 'tryCode'>
  phones: Phones
  codes: MailCodes
  budgets: Budgets
  post: Post | null
  /** takes away a phone of this person; false when it is none */
  takePhone: (party: PartyId, device: string) => Promise<boolean>
  /** told to the phones that are known */
  notify: (party: PartyId, notice: Notice) => Promise<void>
  secret: Uint8Array
  waitMs: number
  zone: () => string
}>

type Found = Readonly<{ party: PartyId; nonce: Uint8Array }>
type Coded = Readonly<{ email: string; code: string; asking: string }>

const KEY_BYTES = 32
const SALT_BYTES = 16
const LEAST_NONCE_BYTES = 16
/** As sdk/scram.ts chooses them: a salt that is made up looks like any other. */
const ITERATIONS = 310_000

export function recoveryDesk(parts: RecoveryParts) {
  const { directory, profiles, phones, codes, budgets, post } = parts

  /** Who has this address, if the code is right. It stays good until it ends: finding the lost phone takes several steps. */
  const found = ({ email, code, asking: asker }: Coded, from: string): Promise<Found | Problem> =>
    codes.guarded(from, async () => {
      const nonce = await profiles.tryCode(codes.tryOf({ purpose: 'recover', email, asker }, code))
      const party = await profiles.ownerOf(folded(email))
      return nonce === undefined || party === undefined ? undefined : { party, nonce }
    })

  async function view({ party, nonce }: Found): Promise<RecoveryView> {
    const [secret, devices, waiting] = await Promise.all([
      secretFor(party),
      phones.phonesOf(party),
      phones.waitingOf(party),
    ])
    return {
      nonce: toBase64url(nonce),
      salt: toBase64url(secret.salt),
      iterations: secret.iterations,
      devices: devices.map(({ id, label, status, enrolledAt, lastSeenAt }) => ({
        id,
        label,
        status,
        enrolledAt,
        lastSeenAt,
      })),
      waiting,
    }
  }

  /** Who has set no password gets a salt that is always the same, and a proof that is never right. */
  async function secretFor(party: PartyId): Promise<Secret> {
    const made = createHmac('sha256', parts.secret).update(`no secret ${party}`).digest()
    return (
      (await directory.secretOf(party)) ?? {
        salt: made.subarray(0, SALT_BYTES),
        iterations: ITERATIONS,
        storedKey: made,
        serverKey: made,
      }
    )
  }

  return {
    /** Problems: mail-unavailable, too-many-tries. */
    mail: ({ email, language, asking: asker }: IdentityBody<'recoveryMail'>, from: string): Promise<Problem | null> =>
      codes.send({ purpose: 'recover', email, asker, language, from }, async (address) =>
        (await profiles.ownerOf(address)) === undefined ? { kind: 'no-account' } : null,
      ),

    /** Problems: too-many-tries, code-not-found. */
    async look(asked: Coded, from: string): Promise<RecoveryView | Problem> {
      const person = await found(asked, from)
      return 'party' in person ? view(person) : person
    },

    /** Takes a phone away, or refuses one that waits. Problems: too-many-tries, code-not-found, not-found. */
    async revoke(asked: IdentityBody<'recoveryRevoke'>, from: string): Promise<RecoveryView | Problem> {
      const person = await found(asked, from)
      if (!('party' in person)) return person
      const { party } = person
      const isDone = asked.device.startsWith('dev_')
        ? await parts.takePhone(party, asked.device)
        : await phones.refuse(party, asked.device)
      return isDone ? view(person) : problemOf('not-found')
    },

    /** Problems: signature-invalid, too-many-tries, code-not-found, proof-wrong, too-many-devices. */
    async request(
      asked: IdentityBody<'recoveryRequest'>,
      from: string,
    ): Promise<IdentityView<'recoveryRequest'> | Problem> {
      const publicKey = keyThatSigned(asked)
      if (publicKey === undefined) return problemOf('signature-invalid')
      const person = await found(asked, from)
      if (!('party' in person)) return person
      const address = folded(asked.email)
      // Counted apart from the phones that are known, and only of those who have a code: whoever guesses here locks nobody out there, and who
      // does not read the mailbox cannot guess here at all.
      const tries: readonly BudgetKey[] = [`recovery:${addressKey(address)}`]
      if (!(await budgets.charge(tries))) return problemOf('too-many-tries')
      if (!isRightPassword(asked, { address, nonce: person.nonce, secret: await secretFor(person.party), publicKey }))
        return problemOf('proof-wrong')
      await budgets.giveBack(tries)
      const { label } = asked
      const waiting = await phones.request({ party: person.party, publicKey, label, waitMs: parts.waitMs })
      if (waiting === undefined) return problemOf('too-many-devices')
      if (waiting.isNew) await tell(person.party, waiting)
      return { request: waiting.request, readyAt: waiting.readyAt }
    },

    /** Problems: not-found, signature-invalid, request-refused, device-waiting, too-many-devices. */
    async finish({ request, signature }: IdentityBody<'recoveryFinish'>): Promise<SelfView | Problem> {
      const publicKey = await phones.keyOfRequest(request)
      const [id, signed] = [fromHex(request), fromBase64url(signature)]
      if (publicKey === undefined || id === undefined) return problemOf('not-found')
      if (signed === undefined || !isSignedBy(publicKey, finishBytes(id), signed)) return problemOf('signature-invalid')
      const end = await phones.finish(request)
      switch (end.kind) {
        case 'gone':
          return problemOf('not-found')
        case 'refused':
          return problemOf('request-refused')
        case 'waiting':
          return problemOf('device-waiting', { until: String(end.until) })
        case 'too-many':
          return problemOf('too-many-devices')
        case 'in':
          return selfOf(directory, end.device)
      }
    },
  }

  async function tell(
    party: PartyId,
    waiting: Readonly<{ request: string; label: string; readyAt: number }>,
  ): Promise<void> {
    const profile = await profiles.profileOf(party)
    const { request: id, label, readyAt: until } = waiting
    await parts.notify(party, { kind: 'new-phone', id, label, until })
    if (post === null || profile === undefined || profile.email === null) return
    const { email, language } = profile
    const readyAt = timeText(until, { language, zone: parts.zone() })
    await post(email, language, { kind: 'new-phone', readyAt }, Math.max(parts.waitMs, LIMITS.mailCodeMs))
  }
}

/** The proof is good for this address, this code's nonce and this key alone. */
function isRightPassword(
  asked: Readonly<{ clientNonce: string; clientProof: string }>,
  over: Readonly<{ address: string; nonce: Uint8Array; secret: Secret; publicKey: Uint8Array }>,
): boolean {
  const { salt, iterations, storedKey } = over.secret
  const clientNonce = fromBase64url(asked.clientNonce)
  const proof = fromBase64url(asked.clientProof)
  if (clientNonce === undefined || clientNonce.length < LEAST_NONCE_BYTES || proof?.length !== KEY_BYTES) return false
  const message = scramMessage({
    account: over.address,
    clientNonce,
    hubNonce: over.nonce,
    salt,
    iterations,
    approvalHash: recoveryHash(over.publicKey),
  })
  return fitsStoredKey(storedKey, message, proof)
}
