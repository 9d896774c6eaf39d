// A purchase that a register has signed: who gets the money, what for, how much; then the code for the register.
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { LIFE_MS } from '#sdk/approval.ts'
import type { PurchaseToSign } from '#sdk/purchase.ts'
import { PURCHASE_LIFE_MS } from '#core/purchase.ts'
import { amountParts, amountText } from '#apps/shared/money.ts'
import { problemText } from '#apps/shared/problems.ts'
import { formatTime, useLocale, useWords } from '#ui/i18n.ts'
import { Banner, Button, List, ListRow, Receipt, ReceiptLine, Screen, Sheet } from '#ui/kit.tsx'
import { Amount, TimeLeft } from '#ui/numbers.tsx'
import { QrCode } from '#ui/qr.tsx'
import type { ScreenOf } from '../app.tsx'
import type { SignedHere } from '../purchase.ts'
import { isOffline, isPaid, type Place, type State } from '../state.ts'
import { purchaseWords } from '../words-purchase.ts'
import { walletWords } from '../words.ts'
import { BillLines } from './bill-lines.tsx'
import { PinEntry } from './pin-sheet.tsx'
import { ShareLink } from './share-link.tsx'

type PurchaseProps = ScreenOf & { readonly place: Extract<Place, { at: 'purchase' }> }

export function Purchase({ state, act, banners, place }: PurchaseProps): JSX.Element {
  const words = useWords(purchaseWords)
  const wallet = useWords(walletWords)
  const locale = useLocale()
  const [isAsking, setIsAsking] = useState(false)
  const { purchase, busy, problem, clockOffsetMs } = place
  const hasPasskey = state.passkeys.possible && (state.self?.passkeys.length ?? 0) > 0
  const amount = amountText(purchase.bill.total, purchase.bill.unit, locale)
  return (
    <Screen
      title={words.title}
      banners={banners}
      actions={
        <div class="two">
          <Button wide disabled={busy} onPress={() => act.go({ at: 'home' })}>
            {words.not}
          </Button>
          <Button kind="seal" wide busy={busy} onPress={() => setIsAsking(true)}>
            {wallet.approve}
          </Button>
        </div>
      }
    >
      <PurchasePaper purchase={purchase} />
      <TimeLeft endsAtMs={purchase.expiresAt} lastsMs={PURCHASE_LIFE_MS} clockOffsetMs={clockOffsetMs} />
      <Banner kind="note">{isOffline(state) ? words.offline : words.online}</Banner>
      <p class="quiet small">{words.checked}</p>
      <Sheet
        open={isAsking}
        onClose={() => (busy ? undefined : setIsAsking(false))}
        title={words.approve(amount, purchase.biller.name)}
      >
        {isAsking ? (
          <PinEntry
            state={state}
            problem={problem}
            isBusy={busy}
            givePin={(pin) => act.signPurchase(purchase, pin)}
            {...(hasPasskey && { usePasskey: () => act.signPurchaseByPasskey(purchase) })}
          />
        ) : null}
      </Sheet>
    </Screen>
  )
}

/** The names are the certificate's, whatever else a code might say; the lines are those that will be signed. */
function PurchasePaper({ purchase }: { readonly purchase: PurchaseToSign }): JSX.Element {
  const words = useWords(purchaseWords)
  const wallet = useWords(walletWords)
  const locale = useLocale()
  const { biller, bill } = purchase
  return (
    <Receipt
      title={biller.name}
      foot={
        <dl class="facts">
          <div>
            <dt>{wallet.terminal}</dt>
            <dd>{wallet.legalName(biller.legalName, biller.terminalLabel)}</dd>
          </div>
          <div>
            <dt>{wallet.time}</dt>
            <dd>{formatTime(purchase.issuedAt, locale)}</dd>
          </div>
        </dl>
      }
    >
      <BillLines bill={bill} />
      <ReceiptLine
        strong
        label={words.total}
        value={<Amount parts={amountParts(bill.total, bill.unit, locale)} size="large" />}
      />
    </Receipt>
  )
}

