// A shop gets its people: the operator's code for the first owner, a PIN at the register, a colleague from the office, and who stood where.
import { after, before, test } from 'node:test'
import type { Page } from 'playwright-core'
import { staffWords } from '#apps/shared/staff-words.ts'
import { atTheCounter, look, openCounter, PIN, REFUSALS, TILL, type Counter } from './support/counter.ts'
import { openDeskPage } from './support/desk-page.ts'
import { openOfficePage } from './support/office-page.ts'

const DESKTOP = { viewport: { width: 1280, height: 900 } } as const

let counter: Counter
before(async () => {
  counter = await openCounter()
})
after(() => counter?.close())

test('from the first owner’s code to a cashier’s sale that carries a name', async () => {
  await atTheCounter(counter, async (open) => {
    const operator = await open.machine({ context: DESKTOP, allows: REFUSALS })
    const desk = await openDeskPage(operator.page, counter.hub.url)
    await desk.open('Marubeni Bakery')
    const staff = await desk.unfold('Staff')
    await staff.getByLabel('Name', { exact: true }).fill('Aya Mori')
    await desk.act(staff, 'Make a code for the first owner', 'the owner came to the desk')
    const code = await staff.locator('.code-value').innerText()
    await look(desk.page, 'staff-desk')

    const shop = await open.machine({ context: DESKTOP, allows: REFUSALS })
    await shop.page.goto(`${counter.hub.url}/office`)
    await shop.page.getByRole('button', { name: 'Sign in' }).click()
    await enrol(shop.page, code, '246802')
    await shop.page.getByRole('button', { name: 'Aya Mori is signed in' }).waitFor()
    const office = await openOfficePage(shop.page, counter.hub.url)
    await shop.page.getByRole('radio', { name: 'Staff', exact: true }).check()
    await shop.page.getByLabel('Name', { exact: true }).fill('Yui')
    await shop.page.getByRole('button', { name: 'Add, and make a code' }).click()
    const yuis = await shop.page.locator('.one-time-code-value').innerText()
    await look(shop.page, 'staff-office')
    await shop.page.getByRole('radio', { name: 'Machines', exact: true }).check()
    await shop.page.getByText('this one').waitFor()
    await look(shop.page, 'staff-machines')

    const till = await open.machine({ context: { viewport: TILL }, allows: REFUSALS })
    await till.page.goto(`${counter.hub.url}/register`)
    await till.page.getByRole('heading', { name: text.who }).waitFor()
    await look(till.page, 'staff-register')
    await enrol(till.page, yuis, '135790')
    await till.page.locator('.till-keying').waitFor()
    await till.page.getByRole('button', { name: 'Yui is signed in' }).waitFor()
    await till.page.keyboard.type('500')
    await till.page.keyboard.press('Enter')
    await till.page.locator('.till-open').waitFor()
    const number = ((await till.page.locator('.ticket-number .hidden').textContent()) ?? '').replaceAll(/\D/gu, '')
    const hanako = await open.phone({ device: 'hanako' })
    await hanako.typeNumber(number)
    await hanako.approve(PIN)
    await till.page.locator('.till-paid').waitFor()
    await hanako.receipt()

    await till.page.keyboard.press('Enter')
    await till.page.keyboard.press('F10')
    await till.page.getByRole('button', { name: 'Sign Yui out' }).click()
    await till.page.getByRole('heading', { name: text.who }).waitFor()
    await signIn(till.page, 'Yui', '135791')
    await till.page.locator('.banner-trouble').waitFor()
    await look(till.page, 'staff-wrong-pin')
    await till.page.keyboard.type('135790')
    await till.page.keyboard.press('Enter')
    await till.page.locator('.till-keying').waitFor()

    await office.openSales()
    await shop.page.getByRole('button', { name: /Hanako.*Yui/u }).waitFor()
  })
})

const text = staffWords.en

async function enrol(page: Page, code: string, pin: string): Promise<void> {
  await page.getByRole('button', { name: text.haveCode }).first().click()
  await page.getByRole('textbox', { name: text.code }).fill(code)
  for (const title of [text.choosePin, text.pinAgain]) {
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: title }).waitFor()
    await page.keyboard.type(pin)
  }
  await page.keyboard.press('Enter')
}

async function signIn(page: Page, name: string, pin: string): Promise<void> {
  await page.getByRole('button', { name }).first().click()
  await page.getByRole('heading', { name: text.pinOf(name) }).waitFor()
  await page.keyboard.type(pin)
  await page.keyboard.press('Enter')
}
