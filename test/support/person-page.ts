// A wallet that a person sets up themselves, for browser tests: how it begins, what its owner proves, the keys it is given.
import jpeg from 'jpeg-js'
import type { CDPSession, Locator, Page } from 'playwright-core'
import { beginningWords } from '#apps/wallet/words-beginning.ts'
import { mineWords } from '#apps/wallet/words-mine.ts'
import { walletWords } from '#apps/wallet/words.ts'
import { until } from './hub.ts'
import { codeIn, mailsTo } from './people.ts'
import { walletOn, type Language, type WalletPage } from './wallet-page.ts'

export type PersonPage = WalletPage &
  Readonly<{
    press(name: string | RegExp): Promise<void>
    /** Waits until this heading stands on the screen. */
    headed(name: string | RegExp): Promise<void>
    /** Waits until this sentence stands on the screen; screen readers hear some of it once more beside it. */
    reads(sentence: string | RegExp): Promise<void>
    write(label: string, text: string): Promise<void>
    /** Chooses a row of a list by its title. */
    choose(title: string): Promise<void>
    /** Chooses a PIN, twice. */
    choosePin(pin: string): Promise<void>
    /** Proves by a PIN of which this phone does not know the length. */
    provePin(pin: string): Promise<void>
    /** From home: settings, and one of its places. */
    openMine(title: string): Promise<void>
    /** The sheet that lies over the screen. */
    sheet: Locator
    /** Sends the address, waits for the mail to it and enters its code. */
    enterMailCode(hub: { url: string }, email: string): Promise<void>
  }>

/** Opens the wallet as one who begins: with the three ways, or with a one-time code from a link. */
export async function beginAt(
  page: Page,
  { hub, language = 'en', code }: Readonly<{ hub: { url: string }; language?: Language; code?: string }>,
): Promise<PersonPage> {
  await page.addInitScript((locale) => localStorage.setItem('warifu.locale', locale), language)
  await page.goto(`${hub.url}/wallet#${code === undefined ? 'new' : `code=${encodeURIComponent(code)}`}`)
  const person = personOn(page, language)
  await person.headed(code === undefined ? beginningWords[language].begin : walletWords[language].enrol)
  return person
}

/** The wallet on a page that is open already. */
export function personOn(page: Page, language: Language = 'en'): PersonPage {
  const begin = beginningWords[language]
  const mine = mineWords[language]
  const said = walletWords[language]
  const main = page.locator('main')
  const press = (name: string | RegExp): Promise<void> =>
    page.getByRole('button', { name, ...(typeof name === 'string' && { exact: true }) }).click()
  const headed = (name: string | RegExp): Promise<void> =>
    page.getByRole('heading', { name, ...(typeof name === 'string' && { exact: true }) }).waitFor()
  const write = (label: string, text: string): Promise<void> => page.getByLabel(label, { exact: true }).fill(text)
  const choose = (title: string): Promise<void> => main.getByRole('button').filter({ hasText: title }).click()
  return {
    ...walletOn(page, language),
    press,
    headed,
    reads: (sentence) => main.getByText(sentence).first().waitFor(),
    write,
    choose,
    sheet: page.locator('dialog[open]'),
    async choosePin(pin) {
      await page.getByLabel(said.pinOnce, { exact: true }).waitFor()
      await page.keyboard.type(pin)
      await page.getByLabel(said.pinTwice, { exact: true }).waitFor()
      await page.keyboard.type(pin)
    },
    async provePin(pin) {
      await page.getByLabel(said.pin, { exact: true }).waitFor()
      await page.keyboard.type(pin)
      await page.keyboard.press('Enter')
    },
    async openMine(title) {
      await press(said.settings)
      await page.getByRole('list', { name: mine.you }).getByRole('button').filter({ hasText: title }).click()
      await headed(title)
    },
    async enterMailCode(hub, email) {
      const before = (await mailsTo(hub, email)).length
      await write(begin.emailField, email)
      await press(begin.sendCode)
      await headed(begin.code)
      const [mail] = await until(async () => {
        const mails = await mailsTo(hub, email)
        return mails.length > before && mails
      })
      if (mail === undefined) throw new Error('there is one more mail than before')
      await write(begin.codeField, codeIn(mail))
      await press(begin.next)
    },
  }
}

export type Authenticator = Readonly<{
  /** Pulled out: it answers nothing until it is put in again. */
  pullOut(): Promise<void>
  putIn(): Promise<void>
}>

/** A passkey's home: in the phone, or a key that is carried about. Its owner touches it whenever it asks. */
export async function authenticatorAt(page: Page, transport: 'internal' | 'usb'): Promise<Authenticator> {
  const devtools = await page.context().newCDPSession(page)
  await devtools.send('WebAuthn.enable')
  let authenticatorId = await plugIn(devtools, transport)
  let credentials: Awaited<ReturnType<typeof credentialsOf>> = []
  return {
    async pullOut() {
      credentials = await credentialsOf(devtools, authenticatorId)
      await devtools.send('WebAuthn.removeVirtualAuthenticator', { authenticatorId })
    },
    async putIn() {
      authenticatorId = await plugIn(devtools, transport)
      for (const credential of credentials)
        await devtools.send('WebAuthn.addCredential', { authenticatorId, credential })
    },
  }
}

async function plugIn(devtools: CDPSession, transport: 'internal' | 'usb'): Promise<string> {
  const { authenticatorId } = await devtools.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport,
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  })
  return authenticatorId
}

const credentialsOf = async (devtools: CDPSession, authenticatorId: string) =>
  (await devtools.send('WebAuthn.getCredentials', { authenticatorId })).credentials

/** A face as a child draws it, a JPEG taller than wide. */
export function drawnFace(width = 480, height = 640): Buffer {
  const data = Buffer.alloc(width * height * 4, 255)
  const isIn = (x: number, y: number, atX: number, atY: number, radius: number): boolean =>
    Math.hypot(x / width - atX, (y - height / 2) / width + 0.5 - atY) < radius
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const isEye = isIn(x, y, 0.38, 0.42, 0.04) || isIn(x, y, 0.62, 0.42, 0.04)
      const isMouth = isIn(x, y, 0.5, 0.58, 0.14) && !isIn(x, y, 0.5, 0.54, 0.14)
      const colour = isEye || isMouth ? [70, 40, 40] : isIn(x, y, 0.5, 0.5, 0.3) ? [240, 205, 170] : [150, 185, 205]
      data.set(colour, (y * width + x) * 4)
    }
  }
  return jpeg.encode({ width, height, data }, 90).data
}
