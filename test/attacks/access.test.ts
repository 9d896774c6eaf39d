// Who may ask what: every route without, with a wrong, a stolen and another party's proof of who asks; and the same command twice.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Compile } from 'typebox/compile'
import { billToWire } from '#protocol/bill.ts'
import { ALL_ROUTES, type Route } from '#protocol/routes.ts'
import type { DealView, PaymentView } from '#protocol/views.ts'
import { approvalFor, approve, signApproval } from '#sdk/approval.ts'
import { withPin } from '#sdk/scram.ts'
import { faultsOf } from '#core/invariants.ts'
import { readBooks } from '#server/postgres/books.ts'
import { startTestHub, until, type TestHub } from '../support/hub.ts'
import {
  ask,
  assertProblem,
  fingerprint,
  neighbourOf,
  newCommand,
  newDeal,
  signatureOf,
  speaker,
  type Reply,
  type Speaker,
} from '../support/raw-client.ts'
import { billOf } from '../support/world.ts'

let hub: TestHub
let register: Speaker
let otherRegister: Speaker
let hanako: Speaker
let kenji: Speaker
let desk: Speaker
const speakers: Speaker[] = []

before(async () => {
  hub = await startTestHub()
  register = await speaker(hub, 'register')
  otherRegister = await speaker(hub, 'register')
  hanako = await speaker(hub, 'hanako')
  kenji = await speaker(hub, 'kenji')
  desk = await speaker(hub, 'desk')
  speakers.push(register, otherRegister, hanako, kenji, desk)
})
after(async () => {
  for (const { client } of speakers) client.close()
  await hub.stop()
})

const bill = billToWire(billOf(1_280n))
const schemas = new Map(ALL_ROUTES.map((route) => [`${route.method} ${route.path}`, Compile(route.response)]))

/** The reply was a yes, and is exactly what the route's schema says. */
function yes(route: string, reply: Reply): Record<string, unknown> {
  assert.equal(reply.status, 200, `${route}: ${reply.text}`)
  const schema = schemas.get(route)
  assert.ok(schema)
  assert.deepEqual([...schema.Errors(reply.body)], [], route)
  return reply.body
}
const did = (name: string, reply: Reply): { deal: DealView | null; payment: PaymentView | null } => {
  // Border: `yes` has just checked it.
  return yes(`POST /v1/commands/${name}`, reply) as ReturnType<typeof did>
}

async function open(by = register): Promise<DealView> {
  const { deal } = did('open-offer', await by.command('open-offer', { deal: newDeal(), bill }))
  assert.ok(deal?.ticket)
  return deal
}

async function joined(by = hanako): Promise<{ deal: DealView; payment: PaymentView }> {
  const deal = await open()
  const { payment } = did(
    'join',
    await by.command('join', { credential: { kind: 'number', number: deal.ticket?.number } }),
  )
  assert.ok(payment)
  return { deal, payment }
}

/** A path that exists, and a body that any caller would have to be known for. */
const askOf = (route: Route): { method: string; path: string; body?: object } => ({
  method: route.method,
  path: route.path
    .replace('{deal}', newDeal())
    .replace('{payment}', `pay_0002${'5'.repeat(28)}`)
    .replace('{party}', `pty_0002${'5'.repeat(28)}`),
  ...(route.method === 'POST' && { body: {} }),
})

/** Somebody who may call the route, and those who may not. */
function callersOf({ who }: Route): { may: Speaker; others: Speaker[] } {
  if (who === 'terminal') return { may: register, others: [hanako, desk] }
  if (who === 'device') return { may: hanako, others: [register, desk] }
  if (who === 'operator') return { may: desk, others: [register, hanako] }
  if (who === 'keeper') return { may: hanako, others: [register] }
  return { may: hanako, others: who === undefined ? [] : [desk] }
}

