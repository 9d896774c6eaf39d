// The demo town's mail in a real browser: the code of somebody who signs up, in both languages.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { atTheCounter, look, openCounter, PHONE, TILL, type Counter } from './support/counter.ts'
import { newAddress } from './support/people.ts'
import { ask } from './support/raw-client.ts'

let counter: Counter
before(async () => {
  counter = await openCounter()
})
after(() => counter?.close())

const askFor = (email: string, language: 'en' | 'ja') =>
  ask(counter.hub, { path: '/v1/sign-up/mail', body: { email, language, asking: 'A'.repeat(22) } })

test('a code appears by itself, and is copied with one press', async () => {
  await atTheCounter(counter, async (open) => {
    const { page, context } = await open.machine({ context: { viewport: PHONE } })
    await context.grantPermissions(['clipboard-read', 'clipboard-write'])
    await page.goto(`${counter.hub.url}/demo/mail`)
    await page.getByText('No mail yet').waitFor()
    await look(page, 'inbox-empty')
    const email = newAddress()
    assert.equal((await askFor(email, 'en')).status, 200)
    const letter = page.getByRole('article')
    await letter.getByText(email, { exact: false }).waitFor()
    await page.getByText('New mail', { exact: false }).first().waitFor()
    const code = await letter.locator('b').textContent()
    assert.match(code ?? '', /^\d{6}$/)
    await letter.getByRole('button', { name: 'Copy the code' }).click()
    await page.getByText('Copied.').waitFor()
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), code)
    await look(page, 'inbox-code')
    // What is there already is not said to have come in.
    await page.reload()
    await letter.waitFor()
    await page.waitForResponse('**/v1/demo/mail')
    assert.equal(await page.getByText('New mail', { exact: false }).count(), 0)
  })
})

test('日本語でも読める', async () => {
  await atTheCounter(counter, async (open) => {
    const { page } = await open.machine({ language: 'ja', context: { viewport: TILL } })
    assert.equal((await askFor(newAddress(), 'ja')).status, 200)
    await page.goto(`${counter.hub.url}/demo/mail`)
    await page.getByRole('heading', { name: '町の郵便' }).waitFor()
    await page.getByRole('heading', { name: 'Demo townの確認コード' }).waitFor()
    await page.getByRole('button', { name: 'コードをコピー' }).first().waitFor()
    await look(page, 'inbox-ja')
  })
})
