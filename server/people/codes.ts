// Six digits by mail: made, hashed and written here, counted in postgres/mail-codes.ts. What is done for an address that somebody has and
// for one that nobody has is the same work, and the answer tells nothing.
import { createHmac, randomBytes, randomInt } from 'node:crypto'
import type { PartyId } from '#core/ids.ts'
import { toBase64url, utf8, sha256 } from '#core/bytes.ts'
import type { Language } from '#protocol/identity.ts'
import { LIMITS } from '#protocol/limits.ts'
import { problemOf, type Problem } from '#protocol/problems.ts'
import type { Budgets, BudgetKey } from '#switch/budgets.ts'
import { addressBlock } from '../addresses.ts'
import type { Post } from '../mail/mail.ts'
import type { NoCode } from '../mail/words.ts'
import type { CodePurpose, CodeTry } from '../postgres/mail-codes.ts'
import type { Profiles } from '../postgres/profiles.ts'

export type CodesParts = Readonly<{
  profiles: Pick<Profiles, 'putCode'>
  budgets: Budgets
  /** 32 bytes that only this scheme's hubs have: a copy of the table alone gives no code */
  secret: Uint8Array
  /** null where this hub sends no mail */
  post: Post | null
}>

export type MailCodes = ReturnType<typeof mailCodes>

/** One address has one spelling here: that of lower case. */
export const folded = (email: string): string => email.toLowerCase()

export function mailCodes({ profiles, budgets, secret, post }: CodesParts) {
  /** `person` binds the code to who asked for it, where that is known. */
  function tryOf(purpose: CodePurpose, email: string, code: string, person: PartyId | null = null): CodeTry {
    const address = folded(email)
    const text = JSON.stringify([purpose, address, person, code])
    return { purpose, address, hash: createHmac('sha256', secret).update(text).digest() }
  }

  /**
   * Mails a code, or (`instead`) tells the address why there is none; then no code is good. Problems: mail-unavailable, too-many-tries.
   */
  async function send(
    asked: Readonly<{ purpose: CodePurpose; email: string; language: Language; from: string; person?: PartyId }>,
    instead: (address: string) => Promise<NoCode | null>,
  ): Promise<Problem | null> {
    if (post === null) return problemOf('mail-unavailable')
    const { purpose, email, language, from, person = null } = asked
    const address = folded(email)
    if (!(await budgets.charge([mailsTo(address), `mailing:${addressBlock(from)}`]))) return problemOf('too-many-tries')
    const code = String(randomInt(1_000_000)).padStart(6, '0')
    const letter = await instead(address)
    // No six digits have the hash of these bytes.
    const kept = tryOf(purpose, address, letter === null ? code : randomBytes(32).toString('hex'), person)
    await profiles.putCode({ ...kept, nonce: randomBytes(16) })
    await post(address, language, letter ?? { kind: purpose, code }, LIMITS.mailCodeMs)
    return null
  }

  /** Tries of codes are counted by the asker's network beside the five that each code stands: charged before, given back for a right one. */
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

const mailsTo = (address: string): BudgetKey => `mails:${addressKey(address)}`
