// The receipt of a sale, from the office: printed (again) on a sheet, or opened.
import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { printPage } from '#apps/shared/print-page.ts'
import { toHex } from '#core/bytes.ts'
import { problemOf, type Problem } from '#protocol/problems.ts'
import type { Client } from '#sdk/client.ts'
import { callReceipts } from '#sdk/receipts.ts'
import { useLocale, useWords } from '#ui/i18n.ts'
import { Button, say } from '#ui/kit.tsx'
import { Trouble } from './shop.tsx'
import { receiptWords } from './words-receipt.ts'

type SaleReceiptProps = Readonly<{ client: Client; payment: string }>

export function SaleReceipt({ client, payment }: SaleReceiptProps): JSX.Element {
  const text = useWords(receiptWords)
  const locale = useLocale()
  const [isBusy, setBusy] = useState(false)
  const [problem, setProblem] = useState<Problem | null>(null)
  const [link, setLink] = useState<string | null>(null)
  useEffect(() => {
    let isOver = false
    const look = async (): Promise<void> => {
      const outcome = await callReceipts(client, 'receipt', { params: { payment } })
      if (outcome.ok && !isOver) setLink(outcome.view.link)
    }
    void look()
    return () => void (isOver = true)
  }, [client, payment])
  const print = async (): Promise<void> => {
    setBusy(true)
    setProblem(await printed())
    setBusy(false)
  }
  async function printed(): Promise<Problem | null> {
    const id = toHex(crypto.getRandomValues(new Uint8Array(16)))
    const body = { payment, print: id, form: 'page', paper: 'A4', language: locale, cut: false, drawer: false } as const
    const outcome = await callReceipts(client, 'printReceipt', { body })
    if (!outcome.ok) return outcome.problem
    if (outcome.view.isCopy) say(text.printedCopy)
    return printPage(outcome.view.page).then(
      () => null,
      () => problemOf('no-answer'),
    )
  }
  return (
    <section class="sale-receipt" aria-label={text.receipt}>
      <Button icon="print" busy={isBusy} onPress={() => void print()}>
        {text.print}
      </Button>
      {link === null ? null : (
        <a href={link} target="_blank" rel="noreferrer">
          {text.open}
        </a>
      )}
      <Trouble problem={problem} />
    </section>
  )
}
