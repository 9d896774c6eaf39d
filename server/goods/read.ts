// A price file's text, read at the border: goods with their lines, and every row that is wrong by its line. Read in slices, so that
// a file of 50,000 goods keeps nobody's payment waiting.
import { Readable } from 'node:stream'
import { setImmediate as breathe } from 'node:timers/promises'
import { CsvError, parse } from 'csv-parse'
import type { Good } from '#core/goods.ts'
import type { Unit } from '#core/money.ts'
import { clashesOf, columnNamed, goodOfRow, type Column, type Fault } from '#core/price-file.ts'
import { LIMITS } from '#protocol/limits.ts'

export type ReadFile = Readonly<{ goods: readonly Good[]; faults: readonly Fault[] }>

const SLICE = 64 * 1024
/** Rows between two looks at what else the hub has to do: some 5 ms of work. */
const ROWS_AT_ONCE = 500
/** A quote that is never closed would swallow the rest of the file into one row. */
const LONGEST_ROW = 8_000

type Read = Readonly<{ record: readonly string[]; info: Readonly<{ lines: number }> }>

/** The goods of a CSV, and its faults in the order of lines; where there is a fault nobody may use the goods. */
export async function readPriceFile(csv: string, unit: Unit): Promise<ReadFile> {
  const goods: Good[] = []
  const lines: number[] = []
  const faults: Fault[] = []
  let columns: readonly Column[] | undefined
  let rows = 0
  try {
    for await (const each of recordsOf(csv)) {
      const { record, info } = each
      if (columns === undefined) {
        const header = headerOf(record)
        if (!header.ok) return { goods: [], faults: header.faults }
        columns = header.columns
        continue
      }
      rows++
      if (rows % ROWS_AT_ONCE === 0) await breathe()
      if (rows > LIMITS.goods)
        return { goods: [], faults: [{ line: info.lines, column: null, reason: 'too-many-rows' }] }
      if (record.length !== columns.length) {
        faults.push({ line: info.lines, column: null, reason: 'columns' })
        continue
      }
      const read = goodOfRow(Object.fromEntries(columns.map((column, at) => [column, record[at] ?? ''])), unit)
      if ('reason' in read) faults.push({ line: info.lines, ...read })
      else {
        goods.push(read)
        lines.push(info.lines)
      }
    }
  } catch (error) {
    if (!(error instanceof CsvError)) throw error
    faults.push({ line: lineOf(error), column: null, reason: 'columns' })
  }
  if (columns === undefined && faults.length === 0) faults.push({ line: 1, column: null, reason: 'empty' })
  faults.push(...clashesOf(goods, lines))
  return { goods, faults: faults.toSorted((one, other) => one.line - other.line) }
}

function recordsOf(csv: string): AsyncIterable<Read> {
  const text = csv.replace(/^\u{feff}/u, '')
  const [first = ''] = text.split(/\r?\n|\r/u, 1)
  const delimiter = [',', ';', '\t'].find((each) => first.includes(each)) ?? ','
  const parser = parse({
    delimiter,
    info: true,
    relax_column_count: true,
    skip_empty_lines: true,
    skip_records_with_empty_values: true,
    max_record_size: LONGEST_ROW,
  })
  const source = Readable.from(slicesOf(text))
  // A fault of the parser reaches whoever reads the records; without this the source would wait for ever.
  parser.once('error', () => source.destroy())
  // Border: with `info` the parser gives each record with the line it ended on.
  return source.pipe(parser) as AsyncIterable<Read>
}

function* slicesOf(text: string): Generator<string> {
  for (let at = 0; at < text.length; at += SLICE) yield text.slice(at, at + SLICE)
}

type Header = Readonly<{ ok: true; columns: readonly Column[] }> | Readonly<{ ok: false; faults: readonly Fault[] }>

function headerOf(record: readonly string[]): Header {
  const columns: Column[] = []
  const faults: Fault[] = []
  for (const name of record) {
    const column = columnNamed(name)
    const said = name.slice(0, 40)
    if (column === undefined) faults.push({ line: 1, column: said, reason: 'column-unknown' })
    else if (columns.includes(column)) faults.push({ line: 1, column: said, reason: 'column-twice' })
    else columns.push(column)
  }
  if (!columns.includes('code')) faults.push({ line: 1, column: 'code', reason: 'missing' })
  return faults.length > 0 ? { ok: false, faults: faults.slice(0, LIMITS.goodsListed) } : { ok: true, columns }
}

/** The parser says where it stopped. */
function lineOf(error: CsvError): number {
  const { lines } = error
  return typeof lines === 'number' ? lines : 1
}
