// One-time card numbers at a register in a real Chromium, with the reference issuer, the vault and a conventional card machine: the register is
// told of its machine, sends it the number, the issuer decides, and both screens settle by what the hub sees. And what the issuer makes of the
// same number again, elsewhere and for another amount.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Page } from 'playwright-core'
import type { Slip } from '#apps/register/card-machine.ts'
import { words as registerWords } from '#apps/register/words.ts'
import { cardWords as said } from '#apps/register/words-card.ts'
import { codeWords as reading } from '#apps/register/words-code.ts'
import { cardMachineWords } from '#apps/shared/words-card-machine.ts'
import { cardIdWords } from '#apps/wallet/words-card-id.ts'
import { cardWords } from '#apps/wallet/words-cards.ts'
import { walletWords } from '#apps/wallet/words.ts'
import type { Client } from '#sdk/client.ts'
import { registered, testCards, TOWN, type TestCards } from './support/card-programs.ts'
import { atTheCounter, look, openCounter, PIN, type Counter } from './support/counter.ts'
import { freePort } from './support/examples.ts'
import { enrolled, until } from './support/hub.ts'
import { readQr } from './support/qr.ts'
import type { RegisterPage } from './support/register-page.ts'
import type { Language, WalletPage } from './support/wallet-page.ts'

/** Where nobody listens, the browser says so on its console. */
const NOBODY = /net::ERR_|the server responded with a status of 4\d\d/u

let there: TestCards
let counter: Counter
let hanako: Client
/** what the hub has written to its log */
const log: string[] = []
before(async () => {
  there = await testCards()
  counter = await openCounter({ hasWorkers: false, ...there.options, log: { write: (line) => void log.push(line) } })
  hanako = await enrolled(counter.hub, 'hanako')
  // The vault has the tables when this is done.
  await counter.hub.cardsCatchUp()
  await registered(hanako, TOWN.good)
  await registered(hanako, TOWN.small)
})
after(async () => {
  hanako?.close()
  await counter?.close()
  await there?.close()
})

const press = (page: Page, name: string): Promise<void> =>
  page.getByRole('button', { name, exact: true }).first().click()

/** In the register's own settings: where its machine is, and the token. */
async function setMachine({ page }: { page: Page }, language: Language, address: string, token: string): Promise<void> {
  const text = cardMachineWords[language]
  await press(page, registerWords[language].settings)
  await press(page, text.change)
  await page.getByLabel(text.address, { exact: true }).fill(address)
  await page.getByLabel(text.token, { exact: true }).fill(token)
  await press(page, text.save)
  await page.getByText(address, { exact: true }).waitFor()
  await page.keyboard.press('Escape')
  await page.locator('dialog[open]').waitFor({ state: 'detached' })
}

/** From home: the card's user id, as the register's reader types it. */
async function readCard(
  till: RegisterPage & { page: Page },
  phone: WalletPage,
  last4: string,
  amount: string,
  language: Language,
): Promise<void> {
  const { page } = phone
  await press(page, walletWords[language].settings)
  await page.getByRole('button', { name: new RegExp(cardWords[language].about, 'u') }).click()
  await page.locator('.card-row', { hasText: last4 }).click()
  await press(page, cardWords[language].atRegister)
  const qr = page.locator('.my-code-qr .qr')
  const unlock = page.getByRole('button', { name: cardIdWords[language].unlock, exact: true })
  await qr.or(unlock).first().waitFor()
  if (await unlock.isVisible()) {
    await unlock.click()
    await page.getByRole('dialog').waitFor()
    await page.keyboard.type(PIN)
    await qr.waitFor()
  }
  const code = await readQr(await qr.screenshot())
  await till.keyIn(amount)
  await till.page.getByRole('button', { name: reading[language].way }).click()
  await till.page.getByRole('heading', { name: reading[language].title }).waitFor()
  await till.page.keyboard.type(code)
  await till.page.keyboard.press('Enter')
  await till.joined()
  // Hanako lets shops see her picture: who stands there is asked first.
  await press(till.page, registerWords[language].actKnown)
  await phone.joined()
}

/** The whole number is the register's; a slip is what it keeps of it. */
async function slipNow(page: Page): Promise<Slip> {
  const [slip] = (await page.evaluate(
    () =>
      new Promise((resolve, reject) => {
        const opening = indexedDB.open('warifu warifu-register')
        opening.addEventListener('error', reject)
        opening.addEventListener('success', () => {
          const store = opening.result.transaction('values').objectStore('values')
          const all = store.getAll(IDBKeyRange.bound('card-slip ', 'card-slip \uffff'))
          all.addEventListener('success', () => {
            opening.result.close()
            resolve(all.result.sort((left: { at: number }, right: { at: number }) => right.at - left.at))
          })
        })
      }),
    // Border: the register's own rows.
  )) as Slip[]
  return slip ?? assert.fail('a slip was kept')
}

