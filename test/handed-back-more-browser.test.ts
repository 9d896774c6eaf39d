// What else there is to a phone without a network: a bill too long for one code, an answer read by the scanner at the till, a phone that has
// a network after all and hands it in by itself, and a register whose network goes while it asks for a number.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { after, before, test } from 'node:test'
import type { Page } from 'playwright-core'
import { handBackWords } from '#apps/register/words-hand-back.ts'
import { words } from '#apps/register/words.ts'
import { purchaseWords } from '#apps/wallet/words-purchase.ts'
import { walletWords } from '#apps/wallet/words.ts'
import { putPriceFile } from '#sdk/goods-calls.ts'
import { writeQrVideo } from './browser.ts'
import { atTheCounter, cableTo, CUTS, look, openCounter, PIN, REFUSALS, type Counter } from './support/counter.ts'
import { enrolled, until } from './support/hub.ts'
import { readQr } from './support/qr.ts'
import type { WalletPage } from './support/wallet-page.ts'

const [said, till, purchase, wallet] = [handBackWords.en, words.en, purchaseWords.en, walletWords.en]

let counter: Counter
before(async () => {
  counter = await openCounter({ hasWorkers: false })
})
after(() => counter?.close())

const GOODS = 18

/** A price file whose names say nothing twice, so that nothing makes a bill of them shorter. */
async function stocked(): Promise<void> {
  const office = await enrolled(counter.hub, 'office')
  const rows = Array.from({ length: GOODS }, (_, row) => {
    const name = createHash('sha256').update(String(row)).digest('base64url').slice(0, 40)
    return `good${row},${name},${211 + row * 17}`
  })
  const csv = `code,name,price\n${rows.join('\n')}\n`
  assert.ok((await putPriceFile(office, { basedOn: 1, csv, check: false })).ok)
  office.close()
}

/** The camera's video shows these codes in turn. */
async function showInTurn(codes: readonly string[]): Promise<void> {
  const films: Buffer[] = []
  for (const code of codes) {
    await writeQrVideo(counter.camera, code)
    films.push(await readFile(counter.camera))
  }
  const head = films[0]?.subarray(0, films[0].indexOf('\n') + 1) ?? Buffer.alloc(0)
  await writeFile(counter.camera, Buffer.concat([head, ...films.map((film) => film.subarray(head.length))]))
}

/** All codes that the register shows, each once. */
async function codesOn(page: Page): Promise<readonly string[]> {
  const codes = new Map<number, string>()
  const turn = page.locator('.hand-back-turn')
  await turn.waitFor()
  const count = Number((await turn.innerText()).split(' of ')[1])
  await until(async () => {
    const code = await readQr(await page.locator('.hand-back-code .qr').screenshot()).catch(() => '')
    const place = /#part=[0-9a-f]{8}\.(\d)\./u.exec(code)?.[1]
    if (place !== undefined) codes.set(Number(place), code)
    return codes.size === count
  })
  return [...codes.values()]
}

async function approves({ page }: WalletPage): Promise<void> {
  await page.getByRole('heading', { name: purchase.title, exact: true }).waitFor()
  await page.getByRole('button', { name: wallet.approve, exact: true }).click()
  await page.getByLabel(wallet.pin, { exact: true }).waitFor()
  await page.keyboard.type(PIN)
  await page.getByRole('heading', { name: purchase.signedTitle, exact: true }).waitFor()
}

/** A scanner that types: a key every five milliseconds by the machine's clock. */
const scan = (page: Page, code: string): Promise<void> =>
  page.evaluate((signs) => {
    let at = performance.now()
    for (const key of [...Array.from(signs), 'Enter']) {
      const event = new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true })
      Object.defineProperty(event, 'timeStamp', { value: (at += 5) })
      ;(document.activeElement ?? document.body).dispatchEvent(event)
    }
  }, code)

test('a long bill is shown in several codes in turn, and the scanner at the till reads the answer', async () => {
  await stocked()
  await atTheCounter(counter, async (open) => {
    const register = await open.register()
    const { page } = register
    await page.getByRole('button', { name: till.actGoods }).first().click()
    await page
      .locator('.good')
      .nth(GOODS - 1)
      .waitFor()
    for (const good of await page.locator('.good').all()) await good.dispatchEvent('click')
    await page
      .locator('.bill-line')
      .nth(GOODS - 1)
      .waitFor()
    await page.getByRole('button', { name: said.way }).first().click()
    const codes = await codesOn(page)
    assert.ok(codes.length > 1)
    await look(page, 'hand-back-codes')
    await showInTurn(codes)

    const phone = await open.phone({ device: 'hanako' })
    await phone.page.getByRole('button', { name: wallet.scan, exact: true }).click()
    await approves(phone)
    const answer = await readQr(await phone.page.locator('.qr').first().screenshot())
    await page.getByRole('button', { name: said.read }).click()
    await page.getByText(said.readingText).waitFor()
    await scan(page, answer)
    assert.match(await register.paid(), /^¥\d/u)
  })
})

test('a phone that has a network hands in by itself what it has signed', async () => {
  await atTheCounter(counter, async (open) => {
    const register = await open.register()
    await register.keyIn('640')
    await register.page.getByRole('button', { name: said.way }).first().click()
    await register.page.locator('.hand-back-code .qr').waitFor()
    const code = await readQr(await register.page.locator('.hand-back-code .qr').screenshot())
    const phone = await open.phone({ device: 'hanako' })
    await phone.openLink(code)
    await approves(phone)
    await phone.page.getByText(purchase.submitText).waitFor()
    await look(phone.page, 'hand-in-from-phone')
    await phone.page.getByRole('button', { name: purchase.submit }).click()
    assert.match(await phone.receipt(), /640/u)
    assert.equal(await register.paid(), '¥640')
  })
})

test('a register whose network goes while it asks for a number sells without it', async (context) => {
  const wire = await cableTo(counter.hub)
  context.after(() => wire.close())
  await atTheCounter(counter, async (open) => {
    const register = await open.register({
      hub: wire.url,
      allows: new RegExp(`${CUTS.source}|${REFUSALS.source}`, 'u'),
    })
    const { page } = register
    await register.keyIn('750')
    // Once shown and left again: by then the register has its certificate, without which it could ask no phone.
    await page.getByRole('button', { name: said.way }).first().click()
    await page.locator('.hand-back-code .qr').waitFor()
    await page.keyboard.press('Escape')
    await register.on('keying')
    // Nobody has noticed yet that the hub does not answer.
    wire.loseAnswers()
    await page.getByRole('button', { name: till.actShowNumber }).click()
    wire.cut()
    await page.getByText(said.sellOfflineText).waitFor()
    await look(page, 'sell-offline')
    await page.keyboard.press('F7')
    await page.locator('.hand-back-code .qr').waitFor()
    await page.getByRole('heading', { name: said.title }).waitFor()
    wire.mend()
    await page.locator('.banner-offline').waitFor({ state: 'detached' })
    await page.locator('.hand-back-code .qr').waitFor()
  })
})
