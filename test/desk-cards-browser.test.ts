// Cards at the operator's desk: how vault and issuers are, a day with them, and the tables by hand and by file; in both languages.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Locator, Page } from 'playwright-core'
import { cardWords } from '#apps/desk/words-cards.ts'
import { words } from '#apps/desk/words.ts'
import { testCards, type TestCards } from './support/card-programs.ts'
import { atTheCounter, look, openCounter, PHONE, REFUSALS, TILL, type Counter } from './support/counter.ts'
import { openDeskPage } from './support/desk-page.ts'

let cards: TestCards
let counter: Counter
before(async () => {
  cards = await testCards()
  counter = await openCounter({ hasWorkers: false, ...cards.options })
})
after(async () => {
  await counter?.close()
  await cards?.close()
})

const en = cardWords.en
const ja = cardWords.ja

/** A row of a table by words that stand in it. */
const row = (page: Page, ...holds: string[]): Locator =>
  holds.reduce((found, text) => found.filter({ hasText: text }), page.locator('.cards tr'))
const go = (page: Page, name: string): Promise<void> => page.getByRole('radio', { name, exact: true }).check()

test('the operator sees that vault and issuers are there, asks about a day, and changes the tables by hand and by file', async () => {
  await atTheCounter(counter, async (open) => {
    const { page } = await open.machine({ context: { viewport: TILL }, allows: REFUSALS })
    const desk = await openDeskPage(page, counter.hub.url)
    const why = async (reason: string, button: string): Promise<void> => {
      await page.getByLabel(words.en.why, { exact: true }).fill(reason)
      await page.getByRole('button', { name: button, exact: true }).click()
    }
    await go(page, en.title)
    await page.getByText(en['vault ready']).waitFor()
    await row(page, '0001 Tanuki Card', en.up).waitFor()
    await look(page, 'desk-cards-state')

    await go(page, en.day)
    await page.getByText(en.notAsked).waitFor()
    await page.getByRole('button', { name: en.ask }).click()
    await page.getByText(en.even).waitFor()
    await row(page, '0002', en.inBalance).waitFor()
    await look(page, 'desk-cards-day')

    await go(page, en.tables)
    await page.getByRole('button', { name: en.edit('0001') }).click()
    await page.getByLabel(en['issuers ink'], { exact: true }).fill('#6b4424')
    await page.getByRole('button', { name: en.check }).first().click()
    await page.getByText(en['fault contrast']).waitFor()
    await page.getByLabel(en['issuers ink'], { exact: true }).fill('#fff8e8')
    await page.getByRole('button', { name: en.check }).first().click()
    await page.getByText(en.checked('0', '1', '0')).waitFor()
    await look(page, 'desk-cards-issuer')
    await why('new design of the card', en.put)
    await desk.said(en.done)
    assert.equal(counter.hub.cardTables.issuerOf('0001')?.ink, '#fff8e8')

    await go(page, en.ranges)
    await page.getByText(en.byFile).click()
    const rows = page.getByLabel(en.rows, { exact: true })
    await rows.fill('prefix,issuer\n457201,0001\n457198,0001\n4572,0001')
    await page.getByRole('button', { name: en.check }).click()
    await page.getByText(en.faults('2')).waitFor()
    await row(page, '3', en['fault one-time-overlaps']).waitFor()
    await row(page, '4', en['fault prefix']).waitFor()
    await look(page, 'desk-cards-file-wrong')
    assert.equal(counter.hub.cardTables.ranges().length, 2)
    await rows.fill('prefix,issuer\n457201,0001')
    await page.getByRole('button', { name: en.check }).click()
    await page.getByText(en.checked('1', '0', '0')).waitFor()
    await why('a new range', en.put)
    await row(page, '457201').waitFor()

    await page.getByRole('button', { name: en.edit('457201') }).click()
    await page.getByRole('button', { name: en.removeRow }).click()
    await why('it was a mistake', en.removing)
    await row(page, '457201').waitFor({ state: 'detached' })
    await go(page, en.merchants)
    await row(page, 'Marubeni Bakery', en.takesBonus).first().waitFor()
    await look(page, 'desk-cards-merchants')
  })
})

test('on a phone and in Japanese: the vault is away, and somebody else was quicker', async () => {
  await atTheCounter(counter, async (open) => {
    const { page } = await open.machine({ context: { viewport: PHONE }, language: 'ja', allows: REFUSALS })
    await page.goto(`${counter.hub.url}/desk`)
    await page.getByRole('radio', { name: ja.title, exact: true }).waitFor()
    await go(page, ja.title)
    await go(page, ja.tables)
    await go(page, ja.merchants)
    const [first] = await page.getByRole('button', { name: /を変更$/u }).all()
    await first?.click()
    await page.getByLabel(ja['merchants category'], { exact: true }).fill('5411')
    await page.getByRole('button', { name: ja.check, exact: true }).first().click()
    await page.getByText(ja.checked('0', '1', '0')).waitFor()
    await look(page, 'desk-cards-form-ja')
    // Somebody at another desk.
    await counter.hub.database.transactions.query('update card_tables set version = version + 1')
    await page.getByLabel(words.ja.why, { exact: true }).fill('業種の訂正')
    await page.getByRole('button', { name: ja.put, exact: true }).click()
    await page.getByText('ほかの人がこの表を変更しました。').waitFor()

    await cards.vaultDies()
    await go(page, ja.day)
    await page.getByRole('button', { name: ja.ask }).click()
    await page.locator('.banner-trouble').waitFor()
    await look(page, 'desk-cards-away-day-ja')
    await page.reload()
    await go(page, ja.title)
    await page.getByText(ja['vault away']).waitFor()
    await look(page, 'desk-cards-away-ja')
    await cards.vaultRises()
  })
})
