// Ways to prove to be the owner beyond PIN and passkey: one that is plugged in, and the browser's own confirmation of a payment.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, before, test, type TestContext } from 'node:test'
import { isAccountNumber } from '#core/accounts.ts'
import { billFromWire } from '#protocol/bill.ts'
import { fromBase64url, toBase64url, utf8 } from '#core/bytes.ts'
import { bucketOfId, parseId } from '#core/ids.ts'
import type { PaymentView } from '#protocol/views.ts'
import { approve, type Prove } from '#sdk/approval.ts'
import type { Client } from '#sdk/client.ts'
import { callIdentity } from '#sdk/identity-calls.ts'
import { confirmationPossible, proofIn, shownFor, withConfirmation } from '#sdk/payment-confirmation.ts'
import { presence } from '#sdk/presence.ts'
import { fits } from '#server/auth/payment-confirmation.ts'
import { createProofs, type ProofMethod } from '#server/auth/proofs.ts'
import { softwareAuthenticator, type Twist } from './support/authenticator.ts'
import { asked, codeOf, dealOf, joinByLink } from './support/bank.ts'
import { enrolled, startTestHub, type TestHub } from './support/hub.ts'
import { billOf } from './support/world.ts'

/** What a person would be asked to say: four characters that only this approval has. */
const toSay = (approval: Uint8Array): string => createHash('sha256').update(approval).digest('hex').slice(0, 4)

/** A toy: the answer is what was asked, after a word that shows somebody has said it. */
const spoken = (text: string): string => `I say ${text}`

const TOY: ProofMethod = {
  kind: 'toy-voice',
  ask: ({ approval }) => toSay(approval),
  async verify(answer, { asked }) {
    const said = Buffer.from(answer).toString('utf8')
    const right = asked !== null && said === spoken(asked)
    // It takes itself for more than it is.
    return right ? { right, strength: 'security-key' } : { right }
  },
}

let hub: TestHub
let register: Client
let hanako: Client
before(async () => {
  hub = await startTestHub({ proofMethods: [TOY] })
  register = await enrolled(hub, 'register')
  hanako = await enrolled(hub, 'hanako')
})
after(async () => {
  register.close()
  hanako.close()
  await hub.stop()
})

const other =
  (method: string, answer: (approval: Uint8Array) => string): Prove =>
  async (approval) => ({ ok: true, view: { kind: 'other', method, answer: toBase64url(utf8(answer(approval))) } })

const speaking = other('toy-voice', (approval) => spoken(toSay(approval)))

const joined = async (amount: bigint): Promise<PaymentView> =>
  joinByLink(hanako, await dealOf(register, asked(billOf(amount))))

async function strengthsOf(payment: string): Promise<unknown[]> {
  const id = parseId('pay', payment)
  assert.ok(id !== undefined)
  const { rows } = await hub.database.reads.query<{ strength: string }>(
    'select strength from evidence where bucket = $1 and payment = $2',
    [bucketOfId(id), payment.slice('pay_'.length)],
  )
  return rows.map(({ strength }) => strength)
}

async function wrongProofs(): Promise<number> {
  const id = parseId('dev', (await hanako.identity())?.self.id)
  assert.ok(id !== undefined)
  return (await hub.store.readDevice(bucketOfId(id), id))?.wrongProofs ?? -1
}

test('a method that was plugged in proves a payment, and is worth no more than its kind', async () => {
  const view = await joined(300n)
  assert.equal(codeOf(await approve(hanako, view)), 'proof-needed')
  const silent = await approve(hanako, view, other('toy-voice', toSay))
  assert.equal(codeOf(silent), 'proof-wrong')
  assert.equal(await wrongProofs(), 1)
  const unknown = await approve(hanako, view, other('toy-face', toSay))
  assert.equal(codeOf(unknown), 'proof-wrong')
  assert.equal(await wrongProofs(), 2)
  const unreadable: Prove = async () => ({ ok: true, view: { kind: 'other', method: 'toy-voice', answer: 'A' } })
  assert.equal(codeOf(await approve(hanako, view, unreadable)), 'proof-wrong')
  assert.equal(codeOf(await approve(hanako, view, speaking)), 'done')
  assert.equal(await wrongProofs(), 0)
  assert.deepEqual(await strengthsOf(view.payment), ['other'])
})

test('an answer that was right for one bill is wrong for the next', async () => {
  const first = await joined(300n)
  let heard: Uint8Array | undefined
  const listening: Prove = async (approval, identity) => {
    heard = approval
    return speaking(approval, identity)
  }
  assert.equal(codeOf(await approve(hanako, first, listening)), 'done')
  const replayed = other('toy-voice', () => spoken(toSay(heard ?? new Uint8Array())))
  assert.equal(codeOf(await approve(hanako, await joined(301n), replayed)), 'proof-wrong')
})

