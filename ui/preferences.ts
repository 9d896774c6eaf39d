// What a person chose for their eyes on this machine: theme and size of print. Kept, and set on <html> for the CSS.
import { keepLanguageInStep } from './i18n.ts'
import { createKeptStore } from './store.ts'

export type Theme = 'system' | 'light' | 'dark'
export type Print = 'normal' | 'large'

export const theme = createKeptStore<Theme>('warifu.theme', (stored) =>
  stored === 'light' || stored === 'dark' ? stored : 'system',
)
export const print = createKeptStore<Print>('warifu.print', (stored) => (stored === 'large' ? 'large' : 'normal'))

/** Sets lang, data-theme and data-print on `<html>` now and after every change. Call once when an app starts. */
export function keepPageInStep(): () => void {
  const page = document.documentElement
  const apply = () => {
    // Without the attribute the CSS follows the system.
    if (theme.get() === 'system') delete page.dataset['theme']
    else page.dataset['theme'] = theme.get()
    page.dataset['print'] = print.get()
  }
  apply()
  const stops = [theme.subscribe(apply), print.subscribe(apply), keepLanguageInStep()]
  return () => stops.forEach((stop) => stop())
}
