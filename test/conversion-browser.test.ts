// Foreign currency in a real Chromium: a traveller with dollars pays a bill in yen, the rate runs out while she looks, a part comes back in
// dollars; and somebody with yen and euro chooses euro by hand, and gets a new quote when the bill changes.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, test } from 'node:test'
import { rateWords } from '#apps/desk/words-rates.ts'
import { words as deskWords } from '#apps/desk/words.ts'
import { meansWords } from '#apps/wallet/words-means.ts'
import { walletWords } from '#apps/wallet/words.ts'
import { idFrom } from '#core/ids.ts'
import { DESK_ON_THE_MACHINE } from '#server/operator.ts'
import { isProblem } from '#server/http-problems.ts'
import { atTheCounter, look, openCounter, PHONE, PIN, REFUSALS, TILL, type Counter } from './support/counter.ts'
import { openWalletPage } from './support/wallet-page.ts'

const HOUR_MS = 3_600_000

let counter: Counter
before(async () => {
  counter = await openCounter({ hasWorkers: false })
})
after(() => counter?.close())

/** As at the desk. */
async function isSet(from: string, price: string): Promise<void> {
  const { desk, store } = counter.hub
  const rate = { from, to: 'JPY', price, spread: 100, validFrom: null, validUntil: (await store.now()) + 24 * HOUR_MS }
  const command = idFrom('cmd', randomBytes(16))
  const done = await desk.perform(DESK_ON_THE_MACHINE, 'set-rates', { command, why: 'test', rows: [rate] })
  assert.ok(!isProblem(done))
}

test('a traveller pays yen with dollars; the rate runs out while she types her PIN; a part comes back in dollars (en)', async () => {
  await atTheCounter(counter, async (open) => {
    const register = await open.register({ allows: REFUSALS })
    const { page } = await open.machine({ context: { viewport: PHONE } })
    await page.clock.install()
    const emma = await openWalletPage(page, { hub: counter.hub.url, device: 'emma' })
    const words = meansWords.en
    await emma.balanceIs('$500.00')
    await register.keyIn('680')
    await emma.typeNumber(await register.showNumber())
    assert.equal(await emma.joined(), 'Marubeni Bakery')
    await emma.amountIs('¥680')
    const own = page.locator('.means')
    await own.filter({ hasText: '$4.58' }).waitFor()
    assert.match(await own.innerText(), /1 USD = 148\.5 JPY · with 1% for the exchange/u)
    await look(page, 'conversion-quote-en')

    await isSet('USD', '140')
    await page.getByRole('button', { name: walletWords.en.approve, exact: true }).click()
    await page.getByRole('dialog', { name: /¥680 \(\$4\.58\)/u }).waitFor()
    // the two minutes of the quote go by
    await page.clock.fastForward('02:01')
    await page.getByText(words.changed).waitFor()
    await own.filter({ hasText: '$4.91' }).filter({ hasText: '1 USD = 138.6 JPY · with 1% for the exchange' }).waitFor()
    assert.equal(await page.getByRole('dialog').count(), 0)
    await look(page, 'conversion-renewed-en')
    await emma.approve(PIN)
    assert.equal(await register.paid(), '¥680')
    assert.match(
      await emma.receipt(),
      /\$4\.91 from your account[\s\S]*Taken from your account\s+\$4\.91[\s\S]*1 USD = 138\.6 JPY/u,
    )
    await look(page, 'conversion-paid-en')

    await register.next()
    await register.refundNewest('340')
    await page.getByText(words.backOwn('$2.45')).first().waitFor()
    await look(page, 'conversion-refund-en')
    await emma.done()
    await emma.balanceIs('$497.54')
    await emma.openHistory()
    const rows = await emma.historyRows()
    assert.match(rows.join('\n'), /\+\$2\.45[\s\S]*−\$4\.91/u)
    await look(page, 'conversion-history-en')
  })
})

test('with yen and euro one chooses euro by hand, and is quoted anew when the bill changes (ja)', async () => {
  await isSet('EUR', '160')
  await atTheCounter(counter, async (open) => {
    const register = await open.register({ allows: REFUSALS })
    const hanako = await open.phone({ device: 'hanako', language: 'ja' })
    const { page } = hanako
    const words = meansWords.ja
    await register.keyIn('800')
    await hanako.typeNumber(await register.showNumber())
    await hanako.joined()
    await page.getByRole('button', { name: words.another }).click()
    const sheet = page.getByRole('dialog', { name: words.title })
    await sheet.getByRole('button', { name: new RegExp(words.balanceIn('EUR'), 'u') }).waitFor()
    await look(page, 'conversion-choice-ja')
    await sheet.getByRole('button', { name: new RegExp(words.balanceIn('EUR'), 'u') }).click()
    const own = page.locator('.means')
    await own.filter({ hasText: '€5.06' }).waitFor()
    await look(page, 'conversion-euro-ja')

    await register.changeBill()
    await register.keyIn('200')
    await register.sendBill()
    await page.getByText(walletWords.ja.changed, { exact: true }).waitFor()
    // Her yen would do: what was chosen for another bill is not chosen for this one.
    await page.getByRole('button', { name: words.another }).waitFor()
    assert.equal(await own.count(), 0)
    await page.getByRole('button', { name: words.another }).click()
    await sheet.getByRole('button', { name: new RegExp(words.balanceIn('EUR'), 'u') }).click()
    await own.waitFor()
    const due = await page.locator('.due').innerText()
    await hanako.approve(PIN)
    assert.ok((await register.paid()).length > 0, due)
    await hanako.done()
    await hanako.openHistory()
    await page.getByRole('radio', { name: 'EUR' }).check()
    assert.match((await hanako.historyRows()).join('\n'), /−€/u)
    await look(page, 'conversion-history-ja')
  })
})

test('the desk sees what is in force, sets a rate, and a file with a wrong row names it (ja)', async () => {
  await atTheCounter(counter, async (open) => {
    const { page } = await open.machine({ context: { viewport: TILL }, language: 'ja', allows: REFUSALS })
    await page.goto(`${counter.hub.url}/desk`)
    const words = rateWords.ja
    const shared = deskWords.ja
    await page.getByRole('radio', { name: words.title, exact: true }).check()
    await page.getByText(words.priceOf('USD', '140', 'JPY')).waitFor()
    const form = page.locator('form.act').first()
    const fill = (label: string, value: string): Promise<void> => form.getByLabel(label, { exact: true }).fill(value)
    await fill(words.from, 'chf')
    await fill(words.priceField, '170')
    await fill(words.spreadField, '2')
    await fill(words.untilField, '2027-06-30')
    await fill(shared.why, '開店前')
    await form.getByRole('button', { name: words.setRate }).click()
    await page.getByText(words.says('CHF', 'JPY', '166.6', '0.00576470588235')).waitFor()
    await look(page, 'conversion-desk-sure-ja')
    await form.getByRole('button', { name: shared.yes }).click()
    await page.getByText(words.priceOf('CHF', '170', 'JPY')).waitFor()
    await page.getByText(words.file).click()
    await page.getByLabel(words.rows, { exact: true }).fill(`from,to,price,spread,valid_from,valid_until
CHF,JPY,17,2,,2027-06-30
XXX,JPY,1,1,,2027-06-30`)
    await page.getByRole('button', { name: shared.check, exact: true }).click()
    await page.getByText(words['fault unit']).waitFor()
    await page.getByText(words.jumps('2')).waitFor()
    await look(page, 'conversion-desk-file-ja')
  })
})
