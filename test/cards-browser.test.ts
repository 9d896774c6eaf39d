// Paying by card in a real Chromium: a card registered from what stands on it, paid with in instalments at the register, refunded; an issuer
// that is slow; one that refuses; terms that change while somebody looks; the web shop. The number of the card leaves the phone sealed alone.
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { BrowserContext, Page } from 'playwright-core'
import { WORDS } from '#apps/component/words.ts'
import { words as registerWords } from '#apps/register/words.ts'
import { cardWords } from '#apps/wallet/words-cards.ts'
import { meansWords } from '#apps/wallet/words-means.ts'
import { walletWords } from '#apps/wallet/words.ts'
import type { TownCard } from '#issuer/town.ts'
import { testCards, TOWN, type TestCards } from './support/card-programs.ts'
import { atTheCounter, look, openCounter, photograph, PIN, REFUSALS, TILL, type Counter } from './support/counter.ts'
import { freePort, started, type Program } from './support/examples.ts'
import { until } from './support/hub.ts'
import { kitWords } from '#ui/words.ts'
import type { Language, WalletPage } from './support/wallet-page.ts'

let there: TestCards
let counter: Counter
before(async () => {
  there = await testCards()
  counter = await openCounter({ hasWorkers: false, ...there.options })
})
after(async () => {
  await counter?.close()
  await there?.close()
})

const { good: HANAKOS, small: SMALL } = TOWN

const press = (page: Page, name: string): Promise<void> =>
  page.getByRole('button', { name, exact: true }).first().click()

const pressIn = (page: Page, name: string | RegExp): Promise<void> =>
  page.getByRole('dialog').getByRole('button', { name }).first().click()

const field = (page: Page, label: string) => page.getByLabel(label, { exact: true })

async function toCards(page: Page, language: Language): Promise<void> {
  await press(page, walletWords[language].settings)
  await page.getByRole('button', { name: new RegExp(cardWords[language].about, 'u') }).click()
}

async function typeCard(page: Page, language: Language, card: TownCard): Promise<void> {
  const words = cardWords[language]
  await field(page, words.number).pressSequentially(card.number)
  await field(page, words.expires).pressSequentially(`${card.expires.slice(5)}${card.expires.slice(2, 4)}`)
  await field(page, words.code).pressSequentially(card.code)
}

/** From home: the cards, one more typed in and proved, and home again. */
async function register({ page }: WalletPage, language: Language, card: TownCard, device: string): Promise<void> {
  const words = cardWords[language]
  await toCards(page, language)
  await press(page, words.add)
  await typeCard(page, language, card)
  await press(page, words.register)
  await page.getByRole('dialog', { name: words.register }).waitFor()
  await page.keyboard.type(PIN)
  await page.getByText(words.added).first().waitFor()
  await page.goto(`${counter.hub.url}/wallet?device=${device}`)
}

/** Everything that pages of this context send and keep, as one text. */
function listening(context: BrowserContext): { sent: () => string; kept: (page: Page) => Promise<string> } {
  const sent: string[] = []
  context.on('request', (request) => void sent.push(request.url(), request.postData() ?? ''))
  return {
    sent: () => sent.join('\n'),
    kept: (page) =>
      page.evaluate(async () => {
        const texts = [
          document.documentElement.outerHTML,
          location.href,
          JSON.stringify([localStorage, sessionStorage]),
        ]
        for (const field of document.querySelectorAll('input')) texts.push(field.value)
        for (const { name } of await indexedDB.databases()) {
          const opening = indexedDB.open(name ?? '')
          await new Promise((resolve) => opening.addEventListener('success', resolve, { once: true }))
          const database = opening.result
          for (const store of database.objectStoreNames) {
            const all = database.transaction(store).objectStore(store).getAll()
            await new Promise((resolve) => all.addEventListener('success', resolve, { once: true }))
            texts.push(JSON.stringify(all.result))
          }
          database.close()
        }
        return texts.join('\n')
      }),
  }
}

/** The card's number, in whatever groups. */
const holds = (text: string, { number }: TownCard): boolean => text.replaceAll(/[\s-]/gu, '').includes(number)

