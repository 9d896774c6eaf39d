// The choices every app offers: language, colours, size of print, sounds.
import type { JSX } from 'preact'
import type { Locale } from './i18n.ts'
import { setLocale, useLocale, useWords } from './i18n.ts'
import { Segmented, Switch } from './fields.tsx'
import type { Print, Theme } from './preferences.ts'
import { print, theme } from './preferences.ts'
import { soundSwitch } from './sound.ts'
import { useStore } from './store.ts'
import { kitWords } from './words.ts'

/** All four, for a sheet or a screen of settings. */
export function Settings(): JSX.Element {
  return (
    <div class="settings">
      <LanguageChoice />
      <ThemeChoice />
      <PrintChoice />
      <SoundChoice />
    </div>
  )
}

export function LanguageChoice({ hideLabel = false }: { readonly hideLabel?: boolean }): JSX.Element {
  const words = useWords(kitWords)
  return (
    <Segmented<Locale>
      label={words.language}
      hideLabel={hideLabel}
      value={useLocale()}
      onChange={setLocale}
      options={[
        { value: 'ja', label: '日本語', lang: 'ja' },
        { value: 'en', label: 'English', lang: 'en' },
      ]}
    />
  )
}

export function ThemeChoice(): JSX.Element {
  const words = useWords(kitWords)
  return (
    <Segmented<Theme>
      label={words.theme}
      value={useStore(theme)}
      onChange={theme.set}
      options={[
        { value: 'system', label: words.themeSystem },
        { value: 'light', label: words.themeLight },
        { value: 'dark', label: words.themeDark },
      ]}
    />
  )
}

export function PrintChoice(): JSX.Element {
  const words = useWords(kitWords)
  return (
    <Segmented<Print>
      label={words.print}
      value={useStore(print)}
      onChange={print.set}
      options={[
        { value: 'normal', label: words.printNormal },
        { value: 'large', label: words.printLarge },
      ]}
    />
  )
}

export function SoundChoice(): JSX.Element {
  const words = useWords(kitWords)
  return (
    <Switch
      label={words.sound}
      checked={useStore(soundSwitch) === 'on'}
      onChange={(isOn) => soundSwitch.set(isOn ? 'on' : 'off')}
    />
  )
}
