// Passkeys, questions and the phone's own side: assertions wrong in one thing each, answers that release something else, and a hub that
// asks for a weaker proof.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { staffDesk } from '#apps/shared/staff-calls.ts'
import { approvalFor } from '#sdk/approval.ts'
import { withPin } from '#sdk/scram.ts'
import { askToBeLetIn } from '#sdk/sign-up.ts'
import { memoryStorage } from '#sdk/storage.ts'
import { softwareAuthenticator, type SoftwareAuthenticator, type Twist } from '../support/authenticator.ts'
import { joinByLink, newDeal, openBank, type Bank } from '../support/bank.ts'
import { assertProblem, fingerprint, speaker, type Reply, type Speaker } from '../support/raw-client.ts'
import { signedRoutes, signerOf, type Signer, type Use } from '../support/signed-routes.ts'

let bank: Bank
let till: Speaker
let hanako: Signer
let kenji: Signer
let key: SoftwareAuthenticator
let kenjis: SoftwareAuthenticator

before(async () => {
  bank = await openBank()
  till = await speaker(bank.hub, 'register', bank.register)
  hanako = await signerOf(bank.hub, bank.hanako, '2468')
  kenji = await signerOf(bank.hub, bank.kenji, '2468')
  key = await added(hanako)
  kenjis = await added(kenji)
})
after(() => bank.close())

async function added(of: Signer): Promise<SoftwareAuthenticator> {
  const made = softwareAuthenticator({ origin: bank.hub.url, rpId: 'localhost' })
  const options = await of.speaker.signed({ path: '/v1/passkeys/options', body: {} })
  const kept = await of.speaker.signed({ path: '/v1/passkeys', body: made.register(String(options.body.challenge)) })
  assert.equal(kept.status, 200, kept.text)
  return made
}

const TWISTS: Readonly<Record<string, Twist>> = {
  'another origin': { origin: 'https://evil.example' },
  'the origin with another port': { origin: 'http://localhost:1' },
  'another rp id': { rpId: 'evil.example' },
  'another challenge': { challenge: 'A'.repeat(43) },
  'made, not used': { type: 'webauthn.create' },
  'a payment that was not shown': { type: 'payment.get' },
  'nobody verified': { isVerified: false },
  'nobody present': { isPresent: false },
  'other bytes signed': { signed: new Uint8Array(69) },
}

let count = 1_000
/** Its counter goes on whatever a test has said that it is. */
const proof = (bytes: Uint8Array, twist: Twist = {}) => key.proof(bytes, { counter: ++count, ...twist })

test('a passkey’s assertion that is wrong in one thing approves nothing and unlocks nothing', async () => {
  const routes = signedRoutes(bank.hub, hanako, till)
  for (const path of ['/v1/commands/approve', '/v1/unlock']) {
    const route = routes.find((each) => each.path === path) ?? assert.fail()
    const wrong = async (about: string, make: (use: Use) => ReturnType<typeof proof>): Promise<void> => {
      const use = await route.fresh()
      const reply = await use.send(await hanako.sign(use.bytes, make(use)))
      assert.equal(assertProblem(reply, `${path}: ${about}`), 'proof-wrong', about)
      // Five wrong ones in a row lock; each is followed by a right one, which also shows that nothing but the twist was wrong.
      const next = await route.fresh()
      const right = await next.send(await hanako.sign(next.bytes, proof(next.bytes)))
      assert.equal(right.status, 200, right.text)
    }
    const tables = await fingerprint(bank.hub.settings, COUNTED)
    for (const [about, twist] of Object.entries(TWISTS)) await wrong(about, ({ bytes }) => proof(bytes, twist))
    await wrong("another person's", ({ bytes }) => kenjis.proof(bytes))
    await wrong("another's under one's own name", ({ bytes }) => ({
      ...kenjis.proof(bytes),
      credential: key.credential,
    }))
    await wrong('with the counter back', ({ bytes }) => proof(bytes, { counter: 1 }))
    await wrong('of another use', () => proof(new Uint8Array(162)))
    const later = proof(new Uint8Array(162))
    await wrong('with client data of another', ({ bytes }) => ({ ...proof(bytes), clientData: later.clientData }))
    await wrong('with data of another', ({ bytes }) => ({
      ...proof(bytes),
      authenticatorData: flippedAt(later.authenticatorData, 36),
    }))
    assert.deepEqual(await fingerprint(bank.hub.settings, COUNTED), tables, path)
  }
})

/** A wrong proof is counted in the phone's row, and a command's no is kept. */
const COUNTED = [
  'hub_key',
  'session',
  'command',
  'device',
  'presence_nonce',
  'number',
  'payment',
  'event',
  'offer',
  'evidence',
  'passkey',
  'budget',
  'outbox',
  'account',
  'mark',
  'entry',
  'head',
  'transfer',
]

function flippedAt(text: string, at: number): string {
  const bytes = Buffer.from(text, 'base64url')
  bytes[at] = (bytes[at] ?? 0) ^ 1
  return bytes.toString('base64url')
}

