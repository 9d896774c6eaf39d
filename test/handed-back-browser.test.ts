// A phone without a network, and a register without one, in a real Chromium: codes from screen to camera both ways, the network truly off
// behind service workers; sales that wait through a reload, and what becomes of them when the network is back.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { BrowserContext, Page } from 'playwright-core'
import { handBackWords } from '#apps/register/words-hand-back.ts'
import { purchaseWords } from '#apps/wallet/words-purchase.ts'
import { walletWords } from '#apps/wallet/words.ts'
import type { Client } from '#sdk/client.ts'
import { answerCode, readPurchaseCode, unpackPurchase } from '#sdk/purchase-codes.ts'
import { checkPurchase, signPurchase } from '#sdk/purchase.ts'
import { withPin } from '#sdk/scram.ts'
import { writeQrVideo } from './browser.ts'
import { accountOf, moneyOf } from './support/bank.ts'
import { atTheCounter, CUTS, inDatabase, look, openCounter, PIN, REFUSALS, type Counter } from './support/counter.ts'
import { enrolled, until } from './support/hub.ts'
import { readQr } from './support/qr.ts'
import type { Language, WalletPage } from './support/wallet-page.ts'

let counter: Counter
let kenji: Client
before(async () => {
  counter = await openCounter()
  kenji = await enrolled(counter.hub, 'kenji')
})
after(async () => {
  kenji?.close()
  await counter?.close()
})

/** The worker has taken over and keeps the whole shell: from now on the page needs no network. */
const shellIsKept = (page: Page) =>
  page.evaluate(async () => {
    await navigator.serviceWorker.ready
  })

/** A register that has never had its certificate can ask no phone without a network. */
const certificateIsKept = (page: Page) =>
  until(() =>
    page.evaluate(
      (key) =>
        new Promise<boolean>((resolve, reject) => {
          const opening = indexedDB.open('warifu warifu-register')
          opening.addEventListener('error', reject)
          opening.addEventListener('success', () => {
            const reading = opening.result.transaction('values').objectStore('values').get(key)
            reading.addEventListener('success', () => {
              opening.result.close()
              resolve(reading.result !== undefined)
            })
          })
        }),
      'terminal certificate',
    ),
  )

async function goOffline({ context, page }: { context: BrowserContext; page: Page }): Promise<void> {
  await context.setOffline(true)
  await page.locator('.banner-offline').waitFor()
}

async function codeOn(page: Page): Promise<string> {
  const code = await readQr(await page.locator('.qr').first().screenshot())
  await writeQrVideo(counter.camera, code)
  return code
}

/** Scans what the camera shows, reads what is asked, and approves with the PIN. */
async function approveOn(phone: WalletPage, language: Language, name: string): Promise<void> {
  const [words, wallet] = [purchaseWords[language], walletWords[language]]
  await phone.page.getByRole('button', { name: wallet.scan, exact: true }).click()
  await phone.page.getByRole('heading', { name: words.title, exact: true }).waitFor()
  assert.equal(await phone.page.getByText(words.offline).count(), 1)
  await look(phone.page, `${name}-approve`)
  await phone.page.getByRole('button', { name: wallet.approve, exact: true }).click()
  await phone.page.getByLabel(wallet.pin, { exact: true }).waitFor()
  await phone.page.keyboard.type(PIN)
  await phone.page.getByRole('heading', { name: words.signedTitle, exact: true }).waitFor()
  await look(phone.page, `${name}-answer`)
}

