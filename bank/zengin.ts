// The direct-debit file of Japanese banks (120 bytes a record), out with what is to be collected and back with what became of it.
//
//   1 header   91 | 0 | company code 10 | company 40 | MMDD | bank 4 15 | branch 3 15 | account 1 7 | 17 spaces
//   2 data     bank 4 15 | branch 3 15 | 4 spaces | account 1 7 | payer 30 | amount 10 | new 1 | customer 20 | result 1 | 8 spaces
//   8 trailer  count 6, sum 12 | collected 6, 12 | not collected 6, 12 | 65 spaces
//   9 end      119 spaces
//
// Numbers stand right with zeros before them, texts left with spaces behind. What goes out has result 0 everywhere and nothing in
// the trailer's last two pairs.
import { bytesOf, isWritten, textOf } from './zengin-text.ts'

/** collected · short of funds · no such account · stopped by the payer · no mandate · stopped by the collector · other */
export const RESULTS = ['0', '1', '2', '3', '4', '8', '9'] as const
export type Result = (typeof RESULTS)[number]

/** `code`: four digits of a bank, three of a branch; `name`: in half-width kana, at most 15 signs */
export type Place = Readonly<{ code: string; name: string }>

/** `kind`: 1 ordinary, 2 current, 9 other; `number`: seven digits */
export type Account = Readonly<{ bank: Place; branch: Place; kind: string; number: string }>

export type Debit = Account &
  Readonly<{
    /** at most 30 signs */
    payer: string
    /** yen, at least 1 */
    amount: bigint
    /** 1: the first from this account, 2: the account has changed, 0: neither */
    newness: '0' | '1' | '2'
    /** what the collector knows the debit by: twenty digits */
    customer: string
    result: Result
  }>

export type DebitFile = Readonly<{
  /** ten digits that the bank has given the collector */
  companyCode: string
  /** at most 40 signs */
  company: string
  /** MMDD */
  day: string
  collector: Account
  debits: readonly Debit[]
  /** the bank has said what became of each */
  isAnswered: boolean
}>

/** record: counted from 1; 0 is the file as a whole */
export type Fault = Readonly<{
  record: number
  what: 'too-long' | 'length' | 'character' | 'order' | 'field' | 'sum'
  field?: string
}>

const RECORD_BYTES = 120
/** A day's collection of a large utility at one bank. */
const MOST_DEBITS = 100_000
const CR = 0x0d
const LF = 0x0a

type Field = readonly [name: string, kind: 'N' | 'C', length: number]

const account = [
  ['bank', 'N', 4],
  ['bankName', 'C', 15],
  ['branch', 'N', 3],
  ['branchName', 'C', 15],
] as const satisfies readonly Field[]
const numbered = [
  ['kind', 'N', 1],
  ['number', 'N', 7],
] as const satisfies readonly Field[]

const RECORDS = {
  '1': [
    ['type', 'N', 2],
    ['coding', 'N', 1],
    ['companyCode', 'N', 10],
    ['company', 'C', 40],
    ['day', 'N', 4],
    ...account,
    ...numbered,
    ['rest', 'C', 17],
  ],
  '2': [
    ...account,
    ['between', 'C', 4],
    ...numbered,
    ['payer', 'C', 30],
    ['amount', 'N', 10],
    ['newness', 'N', 1],
    ['customer', 'N', 20],
    ['result', 'N', 1],
    ['rest', 'C', 8],
  ],
  '8': [
    ['count', 'N', 6],
    ['sum', 'N', 12],
    ['collectedCount', 'N', 6],
    ['collectedSum', 'N', 12],
    ['failedCount', 'N', 6],
    ['failedSum', 'N', 12],
    ['rest', 'C', 65],
  ],
  '9': [['rest', 'C', 119]],
} as const satisfies Record<string, readonly Field[]>
type Kind = keyof typeof RECORDS
type Values = Readonly<Record<string, string>>

const isKind = (text: string): text is Kind => text in RECORDS

