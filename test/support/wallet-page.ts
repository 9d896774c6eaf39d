// The wallet as a story test handles it: one phone in one page, seen and pressed as its owner sees and presses it.
import assert from 'node:assert/strict'
import type { Frame, Page } from 'playwright-core'
import { walletWords } from '#apps/wallet/words.ts'
import { readQr } from './qr.ts'

export type Language = 'en' | 'ja'

export type WalletPage = Readonly<{
  page: Page
  /** Types the shop's number on the keypad and looks for the bill. */
  typeNumber(number: string): Promise<void>
  /** Takes back the number that was typed. */
  clearNumber(): Promise<void>
  /** Opens a link as the phone's own camera app would. */
  openLink(link: string): Promise<void>
  /** Waits for the bill (or for "the shop is adding up") and gives the shop's name. */
  joined(): Promise<string>
  /** The tally's name as it is written, such as "7-crane-blue". */
  tallyName(): Promise<string>
  /** Waits until the amount to pay contains this text. */
  amountIs(text: string): Promise<void>
  /** Approves; gives the PIN when it is asked for. */
  approve(pin: string): Promise<void>
  decline(): Promise<void>
  /** Waits for "paid" and gives the receipt's text. */
  receipt(): Promise<string>
  /** Waits for the end without payment and gives its sentences. */
  ended(): Promise<string>
  /** Leaves the receipt or the end. */
  done(): Promise<void>
  /** Waits until the shown balance contains this text. */
  balanceIs(text: string): Promise<void>
  openHistory(): Promise<void>
  /** Waits for the first entry of the history and gives the texts of all that are shown. */
  historyRows(): Promise<readonly string[]>
  back(): Promise<void>
  /** From home: asks for money; `to` is a contact's name, 'link' or, for a phone without a network, 'signed'. */
  ask(asked: Readonly<{ amount: string; note: string; to: string; unit?: string }>): Promise<void>
  /** The link in the QR code on the screen. */
  shownLink(): Promise<string>
  /** Waits until a bill that one has sent stands so: "Paid to you". */
  askStands(title: string): Promise<void>
  /** Opens the bill of this person that waits at home. */
  openBillOf(name: string): Promise<void>
  openContacts(): Promise<void>
}>

const WORDS = {
  en: {
    find: 'Find the bill',
    approve: 'Approve',
    decline: /^(Decline|Leave)$/u,
    done: 'Done',
    history: 'History',
    back: 'Back',
    pin: 'PIN',
  },
  ja: {
    find: 'お会計を見る',
    approve: '承認する',
    decline: /^(断る|やめる)$/u,
    done: '完了',
    history: '履歴',
    back: '戻る',
    pin: '暗証番号',
  },
} as const

/** Opens the wallet of a device (`own`, `hanako`, `kenji`) and waits until it is ready to pay. */
export async function openWalletPage(
  page: Page,
  options: Readonly<{ hub: string; device?: string; language?: Language }>,
): Promise<WalletPage> {
  const { hub, device = 'own', language = 'en' } = options
  await page.addInitScript((locale) => {
    // Frames of other origins may not store; there is nothing to choose there.
    if (localStorage.getItem('warifu.locale') === null) localStorage.setItem('warifu.locale', locale)
  }, language)
  await page.goto(device === 'own' ? `${hub}/wallet` : `${hub}/wallet?device=${device}`)
  const wallet = walletOn(page, language)
  await page.locator('.balance .amount, .half').first().waitFor()
  return wallet
}

/** The wallet on a page, or in a frame of the town, that is open already. */
export function walletOn(place: Page | Frame, language: Language = 'en'): WalletPage {
  const page = 'page' in place ? place.page() : place
  const words = WORDS[language]
  const said = walletWords[language]
  const button = (name: string | RegExp) =>
    place.getByRole('button', { name, ...(typeof name === 'string' && { exact: true }) })
  return {
    page,
    async typeNumber(number) {
      for (const digit of number.replaceAll(' ', '')) await place.locator(`.entry .key[data-key="${digit}"]`).click()
      await button(words.find).click()
    },
    async clearNumber() {
      for (const _ of '123456789') await page.keyboard.press('Backspace')
    },
    async openLink(link) {
      await page.goto(link)
    },
    async joined() {
      await place.locator('.half').waitFor()
      return textOf(place, '.half-shop')
    },
    async tallyName() {
      return textOf(place, '.half-name b')
    },
    async amountIs(text) {
      await place.locator('.due', { hasText: text }).waitFor()
    },
    async approve(pin) {
      await button(words.approve).click()
      const field = place.getByLabel(words.pin, { exact: true })
      const paid = place.locator('.paid')
      await field.or(paid).first().waitFor()
      if (await field.isVisible()) await page.keyboard.type(pin)
    },
    async decline() {
      await button(words.decline).click()
    },
    async receipt() {
      await place.locator('.paid').waitFor()
      return `${await textOf(place, '.paid')}\n${await textOf(place, '.receipt')}`
    },
    async ended() {
      await place.locator('.ended').waitFor()
      return textOf(place, '.ended')
    },
    async done() {
      await button(words.done).click()
    },
    async balanceIs(text) {
      await place.locator('.balance', { hasText: text }).waitFor()
    },
    async openHistory() {
      await button(words.history).click()
    },
    async historyRows() {
      await place.locator('.day .row').first().waitFor()
      return place.locator('.day .row').allInnerTexts()
    },
    async back() {
      await button(words.back).click()
    },
    async ask({ amount, note, to, unit }) {
      await button(said.ask).click()
      await place.getByLabel(said.askAmount).fill(amount)
      if (unit !== undefined) await place.getByLabel(said.currency).selectOption(unit)
      await place.getByLabel(said.askNote).fill(note)
      const whom = to === 'link' ? said.askAnybody : to === 'signed' ? said.askSigned : to
      await place.getByRole('radio', { name: whom, exact: true }).check()
      await button(to === 'link' ? said.makeLink : to === 'signed' ? said.makeCode : said.sendBill).click()
    },
    async shownLink() {
      await place.locator('.qr').waitFor()
      return readQr(await place.locator('.qr').screenshot())
    },
    async askStands(title) {
      await place.getByRole('heading', { name: title, exact: true }).waitFor()
    },
    async openBillOf(name) {
      await place.getByRole('region', { name: said.billsForYou }).getByRole('button', { name }).click()
      await place.locator('.half').waitFor()
    },
    async openContacts() {
      await button(said.settings).click()
      await button(said.contacts).click()
      await place.getByRole('heading', { name: said.contacts, exact: true }).waitFor()
    },
  }
}

async function textOf(place: Page | Frame, selector: string): Promise<string> {
  const text = await place.locator(selector).first().innerText()
  assert.notEqual(text, '', `${selector} says something`)
  return text
}
