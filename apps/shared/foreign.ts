// What a screen says of a code that is not ours: whose it is, what it says of itself, and that nothing was opened or paid.
import { SYSTEM_NAMES, type ForeignCode } from '#core/foreign-codes.ts'
import { parseTyped, unitOf } from '#core/money.ts'
import { catalogue, type Locale } from '#ui/i18n.ts'
import { amountText } from './money.ts'

/** The sentences, most important first; each stands on a line of its own. */
export function foreignSentences(code: ForeignCode, locale: Locale): readonly string[] {
  const words = foreignWords[locale]
  const system = SYSTEM_NAMES[code.system] ?? words[code.system === 'goods' ? 'goods' : 'web-page']
  const says = sayingsOf(code, locale)
  return [
    code.system === 'goods' ? words.isGoods : words.isOf(system),
    ...(says === '' ? [] : [words.says(says)]),
    words.nothing,
  ]
}

/** Merchant and amount as the code has them: said, never checked. */
function sayingsOf({ name, amount }: ForeignCode, locale: Locale): string {
  const known = amount?.unit == null ? undefined : unitOf(amount.unit)
  const minor = amount && known && parseTyped(amount.value, known)
  const money =
    amount && (minor == null ? `${amount.value} ${amount.unit ?? ''}` : amountText(minor, known ?? '', locale))
  return [name, money?.trim()].filter((part) => part != null && part !== '').join(foreignWords[locale].joiner)
}

const foreignWords = catalogue({
  en: {
    isOf: (system: string) => `This code is of ${system}. Warifu cannot pay it.`,
    isGoods: 'This is the code of an article, not of a bill.',
    says: (text: string) => `It says: ${text}.`,
    nothing: 'It was not opened, and no money moved.',
    joiner: ', ',
    goods: 'an article',
    'web-page': 'a web page',
  },
  ja: {
    isOf: (system: string) => `${system}のコードです。このウォレットでは支払えません。`,
    isGoods: '商品のバーコードです。お会計のコードではありません。',
    says: (text: string) => `コードの内容：${text}`,
    nothing: '開いていません。お金は動いていません。',
    joiner: '、',
    goods: '商品',
    'web-page': 'ウェブページ',
  },
})
