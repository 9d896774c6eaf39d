// Money between people as they see it, in a real Chromium on a real hub: asked for by link, by contact, and signed without a network.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Page } from 'playwright-core'
import { writeQrVideo } from './browser.ts'
import { atTheCounter, balanceOf, CUTS, look, openCounter, PIN, REFUSALS, type Counter } from './support/counter.ts'
import type { WalletPage } from './support/wallet-page.ts'

const SMALL = { viewport: { width: 360, height: 640 } } as const

let counter: Counter
before(async () => {
  counter = await openCounter()
})
after(() => counter?.close())

test('who is not in the contacts asks by link: the payer is warned, approves, and both hear at once', async () => {
  await atTheCounter(counter, async (open) => {
    const [hanako, kenji] = await Promise.all([open.phone(), open.phone({ device: 'kenji' })])
    const [had, hadToo] = [await balanceOf(hanako), await balanceOf(kenji)]
    await kenji.openContacts()
    await kenji.page.getByText('Hanako', { exact: true }).waitFor()
    await look(kenji.page, 'bank-contacts')
    await kenji.page.getByRole('button', { name: 'Remove' }).click()
    await kenji.page.getByText('No contacts yet').waitFor()

    await hanako.page.getByRole('button', { name: 'Ask', exact: true }).click()
    await hanako.page.getByText('No bills yet').waitFor()
    await look(hanako.page, 'bank-ask')
    await hanako.back()
    await hanako.ask({ amount: '900', note: 'Lunch on Friday', to: 'link' })
    await hanako.askStands('Waiting for somebody')
    await look(hanako.page, 'bank-ask-link')
    await kenji.openLink(`${await hanako.shownLink()}?device=kenji`)
    assert.equal(await kenji.joined(), 'Hanako')
    await kenji.amountIs('¥900')
    await kenji.page.getByText('Hanako is not in your contacts.').waitFor()
    await kenji.page.getByText('Lunch on Friday').waitFor()
    await hanako.askStands('Somebody is looking')
    assert.equal(await hanako.tallyName(), await kenji.tallyName())
    await look(kenji.page, 'bank-stranger')
    await look(hanako.page, 'bank-looking')
    await kenji.approve(PIN)
    await Promise.all([hanako.askStands('Paid to you'), kenji.receipt()])
    await hanako.page.getByText('Kenji has paid. You can use the money now.').waitFor()
    await look(hanako.page, 'bank-paid-to-you')
    await Promise.all([hanako.done(), kenji.done()])
    await Promise.all([hanako.balanceIs(yen(had + 900)), kenji.balanceIs(yen(hadToo - 900))])
  })
})

