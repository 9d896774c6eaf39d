// A statement as CSV (RFC 4180): for spreadsheets, so every text that they would take for a formula is made harmless.
import type { Entry } from '#core/ledger.ts'
import { decimalOf, type Unit } from '#core/money.ts'

/** Excel reads UTF-8 only behind this mark. */
const BYTE_ORDER_MARK = '\ufeff'
const COLUMNS = ['date', 'time', 'kind', 'name', 'amount', 'balance', 'unit', 'payment']

/** The file in pieces, one for each page of entries. Days and times are the zone's; amounts are decimals of the unit. */
export async function* csvOf(
  pages: AsyncIterable<readonly Entry[]>,
  { unit, zone }: Readonly<{ unit: Unit; zone: string }>,
): AsyncGenerator<string> {
  yield BYTE_ORDER_MARK + rowOf(COLUMNS)
  for await (const entries of pages) yield entries.map((entry) => rowOf(cellsOf(entry, unit, zone))).join('')
}

function cellsOf({ at, kind, otherName, amount, balance, payment }: Entry, unit: Unit, zone: string): string[] {
  const when = Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(zone)
  return [
    when.toPlainDate().toString(),
    when.toPlainTime().toString({ smallestUnit: 'second' }),
    kind,
    harmless(otherName),
    decimalOf({ unit, amount }),
    decimalOf({ unit, amount: balance }),
    unit,
    payment ?? '',
  ]
}

/** A cell that begins like this is run by spreadsheets, in Japanese ones also when it is full-width; names come from people. */
const harmless = (text: string): string => (/^(?:[\t\r]|\s*[=+\-@＝＋－＠])/u.test(text) ? `'${text}` : text)

const rowOf = (cells: readonly string[]): string => `${cells.map(quoted).join(',')}\r\n`

const quoted = (cell: string): string => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell)
