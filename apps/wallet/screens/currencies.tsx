// The currencies of the account, and opening another: the account number stays the same.
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { CURRENCIES } from '#core/currencies.ts'
import { amountParts } from '#apps/shared/money.ts'
import type { Problem } from '#protocol/problems.ts'
import { Button, List, ListRow } from '#ui/kit.tsx'
import { Amount } from '#ui/numbers.tsx'
import { useLocale, useWords } from '#ui/i18n.ts'
import type { ScreenOf } from '../app.tsx'
import { walletWords } from '../words.ts'
import { ProblemNote } from './problem.tsx'

export function Currencies({ state, act }: Pick<ScreenOf, 'state' | 'act'>): JSX.Element {
  const words = useWords(walletWords)
  const locale = useLocale()
  const [unit, setUnit] = useState('')
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<Problem | null>(null)
  const balances = state.inbox?.balances ?? []
  const names = new Intl.DisplayNames([locale], { type: 'currency' })
  const others = [...CURRENCIES.keys()]
    .filter((code) => balances.every((balance) => balance.unit !== code))
    .map((code) => ({ code, name: names.of(code) ?? code }))
    // What has no name is a unit of account between banks (CHE, COU, USN): nobody holds it.
    .filter(({ code, name }) => name !== code)
    .toSorted((left, right) => left.name.localeCompare(right.name, locale))
  const open = async (): Promise<void> => {
    setBusy(true)
    setProblem(await act.openUnit(unit))
    setBusy(false)
    setUnit('')
  }
  return (
    <section class="stack-small">
      <h2 class="part">{words.currencies}</h2>
      <List label={words.currencies} items={balances} keyOf={(balance) => balance.unit} empty={null}>
        {(balance) => (
          <ListRow
            title={names.of(balance.unit) ?? balance.unit}
            detail={balance.status === 'open' ? balance.unit : words[`account ${balance.status}`]}
            side={<Amount parts={amountParts(balance.balance, balance.unit, locale)} size="small" />}
            onPress={() => act.openStatement(balance.unit)}
          />
        )}
      </List>
      {problem === null ? null : <ProblemNote problem={problem} isAboutMoney={false} />}
      <label class="field">
        <span class="field-label">{words.anotherCurrency}</span>
        <select class="field-input" value={unit} onChange={({ currentTarget }) => setUnit(currentTarget.value)}>
          <option value="">–</option>
          {others.map(({ code, name }) => (
            <option key={code} value={code}>
              {name} ({code})
            </option>
          ))}
        </select>
      </label>
      <Button wide busy={busy} disabled={unit === ''} onPress={() => void open()}>
        {words.openCurrency}
      </Button>
    </section>
  )
}
