// A pushed command in a real browser: the hub posts, the service worker shows, the tap leads to the payment. Only the browser's subscription
// is replaced (there is no push service here): what the hub has sent goes into the worker as the browser would give it.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { BrowserContext, CDPSession, Page, Worker } from 'playwright-core'
import { mineWords } from '#apps/wallet/words-mine.ts'
import { walletWords } from '#apps/wallet/words.ts'
import { bucketOfId, parseId, type DeviceId } from '#core/ids.ts'
import { billToWire } from '#protocol/bill.ts'
import { parsePushed } from '#protocol/pushed.ts'
import type { Client } from '#sdk/client.ts'
import { hasWholeBrowser } from './browser.ts'
import { accountOf, newDeal } from './support/bank.ts'
import { atTheCounter, look, openCounter, PHONE, PIN, REFUSALS, type Counter } from './support/counter.ts'
import { enrolled, until } from './support/hub.ts'
import { withClient } from './support/postgres.ts'
import { openPushReceiver, type Mailbox, type PushReceiver } from './support/push-receiver.ts'
import { walletOn, type Language } from './support/wallet-page.ts'
import { billOf } from './support/world.ts'

/** Like the power cut without a loop device: said, and not pretended. */
const options = { skip: !hasWholeBrowser && 'not run: no browser here that shows notifications' }

let receiver: PushReceiver
let counter: Counter
let kenji: Client

before(async () => {
  receiver = await openPushReceiver()
  counter = await openCounter({ pushTo: receiver.pushTo, isWhole: true })
  kenji = await enrolled(counter.hub, 'kenji')
})
after(async () => {
  kenji?.close()
  await counter?.close()
  await receiver?.close()
})

type Shown = Readonly<{ title: string; body: string; tag: string; lang: string; stays: boolean }>

/** Hanako's phone, whose wallet may be closed: another page of the same origin looks at its notifications. */
type Phone = Readonly<{
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
}>

async function openPhone(
  context: BrowserContext,
  page: Page,
  options: { language: Language; detail: boolean },
): Promise<Phone> {
  const { hub } = counter
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
  const worker = globalThis as unknown as InWorker
  worker.clients.openWindow = async (address) => ((worker.opened = address), null)
}

