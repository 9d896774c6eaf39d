// The two languages: which one is on, the catalogues of words, and dates and numbers as people write them.
import { createKeptStore, useStore } from './store.ts'

export type Locale = 'en' | 'ja'
export const locales: readonly Locale[] = ['en', 'ja']

/** A text, or a function of what the text speaks about. */
export type Phrase = string | ((...about: never[]) => string)

/** The same keys as English; a function takes the same arguments. */
export type SameWords<English> = {
  readonly [Key in keyof English]: English[Key] extends (...about: infer About) => string
    ? (...about: About) => string
    : string
}

export type Catalogue<English> = Readonly<Record<Locale, SameWords<English>>>

/** A catalogue of words. Japanese must have exactly the keys of English, or it does not compile. */
export function catalogue<English extends Readonly<Record<string, Phrase>>>(words: {
  readonly en: English
  readonly ja: SameWords<NoInfer<English>>
}): Catalogue<English> {
  // English has its own keys and arguments by definition; the compiler cannot see it through the mapped type.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return words as unknown as Catalogue<English>
}

const chosenLocale = createKeptStore<Locale>('warifu.locale', (stored) =>
  stored === 'en' || stored === 'ja' ? stored : browserLocale(),
)

export const currentLocale = (): Locale => chosenLocale.get()
export const setLocale = (locale: Locale): void => chosenLocale.set(locale)
export const onLocale = (listener: (locale: Locale) => void): (() => void) => chosenLocale.subscribe(listener)
export const useLocale = (): Locale => useStore(chosenLocale)

/** The words of a catalogue in the language that is on. */
export const useWords = <English>(words: Catalogue<English>): SameWords<English> => words[useLocale()]

/** "21 November 2026" / 「2026年11月21日」. */
export const formatDate = (atMs: number, locale: Locale = currentLocale()): string =>
  formatter(locale, { dateStyle: 'long' }).format(atMs)

/** "14:05". */
export const formatTime = (atMs: number, locale: Locale = currentLocale()): string =>
  formatter(locale, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }).format(atMs)

/** "21 Nov, 14:05" / 「11月21日 14:05」, with the year only when it is not the year of `nowMs`. */
export function formatDateTime(atMs: number, locale: Locale = currentLocale(), nowMs: number = Date.now()): string {
  const sameYear = new Date(atMs).getFullYear() === new Date(nowMs).getFullYear()
  return formatter(locale, {
    ...(sameYear ? {} : { year: 'numeric' }),
    month: locale === 'ja' ? 'long' : 'short',
    day: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  }).format(atMs)
}

/** A span in whole seconds, in words: "1 minute, 20 seconds" / 「1分20秒」. */
export function formatSeconds(seconds: number, locale: Locale = currentLocale()): string {
  const minutes = Math.floor(seconds / 60)
  const rest = seconds % 60
  if (locale === 'ja') return `${minutes > 0 ? `${minutes}分` : ''}${rest > 0 || minutes === 0 ? `${rest}秒` : ''}`
  if (minutes === 0) return counted(rest, 'second')
  return rest === 0 ? counted(minutes, 'minute') : `${counted(minutes, 'minute')}, ${counted(rest, 'second')}`
}

const counted = (count: number, one: string): string => `${count} ${one}${count === 1 ? '' : 's'}`

/** A plain count with the language's separators. */
export const formatCount = (count: number | bigint, locale: Locale = currentLocale()): string =>
  new Intl.NumberFormat(tagOf(locale)).format(count)

/** Keeps `<html lang>` in step with the language; returns the function that stops it. */
export function keepLanguageInStep(): () => void {
  setPageLanguage(currentLocale())
  return onLocale(setPageLanguage)
}

function setPageLanguage(locale: Locale): void {
  document.documentElement.lang = locale
}

// British order (day before month) is what most English readers outside one country write.
const tagOf = (locale: Locale): string => (locale === 'ja' ? 'ja-JP' : 'en-GB')

const formatters = new Map<string, Intl.DateTimeFormat>()

/** Making a formatter costs far more than using it, and lists use many. */
function formatter(locale: Locale, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = locale + JSON.stringify(options)
  const kept = formatters.get(key) ?? new Intl.DateTimeFormat(tagOf(locale), options)
  formatters.set(key, kept)
  return kept
}

function browserLocale(): Locale {
  const wanted = typeof navigator === 'undefined' ? [] : (navigator.languages ?? [navigator.language])
  for (const tag of wanted) {
    if (tag.startsWith('ja')) return 'ja'
    if (tag.startsWith('en')) return 'en'
  }
  return 'en'
}
