// The shop's and the operator's screens in Japanese, at the sizes of a till and a desk: nothing is left in English, nothing sticks out, no
// word of a button is cut, and axe finds nothing.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Page } from 'playwright-core'
import { identityWords } from '#apps/desk/words-identity.ts'
import { words as deskWords } from '#apps/desk/words.ts'
import { goodsWords } from '#apps/merchant/words-goods.ts'
import { pointWords } from '#apps/merchant/words-points.ts'
import { receiptWords } from '#apps/merchant/words-receipt.ts'
import { webShopWords } from '#apps/merchant/words-web-shop.ts'
import { words as officeWords } from '#apps/merchant/words.ts'
import { words as tillWords } from '#apps/register/words.ts'
import { staffWords } from '#apps/shared/staff-words.ts'
import { atTheCounter, look, openCounter, photograph, PIN, REFUSALS, TILL, type Counter } from './support/counter.ts'
import { receiver, type Receiver } from './support/web-shop.ts'

const DESK = { width: 1280, height: 900 } as const
const [office, goods, web, staff, desk, till] = [
  officeWords.ja,
  goodsWords.ja,
  webShopWords.ja,
  staffWords.ja,
  deskWords.ja,
  tillWords.ja,
]

let counter: Counter
let to: Receiver
before(async () => {
  counter = await openCounter({ hasWorkers: false, webhookBackoffMs: Array.from({ length: 100 }, () => 200) })
  to = await receiver()
})
after(async () => {
  await to?.stop()
  await counter?.close()
})

/** Words of Latin letters that stand in Japanese as they are: names of things, columns of a file, keys of the keyboard. */
const AS_IT_IS =
  /^(?:API|APIキー|Webhook|CSV|QR|URL|PIN|UTF|JIS|Shift|MB|OpenID|Connect|CIBA|JPY|EUR|JAN|EAN|NFC|Esc|Enter|Warifu|English|kg|account|amount|text)$/u
/** What the demo town's people have written. */
const THE_TOWNS =
  /^(?:Marubeni|Bakery|online|Beni|Maki|sole|proprietor|Operator|Demo|town|one|time|code|demo|desk|on|the|machine|Asia|Tokyo|Bread|Cakes|Drinks|Other|goods|stollen|cookies|Till|Office|Hanako|Kenji|Counter|At|oven|Table|By|window)$/u

/** Looks at a screen in both sizes. */
async function seen(page: Page, name: string): Promise<void> {
  await look(page, `${name}-1024`)
  await isWell(page, `${name} at 1024`)
  await page.setViewportSize(DESK)
  await photograph(page, `${name}-1280`)
  await isWell(page, `${name} at 1280`)
  await page.setViewportSize(TILL)
}

async function isWell(page: Page, name: string): Promise<void> {
  const { english, cut, out } = await page.evaluate(() => {
    const isSeen = (element: Element | null): element is Element =>
      element !== null && element.checkVisibility({ visibilityProperty: true }) && element.closest('[lang=en]') === null
    const texts: string[] = []
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
    for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
      const isData = node.parentElement?.closest('output, a, kbd, .shortcut, [translate=no], option, textarea')
      if (isSeen(node.parentElement) && isData == null) texts.push(node.textContent ?? '')
    }
    const buttons = [...document.querySelectorAll('button, label, th, h1, h2, h3, .segmented span')].filter(isSeen)
    return {
      english: texts.filter((text) => !/https?:|_[0-9a-f]{32}|%|\d[A-Z]/u.test(text)),
      cut: buttons
        .filter(({ scrollWidth, clientWidth }) => clientWidth > 0 && scrollWidth > clientWidth + 1)
        .filter((element) => getComputedStyle(element).overflowX !== 'visible')
        .map((element) => element.textContent ?? ''),
      out: document.documentElement.scrollWidth - innerWidth,
    }
  })
  const left = english
    .flatMap((text) => text.match(/[A-Za-z]{2,}/gu) ?? [])
    .filter((word) => !AS_IT_IS.test(word) && !THE_TOWNS.test(word))
  assert.deepEqual({ left: [...new Set(left)], cut, out }, { left: [], cut: [], out: 0 }, name)
}

const press = (page: Page, name: string): Promise<void> => page.getByRole('button', { name }).first().click()
const room = (page: Page, name: string): Promise<void> => page.getByRole('radio', { name, exact: true }).check()

