// Sites that ask who somebody is, in a real Chromium: signing in to the sample site by the number and by the link on the same device, what
// the site is told, how one gets away; and a help desk that asks on the phone.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, test } from 'node:test'
import type { Page } from 'playwright-core'
import type { Askable } from '#core/persona.ts'
import { askableText } from '#apps/shared/shown.ts'
import { words as signInWords } from '#apps/signin/words.ts'
import { askedWords } from '#apps/wallet/words-asked.ts'
import { walletWords } from '#apps/wallet/words.ts'
import { isProblem } from '#server/http-problems.ts'
import { DESK_ON_THE_MACHINE } from '#server/operator.ts'
import type { Locale } from '#ui/i18n.ts'
import { WORDS as siteWords } from '../examples/relying-site/page.ts'
import { atTheCounter, look, openCounter, PHONE, PIN, REFUSALS, type Counter } from './support/counter.ts'
import { started, startedSite } from './support/examples.ts'
import { enrolled, until } from './support/hub.ts'
import { walletOn, type WalletPage } from './support/wallet-page.ts'

const DESKTOP = { width: 1280, height: 800 } as const
const SMALL = { width: 360, height: 640 } as const
const BAKERY = 'Marubeni Bakery'
const SITE = 'Marubeni Bakery online'

let counter: Counter
let site: Awaited<ReturnType<typeof startedSite>>
let account: string
before(async () => {
  counter = await openCounter({ hasWorkers: false })
  site = await startedSite(counter.hub)
  const hanako = await enrolled(counter.hub, 'hanako')
  const self = (await hanako.identity())?.self
  assert.ok(self?.kind === 'device')
  account = self.account
  hanako.close()
  const verified = await counter.hub.desk.perform(DESK_ON_THE_MACHINE, 'verify', {
    command: `cmd_${randomBytes(16).toString('hex')}`,
    why: 'a member',
    party: self.party,
    attributes: {
      birthDate: '1998-05-14',
      region: 'JP-14',
      memberships: [{ name: 'Bath house', until: null, number: '4711' }],
    },
  })
  assert.ok(!isProblem(verified), JSON.stringify(verified))
})
after(async () => {
  site?.kill()
  await counter?.close()
})

