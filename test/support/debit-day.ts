// What a day adds of bank accounts: registered, one removed, paid from at once and by file, taken back, paid back, told by the bank: every
// statement about them is sent.
import assert from 'node:assert/strict'
import type { Client } from '#sdk/client.ts'
import { callMeans } from '#sdk/means-calls.ts'
import { parseId } from '#core/ids.ts'
import { bankReport } from '#server/bank/report.ts'
import { postgresDebits } from '#server/postgres/reconcile-debits.ts'
import { asking } from '#server/postgres/reconcile.ts'
import { asked } from './bank.ts'
import { askedOf, BY_FILE, HANAKO, KENJI, register as tried, registered, testBank } from './bank-program.ts'
import { startTestHub, until, type TestHub } from './hub.ts'
import { billOf, BUCKETS, JPY } from './world.ts'

/** Through a further hub on the same database, which has a bank. */
export async function aDebitDay(
  { settings }: Pick<TestHub, 'settings'>,
  people: (hub: TestHub) => Promise<Readonly<{ register: Client; hanako: Client; kenji: Client }>>,
): Promise<void> {
  const there = await testBank()
  const risk = { payment: 5_000n, day: 5_000n }
  const hub = await startTestHub({
    settings,
    bank: { url: there.url, secret: there.secret, risk, fileAfterMs: 0, againMs: 20, answerMs: 500 },
  })
  const { register, hanako, kenji } = await people(hub)
  try {
    const own = await registered(hanako, HANAKO)
    const file = await registered(hanako, BY_FILE)
    assert.ok(!(await tried(kenji, { ...KENJI, holder: 'ハナコ' })).ok)
    const theirs = await registered(kenji, KENJI)
    const paid = await askedOf(hanako, register, asked(billOf(300n)), own)
    await askedOf(hanako, register, asked(billOf(200n)), file)
    there.bank().endMandate(theirs.slice(4))
    await askedOf(kenji, register, asked(billOf(100n)), theirs)
    await until(async () => {
      const list = await callMeans(kenji, 'means')
      return list.ok && list.view.means.some(({ status }) => status === 'suspended')
    })
    assert.ok((await callMeans(kenji, 'removeMeans', { means: theirs })).ok)
    await until(async () => (await register.send('refund', { payment: paid.payment, amount: '50', lines: [] })).ok)
    await until(async () => {
      await hub.banking?.catchUp()
      const scheme = { unit: JPY, buckets: BUCKETS, rules: { zone: 'Asia/Tokyo' } }
      const ask = asking(hub.database)
      const report = await bankReport({ ask, scheme, isConnected: true, now: () => Date.now() }, null)
      return report?.open === 0 && report.clearing.trusted === '0' && report.clearing.bank === '450'
    })
    // What seldom happens, and what is still under way when the day ends: an order, a debit, a file.
    const debits = postgresDebits(hub.database)
    await debits.withdraw(parseId('pay', paid.payment) ?? assert.fail(), 99)
    await debits.fileWrong('0'.repeat(32), 'none')
    there.set({ silent: true })
    await askedOf(hanako, register, asked(billOf(110n)), own)
    const last = await askedOf(hanako, register, asked(billOf(120n)), file)
    await until(async () => {
      const read = await hanako.payment(last.payment)
      return read.ok && read.view.state === 'settled'
    })
    await until(async () => {
      await hub.banking?.catchUp()
      return (await debits.openFiles()).length > 0
    })
  } finally {
    for (const client of [register, hanako, kenji]) client.close()
    await hub.stop()
    await there.close()
  }
}
