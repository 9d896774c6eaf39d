// Who one is, as people set it up on their phones, in a real Chromium: signing up and paying, a second phone, a lost one, the PIN and a
// key that can be pulled out, and what is shown to whom.
import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import type { Askable } from '#core/persona.ts'
import { askableText } from '#apps/shared/shown.ts'
import { problemText } from '#apps/shared/problems.ts'
import { askedWords } from '#apps/wallet/words-asked.ts'
import { beginningWords } from '#apps/wallet/words-beginning.ts'
import { mineWords } from '#apps/wallet/words-mine.ts'
import { walletWords } from '#apps/wallet/words.ts'
import type { DealView } from '#protocol/views.ts'
import { problemOf } from '#protocol/problems.ts'
import type { Client } from '#sdk/client.ts'
import { asked, dealOf, newDeal, paid } from './support/bank.ts'
import { atTheCounter, CUTS, inDatabase, look, openCounter, PIN, REFUSALS, type Counter } from './support/counter.ts'
import { enrolled } from './support/hub.ts'
import { finish, newAddress, NEWCOMER_PIN, waiting } from './support/people.ts'
import { accountOn, cashIn, phoneOf, SMALL, somebody, type Person } from './support/person-day.ts'
import { authenticatorAt, beginAt, drawnFace, personOn, type PersonPage } from './support/person-page.ts'
import { billOf } from './support/world.ts'

/** What a phone that was removed, or is refused, has on its console. */
const REFUSED = new RegExp(`${REFUSALS.source}|${CUTS.source}`, 'u')
/** Longer than any story: who waits is let in when the story says so. */
const WAIT_MS = 600_000
const SHOP = 'Marubeni Bakery'
const LONG_IN_JAPANESE = new Set(['ways', 'names', 'birth', 'pin', 'crop', 'bill'])

let counter: Counter
let register: Client
const clients: Client[] = []
before(async () => {
  counter = await openCounter({ deviceWaitMs: WAIT_MS, hasWorkers: false })
  register = await enrolled(counter.hub, 'register')
  clients.push(register)
})
after(async () => {
  for (const client of clients) client.close()
  await counter?.close()
})
/** All the stories' mails are asked for from one address. */
const forgetTries = (): Promise<void> => inDatabase(counter.hub, 'delete from budget')
beforeEach(forgetTries)

for (const language of ['en', 'ja'] as const) {
  const begin = beginningWords[language]
  const mine = mineWords[language]
  const wallet = walletWords[language]

  test(`somebody new signs up by mail, sets a PIN, gets money at the desk and pays (${language})`, async () => {
    await atTheCounter(counter, async (open) => {
      const { page } = await open.machine({ language, context: SMALL })
      await authenticatorAt(page, 'internal')
      const phone = await beginAt(page, { hub: counter.hub, language })
      // The second language is looked at where its words are long.
      const see = async (name: string): Promise<void> => {
        if (language === 'en' || LONG_IN_JAPANESE.has(name)) await look(page, `wallet-new-${name}-${language}`)
      }
      await see('ways')
      await phone.choose(begin.beginNew)
      await phone.headed(begin.email)
      await phone.write(begin.emailField, 'nobody')
      await phone.press(begin.sendCode)
      await phone.reads(begin.emailWrong)
      await see('email')
      await phone.enterMailCode(counter.hub, newAddress())
      await phone.headed(begin.names)
      await phone.write(begin.displayName, 'Aiko')
      await phone.write(begin.legalName, 'Aiko Mori')
      await see('names')
      await phone.press(begin.next)
      await phone.headed(begin.birth)
      await phone.write(begin.birthField, '1990-04-01')
      await see('birth')
      await phone.press(begin.openAccount)
      await phone.headed(wallet.choosePin)
      await see('pin')
      await phone.choosePin('135246')
      await phone.headed(wallet.addPasskey)
      await see('passkey')
      await phone.press(wallet.addPasskeyGo)
      await phone.headed(mine.portraitTitle)
      await see('portrait')
      const face = { name: 'me.jpg', mimeType: 'image/jpeg', buffer: drawnFace() }
      await page.locator('input[type=file]').last().setInputFiles(face)
      await phone.headed(mine.portraitCrop)
      await see('crop')
      await phone.press(mine.portraitUse)
      await phone.balanceIs('0')
      await see('home')

      await phone.openMine(mine.profile)
      await phone.reads('Aiko')
      await page.getByRole('img', { name: mine.portraitAlt }).waitFor()
      await see('profile')
      await phone.back()
      await cashIn(counter.hub, await accountOn(phone, wallet.account), '5000')
      await phone.back()
      await phone.balanceIs('5,000')
      const deal = await dealOf(register, asked(billOf(1280n)))
      await phone.typeNumber(numberOf(deal))
      await phone.amountIs('1,280')
      await see('bill')
      // The passkey that was made here proves her: nobody types.
      await phone.press(wallet.approve)
      assert.match(await phone.receipt(), /1,280/u)
      await see('paid')
      await phone.done()
      await phone.balanceIs('3,720')
      const end = await register.deal(deal.deal)
      assert.ok(end.ok)
      assert.deepEqual([end.view.state, end.view.payer?.name], ['settled', 'Aiko'])
    })
  })
}

