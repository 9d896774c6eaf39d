// The bill, at the left: its lines, the tax contained per rate, the total; and the keys where it is keyed in during a deal.
import type { ComponentChildren, JSX } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { billFromWire } from '#protocol/bill.ts'
import { unitOf } from '#core/money.ts'
import type { Bill, Line } from '#core/bill.ts'
import { amountParts, amountText, rateText } from '#apps/shared/money.ts'
import { periodText } from '#apps/shared/conditions.ts'
import { useLocale, useWords, type Locale, type SameWords } from '#ui/i18n.ts'
import { Button, EmptyState } from '#ui/kit.tsx'
import { Amount } from '#ui/numbers.tsx'
import { useStore } from '#ui/store.ts'
import { useRegister, useTill } from '../context.tsx'
import { taxesOf, withoutPiece, withPiece, type Draft } from '../draft.ts'
import { nameOfLine, tipGood } from '../goods.ts'
import { draftBillOf, HAND_BACK, isKeying, screenOf, type RegisterState } from '../state.ts'
import { words } from '../words.ts'
import { KeyingPad } from './keying.tsx'
import { TermsSheet } from './terms.tsx'
import { ActionButton } from './till.tsx'

export function BillPanel({ withKeys }: { readonly withKeys: boolean }): JSX.Element {
  const text = useWords(words)
  const state = useRegister()
  return (
    <section class={withKeys ? 'bill bill-with-keys' : 'bill'} aria-label={text.bill}>
      {isKeying(state) ? <DraftBill state={state} /> : <SentBill state={state} />}
      {withKeys ? <KeyingPad /> : null}
      <TermsSheet />
    </section>
  )
}

function SentBill({ state }: { readonly state: RegisterState }): JSX.Element {
  const text = useWords(words)
  const locale = useLocale()
  const sale = useStore(useTill().hub.offline.handBacks.store).taken
  const taken = state.way === HAND_BACK ? (sale?.body.bill ?? null) : null
  // A further way to pay is begun with the bill that was keyed in.
  const draft = screenOf(state) === 'way' ? draftBillOf(state, locale) : undefined
  if (draft !== undefined) return <BillPaper bill={draft} />
  const wire = taken ?? state.deal?.bill ?? state.opening?.bill ?? null
  const read = wire === null ? null : billFromWire(wire)
  if (read?.ok !== true) return <EmptyState title={screenOf(state) === 'way' ? text.emptyBill : text.noBill} />
  return <BillPaper bill={read.bill} />
}

/** A bill as it was sent. */
export function BillPaper({ bill }: { readonly bill: Bill }): JSX.Element {
  const text = useWords(words)
  return (
    <>
      {/* Nothing in it can be pressed, and a long one is scrolled by keyboard too. */}
      <ul class="bill-lines" role="list" aria-label={text.bill} tabIndex={0}>
        {bill.lines.map((line, index) => (
          <li class="bill-line" key={index}>
            <LineText line={line} unit={bill.unit} />
          </li>
        ))}
      </ul>
      <BillSum lines={bill.lines} total={bill.total} unit={bill.unit} />
    </>
  )
}

function DraftBill({ state }: { readonly state: RegisterState }): JSX.Element {
  const text = useWords(words)
  const unit = unitOf(state.scheme?.unit ?? '')
  const bill = draftBillOf(state, useLocale())
  const list = useRef<HTMLUListElement>(null)
  // A new line is at the end: that is where the eye should be.
  useEffect(() => list.current?.scrollTo({ top: list.current.scrollHeight }), [bill?.lines.length])
  if (unit === undefined) return <EmptyState title={text.emptyBill} />
  return (
    <>
      {bill === undefined ? (
        <NothingYet state={state} />
      ) : (
        <ul class="bill-lines" role="list" ref={list}>
          {bill.lines.map((line, index) => (
            <li class="bill-line" key={index}>
              <LineText line={line} unit={unit} />
              {index < state.draft.lines.length ? <Pieces index={index} line={line} draft={state.draft} /> : null}
            </li>
          ))}
        </ul>
      )}
      <LastLine line={bill?.lines[state.draft.lines.length - 1]} unit={unit} />
      <BillSum lines={bill?.lines ?? []} total={bill?.total ?? 0n} unit={unit}>
        <TipButton state={state} />
      </BillSum>
    </>
  )
}

