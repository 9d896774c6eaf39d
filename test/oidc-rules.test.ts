// OpenID's rules with values: which keys sign, which addresses may be pinged, what a site may register, whom a hint means.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { idInBucket } from '#core/ids.ts'
import { ASKABLE } from '#core/persona.ts'
import { askedBy, grantedScope, pairwiseSubject, parseLoginHint, scopesOf } from '#server/oidc/claims.ts'
import { isSecret, secretHash, siteFault, type NewSite } from '#server/oidc/clients.ts'
import { keysAt, PUBLISHED_AFTER_MS, PUBLISHED_BEFORE_MS } from '#server/oidc/keys.ts'
import { isPublicAddress } from '#server/open-internet.ts'
import { post } from '#server/oidc/outgoing.ts'

const PARTY = idInBucket('pty', 1, new Uint8Array(14))

describe('keys', () => {
  const key = (id: string, createdAt: number, retiredAt: number | null = null) => ({
    id,
    publicKey: '',
    privateKey: '',
    createdAt,
    retiredAt,
  })
  const namesAt = (now: number, ...rows: ReturnType<typeof key>[]): string =>
    keysAt(rows, now)
      .map(({ id }) => id)
      .join(' ')
  const [first, second] = [key('first', 0, 1_000_000), key('second', 1_000_000)]

  test('the only key signs at once', () => assert.equal(namesAt(1, key('only', 0)), 'only'))
  test('a new key is published before it signs', () => {
    assert.equal(namesAt(1_000_000, first, second), 'first second')
    assert.equal(namesAt(1_000_000 + PUBLISHED_BEFORE_MS - 1, first, second), 'first second')
    assert.equal(namesAt(1_000_000 + PUBLISHED_BEFORE_MS, first, second), 'second first')
  })
  test('an old key goes when all that it signed is over', () => {
    assert.equal(namesAt(1_000_000 + PUBLISHED_AFTER_MS - 1, first, second), 'second first')
    assert.equal(namesAt(1_000_000 + PUBLISHED_AFTER_MS, first, second), 'second')
  })
})

describe('addresses that the hub does not talk to', () => {
  const inside =
    '0.0.0.0 10.1.2.3 100.64.0.1 127.0.0.1 127.9.9.9 169.254.169.254 172.16.0.1 172.31.255.255 192.168.1.1 198.18.0.1 224.0.0.1 255.255.255.255 ' +
    ':: ::1 ::ffff:10.0.0.1 ::ffff:8.8.8.8 fe80::1 fc00::1 fd12::1 ff02::1 64:ff9b::a00:1 2001:db8::1 2002:a00:1::1 2001::1'
  for (const address of inside.split(' '))
    test(`inside: ${address}`, () => assert.equal(isPublicAddress(address), false))
  for (const address of '8.8.8.8 172.15.0.1 172.32.0.1 100.63.0.1 100.128.0.1 2606:4700::1111 2a00:1450::1'.split(' '))
    test(`outside: ${address}`, () => assert.equal(isPublicAddress(address), true))

  const loopback = { loopback: false }
  const refused = [
    'http://shop.example/ping',
    'https://127.0.0.1/ping',
    'https://[::1]/ping',
    'https://10.0.0.1/ping',
    'https://169.254.169.254/latest',
    'https://0x7f.1/ping',
    'https://2130706433/ping',
    'ftp://shop.example/',
  ]
  for (const to of refused)
    test(`never asked: ${to}`, async () => {
      await assert.rejects(async () => post(to, { headers: {}, body: '' }, loopback), /inside|https/)
    })
  test('a name that leads inside is not connected to', async () => {
    await assert.rejects(async () => post('https://localhost:1/', { headers: {}, body: '' }, loopback), /inside/)
  })
})

