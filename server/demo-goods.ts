// The demo bakery's price file: bread, cakes, drinks, and a few things that show what a price file can say.
import { createHash } from 'node:crypto'
import { checkDigit } from '#core/article-codes.ts'
import type { PartyId } from '#core/ids.ts'
import type { Unit } from '#core/money.ts'
import { COLUMNS, csvRow, type Row } from '#core/price-file.ts'
import { readPriceFile } from './goods/read.ts'
import type { Goods } from './postgres/goods.ts'

const REDUCED = '8% reduced'
const STANDARD = '10%'

/** JAN codes of a maker that does not exist. */
const jan = (number: number): string => {
  const body = `4900000${String(number).padStart(5, '0')}`
  return `${body}${checkDigit(body)}`
}

type Line = readonly [price: string, en: string, ja: string, search: string, more?: Row]

const BREAD: readonly Line[] = [
  ['380', 'Milk bread', 'ミルク食パン', 'みるくしょくぱん shokupan', { key: 'A' }],
  ['180', 'Red bean bun', 'あんぱん', 'anpan あずき', { key: 'B' }],
  ['200', 'Melon bun', 'メロンパン', 'めろんぱん meronpan', { key: 'C' }],
  ['240', 'Curry doughnut', 'カレーパン', 'かれーぱん karepan', { key: 'D' }],
  ['220', 'Croissant', 'クロワッサン', 'くろわっさん', { key: 'E' }],
  ['320', 'Baguette', 'バゲット', 'ばげっと フランスパン', { key: 'F' }],
  ['420', 'Egg sandwich', 'たまごサンド', 'たまごさんど 玉子', { key: 'G' }],
  ['900', 'Chestnut loaf, 2 a day', '栗食パン（一日2点）', 'くりしょくぱん', { key: 'M', per_day: '2' }],
  ['360', 'Raisin bread', 'レーズン食パン', 'れーずんしょくぱん ぶどうパン'],
  ['400', 'Wholemeal loaf', '全粒粉食パン', 'ぜんりゅうふんしょくぱん'],
  ['450', 'Rye bread', 'ライ麦パン', 'らいむぎぱん'],
  ['280', 'Focaccia', 'フォカッチャ', 'ふぉかっちゃ'],
  ['160', 'Butter roll', 'バターロール', 'ばたーろーる'],
  ['170', 'Salt butter roll', '塩パン', 'しおぱん'],
  ['190', 'Cream bun', 'クリームパン', 'くりーむぱん'],
  ['190', 'Chocolate cornet', 'チョココロネ', 'ちょここるね コロネ'],
  ['210', 'Cinnamon roll', 'シナモンロール', 'しなもんろーる'],
  ['230', 'Pain au chocolat', 'パン・オ・ショコラ', 'ぱんおしょこら'],
  ['250', 'Almond croissant', 'クロワッサン・ダマンド', 'くろわっさんだまんど アーモンド'],
  ['260', 'Apple Danish', 'りんごのデニッシュ', 'でにっしゅ'],
  ['220', 'Yakisoba roll', '焼きそばパン', 'やきそばぱん'],
  ['230', 'Croquette roll', 'コロッケパン', 'ころっけぱん'],
  ['210', 'Sausage roll', 'ソーセージパン', 'そーせーじぱん ウインナー'],
  ['230', 'Corn mayonnaise bread', 'コーンマヨネーズパン', 'こーんまよ'],
  ['260', 'Cheese bread', 'チーズパン', 'ちーずぱん'],
  ['300', 'Pizza bread', 'ピザパン', 'ぴざぱん'],
  ['150', 'Bagel, plain', 'ベーグル（プレーン）', 'べーぐる'],
  ['180', 'Bagel, blueberry', 'ベーグル（ブルーベリー）', 'べーぐる'],
  ['450', 'Ham sandwich', 'ハムサンド', 'はむさんど'],
  ['480', 'Tuna sandwich', 'ツナサンド', 'つなさんど シーチキン'],
  ['520', 'Cutlet sandwich', 'カツサンド', 'かつさんど'],
  ['460', 'Fruit sandwich', 'フルーツサンド', 'ふるーつさんど'],
]

const CAKES: readonly Line[] = [
  ['3200', 'Cake, to order', '予約のケーキ', 'けーき ホール', { key: 'J', delivery: 'yes' }],
  ['650', 'Rum cake, from 20', 'ラム酒ケーキ（20歳以上）', 'らむしゅけーき', { key: 'L', minimum_age: '20' }],
  ['480', 'Strawberry shortcake', 'いちごのショートケーキ', 'しょーとけーき 苺'],
  ['460', 'Cheesecake', 'チーズケーキ', 'ちーずけーき'],
  ['450', 'Chocolate gateau', 'ガトーショコラ', 'がとーしょこら'],
  ['420', 'Custard pudding', 'プリン', 'ぷりん'],
  ['380', 'Cream puff', 'シュークリーム', 'しゅーくりーむ'],
  ['350', 'Éclair', 'エクレア', 'えくれあ'],
  ['280', 'Madeleine', 'マドレーヌ', 'まどれーぬ'],
  ['260', 'Financier', 'フィナンシェ', 'ふぃなんしぇ'],
  ['1200', 'Pound cake', 'パウンドケーキ', 'ぱうんどけーき'],
  ['540', 'Rusks', 'ラスク', 'らすく'],
]