test('a card is registered from what stands on it, pays in three instalments, and its refund is seen; its number is nowhere (en)', async () => {
  await atTheCounter(counter, async (open) => {
    const words = cardWords.en
    const till = await open.register({ allows: REFUSALS })
    const kenji = await open.phone({ device: 'kenji', allows: REFUSALS })
    const { page, context } = kenji
    const heard = listening(context)
    await toCards(page, 'en')
    await page.getByText(words.none).waitFor()
    await look(page, 'cards-none-en')
    await press(page, words.add)

    // A slip in the last digit, a month that is over, a digit too few; then the number pasted in another form.
    const slip = HANAKOS.number.slice(0, -1) + String((Number(HANAKOS.number.at(-1)) + 1) % 10)
    await typeCard(page, 'en', { ...HANAKOS, number: slip, expires: '2026-01', code: '12' })
    await field(page, words.number).focus()
    await page.getByText(words['number-wrong']).waitFor()
    await page.getByText(words['expiry-past']).waitFor()
    await page.getByText(words.codeWrong(3), { exact: true }).waitFor()
    await page.getByText(words.known('Tanuki Card')).waitFor()
    await look(page, 'cards-add-wrong-en')
    await field(page, words.number).fill(HANAKOS.number.replaceAll(/(\d{4})(?=\d)/gu, '$1-'))
    assert.equal(await field(page, words.number).inputValue(), HANAKOS.number.replaceAll(/(\d{4})(?=\d)/gu, '$1 '))
    await field(page, words.expires).fill(HANAKOS.expires)
    await field(page, words.code).fill(HANAKOS.code)
    await photograph(page, 'cards-add-en')
    await press(page, words.register)
    await page.getByRole('dialog', { name: words.register }).waitFor()
    assert.ok(!holds(await heard.kept(page), HANAKOS), 'the fields are gone before the PIN is asked for')
    await look(page, 'cards-prove-en')
    await page.keyboard.type(PIN)
    const label = `Tanuki Card ···${HANAKOS.number.slice(-4)}`
    await page.getByText(label).waitFor()
    await look(page, 'cards-list-en')

    // A name: never the number.
    await page.getByRole('button', { name: new RegExp(label, 'u') }).click()
    await field(page, words.name).fill(`mine ${HANAKOS.number}`)
    await page.getByText(kitWords.en.cardNumberHidden).waitFor()
    assert.match(await field(page, words.name).inputValue(), /^mine •+\d{4}$/u)
    await field(page, words.name).fill('Groceries')
    await press(page, words.saveName)
    await page.getByRole('heading', { name: /Groceries/u }).waitFor()
    await look(page, 'cards-one-en')

    await page.goto(`${counter.hub.url}/wallet?device=kenji`)
    await till.keyIn('3600')
    await kenji.typeNumber(await till.showNumber())
    await kenji.joined()
    // More than is in the account: the card is suggested, and nothing is chosen.
    await page.getByText(words.offerText).waitFor()
    await look(page, 'cards-offer-en')
    await page.getByRole('button', { name: /Groceries/u }).click()
    await page.getByRole('dialog').getByText(words.instalments(3), { exact: true }).waitFor()
    await look(page, 'cards-methods-en')
    await pressIn(page, new RegExp(`^${words.instalments(3)}`, 'u'))
    await page
      .getByText(/3 × |total ¥/u)
      .first()
      .waitFor()
    await look(page, 'cards-chosen-en')

    // The terms change between showing and approving: shown, and nothing is approved by that press.
    await page.route('**/card-methods?**', async (route) => {
      const response = await route.fetch()
      const text = (await response.text()).replaceAll(/"fee":"(?!0")\d+"/gu, '"fee":"777"')
      await route.fulfill({ response, body: text })
    })
    await press(page, walletWords.en.approve)
    await page.getByText(words.termsChanged).waitFor()
    await page.getByText(/¥777/u).waitFor()
    await photograph(page, 'cards-terms-en')
    await kenji.approve(PIN)
    assert.equal(await till.paid(), '¥3,600')
    const receipt = await kenji.receipt()
    assert.match(receipt, new RegExp(label, 'u'))
    assert.match(receipt, new RegExp(`${words.approval}\\s+\\w{6}`, 'u'))
    await look(page, 'cards-paid-en')
    await page.unroute('**/card-methods?**')

    await till.next()
    await till.refundNewest('600')
    await page.getByText(words.backToCard).first().waitFor()
    await photograph(page, 'cards-refunded-en')
    await kenji.done()
    await kenji.balanceIs('¥3,000')
    await kenji.openHistory()
    await press(page, words.paidTitle)
    await page.getByText(words.wentBack('¥600')).waitFor()
    await look(page, 'cards-history-en')
    await page.getByRole('button', { name: new RegExp(label, 'u') }).click()
    await page.getByText(words.approval).waitFor()
    await page.getByText(words.statementHint).scrollIntoViewIfNeeded()
    await photograph(page, 'cards-receipt-en')
    assert.ok(!holds(await heard.kept(page), HANAKOS), 'nothing is kept')
    assert.ok(!holds(heard.sent(), HANAKOS), 'nothing was sent')
  })
})

