// The hub is killed by kill -9 at every step of the ways to meet; another hub lives on the same database. Whoever repeats what they
// said hears one answer, from both hubs; what was said took effect once; and the books fit. KILLED=everywhere in the environment adds
// the moments that are left out here, because each kill costs the start of a hub.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, test } from 'node:test'
import { billToWire } from '#protocol/bill.ts'
import type { ReceiptView } from '#protocol/receipts.ts'
import type { ShopView } from '#protocol/shop.ts'
import type { DealView, PaymentView } from '#protocol/views.ts'
import { fetchCode } from '#sdk/customer-code.ts'
import { approvalFor, signApproval } from '#sdk/approval.ts'
import { makePurchase, keepCertificate, signPurchase, checkPurchase, handIn } from '#sdk/purchase.ts'
import { withPin } from '#sdk/scram.ts'
import { memoryStorage } from '#sdk/storage.ts'
import { audit } from '#server/audit/audit.ts'
import { until } from './support/hub.ts'
import { openKilledHub, type KilledHub, type Twofold } from './support/killed-hub.ts'
import { DONATION, madePoint } from './support/points.ts'
import { withClient } from './support/postgres.ts'
import { ask, newCommand, newDeal, type Reply } from './support/raw-client.ts'
import { keyed, newKey, receiver, yes } from './support/web-shop.ts'
import { billOf } from './support/world.ts'
import type { Moment } from '../torture/failpoints.ts'

let hubs: KilledHub
let register: Twofold
let office: Twofold
let hanako: Twofold
const PIN = withPin('2468')
const isEverywhere = process.env['KILLED'] === 'everywhere'

type Place = readonly [moment: Moment, of: string]
/** The moments of a step, and those further ones that only the long run comes by. */
const killed = (here: readonly Place[], further: readonly Place[]): readonly Place[] =>
  isEverywhere ? [...here, ...further] : here
const bill = (amount: bigint) => billToWire(billOf(amount))

before(async () => {
  hubs = await openKilledHub()
  register = await hubs.twofold('register')
  office = await hubs.twofold('office')
  hanako = await hubs.twofold('hanako')
})
after(async () => {
  await hubs?.close()
})

const rows = async <Row extends object>(text: string, values: unknown[] = []): Promise<Row[]> =>
  withClient(hubs.living.settings, async (client) => (await client.query<Row>(text, values)).rows)
const uuid = (id: string): string => id.slice(id.indexOf('_') + 1)

/** How many payments of this deal there are, and what they have moved from the payer. */
async function moved(deal: string): Promise<Readonly<{ payments: number; amount: string }>> {
  const [found] = await rows<{ payments: number; amount: string }>(
    `select count(distinct p.id)::integer as payments, coalesce(sum(t.amount), 0)::text as amount
     from payment p left join transfer t on t.payment = p.id and t.kind = 'settle' where p.snapshot->>'deal' = $1`,
    [deal],
  )
  assert.ok(found)
  return found
}
const ONCE = (amount: number) => ({ payments: 1, amount: String(amount) })
const joinedOnly = { payments: 1, amount: '0' }

/** One command, to whichever hub. */
const saying =
  (by: Twofold, name: string, body: object, command = newCommand()) =>
  (to: 'mortal' | 'living'): Promise<Reply> =>
    by[to].command(name, body, command)
const asking =
  (by: Twofold, path: string, body: object) =>
  (to: 'mortal' | 'living'): Promise<Reply> =>
    by[to].signed({ path, body })

/** The approval of what the phone sees, to be sent as often as it takes. */
async function approving(by: Twofold, payment: string) {
  const { client } = by.living
  const [read, identity] = [await client.payment(payment), await client.identity()]
  assert.ok(read.ok && identity)
  const { scheme, self } = identity
  const built = approvalFor({ purpose: 'approve', scheme, self, view: read.view, expiresAt: client.hubNow() + 60_000 })
  assert.ok(built.ok)
  const proof = await PIN(built.bytes, identity)
  assert.ok(proof.ok)
  return saying(by, 'approve', { payment, ...(await signApproval(identity, built.bytes, proof.view)) })
}

const paymentIn = ({ body, text }: Reply): string => {
  // Border: the view of a terminal or of a phone; the routes' schemas are checked elsewhere.
  const { deal, payment } = body as { deal: DealView | null; payment: PaymentView | null }
  const found = payment?.payment ?? deal?.payment
  assert.ok(found, text)
  return found
}

for (const [moment, of] of killed(
  [
    ['locked', 'open'],
    ['committed', 'take'],
  ],
  [
    ['heard', 'bill-code'],
    ['commit sent', 'take'],
    ['written', 'join'],
    ['answering', 'bill-code'],
    ['answered', 'bill-code'],
  ],
))
  test(`a code is read, and the hub dies at ${moment} ${of}: the register's repeat brings one question`, async () => {
    const code = await fetchCode(hanako.living.client)
    assert.ok(code.ok)
    const deal = newDeal()
    const read = saying(register, 'bill-code', { deal, code: code.view.code, bill: bill(120n) })
    const joined = await hubs.killedAt(moment, of, read)
    assert.equal(joined.status, 200, joined.text)
    assert.deepEqual(await moved(deal), joinedOnly)
    const paid = await (await approving(hanako, paymentIn(joined)))('mortal')
    assert.equal(paid.status, 200, paid.text)
    assert.deepEqual(await moved(deal), ONCE(120))
  })

