// The hub's price file as CSV, read in a browser: in pieces, so that a page with 50,000 goods to read answers to its keys meanwhile.
import type { Good } from '#core/goods.ts'
import type { Unit } from '#core/money.ts'
import { columnNamed, goodOfRow } from '#core/price-file.ts'

/** Rows between two looks at the keyboard: some 10 ms of work. */
const ROWS_AT_ONCE = 500

/** The goods of a file that the hub has written; what an older page cannot read is left out. */
export async function readPriceCsv(csv: string, unit: Unit): Promise<readonly Good[]> {
  const goods: Good[] = []
  let columns: readonly ReturnType<typeof columnNamed>[] | undefined
  let rows = 0
  for (const cells of csvRows(csv.replace(/^\u{feff}/u, ''))) {
    if (columns === undefined) {
      columns = cells.map(columnNamed)
      continue
    }
    rows++
    if (rows % ROWS_AT_ONCE === 0) await new Promise((resolve) => setTimeout(resolve))
    const known = columns.flatMap((column, at) => (column === undefined ? [] : [[column, cells[at] ?? ''] as const]))
    const good = goodOfRow(Object.fromEntries(known), unit)
    if ('code' in good) goods.push(good)
  }
  return goods
}

/** RFC 4180 as the hub writes it: commas, quotes where they are needed. */
export function* csvRows(text: string): Generator<readonly string[]> {
  const cell = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/gy
  let row: string[] = []
  while (cell.lastIndex < text.length) {
    const match = cell.exec(text)
    if (match === null) return
    const [, quoted, plain, end] = match
    row.push(quoted === undefined ? (plain ?? '') : quoted.replaceAll('""', '"'))
    if (end === ',') continue
    yield row
    row = []
  }
}
