// The cash desk: cash into an account, and out of it.
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { parseTyped, unitOf } from '#core/money.ts'
import { amountText } from '#apps/shared/money.ts'
import type { PartyFileView } from '#protocol/operator.ts'
import { Field, Segmented } from '#ui/fields.tsx'
import { useLocale, useWords } from '#ui/i18n.ts'
import { words } from '../words.ts'
import { Act } from './act.tsx'
import type { PartOfFile } from './party.tsx'

export function CashDesk({ hub, file, changed, scheme }: PartOfFile): JSX.Element {
  const text = useWords(words)
  const locale = useLocale()
  const isClosed = file.status === 'closed'
  const [way, setWay] = useState<'cash-in' | 'cash-out'>(isClosed ? 'cash-out' : 'cash-in')
  const [unit, setUnit] = useState(firstUnit(file, scheme))
  const [typed, setTyped] = useState('')
  const known = unitOf(unit)
  const amount = known === undefined ? undefined : parseTyped(typed, known)
  const isRight = amount !== undefined && amount > 0n
  const shown = isRight ? amountText(amount, unit, locale) : ''
  const isIn = way === 'cash-in'
  return (
    <Act
      hub={hub}
      name={way}
      label={isRight ? (isIn ? text.payIn(shown) : text.payOut(shown)) : isIn ? text.cashIn : text.cashOut}
      done={isIn ? text.paidIn(shown) : text.paidOut(shown)}
      body={isRight ? { account: file.account, unit, amount: String(amount) } : null}
      isDanger={!isIn}
      onDone={() => {
        setTyped('')
        changed()
      }}
    >
      {isClosed ? null : (
        <Segmented
          label={text.cashDesk}
          hideLabel
          value={way}
          onChange={setWay}
          options={[
            { value: 'cash-in', label: text.cashIn },
            { value: 'cash-out', label: text.cashOut },
          ]}
        />
      )}
      <div class="act-row">
        <Field
          label={text.amount}
          {...(isRight && { hint: shown })}
          value={typed}
          onInput={setTyped}
          inputMode="decimal"
          maxLength={24}
          {...(typed !== '' && !isRight && { error: text.amountWrong })}
        />
        <UnitChoice units={file.balances.map((balance) => balance.unit)} unit={unit} onUnit={setUnit} />
      </div>
    </Act>
  )
}

/** The scheme's own currency, where the account has it. */
export const firstUnit = (
  { balances }: Pick<PartyFileView, 'balances'>,
  { unit }: Readonly<{ unit: string }>,
): string => (balances.some((balance) => balance.unit === unit) ? unit : (balances[0]?.unit ?? unit))

type UnitChoiceProps = Readonly<{ units: readonly string[]; unit: string; onUnit: (unit: string) => void }>

export function UnitChoice({ units, unit, onUnit }: UnitChoiceProps): JSX.Element | null {
  const text = useWords(words)
  if (units.length < 2) return null
  return (
    <label class="field">
      <span class="field-label">{text.currency}</span>
      <select class="field-input" value={unit} onChange={({ currentTarget }) => onUnit(currentTarget.value)}>
        {units.map((each) => (
          <option key={each} value={each}>
            {each}
          </option>
        ))}
      </select>
    </label>
  )
}