test('事務所の価格表・掲示・レシート・ネットショップ (ja)', async () => {
  await atTheCounter(counter, async (open) => {
    const { page } = await open.machine({ language: 'ja', context: { viewport: TILL }, allows: REFUSALS })
    await page.goto(`${counter.hub.url}/office`)
    await page.getByText(office.available).waitFor()
    await room(page, goods.goods)
    await page.getByLabel(goods.search).waitFor()
    await seen(page, 'office-goods-ja')
    await press(page, goods.add)
    await page.locator('dialog[open]').getByLabel(goods.code, { exact: true }).waitFor()
    await seen(page, 'office-good-ja')
    await page.keyboard.press('Escape')
    const csv = 'コード,商品名,価格\na1,あんぱん,百円\n4900000001013,,380\n'
    await page
      .locator('input[type=file]')
      .setInputFiles({ name: 'goods.csv', mimeType: 'text/csv', buffer: Buffer.from(csv) })
    await page.getByText(goods.faultsText).waitFor()
    await seen(page, 'office-goods-faults-ja')

    await room(page, pointWords.ja.signs)
    await page.getByText('Table 3').first().waitFor()
    await seen(page, 'office-signs-ja')
    await room(page, receiptWords.ja.shop)
    await page.getByLabel(receiptWords.ja.invoiceNumber).waitFor()
    await seen(page, 'office-receipts-ja')

    await room(page, web.webShop)
    await page.getByText(web.noWebhooks).waitFor()
    await seen(page, 'office-web-shop-ja')
    await page.getByLabel(web.keyName).fill('季節の焼き菓子とケーキの店')
    await press(page, web.makeKey)
    await page.getByRole('region', { name: web.keyMade('季節の焼き菓子とケーキの店') }).waitFor()
    await seen(page, 'office-key-ja')
    await press(page, web.close)
    await page.getByLabel(web.address, { exact: false }).fill(to.url)
    await press(page, web.addWebhook)
    await page.getByRole('region', { name: web.webhookMade }).waitFor()
    await press(page, web.close)
    to.answers({ status: 500, text: 'こわれています' })
    await press(page, web.sendTest)
    await page.getByText('こわれています').waitFor()
    await seen(page, 'office-webhook-ja')
    await page.getByLabel(web.linkText).fill('記念日のケーキ')
    await page.getByLabel(web.amount, { exact: false }).fill('3800')
    await press(page, web.makeLink)
    await page.getByRole('list', { name: web.links }).getByText('記念日のケーキ').first().waitFor()
    await page.getByRole('heading', { name: web.links }).scrollIntoViewIfNeeded()
    await seen(page, 'office-links-ja')
    await page.getByRole('button', { name: new RegExp(`^${web.endKey}.*季節`, 'u') }).click()
    await page.locator('dialog[open]').waitFor()
    await seen(page, 'office-key-end-ja')
  })
})

