// The user id of a card on a phone: what its wallet shows at a register, which is then asked for by the hub. It names and never pays, so it
// is good again and again until its owner makes another. A wrong one, an old one, and one of a phone or person that is no more sound the same.
import { createHmac, randomBytes } from 'node:crypto'
import type { Bill } from '#core/bill.ts'
import { CODE_BYTES, readCustomerCode, userIdText } from '#core/customer-code.ts'
import type { DeviceId, MeansId, PartyId, TerminalId } from '#core/ids.ts'
import type { Choice } from '#core/means.ts'
import type { Method } from '#core/method.ts'
import type { CardUserView } from '#protocol/card-users.ts'
import { problemOf, type Problem } from '#protocol/problems.ts'
import type { DeviceActor, TerminalActor } from '#switch/actors.ts'
import type { BudgetKey, Budgets } from '#switch/budgets.ts'
import type { Directory } from '../auth/directory.ts'
import type { CardUserRows } from '../postgres/card-users.ts'

/** The cards that people have registered (server/cards). */
export type Cards = Readonly<{
  /** Is it one of this person's, and not taken away? */
  owns(party: PartyId, card: MeansId): Promise<boolean>
  /** Problems: means-not-found, card-not-accepted, method-not-accepted, card-expired, unit-mismatch, cards-unavailable. */
  choice(asked: {
    party: PartyId
    id: MeansId
    method: Method
    merchant: PartyId
    terminal: TerminalId
    /** null: it is still to come */
    bill: Amount | null
  }): Promise<Choice | Problem>
}>

type Amount = Pick<Bill, 'unit' | 'total'>
/** The register's command that has read a user id; its bill, where there is one already. */
type Reading = Readonly<{ terminal: TerminalActor; bill: Amount | null }>
type Taken = Readonly<{ payer: DeviceActor; choice: Choice }>

export type CardUsers = ReturnType<typeof createCardUsers>

export function createCardUsers(parts: {
  rows: CardUserRows
  cards: Cards
  directory: Pick<Directory, 'identityOf'>
  budgets: Budgets
  /** 32 bytes that only this scheme's hubs have: a copy of the table alone gives no user id */
  secret: Uint8Array
}) {
  const { rows, cards, directory, budgets, secret } = parts

  const hashOf = (id: Uint8Array): Uint8Array =>
    createHmac('sha256', secret).update('card user id ').update(id).digest()

  /** A new user id; the last one is nobody's any more. Problems: device-revoked, means-not-found, too-many-tries. */
  async function make({ id: device, party }: DeviceActor, means: MeansId): Promise<CardUserView | Problem> {
    // A session's own sight of the phone may be two seconds old.
    if ((await phone(device))?.isActive !== true) return problemOf('device-revoked')
    if (!(await cards.owns(party, means))) return problemOf('means-not-found')
    if (!(await budgets.charge([`card-users:${device}`]))) return problemOf('too-many-tries')
    const id = randomBytes(CODE_BYTES)
    return { card: means, user: userIdText(id), madeAt: await rows.put({ device, means }, hashOf(id)) }
  }

  /**
   * Whose card a user id names, with the card as what is paid with, in one payment until the payer says otherwise. `address`: the asker's block of addresses. Problems: code-not-found, too-many-tries, and those of the card at this shop.
   */
  async function take(text: string, { bill, terminal }: Reading, address: string): Promise<Taken | Problem> {
    const code = readCustomerCode(text)
    if (code.kind !== 'user-id') return problemOf('code-not-found')
    const tries: readonly BudgetKey[] = [`codes:${terminal.id}`, `codes:${address}`]
    if (!(await budgets.charge(tries))) return problemOf('too-many-tries')
    const named = await rows.find(hashOf(code.id))
    const payer = named && (await phone(named.device))?.actor
    if (named === undefined || payer === undefined) return problemOf('code-not-found')
    await budgets.giveBack(tries)
    const asked = { party: payer.party, id: named.means, method: 'lump', merchant: terminal.party, bill } as const
    const choice = await cards.choice({ ...asked, terminal: terminal.id })
    // A card that was taken away since is no more known than one that never was.
    if ('code' in choice) return choice.code === 'means-not-found' ? problemOf('code-not-found') : choice
    return { payer, choice }
  }

  async function phone(id: DeviceId): Promise<{ actor: DeviceActor; isActive: boolean } | undefined> {
    const identity = await directory.identityOf(id)
    if (identity?.actor.kind !== 'device') return undefined
    return { actor: identity.actor, isActive: identity.status === 'active' }
  }

  return { make, take }
}
