// The reference bank's books: accounts, permissions to collect (mandates), and what became of every order, by its end-to-end id. Pure:
// what may be done is decided from the books, and only records change them, so that reading the journal again gives the same books.
//
// A debit's id stands for one fate, whatever comes in which order:
//
//           | never heard of | booked   | refused | reversed | withdrawn
//  ---------+----------------+----------+---------+----------+-----------
//  collect  | booked or      | booked   | refused | refused  | refused
//           | refused        |          |         |          |
//  reverse  | withdrawn      | reversed | refused | reversed | withdrawn
//
// A reversal of what never came leaves a tombstone (withdrawn): the collection that comes after it moves nothing.
import type { Unit } from '#core/money.ts'
import type { Entry } from './iso20022.ts'
import type { Result } from './zengin.ts'

export type Account = Readonly<{
  bank: string
  branch: string
  kind: string
  number: string
  /** in half-width kana, as the file of the banks has it */
  holder: string
  balance: bigint
}>
export type Mandate = Readonly<{ id: string; account: string; signedOn: string; isEnded: boolean }>
export type Debit = Readonly<{
  id: string
  mandate: string
  account: string
  amount: bigint
  state: 'booked' | 'refused' | 'reversed' | 'withdrawn'
  reason: string | null
}>
export type Paid = Readonly<{ id: string; account: string; amount: bigint; reason: string | null }>
/** `results` by the collector's twenty digits; null while nothing has become of the file */
export type DebitsFile = Readonly<{ id: string; body: string; results: Readonly<Record<string, Result>> | null }>

/** What is written down; amounts as decimal text. */
export type Booked =
  | Readonly<{
      what: 'account'
      bank: string
      branch: string
      kind: string
      number: string
      holder: string
      balance: string
    }>
  | Readonly<{ what: 'mandate'; id: string; account: string; day: string }>
  | Readonly<{ what: 'mandate-ended'; id: string; day: string }>
  | Readonly<{ what: 'debited'; id: string; mandate: string; account: string; amount: string; day: string }>
  | Readonly<{
      what: 'not-debited'
      id: string
      mandate: string
      account: string
      amount: string
      reason: string
      day: string
    }>
  | Readonly<{ what: 'reversed'; id: string; day: string }>
  | Readonly<{ what: 'withdrawn'; id: string; amount: string; day: string }>
  | Readonly<{ what: 'paid'; id: string; account: string; amount: string; reason: string | null; day: string }>
  | Readonly<{ what: 'filed'; id: string; body: string; day: string }>
  | Readonly<{
      what: 'file-done'
      id: string
      results: Readonly<Record<string, Result>>
      taken: readonly (readonly [account: string, amount: string])[]
      day: string
    }>

export type Books = Readonly<{
  unit: Unit
  accounts: Map<string, Account>
  mandates: Map<string, Mandate>
  debits: Map<string, Debit>
  paid: Map<string, Paid>
  files: Map<string, DebitsFile>
  /** of the collector's account, in the order of booking */
  entries: Entry[]
}>

export const emptyBooks = (unit: Unit): Books => ({
  unit,
  accounts: new Map(),
  mandates: new Map(),
  debits: new Map(),
  paid: new Map(),
  files: new Map(),
  entries: [],
})

export const keyOf = ({ bank, branch, kind, number }: Omit<Account, 'holder' | 'balance'>): string =>
  `${bank}-${branch}-${kind}-${number}`

/** A booking's reference: its place in the collector's account, so that "those after this one" can be asked for. */
export const referenceOf = (place: number): string => `B${String(place).padStart(12, '0')}`
export const placeOf = (reference: string): number => Number(/^B(\d{12})$/u.exec(reference)?.[1] ?? 0)

/** Changes the books by what was written down. */
export function enter(books: Books, record: Booked): void {
  const { accounts, mandates, debits, paid, files } = books
  switch (record.what) {
    case 'account': {
      const account = { ...record, balance: BigInt(record.balance) }
      accounts.set(keyOf(account), account)
      return
    }
    case 'mandate':
      mandates.set(record.id, { id: record.id, account: record.account, signedOn: record.day, isEnded: false })
      return
    case 'mandate-ended': {
      const known = mandates.get(record.id)
      if (known !== undefined) mandates.set(record.id, { ...known, isEnded: true })
      return
    }
    case 'debited': {
      const amount = BigInt(record.amount)
      debits.set(record.id, { ...record, amount, state: 'booked', reason: null })
      move(books, record.account, -amount)
      note(books, { id: record.id, amount, isCredit: true, isReversal: false, day: record.day })
      return
    }
    case 'not-debited':
      debits.set(record.id, { ...record, amount: BigInt(record.amount), state: 'refused' })
      return
    case 'reversed': {
      const debit = debits.get(record.id)
      if (debit === undefined) throw new Error('only what was booked is reversed')
      debits.set(record.id, { ...debit, state: 'reversed' })
      move(books, debit.account, debit.amount)
      note(books, { id: debit.id, amount: debit.amount, isCredit: false, isReversal: true, day: record.day })
      return
    }
    case 'withdrawn':
      debits.set(record.id, {
        id: record.id,
        mandate: '',
        account: '',
        amount: BigInt(record.amount),
        state: 'withdrawn',
        reason: null,
      })
      return
    case 'paid': {
      const amount = BigInt(record.amount)
      paid.set(record.id, { ...record, amount })
      if (record.reason !== null) return
      move(books, record.account, amount)
      note(books, { id: record.id, amount, isCredit: false, isReversal: false, day: record.day })
      return
    }
    case 'filed':
      files.set(record.id, { id: record.id, body: record.body, results: null })
      return
    case 'file-done': {
      const file = files.get(record.id)
      if (file === undefined) throw new Error('only a file that came is done')
      files.set(record.id, { ...file, results: record.results })
      let sum = 0n
      for (const [account, amount] of record.taken) {
        move(books, account, -BigInt(amount))
        sum += BigInt(amount)
      }
      if (sum > 0n) note(books, { id: record.id, amount: sum, isCredit: true, isReversal: false, day: record.day })
    }
  }
}

