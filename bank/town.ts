// The banks that the reference program stands for, and the accounts of its demo. Tanuki Bank, where the operator has its account, answers
// at once; Kitsune Shinkin only by the file.
import { collected, emptyBooks, type Booked, type Books } from './books.ts'
import { unitOf } from '#core/money.ts'

export const BANKS = [
  { code: '0310', name: 'Tanuki Bank', nameJa: 'たぬき銀行', kana: 'ﾀﾇｷ', isInstant: true },
  { code: '0415', name: 'Kitsune Shinkin', nameJa: 'きつね信用金庫', kana: 'ｷﾂﾈｼﾝｷﾝ', isInstant: false },
] as const

/** The operator's own account, into which everything is collected. */
export const COLLECTOR = {
  bank: '0310',
  branch: '001',
  kind: '1',
  number: '9000001',
  name: 'ﾜﾘﾌ',
  company: '0000012345',
} as const

const ACCOUNTS = [
  { bank: '0310', branch: '001', kind: '1', number: '1234567', holder: 'ﾊﾅｺ', balance: '30000' },
  { bank: '0310', branch: '001', kind: '1', number: '7654321', holder: 'ｹﾝｼﾞ', balance: '1000' },
  { bank: '0415', branch: '002', kind: '1', number: '2223334', holder: 'ﾊﾅｺ', balance: '8000' },
] as const

/** The demo's accounts, with opening balances. */
export const openingRecords = (): Booked[] => ACCOUNTS.map((account) => ({ what: 'account', ...account }))

export function openBooks(): Books {
  const unit = unitOf('JPY')
  if (unit === undefined) throw new Error('JPY is a currency')
  return emptyBooks(unit)
}

/** All money of the bank: it never changes but by what is opened. */
export const moneyIn = (books: Books): bigint =>
  [...books.accounts.values()].reduce((sum, { balance }) => sum + balance, collected(books))