test('every view that the hub answers with is exactly what its schema says', async () => {
  yes('GET /health', await ask(hub, { method: 'GET', path: '/health' }))
  yes('GET /v1/scheme', await ask(hub, { method: 'GET', path: '/v1/scheme' }))
  yes('POST /v1/demo/codes', await ask(hub, { path: '/v1/demo/codes', body: { who: 'kenji' } }))
  const { deal, payment } = await joined()
  did('attend', await hanako.command('attend', { payment: payment.payment }))
  did(
    'change-bill',
    await register.command('change-bill', {
      deal: deal.deal,
      payment: payment.payment,
      billVersion: 1,
      bill: billToWire(billOf(900n)),
    }),
  )
  did('challenge', await register.command('challenge', { payment: payment.payment }))
  yes('GET /v1/payments/{payment}', await hanako.reads(`/v1/payments/${payment.payment}`))
  const released = did('release', await register.command('release', { deal: deal.deal, payment: payment.payment }))
  assert.equal(released.deal?.state, 'open')
  did('cancel-deal', await register.command('cancel-deal', { deal: deal.deal, payment: null }))
  const second = await joined()
  const outcome = await approve(hanako.client, second.payment, withPin('2468'))
  assert.ok(outcome.ok)
  assert.deepEqual([...(schemas.get('POST /v1/commands/approve')?.Errors(outcome.view) ?? [])], [])
  did('refund', await register.command('refund', { payment: second.payment.payment, amount: '80', lines: [] }))
  const third = await joined()
  did('decline', await hanako.command('decline', { payment: third.payment.payment }))
  const fourth = await open()
  did('renew-number', await register.command('renew-number', { deal: fourth.deal }))
  for (const by of [register, hanako]) {
    yes('GET /v1/deals', await by.reads('/v1/deals'))
    yes('GET /v1/sales', await by.reads('/v1/sales'))
    yes('POST /v1/units', await by.signed({ path: '/v1/units', body: { unit: 'EUR' } }))
  }
  yes('GET /v1/sales/{payment}', await otherRegister.reads(`/v1/sales/${second.payment.payment}`))
  const { contacts } = yes('GET /v1/contacts', await hanako.reads('/v1/contacts')) as {
    contacts: { account: string; name: string }[]
  }
  assert.deepEqual(
    contacts.map(({ name }) => name),
    ['Kenji'],
  )
  yes(
    'POST /v1/contacts',
    await hanako.signed({ path: '/v1/contacts', body: { account: contacts[0]?.account, status: 'listed' } }),
  )
  const day = new Date().toISOString().slice(0, 10)
  const file = await hanako.reads(`/v1/history.csv?from=${day}&to=${day}`)
  assert.equal(file.status, 200)
  assert.equal(file.headers['content-type'], 'text/csv; charset=utf-8')
  assert.equal(file.headers['cache-control'], 'no-store')
  assert.match(String(file.headers['content-disposition']), /^attachment; filename="statement-JPY-[0-9-]+\.csv"$/)
  yes('GET /v1/deals/{deal}', await register.reads(`/v1/deals/${second.deal.deal}`))
  yes('GET /v1/price-file', await register.reads('/v1/price-file'))
  const prices = await register.reads('/v1/price-file.csv')
  assert.equal(prices.status, 200)
  assert.equal(prices.headers['content-type'], 'text/csv; charset=utf-8')
  assert.equal(prices.headers['content-disposition'], 'attachment; filename="price-file.csv"')
  yes('GET /v1/terminal-certificate', await register.reads('/v1/terminal-certificate'))
  const { terminal } = second.payment.biller
  const outcomePath = `/v1/purchases/${terminal}/${second.deal.deal}`
  yes('GET /v1/purchases/{terminal}/{deal}', await hanako.reads(outcomePath))
  assert.equal((await kenji.reads(outcomePath)).status, 404, 'not his to know')
  yes('GET /v1/self', await desk.reads('/v1/self'))
  for (const who of [register, otherRegister, hanako, kenji]) {
    yes('GET /v1/self', await who.reads('/v1/self'))
    yes('GET /v1/balances', await who.reads('/v1/balances'))
    yes('GET /v1/history', await who.reads('/v1/history'))
  }
  yes('GET /v1/inbox', await hanako.reads('/v1/inbox'))
  yes('POST /v1/passkeys/options', await hanako.signed({ path: '/v1/passkeys/options', body: {} }))
})

