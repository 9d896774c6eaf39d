// The operator's desk as an operator uses it, for browser tests.
import type { Locator, Page } from 'playwright-core'
import { identityWords } from '#apps/desk/words-identity.ts'
import { words } from '#apps/desk/words.ts'

export type DeskPage = Readonly<{
  page: Page
  /** The opened file of a party. */
  file: Locator
  go(part: 'people' | 'credits' | 'rules' | 'operators' | 'sites' | 'log'): Promise<void>
  /** Opens the account of a new person. */
  openPerson(name: string, why: string): Promise<void>
  /** Finds a party by name and opens its file. */
  open(name: string): Promise<void>
  /** A one-time code for a phone of the party whose file is open. */
  makeCode(why: string): Promise<string>
  cash(way: 'in' | 'out', amount: string, why: string): Promise<void>
  /** Opens a part of the file by its title. */
  unfold(title: string): Promise<Locator>
  /** Gives the reason and presses the button of that act, within `place`. */
  act(place: Locator, button: string, why: string): Promise<void>
  /** Waits until this is said. */
  said(text: string | RegExp): Promise<void>
}>

/** Opens the desk where nobody has to say who they are: in the demo town. */
export async function openDeskPage(page: Page, hub: string): Promise<DeskPage> {
  await page.goto(`${hub}/desk`)
  return deskOn(page)
}

/** The desk on a page that is open already; waits until its door is open. */
export async function deskOn(page: Page): Promise<DeskPage> {
  const text = { ...words.en, sites: identityWords.en.sites }
  const file = page.locator('.file')
  const said = (what: string | RegExp): Promise<void> => page.locator('.toast', { hasText: what }).waitFor()
  await page.getByLabel(text.search).waitFor()

  const unfold = async (title: string): Promise<Locator> => {
    const part = file.locator('details', { has: page.locator('summary', { hasText: title }) })
    if ((await part.getAttribute('open')) === null) await part.locator('summary').click()
    return part
  }
  const act = async (place: Locator, button: string, why: string): Promise<void> => {
    const form = place.locator('form').filter({ has: page.getByRole('button', { name: button }) })
    await form.getByLabel(text.why, { exact: true }).fill(why)
    await form.getByRole('button', { name: button }).click()
  }
  return {
    page,
    file,
    said,
    unfold,
    act,
    go: (part) => page.getByRole('radio', { name: text[part], exact: true }).check(),
    async openPerson(name, why) {
      await page.getByRole('button', { name: text.newParty }).click()
      const sheet = page.locator('dialog[open]')
      await sheet.getByLabel(text.name, { exact: true }).fill(name)
      await act(sheet, text.openParty, why)
      await file.getByRole('heading', { name }).waitFor()
    },
    async open(name) {
      await page.getByLabel(text.search).fill(name)
      await page.getByRole('list', { name: text.people }).getByRole('button', { name }).first().click()
      await file.getByRole('heading', { name }).waitFor()
    },
    async makeCode(why) {
      const part = await unfold(text.access)
      await act(part, text.invitePhone, why)
      return part.locator('.code-value').innerText()
    },
    async cash(way, amount, why) {
      const part = await unfold(text.cashDesk)
      const label = way === 'in' ? text.cashIn : text.cashOut
      await part.getByRole('radio', { name: label }).check()
      await part.getByLabel(text.amount, { exact: true }).fill(amount)
      await act(part, label, why)
      await said(way === 'in' ? /paid in\./u : /paid out\./u)
    },
  }
}
