// The QR's link: https://HUB/j/tok_… opens the bill. Only links of our own hub are followed.
import { isId } from '#core/ids.ts'

export type LinkRead =
  | Readonly<{ ok: true; token: string }>
  /** `foreign`: a link, but of another hub · `unknown`: not a link of a bill at all */
  | Readonly<{ ok: false; why: 'foreign' | 'unknown' }>

const PATH = /^\/j\/([^/]+)\/?$/u

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
