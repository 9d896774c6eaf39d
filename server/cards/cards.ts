// The cards that people have registered, as the rest of the hub asks for them: may this one be used here, by which methods, at what cost.
// What a merchant takes is looked up each time: the tables may have changed since it was shown.
import { dayOf } from '#core/calendar.ts'
import { methodsOn } from '#core/card-ranges.ts'
import { bucketOfId, type MeansId, type PartyId, type TerminalId } from '#core/ids.ts'
import type { Choice } from '#core/means.ts'
import type { Method } from '#core/method.ts'
import type { Unit } from '#core/money.ts'
import { planOf, type Plan } from '#core/plan.ts'
import { problemOf, type Problem } from '#protocol/problems.ts'
import type { Directory } from '../auth/directory.ts'
import { dashed } from '../days.ts'
import type { CardAsked, RegisteredCards } from '../http-commands.ts'
import { isProblem } from '../http-problems.ts'
import type { CardRow, CardRows, CardShown } from '../postgres/cards.ts'
import type { CardTables } from './tables.ts'

export type CardsParts = Readonly<{
  rows: Pick<CardRows, 'find' | 'of'>
  tables: Pick<CardTables, 'acceptedBy' | 'termsOf' | 'issuerOf'>
  /** does a terminal send one-time numbers by itself? */
  machines: Readonly<{ has(terminal: TerminalId): Promise<boolean> }>
  directory: Pick<Directory, 'partyOf'>
  /** false: there is no vault, and nothing is paid by card */
  isConnected: boolean
  zone: () => string
  /** the hub's clock */
  now: () => number
}>

/** A card that may be used: the vault has said what it is. */
export type UsableCard = CardRow & Readonly<{ shown: CardShown }>
export type MethodCost = Readonly<{ method: Method; plan: Plan }>

export type Cards = RegisteredCards &
  Readonly<{
    /** Is it one of this person's, and not ended? */
    owns(party: PartyId, id: MeansId): Promise<boolean>
    /** Has the person one in this unit that may be used? */
    any(party: PartyId, unit: Unit): Promise<boolean>
    /** How the amount may be repaid at this merchant. Problems as of a choice, and unit-mismatch. */
    costs(
      asked: Readonly<{ party: PartyId; id: MeansId; merchant: PartyId; unit: Unit; amount: bigint }>,
    ): Promise<readonly MethodCost[] | Problem>
    isExpired(card: Readonly<{ shown: CardShown | null }>): boolean
    /** May so much be repaid so at this merchant, today? */
    takes(asked: Readonly<{ merchant: PartyId; issuer: string; method: Method; amount: bigint }>): boolean
  }>

export function registeredCards(parts: CardsParts): Cards {
  const { rows, tables, machines, directory, isConnected, zone, now } = parts
  const today = (): number => dayOf(now(), zone())

  const isExpired: Cards['isExpired'] = ({ shown }) => shown !== null && shown.expires < monthOf(today())

  /** Problems: means-not-found, cards-unavailable, card-expired. */
  async function usable(party: PartyId, id: MeansId): Promise<UsableCard | Problem> {
    // A person's cards lie in the person's bucket; an id that names another (or none) is not theirs.
    const row = bucketOfId(id) === bucketOfId(party) ? await rows.find(id) : undefined
    if (row?.party !== party || row.status !== 'active' || row.shown === null) return problemOf('means-not-found')
    if (!isConnected) return problemOf('cards-unavailable')
    return isExpired(row) ? problemOf('card-expired') : { ...row, shown: row.shown }
  }

  /** The methods that this merchant takes with cards of this issuer today. Problem: card-not-accepted. */
  async function methodsAt(merchant: PartyId, issuer: string): Promise<readonly Method[] | Problem> {
    const accepted = tables.acceptedBy(merchant, issuer)
    const isShop = accepted !== undefined && (await directory.partyOf(merchant))?.kind === 'merchant'
    return isShop ? methodsOn(accepted, today()) : problemOf('card-not-accepted')
  }

  const costOf = (method: Method, amount: bigint, issuer: string): Plan | undefined => {
    const terms = tables.termsOf(issuer)
    return terms && planOf(method, amount, terms, today())
  }

  async function choice({ party, id, method, merchant, terminal, bill }: CardAsked): Promise<Choice | Problem> {
    const card = await usable(party, id)
    if (isProblem(card)) return card
    const { shown, unit } = card
    const methods = await methodsAt(merchant, shown.issuer)
    if (isProblem(methods)) return methods
    const isOffered = bill === null || bill.unit !== unit || costOf(method, bill.total, shown.issuer) !== undefined
    if (!methods.includes(method) || !isOffered) return problemOf('method-not-accepted')
    return { kind: 'card', id, label: shown.label, unit, method, oneTime: await machines.has(terminal) }
  }

  async function costs({
    party,
    id,
    merchant,
    unit,
    amount,
  }: Parameters<Cards['costs']>[0]): Promise<readonly MethodCost[] | Problem> {
    const card = await usable(party, id)
    if (isProblem(card)) return card
    if (card.unit !== unit) return problemOf('unit-mismatch')
    const methods = await methodsAt(merchant, card.shown.issuer)
    if (isProblem(methods)) return methods
    return methods.flatMap((method) => {
      const plan = costOf(method, amount, card.shown.issuer)
      return plan === undefined ? [] : [{ method, plan }]
    })
  }

  return {
    choice,
    costs,
    isExpired,
    takes({ merchant, issuer, method, amount }) {
      const accepted = tables.acceptedBy(merchant, issuer)
      if (accepted === undefined || !methodsOn(accepted, today()).includes(method)) return false
      return costOf(method, amount, issuer) !== undefined
    },
    async owns(party, id) {
      const row = bucketOfId(id) === bucketOfId(party) ? await rows.find(id) : undefined
      return row?.party === party && (row.status === 'active' || row.status === 'suspended')
    },
    any: async (party, unit) =>
      isConnected &&
      (await rows.of(party)).some((row) => row.status === 'active' && row.unit === unit && !isExpired(row)),
  }
}

const monthOf = (day: number): string => dashed(day).slice(0, 7)
