// The counter payment with the network cut in the middle: whoever comes back sees the same payment as it is now, and what
// was under way has taken effect once.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import {
  atTheCounter,
  balanceOf,
  cableTo,
  CUTS,
  look,
  openCounter,
  photograph,
  PIN,
  type Counter,
  type Machine,
  type Wire,
  TILL,
} from './support/counter.ts'
import { registerPage } from './support/register-page.ts'
import { walletOn } from './support/wallet-page.ts'

let counter: Counter
const wires: Wire[] = []
before(async () => {
  counter = await openCounter()
})
after(async () => {
  await counter?.close()
  await Promise.all(wires.map((wire) => wire.close()))
})

/** A cable of its own for a machine; pulling it also tells the browser, as an operating system does. */
async function cable() {
  const wire = await cableTo(counter.hub)
  wires.push(wire)
  return {
    wire,
    options: { hub: wire.url, allows: CUTS },
    async cut({ context }: Machine): Promise<void> {
      wire.cut()
      await context.setOffline(true)
    },
    async mend({ context }: Machine): Promise<void> {
      wire.mend()
      await context.setOffline(false)
    },
  }
}

test('the register is cut off while its number is shown: it comes back to the phone that has joined', async () => {
  await atTheCounter(counter, async (open) => {
    const line = await cable()
    const [register, phone] = await Promise.all([open.register(line.options), open.phone()])
    await register.keyIn('1280')
    const number = await register.showNumber()
    await line.cut(register)
    await register.page.locator('.banner-offline').waitFor()
    assert.equal(await register.number(), number)
    await look(register.page, 'register-offline')
    await phone.typeNumber(number)
    await phone.joined()
    await line.mend(register)
    assert.equal(await register.joined(), 'Joined with Hanako')
    assert.equal(await register.tally(), await phone.tallyName())
    await register.page.locator('.banner-offline').waitFor({ state: 'detached' })
    await register.cancel()
    assert.match(await phone.ended(), /The shop cancelled\./u)
  })
})

test('the network goes while a number is asked for: it comes once, when the network does', async () => {
  await atTheCounter(counter, async (open) => {
    const line = await cable()
    const register = await open.register(line.options)
    const asking = '**/v1/commands/open-offer'
    await register.page.route(asking, async (route) => {
      await line.cut(register)
      await route.abort('internetdisconnected')
    })
    await register.page.keyboard.type('700')
    await register.page.keyboard.press('Enter')
    await register.on('opening')
    await register.page.locator('.banner-offline').waitFor()
    await register.page.unroute(asking)
    await line.mend(register)
    await register.on('open')
    await register.cancel()
    await register.page.keyboard.press('F8')
    await register.on('history')
    await register.page.locator('.history .row-button').first().waitFor()
    assert.equal(await register.page.locator('.history .row-button').count(), 1)
  })
})

test('the answer to the approval is lost: the register has it, the phone comes back to paid, and it was paid once', async () => {
  await atTheCounter(counter, async (open) => {
    const line = await cable()
    const [register, phone] = await Promise.all([open.register(), open.phone(line.options)])
    const had = await balanceOf(phone)
    await register.keyIn('1280')
    await phone.typeNumber(await register.showNumber())
    await phone.amountIs('¥1,280')
    await phone.page.route('**/v1/commands/approve', (route) => {
      line.wire.loseAnswers()
      return route.continue()
    })
    await phone.approve(PIN)
    assert.equal(await register.paid(), '¥1,280')
    assert.equal(await phone.page.locator('.paid').count(), 0, 'the phone knows nothing of it yet')
    await line.cut(phone)
    await phone.page.locator('.banner-offline').first().waitFor()
    await photograph(phone.page, 'wallet-approving-offline')
    await phone.page.unroute('**/v1/commands/approve')
    await line.mend(phone)
    assert.match(await phone.receipt(), /¥1,280/u)
    assert.equal(await phone.tallyName(), await register.tally())
    await phone.done()
    await phone.balanceIs(yen(had - 1280))
    await phone.openHistory()
    const rows = await phone.historyRows()
    assert.equal(rows.filter((row) => row.includes('1,280')).length, 1, 'one payment')
  })
})

test('the answer to the number is lost: the phone comes back to the deal that it has joined', async () => {
  await atTheCounter(counter, async (open) => {
    const line = await cable()
    const [register, phone] = await Promise.all([open.register(), open.phone(line.options)])
    await register.keyIn('210')
    const number = await register.showNumber()
    await phone.page.route('**/v1/commands/join', (route) => {
      line.wire.loseAnswers()
      return route.continue()
    })
    await phone.typeNumber(number)
    await register.joined()
    assert.equal(await phone.page.locator('.half').count(), 0, 'the phone knows nothing of it yet')
    await line.cut(phone)
    await phone.page.unroute('**/v1/commands/join')
    await line.mend(phone)
    await phone.amountIs('¥210')
    assert.equal(await phone.tallyName(), await register.tally())
    await phone.decline()
    await register.on('ended')
  })
})

