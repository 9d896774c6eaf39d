// One line, changed by hand: how many, a discount, and its terms (set aside until handed over, how long it can be taken back, from which age).
import type { JSX } from 'preact'
import type { Restriction } from '#core/bill.ts'
import { periodText } from '#apps/shared/conditions.ts'
import { Field, Switch } from '#ui/fields.tsx'
import { useLocale, useWords } from '#ui/i18n.ts'
import { Button, Sheet } from '#ui/kit.tsx'
import { useRegister, useTill } from '../context.tsx'
import { MOST_PIECES, shareText, withTerms, type LineTerms } from '../draft.ts'
import { nameOfLine, NO_RESTRICTION } from '../goods.ts'
import { words } from '../words.ts'
import { ShareField } from './sheets.tsx'

/** What shops use: a day, the eight days of the law on doorstep sales, two weeks, a month. */
const PERIODS = ['P1D', 'P8D', 'P14D', 'P1M']
const AGES = [13, 15, 18, 20]

export function TermsSheet(): JSX.Element {
  const text = useWords(words)
  const locale = useLocale()
  const { store } = useTill()
  const { sheet, draft, termsOf, scheme, goods } = useRegister()
  const line = draft.lines[termsOf]
  const open = sheet === 'terms' && line !== undefined
  const close = (): void => store.update((state) => ({ ...state, sheet: null }))
  const change = (terms: Partial<LineTerms>): void => {
    if (line === undefined) return
    const next = withTerms(draft, termsOf, terms)
    store.update((state) => ({ ...state, draft: next }))
  }
  const zone = scheme?.zone ?? 'UTC'
  const unit = scheme?.unit ?? ''
  return (
    <Sheet
      open={open}
      onClose={close}
      title={line === undefined ? text.termsTitle : text.terms(nameOfLine(line, goods, locale))}
      actions={
        <Button kind="seal" wide shortcut="Enter" onPress={close}>
          {text.done}
        </Button>
      }
    >
      {line === undefined ? null : (
        <div class="terms">
          {line.weighed === null ? (
            <Field
              label={text.pieces}
              value={String(line.quantity)}
              inputMode="numeric"
              maxLength={String(MOST_PIECES).length}
              onInput={(typed) => {
                const quantity = Number(typed.normalize('NFKC'))
                if (Number.isInteger(quantity) && quantity > 0) change({ quantity })
              }}
            />
          ) : null}
          {line.discount === null ? (
            <ShareField label={text.discount} unit={unit} onShare={(discount) => change({ discount })} />
          ) : (
            <p class="discount">
              <span>{text.discountOf(shareText(line.discount, unit, locale))}</span>
              <Button kind="quiet" onPress={() => change({ discount: null })}>
                {text.noDiscount}
              </Button>
            </p>
          )}
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
                change({ restriction: withAge(line.restriction, value === '' ? null : Number(value)) })
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

/** With another age, or none; what else the line asks for stays. */
function withAge(restriction: Restriction | null, minimumAge: number | null): Restriction | null {
  const next = { ...(restriction ?? NO_RESTRICTION), minimumAge }
  return Object.values(next).every((each) => each === null) ? null : next
}