const begin = beginningWords.en
const mine = mineWords.en
const wallet = walletWords.en
const questions = askedWords.en

test('a second phone comes in by a code from the first, and is cut off when the first removes it', async () => {
  await atTheCounter(counter, async (open) => {
    const owner = await known()
    const old = await phoneOf(open, owner, { label: 'Old phone' })
    await old.openMine(mine.phones)
    await old.press(mine.addPhone)
    await old.sheet.getByLabel(wallet.pin, { exact: true }).waitFor()
    await look(old.page, 'wallet-phones-proof')
    await old.provePin(NEWCOMER_PIN)
    await old.headed(mine.phoneCode)
    await look(old.page, 'wallet-phones-code')
    const code = await old.page.locator('.one-time-code').innerText()

    const { page } = await open.machine({ context: SMALL, allows: REFUSED })
    const fresh = await beginAt(page, { hub: counter.hub })
    await fresh.choose(begin.beginCode)
    await fresh.write(wallet.enrolCode, code)
    await fresh.write(wallet.enrolLabel, 'New tablet')
    await look(page, 'wallet-phones-enter')
    await fresh.press(wallet.enrolGo)
    await fresh.press(wallet.later)
    await fresh.balanceIs('¥10,000')
    await fresh.openMine(mine.phones)
    await fresh.reads('Old phone')
    await fresh.reads(`${mine.phoneThis} ·`)
    await old.back()
    await old.reads('New tablet')
    await look(old.page, 'wallet-phones-two')
    await old.press(/Remove New tablet/u)
    await old.sheet.getByRole('heading', { name: mine.removeSure('New tablet') }).waitFor()
    await look(old.page, 'wallet-phones-remove')
    await old.sheet.getByRole('button', { name: mine.remove, exact: true }).click()
    await fresh.headed(wallet.removedTitle)
    await fresh.reads(wallet.removedHereNext)
    await look(page, 'wallet-phones-removed')
    await old.page.getByRole('button', { name: /Remove New tablet/u }).waitFor({ state: 'detached' })
    await old.reads('Old phone')
  })
})