test('an issuer is slow, then says yes; a card over its limit is refused, and something else pays (ja)', async () => {
  await atTheCounter(counter, async (open) => {
    const words = cardWords.ja
    const till = await open.register({ language: 'ja', allows: REFUSALS })
    const hanako = await open.phone({ device: 'hanako', language: 'ja', allows: REFUSALS })
    const { page } = hanako
    await register(hanako, 'ja', SMALL, 'hanako')
    const label = `タヌキカード ···${SMALL.number.slice(-4)}`
    const choose = async (method: string): Promise<void> => {
      await pressIn(page, new RegExp(`^${method}`, 'u'))
      await page.getByText(words.paidBy(label)).waitFor()
    }

    await till.keyIn('4500')
    await hanako.typeNumber(await till.showNumber())
    await hanako.joined()
    await press(page, meansWords.ja.another)
    await pressIn(page, new RegExp(label, 'u'))
    await choose(words.lump)
    await photograph(page, 'cards-lump-ja')
    there.set({ holds: 'answer' })
    await press(page, walletWords.ja.approve)
    await page.keyboard.type(PIN)
    await page.getByText(words.askingText(label)).waitFor()
    await page.getByText(words.ifNothing).waitFor()
    await till.page.getByText(registerWords.ja.authorisingText).waitFor()
    await look(page, 'cards-asked-ja')
    there.set({})
    assert.match(await till.paid(), /4,500/u)
    assert.match(await hanako.receipt(), new RegExp(label, 'u'))
    await photograph(page, 'cards-paid-ja')
    await hanako.done()
    await till.next()

    await till.keyIn('2000')
    await hanako.typeNumber(await till.showNumber())
    await hanako.joined()
    await press(page, meansWords.ja.another)
    await pressIn(page, new RegExp(label, 'u'))
    await page.getByRole('dialog').getByText(words.lump, { exact: true }).waitFor()
    await photograph(page, 'cards-methods-ja')
    await choose(words.lump)
    await press(page, walletWords.ja.approve)
    await page.getByText(words['refused over-card-limit']).waitFor()
    await till.on('joined')
    await look(page, 'cards-refused-ja')
    await press(page, meansWords.ja.another)
    await pressIn(page, new RegExp(`^${meansWords.ja.account}`, 'u'))
    await hanako.approve(PIN)
    assert.match(await till.paid(), /2,000/u)
    await hanako.done()

    await toCards(page, 'ja')
    await page.getByRole('button', { name: new RegExp(label, 'u') }).click()
    await press(page, words.remove)
    await page.getByRole('dialog', { name: words.removeSure }).waitFor()
    await look(page, 'cards-remove-ja')
    await pressIn(page, words.removeNow)
    await page.getByText(words.none).waitFor()
  })
})

test('a card that its issuer does not confirm is not registered; the web shop is paid by one that it does (en)', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'warifu-card-shop-'))
  const shop = await webShop(folder)
  try {
    await atTheCounter(counter, async (open) => {
      const words = cardWords.en
      const kenji = await open.phone({ device: 'kenji', allows: REFUSALS })
      const { page } = kenji
      await toCards(page, 'en')
      await press(page, words.add)
      await typeCard(page, 'en', { ...SMALL, code: '999' })
      await press(page, words.register)
      await page.getByRole('dialog', { name: words.register }).waitFor()
      await page.keyboard.type(PIN)
      await page.getByRole('heading', { name: words.notAdded }).waitFor()
      await look(page, 'cards-not-added-en')
      await press(page, words.leave)

      const { page: buyer } = await open.machine({ context: { viewport: TILL } })
      await buyer.goto(shop.url)
      await buyer.getByRole('button', { name: 'Country loaf' }).click()
      await buyer.locator('#checkout').click()
      await buyer.locator('warifu-pay .number').waitFor()
      const number = ((await buyer.locator('warifu-pay .heard').textContent()) ?? '').replaceAll(/\D/gu, '')
      await page.goto(`${counter.hub.url}/wallet?device=kenji`)
      await kenji.typeNumber(number)
      await kenji.joined()
      await press(page, meansWords.en.another)
      await pressIn(page, /Groceries/u)
      await pressIn(page, new RegExp(`^${words.lump}`, 'u'))
      await page.getByText(words.paidBy('Groceries'), { exact: false }).waitFor()
      await kenji.approve(PIN)
      await buyer.locator('warifu-pay').getByText(WORDS.en.paid, { exact: true }).waitFor()
      assert.match(await kenji.receipt(), /Tanuki Card/u)
      await page.setViewportSize(TILL)
      await photograph(page, 'cards-shop-paid-en')

      // Without the vault there are no cards for the time being, and everything else goes on.
      await kenji.done()
      await there.vaultDies()
      await toCards(page, 'en')
      await until(async () => {
        // A person who comes back to the screen.
        await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')))
        return page.getByText(words.away).isVisible()
      })
      await look(page, 'cards-away-en')
      await there.vaultRises()
    })
  } finally {
    shop.program.kill()
    await rm(folder, { recursive: true, force: true })
  }
})

async function webShop(folder: string): Promise<Readonly<{ program: Program; url: string }>> {
  const port = await freePort()
  const env = { PORT: String(port), ORDERS: join(folder, 'orders.json'), CLERK_PASSWORD: 'the clerk’s' }
  const program = started(counter.hub, 'examples/shop/main.ts', [], env)
  await until(() => program.said().includes('tells this shop') || program.code() !== null)
  assert.equal(program.code(), null, program.said())
  return { program, url: `http://localhost:${port}` }
}
