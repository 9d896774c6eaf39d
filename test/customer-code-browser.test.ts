// "My code" in a real Chromium: shown on the phone, read at the register by camera, reader or keyboard, approved on the phone; what a
// used, a mistyped and another wallet's code come to; a photographed one; and a phone without a network.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Page } from 'playwright-core'
import { readBarcodes } from 'zxing-wasm/reader'
import { codeWords as said } from '#apps/register/words-code.ts'
import { problemText } from '#apps/shared/problems.ts'
import { codeWords as shown } from '#apps/wallet/words-code.ts'
import { walletWords } from '#apps/wallet/words.ts'
import { problemOf } from '#protocol/problems.ts'
import { openClient, type Client } from '#sdk/client.ts'
import { enrol } from '#sdk/identity.ts'
import { memoryStorage } from '#sdk/storage.ts'
import { writeQrVideo } from './browser.ts'
import { asked, codeOf, newDeal } from './support/bank.ts'
import { atTheCounter, CUTS, look, openCounter, PHONE, PIN, REFUSALS, TILL, type Counter } from './support/counter.ts'
import { readQr } from './support/qr.ts'
import type { RegisterPage } from './support/register-page.ts'
import { billOf, JPY } from './support/world.ts'

const BAKERY = 'Marubeni Bakery'
const NUMBER_OF_SOMEBODY_ELSE = '130000000000000000'

let counter: Counter
let market: Client
before(async () => {
  counter = await openCounter()
  market = await nightMarket()
})
after(async () => {
  market?.close()
  await counter?.close()
})

/** Another shop, with a register of its own. */
async function nightMarket(): Promise<Client> {
  const { directory, url } = counter.hub
  const made = { kind: 'merchant', name: 'Night Market', legalName: 'Night Ltd.', bucket: 6, units: [JPY] } as const
  const { id: party } = await directory.createParty(made)
  const till = { kind: 'terminal', party, lifeMs: 60_000, label: 'Till', terminalKind: 'counter' } as const
  const { code } = await directory.createCode(till)
  const storage = memoryStorage()
  assert.ok((await enrol({ hub: url, storage, code, label: 'Till' })).ok)
  return openClient({ hub: url, storage })
}

async function openCode(page: Page, language: 'en' | 'ja'): Promise<void> {
  await page.getByRole('button', { name: shown[language].tile, exact: true }).click()
  await page.locator('.my-code-qr .qr').waitFor()
}

const qrOn = async (page: Page): Promise<string> => readQr(await page.locator('.my-code-qr .qr').screenshot())

const digitsOn = async (page: Page): Promise<string> =>
  ((await page.locator('.my-code-short .number .hidden').textContent()) ?? '').replaceAll(/\D/gu, '')

async function barsOn(page: Page): Promise<string> {
  await page.locator('.bar-code path').waitFor({ state: 'attached' })
  const [code] = await readBarcodes(await page.locator('.bar-code').screenshot(), { formats: ['Code128'] })
  return code?.text ?? ''
}

async function begin(register: RegisterPage & { page: Page }, amount: string, language: 'en' | 'ja'): Promise<void> {
  if (amount !== '') await register.keyIn(amount)
  await register.page.getByRole('button', { name: said[language].way }).click()
  await register.page.getByRole('heading', { name: said[language].title }).waitFor()
}

async function typeCode(page: Page, code: string): Promise<void> {
  // As a reader does that is a keyboard: the field has the focus, and Enter ends the code.
  await page.keyboard.type(code)
  await page.keyboard.press('Enter')
}

