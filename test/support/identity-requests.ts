// A right request for every route of protocol/identity.ts that takes a body, ready to be spoiled, and not sent yet.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import jpeg from 'jpeg-js'
import { fromBase64url, fromHex, toBase64url } from '#core/bytes.ts'
import { parseId, type PartyId } from '#core/ids.ts'
import type { IdentityView, PresenceAction, PresenceBody } from '#protocol/identity.ts'
import { finishBytes, storedPresenceBytes } from '#protocol/signed-bytes.ts'
import type { Prove } from '#sdk/approval.ts'
import type { Client } from '#sdk/client.ts'
import { presence } from '#sdk/presence.ts'
import { secretFrom, withPin } from '#sdk/scram.ts'
import { softwareAuthenticator, type SoftwareAuthenticator } from './authenticator.ts'
import { enrolled, type TestHub } from './hub.ts'
import {
  askingFor,
  codeFor,
  codeIn,
  newAddress,
  newcomer,
  NEWCOMER_PIN,
  newKey,
  nthMail,
  requestBody,
  signedBy,
  signUpBody,
  viewIn,
  waiting,
} from './people.ts'
import { withClient } from './postgres.ts'
import { speaker, type Speaker } from './raw-client.ts'
import { enrolWith, nonceFor, openShop, setPinAt, signInBody } from './staff.ts'

/** `by`: who says it; null where nobody needs to be known. */
export type ValidRequest = Readonly<{ by: Speaker | null; body: object }>
export type ValidRequests = Readonly<{ requests: Readonly<Record<string, ValidRequest>>; close(): void }>

/** Longer than any test needs until it sends them. */
const LATER_MS = 3_600_000
const DAY_MS = 24 * 3_600_000

/** By path. Nobody else is touched by them: they are people and a shop of their own. */
export async function identityRequests(hub: TestHub): Promise<ValidRequests> {
  const sql = (text: string) => withClient(hub.settings, (client) => client.query(text))
  const [person, shop] = [await personRequests(hub), await shopRequests(hub)]
  const lost = await recoveryRequests(hub)
  // Nonces end after minutes, and whoever stands at a terminal is noted each minute: neither is what bad input does.
  await sql(`update presence_nonce set expires_at = expires_at + ${LATER_MS}`)
  await sql(`update cashier set seen_at = seen_at + ${LATER_MS}, nonce_expires_at = nonce_expires_at + ${LATER_MS}`)
  // Mails and codes are counted by address, and all of these come from one.
  await sql('delete from budget')
  const all = [person, shop, lost]
  return {
    requests: Object.assign({}, ...all.map(({ requests }) => requests)),
    close: () => all.forEach(({ close }) => close()),
  }
}

