// The codes printed on goods: EAN-13 (JAN is one), EAN-8, UPC-A, UPC-E, and the shop's own with a price or a weight inside.
//
//   read            kept as
//   13 digits       as they are (EAN-13; Japan's JAN begins with 45 or 49)
//   12 digits       EAN-13 with a 0 before them (UPC-A)
//   8 digits        as they are (EAN-8); where they fit as UPC-E too, the UPC-A behind them is the second candidate
//   anything else   the shop's own code, as it is written
//
// An in-store code is an EAN-13 that begins with 02 or 20 to 29. What its digits mean is the shop's own choice, so each such good
// says it by a pattern of 13 signs:
//
//   0–9   this digit               P   the price in the unit's smallest part, 4 to 6 of them together
//   ?     any digit                G   the weight in grams, 4 to 6 of them together
//   V     price verifier over 4 or 5 P (or G)          C   check digit, always the last
//
//   2012345PPPPPC   flag 20, good 12345, five digits of price
//   2254321VPPPPC   flag 22, good 54321, verifier, four digits of price
//   2112345GGGGGC   flag 21, good 12345, five digits of grams

/** The longest code of a shop's own, and what it is made of. */
const OWN_CODE = /^[0-9A-Za-z][0-9A-Za-z._/-]{0,23}$/
const CODED_LENGTHS: ReadonlySet<number> = new Set([8, 12, 13])
const IN_STORE = /^(?:02|2[0-9])/
const PATTERN = /^(?:02|2[0-9])[0-9?V]*(?:P{4,6}|G{4,6})[0-9?V]*C$/
const PATTERN_LENGTH = 13

/** The check digit that belongs behind `digits`: weights 3 and 1 in turn from the right (GS1 General Specifications 7.9). */
export function checkDigit(digits: string): number {
  let weighted = 0
  for (const [index, digit] of Array.from(digits).toReversed().entries())
    weighted += Number(digit) * (index % 2 === 0 ? 3 : 1)
  return (10 - (weighted % 10)) % 10
}

const endsRight = (digits: string): boolean => checkDigit(digits.slice(0, -1)) === Number(digits.at(-1))

/**
 * The UPC-A of an eight-digit UPC-E (number system, six digits, check digit), without its leading zero as EAN-13; undefined where
 * the digits are none, or the check digit is not right.
 */
export function expandUpcE(code: string): string | undefined {
  if (!/^[01][0-9]{7}$/.test(code)) return undefined
  const [system, one, two, three, four, five, last, check] = Array.from(code)
  const middle =
    last === '0' || last === '1' || last === '2'
      ? `${one}${two}${last}0000${three}${four}${five}`
      : last === '3'
        ? `${one}${two}${three}00000${four}${five}`
        : last === '4'
          ? `${one}${two}${three}${four}00000${five}`
          : `${one}${two}${three}${four}${five}0000${last}`
  const whole = `${system}${middle}${check}`
  return endsRight(whole) ? whole : undefined
}

/**
 * What a read or typed code may stand for in a price file, the likeliest first; none where it has the length of an article code
 * and its check digit is wrong, or where it is no code at all.
 */
export function candidatesOf(text: string): readonly string[] {
  const code = text.normalize('NFKC').trim()
  if (!OWN_CODE.test(code)) return []
  if (!/^[0-9]+$/.test(code) || !CODED_LENGTHS.has(code.length)) return [code]
  if (code.length === 12) return endsRight(code) ? [`0${code}`] : []
  if (code.length === 13) return endsRight(code) ? [code] : []
  const upcA = expandUpcE(code)
  return [...(endsRight(code) ? [code] : []), ...(upcA === undefined ? [] : [`0${upcA}`])]
}

/** Does this text have the form of an article code: 8, 12 or 13 digits, whether or not its check digit is right? */
export const looksLikeArticle = (text: string): boolean => /^(?:[0-9]{8}|[0-9]{12,13})$/.test(text)

/** The code as a price file keeps it; undefined where it cannot be one: a wrong check digit, or signs that no code has. */
export const keptCode = (text: string): string | undefined => candidatesOf(text)[0]

/** Is this the pattern of an in-store code, of the form above? */
export function isPattern(text: string): boolean {
  if (text.length !== PATTERN_LENGTH || !PATTERN.test(text)) return false
  const verifiers = text.replaceAll(/[^V]/g, '').length
  return verifiers === 0 || (verifiers === 1 && valueOf(text, text).length <= 5)
}

export const isInStore = (code: string): boolean => code.length === PATTERN_LENGTH && IN_STORE.test(code)

/** What a code of this pattern carries besides the good. */
export const carriedBy = (pattern: string): 'price' | 'grams' => (pattern.includes('P') ? 'price' : 'grams')

/** The places where a pattern has digits of its own: codes of one mask are told apart by these digits alone. */
export const maskOf = (pattern: string): string => pattern.replaceAll(/[0-9]/g, '#').replaceAll(/[^#]/g, '.')

/** The digits of a code (or pattern) at the places of a mask. */
export const digitsAt = (mask: string, code: string): string =>
  Array.from(mask, (sign, index) => (sign === '#' ? code.charAt(index) : '')).join('')

/**
 * The price (smallest part) or grams inside an in-store code of this pattern: `undefined` where the code is not of it, `misread`
 * where its price verifier does not fit.
 */
export function carried(pattern: string, code: string): bigint | 'misread' | undefined {
  const mask = maskOf(pattern)
  if (!isInStore(code) || !endsRight(code) || digitsAt(mask, code) !== digitsAt(mask, pattern)) return undefined
  const value = valueOf(pattern, code)
  const verifier = pattern.indexOf('V')
  if (verifier >= 0 && Number(code.charAt(verifier)) !== priceVerifier(value)) return 'misread'
  return BigInt(value)
}

const valueOf = (pattern: string, code: string): string =>
  Array.from(code)
    .filter((_, index) => pattern.charAt(index) === 'P' || pattern.charAt(index) === 'G')
    .join('')

/** What each digit counts as under the four weights of GS1 General Specifications 7.9.2, by digit. */
const TWO_MINUS = '0246891357'
const THREE = '0369258147'
const FIVE_PLUS = '0516273849'
const FIVE_MINUS = '0594837261'

/** The digit that guards a price or weight of four or five digits inside a code (GS1 General Specifications 7.9.3 and 7.9.4). */
export function priceVerifier(digits: string): number {
  const weights =
    digits.length === 4
      ? [TWO_MINUS, TWO_MINUS, THREE, FIVE_MINUS]
      : [FIVE_PLUS, TWO_MINUS, FIVE_MINUS, FIVE_PLUS, TWO_MINUS]
  let weighted = 0
  for (const [index, digit] of Array.from(digits).entries()) weighted += Number(weights[index]?.charAt(Number(digit)))
  return digits.length === 4 ? (weighted * 3) % 10 : FIVE_MINUS.indexOf(String((10 - (weighted % 10)) % 10))
}