test('the camera reads the code, the phone asks and pays; used, mistyped and foreign codes are said (en)', async () => {
  await atTheCounter(counter, async (open) => {
    const phone = await open.phone({ device: 'hanako' })
    await look(phone.page, 'my-code-home-en')
    await openCode(phone.page, 'en')
    const code = await qrOn(phone.page)
    const digits = await digitsOn(phone.page)
    assert.match(code, /^WRF1\.[\w-]{22}$/u)
    assert.equal(await barsOn(phone.page), digits)
    await look(phone.page, 'my-code-en')
    await writeQrVideo(counter.camera, code)

    const register = await open.register({ allows: REFUSALS })
    await begin(register, '640', 'en')
    await look(register.page, 'customer-code-en')
    await register.page.setViewportSize(PHONE)
    await look(register.page, 'customer-code-small-en')
    await register.page.setViewportSize(TILL)
    await register.page.getByRole('button', { name: said.en.camera }).click()
    assert.match(await register.joined(), /Hanako/u)

    // Nobody has pressed anything on the phone.
    assert.equal(await phone.joined(), BAKERY)
    await phone.amountIs('640')
    await phone.page.getByText(shown.en.readBy(BAKERY)).waitFor()
    await look(phone.page, 'my-code-read-en')
    await phone.approve(PIN)
    await phone.receipt()
    assert.match(await register.paid(), /640/u)
    await register.next()

    await begin(register, '100', 'en')
    await typeCode(register.page, digits.replaceAll(/(...)/gu, '$1 '))
    const used = problemText(problemOf('code-not-found'), 'en', 'biller')
    await register.trouble().filter({ hasText: used.sentence }).filter({ hasText: used.next }).waitFor()
    await look(register.page, 'customer-code-used-en')
    await typeCode(register.page, digits.slice(0, -1) + String((Number(digits.at(-1)) + 1) % 10))
    await register.page.getByText(said.en.slip).waitFor()
    await typeCode(register.page, NUMBER_OF_SOMEBODY_ELSE)
    await register.page.getByText(said.en.foreign('WeChat Pay')).waitFor()
    await look(register.page, 'customer-code-foreign-en')
  })
})

test('a photographed code brings a question that names the other shop, and declining is at hand (en)', async () => {
  await atTheCounter(counter, async (open) => {
    const phone = await open.phone({ device: 'kenji' })
    await openCode(phone.page, 'en')
    const digits = await digitsOn(phone.page)
    await phone.back()
    const sent = await market.send('bill-code', { deal: newDeal(), code: digits, bill: asked(billOf(9_000n)) })
    assert.equal(codeOf(sent), 'done', JSON.stringify(sent))
    assert.equal(await phone.joined(), 'Night Market')
    await phone.page.getByText(/^At \d\d:\d\d Night Market has read a code of this phone\.$/u).waitFor()
    await phone.page.getByText(shown.en.notThere).waitFor()
    await look(phone.page, 'my-code-photographed-en')
    await phone.page.locator('.unasked .button-seal', { hasText: walletWords.en.decline }).click()
    await phone.ended()
    await phone.done()
    await phone.balanceIs('¥')
  })
})

test('a phone without a network makes its code itself and pays when it is back; the digits are typed (ja)', async () => {
  await atTheCounter(counter, async (open) => {
    const phone = await open.phone({ device: 'hanako', language: 'ja', allows: CUTS })
    const register = await open.register({ language: 'ja', allows: REFUSALS })
    await openCode(phone.page, 'ja')
    await phone.page.locator('.bar-code path').waitFor({ state: 'attached' })
    await look(phone.page, 'my-code-ja')
    await begin(register, '420', 'ja')
    await look(register.page, 'customer-code-ja')
    await typeCode(register.page, await digitsOn(phone.page))
    assert.match(await register.joined(), /Hanako/u)
    await phone.page.getByText(shown.ja.readBy(BAKERY)).waitFor()
    await look(phone.page, 'my-code-read-ja')
    await phone.approve(PIN)
    await phone.receipt()
    await phone.done()
    await register.paid()
    await register.next()

    await phone.context.setOffline(true)
    await openCode(phone.page, 'ja')
    await phone.page.getByText(shown.ja.offline).waitFor()
    await look(phone.page, 'my-code-offline-ja')
    const code = await qrOn(phone.page)
    assert.match(code, /^WRF2\./u)
    await begin(register, '380', 'ja')
    await typeCode(register.page, code)
    assert.match(await register.joined(), /Hanako/u)
    await phone.context.setOffline(false)
    await phone.amountIs('380')
    await phone.approve(PIN)
    await phone.receipt()
    assert.match(await register.paid(), /380/u)
  })
})
