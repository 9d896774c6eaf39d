// What a day adds for who people are: signing up and coming back by mail, profiles and what is shown, further phones, staff at a till,
// pushes, a site that signs people in, and the operators' own door. By routes where a story needs no more than that, else by the doors
// behind them, so that every statement is sent.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { idFrom, parseId, type DeviceId, type PartyId } from '#core/ids.ts'
import { NO_RELEASES } from '#core/persona.ts'
import type { Cashier } from '#core/staff.ts'
import { LIMITS } from '#protocol/limits.ts'
import { openClient, type Client } from '#sdk/client.ts'
import { enrol } from '#sdk/identity.ts'
import { memoryStorage } from '#sdk/storage.ts'
import { makeAuthority } from '#server/auth/certificates.ts'
import { newCode } from '#server/auth/directory.ts'
import { schemeKey } from '#server/operator-log.ts'
import { postgresOutbox } from '#server/mail/outbox.ts'
import { postgresCashiers } from '#server/postgres/cashiers.ts'
import { deviceAuthority } from '#server/postgres/device-authority.ts'
import { postgresPhones } from '#server/postgres/phones.ts'
import { postgresProfiles } from '#server/postgres/profiles.ts'
import { postgresPushes } from '#server/postgres/push.ts'
import { postgresStaff } from '#server/postgres/staff.ts'
import type { TestHub } from './hub.ts'
import { browser, DEMO, newSite, openidOf, request } from './oidc.ts'
import { codeFor, newAddress, newKey, signUpBody } from './people.ts'
import { ask, speaker } from './raw-client.ts'
import { hereAt, nonceFor, openShop, setPinAt, signInAt, signOutAt } from './staff.ts'
import { BUCKETS, JPY } from './world.ts'

const SECOND_MS = 1_000
const bytes = (length: number): Uint8Array => Uint8Array.from(randomBytes(length))

export async function anIdentityDay(hub: TestHub, at: Readonly<{ hanako: Client; desk: Client }>): Promise<void> {
  const phone = await machineOf(at.hanako)
  await signingUp(hub)
  await ofThemselves(hub, phone)
  await furtherPhones(hub, phone)
  await closedWallets(hub, phone)
  await atATill(hub, at.desk)
  await aSite(hub, at.hanako, phone)
  await atTheDoor(hub, phone)
}

type Phone = Readonly<{ device: DeviceId; party: PartyId }>

async function machineOf(client: Client): Promise<Phone> {
  const { self } = (await client.identity()) ?? assert.fail()
  assert.ok(self.kind === 'device')
  return { device: parseId('dev', self.id) ?? assert.fail(), party: parseId('pty', self.party) ?? assert.fail() }
}

/** By mail, and once more with a lost answer. */
async function signingUp(hub: TestHub): Promise<void> {
  const email = newAddress()
  const body = signUpBody(email, await codeFor(hub, '/v1/sign-up/mail', email), newKey())
  for (const time of ['first', 'again']) assert.equal((await ask(hub, { path: '/v1/sign-up', body })).status, 200, time)
}

/** Profile, picture, address and what is shown to whom. */
async function ofThemselves({ database, store }: TestHub, { party }: Phone): Promise<void> {
  const profiles = postgresProfiles(database, BUCKETS)
  const [address, other] = [newAddress(), newAddress()]
  for (const [at, hash] of [
    [address, bytes(32)],
    [other, bytes(32)],
  ] as const) {
    const code = { purpose: 'change-email', address: at, asker: bytes(32), hash } as const
    await profiles.putCode({ ...code, nonce: bytes(16), lifeMs: LIMITS.mailCodeMs })
    assert.ok(await profiles.tryCode(code))
    for (const time of ['first', 'again']) assert.ok(await profiles.setEmail(party, code), time)
  }
  assert.equal(await profiles.ownerOf(other), party)
  const known = (await profiles.profileOf(party)) ?? assert.fail()
  await profiles.setClaims(party, { displayName: known.name, language: 'ja', birthDate: 19980514 })
  const hash = bytes(32)
  await profiles.setPortrait(party, { jpeg: bytes(100), hash })
  assert.ok(await profiles.portraitOf(party, Buffer.from(hash).toString('hex')))
  await profiles.setUserCode(party, bytes(32))
  const [shop, forgotten] = [idFrom('pty', bytes(16)), idFrom('pty', bytes(16))]
  for (const merchant of [null, shop, forgotten]) assert.ok(await profiles.setReleases(party, merchant, NO_RELEASES))
  await profiles.setReleases(party, forgotten, null)
  assert.equal((await profiles.releasesOf(party)).merchants.size, 1)
  assert.ok((await store.readPersona(party, shop)).email)
}