for (const language of ['en', 'ja'] as const) {
  const shop = siteWords[language]
  const signIn = signInWords[language]
  const asked = askedWords[language]
  const wallet = walletWords[language]

  test(`signing in to the sample site (${language})`, async (t) => {
    await atTheCounter(counter, async ({ phone }) => {
      // One phone for all of it: opening it is most of a story's time.
      const hanako = await phone({ device: 'hanako', language, context: { viewport: SMALL } })

      await t.test(
        'by number: the site is told the name and what was chosen on the phone, and nothing else',
        async () => {
          await atTheCounter(counter, async (open) => {
            const { page } = await open.machine({ language, context: { viewport: DESKTOP } })
            await page.goto(site.url)
            await look(page, `site-home-${language}`)
            const number = await begin(page, language)
            await page.getByRole('heading', { name: signIn.title(SITE) }).waitFor()
            for (const size of [SMALL, DESKTOP]) {
              await page.setViewportSize(size)
              await look(page, `signin-open-${language}-${size.width}`)
              assert.deepEqual(await stickingOut(page), [], `${size.width} wide`)
            }

            await hanako.typeNumber(number)
            await question(hanako, language)
            await page.getByRole('heading', { name: signIn.joined('Hanako') }).waitFor()
            assert.equal(await page.locator('.signin-tally figcaption').textContent(), await hanako.tallyName())
            assert.deepEqual(await switches(hanako, language), {
              'age-band': false,
              'member-number': false,
              region: false,
              email: false,
              // She shows it to every shop, and may think otherwise here.
              portrait: true,
            })
            await look(page, `signin-joined-${language}`)
            for (const what of ['age-band', 'member-number', 'email'] as const) await turn(hanako, what, language)
            await look(hanako.page, `signin-wallet-question-${language}`)
            await confirm(hanako, language)

            await page.getByRole('heading', { name: shop.welcome('Hanako') }).waitFor()
            const { sub, auth_time: at, ...claims } = await claimsOn(page)
            assert.deepEqual(claims, {
              name: 'Hanako',
              age_band: '20-64',
              member: '[{"name":"Bath house","number":"4711"}]',
              email: 'hanako@example.jp',
              email_verified: 'true',
              acr: 'urn:warifu:acr:password',
              amr: '["swk","pin","mfa"]',
            })
            assert.match(`${sub} ${at}`, /^[\w-]{43} \d{10}$/u)
            assert.equal(await portraitOn(page, shop.portrait('Hanako')), true)
            await look(page, `site-welcome-${language}`)
            await page.setViewportSize(SMALL)
            await look(page, `site-welcome-${language}-360`)
            assert.equal(await wasTold(hanako, asked.provenTo(BAKERY)), true)
            await look(hanako.page, `signin-wallet-proven-${language}`)
            await hanako.done()
          })
        },
      )

      await t.test(
        'declined on the phone: the site says so, knows nothing, and the next time is asked anew',
        async () => {
          await atTheCounter(counter, async (open) => {
            const { page } = await open.machine({ language, context: { viewport: DESKTOP } })
            await page.goto(site.url)
            const number = await begin(page, language)
            await hanako.typeNumber(number)
            await question(hanako, language)
            await hanako.decline()
            await page.getByRole('heading', { name: shop.no }).waitFor()
            await page.getByText(shop.learnedNothing).waitFor()
            assert.deepEqual(await claimsOn(page), {})
            await look(page, `site-declined-${language}`)
            const end = await hanako.ended()
            assert.ok(end.includes(asked['end cancelled-by-payer']) && end.includes(asked.declinedText), end)
            await hanako.done()

            await page.getByRole('link', { name: shop.back }).click()
            assert.notEqual(await begin(page, language), number)
          })
        },
      )

      await t.test('cancelled at the page: the site says so, and the phone that has joined is let go', async () => {
        await atTheCounter(counter, async (open) => {
          const { page } = await open.machine({ language, context: { viewport: PHONE } })
          await page.goto(site.url)
          await hanako.typeNumber(await begin(page, language))
          await question(hanako, language)
          await page.getByRole('heading', { name: signIn.joined('Hanako') }).waitFor()
          await page.getByRole('link', { name: signIn.cancel }).click()
          await page.getByRole('heading', { name: shop.no }).waitFor()
          const end = await hanako.ended()
          assert.ok(end.includes(asked['end cancelled-by-biller']), end)
          await hanako.done()
        })
      })

      await t.test(
        'what was begun in another browser is over here, and a site that asks wrongly gets nobody',
        async () => {
          await atTheCounter(counter, async (open) => {
            const [{ page }, other] = await Promise.all([
              open.machine({ language, context: { viewport: PHONE } }),
              open.machine({ language, context: { viewport: PHONE }, allows: REFUSALS }),
            ])
            await page.goto(site.url)
            await begin(page, language)
            await other.page.goto(page.url())
            await other.page.getByRole('heading', { name: signIn.over }).waitFor()
            await look(other.page, `signin-over-${language}`)
            await other.page.goto(`${counter.hub.url}/oidc/auth?client_id=nobody`)
            await other.page.getByRole('heading', { name: 'This sign-in cannot go on' }).waitFor()
            await other.page.getByText('サインインは続けられません').waitFor()
            await look(other.page, `signin-wrong-${language}`)
          })
        },
      )

      // Its words are those of the stories before it.
      if (language === 'en')
        await t.test(
          'on the same device: the link opens the wallet beside the page, which goes on by itself',
          async () => {
            await atTheCounter(counter, async (open) => {
              const own = await open.phone({ language })
              const page = await own.context.newPage()
              await page.goto(site.url)
              await begin(page, language)
              const opened = own.context.waitForEvent('page')
              await page.getByRole('link', { name: signIn.here }).click()
              const beside = walletOn(await opened, language)
              await question(beside, language)
              await turn(beside, 'portrait', language)
              await confirm(beside, language)
              await page.getByRole('heading', { name: shop.welcome('Hanako') }).waitFor()
              const told = Object.keys(await claimsOn(page)).toSorted()
              assert.deepEqual(told, ['acr', 'amr', 'auth_time', 'name', 'sub'])
              assert.equal(await page.getByRole('img').count(), 0)
              await look(page, `site-same-device-${language}`)
              assert.equal(await wasTold(beside, asked.showedNothing), true)
            })
          },
        )
    })
  })

  test(`a help desk that asks on the phone (${language})`, async (t) => {
    // The question is in the language of the person's profile.
    const [device, name, hint, age] =
      language === 'ja'
        ? (['hanako', 'Hanako', () => account, '20-64'] as const)
        : (['kenji', 'Kenji', () => 'kenji@example.jp', '13-17'] as const)

    await atTheCounter(counter, async (open) => {
      const phone = await open.phone({ device, language, context: { viewport: SMALL } })
      await t.test(
        'the open wallet shows the code that the desk reads out, warns, and after the PIN the desk knows who it is',
        async () => {
          const desk = started(counter.hub, 'examples/ciba-client.ts', [hint()])
          try {
            await openQuestion(phone, language)
            const code = /The code there must be (\d{3}-\d{3})\./u.exec(desk.said())?.[1] ?? assert.fail(desk.said())
            await phone.page.locator('strong', { hasText: code }).waitFor()
            await phone.page.getByText(asked.unasked).waitFor()
            await turn(phone, 'age-band', language)
            await look(phone.page, `ciba-question-${language}`)
            await confirm(phone, language)
            await until(() => desk.code() !== null)
            assert.equal(desk.code(), 0, desk.said())
            assert.match(desk.said(), new RegExp(`It is ${name} `, 'u'))
            assert.match(desk.said(), new RegExp(`"age_band": "${age}"`, 'u'))
            assert.equal(await wasTold(phone, asked.provenTo(BAKERY)), true)
            await phone.done()
          } finally {
            desk.kill()
          }
        },
      )

      await t.test('declined, the desk hears no and not who it was', async () => {
        const desk = started(counter.hub, 'examples/ciba-client.ts', [hint()])
        try {
          await openQuestion(phone, language)
          await phone.page.getByRole('button', { name: wallet.decline, exact: true }).click()
          await phone.ended()
          await until(() => desk.code() !== null)
          assert.match(desk.said(), /The answer was no\./u)
          assert.doesNotMatch(desk.said(), new RegExp(name, 'u'))
        } finally {
          desk.kill()
        }
      })
    })
  })
}

