// A right request for every route that takes a body, but the operator's: recorded, and not sent yet.
import assert from 'node:assert/strict'
import { Compile } from 'typebox/compile'
import type { TSchema } from 'typebox'
import { billToWire } from '#protocol/bill.ts'
import { ALL_ROUTES, type Route } from '#protocol/routes.ts'
import type { PaymentView } from '#protocol/views.ts'
import { approvalFor, approve, LIFE_MS, signApproval } from '#sdk/approval.ts'
import { fetchCode } from '#sdk/customer-code.ts'
import { billToSign, signHandBack } from '#sdk/hand-back.ts'
import { keepCertificate, makePurchase, signPurchase } from '#sdk/purchase.ts'
import { withPin } from '#sdk/scram.ts'
import { memoryStorage } from '#sdk/storage.ts'
import { enrolled, until, type TestHub } from './hub.ts'
import { cardRequests } from './card-requests.ts'
import { cardUserRequests } from './card-users.ts'
import { goodsRequests } from './goods.ts'
import { identityRequests } from './identity-requests.ts'
import { withClient } from './postgres.ts'
import { orderRequests } from './orders.ts'
import { meansRequests } from './bank-program.ts'
import { pointRequests } from './points.ts'
import { newCommand, newDeal, type Speaker } from './raw-client.ts'
import { receiptRequests } from './receipts.ts'
import { shopRequests } from './web-shop.ts'
import { billOf, billWith, lineOf } from './world.ts'

/** The operator's routes have tests of their own. */
export const ROUTES = ALL_ROUTES.filter(({ who }) => who !== 'operator')

/** `by`: who says it; null where nobody needs to be known. */
export type Recorded = Readonly<{ route: Route; by: Speaker | null; body: Record<string, unknown> }>

/** What the bakery asks for: two lines. */
export const BILL = billToWire({
  ...billOf(1_000n),
  total: 1_500n,
  lines: [...billOf(1_000n).lines, ...billOf(500n).lines],
})

export const isCommand = ({ path }: Route): boolean => path.startsWith('/v1/commands/')

type Both = Readonly<{ register: Speaker; hanako: Speaker }>
type Bodies = Readonly<Record<string, object>>

/** By path. `close` when they are done with. */
export async function recordValidRequests(
  hub: TestHub,
  both: Both,
): Promise<{ valid: Map<string, Recorded>; close: () => void }> {
  const { code, close: closeCode } = await shownCode(hub)
  const billCode = { deal: newDeal(), code, bill: BILL }
  const commands: Bodies = { ...(await commandBodies(both)), 'bill-code': billCode }
  const others = await otherBodies(both)
  const identity = await identityRequests(hub)
  const goods = goodsRequests(both.register)
  const points = await pointRequests(both.register, both.hanako)
  const means = await meansRequests(both.hanako)
  const cards = await cardRequests(both.hanako)
  const cardUsers = cardUserRequests(both.register, both.hanako)
  const orders = await orderRequests(both.register, both.hanako)
  const receipts = receiptRequests(both.register, both.hanako, await actsOf(both).paid())
  const shop = await shopRequests(hub.settings, both.register)
  const valid = new Map<string, Recorded>()
  for (const route of ROUTES) {
    if (route.method !== 'POST') continue
    const { path, who } = route
    const of = isCommand(route) ? commands[path.replace('/v1/commands/', '')] : others[path]
    const byWhom = route.access === 'open' ? null : who === 'terminal' || who === 'biller' ? both.register : both.hanako
    const { by, body } = identity.requests[path] ??
      goods[path] ??
      points[path] ??
      means[path] ??
      cards[path] ??
      cardUsers[path] ??
      orders[path] ??
      receipts[path] ??
      shop[path] ?? { by: byWhom, body: of }
    assert.ok(body !== undefined, `a valid request for ${path}`)
    const whole = { ...(isCommand(route) && { command: newCommand() }), ...body }
    // Border: a route with a body has a schema of it.
    assert.ok(Compile(route.body as TSchema).Check(whole), `the recorded request of ${path} is valid`)
    valid.set(path, { route, by, body: whole })
  }
  // What was paid on the way arrives by itself, and is no change that a bad request has made.
  for (const { client } of [both.register, both.hanako])
    await until(async () => {
      const read = await client.balances()
      return read.ok && read.view.balances.every(({ arriving }) => arriving === '0')
    })
  return {
    valid,
    close() {
      identity.close()
      closeCode()
    },
  }
}

