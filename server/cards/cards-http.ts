// Cards over HTTP: the person's list, what a payment costs by each method, and the one-time number for the terminal whose turn it is.
import type { FastifyRequest } from 'fastify'
import { bucketOfId, parseId, type DealId, type MeansId, type PartyId } from '#core/ids.ts'
import type { Payment } from '#core/payment.ts'
import {
  CARD_ROUTES,
  type CardBody,
  type CardIssuer,
  type CardKeysView,
  type CardMethodsView,
  type CardNumberView,
  type CardRow as CardView,
  type CardsView,
} from '#protocol/cards.ts'
import { problemOf, type Problem } from '#protocol/problems.ts'
import type { DeviceActor, TerminalActor } from '#switch/actors.ts'
import type { Store } from '#switch/store.ts'
import { orderId } from '../bank/bank.ts'
import { dashed } from '../days.ts'
import { deviceOf, terminalOf, type OnRoute } from '../http-callers.ts'
import { isProblem } from '../http-problems.ts'
import type { CardRow, CardRows } from '../postgres/cards.ts'
import type { Sight } from '../sight.ts'
import type { Cards } from './cards.ts'
import type { cardRegistering } from './registering.ts'
import type { CardTables } from './tables.ts'
import { terminalNumber, type Vault } from './vault.ts'

export type CardsHttpParts = Readonly<{
  rows: Pick<CardRows, 'find' | 'of' | 'change' | 'end'>
  cards: Pick<Cards, 'costs' | 'isExpired'>
  registering: ReturnType<typeof cardRegistering>
  vault: Pick<Vault, 'keys' | 'order'> | null
  tables: Pick<CardTables, 'issuerOf' | 'ranges' | 'acceptedBy'>
  /** is the vault there, with its key? */
  isReady: () => Promise<boolean>
  store: Pick<Store, 'readOffer' | 'readPayment'>
  sight: Pick<Sight, 'present'>
  /** a card has ended: the vault is told */
  onEnded: () => void
}>