for (const [moment, of] of killed(
  [['committed', 'settle']],
  [
    ['heard', 'approve'],
    ['written', 'settle'],
    ['commit sent', 'settle'],
    ['answered', 'approve'],
  ],
))
  test(`what a code brought is approved, and the hub dies at ${moment} ${of}: paid once`, async () => {
    const code = await fetchCode(hanako.living.client)
    assert.ok(code.ok)
    const deal = newDeal()
    const joined = await saying(register, 'bill-code', { deal, code: code.view.code, bill: bill(130n) })('living')
    const paid = await hubs.killedAt(moment, of, await approving(hanako, paymentIn(joined)))
    assert.equal(paid.status, 200, paid.text)
    assert.deepEqual(await moved(deal), ONCE(130))
  })

for (const [moment, of] of killed(
  [['commit sent', 'settle']],
  [
    ['heard', 'submit-purchase'],
    ['committed', 'take'],
    ['commit sent', 'take'],
    ['committed', 'settle'],
    ['answered', 'submit-purchase'],
  ],
))
  test(`a phone hands in a purchase, and the hub dies at ${moment} ${of}: paid once, and the register hears the same`, async () => {
    const [till, phone] = [register.living.client, hanako.living.client]
    const certificate = await keepCertificate(till, memoryStorage())
    const [there, owner] = [await till.identity(), await phone.identity()]
    assert.ok(certificate && there && owner)
    const deal = newDeal()
    const now = till.hubNow()
    const made = await makePurchase(there, { bill: bill(140n), certificate: certificate.certificate, deal, now })
    assert.ok(made)
    const seen = await checkPurchase(owner, made, now)
    assert.ok(seen.ok)
    const signed = await signPurchase(phone, seen.purchase, { prove: PIN, now })
    assert.ok(signed.ok)
    const { approval, signature, proof } = signed.view.signed
    const body = { purchase: made.purchase, approval, signature, proof }
    const paid = await hubs.killedAt(moment, of, saying(hanako, 'submit-purchase', body))
    assert.equal(paid.status, 200, paid.text)
    assert.deepEqual(await moved(deal), ONCE(140))
    const theirs = await saying(register, 'submit-signed', handIn(signed.view.signed, made))('mortal')
    assert.equal(paymentIn(theirs), paymentIn(paid))
    assert.deepEqual(await moved(deal), ONCE(140))
  })

for (const [moment, of] of killed(
  [['committed', 'open']],
  [
    ['heard', 'points/deals'],
    ['committed', 'number'],
    ['commit sent', 'open'],
    ['answering', 'points/deals'],
  ],
))
  test(`a phone stands at a sign, and the hub dies at ${moment} ${of}: one deal under one number`, async () => {
    const point = await madePoint(office.living, DONATION)
    const opened = await hubs.killedAt(
      moment,
      of,
      asking(hanako, '/v1/points/deals', { command: newCommand(), point, amount: '150' }),
    )
    assert.equal(opened.status, 200, opened.text)
    const [counted] = await rows<{ deals: number }>(
      `select count(*)::integer as deals from offer o join point p on p.terminal = o.terminal where p.id = $1`,
      [uuid(point)],
    )
    assert.equal(counted?.deals, 1)
  })

for (const [moment, of] of killed(
  [['committed', 'open']],
  [
    ['heard', 'pay'],
    ['committed', 'number'],
    ['answering', 'pay'],
  ],
))
  test(`a payment link is opened, and the hub dies at ${moment} ${of}: both browsers see one deal, which is paid once`, async () => {
    const shop = await newKey(hubs.living, office.living)
    const { link } = yes<ShopView<'addPaymentLink'>>(
      await shop.posts('/v1/payment-links', {
        text: 'Cake',
        unit: 'JPY',
        amount: '160',
        uses: 'one',
        lifeMs: 3_600_000,
        terminal: null,
      }),
    )
    const opening = (visit: string) => (to: 'mortal' | 'living') =>
      ask({ url: to === 'mortal' ? hubs.mortal.url() : hubs.living.url }, { path: '/v1/pay', body: { link, visit } })
    const opened = await hubs.killedAt(moment, of, opening(randomBytes(16).toString('hex')))
    const other = await opening(randomBytes(16).toString('hex'))('mortal')
    assert.equal(other.body.number, opened.body.number)
    const joined = await saying(hanako, 'join', { credential: { kind: 'number', number: opened.body.number } })(
      'mortal',
    )
    const paid = await (await approving(hanako, paymentIn(joined)))('living')
    assert.equal(paid.status, 200, paid.text)
    const over = await opening(randomBytes(16).toString('hex'))('mortal')
    assert.ok(over.body.code === 'link-over' || over.body.state === 'paid', over.text)
  })

