// People who pay by card at a real hub, with the SDK: they register cards, choose how they repay, approve, and shops deliver, refund and cancel.
// A lost answer is the SDK's matter: it asks again until it has one.
import { NO_CONDITIONS, type Bill } from '#core/bill.ts'
import { idFrom } from '#core/ids.ts'
import { unitOf } from '#core/money.ts'
import { billToWire } from '#protocol/bill.ts'
import type { DemoWho } from '#protocol/routes.ts'
import type { PaymentView } from '#protocol/views.ts'
import { approve } from '#sdk/approval.ts'
import { callCards } from '#sdk/card-calls.ts'
import { sealCard } from '#sdk/card-envelope.ts'
import { openClient, type Client } from '#sdk/client.ts'
import { enrol } from '#sdk/identity.ts'
import type { Outcome, SendOutcome } from '#sdk/outcome.ts'
import { presence } from '#sdk/presence.ts'
import { withPin } from '#sdk/scram.ts'
import { memoryStorage } from '#sdk/storage.ts'
import { systemDelay, systemRandom } from '#sdk/transport.ts'
import type { TestCard } from './cards-site.ts'
import { until } from './until.ts'

const PROVE = withPin('2468')
/** People wait seconds between tries; a torturer has no time. */
const LONGEST_PAUSE_MS = 200
/** A look is a request. */
const LOOK_EVERY_MS = 40

const JPY = unitOf('JPY')
if (JPY === undefined) throw new Error('JPY is a currency')
const unit = JPY

/** Bread, and where it is ordered, a cake that is still to be delivered. */
export function cardBill(bread: bigint, cake: bigint | null = null): Bill {
  const line = (text: string, amount: bigint, delivery: boolean) => ({
    text,
    quantity: 1,
    amount,
    taxRate: 800,
    tax: (amount * 8n) / 108n,
    code: null,
    conditions: { ...NO_CONDITIONS, delivery },
    restriction: null,
  })
  const lines = [line('Bread', bread, false), ...(cake === null ? [] : [line('Cake', cake, true)])]
  return { unit, total: bread + (cake ?? 0n), lines }
}

/** Enrols one of the demo's people or machines at a hub. */
export async function demoClient(hub: string, who: DemoWho): Promise<Client> {
  const response = await fetch(`${hub}/v1/demo/codes`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ who }),
  })
  // Border: the demo's answer.
  const { code } = (await response.json()) as { code: string }
  const storage = memoryStorage()
  const outcome = await enrol({ hub, storage, code, label: who })
  if (!outcome.ok) throw new Error(`enrolment: ${outcome.problem.code}`)
  const delay = (ms: number, signal?: AbortSignal): Promise<void> =>
    systemDelay(ms < 10_000 ? Math.min(ms, LONGEST_PAUSE_MS) : ms, signal)
  return openClient({ hub, storage, delay })
}

/** Registers a card as the wallet does: its number leaves this process in an envelope alone. The code of a refusal, or null. */
export async function registerCard(client: Client, card: TestCard): Promise<string | null> {
  const [keys, identity] = [await callCards(client, 'cardKeys', {}), await client.identity()]
  if (!keys.ok) return keys.problem.code
  if (identity?.self.kind !== 'device') throw new Error('a card is registered by a phone')
  const command = idFrom('cmd', systemRandom(16))
  const envelope = await sealCard({ keys: keys.view.keys, command, party: identity.self.party, card })
  if (envelope === undefined) throw new Error('the vault has a key')
  const shown = await presence(client, 'add-card', envelope, PROVE)
  if (!shown.ok) return shown.problem.code
  const added = await callCards(client, 'addCard', { body: { command, envelope, name: null, presence: shown.view } })
  return added.ok ? null : added.problem.code
}

/** The ids of the person's cards, oldest first; asked for until a hub is there to say. */
export async function cardsOf(client: Client): Promise<readonly string[]> {
  const { cards } = await readUntilThere('the cards', () => callCards(client, 'cards', {}))
  return cards.toSorted((left, right) => left.madeAt - right.madeAt).map(({ id }) => id)
}

/** A read that finds no hub is tried again: one that was killed comes back. Throws where it is refused. */
async function readUntilThere<View>(what: string, read: () => Promise<Outcome<View>>): Promise<View> {
  let view: View | undefined
  await until(
    what,
    async () => {
      const outcome = await read()
      if (outcome.ok) view = outcome.view
      else if (outcome.problem.code !== 'no-answer') throw new Error(`${what}: ${outcome.problem.code}`)
      return outcome.ok
    },
    undefined,
    LOOK_EVERY_MS,
  )
  if (view === undefined) throw new Error(`${what} was read`)
  return view
}

export type Bought = Readonly<{ deal: string; payment: string }>

/** A deal that a phone has joined; undefined where one of the two was refused. */
export async function meet(till: Client, phone: Client, bill: Bill): Promise<Bought | undefined> {
  const deal = idFrom('deal', systemRandom(16))
  const opened = await till.send('open-offer', { deal, bill: billToWire(bill) })
  const link = opened.ok ? opened.view.deal?.ticket?.link : undefined
  if (link === undefined) return undefined
  const token = link.slice(link.lastIndexOf('/') + 1)
  const joined = await phone.send('join', { credential: { kind: 'token', token } })
  const payment = joined.ok ? joined.view.payment?.payment : undefined
  return payment === undefined ? undefined : { deal, payment }
}

/** Chooses the card and how it is repaid, and approves. */
export async function payByCard(phone: Client, payment: string, id: string, method: string): Promise<SendOutcome> {
  const chosen = await phone.send('choose-means', { payment, means: { kind: 'card', id, method } })
  const view = chosen.ok ? chosen.view.payment : null
  if (view === null) return chosen
  // Who has proved to be there is unlocked for a while.
  const unlocked = await approve(phone, view)
  return unlocked.ok || unlocked.problem.code !== 'proof-needed' ? unlocked : approve(phone, view, PROVE)
}

export async function look(phone: Client, payment: string): Promise<PaymentView | undefined> {
  const read = await phone.payment(payment)
  return read.ok ? read.view : undefined
}

/** What became of it when the issuer is no longer asked. */
export async function answered(phone: Client, payment: string, patienceMs?: number): Promise<PaymentView> {
  let last: PaymentView | undefined
  await until(
    `an answer for ${payment}`,
    async () => {
      last = await look(phone, payment)
      return last !== undefined && last.state !== 'authorising'
    },
    patienceMs,
    LOOK_EVERY_MS,
  )
  if (last === undefined) throw new Error('it was looked at')
  return last
}

/** Hands over `amount` of each portion that waits for delivery. */
export async function handOver(till: Client, { deal, payment }: Bought, amount: bigint): Promise<void> {
  const view = await readUntilThere('the deal', () => till.deal(deal))
  for (const [portion, each] of view.portions.entries())
    if (each.waits === 'delivery') await till.send('deliver', { payment, portion, amount: String(amount) })
}
