// A CSV file as spreadsheets write it (RFC 4180; comma, semicolon or tab; any line ends): rows of named cells, each with its line.
import { CsvError, parse } from 'csv-parse/sync'

/** Why the file as a whole cannot be read. */
export type CsvFault = 'header' | 'empty' | 'too-many-rows' | 'columns'

/** `cell` gives '' where there is none. A row with another number of cells than the header has none at all. */
export type CsvRow = Readonly<{ line: number; cell: ((name: string) => string) | null }>

export type CsvRows = Readonly<{ rows: readonly CsvRow[] }> | Readonly<{ fault: CsvFault; count: number }>

type CsvRecord = Readonly<{ record: readonly string[]; info: Readonly<{ lines: number }> }>

/** Rows by the header's names, which may come in any order. All `columns` must be there, `optional` ones may, others may not. */
export function csvRows(
  text: string,
  of: Readonly<{ columns: readonly string[]; optional: readonly string[]; most: number }>,
): CsvRows {
  const records = recordsOf(text)
  // A quote that is open or wrong: nobody knows where a row ends.
  if (records === undefined) return { fault: 'columns', count: 0 }
  const [header, ...rest] = records
  if (header === undefined) return { fault: 'empty', count: 0 }
  const names = header.record.map((name) => name.trim().toLowerCase())
  const isKnown = names.every((name) => of.columns.includes(name) || of.optional.includes(name))
  if (!isKnown || new Set(names).size !== names.length || !of.columns.every((name) => names.includes(name)))
    return { fault: 'header', count: 0 }
  if (rest.length === 0) return { fault: 'empty', count: 0 }
  if (rest.length > of.most) return { fault: 'too-many-rows', count: rest.length }
  return {
    rows: rest.map(({ record, info }) => ({
      line: info.lines,
      cell:
        record.length === names.length ? (name: string): string => (record[names.indexOf(name)] ?? '').trim() : null,
    })),
  }
}

function recordsOf(text: string): CsvRecord[] | undefined {
  const [first = ''] = text.split(/\r?\n|\r/u, 1)
  const delimiter = [',', ';', '\t'].find((each) => first.includes(each)) ?? ','
  try {
    // Border: with `info` the parser gives each record with the line it ended on.
    return parse(text, {
      bom: true,
      delimiter,
      info: true,
      relax_column_count: true,
      skip_empty_lines: true,
      skip_records_with_empty_values: true,
    }) as unknown as CsvRecord[]
  } catch (error) {
    if (error instanceof CsvError) return undefined
    throw error
  }
}
