// Tickets: the typed number, claimed in its own bucket before an offer shows it, and the 128-bit secret in the QR's link.
import { concat, fromU16 } from '#core/bytes.ts'
import { bucketOfId, idFrom } from '#core/ids.ts'
import {
  LIFETIME_MS,
  numberFrom,
  QUARANTINE_MS,
  randomDigitsFor,
  type PaymentNumber,
  type TerminalKind,
} from '#core/numbers.ts'
import type { Credential, Ticket } from '#core/offer.ts'
import { NOTHING } from './lanes.ts'
import type { Parts } from './parts.ts'
import type { OfferKey } from './store.ts'

/** A number and a secret; when they run out is said when the offer takes them. */
export type Drawn = Readonly<{ kind: TerminalKind; number: PaymentNumber | null; token: Ticket['token'] }>

/** All numbers of a town are drawn from one area: 8 random digits and the check digit. */
const AREA = 'area:main'
/** A bill between people has a link only. */
const NO_AREA = ''
/** Draws from which the first free number is taken; at 200 live numbers a second draw happens once in 5,000. */
const NUMBER_DRAWS = 5

export const ticketAt = ({ kind, number, token }: Drawn, now: number): Ticket => ({
  number,
  token,
  scope: number === null ? NO_AREA : AREA,
  expiresAt: now + LIFETIME_MS[kind],
})

export type Tickets = ReturnType<typeof createTickets>

export function createTickets({ store, scheme, random, lanes }: Parts) {
  /** A ticket for an offer of this kind; people get a link without a number. Throws when no number is free. */
  async function draw(key: OfferKey, kind: TerminalKind): Promise<Drawn> {
    return { kind, number: kind === 'person' ? null : await drawNumber(key, kind), token: drawToken(key) }
  }

  const drawToken = ({ terminal }: OfferKey): Ticket['token'] =>
    idFrom('tok', concat(fromU16(bucketOfId(terminal)), random(14)))

  /** Claims a free number in its bucket (the number's own digits say which). */
  async function drawNumber(key: OfferKey, kind: TerminalKind): Promise<PaymentNumber> {
    for (let draw = 0; draw < NUMBER_DRAWS; draw++) {
      const number = numberFrom(random(16), randomDigitsFor('area'))
      const row = { scope: AREA, number }
      let free = false
      const outcome = await lanes.run({
        bucket: bucketOfNumber(number),
        command: null,
        needs: { numbers: [row] },
        decide(working) {
          free = (working.number(row)?.freeAt ?? 0) <= working.now
          if (free)
            working.saveNumber(bucketOfNumber(number), {
              ...row,
              terminal: key.terminal,
              deal: key.deal,
              freeAt: working.now + LIFETIME_MS[kind] + QUARANTINE_MS,
            })
          return NOTHING
        },
      })
      // A step that was given up has seen the number free and has not claimed it.
      if (free && outcome === NOTHING) return number
    }
    throw new Error('no free number in this area')
  }

  /** The rows of typed numbers are dealt over all buckets by the number itself, so that no bucket has them all. */
  const bucketOfNumber = (number: string): number => Number(number.slice(-6)) % scheme.buckets

  /** The offer that a phone's number or link names, if there is one. */
  async function find(credential: Credential): Promise<OfferKey | undefined> {
    if (credential.kind === 'number') {
      return store.readNumber(bucketOfNumber(credential.number), { scope: AREA, number: credential.number })
    }
    // Border: the schema's pattern has checked the token; its type does not carry the brand.
    const token = credential.token as Ticket['token']
    const bucket = bucketOfToken(token)
    return bucket < scheme.buckets ? store.readToken(bucket, token) : undefined
  }

  return { draw, drawToken, find }
}

/** A token's first two bytes are its terminal's bucket. */
export const bucketOfToken = (token: string): number => Number.parseInt(token.slice(4, 8), 16)
