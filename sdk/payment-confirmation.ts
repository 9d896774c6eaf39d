// Secure Payment Confirmation (W3C), where the browser has it: the browser itself shows payee and amount, then asks for the passkey and
// signs what it has shown. Elsewhere, and for passkeys that were not made for it, an ordinary assertion over the same bytes.
import { sha256, toBase64url, fromBase64url } from '#core/bytes.ts'
import { decimalOf, parseAmount, unitOf } from '#core/money.ts'
import type { PaymentView } from '#protocol/views.ts'
import type { Prove } from './approval.ts'
import { isRecord } from './outcome.ts'
import type { PasskeyProof } from './passkey.ts'

/** What the browser shows and signs; the hub compares it member by member (server/auth/payment-confirmation.ts). */
export type Shown = Readonly<{
  payeeName: string
  total: Readonly<{ currency: string; value: string }>
  instrument: Readonly<{ displayName: string; icon: string; iconMustBeShown: boolean }>
}>

/** An account has no picture; the wallet's is shown. */
const ICON = '/assets/icons/wallet-192.png'
const METHOD = 'secure-payment-confirmation'

/** Can this browser confirm payments by itself? */
export async function confirmationPossible(): Promise<boolean> {
  if (typeof PaymentRequest === 'undefined') return false
  const look: unknown =
    Reflect.get(PaymentRequest, 'securePaymentConfirmationAvailability') ??
    Reflect.get(PaymentRequest, 'isSecurePaymentConfirmationAvailable')
  if (typeof look !== 'function') return false
  const found: unknown = await orUndefined(async () => Reflect.apply(look, PaymentRequest, []))
  return found === true || found === 'available'
}

/** What is to be shown for this view; undefined where there is no bill. `origin` is where the wallet was loaded from. */
export function shownFor(
  view: Pick<PaymentView, 'bill' | 'biller' | 'payerAccount'>,
  origin: string,
): Shown | undefined {
  const unit = unitOf(view.bill?.unit ?? '')
  const amount = parseAmount(view.bill?.total)
  if (unit === undefined || amount === undefined) return undefined
  return {
    payeeName: view.biller.legalName,
    total: { currency: unit, value: decimalOf({ unit, amount }) },
    instrument: { displayName: view.payerAccount, icon: new URL(ICON, origin).href, iconMustBeShown: false },
  }
}

/** Has the browser confirm this payment with one of the person's passkeys; where it cannot or will not, `otherwise` proves. */
export const withConfirmation =
  (view: PaymentView, otherwise: Prove): Prove =>
  async (approval, identity) => {
    const { self, scheme } = identity
    const { hostName } = scheme
    const credentials = self.kind === 'device' ? self.passkeys : []
    if (hostName === null || credentials.length === 0 || !(await confirmationPossible())) {
      return otherwise(approval, identity)
    }
    const shown = shownFor(view, location.origin)
    if (shown === undefined) return otherwise(approval, identity)
    const proof = await orUndefined(() => confirmed({ approval, hostName, credentials, shown }))
    // The browser does not say whether the person said no or it has no such passkey for payments: the passkey is asked for plainly.
    return proof === undefined ? otherwise(approval, identity) : { ok: true, view: proof }
  }

async function confirmed({
  approval,
  hostName,
  credentials,
  shown,
}: Readonly<{
  approval: Uint8Array
  hostName: string
  credentials: readonly string[]
  shown: Shown
}>): Promise<PasskeyProof | undefined> {
  const { payeeName, total, instrument } = shown
  const data = {
    challenge: sha256(approval),
    rpId: hostName,
    credentialIds: credentials.flatMap((id) => fromBase64url(id) ?? []),
    instrument,
    payeeName,
    timeout: 60_000,
  }
  const request = new PaymentRequest([{ supportedMethods: METHOD, data }], {
    total: { label: payeeName, amount: total },
  })
  const response = await request.show()
  await response.complete('success')
  return proofIn(response.details)
}

/** The assertion in the browser's answer; undefined when it is none. */
export function proofIn(details: unknown): PasskeyProof | undefined {
  if (!isRecord(details)) return undefined
  const credential = base64urlOf(details.rawId)
  const { response } = details
  if (!isRecord(response)) return undefined
  const clientData = base64urlOf(response.clientDataJSON)
  const authenticatorData = base64urlOf(response.authenticatorData)
  const signature = base64urlOf(response.signature)
  if (
    credential === undefined ||
    clientData === undefined ||
    authenticatorData === undefined ||
    signature === undefined
  )
    return undefined
  return { kind: 'passkey', credential, clientData, authenticatorData, signature }
}

const base64urlOf = (value: unknown): string | undefined =>
  value instanceof ArrayBuffer ? toBase64url(new Uint8Array(value)) : undefined

/** The browser says only by rejecting that the person said no, or that it cannot. */
async function orUndefined<Result>(ask: () => Promise<Result>): Promise<Result | undefined> {
  try {
    return await ask()
  } catch {
    return undefined
  }
}
