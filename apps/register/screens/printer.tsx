// The register's printer, in its settings: how it prints, on which paper, in which language.
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import type { Paper } from '#protocol/receipts.ts'
import { Segmented, Switch } from '#ui/fields.tsx'
import { useLocale, useWords, type Locale } from '#ui/i18n.ts'
import { keepPrinter, printersHere, readPrinter, SPEEDS, type PrinterSettings } from '../printer.ts'
import { receiptWords } from '../words-receipt.ts'

export function Printer(): JSX.Element {
  const text = useWords(receiptWords)
  const locale = useLocale()
  const [settings, setSettings] = useState(() => readPrinter(locale))
  const change = (part: Partial<PrinterSettings>): void => {
    const changed = { ...settings, ...part }
    setSettings(changed)
    keepPrinter(changed)
  }
  const { by, paper, language, cut, drawer, speed } = settings
  return (
    <section class="settings" aria-label={text.printer}>
      <h3>{text.printer}</h3>
      <Segmented<PrinterSettings['by']>
        label={text.by}
        value={by}
        onChange={(chosen) => change({ by: chosen })}
        options={printersHere().map((value) => ({ value, label: text[`by_${value}`] }))}
      />
      <Segmented<Paper>
        label={text.paper}
        value={paper}
        onChange={(chosen) => change({ paper: chosen })}
        options={[
          { value: '58', label: text.paper58 },
          { value: '80', label: text.paper80 },
        ]}
      />
      <Segmented<Locale>
        label={text.language}
        value={language}
        onChange={(chosen) => change({ language: chosen })}
        options={[
          { value: 'ja', label: '日本語', lang: 'ja' },
          { value: 'en', label: 'English', lang: 'en' },
        ]}
      />
      {by === 'serial' ? (
        <Segmented<string>
          label={text.speed}
          value={String(speed)}
          onChange={(chosen) => change({ speed: Number(chosen) })}
          options={SPEEDS.map((value) => ({ value: String(value), label: String(value) }))}
        />
      ) : null}
      {by === 'browser' ? null : (
        <>
          <Switch label={text.cut} checked={cut} onChange={(isOn) => change({ cut: isOn })} />
          <Switch label={text.drawer} checked={drawer} onChange={(isOn) => change({ drawer: isOn })} />
        </>
      )}
    </section>
  )
}
