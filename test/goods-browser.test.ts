// Goods at the register and in the office, in a real browser: scanner, camera, names, discount, weight, tip, a reload without network.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Page } from 'playwright-core'
import { checkDigit } from '#core/article-codes.ts'
import { goodsWords } from '#apps/merchant/words-goods.ts'
import { words } from '#apps/register/words.ts'
import { writeBarVideo } from './support/bar-video.ts'
import { atTheCounter, CUTS, look, openCounter, PHONE, PIN, REFUSALS, type Counter } from './support/counter.ts'

const text = words.en
const office = goodsWords.en

const ean = (body: string): string => `${body}${checkDigit(body)}`
/** As the demo bakery's file has them: milk bread, melon bun. */
const [MILK_BREAD, MELON_BUN] = [ean('490000000101'), ean('490000000103')]

let counter: Counter
before(async () => {
  counter = await openCounter()
  await writeBarVideo(counter.camera, MELON_BUN)
})
after(() => counter?.close())

/** A scanner that types: a key every five milliseconds by the machine's clock, wherever the focus is. */
const scan = (page: Page, code: string): Promise<void> =>
  page.evaluate((signs) => {
    let at = performance.now()
    for (const key of [...Array.from(signs), 'Enter']) {
      const event = new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true })
      // The time when the key was pressed, which a busy page hears of later.
      Object.defineProperty(event, 'timeStamp', { value: (at += 5) })
      const target = document.activeElement ?? document.body
      target.dispatchEvent(event)
    }
  }, code)

const lines = (page: Page): Promise<string[]> => page.locator('.bill .line-text').allInnerTexts()
const line = (page: Page, name: string) => page.locator('.bill-line', { hasText: name })
const total = async (page: Page): Promise<string> =>
  (await page.locator('.bill-total .amount > .hidden').textContent()) ?? ''

test('a basket is read by scanner and camera, found by name, weighed, lowered and tipped, and paid', async () => {
  await atTheCounter(counter, async (open) => {
    const register = await open.register({ allows: REFUSALS })
    const { page } = register
    await page.getByRole('button', { name: text.actGoods }).waitFor()
    await scan(page, MILK_BREAD)
    await line(page, 'Milk bread').waitFor()
    await scan(page, MILK_BREAD)
    await page.locator('.line-text', { hasText: 'Milk bread × 2' }).waitFor()
    assert.equal(await total(page), '¥760', 'no digit of a code is an amount')
    await scan(page, ean('200010100480'))
    await line(page, 'Salad from the counter').getByText('¥480').first().waitFor()

    await scan(page, ean('490999999999'))
    await page.getByText(text.unknownCode(ean('490999999999'))).waitFor()
    await look(page, 'goods-unknown')
    await page.getByRole('button', { name: text.keyItIn }).click()
    await register.keyIn('150')
    await page.getByRole('button', { name: text.actAddLine }).click()
    assert.deepEqual(await lines(page), ['Milk bread × 2', 'Salad from the counter', 'Goods'])

    await page.keyboard.press('/')
    const search = page.getByRole('searchbox', { name: text.findGoods })
    await search.pressSequentially('croi')
    await page.getByText(text.found(2)).waitFor({ state: 'attached' })
    assert.deepEqual(await page.locator('.good-name').allInnerTexts(), ['Croissant', 'Almond croissant'])
    await look(page, 'goods-search')
    await page.keyboard.press('Enter')
    await line(page, 'Croissant').waitFor()
    await search.fill('zzz')
    await page.getByText(text.foundNone('zzz')).waitFor()
    // In a field a scanner types as any keyboard does, and Enter takes what it typed.
    await search.fill('')
    await page.keyboard.type(ean('210030300312'))
    await page.keyboard.press('Enter')
    await line(page, 'Cheese 312 g').getByText('¥1,934').first().waitFor()
    await page.keyboard.press('Escape')

    await line(page, 'Croissant')
      .getByRole('button', { name: text.terms('Croissant') })
      .click()
    const sheet = page.locator('dialog[open]')
    await sheet.getByRole('textbox', { name: text.discount }).fill('10')
    await look(page, 'goods-line')
    await sheet.getByRole('button', { name: text.take }).click()
    await sheet.getByText(text.discountOf('10%')).waitFor()
    await sheet.getByRole('button', { name: text.done }).click()
    await line(page, 'Croissant −10%').getByText('¥198').first().waitFor()

    await search.fill('stollen')
    await page.locator('.good', { hasText: 'Stollen' }).click()
    await page.keyboard.type('250')
    await sheet.getByText('¥1,200').first().waitFor()
    await look(page, 'goods-weigh')
    await page.keyboard.press('Enter')
    await line(page, 'Stollen, by weight 250 g').waitFor()
    await search.fill('')

    await page.getByRole('button', { name: text.camera }).click()
    await line(page, 'Melon bun').waitFor()
    await look(page, 'goods-camera')
    await sheet.getByRole('button', { name: text.done }).click()
    await sheet.waitFor({ state: 'detached' })

    await search.fill('rum')
    await page.locator('.good', { hasText: 'Rum cake' }).click()
    await line(page, text.fromAge(20)).waitFor()
    await line(page, 'Rum cake')
      .getByRole('button', { name: /^One less/u })
      .click()
    await search.fill('')
    await page.getByRole('button', { name: text.tip }).click()
    await look(page, 'goods-tip')
    await sheet.getByRole('button', { name: /^10%/u }).click()
    const goods = 760 + 480 + 150 + 1_934 + 198 + 1_200 + 200
    const whole = goods + Math.round(goods / 10)
    await line(page, 'Tip').waitFor()
    assert.equal(await total(page), `¥${whole.toLocaleString('en')}`)
    await look(page, 'goods-basket')

    const hanako = await open.phone({ device: 'hanako' })
    await hanako.typeNumber(await register.showNumber())
    // A bill that was sent is changed from how it was keyed in.
    await register.changeBill()
    await line(page, 'Croissant −10%')
      .getByRole('button', { name: text.terms('Croissant −10%') })
      .waitFor()
    await page.keyboard.press('Escape')
    await hanako.approve(PIN)
    assert.equal(await register.paid(), `¥${whole.toLocaleString('en')}`)
    // The next customer's first good is scanned while the paid screen is still there.
    await scan(page, MILK_BREAD)
    await register.on('keying')
    await line(page, 'Milk bread').waitFor()
  })
})