test('a route that reads wants a living session, and a token only of its own', async () => {
  const before = await fingerprint(hub.settings, ['session', 'entry', 'account', 'mark'])
  const { token } = hanako.session
  const [id = '', secret = ''] = token.split('.')
  const [otherId = ''] = kenji.session.token.split('.')
  const last = secret.at(-1) === 'A' ? 'E' : 'A'
  const wrong: Record<string, string> = {
    'an altered token': `Bearer ${id}.${secret.slice(0, -1)}${last}`,
    'the session of another with this secret': `Bearer ${otherId}.${secret}`,
    'no secret': `Bearer ${id}`,
    'a session that never was': `Bearer ses_${'5'.repeat(32)}.${secret}`,
    basic: `Basic ${Buffer.from(token).toString('base64')}`,
    'two tokens': `Bearer ${token} ${token}`,
    'small letters': `bearer ${token}`,
    nothing: 'Bearer ',
    long: `Bearer ${'a'.repeat(5_000)}`,
  }
  for (const route of ALL_ROUTES.filter(({ access }) => access === 'token')) {
    const asked = askOf(route)
    const none = await ask(hub, asked)
    assert.equal(assertProblem(none, route.path), 'session-needed')
    assert.equal(none.status, 401)
    for (const [about, authorization] of Object.entries(wrong)) {
      const reply = await ask(hub, { ...asked, headers: { authorization } })
      assert.equal(assertProblem(reply, `${route.path}: ${about}`), 'session-ended')
      assert.equal(reply.status, 401)
    }
    for (const other of callersOf(route).others) {
      const reply = await ask(hub, { ...asked, headers: { authorization: `Bearer ${other.session.token}` } })
      assert.equal(assertProblem(reply, `${route.path} by the other kind`), 'not-allowed')
    }
  }
  assert.deepEqual(await fingerprint(hub.settings, ['session', 'entry', 'account', 'mark']), before)
})

test('a route that changes something wants the signature of exactly this request', async () => {
  const before = await fingerprint(hub.settings, ['session', 'entry', 'account', 'mark'])
  for (const route of ALL_ROUTES.filter(({ access }) => access === 'signed')) {
    const { may: who, others } = callersOf(route)
    const asked = { ...askOf(route), body: { command: newCommand() } }
    const refusedWith = async (
      code: string,
      about: string,
      headers: Record<string, string>,
      over: object = {},
    ): Promise<void> => {
      const reply = await ask(hub, { ...asked, ...over, headers })
      assert.equal(assertProblem(reply, `${route.path}: ${about}`), code, `${route.path}: ${about}`)
    }
    const right = await signatureOf(who.session, asked)
    const { 'signature-input': input = '', signature = '', 'content-digest': digest = '' } = right
    await refusedWith('signature-needed', 'nothing', {})
    await refusedWith('signature-needed', 'a token alone', { authorization: `Bearer ${who.session.token}` })
    await refusedWith('signature-wrong', 'another body', right, { body: { command: newCommand() } })
    await refusedWith('signature-wrong', 'a blank more', right, { body: `${JSON.stringify(asked.body)} ` })
    await refusedWith('signature-wrong', 'a query', right, { path: `${asked.path}?x=1` })
    await refusedWith('signature-wrong', 'without its digest', { 'signature-input': input, signature })
    await refusedWith('signature-wrong', 'another digest', {
      ...right,
      'content-digest': digest.replace(/:(.)/, (_all, first: string) => `:${first === 'A' ? 'B' : 'A'}`),
    })
    await refusedWith('signature-wrong', 'another algorithm', {
      ...right,
      'signature-input': input.replace('hmac-sha256', 'none'),
    })
    await refusedWith('signature-wrong', 'fewer components', {
      ...right,
      'signature-input': input.replace('"@path" ', ''),
    })
    await refusedWith('signature-wrong', 'another label', { ...right, signature: signature.replace('sig1', 'sig2') })
    await refusedWith('signature-wrong', 'an empty one', { ...right, signature: 'sig1=::' })
    await refusedWith('signature-wrong', 'a bit', {
      ...right,
      signature: signature.replace(/^sig1=:(.)/, (_all, first: string) => `sig1=:${first === 'A' ? 'B' : 'A'}`),
    })
    await refusedWith('signature-wrong', 'another second', {
      ...right,
      'signature-input': input.replace(/created=(\d+)/, (_all, at: string) => `created=${Number(at) + 1}`),
    })
    await refusedWith('signature-wrong', 'long ago', {
      ...right,
      'signature-input': input.replace(/created=\d+/, 'created=1'),
    })
    await refusedWith('signature-wrong', "another's session", {
      ...right,
      'signature-input': input.replace(/ses_[0-9a-f]+/, otherRegister.session.id),
    })
    await refusedWith('session-ended', 'a session that never was', {
      ...right,
      'signature-input': input.replace(/ses_[0-9a-f]+/, `ses_${'5'.repeat(32)}`),
    })
    await refusedWith(
      'signature-wrong',
      'the signature of another route',
      await signatureOf(who.session, { ...asked, path: '/v1/other' }),
    )
    for (const { session } of others)
      await refusedWith('not-allowed', 'the other kind', await signatureOf(session, asked))
  }
  assert.deepEqual(await fingerprint(hub.settings, ['session', 'entry', 'account', 'mark']), before)
})