/** What is kept of a no, and what the hub's timers change when nobody goes on with a payment. */
const RUNNING = ['hub_key', 'head', 'session', 'command', 'payment', 'offer', 'event', 'number']

test('an answer releases what was signed, to who asked, once', async () => {
  const ask = async (attributes: readonly string[]) => {
    const deal = newDeal()
    const opened = await till.command('ask', { deal, question: { attributes, reason: 'Membership' } })
    assert.equal(opened.status, 200, opened.text)
    // Border: the view's shape is access.test.ts's business.
    return joinByLink(bank.hanako, (opened.body as { deal: Parameters<typeof joinByLink>[1] }).deal)
  }
  const answer = async (view: Awaited<ReturnType<typeof ask>>, released: readonly 'region'[]) => {
    const { scheme, self } = hanako.identity
    const expiresAt = bank.hanako.hubNow() + 60_000
    const built = approvalFor({ purpose: 'authenticate', scheme, view, self, expiresAt, released })
    assert.ok(built.ok)
    return hanako.sign(built.bytes)
  }
  const one = await ask(['region', 'age-band'])
  const two = await ask(['region', 'age-band'])
  const send = (payment: string, released: readonly string[], evidence: object, by = hanako.speaker): Promise<Reply> =>
    by.command('prove', { payment, released, ...evidence })
  const nothing = await answer(one, [])
  const region = await answer(one, ['region'])
  const tables = await fingerprint(bank.hub.settings, RUNNING)
  for (const [about, reply, code] of [
    ['more than was signed', send(one.payment, ['region'], nothing), /^signature-invalid$/],
    ['less than was signed', send(one.payment, [], region), /^signature-invalid$/],
    ['something else', send(one.payment, ['age-band'], region), /^signature-invalid$/],
    ['what was not asked', send(one.payment, ['email'], region), /^(signature-invalid|field-invalid|state-conflict)$/],
    ['twice the same', send(one.payment, ['region', 'region'], region), /^(signature-invalid|field-invalid)$/],
    ["another question's", send(two.payment, ['region'], region), /^signature-invalid$/],
    ['by another person', send(one.payment, ['region'], region, kenji.speaker), /^(signature-invalid|not-found)$/],
    [
      'as an approval',
      hanako.speaker.command('approve', { payment: one.payment, ...region }),
      /^(signature-invalid|bill-missing|state-conflict)$/,
    ],
  ] as const)
    assert.match(assertProblem(await reply, about), code, about)
  assert.deepEqual(await fingerprint(bank.hub.settings, RUNNING), tables)
  assert.equal((await send(one.payment, ['region'], region)).status, 200)
  const after = await fingerprint(bank.hub.settings, RUNNING)
  assert.equal(assertProblem(await send(one.payment, ['region'], region), 'again'), 'state-conflict')
  assert.equal(assertProblem(await send(one.payment, [], nothing), 'less, afterwards'), 'state-conflict')
  assert.deepEqual(await fingerprint(bank.hub.settings, RUNNING), after)
})

test('a phone or machine proves no PIN over a verifier that no hub may have: it would be one to guess on', async () => {
  const salt = 'A'.repeat(22)
  const nonce = 'B'.repeat(22)
  const proves = { bytes: (await signedRoutes(bank.hub, hanako, till)[4]?.fresh())?.bytes ?? assert.fail() }
  const { identity } = hanako
  assert.ok(identity.self.kind === 'device')
  const sent: string[] = []
  const lying = (iterations: number) => ({
    identity: async () => till.client.identity(),
    request: async ({ path }: { path: string }) => {
      sent.push(path)
      return { ok: true, view: { nonce, salt, iterations } }
    },
  })
  for (const iterations of [0, 1, 4_096, 99_999, 2_000_001, -1, Number.NaN, 1.5e9]) {
    const self = { ...identity.self, secret: { salt, iterations } }
    const proof = await withPin('2468')(proves.bytes, { ...identity, self })
    assert.equal(proof.ok ? 'a proof' : proof.problem.code, 'proof-needed', `${iterations}`)
    // Border: of a client only what these two use.
    const client = lying(iterations) as unknown as Parameters<typeof staffDesk>[0]
    const cashier = await staffDesk(client).signIn(`stf_${'5'.repeat(32)}`, '1234')
    assert.equal(cashier.ok ? 'a proof' : cashier.problem.code, 'proof-needed', `${iterations}`)
    const found = { nonce, salt, iterations, devices: [], waiting: [] }
    const asked = { email: 'aiko@example.jp', code: '123456', pin: '1357', label: 'Phone', found }
    const letIn = await askToBeLetIn({ client, storage: memoryStorage() }, asked)
    assert.equal(letIn.ok ? 'a proof' : letIn.problem.code, 'proof-needed', `${iterations}`)
  }
  assert.deepEqual([...new Set(sent)], ['/v1/staff/nonce'], 'nothing that a PIN went into was sent')
})