test('the phone has no network: two codes, the shop hands it in, and the phone hears of it later (en)', async () => {
  const said = handBackWords.en
  await atTheCounter(counter, async (open) => {
    const phone = await open.phone({ device: 'hanako', allows: CUTS })
    await shellIsKept(phone.page)
    await goOffline(phone)
    await phone.page.reload()
    await phone.page.getByRole('button', { name: walletWords.en.scan, exact: true }).waitFor()
    assert.equal(
      await phone.page.evaluate(() =>
        fetch('/v1/scheme').then(
          () => 'there',
          () => 'away',
        ),
      ),
      'away',
    )

    const register = await open.register()
    await register.keyIn('640')
    await register.page.getByRole('button', { name: said.way }).click()
    await register.page.getByRole('heading', { name: said.title }).waitFor()
    await register.page.locator('.hand-back-code .qr').waitFor()
    await look(register.page, 'hand-back-code-en')
    assert.match(await codeOn(register.page), /\/wallet#purchase=[\w-]+$/u)

    await approveOn(phone, 'en', 'hand-back-en')
    assert.match(await codeOn(phone.page), /\/register#answer=[\w-]+$/u)

    await register.page.getByRole('button', { name: said.read }).click()
    assert.equal(await register.paid(), '¥640')
    await look(register.page, 'hand-back-paid-en')

    await phone.context.setOffline(false)
    assert.match(await phone.receipt(), /640/u)
    await look(phone.page, 'hand-back-later-en')
  })
})

test('the register has none either: taken, kept through a reload, handed in when it is back, one of two declined (ja)', async () => {
  const said = handBackWords.ja
  await atTheCounter(counter, async (open) => {
    const phone = await open.phone({ device: 'hanako', language: 'ja', allows: CUTS })
    const register = await open.register({
      language: 'ja',
      allows: new RegExp(`${CUTS.source}|${REFUSALS.source}`, 'u'),
    })
    await Promise.all([shellIsKept(phone.page), shellIsKept(register.page), certificateIsKept(register.page)])
    await goOffline(phone)
    await goOffline(register)
    await register.page.reload()
    await register.page.getByText(said.offline).waitFor()
    await look(register.page, 'offline-till-ja')
    const before = await moneyOf(kenji)

    await register.keyIn('500')
    await register.page.getByRole('button', { name: said.way }).first().click()
    await register.page.locator('.hand-back-code .qr').waitFor()
    await codeOn(register.page)
    await approveOn(phone, 'ja', 'offline-ja')
    await codeOn(phone.page)
    await register.page.getByRole('button', { name: said.read }).click()
    await register.page.getByRole('heading', { name: said.takenTitle }).waitFor()
    assert.equal(await register.page.getByText(said.takenNot).count(), 1)
    await look(register.page, 'offline-taken-ja')

    // The page is opened anew twice: before the second sale, and while its code is on the screen.
    await register.page.reload()
    await register.page.getByText(said.waiting(1, '500円')).waitFor()
    await register.keyIn('300')
    await register.page.getByRole('button', { name: said.way }).first().click()
    await register.page.locator('.hand-back-code .qr').waitFor()
    const answer = await signedBy(kenji, await codeOn(register.page))
    await register.page.reload()
    await register.page.locator('.hand-back-code .qr').waitFor()
    await writeQrVideo(counter.camera, answer)
    await register.page.getByRole('button', { name: said.read }).click()
    await register.page.getByRole('heading', { name: said.takenTitle }).waitFor()
    await register.page.getByRole('button', { name: said.next }).click()

    await register.keyIn('9000')
    await register.page.getByRole('button', { name: said.way }).first().click()
    await register.page.getByText(said['fault payment']('5,000円')).waitFor()
    await look(register.page, 'offline-caps-ja')
    await register.page.keyboard.press('Escape')

    const account = await accountOf(kenji)
    await inDatabase(counter.hub, `update account set status = 'frozen' where key = '${account}'`)
    await register.context.setOffline(false)
    await register.page.getByText(said.declined(1)).waitFor()
    await register.page.getByRole('button', { name: said.look }).click()
    await register.page.locator('.offline-settled').waitFor()
    await look(register.page, 'offline-decided-ja')
    assert.match(await register.page.locator('.offline-settled').innerText(), /花子|Hanako/u)
    for (const state of ['settled', 'declined'])
      await register.page.locator(`.offline-${state}`).getByRole('button', { name: said.done }).click()
    await register.page.getByText(said.none, { exact: true }).waitFor()
    assert.equal(await moneyOf(kenji), before, 'the declined one moved nothing')

    await phone.context.setOffline(false)
    assert.match(await phone.receipt(), /500/u)
  })
})

/** A phone of another maker: the same bytes, without a screen. */
async function signedBy(client: Client, code: string): Promise<string> {
  const { url } = counter.hub
  const read = readPurchaseCode(code, url)
  assert.ok(read?.kind === 'whole')
  const [texts, identity] = [await unpackPurchase(read.packed), await client.identity()]
  assert.ok(texts && identity)
  const checked = await checkPurchase(identity, texts, client.hubNow())
  assert.ok(checked.ok, JSON.stringify(checked))
  const signed = await signPurchase(client, checked.purchase, { prove: withPin(PIN), now: client.hubNow() })
  assert.ok(signed.ok)
  return answerCode(url, signed.view.signed)
}

test('after all that Kenji can pay nothing, and Hanako has paid twice', async () => {
  const deals = await until(async () => {
    const register = await enrolled(counter.hub, 'office')
    const sales = await register.sales()
    register.close()
    return sales.ok && sales.view.deals
  })
  const handed = deals.filter(({ way }) => way === 'hand-back').map(({ state, bill }) => `${state} ${bill?.total}`)
  assert.deepEqual(handed.toSorted(), ['ended 300', 'settled 500', 'settled 640'])
})
