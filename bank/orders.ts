// What the reference bank does with the messages of its collector: read, decided from the books, written down, answered. Each function
// gives the answer's bytes, or why there is none.
import { collect, keyOf, pay, reverse, settleFile, type Booked, type Books } from './books.ts'
import { readReversal, readTransfer } from './iso20022-back.ts'
import { readCollection, writeStatus, type Fate, type Fault, type Holder, type StatusReport } from './iso20022.ts'
import { readDebits, writeDebits } from './zengin.ts'

export type Answer =
  | Readonly<{ ok: true; bytes: Uint8Array }>
  | Readonly<{ ok: false; why: 'unreadable'; faults: readonly Fault[] }>
  /** the id stands for something else already */
  | Readonly<{ ok: false; why: 'other' }>

export type Desk = Readonly<{
  books: Books
  /** on the disk, then in the books */
  write: (records: readonly Booked[]) => void
  /** the day of booking, YYYY-MM-DD, and the moment */
  now: () => Readonly<{ day: string; at: string }>
}>

const unreadable = (faults: readonly Fault[]): Answer => ({ ok: false, why: 'unreadable', faults })
const OTHER: Answer = { ok: false, why: 'other' }

/** Account as a message has it: branch, kind and number in a row; the bank stands apart. */
const accountOf = ({ bank, account }: Holder): string =>
  keyOf({ bank, branch: account.slice(0, 3), kind: account.slice(3, 4), number: account.slice(4) })

/** What became of a debit, by its id; undefined where it was never heard of. */
export function fateOf({ debits, unit }: Books, id: string): Fate | undefined {
  const debit = debits.get(id)
  switch (debit?.state) {
    case undefined:
      return undefined
    case 'booked':
      return { id, status: 'settled', booked: { unit, amount: debit.amount } }
    case 'refused':
      return { id, status: 'refused', reason: debit.reason ?? 'MS03' }
    case 'reversed':
    case 'withdrawn':
      return { id, status: 'refused', reason: TAKEN_BACK }
  }
}

/** ISO 20022: the order was cancelled. */
export const TAKEN_BACK = 'DS02'

export function takeCollection({ books, write, now }: Desk, body: Uint8Array, refuses: string | null): Answer {
  const read = readCollection(body)
  if (!read.ok) return unreadable(read.faults)
  const { message, debits, unit } = read.message
  if (unit !== books.unit) return unreadable([{ what: 'field', at: 'InstdAmt/@Ccy' }])
  const { day } = now()
  for (const { id, amount, payer, mandate } of debits) {
    const order = { id, amount, account: accountOf(payer), mandate: mandate.id, day }
    const isNew = !books.debits.has(id)
    if (refuses !== null && isNew) {
      write([{ ...order, what: 'not-debited', amount: String(amount), reason: refuses }])
      continue
    }
    const records = collect(books, order)
    if (records === undefined) return OTHER
    write(records)
  }
  return statusOf(now, { original: message, fates: debits.flatMap(({ id }) => fateOf(books, id) ?? []) })
}

export function lookAt({ books, now }: Desk, id: string): Answer | undefined {
  const fate = fateOf(books, id)
  return fate && statusOf(now, { original: id, fates: [fate] })
}

export function takeReversal({ books, write, now }: Desk, body: Uint8Array): Answer {
  const read = readReversal(body)
  if (!read.ok) return unreadable(read.faults)
  const { message, original, amount } = read.message
  write(reverse(books, { id: original, amount, day: now().day }))
  const debit = books.debits.get(original)
  const isBack = debit?.state === 'reversed' || debit?.state === 'withdrawn'
  const fate: Fate = isBack
    ? { id: original, status: 'settled' }
    : { id: original, status: 'refused', reason: debit?.reason ?? 'MS03' }
  return statusOf(now, { original: message, about: 'pain.007.001.09', fates: [fate] })
}

export function takeTransfer({ books, write, now }: Desk, body: Uint8Array): Answer {
  const read = readTransfer(body)
  if (!read.ok) return unreadable(read.faults)
  const { message, id, amount, payee, unit } = read.message
  if (unit !== books.unit) return unreadable([{ what: 'field', at: 'InstdAmt/@Ccy' }])
  const records = pay(books, { id, amount, account: accountOf(payee), day: now().day })
  if (records === undefined) return OTHER
  write(records)
  const reason = books.paid.get(id)?.reason ?? null
  const fate: Fate =
    reason === null ? { id, status: 'settled', booked: { unit, amount } } : { id, status: 'refused', reason }
  return statusOf(now, { original: message, about: 'pain.001.001.09', fates: [fate] })
}

function statusOf(now: Desk['now'], said: Omit<StatusReport, 'message' | 'createdAt'>): Answer {
  const { at } = now()
  return { ok: true, bytes: writeStatus({ message: `S${said.original}`.slice(0, 35), createdAt: at, ...said }) }
}

/** Keeps a file of debits; the same id again must be the same file. */
export function takeFile({ books, write, now }: Desk, id: string, bytes: Uint8Array): boolean {
  const body = Buffer.from(bytes).toString('base64')
  const known = books.files.get(id)
  if (known !== undefined) return known.body === body
  if (!readDebits(bytes).ok) return false
  write([{ what: 'filed', id, body, day: now().day }])
  return true
}

/** The file with its results, which are found when they are first asked for. Undefined where no such file came. */
export function fileResults({ books, write, now }: Desk, id: string): Uint8Array | undefined {
  const file = books.files.get(id)
  const read = file && readDebits(Buffer.from(file.body, 'base64'))
  if (file === undefined || read?.ok !== true) return undefined
  const debits = read.file.debits.map((debit) => ({
    account: keyOf({ bank: debit.bank.code, branch: debit.branch.code, kind: debit.kind, number: debit.number }),
    customer: debit.customer,
    amount: debit.amount,
  }))
  if (file.results === null) write(settleFile(books, id, debits, { day: now().day }))
  const results = books.files.get(id)?.results ?? {}
  return writeDebits({
    ...read.file,
    isAnswered: true,
    debits: read.file.debits.map((debit) => ({ ...debit, result: results[debit.customer] ?? '9' })),
  })
}
