// A shop gets its people: the operator's code for the first owner, a PIN at the register, a colleague from the office, and who stood where.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Page } from 'playwright-core'
import { staffWords } from '#apps/shared/staff-words.ts'
import { atTheCounter, look, openCounter, PIN, REFUSALS, TILL, type Counter } from './support/counter.ts'
import { openDeskPage } from './support/desk-page.ts'
import { startTestHub } from './support/hub.ts'
import { openOfficePage } from './support/office-page.ts'

const DESKTOP = { viewport: { width: 1280, height: 900 } } as const

let counter: Counter
before(async () => {
  counter = await openCounter({ hasWorkers: false })
})
after(() => counter?.close())

test('from the first owner’s code to a cashier’s sale that carries a name', async () => {
  await atTheCounter(counter, async (open) => {
    const code = await ownersCode(open, counter.hub.url)
    const shop = await open.machine({ context: DESKTOP, allows: REFUSALS })
    await enterOffice(shop.page, counter.hub.url, code)
    const office = await openOfficePage(shop.page, counter.hub.url)
    const yuis = await addPerson(shop.page, 'Yui', 'Cashier')
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

test('a shop gets people while a bill is keyed in: roles, a switch by keyboard alone, and a lost machine', async (context) => {
  // A shop of its own: one that has nobody yet.
  const hub = await startTestHub({ files: counter.files })
  context.after(() => hub.stop())
  await atTheCounter({ browser: counter.browser, hub }, async (open) => {
    const register = await open.register({ allows: REFUSALS })
    const { page: till } = register
    await register.keyIn('900')
    const shop = await open.machine({ context: DESKTOP, allows: REFUSALS })
    await enterOffice(shop.page, hub.url, await ownersCode(open, hub.url))
    const rens = await addPerson(shop.page, 'Ren', 'Manager')
    const yuis = await addPerson(shop.page, 'Yui', 'Cashier')

    await till.keyboard.press('Enter')
    await register.on('sign-in')
    await till.getByText(text.kept).waitFor()
    await till.getByRole('button', { name: 'Yui' }).waitFor()
    await look(till, 'staff-kept')
    await enrol(till, yuis, '135790')
    const hanako = await open.phone({ device: 'hanako' })
    await hanako.typeNumber(await register.showNumber())
    await hanako.amountIs('¥900')
    await hanako.approve(PIN)
    assert.equal(await register.paid(), '¥900')
    await hanako.receipt()
    await register.next()

    const refused = await register.refundNewest()
    assert.match(refused, /Your role does not allow this\./u)
    assert.match(refused, /Aya Mori and Ren can\./u)
    await till.keyboard.press('Escape')
    await till.keyboard.press('Escape')
    await register.on('keying')

    // Ren comes, and nobody touches the screen.
    await till.keyboard.press('F10')
    await register.on('sign-in')
    await till.keyboard.press(await keyOf(till, 'Ren'))
    await till.getByRole('heading', { name: text.codeOf('Ren') }).waitFor()
    await till.keyboard.type(rens)
    for (const title of [text.choosePin, text.pinAgain]) {
      await till.keyboard.press('Enter')
      await till.getByRole('heading', { name: title }).waitFor()
      await till.keyboard.type('864209')
    }
    await till.keyboard.press('Enter')
    await till.getByRole('button', { name: 'Ren is signed in' }).waitFor()
    assert.equal(await register.refundNewest('400'), '¥400 went back to Hanako.')
    await till.keyboard.press('Escape')
    await till.keyboard.press('Escape')
    await register.on('keying')
    await till.keyboard.press('F10')
    await till.keyboard.press(await keyOf(till, 'Yui'))
    await till.getByRole('heading', { name: text.pinOf('Yui') }).waitFor()
    await till.keyboard.type('135790')
    await till.keyboard.press('Enter')
    await till.getByRole('button', { name: 'Yui is signed in' }).waitFor()

    await shop.page.getByRole('radio', { name: 'Sales', exact: true }).check()
    await shop.page.getByRole('button', { name: /Hanako.*Yui/u }).click()
    await shop.page.getByText('At the register: Yui').waitFor()
    await look(shop.page, 'staff-sale')

    await shop.page.getByRole('radio', { name: 'Machines', exact: true }).check()
    await shop.page.getByLabel('Its name').fill('Till 2')
    await shop.page.getByRole('button', { name: 'Make a code' }).click()
    const tills = await shop.page.locator('.one-time-code-value').innerText()
    await look(shop.page, 'staff-machine-code')
    const second = await open.machine({ context: { viewport: TILL }, allows: REFUSALS })
    await second.page.goto(`${hub.url}/register#code=${encodeURIComponent(tills)}`)
    await second.page.getByRole('button', { name: 'Enrol' }).waitFor()
    await look(second.page, 'staff-machine-enrols')
    await second.page.getByRole('button', { name: 'Enrol' }).click()
    await signIn(second.page, 'Yui', '135790')
    await second.page.locator('.till-keying').waitFor()
    await second.page.getByText('Till 2').waitFor()
    await second.page.keyboard.type('300')
    await second.page.keyboard.press('Enter')
    await second.page.locator('.till-open').waitFor()

    await shop.page.getByRole('radio', { name: 'Sales', exact: true }).check()
    await shop.page.getByRole('radio', { name: 'Machines', exact: true }).check()
    await shop.page.getByRole('button', { name: /^Revoke.*Till 2$/u }).click()
    await shop.page.locator('dialog[open]').getByRole('button', { name: 'Revoke it' }).click()
    await shop.page.getByText('Till 2 can do nothing any more.').waitFor()
    await second.page.getByRole('heading', { name: 'Enrol this register' }).waitFor()
    await second.page.locator('.banner-trouble').waitFor()
    await look(second.page, 'staff-machine-revoked')
    await register.keyIn('200')
    await register.showNumber()
  })
})

const text = staffWords.en

type Open = Parameters<Parameters<typeof atTheCounter>[1]>[0]

/** The operator invites the bakery's first owner. */
async function ownersCode(open: Open, hub: string): Promise<string> {
  const { page } = await open.machine({ context: DESKTOP, allows: REFUSALS })
  const desk = await openDeskPage(page, hub)
  await desk.open('Marubeni Bakery')
  const staff = await desk.unfold('Staff')
  await staff.getByLabel('Name', { exact: true }).fill('Aya Mori')
  await desk.act(staff, 'Make a code for the first owner', 'the owner came to the desk')
  const code = await staff.locator('.code-value').innerText()
  await look(page, 'staff-desk')
  return code
}

/** The office of a shop without staff, entered with the owner's code. */
async function enterOffice(page: Page, hub: string, code: string): Promise<void> {
  await page.goto(`${hub}/office`)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await enrol(page, code, '246802')
  await page.getByRole('button', { name: 'Aya Mori is signed in' }).waitFor()
}

/** From the office: adds somebody; their code. */
async function addPerson(page: Page, name: string, role: 'Manager' | 'Cashier'): Promise<string> {
  await page.getByRole('radio', { name: 'Staff', exact: true }).check()
  await page.getByLabel('Name', { exact: true }).fill(name)
  await page.getByRole('radio', { name: role }).check()
  await page.getByRole('button', { name: 'Add, and make a code' }).click()
  const made = page.getByRole('region', { name: `Code for ${name}` })
  return made.locator('.one-time-code-value').innerText()
}

/** The key that chooses this person, as the list shows it. */
const keyOf = async (page: Page, name: string): Promise<string> =>
  page.getByRole('button', { name }).locator('.shortcut').innerText()

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
