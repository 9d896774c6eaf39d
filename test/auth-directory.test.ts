// One contract for both directories: in memory, and in a real PostgreSQL.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, describe, it } from 'node:test'
import pg from 'pg'
import { bucketOf } from '#core/accounts.ts'
import { bucketOfId, idFrom, idInBucket, isId } from '#core/ids.ts'
import { accountInBucket, codeHash, newCode, type ActorId, type Directory } from '#server/auth/directory.ts'
import { memoryDirectory } from '#server/auth/memory-directory.ts'
import { openDatabase } from '#server/postgres/connect.ts'
import { postgresDirectory } from '#server/postgres/directory.ts'
import { createScheme } from '#server/postgres/scheme.ts'
import { migratedDatabase } from './support/postgres.ts'
import { BUCKETS, JPY } from './support/world.ts'

const DAY_MS = 86_400_000
const key = (): Uint8Array => Buffer.concat([Buffer.of(4), randomBytes(64)])

describe('codes and numbers', () => {
  it('makes codes of ten plain symbols and finds them however they are typed', () => {
    const code = newCode()
    assert.match(code, /^[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{2}$/)
    assert.deepEqual(codeHash(' ab0d-ef1h jk'), codeHash('ABOD-EFIH-JK'))
    assert.notDeepEqual(codeHash('ABCD-EFGH-JK'), codeHash('ABCD-EFGH-JM'))
  })

  it('gives out account numbers of one bucket, never the same twice, branch after branch', () => {
    for (const buckets of [1, 16, 60]) {
      const perBranch = Math.floor(10_000_000 / buckets)
      const ns = [0, 1, 2, perBranch - 1, perBranch, perBranch + 1, 900 * perBranch]
      const accounts = ns.map((n) => accountInBucket(buckets - 1, n, buckets))
      assert.equal(new Set(accounts).size, ns.length)
      for (const account of accounts) assert.equal(bucketOf(account, buckets), buckets - 1)
    }
  })
})

describe('directory in memory', () => {
  contract(async () => memoryDirectory({ buckets: BUCKETS, now: Date.now }))
})

describe('directory in PostgreSQL', () => {
  let opened: Promise<{ directory: Directory; pool: pg.Pool; end(): Promise<void> }> | undefined
  const open = () => {
    opened ??= (async () => {
      const settings = await migratedDatabase()
      await createScheme(settings, { name: 'Testville', demo: true, buckets: BUCKETS, unit: JPY })
      const database = openDatabase(settings, { transactions: 4, reads: 4, role: true })
      return {
        directory: postgresDirectory(database.transactions),
        pool: database.transactions,
        end: () => database.end(),
      }
    })()
    return opened
  }
  after(async () => (await opened)?.end())
  contract(async () => (await open()).directory)

  it('opens the accounts of a party and the rows that the rules read', async () => {
    const { directory, pool } = await open()
    const { party, identity } = await enrolled(directory, 'terminal', 7)
    const accounts = await pool.query('select bucket, unit, balance from account where key = $1', [party.account])
    assert.deepEqual(accounts.rows, [{ bucket: 7, unit: 'JPY', balance: '0' }])
    const uuid = identity.actor.id.slice(4)
    const terminals = await pool.query('select bucket, status from terminal where id = $1', [uuid])
    assert.deepEqual(terminals.rows, [{ bucket: 7, status: 'active' }])
    const phone = await enrolled(directory, 'device', 7)
    const devices = await pool.query('select key, proved_at from device where id = $1', [
      phone.identity.actor.id.slice(4),
    ])
    assert.equal(String(devices.rows[0]?.key).replaceAll('-', ''), phone.identity.actor.key.slice(4))
    assert.equal(Number(devices.rows[0]?.proved_at), 0)
    // Its person may ask for money: as a terminal of the same id, until the phone is revoked.
    const twin = async () =>
      (await pool.query('select bucket, status from terminal where id = $1', [phone.identity.actor.id.slice(4)])).rows
    assert.deepEqual(await twin(), [{ bucket: 7, status: 'active' }])
    assert.ok(await directory.revoke(phone.identity.actor.id))
    assert.deepEqual(await twin(), [{ bucket: 7, status: 'revoked' }])
    const revoked = await pool.query('select status from device where id = $1', [phone.identity.actor.id.slice(4)])
    assert.deepEqual(revoked.rows, [{ status: 'revoked' }])
    assert.equal((await directory.identityOf(phone.identity.actor.id))?.status, 'revoked')
  })
})

async function enrolled(directory: Directory, kind: 'device' | 'terminal', bucket: number) {
  const isDevice = kind === 'device'
  const party = await directory.createParty({
    kind: isDevice ? 'person' : 'merchant',
    name: isDevice ? 'Hanako' : 'Café Aoi',
    legalName: isDevice ? 'Aoi Hanako' : 'Aoi Trading Ltd.',
    bucket,
    units: [JPY],
  })
  const asked = isDevice
    ? { party: party.id, kind, lifeMs: DAY_MS }
    : { party: party.id, kind, label: 'Till 1', terminalKind: 'vending' as const, lifeMs: DAY_MS }
  const { code } = await directory.createCode(asked)
  const publicKey = key()
  const identity = await directory.useCode({ code, publicKey, label: 'My phone' })
  assert(identity)
  return { party, code, publicKey, identity }
}

function contract(open: () => Promise<Directory>): void {
  it('gives each party of a bucket its own account number there', async () => {
    const directory = await open()
    const made = await Promise.all(Array.from({ length: 8 }, () => enrolled(directory, 'device', 11)))
    assert.equal(new Set(made.map(({ party }) => party.account)).size, made.length)
    for (const { party, identity } of made) {
      assert(isId('pty', party.id))
      const buckets = [bucketOfId(party.id), bucketOf(party.account, BUCKETS), bucketOfId(identity.actor.id)]
      assert.deepEqual(buckets, [11, 11, 11])
      assert.deepEqual(await directory.partyOf(party.id), party)
    }
    const names = await directory.namesOf([...made.map(({ party }) => party.id), idFrom('pty', new Uint8Array(16))])
    assert.equal(names.size, made.length)
    assert.equal(names.get(made[0]?.party.id ?? idFrom('pty', new Uint8Array(16))), 'Hanako')
  })

  it('knows a terminal and a device by their ids', async () => {
    const directory = await open()
    const till = await enrolled(directory, 'terminal', 2)
    const { party, identity, publicKey } = till
    assert.deepEqual(identity.actor, {
      kind: 'terminal',
      id: identity.actor.id,
      key: identity.actor.key,
      party: party.id,
      account: party.account,
      name: 'Café Aoi',
      legalName: 'Aoi Trading Ltd.',
      label: 'Till 1',
      terminalKind: 'vending',
      cashier: null,
    })
    assert.deepEqual([identity.status, identity.terminalKind], ['active', 'vending'])
    assert.deepEqual(Buffer.from(identity.publicKey), Buffer.from(publicKey))
    assert.deepEqual(await directory.identityOf(identity.actor.id), identity)
    for (const _ of ['read', 'kept']) {
      assert.deepEqual(Buffer.from((await directory.publicKeyOf(identity.actor.id)) ?? []), Buffer.from(publicKey))
    }
    assert.equal(await directory.publicKeyOf(idFrom('dev', new Uint8Array(16))), undefined)
    const phone = await enrolled(directory, 'device', 2)
    assert.equal(phone.identity.terminalKind, null)
    assert.equal(phone.identity.actor.kind, 'device')
    assert.equal(await directory.identityOf(idFrom('dev', new Uint8Array(16))), undefined)
  })

  it('takes a code once, from whoever is first, and gives the same key the same answer again', async () => {
    const directory = await open()
    const { party, code, publicKey, identity } = await enrolled(directory, 'device', 4)
    assert.deepEqual(await directory.useCode({ code, publicKey, label: 'again' }), identity)
    assert.equal(await directory.useCode({ code, publicKey: key(), label: 'thief' }), undefined)
    assert.equal(await directory.useCode({ code: newCode(), publicKey, label: 'guess' }), undefined)

    const fresh = await directory.createCode({ party: party.id, kind: 'device', lifeMs: DAY_MS })
    const racers = await Promise.all(
      Array.from({ length: 4 }, () => directory.useCode({ code: fresh.code, publicKey: key(), label: 'racer' })),
    )
    assert.equal(racers.filter((racer) => racer !== undefined).length, 1)
    const late = await directory.createCode({ party: party.id, kind: 'device', lifeMs: -1 })
    assert.equal(await directory.useCode({ code: late.code, publicKey, label: 'late' }), undefined)
  })

  it('keeps one secret for a person', async () => {
    const directory = await open()
    const { party } = await enrolled(directory, 'device', 6)
    assert.equal(await directory.secretOf(party.id), undefined)
    const secret = {
      salt: randomBytes(16),
      iterations: 310_000,
      storedKey: randomBytes(32),
      serverKey: randomBytes(32),
    }
    assert.equal(await directory.setSecret(party.id, secret), true)
    assert.equal(await directory.setSecret(party.id, secret), true, 'the answer was lost')
    assert.equal(await directory.setSecret(party.id, { ...secret, storedKey: randomBytes(32) }), false)
    assert.deepEqual(await directory.secretOf(party.id), secret)
  })

  it('keeps passkeys, and moves their counters only forward', async () => {
    const directory = await open()
    const { party, identity } = await enrolled(directory, 'device', 6)
    const passkey = {
      credential: randomBytes(16),
      publicKey: randomBytes(77),
      counter: 0,
      isBackupEligible: false,
      isRoaming: true,
      transports: ['usb'],
    }
    assert.equal(await directory.addPasskey(party.id, passkey), true)
    assert.equal(await directory.addPasskey(party.id, passkey), false)
    const [kept] = await directory.passkeysOf(party.id)
    assert(kept !== undefined && kept.addedAt > 0)
    assert.deepEqual(kept, { ...passkey, addedAt: kept.addedAt })
    const move = (counter: number, use: Uint8Array) =>
      directory.usePasskey(party.id, { credential: passkey.credential, counter, isBackupEligible: false, use })
    const first = randomBytes(32)
    for (const [counter, use, may] of [
      [0, first, true],
      [0, randomBytes(32), true],
      [2, first, true],
      [2, first, true],
      [2, randomBytes(32), false],
      [1, first, false],
      [3, first, true],
    ] as const) {
      assert.equal(await move(counter, use), may, `counter ${counter}`)
    }
    const used = { credential: passkey.credential, counter: 4, isBackupEligible: true, use: first }
    assert.equal(await directory.usePasskey(party.id, { ...used, credential: randomBytes(16) }), false)
    assert.equal((await directory.passkeysOf(party.id))[0]?.isBackupEligible, false)
    assert.equal(await directory.usePasskey(party.id, used), true)
    assert.equal(await directory.usePasskey(party.id, { ...used, counter: 5, isBackupEligible: false }), true)
    assert.equal((await directory.passkeysOf(party.id))[0]?.isBackupEligible, true)

    const operator = idInBucket('opr', 0, randomBytes(14))
    assert.equal(await directory.addPasskey(operator, passkey), true)
    assert.equal(await directory.removePasskey(party.id, randomBytes(16)), false)
    assert.equal(await directory.removePasskey(party.id, passkey.credential), true)
    assert.equal(await directory.removePasskey(party.id, passkey.credential), false)
    assert.deepEqual(await directory.passkeysOf(party.id), [])
    assert.equal((await directory.passkeysOf(operator)).length, 1)

    const { actor } = identity
    assert(actor.kind === 'device')
    const challenge = randomBytes(32)
    const ask = (challenge: Uint8Array, wantsRoaming: boolean, lifeMs = DAY_MS) =>
      directory.putChallenge(actor.id, { challenge, wantsRoaming, lifeMs })
    await ask(randomBytes(32), false)
    await ask(challenge, true)
    assert.deepEqual(await directory.takeChallenge(actor.id), { challenge, wantsRoaming: true })
    assert.equal(await directory.takeChallenge(actor.id), undefined)
    await ask(challenge, true, -1)
    assert.equal(await directory.takeChallenge(actor.id), undefined)
  })

  it('gives a device one nonce at a time for a proof that is no payment', async () => {
    const directory = await open()
    const { identity } = await enrolled(directory, 'device', 6)
    const other = await enrolled(directory, 'device', 6)
    assert(identity.actor.kind === 'device' && other.identity.actor.kind === 'device')
    const { id } = identity.actor
    const [first, second] = [randomBytes(16), randomBytes(16)]
    assert.equal(await directory.hasPresenceNonce(id, first), false)
    await directory.putPresenceNonce(id, first, DAY_MS)
    assert((await directory.putPresenceNonce(id, second, DAY_MS)) > Date.now())
    assert.equal(await directory.hasPresenceNonce(id, first), false)
    assert.equal(await directory.hasPresenceNonce(other.identity.actor.id, second), false)
    assert.equal(await directory.hasPresenceNonce(id, second), true)
    await directory.putPresenceNonce(id, first, -1)
    assert.equal(await directory.hasPresenceNonce(id, first), false)
  })

  it('replaces a secret by another, and none that was set after it was asked for', async () => {
    const directory = await open()
    const { party } = await enrolled(directory, 'device', 6)
    const [old, next] = [300_000, 400_000].map((iterations) => ({
      salt: randomBytes(16),
      iterations,
      storedKey: randomBytes(32),
      serverKey: randomBytes(32),
    }))
    assert(old && next)
    await directory.replaceSecret(party.id, old, Date.now())
    assert.deepEqual(await directory.secretOf(party.id), old)
    await directory.replaceSecret(party.id, next, Date.now() + DAY_MS)
    assert.deepEqual(await directory.secretOf(party.id), next)
    await directory.replaceSecret(party.id, old, Date.now() - DAY_MS)
    assert.deepEqual(await directory.secretOf(party.id), next)
  })

  it('keeps sessions until they end or their actor is revoked', async () => {
    const directory = await open()
    const { identity } = await enrolled(directory, 'terminal', 9)
    const other = await enrolled(directory, 'device', 9)
    const session = (actor: ActorId, expiresAt = Date.now() + DAY_MS) => ({
      id: idFrom('ses', randomBytes(16)),
      actor,
      macKey: randomBytes(32),
      tokenHash: randomBytes(32),
      nonce: randomBytes(16),
      expiresAt,
    })
    const first = session(identity.actor.id)
    assert.equal(await directory.putSession(first), true)
    assert.equal(await directory.putSession({ ...session(identity.actor.id), nonce: first.nonce }), false, 'a replay')
    assert.equal(await directory.putSession({ ...session(other.identity.actor.id), nonce: first.nonce }), true)
    assert.deepEqual(await directory.sessionOf(first.id), { session: first, identity })
    assert.equal(await directory.sessionOf(idFrom('ses', randomBytes(16))), undefined)

    const ended = session(identity.actor.id, Date.now() - DAY_MS)
    assert.equal(await directory.putSession(ended), true)
    assert.equal(await directory.putSession(session(identity.actor.id)), true)
    assert.equal(await directory.sessionOf(ended.id), undefined, 'forgotten by the next start')

    assert.equal(await directory.revoke(identity.actor.id), true)
    assert.equal(await directory.sessionOf(first.id), undefined)
    assert.equal((await directory.identityOf(identity.actor.id))?.status, 'revoked')
    assert.equal(await directory.revoke(idFrom('trm', new Uint8Array(16))), false)
    const kept = session(other.identity.actor.id)
    await directory.putSession(kept)
    await directory.endSessions(other.identity.actor.id)
    assert.equal(await directory.sessionOf(kept.id), undefined)
  })
}
