// The operator's desk of a scheme with real money, in a real Chromium with an authenticator of its own: the first code, the passkey, who
// may do what, a look at what is hidden, and a site that is registered.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { CDPSession, Page } from 'playwright-core'
import { doorWords, identityWords } from '#apps/desk/words-identity.ts'
import { words } from '#apps/desk/words.ts'
import { createScheme } from '#server/postgres/scheme.ts'
import { atTheCounter, inDatabase, look, openCounter, REFUSALS, type Counter, type Machine } from './support/counter.ts'
import { deskOn, type DeskPage } from './support/desk-page.ts'
import { migratedDatabase } from './support/postgres.ts'
import { BUCKETS, JPY } from './support/world.ts'

const DESKTOP = { viewport: { width: 1280, height: 900 } } as const
const BORN = '1999-01-31'
const [text, identity, door] = [words.en, identityWords.en, doorWords.en]

let counter: Counter
before(async () => {
  const settings = await migratedDatabase()
  await createScheme(settings, { name: 'Harbour town', demo: false, buckets: BUCKETS, unit: JPY })
  counter = await openCounter({ settings, hasWorkers: false })
})
after(() => counter?.close())

test('from the first code to a desk with roles: passkeys, a look with a reason, and a site’s secret', async () => {
  await atTheCounter(counter, async (open) => {
    const machine = await open.machine({ context: DESKTOP, allows: REFUSALS })
    const key = await authenticatorOf(machine)
    const { page } = machine
    const code = await counter.hub.operators.openFirstCode(60_000)
    assert.ok(code, 'nobody sits at the desk yet')
    await page.goto(`${counter.hub.url}/desk`)
    await page.getByLabel('One-time code').fill(code)
    await page.getByLabel('Your name').fill('Mio')
    await look(page, 'real-desk-code')
    await page.getByRole('button', { name: 'Enter' }).click()
    await page.getByRole('heading', { name: door.addTitle }).waitFor()
    await look(page, 'real-desk-add')
    await page.getByRole('button', { name: door.add }).click()
    const desk = await deskOn(page)
    await atDesk(page, 'Mio', 'Chief')
    await look(page, 'real-desk-open')

    // Back the next day: the key in the browser says who it is, and the passkey lets them in.
    await theDayIsOver()
    await page.reload()
    await page.getByRole('heading', { name: door.signInTitle }).waitFor()
    assert.equal(await page.getByLabel(text.search).count(), 0, 'nothing of the desk is there before')
    await look(page, 'real-desk-sign-in')
    await key.isTheirs(false)
    await page.getByRole('button', { name: door.signIn }).click()
    await page.getByText(door.passkeyFailed).waitFor()
    await look(page, 'real-desk-sign-in-failed')
    await key.isTheirs(true)
    await page.getByRole('button', { name: door.signIn }).click()
    await atDesk(page, 'Mio', 'Chief')

    await desk.openPerson('Aki', 'came to the counter')
    const proofs = await desk.unfold(text.proofs)
    await proofs.getByLabel(text.birthDate).fill(BORN)
    // The eight hours end in the middle of it: the door asks, and what was typed is still there.
    await theDayIsOver()
    await desk.act(proofs, text.verify, 'passport')
    await page.getByRole('heading', { name: door.signInTitle }).waitFor()
    await page.getByRole('button', { name: door.signIn }).click()
    await proofs.getByRole('button', { name: text.verify }).click()
    await desk.said(text.verified)

    await desk.go('operators')
    const operators = page.getByRole('region', { name: text.operators })
    await operators.getByLabel(text.name, { exact: true }).fill('Sora')
    await operators.getByRole('radio', { name: identity.role_support }).check()
    await desk.act(operators, text.inviteOperator, 'a colleague')
    const second = await operators.locator('.code-value').innerText()
    await look(page, 'real-desk-operators')

    const other = await open.machine({ context: DESKTOP, allows: REFUSALS })
    await authenticatorOf(other)
    await other.page.goto(`${counter.hub.url}/desk#code=${encodeURIComponent(second)}`)
    await other.page.getByRole('button', { name: 'Enter' }).click()
    await other.page.getByRole('button', { name: door.add }).click()
    const support = await deskOn(other.page)
    await atDesk(other.page, 'Sora', 'Support')
    await support.open('Aki')
    assert.equal(await support.file.getByText(text.cashDesk).count(), 0, 'no cash for the support')
    assert.equal(await other.page.getByRole('radio', { name: text.credits }).count(), 0)
    await lookAtBirthDate(support)
    await look(other.page, 'real-desk-looked')
    await support.file.getByRole('button', { name: text.close, exact: true }).click()
    await support.open('Aki')
    await support.unfold(identity.hidden)
    assert.equal(await support.file.getByText(BORN).count(), 0, 'shown once')
    await support.go('log')
    const line = other.page.locator('.action').filter({ hasText: text['did look'] })
    await line.filter({ hasText: 'she asked what is kept' }).filter({ hasText: 'Sora' }).waitFor()
    await line.locator('summary').click()
    assert.doesNotMatch(await line.innerText(), /1999/u, 'that she looked, and not what she saw')
    await look(other.page, 'real-desk-log')

    await openMerchant(desk)
    await desk.go('sites')
    const sites = page.getByRole('region', { name: identity.sites })
    await sites.getByRole('combobox', { name: identity.merchant }).selectOption('Library')
    await sites.getByLabel(identity.siteName).fill('Library catalogue')
    await sites.getByLabel(identity.redirects).fill('http://library.example/cb')
    await sites.getByText(identity.redirectsWrong).waitFor()
    await sites.getByLabel(identity.redirects).fill('https://library.example/cb')
    await sites.getByRole('switch', { name: 'Age' }).check()
    await look(page, 'real-desk-site')
    await desk.act(sites, identity.registerSite, 'their contract')
    await desk.said(identity.siteRegistered)
    const [id, secret] = await sites.locator('.secret dd').allInnerTexts()
    assert.ok(id && secret && secret.length >= 32, 'an id, and a secret that nobody guesses')
    await sites.locator('.machine', { hasText: 'Library catalogue' }).filter({ hasText: 'Age' }).waitFor()
    await look(page, 'real-desk-site-made')
    await desk.go('people')
    await desk.go('sites')
    await sites.locator('.machine', { hasText: 'Library catalogue' }).waitFor()
    assert.equal(await page.getByText(secret).count(), 0, 'the secret was shown once')
  })
})

