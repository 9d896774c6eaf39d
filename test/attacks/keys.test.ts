// What new and known keys sign beside approvals (sign-up, enrolment, sessions, recovery, answers of closed wallets), cashiers' PINs and
// new passkeys: altered, swapped and replayed at every route that takes such a thing.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, test } from 'node:test'
import { fromHex, toBase64url } from '#core/bytes.ts'
import { bucketOfId, parseId } from '#core/ids.ts'
import { ALL_ROUTES } from '#protocol/routes.ts'
import { finishBytes, storedPresenceBytes } from '#protocol/signed-bytes.ts'
import { openSession } from '#sdk/session.ts'
import type { RecoveryView } from '#protocol/identity.ts'
import { softwareAuthenticator } from '../support/authenticator.ts'
import { openBank, type Bank } from '../support/bank.ts'
import {
  codeFor,
  keyParts,
  look,
  newAddress,
  newcomer,
  newKey,
  requestBody,
  signedBy,
  signUpBody,
  viewIn,
  waiting,
} from '../support/people.ts'
import { withClient } from '../support/postgres.ts'
import { ask, assertProblem, fingerprint, speaker, type Reply, type Speaker } from '../support/raw-client.ts'
import { flippedText } from '../support/signed-routes.ts'
import { nonceFor, openShop, setPinAt, signInBody } from '../support/staff.ts'
import { enrolled } from '../support/hub.ts'

type Body = Record<string, unknown>

type Use = Readonly<{
  body: Body
  /** other honest values, or bodies, that do not belong to this one */
  foreign: Readonly<Record<string, Body>>
  send(body: Body): Promise<Reply>
}>

type Case = Readonly<{
  path: string
  /** members whose every byte is flipped, and how many bytes of them */
  signed: Readonly<Record<string, number>>
  /** what a no is told */
  no: RegExp
  /** what the right body is told when it comes again */
  again: number | RegExp
  /** each try needs a body of its own */
  isUsedUp?: boolean
  fresh(): Promise<Use>
}>

let bank: Bank
let till: Speaker
let hanako: Speaker
const COUNTED = ['hub_key', 'budget', 'session', 'mail_code', 'outbox', 'staff', 'cashier', 'passkey_challenge']

before(async () => {
  bank = await openBank()
  hanako = await speaker(bank.hub, 'hanako', bank.hanako)
})
after(() => bank.close())

const sql = (text: string, values: unknown[] = []) =>
  withClient(bank.hub.settings, (client) => client.query(text, values))
const forgetTries = () => sql('delete from budget')
const posts =
  (path: string) =>
  (body: Body): Promise<Reply> =>
    ask(bank.hub, { path, body })

const enrolment: Case = {
  path: '/v1/enrolments',
  signed: { signature: 64 },
  no: /^(signature-invalid|code-not-found)$/,
  again: 200,
  async fresh() {
    const code = async (): Promise<string> =>
      String((await ask(bank.hub, { path: '/v1/demo/codes', body: { who: 'kenji' } })).body.code)
    const [one, two, key] = [await code(), await code(), newKey()]
    const { signature } = keyParts(newKey(), one)
    return {
      body: { code: one, label: 'Phone', ...keyParts(key, one) },
      foreign: { 'another code': { code: two }, "another key's signature": { signature }, 'another key': keyOf() },
      send: posts('/v1/enrolments'),
    }
  },
}
const keyOf = (): Body => ({ key: toBase64url(newKey().publicKey) })

const signUp: Case = {
  path: '/v1/sign-up',
  signed: { signature: 64 },
  no: /^(signature-invalid|code-not-found)$/,
  again: 200,
  async fresh() {
    const [email, key] = [newAddress(), newKey()]
    const code = await codeFor(bank.hub, '/v1/sign-up/mail', email)
    const wrong = code === '000000' ? '000001' : '000000'
    return {
      body: { ...signUpBody(email, code, key) },
      foreign: {
        'another code': { code: wrong },
        'another code, signed': { code: wrong, ...keyParts(key, wrong) },
        'another address': { email: newAddress() },
        'another key': keyOf(),
      },
      send: posts('/v1/sign-up'),
    }
  },
}

const session: Case = {
  path: '/v1/sessions',
  signed: { signature: 64, nonce: 16, ephemeral: 65 },
  no: /^signature-invalid$/,
  again: /^signature-invalid$/,
  async fresh() {
    const [mine, other] = [await bank.hanako.identity(), await bank.kenji.identity()]
    assert.ok(mine && other)
    const random = (length: number) => Uint8Array.from(randomBytes(length))
    const [{ request }, foreign] = [
      await openSession(mine, Date.now(), random),
      await openSession(other, Date.now(), random),
    ]
    const old = await openSession(mine, Date.now() - 3_600_000, random)
    const { actor, key, signature } = foreign.request
    return {
      body: { ...request },
      foreign: {
        'another actor': { actor },
        'another actor and key': { actor, key },
        "another's signature": { signature },
        'another moment': { at: request.at + 1 },
        'an hour ago': { ...old.request },
      },
      send: posts('/v1/sessions'),
    }
  },
}

