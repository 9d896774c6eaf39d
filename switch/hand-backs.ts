// A purchase that the payer has signed and handed back: the payee hands it in, or the phone does by itself. Whoever comes first opens
// an offer and takes it in one commit of the biller's bucket, unique by terminal and deal; then the payment is made. The other, and
// every repeat, hears the same.
import { claimsOf } from '#core/approval.ts'
import { billHash, type Bill } from '#core/bill.ts'
import { equal, toHex } from '#core/bytes.ts'
import { bucketOfId, idInBucket } from '#core/ids.ts'
import {
  decideOffer,
  evolveOffer,
  isStale,
  openOffer,
  type Accepted,
  type Offer,
  type OfferCommand,
  type Payer,
  type Signed,
} from '#core/offer.ts'
import { handBackFault, joinedPayment, type Evidence } from '#core/payment.ts'
import { refuse, type RefusalCode } from '#core/refusals.ts'
import type { DeviceActor, TerminalActor } from './actors.ts'
import type { Halves } from './halves.ts'
import { refused, type SentCommand } from './lanes.ts'
import { applyToOffer, billerFrom, openingFault, type Offers } from './offers.ts'
import { ofOffer, type FromDevice, type FromTerminal, type Parts } from './parts.ts'
import { showingOf } from './showing.ts'
import type { Answer } from './store.ts'
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

/** The purchase, whoever brings it. */
type Purchase = Readonly<{
  terminal: TerminalActor
  /** a person asks for the money, from a phone */
  isPerson: boolean
  deal: FromTerminal<'submit-signed'>['deal']
  bill: Bill
  phone: DeviceActor
  evidence: Evidence
  accepted?: Accepted | null | undefined
}>

export function createHandBacks(
  { store, scheme, random, step }: Parts,
  tickets: Tickets,
  offers: Offers,
  halves: Halves,
) {
  /**
   * Handed in by the payee. The first commit keeps the signature with the offer, so that whoever looks next can finish it; a purchase
   * that cannot be settled ends, and every repeat tells the same reason (without the figures, which are the payer's).
   */
  async function submitSigned({
    actor,
    payer: phone,
    command,
    ...sent
  }: FromTerminal<'submit-signed'>): Promise<Answer> {
    const { answer, why } = await settled(await take({ ...sent, terminal: actor, phone }, command))
    return why === null ? answer : { ...answer, refusal: refuse(PAYERS_OWN.has(why) ? 'payer-refused' : why) }
  }

  /** Handed in by the phone, which may know the reason. Its answer is kept at home too: the same id with another purchase leads to another bucket. */
  async function submitPurchase({ actor, command, ...sent }: FromDevice<'submit-purchase'>): Promise<Answer> {
    const home = bucketOfId(actor.id)
    const stored = await store.readCommand(home, command)
    if (stored !== undefined && stored.hash !== command.hash) return refused(refuse('command-mismatch'))
    const purchase = { ...sent, isPerson: false, phone: actor }
    const taken = stored?.answer ?? (await take(purchase, command))
    if (stored === undefined) await step({ bucket: home, command, needs: {}, decide: () => taken })
    const { answer, why } = await settled(taken)
    return why === null ? answer : { ...answer, refusal: refuse(why) }
  }

  /** The payment made of what was taken, and why it ended where it did. */
  async function settled(answer: Answer): Promise<{ answer: Answer; why: RefusalCode | null }> {
    if (answer.refusal !== null) return { answer, why: null }
    const payment = await halves.finish(answer)
    if (payment === null) throw new Error('a purchase that was handed back has no payment yet')
    return { answer, why: payment.ended?.refusal ?? null }
  }

  async function take(purchase: Purchase, command: SentCommand): Promise<Answer> {
    const { terminal, isPerson, deal, bill, phone, evidence } = purchase
    const key = { terminal: terminal.id, deal }
    const bucket = bucketOfId(terminal.id)
    if (!(await offers.counts(terminal.account, bill.unit)))
      return step({ bucket, command, needs: {}, decide: () => refused(refuse('unit-mismatch')) })
    const { party, account, name } = phone
    const knows = isPerson ? (await store.readContact(party, terminal.account)) === 'listed' : null
    const [device, persona] = await Promise.all([
      store.readDevice(bucketOfId(phone.id), phone.id),
      isPerson ? null : store.readPersona(party, terminal.party),
    ])
    const signed = signedFrom(purchase)
    const newToken = tickets.drawToken(key)
    const payment = idInBucket('pay', bucketOfId(phone.id), random(14))
    const nonce = toHex(claimsOf(evidence.bytes)?.nonce ?? new Uint8Array(16))

    return step({
      bucket,
      command,
      needs: { offers: [key], terminals: [terminal.id], seen: [terminal.account] },
      decide(working) {
        const { now } = working
        const fault = openingFault(working, terminal, bill.unit)
        if (fault !== undefined) return refused(fault)
        const present = working.offer(key)
        if (present !== undefined && wasTakenWith(present, purchase, signed.bytes)) return ofOffer(present)
        if (present !== undefined && !waitsWith(present, bill, now)) return refused(refuse('deal-exists'))

        const kind = terminal.terminalKind
        const ticket = ticketAt({ kind, number: null, token: newToken }, now)
        const { cashier } = terminal
        const offer = present ?? openOffer({ kind, biller: billerFrom(terminal), cashier, deal, bill, ticket, now })
        const credential = { kind: 'token', token: offer.token } as const
        const showing = showingOf(persona, working.today)
        const payer: Payer = { party, device: phone.id, account, name, knows, ...showing }
        const taking = { way: 'hand-back', payer, payment, nonce, signed, preset: null } as const
        const command: OfferCommand = { kind: 'take', credential, ...taking }
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

  return { submitSigned, submitPurchase }
}

const signedFrom = ({ evidence, accepted = null }: Purchase): Signed => ({
  bytes: toHex(evidence.bytes),
  signature: toHex(evidence.signature),
  proof: evidence.proof,
  strength: evidence.strength,
  key: evidence.key,
  accepted,
})

/** Was the offer taken by this very purchase? The same signature beside another bill, or another phone's, is none of it. */
const wasTakenWith = ({ state, bill, biller }: Offer, { bill: wanted, phone }: Purchase, bytes: string): boolean =>
  state.kind === 'taken' &&
  state.payer.device === phone.id &&
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
