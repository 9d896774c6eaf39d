// A card at the register in a real Chromium, the owner first: unlocked, shown, read; the phone answers by itself, open or closed; a locked one; nobody
// who agrees; and a user id without a bill.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Page } from 'playwright-core'
import { cardWords as said } from '#apps/register/words-card.ts'
import { codeWords as reading } from '#apps/register/words-code.ts'
import { words as registerWords } from '#apps/register/words.ts'
import { cardIdWords as shown } from '#apps/wallet/words-card-id.ts'
import { cardWords } from '#apps/wallet/words-cards.ts'
import { walletWords } from '#apps/wallet/words.ts'
import { parseId } from '#core/ids.ts'
import { parsePushed } from '#protocol/pushed.ts'
import { hasWholeBrowser } from './browser.ts'
import { cardOf, settleIssuers } from './support/card-users.ts'
import {
  atTheCounter,
  inDatabase,
  look,
  openCounter,
  PHONE,
  PIN,
  REFUSALS,
  TILL,
  type Counter,
} from './support/counter.ts'
import { fakeVault, type FakeVault } from './support/fake-vault.ts'
import { until } from './support/hub.ts'
import { openPushedPhone } from './support/pushed-phone.ts'
import { openPushReceiver, type PushReceiver } from './support/push-receiver.ts'
import { readQr } from './support/qr.ts'
import type { RegisterPage } from './support/register-page.ts'
import { walletOn, type Language } from './support/wallet-page.ts'

const BAKERY = 'Marubeni Bakery'
const CARD = 'Tanuki Card ···4242'

let vault: FakeVault
let receiver: PushReceiver
let counter: Counter
before(async () => {
  vault = await fakeVault()
  receiver = await openPushReceiver()
  counter = await openCounter({ vault: vault.settings, pushTo: receiver.pushTo, isWhole: hasWholeBrowser })
  await settleIssuers(counter.hub)
})
after(async () => {
  await counter?.close()
  await receiver?.close()
  await vault?.die()
})

const press = (page: Page, name: string): Promise<void> =>
  page.getByRole('button', { name, exact: true }).first().click()

/** What the wallet has kept of itself. */
const selfOn = (page: Page, storage: string): Promise<{ id: string; party: string }> =>
  page.evaluate(
    (name) =>
      new Promise((resolve, reject) => {
        const opening = indexedDB.open(name)
        opening.addEventListener('error', reject)
        opening.addEventListener('success', () => {
          const get = opening.result.transaction('values').objectStore('values').get('identity')
          get.addEventListener('success', () => {
            opening.result.close()
            resolve((get.result as { self: { id: string; party: string } }).self)
          })
        })
      }),
    storage,
  )

/** From home: one more card of this phone's owner, and its screen for registers. */
async function toCardId(page: Page, language: Language, device = ''): Promise<void> {
  const { party } = await selfOn(page, `warifu warifu-wallet${device}`)
  await cardOf(counter.hub, parseId('pty', party) ?? assert.fail())
  await press(page, walletWords[language].settings)
  await page.getByRole('button', { name: new RegExp(cardWords[language].about, 'u') }).click()
  await page.locator('.card-row').first().click()
  await press(page, cardWords[language].atRegister)
}

async function unlock(page: Page, language: Language): Promise<void> {
  await press(page, shown[language].unlock)
  await page.getByRole('dialog').waitFor()
  await page.keyboard.type(PIN)
  await page.locator('.my-code-qr .qr').waitFor()
}

const idOn = async (page: Page): Promise<string> => readQr(await page.locator('.my-code-qr .qr').screenshot())

/** As a reader does that is a keyboard. */
async function read(register: RegisterPage & { page: Page }, language: Language, code: string): Promise<void> {
  await register.page.getByRole('button', { name: reading[language].way }).click()
  await register.page.getByRole('heading', { name: reading[language].title }).waitFor()
  await register.page.keyboard.type(code)
  await register.page.keyboard.press('Enter')
}