async function personRequests(hub: TestHub): Promise<ValidRequests> {
  const address = newAddress()
  const aiko = await speaker(hub, 'hanako', await newcomer(hub, address))
  const party = await partyOf(hub, aiko)
  const phones = [aiko]
  /** A phone of hers: each has one nonce at a time. */
  async function phone(): Promise<Speaker> {
    const { code } = await hub.directory.createCode({ kind: 'device', party, lifeMs: DAY_MS })
    const made = await enrolWith(hub, code)
    phones.push(made)
    return made
  }
  async function proved(action: PresenceAction, subject: string, more: object, prove?: Prove): Promise<ValidRequest> {
    const by = await phone()
    return { by, body: { ...more, presence: await presenceOf(by.client, action, subject, prove) } }
  }

  const moved = newAddress()
  viewIn(await aiko.signed({ path: '/v1/profile/email', body: { email: moved, code: null, presence: null } }))
  const code = codeIn(await nthMail(hub, moved, 1))
  const [passkey, key] = [await addedKey(hub, aiko, 'internal'), await addedKey(hub, aiko, 'usb')]
  const asks = await waiting(hub, address)
  const everything = { 'age-band': 'ask', 'member-number': 'hide', region: 'show', email: 'ask', portrait: 'hide' }
  const picture = jpeg.encode({ width: 8, height: 8, data: Buffer.alloc(8 * 8 * 4, 200) }, 80).data
  const verifier = await sameSecret(aiko)
  const subscription = {
    endpoint: 'https://push.example.org/aiko',
    p256dh: toBase64url(newKey().publicKey),
    auth: toBase64url(randomBytes(16)),
  }
  const own = (body: object): ValidRequest => ({ by: aiko, body })
  return {
    requests: {
      '/v1/sign-up/mail': open({ email: newAddress(), language: 'ja', asking: askingFor('anybody') }),
      '/v1/sign-up': await signUpRequest(hub),
      '/v1/profile': own({ displayName: 'Aiko', language: 'en', birthDate: '1990-04-01' }),
      '/v1/profile/portrait': own({ picture: toBase64url(picture) }),
      '/v1/profile/email': await proved('change-email', moved, { email: moved, code }),
      '/v1/profile/user-code': own({ userCode: '2580' }),
      '/v1/releases': own({ merchant: await bakeryOf(hub), releases: everything }),
      '/v1/presence/nonce': own({}),
      '/v1/unlock': await proved('unlock', '', {}),
      '/v1/secret/change': await proved('change-secret', verifier.storedKey, verifier),
      '/v1/passkeys/remove': await proved('remove-passkey', passkey.credential, { credential: passkey.credential }),
      '/v1/devices/codes': await proved('add-device', '', {}),
      '/v1/devices/revoke': own({ device: (await phone()).self.id }),
      '/v1/devices/refuse': own({ request: asks.request }),
      '/v1/devices/approves-with': await proved('approves-with', 'any', { with: 'any' }, async (bytes) => ({
        ok: true,
        view: key.proof(bytes),
      })),
      '/v1/push': own({ subscription, detail: true }),
      '/v1/presence': await storedPresence(aiko),
      '/v1/certificates': own({}),
    },
    close: () => phones.forEach(({ client }) => client.close()),
  }
}

/** Somebody whose phone is lost, and for whom two new ones ask: one waits long enough, the other's request is still to be sent. */
async function recoveryRequests(hub: TestHub): Promise<ValidRequests> {
  const email = newAddress()
  const lost = await speaker(hub, 'hanako', await newcomer(hub, email))
  const { code, found, key, request } = await waiting(hub, email)
  await withClient(hub.settings, (client) =>
    client.query('update device_request set ready_at = requested_at where id = $1', [request]),
  )
  const id = fromHex(request)
  assert.ok(id)
  return {
    requests: {
      '/v1/recovery/mail': open({ email: newAddress(), language: 'en', asking: askingFor('anybody') }),
      '/v1/recovery/devices': open({ email, code, asking: askingFor(email) }),
      '/v1/recovery/revoke': open({ email, code, asking: askingFor(email), device: lost.self.id }),
      '/v1/recovery/request': open(await requestBody({ email, code, key: newKey(), found })),
      '/v1/recovery/finish': open({ request, signature: signedBy(key, finishBytes(id)) }),
    },
    close: () => lost.client.close(),
  }
}