test('what was plugged in proves presence too', async () => {
  const made = await presence(hanako, 'unlock', '', speaking)
  assert.ok(made.ok)
  assert.ok((await callIdentity(hanako, 'unlock', { body: { presence: made.view } })).ok)
})

test('two methods of one name are a mistake that is found at the start', () => {
  const named = (kind: string) => ({ kind, ask: () => null, verify: async () => ({ right: false }) as const })
  const [scram, passkey] = [named('scram'), named('passkey')]
  for (const further of [[named('scram')], [named('passkey')], [named('a'), named('a')]]) {
    assert.throws(() => createProofs({ scram, passkey, further }), /a name of its own/)
  }
})

const key = () => softwareAuthenticator({ origin: hub.url, rpId: 'localhost' })

/** As a browser that confirms payments by itself: clientData says what it has shown. */
const confirming =
  (authenticator: ReturnType<typeof key>, view: PaymentView, over: object = {}, twist: Twist = {}): Prove =>
  async (approval) => {
    const payment = { rpId: 'localhost', topOrigin: hub.url, ...shownFor(view, hub.url), ...over }
    return { ok: true, view: authenticator.proof(approval, { type: 'payment.get', payment, ...twist }) }
  }

test('what the browser has shown by itself is compared with the bill', async () => {
  const authenticator = key()
  const options = await hanako.call('passkeyOptions', { body: {} })
  assert.ok(options.ok)
  assert.ok((await hanako.call('passkey', { body: authenticator.register(options.view.challenge) })).ok)
  const view = await joined(12_800n)
  assert.deepEqual(shownFor(view, hub.url)?.total, { currency: 'JPY', value: '12800' })

  const wrong = async (prove: Prove): Promise<string> => codeOf(await approve(hanako, view, prove))
  const total = { currency: 'JPY', value: '128' }
  assert.equal(await wrong(confirming(authenticator, view, { total })), 'proof-wrong')
  assert.equal(await wrong(confirming(authenticator, view, {}, { payment: undefined })), 'proof-wrong')
  const elsewhere = confirming(authenticator, view, {}, { origin: 'https://evil.example' })
  assert.equal(await wrong(elsewhere), 'proof-wrong')
  const unshown = confirming(authenticator, view, {}, { type: 'payment.create' })
  assert.equal(await wrong(unshown), 'proof-wrong')
  assert.equal(codeOf(await approve(hanako, view, confirming(authenticator, view))), 'done')
  assert.deepEqual(await strengthsOf(view.payment), ['bound-passkey'])

  // No bill stands behind a proof of presence, so that there is nothing the browser could have shown.
  const made = await presence(hanako, 'unlock', '', confirming(authenticator, view))
  assert.ok(made.ok)
  const unlocked = await callIdentity(hanako, 'unlock', { body: { presence: made.view } })
  assert.ok(!unlocked.ok && unlocked.problem.code === 'proof-wrong')
})

type Asked = Readonly<{ challenge: Uint8Array; rpId: string; payeeName: string; instrument: object }>

/** A browser that confirms payments by itself, as far as the client sees it; `saysNo`: the person does. */
function browserThatConfirms(t: TestContext, authenticator: ReturnType<typeof key>, how: { saysNo: boolean }): void {
  class Request {
    static securePaymentConfirmationAvailability = async () => 'available'
    readonly #data: Asked
    readonly #total: object
    constructor(methods: { data: Asked }[], details: { total: { amount: object } }) {
      this.#data = methods[0]?.data ?? assert.fail()
      this.#total = details.total.amount
    }
    async show() {
      if (how.saysNo) throw new DOMException('no', 'NotAllowedError')
      const { challenge, rpId, payeeName, instrument } = this.#data
      const payment = { rpId, topOrigin: hub.url, payeeName, total: this.#total, instrument }
      const made = authenticator.assertion(challenge, { type: 'payment.get', payment })
      const buffer = (text: string): ArrayBuffer => (fromBase64url(text) ?? new Uint8Array()).buffer
      const response = {
        clientDataJSON: buffer(made.clientData),
        authenticatorData: buffer(made.authenticatorData),
        signature: buffer(made.signature),
      }
      return { complete: async () => {}, details: { rawId: buffer(made.credential), response } }
    }
  }
  const globals = { PaymentRequest: Request, location: { origin: hub.url } }
  for (const [name, value] of Object.entries(globals)) {
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true })
    t.after(() => Reflect.deleteProperty(globalThis, name))
  }
}

