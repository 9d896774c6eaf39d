// The shop's office as its keeper uses it, for browser tests.
import type { Download, Locator, Page } from 'playwright-core'
import { readFile } from 'node:fs/promises'
import { words } from '#apps/merchant/words.ts'

export type OfficePage = Readonly<{
  page: Page
  /** Waits until this sum is there to be used. */
  availableIs(amount: string): Promise<void>
  openSales(): Promise<void>
  openStatement(): Promise<void>
  /** Opens the newest sale to this person. */
  openSale(payer: string): Promise<void>
  /** The opened sale. */
  sale: Locator
  /** From an opened sale: gives back these lines, by name, and waits until it is said. */
  refundLines(...names: readonly string[]): Promise<void>
  /** The rows of the statement, once there are `count` of them. */
  entries(count: number): Promise<readonly string[]>
  onlyKind(kind: string): Promise<void>
  between(from: string, to: string): Promise<void>
  /** Saves the statement; its name and its rows, each a list of cells. */
  saveCsv(): Promise<Readonly<{ name: string; rows: readonly (readonly string[])[] }>>
}>

export async function openOfficePage(page: Page, hub: string): Promise<OfficePage> {
  await page.goto(`${hub}/office`)
  const text = words.en
  const sale = page.getByRole('complementary', { name: text.sale })
  const part = (name: string): Promise<void> => page.getByRole('radio', { name, exact: true }).check()
  await page.getByText(text.available).waitFor()
  return {
    page,
    sale,
    async availableIs(amount) {
      await page.locator('.office-figures div', { hasText: text.available }).getByText(amount).first().waitFor()
    },
    openSales: () => part(text.sales),
    openStatement: () => part(text.statement),
    async openSale(payer) {
      await page.getByRole('list', { name: text.sales }).getByRole('button', { name: payer }).first().click()
      await sale.getByText(text.total).waitFor()
    },
    async refundLines(...names) {
      await sale.getByRole('radio', { name: text.lines }).check()
      for (const name of names) await sale.getByRole('checkbox', { name }).check()
      await sale.getByRole('button', { name: /^Give back/u }).click()
      await page.locator('dialog[open]').getByRole('button', { name: text.yes }).click()
      await page
        .getByText(/went back to/u)
        .first()
        .waitFor()
    },
    async entries(count) {
      const rows = page.locator('.statement-table tbody tr')
      await rows.nth(count - 1).waitFor()
      await rows.nth(count).waitFor({ state: 'detached' })
      return rows.allInnerTexts()
    },
    async onlyKind(kind) {
      await page.getByLabel('Kind').selectOption(kind)
    },
    async between(from, to) {
      await page.getByLabel('From').fill(from)
      await page.getByLabel('To', { exact: true }).fill(to)
    },
    async saveCsv() {
      const [file] = await Promise.all([
        page.waitForEvent('download'),
        page.getByRole('button', { name: 'Save as CSV' }).click(),
      ])
      return { name: file.suggestedFilename(), rows: parseCsv(await textOf(file)) }
    },
  }
}

const textOf = async (file: Download): Promise<string> => readFile(await file.path(), 'utf8')

/** RFC 4180: quoted fields may hold commas, line ends and doubled quotes. */
export function parseCsv(text: string): string[][] {
  const rows: string[][] = []
  let row: string[] = []
  for (const [, quoted, plain, end] of text
    .replace(/^\uFEFF/u, '')
    .matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/gu)) {
    row.push(quoted === undefined ? (plain ?? '') : quoted.replaceAll('""', '"'))
    if (end === ',') continue
    if (row.length > 1 || row[0] !== '') rows.push(row)
    row = []
    if (end === '') break
  }
  return rows
}
