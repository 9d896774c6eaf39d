// Between people: a bill straight to somebody who has listed the sender, and a purchase that the payer signed and handed back.
// Both open an offer and take it in one commit of the biller's bucket, unique by terminal and deal; then the payment is made.
import { bucketOf } from '#core/accounts.ts'
import { claimsOf } from '#core/approval.ts'
import { billHash, type Bill } from '#core/bill.ts'
import { equal, toHex } from '#core/bytes.ts'
import { bucketOfId, idInBucket } from '#core/ids.ts'
import { decideOffer, evolveOffer, isStale, openOffer, type Offer, type OfferCommand } from '#core/offer.ts'
import { handBackFault, joinedPayment } from '#core/payment.ts'
import { refuse, type RefusalCode } from '#core/refusals.ts'
import type { TerminalActor } from './actors.ts'
import type { BudgetKey } from './budgets.ts'
import type { Halves } from './halves.ts'
import { refused } from './lanes.ts'
import { applyToOffer, billerFrom, openingFault, type Offers } from './offers.ts'
import { ofOffer, type FromTerminal, type Parts } from './parts.ts'
import type { Answer, Holder } from './store.ts'
import { ticketAt, type Tickets } from './tickets.ts'

/** What only the payer may know: the payee of a hand-back hears that it was refused, as a shop does at the counter, and not why. */
const PAYERS_OWN: ReadonlySet<RefusalCode> = new Set<RefusalCode>([
  'insufficient-funds',
  'account-frozen',
  'account-closed',
  'unit-mismatch',
  'over-limit',
  'over-day-limit',
  'over-month-limit',
  'device-revoked',
  'proof-needed',
  'proof-wrong',
  'proof-locked',
])

