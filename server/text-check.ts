// Card numbers in texts: the one place where what people write is searched for them, by a keyword of the schemas (protocol/parts.ts).
// What is found is refused before anything is decided or kept, and told masked: the number itself is in no answer and no log.
import { cardNumbersIn, maskedText } from '#core/card-number.ts'
import { NO_CARD_NUMBER } from '#protocol/parts.ts'

/** A check as ajv calls it; what it finds stands in `errors`. */
type Check = { (isMarked: boolean, text: string): boolean; errors?: { keyword: string; params: object }[] }

const check: Check = (isMarked, text) => {
  const masked = isMarked ? maskedNumber(text) : undefined
  if (masked === undefined) return true
  check.errors = [{ keyword: NO_CARD_NUMBER, params: { masked } }]
  return false
}

/** The keyword's definition for ajv. */
export const cardNumberKeyword = { keyword: NO_CARD_NUMBER, type: 'string', schemaType: 'boolean', validate: check }

/** The first card number in a text, masked but for its last four digits; undefined where there is none. */
export function maskedNumber(text: string): string | undefined {
  const [found] = cardNumbersIn(text)
  return found && maskedText(text.slice(found.from, found.to))
}
