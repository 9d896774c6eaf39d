// The scheme's rules: limits that stand for every account without its own, proofs of the owner, restricted goods.
import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { parseTyped, unitOf } from '#core/money.ts'
import { problemText } from '#apps/shared/problems.ts'
import type { RulesView } from '#protocol/operator.ts'
import type { Problem } from '#protocol/problems.ts'
import { Field, Segmented } from '#ui/fields.tsx'
import { useLocale, useWords } from '#ui/i18n.ts'
import { Banner, ReceiptLine } from '#ui/kit.tsx'
import {
  plainText,
  readOffline,
  readProofLimits,
  typedOffline,
  typedProofLimits,
  type OfflineTyped,
  type ProofLimitsTyped,
} from '../amounts.ts'
import { words } from '../words.ts'
import { LimitFields, readLimits, typedLimits, type LimitsTyped } from './account-limits.tsx'
import { OfflineLimitFields } from './offline-limits.tsx'
import { ProofLimitFields } from './proof-limits.tsx'
import { identityWords } from '../words-identity.ts'
import { STRENGTHS } from '#core/device.ts'
import { amountText } from '#apps/shared/money.ts'
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
      ) : !hub.may('set-rules') ? (
        <RulesRead rules={rules} />
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
  const [proofs, setProofs] = useState<ProofLimitsTyped>(typedProofLimits(rules.proofLimits, unit))
  const proofLimits = readProofLimits(proofs, unit)
  const [typedCaps, setTypedCaps] = useState<OfflineTyped>(typedOffline(rules.offline, unit))
  const offline = readOffline(typedCaps, unit)
  const read = readLimits(limits, unit)
  const freshProofFrom = known === undefined ? undefined : parseTyped(fresh, known)
  const isRight =
    read !== null &&
    proofLimits !== null &&
    offline !== null &&
    freshProofFrom !== undefined &&
    /^\d{1,4}$/u.test(minutes) &&
    Number(minutes) <= 1440
  return (
    <Act
      hub={hub}
      name="set-rules"
      label={text.setRules}
      about={text.rulesText(rules.zone, unit)}
      done={text.rulesSet}
      body={
        isRight
          ? {
              limits: read,
              freshProofFrom: String(freshProofFrom),
              unlockMs: Number(minutes) * MINUTE_MS,
              restricted,
              proofLimits,
              offline,
            }
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
      <ProofLimitFields limits={proofs} onLimits={setProofs} />
      <OfflineLimitFields limits={typedCaps} onLimits={setTypedCaps} />
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

/** The rules for those who may not change them. */
function RulesRead({ rules }: Readonly<{ rules: RulesView }>): JSX.Element {
  const text = useWords(words)
  const identity = useWords(identityWords)
  const locale = useLocale()
  const money = (amount: string): string => amountText(amount, rules.unit, locale)
  const proofLimit = (amount: string | null): string =>
    amount === null ? identity.limitNone : identity.limitAbove(money(amount))
  return (
    <>
      <p class="act-about">{text.rulesText(rules.zone, rules.unit)}</p>
      <ReceiptLine label={text.perPayment} value={money(rules.limits.perPayment)} />
      <ReceiptLine label={text.perDay} value={money(rules.limits.perDay)} />
      <ReceiptLine label={text.perMonth} value={money(rules.limits.perMonth)} />
      <ReceiptLine label={text.freshProof} value={money(rules.freshProofFrom)} />
      <ReceiptLine label={text.unlock} value={String(Math.round(rules.unlockMs / MINUTE_MS))} />
      {STRENGTHS.map((strength) => (
        <ReceiptLine
          key={strength}
          label={identity[`limit_${strength}`]}
          value={proofLimit(rules.proofLimits[strength])}
        />
      ))}
      <ReceiptLine
        label={`${identity.offlineLimits}: ${identity.offline_payment}`}
        value={money(rules.offline.payment)}
      />
      <ReceiptLine label={identity.offline_device} value={money(rules.offline.device)} />
      <ReceiptLine label={identity.offline_terminal} value={money(rules.offline.terminal)} />
      <ReceiptLine label={identity.offline_ms} value={String(Math.round(rules.offline.ms / 3_600_000))} />
      <ReceiptLine label={text.restricted} value={rules.restricted === 'ask' ? text.askShop : text.refuse} />
    </>
  )
}