const DRINKS: readonly Line[] = [
  ['280', 'Coffee to go', 'コーヒー（持ち帰り）', 'こーひー 珈琲', { key: 'H' }],
  ['300', 'Café au lait', 'カフェオレ', 'かふぇおれ カフェラテ'],
  ['260', 'Tea to go', '紅茶（持ち帰り）', 'こうちゃ'],
  ['160', 'Green tea, bottle', '緑茶（ペットボトル）', 'りょくちゃ おちゃ'],
  ['150', 'Milk', '牛乳', 'ぎゅうにゅう ミルク'],
  ['220', 'Orange juice', 'オレンジジュース', 'おれんじじゅーす'],
  [
    '600',
    'Sparkling wine, small',
    'スパークリングワイン（小瓶）',
    'すぱーくりんぐわいん',
    { minimum_age: '20', tax: STANDARD },
  ],
]

const OTHERS: readonly Line[] = [
  ['10', 'Paper bag', '紙袋', 'かみぶくろ レジ袋', { key: 'I', tax: STANDARD }],
  ['4800', 'Toaster', 'トースター', 'とーすたー', { key: 'K', tax: STANDARD, take_back: 'P8D' }],
  ['680', 'Strawberry jam', 'いちごジャム', 'いちごじゃむ 苺'],
  ['980', 'Honey', 'はちみつ', '蜂蜜'],
  ['720', 'Butter, 200 g', 'バター 200g', 'ばたー'],
]

/** What is not counted: weighed, priced by the scales, keyed by hand, and what the customer adds. */
const SPECIAL: readonly Row[] = [
  { code: 'goods', name_en: 'Goods', name_ja: 'お買い上げ', search: 'その他', kind: 'open', category: 'Other' },
  {
    code: 'stollen',
    name_en: 'Stollen, by weight',
    name_ja: 'シュトレン（量り売り）',
    search: 'しゅとれん',
    price: '480',
    unit: '100g',
    kind: 'weight',
    category: 'Cakes',
  },
  {
    code: 'cookies',
    name_en: 'Cookies, by weight',
    name_ja: 'クッキー（量り売り）',
    search: 'くっきー',
    price: '350',
    unit: '100g',
    kind: 'weight',
    category: 'Cakes',
  },
  {
    code: '2000101PPPPPC',
    name_en: 'Salad from the counter',
    name_ja: '量り売りサラダ',
    search: 'さらだ',
    kind: 'in-store',
    category: 'Other',
  },
  {
    code: '2200202VPPPPC',
    name_en: 'Bread of yesterday',
    name_ja: '前日のパン',
    search: 'ぜんじつ 見切り',
    kind: 'in-store',
    category: 'Bread',
  },
  {
    code: '2100303GGGGGC',
    name_en: 'Cheese',
    name_ja: 'チーズ',
    search: 'ちーず',
    price: '620',
    unit: '100g',
    kind: 'in-store',
    category: 'Other',
  },
  { code: 'tip', name_en: 'Tip', name_ja: 'チップ', kind: 'tip', tax: '', category: 'Other' },
]

const rowsOf = (lines: readonly Line[], category: string, first: number): Row[] =>
  lines.map(([price, name_en, name_ja, search, more], index) => ({
    code: jan(first + index),
    name_en,
    name_ja,
    search,
    price,
    category,
    ...more,
  }))

/** The bakery's file as CSV: prices in yen. */
export function demoPriceFile(): string {
  const rows = [
    ...rowsOf(BREAD, 'Bread', 101),
    ...rowsOf(CAKES, 'Cakes', 201),
    ...rowsOf(DRINKS, 'Drinks', 301),
    ...rowsOf(OTHERS, 'Other', 401),
    ...SPECIAL,
  ].map((row): Row => ({ ...row, name: row.name_en ?? '', tax: row.tax ?? REDUCED }))
  return [csvRow(COLUMNS), ...rows.map((row) => csvRow(COLUMNS.map((column) => row[column] ?? '')))].join('')
}

/** Gives the bakery its file where it has none yet. */
export async function settlePriceFile(goods: Goods, party: PartyId, unit: Unit): Promise<void> {
  // Its prices are yen.
  if (unit !== 'JPY' || (await goods.file(party)).version > 0) return
  const csv = demoPriceFile()
  const read = await readPriceFile(csv, unit)
  const [fault] = read.faults
  if (fault !== undefined) throw new Error(`the demo's price file, line ${fault.line}: ${fault.column} ${fault.reason}`)
  const hash = createHash('sha256').update(csv).digest()
  await goods.rewrite(party, { basedOn: 0, hash }, () => ({
    rewrite: { goods: read.goods, written: read.goods.map((_, index) => index), removed: [] },
  }))
}