/** By the command's name, without the command's id. */
async function commandBodies(both: Both): Promise<Bodies> {
  const { register, hanako } = both
  const { open, joined, paid, questioned, consentOf, handedBack, handedIn } = actsOf(both)
  const delivery = billToWire(billOf(700n, { delivery: true, coolingOff: null }))
  const settled = await paid()
  const held = await paid(delivery)
  const challenged = await joined()
  const asked = await register.command('challenge', { payment: challenged.payment })
  assert.equal(asked.status, 200, asked.text)
  const view = await until(async () => {
    const reply = await hanako.reads(`/v1/payments/${challenged.payment}`)
    return (reply.body as PaymentView).challenge !== null && (reply.body as PaymentView)
  })
  const waiting = await joined()
  const { number } = await open()
  const restriction = { minimumAge: 120, membership: null, region: null, perDay: null }
  const adults = await joined(billToWire(billWith(lineOf(900n, { restriction }))))
  const question = await hanako.command('approve', await consentOf('approve', adults.view))
  assert.equal(question.body.code, 'shop-asked')
  const coolingOff = { period: 'P8D', zone: 'Asia/Tokyo' }
  const lent = await paid(billToWire(billOf(600n, { delivery: false, coolingOff })))
  assert.ok(register.self.kind === 'terminal' && hanako.self.kind === 'device')
  await hanako.client.putContact({ account: register.self.account, status: 'listed' })
  const { deal: free } = await open()
  return {
    'open-offer': { deal: newDeal(), bill: BILL },
    ask: { deal: newDeal(), question: QUESTION },
    'renew-number': { deal: free },
    'change-bill': { deal: free, payment: null, billVersion: 1, bill: BILL },
    'cancel-deal': { deal: (await open()).deal, payment: null },
    release: { deal: waiting.deal, payment: (await joined()).payment },
    deliver: { payment: held, portion: 0, amount: '700' },
    refund: { payment: settled, amount: '10', lines: [{ line: 0, amount: '10' }] },
    permit: { payment: adults.payment, allowed: true },
    'take-back': { payment: lent, portion: 0 },
    'bill-person': { deal: newDeal(), to: hanako.self.account, bill: BILL },
    'submit-signed': await handedBack(),
    'submit-purchase': await handedIn(),
    challenge: { payment: (await joined()).payment },
    join: { credential: { kind: 'number', number } },
    'choose-means': { payment: (await joined()).payment, means: { kind: 'exchange', unit: 'USD' } },
    approve: await consentOf('approve', waiting.view),
    respond: await consentOf('respond', view),
    prove: { ...(await consentOf('prove', await questioned())), released: [] },
    show: { payment: (await joined()).payment, attributes: ['age-band'] },
    decline: { payment: (await joined()).payment },
    attend: { payment: (await joined()).payment },
    attest: { payment: (await joined()).payment, provedAt: 0 },
  }
}

/** A code that Kenji's phone shows, good for longer than a test needs until it is read. */
async function shownCode(hub: TestHub): Promise<{ code: string; close: () => void }> {
  const kenji = await enrolled(hub, 'kenji')
  const made = await fetchCode(kenji)
  assert.ok(made.ok)
  await withClient(hub.settings, (client) => client.query('update customer_code set expires_at = expires_at + 3600000'))
  return { code: made.view.code, close: () => kenji.close() }
}

/** The other routes that are not protocol/identity.ts's, by path. */
async function otherBodies({ hanako }: Both): Promise<Bodies> {
  const { contacts } = (await hanako.reads('/v1/contacts')).body as { contacts: { account: string }[] }
  const [kenji] = contacts
  assert.ok(kenji)
  return {
    '/v1/enrolments': {
      code: 'ABCD-EFGH-JK',
      key: Buffer.alloc(65, 4).toString('base64url'),
      label: 'Phone',
      signature: Buffer.alloc(64, 1).toString('base64url'),
    },
    '/v1/sessions': {
      actor: hanako.self.id,
      key: hanako.self.key,
      ephemeral: Buffer.alloc(65, 4).toString('base64url'),
      nonce: Buffer.alloc(16).toString('base64url'),
      at: Date.now(),
      signature: Buffer.alloc(64, 1).toString('base64url'),
    },
    '/v1/secret': {
      salt: Buffer.alloc(16).toString('base64url'),
      iterations: 310_000,
      storedKey: Buffer.alloc(32).toString('base64url'),
      serverKey: Buffer.alloc(32).toString('base64url'),
    },
    '/v1/passkeys/options': {},
    '/v1/passkeys': { credential: 'AAAA', clientData: 'AAAA', attestation: 'AAAA', transports: ['internal'] },
    '/v1/units': { unit: 'USD' },
    '/v1/contacts': { account: kenji.account, status: 'blocked' },
    '/v1/demo/codes': { who: 'kenji' },
    '/v1/customer-codes': {},
  }
}

