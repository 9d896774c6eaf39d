// The counter payment as people see it, in a real Chromium on a real PostgreSQL: a register and phones as machines apart.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { parseTypedNumber } from '#core/numbers.ts'
import { writeQrVideo } from './browser.ts'
import {
  atTheCounter,
  balanceOf,
  inDatabase,
  look,
  openCounter,
  PIN,
  REFUSALS,
  type Counter,
  type Machine,
} from './support/counter.ts'
import type { RegisterPage } from './support/register-page.ts'

let counter: Counter
before(async () => {
  counter = await openCounter({ hasWorkers: false })
})
after(() => counter?.close())

test('a cashier keys ¥1,280, a phone types the number and pays, and the money is given back in two parts', async () => {
  await atTheCounter(counter, async (open) => {
    const [register, phone] = await Promise.all([open.register(), open.phone()])
    const had = await balanceOf(phone)
    await look(phone.page, 'wallet-home')

    await look(register.page, 'register-keying')
    await register.page.keyboard.type('1280')
    await register.page.keyboard.press('Enter')
    const number = await register.number()
    assert.equal(parseTypedNumber(number).ok, true, 'the check digit is right')
    const groups = register.page.locator('.ticket-number .number-group')
    assert.deepEqual(await groups.allTextContents(), number.match(/.{3}/gu))
    const height = await groups.first().evaluate((group) => parseFloat(getComputedStyle(group).fontSize))
    assert(height >= 56, `a number of ${height} px is read at two metres`)
    await register.page
      .getByText(/\d+ seconds? left|\d+ minutes?/u)
      .first()
      .waitFor()
    await look(register.page, 'register-number')

    await phone.typeNumber(number)
    assert.equal(await phone.joined(), 'Marubeni Bakery')
    assert.equal(await register.joined(), 'Joined with Hanako')
    assert.equal(await phone.tallyName(), await register.tally())
    await phone.amountIs('¥1,280')
    await phone.page.getByText('Till 1').waitFor()
    await phone.page.locator('.line-name', { hasText: 'Goods' }).waitFor()
    await look(phone.page, 'wallet-joined')
    await look(register.page, 'register-joined')

    await phone.page.getByRole('button', { name: 'Approve' }).click()
    await phone.page.getByLabel('PIN', { exact: true }).waitFor()
    await look(phone.page, 'wallet-pin')
    await phone.page.keyboard.type(PIN)
    assert.equal(await register.paid(), '¥1,280')
    await register.page.getByText('by Hanako', { exact: true }).waitFor()
    assert.equal(await phone.tallyName(), await register.tally())
    await look(register.page, 'register-paid')
    await register.next()
    const receipt = await phone.receipt()
    for (const part of ['¥1,280', 'Marubeni Bakery', 'Till 1', 'tax 8%']) assert(receipt.includes(part), part)
    await look(phone.page, 'wallet-paid')

    assert.equal(await register.refundNewest('500'), '¥500 went back to Hanako.')
    await phone.page.locator('.paid', { hasText: '¥500 came back to you.' }).waitFor()
    await phone.page.getByText('Paid in the end').waitFor()
    await look(register.page, 'register-record')
    await register.page.keyboard.press('F9')
    await register.page.locator('dialog[open] .give').waitFor()
    await look(register.page, 'register-refund')
    await register.page.keyboard.press('Escape')
    await register.page.locator('dialog[open]').waitFor({ state: 'detached' })
    await phone.done()
    await phone.balanceIs(yen(had - 780))
    await backToTill(register)
    assert.equal(await register.refundNewest(), '¥780 went back to Hanako.')
    await register.page.getByText('refunded', { exact: true }).waitFor()
    await phone.balanceIs(yen(had))
    await phone.openHistory()
    await phone.page.locator('.day .row').nth(3).waitFor()
    const rows = (await phone.historyRows()).map((row) => row.replaceAll(/\s+/gu, ' '))
    for (const [index, [amount, balance]] of [
      ['+¥780', had],
      ['+¥500', had - 780],
      ['−¥1,280', had - 1280],
    ].entries()) {
      assert(rows[index]?.includes(String(amount)), `${rows[index]} has ${amount}`)
      assert(rows[index]?.includes(yen(Number(balance))), `${rows[index]} has ${yen(Number(balance))}`)
    }
    await look(phone.page, 'wallet-history')
    await phone.page.locator('.day .row-button').nth(2).click()
    await phone.page.getByRole('heading', { name: 'Receipt' }).waitFor()
    await phone.page.getByText('Paid in the end').waitFor()
    await look(phone.page, 'wallet-receipt')
  })
})

