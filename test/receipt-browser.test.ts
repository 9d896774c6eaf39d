// Receipts in a real Chromium: kept on the phone, shown and printed at the register, looked at by anybody with the link and without a
// script, printed on a sheet and on a roll, and what the shop says of itself in its office.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Page } from 'playwright-core'
import { receiptWords as officeWords } from '#apps/merchant/words-receipt.ts'
import { words as office } from '#apps/merchant/words.ts'
import { receiptWords as tillWords } from '#apps/register/words-receipt.ts'
import { words as registerWords } from '#apps/register/words.ts'
import { receiptWords as phoneWords } from '#apps/wallet/words-receipt.ts'
import { billToWire } from '#protocol/bill.ts'
import { RECEIPT_WORDS } from '#protocol/receipt-words.ts'
import type { Client } from '#sdk/client.ts'
import { DEMO_SHOP } from '#server/receipts/demo-shop.ts'
import { dealOf } from './support/bank.ts'
import {
  atTheCounter,
  look,
  openCounter,
  PHONE,
  photograph,
  PIN,
  REFUSALS,
  TILL,
  type Counter,
} from './support/counter.ts'
import { openOfficePage } from './support/office-page.ts'
import { mailsTo } from './support/people.ts'
import { readQr } from './support/qr.ts'
import type { RegisterPage } from './support/register-page.ts'
import type { WalletPage } from './support/wallet-page.ts'
import { enrolled, until } from './support/hub.ts'
import { billWith, lineOf } from './support/world.ts'

const BAKERY = 'Marubeni Bakery'
const NUMBER = DEMO_SHOP.invoiceNumber ?? ''

let counter: Counter
let till: Client
before(async () => {
  counter = await openCounter()
  till = await enrolled(counter.hub, 'register')
})
after(async () => {
  till?.close()
  await counter?.close()
})

/** Curry bread at the reduced rate and a bag, at a till without a screen. */
const BASKET = billToWire(
  billWith(
    lineOf(1_170n, { text: 'カレーパン', quantity: 3 }),
    lineOf(110n, { text: 'Bag', taxRate: 1_000, tax: 10n }),
  ),
)

async function buy(phone: WalletPage): Promise<void> {
  const { ticket } = await dealOf(till, BASKET)
  await phone.typeNumber(ticket?.number ?? '')
  await phone.amountIs('1,280')
  await phone.approve(PIN)
}

async function buyAt(register: RegisterPage, phone: WalletPage): Promise<void> {
  await register.keyIn('1280')
  await phone.typeNumber(await register.showNumber())
  await phone.amountIs('1,280')
  await phone.approve(PIN)
  await register.paid()
}

/** In the place of the print dialog, which no test can close: the addresses of what was to be printed. */
async function notePrints(page: Page): Promise<() => Promise<readonly string[]>> {
  await page.addInitScript(() => {
    window.print = () => {
      // A border: the top window is of this origin and keeps the list.
      const top = window.top as unknown as { printed?: string[] }
      top.printed = [...(top.printed ?? []), location.pathname + location.search]
      window.dispatchEvent(new Event('afterprint'))
    }
  })
  await page.reload()
  return () => page.evaluate(() => (window as unknown as { printed?: string[] }).printed ?? [])
}

for (const language of ['en', 'ja'] as const) {
  describe(`a receipt (${language})`, () => {
    const [phone, paper] = [phoneWords[language], RECEIPT_WORDS[language]]

    test('the wallet shows tax and number, checks the signature, mails it, and shows a code that anybody can follow without a script', async () => {
      await atTheCounter(counter, async (open) => {
        const hanako = await open.phone({ device: 'hanako', language })
        const prints = await notePrints(hanako.page)
        await buy(hanako)
        const { page } = hanako
        await page.getByText(phone.signed('Demo town')).waitFor()
        await hanako.done()
        await hanako.openHistory()
        await page.locator('.day .row').first().click()
        for (const said of [NUMBER, `${phone.taxable('8%')} ※`, phone.reduced])
          await page.getByText(said, { exact: true }).waitFor()
        await page.getByText(phone.signed('Demo town')).waitFor()
        await page.getByText(phone.code).click()
        const code = page.getByRole('img', { name: phone.codeFor })
        await code.scrollIntoViewIfNeeded()
        const link = await readQr(await code.screenshot())
        assert.match(link, /\/r\/[A-Za-z0-9_-]{43}$/u)
        await look(page, `receipt-wallet-${language}`)

        const had = (await mailsTo(counter.hub, 'hanako@example.jp')).length
        await page.getByRole('button', { name: phone.mail }).click()
        await page.getByText(phone.mailed('hanako@example.jp')).first().waitFor()
        const mail = await until(async () => (await mailsTo(counter.hub, 'hanako@example.jp')).at(-had - 1))
        assert.equal(mail.subject, paper.mailSubject(BAKERY))
        assert.ok(mail.text.includes(link))
        await page.getByRole('button', { name: phone.print, exact: true }).click()
        const [printed] = await until(async () => (await prints()).length > 0 && (await prints()))
        assert.equal(printed, `${new URL(link).pathname}?lang=${language}`)

        const { page: anybody } = await open.machine({
          language,
          context: { viewport: PHONE, javaScriptEnabled: false },
        })
        await anybody.goto(link)
        await anybody.getByRole('heading', { name: paper.title }).waitFor()
        for (const said of [BAKERY, NUMBER, paper.signatureRight, paper.state.paid])
          await anybody.getByText(said).first().waitFor()
        assert.equal(await readQr(await anybody.getByRole('img', { name: paper.check }).screenshot()), link)
        const { page: seen } = await open.machine({ language, context: { viewport: PHONE } })
        await seen.goto(link)
        await look(seen, `receipt-page-${language}`)
        await seen.goto(`${link}?paper=58&copy=1`)
        await seen.getByText(paper.copy, { exact: true }).waitFor()
        await paperOf(seen, `roll-58-${language}`, [58, 297])
        if (language === 'ja') return
        await seen.goto(`${link}?paper=80`)
        await paperOf(seen, 'roll-80', [80, 297])
        await seen.goto(link)
        await paperOf(seen, 'sheet', [210, 297])
      })
    })
  })
}

