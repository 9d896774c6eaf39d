// Reaching a closed wallet: what is worth a push, to which phones, and the mail when they all stay silent. The hub that has committed a
// change tells of it; each word is a row of the outbox under an id made of what it tells, so that it is there once.
import { createHash, randomBytes } from 'node:crypto'
import type { DeviceId, PartyId, PaymentId, SchemeId } from '#core/ids.ts'
import { parseId } from '#core/ids.ts'
import { stateOf, type Payment } from '#core/payment.ts'
import type { Language } from '#protocol/identity.ts'
import { LIMITS } from '#protocol/limits.ts'
import { StoreUnavailable, type Store } from '#switch/store.ts'
import type { Changes } from '#switch/working.ts'
import type { Outbox, Send, Sent } from '../mail/outbox.ts'
import type { SchemeKey } from '../operator-log.ts'
import type { Pushes, Reachable } from '../postgres/push.ts'
import {
  pushedText,
  wordOfCard,
  wordOfChallenge,
  wordOfCode,
  wordOfNewPhone,
  wordOfPresence,
  wordOfSent,
  type Word,
} from './messages.ts'
import { postPush, type PushResult, type PushTo } from './push-http.ts'
import type { Vapid } from './vapid.ts'
import { sealed } from './web-push.ts'

/** What a person is told beside their payments. `id`: of the request, 32 hex digits. */
export type Notice = Readonly<{ kind: 'new-phone'; id: string; label: string; until: number }>

/** A mail to somebody whose phones stay silent: kind and payment, and nothing that a locked screen should not show. */
export type SilenceMail = Readonly<{
  /** 32 hex digits: the same one is sent once */
  id: string
  email: string
  language: Language
  kind: 'payment' | 'question'
  payment: PaymentId
  expiresAt: number
}>

/** A row of the outbox that is ours: a word for a phone, or a look at whether a person has stirred. */
type Errand =
  | Readonly<{ to: 'phone'; word: Word }>
  | Readonly<{ to: 'person'; kind: SilenceMail['kind']; payment: PaymentId; version: number; expiresAt: number }>

export type Reach = ReturnType<typeof createReach>

/** How often a hub that waits for a wallet's answer looks for it. */
const LOOK_EVERY_MS = 200