test('a lost phone is removed by mail; another is let in after a wait, unless an older one refuses it', async () => {
  await atTheCounter(counter, async (open) => {
    const owner = await known()
    const lost = await phoneOf(open, owner, { label: 'Lost phone', allows: REFUSED })
    const old = await phoneOf(open, owner, { label: 'Old phone' })
    const { page } = await open.machine({ context: SMALL, allows: REFUSED })
    const fresh = await beginAt(page, { hub: counter.hub })
    await fresh.choose(begin.beginBack)
    await fresh.headed(begin.recover)
    await look(page, 'wallet-lost-email')
    await fresh.enterMailCode(counter.hub, owner.email)
    await fresh.headed(begin.choose)
    await look(page, 'wallet-lost-choose')
    await fresh.choose(begin.chooseLost)
    await fresh.reads('Old phone')
    await look(page, 'wallet-lost-list')
    await fresh.press(/Remove Lost phone/u)
    await fresh.sheet.getByRole('button', { name: mine.remove, exact: true }).click()
    await page.getByRole('button', { name: /Remove Lost phone/u }).waitFor({ state: 'detached' })
    await lost.headed(wallet.removedTitle)

    await fresh.back()
    await askToBeLetIn(fresh)
    await fresh.headed(begin.letIn)
    await look(page, 'wallet-lost-waits')
    await old.page.reload()
    await old.reads(mine.waitingHome)
    await look(old.page, 'wallet-lost-home')
    await old.press(mine.look)
    await old.reads(/wants into your account/u)
    await look(old.page, 'wallet-lost-refuse')
    await old.press(new RegExp(`^${mine.refuse}`, 'u'))
    await old.page.getByText(mine.refused).first().waitFor()
    await picksUp(fresh)
    await fresh.headed(begin.letInOver)
    await fresh.reads(problemText(problemOf('request-refused'), 'en', 'payer').sentence)
    await look(page, 'wallet-lost-refused')
    await fresh.press(begin.goOn)

    await fresh.choose(begin.beginBack)
    await fresh.enterMailCode(counter.hub, owner.email)
    await askToBeLetIn(fresh)
    await fresh.headed(begin.letIn)
    // Somebody else asks too: that one is refused by who reads the mail, from any browser.
    await forgetTries()
    const thief = await waiting(counter.hub, owner.email)
    const { page: other } = await open.machine({ context: SMALL })
    const elsewhere = await beginAt(other, { hub: counter.hub })
    await forgetTries()
    await elsewhere.choose(begin.beginBack)
    await elsewhere.enterMailCode(counter.hub, owner.email)
    await elsewhere.reads(mine.waiting('New phone'))
    await look(other, 'wallet-lost-mailbox')
    await elsewhere.press(`${mine.refuse} New phone`)
    await other.getByText(mine.waiting('New phone')).waitFor({ state: 'detached' })
    await elsewhere.reads(/wants into your account/u)
    await inDatabase(counter.hub, `update device_request set ready_at = ready_at - ${WAIT_MS}`)
    await page.reload()
    await fresh.press(wallet.later)
    await fresh.balanceIs('¥10,000')
    const { status } = await finish(counter.hub, thief.key, thief.request)
    assert.notEqual(status, 200, 'the other one stays out')
  })
})

test('the PIN is changed; with a key that can be pulled out nothing is approved without it, and the wallet says why', async () => {
  await atTheCounter(counter, async (open) => {
    const owner = await known()
    const phone = await phoneOf(open, owner, { label: 'Phone', allows: REFUSED })
    const { page } = phone
    const key = await authenticatorAt(page, 'usb')
    await phone.openMine(mine.security)
    await phone.reads(mine.locked)
    await look(page, 'wallet-security-locked')
    await phone.press(mine.unlock)
    await phone.provePin('0000')
    await phone.sheet.getByText(wallet.pinWrong(4)).first().waitFor()
    await phone.provePin(NEWCOMER_PIN)
    await phone.reads(/Unlocked until/u)
    await phone.press(mine.pinChange)
    await phone.headed(mine.pinNew)
    await phone.choosePin('135246')
    await phone.sheet.getByRole('heading', { name: mine.pinOld }).waitFor()
    await look(page, 'wallet-security-old-pin')
    await phone.provePin(NEWCOMER_PIN)
    await phone.headed(mine.security)

    await phone.press(mine.keyAdd)
    await phone.headed(mine.keyAddTitle)
    await look(page, 'wallet-security-key-add')
    await phone.press(mine.keyAdd)
    await phone.reads(mine['kind security-key'])
    await phone.page.getByRole('switch', { name: mine.keyOnly }).click()
    await phone.press(mine.keyNow)
    await phone.reads(mine.keyOnlyHint)
    await page.locator('input[role=switch]:checked').waitFor()
    await look(page, 'wallet-security-key-only')
    await phone.back()
    await phone.back()

    await key.pullOut()
    await phone.typeNumber(numberOf(await dealOf(register, asked(billOf(640n)))))
    await phone.amountIs('¥640')
    await phone.press(wallet.approve)
    await phone.reads(mine.keyText2)
    await look(page, 'wallet-key-wanted')
    await phone.press(mine.cancel)
    await phone.reads(problemText(problemOf('security-key-needed'), 'en', 'payer').sentence)
    assert.equal(await page.getByLabel(wallet.pin, { exact: true }).count(), 0, 'the PIN is no way round')
    await look(page, 'wallet-key-missing')
    await key.putIn()
    await phone.press(wallet.approve)
    assert.match(await phone.receipt(), /640/u)
    await phone.done()
    await phone.balanceIs('¥9,360')
  })
})

