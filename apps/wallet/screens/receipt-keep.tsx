// Keeping a receipt: its signature, its code for somebody else's camera, and passing it on, by mail or on paper.
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { printPage } from '#apps/shared/print-page.ts'
import { problemOf, type Problem } from '#protocol/problems.ts'
import type { Client } from '#sdk/client.ts'
import { callReceipts } from '#sdk/receipts.ts'
import { useLocale, useWords } from '#ui/i18n.ts'
import { Banner, Button, say } from '#ui/kit.tsx'
import { QrCode } from '#ui/qr.tsx'
import type { SignedReceipt } from '../receipts.ts'
import { receiptWords } from '../words-receipt.ts'
import { ProblemNote } from './problem.tsx'
import { ShareLink } from './share-link.tsx'

type KeepProps = Readonly<{ receipt: SignedReceipt; client: Client }>

export function KeepReceipt({ receipt: { view, isSigned }, client }: KeepProps): JSX.Element {
  const words = useWords(receiptWords)
  const locale = useLocale()
  const [isBusy, setBusy] = useState(false)
  const [problem, setProblem] = useState<Problem | null>(null)
  const { link } = view
  const { payment, scheme, shop } = view.receipt

  const mail = async (): Promise<void> => {
    setBusy(true)
    const outcome = await callReceipts(client, 'mailReceipt', { body: { payment, language: locale } })
    setBusy(false)
    setProblem(outcome.ok ? null : outcome.problem)
    if (outcome.ok) say(words.mailed(outcome.view.email))
  }
  const print = async (): Promise<void> => {
    const isOpened = await printPage(`${new URL(link).pathname}?lang=${locale}`).then(
      () => true,
      () => false,
    )
    setProblem(isOpened ? null : problemOf('no-answer'))
  }

  return (
    <section class="keep" aria-label={words.keep}>
      {isSigned === false ? <Banner kind="trouble">{words.notSigned(scheme.name)}</Banner> : null}
      {isSigned === true ? <p class="quiet small">{words.signed(scheme.name)}</p> : null}
      <div class="keep-ways">
        <Button wide busy={isBusy} onPress={() => void mail()}>
          {words.mail}
        </Button>
        <Button wide icon="print" onPress={() => void print()}>
          {words.print}
        </Button>
      </div>
      <ShareLink link={link} text={words.shareText(shop.name)} />
      {problem === null ? null : <ProblemNote problem={problem} isAboutMoney={false} />}
      <details class="keep-code">
        <summary>{words.code}</summary>
        <p class="quiet small">{words.codeText}</p>
        <QrCode text={link} title={words.codeFor} />
      </details>
    </section>
  )
}