export function createReach(parts: {
  outbox: Pick<Outbox, 'add'>
  pushes: Pushes
  store: Pick<Store, 'readPayment'>
  vapid: Vapid
  scheme: SchemeId
  key: Pick<SchemeKey, 'privateKey'>
  /** the hub's clock */
  now: () => number
  isWatching: (device: DeviceId) => boolean
  /** null where this hub sends no mail */
  mail: ((mail: SilenceMail) => Promise<void>) | null
  pushTo: PushTo | null
  onError: (error: unknown) => void
}) {
  const { outbox, pushes, store, vapid, now } = parts
  /** push services that have asked for quiet, by origin */
  const quietUntil = new Map<string, number>()
  /** what is being put into the outbox */
  const telling = new Set<Promise<void>>()
  const asking = new Set<Promise<boolean>>()
  const life = new AbortController()

  /** What this hub has just committed. */
  function changed({ events, payments }: Pick<Changes, 'events' | 'payments'>): void {
    for (const { subject, body } of events) {
      if (body.kind !== 'joined' && body.kind !== 'challenged') continue
      const payment = payments.find(({ id }) => id === subject)
      if (payment === undefined || stateOf(payment) !== 'joined') continue
      if (body.kind === 'challenged') tell(challenged(payment, body.nonce))
      else if (payment.payer.device === null) tell(sent(payment))
      else if (payment.way === 'code') tell(codeRead(payment, wordOfCode(payment)))
      else if (payment.way === 'card-id') tell(codeRead(payment, wordOfCard(payment)))
    }
  }

  function tell(work: Promise<void>): void {
    const told = work
      .catch((error: unknown) => {
        // The wallet finds it when it is opened: a push is a word to look.
        if (!(error instanceof StoreUnavailable)) parts.onError(error)
      })
      .finally(() => telling.delete(told))
    telling.add(told)
  }

  /** A bill or a question that nobody has joined: it was sent to the person. */
  async function sent(payment: Payment): Promise<void> {
    const { id, version, payer, question, expiresAt } = payment
    await toPhones(await pushes.phonesOf(payer.party), wordOfSent(payment), id)
    if (parts.mail === null) return
    const errand: Errand = {
      to: 'person',
      kind: question === null ? 'payment' : 'question',
      payment: id,
      version,
      expiresAt,
    }
    const dueAt = payment.joinedAt + LIMITS.silenceMs
    await outbox.add({ id: idOf('silence', id), kind: 'push', receiver: payer.party, body: errand, dueAt, expiresAt })
  }

  /**
   * A register has read a code of this phone, or a card's user id. Its owner may be elsewhere and the wallet closed, so it is told like a
   * bill that was sent; no mail, because silence ends it within two minutes.
   */
  async function codeRead(payment: Payment, word: Word): Promise<void> {
    const phone = payment.payer.device === null ? undefined : await pushes.phone(payment.payer.device)
    if (phone !== undefined) await toPhones([phone], word, payment.id)
  }

  async function challenged(payment: Payment, nonce: string): Promise<void> {
    const { device, party } = payment.payer
    const phones = device === null ? await pushes.phonesOf(party) : [await pushes.phone(device)]
    await toPhones(
      phones.filter((phone) => phone !== undefined),
      wordOfChallenge(payment),
      nonce,
    )
  }

  /** Phones that are looking at us already need no word. */
  async function toPhones(phones: readonly Reachable[], word: Word, about: string): Promise<void> {
    for (const { device } of phones) {
      if (parts.isWatching(device)) continue
      const errand: Errand = { to: 'phone', word }
      const id = idOf(word.kind, about, device)
      await outbox.add({ id, kind: 'push', receiver: device, body: errand, expiresAt: word.until })
    }
  }

  /** Sends a row of the outbox. */
  const send: Send = async ({ id, receiver, body }) => {
    // Border: the rows of this kind are written above and nowhere else.
    const errand = body as Errand
    if (errand.to === 'person') return writeTo(receiver, errand)
    const device = parseId('dev', receiver)
    const phone = device && (await pushes.phone(device))
    return phone === undefined || !(await isStillSo(errand.word)) ? 'never' : push(phone, id, errand.word)
  }

  /** A payment that is over, or was approved meanwhile, needs nobody to look at it. */
  async function isStillSo({ kind, payment }: Word): Promise<boolean> {
    const id = parseId('pay', payment)
    if (id === undefined) return true
    const now = await store.readPayment(id)
    return now !== undefined && stateOf(now) === 'joined' && (kind !== 'challenge' || now.challenge !== null)
  }

  async function push(phone: Reachable, id: string, word: Word): Promise<Sent> {
    const { device, endpoint, language, detail } = phone
    const at = now()
    const { origin } = new URL(endpoint)
    if (word.until <= at) return 'never'
    if ((quietUntil.get(origin) ?? 0) > at) return 'later'
    const text = pushedText(word, { scheme: parts.scheme, device, id, language, detail, at }, parts.key)
    const result = await postPush(
      {
        endpoint,
        body: sealed(Buffer.from(text), phone),
        headers: {
          'content-type': 'application/octet-stream',
          'content-encoding': 'aes128gcm',
          ttl: String(Math.ceil((word.until - at) / 1000)),
          urgency: 'high',
          // A newer word about the same payment takes the place of one that has not been delivered.
          ...(word.payment !== null && { topic: topicOf(word.payment) }),
          authorization: await vapid.authorization(origin, at),
        },
      },
      parts.pushTo,
    )
    return after(phone, origin, result)
  }

  async function after({ device, endpoint }: Reachable, origin: string, result: PushResult): Promise<Sent> {
    switch (result.kind) {
      case 'done':
        await pushes.took(device)
        return 'sent'
      case 'gone':
        await pushes.gone(device, endpoint)
        return 'never'
      case 'refused':
        await pushes.failed(device)
        return 'never'
      case 'later':
        if (result.retryAfterMs !== null) keepQuiet(origin, result.retryAfterMs)
        await pushes.failed(device)
        return 'later'
    }
  }

  function keepQuiet(origin: string, forMs: number): void {
    for (const [each, until] of quietUntil) if (until <= now()) quietUntil.delete(each)
    quietUntil.set(origin, now() + Math.min(forMs, LIMITS.quietMs))
  }

  /** The person's phones have been silent: nothing has happened to the payment since it was made. */
  async function writeTo(receiver: string, errand: Extract<Errand, { to: 'person' }>): Promise<Sent> {
    const { kind, payment, version, expiresAt } = errand
    const party = parseId('pty', receiver)
    const mailbox = party && (await pushes.mailboxOf(party))
    if (mailbox === undefined || parts.mail === null) return 'never'
    const stands = await store.readPayment(payment)
    if (stands === undefined || stands.version !== version || stateOf(stands) !== 'joined') return 'never'
    await parts.mail({ ...mailbox, id: idOf('mail', payment), kind, payment, expiresAt })
    return 'sent'
  }

  async function presenceOf(device: DeviceId): Promise<boolean> {
    if ((await pushes.phone(device)) === undefined) return false
    const id = randomBytes(16).toString('hex')
    const until = now() + LIMITS.pushedCommandMs
    await pushes.command(id, device, LIMITS.pushedCommandMs)
    const errand: Errand = { to: 'phone', word: wordOfPresence(until) }
    await outbox.add({ id, kind: 'push', receiver: device, body: errand, expiresAt: until })
    while (now() < until && !life.signal.aborted) {
      const answer = await pushes.answerTo(id)
      if (answer !== undefined) return answer
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS))
    }
    return false
  }

  return {
    changed,
    send,

    /** Tells all phones of a person. Throws StoreUnavailable when there is no database. */
    async notify(party: PartyId, notice: Notice): Promise<void> {
      await toPhones(await pushes.phonesOf(party), wordOfNewPhone(notice.label, notice.until), notice.id)
    },

    /**
     * Is the owner of this phone there, by a proof that is still good? Its closed wallet answers by itself; false when it does not
     * within LIMITS.pushedCommandMs, or cannot be reached. Throws StoreUnavailable when there is no database.
     */
    askPresence(device: DeviceId): Promise<boolean> {
      const asked = presenceOf(device).finally(() => asking.delete(asked))
      asking.add(asked)
      return asked
    },

    /** Waits for what is being put into the outbox; whoever waits for a wallet's answer gets none. */
    async stop(): Promise<void> {
      life.abort()
      await Promise.allSettled([...telling, ...asking])
    },
  }
}

/** 16 bytes in hex, made of what is told to whom. */
const idOf = (...parts: readonly string[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32)

/** At most 32 characters of base64url (RFC 8030), and no payment's id for the push service. */
const topicOf = (payment: string): string =>
  createHash('sha256').update(`topic ${payment}`).digest('base64url').slice(0, 32)
