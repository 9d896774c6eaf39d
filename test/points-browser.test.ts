// A sign where nobody stands, in a real Chromium: made, pictured and printed in the office, read by the phone's camera or from a tag, paid;
// one that has ended; the number in its EMVCo form; and codes of other systems, which are named and never opened.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Page } from 'playwright-core'
import { signWords, pointWords as officeWords } from '#apps/merchant/words-points.ts'
import { foreignSentences } from '#apps/shared/foreign.ts'
import { problemText } from '#apps/shared/problems.ts'
import { pointWords as phoneWords } from '#apps/wallet/words-point.ts'
import { walletWords } from '#apps/wallet/words.ts'
import { readOurCode } from '#core/emv-ours.ts'
import { foreignCode } from '#core/foreign-codes.ts'
import { problemOf } from '#protocol/problems.ts'
import { writeQrVideo } from './browser.ts'
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
import { openOfficePage } from './support/office-page.ts'
import { somePicture } from './support/points.ts'
import { readQr } from './support/qr.ts'
import type { WalletPage } from './support/wallet-page.ts'

const PIX =
  '00020126360014BR.GOV.BCB.PIX0114+5511943214321520400005303986540566.665802BR5907EMPRESA6008BRASILIA62070503***630404ED'
const DESKTOP = { viewport: TILL } as const

let counter: Counter
before(async () => {
  counter = await openCounter({ hasWorkers: false })
})
after(() => counter?.close())

type Language = 'en' | 'ja'

/** What an office keys in. */
type Keyed = Readonly<{
  label: string
  place: string
  text: string
  price?: string
  between?: readonly [string, string]
}>

async function makeSign(page: Page, language: Language, { label, place, text, price, between }: Keyed): Promise<void> {
  const words = officeWords[language]
  await page.getByRole('radio', { name: words.signs, exact: true }).check()
  await page.getByRole('button', { name: words.add }).click()
  await page.getByLabel(words.label, { exact: true }).fill(label)
  await page.getByLabel(words.place, { exact: true }).fill(place)
  await page.getByLabel(words.text, { exact: true }).fill(text)
  if (price !== undefined) {
    await page.getByRole('radio', { name: words.fixed }).check()
    await page.getByRole('textbox', { name: words.price }).fill(price)
  }
  if (between !== undefined) {
    await page.getByLabel(words.minimum).fill(between[0])
    await page.getByLabel(words.maximum).fill(between[1])
  }
}

/** A button of one sign's row, which is read with the sign's name. */
const rowButton = (page: Page, name: string, label: string) =>
  page.getByRole('button', { name: new RegExp(`^${name}\\s*: ${label}$`, 'u') })
const press = (page: Page, name: string): Promise<void> => page.getByRole('button', { name }).first().click()
/** How many pages the print dialog would give. */
const pagesOnPaper = async (page: Page): Promise<number> => {
  const paper = await page.pdf({ preferCSSPageSize: true })
  return paper.toString('latin1').match(/\/Type\s*\/Page\b/gu)?.length ?? 0
}
const qrAt = async (page: Page, place: string): Promise<string> => readQr(await page.locator(place).screenshot())

async function scan(phone: WalletPage, language: Language, text: string): Promise<void> {
  await writeQrVideo(counter.camera, text)
  await press(phone.page, walletWords[language].scan)
}

/** Types an amount on the keypad of the sign's screen. */
async function typeAmount(page: Page, digits: string): Promise<void> {
  for (const digit of digits) await page.locator(`.keypad .key[data-key="${digit}"]`).click()
}

/** Tags for a browser without any: the test holds one to the phone, and sees what was written. */
const FAKE_TAGS = (): void => {
  const readers: EventTarget[] = []
  const written: string[] = []
  Object.assign(globalThis, {
    NDEFReader: class extends EventTarget {
      async scan(): Promise<void> {
        readers.push(this)
      }
      async write({ records }: { records: { data: string }[] }): Promise<void> {
        written.push(...records.map(({ data }) => data))
      }
    },
    hold: (url: string) => {
      const data = new DataView(new TextEncoder().encode(url).buffer)
      const event = Object.assign(new Event('reading'), { message: { records: [{ recordType: 'url', data }] } })
      for (const reader of readers) reader.dispatchEvent(event)
      return readers.length
    },
    written,
  })
}

