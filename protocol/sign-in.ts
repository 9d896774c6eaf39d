// What the page shows on which people sign in to a site (OpenID). It is the hub's own page: no route of the API, and nobody else's to call.
import type { Askable } from '#core/persona.ts'

/** `waiting`: the number is being made anew · `answered`, `declined`: the browser goes on to the site */
export type SignInState = 'open' | 'waiting' | 'joined' | 'answered' | 'declined'

export type SignInView = Readonly<{
  state: SignInState
  /** the site's name, and the merchant's whose it is */
  site: string
  merchant: string
  /** what the person is asked to release beside the name */
  attributes: readonly Askable[]
  number: string | null
  /** the QR's content */
  link: string | null
  /** milliseconds since 1970 by the hub's clock */
  expiresAt: number | null
  /** how long a number lives, in milliseconds */
  lastsMs: number
  now: number
  /** who has joined: the display name, as everybody who asks sees it */
  payer: string | null
  /** hex; both screens draw the same tally from it */
  tally: string | null
}>
