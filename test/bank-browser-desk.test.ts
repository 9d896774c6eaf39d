// The operator's desk as an operator and a customer live it: an account from its opening to its end, credits by file, and the log of it all.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Page } from 'playwright-core'
import { atTheCounter, look, openCounter, PHONE, REFUSALS, type Counter } from './support/counter.ts'
import { openDeskPage } from './support/desk-page.ts'
import { walletOn, type WalletPage } from './support/wallet-page.ts'

const DESKTOP = { viewport: { width: 1280, height: 900 } } as const
const AKIS_PIN = '804159'

let counter: Counter
before(async () => {
  counter = await openCounter({ hasWorkers: false })
})
after(() => counter?.close())

test('an account from the first code to the last yen: cash, a freeze, limits, proofs, and its end', async () => {
  await atTheCounter(counter, async (open) => {
    const machine = await open.machine({ context: DESKTOP, allows: REFUSALS })
    const desk = await openDeskPage(machine.page, counter.hub.url)
    await look(desk.page, 'desk-people')
    await desk.openPerson('Aki', 'came to the counter')
    const code = await desk.makeCode('her first phone')
    await look(desk.page, 'desk-code')
    const phone = await open.machine({ context: { viewport: PHONE }, allows: REFUSALS })
    const aki = await setUp(phone.page, `${counter.hub.url}/wallet#code=${encodeURIComponent(code)}`)
    await aki.balanceIs('¥0')

    await desk.cash('in', '2500', 'cash at the counter')
    await aki.balanceIs('¥2,500')
    await desk.cash('out', '500', 'cash at the counter')
    await aki.balanceIs('¥2,000')
    await desk.file.getByText('¥2,000').first().waitFor()
    await look(desk.page, 'desk-file')

    const register = await open.register()
    await register.keyIn('300')
    await aki.typeNumber(await register.showNumber())
    await aki.amountIs('¥300')
    const standing = await desk.unfold('Freeze or close')
    await desk.act(standing, 'Freeze', 'the phone was lost')
    await desk.said('The account is frozen.')
    await refusedFor(aki, 'The account is frozen.')
    await look(aki.page, 'desk-wallet-frozen')
    await desk.act(standing, 'Unfreeze', 'the phone was found')
    await desk.said('The account can pay again.')
    await aki.approve(AKIS_PIN)
    assert.equal(await register.paid(), '¥300')
    await aki.receipt()
    await aki.done()
    await register.next()

    const limits = await desk.unfold('Limits')
    await limits.getByRole('switch', { name: 'Limits of its own' }).check()
    await limits.getByLabel('One payment, at most').fill('1000')
    await limits.getByLabel('A day, at most').fill('1000')
    await limits.getByLabel('A month, at most').fill('5000')
    await desk.act(limits, 'Set the limits', 'her own wish')
    await desk.said('The limits are set.')
    await register.keyIn('800')
    await aki.typeNumber(await register.showNumber())
    await aki.page.locator('.banner-trouble', { hasText: 'The amount is over what is left for today.' }).waitFor()
    await look(aki.page, 'desk-wallet-over-limit')
    await register.page.locator('.declined').waitFor()

    const proofs = await desk.unfold('What was proved')
    await proofs.getByLabel('Birth date').fill('1999-01-31')
    await proofs.getByLabel('Region').fill('jp-13')
    await desk.act(proofs, 'Keep as verified', 'passport')
    await desk.said('Kept as verified.')

    await desk.act(standing, 'Close the account', 'she moves away')
    await standing.getByRole('button', { name: 'Yes, do it' }).click()
    await standing.getByRole('alert').waitFor()
    await look(desk.page, 'desk-not-empty')
    await desk.cash('out', '1700', 'the rest')
    await desk.act(standing, 'Close the account', 'she moves away')
    await standing.getByRole('button', { name: 'Yes, do it' }).click()
    await desk.said('The account is closed.')
    await desk.file
      .getByText(/closed/u)
      .first()
      .waitFor()

    await desk.go('log')
    const log = desk.page.getByRole('list').filter({ hasText: 'Closed' })
    for (const [what, why] of [
      ['Closed', 'she moves away'],
      ['Verified', 'passport'],
      ['Limits set', 'her own wish'],
      ['Unfrozen', 'the phone was found'],
      ['Frozen', 'the phone was lost'],
      ['Cash paid out', 'cash at the counter'],
      ['Cash paid in', 'cash at the counter'],
      ['Code made', 'her first phone'],
      ['Account opened', 'came to the counter'],
    ] as const) {
      await log.locator('li').filter({ hasText: what }).filter({ hasText: why }).first().waitFor()
    }
    await look(desk.page, 'desk-log')
  })
})

