// The sample shop as its buyers and its clerk use it: a basket, a phone that pays, the webhook that confirms though the shop was down, a refund;
// then the office's keys, log and links, and a link opened and paid. The shop runs as a program of its own.
import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { Page } from 'playwright-core'
import { webShopWords } from '#apps/merchant/words-web-shop.ts'
import { WORDS } from '#apps/component/words.ts'
import { atTheCounter, CUTS, look, openCounter, PIN, type Counter } from './support/counter.ts'
import { started, type Program } from './support/examples.ts'
import { until } from './support/hub.ts'
import { openOfficePage } from './support/office-page.ts'
import { readQr } from './support/qr.ts'

let counter: Counter
let folder: string
let port: number
let program: Program | undefined

before(async () => {
  // The second try of a webhook comes soon enough for a test, and the shop is still down then.
  counter = await openCounter({ webhookBackoffMs: Array.from({ length: 100 }, () => 200) })
  folder = await mkdtemp(join(tmpdir(), 'warifu-shop-'))
  port = await freePort()
})
after(async () => {
  program?.kill()
  await counter?.close()
  await rm(folder, { recursive: true, force: true })
})

const shopUrl = (): string => `http://localhost:${port}`
const PASSWORD = 'the clerk’s'
const DESKTOP = { viewport: { width: 1024, height: 768 } } as const

async function startShop(): Promise<Program> {
  const env = { PORT: String(port), ORDERS: join(folder, 'orders.json'), CLERK_PASSWORD: PASSWORD }
  const shop = started(counter.hub, 'examples/shop/main.ts', [], env)
  await until(() => shop.said().includes('tells this shop') || shop.code() !== null)
  assert.equal(shop.code(), null, shop.said())
  program = shop
  return shop
}

/** Killed, and gone. */
async function kill(shop: Program): Promise<void> {
  shop.kill()
  await until(() => shop.code() !== null || isGone())
}
const isGone = (): Promise<boolean> =>
  fetch(shopUrl()).then(
    () => false,
    () => true,
  )

/** Puts bread into the basket and orders it. */
async function order(page: Page, ...names: readonly string[]): Promise<void> {
  await page.goto(shopUrl())
  for (const name of names) await page.getByRole('button', { name }).click()
  await page.locator('#checkout').click()
  await page.locator('warifu-pay .number').waitFor()
}

const numberOn = async (page: Page): Promise<string> =>
  ((await page.locator('warifu-pay .heard').textContent()) ?? '').replaceAll(/\D/gu, '')

test('a basket, a phone that pays while the shop is down, the webhook that confirms when it is back, and a refund', async () => {
  const first = await startShop()
  await atTheCounter(counter, async (open) => {
    const buyer = await open.machine({ context: DESKTOP, allows: CUTS })
    const { page } = buyer
    await order(page, 'Melon bread', 'Country loaf')
    await look(page, 'shop-order')
    const link = await readQr(await page.locator('warifu-pay svg').screenshot())
    assert.match(link, new RegExp(`^${counter.hub.url}/j/`, 'u'))
    const hanako = await open.phone({ device: 'hanako' })
    await hanako.typeNumber(await numberOn(page))
    await hanako.amountIs('¥700')
    await page.locator('warifu-pay').getByText(WORDS.en.joined).waitFor()

    await kill(first)
    await hanako.approve(PIN)
    await hanako.receipt()
    const kept = await readFile(join(folder, 'orders.json'), 'utf8')
    assert.equal((JSON.parse(kept) as { orders: { confirmedBy: string | null }[] }).orders[0]?.confirmedBy, null)
    await page.locator('warifu-pay').getByText(WORDS.en.offline).waitFor()

    const second = await startShop()
    await page.getByText('Confirmed. We bake it for tomorrow.').waitFor()
    await page.locator('warifu-pay').getByText(WORDS.en.paid, { exact: true }).waitFor()
    assert.match(second.said(), /is paid/u)
    await look(page, 'shop-paid')

    const clerk = await open.machine({ context: DESKTOP, allows: /403/u })
    await clerk.page.goto(`${shopUrl()}/clerk`)
    await clerk.page.getByLabel('Password').fill('wrong')
    await clerk.page.getByRole('button', { name: 'Enter' }).click()
    await clerk.page.getByText('That is not the password.').waitFor()
    await clerk.page.getByLabel('Password').fill(PASSWORD)
    await clerk.page.getByRole('button', { name: 'Enter' }).click()
    await look(clerk.page, 'shop-clerk')
    await clerk.page.getByRole('button', { name: 'Give back ¥700' }).click()
    await clerk.page.getByText('given back').waitFor()
    await page.reload()
    await page.getByText('¥700 went back to you.').waitFor()
    await hanako.done()
    await hanako.balanceIs('50,000')

    // The same component in Japanese, on a page of another's whose content policy is strict.
    const japanese = await open.machine({ language: 'ja', context: { viewport: { width: 360, height: 740 } } })
    await order(japanese.page, 'あんぱん')
    await japanese.page.locator('warifu-pay').getByText(WORDS.ja.scan).waitFor()
    await look(japanese.page, 'shop-order-ja')
  })
})