/** By code, and by mail and password: one comes in, one is refused, one waits. */
async function furtherPhones({ database, directory, revoked, url }: TestHub, { party }: Phone): Promise<void> {
  const phones = postgresPhones(database)
  const { code } = (await phones.openCode(party, newCode())) ?? assert.fail()
  const storage = memoryStorage()
  assert.ok((await enrol({ hub: url, storage, code, label: 'Tablet' })).ok)
  const tablet = await machineOf(openClient({ hub: url, storage }))
  await directory.revoke(tablet.device)
  revoked(tablet.device)

  const asked = async (waitMs: number): Promise<string> => {
    const { publicKey } = newKey()
    const made = await phones.request({ party, publicKey, label: 'Phone', waitMs })
    const again = await phones.request({ party, publicKey, label: 'Phone', waitMs })
    assert.ok(made?.isNew === true && again?.isNew === false)
    return made.request
  }
  const [refused, ready] = [await asked(60 * SECOND_MS), await asked(0)]
  assert.ok(await phones.refuse(party, refused))
  assert.ok(await phones.keyOfRequest(ready))
  assert.equal((await phones.finish(ready)).kind, 'in')
  assert.deepEqual(await phones.waitingOf(party), [])
  assert.ok((await phones.phonesOf(party)).some(({ status }) => status === 'revoked'))
  await directory.replaceSecret(party, (await directory.secretOf(party)) ?? assert.fail(), Date.now())
}

/** A subscription that works, and one that is given up. */
async function closedWallets({ database, mail }: TestHub, { device, party }: Phone): Promise<void> {
  const pushes = postgresPushes(database)
  const at = { endpoint: 'https://push.test/send', p256dh: bytes(65), auth: bytes(16), detail: false }
  await pushes.vapidKey()
  await pushes.subscribe(device, party, at)
  for (let failed = 0; failed < LIMITS.pushFailures; failed++) await pushes.failed(device)
  assert.equal(await pushes.phone(device), undefined)
  await pushes.subscribe(device, party, at)
  await pushes.gone(device, at.endpoint)
  await pushes.subscribe(device, party, at)
  await pushes.unsubscribe(device)
  await pushes.subscribe(device, party, at)
  await pushes.took(device)
  assert.equal((await pushes.phonesOf(party)).length, 1)
  assert.ok(await pushes.mailboxOf(party))
  const command = randomBytes(16).toString('hex')
  await pushes.command(command, device, LIMITS.pushedCommandMs)
  await pushes.answer(command, device, { provedAt: 0, until: 0, unlockMs: 0 })
  assert.equal(await pushes.answerTo(command), false)
  // What nobody takes: it waits for a service that is away.
  const outbox = postgresOutbox(database, () => {})
  const [dueAt, expiresAt] = [Date.now() + 3_600_000, Date.now() + 7_200_000]
  await outbox.add({ kind: 'push', receiver: device, body: {}, dueAt, expiresAt })
  const gone = randomBytes(16).toString('hex')
  await outbox.add({ id: gone, kind: 'push', receiver: device, body: {}, dueAt, expiresAt })
  await outbox.remove(gone)
  assert.ok(mail.demoMails().length > 0)
}

