// Giving money back, and handing over goods whose money was set aside: how much, are you sure, what came of it.
import type { JSX } from 'preact'
import { useLayoutEffect, useRef, useState } from 'preact/hooks'
import { parseAmount, sum } from '#core/money.ts'
import type { RefundLine } from '#core/refund.ts'
import { amountParts, amountText } from '#apps/shared/money.ts'
import { problemText } from '#apps/shared/problems.ts'
import { linesOf, type SaleLine } from '#apps/shared/sale.ts'
import type { DealView } from '#protocol/views.ts'
import type { SendOutcome } from '#sdk/outcome.ts'
import { useLocale, useWords } from '#ui/i18n.ts'
import { Segmented } from '#ui/fields.tsx'
import { Keypad } from '#ui/keypad.tsx'
import { Banner, Button, Sheet } from '#ui/kit.tsx'
import { Amount } from '#ui/numbers.tsx'
import { play } from '#ui/sound.ts'
import { useRegister, useTill } from '../context.tsx'
import { refundableOf, toHandOver } from '../money-back.ts'
import { words } from '../words.ts'
import { WhoCan } from './till.tsx'

type DealProps = { readonly deal: DealView }

export function RefundSheet({ deal }: DealProps): JSX.Element {
  const text = useWords(words)
  const { hub } = useTill()
  const name = deal.payer?.name ?? ''
  return (
    <GiveSheet
      sheet="refund"
      most={refundableOf(deal)}
      unit={deal.bill?.unit ?? ''}
      title={text.refundTitle}
      how={text.refundHow}
      whole={text.refundWhole}
      part={text.refundPart}
      sure={(amount) => text.refundSure(amount, name)}
      sureText={() => text.refundSureText}
      give={text.refundDo}
      done={(amount) => text.refundDone(amount, name)}
      failed={text.refundFailed}
      lines={linesOf(deal).filter(({ left }) => left > 0n)}
      send={(amount, lines) => hub.refund(deal, amount, lines)}
    />
  )
}

export function DeliverSheet({ deal }: DealProps): JSX.Element {
  const text = useWords(words)
  const { hub } = useTill()
  // One portion after the other; a bill of this register has one at most.
  const [held] = toHandOver(deal)
  return (
    <GiveSheet
      sheet="deliver"
      most={held?.amount ?? 0n}
      unit={deal.bill?.unit ?? ''}
      title={text.deliverTitle}
      how={text.deliverHow}
      whole={text.deliverWhole}
      part={text.deliverPart}
      sure={text.deliverSure}
      sureText={(rest) => (rest === null ? text.deliverSureWhole : text.deliverSureText(rest))}
      give={text.deliverDo}
      done={text.deliverDone}
      failed={text.deliverFailed}
      lines={[]}
      send={(amount) => hub.deliver(deal, held?.index ?? 0, amount)}
    />
  )
}

type GiveSheetProps = Readonly<{
  sheet: 'refund' | 'deliver'
  most: bigint
  unit: string
  title: string
  how: string
  whole: (amount: string) => string
  part: string
  sure: (amount: string) => string
  /** `rest`: what is left over, null when nothing is */
  sureText: (rest: string | null) => string
  give: string
  done: (amount: string) => string
  failed: string
  /** lines that can go back on their own */
  lines: readonly SaleLine[]
  send: (amount: bigint, lines: readonly RefundLine[]) => Promise<SendOutcome>
}>

type Extent = 'whole' | 'lines' | 'part'

type Step = Readonly<{ kind: 'amount' | 'sure' | 'sending' }> | Readonly<{ kind: 'result'; outcome: SendOutcome }>

function GiveSheet(props: GiveSheetProps): JSX.Element {
  const { store } = useTill()
  const { sheet } = useRegister()
  const open = sheet === props.sheet
  return (
    <Sheet
      open={open}
      title={props.title}
      // A command on its way goes on by itself; its result is in the record.
      onClose={() => store.update((state) => ({ ...state, sheet: null }))}
    >
      {open ? <GiveSteps {...props} /> : null}
    </Sheet>
  )
}

function GiveSteps(props: GiveSheetProps): JSX.Element {
  const locale = useLocale()
  const { store } = useTill()
  // Fixed when the sheet opens: what is left changes with the very command that is sent from here.
  const [most] = useState(props.most)
  const [extent, setExtent] = useState<Extent>('whole')
  const [lines] = useState(props.lines)
  const [chosen, setChosen] = useState<ReadonlySet<number>>(new Set())
  const [digits, setDigits] = useState('')
  const [step, setStep] = useState<Step>({ kind: 'amount' })
  const given = extent === 'lines' ? lines.filter(({ index }) => chosen.has(index)) : []
  const amount =
    extent === 'whole' ? most : extent === 'lines' ? sum(given.map(({ left }) => left)) : (parseAmount(digits) ?? 0n)
  const money = (of: bigint): string => amountText(of, props.unit, locale)
  const give = async (): Promise<void> => {
    setStep({ kind: 'sending' })
    const outcome = await props.send(
      amount,
      given.map(({ index, left }) => ({ line: index, amount: left })),
    )
    play(outcome.ok ? 'settled' : 'trouble')
    setStep({ kind: 'result', outcome })
  }
  switch (step.kind) {
    case 'amount':
      return (
        <AmountStep
          {...props}
          most={most}
          amount={amount}
          extent={extent}
          onExtent={setExtent}
          lines={lines}
          chosen={chosen}
          onChosen={setChosen}
          digits={digits}
          onDigits={(next) => {
            setExtent('part')
            setDigits(next)
          }}
          onGoOn={() => setStep({ kind: 'sure' })}
        />
      )
    case 'sure':
    case 'sending':
      return (
        <SureStep
          question={props.sure(money(amount))}
          about={props.sureText(amount < most ? money(most - amount) : null)}
          yes={props.give}
          busy={step.kind === 'sending'}
          onYes={() => void give()}
          onNo={() => setStep({ kind: 'amount' })}
        />
      )
    case 'result':
      return (
        <ResultStep
          outcome={step.outcome}
          done={props.done(money(amount))}
          failed={props.failed}
          onClose={() => store.update((state) => ({ ...state, sheet: null }))}
        />
      )
  }
}

