// What a register may take while it has no network, as it is typed.
import type { JSX } from 'preact'
import { Field } from '#ui/fields.tsx'
import { useWords } from '#ui/i18n.ts'
import type { OfflineTyped } from '../amounts.ts'
import { identityWords } from '../words-identity.ts'

type FieldsProps = Readonly<{ limits: OfflineTyped; onLimits: (limits: OfflineTyped) => void }>

const FIELDS = ['payment', 'device', 'terminal', 'ms'] as const

export function OfflineLimitFields({ limits, onLimits }: FieldsProps): JSX.Element {
  const text = useWords(identityWords)
  return (
    <fieldset class="proof-limits">
      <legend class="field-label">{text.offlineLimits}</legend>
      <p class="act-about">{text.offlineLimitsHint}</p>
      {FIELDS.map((field) => (
        <Field
          key={field}
          label={text[`offline_${field}`]}
          value={limits[field]}
          onInput={(typed) => onLimits({ ...limits, [field]: typed })}
          inputMode={field === 'ms' ? 'numeric' : 'decimal'}
          maxLength={field === 'ms' ? 2 : 24}
        />
      ))}
    </fieldset>
  )
}
