// Paying from a bank account in a real Chromium: registered in the wallet, the bank answers late (both screens wait, are told, and what was
// booked goes back), then quickly; the operator looks at the day; a bank that is gone.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Page } from 'playwright-core'
import { bankWords as deskWords } from '#apps/desk/words-bank.ts'
import { words as registerWords } from '#apps/register/words.ts'
import { bankWords } from '#apps/wallet/words-bank.ts'
import { meansWords } from '#apps/wallet/words-means.ts'
import { walletWords } from '#apps/wallet/words.ts'
import { testBank, type TestBank } from './support/bank-program.ts'
import { atTheCounter, look, openCounter, PIN, REFUSALS, TILL, type Counter } from './support/counter.ts'
import { until } from './support/hub.ts'
import type { Language, WalletPage } from './support/wallet-page.ts'

let there: TestBank
let counter: Counter
/** How long the payer waits for the bank. */
let withinMs = 20_000

before(async () => {
  there = await testBank()
  const bank = {
    url: there.url,
    secret: there.secret,
    risk: { payment: 0n, day: 0n },
    get withinMs() {
      return withinMs
    },
    answerMs: 1_000,
    againMs: 20,
  }
  counter = await openCounter({ hasWorkers: false, bank })
})
after(async () => {
  await counter?.close()
  await there.close()
})

const press = (page: Page, name: string): Promise<void> =>
  page.getByRole('button', { name, exact: true }).first().click()

/** From home to the bank accounts, a new one typed in from the cash card, proved with the PIN. */
async function registerAccount(
  { page }: Pick<WalletPage, 'page'>,
  language: Language,
  account: Readonly<{ number: string; holder: string }>,
): Promise<void> {
  const words = bankWords[language]
  await press(page, walletWords[language].settings)
  await page.getByRole('button', { name: new RegExp(words.title, 'u') }).click()
  await page.getByText(words.none).waitFor()
  await look(page, `bank-none-${language}`)
  await press(page, words.add)
  const field = (label: string, text: string): Promise<void> => page.getByLabel(label, { exact: true }).fill(text)
  await field(words.branch, '001')
  await field(words.number, '12')
  await press(page, words.prove)
  await page.getByText(words.wrong).first().waitFor()
  await field(words.number, account.number)
  await field(words.holder, account.holder)
  await look(page, `bank-add-${language}`)
  await press(page, words.prove)
  await page.getByRole('dialog', { name: words.prove }).waitFor()
  await page.keyboard.type(PIN)
  await page.getByRole('button', { name: new RegExp(`^${words.remove}`, 'u') }).waitFor()
  await look(page, `bank-registered-${language}`)
}

async function chooseBank({ page }: Pick<WalletPage, 'page'>, language: Language, label: string): Promise<void> {
  await press(page, meansWords[language].another)
  await page
    .getByRole('dialog')
    .getByRole('button', { name: new RegExp(label, 'u') })
    .click()
  await page.getByText(meansWords[language].bank(label)).waitFor()
}

const debits = () => [...there.bank().books.debits.values()]