test("another party's deal or payment is as little there as one that never was: the same bytes", async () => {
  const { deal, payment } = await joined()
  const neighbour = await neighbourOf(hub, hanako)
  speakers.push(neighbour)
  const nowhere = { deal: newDeal(), payment: `${payment.payment.slice(0, 8)}${'5'.repeat(28)}` }
  const same = async (about: string, foreign: Promise<Reply>, never: Promise<Reply>): Promise<void> => {
    const [left, right] = await Promise.all([foreign, never])
    assert.equal(assertProblem(left, about), 'not-found', about)
    assert.equal(left.text, right.text, about)
    assert.equal(left.status, right.status, about)
  }
  await same(
    'a payment read',
    neighbour.reads(`/v1/payments/${payment.payment}`),
    neighbour.reads(`/v1/payments/${nowhere.payment}`),
  )
  await same(
    'a sale of another shop',
    neighbour.reads(`/v1/sales/${payment.payment}`),
    neighbour.reads(`/v1/sales/${nowhere.payment}`),
  )
  await same(
    'a deal read by a phone',
    neighbour.reads(`/v1/deals/${deal.deal}`),
    neighbour.reads(`/v1/deals/${nowhere.deal}`),
  )
  await same(
    'a line taken back',
    neighbour.command('take-back', { payment: payment.payment, portion: 0 }),
    neighbour.command('take-back', { payment: nowhere.payment, portion: 0 }),
  )
  // A card of the neighbour's own, were there one: what a shop takes is told to nobody who does not pay there.
  const card = { kind: 'card', id: `mns${neighbour.self.id.slice(3)}`, method: 'lump' }
  for (const means of [{ kind: 'account' }, { kind: 'exchange', unit: 'USD' }, card])
    await same(
      `means chosen: ${means.kind}`,
      neighbour.command('choose-means', { payment: payment.payment, means }),
      neighbour.command('choose-means', { payment: nowhere.payment, means }),
    )
  await same(
    'a refund by another party',
    neighbour.command('refund', { payment: payment.payment, amount: '1', lines: [] }),
    neighbour.command('refund', { payment: nowhere.payment, amount: '1', lines: [] }),
  )
  await same(
    'a deal read',
    otherRegister.reads(`/v1/deals/${deal.deal}`),
    otherRegister.reads(`/v1/deals/${nowhere.deal}`),
  )
  for (const name of ['decline', 'attend', 'attest'])
    await same(
      name,
      neighbour.command(name, { payment: payment.payment }),
      neighbour.command(name, { payment: nowhere.payment }),
    )
  for (const [name, more] of [
    ['challenge', {}],
    ['permit', { allowed: true }],
    ['deliver', { portion: 0, amount: '1' }],
    ['release', { deal: deal.deal }],
    ['cancel-deal', { deal: deal.deal }],
    ['change-bill', { deal: deal.deal, billVersion: 1, bill }],
  ] as const)
    await same(
      name,
      otherRegister.command(name, { payment: payment.payment, ...more }),
      otherRegister.command(name, { payment: nowhere.payment, ...more }),
    )
  for (const name of ['renew-number', 'cancel-deal'] as const)
    await same(
      name,
      otherRegister.command(name, { deal: deal.deal, ...(name === 'cancel-deal' && { payment: null }) }),
      otherRegister.command(name, { deal: nowhere.deal, ...(name === 'cancel-deal' && { payment: null }) }),
    )
  const seen = (await hanako.reads(`/v1/payments/${payment.payment}`)).body as PaymentView
  assert.equal(seen.state, 'joined')
  assert.equal(seen.version, payment.version)
})

