// A price file's columns: a row of text becomes a good, or says which column is wrong and why; a good becomes a row again.
// Files are written by spreadsheets and other people's programs, so headers may come in any order and in either language.
import { isPattern, keptCode } from './article-codes.ts'
import { cardNumbersIn } from './card-number.ts'
import { GOOD_KINDS, GRAMS_OF, misfitOf, parseTaxClass, taxClassText, type Good, type GoodKind } from './goods.ts'
import type { GoodMisfit, WeightUnit } from './goods.ts'
import { decimalOf, parseTyped, type Unit } from './money.ts'

export const COLUMNS = [
  'code',
  'name',
  'name_en',
  'name_ja',
  'search',
  'price',
  'unit',
  'kind',
  'tax',
  'minimum_age',
  'per_day',
  'delivery',
  'take_back',
  'category',
  'key',
  'active',
] as const
export type Column = (typeof COLUMNS)[number]
export type Row = Readonly<Partial<Record<Column, string>>>

/** Why a row cannot be taken. The last ones are about the file as a whole or its header. */
export const ROW_FAULTS = [
  'missing',
  'check-digit',
  'code',
  'pattern',
  'text',
  'card-number',
  'price',
  'no-price',
  'unit',
  'not-weighed',
  'kind',
  'tax',
  'age',
  'count',
  'yes-no',
  'period',
  'key',
  'key-taken',
  'duplicate',
  'columns',
  'column-unknown',
  'column-twice',
  'empty',
  'too-many-rows',
] as const
export type RowFault = (typeof ROW_FAULTS)[number] | GoodMisfit

export type Fault = Readonly<{
  /** as a text editor counts; 1 is the header */
  line: number
  column: string | null
  reason: RowFault
}>

/** What texts may hold at most, in code points: as much as a bill's line, a name, a shelf's label. */
const LONGEST = { name: 80, search: 200, category: 40 } as const
/** No control characters, no bidirectional overrides, no line breaks. */
const UNFIT = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/u
const PERIOD = /^P(?:[1-9][0-9]{0,3}[DWMY]|T[1-9][0-9]{0,3}H)$/

const ALIASES: Readonly<Record<string, Column>> = {
  jan: 'code',
  ean: 'code',
  コード: 'code',
  商品コード: 'code',
  商品名: 'name',
  名称: 'name',
  カナ: 'search',
  かな: 'search',
  検索語: 'search',
  価格: 'price',
  単価: 'price',
  単位: 'unit',
  種類: 'kind',
  税: 'tax',
  税率: 'tax',
  年齢制限: 'minimum_age',
  一日: 'per_day',
  分類: 'category',
  部門: 'category',
  キー: 'key',
  販売中: 'active',
}

/** The column that a header means; undefined where it is none. */
export function columnNamed(header: string): Column | undefined {
  const name = header
    .normalize('NFKC')
    .trim()
    .toLowerCase()
    .replaceAll(/[\s-]+/gu, '_')
  return COLUMNS.find((column) => column === name) ?? ALIASES[name]
}

/** The good of a row, or the first thing that is wrong with it. `unit` is the currency of its price. */
export function goodOfRow(row: Row, unit: Unit): Good | Omit<Fault, 'line'> {
  const cell = (column: Column): string => (row[column] ?? '').trim()
  const kind = kindOf(cell('kind'))
  if (kind === undefined) return { column: 'kind', reason: 'kind' }
  const written = cell('code').normalize('NFKC')
  if (written === '') return { column: 'code', reason: 'missing' }
  const code = kind === 'in-store' ? written.toUpperCase() : keptCode(written)
  if (code === undefined) return { column: 'code', reason: /^[0-9]+$/.test(written) ? 'check-digit' : 'code' }
  if (kind === 'in-store' && !isPattern(code)) return { column: 'code', reason: 'pattern' }

  const texts = { name: textOf(cell('name')), name_en: textOf(cell('name_en')), name_ja: textOf(cell('name_ja')) }
  for (const column of ['name', 'name_en', 'name_ja'] as const)
    if (isUnfit(texts[column], LONGEST.name)) return { column, reason: 'text' }
  for (const column of ['name', 'name_en', 'name_ja', 'search', 'category'] as const)
    if (cardNumbersIn(cell(column)).length > 0) return { column, reason: 'card-number' }
  const name = texts.name || texts.name_en || texts.name_ja
  if (name === '') return { column: 'name', reason: 'missing' }
  const [search, category] = [textOf(cell('search')), textOf(cell('category'))]
  if (isUnfit(search, LONGEST.search)) return { column: 'search', reason: 'text' }
  if (isUnfit(category, LONGEST.category)) return { column: 'category', reason: 'text' }

  const price = cell('price') === '' ? null : parseTyped(cell('price'), unit)
  if (price === undefined) return { column: 'price', reason: 'price' }
  const weightUnit = weightUnitOf(cell('unit'))
  if (weightUnit === undefined) return { column: 'unit', reason: 'unit' }
  const tax = parseTaxClass(cell('tax'))
  if (tax === undefined) return { column: 'tax', reason: 'tax' }
  const minimumAge = countOf(cell('minimum_age'), 120)
  if (minimumAge === undefined) return { column: 'minimum_age', reason: 'age' }
  const perDay = countOf(cell('per_day'), 9_999)
  if (perDay === undefined) return { column: 'per_day', reason: 'count' }
  const delivery = yesOrNo(cell('delivery'), false)
  if (delivery === undefined) return { column: 'delivery', reason: 'yes-no' }
  const isActive = yesOrNo(cell('active'), true)
  if (isActive === undefined) return { column: 'active', reason: 'yes-no' }
  const takeBack = cell('take_back').toUpperCase() || null
  if (takeBack !== null && !PERIOD.test(takeBack)) return { column: 'take_back', reason: 'period' }
  const key = cell('key').normalize('NFKC').toUpperCase() || null
  if (key !== null && !/^[A-Z]$/.test(key)) return { column: 'key', reason: 'key' }

  const good: Good = {
    code,
    kind,
    name,
    nameEn: texts.name_en || null,
    nameJa: texts.name_ja || null,
    search,
    price,
    unit: weightUnit,
    tax,
    minimumAge,
    perDay,
    delivery,
    takeBack,
    category,
    key,
    isActive,
  }
  return misfitOf(good) ?? good
}