test('a bank that answers too late: both screens say so, nothing is paid, and what was booked goes back; then a quick yes (en)', async () => {
  await atTheCounter(counter, async (open) => {
    const words = bankWords.en
    const register = await open.register({ allows: REFUSALS })
    const kenji = await open.phone({ device: 'kenji', allows: REFUSALS })
    const { page } = kenji
    await registerAccount(kenji, 'en', { number: '7654321', holder: 'ケンジ' })
    await page.goto(`${counter.hub.url}/wallet?device=kenji`)
    const label = 'Tanuki Bank ···321'

    await register.keyIn('680')
    await kenji.typeNumber(await register.showNumber())
    await kenji.joined()
    await chooseBank(kenji, 'en', label)
    await look(page, 'bank-chosen-en')
    there.set({ holds: 'answer' })
    withinMs = 8_000
    await press(page, walletWords.en.approve)
    await page.keyboard.type(PIN)
    await page.getByText(words.askingText(label)).waitFor()
    await page.getByText(words.ifNothing).waitFor()
    await register.page.getByText(registerWords.en.authorisingText).waitFor()
    await look(page, 'bank-asked-en')
    await look(register.page, 'bank-asked-register-en')
    await until(() => debits()[0]?.state === 'booked')

    // The time is over: the payer is told, the shop has its bill again.
    await page.getByText(words['refused no-answer']).waitFor()
    await register.on('joined')
    await look(page, 'bank-no-answer-en')
    await look(register.page, 'bank-no-answer-register-en')
    there.set({})
    await until(() => debits()[0]?.state === 'reversed')
    assert.equal(there.bank().books.accounts.get('0310-001-1-7654321')?.balance, 1_000n)

    withinMs = 20_000
    await kenji.approve(PIN)
    assert.equal(await register.paid(), '¥680')
    assert.match(await kenji.receipt(), /Tanuki Bank/u)
    await look(page, 'bank-paid-en')
    assert.equal(there.bank().books.accounts.get('0310-001-1-7654321')?.balance, 320n)
    await kenji.done()
    await kenji.balanceIs('¥3,000')
  })
})

test('the operator sees the day at the bank, and the difference where there is one (ja)', async () => {
  await atTheCounter(counter, async (open) => {
    const words = deskWords.ja
    const [booked] = debits().filter(({ state }) => state === 'booked')
    assert.ok(booked)
    await until(async () => {
      await counter.hub.banking?.catchUp()
      const { rows } = await counter.hub.database.reads.query('select 1 from bank_notice where id = $1', [booked.id])
      return rows.length > 0
    })
    const { page } = await open.machine({ context: { viewport: TILL }, language: 'ja', allows: REFUSALS })
    await page.goto(`${counter.hub.url}/desk`)
    await page.getByRole('radio', { name: words.title, exact: true }).check()
    await page.getByText(words.even).waitFor()
    await look(page, 'bank-desk-even-ja')
    await counter.hub.database.transactions.query('update bank_notice set amount = amount - 1 where id = $1', [
      booked.id,
    ])
    await press(page, words.look)
    await page.getByText(words['other-amount']).waitFor()
    await page.getByText(booked.id).waitFor()
    await look(page, 'bank-desk-difference-ja')
    await counter.hub.database.transactions.query('update bank_notice set amount = amount + 1 where id = $1', [
      booked.id,
    ])
  })
})

test('an account is registered and removed; while the bank is gone a payment is told no, and goes on by the own account (ja)', async () => {
  await atTheCounter(counter, async (open) => {
    const words = bankWords.ja
    const register = await open.register({ language: 'ja', allows: REFUSALS })
    const hanako = await open.phone({ device: 'hanako', language: 'ja', allows: REFUSALS })
    const { page } = hanako
    await registerAccount(hanako, 'ja', { number: '1234567', holder: 'はなこ' })
    await page.goto(`${counter.hub.url}/wallet?device=hanako`)
    const label = 'たぬき銀行 ···567'
    await register.keyIn('500')
    await hanako.typeNumber(await register.showNumber())
    await hanako.joined()
    await chooseBank(hanako, 'ja', label)
    await there.die()
    await press(page, walletWords.ja.approve)
    await page.keyboard.type(PIN)
    await page.getByText(words['refused unavailable']).waitFor()
    await look(page, 'bank-unavailable-ja')
    await there.rise()
    await press(page, meansWords.ja.another)
    await page
      .getByRole('dialog')
      .getByRole('button', { name: new RegExp(meansWords.ja.account, 'u') })
      .first()
      .click()
    await hanako.approve(PIN)
    assert.match(await register.paid(), /500/u)
    await hanako.done()

    await press(page, walletWords.ja.settings)
    await page.getByRole('button', { name: new RegExp(words.title, 'u') }).click()
    await page.getByRole('button', { name: new RegExp(`^${words.remove}`, 'u') }).click()
    await page.getByRole('dialog', { name: words.removeSure }).waitFor()
    await look(page, 'bank-remove-ja')
    await page.getByRole('dialog').getByRole('button', { name: words.remove, exact: true }).click()
    await page.getByText(words.none).waitFor()
  })
})
