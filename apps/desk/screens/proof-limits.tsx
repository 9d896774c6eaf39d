// The most that one payment may be by the kind of its proof, as it is typed.
import type { JSX } from 'preact'
import { STRENGTHS } from '#core/device.ts'
import { Field } from '#ui/fields.tsx'
import { useWords } from '#ui/i18n.ts'
import type { ProofLimitsTyped } from '../amounts.ts'
import { identityWords } from '../words-identity.ts'

type FieldsProps = Readonly<{ limits: ProofLimitsTyped; onLimits: (limits: ProofLimitsTyped) => void }>

export function ProofLimitFields({ limits, onLimits }: FieldsProps): JSX.Element {
  const text = useWords(identityWords)
  return (
    <fieldset class="proof-limits">
      <legend class="field-label">{text.proofLimits}</legend>
      <p class="act-about">{text.proofLimitsHint}</p>
      {STRENGTHS.map((strength) => (
        <Field
          key={strength}
          label={text[`limit_${strength}`]}
          value={limits[strength]}
          onInput={(typed) => onLimits({ ...limits, [strength]: typed })}
          inputMode="decimal"
          maxLength={24}
        />
      ))}
    </fieldset>
  )
}
