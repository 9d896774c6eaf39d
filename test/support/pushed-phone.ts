// A phone in a real browser that pushes reach. Only the browser's subscription is replaced (there is no push service here): what the hub has
// sent is given to the worker as the browser would give it.
import assert from 'node:assert/strict'
import type { BrowserContext, CDPSession, Page, Worker } from 'playwright-core'
import { mineWords } from '#apps/wallet/words-mine.ts'
import { walletWords } from '#apps/wallet/words.ts'
import { parseId, type DeviceId } from '#core/ids.ts'
import { until, type TestHub } from './hub.ts'
import type { Mailbox, PushReceiver } from './push-receiver.ts'
import type { Language } from './wallet-page.ts'

export type Shown = Readonly<{ title: string; body: string; tag: string; lang: string; stays: boolean }>

/** A phone whose wallet may be closed: another page of the same origin looks at its notifications. */
export type PushedPhone = Readonly<{
  page: Page
  mailbox: Mailbox
  device: DeviceId
  /** Leaves the wallet: nobody watches any more. */
  shut(): Promise<void>
  deliver(text: string): Promise<void>
  notifications(): Promise<readonly Shown[]>
  /** Taps the notification with this tag; gives the address that a new wallet would be opened at, null where one was open. */
  tap(tag: string): Promise<string | null>
  clear(): Promise<void>
  /** What the wallet keeps under this key. */
  kept(key: string): Promise<unknown>
}>

/** Sets up a wallet in this page and turns its notifications on; the hub must push to the receiver. */
export async function openPushedPhone(
  { hub, receiver }: Readonly<{ hub: TestHub; receiver: PushReceiver }>,
  context: BrowserContext,
  page: Page,
  options: { language: Language; detail: boolean },
): Promise<PushedPhone> {
  const { language, detail } = options
  const mailbox = receiver.subscribe()
  await context.grantPermissions(['notifications'], { origin: hub.url })
  await context.addInitScript(subscribeAs, mailbox.subscription)
  await page.addInitScript((locale) => localStorage.setItem('warifu.locale', locale), language)
  await page.goto(`${hub.url}/wallet`)
  await page.locator('.balance .amount').first().waitFor()
  await switchOn(page, language, detail)
  const session = await context.newCDPSession(page)
  const registrationId = await registrationOf(session, `${hub.url}/wallet`)
  // Border: the wallet's own row.
  const identity = (await page.evaluate(keptHere, 'identity')) as { self: { id: string } }
  const device = parseId('dev', identity.self.id)
  assert.ok(device)
  const worker = await until<Worker>(() =>
    context.serviceWorkers().find((each) => each.url().endsWith('/wallet-sw.js')),
  )
  await worker.evaluate(rememberAddresses)
  return {
    page,
    mailbox,
    device,
    async shut() {
      await page.goto(`${hub.url}/v1/push/key`)
      await until(() => !hub.watchers.isWatching(device))
    },
    async deliver(text) {
      await session.send('ServiceWorker.deliverPushMessage', { origin: hub.url, registrationId, data: text })
    },
    notifications: () => page.evaluate(shownHere),
    kept: (key) => page.evaluate(keptHere, key),
    async tap(tag) {
      return worker.evaluate(tapOn, tag)
    },
    async clear() {
      await page.evaluate(clearHere)
      // A notification that is still being closed would take the next one with its tag along.
      await until(async () => (await page.evaluate(shownHere)).length === 0)
    },
  }
}

/** Through the settings, as the owner does it. */
async function switchOn(page: Page, language: Language, detail: boolean): Promise<void> {
  const [words, mine] = [walletWords[language], mineWords[language]]
  await page.getByRole('button', { name: words.settings, exact: true }).click()
  await page.getByRole('button', { name: mine.notifications }).click()
  const notify = page.getByRole('switch', { name: mine.notify })
  await notify.click()
  await until(async () => (await notify.isChecked()) && (await notify.isEnabled()))
  if (detail) {
    const names = page.getByRole('switch', { name: mine.notifyDetail })
    await names.click()
    await until(async () => (await names.isChecked()) && (await names.isEnabled()))
  }
}