async function shopRequests(hub: TestHub): Promise<ValidRequests> {
  const desk = await speaker(hub, 'desk', await enrolled(hub, 'desk'))
  const shop = await openShop(hub, desk, 'Books')
  const [office, door, old] = [await shop.terminal('ticket-office'), await shop.terminal(), await shop.terminal()]
  const pin = '8642'
  const standing = viewIn<IdentityView<'staffEnrol'>>(await setPinAt(office, await shop.invite('Ito', 'owner'), pin))
  const owner = standing.cashier?.id
  assert.ok(owner)
  const added = async (name: string): Promise<IdentityView<'staffAdd'>> =>
    viewIn(await office.signed({ path: '/v1/staff/add', body: { staff: null, name, role: 'cashier' } }))
  const [comes, forgets, goes] = [await added('Ueda'), await added('Endo'), await added('Ono')]
  const asked = viewIn<Record<string, unknown>>(await nonceFor(office, owner))
  const by = office
  return {
    requests: {
      '/v1/staff/nonce': { by: door, body: { staff: owner } },
      '/v1/staff/sign-in': { by, body: await signInBody(office, { staff: owner, pin, ask: asked }) },
      '/v1/staff/sign-out': { by: door, body: {} },
      '/v1/staff/enrol': {
        by: door,
        body: { code: comes.code, ...(await verifierOf('9753', randomBytes(16), 100_000)) },
      },
      '/v1/staff/add': { by, body: { staff: forgets.staff, name: 'Endo', role: 'cashier' } },
      '/v1/staff/end': { by, body: { staff: goes.staff } },
      '/v1/staff/terminals': { by, body: { label: 'Counter 2', terminal: 'counter' } },
      '/v1/staff/terminals/revoke': { by, body: { terminal: old.self.id } },
    },
    close: () => [desk, office, door, old].forEach(({ client }) => client.close()),
  }
}

const open = (body: object): ValidRequest => ({ by: null, body })

async function signUpRequest(hub: TestHub): Promise<ValidRequest> {
  const email = newAddress()
  return open(signUpBody(email, await codeFor(hub, '/v1/sign-up/mail', email), newKey()))
}

async function presenceOf(
  client: Client,
  action: PresenceAction,
  subject: string,
  prove: Prove = withPin(NEWCOMER_PIN),
): Promise<PresenceBody> {
  const made = await presence(client, action, subject, prove)
  assert.ok(made.ok, JSON.stringify(made))
  return made.view
}

/** A passkey that this person has. */
async function addedKey(hub: TestHub, by: Speaker, transport: string): Promise<SoftwareAuthenticator> {
  const key = softwareAuthenticator({ origin: hub.url, rpId: 'localhost', transports: [transport] })
  const { challenge } = viewIn<{ challenge: string }>(await by.signed({ path: '/v1/passkeys/options', body: {} }))
  viewIn(await by.signed({ path: '/v1/passkeys', body: key.register(challenge) }))
  return key
}

async function verifierOf(pin: string, salt: Uint8Array, iterations: number) {
  const { storedKey, serverKey } = await secretFrom(pin, Uint8Array.from(salt), iterations)
  return { salt: toBase64url(salt), iterations, storedKey: toBase64url(storedKey), serverKey: toBase64url(serverKey) }
}

/** The PIN that she has already: after the change the proofs of the other requests are as right as before. */
async function sameSecret({ client }: Speaker): ReturnType<typeof verifierOf> {
  const read = await client.self()
  const secret = read.ok && read.view.kind === 'device' ? read.view.secret : null
  const salt = fromBase64url(secret?.salt ?? '')
  assert.ok(secret && salt)
  return verifierOf(NEWCOMER_PIN, salt, secret.iterations)
}

/** What a closed wallet says to a command that nobody has pushed to it. */
async function storedPresence({ client, self }: Speaker): Promise<ValidRequest> {
  const identity = await client.identity()
  const [device, command] = [parseId('dev', self.id), randomBytes(16)]
  assert.ok(identity && device)
  const [provedAt, until] = [client.hubNow(), client.hubNow() + 60_000]
  const signature = toBase64url(await identity.sign(storedPresenceBytes({ device, command, provedAt, until })))
  return open({ device, command: command.toString('hex'), provedAt, until, signature })
}

async function partyOf(hub: TestHub, { self }: Speaker): Promise<PartyId> {
  const id = parseId('dev', self.id) ?? parseId('trm', self.id)
  const found = id && (await hub.directory.identityOf(id))
  assert.ok(found && found.actor.kind !== 'operator')
  return found.actor.party
}

/** The demo's shop. */
async function bakeryOf(hub: TestHub): Promise<PartyId> {
  const register = await speaker(hub, 'register')
  register.client.close()
  return partyOf(hub, register)
}
