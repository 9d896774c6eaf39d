// Cards of one's own: read, registered with a proof of the owner, named, offered first, taken away. Null when it is done, else why not.
//
// What is typed of a card is never part of the wallet's state: the form holds it, this file seals it, and the form forgets it. What is kept
// until the registration is answered is the envelope, which only the vault can open, and the last four digits.
import { toHex } from '#core/bytes.ts'
import { lastFour } from '#core/card-number.ts'
import type { CardBody, CardKeysView, CardsView } from '#protocol/cards.ts'
import { problemOf, type Problem } from '#protocol/problems.ts'
import type { Prove } from '#sdk/approval.ts'
import { callCards } from '#sdk/card-calls.ts'
import type { CardData } from '#sdk/card-envelope.ts'
import type { Outcome } from '#sdk/outcome.ts'
import { presence } from '#sdk/presence.ts'
import type { Desk } from './hub.ts'
import * as when from './state.ts'

/** A card on its way: the same again, after a lost answer, is the same card. */
export type SealedCard = Readonly<{ command: string; envelope: string; last4: string }>

export const readCards = async (desk: Desk): Promise<Problem | null> =>
  withCards(desk, await callCards(desk.client, 'cards', {}))

/** What a card is sealed to, and whose a number is by its beginning. */
export const readCardKeys = (desk: Desk): Promise<Outcome<CardKeysView>> => callCards(desk.client, 'cardKeys', {})

export async function sealed(desk: Desk, keys: CardKeysView['keys'], card: CardData): Promise<Outcome<SealedCard>> {
  const { self } = desk.state()
  if (self === null) return { ok: false, problem: problemOf('session-needed') }
  const command = `cmd_${toHex(crypto.getRandomValues(new Uint8Array(16)))}`
  // What seals is loaded when it is wanted: it is a tenth of the wallet, and most days nobody registers a card.
  const { sealCard } = await import('#sdk/card-envelope.ts')
  const envelope = await sealCard({ keys, command, party: self.party, card })
  if (envelope === undefined) return { ok: false, problem: problemOf('cards-unavailable') }
  return { ok: true, view: { command, envelope, last4: lastFour(card.number) } }
}

/** Asks the issuer whether the card is good, and registers it. */
export async function addCard(desk: Desk, { command, envelope }: SealedCard, prove: Prove): Promise<Problem | null> {
  const proof = await presence(desk.client, 'add-card', envelope, prove)
  if (!proof.ok) return proof.problem
  const body = { command, envelope, name: null, presence: proof.view }
  return withCards(desk, await callCards(desk.client, 'addCard', { body }))
}

export const changeCard = async (desk: Desk, body: CardBody<'changeCard'>): Promise<Problem | null> =>
  withCards(desk, await callCards(desk.client, 'changeCard', { body }))

export const removeCard = async (desk: Desk, card: string): Promise<Problem | null> =>
  withCards(desk, await callCards(desk.client, 'removeCard', { body: { card } }))

function withCards({ update }: Desk, answer: Outcome<CardsView>): Problem | null {
  if (!answer.ok) return answer.problem
  update((state) => when.learntMine(state, { cards: answer.view }))
  return null
}