/** The cells of a good in the order of COLUMNS; `goodOfRow` reads the same good out of them. */
export const cellsOf = (good: Good, unit: Unit): string[] => [
  good.code,
  guarded(good.name),
  guarded(good.nameEn ?? ''),
  guarded(good.nameJa ?? ''),
  guarded(good.search),
  good.price === null ? '' : decimalOf({ unit, amount: good.price }),
  good.unit ?? '',
  good.kind,
  taxClassText(good.tax),
  good.minimumAge === null ? '' : String(good.minimumAge),
  good.perDay === null ? '' : String(good.perDay),
  good.delivery ? 'yes' : '',
  good.takeBack ?? '',
  guarded(good.category),
  good.key ?? '',
  good.isActive ? '' : 'no',
]

/** The row of a good, by column. */
export function rowOfGood(good: Good, unit: Unit): Row {
  const cells = cellsOf(good, unit)
  return Object.fromEntries(COLUMNS.map((column, index) => [column, cells[index] ?? '']))
}

/** RFC 4180. */
export const csvRow = (cells: readonly string[]): string =>
  `${cells.map((cell) => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell)).join(',')}\r\n`

/** The first line of a file that we write; Excel reads UTF-8 only behind the mark. */
export const CSV_HEAD = `\ufeff${csvRow(COLUMNS)}`

/** Goods whose codes or letters are there twice: the second one is wrong. `lines`: each good's line in its file. */
export function clashesOf(goods: readonly Good[], lines: readonly number[]): Fault[] {
  const [codes, keys] = [new Set<string>(), new Set<string>()]
  const faults: Fault[] = []
  goods.forEach(({ code, key }, index) => {
    const line = lines[index] ?? 0
    if (codes.has(code)) faults.push({ line, column: 'code', reason: 'duplicate' })
    codes.add(code)
    if (key === null) return
    if (keys.has(key)) faults.push({ line, column: 'key', reason: 'key-taken' })
    keys.add(key)
  })
  return faults
}

/** A cell that begins like this is run by spreadsheets, in Japanese ones also when it is full-width; names come from people. */
const RUNS = /^'*\s*[=+\-@＝＋－＠]/u
export const guarded = (text: string): string => (RUNS.test(text) ? `'${text}` : text)
/** What a guarded cell holds. */
export const textOf = (cell: string): string =>
  cell.startsWith("'") && RUNS.test(cell.slice(1)) ? cell.slice(1) : cell

const isUnfit = (text: string, longest: number): boolean => Array.from(text).length > longest || UNFIT.test(text)

function kindOf(text: string): GoodKind | undefined {
  const plain = text.toLowerCase().replaceAll(/[\s_]+/gu, '-')
  return plain === '' ? 'piece' : GOOD_KINDS.find((kind) => kind === plain)
}

/** null where there is none; undefined where it is none that is known. */
function weightUnitOf(text: string): WeightUnit | null | undefined {
  const plain = text
    .normalize('NFKC')
    .toLowerCase()
    .replaceAll(/[\s/]+/gu, '')
  if (plain === '' || plain === 'piece' || plain === '個') return null
  return isWeightUnit(plain) ? plain : undefined
}

const isWeightUnit = (text: string): text is WeightUnit => Object.hasOwn(GRAMS_OF, text)

/** From 1 to `most`; null where it is empty. */
function countOf(text: string, most: number): number | null | undefined {
  const plain = text.normalize('NFKC')
  if (plain === '') return null
  const count = /^[0-9]{1,4}$/.test(plain) ? Number(plain) : 0
  return count >= 1 && count <= most ? count : undefined
}

const WORDS: Readonly<Record<string, boolean>> = {
  yes: true,
  y: true,
  true: true,
  '1': true,
  はい: true,
  '○': true,
  no: false,
  n: false,
  false: false,
  '0': false,
  いいえ: false,
  '×': false,
}

const yesOrNo = (text: string, otherwise: boolean): boolean | undefined =>
  text === '' ? otherwise : WORDS[text.normalize('NFKC').toLowerCase()]
