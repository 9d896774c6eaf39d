// The signed receipt of a payment, read where a screen shows one, and again when the payment changes.
import { useEffect, useState } from 'preact/hooks'
import type { ReceiptView } from '#protocol/receipts.ts'
import type { PaymentView } from '#protocol/views.ts'
import type { Client } from '#sdk/client.ts'
import { callReceipts, isReceiptSigned } from '#sdk/receipts.ts'

export type SignedReceipt = Readonly<{
  view: ReceiptView
  /** by the scheme's key as this phone knows it since it came in; null where it knows none yet */
  isSigned: boolean | null
}>

/** Null until it has come: without a network, or of what is not paid. */
export function useReceipt(
  client: Client,
  { payment, version, approvedAt, question }: PaymentView,
  signer: string | undefined,
): SignedReceipt | null {
  const [receipt, setReceipt] = useState<SignedReceipt | null>(null)
  useEffect(() => {
    if (approvedAt === null || question !== null) return undefined
    let isOver = false
    const read = async (): Promise<void> => {
      const outcome = await callReceipts(client, 'receipt', { params: { payment } })
      if (!outcome.ok) return
      const isSigned = signer === undefined ? null : await isReceiptSigned(outcome.view, signer)
      if (!isOver) setReceipt({ view: outcome.view, isSigned })
    }
    void read()
    return () => void (isOver = true)
  }, [client, payment, version, signer])
  return receipt
}
