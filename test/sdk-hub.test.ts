// The examples against a real hub: HTTP, WebSocket, PostgreSQL; the till and the phone meet, and the money moves.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import pino from 'pino'
import { openClient } from '#sdk/client.ts'
import { enrol } from '#sdk/identity.ts'
import { main as history } from '#sdk/examples/history.ts'
import { main as phone } from '#sdk/examples/phone.ts'
import { main as register } from '#sdk/examples/register.ts'
import { memoryStorage } from '#sdk/storage.ts'
import { startHub, type Hub } from '#server/hub.ts'
import { createScheme } from '#server/postgres/scheme.ts'
import { migratedDatabase } from './support/postgres.ts'
import { SEAL_KEY } from './support/hub.ts'
import { BUCKETS, JPY } from './support/world.ts'

let hub: Hub | undefined
after(() => hub?.stop())

test('the till and the phone of the examples pay each other on a real hub', async () => {
  const database = await migratedDatabase()
  const { scheme } = await createScheme(database, { name: 'Testville', demo: true, buckets: BUCKETS, unit: JPY })
  hub = await startHub({
    database,
    scheme,
    role: true,
    host: '127.0.0.1',
    port: 0,
    tls: null,
    trustProxy: false,
    publicUrl: null,
    sealKey: SEAL_KEY,
    files: null,
    log: pino.destination('/dev/null'),
    version: 'test',
  })
  const origin = `http://127.0.0.1:${hub.port}`
  const anybody = openClient({ hub: origin, storage: memoryStorage() })
  const codeOf = async (who: 'register' | 'hanako') => {
    const given = await anybody.call('demoCode', { body: { who } })
    assert(given.ok)
    return given.view
  }
  const till = (await codeOf('register')).code
  const { code, pin } = await codeOf('hanako')
  const shown = Promise.withResolvers<string>()
  const sold = register(origin, till, (number) => shown.resolve(number))
  const paid = await phone(origin, code, await shown.promise, pin ?? '204810')
  assert.equal(paid?.state, 'settled')
  assert.equal(await sold, 'settled')
  const entries = await history(origin, (await codeOf('hanako')).code)
  assert.equal(entries[0]?.amount, '-980')

  // What the hub checks by itself: a body of another person, a token where a signature is needed.
  const storage = memoryStorage()
  const enrolled = await enrol({ hub: origin, storage, code: (await codeOf('hanako')).code, label: 'Other phone' })
  assert(enrolled.ok)
  const other = openClient({ hub: origin, storage })
  const payment = `pay_0001${'1'.repeat(28)}`
  const wrongSide = await other.send('release', { deal: `deal_${'1'.repeat(32)}`, payment })
  assert(!wrongSide.ok && wrongSide.problem.code === 'not-allowed')
  const [balance] = await other.balances().then((outcome) => (outcome.ok ? outcome.view.balances : []))
  assert.equal(balance?.unit, 'JPY')
})
