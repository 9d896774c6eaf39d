// Registering cards: noted first, then the vault is asked, which asks the issuer. The envelope passes through unread and is kept nowhere; of
// it there is a hash, so that the same command is the same card. Tries are counted, so that nobody finds card numbers here.
import { createHash } from 'node:crypto'
import { shownNumber } from '#core/card-number.ts'
import type { CommandId, PartyId } from '#core/ids.ts'
import { unitOf, type Unit } from '#core/money.ts'
import type { CardBody } from '#protocol/cards.ts'
import { problemOf, type Problem, type ProblemCode } from '#protocol/problems.ts'
import type { DeviceActor } from '#switch/actors.ts'
import type { Budgets } from '#switch/budgets.ts'
import type { AddCardAnswer } from '#vault/wire.ts'
import { addressBlock } from '../addresses.ts'
import type { ProvePresence } from '../auth/presence.ts'
import { meansIdOf } from '../means/means.ts'
import { onceAtATime } from '../once.ts'
import type { CardRow, CardRows } from '../postgres/cards.ts'
import type { CardTables } from './tables.ts'
import { cardOf, type Heard, type Vault } from './vault.ts'

export type RegisteringParts = Readonly<{
  rows: Pick<CardRows, 'find' | 'ask' | 'allow' | 'refuse'>
  /** null where there is none: then nothing can be registered */
  vault: Pick<Vault, 'addCard'> | null
  tables: Pick<CardTables, 'issuerOf' | 'termsOf'>
  /** what the cards are billed in */
  unit: Unit
  languageOf: (party: PartyId) => Promise<'en' | 'ja'>
  provePresence: ProvePresence
  budgets: Budgets
}>

type Refused = Extract<AddCardAnswer, { state: 'refused' }>['reason']

const PROBLEM_OF: Readonly<Record<Refused, ProblemCode>> = {
  'number-invalid': 'card-number-invalid',
  expired: 'card-expired',
  'issuer-unknown': 'card-issuer-unknown',
  'issuer-refused': 'card-refused',
  'envelope-invalid': 'card-envelope-invalid',
  'envelope-used': 'card-envelope-invalid',
}

/** Nobody has heard the issuer say anything: another envelope may do better. */
const UNHEARD = 'no-answer'

/** Registers the card in the envelope; null when it is there. Problems as its route says. */
export function cardRegistering(parts: RegisteringParts) {
  const { rows, vault, tables, unit, budgets } = parts
  const once = onceAtATime<Problem | null>()

  async function register(actor: DeviceActor, body: CardBody<'addCard'>, from: string): Promise<Problem | null> {
    const { envelope, name } = body
    const { party } = actor
    const fault = await parts.provePresence({ actor, action: 'add-card', subject: envelope, body: body.presence })
    if (fault !== null) return fault
    if (vault === null) return problemOf('cards-unavailable')
    // Border: the schema's pattern has checked the id.
    const command = body.command as CommandId
    const id = meansIdOf('card', actor, command)
    const isNew = (await rows.find(id)) === undefined
    // Which numbers are good could be asked of the issuers here: new tries are counted by person and place.
    const keys = [`cards:${party}`, `cards-from:${addressBlock(from)}`] as const
    if (isNew && !(await budgets.charge(keys))) return problemOf('too-many-tries')
    const askedAs = createHash('sha256')
      .update(JSON.stringify([envelope, name]))
      .digest()
    const row = await rows.ask({ id, party, name, unit, askedAs })
    if (row === undefined) return problemOf('too-many-cards')
    if (!row.isSame) return problemOf('command-mismatch')
    if (row.status !== 'asked') return problemIn(row)
    const said = await once(id, async () =>
      ended(row, await vault.addCard({ card: cardOf(id), party, command, envelope })),
    )
    // Only what an issuer has said no to is a try: an answer that was not heard tells nobody anything.
    if (isNew && (said === null || said.code === 'cards-unavailable')) await budgets.giveBack(keys)
    return said
  }

  async function ended(row: CardRow, heard: Heard<AddCardAnswer>): Promise<Problem | null> {
    const { id, party } = row
    // It may have been registered: the same command asks again, and what nobody asks for again is ended.
    if (heard.kind === 'unreachable' || heard.kind === 'no-answer') return problemOf('cards-unavailable')
    if (heard.kind === 'wrong') return refused(row, 'envelope-invalid')
    const { said } = heard
    switch (said.state) {
      case 'active': {
        const { issuer, last4, expires } = said
        // A card pays in what its issuer bills in.
        const unit = unitOf(tables.termsOf(issuer)?.unit ?? '') ?? row.unit
        await rows.allow({ id, party, unit }, { issuer, last4, expires, label: await labelOf(party, issuer, last4) })
        return null
      }
      case 'refused':
        return refused(row, said.reason)
      case 'no-answer':
        return refused(row, UNHEARD)
    }
  }

  async function refused({ id }: CardRow, why: Refused | typeof UNHEARD): Promise<Problem> {
    await rows.refuse(id, why)
    return problemOf(why === UNHEARD ? 'cards-unavailable' : PROBLEM_OF[why])
  }

  async function labelOf(party: PartyId, code: string, last4: string): Promise<string> {
    const issuer = tables.issuerOf(code)
    const name = (await parts.languageOf(party)) === 'ja' ? issuer?.nameJa : issuer?.name
    return `${name ?? code} ${shownNumber(last4)}`
  }

  return { register }
}

/** What the same command hears again. */
function problemIn({ status, why }: CardRow): Problem | null {
  if (status !== 'ended' || why === 'removed') return null
  const code = Object.entries(PROBLEM_OF).find(([reason]) => reason === why)?.[1]
  return problemOf(code ?? 'cards-unavailable')
}