/** What was put on the bill last, for those who do not see it: a scanner makes no other sign. */
function LastLine({ line, unit }: Readonly<{ line: Line | undefined; unit: string }>): JSX.Element {
  const text = useWords(words)
  const locale = useLocale()
  const { goods } = useRegister()
  const pieces = line !== undefined && line.quantity > 1 ? ` × ${line.quantity}` : ''
  return (
    <output class="hidden" aria-live="polite">
      {line === undefined
        ? ''
        : text.added(`${nameOfLine(line, goods, locale)}${pieces}`, amountText(line.amount, unit, locale))}
    </output>
  )
}

/** Where a shop takes tips: beside the total, out of the way. */
function TipButton({ state }: { readonly state: RegisterState }): JSX.Element | null {
  if (tipGood(state.goods) === undefined || state.draft.lines.length === 0) return null
  return <ActionButton action="tip" kind="quiet" />
}

function NothingYet({ state }: { readonly state: RegisterState }): JSX.Element {
  const text = useWords(words)
  if (state.deal !== null) return <EmptyState title={text.laterBill}>{text.laterBillText}</EmptyState>
  return (
    <EmptyState title={text.emptyBill}>
      {state.goods.goods.length > 0 ? text.emptyBillText : text.emptyBillKeypad}
    </EmptyState>
  )
}

function LineText({ line, unit }: { readonly line: Line; readonly unit: string }): JSX.Element {
  const text = useWords(words)
  const locale = useLocale()
  const { goods } = useRegister()
  return (
    <>
      <span class="line-text">
        {nameOfLine(line, goods, locale)}
        {line.quantity > 1 ? <span class="line-pieces"> × {line.quantity}</span> : null}
        {termsText(line, text, locale).map((note) => (
          <span class="line-note" key={note}>
            {note}
          </span>
        ))}
      </span>
      <Amount parts={amountParts(line.amount, unit, locale)} size="small" />
    </>
  )
}

/** What is special about a line: when its money is the shop's, and who may buy it. */
function termsText({ conditions, restriction }: Line, text: SameWords<(typeof words)['en']>, locale: Locale): string[] {
  const { delivery, coolingOff } = conditions
  return [
    delivery ? text.delivery : '',
    coolingOff === null ? '' : text.coolingOff(periodText(coolingOff.period, locale)),
    restriction?.minimumAge == null ? '' : text.fromAge(restriction.minimumAge),
    restriction?.membership == null ? '' : text.forMembers(restriction.membership),
    restriction?.region == null ? '' : text.forRegion(restriction.region),
    restriction?.perDay == null ? '' : text.perDay(restriction.perDay),
  ].filter((note) => note !== '')
}

type PiecesProps = Readonly<{ index: number; line: Line; draft: Draft }>

function Pieces({ index, line, draft }: PiecesProps): JSX.Element {
  const text = useWords(words)
  const { store } = useTill()
  const { goods } = useRegister()
  const name = nameOfLine(line, goods, useLocale())
  const isWeighed = draft.lines[index]?.weighed != null
  const change = (next: Draft): void => store.update((state) => ({ ...state, draft: next }))
  return (
    <span
      class="line-keys"
      onPointerDown={(event) => event.preventDefault()}
      onMouseDown={(event) => event.preventDefault()}
    >
      <Button
        kind="quiet"
        icon="settings"
        iconOnly
        onPress={() => store.update((state) => ({ ...state, sheet: 'terms', termsOf: index }))}
      >
        {text.terms(name)}
      </Button>
      <Button kind="quiet" icon="minus" iconOnly onPress={() => change(withoutPiece(draft, index))}>
        {text.less(name)}
      </Button>
      {isWeighed ? null : (
        <Button kind="quiet" icon="plus" iconOnly onPress={() => change(withPiece(draft, index))}>
          {text.more(name)}
        </Button>
      )}
    </span>
  )
}

type BillSumProps = Readonly<{ lines: readonly Line[]; total: bigint; unit: string; children?: ComponentChildren }>

function BillSum({ lines, total, unit, children }: BillSumProps): JSX.Element {
  const text = useWords(words)
  const locale = useLocale()
  return (
    <div class="bill-sum">
      {taxesOf(lines).map(({ rate, amount, tax }) => (
        <p class="bill-tax" key={rate}>
          <span>{text.taxAt(rateText(rate, locale), amountText(amount, unit, locale))}</span>
          <span>{amountText(tax, unit, locale)}</span>
        </p>
      ))}
      <p class="bill-total">
        <span class="bill-total-label">{text.toPay}</span>
        {children}
        <Amount parts={amountParts(total, unit, locale)} size="huge" />
      </p>
    </div>
  )
}
