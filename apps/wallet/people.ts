// Between people: asking for money, the bills one has sent, and the people one knows. The hub decides; here is only what is asked for.
import { toHex } from '#core/bytes.ts'
import type { BillWire } from '#protocol/bill.ts'
import type { Problem } from '#protocol/problems.ts'
import type { ContactView, DealView } from '#protocol/views.ts'
import type { Desk } from './hub.ts'
import * as when from './state.ts'

/** `to`: a contact's account, null for a link that is shown or sent; `amount` in the unit's smallest part. */
export type Asked = Readonly<{ to: string | null; amount: bigint; unit: string; note: string }>

export async function ask(desk: Desk, { to, amount, unit, note }: Asked): Promise<void> {
  const { place } = desk.state()
  if (place.at !== 'ask' || place.busy) return
  desk.update((state) => when.went(state, { ...place, busy: true, problem: null }))
  const deal = `deal_${toHex(crypto.getRandomValues(new Uint8Array(16)))}`
  const bill = billOf(amount, unit, note)
  const outcome = await (to === null
    ? desk.client.send('open-offer', { deal, bill })
    : desk.client.send('bill-person', { deal, to, bill }))
  if (outcome.ok) return openAsking(desk, deal, outcome.view.deal)
  desk.update((state) =>
    state.place.at === 'ask' ? when.went(state, { ...state.place, busy: false, problem: outcome.problem }) : state,
  )
}

/** A bill between people: one line, without tax or conditions. */
export const billOf = (amount: bigint, unit: string, note: string): BillWire => ({
  unit,
  total: String(amount),
  lines: [
    {
      text: note,
      quantity: 1,
      amount: String(amount),
      taxRate: null,
      tax: '0',
      code: null,
      conditions: { delivery: false, coolingOff: null },
      restriction: null,
    },
  ],
})

/** The form, with the people to ask and the bills already sent. */
export async function openAsk(desk: Desk): Promise<void> {
  desk.update((state) => when.went(state, { at: 'ask', busy: false, problem: null }))
  await Promise.all([readContacts(desk), readAsked(desk)])
}

export async function readContacts({ client, update }: Desk): Promise<void> {
  const answer = await client.call('contacts')
  if (answer.ok) update((state) => ({ ...state, contacts: answer.view.contacts }))
}

async function readAsked({ client, update }: Desk): Promise<void> {
  const answer = await client.deals()
  if (answer.ok) update((state) => ({ ...state, asked: answer.view.deals }))
}

/** Shows one bill that this phone has sent, and follows it. */
export function openAsking(desk: Desk, deal: string, view: DealView | null): void {
  const { hands, client, update } = desk
  const known = view ?? desk.state().asked?.find((other) => other.deal === deal) ?? null
  update((state) => when.went(state, { at: 'asking', deal, view: known, busy: false, problem: null }))
  hands.followsAsked?.()
  const stop = client.watch({ topic: 'deal', deal }, (fresh) => update((state) => when.askedArrived(state, fresh)))
  hands.followsAsked = stop
}

export function leaveAsking(desk: Desk): void {
  desk.hands.followsAsked?.()
  desk.hands.followsAsked = null
  void openAsk(desk)
}

/** Takes the bill back, as long as it is not paid. */
export async function cancelAsked(desk: Desk): Promise<void> {
  const { place } = desk.state()
  if (place.at !== 'asking' || place.busy || place.view === null) return
  desk.update((state) => when.went(state, { ...place, busy: true, problem: null }))
  const { deal } = place
  const first = await desk.client.send('cancel-deal', { deal, payment: place.view.payment })
  // Someone opened the link in the meantime: the same is said again, naming the payment.
  const joined = first.ok ? null : (first.view?.deal?.payment ?? null)
  const outcome =
    !first.ok && first.problem.code === 'joined-meanwhile' && joined !== null
      ? await desk.client.send('cancel-deal', { deal, payment: joined })
      : first
  const view = outcome.view?.deal ?? null
  desk.update((state) => {
    const shown = view === null ? state : when.askedArrived(state, view)
    if (shown.place.at !== 'asking') return shown
    return when.went(shown, { ...shown.place, busy: false, problem: outcome.ok ? null : outcome.problem })
  })
}

/** Lists, blocks or forgets a person; null when it is done. */
export async function putContact(
  { client, update }: Desk,
  account: string,
  status: ContactView['status'] | 'removed',
): Promise<Problem | null> {
  const answer = await client.call('putContact', { body: { account, status } })
  if (!answer.ok) return answer.problem
  update((state) => ({ ...state, contacts: answer.view.contacts }))
  return null
}

/** One line goes back within its cancellation period; null when it is done. */
export async function takeBack({ client, update }: Desk, payment: string, portion: number): Promise<Problem | null> {
  const outcome = await client.send('take-back', { payment, portion })
  const view = outcome.view?.payment ?? null
  if (view !== null) update((state) => when.paymentArrived(state, view))
  return outcome.ok ? null : outcome.problem
}

/** Opens the account in another currency; null when it is done. */
export async function openUnit({ client, update }: Desk, unit: string): Promise<Problem | null> {
  const answer = await client.call('openUnit', { body: { unit } })
  if (!answer.ok) return answer.problem
  const { balances } = answer.view
  update((state) => (state.inbox === null ? state : { ...state, inbox: { ...state.inbox, balances } }))
  return null
}
