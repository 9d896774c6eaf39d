// An unattended point: its sign is shown first and large, then the amount, then the number and once more the sign; only then this phone
// joins. After that it is an ordinary payment.
import { toHex } from '#core/bytes.ts'
import type { PointView } from '#protocol/points.ts'
import { callPoint } from '#sdk/point-calls.ts'
import type { Desk } from './hub.ts'
import { tokenOfPath } from './links.ts'
import { openTable } from './orders.ts'
import { joinLink } from './paying.ts'
import * as when from './state.ts'
import type { Place } from './state.ts'

export type PointPlace = Extract<Place, { at: 'point' }>

/** Shows the sign as the hub knows it. A picture that does not come leaves a place without one. */
export async function openPoint(desk: Desk, point: string): Promise<void> {
  const start: PointPlace = {
    at: 'point',
    point,
    view: null,
    picture: null,
    asked: null,
    opened: null,
    busy: true,
    problem: null,
  }
  desk.update((state) => when.went(state, start))
  const answer = await callPoint(desk.client, 'point', { params: { point } })
  if (answer.ok && answer.view.mode === 'order') return openTable(desk, point)
  change(desk, point, (place) =>
    answer.ok ? { ...place, view: answer.view, busy: false } : { ...place, problem: answer.problem, busy: false },
  )
  if (!answer.ok || !answer.view.hasPicture) return
  const picture = await callPoint(desk.client, 'pointPicture', { params: { point } })
  if (picture.ok)
    change(desk, point, (place) => ({ ...place, picture: `data:image/jpeg;base64,${picture.view.picture}` }))
}

/** Opens the deal. Asked again for the same amount after an answer was lost, it is the same deal. `amount`: null where the sign has a price. */
export async function askAtPoint(desk: Desk, amount: string | null): Promise<void> {
  const { place } = desk.state()
  if (place.at !== 'point' || place.busy || place.view === null) return
  const { point } = place
  const command = place.asked?.amount === amount ? place.asked.command : newCommand()
  change(desk, point, (now) => ({ ...now, asked: { command, amount }, busy: true, problem: null }))
  const answer = await callPoint(desk.client, 'openPointDeal', { body: { command, point, amount } })
  change(desk, point, (now) =>
    answer.ok ? { ...now, opened: answer.view, busy: false } : { ...now, problem: answer.problem, busy: false },
  )
}

/** Back from the number to the amount: the deal that was opened runs out by itself. */
export function changeAmount(desk: Desk): void {
  const { place } = desk.state()
  if (place.at === 'point') change(desk, place.point, (now) => ({ ...now, asked: null, opened: null, problem: null }))
}

/** The person stands before this sign: joins its deal. */
export function confirmPoint(desk: Desk): void {
  const { place } = desk.state()
  const link = place.at === 'point' ? place.opened?.link : null
  const token = link == null ? undefined : tokenOfPath(new URL(link).pathname)
  if (token !== undefined) void joinLink(desk, token)
}

/** What is to be paid, in the unit's smallest part. */
export const amountAt = ({ asked }: Pick<PointPlace, 'asked'>, { amount }: PointView): string | null =>
  amount ?? asked?.amount ?? null

/** Only where this sign is still looked at. */
function change(desk: Desk, point: string, next: (place: PointPlace) => PointPlace): void {
  desk.update((state) =>
    state.place.at === 'point' && state.place.point === point ? when.went(state, next(state.place)) : state,
  )
}

const newCommand = (): string => `cmd_${toHex(crypto.getRandomValues(new Uint8Array(16)))}`