test('an approval that was signed for one thing is good for nothing else', async () => {
  const { payment } = await joined()
  const other = await joined()
  const identity = await hanako.client.identity()
  assert.ok(identity)
  const built = approvalFor({
    purpose: 'approve',
    scheme: identity.scheme,
    view: payment,
    self: identity.self,
    expiresAt: Date.now() + 120_000,
  })
  assert.ok(built.ok)
  const proof = await withPin('2468')(built.bytes, identity)
  assert.ok(proof.ok)
  const good = { payment: payment.payment, ...(await signApproval(identity, built.bytes, proof.view)) }
  const flipped = (text: string, at: number): string => {
    const bytes = Buffer.from(text, 'base64url')
    bytes[at] = (bytes[at] ?? 0) ^ 1
    return bytes.toString('base64url')
  }
  const bad: object[] = []
  for (let at = 0; at < 162; at++) bad.push({ ...good, approval: flipped(good.approval, at) })
  for (let at = 0; at < 64; at += 7) bad.push({ ...good, signature: flipped(good.signature, at) })
  const zeros = Buffer.alloc(32)
  const order = Buffer.from('ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551', 'hex')
  const [r, s] = [
    Buffer.from(good.signature, 'base64url').subarray(0, 32),
    Buffer.from(good.signature, 'base64url').subarray(32),
  ]
  for (const signature of [
    Buffer.alloc(0),
    Buffer.alloc(64),
    Buffer.concat([zeros, s]),
    Buffer.concat([r, zeros]),
    Buffer.concat([r, order]),
    Buffer.concat([s, r]),
    r,
  ])
    bad.push({ ...good, signature: signature.toString('base64url') })
  bad.push({ ...good, payment: other.payment.payment })
  for (const body of bad) {
    const reply = await hanako.command('approve', body)
    assert.equal(assertProblem(reply, 'an altered approval'), 'signature-invalid')
  }
  // Signed again by the same phone, but for other things: the bytes are right in themselves, and not this bill's.
  for (const at of [0, 3, 20, 36, 52, 60, 95, 130, 150, 161]) {
    const bytes = Buffer.from(built.bytes)
    bytes[at] = (bytes[at] ?? 0) ^ 1
    const reply = await hanako.command('approve', {
      payment: payment.payment,
      ...(await signApproval(identity, bytes, proof.view)),
    })
    assert.match(assertProblem(reply, `byte ${at}`), /^(signature-invalid|approval-expired|proof-wrong|bill-changed)$/)
  }
  const stolen = await kenji.command('approve', good)
  assert.equal(assertProblem(stolen, 'sent by another'), 'signature-invalid')
  const paid = did('approve', await hanako.command('approve', good))
  assert.equal(paid.payment?.state, 'settled')
  assert.equal(assertProblem(await hanako.command('approve', good), 'once more'), 'state-conflict')
})

