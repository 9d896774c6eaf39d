// The town: one page with a register, two phones and the open ledger, and the whole story played inside it.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Frame, Page } from 'playwright-core'
import { createScheme } from '#server/postgres/scheme.ts'
import { atTheCounter, look, openCounter, PHONE, PIN, REFUSALS, TILL, type Counter } from './support/counter.ts'
import { startTestHub, type TestHub } from './support/hub.ts'
import { migratedDatabase } from './support/postgres.ts'
import { registerPage } from './support/register-page.ts'
import { walletOn } from './support/wallet-page.ts'
import { BUCKETS, JPY } from './support/world.ts'

const TOWN = { viewport: { width: 1440, height: 900 } } as const

let counter: Counter
before(async () => {
  counter = await openCounter({ hasWorkers: false })
})
after(() => counter?.close())

test('a register, two phones and the ledger play the whole story on one page', async () => {
  await atTheCounter(counter, async (open) => {
    const { page } = await open.machine({ context: TOWN })
    await page.goto(counter.hub.url)
    const register = registerPage(await frameOf(page, 'Register'))
    const hanako = walletOn(await frameOf(page, 'Hanako’s phone'))
    const kenji = walletOn(await frameOf(page, 'Kenji’s phone'))
    await register.on('keying')
    await hanako.balanceIs('¥50,000')
    await kenji.balanceIs('¥3,000')
    await balanceIs(page, 'Marubeni Bakery', '¥0')
    await look(page, 'town-start')

    await register.keyIn('1280')
    const number = await register.showNumber()
    await look(page, 'town-number')
    await hanako.typeNumber(number)
    assert.equal(await hanako.joined(), 'Marubeni Bakery')
    assert.equal(await register.joined(), 'Joined with Hanako')
    assert.equal(await hanako.tallyName(), await register.tally())
    assert.equal(await frameOf(page, 'Kenji’s phone').then((frame) => frame.locator('.half').count()), 0)
    await look(page, 'town-joined')
    await hanako.approve(PIN)
    assert.equal(await register.paid(), '¥1,280')
    await hanako.receipt()
    await transferIs(page, ['payment', 'Hanako', 'Marubeni Bakery', '¥1,280', 'withdrawn'])
    await page.locator('.transfers tbody tr.row-deposited', { hasText: '¥1,280' }).waitFor()
    await balanceIs(page, 'Marubeni Bakery', '¥1,280')
    await balanceIs(page, 'Hanako', '¥48,720')
    await look(page, 'town-paid')
    await hanako.done()
    await register.next()

    await register.keyIn('500')
    await kenji.typeNumber(await register.showNumber())
    assert.equal(await register.joined(), 'Joined with Kenji')
    await kenji.approve(PIN)
    assert.equal(await register.paid(), '¥500')
    await kenji.receipt()
    await balanceIs(page, 'Marubeni Bakery', '¥1,780')
    await register.next()
    await register.refundNewest('200')
    await transferIs(page, ['refund', 'Marubeni Bakery', 'Kenji', '¥200'])
    await balanceIs(page, 'Kenji', '¥2,700')
    await balanceIs(page, 'Marubeni Bakery', '¥1,580')
  })
})

test('the language of the town is the language of its machines, and on a small screen one part is shown at a time', async () => {
  await atTheCounter(counter, async (open) => {
    const { page } = await open.machine({ context: TOWN })
    await page.goto(counter.hub.url)
    const till = await frameOf(page, 'Register')
    await registerPage(till).on('keying')
    await page.getByRole('radio', { name: '日本語' }).check()
    await till.getByRole('heading', { name: 'お会計の金額は' }).waitFor()
    await (await frameOf(page, 'Hanakoのスマートフォン')).getByText('お店の画面の番号を入力').waitFor()
    await look(page, 'town-ja')
    for (const { width, height } of [
      { width: 1200, height: 800 },
      { width: 390, height: 780 },
    ]) {
      await page.setViewportSize({ width, height })
      await look(page, `town-${width}`)
    }
    await page.locator('label', { hasText: '元帳' }).click()
    await page.locator('.part-ledger').waitFor()
    assert.equal(await page.locator('.part-register').isVisible(), false)
    await look(page, 'town-390-ledger')
  })
})