/** Presses "sign in" at the site; gives the number that the hub shows. */
async function begin(page: Page, language: Locale): Promise<string> {
  await page.getByRole('link', { name: siteWords[language].signIn }).click()
  const shown = await page.locator('.signin-number .hidden').textContent()
  return (shown ?? '').replaceAll(/\D/gu, '')
}

const question = ({ page }: Pick<WalletPage, 'page'>, language: Locale): Promise<void> =>
  page.getByRole('heading', { name: askedWords[language].question(BAKERY) }).waitFor()

/** Opens the question that nobody on this phone has asked for. */
async function openQuestion(phone: WalletPage, language: Locale): Promise<void> {
  const list = phone.page.getByRole('region', { name: askedWords[language].questionsForYou })
  await list.getByRole('button', { name: BAKERY }).click()
  await question(phone, language)
}

const switchOf = ({ page }: Pick<WalletPage, 'page'>, what: Askable, language: Locale) =>
  page.getByRole('switch', { name: askableText(what, language) })

const turn = (phone: WalletPage, what: Askable, language: Locale): Promise<void> =>
  switchOf(phone, what, language).click()

async function switches(phone: WalletPage, language: Locale): Promise<Partial<Record<Askable, boolean>>> {
  const all = ['age-band', 'member-number', 'region', 'email', 'portrait'] as const
  // How they stand follows from what the wallet reads first.
  await until(() => switchOf(phone, 'portrait', language).isChecked())
  return Object.fromEntries(
    await Promise.all(all.map(async (what) => [what, await switchOf(phone, what, language).isChecked()])),
  )
}

async function confirm({ page }: WalletPage, language: Locale): Promise<void> {
  await page.getByRole('button', { name: askedWords[language].confirm, exact: true }).click()
  await page.getByLabel(walletWords[language].pin, { exact: true }).waitFor()
  await page.keyboard.type(PIN)
}

/** Waits for the end of a question and looks for these words in it. */
const wasTold = async ({ page }: WalletPage, what: string): Promise<boolean> => {
  await page.locator('.paid').waitFor()
  return (await page.locator('.paid').innerText()).includes(what)
}

/** What the site was told, by claim, as its page lists it. */
const claimsOn = (page: Page): Promise<Record<string, string>> =>
  page.evaluate(() =>
    Object.fromEntries(
      [...document.querySelectorAll('#claims dt')].map((name) => [
        name.textContent,
        name.nextElementSibling?.textContent ?? '',
      ]),
    ),
  )

const portraitOn = (page: Page, name: string): Promise<boolean> =>
  page
    .getByRole('img', { name })
    .evaluate((image: HTMLImageElement) => image.decode().then(() => image.naturalWidth > 0))

/** What is wider than the page's own column. */
const stickingOut = (page: Page): Promise<readonly string[]> =>
  page.evaluate(() => {
    const edge = document.querySelector('.signin-main')?.getBoundingClientRect().right ?? 0
    return [...document.querySelectorAll('.signin-main *:not(.hidden, svg *)')]
      .filter((part) => part.getBoundingClientRect().right > edge + 1)
      .map((part) => part.outerHTML.slice(0, 80))
  })
