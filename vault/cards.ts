// Cards: an envelope becomes one when its issuer has said that the card is good. The number lies under a data key of its own, bound to the
// card's id; the security code is in memory from the opened envelope to the issuer's first answer, and nowhere else.
//
//   registration | the issuer says yes | no      | nothing
//  --------------+---------------------+---------+-----------
//   asking       | active              | refused | no-answer
//
// A card that is ended while it is asked for, or before it comes, is no-answer too, and never kept.
//
// An envelope is noted before its issuer is asked and is good once: whoever sends it again hears what became of it.
import { createHash, randomBytes } from 'node:crypto'
import { CODES } from '#issuer/elements.ts'
import { readAnswer } from '#issuer/answers.ts'
import { firstSix, lastFour } from '#core/card-number.ts'
import { raise } from './alarms.ts'
import { NOW, type VaultDatabase } from './database.ts'
import { openEnvelope, type CardInside } from './envelope.ts'
import { passing } from './failpoints.ts'
import { seal, unseal } from './key-store.ts'
import type { Lines } from './lines.ts'
import type { Numbering } from './numbering.ts'
import type { Secrets, WrappedRow } from './secrets.ts'
import type { Issuers } from './tables.ts'
import type { AddCard, AddCardAnswer, CARD_REFUSALS, CheckCardAnswer, EndCardAnswer } from './wire.ts'

type CardRefusal = (typeof CARD_REFUSALS)[number]
export type HeldCard = Readonly<{ issuer: string; expires: string; first6: string; last4: string; number: string }>
export type Cards = Readonly<{
  /** 'other-body': this card's id stands for another envelope. */
  add(asked: AddCard): Promise<AddCardAnswer | 'other-body'>
  check(card: string): Promise<CheckCardAnswer>
  /** The number is forgotten with it; what is being registered, or comes later with this id, is never kept. */
  end(card: string): Promise<EndCardAnswer>
  /** With its number, for an issuer; undefined where there is none or it has ended. */
  held(card: string): Promise<HeldCard | undefined>
  /** Is its month over, by the day in the vault's zone? */
  isExpired(expires: string): Promise<boolean>
}>

const VERIFY_WITHIN_MS = 10_000
const REACH_MS = 4_000
/**
 * An issuer stops a card after some wrong codes; before it hears of them all, we are silent for the day. Of one person earlier than of
 * all together: a stranger who tries a number shall not lock its owner out.
 */
const TRIES_A_DAY = { byOne: 10, byAll: 50 }
const DIGEST_BYTES = 32

const keyOf = (card: string): string => `card:${card}`
const bytesOf = (card: string): Buffer => Buffer.from(card, 'hex')

