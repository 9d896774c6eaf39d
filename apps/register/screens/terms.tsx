// The terms of one line, said by hand: set aside until handed over, how long it can be taken back, from which age.
import type { JSX } from 'preact'
import { periodText } from '#apps/shared/conditions.ts'
import { Switch } from '#ui/fields.tsx'
import { useLocale, useWords } from '#ui/i18n.ts'
import { Button, Sheet } from '#ui/kit.tsx'
import { useRegister, useTill } from '../context.tsx'
import { withTerms, type LineTerms } from '../draft.ts'
import { nameOfLine, NO_RESTRICTION } from '../goods.ts'
import { words } from '../words.ts'

/** What shops use: a day, the eight days of the law on doorstep sales, two weeks, a month. */
const PERIODS = ['P1D', 'P8D', 'P14D', 'P1M']
const AGES = [13, 15, 18, 20]

export function TermsSheet(): JSX.Element {
  const text = useWords(words)
  const locale = useLocale()
  const { store } = useTill()
  const { sheet, draft, termsOf, scheme } = useRegister()
  const line = draft.lines[termsOf]
  const open = sheet === 'terms' && line !== undefined
  const close = (): void => store.update((state) => ({ ...state, sheet: null }))
  const change = (terms: Partial<LineTerms>): void => {
    if (line === undefined) return
    const { delivery, coolingOff, restriction } = line
    const next = withTerms(draft, termsOf, { delivery, coolingOff, restriction, ...terms })
    store.update((state) => ({ ...state, draft: next }))
  }
  const zone = scheme?.zone ?? 'UTC'
  return (
    <Sheet
      open={open}
      onClose={close}
      title={line === undefined ? text.termsTitle : text.terms(nameOfLine(line, locale))}
      actions={
        <Button kind="seal" wide shortcut="Enter" onPress={close}>
          {text.done}
        </Button>
      }
    >
      {line === undefined ? null : (
        <div class="terms">
          <p>{text.termsText}</p>
          <Switch label={text.termsDelivery} checked={line.delivery} onChange={(delivery) => change({ delivery })} />
          <label class="field">
            <span class="field-label">{text.termsPeriod}</span>
            <select
              class="field-input"
              value={line.coolingOff?.period ?? ''}
              onChange={({ currentTarget: { value } }) =>
                change({ coolingOff: value === '' ? null : { period: value, zone } })
              }
            >
              <option value="">{text.termsNoPeriod}</option>
              {PERIODS.map((period) => (
                <option key={period} value={period}>
                  {periodText(period, locale)}
                </option>
              ))}
            </select>
          </label>
          <label class="field">
            <span class="field-label">{text.termsAge}</span>
            <select
              class="field-input"
              value={String(line.restriction?.minimumAge ?? '')}
              onChange={({ currentTarget: { value } }) =>
                change({ restriction: value === '' ? null : { ...NO_RESTRICTION, minimumAge: Number(value) } })
              }
            >
              <option value="">{text.termsNoAge}</option>
              {AGES.map((age) => (
                <option key={age} value={String(age)}>
                  {text.years(age)}
                </option>
              ))}
            </select>
          </label>
        </div>
      )}
    </Sheet>
  )
}