/** The page as it is printed: one page of this size (mm). */
async function paperOf(page: Page, name: string, [width, height]: readonly [number, number]): Promise<void> {
  const pdf = (await page.pdf({ preferCSSPageSize: true })).toString('latin1')
  assert.ok(pdf.startsWith('%PDF') && pdf.length > 5_000, `${name}: ${pdf.length} bytes`)
  const [, right = '', top = ''] = /\/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]/u.exec(pdf) ?? []
  const mm = (points: string): number => Math.round((Number(points) * 25.4) / 72)
  assert.deepEqual([mm(right), mm(top)], [width, height], name)
  await page.emulateMedia({ media: 'print' })
  await photograph(page, `receipt-print-${name}`)
  await page.emulateMedia({ media: 'screen' })
}

test('the register shows the code and prints: first the original, then copies, by the browser and to a printer at a serial port', async () => {
  await atTheCounter(counter, async (open) => {
    const [register, hanako] = await Promise.all([open.register(), open.phone({ device: 'hanako' })])
    const { page } = register
    await page.addInitScript(() => {
      const port = {
        open: async () => undefined,
        close: async () => undefined,
        writable: new WritableStream<Uint8Array>({
          write(bytes) {
            // A border: what the printer was sent, for the test.
            ;(window as unknown as { sent: number[] }).sent = [...bytes]
          },
        }),
      }
      Object.defineProperty(navigator, 'serial', { value: { getPorts: async () => [port] } })
    })
    const prints = await notePrints(page)
    const text = tillWords.en
    await buyAt(register, hanako)
    await look(page, 'receipt-register-paid')
    await page.setViewportSize(PHONE)
    await look(page, 'receipt-register-paid-small')
    await page.setViewportSize(TILL)
    await page.getByRole('button', { name: text.print }).click()
    const [original] = await until(async () => (await prints()).length === 1 && (await prints()))
    assert.match(original ?? '', /^\/r\/[\w-]{43}\?paper=80&lang=en$/u)
    await page.getByText(text.printed).first().waitFor()
    await page.keyboard.press('F3')
    const sheet = page.locator('dialog[open]')
    const link = await readQr(await sheet.getByRole('img', { name: text.codeFor }).screenshot())
    assert.equal(new URL(link).pathname, original?.split('?')[0])
    await look(page, 'receipt-register-code')
    await page.keyboard.press('Escape')
    await register.next()

    await page.getByRole('button', { name: registerWords.en.settings }).click()
    await sheet.getByRole('radio', { name: text.by_serial }).check()
    await sheet.getByRole('radio', { name: text.paper58 }).check()
    await look(page, 'receipt-register-printer')
    await page.keyboard.press('Escape')
    await register.openNewest()
    await look(page, 'receipt-register-record')
    await page.keyboard.press('F2')
    await page.getByText(text.copyPrinted).first().waitFor()
    const sent = Buffer.from(await page.evaluate(() => (window as unknown as { sent: number[] }).sent))
    assert.equal(sent.subarray(0, 2).toString('hex'), '1b40')
    assert.ok(sent.includes('Copy') && sent.includes(NUMBER))

    await page.evaluate(() =>
      Object.defineProperty(Reflect.get(navigator, 'serial'), 'getPorts', { value: async () => [] }),
    )
    await page.getByRole('button', { name: text.print }).click()
    await page.getByText(text.noPrinter).waitFor()
    await look(page, 'receipt-register-no-printer')
  })
})

test('in the office a wrong registration number is refused where it is typed, a right one stands on the next receipt, and any is printed again', async () => {
  await atTheCounter(counter, async (open) => {
    const [hanako, { page }] = await Promise.all([
      open.phone({ device: 'hanako', allows: REFUSALS }),
      open.machine({ context: { viewport: { width: 1024, height: 768 } } }),
    ])
    await openOfficePage(page, counter.hub.url)
    const prints = await notePrints(page)
    const text = officeWords.en
    await page.getByRole('radio', { name: text.shop, exact: true }).check()
    const number = page.getByLabel(text.invoiceNumber)
    await number.fill('T7000012050003')
    await page.getByRole('button', { name: text.save }).click()
    await page.getByText(text.invoiceWrong).waitFor()
    await look(page, 'receipt-office-wrong')
    await number.fill('Ｔ7000-0120-50002')
    await page.getByLabel(text.foot).fill('See you tomorrow')
    await page.getByRole('button', { name: text.save }).click()
    await page.getByText(text.saved).first().waitFor()
    await look(page, 'receipt-office')
    await buy(hanako)
    await hanako.page.getByText('T7000012050002').waitFor()
    await page.reload()

    await page.getByRole('radio', { name: office.en.sales, exact: true }).check()
    await page.getByRole('list', { name: office.en.sales }).getByRole('button', { name: 'Hanako' }).first().click()
    await page.getByRole('button', { name: text.print }).click()
    const [printed] = await until(async () => (await prints()).length > 0 && (await prints()))
    await look(page, 'receipt-office-sale')
    const { page: paper } = await open.machine({})
    await paper.goto(`${counter.hub.url}${printed}`)
    await paper.getByText('See you tomorrow').waitFor()
  })
})
