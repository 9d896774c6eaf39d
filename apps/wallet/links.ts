// The addresses that open the wallet somewhere. The QR's link, https://HUB/j/tok_…, opens the bill: only links of our own hub are
// followed. Behind the wallet's own address: #payment=pay_… (a notification), #phones, #new (a new person or phone, in a demo town too).
import { isId } from '#core/ids.ts'

export type LinkRead =
  | Readonly<{ ok: true; token: string }>
  /** `foreign`: a link, but of another hub · `unknown`: not a link of a bill at all */
  | Readonly<{ ok: false; why: 'foreign' | 'unknown' }>

const PATH = /^\/j\/([^/]+)\/?$/u
const POINT_PATH = /^\/t\/([^/]+)\/?$/u

/** Reads a scanned text. `origin` is our own: another hub's bill must not be paid in this one's name. */
export function readLink(text: string, origin: string): LinkRead {
  const url = URL.canParse(text.trim()) ? new URL(text.trim()) : undefined
  const token = url && tokenOfPath(url.pathname)
  if (url === undefined || token === undefined) return { ok: false, why: 'unknown' }
  return url.origin === origin ? { ok: true, token } : { ok: false, why: 'foreign' }
}

/** The token in the page's own path, where the phone's camera app opened it. */
export function tokenOfPath(path: string): string | undefined {
  const token = PATH.exec(path)?.[1]
  return isId('tok', token) ? token : undefined
}

/** The sign in a path, https://HUB/t/pnt_…: as a tag, a QR or the phone's camera app gives it. */
export function pointOfPath(path: string): string | undefined {
  const point = POINT_PATH.exec(path)?.[1]
  return isId('pnt', point) ? point : undefined
}

/** Is this a purchase that a register has signed, or a part of one? */
export const isPurchaseHash = (hash: string): boolean => /^#(?:purchase|part)=/u.test(hash)

/** What the part behind the # asks for. */
export type Opened = Readonly<{
  /** the enrolment code of a link that an operator or another phone has made */
  code: string | undefined
  payment: string | undefined
  place: 'phones' | 'begin' | undefined
}>

export function openedBy(hash: string): Opened {
  const asked = new URLSearchParams(hash.slice(1))
  const payment = asked.get('payment')
  return {
    code: asked.get('code') || undefined,
    payment: isId('pay', payment) ? payment : undefined,
    place: asked.has('phones') ? 'phones' : asked.has('new') ? 'begin' : undefined,
  }
}