/** As any conventional terminal would: the machine knows no deal. */
async function saleAt(body: Record<string, string>): Promise<Record<string, unknown>> {
  const reply = await fetch(`${there.machine.url}/sale`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${there.machine.token}` },
    body: JSON.stringify({ unit: 'JPY', ...body }),
  })
  return (await reply.json()) as Record<string, unknown>
}

/** The operator's log names what the issuer found, and never the number. */
const alarmed = (kind: string): Promise<string> =>
  until(() => log.find((line) => line.includes('an alarm of the vault') && line.includes(kind)))

const last4Of = ({ number }: Readonly<{ number: string }>): string => number.slice(-4)

test('the machine beside the register is sent a one-time number, and the hub hears of it from the issuer (en)', async () => {
  await atTheCounter(counter, async (open) => {
    const till = await open.register({ allows: NOBODY })
    const phone = await open.phone({ device: 'hanako', allows: NOBODY })
    await setMachine(till, 'en', `http://127.0.0.1:${await freePort()}`, there.machine.token)
    await readCard(till, phone, last4Of(TOWN.good), '1280', 'en')
    await press(phone.page, walletWords.en.approve)
    await till.page.getByText(said.en.machineAway).waitFor()
    await look(till.page, 'machine-away-en')

    // It may be paid for at this shop, at this till, for this amount alone.
    const { number, expires, merchant, terminal } = await slipNow(till.page)
    assert.match(number, /^457198\d{10}$/u)
    assert.notEqual(number, TOWN.good.number)
    const sold = { number, expires, amount: '1280', merchant, terminal }
    const tries = [
      { ...sold, amount: '1281', reference: 'another-amount' },
      { ...sold, terminal: '99999999', reference: 'another-till' },
      { ...sold, merchant: 'SMALLSHOP000001', reference: 'another-shop' },
    ]
    for (const body of tries) assert.equal((await saleAt(body)).kind, 'refused', body.reference)
    await alarmed('other-amount')
    await alarmed('other-merchant')

    await setMachine(till, 'en', there.machine.url, there.machine.token)
    assert.match(await till.paid(), /1,280/u)
    assert.match(await phone.receipt(), new RegExp(`···${last4Of(TOWN.good)}`, 'u'))
    await phone.done()
    await till.next()

    assert.equal((await saleAt({ ...sold, reference: 'once-more' })).kind, 'refused')
    await alarmed('used-twice')
    assert.ok(!log.some((line) => line.includes(number)), 'the hub has no number')

    await press(till.page, registerWords.en.actHistory)
    await till.page.locator('.history .row-button').first().click()
    await till.on('record')
    const slip = till.page.locator('.card-slip')
    await slip.getByText(number.replaceAll(/(....)(?=.)/gu, '$1 ')).waitFor()
    await slip.getByText(/^approved, \w{6}$/u).waitFor()
    await look(till.page, 'machine-slip-en')
    await till.page.keyboard.press('Escape')
    await till.page.keyboard.press('Escape')
    await till.on('keying')
    await till.refundNewest()
    await until(() => [...there.books().authorisations.values()].some((each) => each.refunded === 1_280n))
  })
})

test('what the issuer refuses at the machine is said on both sides, and the bill is open again (ja)', async () => {
  await atTheCounter(counter, async (open) => {
    const till = await open.register({ language: 'ja', allows: NOBODY })
    const phone = await open.phone({ device: 'hanako', language: 'ja', allows: NOBODY })
    await press(till.page, registerWords.ja.settings)
    await press(till.page, cardMachineWords.ja.change)
    await look(till.page, 'machine-setting-ja')
    await till.page.keyboard.press('Escape')
    await setMachine(till, 'ja', there.machine.url, 'not-the-token-of-it')
    await readCard(till, phone, last4Of(TOWN.small), '6000', 'ja')
    await press(phone.page, walletWords.ja.approve)
    await till.page.getByText(said.ja.machineToken).waitFor()
    await look(till.page, 'machine-token-ja')
    await setMachine(till, 'ja', there.machine.url, there.machine.token)
    await phone.page.getByText(cardWords.ja['refused over-card-limit']).waitFor()
    await look(phone.page, 'machine-refused-ja')
    await till.on('joined')
    assert.equal((await slipNow(till.page)).state, 'refused')
    await phone.decline()
    await phone.ended()
    await till.on('ended')
  })
})
