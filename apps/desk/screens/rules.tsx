// The scheme's rules: limits that stand for every account without its own, proofs of the owner, restricted goods.
import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { parseTyped, unitOf } from '#core/money.ts'
import { problemText } from '#apps/shared/problems.ts'
import type { RulesView } from '#protocol/operator.ts'
import type { Problem } from '#protocol/problems.ts'
import { Field, Segmented } from '#ui/fields.tsx'
import { useLocale, useWords } from '#ui/i18n.ts'
import { Banner } from '#ui/kit.tsx'
import { words } from '../words.ts'
import { LimitFields, plainText, readLimits, typedLimits, type LimitsTyped } from './account-limits.tsx'
import { Act } from './act.tsx'
import type { DeskPart } from './parties.tsx'

export function Rules({ hub }: DeskPart): JSX.Element {
  const text = useWords(words)
  const locale = useLocale()
  const [rules, setRules] = useState<RulesView | null>(null)
  const [problem, setProblem] = useState<Problem | null>(null)
  const look = async (): Promise<void> => {
    const answer = await hub.read('operatorRules')
    setProblem(answer.ok ? null : answer.problem)
    if (answer.ok) setRules(answer.view)
  }
  useEffect(() => void look(), [])
  const said = problem === null ? null : problemText(problem, locale, 'biller')
  return (
    <section class="rules" aria-label={text.rules}>
      {said === null ? null : <Banner kind="trouble">{`${said.sentence} ${said.next}`}</Banner>}
      {rules === null ? (
        <p role="status">{text.loading}</p>
      ) : (
        <RulesForm key={JSON.stringify(rules)} hub={hub} rules={rules} onDone={() => void look()} />
      )}
    </section>
  )
}

const MINUTE_MS = 60_000

type RulesFormProps = Pick<DeskPart, 'hub'> & Readonly<{ rules: RulesView; onDone: () => void }>

function RulesForm({ hub, rules, onDone }: RulesFormProps): JSX.Element {
  const text = useWords(words)
  const { unit } = rules
  const known = unitOf(unit)
  const [limits, setLimits] = useState<LimitsTyped>(typedLimits(rules.limits, unit))
  const [fresh, setFresh] = useState(plainText(rules.freshProofFrom, unit))
  const [minutes, setMinutes] = useState(String(Math.round(rules.unlockMs / MINUTE_MS)))
  const [restricted, setRestricted] = useState(rules.restricted)
  const read = readLimits(limits, unit)
  const freshProofFrom = known === undefined ? undefined : parseTyped(fresh, known)
  const isRight = read !== null && freshProofFrom !== undefined && /^\d{1,4}$/u.test(minutes) && Number(minutes) <= 1440
  return (
    <Act
      hub={hub}
      name="set-rules"
      label={text.setRules}
      about={text.rulesText(rules.zone, unit)}
      done={text.rulesSet}
      body={
        isRight
          ? { limits: read, freshProofFrom: String(freshProofFrom), unlockMs: Number(minutes) * MINUTE_MS, restricted }
          : null
      }
      onDone={onDone}
    >
      <LimitFields limits={limits} onLimits={setLimits} />
      <Field
        label={text.freshProof}
        hint={text.freshProofHint}
        value={fresh}
        onInput={setFresh}
        inputMode="decimal"
        maxLength={24}
      />
      <Field
        label={text.unlock}
        hint={text.unlockHint}
        value={minutes}
        onInput={setMinutes}
        inputMode="numeric"
        maxLength={4}
      />
      <Segmented
        label={text.restricted}
        value={restricted}
        onChange={setRestricted}
        options={[
          { value: 'refuse', label: text.refuse },
          { value: 'ask', label: text.askShop },
        ]}
      />
    </Act>
  )
}
