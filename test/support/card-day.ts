// What a day adds of cards: registered, refused, named, paid with, refunded, stopped by their issuer, removed: every statement about them is
// sent. Through a further hub on the same database, which has a vault on the wire.
import assert from 'node:assert/strict'
import { parseId } from '#core/ids.ts'
import { callCards } from '#sdk/card-calls.ts'
import type { Client } from '#sdk/client.ts'
import { orderId } from '#server/bank/bank.ts'
import { asked } from './bank.ts'
import { newCommand } from './bank-program.ts'
import { askedOf, sent } from './card-programs.ts'
import { ENVELOPE } from './card-requests.ts'
import { aDayOfCardTables } from './card-tables.ts'
import { fakeVault } from './fake-vault.ts'
import { startTestHub, until, type TestHub } from './hub.ts'
import { billOf } from './world.ts'

export async function aCardDay(
  { settings }: Pick<TestHub, 'settings'>,
  people: (hub: TestHub) => Promise<Readonly<{ register: Client; hanako: Client }>>,
): Promise<void> {
  const vault = await fakeVault()
  const demoIssuers = ['0001', '0002'].map((code) => ({ code, host: '127.0.0.1', port: 9 }))
  const hub = await startTestHub({ settings, vault: { ...vault.settings, againMs: 20 }, demoIssuers })
  const { register, hanako } = await people(hub)
  const add = () => sent(hanako, { command: newCommand(), envelope: ENVELOPE, name: null })
  const cards = async () => {
    const list = await callCards(hanako, 'cards', {})
    assert.ok(list.ok)
    return list.view.cards
  }
  const shown = async (state: string, payment: string) =>
    until(async () => {
      const read = await hanako.payment(payment)
      return read.ok && read.view.state === state
    })
  try {
    assert.ok((await add()).ok && (await add()).ok && (await callCards(hanako, 'cardKeys', {})).ok)
    vault.set({ addCard: () => ({ body: { state: 'refused', reason: 'issuer-refused' } }) })
    assert.ok(!(await add()).ok)
    vault.set({})
    const [first, second] = await cards()
    assert.ok(first && second)
    const changed = { card: second.id, name: 'Household', isDefault: true }
    assert.ok((await callCards(hanako, 'changeCard', { body: changed })).ok)
    const by = { card: first.id } as const
    const { payment } = await askedOf(hanako, register, asked(billOf(300n)), by)
    await shown('settled', payment)
    await until(async () => (await register.send('refund', { payment, amount: '50', lines: [] })).ok)
    const collect = orderId(parseId('pay', payment) ?? assert.fail(), 1)
    await until(() => [...vault.followed.values()].some(({ route, of }) => route === 'refund' && of === collect))
    vault.set({ authorise: () => ({ body: { kind: 'refused', code: '43', reason: 'card-stopped' } }) })
    await shown('joined', (await askedOf(hanako, register, asked(billOf(310n)), by)).payment)
    const paid = await callCards(hanako, 'cardPayments', {})
    assert.ok(paid.ok && paid.view.payments.some((each) => each.payment === payment))
    assert.ok((await callCards(hanako, 'removeCard', { body: { card: second.id } })).ok)
    vault.alarm([{ n: 1, at: 1, kind: 'used-twice', order: null, detail: 'at another till' }])
    await hub.cardsCatchUp()
    const told = {
      kind: 'authorisation',
      unit: 'JPY',
      amount: '300',
      state: 'approved',
      rrn: null,
      approval: null,
      issuer: '0001',
    }
    const report = {
      day: '2026-11-22',
      rows: [{ order: collect, ...told }],
      issuers: [{ issuer: '0001', ours: [], inBalance: true }],
    }
    vault.set({ report: () => ({ body: report }) })
    const biller = (await register.identity())?.self
    assert.ok(biller?.kind === 'terminal')
    await aDayOfCardTables(hub, biller.account)
    // An order that is under way when the day ends.
    vault.set({ authorise: () => 'silent' })
    await add()
    const third = (await cards()).find(({ status }) => status === 'active') ?? assert.fail()
    await askedOf(hanako, register, asked(billOf(320n)), { card: third.id })
  } finally {
    for (const client of [register, hanako]) client.close()
    await hub.stop()
    await vault.die()
  }
}
