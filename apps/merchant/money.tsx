// The shop's money: what it can use, and what is on its way.
import type { JSX } from 'preact'
import { amountParts } from '#apps/shared/money.ts'
import type { BalanceView } from '#protocol/views.ts'
import { Segmented } from '#ui/fields.tsx'
import { useLocale, useWords } from '#ui/i18n.ts'
import { Amount } from '#ui/numbers.tsx'
import { words } from './words.ts'

type MoneyProps = Readonly<{ balances: readonly BalanceView[]; unit: string; onUnit: (unit: string) => void }>

export function Money({ balances, unit, onUnit }: MoneyProps): JSX.Element | null {
  const text = useWords(words)
  const locale = useLocale()
  const balance = balances.find((each) => each.unit === unit) ?? balances[0]
  if (balance === undefined) return null
  const parts = (amount: string) => amountParts(amount, balance.unit, locale)
  return (
    <section class="office-money no-print" aria-label={text.money}>
      <dl class="office-figures">
        <div>
          <dt>{text.available}</dt>
          <dd>
            <Amount parts={parts(balance.balance)} />
          </dd>
        </div>
        <div>
          <dt>{text.arriving}</dt>
          <dd>
            <Amount parts={parts(balance.arriving)} size="small" />
          </dd>
        </div>
      </dl>
      {balance.status === 'open' ? null : <p class="office-status">{text[balance.status]}</p>}
      {balances.length < 2 ? null : (
        <Segmented
          label={text.currency}
          hideLabel
          value={balance.unit}
          onChange={onUnit}
          options={balances.map((each) => ({ value: each.unit, label: each.unit }))}
        />
      )}
    </section>
  )
}