test('窓口で店主のコードを作り、事務所とレジで担当者がサインインする (ja)', async () => {
  await atTheCounter(counter, async (open) => {
    const { page } = await open.machine({ language: 'ja', context: { viewport: TILL }, allows: REFUSALS })
    await page.goto(`${counter.hub.url}/desk`)
    await page.getByLabel(desk.search).fill('Marubeni')
    await page.getByRole('list', { name: desk.people }).getByRole('button', { name: 'Marubeni' }).first().click()
    await page.locator('.file').getByRole('heading', { name: 'Marubeni' }).first().waitFor()
    await seen(page, 'desk-shop-ja')
    const part = page.locator('.file details', { has: page.locator('summary', { hasText: identityWords.ja.staff }) })
    await part.locator('summary').click()
    await part.getByLabel(identityWords.ja.staffName, { exact: true }).fill('森 彩')
    const form = part.locator('form').filter({ has: page.getByRole('button', { name: identityWords.ja.inviteOwner }) })
    await form.getByLabel(desk.why, { exact: true }).fill('窓口でご本人を確認')
    await form.getByRole('button', { name: identityWords.ja.inviteOwner }).click()
    const code = await part.locator('.code-value').innerText()
    await seen(page, 'desk-staff-ja')
    for (const each of [desk.credits, desk.rules, desk.operators, identityWords.ja.sites, desk.log]) {
      await room(page, each)
      await page.waitForLoadState('networkidle')
      await seen(page, `desk-${each}-ja`)
    }

    const shop = await open.machine({ language: 'ja', context: { viewport: TILL }, allows: REFUSALS })
    await shop.page.goto(`${counter.hub.url}/office`)
    await shop.page.getByText(office.available).waitFor()
    await room(shop.page, office.who)
    await seen(shop.page, 'office-nobody-ja')
    await press(shop.page, office.haveCode)
    await enrol(shop.page, code, '246802')
    await shop.page.getByRole('button', { name: office.signedInAs('森 彩') }).waitFor()
    await room(shop.page, office.who)
    await shop.page.getByLabel(office.name, { exact: true }).fill('結衣')
    await press(shop.page, office.makeCode)
    await shop.page.locator('.one-time-code-value').waitFor()
    await seen(shop.page, 'office-staff-ja')
    const yui = await shop.page.locator('.one-time-code-value').innerText()
    await room(shop.page, office.machines)
    await shop.page.getByText(office.thisMachine).waitFor()
    await seen(shop.page, 'office-machines-ja')

    const register = await open.machine({ language: 'ja', context: { viewport: TILL }, allows: REFUSALS })
    await register.page.goto(`${counter.hub.url}/register`)
    await register.page.getByRole('heading', { name: staff.who }).waitFor()
    await seen(register.page, 'till-who-ja')
    await press(register.page, staff.haveCode)
    await register.page.getByRole('textbox', { name: staff.code }).waitFor()
    await seen(register.page, 'till-staff-code-ja')
    await enrol(register.page, yui, '135790')
    await register.page.locator('.till-keying').waitFor()
    await sells(register.page, open)
  })
})

type Open = Parameters<Parameters<typeof atTheCounter>[1]>[0]

/** What a cashier sees of goods, terms, tip, history and receipts. */
async function sells(page: Page, open: Open): Promise<void> {
  await page.getByRole('button', { name: till.actGoods }).first().click()
  const search = page.getByRole('searchbox', { name: till.findGoods })
  await search.fill('パン')
  await page.locator('.good').first().waitFor()
  await page.locator('.good').first().click()
  await search.fill('シュトレン')
  await page.locator('.good').first().click()
  await page.locator('dialog[open]').waitFor()
  await seen(page, 'till-weigh-ja')
  await page.keyboard.type('250')
  await page.keyboard.press('Enter')
  await search.fill('')
  await page.keyboard.press('Escape')
  await seen(page, 'till-goods-ja')
  await page.locator('.bill-line').first().getByRole('button', { name: /^条件/u }).click()
  await page.locator('dialog[open]').waitFor()
  await seen(page, 'till-terms-ja')
  await page.keyboard.press('Escape')
  await press(page, till.tip)
  await page.locator('dialog[open]').waitFor()
  await seen(page, 'till-tip-ja')
  await page.keyboard.press('Escape')
  await page.locator('dialog[open]').waitFor({ state: 'detached' })
  await press(page, till.actShowNumber)
  await page.locator('.till-open').waitFor()
  const number = ((await page.locator('.ticket-number .hidden').textContent()) ?? '').replaceAll(/\D/gu, '')
  const hanako = await open.phone({ device: 'hanako', language: 'ja' })
  await hanako.typeNumber(number)
  await hanako.approve(PIN)
  await page.locator('.till-paid').waitFor()
  await page.keyboard.press('Enter')
  await page.locator('.till-keying').waitFor()
  await press(page, till.actHistory)
  await page.locator('.history .row-button').first().waitFor()
  await seen(page, 'till-history-ja')
  await page.locator('.history .row-button').first().click()
  await page.locator('.till-record').waitFor()
  await seen(page, 'till-record-ja')
  await press(page, till.actRefund)
  await page.locator('dialog[open]').waitFor()
  await seen(page, 'till-refund-ja')
}

async function enrol(page: Page, code: string, pin: string): Promise<void> {
  const field = page.getByRole('textbox', { name: staff.code })
  if ((await field.count()) === 0) await press(page, staff.haveCode)
  await field.fill(code)
  for (const title of [staff.choosePin, staff.pinAgain]) {
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: title }).waitFor()
    await page.keyboard.type(pin)
  }
  await page.keyboard.press('Enter')
}
