// What else happens at a table, in a real Chromium: a counter that is paid first, on a phone whose network goes away (ja); somebody who sits down,
// chooses lines, declines his share and takes another; a table that is closed; a menu from a file, outside its hours (en).
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { after, before, test } from 'node:test'
import type { Locator, Page } from 'playwright-core'
import { menuWords } from '#apps/merchant/words-menu.ts'
import { pointWords } from '#apps/merchant/words-points.ts'
import { kitchenWords } from '#apps/register/words-kitchen.ts'
import { words as registerWords } from '#apps/register/words.ts'
import { orderWords } from '#apps/wallet/words-order.ts'
import { atTheCounter, cableTo, CUTS, look, openCounter, PIN, REFUSALS, TILL, type Counter } from './support/counter.ts'
import { readQr } from './support/qr.ts'
import type { WalletPage } from './support/wallet-page.ts'

const PHONE_WIDE_REGISTER = { width: 360, height: 740 }
const CUT_OR_REFUSED = new RegExp(`${CUTS.source}|${REFUSALS.source}`, 'u')

let counter: Counter
before(async () => {
  counter = await openCounter({ hasWorkers: false })
})
after(() => counter?.close())

const press = (place: Page | Locator, name: string | RegExp): Promise<void> =>
  place
    .getByRole('button', { name, ...(typeof name === 'string' && { exact: true }) })
    .first()
    .click()
const sheetOn = (page: Page): Locator => page.locator('dialog[open]')
const tabLine = (phone: WalletPage, name: string): Locator => phone.page.locator('.tab-line', { hasText: name })

/** From the sheet that the office prints. */
async function linkOf(page: Page, language: 'en' | 'ja', sign: string): Promise<string> {
  const words = pointWords[language]
  await page.getByRole('radio', { name: words.signs, exact: true }).check()
  await press(page, new RegExp(`^${words.print}\\s*: ${sign}$`, 'u'))
  const link = await readQr(await page.locator('.sign-code .qr').screenshot())
  await press(page, words.back)
  return link
}

async function choose(phone: WalletPage, name: string, add: string): Promise<void> {
  await phone.page.locator('.menu-row', { hasText: name }).click()
  await press(sheetOn(phone.page), add)
}

test('a counter is paid first: the order is sent without a network, is one order, and the kitchen has it when it is paid (ja)', async (t) => {
  const cable = await cableTo(counter.hub)
  t.after(cable.close)
  const words = orderWords.ja
  const kitchen = kitchenWords.ja
  await atTheCounter(counter, async (open) => {
    const { page: desk } = await open.machine({ language: 'ja', context: { viewport: TILL }, allows: REFUSALS })
    await desk.goto(`${counter.hub.url}/office`)
    const link = await linkOf(desk, 'ja', 'Counter')
    const register = await open.register({
      language: 'ja',
      allows: REFUSALS,
      context: { viewport: PHONE_WIDE_REGISTER },
    })
    await press(register.page, registerWords.ja.actKitchen)
    await register.page.getByText(kitchen.none).waitFor()

    const kenji = await open.phone({ device: 'kenji', language: 'ja', hub: cable.url, allows: CUT_OR_REFUSED })
    await kenji.openLink(`${link.replace(counter.hub.url, cable.url)}?device=kenji`)
    await choose(kenji, 'プリン', words.add('480円'))
    await press(kenji.page, words.look)
    await kenji.page.getByText(words.payFirst).waitFor()
    // The hub hears it, and the phone hears nothing.
    cable.loseAnswers()
    await press(kenji.page, words.order)
    cable.cut()
    await kenji.page.getByText(words.unsure).waitFor()
    await look(kenji.page, 'order-unsure-ja')
    cable.mend()
    await press(kenji.page, words.again)
    await tabLine(kenji, 'プリン').getByText(words['state unpaid']).waitFor()
    assert.equal(await kenji.page.locator('.tab-line').count(), 1)
    await kenji.page.locator('.banner', { hasText: words.payFirst }).waitFor()
    await look(kenji.page, 'order-unpaid-ja')
    await register.page.getByText(kitchen.none).waitFor()

    await press(kenji.page, words.payNow('480円'))
    await kenji.amountIs('480')
    await kenji.approve(PIN)
    await kenji.receipt()
    const list = register.page.getByRole('list', { name: kitchen.title })
    await list.getByText('プリン').waitFor()
    await look(register.page, 'kitchen-phone-ja')
    await kenji.done()
    await press(register.page, new RegExp(`^${kitchen['do accepted']}\\s*: Counter$`, 'u'))
    await tabLine(kenji, 'プリン').getByText(words['state accepted']).waitFor()
    for (const step of ['ready', 'served'] as const)
      await press(register.page, new RegExp(`^${kitchen[`do ${step}`]}\\s*: Counter$`, 'u'))
    await kenji.page.getByText(words.allPaid).waitFor()
  })
})

