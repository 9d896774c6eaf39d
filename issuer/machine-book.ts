// A card machine's memory: what it has asked and heard, so that it never charges twice and never forgets to take back what it did not hear of.
//
//   sale    asked → approved | refused; not answered: taking-back → taken-back, or approved where the issuer does not take it back
//   refund  asked → approved | refused (asked again until answered)
import type { Unit } from '#core/money.ts'
import type { Trace } from './elements.ts'

export type Entry = Readonly<{
  /** the register's own, once for ever */
  reference: string
  kind: 'sale' | 'refund'
  number: string
  /** YYMM; of a sale */
  expires: string
  unit: Unit
  amount: bigint
  merchant: string
  terminal: string
  /** of a refund: the sale's */
  saleRrn: string | null
  trace: Trace
  state: 'asked' | 'approved' | 'refused' | 'taking-back' | 'taken-back'
  code: string | null
  approval: string | null
  /** of the message that takes it back */
  reversal: Trace | null
}>

export type Noted =
  | (Readonly<{ what: 'asked'; amount: string }> & Omit<Entry, 'amount' | 'state' | 'code' | 'approval' | 'reversal'>)
  | Readonly<{ what: 'answered'; reference: string; code: string; approval: string | null }>
  | Readonly<{ what: 'taking-back'; reference: string; reversal: Trace }>
  | Readonly<{ what: 'taken-back'; reference: string }>

/** By reference; `messages` counts the traces that were used. */
export type MachineBook = { entries: Map<string, Entry>; messages: number }

/** Changes the book by what was noted. */
export function note(book: MachineBook, noted: Noted): void {
  const { entries } = book
  if (noted.what === 'asked') {
    const { what: _what, amount, ...rest } = noted
    book.messages++
    const fresh = { state: 'asked', code: null, approval: null, reversal: null } as const
    entries.set(noted.reference, { ...rest, ...fresh, amount: BigInt(amount) })
    return
  }
  const entry = entries.get(noted.reference)
  if (entry === undefined) throw new Error('only what was asked is answered')
  switch (noted.what) {
    case 'answered': {
      const { code, approval } = noted
      return void entries.set(noted.reference, {
        ...entry,
        state: code === '00' ? 'approved' : 'refused',
        code,
        approval,
      })
    }
    case 'taking-back':
      book.messages++
      return void entries.set(noted.reference, { ...entry, state: 'taking-back', reversal: noted.reversal })
    case 'taken-back':
      return void entries.set(noted.reference, { ...entry, state: 'taken-back' })
  }
}