test('a sign is made, pictured and printed; a phone reads it, compares, types an amount and pays; ended, it is no sign any more (en)', async () => {
  // A shop's first sign: the demo's own tables are out of the way.
  await inDatabase(counter.hub, 'delete from point')
  await atTheCounter(counter, async (open) => {
    const { page } = await open.machine({ context: DESKTOP })
    const office = await openOfficePage(page, counter.hub.url)
    const words = officeWords.en
    await page.getByRole('radio', { name: words.signs, exact: true }).check()
    await page.getByText(words.none).waitFor()
    await look(page, 'signs-empty-en')
    await makeSign(page, 'en', {
      label: 'Donation box',
      place: 'Beside the shrine gate',
      text: 'Donation',
      between: ['100', '50'],
    })
    await press(page, words.save)
    await page.getByText(words.boundsWrong).waitFor()
    await page.getByLabel(words.maximum).fill('5000')
    await press(page, words.save)
    await page.getByRole('heading', { name: words.changeTitle('Donation box') }).waitFor()
    const file = { name: 'gate.jpg', mimeType: 'image/jpeg', buffer: somePicture(90) }
    await page.getByLabel(words.choose).setInputFiles(file)
    await page.getByText(words.hasPicture, { exact: true }).waitFor()
    await look(page, 'sign-form-en')
    await press(page, words.back)
    await rowButton(page, words.print, 'Donation box').click()
    await page.getByText(words.tagNone).waitFor()
    const link = await qrAt(page, '.sign-code .qr')
    assert.match(link, new RegExp(`^${counter.hub.url}/t/pnt_[0-9a-f]{32}$`, 'u'))
    const point = link.slice(-36)
    assert.deepEqual(readOurCode(await qrAt(page, '.sign-other .qr'), counter.hub.url), { kind: 'point', point })
    await look(page, 'sign-sheet-en')
    assert.equal(await pagesOnPaper(page), 1)
    await page.getByRole('radio', { name: 'A4' }).check()
    assert.equal(await pagesOnPaper(page), 1)
    await press(page, words.back)

    const phone = await open.phone({ device: 'hanako', allows: REFUSALS })
    const said = phoneWords.en
    await scan(phone, 'en', link)
    const sign = phone.page.getByRole('region', { name: 'Donation box' })
    await sign.getByText('Beside the shrine gate').waitFor()
    await sign.getByRole('img', { name: said.picture }).waitFor()
    await look(phone.page, 'point-en')
    await typeAmount(phone.page, '99')
    assert.ok(await phone.page.getByRole('button', { name: said.next }).first().isDisabled())
    await press(phone.page, 'Clear')
    await typeAmount(phone.page, '700')
    await press(phone.page, said.next)
    await phone.page.getByText(said.isHere).waitFor()
    await sign.getByText('Beside the shrine gate').waitFor()
    await look(phone.page, 'point-confirm-en')
    await press(phone.page, said.confirm)
    assert.equal(await phone.joined(), 'Marubeni Bakery')
    await phone.amountIs('700')
    await phone.page.getByText('Donation box').first().waitFor()
    await phone.approve(PIN)
    await phone.receipt()
    await phone.done()
    await office.openSales()
    await office.openSale('Hanako')
    await office.sale.getByText('¥700').first().waitFor()

    await page.getByRole('radio', { name: words.signs, exact: true }).check()
    await rowButton(page, words.end, 'Donation box').click()
    await page.locator('dialog[open]').getByRole('button', { name: words.endDo }).click()
    await page.getByText(words.ended).first().waitFor()
    await look(page, 'signs-ended-en')
    await phone.openLink(link)
    await phone.page.getByText(problemText(problemOf('point-ended'), 'en', 'payer').sentence).waitFor()
    await look(phone.page, 'point-ended-en')
  })
})

test('the register shows its number in the EMVCo form on request, and the wallet finds the bill by it (en)', async () => {
  await atTheCounter(counter, async (open) => {
    const register = await open.register()
    await register.keyIn('450')
    const number = await register.showNumber()
    await register.page.getByRole('switch', { name: 'QR for other wallets' }).check({ force: true })
    await register.page.getByRole('img', { name: /EMVCo/u }).waitFor()
    await look(register.page, 'number-emv-en')
    await register.page.setViewportSize(PHONE)
    await look(register.page, 'number-emv-small-en')
    const text = await qrAt(register.page, '.ticket-code .qr')
    assert.deepEqual(readOurCode(text, counter.hub.url), { kind: 'number', number })
    const phone = await open.phone({ device: 'hanako' })
    await scan(phone, 'en', text)
    await phone.amountIs('450')
    await phone.approve(PIN)
    assert.match(await register.paid(), /450/u)
  })
})

test('掲示をタグで読み、料金どおりに支払う。他のシステムのコードは名前が出るだけ (ja)', async () => {
  await atTheCounter(counter, async (open) => {
    const { page } = await open.machine({ language: 'ja', context: DESKTOP })
    await page.addInitScript(FAKE_TAGS)
    await page.goto(`${counter.hub.url}/office`)
    const words = officeWords.ja
    await makeSign(page, 'ja', { label: 'コーヒー自販機 2号機', place: '町役場 1階', text: 'コーヒー', price: '150' })
    await press(page, words.save)
    await page.getByRole('heading', { name: words.changeTitle('コーヒー自販機 2号機') }).waitFor()
    await look(page, 'sign-form-ja')
    await press(page, words.back)
    await rowButton(page, words.print, 'コーヒー自販機 2号機').click()
    await page.getByText(signWords.ja.pay).waitFor()
    await press(page, words.tag)
    await page.getByText(words.tagWritten).waitFor()
    await look(page, 'sign-sheet-ja')
    // A border: the fake put it there.
    const [link = ''] = await page.evaluate(() => (globalThis as unknown as { written: string[] }).written)
    assert.equal(link, await qrAt(page, '.sign-code .qr'))

    const phone = await open.phone({ device: 'hanako', language: 'ja' })
    await phone.page.addInitScript(FAKE_TAGS)
    await phone.page.reload()
    await phone.page.locator('.balance .amount').first().waitFor()
    await scan(phone, 'ja', PIX)
    const pix = foreignCode(PIX)
    assert.ok(pix)
    for (const sentence of foreignSentences(pix, 'ja')) await phone.page.getByText(sentence).waitFor()
    await phone.page.getByText('EMPRESA、').waitFor()
    await look(phone.page, 'scan-pix-ja')

    await phone.page.getByText(phoneWords.ja.tagHold).waitFor()
    const readers = await phone.page.evaluate((url) => {
      // A border: the fake put it there.
      return (globalThis as unknown as { hold: (url: string) => number }).hold(url)
    }, link)
    assert.ok(readers > 0)
    await phone.page.getByText('町役場 1階').waitFor()
    await look(phone.page, 'point-ja')
    await press(phone.page, phoneWords.ja.next)
    await phone.page.getByText(phoneWords.ja.isHere).waitFor()
    await look(phone.page, 'point-confirm-ja')
    await press(phone.page, phoneWords.ja.confirm)
    await phone.amountIs('150')
    await phone.approve(PIN)
    await phone.receipt()
  })
})
