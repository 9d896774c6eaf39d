// The hub is killed by kill -9 while the payer's bank is being asked: before the bank has booked, after it has, and with its answer on the way.
// The hub that comes after asks again in the same words: one debit, one payment, and both books fit.
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { after, before, test } from 'node:test'
import { parseId } from '#core/ids.ts'
import { openClient, type Client } from '#sdk/client.ts'
import { memoryStorage } from '#sdk/storage.ts'
import { orderId } from '#server/bank/bank.ts'
import { audit } from '#server/audit/audit.ts'
import { hubOn, type Hub } from '../torture/hub.ts'
import { asked } from './support/bank.ts'
import { askedOf, HANAKO, registered, testBank, type TestBank } from './support/bank-program.ts'
import { enrolled, startTestHub, until, type TestHub } from './support/hub.ts'
import { withClient } from './support/postgres.ts'
import { billOf } from './support/world.ts'

const PROGRAM = fileURLToPath(new URL('support/hub-process.ts', import.meta.url))

let there: TestBank
/** makes the town, and has no bank */
let town: TestHub
/** has the bank, and is killed */
let mortal: Hub
let folder: string
let register: Client
let hanako: Client
let means: string

before(async () => {
  there = await testBank()
  town = await startTestHub()
  folder = await mkdtemp(join(tmpdir(), 'warifu-killed-bank-'))
  const { url, secret } = there
  mortal = hubOn({
    data: folder,
    said: join(folder, 'hub.txt'),
    sabotage: null,
    program: {
      path: PROGRAM,
      env: {
        HUB_SETTINGS: JSON.stringify(town.settings),
        HUB_BANK: JSON.stringify({ url, secret }),
        NODE_COMPILE_CACHE: join(folder, 'compiled'),
      },
    },
  })
  await mortal.start()
  const at = async (who: 'register' | 'hanako'): Promise<Client> => {
    const storage = memoryStorage()
    const known = await enrolled(town, who, storage)
    known.close()
    return openClient({ hub: mortal.url(), storage })
  }
  register = await at('register')
  hanako = await at('hanako')
  means = await registered(hanako, HANAKO)
})
after(async () => {
  for (const client of [register, hanako]) client?.close()
  await mortal?.stop()
  await town?.stop()
  await there?.close()
  await rm(folder, { recursive: true, force: true })
})

const debitOf = (payment: string) =>
  there.bank().books.debits.get(orderId(parseId('pay', payment) ?? assert.fail('a payment'), 1))
const balance = (): bigint => there.bank().books.accounts.get('0310-001-1-1234567')?.balance ?? 0n
/** The one order of this payment; `asking` is written before the bank is asked. */
const orderIs = (payment: string, state: string, trouble: string | null): Promise<boolean> =>
  withClient(town.settings, async (client) => {
    const { rows } = await client.query<{ state: string; trouble: string | null }>(
      'select state, trouble from outside_order where payment = $1',
      [payment.slice(4)],
    )
    return rows.length === 1 && rows[0]?.state === state && rows[0].trouble === trouble
  })

for (const [moment, fault, isBooked] of [
  ['before it has booked', { holds: 'booking' }, false],
  ['when it has booked', { holds: 'answer' }, true],
  ['when it does not answer', { silent: true }, false],
] as const)
  test(`the hub dies while the bank is asked, ${moment}: the next hub ends it, once`, async () => {
    const had = balance()
    there.set(fault)
    const { payment } = await askedOf(hanako, register, asked(billOf(700n)), means)
    // It has come to the bank, or was heard there and left lying.
    if (isBooked) await until(() => debitOf(payment)?.state === 'booked')
    else await until(() => orderIs(payment, 'open', 'asking'))
    await mortal.kill()
    there.set({})
    await mortal.start()
    await until(async () => {
      const read = await hanako.payment(payment)
      return read.ok && read.view.state === 'settled'
    })
    await until(() => orderIs(payment, 'yes', null))
    assert.equal(debitOf(payment)?.state, 'booked')
    assert.equal(balance(), had - 700n)
  })

test('the books fit afterwards', async () => {
  const { faults } = await audit(town.settings, { signatures: true, progress: () => {} })
  assert.deepEqual(faults, [])
})