test('a browser that confirms payments does so, and where it will not the passkey is asked for plainly', async (t) => {
  const authenticator = key()
  const options = await hanako.call('passkeyOptions', { body: {} })
  assert.ok(options.ok)
  assert.ok((await hanako.call('passkey', { body: authenticator.register(options.view.challenge) })).ok)
  await hanako.self()
  let plain = 0
  const otherwise: Prove = async (approval) => {
    plain++
    return { ok: true, view: authenticator.proof(approval) }
  }
  const pay = async (): Promise<string> => {
    const view = await joined(600n)
    return codeOf(await approve(hanako, view, withConfirmation(view, otherwise)))
  }
  assert.equal(await confirmationPossible(), false)
  assert.equal(await pay(), 'done')
  assert.equal(plain, 1, 'no such browser')

  const how = { saysNo: false }
  browserThatConfirms(t, authenticator, how)
  assert.equal(await confirmationPossible(), true)
  assert.equal(await pay(), 'done')
  assert.equal(plain, 1, 'the browser has done it')
  how.saysNo = true
  assert.equal(await pay(), 'done')
  assert.equal(plain, 2)
})

test('every member of what was shown counts', async () => {
  const view = await joined(300n)
  const bill = view.bill && billFromWire(view.bill)
  const { biller, payerAccount: account } = view
  const [party, terminal] = [parseId('pty', biller.party), parseId('trm', biller.terminal)]
  assert.ok(bill?.ok && party && terminal && isAccountNumber(biller.account))
  const place = { hostName: 'localhost', origins: [hub.url] }
  const signed = { ...biller, party, terminal, account: biller.account }
  const judge = (shown: unknown, at = place): boolean =>
    fits(shown, { biller: signed, bill: bill.bill, account, place: at })
  const shown = shownFor(view, hub.url)
  assert.ok(shown !== undefined)
  const right = { rpId: 'localhost', topOrigin: hub.url, ...shown }
  assert.equal(judge(right), true)
  assert.equal(judge({ ...right, browserBoundPublicKey: 'AAAA' }), true, 'a newer browser says more')
  for (const [what, changed] of Object.entries({
    rpId: { rpId: 'evil.example' },
    'no rpId': { rpId: undefined },
    topOrigin: { topOrigin: 'https://evil.example' },
    payeeName: { payeeName: `${shown.payeeName} ` },
    payeeOrigin: { payeeOrigin: 'https://evil.example' },
    currency: { total: { ...shown.total, currency: 'EUR' } },
    value: { total: { ...shown.total, value: '300.0' } },
    'value as number': { total: { ...shown.total, value: 300 } },
    'no total': { total: null },
    account: { instrument: { ...shown.instrument, displayName: '0' } },
    icon: { instrument: { ...shown.instrument, icon: 'https://evil.example/icon.png' } },
    'icon of no site': { instrument: { ...shown.instrument, icon: '' } },
    'no instrument': { instrument: 'wallet' },
  })) {
    assert.equal(judge({ ...right, ...changed }), false, what)
  }
  for (const nothing of [null, undefined, 'payment', [], {}]) assert.equal(judge(nothing), false)
  assert.equal(judge(right, { ...place, origins: [] }), false)
  await hanako.send('decline', { payment: view.payment })
})

test('the client reads the assertion out of what the browser answers with', () => {
  const bytes = (text: string) => utf8(text).buffer
  const response = { clientDataJSON: bytes('a'), authenticatorData: bytes('b'), signature: bytes('c') }
  const proof = { kind: 'passkey', credential: 'ZA', clientData: 'YQ', authenticatorData: 'Yg', signature: 'Yw' }
  assert.deepEqual(proofIn({ rawId: bytes('d'), response }), proof)
  for (const nothing of [null, {}, { rawId: bytes('d') }, { response }, { rawId: 'd', response }]) {
    assert.equal(proofIn(nothing), undefined)
  }
  const bill = { unit: 'EUR', total: '1280', lines: [] }
  const biller = { party: '', account: '', name: 'N', legalName: 'L', terminal: '', terminalLabel: '', isPerson: false }
  assert.deepEqual(shownFor({ bill, biller, payerAccount: '1' }, 'https://pay.example'), {
    payeeName: 'L',
    total: { currency: 'EUR', value: '12.80' },
    instrument: {
      displayName: '1',
      icon: 'https://pay.example/assets/icons/wallet-192.png',
      iconMustBeShown: false,
    },
  })
  assert.equal(shownFor({ bill: null, biller, payerAccount: '1' }, 'https://pay.example'), undefined)
})
