// The code beside the number: our link, and on request the EMVCo form of the same number, for wallets that read that alone.
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { isAccountNumber } from '#core/accounts.ts'
import { writeOurCode } from '#core/emv-ours.ts'
import { parseAmount, unitOf } from '#core/money.ts'
import { isValidNumber } from '#core/numbers.ts'
import type { DealView } from '#protocol/views.ts'
import { Switch } from '#ui/fields.tsx'
import { catalogue, useWords } from '#ui/i18n.ts'
import { QrCode } from '#ui/qr.tsx'
import { useRegister } from '../context.tsx'
import type { RegisterState } from '../state.ts'
import { words } from '../words.ts'

export function TicketCode({ deal }: { readonly deal: DealView }): JSX.Element | null {
  const text = useWords(codeTexts)
  const shared = useWords(words)
  const state = useRegister()
  const [isForOthers, setIsForOthers] = useState(false)
  if (deal.ticket === null) return null
  const emv = deal.question === null ? emvOf(deal, state) : undefined
  const isEmv = isForOthers && emv !== undefined
  return (
    <div class="ticket-codes">
      <div class="ticket-code">
        <QrCode text={isEmv ? emv : deal.ticket.link} title={isEmv ? text.emv : shared.qr} />
      </div>
      {emv === undefined ? null : <Switch label={text.forOthers} checked={isForOthers} onChange={setIsForOthers} />}
    </div>
  )
}

/** Undefined where the hub's name does not fit the form. */
function emvOf(
  { ticket, bill }: DealView,
  { self, scheme }: Pick<RegisterState, 'self' | 'scheme'>,
): string | undefined {
  const number = ticket?.number ?? ''
  const unit = unitOf(bill?.unit ?? scheme?.unit ?? '')
  if (self === null || scheme === null || unit === undefined || !isValidNumber(number)) return undefined
  const { account, name, label } = self
  if (!isAccountNumber(account)) return undefined
  return writeOurCode({
    origin: location.origin,
    account,
    names: { number },
    name,
    terminalLabel: label,
    unit,
    amount: bill === null ? null : (parseAmount(bill.total) ?? null),
    zone: scheme.zone,
  })
}

const codeTexts = catalogue({
  en: {
    emv: 'QR code in the EMVCo form: the number for other wallets',
    forOthers: 'QR for other wallets',
  },
  ja: {
    emv: 'EMVCo形式のQRコード：他のウォレット用の番号',
    forOthers: '他のウォレット用QR',
  },
})