const letIn: Case = {
  path: '/v1/recovery/request',
  signed: { signature: 64, clientProof: 32, clientNonce: 16 },
  no: /^(signature-invalid|code-not-found|proof-wrong)$/,
  again: 200,
  async fresh() {
    const [email, other] = [newAddress(), newAddress()]
    const [one, two] = [await newcomer(bank.hub, email), await newcomer(bank.hub, other)]
    one.close()
    two.close()
    const [code, otherCode] = [
      await codeFor(bank.hub, '/v1/recovery/mail', email),
      await codeFor(bank.hub, '/v1/recovery/mail', other),
    ]
    const found = viewIn<RecoveryView>(await look(bank.hub, email, code))
    const theirs = viewIn<RecoveryView>(await look(bank.hub, other, otherCode))
    const [key, thief] = [newKey(), newKey()]
    const body = { ...(await requestBody({ email, code, key, found })) }
    return {
      body,
      foreign: {
        'another key, signed': keyParts(thief, code),
        "another person's verifier": {
          ...(await requestBody({ email, code, key, found: { ...found, salt: theirs.salt } })),
        },
        'fewer iterations': { ...(await requestBody({ email, code, key, found: { ...found, iterations: 1 } })) },
        'another nonce': { ...(await requestBody({ email, code, key, found: { ...found, nonce: theirs.nonce } })) },
        "another person's address": { email: other },
      },
      send: posts('/v1/recovery/request'),
    }
  },
}

const finishing: Case = {
  path: '/v1/recovery/finish',
  signed: { signature: 64 },
  no: /^(signature-invalid|device-waiting)$/,
  again: 200,
  async fresh() {
    const asked = []
    for (let count = 0; count < 2; count++) {
      const email = newAddress()
      const client = await newcomer(bank.hub, email)
      client.close()
      asked.push(await waiting(bank.hub, email))
    }
    const [mine, other] = asked
    assert.ok(mine && other)
    await sql('update device_request set ready_at = $1', [Date.now() - 1_000])
    const signature = signedBy(other.key, finishBytes(Buffer.from(mine.request, 'hex')))
    return {
      body: { request: mine.request, signature: signedBy(mine.key, finishBytes(Buffer.from(mine.request, 'hex'))) },
      foreign: { "another's key": { signature }, "another's request": { request: other.request } },
      send: posts('/v1/recovery/finish'),
    }
  },
}

const closedWallet: Case = {
  path: '/v1/presence',
  signed: { signature: 64, command: 16 },
  no: /^(signature-invalid|not-found)$/,
  again: /^not-found$/,
  async fresh() {
    const [mine, other] = [await bank.hanako.identity(), await bank.kenji.identity()]
    const [device, theirs] = [parseId('dev', mine?.self.id), parseId('dev', other?.self.id)]
    assert.ok(mine && other && device && theirs)
    const add = async (of: typeof device, life: number): Promise<string> => {
      const id = randomBytes(16).toString('hex')
      await sql(`insert into pushed_command (id, bucket, device, created_at, expires_at) values ($1, $2, $3, 0, $4)`, [
        id,
        bucketOfId(of),
        of.slice(4),
        Date.now() + life,
      ])
      return id
    }
    const [command, foreign, old] = [await add(device, 60_000), await add(theirs, 60_000), await add(device, -1_000)]
    const provedAt = Date.now() - 1_000
    const until = provedAt + 60_000
    const signed = async (id: string, by = mine): Promise<string> =>
      toBase64url(
        await by.sign(storedPresenceBytes({ device, command: fromHex(id) ?? new Uint8Array(), provedAt, until })),
      )
    return {
      body: { device, command, provedAt, until, signature: await signed(command) },
      foreign: {
        'another phone': { device: theirs },
        "another phone's signature": { signature: await signed(command, other) },
        "another phone's command": { command: foreign, signature: await signed(foreign) },
        'a command that is over': { command: old, signature: await signed(old) },
        'a longer life': { until: until + 1 },
        'another moment': { provedAt: provedAt + 1 },
      },
      send: posts('/v1/presence'),
    }
  },
}