test('a contact’s bill waits at home: decided later, declined, approved; a blocked person sends none', async () => {
  await atTheCounter(counter, async (open) => {
    const [hanako, kenji] = await Promise.all([
      open.phone({ allows: REFUSALS }),
      open.phone({ device: 'kenji', context: SMALL }),
    ])
    await list(kenji, await accountOf(hanako))
    await hanako.ask({ amount: '300', note: 'Tea', to: 'Kenji' })
    await hanako.askStands('Somebody is looking')
    const bill = kenji.page.getByRole('region', { name: 'Bills for you' })
    await bill.getByText('Tea').waitFor()
    assert.equal(await kenji.page.locator('.half').count(), 0, 'it does not open by itself')
    await look(kenji.page, 'bank-bills-for-you')
    await kenji.openBillOf('Hanako')
    await kenji.amountIs('¥300')
    assert.equal(await kenji.page.getByText('not in your contacts').count(), 0)
    await look(kenji.page, 'bank-unasked')
    const [decline, approve] = await Promise.all(
      ['Decline', 'Approve'].map((name) => kenji.page.getByRole('button', { name, exact: true }).boundingBox()),
    )
    assert((decline?.y ?? 0) > (approve?.y ?? 0), 'to decline is nearer to the thumb')
    await kenji.page.getByRole('button', { name: 'Later' }).click()
    await bill.getByText('Tea').waitFor()
    await kenji.openBillOf('Hanako')
    await kenji.decline()
    assert.match(await kenji.ended(), /You declined\.[^]*No money moved\./u)
    await hanako.askStands('Declined')
    await kenji.done()
    await hanako.done()
    await bill.waitFor({ state: 'detached' })

    await hanako.ask({ amount: '250', note: 'Cake', to: 'Kenji' })
    await kenji.openBillOf('Hanako')
    await kenji.approve(PIN)
    assert.match(await kenji.receipt(), /¥250/u)
    await hanako.askStands('Paid to you')
    await hanako.done()
    await kenji.done()

    await hanako.ask({ amount: '9999', note: 'Again', to: 'Kenji' })
    await kenji.openBillOf('Hanako')
    await kenji.page.getByRole('button', { name: 'Block Hanako' }).click()
    const sheet = kenji.page.locator('dialog[open]')
    await sheet.getByRole('heading', { name: 'Block Hanako?' }).waitFor()
    await look(kenji.page, 'bank-block')
    await sheet.getByRole('button', { name: 'Block', exact: true }).click()
    await kenji.ended()
    await kenji.done()
    await hanako.askStands('Declined')
    await hanako.done()
    await hanako.ask({ amount: '10', note: 'Please', to: 'Kenji' })
    await hanako.page.getByText('This person has not listed you as a contact.').waitFor()
    await look(hanako.page, 'bank-not-a-contact')
    await kenji.openContacts()
    await kenji.page.getByText('blocked').waitFor()
    await kenji.page.getByRole('button', { name: 'Unblock' }).click()
    await kenji.page.getByRole('button', { name: 'Block', exact: true }).waitFor()
    await hanako.page.getByRole('button', { name: 'Send the bill' }).click()
    await hanako.askStands('Somebody is looking')
    await hanako.page.getByRole('button', { name: 'Take the bill back' }).click()
    await hanako.askStands('Taken back')
  })
})

test('a phone without a network signs, the payee hands it in; handed in twice it is paid once', async () => {
  await atTheCounter(counter, async (open) => {
    const camera = { permissions: ['camera'] }
    const [hanako, kenji] = await Promise.all([
      open.phone({ context: camera }),
      open.phone({ device: 'kenji', context: camera, allows: CUTS }),
    ])
    const [had, hadToo] = [await balanceOf(hanako), await balanceOf(kenji)]
    await shellIsKept(kenji.page)
    await hanako.ask({ amount: '400', note: 'A book', to: 'signed' })
    await hanako.askStands('Let them scan this')
    await look(hanako.page, 'bank-bill-shown')
    await writeQrVideo(counter.camera, await hanako.shownLink())

    await kenji.context.setOffline(true)
    await kenji.page.getByRole('button', { name: 'Scan', exact: true }).click()
    await kenji.page.getByRole('heading', { name: 'Sign this bill?' }).waitFor()
    await kenji.page.getByText('Hanako', { exact: false }).first().waitFor()
    await look(kenji.page, 'bank-sign')
    await kenji.page.getByLabel('PIN to sign ¥400').pressSequentially(PIN)
    await kenji.page.getByRole('heading', { name: 'Signed: show this code' }).waitFor()
    await kenji.page.getByText('Nothing is paid yet.').waitFor()
    await look(kenji.page, 'bank-signed')
    const signed = await kenji.shownLink()

    await writeQrVideo(counter.camera, signed)
    await hanako.page.getByRole('button', { name: 'Scan their signed code' }).click()
    await hanako.askStands('Paid to you')
    await hanako.page.getByText('Kenji has paid.').waitFor()
    await hanako.done()
    await hanako.balanceIs(yen(had + 400))

    // The same signed bill as a link in a further tab: it is paid already, and stays paid once.
    const again = await hanako.context.newPage()
    await again.goto(signed)
    await again.getByRole('heading', { name: 'Paid to you' }).waitFor()
    await kenji.context.setOffline(false)
    await kenji.done()
    await kenji.balanceIs(yen(hadToo - 400))
    await hanako.balanceIs(yen(had + 400))
    await kenji.openHistory()
    assert.match((await kenji.historyRows())[0] ?? '', /Hanako[^]*−¥400/u)
  })
})