test('a phone scans the code with its camera', async () => {
  await atTheCounter(counter, async (open) => {
    const [register, phone] = await Promise.all([open.register(), open.phone({ context: { permissions: ['camera'] } })])
    await register.page.keyboard.press('F2')
    await look(register.page, 'register-goods')
    await register.addGood('Melon bun')
    await register.addGood('Coffee to go')
    await register.showNumber()
    await writeQrVideo(counter.camera, await register.link())
    await phone.page.getByRole('button', { name: 'Scan', exact: true }).click()
    await phone.joined()
    await phone.amountIs('¥480')
    assert.equal(await register.joined(), 'Joined with Hanako')
    assert.equal(await phone.tallyName(), await register.tally())
    await phone.approve(PIN)
    assert.equal(await register.paid(), '¥480')
    assert.match(await phone.receipt(), /Melon bun/u)
  })
})

test('a phone’s own camera app opens the link, on a phone that was never set up and on one that was', async () => {
  await atTheCounter(counter, async (open) => {
    const [register, { page }] = await Promise.all([open.register(), open.machine({ context: { viewport: null } })])
    await register.keyIn('640')
    await register.showNumber()
    await page.goto(await register.link())
    await page.locator('.half-shop', { hasText: 'Marubeni Bakery' }).waitFor()
    assert.equal(new URL(page.url()).pathname, '/wallet', 'the link is gone from the address')
    await register.joined()
    await page.getByRole('button', { name: 'Decline' }).click()
    await page.locator('.ended', { hasText: 'You declined.' }).waitFor()
    await register.on('ended')
    await register.page.getByRole('heading', { name: 'Cancelled on the phone' }).waitFor()
    await look(register.page, 'register-ended')
    await page.getByRole('button', { name: 'Done' }).click()

    await register.page.keyboard.press('F4')
    await page.goto(await register.link())
    await page.locator('.due', { hasText: '¥640' }).waitFor()
    await register.joined()
    await page.getByRole('button', { name: 'Approve' }).click()
    await page.getByLabel('PIN', { exact: true }).waitFor()
    await page.keyboard.type(PIN)
    assert.equal(await register.paid(), '¥640')
    await page.locator('.paid').waitFor()
  })
})

test('the amount comes after the phone, and a bill that changes is shown anew before it can be approved', async () => {
  await atTheCounter(counter, async (open) => {
    const [register, phone] = await Promise.all([open.register(), open.phone()])
    await phone.typeNumber(await register.showNumberFirst())
    await phone.page.getByRole('heading', { name: 'The shop is adding up' }).waitFor()
    await register.joined()
    await look(phone.page, 'wallet-waiting')
    await look(register.page, 'register-amount-later')
    await register.keyIn('300')
    await register.sendBill()
    await phone.amountIs('¥300')

    await phone.page.getByRole('button', { name: 'Approve' }).click()
    const pin = phone.page.getByLabel('PIN', { exact: true })
    await pin.waitFor()
    await register.changeBill()
    await register.page.getByRole('button', { name: 'One less: Goods' }).click()
    await register.page.keyboard.type('350')
    await look(register.page, 'register-changing')
    await register.sendBill()
    await phone.page.locator('.banner', { hasText: 'The shop changed the bill. This is the new one.' }).waitFor()
    await pin.waitFor({ state: 'hidden' })
    await look(phone.page, 'wallet-changed')
    await phone.amountIs('¥350')
    await phone.approve(PIN)
    assert.equal(await register.paid(), '¥350')
    assert.match(await phone.receipt(), /¥350/u)
  })
})

