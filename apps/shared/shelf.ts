// All goods of a shop in memory, to be found by code and by name while somebody types: 50,000 of them within a keystroke. Pure.
//
// Names, kana and codes of all goods stand in one long text, folded (width, case, kana, accents), a line for each good. Looking for a
// word is one search through that text, which engines do faster than any index that we could keep up to date.
import { candidatesOf, carried, carriedBy, digitsAt, isInStore, maskOf } from '#core/article-codes.ts'
import type { Good } from '#core/goods.ts'

export type Shelf = Readonly<{
  goods: readonly Good[]
  byCode: ReadonlyMap<string, Good>
  /** patterns of in-store codes: mask → digits at its places → good */
  inStore: ReadonlyMap<string, ReadonlyMap<string, Good>>
  /** every good's folded line, and where each begins */
  text: string
  starts: Uint32Array
}>

/** What a read code is, with the price (smallest part) or the grams inside it. */
export type Found =
  | Readonly<{ kind: 'good'; good: Good }>
  | Readonly<{ kind: 'priced'; good: Good; price: bigint }>
  | Readonly<{ kind: 'weighed'; good: Good; grams: number }>
  | Readonly<{ kind: 'unknown' }>
  | Readonly<{ kind: 'misread' }>

/** Folds what people type and what files hold to one form: ＡＢＣ, ｱﾝﾊﾟﾝ, アンパン and あんぱん, Café and cafe. */
export const folded = (text: string): string =>
  text
    .normalize('NFKC')
    .toLowerCase()
    .normalize('NFD')
    .replaceAll(/[\u0300-\u036f]/g, '')
    .normalize('NFC')
    .replaceAll(/[\u30a1-\u30f6]/g, (kana) => String.fromCharCode(kana.charCodeAt(0) - 0x60))

const lineOf = ({ name, nameEn, nameJa, search, code, category }: Good): string =>
  folded([nameJa ?? '', nameEn ?? '', name, search, code, category].join('\t')).replaceAll('\n', ' ')

/** The shelf of a file's goods; those that are not sold at present are found by nobody. */
export function shelfOf(all: readonly Good[]): Shelf {
  const goods = all.filter(({ isActive }) => isActive)
  const byCode = new Map<string, Good>()
  const inStore = new Map<string, Map<string, Good>>()
  const starts = new Uint32Array(goods.length)
  const lines: string[] = []
  let length = 0
  for (const [index, good] of goods.entries()) {
    if (good.kind === 'in-store') {
      const mask = maskOf(good.code)
      const ofMask = inStore.get(mask) ?? new Map<string, Good>()
      inStore.set(mask, ofMask.set(digitsAt(mask, good.code), good))
    } else byCode.set(good.code, good)
    const line = `\t${lineOf(good)}\n`
    starts[index] = length
    length += line.length
    lines.push(line)
  }
  return { goods, byCode, inStore, text: lines.join(''), starts }
}

export const EMPTY_SHELF: Shelf = shelfOf([])

/** What a scanner read or somebody typed: a good, one with a price or weight inside, or nothing of this shop. */
export function findCode({ byCode, inStore }: Shelf, text: string): Found {
  const candidates = candidatesOf(text)
  for (const code of candidates) {
    const good = byCode.get(code)
    if (good !== undefined) return { kind: 'good', good }
    if (!isInStore(code)) continue
    for (const [mask, ofMask] of inStore) {
      const carrier = ofMask.get(digitsAt(mask, code))
      const amount = carrier && carried(carrier.code, code)
      if (carrier === undefined || amount === undefined) continue
      if (amount === 'misread' || amount === 0n) return { kind: 'misread' }
      return carriedBy(carrier.code) === 'price'
        ? { kind: 'priced', good: carrier, price: amount }
        : { kind: 'weighed', good: carrier, grams: Number(amount) }
    }
  }
  return { kind: candidates.length === 0 ? 'misread' : 'unknown' }
}

/**
 * The goods whose lines hold every word of `query`, at most `most` of them: those with a name that begins with it come first, then
 * those with a word that does, then the rest, each in the order of the file.
 */
export function searchShelf(shelf: Shelf, query: string, most: number): readonly Good[] {
  const words = folded(query)
    .split(/\s+/u)
    .filter((word) => word !== '')
  // The longest word is found in the fewest lines.
  const [longest, ...others] = words.toSorted((one, other) => other.length - one.length)
  if (longest === undefined) return []
  const found = new Set<number>()
  for (const beginning of [`\t${longest}`, ` ${longest}`, longest]) {
    for (const index of linesWith(shelf, beginning)) {
      if (found.size >= most) break
      if (others.every((word) => lineAt(shelf, index).includes(word))) found.add(index)
    }
  }
  return [...found].flatMap((index) => shelf.goods[index] ?? [])
}

function* linesWith({ text, starts }: Shelf, word: string): Generator<number> {
  let at = text.indexOf(word)
  while (at >= 0) {
    const index = indexAt(starts, at)
    yield index
    const next = starts[index + 1]
    at = next === undefined ? -1 : text.indexOf(word, next)
  }
}

const lineAt = ({ text, starts }: Shelf, index: number): string => text.slice(starts[index], starts[index + 1])

/** The last line that begins at or before `place`. */
function indexAt(starts: Uint32Array, place: number): number {
  let [low, high] = [0, starts.length - 1]
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if ((starts[middle] ?? 0) <= place) low = middle
    else high = middle - 1
  }
  return low
}
