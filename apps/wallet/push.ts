// Being reached while the wallet is closed, the page's side: asks the browser for an address at its push service and gives it to the hub,
// keeps what the service worker needs, and hears from it what a tapped notification wants to see.
import { fromBase64url, toBase64url } from '#core/bytes.ts'
import type { IdentityBody, IdentityView } from '#protocol/identity.ts'
import type { Problem } from '#protocol/problems.ts'
import { callTo } from '#sdk/calls.ts'
import type { Client } from '#sdk/client.ts'
import type { Storage } from '#sdk/storage.ts'
import { currentLocale, onLocale, type Locale } from '#ui/i18n.ts'
import type { Store } from '#ui/store.ts'
import { allReached, forgetReached, keepPresence, keepReached, reachedAs, type Reached } from './push-memory.ts'

/** Of the wallet that is open in this page; its desk is one. */
export type Home = Readonly<{
  client: Pick<Client, 'request' | 'identity' | 'hubNow'>
  storage: Storage
  opening: Readonly<{ device: string }>
}>

/** `denied`: the browser may not show notifications here, which only its own settings change · `impossible`: this browser has no pushes */
export type Subscribed =
  | Readonly<{ ok: true }>
  | Readonly<{ ok: false; why: 'denied' | 'impossible' }>
  | Readonly<{ ok: false; why: 'problem'; problem: Problem }>

export const isPushPossible = (): boolean =>
  globalThis.isSecureContext &&
  'serviceWorker' in navigator &&
  'PushManager' in globalThis &&
  'Notification' in globalThis

/** What this phone has chosen: undefined where it is not reached. */
export async function subscription({ client }: Home): Promise<Pick<Reached, 'detail'> | undefined> {
  const device = (await client.identity())?.self.id
  return device === undefined ? undefined : reachedAs(device)
}

/** Asks for permission where there is none yet, so it belongs to a tap. The same call changes the choices. */
export async function subscribe(home: Home, wish: Readonly<{ detail: boolean; locale: Locale }>): Promise<Subscribed> {
  const identity = await home.client.identity()
  const registration = await shellRegistration()
  if (!isPushPossible() || registration === undefined || identity === undefined) return { ok: false, why: 'impossible' }
  if ((await Notification.requestPermission()) !== 'granted') return { ok: false, why: 'denied' }
  const keys = await home.client.request<IdentityView<'pushKey'>>(
    callTo({ method: 'GET', path: '/v1/push/key', access: 'open' }),
  )
  if (!keys.ok) return { ok: false, why: 'problem', problem: keys.problem }
  const { vapid, signer } = keys.view
  const address = await addressAt(registration, vapid)
  if (address === undefined) return { ok: false, why: 'impossible' }
  const told = await tell(home, { subscription: address, detail: wish.detail })
  if (told !== null) return { ok: false, why: 'problem', problem: told }
  await keepReached({
    ...wish,
    name: home.opening.device,
    device: identity.self.id,
    scheme: identity.scheme.scheme,
    signer,
    clockOffset: Math.round(home.client.hubNow() - Date.now()),
  })
  return { ok: true }
}

/** This phone is reached no more; the browser's address goes with its last phone. Null when the hub has heard it. */
export async function unsubscribe(home: Home): Promise<Problem | null> {
  const device = (await home.client.identity())?.self.id
  if (device === undefined) return null
  const told = await tell(home, { subscription: null, detail: false })
  if (told !== null) return told
  await forgetReached(device)
  if ((await allReached()).length === 0) {
    const registration = await shellRegistration()
    await (await registration?.pushManager.getSubscription())?.unsubscribe()
  }
  return null
}

/**
 * Keeps the worker informed while the page lives: the owner's last proof, the language. An address that the browser has replaced, or
 * the hub has given up, is told anew when the wallet opens.
 */
export function keepWorkerInformed(store: Pick<Store<Known>, 'get' | 'subscribe'>, home: Home): void {
  let kept = 0
  const look = ({ inbox, scheme }: Known): void => {
    if (inbox === null || scheme === null || inbox.provedAt <= kept) return
    kept = inbox.provedAt
    void keepPresence(home.storage, { provedAt: kept, until: kept + scheme.unlockMs })
  }
  look(store.get())
  store.subscribe(look)
  const renew = async (locale: Locale): Promise<void> => {
    const reached = await subscription(home)
    if (reached === undefined || !isPushPossible() || Notification.permission !== 'granted') return
    await subscribe(home, { detail: reached.detail, locale })
  }
  onLocale((locale) => void renew(locale))
  void renew(currentLocale())
}

/** What of the wallet's state the worker must know: when the owner proved to be there, as the hub says it. */
type Known = Readonly<{
  inbox: Readonly<{ provedAt: number }> | null
  scheme: Readonly<{ unlockMs: number }> | null
}>

/** A notification was tapped: `hash` is what the wallet's own link would have behind the #. */
export function onTapped(open: (hash: string) => void): void {
  if (!('serviceWorker' in navigator)) return
  navigator.serviceWorker.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
    if (isTap(data)) open(data.hash)
  })
  navigator.serviceWorker.startMessages()
}

const isTap = (data: unknown): data is { hash: string } =>
  typeof data === 'object' && data !== null && 'hash' in data && typeof data.hash === 'string'

const shellRegistration = async (): Promise<ServiceWorkerRegistration | undefined> =>
  'serviceWorker' in navigator ? navigator.serviceWorker.getRegistration('/wallet') : undefined

async function tell(home: Home, body: IdentityBody<'push'>): Promise<Problem | null> {
  const told = await home.client.request<IdentityView<'push'>>(
    callTo({ method: 'POST', path: '/v1/push', access: 'signed' }, { body }),
  )
  return told.ok ? null : told.problem
}

/** The browser's address for this hub; one that was made for another hub's key is given back. */
async function addressAt(
  registration: ServiceWorkerRegistration,
  vapid: string,
): Promise<IdentityBody<'push'>['subscription'] | undefined> {
  const { pushManager } = registration
  const key = fromBase64url(vapid)
  if (key === undefined) return undefined
  try {
    const known = await pushManager.getSubscription()
    const made = known?.options.applicationServerKey
    const isOurs = made instanceof ArrayBuffer && toBase64url(new Uint8Array(made)) === vapid
    if (known !== null && !isOurs) await known.unsubscribe()
    const address = await pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key })
    const [p256dh, auth] = [address.getKey('p256dh'), address.getKey('auth')]
    if (p256dh === null || auth === null) return undefined
    return {
      endpoint: address.endpoint,
      p256dh: toBase64url(new Uint8Array(p256dh)),
      auth: toBase64url(new Uint8Array(auth)),
    }
  } catch {
    // The browser's push service is away, or it has none here (a private window).
    return undefined
  }
}
