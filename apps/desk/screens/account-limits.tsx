// The limits of one account: its own, or the scheme's.
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { parseTyped, unitOf } from '#core/money.ts'
import { amountText } from '#apps/shared/money.ts'
import type { LimitsWire } from '#protocol/operator.ts'
import { Field, Switch } from '#ui/fields.tsx'
import { useLocale, useWords } from '#ui/i18n.ts'
import { plainText } from '../amounts.ts'
import { words } from '../words.ts'
import { Act } from './act.tsx'
import { firstUnit, UnitChoice } from './cash-desk.tsx'
import type { PartOfFile } from './party.tsx'

export function AccountLimits(props: PartOfFile): JSX.Element {
  const { file, scheme } = props
  const [unit, setUnit] = useState(firstUnit(file, scheme))
  return (
    <>
      <UnitChoice units={file.balances.map((balance) => balance.unit)} unit={unit} onUnit={setUnit} />
      <LimitsOf key={unit} {...props} unit={unit} />
    </>
  )
}

function LimitsOf({ hub, file, changed, unit }: PartOfFile & Readonly<{ unit: string }>): JSX.Element {
  const text = useWords(words)
  const locale = useLocale()
  const balance = file.balances.find((each) => each.unit === unit)
  const [isOwn, setIsOwn] = useState(balance?.limits != null)
  const [limits, setLimits] = useState<LimitsTyped>(typedLimits(balance?.limits ?? null, unit))
  const read = readLimits(limits, unit)
  return (
    <Act
      hub={hub}
      name="set-limits"
      label={text.setLimits}
      done={text.limitsSet}
      body={isOwn && read === null ? null : { account: file.account, unit, limits: isOwn ? read : null }}
      onDone={changed}
    >
      {balance === undefined ? null : (
        <p class="act-about">
          {text.spent(amountText(balance.spentOnDay, unit, locale), amountText(balance.spentInMonth, unit, locale))}
        </p>
      )}
      <Switch label={text.ownLimits} checked={isOwn} onChange={setIsOwn} hint={text.ownLimitsHint} />
      {isOwn ? <LimitFields limits={limits} onLimits={setLimits} /> : null}
    </Act>
  )
}

export type LimitsTyped = Readonly<{ perPayment: string; perDay: string; perMonth: string }>

type LimitFieldsProps = Readonly<{ limits: LimitsTyped; onLimits: (limits: LimitsTyped) => void }>

export function LimitFields({ limits, onLimits }: LimitFieldsProps): JSX.Element {
  const text = useWords(words)
  const change = (part: Partial<LimitsTyped>): void => onLimits({ ...limits, ...part })
  const shared = { inputMode: 'decimal', maxLength: 24 } as const
  return (
    <>
      <Field
        {...shared}
        label={text.perPayment}
        value={limits.perPayment}
        onInput={(perPayment) => change({ perPayment })}
      />
      <Field {...shared} label={text.perDay} value={limits.perDay} onInput={(perDay) => change({ perDay })} />
      <Field {...shared} label={text.perMonth} value={limits.perMonth} onInput={(perMonth) => change({ perMonth })} />
    </>
  )
}

/** Limits as people type them: plain numbers of the unit, with its decimals. */
export function typedLimits(limits: LimitsWire | null, unit: string): LimitsTyped {
  const typed = (amount: string | undefined): string => (amount === undefined ? '' : plainText(amount, unit))
  return { perPayment: typed(limits?.perPayment), perDay: typed(limits?.perDay), perMonth: typed(limits?.perMonth) }
}

/** Undefined fields or slips give null. */
export function readLimits(limits: LimitsTyped, unit: string): LimitsWire | null {
  const known = unitOf(unit)
  if (known === undefined) return null
  const [perPayment, perDay, perMonth] = [limits.perPayment, limits.perDay, limits.perMonth].map((typed) =>
    parseTyped(typed, known),
  )
  if (perPayment === undefined || perDay === undefined || perMonth === undefined) return null
  return { perPayment: String(perPayment), perDay: String(perDay), perMonth: String(perMonth) }
}