test('what is shown is chosen for each shop; a question shows what is switched on, and to decline is the first answer', async () => {
  await atTheCounter(counter, async (open) => {
    const payer = await enrolled(counter.hub, 'hanako')
    clients.push(payer)
    await paid(asked(billOf(150n)), payer, register)
    const hanako = await open.phone({ device: 'hanako', context: SMALL }).then(({ page }) => personOn(page))
    const { page } = hanako
    await hanako.openMine(mine.shown)
    await hanako.reads(mine.shopsNone)
    await look(page, 'wallet-shown')
    await hanako.choose(SHOP)
    await hanako.headed(SHOP)
    await release(hanako, 'age-band', mine.show)
    await release(hanako, 'region', mine.show)
    await release(hanako, 'email', mine.hide)
    await hanako.reads(mine.shopForget)
    await look(page, 'wallet-shown-to')
    await hanako.back()
    await page.getByRole('list', { name: mine.shopsOwn }).getByText(SHOP).waitFor()
    await hanako.back()
    await hanako.back()

    const first = await ask(['age-band', 'region', 'email'])
    await hanako.typeNumber(numberOf(first))
    await hanako.headed(questions.question(SHOP))
    const switches = page.getByRole('region', { name: questions.youShow }).getByRole('switch')
    await page.locator('input[role=switch]:checked').first().waitFor()
    assert.deepEqual(await stands(switches), ['on', 'on', 'off for good'])
    await switches.nth(1).uncheck()
    await look(page, 'wallet-question')
    await hanako.press(questions.confirm)
    await page.getByLabel(wallet.pin, { exact: true }).waitFor()
    await page.keyboard.type(PIN)
    await hanako.headed(questions.proven)
    await hanako.reads(/You showed: name, 20–64\./u)
    await look(page, 'wallet-question-proven')
    const answer = await register.deal(first.deal)
    assert.ok(answer.ok)
    assert.deepEqual(answer.view.answered?.released, ['age-band'])
    assert.deepEqual([answer.view.payer?.shown.ageBand, answer.view.payer?.shown.region], ['20-64', null])
    await hanako.done()

    const second = await ask(['portrait'])
    await hanako.typeNumber(numberOf(second))
    await hanako.headed(questions.question(SHOP))
    const kindOf = (name: string) => page.getByRole('button', { name, exact: true }).getAttribute('class')
    assert.match((await kindOf(wallet.decline)) ?? '', /button-seal/u)
    assert.doesNotMatch((await kindOf(questions.confirm)) ?? '', /button-seal/u)
    await hanako.decline()
    assert.ok((await hanako.ended()).includes(questions.declinedText))
    await look(page, 'wallet-question-declined')
    const declined = await register.deal(second.deal)
    assert.ok(declined.ok)
    assert.deepEqual([declined.view.state, declined.view.answered], ['ended', null])
  })
})

async function known(): Promise<Person> {
  const person = await somebody(counter.hub)
  clients.push(person.client)
  return person
}

async function askToBeLetIn(phone: PersonPage): Promise<void> {
  await phone.choose(begin.chooseUse)
  await phone.headed(begin.pin)
  await phone.provePin(NEWCOMER_PIN)
}

/** A phone that was put away looks at once when it is taken out again. */
const picksUp = ({ page }: PersonPage): Promise<void> =>
  page.evaluate(() => void document.dispatchEvent(new Event('visibilitychange')))

/** Chooses for one thing whether it is shown, and waits until it is kept. */
async function release({ page }: PersonPage, what: Askable, choice: string): Promise<void> {
  const kept = page.waitForResponse((response) => response.url().endsWith('/v1/releases') && response.ok())
  await page
    .getByRole('group', { name: askableText(what, 'en') })
    .getByRole('radio', { name: choice })
    .check()
  await kept
}

const stands = (switches: ReturnType<PersonPage['page']['locator']>): Promise<string[]> =>
  switches.evaluateAll((all: readonly HTMLInputElement[]) =>
    all.map(({ checked, disabled }) => `${checked ? 'on' : 'off'}${disabled ? ' for good' : ''}`),
  )

async function ask(attributes: Askable[]): Promise<DealView> {
  const opened = await register.send('ask', { deal: newDeal(), question: { attributes, reason: 'Age check' } })
  assert.ok(opened.ok && opened.view.deal, JSON.stringify(opened))
  return opened.view.deal
}

const numberOf = ({ ticket }: DealView): string => ticket?.number ?? assert.fail('it has a number')
