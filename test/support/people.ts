// People who sign up by mail: the code is read where the demo town shows its mail, after a real SMTP connection.
import assert from 'node:assert/strict'
import { generateKeyPairSync, randomBytes, sign as signWith, type KeyObject } from 'node:crypto'
import type { IdentityView, RecoveryView } from '#protocol/identity.ts'
import { enrolmentBytes, finishBytes, recoveryHash, scramMessage } from '#protocol/signed-bytes.ts'
import { openClient, type Client } from '#sdk/client.ts'
import { clientProof, saltedPassword, setPin } from '#sdk/scram.ts'
import { askForMail, signUp } from '#sdk/sign-up.ts'
import { memoryStorage } from '#sdk/storage.ts'
import { until } from './hub.ts'
import { ask, type Reply } from './raw-client.ts'

type At = Readonly<{ url: string }>
export type Mail = IdentityView<'demoMail'>['mails'][number]

export const NEWCOMER_PIN = '1357'

/** An address that nobody has had before. */
export const newAddress = (): string => `p${randomBytes(6).toString('hex')}@example.jp`

export async function mailsTo(hub: At, address: string): Promise<Mail[]> {
  const { body } = await ask(hub, { method: 'GET', path: '/v1/demo/mail' })
  // Border: the view is checked by attacks/access.test.ts.
  return (body as IdentityView<'demoMail'>).mails.filter(({ to }) => to === address)
}

/** The n-th mail to the address, waited for. */
export const nthMail = (hub: At, address: string, n: number): Promise<Mail> =>
  until(async () => (await mailsTo(hub, address)).at(-n))

export const codeIn = ({ text }: Mail): string => /^\d{6}$/m.exec(text)?.[0] ?? 'no code'

/** What the one who really has this address keeps of the asking. */
export const askingFor = (email: string): string =>
  `${Buffer.from(email.toLowerCase()).toString('hex')}${'A'.repeat(22)}`.slice(0, 22)

/** Asks for a mail with a code and waits for it. */
export const codeFor = (
  hub: At,
  path: '/v1/sign-up/mail' | '/v1/recovery/mail',
  email: string,
  asking = askingFor(email),
): Promise<string> =>
  codeAfter(hub, email, async () => {
    const reply = await ask(hub, { path, body: { email, language: 'en', asking } })
    assert.equal(reply.status, 200, reply.text)
  })

/** The code in the mail that this asks for. */
export async function codeAfter(hub: At, email: string, askFor: () => Promise<void>): Promise<string> {
  const address = email.toLowerCase()
  const before = (await codesTo(hub, address)).length
  await askFor()
  return until(async () => (await codesTo(hub, address)).at(-before - 1))
}

/** Newest first. */
async function codesTo(hub: At, address: string): Promise<string[]> {
  return (await mailsTo(hub, address)).map(codeIn).filter((code) => code !== 'no code')
}

export type Key = Readonly<{ publicKey: Uint8Array; privateKey: KeyObject }>

/** A key of a phone that speaks raw JSON. */
export function newKey(): Key {
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const { x, y } = pair.publicKey.export({ format: 'jwk' })
  const point = [Buffer.of(4), Buffer.from(String(x), 'base64url'), Buffer.from(String(y), 'base64url')]
  return { publicKey: Buffer.concat(point), privateKey: pair.privateKey }
}

export const signedBy = ({ privateKey }: Key, bytes: Uint8Array): string =>
  signWith('sha256', bytes, { key: privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')

/** What the key and its signature over the code add to a body. */
export const keyParts = (key: Key, code: string): { key: string; signature: string } => ({
  key: Buffer.from(key.publicKey).toString('base64url'),
  signature: signedBy(key, enrolmentBytes(code, key.publicKey)),
})

export const signUpBody = (email: string, code: string, key: Key, over: object = {}): object => ({
  email,
  code,
  asking: askingFor(email),
  displayName: 'Aiko',
  legalName: 'Aiko Mori',
  language: 'ja',
  birthDate: '1990-04-01',
  label: 'Phone',
  ...keyParts(key, code),
  ...over,
})

export const finish = (hub: At, key: Key, request: string): Promise<Reply> =>
  ask(hub, {
    path: '/v1/recovery/finish',
    body: { request, signature: signedBy(key, finishBytes(Buffer.from(request, 'hex'))) },
  })

/** Somebody new with a PIN, through the SDK. */
export async function newcomer(hub: At, email = newAddress(), pin = NEWCOMER_PIN): Promise<Client> {
  const storage = memoryStorage()
  const client = openClient({ hub: hub.url, storage })
  const code = await codeAfter(hub, email, async () => {
    const asked = await askForMail({ client, storage }, { purpose: 'sign-up', email, language: 'en' })
    assert.ok(asked.ok, JSON.stringify(asked))
  })
  const signedUp = await signUp(
    { client, storage },
    { email, code, displayName: 'Aiko', legalName: 'Aiko Mori', language: 'ja', birthDate: null, label: 'Phone' },
  )
  assert.ok(signedUp.ok, JSON.stringify(signedUp))
  assert.ok((await setPin(client, pin)).ok)
  return client
}

/** The phones of who has this address. */
export const look = (hub: At, email: string, code: string): Promise<Reply> =>
  ask(hub, { path: '/v1/recovery/devices', body: { email, code, asking: askingFor(email) } })

/** What a new phone sends with the code and this PIN. */
export async function requestBody(
  asked: Readonly<{ email: string; code: string; key: Key; pin?: string; found: RecoveryView; over?: object }>,
): Promise<object> {
  const { email, code, key, found } = asked
  const clientNonce = randomBytes(16)
  const salt = Buffer.from(found.salt, 'base64url')
  const message = scramMessage({
    account: email.toLowerCase(),
    clientNonce,
    hubNonce: Buffer.from(found.nonce, 'base64url'),
    salt,
    iterations: found.iterations,
    approvalHash: recoveryHash(key.publicKey),
  })
  const proof = clientProof(await saltedPassword(asked.pin ?? NEWCOMER_PIN, salt, found.iterations), message)
  return {
    email,
    code,
    asking: askingFor(email),
    label: 'New phone',
    ...keyParts(key, code),
    clientNonce: clientNonce.toString('base64url'),
    clientProof: Buffer.from(proof).toString('base64url'),
    ...asked.over,
  }
}

export const request = (hub: At, body: object): Promise<Reply> => ask(hub, { path: '/v1/recovery/request', body })

/** Asks for a phone to be let in; all that a test needs of it. */
export async function waiting(hub: At, email: string) {
  const code = await codeFor(hub, '/v1/recovery/mail', email)
  const found = viewIn<RecoveryView>(await look(hub, email, code))
  const key = newKey()
  const body = await requestBody({ email, code, key, found })
  const asked = viewIn<IdentityView<'recoveryRequest'>>(await request(hub, body))
  return { code, found, key, body, ...asked }
}

/** Border: the views' shapes are attacks/access.test.ts's business. */
export function viewIn<View>(reply: Reply): View {
  assert.equal(reply.status, 200, reply.text)
  return reply.body as View
}
