// What somebody has let the other side see, in words: for the register, the office and the desk. Pure.
import type { Askable } from '#core/persona.ts'
import type { Strength } from '#core/device.ts'
import type { ShownView } from '#protocol/views.ts'
import { catalogue, type Locale } from '#ui/i18n.ts'

export type Fact = Readonly<{ what: Exclude<Askable, 'portrait'>; label: string; value: string }>

/** Every value that was shown, in the order people ask for them. The picture is shown as one, not told. */
export function factsOf({ ageBand, members, region, email }: ShownView, locale: Locale): readonly Fact[] {
  const text = shownWords[locale]
  const fact = (what: Fact['what'], value: string | null): readonly Fact[] =>
    value === null ? [] : [{ what, label: text[what], value }]
  return [
    ...fact('age-band', ageBand === null ? null : text.years(ageBand)),
    ...members.flatMap(({ name, number }) => fact('member-number', number === null ? name : text.member(name, number))),
    ...fact('region', region),
    ...fact('email', email),
  ]
}

export const askableText = (what: Askable, locale: Locale): string => shownWords[locale][what]

/** How the owner has shown that it is them, in plain words. */
export const strengthText = (strength: Strength, locale: Locale): string => shownWords[locale][`by ${strength}`]

/** "20–64" of "20-64", "65 and over" of "65-". */
const yearsEn = (band: string): string =>
  band.endsWith('-') ? `${band.slice(0, -1)} and over` : band.replace('-', '–')
const yearsJa = (band: string): string =>
  band.endsWith('-') ? `${band.slice(0, -1)}歳以上` : `${band.replace('-', '〜')}歳`

export const shownWords = catalogue({
  en: {
    'age-band': 'Age',
    'member-number': 'Member number',
    region: 'Region',
    email: 'E-mail',
    portrait: 'Portrait',
    years: (band: string) => yearsEn(band),
    member: (name: string, number: string) => `${name}: ${number}`,
    'by password': 'with their PIN or password',
    'by synced-passkey': 'with a passkey that is on several of their devices',
    'by bound-passkey': 'with a passkey of this one phone',
    'by security-key': 'with a security key',
    'by other': 'in another way that the operator allows',
  },
  ja: {
    'age-band': '年齢層',
    'member-number': '会員番号',
    region: '地域',
    email: 'メールアドレス',
    portrait: '顔写真',
    years: (band) => yearsJa(band),
    member: (name, number) => `${name} ${number}`,
    'by password': '暗証番号またはパスワードで確認',
    'by synced-passkey': '複数の端末で使えるパスキーで確認',
    'by bound-passkey': 'この端末だけのパスキーで確認',
    'by security-key': 'セキュリティキーで確認',
    'by other': '運営者が認めた別の方法で確認',
  },
})
