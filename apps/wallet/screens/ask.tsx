// Asking for money: how much, what for, and from whom: a contact hears at once, everybody else gets a code or a link.
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { parseTyped, unitOf } from '#core/money.ts'
import { amountParts, amountText } from '#apps/shared/money.ts'
import type { DealView } from '#protocol/views.ts'
import { Field } from '#ui/fields.tsx'
import { Button, EmptyState, List, ListRow, Screen } from '#ui/kit.tsx'
import { Amount } from '#ui/numbers.tsx'
import { formatDateTime, useLocale, useWords } from '#ui/i18n.ts'
import type { ScreenOf } from '../app.tsx'
import type { Place, State } from '../state.ts'
import { walletWords } from '../words.ts'
import { askedState } from './asking.tsx'
import { ProblemNote } from './problem.tsx'

const NOTE_LENGTH = 120

type AskProps = ScreenOf & { readonly place: Extract<Place, { at: 'ask' }> }

export function Ask({ state, act, banners, place }: AskProps): JSX.Element {
  const words = useWords(walletWords)
  const locale = useLocale()
  const units = state.inbox?.balances.map(({ unit }) => unit) ?? []
  const [unit, setUnit] = useState(state.scheme?.unit ?? units[0] ?? 'JPY')
  const [typed, setTyped] = useState('')
  const [note, setNote] = useState('')
  const [to, setTo] = useState('link')
  const known = unitOf(unit)
  const amount = known === undefined ? undefined : parseTyped(typed, known)
  const isWrong = typed !== '' && (amount === undefined || amount === 0n)
  const isReady = amount !== undefined && amount > 0n && note.trim() !== ''
  const listed = state.contacts?.filter(({ status }) => status === 'listed') ?? []
  const send = (): void => {
    if (!isReady || place.busy) return
    const asked = { amount, unit, note: note.trim() }
    if (to === 'signed') act.showBill(asked)
    else act.ask({ ...asked, to: to === 'link' ? null : to })
  }
  return (
    <Screen
      title={words.askForMoney}
      banners={banners}
      onBack={() => act.go({ at: 'home' })}
      actions={
        <Button kind="seal" wide busy={place.busy} disabled={!isReady} onPress={send}>
          {to === 'link' ? words.makeLink : to === 'signed' ? words.makeCode : words.sendBill}
        </Button>
      }
    >
      <form
        class="stack-small"
        onSubmit={(event) => {
          event.preventDefault()
          send()
        }}
      >
        {place.problem === null ? null : <ProblemNote problem={place.problem} />}
        <div class={units.length < 2 ? '' : 'ask-amount'}>
          <Field
            label={words.askAmount}
            value={typed}
            onInput={setTyped}
            inputMode="decimal"
            maxLength={20}
            {...(amount !== undefined && amount > 0n && { hint: amountText(amount, unit, locale) })}
            {...(isWrong && { error: words.askAmountWrong })}
          />
          {units.length < 2 ? null : (
            <label class="field">
              <span class="field-label">{words.currency}</span>
              <select class="field-input" value={unit} onChange={({ currentTarget }) => setUnit(currentTarget.value)}>
                {units.map((each) => (
                  <option key={each} value={each}>
                    {each}
                  </option>
                ))}
              </select>
            </label>
          )}
        </div>
        <Field label={words.askNote} value={note} onInput={setNote} maxLength={NOTE_LENGTH} hint={words.askNoteHint} />
        <fieldset class="choices">
          <legend class="field-label">{words.askWhom}</legend>
          <label class="choice">
            <input type="radio" name="to" checked={to === 'link'} onChange={() => setTo('link')} />
            <span>{words.askAnybody}</span>
          </label>
          <label class="choice">
            <input type="radio" name="to" checked={to === 'signed'} onChange={() => setTo('signed')} />
            <span>{words.askSigned}</span>
          </label>
          {listed.map(({ account, name }) => (
            <label key={account} class="choice">
              <input type="radio" name="to" checked={to === account} onChange={() => setTo(account)} />
              <span>{name}</span>
            </label>
          ))}
        </fieldset>
        <p class="quiet small">
          {to === 'link' ? words.askLinkText : to === 'signed' ? words.askSignedText : words.askContactText}
        </p>
      </form>
      <Sent state={state} open={act.openAsking} />
    </Screen>
  )
}

function Sent({ state, open }: { readonly state: State; readonly open: (deal: string) => void }): JSX.Element | null {
  const words = useWords(walletWords)
  const locale = useLocale()
  if (state.asked === null) return null
  return (
    <section aria-label={words.askedList}>
      <h2 class="part">{words.askedList}</h2>
      <List
        label={words.askedList}
        items={state.asked}
        keyOf={({ deal }) => deal}
        empty={
          <EmptyState title={words.askedNone} icon="history">
            {words.askedNoneText}
          </EmptyState>
        }
      >
        {(deal: DealView) => (
          <ListRow
            title={deal.bill?.lines[0]?.text ?? ''}
            detail={`${formatDateTime(deal.openedAt, locale)} · ${words[askedState(deal)]}`}
            side={
              deal.bill === null ? null : (
                <Amount parts={amountParts(deal.bill.total, deal.bill.unit, locale)} size="small" />
              )
            }
            onPress={() => open(deal.deal)}
          />
        )}
      </List>
    </section>
  )
}
