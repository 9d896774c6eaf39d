// A customer's code that was read or typed: what it is is said here at once, and only a code of ours goes to the hub.
import { readCustomerCode, type CodeRead } from '#core/customer-code.ts'
import { SYSTEM_NAMES } from '#core/foreign-codes.ts'
import type { Locale } from '#ui/i18n.ts'
import { createStore } from '#ui/store.ts'
import type { Till } from './context.tsx'
import type { ScannedReader } from './scanned.ts'
import { openWay } from './screens/more-ways.tsx'
import { isEmpty } from './draft.ts'
import { CUSTOMER_CODE, screenOf, type RegisterState } from './state.ts'
import { cardWords } from './words-card.ts'
import { codeWords } from './words-code.ts'

/** The last text that was no code of ours, for the screen to say what it is. */
export const misread = createStore<CodeRead | null>(null)

/** Asks the phone whose code this is; says what else it is where it is none of ours. */
export function takeCode(text: string, till: Till): void {
  const code = codeIn(text)
  const read = readCustomerCode(code)
  const isCard = read.kind === 'user-id' && hasBill(till.store.get())
  const isOurs = isCard || read.kind === 'online' || read.kind === 'digits' || read.kind === 'offline'
  misread.set(isOurs ? null : read)
  if (isOurs) return void till.hub.billCode(code)
  if (screenOf(till.store.get()) === 'keying') openWay(till, CUSTOMER_CODE)
}

/** A tag holds a card's user id behind the # of an address. */
function codeIn(text: string): string {
  const at = text.indexOf('#WRF3.')
  return at < 0 ? text.trim() : text.slice(at + 1).trim()
}

/** A card is asked for an amount; a customer's code can wait for one. */
const hasBill = ({ current, deal, draft }: RegisterState): boolean =>
  current === null ? !isEmpty(draft) : deal !== null && deal.bill !== null

/** For scanners and the camera: our own codes, typed ones with a slip, and those that customers show of other wallets. */
export const customerCodes: ScannedReader = {
  reads(text) {
    const read = readCustomerCode(codeIn(text))
    if (read.kind === 'foreign') return read.code.shownBy === 'customer'
    return read.kind !== 'unknown'
  },
  take: takeCode,
}

/** What a misread text is, and what to ask for. */
export function misreadText(read: CodeRead, locale: Locale): string {
  const text = codeWords[locale]
  if (read.kind === 'slip') return text.slip
  if (read.kind === 'user-id') return cardWords[locale].billFirst
  if (read.kind !== 'foreign') return text.unknown
  const wallet = read.code.shownBy === 'customer' ? SYSTEM_NAMES[read.code.system] : null
  return wallet === null ? text.foreignOther : text.foreign(wallet)
}