let shop: Awaited<ReturnType<typeof openShop>>
let staff: readonly string[]
const cashier: Case = {
  path: '/v1/staff/sign-in',
  // Four wrong ones: five lock, which is another test's.
  signed: { clientProof: 1, clientNonce: 1 },
  no: /^(proof-wrong|not-found)$/,
  again: /^proof-wrong$/,
  isUsedUp: true,
  async fresh() {
    staff ??= await people()
    const [id = '', other = ''] = staff
    const asked = { staff: id, pin: '1234', ask: (await nonceFor(till, id)).body }
    const body = { ...(await signInBody(till, asked)) }
    const elsewhere = `trm_${till.self.id.slice(4, 8)}${'5'.repeat(28)}`
    return {
      body,
      foreign: {
        'made for another terminal': { ...(await signInBody(till, asked, { terminal: elsewhere })) },
        'made for another person': { ...(await signInBody(till, asked, { staff: other })) },
      },
      send: (sent) => till.signed({ path: '/v1/staff/sign-in', body: sent }),
    }
  },
}
async function people(): Promise<readonly string[]> {
  const desk = await speaker(bank.hub, 'desk', await enrolled(bank.hub, 'desk'))
  shop = await openShop(bank.hub, desk, 'Corner shop')
  till = await shop.terminal()
  for (const [name, role] of [
    ['Aya', 'owner'],
    ['Jun', 'owner'],
  ] as const)
    assert.equal((await setPinAt(till, await shop.invite(name, role), '1234')).status, 200)
  desk.client.close()
  const here = await till.reads('/v1/staff/here')
  // Border: the view's shape is access.test.ts's business.
  return (here.body.staff as { id: string }[]).map(({ id }) => id)
}

const passkey: Case = {
  path: '/v1/passkeys',
  signed: {},
  no: /^signature-invalid$/,
  again: 200,
  isUsedUp: true,
  async fresh() {
    const place = { origin: bank.hub.url, rpId: 'localhost' }
    const [key, other] = [softwareAuthenticator(place), softwareAuthenticator(place)]
    const options = await hanako.signed({ path: '/v1/passkeys/options', body: {} })
    const challenge = String(options.body.challenge)
    const twisted = (over: Parameters<typeof key.register>[1]): Body => ({ ...key.register(challenge, over) })
    return {
      body: twisted({}),
      foreign: {
        'another origin': twisted({ origin: 'https://evil.example' }),
        'another rp id': twisted({ rpId: 'evil.example' }),
        'an assertion': twisted({ type: 'webauthn.get' }),
        'another challenge': twisted({ challenge: 'A'.repeat(43) }),
        'nobody verified': twisted({ isVerified: false }),
        "another credential's name": { credential: other.credential },
        "another's client data": { clientData: other.register('A'.repeat(43)).clientData },
      },
      send: (sent) => hanako.signed({ path: '/v1/passkeys', body: sent }),
    }
  },
}

const CASES = [enrolment, signUp, session, letIn, finishing, closedWallet, cashier, passkey]

test('every route whose body holds a signature or proof that is no approval is attacked here', () => {
  const takes = ALL_ROUTES.filter(({ body }) => {
    const text = JSON.stringify(body ?? {})
    return !text.includes('"approval"') && /"(signature|clientProof|attestation)":/.test(text)
  })
  assert.deepEqual(CASES.map(({ path }) => path).toSorted(), takes.map(({ path }) => path).toSorted())
})

for (const { path, signed, no, again, isUsedUp = false, fresh } of CASES)
  test(`${path}: altered, swapped and replayed, it changes nothing; the right one is done`, async () => {
    const first = await fresh()
    await forgetTries()
    const before = await fingerprint(bank.hub.settings, COUNTED)
    const wrong: (readonly [string, (use: Use) => Body])[] = Object.keys(first.foreign).map((about) => [
      about,
      (use) => ({ ...use.body, ...use.foreign[about] }),
    ])
    for (const [member, length] of Object.entries(signed))
      for (let at = 0; at < length; at++)
        wrong.push([
          `byte ${at} of ${member}`,
          ({ body }) => ({
            ...body,
            [member]:
              member === 'command' ? flippedHex(String(body[member]), at) : flippedText(String(body[member]), at),
          }),
        ])
    for (const [index, [about, made]] of wrong.entries()) {
      if (index % 4 === 3) await forgetTries()
      const use = isUsedUp ? await fresh() : first
      const code = assertProblem(await use.send(made(use)), about)
      assert.match(code, no, about)
    }
    await forgetTries()
    assert.deepEqual(await fingerprint(bank.hub.settings, COUNTED), before)
    const use = isUsedUp ? await fresh() : first
    const done = await use.send(use.body)
    assert.equal(done.status, 200, done.text)
    const after = await fingerprint(bank.hub.settings, COUNTED)
    const repeated = await use.send(use.body)
    if (typeof again === 'number') assert.equal(repeated.status, again, repeated.text)
    else assert.match(assertProblem(repeated, 'again'), again)
    assert.deepEqual(await fingerprint(bank.hub.settings, COUNTED), after)
  })

const flippedHex = (text: string, at: number): string =>
  Buffer.from(flippedText(Buffer.from(text, 'hex').toString('base64url'), at), 'base64url').toString('hex')
