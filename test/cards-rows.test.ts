// The rows of registered cards and of days at the issuers: how many cards a person may have, and what of a day has not ended.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { idInBucket } from '#core/ids.ts'
import { unitOf } from '#core/money.ts'
import { LIMITS } from '#protocol/limits.ts'
import { postgresCards } from '#server/postgres/cards.ts'
import { openDatabase, type Database } from '#server/postgres/connect.ts'
import { isOpenOf } from '#server/postgres/reconcile-cards.ts'
import type { Row } from '#server/postgres/rows.ts'
import { migratedDatabase, withClient } from './support/postgres.ts'

let database: Database
before(async () => {
  database = openDatabase(await migratedDatabase(), { transactions: 4, reads: 1, role: true })
})
after(() => database.end())

const run = (text: string, values: unknown[] = []): Promise<Row[]> =>
  withClient(database.settings, async (client) => (await client.query<Row>(text, values)).rows)

test('cards that the vault has not said anything of yet count: nobody gets more by asking for many at once', async () => {
  const cards = postgresCards(database)
  const party = idInBucket('pty', 1, new Uint8Array(14).fill(1))
  const unit = unitOf('JPY') ?? assert.fail()
  const idOf = (count: number) => idInBucket('mns', 1, new Uint8Array(14).fill(count))
  const ask = (count: number) =>
    cards.ask({ id: idOf(count), party, name: null, unit, askedAs: new Uint8Array(32).fill(count) })
  const shown = { issuer: '0001', last4: '4242', expires: '2029-12', label: 'Tanuki Card ···4242' }
  for (let count = 0; count < LIMITS.cards; count++) assert.equal((await ask(count))?.status, 'asked')
  assert.equal(await ask(LIMITS.cards), undefined)
  assert.equal((await ask(0))?.isSame, true, 'the same command is the same card')
  await cards.allow({ id: idOf(0), party, unit }, shown)
  assert.equal(await ask(LIMITS.cards), undefined, 'one that was confirmed still counts')
  await cards.refuse(idOf(1), 'card-refused')
  assert.equal((await ask(LIMITS.cards))?.status, 'asked', 'one that was refused does not')
  await cards.forgetAsked(-1_000)
  assert.equal((await ask(LIMITS.cards + 1))?.status, 'asked', 'nor do those that were forgotten')
  assert.deepEqual(
    (await cards.of(party)).map(({ id }) => id),
    [idOf(0)],
  )
})

test('a day has not ended while the vault told of something open, or an order of cards that was made before its end is', async () => {
  const isOpen = (): Promise<boolean> => isOpenOf(run, { day: 20_261_203, until: 1_000 })
  assert.equal(await isOpen(), false)
  await run(
    `insert into card_notice (id, kind, day, unit, amount, state, issuer) values ('a-1', 'capture', 20261203, 'JPY', 1, 'open', '0001')`,
  )
  assert.equal(await isOpen(), true)
  await run(`update card_notice set state = 'done'`)
  assert.equal(await isOpen(), false)
  await run(
    `insert into outside_order (bucket, payment, number, kind, party, means, unit, amount, made_at, next_at, via, method)
     values (0, gen_random_uuid(), 1, 'collect', gen_random_uuid(), gen_random_uuid(), 'JPY', 1, 999, 0, 'card', 'lump')`,
  )
  assert.equal(await isOpen(), true)
  await run('update outside_order set made_at = 1000')
  assert.equal(await isOpen(), false, 'it is of the next day')
})