function move({ accounts }: Books, key: string, amount: bigint): void {
  const account = accounts.get(key)
  if (account === undefined) throw new Error('money moves between accounts that are there')
  accounts.set(key, { ...account, balance: account.balance + amount })
}

function note({ entries, unit }: Books, entry: Omit<Entry, 'reference' | 'unit'>): void {
  entries.push({ ...entry, unit, reference: referenceOf(entries.length + 1) })
}

/** What the collector has at the bank: all that was collected less all that went back. */
export const collected = ({ entries }: Books): bigint =>
  entries.reduce((sum, { amount, isCredit }) => sum + (isCredit ? amount : -amount), 0n)

type At = Readonly<{ day: string }>

/** A permission to collect, for the holder's name as the bank has it. Undefined for a wrong name as for an account that is not there. */
export function allow(
  books: Books,
  asked: Readonly<{ id: string; account: string; holder: string }> & At,
): Booked[] | undefined {
  const { id, account, holder, day } = asked
  if (books.accounts.get(account)?.holder !== holder) return undefined
  const known = books.mandates.get(id)
  if (known === undefined) return [{ what: 'mandate', id, account, day }]
  // The same again is the same; an id that stands for something else, or was ended, stands for nothing new.
  return known.account === account && !known.isEnded ? [] : undefined
}

export const endMandate = (books: Books, id: string, { day }: At): Booked[] =>
  books.mandates.get(id)?.isEnded === false ? [{ what: 'mandate-ended', id, day }] : []

/** Takes a debit's amount, or notes why not. An id that is known has its fate already. Undefined where the id stands for another debit. */
export function collect(
  books: Books,
  asked: Readonly<{ id: string; mandate: string; account: string; amount: bigint }> & At,
): Booked[] | undefined {
  const { id, mandate, account, amount, day } = asked
  const known = books.debits.get(id)
  if (known?.state === 'withdrawn') return []
  if (known !== undefined)
    return known.mandate === mandate && known.account === account && known.amount === amount ? [] : undefined
  const order = { id, mandate, account, amount: String(amount), day }
  const reason = whyNot(books, asked)
  return [reason === null ? { what: 'debited', ...order } : { what: 'not-debited', ...order, reason }]
}

/** The bank's reason (ISO 20022 codes), or null where it can be taken. */
function whyNot(
  { accounts, mandates }: Books,
  asked: Readonly<{ mandate: string; account: string; amount: bigint }>,
): string | null {
  const account = accounts.get(asked.account)
  if (account === undefined) return 'AC01'
  const mandate = mandates.get(asked.mandate)
  if (mandate === undefined || mandate.isEnded || mandate.account !== asked.account) return 'MD01'
  return account.balance < asked.amount ? 'AM04' : null
}

/** Takes a debit back, whole; one that never came is kept from coming. */
export function reverse(books: Books, { id, amount, day }: Readonly<{ id: string; amount: bigint }> & At): Booked[] {
  const known = books.debits.get(id)
  if (known === undefined) return [{ what: 'withdrawn', id, amount: String(amount), day }]
  return known.state === 'booked' ? [{ what: 'reversed', id, day }] : []
}

/** Pays from the collector's account. Undefined where the id stands for another payment. */
export function pay(
  books: Books,
  asked: Readonly<{ id: string; account: string; amount: bigint }> & At,
): Booked[] | undefined {
  const { id, account, amount, day } = asked
  const known = books.paid.get(id)
  if (known !== undefined) return known.account === account && known.amount === amount ? [] : undefined
  const reason = books.accounts.has(account) ? null : 'AC01'
  return [{ what: 'paid', id, account, amount: String(amount), reason, day }]
}

/** What becomes of the debits of a file, in their order, each by what is left in its account then. */
export function settleFile(
  books: Books,
  id: string,
  debits: readonly Readonly<{ account: string; customer: string; amount: bigint }>[],
  { day }: At,
): Booked[] {
  const allowed = new Set([...books.mandates.values()].flatMap((mandate) => (mandate.isEnded ? [] : mandate.account)))
  const left = new Map<string, bigint>()
  const taken: (readonly [string, string])[] = []
  const results: Record<string, Result> = {}
  for (const { account, customer, amount } of debits) {
    const known = books.accounts.get(account)
    const balance = left.get(account) ?? known?.balance ?? 0n
    const result = known === undefined ? '2' : !allowed.has(account) ? '4' : balance < amount ? '1' : '0'
    results[customer] = result
    if (result !== '0') continue
    left.set(account, balance - amount)
    taken.push([account, String(amount)])
  }
  return [{ what: 'file-done', id, results, taken, day }]
}
