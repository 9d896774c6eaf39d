// Who has an account here? Whatever somebody asks who has no key: the answer for a known and an unknown one is the same in status, body
// and headers, and costs as many hashes. Hashes are counted, because time cannot be asserted.
import assert from 'node:assert/strict'
import crypto from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'
import { after, before, test } from 'node:test'
import type { RecoveryView } from '#protocol/identity.ts'
import { openSession } from '#sdk/session.ts'
import { openBank, accountOf, type Bank } from '../support/bank.ts'
import { enrolled, until } from '../support/hub.ts'
import { DEMO, openidOf } from '../support/oidc.ts'
import { askingFor, mailsTo, newAddress, newcomer, newKey, requestBody, signUpBody } from '../support/people.ts'
import { withClient } from '../support/postgres.ts'
import { ask, speaker, type Reply, type Speaker } from '../support/raw-client.ts'
import { openShop, setPinAt } from '../support/staff.ts'

let bank: Bank
let email: string
let till: Speaker
let hers: string
let strangers: string
let ended: string

before(async () => {
  bank = await openBank()
  email = newAddress()
  const client = await newcomer(bank.hub, email)
  client.close()
  const desk = await speaker(bank.hub, 'desk', await enrolled(bank.hub, 'desk'))
  const [shop, other] = [await openShop(bank.hub, desk, 'Corner shop'), await openShop(bank.hub, desk, 'Other shop')]
  till = await shop.terminal()
  const elsewhere = await other.terminal()
  assert.equal((await setPinAt(till, await shop.invite('Aya', 'owner'), '1234')).status, 200)
  assert.equal((await setPinAt(till, await shop.invite('Jun', 'cashier'), '1234')).status, 200)
  assert.equal((await setPinAt(elsewhere, await other.invite('Ken', 'owner'), '1234')).status, 200)
  hers = await staffAt(till, 'Aya')
  ended = await staffAt(till, 'Jun')
  strangers = await staffAt(elsewhere, 'Ken')
  await withClient(bank.hub.settings, (sql) =>
    sql.query(`update staff set status = 'ended' where id = $1`, [ended.slice(4)]),
  )
  for (const each of [desk, elsewhere]) each.client.close()
})
after(async () => {
  till.client.close()
  await bank.close()
})

async function staffAt(at: Speaker, name: string): Promise<string> {
  const here = await at.reads('/v1/staff/here')
  // Border: the view's shape is access.test.ts's business.
  return (here.body.staff as { id: string; name: string }[]).find((each) => each.name === name)?.id ?? assert.fail()
}

const forgetTries = () => withClient(bank.hub.settings, (client) => client.query('delete from budget'))

const COUNTED = ['createHmac', 'createHash', 'pbkdf2', 'pbkdf2Sync', 'scrypt', 'hkdfSync', 'verify'] as const

/** How often each was called meanwhile. */
async function counting<Result>(
  run: () => Promise<Result>,
): Promise<{ result: Result; calls: Record<string, number> }> {
  const calls: Record<string, number> = {}
  const originals = COUNTED.map((name) => [name, crypto[name]] as const)
  for (const [name, original] of originals)
    Reflect.set(crypto, name, (...args: unknown[]): unknown => {
      calls[name] = (calls[name] ?? 0) + 1
      return Reflect.apply(original, crypto, args)
    })
  syncBuiltinESMExports()
  try {
    return { result: await run(), calls }
  } finally {
    for (const [name, original] of originals) Reflect.set(crypto, name, original)
    syncBuiltinESMExports()
  }
}

/** All of an answer but the moment it was given. */
const shown = ({ status, text, headers }: Reply): object => ({ status, text, headers: { ...headers, date: '' } })

async function same(about: string, sends: readonly (() => Promise<Reply>)[]): Promise<void> {
  const answers = []
  for (const send of sends) {
    await forgetTries()
    answers.push(await counting(send))
  }
  const [first, ...others] = answers
  assert.ok(first)
  for (const other of others) {
    assert.deepEqual(shown(other.result), shown(first.result), about)
    assert.deepEqual(other.calls, first.calls, `${about}: the same hashes`)
  }
}

