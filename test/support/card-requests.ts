// Right requests about cards to a hub that has no vault: the first is refused by what is not there, the others by whose it is.
import assert from 'node:assert/strict'
import { presence } from '#sdk/presence.ts'
import { PIN } from './bank.ts'
import { newCommand } from './bank-program.ts'
import type { ValidRequest } from './identity-requests.ts'
import type { Speaker } from './raw-client.ts'

/** Looks like one; only a vault can say that it is none. */
export const ENVELOPE = 'e30..aaaa.bbbb.cccc'

export async function cardRequests(phone: Speaker): Promise<Readonly<Record<string, ValidRequest>>> {
  const proof = await presence(phone.client, 'add-card', ENVELOPE, PIN)
  assert.ok(proof.ok)
  const card = `mns_${'0'.repeat(32)}`
  const asked = { command: newCommand(), envelope: ENVELOPE, name: 'Household' }
  return {
    '/v1/cards': { by: phone, body: { ...asked, presence: proof.view } },
    '/v1/cards-change': { by: phone, body: { card, name: 'Household', isDefault: true } },
    '/v1/cards-remove': { by: phone, body: { card } },
  }
}