test('the owner unlocks and shows the card, the open wallet answers by itself, and one tap pays (en)', async () => {
  await atTheCounter(counter, async (open) => {
    const phone = await open.phone({ device: 'hanako', allows: REFUSALS })
    const { page } = phone
    await toCardId(page, 'en', '-hanako')
    await page.getByText(shown.en.unlockFirst).waitFor()
    assert.equal(await page.locator('.qr').count(), 0, 'a phone that was found shows nothing')
    await look(page, 'card-id-locked-en')
    await unlock(page, 'en')
    await page.getByText(/^Unlocked until \d\d:\d\d/u).waitFor()
    await look(page, 'card-id-en')
    await page.getByText(shown.en.nearby).click()
    await page.getByText(shown.en.noSound).waitFor()
    await look(page, 'card-id-nearby-en')
    const code = await idOn(page)
    assert.match(code, /^WRF3\.[\w-]{22}$/u)

    const register = await open.register({ allows: REFUSALS })
    await read(register, 'en', code)
    await register.page.getByText(said.en.billFirst).waitFor()
    await look(register.page, 'card-bill-first-en')
    await register.page.keyboard.press('Escape')
    await register.keyIn('640')
    await read(register, 'en', code)
    assert.match(await register.joined(), /Hanako/u)
    // Hanako lets shops see her picture: who stands there is asked first.
    await press(register.page, registerWords.en.actKnown)
    await register.page.getByText(said.en.answered).waitFor()
    await look(register.page, 'card-answered-en')

    assert.equal(await phone.joined(), BAKERY)
    await phone.amountIs('640')
    await page.getByText(shown.en.readBy(BAKERY, CARD)).waitFor()
    await page.getByText(shown.en.answered).waitFor()
    await look(page, 'card-id-read-en')
    const before = vault.asked('authorise')
    await press(page, 'Approve')
    assert.match(await phone.receipt(), new RegExp(CARD, 'u'))
    assert.match(await register.paid(), /640/u)
    assert.equal(vault.asked('authorise'), before + 1)
    await register.next()
    await phone.done()

    // A new one ends what somebody may have a picture of.
    await press(page, walletWords.en.settings)
    await page.getByRole('button', { name: new RegExp(cardWords.en.about, 'u') }).click()
    await page.locator('.card-row').first().click()
    await press(page, cardWords.en.atRegister)
    assert.equal(await idOn(page), code)
    await press(page, shown.en.renew)
    await page.getByRole('dialog').getByRole('button', { name: shown.en.renew }).click()
    await until(async () => (await idOn(page)) !== code)
    await register.keyIn('100')
    await read(register, 'en', code)
    await register.trouble().waitFor()
  })
})

test('a locked phone says so on both sides, and its PIN answers and agrees; without any it ends, and is read again (ja)', async () => {
  await atTheCounter(counter, async (open) => {
    const phone = await open.phone({ device: 'kenji', language: 'ja', allows: REFUSALS })
    const { page } = phone
    await toCardId(page, 'ja', '-kenji')
    await unlock(page, 'ja')
    await look(page, 'card-id-ja')
    const code = await idOn(page)
    const { id } = await selfOn(page, 'warifu warifu-wallet-kenji')
    await inDatabase(counter.hub, `update device set proved_at = 0 where id = '${id.slice(4)}'`)

    const register = await open.register({ language: 'ja', allows: REFUSALS })
    await register.keyIn('420')
    await read(register, 'ja', code)
    assert.match(await register.joined(), /Kenji/u)
    await register.page.getByText(said.ja.notAnswered).waitFor()
    await page.getByText(shown.ja.notAnswered).waitFor()
    await look(register.page, 'card-asked-ja')
    await register.page.setViewportSize(PHONE)
    await look(register.page, 'card-asked-small-ja')
    await register.page.setViewportSize(TILL)
    await look(page, 'card-id-unanswered-ja')
    const before = vault.asked('authorise')
    const { payment } = (await inboxOf(id)) ?? assert.fail()
    await runOut(payment)
    await register.on('ended')
    await register.page.getByText(said.ja.endedText).waitFor()
    await look(register.page, 'card-ended-ja')
    await phone.ended()
    await phone.done()
    assert.equal(vault.asked('authorise'), before)

    await register.next()
    await register.keyIn('420')
    await read(register, 'ja', code)
    await register.joined()
    await phone.amountIs('420')
    await press(page, '承認する')
    await page.getByLabel('暗証番号', { exact: true }).waitFor()
    await page.keyboard.type(PIN)
    await phone.receipt()
    await look(page, 'card-id-paid-ja')
    assert.match(await register.paid(), /420/u)
  })
})

