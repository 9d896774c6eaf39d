// Our own numbers and points in the EMVCo form, for wallets that read that form alone: the number of an offer (dynamic, for one payment),
// or an unattended point (static, printed).
//
//   26  00 the hub's host name from its end (org.example.pay) · 01 the payee's account · 02 the number · 03 the point
//   54  the amount, where there is a bill · 59 the name as far as plain letters go · 64 the name as it is written
//   62  05 the number · 07 the terminal
//
// 26 says everything we read; the rest is for others. The first two letters of a currency's code are its country (ISO 4217).
import { formatAccountNumber, isAccountNumber, type AccountNumber } from './accounts.ts'
import { objectsOf, parseMerchantCode, textIn, writeMerchantCode, type EmvObject } from './emv.ts'
import { parseId, type PointId } from './ids.ts'
import { decimalOf, numericOf, type Unit } from './money.ts'
import { isValidNumber, type PaymentNumber } from './numbers.ts'

export type OurCode = Readonly<{
  /** https://pay.example.org */
  origin: string
  account: AccountNumber
  names: Readonly<{ number: PaymentNumber }> | Readonly<{ point: PointId }>
  /** of the shop, in any script */
  name: string
  terminalLabel: string
  unit: Unit
  /** null: the payer types it, or it is not known yet */
  amount: bigint | null
  /** the scheme's time zone: its last part stands for the town (Asia/Tokyo) */
  zone: string
}>

export type OurCodeRead =
  Readonly<{ kind: 'number'; number: PaymentNumber }> | Readonly<{ kind: 'point'; point: PointId }>

const OURS = '26'
const LONGEST_ID = 32

/** The text of the code; undefined where the hub has no name that fits (longer than 32 characters). */
export function writeOurCode(code: OurCode): string | undefined {
  const hub = hubIdOf(code.origin)
  if (hub === undefined) return undefined
  const { account, names, unit, amount } = code
  const isDynamic = 'number' in names
  const label = plain(code.terminalLabel, 25)
  const reference: EmvObject[] = [
    ...(isDynamic ? [{ id: '05', value: names.number }] : []),
    ...(label === '' ? [] : [{ id: '07', value: label }]),
  ]
  const named = isDynamic
    ? { id: '02', value: names.number }
    : { id: '03', value: names.point.slice(names.point.indexOf('_') + 1) }
  const written = writeMerchantCode([
    { id: '00', value: '01' },
    { id: '01', value: isDynamic ? '12' : '11' },
    { id: OURS, value: [{ id: '00', value: hub }, { id: '01', value: account }, named] },
    { id: '52', value: '0000' },
    { id: '53', value: numericOf(unit) },
    ...(amount === null || amount <= 0n ? [] : amountObject(amount, unit)),
    { id: '58', value: unit.slice(0, 2) },
    { id: '59', value: plain(code.name, 25) || formatAccountNumber(account) },
    { id: '60', value: plain(code.zone.split('/').at(-1) ?? '', 15).toUpperCase() || '-' },
    ...(reference.length === 0 ? [] : [{ id: '62', value: reference }]),
    ...writtenName(code.name),
  ])
  return written.ok ? written.text : undefined
}

/** What our own code names; undefined for everybody else's, another hub's and broken ones. Never throws. */
export function readOurCode(text: string, origin: string): OurCodeRead | undefined {
  const read = parseMerchantCode(text.trim())
  if (!read.ok) return undefined
  const inside = objectsOf(read.objects, OURS)
  const hub = hubIdOf(origin)
  if (inside === undefined || hub === undefined || textIn(inside, '00') !== hub) return undefined
  if (!isAccountNumber(textIn(inside, '01'))) return undefined
  const number = textIn(inside, '02')
  if (number !== undefined) return isValidNumber(number) ? { kind: 'number', number } : undefined
  const point = parseId('pnt', `pnt_${textIn(inside, '03')}`)
  return point && { kind: 'point', point }
}

/** The hub's host name from its end. An address in digits has no such name and stays as it is. */
export function hubIdOf(origin: string): string | undefined {
  if (!URL.canParse(origin)) return undefined
  const { hostname } = new URL(origin)
  const id = /^[0-9.]+$|[[:]/.test(hostname) ? hostname : hostname.split('.').toReversed().join('.')
  return id !== '' && id.length <= LONGEST_ID ? id : undefined
}

/** An amount that is too long for the format (13 signs) is left out: the wallet learns it when it joins. */
function amountObject(amount: bigint, unit: Unit): EmvObject[] {
  const value = decimalOf({ amount, unit })
  return value.length > 13 ? [] : [{ id: '54', value }]
}

/** A name that plain letters do not hold stands whole in the language template, where it fits. */
function writtenName(name: string): EmvObject[] {
  const whole = name.normalize('NFC').trim()
  if (whole === '' || plain(whole, whole.length) === whole) return []
  const value = Array.from(whole).slice(0, 25).join('')
  return [
    {
      id: '64',
      value: [
        { id: '00', value: languageOf(whole) },
        { id: '01', value },
      ],
    },
  ]
}

/** Kana or kanji are Japanese; of all else only the script is known. */
const languageOf = (text: string): string =>
  /[\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Han}]/u.test(text) ? 'JA' : 'EN'

/** What plain ASCII can say of a text: é is e, kana are nothing. */
function plain(text: string, longest: number): string {
  const letters = text.normalize('NFKD').replace(/[^\x20-\x7e]/gu, '')
  return letters.replace(/\s+/gu, ' ').trim().slice(0, longest).trim()
}
