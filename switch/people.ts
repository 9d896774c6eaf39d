// Without a number: a bill straight to somebody who has listed the sender, a question straight to a person, and a purchase that the
// payer signed and handed back.
// All open an offer and take it in one commit of the biller's bucket, unique by terminal and deal; then the payment is made.
import { bucketOf } from '#core/accounts.ts'
import { claimsOf } from '#core/approval.ts'
import { billHash, type Bill } from '#core/bill.ts'
import { equal, toHex } from '#core/bytes.ts'
import { bucketOfId, idInBucket } from '#core/ids.ts'
import { decideOffer, evolveOffer, isStale, openOffer, type Offer, type OfferCommand, type Payer } from '#core/offer.ts'
import { handBackFault, joinedPayment } from '#core/payment.ts'
import type { Question } from '#core/question.ts'
import { refuse, type RefusalCode } from '#core/refusals.ts'
import type { TerminalActor } from './actors.ts'
import type { BudgetKey } from './budgets.ts'
import type { Halves } from './halves.ts'
import { refused } from './lanes.ts'
import { applyToOffer, billerFrom, openingFault, type Offers } from './offers.ts'
import { ofOffer, type FromTerminal, type Parts } from './parts.ts'
import { showingOf } from './showing.ts'
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
  'proof-too-weak',
  'security-key-needed',
])

/** What is sent to a person: a bill, or a question. */
type Sending = Omit<FromTerminal<'bill-person'>, 'name' | 'bill'> &
  Readonly<{ bill: Bill | null; question: Question | null }>

export function createPeople(
  { store, scheme, budgets, random, step }: Parts,
  tickets: Tickets,
  offers: Offers,
  halves: Halves,
) {
  async function billPerson(sent: FromTerminal<'bill-person'>): Promise<Answer> {
    const { actor, command, bill, to } = sent
    const before = await decidedBefore(sent)
    if (before !== undefined) return before
    if (!(await offers.counts(actor.account, bill.unit))) return offers.refuseUnit(actor, command)
    return charging(`bills:${actor.party}`, 'too-many-bills', async () => {
      const holder = await store.readHolder(to)
      if (holder?.party === actor.party) return remember(sent, 'own-bill')
      if (holder === undefined || !(await mayBill(holder, actor))) return remember(sent, 'not-a-contact')
      return send({ ...sent, question: null }, holder)
    })
  }

  /**
   * A question straight to a person, whose budget it is charged to: who asks may be many. It needs no contact, because it asks for no
   * money; whoever has blocked the asker is not found, and neither is anybody else who cannot be asked.
   */
  async function askPerson(sent: FromTerminal<'ask-person'>): Promise<Answer> {
    const before = await decidedBefore(sent)
    if (before !== undefined) return before
    const holder = await store.readHolder(sent.to)
    if (holder === undefined || !(await mayAsk(holder, sent.actor))) return remember(sent, 'not-a-contact')
    return charging(`questions:${holder.party}`, 'too-many-questions', () => send({ ...sent, bill: null }, holder))
  }

  /** The stored answer of a command that was decided already, its payment made if it is not there. */
  async function decidedBefore({ actor, command }: Pick<Sending, 'actor' | 'command'>): Promise<Answer | undefined> {
    const stored = await store.readCommand(bucketOfId(actor.id), command)
    if (stored === undefined) return undefined
    if (stored.hash !== command.hash) return refused(refuse('command-mismatch'))
    await halves.finish(stored.answer)
    return stored.answer
  }

  const remember = ({ actor, command }: Pick<Sending, 'actor' | 'command'>, code: RefusalCode): Promise<Answer> =>
    step({ bucket: bucketOfId(actor.id), command, needs: {}, decide: () => refused(refuse(code)) })

  /** Takes one try of a budget, and gives it back where nothing was sent. */
  async function charging(key: BudgetKey, over: RefusalCode, run: () => Promise<Answer>): Promise<Answer> {
    if (!(await budgets.charge([key]))) return refused(refuse(over))
    const answer = await run().catch(async (error: unknown) => {
      // Nothing was decided: the sender will send the same command again, and pays for it then.
      await budgets.giveBack([key])
      throw error
    })
    if (answer.refusal !== null) await budgets.giveBack([key])
    await halves.finish(answer)
    return answer
  }

  /** Opens an offer and takes it in one commit, for somebody who typed no number. */
  async function send(sent: Sending, { party, name }: Holder): Promise<Answer> {
    const { deal, to, bill, question, actor, isPerson, command } = sent
    const key = { terminal: actor.id, deal }
    const token = tickets.drawToken(key)
    const isShown = !isPerson && question === null
    const persona = isShown ? await store.readPersona(party, actor.party) : null
    const payment = idInBucket('pay', bucketOf(to, scheme.buckets), random(14))
    const nonce = toHex(random(16))
    return step({
      bucket: bucketOfId(actor.id),
      command,
      needs: { offers: [key], terminals: [actor.id], seen: [actor.account] },
      decide(working) {
        if (working.offer(key) !== undefined) return refused(refuse('deal-exists'))
        const fault = openingFault(working, actor, bill?.unit ?? null)
        if (fault !== undefined) return refused(fault)
        const { now, today } = working
        const ticket = ticketAt({ kind: 'person', number: null, token }, now)
        const { cashier } = actor
        const biller = billerFrom(actor)
        const offer = openOffer({ kind: 'person', biller, cashier, deal, bill, question, ticket, now })
        working.saveOffer(offer, { kind: 'opened' })
        const knows = isPerson ? true : null
        const payer: Payer = { party, device: null, account: to, name, knows, ...showingOf(persona, today) }
        const credential = { kind: 'token', token } as const
        return applyToOffer(working, offer, { kind: 'take', credential, payer, payment, nonce, signed: null })
      },
    })
  }

  /** Strangers, people who have blocked the sender, merchants and accounts that do not exist get the same answer: no. */
  const mayBill = async ({ party, kind }: Holder, { account }: TerminalActor): Promise<boolean> =>
    kind === 'person' && (await store.readContact(party, account)) === 'listed'

  /** Merchants, accounts that do not exist and people who have blocked the asker sound the same: no. */
  const mayAsk = async ({ party, kind }: Holder, { account }: TerminalActor): Promise<boolean> =>
    kind === 'person' && (await store.readContact(party, account)) !== 'blocked'

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
    const [device, persona] = await Promise.all([
      store.readDevice(bucketOfId(phone.id), phone.id),
      isPerson ? null : store.readPersona(party, actor.party),
    ])
    const signed = {
      bytes: toHex(evidence.bytes),
      signature: toHex(evidence.signature),
      proof: evidence.proof,
      strength: evidence.strength,
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
        const { cashier } = actor
        const offer = present ?? openOffer({ kind, biller: billerFrom(actor), cashier, deal, bill, ticket, now })
        const credential = { kind: 'token', token: offer.token } as const
        const showing = showingOf(persona, working.today)
        const payer: Payer = { party, device: phone.id, account, name, knows, ...showing }
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

  return { billPerson, askPerson, submitSigned }
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
