// A cancellation period and the day it ends, as screens say them.
import type { Locale } from '#ui/i18n.ts'

const PARTS = /(\d+)([YMWDHS])/g

const NAMES = {
  en: {
    year: ['year', 'years'],
    month: ['month', 'months'],
    week: ['week', 'weeks'],
    day: ['day', 'days'],
    hour: ['hour', 'hours'],
    minute: ['minute', 'minutes'],
    second: ['second', 'seconds'],
  },
  ja: {
    year: ['年', '年'],
    month: ['か月', 'か月'],
    week: ['週間', '週間'],
    day: ['日間', '日間'],
    hour: ['時間', '時間'],
    minute: ['分', '分'],
    second: ['秒', '秒'],
  },
} as const satisfies Record<Locale, Record<Part, readonly [one: string, more: string]>>

type Part = 'year' | 'month' | 'week' | 'day' | 'hour' | 'minute' | 'second'

/** "8 days" / 「8日間」 of an ISO 8601 duration. */
export function periodText(period: string, locale: Locale): string {
  const [days = '', times = ''] = period.slice(1).split('T')
  const said = [...read(days, DATE_PARTS), ...read(times, TIME_PARTS)].map(({ count, part }) => {
    const [one, more] = NAMES[locale][part]
    return locale === 'en' ? `${count} ${count === 1 ? one : more}` : `${count}${more}`
  })
  return said.join(' ')
}

const DATE_PARTS: Readonly<Record<string, Part>> = { Y: 'year', M: 'month', W: 'week', D: 'day' }
const TIME_PARTS: Readonly<Record<string, Part>> = { H: 'hour', M: 'minute', S: 'second' }

const read = (text: string, parts: Readonly<Record<string, Part>>): { count: number; part: Part }[] =>
  [...text.matchAll(PARTS)].flatMap(([, count = '', letter = '']) => {
    const part = parts[letter]
    return part === undefined ? [] : [{ count: Number(count), part }]
  })

/** "3 Dec 2026, 14:05" / 「2026年12月3日 14:05」 of milliseconds since 1970; the time is left out where only the day matters. */
export const dayText = (at: number, locale: Locale, withTime: 'day' | 'time' = 'day'): string =>
  new Intl.DateTimeFormat(locale === 'en' ? 'en-GB' : 'ja-JP', {
    dateStyle: 'medium',
    ...(withTime === 'time' && { timeStyle: 'short' }),
  }).format(at)
