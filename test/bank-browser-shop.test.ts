// The shop's side of the account bank in a real Chromium: what can be taken back, what may not be sold to everybody, refunds by line
// from the register and from the office, and the office's statement on screen, on paper and as CSV.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import {
  atTheCounter,
  balanceOf,
  look,
  openCounter,
  photograph,
  PIN,
  REFUSALS,
  type Counter,
} from './support/counter.ts'
import { openOfficePage } from './support/office-page.ts'
import type { RegisterPage } from './support/register-page.ts'
import type { WalletPage } from './support/wallet-page.ts'

const DESKTOP = { viewport: { width: 1280, height: 900 } } as const

let counter: Counter
before(async () => {
  counter = await openCounter({ hasWorkers: false })
})
after(() => counter?.close())

test('a toaster can be taken back and bread cannot: each side knows until when, and that line comes back whole', async () => {
  await atTheCounter(counter, async (open) => {
    const [register, hanako, { page }] = await Promise.all([
      open.register(),
      open.phone(),
      open.machine({ context: DESKTOP }),
    ])
    const office = await openOfficePage(page, counter.hub.url)
    await page.getByText('No sales yet').waitFor()
    await look(page, 'office-empty')
    const had = await balanceOf(hanako)
    await buy(register, hanako, ['Toaster', 'Milk bread'], '¥5,180')
    assert.equal(await register.paid(), '¥5,180')
    const yours = await register.page.getByText(/¥4,800 can still be taken back; it is yours on/u).innerText()
    const day = /yours on (.*)\.$/u.exec(yours)?.[1] ?? ''
    assert.match(day, /^\d{1,2} \w{3} \d{4}$/u)
    await look(register.page, 'shop-set-aside')
    await register.next()

    await hanako.receipt()
    await hanako.page.getByText(`can be cancelled until ${day}`).waitFor()
    await look(hanako.page, 'shop-wallet-held')
    await office.availableIs('¥380')
    await office.openSale('Hanako')
    await office.sale.getByText(`yours on ${day}`).waitFor()
    await look(page, 'office-held')
    await hanako.done()
    await hanako.balanceIs(yen(had - 5180))
    await look(hanako.page, 'shop-wallet-home-held')

    await hanako.page.getByRole('button', { name: /Marubeni Bakery/u }).click()
    await hanako.page.getByRole('button', { name: 'Take it back' }).click()
    const sheet = hanako.page.locator('dialog[open]')
    await sheet.getByText('¥4,800 comes back to you at once.', { exact: false }).waitFor()
    await look(hanako.page, 'shop-wallet-take-back')
    await sheet.getByRole('button', { name: 'Take it back' }).click()
    await hanako.page.getByText('Came back to you').waitFor()
    await hanako.back()
    await hanako.balanceIs(yen(had - 380))
    await office.sale.getByText('went back to the customer').waitFor()
    await register.openNewest()
    await register.page.getByText('Taken back by the customer').waitFor()
    await look(register.page, 'shop-record-taken-back')
  })
})

test('a minor may not buy rum cake unless the shop says so; a grown-up is asked nothing', async () => {
  await atTheCounter(counter, async (open) => {
    const [register, hanako, kenji] = await Promise.all([
      open.register(),
      open.phone(),
      open.phone({ device: 'kenji', allows: REFUSALS }),
    ])
    await buy(register, hanako, ['Rum cake'], '¥650')
    assert.equal(await register.paid(), '¥650')
    await register.next()

    const had = await balanceOf(kenji)
    const question = register.page.getByRole('heading', { name: 'May this be sold to Kenji?' })
    await ask(register, kenji)
    await question.waitFor()
    const seen = await register.page.locator('.deal').innerText()
    assert.doesNotMatch(seen, /\bage\b|years old|birth|2009|member|region/iu, 'the shop learns no reason')
    await look(register.page, 'shop-question')
    await kenji.page.getByText('The shop is deciding; nothing is paid meanwhile.', { exact: false }).waitFor()
    assert.equal(await kenji.page.locator('.banner-trouble').count(), 0)
    await look(kenji.page, 'shop-wallet-asked')
    await register.page.getByRole('button', { name: 'Sell it' }).click()
    await kenji.page.getByText('The shop sells this to you.', { exact: false }).waitFor()
    await kenji.approve(PIN)
    assert.equal(await register.paid(), '¥650')
    await register.next()
    await kenji.receipt()
    await kenji.done()
    await kenji.balanceIs(yen(had - 650))

    await ask(register, kenji)
    await question.waitFor()
    await register.page.keyboard.press('F10')
    assert.match(await kenji.ended(), /The shop may not sell this to you\.[^]*No money moved\./u)
    await register.page.getByRole('heading', { name: 'Not sold to this customer' }).waitFor()
    await register.page.keyboard.press('Enter')
    await register.on('keying')
    await register.openNewest()
    await register.page.getByText('You said no.').waitFor()
    await register.page.keyboard.press('Escape')
    await register.page.locator('.history .row-button').nth(1).click()
    await register.page.getByText('You said yes.').waitFor()
    await look(register.page, 'shop-record-permitted')
  })
})