test(
  'a closed wallet answers by itself what the hub says is there, and nothing that somebody else pushes (en)',
  { skip: !hasWholeBrowser && 'not run: no browser here that shows notifications' },
  async () => {
    await atTheCounter(counter, async (open) => {
      const made = await open.machine({ context: { viewport: PHONE }, allows: REFUSALS })
      const { hub } = counter
      const phone = await openPushedPhone({ hub, receiver }, made.context, made.page, { language: 'en', detail: false })
      await phone.page.goto(`${hub.url}/wallet`)
      await phone.page.locator('.balance .amount').first().waitFor()
      await toCardId(phone.page, 'en')
      await unlock(phone.page, 'en')
      const code = await idOn(phone.page)
      await until(async () => (await phone.kept('presence')) !== undefined)
      await phone.shut()

      const register = await open.register({ allows: REFUSALS })
      await register.keyIn('830')
      await read(register, 'en', code)
      await register.joined()
      await press(register.page, registerWords.en.actKnown)
      await register.page.getByText(said.en.notAnswered).waitFor()
      const { text } = await phone.mailbox.next()
      const { payment } = parsePushed(text)?.message ?? assert.fail()
      assert.ok(payment !== null)
      const isAnswered = async (): Promise<boolean> =>
        (await hub.store.readPayment(parseId('pay', payment) ?? assert.fail()))?.attested !== null

      for (const forged of [text.replace(payment, `pay_${'0'.repeat(32)}`), text.replace('"card"', '"payment"')]) {
        await phone.deliver(forged)
        await until(async () => (await phone.notifications()).some(({ tag }) => tag === 'neutral'))
        await phone.clear()
        assert.equal(await isAnswered(), false)
      }
      await phone.deliver(text)
      await register.page.getByText(said.en.answered).waitFor()
      const [told] = await until(async () => {
        const all = await phone.notifications()
        return all.length === 1 && all
      })
      assert.deepEqual([told?.tag, told?.stays], [payment, true])
      assert.equal(told?.title, 'A shop asks for your card')
      assert.equal(await phone.tap(payment), `/wallet#payment=${payment}`)
      await phone.page.goto(`${hub.url}/wallet#payment=${payment}`)
      const wallet = walletOn(phone.page, 'en')
      assert.equal(await wallet.joined(), BAKERY)
      await phone.page.getByText(shown.en.answered).waitFor()
      await wallet.decline()
      await wallet.ended()
      await register.on('ended')
    })
  },
)

/** The payment that waits for this phone. */
async function inboxOf(device: string): Promise<{ payment: string } | undefined> {
  const { store } = counter.hub
  const identity = await counter.hub.directory.identityOf(parseId('dev', device) ?? assert.fail())
  assert.ok(identity?.actor.kind === 'device')
  const [payment] = await store.readOpenPayments(identity.actor.party, 1)
  return payment && { payment: payment.id }
}

/** Two minutes go by for this payment. */
const runOut = (payment: string): Promise<void> =>
  inDatabase(
    counter.hub,
    `update payment set due_at = 1, snapshot = jsonb_set(snapshot, '{expiresAt}', '1') where id = '${payment.slice(4)}'`,
  )
