// Without a number: a bill straight to somebody who has listed the sender, a question straight to a person, and a bill for whoever has
// shown a code of their own.
// All open an offer and take it in one commit of the biller's bucket, unique by terminal and deal; then the payment is made.
import { bucketOf } from '#core/accounts.ts'
import type { Bill } from '#core/bill.ts'
import { toHex } from '#core/bytes.ts'
import { bucketOfId, idInBucket } from '#core/ids.ts'
import { meansFor, type Choice } from '#core/means.ts'
import type { TerminalKind } from '#core/numbers.ts'
import { openOffer, type Payer, type Way } from '#core/offer.ts'
import type { Persona } from '#core/persona.ts'
import type { Question } from '#core/question.ts'
import { refuse, type RefusalCode } from '#core/refusals.ts'
import type { TerminalActor } from './actors.ts'
import type { BudgetKey } from './budgets.ts'
import type { Halves } from './halves.ts'
import { refused } from './lanes.ts'
import { applyToOffer, billerFrom, openingFault, type Offers } from './offers.ts'
import type { FromTerminal, Parts } from './parts.ts'
import { showingOf } from './showing.ts'
import type { Answer, Holder } from './store.ts'
import { ticketAt, type Tickets } from './tickets.ts'

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

  /**
   * A bill for the phone that has shown its code, or a card's user id, by which it is then asked to pay. It waits there as if the number
   * had been typed: that phone alone may answer it, and pays nothing by having shown a code. Phones that may not pay, and people who have
   * blocked the shop, sound the same.
   */
  async function billCode(sent: FromTerminal<'bill-code'>): Promise<Answer> {
    const { actor, command, bill, payer: phone, preset = null } = sent
    const before = await decidedBefore(sent)
    if (before !== undefined) return before
    if (bill !== null && !(await offers.counts(actor.account, bill.unit))) return offers.refuseUnit(actor, command)
    const means = preset && bill && meansFor(preset, bill, await store.now())
    if (means !== null && 'code' in means) return remember(sent, means.code)
    return charging(`prompts:${phone.party}`, 'too-many-questions', async () => {
      const [device, filed, persona] = await Promise.all([
        store.readDevice(bucketOfId(phone.id), phone.id),
        store.readContact(phone.party, actor.account),
        store.readPersona(phone.party, actor.party),
      ])
      if (device?.status !== 'active' || device.key !== phone.key || filed === 'blocked')
        return remember(sent, 'payer-refused')
      const { id, party, account, name } = phone
      const way = preset === null ? 'code' : 'card-id'
      return meet({ ...sent, question: null, kind: actor.terminalKind, way, preset }, persona, {
        device: id,
        party,
        account,
        name,
        knows: null,
      })
    })
  }

  async function send(sent: Sending, { party, name }: Holder): Promise<Answer> {
    const { to, question, actor, isPerson } = sent
    const isShown = !isPerson && question === null
    const persona = isShown ? await store.readPersona(party, actor.party) : null
    const payer = { device: null, party, account: to, name, knows: isPerson ? true : null }
    return meet({ ...sent, kind: 'person', way: 'sent' }, persona, payer)
  }

  /** Opens an offer and takes it in one commit, for somebody who typed no number. */
  function meet(
    sent: Pick<Sending, 'deal' | 'bill' | 'question' | 'actor' | 'command'> &
      Readonly<{ kind: TerminalKind; way: Way; preset?: Choice | null }>,
    persona: Persona | null,
    who: Omit<Payer, 'shown' | 'mayShow'>,
  ): Promise<Answer> {
    const { deal, bill, question, actor, command, kind, way, preset = null } = sent
    const key = { terminal: actor.id, deal }
    const token = tickets.drawToken(key)
    const payment = idInBucket('pay', bucketOf(who.account, scheme.buckets), random(14))
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
        if (who.party === actor.party) return refused(refuse('own-bill'))
        const ticket = ticketAt({ kind, number: null, token }, now)
        const { cashier } = actor
        const offer = openOffer({ kind, biller: billerFrom(actor), cashier, deal, bill, question, ticket, now })
        working.saveOffer(offer, { kind: 'opened' })
        const payer: Payer = { ...who, ...showingOf(persona, today) }
        const credential = { kind: 'token', token } as const
        const taking = { payer, payment, nonce, signed: null, preset }
        return applyToOffer(working, offer, { kind: 'take', credential, way, ...taking })
      },
    })
  }

  /** Strangers, people who have blocked the sender, merchants and accounts that do not exist get the same answer: no. */
  const mayBill = async ({ party, kind }: Holder, { account }: TerminalActor): Promise<boolean> =>
    kind === 'person' && (await store.readContact(party, account)) === 'listed'

  /** Merchants, accounts that do not exist and people who have blocked the asker sound the same: no. */
  const mayAsk = async ({ party, kind }: Holder, { account }: TerminalActor): Promise<boolean> =>
    kind === 'person' && (await store.readContact(party, account)) !== 'blocked'

  return { billPerson, askPerson, billCode }
}
