// A small town with a day behind it, through HTTP with real keys: paid, held, delivered, refunded, released, declined, changed.
// For tests that look at the books afterwards.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import type pg from 'pg'
import { NO_CONDITIONS } from '#core/bill.ts'
import { billToWire } from '#protocol/bill.ts'
import type { PaymentView } from '#protocol/views.ts'
import { approve } from '#sdk/approval.ts'
import type { Client } from '#sdk/client.ts'
import { withPin } from '#sdk/scram.ts'
import { createScheme } from '#server/postgres/scheme.ts'
import { aBankDay } from './bank-day.ts'
import { aCardBooksDay } from './card-books-day.ts'
import { aDoorDay } from './door-day.ts'
import { aMeansDay } from './means-day.ts'
import { aWayDay } from './way-day.ts'
import { enrolled, startTestHub, until, type TestHub } from './hub.ts'
import { billOf, JPY } from './world.ts'

export type SmallTown = Awaited<ReturnType<typeof openSmallTown>>

/** Few buckets, so that the books are small: the merchant's, two people's, and one for the scheme's own. */
const BUCKETS = 4

/** A demo hub on this database with a register and two phones. */
export async function openSmallTown(settings: pg.ClientConfig) {
  await createScheme(settings, { name: 'Demo town', demo: true, buckets: BUCKETS, unit: JPY })
  const hub = await startTestHub({ settings })
  const register = await enrolled(hub, 'register')
  const [hanako, kenji] = [await enrolled(hub, 'hanako'), await enrolled(hub, 'kenji')]
  const town = { hub, register, hanako, kenji }
  return {
    ...town,
    /** one counter payment; its id */
    pay: (phone: Client, amount: bigint, delivery = false) => pay(town, phone, amount, delivery),
    day: () => aDay(town),
    /** the account bank's part of it (bank-day.ts) */
    async bankDay(): Promise<void> {
      await aBankDay(town)
      await deposited(hub)
    },
    /** and of its questions (door-day.ts) */
    async doorDay(): Promise<void> {
      await aDoorDay(town)
      await deposited(hub)
    },
    /** and of its further ways to meet (way-day.ts) */
    async wayDay(): Promise<void> {
      await aWayDay(town)
      await deposited(hub)
    },
    /** and of what it is paid with (means-day.ts) */
    async meansDay(): Promise<void> {
      await aMeansDay(town)
      await deposited(hub)
    },
    /** and of cards (card-books-day.ts) */
    async cardsDay(): Promise<void> {
      await aCardBooksDay(town)
      await deposited(hub)
    },
    /** waits until all that was paid has reached its payee */
    deposited: () => deposited(hub),
    async close(): Promise<void> {
      for (const client of [register, hanako, kenji]) client.close()
      await hub.stop()
    },
  }
}

type Town = Readonly<{ hub: TestHub; register: Client; hanako: Client; kenji: Client }>

async function offer(
  { register }: Town,
  amount: bigint | null,
  delivery = false,
): Promise<{ deal: string; number: string }> {
  const deal = `deal_${randomBytes(16).toString('hex')}`
  const bill = amount === null ? null : billToWire(billOf(amount, { ...NO_CONDITIONS, delivery }))
  const opened = await register.send('open-offer', { deal, bill })
  assert.ok(opened.ok, JSON.stringify(opened))
  const number = opened.view.deal?.ticket?.number
  assert.ok(number !== undefined && number !== null)
  return { deal, number }
}

async function join(phone: Client, number: string): Promise<PaymentView> {
  const joined = await phone.send('join', { credential: { kind: 'number', number } })
  assert.ok(joined.ok && joined.view.payment, JSON.stringify(joined))
  return joined.view.payment
}

async function sign(phone: Client, view: PaymentView): Promise<string> {
  const paid = await approve(phone, view, withPin('2468'))
  assert.ok(paid.ok && paid.view.payment, JSON.stringify(paid))
  return view.payment
}

async function pay(town: Town, phone: Client, amount: bigint, delivery = false): Promise<string> {
  const { number } = await offer(town, amount, delivery)
  return sign(phone, await join(phone, number))
}

async function aDay(town: Town): Promise<void> {
  const { register, hanako, kenji } = town
  const fine = async (answer: Promise<{ ok: boolean }>): Promise<void> => assert.ok((await answer).ok)
  const bread = await pay(town, hanako, 1_280n)
  await pay(town, kenji, 700n)
  await fine(refund(register, bread, 300n))
  await fine(refund(register, bread, 80n))
  const cake = await pay(town, hanako, 4_000n, true)
  await fine(register.send('deliver', { payment: cake, portion: 0, amount: '3500' }))
  await pay(town, kenji, 500n, true)

  // The wrong person, then the right one; the bill comes late and is changed.
  const late = await offer(town, null)
  const wrong = await join(hanako, late.number)
  await fine(register.send('release', { deal: late.deal, payment: wrong.payment }))
  const again = await register.deal(late.deal)
  assert.ok(again.ok && again.view.ticket?.number)
  const right = await join(kenji, again.view.ticket.number)
  for (const [billVersion, amount] of [
    [right.billVersion, 250n],
    [right.billVersion + 1, 240n],
  ] as const)
    await fine(
      register.send('change-bill', {
        deal: late.deal,
        payment: right.payment,
        billVersion,
        bill: billToWire(billOf(amount)),
      }),
    )
  await fine(register.send('challenge', { payment: right.payment }))
  const declined = await kenji.send('decline', { payment: right.payment })
  assert.ok(declined.ok)

  const withdrawn = await offer(town, 90n)
  await fine(register.send('renew-number', { deal: withdrawn.deal }))
  await fine(register.send('cancel-deal', { deal: withdrawn.deal, payment: null }))
  await offer(town, 60n)
  await deposited(town.hub)
}

const refund = (register: Client, payment: string, amount: bigint) =>
  register.send('refund', { payment, amount: String(amount), lines: [] })

const deposited = (hub: TestHub): Promise<unknown> =>
  until(async () => {
    const { rows } = await hub.database.transactions.query<{ left: string }>(
      'select count(*) as left from mark m join transfer t on t.credit_bucket = m.bucket and t.bucket = m.source and t.sequence > m.sequence',
    )
    const untold = await hub.database.transactions.query('select 1 from refund where not told')
    return rows[0]?.left === '0' && untold.rowCount === 0
  })