describe('sites', () => {
  const site: NewSite = {
    party: PARTY,
    name: 'Shop',
    redirectUris: ['https://shop.example/callback'],
    ciba: 'none',
    notificationEndpoint: null,
    attributes: [],
  }
  const rows: readonly (readonly [what: string, over: Partial<NewSite>, field: string | undefined])[] = [
    ['https', {}, undefined],
    ['http on this machine', { redirectUris: ['http://localhost:4001/callback', 'http://127.0.0.1/x'] }, undefined],
    ['only asked by back channel', { redirectUris: [], ciba: 'poll' }, undefined],
    ['ping by https', { ciba: 'ping', notificationEndpoint: 'https://shop.example/ping' }, undefined],
    ['ping on this machine', { ciba: 'ping', notificationEndpoint: 'http://localhost:4001/ping' }, undefined],
    ['nothing to come back to', { redirectUris: [] }, 'redirectUris'],
    ['the same twice', { redirectUris: ['https://a.example/', 'https://a.example/'] }, 'redirectUris'],
    ['http elsewhere', { redirectUris: ['http://shop.example/'] }, 'redirectUris/0'],
    ['a fragment', { redirectUris: ['https://shop.example/', 'https://shop.example/#x'] }, 'redirectUris/1'],
    ['an empty fragment', { redirectUris: ['https://shop.example/#'] }, 'redirectUris/0'],
    ['a user', { redirectUris: ['https://a@shop.example/'] }, 'redirectUris/0'],
    ['a wildcard', { redirectUris: ['https://*.shop.example/'] }, 'redirectUris/0'],
    ['another scheme', { redirectUris: ['javascript:alert(1)'] }, 'redirectUris/0'],
    ['ping to nowhere', { ciba: 'ping' }, 'notificationEndpoint'],
    ['poll with an endpoint', { ciba: 'poll', notificationEndpoint: 'https://a.example/' }, 'notificationEndpoint'],
    ['ping by http elsewhere', { ciba: 'ping', notificationEndpoint: 'http://a.example/' }, 'notificationEndpoint'],
    [
      'ping by https on this machine',
      { ciba: 'ping', notificationEndpoint: 'https://localhost/' },
      'notificationEndpoint',
    ],
  ]
  for (const [what, over, field] of rows)
    test(`${what}: ${field ?? 'stands'}`, () => {
      assert.equal(siteFault({ ...site, ...over })?.figures?.field, field)
    })

  test('of a secret only the hash is kept, which is no secret itself', () => {
    const hash = secretHash('right')
    assert.equal(isSecret(hash, 'right'), true)
    assert.equal(isSecret(hash, 'wrong'), false)
    assert.equal(isSecret(hash, hash), false)
  })
})

describe('scopes, subjects, hints', () => {
  test('every attribute has a scope, and back', () => {
    assert.deepEqual(askedBy(scopesOf(ASKABLE).join(' ')), [...ASKABLE])
    assert.deepEqual(askedBy('openid profile'), [])
  })
  test('granted is what was asked and released', () => {
    assert.equal(grantedScope('openid profile age email', ['age-band']), 'openid profile age')
    assert.equal(grantedScope('openid age', ['age-band', 'region']), 'openid age')
    assert.equal(grantedScope('openid', []), 'openid')
  })
  test('a subject is another one by key, site and person', () => {
    const [key, another] = [new Uint8Array(32), new Uint8Array(32).fill(1)]
    const kenji = idInBucket('pty', 2, new Uint8Array(14))
    const subjects = [
      pairwiseSubject(key, 'a', PARTY),
      pairwiseSubject(key, 'b', PARTY),
      pairwiseSubject(key, 'a', kenji),
      pairwiseSubject(another, 'a', PARTY),
    ]
    assert.equal(new Set(subjects).size, 4)
    assert.equal(pairwiseSubject(key, 'a', PARTY), subjects[0])
  })
  test('a hint is an account number or an address, and nothing else', () => {
    const account = { kind: 'account', account: '00000000174' }
    for (const hint of ['00000000174', '000-0000017-4', '０００-００００017-4'])
      assert.deepEqual(parseLoginHint(hint), account)
    assert.deepEqual(parseLoginHint(' Hanako@Example.JP '), { kind: 'email', address: 'hanako@example.jp' })
    for (const hint of ['00000000175', '17', 'hanako', '', `${'x'.repeat(300)}@example.jp`])
      assert.equal(parseLoginHint(hint), undefined)
  })
})
