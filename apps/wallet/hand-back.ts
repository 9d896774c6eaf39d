// A purchase signed without a network: the payee shows a bill, the payer's phone signs it and shows the signed bill, the payee hands
// it in. Both links lie behind the '#', so no server learns of them.
import { toHex } from '#core/bytes.ts'
import {
  billToSign,
  billLink,
  readBillLink,
  readSignedLink,
  signedLink,
  signHandBack,
  type BillToSign,
} from '#sdk/hand-back.ts'
import { withPin } from '#sdk/scram.ts'
import type { Desk } from './hub.ts'
import { billOf, openAsking, type Asked } from './people.ts'
import * as when from './state.ts'

/** The payee's side: the bill as a code for the payer's phone. */
export async function showBill(desk: Desk, { amount, unit, note }: Omit<Asked, 'to'>): Promise<void> {
  const identity = await desk.client.identity()
  const deal = `deal_${toHex(crypto.getRandomValues(new Uint8Array(16)))}`
  const bill = identity && billToSign(identity, deal, billOf(amount, unit, note))
  const link = bill && billLink(desk.opening.hub, bill)
  if (bill === undefined || link === undefined) return
  desk.update((state) => when.went(state, { at: 'bill-shown', bill, link, busy: false, problem: null }))
}

/** Is this one of the two links? Then it takes the screen. */
export function openHandBack(desk: Desk, link: string): boolean {
  const bill = readBillLink(link)
  if (bill !== undefined) {
    desk.update((state) => when.went(state, { at: 'sign', bill, busy: false, problem: null }))
    return true
  }
  const signed = readSignedLink(link)
  if (signed === undefined) return false
  void handIn(desk, signed)
  return true
}

/** The payer's side: signs with the PIN, and shows what the payee hands in. Nothing is paid by this alone. */
export async function sign(desk: Desk, bill: BillToSign, pin: string): Promise<void> {
  const { client, update, opening } = desk
  update((state) => when.went(state, { at: 'sign', bill, busy: true, problem: null }))
  const outcome = await signHandBack(client, bill, withPin(pin))
  const link = outcome.ok ? signedLink(opening.hub, outcome.view) : undefined
  if (outcome.ok && link !== undefined) {
    return update((state) => when.went(state, { at: 'signed', bill, link, until: desk.now() + SIGNED_LIFE_MS }))
  }
  const problem = outcome.ok ? null : outcome.problem
  update((state) => when.went(state, { at: 'sign', bill, busy: false, problem }))
}

/** The approval says five minutes (sdk/approval.ts). */
const SIGNED_LIFE_MS = 5 * 60_000

/** The payee hands the signed bill in: settled at once, and once, however often it is handed in. */
async function handIn(desk: Desk, signed: NonNullable<ReturnType<typeof readSignedLink>>): Promise<void> {
  const { client, update } = desk
  update((state) => {
    const { place } = state
    const shown = place.at === 'bill-shown' ? { ...place, busy: true, problem: null } : place
    return when.went(state, shown)
  })
  const outcome = await client.send('submit-signed', signed)
  if (outcome.view?.deal) return openAsking(desk, signed.deal, outcome.view.deal)
  const problem = outcome.ok ? null : outcome.problem
  update((state) =>
    when.went(
      state,
      state.place.at === 'bill-shown' ? { ...state.place, busy: false, problem } : { at: 'ask', busy: false, problem },
    ),
  )
}