test('who sits down pays chosen lines, and may think again; the table is closed; a menu from a file is closed now (en)', async () => {
  const words = orderWords.en
  const office = menuWords.en
  const kitchen = kitchenWords.en
  await atTheCounter(counter, async (open) => {
    const { page: desk } = await open.machine({ context: { viewport: TILL }, allows: REFUSALS })
    await desk.goto(`${counter.hub.url}/office`)
    const link = await linkOf(desk, 'en', 'Table 3')
    const register = await open.register({ allows: REFUSALS })
    await press(register.page, registerWords.en.actKitchen)

    const hanako = await open.phone({ device: 'hanako', allows: REFUSALS })
    await hanako.openLink(`${link}?device=hanako`)
    await hanako.page.locator('.menu-row', { hasText: 'Custard pudding' }).click()
    await press(sheetOn(hanako.page), words.more('Custard pudding'))
    await press(sheetOn(hanako.page), words.add('¥960'))
    await choose(hanako, 'Cheesecake', words.add('¥520'))
    await press(hanako.page, words.look)
    await press(hanako.page, words.order)
    await tabLine(hanako, 'Cheesecake').getByText(words['state ordered']).waitFor()

    // Kenji has ordered nothing: he sits down, and chooses one of two puddings.
    const kenji = await open.phone({ device: 'kenji', allows: REFUSALS })
    await kenji.openLink(`${link}?device=kenji`)
    await press(kenji.page, words.sums)
    await kenji.page.getByRole('region', { name: words.others('Hanako') }).waitFor()
    await press(kenji.page, new RegExp(`^${words.pay}`, 'u'))
    await kenji.page.getByRole('radio', { name: words.payLines }).check()
    await kenji.page.getByRole('checkbox', { name: /^Custard pudding/u }).check()
    await press(kenji.page, words.less('Custard pudding'))
    await look(kenji.page, 'order-choose-en')
    await press(kenji.page, words.payNow('¥480'))
    await kenji.amountIs('480')
    await tabLine(hanako, 'Custard pudding').getByText(words.payingBy('Kenji')).waitFor()

    // He would rather not; the table has it again, and he takes the cheesecake.
    await kenji.decline()
    await kenji.ended()
    await kenji.done()
    await tabLine(hanako, 'Custard pudding').getByText(words.payingBy('Kenji')).waitFor({ state: 'detached' })
    await press(kenji.page, new RegExp(`^${words.pay}`, 'u'))
    await kenji.page.getByRole('radio', { name: words.payLines }).check()
    await kenji.page.getByRole('checkbox', { name: /^Cheesecake/u }).check()
    await press(kenji.page, words.payNow('¥520'))
    await kenji.approve(PIN)
    await kenji.receipt()
    await kenji.done()
    await tabLine(hanako, 'Cheesecake').getByText(words.paid).waitFor()

    // The shop closes the table: nothing more is ordered, and what is open can still be paid.
    await press(register.page, kitchen.closeOf('Table 3'))
    await sheetOn(register.page).getByText(kitchen.closeOpen('¥960')).waitFor()
    await look(register.page, 'kitchen-close-en')
    await press(sheetOn(register.page), kitchen.closeWaits)
    await hanako.page.getByText(words.tabClosed).waitFor()
    assert.equal(await hanako.page.getByRole('button', { name: words.orderMore }).count(), 0)
    await look(hanako.page, 'order-closed-en')
    await press(hanako.page, new RegExp(`^${words.pay}`, 'u'))
    await press(hanako.page, words.payNow('¥960'))
    await hanako.approve(PIN)
    await hanako.receipt()
    await hanako.done()

    // The menu goes out as a file and comes back with other hours: a day that is not today.
    await desk.getByRole('radio', { name: office.menu, exact: true }).check()
    const [saved] = await Promise.all([desk.waitForEvent('download'), press(desk, office.export)])
    const menu: unknown = JSON.parse(await readFile(await saved.path(), 'utf8'))
    const elsewhere = ((new Date().getUTCDay() + 3) % 7) + 1
    const hours = [{ days: [elsewhere], from: '11:00', until: '12:00' }]
    const taken = { ...(menu as object), hours }
    const file = (text: string) => ({ name: 'menu.json', mimeType: 'application/json', buffer: Buffer.from(text) })
    await desk.getByLabel(office.import).setInputFiles(file('{"no": "menu"}'))
    await desk.getByText(office.notMenu).waitFor()
    await desk.getByLabel(office.import).setInputFiles(file(JSON.stringify(taken)))
    await desk.getByText(office.imported).first().waitFor()
    await desk.getByText(office.unsaved).waitFor()
    await look(desk, 'menu-imported-en')
    await press(desk, office.save)
    await desk.getByText(office.saved).waitFor()
    await hanako.openLink(`${link}?device=hanako`)
    await hanako.page.getByText(/^The kitchen is closed now\. You can order from /u).waitFor()
    await look(hanako.page, 'order-shut-en')
    await hanako.page.locator('.menu-row', { hasText: 'Cheesecake' }).waitFor()
  })
})