test('an account opens another currency, is paid in it, and shows each with its statement', async () => {
  await atTheCounter(counter, async (open) => {
    const [hanako, kenji] = await Promise.all([open.phone(), open.phone({ device: 'kenji' })])
    await kenji.page.getByRole('button', { name: 'Settings' }).click()
    await kenji.page.getByLabel('Another currency').selectOption('EUR')
    await kenji.page.getByRole('button', { name: 'Open it' }).click()
    const currencies = kenji.page.getByRole('list', { name: 'Currencies' })
    await currencies.getByText('€0.00').first().waitFor()
    await look(kenji.page, 'bank-currencies')
    await kenji.back()
    await list(hanako, await accountOf(kenji))
    await kenji.ask({ amount: '12.50', note: 'Museum', to: 'link', unit: 'EUR' })
    await hanako.openLink(await kenji.shownLink())
    await hanako.amountIs('€12.50')
    await hanako.approve(PIN)
    await Promise.all([hanako.receipt(), kenji.askStands('Paid to you')])
    await kenji.done()
    await kenji.page.locator('.balance', { hasText: '€12.50' }).waitFor()
    await look(kenji.page, 'bank-two-currencies')
    await kenji.page.getByRole('button', { name: 'Settings' }).click()
    await currencies.getByRole('button', { name: /Euro/u }).click()
    await kenji.page.getByRole('heading', { name: 'Statement', exact: true }).waitFor()
    await kenji.page.getByRole('cell', { name: '+€12.50' }).waitFor()
    await look(kenji.page, 'bank-statement')
    await hanako.done()
    await hanako.page.locator('.balance', { hasText: '€187.50' }).waitFor()
  })
})

test('the whole of it in Japanese on a phone 360 pixels wide', async () => {
  await atTheCounter(counter, async (open) => {
    const [hanako, kenji] = await Promise.all([
      open.phone({ language: 'ja' }),
      open.phone({ device: 'kenji', language: 'ja', context: SMALL }),
    ])
    const hadToo = await balanceOf(kenji)
    await list(kenji, await accountOf(hanako, 'ja'), 'ja')
    await hanako.ask({ amount: '480', note: 'お昼ごはん', to: 'Kenji' })
    await hanako.askStands('相手が確認しています')
    await look(hanako.page, 'bank-ja-looking')
    await look(kenji.page, 'bank-ja-home')
    await kenji.openBillOf('Hanako')
    await kenji.amountIs('480')
    await look(kenji.page, 'bank-ja-unasked')
    await kenji.approve(PIN)
    await kenji.receipt()
    await look(kenji.page, 'bank-ja-paid')
    await hanako.askStands('受け取りました')
    await kenji.done()
    await kenji.balanceIs((hadToo - 480).toLocaleString('ja'))
    await kenji.openHistory()
    await kenji.historyRows()
    await look(kenji.page, 'bank-ja-history')
    await kenji.page.getByRole('button', { name: '明細' }).click()
    await kenji.page
      .getByRole('cell', { name: '-480円' })
      .or(kenji.page.getByRole('cell', { name: '−480円' }))
      .waitFor()
    await look(kenji.page, 'bank-ja-statement')
  })
})

const yen = (amount: number): string => `¥${amount.toLocaleString('en')}`

/** The eleven digits under which others list this person; leaves and returns to home. */
async function accountOf({ page, ...phone }: WalletPage, language: 'en' | 'ja' = 'en'): Promise<string> {
  await page.getByRole('button', { name: language === 'ja' ? '設定' : 'Settings' }).click()
  const text = await page.locator('.row', { hasText: language === 'ja' ? '口座番号' : 'Account number' }).innerText()
  await phone.back()
  return text.replaceAll(/\D/gu, '')
}

/** Lists an account among the contacts; from home and back. Whoever is listed already stays so. */
async function list(phone: WalletPage, account: string, language: 'en' | 'ja' = 'en'): Promise<void> {
  await phone.openContacts()
  await phone.page.getByLabel(language === 'ja' ? '口座番号' : 'Account number').fill(account)
  await phone.page.getByRole('button', { name: language === 'ja' ? '連絡先に追加' : 'Add to contacts' }).click()
  await phone.page.locator('.contact').first().waitFor()
  await phone.back()
  await phone.back()
}

/** The phone was online for long enough to keep its pages. */
const shellIsKept = (page: Page): Promise<unknown> =>
  page.evaluate(() => navigator.serviceWorker.ready.then(({ active }) => active?.state))
