// User ids of cards and card machines for tests: right requests, cards as the hub has them, and a day with both.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { userIdText } from '#core/customer-code.ts'
import { bucketOfId, idInBucket, parseId, type PartyId } from '#core/ids.ts'
import type { PlanTerms } from '#core/plan.ts'
import { billToWire } from '#protocol/bill.ts'
import { callTo } from '#sdk/calls.ts'
import { callCardUsers } from '#sdk/card-user-calls.ts'
import type { Client } from '#sdk/client.ts'
import type { Issuer } from '#server/postgres/card-tables.ts'
import type { TestHub } from './hub.ts'
import type { ValidRequest } from './identity-requests.ts'
import { withClient } from './postgres.ts'
import type { Speaker } from './raw-client.ts'
import { billOf, newId } from './world.ts'

/** A right request for every route of protocol/card-users.ts that takes a body, by path: a phone without cards is refused by what is not there. */
export const cardUserRequests = (office: Speaker, phone: Speaker): Readonly<Record<string, ValidRequest>> => ({
  '/v1/card-users': { by: phone, body: { card: `mns_${'0'.repeat(32)}` } },
  '/v1/card-machines': {
    by: office,
    body: { terminal: office.self.id, machine: { address: 'http://127.0.0.1:8583', token: 'a-token-of-a-machine' } },
  },
})

// ---- cards as the hub has them, without a vault that has seen a number

const TERMS: PlanTerms = {
  unit: 'JPY',
  closesOn: 15,
  dueOn: 10,
  instalments: { counts: [2, 3], freeCounts: [2], yearlyRate: 1_500, smallest: 100n },
  bonus: null,
  partBonus: null,
  revolving: null,
}
const TAKEN = { lump: true, instalments: [2, 3], bonus: [], partBonus: [], revolving: false }
/** Issuer 0001 is taken by all shops; 0002 by none. */
const issuerOf = (code: string): Issuer => ({
  code,
  name: code === '0001' ? 'Tanuki Card' : 'Kitsune Credit',
  nameJa: code === '0001' ? 'タヌキカード' : 'キツネ信販',
  host: '127.0.0.1',
  port: 1,
  acquirer: '1',
  oneTimePrefix: null,
  isOpen: true,
  colour: '#264b7a',
  ink: '#ffffff',
  terms: TERMS,
})

export async function settleIssuers({ cardTables }: Pick<TestHub, 'cardTables'>): Promise<void> {
  await cardTables.rows.change('issuers of a test', async () => ({
    result: null,
    write: {
      issuers: [issuerOf('0001'), issuerOf('0002')],
      ranges: [],
      merchants: [{ merchant: null, issuer: '0001', number: '000000000000042', category: '5411', methods: TAKEN }],
      noRanges: [],
      noMerchants: [],
    },
  }))
  await cardTables.reload()
}

/** A registered card of the person behind this phone, as it stands in the hub. */
export async function cardFor(hub: Pick<TestHub, 'settings'>, client: Client, over: CardOver = {}): Promise<string> {
  const self = (await client.identity())?.self
  return cardOf(hub, (self?.kind === 'device' && parseId('pty', self.party)) || assert.fail(), over)
}

type CardOver = Readonly<{ issuer?: string; expires?: string }>

/** A registered card of this person, as it stands in the hub. */
export async function cardOf(
  { settings }: Pick<TestHub, 'settings'>,
  party: PartyId,
  over: CardOver = {},
): Promise<string> {
  const { issuer = '0001', expires = '2031-12' } = over
  const id = idInBucket('mns', bucketOfId(party), randomBytes(14))
  await withClient(settings, (database) =>
    database.query(
      `insert into card (bucket, id, party, issuer, last4, expires, label, unit, status, asked_as, made_at)
       values ($1, $2, $3, $4, '4242', $5, 'Tanuki Card ···4242', 'JPY', 'active', $6, 0)`,
      [bucketOfId(party), id.slice(4), party.slice(4), issuer, expires, randomBytes(32)],
    ),
  )
  return id
}

/** A day of user ids and card machines, for the stories that look at every statement. */
export async function aDayOfUserIds(
  hub: Pick<TestHub, 'settings'>,
  { register, office, hanako }: Readonly<{ register: Client; office: Client; hanako: Client }>,
): Promise<void> {
  const card = await cardFor(hub, hanako)
  const userId = async (): Promise<string> => {
    const made = await callCardUsers(hanako, 'cardUser', { body: { card } })
    assert.ok(made.ok, JSON.stringify(made))
    return made.view.user
  }
  const code = await userId()
  const body = { command: newId('cmd'), deal: newId('deal'), code, bill: billToWire(billOf(300n)) }
  const read = callTo({ method: 'POST', path: '/v1/commands/bill-code', access: 'signed' }, { body })
  // There is no vault, and a card that cannot be asked for is no reason to disturb anybody.
  assert.ok(!(await register.request(read)).ok)
  await userId()
  assert.ok(!(await register.request(read)).ok, 'the same command, which has read the id before')
  const nobodys = { deal: newId('deal'), code: userIdText(randomBytes(16)), bill: body.bill }
  assert.ok(!(await register.send('bill-code', nobodys)).ok)
  const terminal = (await register.identity())?.self.id
  assert.ok(terminal !== undefined)
  const machine = { address: 'http://127.0.0.1:8583', token: 'a-token-of-a-machine' }
  assert.ok((await callCardUsers(office, 'setCardMachine', { body: { terminal, machine } })).ok)
  assert.ok((await callCardUsers(office, 'cardMachines', {})).ok)
  assert.ok((await callCardUsers(register, 'cardMachine', {})).ok)
  const none = (await office.identity())?.self.id
  assert.ok(none !== undefined)
  assert.ok((await callCardUsers(office, 'setCardMachine', { body: { terminal: none, machine: null } })).ok)
}
