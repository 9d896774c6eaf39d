// The issuers' page in a browser, as somebody with a demo's card uses it: what to pay and when, a card stopped, an issuer that misbehaves.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { MODES } from '#issuer/page-words.ts'
import { zoneKeysOf } from '#issuer/one-time.ts'
import { startIssuer, type IssuerProgram } from '#issuer/program.ts'
import { CARDS } from '#issuer/town.ts'
import { readZoneKey } from '#issuer/zone-key.ts'
import { axeViolations, launchBrowser } from './browser.ts'
import { until } from './support/hub.ts'
import { AT, dial, JPY, newOrder } from './support/issuer-line.ts'

const [good] = CARDS
assert.ok(good)
const data = mkdtempSync(join(tmpdir(), 'warifu-issuer-page-'))
let program: IssuerProgram
let browser: Browser
before(async () => {
  program = await startIssuer({ data, port: 0, lines: [0, 0], demo: true, cards: CARDS, zone: 'Asia/Tokyo' })
  const line = await dial(program.lines[0]?.port ?? 0, zoneKeysOf(readZoneKey(program.zoneKey)))
  const paid = { unit: JPY, amount: 36_000n }
  const order = newOrder()
  const card = { number: good.number, expires: '3112', code: null }
  await line.ask({ kind: 'authorise', ...card, ...AT, ...paid, method: 'instalments-3', order })
  await line.ask({ kind: 'capture', order, own: 'c', ...paid })
  line.close()
  browser = await launchBrowser()
})
after(async () => {
  await browser?.close()
  await program?.stop()
  rmSync(data, { recursive: true, force: true })
})

async function look(page: Page, name: string): Promise<void> {
  const album = process.env['SCREENSHOTS']
  if (album !== undefined) await page.screenshot({ path: join(album, `issuer-${name}.png`), fullPage: true })
  assert.deepEqual(await axeViolations(page), [], name)
  const width = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth])
  assert.equal(width[0], width[1], `${name} fits its width`)
}

test('a statement in three payments, an issuer made silent, a card stopped and freed', async () => {
  const page = await browser.newPage({ viewport: { width: 1024, height: 768 }, locale: 'en-GB', colorScheme: 'dark' })
  await page.goto(program.url)
  await page.getByText('Statement 1019').click()
  await page.getByText('payment 3 of 3').waitFor()
  await page.getByText('¥36,000, fee ¥903').first().waitFor()
  await look(page, 'statement')
  await page.getByRole('button', { name: 'Say nothing' }).click()
  await page.getByText('Now: Say nothing.').waitFor()
  assert.deepEqual(program.faults.now(), MODES.silent)
  assert.equal(await page.getByRole('button', { name: 'Say nothing' }).getAttribute('aria-pressed'), 'true')
  await page.getByRole('button', { name: 'Answer at once' }).click()
  await page.getByText('Now: Answer at once.').waitFor()
  await page.getByRole('button', { name: 'Stop this card 2025' }).click()
  await page.getByRole('button', { name: 'Let it pay again 2025' }).click()
  await until(() => program.desks.get('0001')?.books.cards.get(CARDS[1]?.number ?? '')?.isStopped === false)
  await page.close()
})

test('日本語の画面', async () => {
  const page = await browser.newPage({ viewport: { width: 360, height: 740 }, locale: 'ja-JP' })
  await page.goto(program.url)
  await page.getByRole('heading', { name: 'タヌキカード' }).waitFor()
  await page.getByText('ご利用明細 1019').click()
  await page.getByText('3回目／全3回').waitFor()
  await look(page, 'japanese')
  await page.getByRole('button', { name: '遅い：5秒かかる' }).click()
  await page.getByText('現在：遅い：5秒かかる').waitFor()
  await page.getByRole('link', { name: 'English' }).click()
  await page.getByText('Now: Slow: five seconds.').waitFor()
  await page.close()
})
