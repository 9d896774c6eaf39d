// What a scanned text is when it is not ours: the system it belongs to, and what it says of merchant and amount. Recognised, never
// paid: the wallet says whose code it is, a register which wallet it comes from.
//
//   begins with                      is
//   00 02 01 … 63 04 (EMVCo, MPM)    Pix, JPQR, or another merchant's code, by the id in its templates
//   hQVDUFY                          EMVCo, shown by a customer (CPM)
//   upi:                             UPI
//   18 digits, 10 to 15              WeChat Pay, shown by a customer
//   16 to 24 digits, 25 to 30        Alipay, shown by a customer
//   8, 12 or 13 digits, right check  goods (EAN, JAN, UPC)
//   http: https:                     a web page, or an address of Alipay's or WeChat's
import { CURRENCIES } from './currencies.ts'
import { CUSTOMER_CODE_START } from './emv-customer.ts'
import { objectsOf, parseMerchantCode, textIn } from './emv.ts'

/** Every system that is told apart. */
export type ForeignSystem =
  'pix' | 'jpqr' | 'upi' | 'emv-merchant' | 'emv-customer' | 'wechat' | 'alipay' | 'web-page' | 'goods'

export type ForeignCode = Readonly<{
  system: ForeignSystem
  /** whose: a merchant's (to be paid), a customer's (to pay with), or neither */
  shownBy: 'merchant' | 'customer' | null
  /** the merchant's name, or a web page's host, where the code says it */
  name: string | null
  /** where the code says it: a decimal number as it is written there, and its currency where there is one */
  amount: Readonly<{ value: string; unit: string | null }> | null
}>

/** What people call the system; null where the screen has a word of its own for it. */
export const SYSTEM_NAMES: Readonly<Record<ForeignSystem, string | null>> = {
  pix: 'Pix',
  jpqr: 'JPQR',
  upi: 'UPI',
  'emv-merchant': 'EMVCo QR',
  'emv-customer': 'EMVCo QR',
  wechat: 'WeChat Pay',
  alipay: 'Alipay',
  'web-page': null,
  goods: null,
}

/** Ids that a merchant's code carries in one of its templates (26–51), by the system they are of. */
const SYSTEM_OF_ID: Readonly<Record<string, ForeignSystem>> = {
  'br.gov.bcb.pix': 'pix',
  'jp.or.paymentsjapan': 'jpqr',
}

/** No honest code of any system is longer; what is, is not looked at. */
const LONGEST = 4_096

/** Reads a text that is none of ours; undefined where it belongs to nothing that is known. Never throws. */
export function foreignCode(text: string): ForeignCode | undefined {
  if (text.length > LONGEST) return undefined
  const code = text.trim()
  if (code.startsWith('000201')) return ofMerchantCode(code)
  if (code.startsWith(CUSTOMER_CODE_START)) return of('emv-customer', 'customer')
  if (/^upi:/iu.test(code)) return ofUpi(code)
  if (/^(?:wxp|weixin):\/\//iu.test(code)) return of('wechat', 'merchant')
  if (/^1[0-5][0-9]{16}$/.test(code)) return of('wechat', 'customer')
  if (/^(?:2[5-9]|30)[0-9]{14,22}$/.test(code)) return of('alipay', 'customer')
  if (/^(?:[0-9]{8}|[0-9]{12,13})$/.test(code) && hasArticleDigit(code)) return of('goods', null)
  return ofAddress(code)
}

/** A damaged code is still told by its id: the sentence is the same, names and amounts that cannot be trusted are left out. */
function ofMerchantCode(code: string): ForeignCode {
  const read = parseMerchantCode(code)
  if (!read.ok) {
    const id = Object.keys(SYSTEM_OF_ID).find((known) => code.toLowerCase().includes(known))
    return of((id === undefined ? undefined : SYSTEM_OF_ID[id]) ?? 'emv-merchant', 'merchant')
  }
  const { objects } = read
  const ids = objects.flatMap(({ id, value }) =>
    id >= '26' && id < '52' && typeof value !== 'string' ? [textIn(value, '00')?.toLowerCase() ?? ''] : [],
  )
  const system = ids.map((id) => SYSTEM_OF_ID[id]).find((known) => known !== undefined) ?? 'emv-merchant'
  const value = textIn(objects, '54')
  const name = textIn(objectsOf(objects, '64') ?? [], '01') ?? textIn(objects, '59') ?? null
  return {
    system,
    shownBy: 'merchant',
    name,
    amount: value === undefined ? null : { value, unit: unitOfNumeric(textIn(objects, '53')) },
  }
}

/** upi://pay?pa=…&pn=name&am=amount&cu=INR */
function ofUpi(code: string): ForeignCode {
  const asked = new URLSearchParams(code.slice(code.indexOf('?') + 1))
  const value = asked.get('am') ?? ''
  const unit = asked.get('cu') ?? 'INR'
  return {
    ...of('upi', 'merchant'),
    name: shown(asked.get('pn') ?? asked.get('pa') ?? ''),
    amount: /^[0-9]{1,12}(\.[0-9]{1,3})?$/.test(value) ? { value, unit: CURRENCIES.has(unit) ? unit : null } : null,
  }
}

function ofAddress(code: string): ForeignCode | undefined {
  if (!/^https?:\/\//iu.test(code) || !URL.canParse(code)) return undefined
  const { hostname, host } = new URL(code)
  if (/(^|\.)alipay\.com$/.test(hostname)) return of('alipay', 'merchant')
  if (/(^|\.)(wechat|weixin|tenpay)\.com$|(^|\.)(weixin|wx)\.(qq|tenpay)\.com$/.test(hostname))
    return of('wechat', 'merchant')
  return { ...of('web-page', null), name: host }
}

/** What somebody else has written is shown within a line, without signs that would turn it round. */
function shown(text: string): string | null {
  const plain = text
    .replace(/[\p{Cc}\p{Cf}\p{Cs}]/gu, '')
    .trim()
    .slice(0, 60)
  return plain === '' ? null : plain
}

/** The last digit makes the weighted sum (3 and 1 from the right) a multiple of ten. */
function hasArticleDigit(digits: string): boolean {
  const weighted = digits
    .split('')
    .reduceRight(({ sum, weight }, digit) => ({ sum: sum + weight * Number(digit), weight: 4 - weight }), {
      sum: 0,
      weight: 1,
    })
  return weighted.sum % 10 === 0
}

const unitOfNumeric = (numeric: string | undefined): string | null =>
  [...CURRENCIES].find(([, currency]) => currency.numeric === numeric)?.[0] ?? null

const of = (system: ForeignSystem, shownBy: ForeignCode['shownBy']): ForeignCode => ({
  system,
  shownBy,
  name: null,
  amount: null,
})
