// What the service worker does with a pushed message: shows it where the hub has signed it, answers for an owner who has just proved to
// be there, and leads a tap to the payment. It approves nothing, ever: that takes the person before the screen. A shop that has read a card's
// user id is answered in attesting.ts.
import { fromHex, toBase64url } from '#core/bytes.ts'
import { parseId } from '#core/ids.ts'
import type { PushedMessage } from '#protocol/pushed.ts'
import { storedPresenceBytes } from '#protocol/signed-bytes.ts'
import { loadIdentity } from '#sdk/identity.ts'
import { readPushed, seenIn, type Pinned } from '#sdk/pushed.ts'
import { attested } from './attesting.ts'
import { allReached, presenceIn, pushStorage, reachedAs, storageOf, type Reached } from './push-memory.ts'
import { pushedWords } from './pushed-words.ts'

export type Notice = Readonly<{ title: string; options: NotificationOptions & Readonly<{ data: Tap }> }>

/** Where a tap leads: which phone of this browser, and what stands behind the # of its address. */
export type Tap = Readonly<{ name: string; hash: string }>

/**
 * The notification for a pushed text. Browsers demand one for every push; what is not from our hub, or comes again, gets one that
 * says nothing. Null where the message was answered without the person. `hub`: our own origin.
 */
export async function heard(text: string, hub: string): Promise<Notice | null> {
  const read = await readPushed(text, { pinnedOf, seen: seenIn(pushStorage()), now: Date.now() })
  if (!read.ok) return neutralNotice()
  const { message } = read
  const reached = await reachedAs(message.device)
  if (reached === undefined) return neutralNotice()
  // Whatever comes of it, the person is the next to be asked.
  if (message.kind === 'card') await attested(message, reached, hub)
  if (message.kind !== 'presence') return noticeOf(message, reached)
  return (await answered(message, reached)) ? null : neutralNotice()
}

/** What a phone has kept, as long as it is still the phone that it was when it subscribed. */
async function pinnedOf(device: string): Promise<Pinned | undefined> {
  const reached = await reachedAs(device)
  const identity = reached && (await loadIdentity(storageOf(reached.name)))
  return identity?.self.id === device ? reached : undefined
}

function noticeOf(message: PushedMessage, { name, locale }: Reached): Notice {
  const { kind, payment, text } = message
  const words = text ?? pushedWords[locale][kind]
  const hash = payment === null ? (kind === 'new-phone' ? '#phones' : '') : `#payment=${payment}`
  return {
    title: words.title,
    options: {
      ...look(locale),
      body: words.body,
      tag: payment ?? kind,
      // It is about money or about who one is: it stays until the person has seen it.
      requireInteraction: true,
      data: { name, hash },
    },
  }
}

async function neutralNotice(): Promise<Notice> {
  const [first] = await allReached()
  const locale = first?.locale ?? (navigator.language.startsWith('ja') ? 'ja' : 'en')
  const { title, body } = pushedWords[locale].neutral
  const data = { name: first?.name ?? 'own', hash: '' }
  return { title, options: { ...look(locale), body, tag: 'neutral', silent: true, data } }
}

const look = (lang: string): NotificationOptions => ({
  lang,
  icon: '/assets/icons/wallet-192.png',
  badge: '/assets/icons/wallet-192.png',
})

/** Gives the stored proof to the hub, signed; false where there is none that is still good, or the hub says no. */
async function answered({ id }: PushedMessage, reached: Reached): Promise<boolean> {
  const storage = storageOf(reached.name)
  const [identity, presence] = await Promise.all([loadIdentity(storage), presenceIn(storage)])
  const device = parseId('dev', identity?.self.id)
  const command = fromHex(id)
  if (identity === undefined || presence === undefined || device === undefined || command === undefined) return false
  const { provedAt, until } = presence
  if (until <= Date.now() + reached.clockOffset) return false
  const signature = toBase64url(await identity.sign(storedPresenceBytes({ device, command, provedAt, until })))
  try {
    const answer = await fetch('/v1/presence', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ device, command: id, provedAt, until, signature }),
      credentials: 'omit',
    })
    return answer.ok
  } catch {
    // Without a network the person may still open the wallet.
    return false
  }
}

/** The wallet's own address for a tap. */
export const addressOf = ({ name, hash }: Tap): string => `/wallet${name === 'own' ? '' : `?device=${name}`}${hash}`

/** Is this page the wallet of that phone? */
export function isWalletOf(name: string, page: string): boolean {
  const { pathname, searchParams } = new URL(page)
  const isWallet = pathname === '/wallet' || pathname.startsWith('/j/')
  return isWallet && (searchParams.get('device') ?? 'own') === name
}

export const isTap = (data: unknown): data is Tap =>
  typeof data === 'object' &&
  data !== null &&
  'name' in data &&
  typeof data.name === 'string' &&
  'hash' in data &&
  typeof data.hash === 'string'
