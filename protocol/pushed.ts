// What is pushed to a closed wallet: a word to look, signed by the scheme, never the truth itself. Its own schema, because the service
// worker that reads it has none of the others.
import { isId } from '#core/ids.ts'

/**
 * payment: a bill sent to a person · challenge: the shop asks for the password · question: who are you · new-phone: one waits to be let in ·
 * presence: is the owner there? · card: a register has read the user id of a card, and asks the phone whether its owner is there
 */
export const PUSHED_KINDS = ['payment', 'challenge', 'question', 'new-phone', 'presence', 'card'] as const
export type PushedKind = (typeof PUSHED_KINDS)[number]

export type PushedMessage = Readonly<{
  v: 1
  scheme: string
  /** whom it is for: no other phone heeds it */
  device: string
  /** 16 bytes in hex; the same command comes twice under the same id */
  id: string
  /** when it was made, and until when it means anything; milliseconds since 1970 by the hub's clock */
  at: number
  until: number
  kind: PushedKind
  payment: string | null
  /** for the lock screen, where the owner wants names and amounts there */
  text: Readonly<{ title: string; body: string }> | null
}>

/** The JSON that is signed (pushedBytes): the fields in this order and no others. */
export const pushedJson = ({ v, scheme, device, id, at, until, kind, payment, text }: PushedMessage): string =>
  JSON.stringify({
    v,
    scheme,
    device,
    id,
    at,
    until,
    kind,
    payment,
    text: text && { title: text.title, body: text.body },
  })

/** What travels: the same with `sig`, base64url of r‖s by the scheme's key. */
export const signedJson = (message: PushedMessage, sig: string): string =>
  `${pushedJson(message).slice(0, -1)},"sig":${JSON.stringify(sig)}}`

/** The message and its signature; undefined for any other text, also for one that says the same in another way. */
export function parsePushed(text: string): { message: PushedMessage; sig: string } | undefined {
  const value = parsed(text)
  if (!isRecord(value)) return undefined
  const { sig, ...message } = value
  if (typeof sig !== 'string' || !isMessage(message)) return undefined
  return signedJson(message, sig) === text ? { message, sig } : undefined
}

const ID = /^[0-9a-f]{32}$/

const isMessage = (value: Readonly<Record<string, unknown>>): value is PushedMessage & Record<string, unknown> =>
  value.v === 1 &&
  isId('sch', value.scheme) &&
  isId('dev', value.device) &&
  typeof value.id === 'string' &&
  ID.test(value.id) &&
  Number.isSafeInteger(value.at) &&
  Number.isSafeInteger(value.until) &&
  PUSHED_KINDS.some((kind) => kind === value.kind) &&
  (value.payment === null || isId('pay', value.payment)) &&
  (value.text === null || isText(value.text))

const isText = (text: unknown): boolean =>
  isRecord(text) && typeof text.title === 'string' && typeof text.body === 'string'

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // JSON has no other way to say that this is none.
    return undefined
  }
}
