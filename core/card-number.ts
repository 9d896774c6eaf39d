// Card numbers: the check digit they all carry, what may be shown of one, and how one is found in a text that people write.
//
// A card number has no place in a name or a note, so texts are searched before they are kept. Found is what is written as a card
// number is: whole groups of digits (full-width ones too), between them spaces, dashes or dots, with the right check digit, and a
// length that cards with these first digits have:
//
//   begins with                     digits           whose
//   4                               16, 19           Visa
//   4, written 4-3-3-3              13               Visa, long ago
//   5, 6                            16 to 19         Mastercard, Maestro, Discover, UnionPay
//   2200–2204, 2221–2720            16 to 19         Mir, Mastercard
//   3528–3589                       16 to 19         JCB
//   34, 37                          15               American Express
//   30, 36, 38, 39                  14, 16 to 19     Diners Club
//
// One in ten other numbers has a right check digit by chance, so what is common in shops is kept out by its form: an article code (13
// digits, a JAN begins with 45 or 49) and a Japanese tax registration (T and 13 digits) are written in one run; a time (20261122…),
// a telephone number and an account number begin or end otherwise.

/** Where a card number stands in a text: `from` inclusive, `to` exclusive, in UTF-16 units. */
export type FoundNumber = Readonly<{ digits: string; from: number; to: number }>

type Group = Readonly<{ digits: string; from: number; to: number }>

const MASK = '•'
const DIGIT_RUN = /[0-9\uff10-\uff19]+/g
/** Spaces of every width, signs that cannot be seen, dashes and dots; three of them between two groups (" - ") and no more. */
const BETWEEN = /^[\s\u00ad\u200b-\u200d\u2060\ufeff.\u00b7\u30fb_\-\u2010-\u2015\u2212\u30fc\uff0d]{1,3}$/
const SHORTEST = 13
const LONGEST = 19
const OLD_GROUPS = '4-3-3-3'

/** The shapes of the table above, but for the one that needs its groups. */
const SHAPES: readonly RegExp[] = [
  /^4(?:[0-9]{15}|[0-9]{18})$/,
  /^[56][0-9]{15,18}$/,
  /^(?:220[0-4]|222[1-9]|22[3-9][0-9]|2[3-6][0-9]{2}|27[01][0-9]|2720)[0-9]{12,15}$/,
  /^35(?:2[89]|[3-8][0-9])[0-9]{12,15}$/,
  /^3[47][0-9]{13}$/,
  /^3[0689](?:[0-9]{12}|[0-9]{14,17})$/,
]

/** The digit that belongs behind `digits` (ISO/IEC 7812-1: every second digit from the right doubled). */
export function luhnDigit(digits: string): string {
  let sum = 0
  let isDoubled = true
  for (let index = digits.length - 1; index >= 0; index--) {
    const digit = Number(digits[index])
    sum += isDoubled ? digit * 2 - (digit > 4 ? 9 : 0) : digit
    isDoubled = !isDoubled
  }
  return String((10 - (sum % 10)) % 10)
}

/** Are these digits alone, the last of them the right check digit? */
export function isLuhn(digits: string): boolean {
  return /^[0-9]{2,}$/.test(digits) && luhnDigit(digits.slice(0, -1)) === digits.at(-1)
}

/** Could this be a card's number as it is kept: 12 to 19 digits and the check digit right? */
export function isCardNumber(digits: string): boolean {
  return /^[0-9]{12,19}$/.test(digits) && isLuhn(digits)
}

/** The first six digits, which name the issuer and may be shown. */
export const firstSix = (digits: string): string => digits.slice(0, 6)
/** The last four digits, which the holder knows the card by. */
export const lastFour = (digits: string): string => digits.slice(-4)
/** A card's number as people see it, from its last four digits: ···4242. */
export const shownNumber = (last4: string): string => `···${last4}`

/** The card numbers in a text, in their order; where several begin at one place, the longest. */
export function cardNumbersIn(text: string): readonly FoundNumber[] {
  // Nearly every text ends here: it holds too few digits, and is searched no further.
  if (!hasDigits(text, SHORTEST)) return []
  const groups = groupsIn(text)
  const found: FoundNumber[] = []
  let next = 0
  while (next < groups.length) {
    const last = lastOfNumber(text, groups, next)
    if (last === undefined) next += 1
    else {
      found.push(joined(groups.slice(next, last + 1)))
      next = last + 1
    }
  }
  return found
}

/** The text with every card number in it hidden but for its last four digits: •••• •••• •••• 4242. */
export function maskedText(text: string): string {
  let masked = ''
  let done = 0
  for (const { from, to } of cardNumbersIn(text)) {
    const part = text.slice(from, to)
    let hidden = (part.match(/[0-9\uff10-\uff19]/g)?.length ?? 0) - 4
    masked += text.slice(done, from) + part.replace(/[0-9\uff10-\uff19]/g, (digit) => (hidden-- > 0 ? MASK : digit))
    done = to
  }
  return masked + text.slice(done)
}

function hasDigits(text: string, count: number): boolean {
  let digits = 0
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index)
    if ((unit >= 0x30 && unit <= 0x39) || (unit >= 0xff10 && unit <= 0xff19)) digits += 1
    if (digits === count) return true
  }
  return false
}

function groupsIn(text: string): readonly Group[] {
  const groups: Group[] = []
  for (const { 0: run, index } of text.matchAll(DIGIT_RUN))
    groups.push({ digits: run.normalize('NFKC'), from: index, to: index + run.length })
  return groups
}

/** The last group of the longest card number that begins with the group `first`; undefined where none does. */
function lastOfNumber(text: string, groups: readonly Group[], first: number): number | undefined {
  let digits = ''
  let shape = ''
  let longest: number | undefined
  for (let last = first; last < groups.length; last++) {
    const group = groups[last]
    const before = groups[last - 1]
    if (group === undefined) break
    if (last > first && before !== undefined && !BETWEEN.test(text.slice(before.to, group.from))) break
    digits += group.digits
    if (digits.length > LONGEST) break
    shape += `${last > first ? '-' : ''}${group.digits.length}`
    if (isShaped(digits, shape) && isLuhn(digits)) longest = last
  }
  return longest
}

function isShaped(digits: string, groups: string): boolean {
  if (digits.length === SHORTEST) return digits.startsWith('4') && groups === OLD_GROUPS
  return SHAPES.some((shape) => shape.test(digits))
}

function joined(groups: readonly Group[]): FoundNumber {
  const digits = groups.map((group) => group.digits).join('')
  return { digits, from: groups[0]?.from ?? 0, to: groups.at(-1)?.to ?? 0 }
}
