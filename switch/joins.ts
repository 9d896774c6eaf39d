// Join: the offer says who, then the payment is made. Wrong numbers are charged before the look-up, and one answer fits every miss.
import { bucketOf } from '#core/accounts.ts'
import { toHex } from '#core/bytes.ts'
import { dayOf } from '#core/calendar.ts'
import type { Device } from '#core/device.ts'
import { bucketOfId, idInBucket } from '#core/ids.ts'
import type { Account } from '#core/ledger.ts'
import { decideOffer, isStale, wayOf, type Offer, type OfferCommand, type Payer } from '#core/offer.ts'
import { shortageOf } from '#core/payment.ts'
import type { Persona } from '#core/persona.ts'
import { refuse, type Refusal, type RefusalCode } from '#core/refusals.ts'
import type { DeviceActor } from './actors.ts'
import type { BudgetKey } from './budgets.ts'
import type { Halves } from './halves.ts'
import { refused } from './lanes.ts'
import { accountFault, applyToOffer } from './offers.ts'
import type { FromDevice, Parts } from './parts.ts'
import { showingOf } from './showing.ts'
import type { Answer } from './store.ts'
import { bucketOfToken, type Tickets } from './tickets.ts'

export function createJoins(
  { store, scheme, budgets, random, otherMeans, step }: Parts,
  tickets: Tickets,
  halves: Halves,
) {
  async function join(sent: FromDevice<'join'>): Promise<Answer> {
    const { actor, command, credential } = sent
    const home = bucketOfId(actor.id)
    const [stored, device] = await Promise.all([store.readCommand(home, command), store.readDevice(home, actor.id)])
    if (stored !== undefined) {
      if (stored.hash !== command.hash) return refused(refuse('command-mismatch'))
      await halves.finish(stored.answer)
      return stored.answer
    }
    const keys: BudgetKey[] = [`device:${actor.id}`, `account:${actor.account}`, `address:${sent.address}`]
    const guessable = credential.kind === 'number'
    if (guessable && !(await budgets.charge(keys))) return refused(refuse('too-many-tries'))
    const answer = await joinWith(sent, device).catch((error: unknown) => {
      // Nothing was decided, so nothing was guessed: the phone will send the same command again.
      if (guessable) giveBack(keys)
      throw error
    })
    if (guessable && answer.refusal?.code !== 'number-not-found') giveBack(keys)
    return answer
  }

  /** Nobody waits for it: what cannot be given back now is owed, and goes with the next (budgets.ts). */
  const giveBack = (keys: readonly BudgetKey[]): void => void budgets.giveBack(keys).catch(() => {})

  async function joinWith(
    { actor, command, credential }: FromDevice<'join'>,
    device: Device | undefined,
  ): Promise<Answer> {
    const home = bucketOfId(actor.id)
    const remember = (answer: Answer): Promise<Answer> =>
      step({ bucket: home, command, needs: {}, decide: () => answer })

    if (device?.status !== 'active' || device.key !== actor.key) return remember(refused(refuse('device-revoked')))
    const key = await tickets.find(credential)
    const offer = key && (await store.readOffer(bucketOfId(key.terminal), key))
    if (key === undefined || offer === undefined) {
      // This very join may have been decided and its answer lost, and the offer may have a new token since.
      const bucket = credential.kind === 'token' ? bucketOfToken(credential.token) : home
      const stored = bucket < scheme.buckets ? await store.readCommand(bucket, command) : undefined
      if (stored === undefined) return remember(refused(refuse('number-not-found')))
      return stored.hash === command.hash ? stored.answer : refused(refuse('command-mismatch'))
    }

    const payment = idInBucket('pay', home, random(14))
    const nonce = toHex(random(16))
    const [knows, persona] = await Promise.all([knowsOf(actor, offer), personaFor(actor, offer)])
    const { party, account, name } = actor
    const takeOn = (day: number): Take => {
      const payer: Payer = { party, device: actor.id, account, name, knows, ...showingOf(persona, day) }
      return {
        kind: 'take',
        credential,
        way: wayOf(offer, credential),
        payer,
        payment,
        nonce,
        signed: null,
        preset: null,
      }
    }
    const shortage = await shortageBefore(offer, takeOn, actor)
    let taken: Offer | undefined
    const answer = await step({
      bucket: bucketOfId(key.terminal),
      command,
      needs: { offers: [key], terminals: [key.terminal], seen: [offer.biller.account] },
      decide(working) {
        const present = working.offer(key)
        const take = takeOn(working.today)
        // That a shop's terminal or account was stopped is not the phone's to know.
        if (
          present === undefined ||
          working.terminal(key.terminal)?.status !== 'active' ||
          accountFault(working, present.biller.account, present.bill?.unit ?? null) !== undefined
        ) {
          return refused(refuse('number-not-found'))
        }
        // Said no to here, where a yes would be said: the same join under way at another hub must hear the same.
        if (shortage !== undefined && !('code' in decideOffer(present, take, working.now))) {
          applyToOffer(working, present, { kind: 'decline' })
          return refused(shortage)
        }
        const answer = applyToOffer(working, present, take)
        taken = working.offer(key)
        // A phone that missed learns nothing about the deal that its number did not open.
        return answer.refusal === null ? { ...answer, payment } : refused(answer.refusal)
      },
    })
    // At home too: the same command id with another number may lead to another bucket, and must be a mismatch there.
    if (answer.refusal !== null || answer.payment === null) return remember(answer)
    const current = taken ?? (await store.readOffer(bucketOfId(key.terminal), key))
    if (current?.state.kind === 'taken' && current.state.payment === answer.payment)
      await halves.makePayment(current, command, answer)
    return answer
  }

  /** Whether a person is known to the payer is written down as it was when they met. */
  const knowsOf = async (actor: DeviceActor, { kind, biller }: Offer): Promise<boolean | null> =>
    kind === 'person' ? (await store.readContact(actor.party, biller.account)) === 'listed' : null

  /** People see nothing of each other but the name, and of a question only its answer shows something. */
  const personaFor = (actor: DeviceActor, { kind, question, biller }: Offer): Promise<Persona> | null =>
    kind === 'person' || question !== null ? null : store.readPersona(actor.party, biller.party)

  /** Before joining the hub looks whether this payer could pay this bill; the terminal learns only that a phone was declined. */
  async function shortageBefore(
    offer: Offer,
    takeOn: (day: number) => Take,
    actor: DeviceActor,
  ): Promise<Refusal | undefined> {
    const { state, bill, question } = offer
    if (state.kind !== 'open') return undefined
    const [now, accounts] = await Promise.all([store.now(), store.readAccounts(actor.account)])
    const take = takeOn(dayOf(now, scheme.rules.zone))
    if (isStale(state.ticket, now) || 'code' in decideOffer(offer, take, now)) return undefined
    if (question !== null) return closedFault(accounts)
    if (bill === null) return statusFault(accounts)
    const account = (from: readonly Account[]): Account | null => from.find(({ unit }) => unit === bill.unit) ?? null
    const shortage = shortageOf(account(accounts), bill, scheme.rules, now)
    if (shortage === undefined) return undefined
    if (shortage.code !== 'insufficient-funds') return orOtherMeans(shortage, accounts)
    await store.deposit(bucketOf(actor.account, scheme.buckets))
    const afresh = await store.readAccounts(actor.account)
    return orOtherMeans(shortageOf(account(afresh), bill, scheme.rules, now), afresh)

    async function orOtherMeans(short: Refusal | undefined, known: readonly Account[]): Promise<Refusal | undefined> {
      if (short === undefined || bill === null || !CHOOSABLE.has(short.code)) return short
      return (await otherMeans({ party: actor.party, accounts: known }, bill.unit)) ? undefined : short
    }
  }

  return { join }
}

/** What other means than the account in the bill's unit can make good. */
const CHOOSABLE: ReadonlySet<RefusalCode> = new Set<RefusalCode>(['unit-mismatch', 'insufficient-funds'])

type Take = Extract<OfferCommand, { kind: 'take' }>

/** Who somebody is does not hang on money: a frozen person can say it, one who has left cannot. */
const closedFault = (accounts: readonly Account[]): Refusal | undefined =>
  accounts.length > 0 && accounts.every(({ status }) => status === 'closed') ? refuse('account-closed') : undefined

function statusFault(accounts: readonly Account[]): Refusal | undefined {
  if (accounts.length === 0) return refuse('account-unknown')
  if (accounts.some(({ status }) => status === 'open')) return undefined
  return refuse(accounts.some(({ status }) => status === 'frozen') ? 'account-frozen' : 'account-closed')
}