/** An authenticator in this machine; `isTheirs`: does it know whose finger that is? */
async function authenticatorOf({ context, page }: Machine) {
  const devtools: CDPSession = await context.newCDPSession(page)
  await devtools.send('WebAuthn.enable')
  const { authenticatorId } = await devtools.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  })
  return {
    isTheirs: (isUserVerified: boolean) =>
      devtools.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified }),
  }
}

const atDesk = (page: Page, name: string, role: string): Promise<void> =>
  page.getByText(`${text.signedInAs(name)} · ${role}`).waitFor()

/** As if the passkey had been shown more than eight hours ago. */
const theDayIsOver = (): Promise<void> => inDatabase(counter.hub, 'update operator set proved_at = 0')

async function lookAtBirthDate(desk: DeskPage): Promise<void> {
  const hidden = await desk.unfold(identity.hidden)
  const label = identity.look(identity['look birth-date'])
  await hidden.getByRole('button', { name: label }).click()
  assert.equal(await hidden.getByText(BORN).count(), 0)
  await desk.act(hidden, label, 'she asked what is kept')
  await hidden.getByText(BORN).waitFor()
  await hidden.getByText(identity.lookedOnce).waitFor()
}

async function openMerchant(desk: DeskPage): Promise<void> {
  await desk.go('people')
  await desk.page.getByRole('button', { name: text.newParty }).click()
  const sheet = desk.page.locator('dialog[open]')
  await sheet.getByRole('radio', { name: text.merchant }).check()
  await sheet.getByLabel(text.name, { exact: true }).fill('Library')
  await desk.act(sheet, text.openParty, 'their contract')
  await desk.file.getByRole('heading', { name: 'Library' }).waitFor()
}