export function createCards(
  parts: Readonly<{
    database: VaultDatabase
    secrets: Secrets
    issuers: Issuers
    lines: Lines
    numbering: Numbering
  }>,
): Cards {
  const { database, secrets, issuers, lines, numbering } = parts
  /** registrations of this process, by card and envelope: the same again waits for the first */
  const underWay = new Map<string, Promise<AddCardAnswer | 'other-body'>>()

  function add(asked: AddCard): Promise<AddCardAnswer | 'other-body'> {
    const place = `${asked.card} ${asked.envelope}`
    const known = underWay.get(place)
    if (known !== undefined) return known
    const registering = register(asked).finally(() => underWay.delete(place))
    underWay.set(place, registering)
    return registering
  }

  async function register(asked: AddCard): Promise<AddCardAnswer | 'other-body'> {
    const envelope = createHash('sha256').update(asked.envelope).digest()
    const known = await registrationOf(asked.card)
    if (known !== undefined) return alike(asked.card, known, envelope)
    const opened = await openEnvelope(secrets, asked.envelope, asked)
    if (!opened.ok) {
      if (opened.isMoved) await raise(database.query, 'moved-envelope', null, `registration ${asked.command}`)
      return { state: 'refused', reason: opened.reason }
    }
    const noted = await database.query(
      `insert into registration (card, envelope, state, made_at) values ($1, $2, 'asking', ${NOW}) on conflict do nothing returning 1`,
      [bytesOf(asked.card), envelope],
    )
    if (noted.length === 0) {
      const other = await registrationOf(asked.card)
      return other === undefined ? { state: 'refused', reason: 'envelope-used' } : alike(asked.card, other, envelope)
    }
    passing('envelope-noted')
    return verify(asked, opened.card)
  }

  async function verify({ card, party, command }: AddCard, inside: CardInside): Promise<AddCardAnswer> {
    const { number, expires, code } = inside
    if (await isExpired(expires)) return refuse(card, 'expired')
    const issuer = issuers.issuerOf(number)
    if (issuer === undefined) return refuse(card, 'issuer-unknown')
    if (!(await mayTry(number, party))) return refuse(card, 'issuer-refused')
    const { trace } = await numbering.next()
    const told = await lines.ask(
      issuer.code,
      { kind: 'verify', isRepeat: false, order: command, code, number, expires: yearMonth(expires) },
      trace,
      { withinMs: VERIFY_WITHIN_MS, reachMs: REACH_MS },
    )
    const said = told.kind === 'answer' ? readAnswer(told.message)?.code : undefined
    switch (said) {
      case CODES.approved:
        return keep({ card, party, number, expires, issuer: issuer.code })
      case undefined:
        return conclude(card, 'no-answer')
      case CODES.expired:
        return refuse(card, 'expired')
      default:
        return refuse(card, 'issuer-refused')
    }
  }

  async function keep(
    found: Readonly<{ card: string; party: string; number: string; expires: string; issuer: string }>,
  ): Promise<AddCardAnswer> {
    const { card, party, number, expires, issuer } = found
    const hash = await secrets.hashOf(number)
    const shown = { first6: firstSix(number), last4: lastFour(number), expires, issuer }
    const isKept = await database.together(async (query) => {
      const rows = await query(
        "update registration set state = 'active' where card = $1 and state = 'asking' returning 1",
        [bytesOf(card)],
      )
      if (rows.length === 0) return false
      const key = await secrets.make(query, keyOf(card))
      const plain = Buffer.from(number, 'latin1')
      await query(
        `insert into card (id, party, number, sealed, first6, last4, expires, issuer, made_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, ${NOW})`,
        [bytesOf(card), party, hash, seal(key, plain, card), shown.first6, shown.last4, expires, issuer],
      )
      plain.fill(0)
      key.fill(0)
      return true
    })
    passing('card-committed')
    // Somebody has asked or ended it meanwhile, and was told that there is nothing: it stays so.
    return isKept ? { state: 'active', ...shown } : { state: 'no-answer' }
  }

  const refuse = (card: string, reason: CardRefusal): Promise<AddCardAnswer> => conclude(card, 'refused', reason)

  async function conclude(
    card: string,
    state: 'refused' | 'no-answer',
    reason: CardRefusal | null = null,
  ): Promise<AddCardAnswer> {
    await database.query("update registration set state = $2, reason = $3 where card = $1 and state = 'asking'", [
      bytesOf(card),
      state,
      reason,
    ])
    const now = await registrationOf(card)
    return now === undefined ? { state: 'no-answer' } : answered(card, now)
  }

  /** A card whose registration came to nothing has nothing to mix up, whatever envelope it comes with. */
  async function alike(card: string, known: Registration, envelope: Buffer): Promise<AddCardAnswer | 'other-body'> {
    if (known.envelope.equals(envelope)) return again(card, known)
    return known.state === 'no-answer' ? { state: 'no-answer' } : 'other-body'
  }

  /** The same registration again; what another process has begun and not ended is over: the code is not known here. */
  const again = (card: string, known: Registration): Promise<AddCardAnswer> =>
    known.state === 'asking' ? conclude(card, 'no-answer') : answered(card, known)

  async function answered(card: string, { state, reason }: Registration): Promise<AddCardAnswer> {
    if (state === 'refused' && reason !== null) return { state, reason }
    const found = state === 'active' ? await check(card) : undefined
    if (found === undefined || found.state === 'unknown') return { state: 'no-answer' }
    return { ...found, state: 'active' }
  }

  async function registrationOf(card: string): Promise<Registration | undefined> {
    const [row] = await database.query<Registration>(
      'select envelope, state, reason from registration where card = $1',
      [bytesOf(card)],
    )
    return row
  }

  /** What one person tries in vain beyond their own is not counted against all. */
  async function mayTry(number: string, party: string): Promise<boolean> {
    return (await triesOf(`${number} ${party}`)) <= TRIES_A_DAY.byOne && (await triesOf(number)) <= TRIES_A_DAY.byAll
  }

  async function triesOf(what: string): Promise<number> {
    const [row] = await database.query<{ tries: number }>(
      `insert into trial (number, day, tries) values ($1, $2, 1)
       on conflict (number, day) do update set tries = trial.tries + 1 returning tries`,
      [await secrets.hashOf(what), await numbering.today()],
    )
    return row?.tries ?? 0
  }

  async function check(card: string): Promise<CheckCardAnswer> {
    const [row] = await database.query<ShownRow>(
      'select first6, last4, expires, issuer, ended_at from card where id = $1',
      [bytesOf(card)],
    )
    if (row === undefined) return { state: 'unknown' }
    const { ended_at: endedAt, ...shown } = row
    if (endedAt !== null) return { state: 'ended', ...shown }
    return { state: (await isExpired(shown.expires)) ? 'expired' : 'active', ...shown }
  }

  async function isExpired(expires: string): Promise<boolean> {
    return expires < (await numbering.today()).slice(0, 7)
  }

  return {
    add,
    check,
    async end(card) {
      return database.together(async (query) => {
        // First: whoever keeps the card has this row's lock, and is before or after us.
        await query(
          `insert into registration (card, envelope, state, made_at) values ($1, $2, 'no-answer', ${NOW})
           on conflict (card) do update set state = 'no-answer' where registration.state = 'asking'`,
          [bytesOf(card), randomBytes(DIGEST_BYTES)],
        )
        const rows = await query(
          `update card set ended_at = coalesce(ended_at, ${NOW}), sealed = null, number = null where id = $1 returning 1`,
          [bytesOf(card)],
        )
        await query('delete from wrapped_key where id = $1', [keyOf(card)])
        return { state: rows.length > 0 ? 'ended' : 'unknown' }
      })
    },
    async held(card) {
      const [row] = await database.query<HeldRow>(
        `select c.issuer, c.expires, c.first6, c.last4, c.sealed, k.id, k.wrapping, k.wrapped
         from card c join wrapped_key k on k.id = $2 where c.id = $1 and c.ended_at is null`,
        [bytesOf(card), keyOf(card)],
      )
      if (row === undefined) return undefined
      const key = await secrets.open(row)
      const plain = unseal(key, row.sealed, card)
      const { issuer, expires, first6, last4 } = row
      const held = { issuer, expires, first6, last4, number: plain.toString('latin1') }
      plain.fill(0)
      key.fill(0)
      return held
    },
    isExpired,
  }
}

/** '2029-12' as the issuers write it: 2912. */
export const yearMonth = (expires: string): string => expires.slice(2, 4) + expires.slice(5)

type Registration = Readonly<{
  envelope: Buffer
  state: 'asking' | 'active' | 'refused' | 'no-answer'
  reason: CardRefusal | null
}>
type ShownRow = Readonly<{ first6: string; last4: string; expires: string; issuer: string; ended_at: number | null }>
type HeldRow = WrappedRow & Readonly<{ issuer: string; expires: string; first6: string; last4: string; sealed: Buffer }>