test('a receipt is printed, and the hub dies before its answer: the same printing, and still the original', async () => {
  const deal = newDeal()
  const opened = await saying(register, 'open-offer', { deal, bill: bill(170n) })('living')
  const { number } = (opened.body.deal as DealView).ticket ?? { number: null }
  const joined = await saying(hanako, 'join', { credential: { kind: 'number', number } })('living')
  const payment = paymentIn(joined)
  await (
    await approving(hanako, payment)
  )('living')
  const asked = { payment, form: 'page', paper: '80', language: 'en', cut: true, drawer: false }
  const print = randomBytes(16).toString('hex')
  const printed = await hubs.killedAt(
    'answering',
    'receipt-prints',
    asking(register, '/v1/receipt-prints', { ...asked, print }),
  )
  assert.equal(printed.body.isCopy, false, printed.text)
  const copy = await asking(register, '/v1/receipt-prints', { ...asked, print: randomBytes(16).toString('hex') })(
    'living',
  )
  assert.equal(copy.body.isCopy, true)
  // Border: the hub's own receipt.
  const links = await Promise.all(
    (['mortal', 'living'] as const).map(
      async (to) => (await hanako[to].reads(`/v1/receipts/${payment}`)).body as ReceiptView,
    ),
  )
  assert.deepEqual(new Set(links.map(({ link }) => new URL(link).pathname)).size, 1)
})

for (const [moment, of] of killed(
  [['committed', 'settle']],
  [
    ['heard', 'open-offer'],
    ['committed', 'open'],
    ['answering', 'approve'],
  ],
))
  test(`a web shop's order, and the hub dies at ${moment} ${of}: one deal, and the shop is told of it under one id`, async () => {
    const shop = await newKey(hubs.living, office.living)
    const there = { mortal: keyed({ url: hubs.mortal.url() }, shop.secret), living: keyed(hubs.living, shop.secret) }
    const to = await receiver()
    try {
      const events = ['deal.joined', 'deal.settled']
      yes(await shop.posts('/v1/webhooks', { url: to.url, events, terminal: null }))
      const [deal, command] = [newDeal(), newCommand()]
      const open = (at: 'mortal' | 'living') => there[at].command('open-offer', { deal, bill: bill(180n) }, command)
      const isOpening = of === 'open' || of === 'open-offer'
      const opened = isOpening ? await hubs.killedAt(moment, of, open) : await open('mortal')
      const { number } = (opened.body.deal as DealView).ticket ?? { number: null }
      const joined = await saying(hanako, 'join', { credential: { kind: 'number', number } })('mortal')
      const approve = await approving(hanako, paymentIn(joined))
      if (isOpening) await approve('mortal')
      else await hubs.killedAt(moment, of, approve)
      await to.hears('deal.settled', deal)
      const ids = to.told.filter(({ body }) => body.type === 'deal.settled').map(({ headers }) => headers['webhook-id'])
      assert.equal(new Set(ids).size, 1)
      assert.deepEqual(await moved(deal), ONCE(180))
    } finally {
      await to.stop()
    }
  })

test('a hub dies while a shop listens to it: the other one tells the same, under the same id', async () => {
  const shop = await newKey(hubs.living, office.living)
  const to = await receiver()
  try {
    const { endpoint } = yes<ShopView<'addWebhook'>>(
      await shop.posts('/v1/webhooks', { url: to.url, events: ['deal.settled'], terminal: null }),
    )
    to.answers({ silent: true })
    const deal = newDeal()
    const opened = await shop.command('open-offer', { deal, bill: bill(190n) })
    const { number } = (opened.body.deal as DealView).ticket ?? { number: null }
    const joined = await saying(hanako, 'join', { credential: { kind: 'number', number } })('living')
    await (
      await approving(hanako, paymentIn(joined))
    )('living')
    const first = await to.hears('deal.settled', deal)
    // Whichever hub is telling, its claim is over as if the time had passed.
    await hubs.mortal.kill()
    to.answers({ status: 200 })
    await hubs.mortal.start()
    const again = await until(async () => {
      await rows('update webhook_delivery set due_at = 0 where state = $1', ['waiting']).catch(() => [])
      return to.told.length > 1 && to.told.at(-1)
    })
    assert.equal(again.headers['webhook-id'], first.headers['webhook-id'])
    const log = await until(async () => {
      const { deliveries } = yes<ShopView<'deliveries'>>(
        await shop.reads(`/v1/webhooks/${endpoint.endpoint}/deliveries`),
      )
      return deliveries.every(({ state }) => state === 'delivered') && deliveries
    })
    assert.equal(log.length, 1)
  } finally {
    await to.stop()
  }
})

test('after all that the books fit', async () => {
  const arrived = () =>
    rows<{ left: number }>(
      `select count(*)::integer as left from transfer t left join mark m on m.bucket = t.credit_bucket and m.source = t.bucket
       where t.sequence > coalesce(m.sequence, 0)`,
    )
  await until(async () => (await arrived())[0]?.left === 0)
  const { faults } = await audit(hubs.living.settings, { signatures: true, progress: () => {} })
  assert.deepEqual(faults, [])
})
