// What a scanner or the camera has read, sent on by what it is. Whoever understands a kind of code adds a reader here.
import type { Till } from './context.tsx'
import { isAnswerCode } from '#sdk/purchase-codes.ts'
import { customerCodes } from './customer-code.ts'
import { goodsCodes } from './selling.ts'

/** Understands one kind of code: a good's, a customer's, a signed purchase's. */
export type ScannedReader = Readonly<{
  /** Does this reader take the text? Decided by its form alone, at once, whatever the screen is. */
  reads(text: string): boolean
  /** Does what the code asks for. Runs only where `reads` said yes. */
  take(text: string, till: Till): void
}>

/** What a phone without a network shows after its owner has approved. */
const signedPurchases: ScannedReader = {
  reads: isAnswerCode,
  take: (text, { hub }) => void hub.offline.handBacks.answered(text),
}

/** In the order in which they are asked; what is told apart by a prefix comes before what is only digits. */
const readers = (): readonly ScannedReader[] => [signedPurchases, customerCodes, goodsCodes]

/** Sends a code that was read to whoever understands it. Tells whether anybody did. */
export function scanned(text: string, till: Till): boolean {
  const trimmed = text.trim()
  const reader = trimmed === '' ? undefined : readers().find((each) => each.reads(trimmed))
  reader?.take(trimmed, till)
  return reader !== undefined
}
