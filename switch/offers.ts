// Offers: the biller's side before a phone has joined. All of it happens in the biller's bucket.
import type { AccountNumber } from '#core/accounts.ts'
import { bucketOfId } from '#core/ids.ts'
import type { Unit } from '#core/money.ts'
import { decideOffer, evolveOffer, openOffer, type Offer, type OfferCommand } from '#core/offer.ts'
import type { Biller } from '#core/bill.ts'
import type { Question } from '#core/question.ts'
import { refuse, type Refusal } from '#core/refusals.ts'
import type { TerminalActor } from './actors.ts'
import { refused, type Step } from './lanes.ts'
import { ofOffer, type FromTerminal, type Parts } from './parts.ts'
import type { Answer, OfferKey } from './store.ts'
import { ticketAt, type Tickets } from './tickets.ts'
import type { Working } from './working.ts'

/** Billers whose account was seen: 1 MB at most. */
const COUNTED = 10_000

type Opening = Omit<FromTerminal<'open-offer'>, 'name'> & Readonly<{ question: Question | null }>

export type Offers = ReturnType<typeof createOffers>

export function createOffers({ store, step }: Parts, tickets: Tickets) {
  async function open(sent: FromTerminal<'open-offer'>): Promise<Answer> {
    const { bill, actor, command } = sent
    if (bill !== null && !(await counts(actor.account, bill.unit))) return refuseUnit(actor, command)
    return openWith({ ...sent, question: null })
  }

  /** A question waits under a number as a bill does. */
  const ask = (sent: FromTerminal<'ask'>): Promise<Answer> => openWith({ ...sent, bill: null })

  async function openWith({ deal, bill, question, actor, command }: Opening): Promise<Answer> {
    const key = { terminal: actor.id, deal }
    const kind = actor.terminalKind
    const drawn = await tickets.draw(key, kind)
    return step({
      bucket: bucketOfId(actor.id),
      command,
      needs: { offers: [key], terminals: [actor.id], seen: [actor.account] },
      decide(working) {
        if (working.offer(key) !== undefined) return refused(refuse('deal-exists'))
        const fault = openingFault(working, actor, bill?.unit ?? null)
        if (fault !== undefined) return refused(fault)
        const ticket = ticketAt(drawn, working.now)
        const { cashier } = actor
        const offer = openOffer({
          kind,
          biller: billerFrom(actor),
          cashier,
          deal,
          bill,
          question,
          ticket,
          now: working.now,
        })
        working.saveOffer(offer, { kind: 'opened' })
        return ofOffer(offer)
      },
    })
  }

  async function renew({ deal, actor, command }: FromTerminal<'renew-number'>): Promise<Answer> {
    const key = { terminal: actor.id, deal }
    // A number drawn rests for half an hour: deals that are not there must not use them up.
    const present = await store.readOffer(bucketOfId(actor.id), key)
    if (present === undefined) {
      const unknown = refused(refuse('not-found'))
      return step({ bucket: bucketOfId(actor.id), command, needs: {}, decide: () => unknown })
    }
    const drawn = await tickets.draw(key, present.kind)
    return decideOn(key, command, (now) => ({ kind: 'renew', ticket: ticketAt(drawn, now) }))
  }

  function decideOn(key: OfferKey, command: Step['command'], make: (now: number) => OfferCommand): Promise<Answer> {
    return step({
      bucket: bucketOfId(key.terminal),
      command,
      needs: { offers: [key] },
      decide(working) {
        const offer = working.offer(key)
        return offer === undefined ? refused(refuse('not-found')) : applyToOffer(working, offer, make(working.now))
      },
    })
  }

  /** Units that accounts were seen to count in; an account never vanishes, so what was seen once stays true. */
  const counted = new Set<string>()

  /** Does this account exist in the unit? Money sent to an account that does not could never be deposited. */
  async function counts(account: AccountNumber, unit: Unit): Promise<boolean> {
    const name = `${account} ${unit}`
    if (counted.has(name)) return true
    const missing = await store.readMissing([{ key: account, unit }])
    if (missing.length > 0) return false
    if (counted.size >= COUNTED) counted.clear()
    counted.add(name)
    return true
  }

  const refuseUnit = (actor: TerminalActor, command: Step['command']): Promise<Answer> =>
    step({ bucket: bucketOfId(actor.id), command, needs: {}, decide: () => refused(refuse('unit-mismatch')) })

  return { open, ask, renew, decideOn, counts, refuseUnit }
}

/** Decides one command of an offer that was locked, and saves what it became. */
export function applyToOffer(working: Working, offer: Offer, command: OfferCommand): Answer {
  const decided = decideOffer(offer, command, working.now)
  if ('code' in decided) return { ...ofOffer(offer), refusal: decided }
  const after = decided.reduce((before, event) => {
    const next = evolveOffer(before, event)
    working.saveOffer(next, event)
    return next
  }, offer)
  return ofOffer(after)
}

/** Why this terminal may begin no deal, or undefined. Its row and its account were loaded. */
export function openingFault(working: Working, { id, account }: TerminalActor, unit: Unit | null): Refusal | undefined {
  if (working.terminal(id)?.status !== 'active') return refuse('terminal-inactive')
  return accountFault(working, account, unit)
}

/** May this account be asked for? Frozen and closed ones take no new bills; without a unit one open account is enough. */
export function accountFault(working: Working, key: AccountNumber, unit: Unit | null): Refusal | undefined {
  const accounts = unit === null ? working.accountsOf(key) : [working.account(key, unit)]
  const known = accounts.filter((account) => account !== undefined)
  if (known.length === 0) return refuse('unit-mismatch')
  if (known.some(({ status }) => status === 'open')) return undefined
  return refuse(known.some(({ status }) => status === 'frozen') ? 'account-frozen' : 'account-closed')
}

/** Who asks for the money, as the payer will see and sign it. */
export const billerFrom = ({ id, party, account, name, legalName, label }: TerminalActor): Biller => ({
  party,
  account,
  name,
  legalName,
  terminal: id,
  terminalLabel: label,
})