const posts = (path: string, body: object) => (): Promise<Reply> => ask(bank.hub, { path, body })

test('signing up and coming back: the same for an address that has an account and one that has none', async () => {
  const made: RecoveryView = {
    nonce: 'A'.repeat(22),
    salt: 'A'.repeat(22),
    iterations: 100_000,
    devices: [],
    waiting: [],
  }
  for (const path of ['/v1/sign-up/mail', '/v1/recovery/mail']) {
    const [unknown, language] = [newAddress(), 'en']
    // What is sent by mail afterwards hashes too: all of it has to be over before the next is counted.
    const quiet = (to: string) => until(async () => (await mailsTo(bank.hub, to)).length > 0)
    await forgetTries()
    const answers = []
    for (const to of [email, unknown]) {
      const { result, calls } = await counting(posts(path, { email: to, language, asking: askingFor(to) }))
      answers.push({ ...shown(result), hmacs: calls.createHmac })
      await quiet(to)
    }
    assert.deepEqual(answers[0], answers[1], path)
  }
  const key = newKey()
  const code = '123456'
  const both = (path: string, bodyOf: (address: string) => object) =>
    same(
      path,
      [email, newAddress(), email.toUpperCase()].map((address) => posts(path, bodyOf(address))),
    )
  await both('/v1/sign-up', (address) => signUpBody(address, code, key))
  await both('/v1/recovery/devices', (address) => ({ email: address, code, asking: askingFor(address) }))
  await both('/v1/recovery/revoke', (address) => ({
    email: address,
    code,
    asking: askingFor(address),
    device: `dev_${'0'.repeat(32)}`,
  }))
  const body = await requestBody({ email, code, key, found: made })
  await both('/v1/recovery/request', (address) => ({ ...body, email: address }))
})

test('a machine hears of people of another shop, of those who have gone, and of nobody the same', async () => {
  const nobody = `${hers.slice(0, 8)}${'5'.repeat(28)}`
  const proof = { clientNonce: 'A'.repeat(22), clientProof: 'A'.repeat(43) }
  const of = (path: string, more: object) =>
    same(
      path,
      [nobody, strangers, ended].map((staff) => () => till.signed({ path, body: { staff, ...more } })),
    )
  await of('/v1/staff/nonce', {})
  await of('/v1/staff/sign-in', proof)
})

test('a session, an answer and a code: the same for a phone that exists and one that does not', async () => {
  const identity = (await bank.hanako.identity()) ?? assert.fail()
  const { request } = await openSession(identity, Date.now(), (length) => new Uint8Array(length).fill(7))
  const nobody = `dev_0002${'5'.repeat(28)}`
  const signature = 'A'.repeat(86)
  const sessions = [
    { ...request, signature },
    { ...request, actor: nobody, signature },
  ]
  const [known, unknown] = [
    await posts('/v1/sessions', sessions[0] ?? {})(),
    await posts('/v1/sessions', sessions[1] ?? {})(),
  ]
  assert.deepEqual(shown(known), shown(unknown))
  const presence = { command: '0'.repeat(32), provedAt: 1, until: 2, signature }
  const answers = [identity.self.id, nobody].map((device) => posts('/v1/presence', { ...presence, device }))
  assert.deepEqual(shown(await (answers[0] ?? assert.fail())()), shown(await (answers[1] ?? assert.fail())()))
})

test('a site that asks for somebody by number or address is told the same of everybody', async () => {
  const openid = openidOf(bank.hub)
  const hints = [await accountOf(bank.hanako), '00000000000', email, newAddress()]
  const answers = []
  for (const login_hint of hints) {
    const { status, body, headers } = await openid.ask(DEMO, { login_hint, requested_expiry: '1' })
    const names = [...headers.keys()].toSorted()
    const length = String(body.auth_req_id).length
    answers.push({ status, names, length, ...body, auth_req_id: '' })
  }
  for (const answer of answers) assert.deepEqual(answer, answers[0])
})
