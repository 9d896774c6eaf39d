// The site's pages, in the language that the browser prefers. There is no script in them.
import { createHash } from 'node:crypto'

export type Language = 'en' | 'ja'

export const WORDS = {
  en: {
    shop: 'A shop',
    signIn: 'Sign in with the wallet',
    nothing: 'Nothing here',
    back: 'Back to the shop',
    again: 'Try again',
    failed: 'Signing in did not work',
    notBegun: 'This browser has begun no sign-in',
    no: 'You are not signed in',
    learnedNothing: 'The answer was no, and the shop learned nothing.',
    welcome: (name: string) => `Welcome, ${name}`,
    portrait: (name: string) => `${name}’s portrait`,
    told: 'What the shop was told',
  },
  ja: {
    shop: 'あるお店',
    signIn: 'ウォレットでサインイン',
    nothing: 'ページがありません',
    back: 'お店に戻る',
    again: 'もう一度',
    failed: 'サインインできませんでした',
    notBegun: 'このブラウザではサインインが始められていません',
    no: 'サインインしていません',
    learnedNothing: '確認されなかったので、お店には何も伝わっていません。',
    welcome: (name: string) => `ようこそ、${name}さん`,
    portrait: (name: string) => `${name}さんの写真`,
    told: 'お店に伝わったもの',
  },
} as const

/** The first language of the header that the site speaks. */
export function languageOf(header: string | undefined): Language {
  const wanted = (header ?? '').split(',').map((part) => part.trim().slice(0, 2))
  return wanted.find((tag): tag is Language => tag === 'en' || tag === 'ja') ?? 'en'
}

type Body = Readonly<{
  text?: string
  /** claims, by name */
  told?: Readonly<Record<string, unknown>>
  /** a data URL */
  picture?: string
  links: readonly (readonly [href: string, text: string])[]
}>

const STYLE = `
:root { color-scheme: light dark; background: Canvas; color: CanvasText; font-family: system-ui, "Hiragino Sans", "Noto Sans JP", sans-serif; line-height: 1.5 }
main { max-width: 40rem; margin: 10vh auto; padding: 0 1rem }
a { color: LinkText }
img { display: block; border-radius: 10px }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .5rem 1.5rem }
dd { margin: 0; overflow-wrap: anywhere }
@media (max-width: 30rem) { dl { grid-template-columns: 1fr } dd { margin-bottom: .5rem } }`

/** A page, and the content policy that lets nothing but its own style and pictures in. */
export function pageIn(language: Language, title: string, { text, told, picture, links }: Body) {
  const words = WORDS[language]
  const name = typeof told?.['name'] === 'string' ? told['name'] : ''
  const rows = Object.entries(told ?? {}).map(
    ([claim, value]) =>
      `<dt>${escaped(claim)}</dt><dd>${escaped(typeof value === 'string' ? value : JSON.stringify(value))}</dd>`,
  )
  const parts = [
    `<h1>${escaped(title)}</h1>`,
    text === undefined ? '' : `<p>${escaped(text)}</p>`,
    picture === undefined
      ? ''
      : `<img alt="${escaped(words.portrait(name))}" src="${escaped(picture)}" width="128" height="128">`,
    rows.length === 0 ? '' : `<h2>${words.told}</h2><dl id="claims">${rows.join('')}</dl>`,
    ...links.map(([href, label]) => `<p><a href="${href}">${label}</a></p>`),
  ]
  const html = `<!doctype html><html lang="${language}"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><link rel="icon" href="data:,"><title>${escaped(title)}</title><style>${STYLE}</style><main>${parts.join('')}</main></html>`
  return { html, policy: `default-src 'none'; img-src data:; style-src 'sha256-${hashOf(STYLE)}'` }
}

const hashOf = (text: string): string => createHash('sha256').update(text).digest('base64')

const escaped = (text: string): string => text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`)