async function tapOn(tag: string): Promise<string | null> {
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

// ---- the story

async function billHanako(amount: bigint): Promise<string> {
  const hanako = await enrolled(counter.hub, 'hanako')
  const sent = await kenji.send('bill-person', {
    deal: newDeal(),
    to: await accountOf(hanako),
    bill: billToWire(billOf(amount)),
  })
  hanako.close()
  assert.ok(sent.ok && sent.view.deal?.payment, JSON.stringify(sent))
  return sent.view.deal.payment
}

async function hanakoReads(language: Language, device: DeviceId): Promise<void> {
  const found = await counter.hub.directory.identityOf(device)
  assert.ok(found?.actor.kind === 'device')
  const { party } = found.actor
  await withClient(counter.hub.settings, (client) =>
    client.query(
      `insert into profile (bucket, party, language, updated_at) values ($1, $2, $3, 1)
       on conflict (bucket, party) do update set language = excluded.language`,
      [bucketOfId(party), party.slice(4), language],
    ),
  )
}

const only = async (phone: Phone, count: number): Promise<readonly Shown[]> =>
  until(async () => {
    const shown = await phone.notifications()
    return shown.length === count && shown
  })

/**
 * Chromium says that a notification is gone before it is, and then the next one with its tag goes along with it. What is shown in the
 * same way each time may be sent again.
 */
async function shownFor(phone: Phone, text: string): Promise<readonly Shown[]> {
  let sentAt = -Infinity
  return until(async () => {
    if (performance.now() - sentAt > AGAIN_MS) {
      sentAt = performance.now()
      await phone.deliver(text)
    }
    const shown = await phone.notifications()
    return shown.length === 1 && shown
  })
}
const AGAIN_MS = 4_000

for (const language of ['en', 'ja'] as const) {
  const generic = {
    en: ['A bill for you', 'Open the wallet to see it.'],
    ja: ['請求が届いています', 'ウォレットを開いてご確認ください。'],
  }[language]
  const neutral = { en: 'Open the wallet.', ja: 'ウォレットを開いてください。' }[language]

  test(
    `${language}: a closed wallet shows what the hub has signed, once, and a tap leads to the payment`,
    options,
    async () => {
      await atTheCounter(counter, async ({ machine }) => {
        const made = await machine({ language, context: { viewport: PHONE }, allows: REFUSALS })
        const phone = await openPhone(made.context, made.page, { language, detail: false })
        await phone.shut()

        const payment = await billHanako(800n)
        const { text } = await phone.mailbox.next()
        await phone.deliver(text)
        assert.deepEqual(await only(phone, 1), [
          { title: generic[0], body: generic[1], tag: payment, lang: language, stays: true },
        ])

        // The same again, the same with another payment in it, and what anybody could send.
        const foreign = text.replace(payment, `pay_${'0'.repeat(32)}`)
        for (const bad of [text, foreign, '{"v":1,"kind":"payment"}', 'You have won', '']) {
          await phone.clear()
          const [shown] = await shownFor(phone, bad)
          assert.deepEqual(shown, { title: 'Warifu', body: neutral, tag: 'neutral', lang: language, stays: false }, bad)
        }
        assert.equal(await phone.tap('neutral'), '/wallet')

        const second = await billHanako(810n)
        await phone.deliver((await phone.mailbox.next()).text)
        await until(async () => (await phone.notifications()).some(({ tag }) => tag === second))
        const address = await phone.tap(second)
        assert.equal(address, `/wallet#payment=${second}`)
        await only(phone, 0)
        await phone.page.goto(`${counter.hub.url}${address}`)
        const wallet = walletOn(phone.page, language)
        assert.match(await wallet.joined(), /Kenji/)
        await wallet.amountIs('810')
        await look(phone.page, `wallet-pushed-${language}`)
      })
    },
  )

  // What is written on the lock screen is made of words, and the rest is the story above.
  if (language === 'ja')
    test(
      `${language}: who wants names and amounts on the lock screen has them there, and a tap leads the open wallet to the payment`,
      options,
      async () => {
        await atTheCounter(counter, async ({ machine }) => {
          const made = await machine({ language, context: { viewport: PHONE }, allows: REFUSALS })
          const phone = await openPhone(made.context, made.page, { language, detail: true })
          await hanakoReads(language, phone.device)
          await phone.shut()
          const payment = await billHanako(820n)
          await phone.deliver((await phone.mailbox.next()).text)
          const [shown] = await only(phone, 1)
          assert.match(
            shown?.title ?? '',
            language === 'ja' ? /^Kenjiから.*820.*の請求です$/u : /^Kenji asks for .*820/u,
          )

          await phone.page.goto(`${counter.hub.url}/wallet`)
          await phone.page.locator('.balance .amount').first().waitFor()
          assert.equal(await phone.tap(payment), null, 'no second wallet is opened')
          const wallet = walletOn(phone.page, language)
          assert.match(await wallet.joined(), /Kenji/)
          await wallet.amountIs('820')
        })
      },
    )
}

test(
  'a closed wallet answers by itself that its owner has just been there, and shows nothing; without a proof it says “open the wallet”',
  options,
  async () => {
    await atTheCounter(counter, async ({ machine }) => {
      const made = await machine({ language: 'en', context: { viewport: PHONE }, allows: REFUSALS })
      const phone = await openPhone(made.context, made.page, { language: 'en', detail: false })
      await phone.shut()
      const presence = async (): Promise<{ asked: Promise<boolean>; text: string }> => {
        const asked = counter.hub.reach.askPresence(phone.device)
        const { text } = await phone.mailbox.next()
        assert.equal(parsePushed(text)?.message.kind, 'presence')
        return { asked, text }
      }
      const before = await presence()
      await phone.deliver(before.text)
      assert.deepEqual((await only(phone, 1))[0]?.tag, 'neutral')
      await phone.clear()

      const payment = await billHanako(830n)
      await phone.mailbox.next()
      await phone.page.goto(`${counter.hub.url}/wallet#payment=${payment}`)
      const wallet = walletOn(phone.page, 'en')
      await wallet.joined()
      await wallet.approve(PIN)
      await wallet.receipt()
      await until(() => phone.page.evaluate(keptHere, 'presence').then((kept) => kept !== undefined))
      await phone.shut()

      const { asked, text } = await presence()
      await phone.deliver(text)
      assert.equal(await asked, true)
      assert.deepEqual(await phone.notifications(), [])
      await phone.deliver(text)
      assert.deepEqual((await only(phone, 1))[0]?.tag, 'neutral', 'the same command again does nothing')
      await withClient(counter.hub.settings, (client) =>
        client.query('update pushed_command set answered_at = 1, is_there = false where answered_at is null'),
      )
      assert.equal(await before.asked, false)
    })
  },
)