/** The file's bytes, a line for each record. Throws when a part does not fit its place: what comes from outside is checked before. */
export function writeDebits(file: DebitFile): Uint8Array {
  const { debits, isAnswered, collector } = file
  if (debits.length === 0 || debits.length > MOST_DEBITS) throw new Error('a file has between one and 100,000 debits')
  const header = { type: '91', coding: '0', companyCode: file.companyCode, company: file.company, day: file.day }
  const records: readonly (readonly [Kind, Values])[] = [
    ['1', { ...header, ...valuesOf(collector), rest: '' }],
    ...debits.map((debit): [Kind, Values] => ['2', debitValues(debit, isAnswered)]),
    ['8', { ...sumsOf(debits, isAnswered), rest: '' }],
    ['9', { rest: '' }],
  ]
  return bytesOf(records.map(([kind, values]) => `${recordOf(kind, values)}\r\n`).join(''))
}

const valuesOf = ({ bank, branch, kind, number }: Account): Values => ({
  bank: bank.code,
  bankName: bank.name,
  branch: branch.code,
  branchName: branch.name,
  kind,
  number,
})

function debitValues(debit: Debit, isAnswered: boolean): Values {
  const { payer, amount, newness, customer, result } = debit
  if (amount < 1n) throw new Error('a debit is of one yen at least')
  if (!isAnswered && result !== '0') throw new Error('nothing has become of it yet')
  return { ...valuesOf(debit), between: '', payer, amount: String(amount), newness, customer, result, rest: '' }
}

function recordOf(kind: Kind, values: Values): string {
  const fields: readonly Field[] = RECORDS[kind]
  return fields.reduce((line, [name, form, length]) => {
    const value = values[name] ?? ''
    const fits = value.length <= length && (form === 'N' ? /^\d+$/u : /^(?! )(?!.* $)/u).test(value) && isWritten(value)
    if (!fits) throw new Error(`${name} does not fit its place`)
    return line + (form === 'N' ? value.padStart(length, '0') : value.padEnd(length, ' '))
  }, kind as string)
}

const total = (debits: readonly Debit[]): bigint => debits.reduce((sum, { amount }) => sum + amount, 0n)

function sumsOf(debits: readonly Debit[], isAnswered: boolean): Values {
  const collected = isAnswered ? debits.filter(({ result }) => result === '0') : []
  const failed = isAnswered ? debits.filter(({ result }) => result !== '0') : []
  const pair = (name: string, of: readonly Debit[]): [string, string][] => [
    [`${name}Count`, String(of.length)],
    [`${name}Sum`, String(total(of))],
  ]
  return {
    count: String(debits.length),
    sum: String(total(debits)),
    ...Object.fromEntries([...pair('collected', collected), ...pair('failed', failed)]),
  }
}

/** Reads a file with line ends or without; every fault with its record, or the whole file. */
export function readDebits(bytes: Uint8Array): { ok: true; file: DebitFile } | { ok: false; faults: readonly Fault[] } {
  const records = splitRecords(bytes)
  if (records === undefined) return { ok: false, faults: [{ record: 0, what: 'too-long' }] }
  const faults: Fault[] = []
  const read = records.map((record, at) => valuesIn(record, at + 1, faults))
  if (faults.length > 0) return { ok: false, faults }
  const kinds = read.map((record) => record?.kind ?? '').join('')
  const [wrong] = /^12+89$/u.test(kinds) ? [] : [firstOutOfOrder(kinds)]
  if (wrong !== undefined) return { ok: false, faults: [{ record: wrong, what: 'order' }] }
  const [header = {}] = read.map((record) => record?.values ?? {})
  const trailer = read.at(-2)?.values ?? {}
  const debits = read.slice(1, -2).map((record) => debitFrom(record?.values ?? {}))
  const isAnswered = trailer.collectedCount !== '000000' || trailer.failedCount !== '000000'
  faults.push(...fieldFaults(header, debits, isAnswered), ...sumFaults(trailer, debits, isAnswered))
  if (faults.length > 0) return { ok: false, faults }
  const { companyCode = '', company = '', day = '' } = header
  return { ok: true, file: { companyCode, company, day, collector: accountFrom(header), debits, isAnswered } }
}