/** An owner, a further person who forgets the PIN and leaves, wrong PINs, and signing out. */
async function atATill(hub: TestHub, client: Client): Promise<void> {
  const shop = await openShop(hub, await speaker(hub, 'desk', client), 'Tea house')
  const till = await shop.terminal()
  assert.equal((await setPinAt(till, await shop.invite('Maki', 'owner'), '1111')).status, 200)
  const here = (await hereAt(till)).cashier ?? assert.fail()
  const owner: Cashier = { ...here, id: parseId('stf', here.id) ?? assert.fail() }
  const place = {
    terminal: parseId('trm', till.self.id) ?? assert.fail(),
    party: parseId('pty', shop.party) ?? assert.fail(),
  }
  const staff = postgresStaff(hub.database)
  const cashiers = postgresCashiers(hub.database)
  const hired = await staff.add(owner, { party: place.party, name: 'Ken', role: 'cashier' })
  const again = await staff.add(owner, { party: place.party, name: 'Ken', role: 'cashier' })
  assert.ok(typeof hired === 'object' && typeof again === 'object' && hired.staff === again.staff)
  const id = hired.staff
  const renewed = await staff.renew(owner, { id, party: place.party, name: 'Ken', role: 'manager' })
  assert.ok(typeof renewed === 'object')
  assert.equal((await setPinAt(till, renewed.code, '2222')).status, 200)
  assert.equal((await signInAt(till, owner.id, '1111')).status, 200)
  assert.equal((await signInAt(till, owner.id, '9999')).status, 403)
  assert.equal((await nonceFor(till, owner.id)).status, 200)
  const secret = (await cashiers.secretOf(place.party, id)) ?? assert.fail()
  const judged = await cashiers.judge(place, idFrom('stf', bytes(16)), secret, true)
  assert.equal(judged, 'nobody')
  for (const path of ['/v1/staff', '/v1/staff/here']) assert.equal((await till.reads(path)).status, 200)
  assert.equal(await staff.hasRoom(place.party), true)
  assert.equal((await cashiers.cashierAt(place))?.id, owner.id)
  await cashiers.seen(place)
  assert.ok(Array.isArray(await staff.end(owner, { id, party: place.party })))
  assert.equal((await signOutAt(till)).status, 200)
}

/** A site signs somebody in by number, and asks somebody by account; another one ends. */
async function aSite(hub: TestHub, client: Client, { party }: Phone): Promise<void> {
  const { store } = hub.openid
  const openid = openidOf(hub)
  const merchant = (await store.client(DEMO.id)) ?? assert.fail()
  const { code, verifier } = await openid.code(DEMO, client, [], { scope: 'openid profile' })
  assert.equal((await openid.redeem(DEMO, code, verifier)).status, 200)
  assert.equal((await openid.redeem(DEMO, code, verifier)).status, 400, 'good once')
  const asked = await openid.ask(DEMO, { login_hint: merchant.account })
  assert.ok(asked.status < 500)
  await openid.begin(browser(), request(DEMO).params)
  const other = await newSite(hub, merchant.party)
  assert.ok(await store.endClient(other.id))
  await store.clients()

  await store.put('Grant', 'one', { payload: {}, grantId: 'one', lifeMs: 60_000 })
  assert.ok(await store.find('Grant', 'one'))
  await store.consume('Grant', 'one')
  await store.remove('Grant', 'one')
  await store.removeOfGrant('one')
  await store.sweep()
  await store.mayPoll('one', SECOND_MS)
  await store.openAsks()
  await store.leaseAsk({ request: 'one', payment: null, pings: 0 })
  await store.addKeys([], true)
  await store.person(party)
  await store.accountOf(party)
  await store.picture(party, '00')
  await store.partyAt(newAddress())
}

/** The first operator, what the desk has of somebody and looks at, and somebody who leaves for good. */
async function atTheDoor({ operators, database, directory }: TestHub, { party }: Phone): Promise<void> {
  assert.ok((await operators.has(party)).portrait)
  for (const what of ['birth-date', 'email', 'portrait'] as const) await operators.lookAt(party, what)
  await operators.openFirstCode(SECOND_MS)
  const [operator = assert.fail()] = await operators.all()
  await operators.signInOf(operator.id)
  await operators.proved(operator.id)
  await operators.openOwnAccounts(1, JPY)
  const leaver = await directory.createParty({
    kind: 'person',
    name: 'Nina',
    legalName: 'Nina',
    bucket: 3,
    units: [JPY],
  })
  await operators.closeParty(leaver.id)
  await schemeKey(database)
  await deviceAuthority(database, () => makeAuthority(Date.now()))()
}
