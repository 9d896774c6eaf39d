// Who is at the counter, in a real Chromium: the picture and what the payer shows, the question for the password with all its answers,
// and "who is it?" without money.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { FREE_WRONG_PROOFS } from '#core/device.ts'
import { CHALLENGE_FAILURES } from '#core/payment.ts'
import { NO_RELEASES } from '#core/persona.ts'
import { factsOf } from '#apps/shared/shown.ts'
import { words } from '#apps/register/words.ts'
import { askedWords } from '#apps/wallet/words-asked.ts'
import { walletWords } from '#apps/wallet/words.ts'
import { callIdentity } from '#sdk/identity-calls.ts'
import {
  atTheCounter,
  inDatabase,
  look,
  openCounter,
  photograph,
  PIN,
  REFUSALS,
  type Counter,
} from './support/counter.ts'
import { enrolled } from './support/hub.ts'
import type { WalletPage } from './support/wallet-page.ts'

const WRONG = '8642'
const SMALL = { viewport: { width: 360, height: 640 } } as const
const BAKERY = 'Marubeni Bakery'

let counter: Counter
before(async () => {
  counter = await openCounter({ hasWorkers: false })
  // Whoever Hanako pays sees her picture and her age; all else she is asked about.
  const hanako = await enrolled(counter.hub, 'hanako')
  const releases = { ...NO_RELEASES, portrait: 'show', 'age-band': 'show' } as const
  assert.ok((await callIdentity(hanako, 'setReleases', { body: { merchant: null, releases } })).ok)
  hanako.close()
})
after(() => counter?.close())

