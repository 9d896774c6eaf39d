// Signing a bill without a network, on the payer's phone: who gets the money, how much, what for; then the code to hand back.
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { amountParts, amountText, formatAccount } from '#apps/shared/money.ts'
import { problemText } from '#apps/shared/problems.ts'
import type { BillToSign } from '#sdk/hand-back.ts'
import { PinField } from '#ui/fields.tsx'
import { Banner, Button, Screen } from '#ui/kit.tsx'
import { Amount, TimeLeft } from '#ui/numbers.tsx'
import { QrCode } from '#ui/qr.tsx'
import { useLocale, useWords } from '#ui/i18n.ts'
import type { ScreenOf } from '../app.tsx'
import { PIN_LENGTH } from '../enrolment.ts'
import type { Place } from '../state.ts'
import { walletWords } from '../words.ts'
import { ShareLink } from './share-link.tsx'

type SignProps = ScreenOf & { readonly place: Extract<Place, { at: 'sign' }> }

export function Sign({ state, act, banners, place }: SignProps): JSX.Element {
  const words = useWords(walletWords)
  const locale = useLocale()
  const [pin, setPin] = useState('')
  const { bill, busy, problem } = place
  const said = problem === null ? null : problemText(problem, locale, 'payer')
  const isStranger =
    state.contacts !== null &&
    !state.contacts.some(({ account, status }) => account === bill.biller.account && status === 'listed')
  const length = state.pinLength ?? PIN_LENGTH
  const sign = (typed: string): void => {
    setPin('')
    act.signBill(bill, typed)
  }
  return (
    <Screen
      title={words.signTitle}
      banners={banners}
      actions={
        <Button wide disabled={busy} onPress={() => act.go({ at: 'home' })}>
          {words.signNot}
        </Button>
      }
    >
      <BillAtHand bill={bill} />
      {isStranger ? (
        <Banner kind="trouble">
          <span class="sentence strong">{words.stranger(bill.biller.legalName)}</span>
          <span class="sentence">{words.strangerText}</span>
        </Banner>
      ) : null}
      {said === null ? null : <Banner kind="trouble">{`${said.sentence} ${said.next}`}</Banner>}
      <p>{words.signText}</p>
      <form
        class="stack-small"
        onSubmit={(event) => {
          event.preventDefault()
          if (pin.length >= 4 && !busy) sign(pin)
        }}
      >
        <PinField
          label={words.signPin(amountText(bill.bill.total, bill.bill.unit, locale))}
          value={pin}
          length={length}
          onInput={setPin}
          {...(state.pinLength === null ? {} : { onComplete: sign })}
          {...(state.demoPin === null ? {} : { hint: words.pinDemo(state.demoPin) })}
          disabled={busy}
          autoFocus
        />
        {state.pinLength === null ? (
          <Button kind="seal" type="submit" wide busy={busy} disabled={pin.length < 4}>
            {words.confirm}
          </Button>
        ) : null}
      </form>
    </Screen>
  )
}

/** The legal name and the account: the signature covers these, whatever else the code says. */
function BillAtHand({ bill }: { readonly bill: BillToSign }): JSX.Element {
  const words = useWords(walletWords)
  const locale = useLocale()
  return (
    <div class="paid">
      <Amount parts={amountParts(bill.bill.total, bill.bill.unit, locale)} size="huge" />
      <span class="strong">{words.paidShop(bill.biller.legalName)}</span>
      <span class="quiet">{formatAccount(bill.biller.account)}</span>
      {bill.bill.lines.map((line, index) => (
        <span key={index}>{line.text}</span>
      ))}
    </div>
  )
}

type SignedProps = ScreenOf & { readonly place: Extract<Place, { at: 'signed' }> }

export function Signed({ state, act, banners, place }: SignedProps): JSX.Element {
  const words = useWords(walletWords)
  const [isOver, setIsOver] = useState(false)
  const { bill, link, until } = place
  return (
    <Screen
      title={isOver ? words.signedOver : words.signedTitle}
      banners={banners}
      actions={
        <Button kind="seal" wide onPress={() => act.go({ at: 'home' })}>
          {words.done}
        </Button>
      }
    >
      <BillAtHand bill={bill} />
      {isOver ? (
        <p>{words.signedOverText}</p>
      ) : (
        <div class="stack-small ask-link">
          <QrCode text={link} title={words.signedCode} />
          <ShareLink link={link} text={words.signedCode} />
          <TimeLeft
            endsAtMs={until}
            lastsMs={5 * 60_000}
            clockOffsetMs={state.clockOffsetMs}
            onEnd={() => setIsOver(true)}
          />
        </div>
      )}
      <p class="quiet">{words.signedText}</p>
    </Screen>
  )
}
