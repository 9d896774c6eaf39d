// The payee's side of a purchase that is signed without a network: the code of the bill, then the camera for the signed one.
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { amountParts } from '#apps/shared/money.ts'
import { Button, Screen } from '#ui/kit.tsx'
import { Amount } from '#ui/numbers.tsx'
import { QrCode } from '#ui/qr.tsx'
import { Scanner } from '#ui/scan.tsx'
import { useLocale, useWords } from '#ui/i18n.ts'
import type { ScreenOf } from '../app.tsx'
import type { Place } from '../state.ts'
import { walletWords } from '../words.ts'
import { ProblemNote } from './problem.tsx'
import { ShareLink } from './share-link.tsx'

type BillShownProps = ScreenOf & { readonly place: Extract<Place, { at: 'bill-shown' }> }

export function BillShown({ act, banners, place }: BillShownProps): JSX.Element {
  const words = useWords(walletWords)
  const locale = useLocale()
  const [isScanning, setIsScanning] = useState(false)
  const { bill, link, busy, problem } = place
  return (
    <Screen
      title={isScanning ? words.scanSigned : words.billShown}
      banners={banners}
      onBack={() => (isScanning ? setIsScanning(false) : act.openAsk())}
      actions={
        <Button kind="seal" wide busy={busy} icon="scan" onPress={() => setIsScanning(!isScanning)}>
          {busy ? words.handingIn : isScanning ? words.showAgain : words.scanSigned}
        </Button>
      }
    >
      {problem === null ? null : <ProblemNote problem={problem} />}
      <div class="paid">
        <Amount parts={amountParts(bill.bill.total, bill.bill.unit, locale)} size="huge" />
        <span>{bill.bill.lines[0]?.text}</span>
      </div>
      {isScanning && !busy ? (
        <Scanner onRead={act.scanned} label={words.scanSigned} />
      ) : (
        <div class="stack-small ask-link">
          <QrCode text={link} title={words.askCode} />
          <ShareLink link={link} text={bill.bill.lines[0]?.text ?? ''} />
        </div>
      )}
      <p class="quiet">{words.billShownText}</p>
    </Screen>
  )
}
