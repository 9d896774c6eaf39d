// What can be done with the receipt of a payment, on the paid screen and in the history: print it, or show its code to the customer.
import type { JSX } from 'preact'
import { useEffect, useLayoutEffect, useState } from 'preact/hooks'
import { problemText } from '#apps/shared/problems.ts'
import type { Problem } from '#protocol/problems.ts'
import type { DealView } from '#protocol/views.ts'
import { callReceipts } from '#sdk/receipts.ts'
import { useLocale, useWords, type Locale } from '#ui/i18n.ts'
import { Banner, Button, Sheet, say } from '#ui/kit.tsx'
import { QrCode } from '#ui/qr.tsx'
import { useTill } from '../context.tsx'
import { printReceipt, readPrinter, type Printed } from '../printer.ts'
import { receiptWords } from '../words-receipt.ts'

type DealProps = { readonly deal: DealView }

const PRINT_KEY = 'F2'
const CODE_KEY = 'F3'

export function ReceiptActions({ deal }: DealProps): JSX.Element | null {
  const text = useWords(receiptWords)
  const locale = useLocale()
  const { hub } = useTill()
  const [isPrinting, setPrinting] = useState(false)
  const [trouble, setTrouble] = useState<string | null>(null)
  const [isCodeShown, setCodeShown] = useState(false)
  const { payment, approvedAt } = deal
  const isPaid = payment !== null && approvedAt !== null

  const print = async (): Promise<void> => {
    if (payment === null || isPrinting) return
    setPrinting(true)
    setTrouble(null)
    const printed = await printReceipt(hub.client, payment, readPrinter(locale))
    setPrinting(false)
    const failure = failureOf(printed, text, locale)
    setTrouble(failure)
    if (failure === null) say(isCopy(printed) ? text.copyPrinted : text.printed)
  }
  useLayoutEffect(() => {
    if (!isPaid) return undefined
    const onKey = (event: KeyboardEvent): void => {
      if (document.querySelector('dialog:modal') !== null) return
      if (event.key === PRINT_KEY) void print()
      else if (event.key === CODE_KEY) setCodeShown(true)
      else return
      event.preventDefault()
    }
    window.addEventListener('keydown', onKey)
    return () => window.removeEventListener('keydown', onKey)
  })

  if (!isPaid) return null
  return (
    <div class="receipt-actions" role="group" aria-label={text.receipt}>
      <Button icon="print" shortcut={PRINT_KEY} busy={isPrinting} onPress={() => void print()}>
        {text.print}
      </Button>
      <Button icon="myCode" shortcut={CODE_KEY} onPress={() => setCodeShown(true)}>
        {text.code}
      </Button>
      {trouble === null ? null : <Banner kind="trouble">{trouble}</Banner>}
      <ReceiptCode payment={payment} isShown={isCodeShown} onClose={() => setCodeShown(false)} />
    </div>
  )
}

const isCopy = (printed: Printed): boolean => typeof printed === 'object' && 'isCopy' in printed && printed.isCopy

function failureOf(
  printed: Printed,
  text: Record<'noPrinter' | 'printerFailed', string>,
  locale: Locale,
): string | null {
  if (printed === 'no-printer') return text.noPrinter
  if (printed === 'printer-failed') return text.printerFailed
  return 'problem' in printed ? sentence(printed.problem, locale) : null
}

function sentence(problem: Problem, locale: Locale): string {
  const said = problemText(problem, locale, 'biller')
  return `${said.sentence} ${said.next}`
}

type CodeProps = Readonly<{ payment: string; isShown: boolean; onClose: () => void }>

function ReceiptCode({ payment, isShown, onClose }: CodeProps): JSX.Element {
  const text = useWords(receiptWords)
  const locale = useLocale()
  const { hub } = useTill()
  const [link, setLink] = useState<string | null>(null)
  const [problem, setProblem] = useState<Problem | null>(null)
  const look = async (): Promise<void> => {
    const outcome = await callReceipts(hub.client, 'receipt', { params: { payment } })
    setLink(outcome.ok ? outcome.view.link : null)
    setProblem(outcome.ok ? null : outcome.problem)
  }
  useEffect(() => {
    if (isShown) void look()
  }, [isShown, payment])
  return (
    <Sheet open={isShown} title={text.codeTitle} onClose={onClose}>
      <p>{text.codeText}</p>
      {link === null ? null : <QrCode text={link} title={text.codeFor} size={224} />}
      {problem === null ? null : <Banner kind="trouble">{sentence(problem, locale)}</Banner>}
      {link === null && problem === null ? <p role="status">{text.loading}</p> : null}
    </Sheet>
  )
}