test('the office: a key shown once, a webhook’s log sent again, a link that a phone pays', async () => {
  const text = webShopWords.en
  if (program?.code() !== null) await startShop()
  await atTheCounter(counter, async (open) => {
    const { page, context } = await open.machine({ context: DESKTOP })
    await context.grantPermissions(['clipboard-read', 'clipboard-write'])
    await openOfficePage(page, counter.hub.url)
    await page.getByRole('radio', { name: text.webShop, exact: true }).check()
    await page.getByLabel(text.keyName).fill('Cake shop')
    await page.getByRole('switch', { name: text['refunds:write'] }).uncheck()
    await page.getByRole('button', { name: text.makeKey }).click()
    const made = page.getByRole('region', { name: text.keyMade('Cake shop') })
    assert.match(await made.locator('output').innerText(), /^wk_[\w-]{43}$/u)
    await look(page, 'office-key')
    await made.getByRole('button', { name: text.close }).click()
    await page.getByRole('button', { name: `${text.endKey} : Cake shop` }).click()
    await page.locator('dialog[open]').getByRole('button', { name: text.endDo }).click()
    await page.getByText(text.keyEnded).first().waitFor()

    await page.getByRole('button', { name: `${text.log} : ${shopUrl()}/webhook` }).click()
    const log = page.getByRole('region', { name: text.logOf(`${shopUrl()}/webhook`) })
    await log.getByText(text['deal.settled']).first().waitFor()
    await log
      .getByRole('button', { name: new RegExp(`${text.again} : ${text['deal.settled']}`, 'u') })
      .first()
      .click()
    await page.getByText(text.sentAgain).first().waitFor()
    await look(page, 'office-log')
    await log.getByRole('button', { name: text.close }).click()

    await page.getByLabel(text.linkText).fill('Anniversary cake')
    await page.getByLabel(/^Amount/u).fill('3800')
    await page.getByRole('button', { name: text.makeLink }).click()
    const url = (await page.locator('a[href*="/pay/"]').first().getAttribute('href')) ?? ''
    await page.getByRole('button', { name: `${text.copy} : Anniversary cake` }).click()
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), url)

    const payer = await open.machine({ context: { viewport: { width: 360, height: 740 } }, allows: /410/u })
    await payer.page.goto(url)
    await payer.page.getByRole('heading', { name: 'Anniversary cake' }).waitFor()
    await payer.page.locator('warifu-pay .number').waitFor()
    await look(payer.page, 'pay-link')
    const number = await numberOn(payer.page)
    await payer.page.reload()
    await payer.page.locator('warifu-pay .number').waitFor()
    assert.equal(await numberOn(payer.page), number)
    const hanako = await open.phone({ device: 'hanako' })
    await hanako.typeNumber(number)
    await hanako.amountIs('¥3,800')
    await hanako.approve(PIN)
    await hanako.receipt()
    await payer.page.locator('warifu-pay').getByText(WORDS.en.paid, { exact: true }).waitFor()
    await look(payer.page, 'pay-link-paid')
  })
})

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve))
  const address = server.address()
  assert(typeof address === 'object' && address !== null)
  await new Promise((resolve) => server.close(resolve))
  return address.port
}
