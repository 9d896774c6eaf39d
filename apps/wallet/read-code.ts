// What a scanned text is. The scanner asks here and nowhere else; each kind is dealt with where it belongs (hub.ts `scanned`).
//
//   bill       the QR of a register or a link of a person: https://HUB/j/tok_…
//   point      a sign where nobody stands: https://HUB/t/pnt_…, or its EMVCo form
//   number     the EMVCo form of a register's number
//   hand-back  a bill to sign, or one signed, between two phones: https://HUB/wallet#ask=… · #signed=…
//   purchase   what a register has signed, in one code or several: https://HUB/wallet#purchase=… · #part=…
//   other-hub  a bill of another hub: ours must not pay it in its own name
//   foreign    a code of another system
import { readOurCode } from '#core/emv-ours.ts'
import { foreignCode, type ForeignCode } from '#core/foreign-codes.ts'
import { readBillLink, readSignedLink } from '#sdk/hand-back.ts'
import { readPurchaseCode, type Part } from '#sdk/purchase-codes.ts'
import { pointOfPath, readLink } from './links.ts'

export type CodeRead =
  | Readonly<{ kind: 'bill'; token: string }>
  | Readonly<{ kind: 'point'; point: string }>
  | Readonly<{ kind: 'number'; number: string }>
  | Readonly<{ kind: 'hand-back'; link: string }>
  | Readonly<{ kind: 'purchase'; packed: string }>
  | Readonly<{ kind: 'purchase-part'; part: Part }>
  | Readonly<{ kind: 'other-hub' }>
  | Readonly<{ kind: 'foreign'; code: ForeignCode }>
  | Readonly<{ kind: 'unknown' }>

/** Reads a scanned text. `origin` is our own. Never throws. */
export function readCode(text: string, origin: string): CodeRead {
  if (readBillLink(text) !== undefined || readSignedLink(text) !== undefined) return { kind: 'hand-back', link: text }
  const purchase = readPurchaseCode(text, origin)
  if (purchase?.kind === 'whole') return { kind: 'purchase', packed: purchase.packed }
  if (purchase?.kind === 'part') return { kind: 'purchase-part', part: purchase.part }
  if (purchase !== undefined) return { kind: 'other-hub' }
  const ours = readOurCode(text, origin)
  if (ours !== undefined) return ours
  const point = readPointLink(text, origin)
  if (point !== undefined) return point
  const link = readLink(text, origin)
  if (link.ok) return { kind: 'bill', token: link.token }
  if (link.why === 'foreign') return { kind: 'other-hub' }
  const code = foreignCode(text)
  return code === undefined ? { kind: 'unknown' } : { kind: 'foreign', code }
}

function readPointLink(text: string, origin: string): CodeRead | undefined {
  const url = URL.canParse(text.trim()) ? new URL(text.trim()) : undefined
  const point = url && pointOfPath(url.pathname)
  if (url === undefined || point === undefined) return undefined
  return url.origin === origin ? { kind: 'point', point } : { kind: 'other-hub' }
}