test('an approval without a network meets a bill that has changed: nothing is paid and the new bill is shown', async () => {
  await atTheCounter(counter, async (open) => {
    const line = await cable()
    const [register, phone] = await Promise.all([open.register(), open.phone(line.options)])
    const had = await balanceOf(phone)
    // One payment first: the phone stays unlocked for the next.
    await register.keyIn('100')
    await phone.typeNumber(await register.showNumber())
    await phone.amountIs('¥100')
    await phone.approve(PIN)
    await phone.receipt()
    await phone.done()
    await phone.balanceIs(yen(had - 100))
    await register.paid()
    await register.next()

    await register.keyIn('400')
    await phone.typeNumber(await register.showNumber())
    await phone.amountIs('¥400')
    await register.joined()
    await line.cut(phone)
    await phone.page.locator('.banner-offline').first().waitFor()
    await phone.page.getByRole('button', { name: 'Approve' }).click()
    await phone.page.getByText('The approval goes on by itself when the network is back.').waitFor()
    await look(phone.page, 'wallet-offline')
    await register.changeBill()
    await register.page.getByRole('button', { name: 'One less: Goods' }).click()
    await register.keyIn('450')
    await register.sendBill()
    await register.page.locator('.till-editing').waitFor({ state: 'detached' })
    await line.mend(phone)
    await phone.amountIs('¥450')
    await phone.page.locator('.banner', { hasText: 'The shop changed the bill.' }).waitFor()
    await phone.page.getByRole('button', { name: 'Approve' }).waitFor()
    assert.equal(await phone.page.locator('.paid').count(), 0)
    await phone.approve(PIN)
    assert.equal(await register.paid(), '¥450')
    await phone.receipt()
    await phone.done()
    await phone.balanceIs(yen(had - 550))
  })
})

test('both tabs are closed in the middle and opened again: each is back in the same payment', async () => {
  await atTheCounter(counter, async (open) => {
    const [register, phone] = await Promise.all([open.register(), open.phone()])
    await register.keyIn('330')
    const number = await register.showNumber()
    const till = await reopened(register)
    const again = registerPage(till, 'en')
    assert.equal(await again.number(), number)
    await phone.typeNumber(number)
    await phone.joined()
    const tally = await phone.tallyName()
    const pocket = walletOn(await reopened(phone), 'en')
    assert.equal(await pocket.joined(), 'Marubeni Bakery')
    assert.equal(await pocket.tallyName(), tally)
    await again.joined()
    await till.close()
    await pocket.approve(PIN)
    await pocket.receipt()
    const back = registerPage(await reopened(register), 'en')
    assert.equal(await back.paid(), '¥330')
    assert.equal(await back.tally(), tally)
    const receipt = walletOn(await reopened({ context: phone.context, page: pocket.page }), 'en')
    assert.match(await receipt.receipt(), /¥330/u)
  })
})

test('the wallet opens without a network: its shell, what was seen last, and the payment it was in', async () => {
  await atTheCounter(counter, async (open) => {
    const line = await cable()
    const [register, phone] = await Promise.all([open.register(), open.phone(line.options)])
    await register.keyIn('330')
    await phone.typeNumber(await register.showNumber())
    await phone.amountIs('¥330')
    await phone.page.evaluate(async () => void (await navigator.serviceWorker.ready))
    await line.cut(phone)
    await phone.page.reload()
    await phone.amountIs('¥330')
    await phone.page.locator('.banner-offline').first().waitFor()
    await register.cancel()
    await line.mend(phone)
    assert.match(await phone.ended(), /The shop cancelled\./u)
    await phone.done()
    await phone.page.locator('.balance .amount').waitFor()
  })
})

async function reopened({ context, page }: Machine): Promise<Machine['page']> {
  const address = page.url()
  await page.close()
  const next = await context.newPage()
  await next.goto(address)
  return next
}

const yen = (amount: number): string => `¥${amount.toLocaleString('en')}`

test('who sells the moment the register is there opens one deal', async () => {
  await atTheCounter(counter, async ({ machine }) => {
    const { page } = await machine({ context: { viewport: TILL } })
    let opened = 0
    page.on('request', (request) => (opened += Number(request.url().endsWith('/commands/open-offer'))))
    await page.goto(`${counter.hub.url}/register`)
    await page.locator('.till-keying').waitFor()
    await page.keyboard.type('1280')
    await page.keyboard.press('Enter')
    await page.locator('.till-open').waitFor()
    await page.reload()
    await page.locator('.till-open').waitFor()
    assert.equal(opened, 1)
  })
})