for (const language of ['en', 'ja'] as const) {
  const text = words[language]
  const asked = askedWords[language]
  const wallet = walletWords[language]

  test(`a doubt about the payer, and “who is it?” without money (${language})`, async (t) => {
    await atTheCounter(counter, async (open) => {
      // One till and two phones for all of it: opening them is most of a story's time.
      const phone = (device: string) => open.phone({ device, language, context: SMALL, allows: REFUSALS })
      const [register, hanako, kenji] = await Promise.all([
        open.register({ language }),
        phone('hanako'),
        phone('kenji'),
      ])

      await t.test(
        'the picture and the age are there because she shows them; “not sure”, her password, paid',
        async () => {
          await register.keyIn('1280')
          await hanako.typeNumber(await register.showNumber())
          await hanako.amountIs('1,280')
          await register.joined()
          const portrait = register.page.getByRole('img', { name: text.portraitOf('Hanako') })
          await portrait.waitFor()
          assert.notEqual(
            await portrait.evaluate((image: HTMLImageElement) => image.decode().then(() => image.naturalWidth)),
            0,
          )
          assert.deepEqual(await factsAt(register), factsText(language))
          await read(register, text.isItThePicture)
          await look(register.page, `counter-portrait-${language}`)
          await look(hanako.page, `counter-wallet-joined-${language}`)

          await register.page.getByRole('button', { name: text.actNotSure }).click()
          await read(register, text.challengeAsked)
          await read(hanako, asked.challenge(BAKERY))
          assert.equal(await hanako.page.getByRole('button', { name: wallet.approve, exact: true }).count(), 0)
          await look(register.page, `counter-challenge-${language}`)
          await look(hanako.page, `counter-wallet-challenge-${language}`)
          await answer(hanako, wallet, WRONG)
          await read(register, text.challengeWrong(1))
          await hanako.page
            .locator('dialog[open]')
            .getByText(wallet.pinWrong(FREE_WRONG_PROOFS - 1))
            .waitFor()
          await look(register.page, `counter-challenge-wrong-${language}`)
          await look(hanako.page, `counter-wallet-challenge-wrong-${language}`)
          await hanako.page.keyboard.type(PIN)
          await read(register, text.challengePassed)
          await look(register.page, `counter-passed-${language}`)
          await hanako.approve(PIN)
          assert.match(await register.paid(), /1,280/u)
          await hanako.receipt()
          await Promise.all([register.next(), hanako.done()])
        },
      )

      await t.test('three wrong passwords end the deal, and each is told as it comes', async () => {
        await register.keyIn('300')
        await kenji.typeNumber(await register.showNumber())
        await kenji.amountIs('300')
        await register.joined()
        assert.equal(await register.page.locator('.portrait').count(), 0, 'he is asked before his picture is shown')
        await register.page.keyboard.press('F9')
        await kenji.page.getByRole('button', { name: wallet.enterPin }).click()
        for (let failures = 1; failures < CHALLENGE_FAILURES; failures++) {
          await kenji.page.keyboard.type(WRONG)
          await read(register, text.challengeWrong(failures))
          await kenji.page
            .locator('dialog[open]')
            .getByText(wallet.pinWrong(FREE_WRONG_PROOFS - failures))
            .waitFor()
        }
        await kenji.page.keyboard.type(WRONG)
        await register.on('ended')
        await register.page.getByRole('heading', { name: text.endedUnproven }).waitFor()
        const end = await kenji.ended()
        assert.ok(end.includes(wallet['end unproven']) && end.includes(wallet.noMoney), end)
        await look(register.page, `counter-unproven-${language}`)
        await look(kenji.page, `counter-wallet-unproven-${language}`)
        await Promise.all([register.next(), kenji.done()])
      })

      await t.test('a phone that gives no answer is let go, and the till says so beside the new number', async () => {
        await register.keyIn('300')
        const first = await register.showNumber()
        await kenji.typeNumber(first)
        await kenji.amountIs('300')
        await register.joined()
        await register.page.keyboard.press('F9')
        await read(kenji, asked.challenge(BAKERY))
        await theTimeRunsOut()
        await read(register, text.challengeSilent)
        assert.notEqual(await register.number(), first)
        const end = await kenji.ended()
        assert.ok(end.includes(wallet.noMoney), end)
        await look(register.page, `counter-silent-${language}`)
        await look(kenji.page, `counter-wallet-silent-${language}`)
        await Promise.all([register.cancel().then(register.next), kenji.done()])
      })
      await t.test(
        'an age check: the phone sees who asks and why, and the register sees what is released and no more',
        async () => {
          await register.page.keyboard.press('F6')
          await register.on('ask')
          await register.page.keyboard.press('1')
          await look(register.page, `ask-${language}`)
          await register.page.keyboard.press('Enter')
          const number = await register.number()
          await look(register.page, `ask-number-${language}`)
          await hanako.typeNumber(number)
          await hanako.page.getByRole('heading', { name: asked.question(BAKERY) }).waitFor()
          await read(hanako, asked.reason(text.reason_age))
          await read(register, text.waitingForAnswer)
          await look(register.page, `ask-joined-${language}`)
          assert.equal(await register.page.locator('.portrait').count(), 0, 'nothing is shown before she agrees')
          const switches = hanako.page.getByRole('region', { name: asked.youShow }).getByRole('switch')
          assert.equal(await switches.count(), 2)
          await read(hanako, asked.portrait)
          await switches.nth(1).uncheck()
          await look(hanako.page, `ask-wallet-${language}`)
          await hanako.page.getByRole('button', { name: asked.confirm, exact: true }).click()
          await hanako.page.getByLabel(wallet.pin, { exact: true }).waitFor()
          await photograph(hanako.page, `ask-wallet-pin-${language}`)
          await hanako.page.keyboard.type(PIN)
          await register.on('proven')
          await register.page.getByRole('heading', { name: text.titleProven('Hanako') }).waitFor()
          const [fact] = factsText(language)
          assert.ok(fact)
          const lines = (await register.page.locator('.facts').innerText()).replaceAll(/\s+/gu, ' ')
          assert.ok(lines.includes(fact) && lines.includes(text.notShown), lines)
          assert.equal(await register.page.locator('.portrait').count(), 0, 'the picture was not released')
          await hanako.page.getByRole('heading', { name: asked.proven }).waitFor()
          await look(register.page, `ask-proven-${language}`)
          await look(hanako.page, `ask-wallet-proven-${language}`)
          assert.doesNotMatch(await register.page.locator('main').innerText(), /1998|hanako@/u)
          await hanako.done()
          await Promise.all([register.next(), hanako.page.locator('.balance').waitFor()])
        },
      )

      await t.test('one who does not want to answer shows nothing, and the register can ask again', async () => {
        await kenji.typeNumber(await register.askWho('entrance'))
        await kenji.page.getByRole('heading', { name: asked.question(BAKERY) }).waitFor()
        await kenji.decline()
        await register.page.getByRole('heading', { name: text.answerDeclined }).waitFor()
        const end = await kenji.ended()
        assert.ok(end.includes(asked['end cancelled-by-payer']) && end.includes(asked.declinedText), end)
        await look(register.page, `ask-declined-${language}`)
        await look(kenji.page, `ask-wallet-declined-${language}`)
        await register.page.keyboard.press('F4')
        await register.on('open')
        await register.page.getByRole('heading', { name: text.titleOpenQuestion }).waitFor()
        await register.cancel()
      })
    })
  })
}

/** What the till tells of Hanako: her age as it is shown, never her birthday. */
const factsText = (language: 'en' | 'ja'): readonly string[] =>
  factsOf({ ageBand: '20-64', members: [], region: null, email: null, portrait: false }, language).map(
    ({ label, value }) => `${label} ${value}`,
  )

const factsAt = async ({ page }: Pick<WalletPage, 'page'>): Promise<readonly string[]> =>
  (await page.locator('.shown-facts > div').allInnerTexts()).map((fact) => fact.replaceAll(/\s+/gu, ' '))

/** Waits until this stands on the screen; screen readers hear some of it once more beside it. */
const read = ({ page }: Pick<WalletPage, 'page'>, sentence: string): Promise<void> =>
  page.locator('main').getByText(sentence).waitFor()

/** Answers the question for the password. */
async function answer({ page }: WalletPage, wallet: (typeof walletWords)['en'], pin: string): Promise<void> {
  await page.getByRole('button', { name: wallet.enterPin }).click()
  await page.getByLabel(wallet.pin, { exact: true }).waitFor()
  await page.keyboard.type(pin)
}

/** As if the phone that was asked had been silent for as long as it may. */
const theTimeRunsOut = (): Promise<void> =>
  inDatabase(
    counter.hub,
    `update payment set due_at = 1, snapshot = jsonb_set(snapshot, '{turn,idleAt}', '1') where state = 'joined'`,
  )
