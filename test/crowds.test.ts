// Twenty at once, spread over two hubs on one database: exactly what may happen happens, everybody hears how it ended, and nobody meets
// a 5xx.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, beforeEach, test } from 'node:test'
import { faultsOf } from '#core/invariants.ts'
import { billToWire } from '#protocol/bill.ts'
import type { ShopView } from '#protocol/shop.ts'
import type { DealView, PaymentView } from '#protocol/views.ts'
import { approve } from '#sdk/approval.ts'
import { fetchCode } from '#sdk/customer-code.ts'
import { checkPurchase, handIn, keepCertificate, makePurchase, signPurchase } from '#sdk/purchase.ts'
import { withPin } from '#sdk/scram.ts'
import { memoryStorage } from '#sdk/storage.ts'
import { readBooks } from '#server/postgres/books.ts'
import { startTestHub, until, type TestHub } from './support/hub.ts'
import { madePoint, openAt } from './support/points.ts'
import { withClient } from './support/postgres.ts'
import { ask, newCommand, newDeal, speaker, type Reply, type Speaker } from './support/raw-client.ts'
import { newKey, yes } from './support/web-shop.ts'
import { billOf } from './support/world.ts'

const CROWD = 20
const PIN = withPin('2468')
/** One at the counter with so many tills, each of whose people has so many phones. */
const TILLS = 4

let hubs: readonly [TestHub, TestHub]
let tills: readonly Speaker[]
let phones: readonly Speaker[]
let office: Speaker

before(async () => {
  const first = await startTestHub()
  hubs = [first, await startTestHub({ settings: first.settings })]
  office = await speaker(first, 'office')
  tills = await inTurn(TILLS, (index) => speaker(hubAt(index), 'register'))
  phones = await inTurn(CROWD, (index) => speaker(hubAt(index), index < CROWD / 2 ? 'hanako' : 'kenji'))
})
after(async () => {
  for (const { client } of [office, ...(tills ?? []), ...(phones ?? [])]) client?.close()
  for (const hub of hubs ?? []) await hub.stop()
})

// All of it comes from one address, and ten phones each from one account: what is counted is another test's.
beforeEach(() => rows('delete from budget', []))

/** The hub that hears the n-th of several at once. */
const hubAt = (index: number): TestHub => hubs[index % 2 === 0 ? 0 : 1]
const at = (all: readonly Speaker[], index: number): Speaker => {
  const found = all[index % all.length]
  assert.ok(found)
  return found
}
async function inTurn<Made>(count: number, make: (index: number) => Promise<Made>): Promise<Made[]> {
  const all: Made[] = []
  for (let index = 0; index < count; index++) all.push(await make(index))
  return all
}

/** All at the same instant; none of the answers is a 5xx. */
async function crowd(say: (index: number) => Promise<Reply>): Promise<readonly Reply[]> {
  const replies = await Promise.all(Array.from({ length: CROWD }, (_, index) => say(index)))
  for (const { status, text } of replies) assert.ok(status < 500, text)
  return replies
}
const winners = (replies: readonly Reply[]): Reply[] => replies.filter(({ status }) => status === 200)
/** What the others heard, each kind once. */
const losers = (replies: readonly Reply[]): string[] =>
  [...new Set(replies.filter(({ status }) => status !== 200).map(({ body }) => String(body.code)))].toSorted()

const rows = async <Row extends object>(text: string, values: unknown[]): Promise<Row[]> =>
  withClient(hubs[0].settings, async (client) => (await client.query<Row>(text, values)).rows)
/** What the payments of this deal have moved from payers. */
async function moved(deal: string): Promise<Readonly<{ payments: number; amount: string }> | undefined> {
  const [found] = await rows<{ payments: number; amount: string }>(
    `select count(distinct p.id)::integer as payments, coalesce(sum(t.amount), 0)::text as amount
     from payment p left join transfer t on t.payment = p.id and t.kind = 'settle' where p.snapshot->>'deal' = $1`,
    [deal],
  )
  return found
}
// Borders: the routes' schemas are checked elsewhere.
const dealIn = ({ body }: Reply): DealView => body.deal as DealView
const paymentIn = ({ body }: Reply): PaymentView => body.payment as PaymentView

/** By the link, which nobody can guess and which costs no try. */
const byLink = (opened: Reply | undefined): object => ({
  kind: 'token',
  token: /tok_[0-9a-f]{32}$/.exec(String(opened?.body.link))?.[0],
})