type SignedProps = ScreenOf & { readonly place: Extract<Place, { at: 'purchase-signed' }> }

export function PurchaseSigned({ state, act, banners, place }: SignedProps): JSX.Element {
  const words = useWords(purchaseWords)
  const wallet = useWords(walletWords)
  const locale = useLocale()
  const { signed, code, busy, problem, clockOffsetMs } = place
  const [isOver, setIsOver] = useState(signed.until <= Date.now() + clockOffsetMs)
  const said = problem === null ? null : problemText(problem, locale, 'payer')
  const canSubmit = !isOffline(state) && !isOver
  return (
    <Screen
      title={isOver ? words.over : words.signedTitle}
      banners={banners}
      actions={
        <Button kind={canSubmit ? 'plain' : 'seal'} wide disabled={busy} onPress={() => act.go({ at: 'home' })}>
          {wallet.done}
        </Button>
      }
    >
      <ReceiptLine
        strong
        label={signed.purchase.biller.name}
        value={
          <Amount parts={amountParts(signed.purchase.bill.total, signed.purchase.bill.unit, locale)} size="medium" />
        }
      />
      <p role="status">{isOver ? words.overText : words.signedShort}</p>
      {said === null ? null : <Banner kind="trouble">{`${said.sentence} ${said.moneySentence} ${said.next}`}</Banner>}
      {isOver ? null : (
        <div class="stack-small ask-link">
          <QrCode text={code} ecc="low" title={words.signedCode} />
          <TimeLeft
            open
            endsAtMs={signed.until}
            lastsMs={LIFE_MS}
            clockOffsetMs={clockOffsetMs}
            onEnd={() => setIsOver(true)}
          />
          <p class="quiet">{words.signedText}</p>
          <ShareLink link={code} text={words.signedCode} />
        </div>
      )}
      {canSubmit ? (
        <div class="stack-small">
          <p class="quiet small">{words.submitText}</p>
          <Button kind="seal" wide busy={busy} onPress={() => act.submitPurchase(signed)}>
            {busy ? words.submitting : words.submit}
          </Button>
        </div>
      ) : null}
    </Screen>
  )
}

/** At home: what was approved and not handed in yet, and what became of it while nobody looked. */
export function PurchaseList({ state, act }: Pick<ScreenOf, 'state' | 'act'>): JSX.Element | null {
  const words = useWords(purchaseWords)
  const items = rowsOf(state)
  if (items.length === 0) return null
  return (
    <section aria-label={words.listTitle}>
      <h2 class="part">{words.listTitle}</h2>
      <List label={words.listTitle} items={items} keyOf={({ deal }) => deal} empty={null}>
        {(row) => <Row row={row} act={act} />}
      </List>
    </section>
  )
}

type RowItem = Readonly<{
  deal: string
  name: string
  total: string
  unit: string
  signed: SignedHere | null
  payment: string | null
  isPaid: boolean
}>

const rowsOf = ({ purchases, purchasesDone }: State): readonly RowItem[] => [
  ...purchases.map((signed): RowItem => {
    const { deal, biller, bill } = signed.purchase
    return { deal, name: biller.name, total: bill.total, unit: bill.unit, signed, payment: null, isPaid: false }
  }),
  ...purchasesDone.map((view): RowItem => {
    const { deal, biller, bill, payment } = view
    const [total, unit] = [bill?.total ?? '0', bill?.unit ?? '']
    return { deal, name: biller.name, total, unit, signed: null, payment, isPaid: isPaid(view) }
  }),
]

function Row({ row, act }: { readonly row: RowItem; readonly act: ScreenOf['act'] }): JSX.Element {
  const words = useWords(purchaseWords)
  const locale = useLocale()
  const { signed, payment } = row
  return (
    <ListRow
      title={row.name}
      detail={signed !== null ? words.waits : row.isPaid ? words.paid : words.ended}
      side={<Amount parts={amountParts(row.total, row.unit, locale)} size="small" />}
      onPress={() => {
        if (signed !== null) act.showPurchase(signed)
        else if (payment !== null) act.openReceipt(payment, 'home')
      }}
    />
  )
}