test('lines go back from the register and from the office; the statement says so on screen, on paper and as CSV', async () => {
  await atTheCounter(counter, async (open) => {
    const [register, hanako, { page }] = await Promise.all([
      open.register(),
      open.phone(),
      open.machine({ context: DESKTOP }),
    ])
    const had = await balanceOf(hanako)
    await buy(register, hanako, ['Milk bread', 'Coffee to go', 'Melon bun'], '¥860')
    await register.paid()
    await register.next()
    await hanako.receipt()
    await register.openNewest()
    assert.equal(await register.refundLines('Milk bread'), '¥380 went back to Hanako.')
    await hanako.page.getByText('¥380 came back to you.').first().waitFor()

    const office = await openOfficePage(page, counter.hub.url)
    await office.openSale('Hanako')
    await office.sale.getByRole('list').getByText('Milk bread').waitFor()
    await office.sale.getByRole('radio', { name: 'Some lines' }).check()
    assert.equal(await office.sale.getByRole('checkbox', { name: 'Milk bread' }).count(), 0, 'it is back already')
    await office.sale.getByRole('checkbox', { name: 'Coffee to go' }).check()
    await look(page, 'office-refund')
    await office.sale.getByRole('checkbox', { name: 'Coffee to go' }).uncheck()
    await office.refundLines('Coffee to go')
    await office.sale.getByText('Coffee to go').nth(1).waitFor()
    await hanako.page.getByText('¥280 came back to you.').first().waitFor()
    await hanako.done()
    await hanako.balanceIs(yen(had - 200))

    await office.openStatement()
    await office.onlyKind('refund')
    const refunds = await office.entries(2)
    assert.match(refunds[0] ?? '', /Hanako[^]*-?¥280/u)
    assert.match(refunds[1] ?? '', /Hanako[^]*-?¥380/u)
    await look(page, 'office-statement')
    await office.onlyKind('')
    const all = await page.locator('.statement-table tbody tr').count()
    const today = await page.getByLabel('To', { exact: true }).inputValue()
    const csv = await office.saveCsv()
    assert.equal(csv.name.endsWith(`${today}.csv`), true, csv.name)
    const [head, ...rows] = csv.rows
    await page.locator('.statement-table tbody tr').nth(2).waitFor()
    assert(head !== undefined && rows.length >= all, 'a row for each entry')
    assert(
      rows.every((row) => row.length === head.length),
      'each row has every column',
    )
    const amounts = rows.map((row) => row[head.indexOf('amount')])
    assert(amounts.includes('-280') && amounts.includes('-380') && amounts.includes('860'), String(amounts))

    await office.between('2026-01-01', '2026-01-31')
    await page.getByText('Nothing on these days').waitFor()
    await office.between(today, today)
    await page.locator('.statement-table tbody tr').nth(2).waitFor()
    await page.emulateMedia({ media: 'print' })
    await page.getByRole('heading', { name: 'Account statement' }).waitFor()
    assert.equal(await page.getByRole('button', { name: 'Print' }).isVisible(), false)
    await photograph(page, 'office-print')
  })
})

const yen = (amount: number): string => `¥${amount.toLocaleString('en')}`

/** Rings up goods, joins and pays. */
async function buy(register: RegisterPage, phone: WalletPage, goods: readonly string[], total: string): Promise<void> {
  for (const name of goods) await register.addGood(name)
  await phone.typeNumber(await register.showNumber())
  await phone.amountIs(total)
  await phone.approve(PIN)
}

/** Rings up rum cake; the phone tries to pay. */
async function ask(register: RegisterPage, phone: WalletPage): Promise<void> {
  await register.addGood('Rum cake')
  await phone.typeNumber(await register.showNumber())
  await phone.amountIs('¥650')
  await phone.page.getByRole('button', { name: 'Approve' }).click()
  const pin = phone.page.getByLabel('PIN', { exact: true })
  await pin
    .or(phone.page.getByText('The shop is deciding', { exact: false }))
    .first()
    .waitFor()
  if (await pin.isVisible()) await phone.page.keyboard.type(PIN)
}