const QUESTION = { attributes: ['age-band', 'region'], reason: 'At the door' }
const PURPOSES = { approve: 'approve', respond: 'challenge', prove: 'authenticate' } as const

/** What the two do with each other. */
function actsOf({ register, hanako }: Both) {
  async function open(of: object | null = BILL): Promise<{ deal: string; number: string }> {
    const deal = newDeal()
    const reply = await register.command('open-offer', { deal, bill: of })
    assert.equal(reply.status, 200, reply.text)
    const { ticket } = reply.body.deal as { ticket: { number: string } }
    return { deal, number: ticket.number }
  }

  async function joined(of: object = BILL): Promise<{ deal: string; payment: string; view: PaymentView }> {
    const { deal, number } = await open(of)
    const reply = await hanako.command('join', { credential: { kind: 'number', number } })
    assert.equal(reply.status, 200, reply.text)
    const view = reply.body.payment as PaymentView
    return { deal, payment: view.payment, view }
  }

  async function paid(of: object = BILL): Promise<string> {
    const { view } = await joined(of)
    const outcome = await approve(hanako.client, view, withPin('2468'))
    assert.ok(outcome.ok)
    return view.payment
  }

  /** A question under a number that Hanako has joined. */
  async function questioned(): Promise<PaymentView> {
    const asked = await register.command('ask', { deal: newDeal(), question: QUESTION })
    assert.equal(asked.status, 200, asked.text)
    const { ticket } = asked.body.deal as { ticket: { number: string } }
    const reply = await hanako.command('join', { credential: { kind: 'number', number: ticket.number } })
    assert.equal(reply.status, 200, reply.text)
    return reply.body.payment as PaymentView
  }

  /** The body of an approve, respond or prove as the SDK would send it. */
  async function consentOf(name: keyof typeof PURPOSES, view: PaymentView): Promise<Record<string, unknown>> {
    const identity = await hanako.client.identity()
    assert.ok(identity)
    const purpose = PURPOSES[name]
    const expiresAt = Date.now() + LIFE_MS
    const built = approvalFor({ purpose, scheme: identity.scheme, view, self: identity.self, expiresAt })
    assert.ok(built.ok)
    const proof = await withPin('2468')(built.bytes, identity)
    assert.ok(proof.ok)
    return { payment: view.payment, ...(await signApproval(identity, built.bytes, proof.view)) }
  }

  /** A purchase that Hanako signed and handed to the register. */
  async function handedBack(): Promise<object> {
    const identity = await register.client.identity()
    const asked = identity && billToSign(identity, newDeal(), BILL)
    assert.ok(asked)
    const signed = await signHandBack(hanako.client, asked, withPin('2468'))
    assert.ok(signed.ok)
    return signed.view
  }

  /** A purchase of the register's that the phone has signed, and hands in by itself. */
  async function handedIn(): Promise<object> {
    const identity = await register.client.identity()
    const kept = await keepCertificate(register.client, memoryStorage())
    assert.ok(identity?.self.kind === 'terminal' && kept)
    const now = hanako.client.hubNow()
    const made = await makePurchase(identity, { bill: BILL, certificate: kept.certificate, deal: newDeal(), now })
    assert.ok(made)
    const { id: terminal, label: terminalLabel, ...self } = identity.self
    const asked = { ...made, scheme: identity.scheme.scheme, biller: { ...self, terminal, terminalLabel } }
    const signed = await signPurchase(hanako.client, asked, { prove: withPin('2468'), now })
    assert.ok(signed.ok, JSON.stringify(signed))
    const { approval, signature, proof } = signed.view.signed
    return { purchase: made.purchase, approval, signature, proof }
  }

  return { open, joined, paid, questioned, consentOf, handedBack, handedIn }
}
