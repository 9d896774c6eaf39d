// A deal at an unattended point: the hub opens it in the name of the sign's terminal, at the wish of the phone before it. Ids follow from
// phone and command, so that whoever asks twice is told of one deal.
import { createHash } from 'node:crypto'
import { bucketOfId, idFrom, type CommandId, type DealId, type PointId } from '#core/ids.ts'
import { billAt } from '#core/point.ts'
import { problemOf, type Problem } from '#protocol/problems.ts'
import type { PointDealView } from '#protocol/points.ts'
import type { DeviceActor, TerminalActor } from '#switch/actors.ts'
import type { Budgets } from '#switch/budgets.ts'
import type { Store } from '#switch/store.ts'
import type { Switch } from '#switch/switch.ts'
import type { DealView } from '#protocol/views.ts'
import type { PointRow } from '../postgres/points.ts'
import type { Sight } from '../sight.ts'

export type AskedAtPoint = Readonly<{ command: CommandId; amount: bigint | null }>

/** No key speaks for a sign: the hub does, for a phone that has signed its wish. */
const NO_KEY = idFrom('key', new Uint8Array(16))

/** The sign as the switch and the phone see it. */
export const terminalOf = ({ terminal, party, account, shop, legalName, point }: PointRow): TerminalActor => ({
  kind: 'terminal',
  id: terminal,
  key: NO_KEY,
  party,
  account,
  name: shop,
  legalName,
  label: point.label,
  terminalKind: 'point',
  cashier: null,
})

/**
 * Opens the deal, or finds the one that this command has opened. Problems: amount-invalid with the bounds, command-mismatch, too-many-tries,
 * and those of opening an offer.
 */
export async function openAtPoint(
  { store, hub, sight, budgets }: { store: Store; hub: Switch; sight: Sight; budgets: Budgets },
  row: PointRow,
  phone: DeviceActor,
  { command, amount }: AskedAtPoint,
  origin: string,
): Promise<PointDealView | Problem> {
  const actor = terminalOf(row)
  const { deal, id, hash } = idsOf(row.point.id, phone, command, amount)
  const known = await store.readOffer(bucketOfId(actor.id), { terminal: actor.id, deal })
  if (known !== undefined) {
    if (amount !== null && known.bill?.total !== amount) return problemOf('command-mismatch')
    const view = await sight.deal(actor, deal, origin)
    return view === undefined ? problemOf('not-found') : dealOf(view)
  }
  const bill = billAt(row.point, amount)
  if (bill === undefined) return problemOf('amount-invalid', { field: 'amount', ...boundsOf(row) })
  const keys = [`point-phone:${phone.id}`, `point-sign:${row.point.id}`] as const
  if (!(await budgets.charge(keys))) return problemOf('too-many-tries')
  const opening = hub.handle({ id, hash, actor, isPerson: false, name: 'open-offer', deal, bill })
  const answer = await opening.catch(async (error: unknown) => {
    // Nothing was decided: the phone asks again, and pays for it then.
    await budgets.giveBack(keys)
    throw error
  })
  if (answer.refusal !== null) {
    await budgets.giveBack(keys)
    return problemOf(answer.refusal.code, answer.refusal.detail)
  }
  const view = (await sight.answer(actor, answer, origin)).deal
  return view === null ? problemOf('not-found') : dealOf(view)
}

function idsOf(point: PointId, phone: DeviceActor, command: CommandId, amount: bigint | null) {
  const hashOf = (what: string): Buffer =>
    createHash('sha256').update(`warifu point ${what} ${point} ${phone.id} ${command}`).digest()
  const deal: DealId = idFrom('deal', hashOf('deal').subarray(0, 16))
  const id: CommandId = idFrom('cmd', hashOf('command').subarray(0, 16))
  return { deal, id, hash: hashOf(`opening ${amount}`).toString('hex') }
}

const boundsOf = ({ point: { price } }: PointRow): Record<string, string> =>
  price.mode === 'amount' ? { minimum: String(price.minimum), maximum: String(price.maximum) } : {}

const dealOf = ({ deal, ticket }: DealView): PointDealView => ({
  deal,
  number: ticket?.number ?? null,
  link: ticket?.link ?? null,
  expiresAt: ticket?.expiresAt ?? null,
})