export function createPeople(
  { store, scheme, budgets, random, step }: Parts,
  tickets: Tickets,
  offers: Offers,
  halves: Halves,
) {
  async function billPerson(sent: FromTerminal<'bill-person'>): Promise<Answer> {
    const { actor, command, bill } = sent
    const stored = await store.readCommand(bucketOfId(actor.id), command)
    if (stored !== undefined) {
      if (stored.hash !== command.hash) return refused(refuse('command-mismatch'))
      await halves.finish(stored.answer)
      return stored.answer
    }
    if (!(await offers.counts(actor.account, bill.unit))) return offers.refuseUnit(actor, command)
    const keys: BudgetKey[] = [`bills:${actor.party}`]
    if (!(await budgets.charge(keys))) return refused(refuse('too-many-bills'))
    const answer = await send(sent).catch(async (error: unknown) => {
      // Nothing was decided: the phone will send the same command again, and pays for it then.
      await budgets.giveBack(keys)
      throw error
    })
    if (answer.refusal !== null) await budgets.giveBack(keys)
    await halves.finish(answer)
    return answer
  }

  async function send({ deal, to, bill, actor, isPerson, command }: FromTerminal<'bill-person'>): Promise<Answer> {
    const home = bucketOfId(actor.id)
    const key = { terminal: actor.id, deal }
    const holder = await store.readHolder(to)
    if (holder?.party === actor.party) {
      return step({ bucket: home, command, needs: {}, decide: () => refused(refuse('own-bill')) })
    }
    if (holder === undefined || !(await mayBill(holder, actor))) {
      return step({ bucket: home, command, needs: {}, decide: () => refused(refuse('not-a-contact')) })
    }
    const token = tickets.drawToken(key)
    const payer = { party: holder.party, device: null, account: to, name: holder.name, knows: isPerson ? true : null }
    const payment = idInBucket('pay', bucketOf(to, scheme.buckets), random(14))
    const nonce = toHex(random(16))
    return step({
      bucket: home,
      command,
      needs: { offers: [key], terminals: [actor.id], seen: [actor.account] },
      decide(working) {
        if (working.offer(key) !== undefined) return refused(refuse('deal-exists'))
        const fault = openingFault(working, actor, bill.unit)
        if (fault !== undefined) return refused(fault)
        const ticket = ticketAt({ kind: 'person', number: null, token }, working.now)
        const offer = openOffer({ kind: 'person', biller: billerFrom(actor), deal, bill, ticket, now: working.now })
        working.saveOffer(offer, { kind: 'opened' })
        const credential = { kind: 'token', token } as const
        return applyToOffer(working, offer, { kind: 'take', credential, payer, payment, nonce, signed: null })
      },
    })
  }

  /** Strangers, people who have blocked the sender, merchants and accounts that do not exist get the same answer: no. */
  const mayBill = async ({ party, kind }: Holder, { account }: TerminalActor): Promise<boolean> =>
    kind === 'person' && (await store.readContact(party, account)) === 'listed'

  /**
   * A purchase handed back. The first commit keeps the signature with the offer, so that whoever looks next can finish it; a purchase
   * that cannot be settled ends, and every repeat tells the same reason (without the figures, which are the payer's).
   */
  async function submitSigned(sent: FromTerminal<'submit-signed'>): Promise<Answer> {
    const answer = await take(sent)
    if (answer.refusal !== null) return answer
    const payment = await halves.finish(answer)
    if (payment === null) throw new Error('a purchase that was handed back has no payment yet')
    const refusal = payment.ended?.refusal
    if (!refusal) return answer
    return { ...answer, refusal: refuse(PAYERS_OWN.has(refusal) ? 'payer-refused' : refusal) }
  }

  async function take(sent: FromTerminal<'submit-signed'>): Promise<Answer> {
    const { deal, bill, payer: phone, evidence, actor, isPerson, command } = sent
    const home = bucketOfId(actor.id)
    const key = { terminal: actor.id, deal }
    if (!(await offers.counts(actor.account, bill.unit))) return offers.refuseUnit(actor, command)
    const { party, account, name } = phone
    const knows = isPerson ? (await store.readContact(party, actor.account)) === 'listed' : null
    const device = await store.readDevice(bucketOfId(phone.id), phone.id)
    const signed = {
      bytes: toHex(evidence.bytes),
      signature: toHex(evidence.signature),
      proof: evidence.proof,
      key: evidence.key,
    }
    const newToken = tickets.drawToken(key)
    const payment = idInBucket('pay', bucketOfId(phone.id), random(14))
    const nonce = toHex(claimsOf(evidence.bytes)?.nonce ?? new Uint8Array(16))

    return step({
      bucket: home,
      command,
      needs: { offers: [key], terminals: [actor.id], seen: [actor.account] },
      decide(working) {
        const { now } = working
        const fault = openingFault(working, actor, bill.unit)
        if (fault !== undefined) return refused(fault)
        const present = working.offer(key)
        if (present !== undefined && wasTakenWith(present, bill, signed.bytes)) return ofOffer(present)
        if (present !== undefined && !waitsWith(present, bill, now)) return refused(refuse('deal-exists'))

        const kind = isPerson ? 'person' : 'counter'
        const ticket = ticketAt({ kind, number: null, token: newToken }, now)
        const offer = present ?? openOffer({ kind, biller: billerFrom(actor), deal, bill, ticket, now })
        const credential = { kind: 'token', token: offer.token } as const
        const payer = { party, device: phone.id, account, name, knows }
        const command: OfferCommand = { kind: 'take', credential, payer, payment, nonce, signed }
        const decided = decideOffer(offer, command, now)
        if ('code' in decided) return refused(decided)
        if (device === undefined) return refused(refuse('device-revoked'))
        const taken = decided.reduce(evolveOffer, offer)
        // What fits no bill of ours makes nothing: a payer's list must not fill with other people's mistakes.
        const unfit = handBackFault(joinedPayment(taken), device, evidence, scheme.rules, now)
        if (unfit !== undefined) return refused(unfit)
        if (present === undefined) working.saveOffer(offer, { kind: 'opened' })
        return applyToOffer(working, offer, command)
      },
    })
  }

  return { billPerson, submitSigned }
}

/** Was the offer taken by this very purchase? The same signature beside another bill is none of it. */
const wasTakenWith = ({ state, bill, biller }: Offer, wanted: Bill, bytes: string): boolean =>
  state.kind === 'taken' &&
  state.signed?.bytes === bytes &&
  bill !== null &&
  equal(billHash(biller, bill), billHash(biller, wanted))

/** Does the offer still wait with this very bill, in its first version? A link was shown, and the payer signed instead. */
const waitsWith = ({ state, bill, billVersion, biller }: Offer, wanted: Bill, now: number): boolean =>
  state.kind === 'open' &&
  !isStale(state.ticket, now) &&
  billVersion === 1 &&
  bill !== null &&
  equal(billHash(biller, bill), billHash(biller, wanted))
