// The counter payment in Japanese on both sides, and no word of English left on any screen of it.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Page } from 'playwright-core'
import { atTheCounter, look, openCounter, PIN, REFUSALS, type Counter } from './support/counter.ts'

let counter: Counter
before(async () => {
  counter = await openCounter({ hasWorkers: false })
})
after(() => counter?.close())

test('レジとスマートフォンの物語：番号を打ち、支払い、返金する', async () => {
  await atTheCounter(counter, async (open) => {
    const [register, phone] = await Promise.all([
      open.register({ language: 'ja' }),
      open.phone({ language: 'ja', allows: REFUSALS }),
    ])
    const both = [register.page, phone.page]
    for (const { page } of [register, phone]) assert.equal(await page.locator('html').getAttribute('lang'), 'ja')
    await phone.page.getByText('お店の画面の番号を入力').waitFor()
    await look(phone.page, 'wallet-home-ja')
    await looksJapanese(...both)

    // Nobody's number: the refusal is in Japanese too.
    await phone.typeNumber('000000000')
    await phone.page.locator('.banner', { hasText: 'この番号のお会計は見つかりません。' }).waitFor()
    await looksJapanese(phone.page)
    await phone.clearNumber()

    // There is no video for the camera in this story.
    await phone.page.getByRole('button', { name: '読み取る', exact: true }).click()
    await phone.page.locator('.scanner-none, .scanner-trouble').waitFor()
    await look(phone.page, 'wallet-scan-ja')
    await looksJapanese(phone.page)
    await phone.page.getByRole('button', { name: '番号を入力する' }).click()

    await register.page.keyboard.press('F2')
    await look(register.page, 'register-goods-ja')
    await looksJapanese(register.page)
    await register.addGood('メロンパン')
    await register.addGood('コーヒー（持ち帰り）')
    const number = await register.showNumber()
    await look(register.page, 'register-number-ja')
    await looksJapanese(register.page)

    await phone.typeNumber(number)
    await phone.joined()
    assert.equal(await register.joined(), 'Hanakoさんとつながりました')
    assert.equal(await phone.tallyName(), await register.tally())
    await phone.amountIs('480円')
    await look(phone.page, 'wallet-joined-ja')
    await look(register.page, 'register-joined-ja')
    await looksJapanese(...both)

    await phone.page.getByRole('button', { name: '承認する' }).click()
    await phone.page.getByLabel('暗証番号', { exact: true }).waitFor()
    await looksJapanese(phone.page)
    await phone.page.keyboard.type(PIN)
    assert.match(await register.paid(), /480 ?円/u)
    await look(register.page, 'register-paid-ja')
    await looksJapanese(register.page)
    await register.next()
    assert.match(await phone.receipt(), /Marubeni Bakeryへ/u)
    await phone.page.getByText('Marubeni Bakeryに480円を支払いました。').waitFor({ state: 'attached' })
    await look(phone.page, 'wallet-paid-ja')
    await looksJapanese(phone.page)

    assert.equal(await register.refundNewest('200'), 'Hanakoさんに200円を返しました。')
    await phone.page.locator('.paid', { hasText: '200円が戻りました。' }).waitFor()
    await look(register.page, 'register-record-ja')
    await looksJapanese(...both)
    await phone.done()
    await phone.balanceIs('49,720')
    await phone.openHistory()
    await phone.page.locator('.day .row').nth(2).waitFor()
    await looksJapanese(phone.page)
    await phone.back()
    await phone.page.getByRole('button', { name: '設定' }).click()
    await look(phone.page, 'wallet-settings-ja')
    await looksJapanese(phone.page)
  })
})

test('一方が取り消し、番号が替わり、言葉を替えればその場で日本語になる', async () => {
  await atTheCounter(counter, async (open) => {
    const [register, phone] = await Promise.all([open.register(), open.phone({ language: 'ja' })])
    await register.page.getByRole('button', { name: 'Settings' }).click()
    await register.page.getByRole('radio', { name: '日本語' }).first().check()
    await look(register.page, 'register-settings-ja')
    await looksJapanese(register.page)
    await register.page.keyboard.press('Escape')
    await register.page.locator('dialog[open]').waitFor({ state: 'detached' })
    await register.page.keyboard.press('F4')
    await phone.typeNumber(
      (await register.page.locator('.ticket-number .hidden').textContent())?.replaceAll(/\D/gu, '') ?? '',
    )
    await phone.page.getByRole('heading', { name: 'お店が計算しています' }).waitFor()
    await register.page.locator('.till-joined').waitFor()
    await looksJapanese(register.page, phone.page)
    await register.page.keyboard.press('F7')
    await register.page.getByRole('heading', { name: 'この人ではありませんか' }).waitFor()
    await looksJapanese(register.page)
    await register.page.keyboard.press('Enter')
    assert.match(await phone.ended(), /お店がこの端末とのつながりを切りました。/u)
    await looksJapanese(phone.page)
    await phone.done()
    await register.page.locator('.till-open').waitFor()
    await register.page.keyboard.press('Escape')
    await register.page.locator('.till-ended').waitFor()
    await looksJapanese(register.page)
    await register.page.keyboard.press('F8')
    await register.page.locator('.history .row').first().waitFor()
    await looksJapanese(register.page)
  })
})

/** Names stay as their owners write them, keys as the keyboard has them, currencies by their code, and a payment's id is no word. */
const NAMES =
  /\b(?:58|80) mm|1-2-3 Honcho, Demo town|Thank you for coming|(?:[\da-f]{4} ){2}[\da-f]{4}|Marubeni Bakery|sole proprietor Maki Beni|Hanako|Kenji|Till 1|Demo town|Warifu|English|\b(?:Enter|Esc|F\d+|QR|[A-Z]{3})\b/gu

/** Fails on whatever a person could see or hear on these pages and that is not Japanese. */
async function looksJapanese(...pages: readonly Page[]): Promise<void> {
  for (const page of pages) {
    const texts = await page.evaluate(() => {
      const spoken = [...document.querySelectorAll('[aria-label], [title], [alt], [placeholder]')].flatMap((element) =>
        ['aria-label', 'title', 'alt', 'placeholder'].map((name) => element.getAttribute(name) ?? ''),
      )
      const written: string[] = []
      const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
      while (walker.nextNode()) {
        const isText = walker.currentNode.parentElement?.closest('script, style, noscript') === null
        if (isText) written.push(walker.currentNode.textContent ?? '')
      }
      return [document.title, ...spoken, ...written]
    })
    const english = texts.filter((text) => /[A-Za-z]{2,}/u.test(text.replaceAll(NAMES, '')))
    assert.deepEqual(english, [], `all Japanese at ${page.url()}`)
  }
}