const phoneOf = (id: string): Speaker => {
  const found = phones.find(({ self }) => self.id === id)
  assert.ok(found)
  return found
}

/** The phone among the crowd that has joined this deal pays it. */
async function payerPays(joined: Reply): Promise<void> {
  const payment = paymentIn(joined)
  const { rows: found } = await withClient(hubs[0].settings, (client) =>
    client.query<{ device: string }>("select snapshot->'payer'->>'device' as device from payment where id = $1", [
      payment.payment.slice(4),
    ]),
  )
  const paid = await approve(phoneOf(found[0]?.device ?? '').client, payment, PIN)
  assert.ok(paid.ok && paid.view.payment?.state === 'settled', JSON.stringify(paid))
}

test('twenty phones stand at one sign: each has a deal of its own, and each pays its own', async () => {
  const point = await madePoint(office)
  const opened = await crowd((index) => openAt(at(phones, index), point, String(100 + index)))
  assert.deepEqual(losers(opened), [])
  assert.equal(new Set(opened.map(({ body }) => body.deal)).size, CROWD)
  assert.equal(new Set(opened.map(({ body }) => body.number)).size, CROWD)
  const joined = await crowd((index) => at(phones, index).command('join', { credential: byLink(opened[index]) }))
  assert.deepEqual(losers(joined), [])
  const totals = joined.map((reply) => paymentIn(reply).bill?.total)
  assert.deepEqual(
    totals,
    Array.from({ length: CROWD }, (_, index) => String(100 + index)),
  )
  const paid = await Promise.all(joined.map((reply, index) => approve(at(phones, index).client, paymentIn(reply), PIN)))
  assert.ok(paid.every(({ ok }) => ok))
  for (const [index, reply] of opened.entries())
    assert.deepEqual(await moved(String(reply.body.deal)), { payments: 1, amount: String(100 + index) })
})

test('one phone taps a sign twenty times with one command: one deal, under one number', async () => {
  const point = await madePoint(office)
  const command = newCommand()
  const [first] = phones
  assert.ok(first)
  const opened = await crowd(() => openAt(first, point, '150', command))
  assert.deepEqual(losers(opened), [])
  assert.equal(new Set(opened.map(({ text }) => text)).size, 1)
})

test('twenty browsers open a payment link that may be paid once, and twenty phones join: one pays', async () => {
  const shop = await newKey(hubs[0], office)
  const made = { text: 'Cake', unit: 'JPY', amount: '380', uses: 'one', lifeMs: 3_600_000, terminal: null }
  const { link } = yes<ShopView<'addPaymentLink'>>(await shop.posts('/v1/payment-links', made))
  const open = (index: number): Promise<Reply> =>
    ask(hubAt(index), { path: '/v1/pay', body: { link, visit: randomBytes(16).toString('hex') } })
  const opened = await crowd(open)
  assert.deepEqual(losers(opened), [])
  const numbers = new Set(opened.map(({ body }) => body.number))
  assert.equal(numbers.size, 1, 'all see one number')
  const credential = byLink(opened[0])
  const joined = await crowd((index) => at(phones, index).command('join', { credential }))
  const [winner, ...more] = winners(joined)
  assert.ok(winner !== undefined && more.length === 0, `${more.length + 1} phones joined`)
  assert.deepEqual(losers(joined), ['number-not-found'])
  await payerPays(winner)
  const over = await crowd(open)
  assert.deepEqual(new Set(over.map(({ body }) => body.code ?? body.state)), new Set(['paid']))
  assert.deepEqual(await moved(paymentIn(winner).deal), { payments: 1, amount: '380' })
})

test('a link’s deal has ended, and twenty browsers open it again: the next one is one deal, too', async () => {
  const shop = await newKey(hubs[0], office)
  const made = { text: 'Tart', unit: 'JPY', amount: '420', uses: 'one', lifeMs: 3_600_000, terminal: null }
  const { link } = yes<ShopView<'addPaymentLink'>>(await shop.posts('/v1/payment-links', made))
  const open = (index: number): Promise<Reply> =>
    ask(hubAt(index), { path: '/v1/pay', body: { link, visit: randomBytes(16).toString('hex') } })
  const { number } = (await open(0)).body
  const [phone] = phones
  assert.ok(phone)
  const joined = await phone.command('join', { credential: { kind: 'number', number } })
  assert.equal((await phone.command('decline', { payment: paymentIn(joined).payment })).status, 200)
  const again = await crowd(open)
  assert.deepEqual(losers(again), [])
  const numbers = new Set(again.map(({ body }) => body.number))
  assert.ok(numbers.size === 1 && !numbers.has(number), [...numbers].join(' '))
})

