// A table with two phones, in a real Chromium: the office writes the menu (ja); a phone in English and one in Japanese order; the kitchen
// makes it (en); the menu changes under a basket; one pays its lines, the rest is shared by two who pay at once; the table is over.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Locator, Page } from 'playwright-core'
import { menuWords } from '#apps/merchant/words-menu.ts'
import { pointWords as signWords } from '#apps/merchant/words-points.ts'
import { kitchenWords } from '#apps/register/words-kitchen.ts'
import { words as registerWords } from '#apps/register/words.ts'
import { orderWords } from '#apps/wallet/words-order.ts'
import { atTheCounter, look, openCounter, PIN, REFUSALS, TILL, type Counter } from './support/counter.ts'
import { readQr } from './support/qr.ts'
import type { WalletPage } from './support/wallet-page.ts'

const office = menuWords.ja
const kitchen = kitchenWords.en

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
/** The sheet that is open. */
const sheetOn = (page: Page): Locator => page.locator('dialog[open]')

/** Of the demo's Table 3, from the sheet that the office prints. */
async function tableLink(page: Page): Promise<string> {
  const words = signWords.ja
  await page.getByRole('radio', { name: words.signs, exact: true }).check()
  await page.getByRole('button', { name: new RegExp(`^${words.print}\\s*: Table 3$`, 'u') }).click()
  return readQr(await page.locator('.sign-code .qr').screenshot())
}

/** A cake that there are two of, by the office's forms. */
async function addMatchaCake(page: Page): Promise<void> {
  await page.getByRole('radio', { name: office.menu, exact: true }).check()
  const cakes = page.getByRole('region', { name: 'ケーキ' })
  await press(cakes, new RegExp(`^${office.addItem}`, 'u'))
  const sheet = sheetOn(page)
  await press(sheet, office.keep)
  await sheet.getByText(office['fault price']).waitFor()
  await sheet.getByLabel(office.name, { exact: true }).fill('抹茶ケーキ')
  await sheet.getByLabel(office.nameEn).fill('Matcha cake')
  await sheet.getByLabel(office.price).fill('600')
  await sheet.getByLabel(office.tax, { exact: true }).fill('10%')
  await look(page, 'menu-item-ja')
  await press(sheet, office.keep)
  await cakes.locator('.menu-item-text', { hasText: '抹茶ケーキ' }).waitFor()
  await page.getByText(office.unsaved).waitFor()
  await look(page, 'menu-editor-ja')
  await press(page, office.save)
  await page.getByText(office.saved).waitFor()
  await press(cakes, new RegExp(`^${office.stockShort}\\s*: 抹茶ケーキ$`, 'u'))
  await sheet.getByLabel(office.stock).fill('2')
  await press(sheet, office.stockKeep)
  await cakes.getByText(office.left(2)).waitFor()
}

/** Opens the sheet of an item of the menu. */
async function openItem(phone: WalletPage, name: string): Promise<Locator> {
  await phone.page.locator('.menu-row', { hasText: name }).click()
  return sheetOn(phone.page)
}

const tabLine = (phone: WalletPage, name: string): Locator => phone.page.locator('.tab-line', { hasText: name })

