// A pushed command in a real browser: the hub posts, the service worker shows, the tap leads to the payment. Only the browser's subscription
// is replaced (there is no push service here): what the hub has sent goes into the worker as the browser would give it.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { BrowserContext, Page } from 'playwright-core'
import { bucketOfId, type DeviceId } from '#core/ids.ts'
import { billToWire } from '#protocol/bill.ts'
import { parsePushed } from '#protocol/pushed.ts'
import type { Client } from '#sdk/client.ts'
import { hasWholeBrowser } from './browser.ts'
import { accountOf, newDeal } from './support/bank.ts'
import { atTheCounter, look, openCounter, PHONE, PIN, REFUSALS, type Counter } from './support/counter.ts'
import { enrolled, until } from './support/hub.ts'
import { withClient } from './support/postgres.ts'
import { openPushedPhone, type PushedPhone, type Shown } from './support/pushed-phone.ts'
import { openPushReceiver, type PushReceiver } from './support/push-receiver.ts'
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

const openPhone = (
  context: BrowserContext,
  page: Page,
  wish: { language: Language; detail: boolean },
): Promise<PushedPhone> => openPushedPhone({ hub: counter.hub, receiver }, context, page, wish)

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

const only = async (phone: PushedPhone, count: number): Promise<readonly Shown[]> =>
  until(async () => {
    const shown = await phone.notifications()
    return shown.length === count && shown
  })

/**
 * Chromium says that a notification is gone before it is, and then the next one with its tag goes along with it. What is shown in the
 * same way each time may be sent again.
 */
async function shownFor(phone: PushedPhone, text: string): Promise<readonly Shown[]> {
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
      await until(async () => (await phone.kept('presence')) !== undefined)
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