test('twenty readings of one code: one register has its payer, and one question stands on the phone', async () => {
  const [phone] = phones
  assert.ok(phone)
  const code = await fetchCode(phone.client)
  assert.ok(code.ok)
  const read = await crowd((index) =>
    at(tills, index).command('bill-code', { deal: newDeal(), code: code.view.code, bill: billToWire(billOf(200n)) }),
  )
  const [winner, ...more] = winners(read)
  assert.ok(winner !== undefined && more.length === 0, `${more.length + 1} registers`)
  assert.deepEqual(losers(read), ['code-not-found'])
  const inbox = await phone.client.inbox()
  assert.ok(inbox.ok)
  const brought = inbox.view.payments.filter(({ way, state }) => way === 'code' && state === 'joined')
  assert.deepEqual(
    brought.map(({ payment }) => payment),
    [dealIn(winner).payment],
  )
  await phone.command('decline', { payment: dealIn(winner).payment })
})

test('one register reads a code twenty times under one command: every time the same answer, and one deal', async () => {
  const [phone, till] = [phones[0], tills[0]]
  assert.ok(phone && till)
  const code = await fetchCode(phone.client)
  assert.ok(code.ok)
  const body = { deal: newDeal(), code: code.view.code, bill: billToWire(billOf(210n)) }
  const command = newCommand()
  const read = await crowd(() => till.command('bill-code', body, command))
  assert.deepEqual(losers(read), [])
  assert.equal(new Set(read.map((reply) => dealIn(reply).payment)).size, 1)
  assert.deepEqual(await moved(body.deal), { payments: 1, amount: '0' })
})

test('twenty askings for one key under one command: one key', async () => {
  const body = { command: newCommand(), name: 'Crowd', scopes: ['deals:read'], terminal: null }
  const offices = [office, await speaker(hubs[1], 'office', office.client)]
  const made = await crowd((index) => at(offices, index % 2).signed({ path: '/v1/api-keys', body }))
  assert.deepEqual(losers(made), [])
  const { keys } = yes<ShopView<'apiKeys'>>(await office.reads('/v1/api-keys'))
  assert.equal(keys.filter(({ name }) => name === 'Crowd').length, 1)
  assert.equal(new Set(made.map(({ text }) => text)).size, 1, 'everybody hears of the same secret')
})

test('twenty hand-ins of one purchase, by its phone and by its register, at two hubs: all hear of one payment', async () => {
  const [phone, till] = [phones[0], tills[0]]
  assert.ok(phone && till)
  const certificate = await keepCertificate(till.client, memoryStorage())
  const [there, owner] = [await till.client.identity(), await phone.client.identity()]
  assert.ok(certificate && there && owner)
  const deal = newDeal()
  const now = till.client.hubNow()
  const bill = billToWire(billOf(230n))
  const made = await makePurchase(there, { bill, certificate: certificate.certificate, deal, now })
  assert.ok(made)
  const seen = await checkPurchase(owner, made, now)
  assert.ok(seen.ok)
  const signed = await signPurchase(phone.client, seen.purchase, { prove: PIN, now })
  assert.ok(signed.ok)
  const { approval, signature, proof } = signed.view.signed
  const [phoneThere, tillThere] = [
    await speaker(hubs[1], 'hanako', phone.client),
    await speaker(hubs[1], 'register', till.client),
  ]
  const handed = await crowd((index) =>
    index % 2 === 0
      ? at([phone, phoneThere], index / 2).command('submit-purchase', {
          purchase: made.purchase,
          approval,
          signature,
          proof,
        })
      : at([till, tillThere], (index - 1) / 2).command('submit-signed', handIn(signed.view.signed, made)),
  )
  assert.deepEqual(losers(handed), [])
  const payments = handed.map((reply) => (reply.body.deal ? dealIn(reply).payment : paymentIn(reply).payment))
  assert.equal(new Set(payments).size, 1)
  assert.deepEqual(await moved(deal), { payments: 1, amount: '230' })
})

test('after the crowds the books fit', async () => {
  const [{ settings }] = hubs
  await until(async () => {
    const books = await readBooks(settings)
    return books.transfers.every(
      ({ creditBucket, bucket, sequence }) => sequence <= (books.marks.get(`${creditBucket} ${bucket}`) ?? 0n),
    )
  })
  assert.deepEqual(faultsOf(await readBooks(settings)), [])
})
