// A demo hub with people who have money, and short ways to say what they do through the SDK: for stories of the account bank.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import type { Bill } from '#core/bill.ts'
import { billToWire, type BillWire } from '#protocol/bill.ts'
import type { DealView, PaymentView } from '#protocol/views.ts'
import { approve } from '#sdk/approval.ts'
import { openClient, type Client } from '#sdk/client.ts'
import { enrol } from '#sdk/identity.ts'
import { setPin, withPin } from '#sdk/scram.ts'
import { memoryStorage } from '#sdk/storage.ts'
import { enrolled, startTestHub } from './hub.ts'
import { JPY } from './world.ts'

export const PIN = withPin('2468')

export type Bank = Awaited<ReturnType<typeof openBank>>

/** The demo's bakery (till and office), Hanako with two phones, Kenji, and whoever else comes. */
export async function openBank(over: Parameters<typeof startTestHub>[0] = {}) {
  const hub = await startTestHub(over)
  const register = await enrolled(hub, 'register')
  const office = await enrolled(hub, 'office')
  const hanako = await enrolled(hub, 'hanako')
  const tablet = await enrolled(hub, 'hanako')
  const kenji = await enrolled(hub, 'kenji')
  const clients = [register, office, hanako, tablet, kenji]

  async function enrolledWith(code: string, label: string): Promise<Client> {
    const storage = memoryStorage()
    assert.ok((await enrol({ hub: hub.url, storage, code, label })).ok)
    const client = openClient({ hub: hub.url, storage })
    clients.push(client)
    return client
  }

  return {
    hub,
    register,
    office,
    hanako,
    tablet,
    kenji,
    /** a person whom nobody has listed */
    async stranger(name: string): Promise<Client> {
      const party = await hub.directory.createParty({ kind: 'person', name, legalName: name, bucket: 5, units: [JPY] })
      const { code } = await hub.directory.createCode({ kind: 'device', party: party.id, lifeMs: 60_000 })
      const client = await enrolledWith(code, name)
      await setPin(client, '2468')
      return client
    },
    async shop(name: string): Promise<Client> {
      const made = { kind: 'merchant', name, legalName: 'Shop Ltd.', bucket: 6, units: [JPY] } as const
      const { id: party } = await hub.directory.createParty(made)
      const till = { kind: 'terminal', party, lifeMs: 60_000, label: 'Till', terminalKind: 'counter' } as const
      return enrolledWith((await hub.directory.createCode(till)).code, 'Till')
    },
    async close(): Promise<void> {
      for (const client of clients) client.close()
      await hub.stop()
    },
  }
}

export const newDeal = (): string => `deal_${randomBytes(16).toString('hex')}`
export const asked = (bill: Bill): BillWire => billToWire(bill)
export const codeOf = (sent: Awaited<ReturnType<Client['send']>>): string => (sent.ok ? 'done' : sent.problem.code)

export async function dealOf(client: Client, bill: BillWire): Promise<DealView> {
  const sent = await client.send('open-offer', { deal: newDeal(), bill })
  assert.ok(sent.ok && sent.view.deal, JSON.stringify(sent))
  return sent.view.deal
}

export async function joinByLink(client: Client, deal: DealView): Promise<PaymentView> {
  const token = deal.ticket?.link.split('/').at(-1) ?? ''
  const sent = await client.send('join', { credential: { kind: 'token', token } })
  assert.ok(sent.ok && sent.view.payment, JSON.stringify(sent))
  return sent.view.payment
}

/** Asked by a link, approved with the PIN. */
export async function paid(bill: BillWire, payer: Client, biller: Client): Promise<PaymentView> {
  const view = await joinByLink(payer, await dealOf(biller, bill))
  const sent = await approve(payer, view, PIN)
  assert.ok(sent.ok && sent.view.payment, JSON.stringify(sent))
  return sent.view.payment
}

/** What the account holds and what is on its way to it. */
export async function moneyOf(client: Client, unit = 'JPY'): Promise<bigint> {
  const read = await client.balances()
  assert.ok(read.ok)
  const balance = read.view.balances.find((each) => each.unit === unit)
  return BigInt(balance?.balance ?? 0) + BigInt(balance?.arriving ?? 0)
}

export async function accountOf(client: Client): Promise<string> {
  const self = (await client.identity())?.self
  assert.ok(self && self.kind !== 'operator')
  return self.account
}