test('the wrong phone is let go with a sentence and a new number appears; either side may cancel', async () => {
  await atTheCounter(counter, async (open) => {
    const [register, stranger, phone] = await Promise.all([
      open.register(),
      open.phone({ device: 'kenji' }),
      open.phone(),
    ])
    await register.keyIn('900')
    const first = await register.showNumber()
    await stranger.typeNumber(first)
    assert.equal(await register.joined(), 'Joined with Kenji')
    await register.page.keyboard.press('F7')
    await register.page.getByRole('heading', { name: 'Not this person?' }).waitFor()
    await look(register.page, 'register-release')
    await register.page.keyboard.press('Escape')
    const second = await register.release()
    assert.notEqual(second, first)
    assert.match(await stranger.ended(), /The shop let this phone go\.[^]*No money moved\./u)
    await look(stranger.page, 'wallet-released')

    await phone.typeNumber(second)
    assert.equal(await register.joined(), 'Joined with Hanako')
    await register.cancel()
    assert.match(await phone.ended(), /The shop cancelled\.[^]*No money moved\./u)
    await phone.done()

    await register.page.keyboard.press('F4')
    await phone.typeNumber(await register.number())
    await register.joined()
    await phone.decline()
    assert.match(await phone.ended(), /You declined\./u)
    await register.page.getByRole('heading', { name: 'Cancelled on the phone' }).waitFor()
    await phone.done()

    await register.next()
    await register.keyIn('100')
    await register.showNumber()
    await register.cancel()
    await register.page.getByRole('heading', { name: 'Cancelled here' }).waitFor()
    await register.page.keyboard.press('F8')
    await register.on('history')
    await register.page.locator('.history .row-button').nth(2).waitFor()
    assert.equal(await register.page.locator('.history .row-button').count(), 3)
    await look(register.page, 'register-history')
  })
})

test('a number that nobody used runs out, and a new one takes its place', async () => {
  await atTheCounter(counter, async (open) => {
    const [register, phone] = await Promise.all([open.register(), open.phone({ allows: REFUSALS })])
    await register.keyIn('250')
    const first = await register.showNumber()
    await inDatabase(
      counter.hub,
      `update offer set due_at = 1, snapshot = jsonb_set(snapshot, '{state,ticket,expiresAt}', '1') where state = 'open'`,
    )
    await register.on('expired')
    await look(register.page, 'register-expired')
    await phone.typeNumber(first)
    await phone.page.locator('.banner', { hasText: 'No bill is waiting under this number.' }).waitFor()
    await look(phone.page, 'wallet-unknown-number')
    const second = await register.renew()
    assert.notEqual(second, first)
    await phone.clearNumber()
    await phone.typeNumber(second)
    await phone.amountIs('¥250')
    await register.joined()
    await register.cancel()
  })
})

test('who has too little learns how much there is; the register learns only that a phone was declined', async () => {
  await atTheCounter(counter, async (open) => {
    const [register, phone] = await Promise.all([open.register(), open.phone({ device: 'kenji', allows: REFUSALS })])
    await phone.balanceIs('¥3,000')
    await register.keyIn('5000')
    const number = await register.showNumber()
    await phone.typeNumber(number)
    const notice = phone.page.locator('.banner-trouble')
    await notice.waitFor()
    assert.match(await notice.innerText(), /The balance is not enough\.\s+Your balance is ¥3,000\. No money moved\./u)
    await look(phone.page, 'wallet-insufficient')
    await register.page.locator('.declined').waitFor()
    const seen = await register.page.locator('body').innerText()
    assert.match(seen, /A phone was declined\./u)
    assert.doesNotMatch(seen, /balance|short|enough|funds|Kenji/iu)
    await look(register.page, 'register-declined')
    await register.cancel()
    await register.next()

    // The amount comes after the phone: then it is the phone itself that says what is missing.
    await phone.clearNumber()
    await phone.typeNumber(await register.showNumberFirst())
    await register.joined()
    await register.keyIn('5000')
    await register.sendBill()
    await phone.page.locator('.banner', { hasText: 'Your balance is ¥2,000 short.' }).waitFor()
    await phone.page.getByRole('button', { name: 'Approve' }).click()
    await phone.page.getByLabel('PIN', { exact: true }).waitFor()
    // A wrong PIN first: it is said where it was typed.
    await phone.page.keyboard.type('1111')
    await phone.page.locator('dialog', { hasText: 'That PIN is not right.' }).waitFor()
    await look(phone.page, 'wallet-pin-wrong')
    await phone.page.keyboard.type(PIN)
    await phone.page.locator('.banner', { hasText: 'The balance is not enough.' }).waitFor()
    await look(phone.page, 'wallet-short')
    await register.page.locator('.declined').waitFor()
    await phone.decline()
    await register.on('ended')
  })
})

