// Giving money back: the whole, chosen lines, or an amount; asked once more before it goes, and told what came of it.
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { parseTyped, unitOf } from '#core/money.ts'
import { amountText } from '#apps/shared/money.ts'
import { problemText } from '#apps/shared/problems.ts'
import type { DealView } from '#protocol/views.ts'
import type { Client } from '#sdk/client.ts'
import { Field, Segmented } from '#ui/fields.tsx'
import { useLocale, useWords } from '#ui/i18n.ts'
import { Banner, Button, Sheet, say } from '#ui/kit.tsx'
import { linesOf, refundableOf } from '#apps/shared/sale.ts'
import { words } from './words.ts'

type GiveBackProps = Readonly<{ client: Client; payment: string; sale: DealView; onDone: () => void }>
type Extent = 'whole' | 'lines' | 'part'

export function GiveBack({ client, payment, sale, onDone }: GiveBackProps): JSX.Element {
  const text = useWords(words)
  const locale = useLocale()
  const unit = sale.bill?.unit ?? ''
  const most = refundableOf(sale)
  const returnable = linesOf(sale).filter(({ left }) => left > 0n)
  const [extent, setExtent] = useState<Extent>('whole')
  const [chosen, setChosen] = useState<ReadonlySet<number>>(new Set())
  const [typed, setTyped] = useState('')
  const [sure, setSure] = useState(false)
  const [busy, setBusy] = useState(false)
  const [trouble, setTrouble] = useState<string | null>(null)

  const lines = extent === 'lines' ? returnable.filter(({ index }) => chosen.has(index)) : []
  const known = unitOf(unit)
  const typedAmount = known === undefined ? undefined : parseTyped(typed, known)
  const amount =
    extent === 'whole'
      ? most
      : extent === 'lines'
        ? lines.reduce((total, { left }) => total + left, 0n)
        : (typedAmount ?? 0n)
  const isTooMuch = amount > most
  const money = (of: bigint): string => amountText(of, unit, locale)
  const name = sale.payer?.name ?? ''

  const give = async (): Promise<void> => {
    setBusy(true)
    const outcome = await client.send('refund', {
      payment,
      amount: String(amount),
      lines: lines.map(({ index, left }) => ({ line: index, amount: String(left) })),
    })
    setBusy(false)
    setSure(false)
    if (outcome.ok) {
      setTrouble(null)
      setTyped('')
      setChosen(new Set())
      setExtent('whole')
      say(text.given(money(amount), name))
    } else {
      const said = problemText(outcome.problem, locale, 'biller')
      setTrouble(`${said.sentence} ${said.moneySentence} ${said.next}`)
    }
    onDone()
  }
  return (
    <section class="give-back" aria-label={text.giveBack}>
      <h3>{text.giveBack}</h3>
      <Segmented<Extent>
        label={text.howMuch}
        value={extent}
        onChange={setExtent}
        options={[
          { value: 'whole', label: text.whole(money(most)) },
          ...(returnable.length > 1 ? [{ value: 'lines' as const, label: text.lines }] : []),
          { value: 'part', label: text.part },
        ]}
      />
      {extent === 'lines' ? (
        <fieldset class="give-back-lines">
          <legend class="field-label">{text.chooseLines}</legend>
          {returnable.map(({ index, text: label, left }) => (
            <label key={index} class="give-back-line">
              <input
                type="checkbox"
                checked={chosen.has(index)}
                onChange={() =>
                  setChosen(
                    new Set(chosen.has(index) ? [...chosen].filter((each) => each !== index) : [...chosen, index]),
                  )
                }
              />
              <span>{label}</span>
              <span>{money(left)}</span>
            </label>
          ))}
        </fieldset>
      ) : null}
      {extent === 'part' ? (
        <Field
          label={text.amount}
          hint={text.atMost(money(most))}
          value={typed}
          onInput={setTyped}
          inputMode="decimal"
          maxLength={20}
          {...(isTooMuch && { error: text.atMost(money(most)) })}
        />
      ) : null}
      {trouble === null ? null : <Banner kind="trouble">{trouble}</Banner>}
      <Button kind="danger" wide disabled={amount <= 0n || isTooMuch} onPress={() => setSure(true)}>
        {amount > 0n && !isTooMuch ? text.give(money(amount)) : text.giveNothing}
      </Button>
      <Sheet
        open={sure}
        onClose={() => setSure(false)}
        title={text.sure(money(amount), name)}
        actions={
          <>
            <Button kind="danger" wide busy={busy} onPress={() => void give()}>
              {text.yes}
            </Button>
            <Button wide disabled={busy} onPress={() => setSure(false)}>
              {text.no}
            </Button>
          </>
        }
      >
        <p>{text.sureText}</p>
      </Sheet>
    </section>
  )
}
