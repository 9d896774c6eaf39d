// The sign-in as the page knows it: asked of the hub again and again, because the answer comes from a phone.
import type { SignInView } from '#protocol/sign-in.ts'

export type Page =
  | Readonly<{ kind: 'starting' }>
  | Readonly<{ kind: 'shown'; view: SignInView; clockOffsetMs: number; isOffline: boolean }>
  /** begun elsewhere, or too long ago */
  | Readonly<{ kind: 'over' }>
  | Readonly<{ kind: 'too-many' }>

export type Heard = Readonly<{ status: number; view: SignInView | null }> | null

/** The page after an answer of the hub; null is no answer, of which only a page that shows something speaks. */
export function next(page: Page, heard: Heard, nowMs: number): Page {
  if (heard?.view) return { kind: 'shown', view: heard.view, clockOffsetMs: heard.view.now - nowMs, isOffline: false }
  if (heard?.status === 404) return { kind: 'over' }
  if (heard?.status === 429) return { kind: 'too-many' }
  return page.kind === 'shown' ? { ...page, isOffline: true } : page
}

/** Is there nothing more to ask? */
export const isSettled = (page: Page): boolean =>
  page.kind === 'over' || page.kind === 'too-many' || (page.kind === 'shown' && goesOn(page.view))

/** The person has answered, either way: the browser goes back to the site. */
export const goesOn = ({ state }: SignInView): boolean => state === 'answered' || state === 'declined'