// ---- what runs in the browser

/** The browser's push service is not there: its part of a subscription comes from the test's receiver. */
function subscribeAs({ endpoint, p256dh, auth }: Mailbox['subscription']): void {
  const bytes = (text: string): ArrayBuffer =>
    Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (each) => each.charCodeAt(0)).buffer
  let key: ArrayBuffer | null = null
  const subscription = {
    endpoint,
    getKey: (name: string) => bytes(name === 'auth' ? auth : p256dh),
    get options() {
      return { applicationServerKey: key }
    },
    unsubscribe: async () => ((key = null), true),
  }
  Object.assign(PushManager.prototype, {
    getSubscription: async () => (key === null ? null : subscription),
    subscribe: async (options: { userVisibleOnly: boolean; applicationServerKey: Uint8Array<ArrayBuffer> }) => {
      if (!options.userVisibleOnly || options.applicationServerKey.length !== 65)
        throw new Error('not as browsers want it')
      key = Uint8Array.from(options.applicationServerKey).buffer
      return subscription
    },
  })
}

/** What the wallet has kept under this key. */
const keptHere = (key: string): Promise<unknown> =>
  new Promise((resolve, reject) => {
    const opening = indexedDB.open('warifu warifu-wallet')
    opening.addEventListener('error', reject)
    opening.addEventListener('success', () => {
      const reading = opening.result.transaction('values').objectStore('values').get(key)
      reading.addEventListener('success', () => {
        opening.result.close()
        resolve(reading.result)
      })
    })
  })

async function shownHere(): Promise<Shown[]> {
  const shown = await (await navigator.serviceWorker.getRegistration('/wallet'))?.getNotifications()
  return (shown ?? []).map(({ title, body, tag, lang, requireInteraction }) => ({
    title,
    body,
    tag,
    lang,
    stays: requireInteraction,
  }))
}

async function clearHere(): Promise<void> {
  const shown = await (await navigator.serviceWorker.getRegistration('/wallet'))?.getNotifications()
  for (const each of shown ?? []) each.close()
}

/** The part of a worker that is used here: TypeScript's DOM library describes pages. */
type InWorker = {
  registration: ServiceWorkerRegistration
  clients: { openWindow(address: string): Promise<unknown> }
  opened: string | null
  dispatchEvent(event: Event): boolean
}

/** Without a person's tap no browser opens a window: where it would have led is remembered. */
function rememberAddresses(): void {
  // Border: this runs in the page's worker, whose globals these are.
  const worker = globalThis as unknown as InWorker
  worker.clients.openWindow = async (address) => ((worker.opened = address), null)
}

async function tapOn(tag: string): Promise<string | null> {
  // Border: this runs in the page's worker, whose globals these are.
  const worker = globalThis as unknown as InWorker
  worker.opened = null
  const [notification] = await worker.registration.getNotifications({ tag })
  if (notification === undefined) throw new Error(`no notification ${tag}`)
  const done: Promise<unknown>[] = []
  const waitUntil = (work: Promise<unknown>): void => void done.push(work)
  worker.dispatchEvent(Object.assign(new Event('notificationclick'), { notification, waitUntil }))
  // Nor does one give the focus without a tap.
  await Promise.allSettled(done)
  return worker.opened
}

async function registrationOf(session: CDPSession, scope: string): Promise<string> {
  let found: string | undefined
  session.on('ServiceWorker.workerRegistrationUpdated', ({ registrations }) => {
    found = registrations.find(({ scopeURL }) => scopeURL === scope)?.registrationId ?? found
  })
  await session.send('ServiceWorker.enable')
  return until(() => found)
}