export function serveCards(on: OnRoute, parts: CardsHttpParts): void {
  const { rows, cards, registering, vault, tables, store, sight } = parts

  on(CARD_ROUTES.cards, (request) => view(deviceOf(request).party))
  on(CARD_ROUTES.cardKeys, keys)
  on(CARD_ROUTES.addCard, async (request) => {
    const actor = deviceOf(request)
    return (await registering.register(actor, bodyOf<'addCard'>(request), request.ip)) ?? view(actor.party)
  })
  on(CARD_ROUTES.changeCard, async (request) => {
    const { party } = deviceOf(request)
    const { card, ...said } = bodyOf<'changeCard'>(request)
    const id = idIn(card, party)
    return id !== undefined && (await rows.change(party, id, said)) ? view(party) : problemOf('means-not-found')
  })
  on(CARD_ROUTES.removeCard, async (request) => {
    const { party } = deviceOf(request)
    const id = idIn(bodyOf<'removeCard'>(request).card, party)
    if (id === undefined || !(await rows.end(party, id))) return problemOf('means-not-found')
    parts.onEnded()
    return view(party)
  })
  on(CARD_ROUTES.cardMethods, (request) => {
    // Border: the schema of the route has checked parameters and query.
    const { payment } = request.params as { payment: string }
    const { card } = request.query as { card: string }
    return methods(deviceOf(request), payment, card)
  })
  on(CARD_ROUTES.cardNumber, (request) =>
    // Border: the schema of the route has checked the parameter.
    cardNumber(terminalOf(request), (request.params as { deal: string }).deal as DealId),
  )

  async function view(party: PartyId): Promise<CardsView> {
    const [isAvailable, found] = await Promise.all([parts.isReady(), rows.of(party)])
    return { isAvailable, cards: found.flatMap((row) => cardView(row) ?? []) }
  }

  function cardView(row: CardRow): CardView | undefined {
    const { id, shown, name, unit, isDefault, madeAt } = row
    if (shown === null) return undefined
    const { label, last4, expires } = shown
    const issuer = tables.issuerOf(shown.issuer)
    const why = row.status === 'suspended' ? 'card-stopped' : issuer?.isOpen === true ? null : 'issuer-closed'
    const status = why !== null ? 'suspended' : cards.isExpired(row) ? 'expired' : 'active'
    return { id, label, name, last4, expires, issuer: issuerView(shown.issuer), unit, status, why, isDefault, madeAt }
  }

  function issuerView(code: string): CardIssuer {
    const known = tables.issuerOf(code)
    if (known === undefined) return { code, name: code, nameJa: code, colour: null }
    const { name, nameJa, colour } = known
    return { code, name, nameJa, colour }
  }

  async function keys(): Promise<CardKeysView | Problem> {
    const heard = await vault?.keys()
    if (heard?.kind !== 'heard') return problemOf('cards-unavailable')
    const ranges = tables.ranges().map(({ prefix, issuer }) => ({ prefix, issuer: issuerView(issuer) }))
    return { keys: heard.said.keys, ranges }
  }

  async function methods(actor: DeviceActor, asked: string, card: string): Promise<CardMethodsView | Problem> {
    const { party } = actor
    const payment = parseId('pay', asked)
    const id = idIn(card, party)
    const found = payment && (await sight.present(payment))
    if (found?.payer.party !== party) return problemOf('not-found')
    if (id === undefined) return problemOf('means-not-found')
    const { bill, biller } = found
    if (bill === null) return problemOf('state-conflict')
    const { unit, total: amount } = bill
    const costs = await cards.costs({ party, id, merchant: biller.party, unit, amount })
    if (isProblem(costs)) return costs
    return {
      card: id,
      unit,
      amount: String(amount),
      methods: costs.map(({ method, plan: { payments, fee, total } }) => ({
        method,
        payments: payments.map((each) => ({ due: dashed(each.due), amount: String(each.amount) })),
        fee: String(fee),
        total: String(total),
      })),
    }
  }

  /** Asked of the vault each time, and kept nowhere: the terminal that the deal is at has it, while its issuer waits for it. */
  async function cardNumber(actor: TerminalActor, deal: DealId): Promise<CardNumberView | Problem> {
    const offer = await store.readOffer(bucketOfId(actor.id), { terminal: actor.id, deal })
    if (offer === undefined) return problemOf('not-found')
    const payment = offer.state.kind === 'taken' ? await store.readPayment(offer.state.payment) : undefined
    const asking = payment && askingOf(payment)
    if (payment === undefined || asking === undefined) return problemOf('card-number-none')
    const [row, heard] = await Promise.all([
      rows.find(asking.means),
      vault?.order(orderId(payment.id, asking.collect)) ?? null,
    ])
    if (heard === null || heard.kind === 'unreachable' || heard.kind === 'no-answer')
      return problemOf('cards-unavailable')
    const said = heard.kind === 'heard' && heard.said.kind === 'pending' ? heard.said.oneTime : undefined
    const accepted = row?.shown && tables.acceptedBy(payment.biller.party, row.shown.issuer)
    if (said === undefined || accepted == null) return problemOf('card-number-none')
    return {
      number: said.number,
      expires: said.card.expires,
      amount: String(asking.amount),
      unit: asking.unit,
      merchant: accepted.number,
      terminal: terminalNumber(payment.terminal),
      until: said.expires,
    }
  }
}

/** What the payer's card is asked for by a one-time number; undefined where nothing is. */
function askingOf({ means, collect, bill, portions }: Payment) {
  const isAsking = portions.some(({ state }) => state.kind === 'authorising')
  if (means.kind !== 'card' || !means.oneTime || collect === null || bill === null || !isAsking) return undefined
  return { means: means.id, collect, amount: bill.total, unit: bill.unit }
}

/** The id of one of this person's, by its looks: they lie in the person's bucket. */
function idIn(text: string, party: PartyId): MeansId | undefined {
  const id = parseId('mns', text)
  return id !== undefined && bucketOfId(id) === bucketOfId(party) ? id : undefined
}

// Border: the schema of this very route has checked the body.
const bodyOf = <Name extends 'addCard' | 'changeCard' | 'removeCard'>(request: FastifyRequest): CardBody<Name> =>
  request.body as CardBody<Name>