function splitRecords(bytes: Uint8Array): readonly Uint8Array[] | undefined {
  if (bytes.length > (MOST_DEBITS + 3) * (RECORD_BYTES + 2) + 1) return undefined
  const records: Uint8Array[] = []
  let at = 0
  while (at < bytes.length) {
    // Some banks end the file as a text of old does.
    if (bytes[at] === 0x1a && at === bytes.length - 1) break
    const end = Math.min(at + RECORD_BYTES, lineEnd(bytes, at))
    records.push(bytes.subarray(at, end))
    at = end
    if (bytes[at] === CR) at++
    if (bytes[at] === LF) at++
  }
  return records
}

function lineEnd(bytes: Uint8Array, from: number): number {
  for (let at = from; at < Math.min(bytes.length, from + RECORD_BYTES); at++)
    if (bytes[at] === CR || bytes[at] === LF) return at
  return bytes.length
}

function valuesIn(bytes: Uint8Array, record: number, faults: Fault[]): { kind: Kind; values: Values } | undefined {
  const no = (what: Fault['what'], field?: string): undefined =>
    void faults.push({ record, what, ...(field !== undefined && { field }) })
  if (bytes.length !== RECORD_BYTES) return no('length')
  const text = textOf(bytes)
  if (text === undefined) return no('character')
  const [kind = ''] = text
  if (!isKind(kind)) return no('order')
  const values: Record<string, string> = {}
  const fields: readonly Field[] = RECORDS[kind]
  let at = 1
  for (const [name, form, length] of fields) {
    const place = text.slice(at, at + length)
    at += length
    const isRight = form === 'N' ? /^\d+$/u.test(place) : !place.startsWith(' ') || place.trim() === ''
    const isEmpty = ['rest', 'between'].includes(name)
    if (!isRight || (isEmpty && place.trim() !== '' && name === 'rest')) no('field', name)
    values[name] = form === 'N' ? place : place.trimEnd()
  }
  return { kind, values }
}

/** Header, debits, trailer, end: the first record that is not where it belongs. */
function firstOutOfOrder(kinds: string): number {
  const right = /^(?:12*(?:(?<=2)89?)?)?/u.exec(kinds)?.[0].length ?? 0
  return right + 1
}

const accountFrom = (values: Values): Account => ({
  bank: { code: values.bank ?? '', name: values.bankName ?? '' },
  branch: { code: values.branch ?? '', name: values.branchName ?? '' },
  kind: values.kind ?? '',
  number: values.number ?? '',
})

const debitFrom = (values: Values): Debit => ({
  ...accountFrom(values),
  payer: values.payer ?? '',
  amount: BigInt(values.amount ?? 0),
  // Border: what these two are is looked at in fieldFaults.
  newness: (values.newness ?? '') as Debit['newness'],
  customer: values.customer ?? '',
  result: (values.result ?? '') as Result,
})

function fieldFaults(header: Values, debits: readonly Debit[], isAnswered: boolean): Fault[] {
  const faults: Fault[] = []
  const expect = (isRight: boolean, record: number, field: string): void => {
    if (!isRight) faults.push({ record, what: 'field', field })
  }
  expect(header.type === '91', 1, 'type')
  expect(header.coding === '0', 1, 'coding')
  expect(/^(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])$/u.test(header.day ?? ''), 1, 'day')
  for (const [at, { amount, newness, result }] of debits.entries()) {
    const record = at + 2
    expect(amount > 0n, record, 'amount')
    expect(['0', '1', '2'].includes(newness), record, 'newness')
    expect(isAnswered ? RESULTS.includes(result) : result === '0', record, 'result')
  }
  return faults
}

function sumFaults(trailer: Values, debits: readonly Debit[], isAnswered: boolean): Fault[] {
  const record = debits.length + 2
  return Object.entries(sumsOf(debits, isAnswered)).flatMap(([field, value]) =>
    BigInt(trailer[field] ?? 0) === BigInt(value) ? [] : [{ record, what: 'sum', field } as const],
  )
}
