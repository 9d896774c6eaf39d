// The hub's side of ways without a cashier: a deal at a sign, a payment link that a browser opens, receipts, and what a shop on the web
// is told. server/points, server/shop and server/receipts do the same with real keys and addresses.
import { sha256, toHex, utf8 } from '#core/bytes.ts'
import { bucketOfId, idFrom, parseId, type DealId } from '#core/ids.ts'
import { billAt } from '#core/point.ts'
import type { Bill } from '#core/bill.ts'
import { receiptOf, type Receipt } from '#core/receipt.ts'
import { parseAmount } from '#core/money.ts'
import { stateOf } from '#core/payment.ts'
import { NO_CONDITIONS } from '#core/bill.ts'
import { problemOf, type ProblemCode } from '#protocol/problems.ts'
import type { Call, Reply } from '#sdk/transport.ts'
import type { TerminalActor } from '#switch/actors.ts'
import type { Store } from '#switch/store.ts'
import type { Switch } from '#switch/switch.ts'
import type { Enrolled } from './directory.ts'
import type { Sign } from './places.ts'
import type { Chance } from './random.ts'
import { JPY } from './town-units.ts'
import { type PayLink } from './web-shop.ts'
import type { World } from './world.ts'

export const SIGN_DEAL = '/v1/points/deals'
export const PAY = '/v1/pay'
export const RECEIPT = '/v1/receipts/'

export type SignBody = Readonly<{ command: string; point: string; amount: string | null }>
export type PayBody = Readonly<{ link: string; visit: string }>
/** What whoever stands there gets: the deal, and what to join it with while it waits. */
export type PlaceView = Readonly<{ deal: string; terminal: string; token: string | null }>
export type ReceiptSeen = Pick<Receipt, 'payment' | 'refunds' | 'left' | 'total' | 'wentBack' | 'state'>

type Parts = Readonly<{ hub: Switch; store: Store }>

const ok = (body: object): Reply => ({ status: 200, body, retryAfterMs: null })
const no = (code: ProblemCode): Reply => ({ status: problemOf(code).status, body: problemOf(code), retryAfterMs: null })

const bytesOf = (text: string): Uint8Array => sha256(utf8(text)).slice(0, 16)

/** The answer to one of these routes; undefined for any other. */
export async function answerWay(world: World, parts: Parts, who: Enrolled, call: Call): Promise<Reply | undefined> {
  const { path, body } = call
  // Borders: the town's own actors alone say these.
  if (path === SIGN_DEAL) return openAtSign(world, parts, who, body as SignBody)
  if (path === PAY) return openPay(world, parts, body as PayBody)
  if (path.startsWith(RECEIPT)) return receipt(world, parts, who, path.slice(RECEIPT.length))
  return undefined
}

/** The deal that this phone's command opens in the sign's name, once. */
async function openAtSign(world: World, parts: Parts, { actor: phone }: Enrolled, sent: SignBody): Promise<Reply> {
  const { directory, plant } = world
  const named = directory.signs.find(({ point }) => point.id === sent.point)
  if (named === undefined || phone.kind !== 'device') return no('not-found')
  const device = await parts.store.readDevice(bucketOfId(phone.id), phone.id)
  if (device?.status !== 'active') return no('device-revoked')
  const sign = plant.sign?.(named, directory.signs) ?? named
  const bill = plant.signBill?.(named, sent.amount) ?? priceAt(named, sent.amount)
  if (bill === undefined) return no('amount-invalid')
  const about = `${sent.point} ${phone.id} ${sent.command}`
  const deal = idFrom('deal', bytesOf(`sign deal ${about}`))
  const id = idFrom('cmd', bytesOf(`sign command ${about}`))
  const opened = { name: 'open-offer', deal, bill, id, hash: `${sent.amount}`, isPerson: false } as const
  const answer = await parts.hub.handle({ ...opened, actor: sign.actor })
  world.history.tell(`${phone.name} at ${sign.point.label}: ${answer.refusal?.code ?? 'opened'}`)
  if (answer.refusal !== null) return no(answer.refusal.code)
  return ok(await placeView(parts, sign.actor, deal))
}

const priceAt = ({ point }: Sign, amount: string | null): Bill | undefined =>
  billAt(point, amount === null ? null : (parseAmount(amount) ?? 0n))