test('a table with two phones: ordered, made, one pays its lines, two share the rest and pay at once (en, ja)', async () => {
  await atTheCounter(counter, async (open) => {
    const { page: desk } = await open.machine({ language: 'ja', context: { viewport: TILL }, allows: REFUSALS })
    await desk.goto(`${counter.hub.url}/office`)
    const link = await tableLink(desk)
    await addMatchaCake(desk)
    const register = await open.register({ allows: REFUSALS })
    await register.page.getByRole('button', { name: registerWords.en.actKitchen }).waitFor()
    await register.page.keyboard.press('F1')
    await register.page.getByText(kitchen.none).waitFor()

    // Hanako orders in English: options, a note, two pieces.
    const hanako = await open.phone({ device: 'hanako', allows: REFUSALS })
    const en = orderWords.en
    await hanako.openLink(`${link}?device=hanako`)
    await hanako.page.getByRole('heading', { name: 'Table 3' }).waitFor()
    await look(hanako.page, 'order-menu-en')
    const coffee = await openItem(hanako, 'Coffee')
    await press(coffee, /^Add/u)
    await coffee.getByText(en.missing('Hot or iced', 1)).waitFor()
    await coffee.getByRole('radio', { name: 'hot' }).check()
    await coffee.getByRole('checkbox', { name: /^oat milk/u }).check()
    assert.ok(await coffee.getByRole('checkbox', { name: 'milk', exact: true }).isEnabled(), 'the one changes over')
    await coffee.getByLabel(en.note).fill('No sugar, please')
    await look(hanako.page, 'order-item-en')
    await press(coffee, en.add('¥510'))
    await hanako.page.keyboard.press('Escape')
    const cake = await openItem(hanako, 'Matcha cake')
    await press(cake, en.more('Matcha cake'))
    await press(cake, en.add('¥1,200'))
    await hanako.page.getByText('¥1,710').first().waitFor()
    await press(hanako.page, en.look)
    await look(hanako.page, 'order-basket-en')
    await press(hanako.page, en.order)
    await tabLine(hanako, 'Matcha cake').getByText(en['state ordered']).waitFor()

    // The kitchen hears of it, and takes it by keyboard alone.
    const list = register.page.getByRole('list', { name: kitchen.title })
    await list.getByText('No sugar, please').waitFor()
    await look(register.page, 'kitchen-new-en')
    await register.page.keyboard.press('ArrowDown')
    await register.page.keyboard.press('Enter')
    await list
      .getByRole('button', { name: /^Ready/u })
      .first()
      .waitFor()
    await tabLine(hanako, 'Coffee').getByText(en['state accepted']).waitFor()

    // Kenji chooses in Japanese while the last cake is sold: his basket says so, and keeps the rest.
    const ja = orderWords.ja
    const kenji = await open.phone({ device: 'kenji', language: 'ja', allows: REFUSALS })
    await kenji.openLink(`${link}?device=kenji`)
    await kenji.page.getByText('抹茶ケーキ').waitFor()
    await kenji.page.locator('.menu-row:disabled', { hasText: '抹茶ケーキ' }).getByText(ja.soldOut).waitFor()
    await press(await openItem(kenji, 'チーズケーキ'), ja.add('520円'))
    await press(await openItem(kenji, 'プリン'), ja.add('480円'))
    await desk
      .getByRole('region', { name: 'ケーキ' })
      .getByRole('button', { name: office.edit('チーズケーキ') })
      .click()
    await sheetOn(desk).getByLabel(office.price).fill('560')
    await press(sheetOn(desk), office.keep)
    await press(desk, office.save)
    await desk.getByText(office.version(3, '').split('（')[0] ?? '').waitFor()
    await press(kenji.page, ja.look)
    await press(kenji.page, ja.order)
    await kenji.page.getByText(ja.price('チーズケーキ', '520円', '560円')).waitFor()
    await look(kenji.page, 'order-changed-ja')
    await press(kenji.page, ja.order)
    await tabLine(kenji, 'プリン').getByText(ja['state ordered']).waitFor()
    await kenji.page.getByRole('region', { name: ja.others('Hanako') }).waitFor()
    await look(kenji.page, 'order-tab-ja')

    // The pudding cannot be made; the rest is ready, and served.
    await list.getByText('Custard pudding').waitFor()
    await register.page.locator('.kitchen-order', { hasText: 'Custard pudding' }).press('r')
    const refusing = sheetOn(register.page)
    await refusing.getByRole('checkbox', { name: /Custard pudding/u }).check()
    await look(register.page, 'kitchen-refuse-en')
    await press(refusing, kitchen.refuseDo)
    await tabLine(kenji, 'プリン').getByText(ja['reason sold-out']).waitFor()

    // Hanako pays her lines; Kenji's phone shows them as being paid, and then as paid.
    await press(hanako.page, new RegExp(`^${en.pay}`, 'u'))
    await look(hanako.page, 'order-pay-en')
    await press(hanako.page, en.payNow('¥1,710'))
    await hanako.amountIs('1,710')
    await tabLine(kenji, '抹茶ケーキ').getByText(ja.payingBy('Hanako')).waitFor()
    await hanako.approve(PIN)
    await hanako.receipt()
    await hanako.done()
    await tabLine(hanako, 'Coffee').getByText(en.paid).waitFor()
    await tabLine(kenji, '抹茶ケーキ').getByText(ja.paid).waitFor()

    // The rest by two: Kenji begins, Hanako takes the other share, and both approve at once.
    await press(kenji.page, new RegExp(`^${ja.pay}`, 'u'))
    await kenji.page.getByRole('radio', { name: ja.payEqual }).check()
    await look(kenji.page, 'order-pay-ja')
    await press(kenji.page, ja.payNow('280円'))
    await kenji.amountIs('280')
    await press(hanako.page, new RegExp(`^${en.pay}`, 'u'))
    await hanako.page.getByRole('radio', { name: en.payEqual }).check()
    await hanako.page.getByText(en.shareOf(2, 2)).waitFor()
    await press(hanako.page, en.payNow('¥280'))
    await hanako.amountIs('280')
    await Promise.all([kenji.approve(PIN), hanako.approve(PIN)])
    await Promise.all([kenji.receipt(), hanako.receipt()])
    await look(register.page, 'kitchen-tables-en')
    await register.page
      .getByRole('article', { name: kitchen.tab('Table 3') })
      .getByText('¥2,270')
      .first()
      .waitFor()
    await Promise.all([kenji.done(), hanako.done()])

    // Served, and nothing is open any more.
    for (const [who, ...steps] of [
      ['Hanako', 'ready', 'served'],
      ['Kenji', 'accepted', 'ready', 'served'],
    ] as const) {
      const one = register.page.locator('.kitchen-order', { hasText: who })
      for (const step of steps) await press(one, new RegExp(`^${kitchen[`do ${step}`]}\\s*: Table 3$`, 'u'))
    }
    await register.page.getByText(kitchen.none).waitFor()
    await hanako.page.getByText(en.allPaid).waitFor()
    await look(hanako.page, 'order-over-en')
    await register.page.keyboard.press('Escape')
    await register.on('keying')
    await register.page.getByRole('button', { name: registerWords.en.actKitchen }).waitFor()
  })
})
