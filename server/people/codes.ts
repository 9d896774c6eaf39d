// Codes by mail: made, hashed and written here, counted in postgres/mail-codes.ts. What is done for an address that somebody has and
// for one that nobody has is the same work, and the answer tells nothing.
//
// Strangers know an address; they must neither guess its code nor take it from its owner:
//   who asks        has a code of their own: six digits under a random id (`asking`) that stays with the asker, or under the person who is
//                   signed in. Five wrong tries end that code and no other.
//   one network     sends few mails to one address (`mails-asker`), fewer than the address takes from all of them together (`mails`).
//   all of them     that count is what protects the mailbox. Where it is reached, one last mail (`mails-last`) carries a code that is good for
//                   whoever reads the mailbox, however they asked, for a day: twenty digits, which nobody guesses and no wrong try ends.
// So whoever reads the mailbox always gets in: by a mail of their own or, while others flood it, by the last one. What strangers can still do is
// send that many mails to an address, and keep a person from changing to a new address that day (there is no last mail for that).
import { createHmac, randomBytes, randomInt } from 'node:crypto'
import { toBase64url, utf8, sha256 } from '#core/bytes.ts'
import type { Language } from '#protocol/identity.ts'
import { LIMITS } from '#protocol/limits.ts'
import { problemOf, type Problem } from '#protocol/problems.ts'
import type { Budgets, BudgetKey } from '#switch/budgets.ts'
import { addressBlock } from '../addresses.ts'
import type { Post } from '../mail/mail.ts'
import type { NoCode } from '../mail/words.ts'
import { EVERYBODY, type CodePurpose, type CodeTry } from '../postgres/mail-codes.ts'
import type { Profiles } from '../postgres/profiles.ts'

export type CodesParts = Readonly<{
  profiles: Pick<Profiles, 'putCode'>
  budgets: Budgets
  /** 32 bytes that only this scheme's hubs have: a copy of the table alone gives no code */
  secret: Uint8Array
  /** null where this hub sends no mail */
  post: Post | null
}>

/** Whose code for what. */
export type Asked = Readonly<{ purpose: CodePurpose; email: string; asker: string }>

type Turn = 'ordinary' | 'last' | null

const CODE_DIGITS = 6
/** 66 bits, and digits because a phone asks for codes with the keys of numbers. */
const LAST_CODE_DIGITS = 20

export type MailCodes = ReturnType<typeof mailCodes>

/** One address has one spelling here: that of lower case. */
export const folded = (email: string): string => email.toLowerCase()

export function mailCodes({ profiles, budgets, secret, post }: CodesParts) {
  /** `asker`: the id that a browser keeps, or the person who is signed in. */
  function tryOf({ purpose, email, asker }: Asked, code: string): CodeTry {
    const address = folded(email)
    const whose = code.length === LAST_CODE_DIGITS ? EVERYBODY : sha256(utf8(`warifu asker ${asker}`))
    const text = JSON.stringify([purpose, address, toBase64url(whose), code])
    return { purpose, address, asker: whose, hash: createHmac('sha256', secret).update(text).digest() }
  }

  /**
   * Mails a code, or (`instead`) tells the address why there is none; then no code is good. Problems: mail-unavailable, too-many-tries.
   */
  async function send(
    asked: Asked & Readonly<{ language: Language; from: string }>,
    instead: (address: string) => Promise<NoCode | null>,
  ): Promise<Problem | null> {
    if (post === null) return problemOf('mail-unavailable')
    const { purpose, language } = asked
    const address = folded(asked.email)
    const turn = await turnOf(asked)
    if (turn === null) return problemOf('too-many-tries')
    const isLast = turn === 'last'
    const code = digits(isLast ? LAST_CODE_DIGITS : CODE_DIGITS)
    const letter = await instead(address)
    const kept = tryOf(asked, code)
    const lifeMs = isLast ? LIMITS.lastMailCodeMs : LIMITS.mailCodeMs
    // No digits have the hash of these bytes.
    const hash = letter === null ? kept.hash : randomBytes(32)
    await profiles.putCode({ ...kept, hash, nonce: randomBytes(16), lifeMs })
    await post(address, language, letter ?? { kind: purpose, code, isLast }, lifeMs)
    return null
  }

  /** Charges for one mail: may it be an ordinary one, the last for now, or none? */
  async function turnOf({ purpose, email, asker, from }: Asked & Readonly<{ from: string }>): Promise<Turn> {
    const to = `${purpose}:${addressKey(folded(email))}`
    const network = addressBlock(from)
    // Two people of one household, both signed in, do not count for each other.
    const by = purpose === 'change-email' ? asker : network
    if (!(await budgets.charge([`mailing:${network}`, `mails-asker:${to}:${by}`]))) return null
    if (await budgets.charge([`mails:${to}`])) return 'ordinary'
    return purpose !== 'change-email' && (await budgets.charge([`mails-last:${to}`])) ? 'last' : null
  }

  /** Tries of codes are counted by the asker's network beside the five that a short one stands: charged before, given back for a right one. */
  async function guarded<Found>(from: string, find: () => Promise<Found | undefined>): Promise<Found | Problem> {
    const keys: readonly BudgetKey[] = [`enrolment:${addressBlock(from)}`]
    if (!(await budgets.charge(keys))) return problemOf('too-many-tries')
    const found = await find()
    if (found === undefined) return problemOf('code-not-found')
    await budgets.giveBack(keys)
    return found
  }

  return { tryOf, send, guarded }
}

/** Budgets name an address by its hash: their table is no list of people. */
export const addressKey = (address: string): string =>
  toBase64url(sha256(utf8(`warifu address ${address}`)).subarray(0, 16))

const digits = (count: number): string => Array.from({ length: count }, () => randomInt(10)).join('')