/** A link that may be paid once has one deal at a time, whoever looks. */
async function openPay(world: World, parts: Parts, { link: asked, visit }: PayBody): Promise<Reply> {
  const { web, directory } = world
  const { actor } = directory.webShop
  let link = web.find(asked)
  if (link === undefined) return no('not-found')
  let deal = web.dealOf(link, visit)
  let state = await stateAt(parts, actor, deal)
  if (link.uses === 'one' && (state === 'ended' || state === 'withdrawn')) {
    web.nextAttempt(link)
    link = web.find(asked) ?? link
    deal = web.dealOf(link, visit)
    state = await stateAt(parts, actor, deal)
  }
  if (state === undefined || state === 'expired') {
    const sent =
      state === undefined
        ? ({ name: 'open-offer', bill: billOf(link), id: idFrom('cmd', bytesOf(`open ${deal}`)) } as const)
        : ({ name: 'renew-number', id: idFrom('cmd', bytesOf(`renew ${deal} ${world.clock.now()}`)) } as const)
    const { refusal } = await parts.hub.handle({ ...sent, deal, hash: deal, actor, isPerson: false })
    if (refusal !== null && refusal.code !== 'joined-meanwhile') return no('link-over')
  }
  return ok(await placeView(parts, actor, deal))
}

async function stateAt({ hub }: Parts, { id: terminal }: TerminalActor, deal: DealId): Promise<string | undefined> {
  const found = await hub.lookAt({ terminal, deal })
  return found?.payment == null ? found?.offer.state.kind : stateOf(found.payment)
}

async function placeView({ hub }: Parts, { id: terminal }: TerminalActor, deal: DealId): Promise<PlaceView> {
  const state = (await hub.lookAt({ terminal, deal }))?.offer.state
  return { deal, terminal, token: state?.kind === 'open' ? state.ticket.token : null }
}

function billOf({ amount }: PayLink): Bill {
  const line = { text: 'Cake', quantity: 1, amount, taxRate: null, tax: 0n, code: null, restriction: null }
  return { unit: JPY, total: amount, lines: [{ ...line, conditions: NO_CONDITIONS }] }
}

async function receipt(world: World, { store }: Parts, { actor }: Enrolled, text: string): Promise<Reply> {
  const id = parseId('pay', text)
  const payment = id && (await store.readPayment(id))
  if (actor.kind === 'operator' || payment === undefined) return no('not-found')
  if (![payment.payer.party, payment.biller.party].includes(actor.party)) return no('not-found')
  const { id: scheme, rules } = world.scheme
  const made = receiptOf({
    scheme: { id: scheme, name: 'Simulated town' },
    payment: world.plant.receipt?.(payment) ?? payment,
    cashier: null,
    shop: null,
    zone: rules.zone,
    issuedAt: world.clock.now(),
  })
  if (made === undefined) return no('no-receipt')
  const { refunds, left, total, wentBack, state } = made
  return ok({ payment: made.payment, refunds, left, total, wentBack, state } satisfies ReceiptSeen)
}

const BACKOFF_MS = [800, 6_000] as const

/** Reads what was committed, keeps what the shop is to be told, and tells what is due. Throws StoreUnavailable as every look does. */
export async function tellWebShop(world: World, { store }: Pick<Parts, 'store'>, chance: Chance): Promise<void> {
  const { web, memory, clock, directory, receivers, history } = world
  await store.now()
  await web.keep(web.news(memory.contents().events), () => store.now())
  await store.now()
  for (const delivery of web.due(clock.lived())) {
    const message = web.sent(delivery, toHex(chance.bytes(8)))
    const receive = receivers.get(directory.webShop.actor.id)
    delivery.nextAt = clock.lived() + chance.between(...BACKOFF_MS)
    await clock.sleep(chance.between(5, 60))
    const isHeard = receive !== undefined && !chance.happens(world.faults.requestLost)
    if (isHeard) receive(message)
    history.count(isHeard ? 'messages to the shop' : 'shop not reached')
    // The answer is lost: the shop will hear it once more.
    if (isHeard && !chance.happens(world.faults.answerLost)) delivery.delivered = true
  }
}