test('one command id twenty times at once over HTTP has one effect and one answer; with another body it is a mismatch', async () => {
  const deal = newDeal()
  const twenty = async (by: Speaker, name: string, body: object): Promise<[Reply, string]> => {
    const command = newCommand()
    const replies = await Promise.all(Array.from({ length: 20 }, () => by.command(name, body, command)))
    const answers = new Set(replies.map(({ status, text }) => `${status} ${text}`))
    assert.equal(answers.size, 1, `${name}: ${[...answers].join('\n')}`)
    const [first] = replies
    assert.ok(first)
    return [first, command]
  }
  const [opened, openId] = await twenty(register, 'open-offer', { deal, bill })
  const { ticket } = did('open-offer', opened).deal ?? {}
  const [joinedReply, joinId] = await twenty(hanako, 'join', { credential: { kind: 'number', number: ticket?.number } })
  const { payment } = did('join', joinedReply)
  assert.ok(payment)
  const identity = await hanako.client.identity()
  assert.ok(identity)
  const built = approvalFor({
    purpose: 'approve',
    scheme: identity.scheme,
    view: payment,
    self: identity.self,
    expiresAt: Date.now() + 120_000,
  })
  assert.ok(built.ok)
  const proof = await withPin('2468')(built.bytes, identity)
  assert.ok(proof.ok)
  const before = await fundsOf(hanako)
  const [approved, approveId] = await twenty(hanako, 'approve', {
    payment: payment.payment,
    ...(await signApproval(identity, built.bytes, proof.view)),
  })
  assert.equal(did('approve', approved).payment?.state, 'settled')
  assert.equal(before - (await fundsOf(hanako)), 1_280n)
  const [refunded, refundId] = await twenty(register, 'refund', { payment: payment.payment, amount: '280', lines: [] })
  did('refund', refunded)
  await until(async () => before - (await fundsOf(hanako)) === 1_000n)

  const mismatch = async (by: Speaker, name: string, body: object, command: string): Promise<void> => {
    const reply = await by.command(name, body, command)
    assert.equal(assertProblem(reply, name), 'command-mismatch')
    assert.equal(reply.status, 422)
  }
  await mismatch(register, 'open-offer', { deal, bill: billToWire(billOf(1_281n)) }, openId)
  await mismatch(register, 'open-offer', { deal: newDeal(), bill }, openId)
  await mismatch(register, 'cancel-deal', { deal, payment: null }, openId)
  await mismatch(register, 'refund', { payment: payment.payment, amount: '281', lines: [] }, refundId)
  await mismatch(hanako, 'join', { credential: { kind: 'number', number: '000000000' } }, joinId)
  await mismatch(hanako, 'decline', { payment: payment.payment }, approveId)
  // Another's command of the same id is another command.
  const own = await kenji.command(
    'join',
    { credential: { kind: 'number', number: (await open()).ticket?.number } },
    joinId,
  )
  did('join', own)
  assert.deepEqual(faultsOf(await readBooks(hub.settings)), [])
})

const fundsOf = async (who: Speaker): Promise<bigint> => {
  const { balances } = (await who.reads('/v1/balances')).body as { balances: { balance: string }[] }
  return BigInt(balances[0]?.balance ?? 0)
}

test('a wrong, used, foreign, withdrawn and released number are one answer, byte for byte', async () => {
  const used = (await joined()).deal.ticket?.number
  const withdrawn = await open()
  did('cancel-deal', await register.command('cancel-deal', { deal: withdrawn.deal, payment: null }))
  const renewed = await open()
  did('renew-number', await register.command('renew-number', { deal: renewed.deal }))
  // A person has five tries; each of these costs one.
  const answers = new Set<string>()
  for (const number of [used, withdrawn.ticket?.number, renewed.ticket?.number, '000000000']) {
    const reply = await kenji.command('join', { credential: { kind: 'number', number } })
    assert.equal(assertProblem(reply, String(number)), 'number-not-found')
    answers.add(
      JSON.stringify([reply.status, reply.text, reply.headers['content-type'], Object.keys(reply.headers).toSorted()]),
    )
  }
  assert.equal(answers.size, 1)
})
