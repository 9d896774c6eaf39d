// The register as a cashier uses it, for browser tests: a page, or its frame in the town.
import type { Frame, Locator, Page } from 'playwright-core'
import { words } from '#apps/register/words.ts'
import type { Locale } from '#ui/i18n.ts'
import { readQr } from './qr.ts'

/** What the register's screen is, as `state.ts` names it. */
export type RegisterScreen =
  | 'keying'
  | 'ask'
  | 'opening'
  | 'open'
  | 'expired'
  | 'joined'
  | 'paid'
  | 'proven'
  | 'ended'
  | 'history'
  | 'record'
  | 'sign-in'

export type RegisterPage = Readonly<{
  /** Waits until this screen is there. */
  on(screen: RegisterScreen): Promise<void>
  /** Presses the digits of an amount on the keypad, on whatever screen takes one. */
  keyIn(digits: string): Promise<void>
  /** Adds one piece of a good of the price list, by its name in the page's language. */
  addGood(name: string): Promise<void>
  /** From keying: shows the number and returns its digits. */
  showNumber(): Promise<string>
  /** From keying: a number without an amount; returns its digits. */
  showNumberFirst(): Promise<string>
  /** Sends the bill keyed in during a deal. */
  sendBill(): Promise<void>
  /** Opens the bill of a deal under way for changes. */
  changeBill(): Promise<void>
  /** The digits on the screen. */
  number(): Promise<string>
  /** The link in the QR code on the screen, read from its picture. */
  link(): Promise<string>
  /** Waits for a phone; returns the heading, which names the payer. */
  joined(): Promise<string>
  /** The tally's name in words, while joined or paid. */
  tally(): Promise<string>
  /** Waits for the payment; returns the amount as it is read out: "¥1,280". */
  paid(): Promise<string>
  /** From keying: asks who it is, with the question that is made for this; returns the number's digits. */
  askWho(preset: 'age' | 'membership' | 'entrance'): Promise<string>
  /** "Not this person", and yes; returns the new number. */
  release(): Promise<string>
  /** Cancels the deal, and says yes where that is asked. */
  cancel(): Promise<void>
  renew(): Promise<string>
  next(): Promise<void>
  /** From keying: opens the newest payment of the history. */
  openNewest(): Promise<void>
  /** From a record: gives back these lines, by name; returns what is said. */
  refundLines(...names: readonly string[]): Promise<string>
  /** From keying: opens the newest payment of the history and gives back `digits` of it, or all of it. */
  refundNewest(digits?: string): Promise<string>
  /** The text of the problem on the screen, if there is one. */
  trouble(): Locator
}>

export function registerPage(page: Page | Frame, locale: Locale = 'en'): RegisterPage {
  const text = words[locale]
  const screen = (name: RegisterScreen): Locator => page.locator(`.till-${name}`)
  const press = (label: string): Promise<void> => page.getByRole('button', { name: label }).first().click()
  const sheet = page.locator('dialog[open]')
  const on = (name: RegisterScreen): Promise<void> => screen(name).waitFor()

  const number = async (): Promise<string> => {
    await on('open')
    return ((await page.locator('.ticket-number .hidden').textContent()) ?? '').replaceAll(/\D/gu, '')
  }
  const amountPad = async (): Promise<void> => {
    if ((await page.locator('.goods-pad').count()) > 0) await press(text.actAmount)
  }
  const heading = async (name: RegisterScreen): Promise<string> => {
    await on(name)
    return (await page.locator('h1').textContent()) ?? ''
  }

  const openNewest = async (): Promise<void> => {
    await press(text.actHistory)
    await page.locator('.history .row-button').first().click()
    await on('record')
  }
  const giveBack = async (): Promise<string> => {
    await sheet.getByRole('button', { name: text.refundDo }).click()
    const result = await sheet.locator('[role=status].give-question, .banner-trouble').textContent()
    await sheet.getByRole('button', { name: text.done }).click()
    // Until then the next key is the sheet's.
    await sheet.waitFor({ state: 'detached' })
    return result ?? ''
  }

  return {
    on,
    async keyIn(digits) {
      await amountPad()
      await keyInto(page, digits)
    },
    async addGood(name) {
      if ((await page.locator('.goods-pad').count()) === 0) await press(text.actGoods)
      await page.locator('.good').filter({ hasText: name }).click()
    },
    async showNumber() {
      await press(text.actShowNumber)
      return number()
    },
    async showNumberFirst() {
      await press(text.actAmountLater)
      return number()
    },
    sendBill: () => press(text.actSendBill),
    changeBill: () => press(text.actChangeBill),
    number,
    async link() {
      await on('open')
      return readQr(await page.locator('.qr').screenshot())
    },
    joined: () => heading('joined'),
    tally: async () => (await page.locator('.slip-name').textContent()) ?? '',
    async paid() {
      await on('paid')
      return (await page.locator('.paid .amount > .hidden').textContent()) ?? ''
    },
    async askWho(preset) {
      await press(text.actAsk)
      await press(text[`preset_${preset}`])
      await press(text.actAskNow)
      return number()
    },
    async release() {
      await press(text.actRelease)
      await sheet.getByRole('button', { name: text.releaseDo }).click()
      return number()
    },
    async cancel() {
      const isJoined = (await screen('joined').count()) > 0
      await press(text.actCancel)
      if (isJoined) await sheet.getByRole('button', { name: text.cancelDo }).click()
      await on('ended')
    },
    async renew() {
      await on('expired')
      await press(text.actRenew)
      return number()
    },
    async next() {
      // The paid screen goes on by itself after a while.
      if ((await screen('keying').count()) === 0) await press(text.actNext)
      await on('keying')
    },
    async openNewest() {
      await openNewest()
    },
    async refundLines(...names) {
      await press(text.actRefund)
      await sheet.getByRole('radio', { name: text.refundLines }).check()
      for (const name of names) await sheet.getByRole('checkbox', { name }).check()
      await sheet.getByRole('button', { name: text.refundGoOn }).click()
      return giveBack()
    },
    async refundNewest(digits) {
      await openNewest()
      await press(text.actRefund)
      if (digits !== undefined) await keyInto(sheet, digits)
      await sheet.getByRole('button', { name: text.refundGoOn }).click()
      return giveBack()
    },
    trouble: () => page.locator('.banner-trouble'),
  }
}

async function keyInto(place: Page | Frame | Locator, digits: string): Promise<void> {
  for (const digit of digits) await place.locator(`[data-key="${digit}"]`).click()
}