test('a credit file with wrong rows names each of them and books nothing; put right it is booked whole', async () => {
  await atTheCounter(counter, async (open) => {
    const machine = await open.machine({ context: DESKTOP, allows: REFUSALS })
    const desk = await openDeskPage(machine.page, counter.hub.url)
    const accounts = await Promise.all(['Hanako', 'Kenji'].map((name) => accountOf(desk.page, name)))
    const kenji = await open.phone({ device: 'kenji' })
    const before = Number((await kenji.page.locator('.balance .amount .hidden').textContent())?.replaceAll(/\D/gu, ''))
    await desk.go('credits')
    await desk.page.getByLabel('What it is for').fill('Allowance')
    const wrong = ['account,amount,text', `${accounts[0]},1000,May`, '12345678901,1000,May', `${accounts[1]},none,May`]
    await desk.page.getByLabel('Rows').fill(wrong.join('\n'))
    await desk.page.getByRole('button', { name: 'Check', exact: true }).click()
    const faults = desk.page.getByRole('table')
    await faults.waitFor()
    await look(desk.page, 'desk-credit-faults')
    assert.deepEqual(
      (await faults.locator('tbody tr').allInnerTexts()).map((row) => row.replaceAll(/\s+/gu, ' ')),
      ['3 This is not an account number.', '4 The amount is not right.'],
    )
    assert.equal(await desk.page.getByRole('button', { name: /^Book/u }).count(), 0)
    const right = ['account,amount,text', `${accounts[0]},1000,May`, `${accounts[1]},1500,May`]
    await desk.page.getByLabel('CSV file').setInputFiles({
      name: 'allowance.csv',
      mimeType: 'text/csv',
      buffer: Buffer.from(right.join('\n')),
    })
    await desk.page.getByRole('button', { name: 'Check', exact: true }).click()
    await desk.page.getByText('2 rows, ¥2,500 in all.').waitFor()
    await desk.act(desk.page.locator('.credits'), 'Book ¥2,500', 'allowances of May')
    await desk.page.getByRole('group', { name: /Book 2 credits/u }).waitFor()
    await look(desk.page, 'desk-credit-sure')
    await desk.page.getByRole('button', { name: 'Yes, do it' }).click()
    await desk.said('Booked.')
    await kenji.balanceIs(`¥${(before + 1500).toLocaleString('en')}`)
    await kenji.openHistory()
    assert.match((await kenji.historyRows())[0] ?? '', /\+¥1,500/u)
    await look(kenji.page, 'desk-wallet-credit')
  })
})

test('rules of the scheme, a second operator by code, and the desk on a phone in Japanese', async () => {
  await atTheCounter(counter, async (open) => {
    const machine = await open.machine({ context: DESKTOP })
    const desk = await openDeskPage(machine.page, counter.hub.url)
    await desk.go('rules')
    const rules = desk.page.getByRole('region', { name: 'Rules' })
    await rules.getByLabel('A fresh proof of the owner from this amount on').fill('20000')
    await look(desk.page, 'desk-rules')
    await desk.act(rules, 'Put in force', 'holidays')
    await desk.said('The rules are in force.')
    await desk.go('operators')
    const operators = desk.page.getByRole('region', { name: 'Operators' })
    await operators.getByLabel('Name', { exact: true }).fill('Second')
    await desk.act(operators, 'Make a code for an operator', 'a colleague')
    const code = await operators.locator('.code-value').innerText()
    await look(desk.page, 'desk-operators')

    const second = await open.machine({ language: 'ja', context: { viewport: PHONE } })
    await second.page.goto(`${counter.hub.url}/desk#code=${encodeURIComponent(code)}`)
    await look(second.page, 'desk-entrance-ja')
    await second.page.getByRole('button', { name: '入る' }).click()
    await second.page.getByText('担当: Second').waitFor()
    assert.doesNotMatch(second.page.url(), /code/u)
    await second.page.getByRole('button', { name: /Hanako/u }).click()
    await second.page.getByRole('heading', { name: 'Hanako' }).waitFor()
    await look(second.page, 'desk-phone-ja')
  })
})

/** Sets a phone up with the code in the link. */
async function setUp(page: Page, link: string): Promise<WalletPage> {
  await page.goto(link)
  await page.getByLabel('Name of this phone').fill('Aki’s phone')
  await page.getByRole('button', { name: 'Set up' }).click()
  await page.getByLabel('PIN, 6 digits').pressSequentially(AKIS_PIN)
  await page.getByLabel('The same PIN again').pressSequentially(AKIS_PIN)
  await page.getByRole('button', { name: 'Later' }).click()
  return walletOn(page)
}

/** Tries to approve and waits for the sentence that says why not. */
async function refusedFor({ page }: WalletPage, sentence: string): Promise<void> {
  await page.getByRole('button', { name: 'Approve' }).click()
  const [pin, why] = [page.getByLabel('PIN', { exact: true }), page.locator('.banner-trouble', { hasText: sentence })]
  await pin.or(why).first().waitFor()
  if (await pin.isVisible()) await page.keyboard.type(AKIS_PIN)
  await why.waitFor()
}

async function accountOf(page: Page, name: string): Promise<string> {
  const row = page.getByRole('list', { name: 'People' }).getByRole('button', { name })
  return (await row.first().innerText()).replaceAll(/\D/gu, '')
}