test('a passkey approves in the place of the PIN', async () => {
  await atTheCounter(counter, async (open) => {
    const [register, phone] = await Promise.all([open.register(), open.phone()])
    const devtools = await phone.context.newCDPSession(phone.page)
    await devtools.send('WebAuthn.enable')
    await devtools.send('WebAuthn.addVirtualAuthenticator', {
      options: {
        protocol: 'ctap2',
        transport: 'internal',
        hasResidentKey: true,
        hasUserVerification: true,
        isUserVerified: true,
        automaticPresenceSimulation: true,
      },
    })
    await phone.page.getByRole('button', { name: 'Settings' }).click()
    await phone.page.getByRole('radio', { name: 'Large' }).check()
    await look(phone.page, 'wallet-settings-large')
    await phone.page.getByRole('radio', { name: 'Normal' }).check()
    await look(phone.page, 'wallet-settings')
    await phone.page.getByRole('button', { name: 'Security' }).click()
    await phone.page.getByRole('button', { name: 'Add a passkey' }).click()
    await look(phone.page, 'wallet-passkey')
    await phone.page.getByRole('button', { name: 'Add a passkey' }).click()
    await phone.page.getByRole('list', { name: 'Passkeys' }).getByText('Passkey of one phone').first().waitFor()
    await look(phone.page, 'wallet-security')
    await phone.back()
    await phone.back()

    await register.keyIn('12000')
    await phone.typeNumber(await register.showNumber())
    await phone.amountIs('¥12,000')
    await phone.page.getByRole('button', { name: 'Approve' }).click()
    // ¥12,000 wants a fresh proof in any case, and nobody types here.
    assert.match(await phone.receipt(), /¥12,000/u)
    assert.equal(await register.paid(), '¥12,000')
  })
})

test('large print fits the phone and the till from the number to the receipt', async () => {
  await atTheCounter(counter, async (open) => {
    const [register, phone] = await Promise.all([open.register(), open.phone()])
    for (const { page } of [register, phone]) {
      await page.evaluate(() => localStorage.setItem('warifu.print', 'large'))
      await page.reload()
    }
    await phone.page.locator('.balance .amount').waitFor()
    await look(phone.page, 'wallet-home-large')
    await register.keyIn('1280')
    const number = await register.showNumber()
    await look(register.page, 'register-number-large')
    await phone.typeNumber(number)
    await phone.amountIs('¥1,280')
    await register.joined()
    await look(phone.page, 'wallet-joined-large')
    await look(register.page, 'register-joined-large')
    await phone.approve(PIN)
    await register.paid()
    await phone.receipt()
    await look(register.page, 'register-paid-large')
    await look(phone.page, 'wallet-paid-large')
  })
})

const yen = (amount: number): string => `¥${amount.toLocaleString('en')}`

/** From a record, through the history. */
async function backToTill({ page, on }: Pick<Machine, 'page'> & Pick<RegisterPage, 'on'>): Promise<void> {
  await page.keyboard.press('Escape')
  await on('history')
  await page.keyboard.press('Escape')
  await on('keying')
}
