// What a party may see now, for answers, reads and watchers: from this hub's newest rows where they suffice, else from the store.
import { bucketOfId, type DealId, type PaymentId, type TerminalId } from '#core/ids.ts'
import type { Unit } from '#core/money.ts'
import type { Offer } from '#core/offer.ts'
import type { Payment, SchemeRules } from '#core/payment.ts'
import type { AnswerView, BalanceView, DealView, InboxView, PaymentView } from '#protocol/views.ts'
import type { DeviceActor, TerminalActor } from '#switch/actors.ts'
import type { Answer, Store } from '#switch/store.ts'
import type { Switch } from '#switch/switch.ts'
import { balanceView, dealView, paymentView } from '#switch/views.ts'
import type { Latest } from './latest.ts'

export type Sight = ReturnType<typeof sightOf>

/** A wallet shows what is open; more than this nobody has open at once. */
const OPEN_PAYMENTS = 20

/** Views over a store and its switch. */
export function sightOf(options: {
  store: Store
  hub: Switch
  latest: Latest
  scheme: Readonly<{ unit: Unit; rules: SchemeRules; buckets: number }>
}) {
  const { store, hub, latest, scheme } = options
  const linkAt = (origin: string) => (token: string) => `${origin}/j/${token}`

  async function dealOf(
    terminal: TerminalId,
    deal: DealId,
    atLeast: number,
  ): Promise<{ offer: Offer; payment: Payment | null } | undefined> {
    const offer = latest.offer(terminal, deal)
    if (offer !== undefined && offer.version >= atLeast && offer.state.kind !== 'taken') return { offer, payment: null }
    if (offer?.state.kind === 'taken') {
      const payment = latest.payment(offer.state.payment)
      if (payment !== undefined && payment.version >= atLeast) return { offer, payment }
    }
    return hub.lookAt({ terminal, deal })
  }

  const paymentOf = async (id: PaymentId, atLeast: number): Promise<Payment | undefined> => {
    const known = latest.payment(id)
    return known !== undefined && known.version >= atLeast ? known : store.readPayment(id)
  }

  /** The offer as it stands, and the payment it made, where it made this one. */
  async function saleOf(
    actor: TerminalActor,
    payment: Payment | undefined,
    origin: string,
  ): Promise<DealView | undefined> {
    if (payment?.biller.party !== actor.party) return undefined
    const key = { terminal: payment.terminal, deal: payment.deal }
    const offer = latest.offer(key.terminal, key.deal) ?? (await store.readOffer(bucketOfId(key.terminal), key))
    if (offer?.state.kind !== 'taken' || offer.state.payment !== payment.id) return undefined
    return dealView(offer, payment, linkAt(origin))
  }

  async function dealsFrom(offers: readonly Offer[], origin: string): Promise<DealView[]> {
    const found = await Promise.all(offers.map((offer) => hub.completed(offer)))
    return found.map(({ offer, payment }) => dealView(offer, payment, linkAt(origin)))
  }

  /** The scheme's own unit first, the others by their code. */
  async function balances({ account }: TerminalActor | DeviceActor): Promise<BalanceView[]> {
    const views = (await store.readBalances(account)).map(balanceView)
    return [...views.filter(({ unit }) => unit === scheme.unit), ...views.filter(({ unit }) => unit !== scheme.unit)]
  }

  return {
    balances,

    /** What the asker may see after its command; nothing of deals that are not its own. */
    async answer(actor: TerminalActor | DeviceActor, answer: Answer, origin: string): Promise<AnswerView> {
      const seen: AnswerView = { deal: null, payment: null, refund: answer.refund, provedAt: null }
      const atLeast = answer.version ?? 0
      if (actor.kind === 'terminal' && answer.terminal === actor.id && answer.deal !== null) {
        const deal = await dealOf(actor.id, answer.deal, atLeast)
        return deal === undefined ? seen : { ...seen, deal: dealView(deal.offer, deal.payment, linkAt(origin)) }
      }
      if (answer.payment === null) return seen
      const payment = await paymentOf(answer.payment, atLeast)
      // A refund may be made at another of the merchant's terminals.
      if (actor.kind === 'terminal') return { ...seen, deal: (await saleOf(actor, payment, origin)) ?? null }
      if (payment?.payer.party !== actor.party) return seen
      return { ...seen, payment: paymentView(payment, scheme.rules) }
    },

    async deal(actor: TerminalActor, deal: DealId, origin: string): Promise<DealView | undefined> {
      const found = await hub.lookAt({ terminal: actor.id, deal })
      return found && dealView(found.offer, found.payment, linkAt(origin))
    },

    async deals(actor: TerminalActor, before: number | null, limit: number, origin: string): Promise<DealView[]> {
      return dealsFrom(await store.readOffers({ terminal: actor.id, before, limit }), origin)
    },
    dealsFrom,

    /** A payment to the actor's party, from whichever of its terminals. */
    async sale(actor: TerminalActor, id: PaymentId, origin: string): Promise<DealView | undefined> {
      return bucketOfId(id) < scheme.buckets ? saleOf(actor, await store.readPayment(id), origin) : undefined
    },

    /** The payment as it stands, whoever asks. */
    present: (id: PaymentId): Promise<Payment | undefined> =>
      bucketOfId(id) < scheme.buckets ? store.readPayment(id) : Promise.resolve(undefined),

    async payment(actor: DeviceActor, id: PaymentId): Promise<PaymentView | undefined> {
      // A person's payments live in the person's bucket; an id that names another (or none) is not theirs.
      if (bucketOfId(id) !== bucketOfId(actor.id)) return undefined
      const payment = await store.readPayment(id)
      return payment?.payer.party === actor.party ? paymentView(payment, scheme.rules) : undefined
    },

    async inbox(actor: DeviceActor): Promise<InboxView> {
      const [owned, open, device] = await Promise.all([
        balances(actor),
        store.readOpenPayments(actor.party, OPEN_PAYMENTS),
        store.readDevice(bucketOfId(actor.id), actor.id),
      ])
      return {
        balances: owned,
        payments: open.map((payment) => paymentView(payment, scheme.rules)),
        provedAt: device?.provedAt ?? 0,
      }
    },

    dealView: (offer: Offer, payment: Payment | null, origin: string): DealView =>
      dealView(offer, payment, linkAt(origin)),
    paymentView: (payment: Payment): PaymentView => paymentView(payment, scheme.rules),
  }
}