test('without a network a reload keeps the goods, in Japanese on a narrow screen', async () => {
  const ja = words.ja
  await atTheCounter(counter, async (open) => {
    const register = await open.register({ language: 'ja', allows: CUTS, context: { viewport: PHONE } })
    const { page, context } = register
    await page.getByRole('button', { name: ja.actGoods, exact: false }).first().waitFor()
    await page.evaluate(() => navigator.serviceWorker.ready)
    await page.reload()
    await page.getByRole('button', { name: ja.actGoods }).first().waitFor()
    await context.setOffline(true)
    await page.reload()
    await register.on('keying')
    await page.getByRole('button', { name: ja.actGoods }).first().click()
    const search = page.getByRole('searchbox', { name: ja.findGoods })
    await search.fill('ﾒﾛﾝ')
    await page.locator('.good', { hasText: 'メロンパン' }).click()
    await search.fill('')
    await look(page, 'goods-offline-ja')
    await search.blur()
    await scan(page, ean('200010100480'))
    await line(page, '量り売りサラダ').waitFor()
    await scan(page, ean('490999999999'))
    await page.getByText(ja.unknownCode(ean('490999999999'))).waitFor()
    await look(page, 'goods-unknown-ja')
    assert.equal(await total(page), '680 円')
  })
})

test('the office puts a file right, sees what it changes, and the register has the new price', async () => {
  await atTheCounter(counter, async (open) => {
    const register = await open.register()
    const { page: shop } = await open.machine({ context: { viewport: { width: 1024, height: 768 } }, allows: REFUSALS })
    await shop.goto(`${counter.hub.url}/office`)
    await shop.getByRole('radio', { name: office.goods, exact: true }).check()
    const [download] = await Promise.all([
      shop.waitForEvent('download'),
      shop.getByRole('button', { name: office.save }).click(),
    ])
    const { readFile } = await import('node:fs/promises')
    const csv = await readFile(await download.path(), 'utf8')
    const upload = async (name: string, content: Buffer): Promise<void> =>
      shop.getByLabel(office.import).setInputFiles({ name, mimeType: 'text/csv', buffer: content })
    await upload(
      'wrong.csv',
      Buffer.from(csv.replace(`${MELON_BUN},`, `${MELON_BUN.slice(0, -1)}x,`).replace(',380,', ',much,')),
    )
    const faults = shop.getByRole('region', { name: office.faults(1) })
    await faults.getByText(office.faultAt(2, 'price')).waitFor()
    await look(shop, 'office-goods-faults')
    await upload('right.csv', Buffer.from(csv.replace(',380,', ',390,')))
    const preview = shop.getByRole('region', { name: office.preview })
    await preview.getByText(office.from('¥380', '¥390')).waitFor()
    await look(shop, 'office-goods-preview')
    await preview.getByRole('button', { name: office.store }).click()
    await shop.getByText(office.stored).waitFor()

    await shop.getByRole('searchbox', { name: office.search }).fill('melon')
    await shop.getByRole('button', { name: office.edit('Melon bun') }).click()
    const sheet = shop.locator('dialog[open]')
    await sheet.getByLabel(office.price, { exact: true }).fill('much')
    await sheet.getByRole('button', { name: office.keep }).click()
    await sheet.getByText('is no price').waitFor()
    await look(shop, 'office-good')
    await sheet.getByLabel(office.price, { exact: true }).fill('210')
    await sheet.getByRole('button', { name: office.keep }).click()
    await sheet.waitFor({ state: 'detached' })
    await shop.getByText('¥210').waitFor()

    // The register asks again whenever its page is opened.
    await register.page.reload()
    await register.on('keying')
    await register.addGood('Melon bun')
    await line(register.page, 'Melon bun').getByText('¥210').first().waitFor()
    await look(shop, 'office-goods')
  })
})