test('a hub that is no demonstration has no town: its machines are set up with codes, and a phone with a PIN', async () => {
  const settings = await migratedDatabase()
  await createScheme(settings, { name: 'Harbour money', demo: false, buckets: BUCKETS, unit: JPY })
  const hub = await startTestHub({ settings, files: counter.files })
  try {
    await atTheCounter({ browser: counter.browser, hub }, async (open) => {
      const { page } = await open.machine({ context: TOWN })
      await page.goto(hub.url)
      await page.getByRole('heading', { name: 'This hub runs Harbour money' }).waitFor()
      await look(page, 'no-town')

      const codes = await codesOf(hub)
      const till = await open.machine({ context: { viewport: TILL }, allows: REFUSALS })
      await till.page.goto(`${hub.url}/register`)
      const code = till.page.getByLabel('One-time code')
      await code.fill('AAAA BBBB CCCC')
      await till.page.keyboard.press('Enter')
      await till.page
        .locator('.banner-trouble', { hasText: 'This code has run out, was used, or is not known' })
        .waitFor()
      await look(till.page, 'register-code')
      await code.fill(codes.terminal)
      await till.page.getByRole('button', { name: 'Enrol' }).click()
      const register = registerPage(till.page)
      await register.on('keying')

      const phone = await open.machine({ context: { viewport: PHONE } })
      await phone.page.goto(`${hub.url}/wallet#code=${encodeURIComponent(codes.device)}`)
      await phone.page.getByLabel('Name of this phone').fill('Aki’s phone')
      assert.doesNotMatch(phone.page.url(), /code/u, 'no code stays in the address')
      await look(phone.page, 'wallet-set-up')
      await phone.page.getByRole('button', { name: 'Set up' }).click()
      const pin = phone.page.getByLabel('PIN, 6 digits')
      await pin.pressSequentially('123456')
      await phone.page.getByText('That one is easy to guess.').first().waitFor()
      await look(phone.page, 'wallet-choose-pin')
      await pin.pressSequentially('804159')
      await phone.page.getByLabel('The same PIN again').pressSequentially('804159')
      await phone.page.getByRole('heading', { name: 'Approve with a passkey?' }).waitFor()
      await phone.page.getByRole('button', { name: 'Later' }).click()
      const wallet = walletOn(phone.page)
      await wallet.balanceIs('¥0')

      await wallet.typeNumber(await register.showNumberFirst())
      assert.equal(await wallet.joined(), 'Net loft')
      assert.equal(await register.joined(), 'Joined with Aki')
    })
  } finally {
    await hub.stop()
  }
})

/** What an operator hands out: a code for a shop's terminal and one for a person's phone. */
async function codesOf(hub: TestHub): Promise<{ terminal: string; device: string }> {
  const units = [JPY]
  const shop = await hub.directory.createParty({
    kind: 'merchant',
    name: 'Net loft',
    legalName: 'Net loft Ltd',
    bucket: 1,
    units,
  })
  const person = await hub.directory.createParty({ kind: 'person', name: 'Aki', legalName: 'Aki', bucket: 2, units })
  const lifeMs = 600_000
  const [terminal, device] = await Promise.all([
    hub.directory.createCode({ kind: 'terminal', party: shop.id, lifeMs, label: 'Till 1', terminalKind: 'counter' }),
    hub.directory.createCode({ kind: 'device', party: person.id, lifeMs }),
  ])
  return { terminal: terminal.code, device: device.code }
}

async function frameOf(page: Page, title: string): Promise<Frame> {
  const frame = await (await page.waitForSelector(`iframe[title="${title}"]`)).contentFrame()
  assert(frame !== null, `${title} is a frame`)
  return frame
}

const balanceIs = (page: Page, owner: string, amount: string): Promise<void> =>
  page.locator('.balances li').filter({ hasText: owner }).filter({ hasText: amount }).waitFor()

async function transferIs(page: Page, texts: readonly string[]): Promise<void> {
  let row = page.locator('.transfers tbody tr')
  for (const text of texts) row = row.filter({ hasText: text })
  await row.first().waitFor()
}
