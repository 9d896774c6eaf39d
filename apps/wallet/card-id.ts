// Paying at a register with a card: shows the card's user id, and answers the shop by itself while the owner's unlock lasts. The answer says
// that the owner is there, and agrees to nothing.
//
//   opened ──▶ (unlocked) ──▶ shown ──▶ a register reads it ──▶ the payment opens here, and this phone attests
import type { Problem } from '#protocol/problems.ts'
import type { PaymentView } from '#protocol/views.ts'
import { callCardUsers } from '#sdk/card-user-calls.ts'
import type { Store } from '#ui/store.ts'
import type { Desk } from './hub.ts'
import { isKeyOnly, unlockedUntil } from './mine.ts'
import type { State } from './state.ts'

/** The card whose user id is shown. */
export type CardOfId = Readonly<{ id: string; label: string }>

export type CardIdPlace = Readonly<{ at: 'card-id'; card: CardOfId; user: string | null; problem: Problem | null }>

/** By phone too: one that was enrolled anew is another, and its old user ids name nobody. */
const keyOf = ({ state }: Pick<Desk, 'state'>, card: CardOfId): string => `card-user ${state().self?.id} ${card.id}`

/** Opens the screen, with the user id that this phone has made before, or a new one. */
export async function openCardId(desk: Desk, card: CardOfId): Promise<void> {
  desk.update((state) => ({ ...state, place: { at: 'card-id', card, user: null, problem: null } }))
  const kept = await desk.storage.get(keyOf(desk, card))
  if (typeof kept === 'string') show(desk, card, { user: kept, problem: null })
  else await renewCardId(desk, card)
}

/** A new user id; what was shown until now names nobody. Null when it is done. */
export async function renewCardId(desk: Desk, card: CardOfId): Promise<Problem | null> {
  const made = await callCardUsers(desk.client, 'cardUser', { body: { card: card.id } })
  if (made.ok) await desk.storage.set(keyOf(desk, card), made.view.user)
  show(desk, card, made.ok ? { user: made.view.user, problem: null } : { problem: made.problem })
  return made.ok ? null : made.problem
}

function show(desk: Desk, card: CardOfId, news: Partial<Pick<CardIdPlace, 'user' | 'problem'>>): void {
  desk.update((state) =>
    state.place.at === 'card-id' && state.place.card.id === card.id
      ? { ...state, place: { ...state.place, ...news } }
      : state,
  )
}

/** What a tag holds: the wallet's own address with the user id behind the #, which is sent nowhere. */
export const tagAddress = (origin: string, user: string): string => `${origin}/wallet#${user}`

// ---- answering the shop

/** Was this payment met by a user id of a card on this very phone? Another phone of the same person leaves it alone. */
export const isNamedHere = ({ way, device }: Pick<PaymentView, 'way' | 'device'>, self: string | undefined): boolean =>
  way === 'card-id' && device === self

/** Does the shop still wait for this phone's word? */
export const wantsAttest = (view: PaymentView, self: string | undefined): boolean =>
  isNamedHere(view, self) && view.state === 'joined' && view.attested === false

/** Answers shops while the wallet is open; a closed one is woken by a push (pushed.ts). Once for each payment and unlock. */
export function keepAttesting(store: Pick<Store<State>, 'get' | 'subscribe'>, desk: Desk): void {
  const answered = new Set<string>()
  const look = (): void => {
    const state = store.get()
    const until = unlockedUntil(state.provedAt, state.scheme?.unlockMs ?? 0, desk.now())
    if (until === null || isKeyOnly(state.mine)) return
    const seen = [...(state.inbox?.payments ?? []), ...(state.current?.view ? [state.current.view] : [])]
    for (const view of seen) {
      const key = `${view.payment} ${state.provedAt}`
      if (answered.has(key) || !wantsAttest(view, state.self?.id)) continue
      answered.add(key)
      // The payment's own view says what came of it.
      void desk.client.send('attest', { payment: view.payment, provedAt: Math.round(state.provedAt) })
    }
  }
  look()
  store.subscribe(look)
}