type AmountStepProps = GiveSheetProps &
  Readonly<{
    amount: bigint
    extent: Extent
    onExtent: (extent: Extent) => void
    chosen: ReadonlySet<number>
    onChosen: (chosen: ReadonlySet<number>) => void
    digits: string
    onDigits: (digits: string) => void
    onGoOn: () => void
  }>

function AmountStep(props: AmountStepProps): JSX.Element {
  const text = useWords(words)
  const locale = useLocale()
  const { amount, most, extent, unit } = props
  const money = (of: bigint): string => amountText(of, unit, locale)
  const isTooMuch = amount > most
  const canGoOn = amount > 0n && !isTooMuch
  return (
    // Digits and Enter belong to the keypad, not to the sheet's own close button, where a dialog would put the focus.
    <div class="give" tabIndex={-1} autofocus>
      <Segmented
        label={props.how}
        value={extent}
        onChange={props.onExtent}
        options={[
          { value: 'whole', label: props.whole(money(most)) },
          ...(props.lines.length > 1 ? [{ value: 'lines' as const, label: text.refundLines }] : []),
          { value: 'part', label: props.part },
        ]}
      />
      {extent === 'lines' ? <LineChoice {...props} /> : null}
      <p class="give-amount">
        <Amount parts={amountParts(amount, unit, locale)} size="large" />
      </p>
      <p class={isTooMuch ? 'give-most give-too-much' : 'give-most'} role="status">
        {isTooMuch ? text.refundTooMuch(money(most)) : text.refundMost(money(most))}
      </p>
      {extent === 'lines' ? (
        <Button kind="seal" wide disabled={!canGoOn} shortcut="Enter" onPress={props.onGoOn}>
          {text.refundGoOn}
        </Button>
      ) : (
        <Keypad
          kind="amount"
          value={extent === 'part' ? props.digits : ''}
          maxLength={String(most).length}
          onInput={props.onDigits}
          onEnter={props.onGoOn}
          enterLabel={text.refundGoOn}
          canEnter={canGoOn}
        />
      )}
    </div>
  )
}

function LineChoice({ lines, chosen, onChosen, unit }: AmountStepProps): JSX.Element {
  const text = useWords(words)
  const locale = useLocale()
  const turn = (index: number): void =>
    onChosen(new Set(chosen.has(index) ? [...chosen].filter((other) => other !== index) : [...chosen, index]))
  return (
    <fieldset class="line-choice">
      <legend class="field-label">{text.refundWhich}</legend>
      {lines.map((line) => (
        <label key={line.index}>
          <input type="checkbox" checked={chosen.has(line.index)} onChange={() => turn(line.index)} />
          <span>{line.text}</span>
          <span>{amountText(line.left, unit, locale)}</span>
        </label>
      ))}
    </fieldset>
  )
}

type SureStepProps = Readonly<{
  question: string
  about: string
  yes: string
  busy: boolean
  onYes: () => void
  onNo: () => void
}>

function SureStep({ question, about, yes, busy, onYes, onNo }: SureStepProps): JSX.Element {
  const text = useWords(words)
  const step = useRef<HTMLDivElement>(null)
  useLayoutEffect(() => step.current?.querySelector('button')?.focus(), [])
  return (
    <div class="give" ref={step}>
      <p class="give-question">{question}</p>
      <p>{about}</p>
      <div class="sheet-answers">
        <Button kind="danger" wide busy={busy} shortcut="Enter" onPress={onYes}>
          {yes}
        </Button>
        <Button wide disabled={busy} onPress={onNo}>
          {text.refundChange}
        </Button>
      </div>
    </div>
  )
}

type ResultStepProps = Readonly<{ outcome: SendOutcome; done: string; failed: string; onClose: () => void }>

function ResultStep({ outcome, done, failed, onClose }: ResultStepProps): JSX.Element {
  const text = useWords(words)
  const locale = useLocale()
  const step = useRef<HTMLDivElement>(null)
  useLayoutEffect(() => step.current?.querySelector('button')?.focus(), [])
  const problem = outcome.ok ? null : problemText(outcome.problem, locale, 'biller')
  return (
    <div class="give" ref={step}>
      {problem === null ? (
        <p class="give-question" role="status">
          {done}
        </p>
      ) : (
        <Banner kind="trouble">
          {problem.sentence} {problem.money === 'none' ? failed : problem.moneySentence} {problem.next}{' '}
          {outcome.ok ? null : <WhoCan problem={outcome.problem} />}
        </Banner>
      )}
      <Button kind="seal" wide shortcut="Enter" onPress={onClose}>
        {text.done}
      </Button>
    </div>
  )
}
