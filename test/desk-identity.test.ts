// The desk's door, the sites it registers and the limits it types, without a browser: as tables.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { doorOf, type Door } from '#apps/desk/door.ts'
import { openHub } from '#apps/desk/hub.ts'
import { readProofLimits, typedProofLimits } from '#apps/desk/amounts.ts'
import { looksOf } from '#apps/desk/looks.ts'
import {
  areRedirectsRight,
  EMPTY_SITE,
  isSiteAddress,
  siteOf,
  withAttribute,
  type SiteDraft,
} from '#apps/desk/sites.ts'
import type { OperatorRole } from '#core/actions.ts'
import { problemOf, type ProblemCode } from '#protocol/problems.ts'
import type { Client } from '#sdk/client.ts'

const SELF = `opr_${'1'.repeat(32)}`

const no = (code: ProblemCode): { ok: false; problem: ReturnType<typeof problemOf> } => ({
  ok: false,
  problem: problemOf(code),
})
const who = {
  ok: true,
  view: {
    kind: 'operator',
    id: SELF,
    key: `key_${'0'.repeat(32)}`,
    name: 'Mio',
    role: 'chief',
    passkeys: [] as string[],
  },
} as const

function operators(id: string, role: OperatorRole): Parameters<typeof doorOf>[1] {
  return {
    ok: true,
    view: { operators: [{ id, name: 'Mio', role, hasPasskey: true, status: 'active', enrolledAt: 0 }] },
  }
}

describe('the door', () => {
  const cases: readonly [string, Parameters<typeof doorOf>[1], Parameters<typeof doorOf>[2], Door['at']][] = [
    ['opens for who is let in', operators(SELF, 'support'), null, 'open'],
    ['asks for a first passkey of who may say who they are and nothing else', no('passkey-needed'), who, 'add'],
    ['asks for the passkey of who has one', no('passkey-needed'), no('passkey-needed'), 'sign-in'],
    ['says what else is wrong', no('operator-revoked'), null, 'trouble'],
    ['says so too when only the second question meets it', no('passkey-needed'), no('no-answer'), 'trouble'],
  ]
  for (const [name, first, second, at] of cases) it(name, () => assert.equal(doorOf(SELF, first, second).at, at))

  it('knows the role of who is in, and takes one that is not listed for an auditor', () => {
    assert.deepEqual(doorOf(SELF, operators(SELF, 'cashier'), null), { at: 'open', role: 'cashier' })
    assert.deepEqual(doorOf(SELF, operators(`opr_${'2'.repeat(32)}`, 'chief'), null), { at: 'open', role: 'auditor' })
  })

  it('shuts when the hub asks for the passkey again, and offers what the role may do', async () => {
    let shut = 0
    const client = { request: async () => no('passkey-needed') }
    // A border of the test: the desk's hub asks a client for this alone.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    const hub = openHub(client as unknown as Client, 'support', () => shut++)
    await hub.read('operatorRules')
    await hub.send('look', `cmd_${'0'.repeat(32)}`, { party: `pty_${'0'.repeat(32)}`, what: 'email', why: 'asked' })
    assert.equal(shut, 2)
    assert.deepEqual(
      [hub.may('look'), hub.may('set-rules'), hub.may('invite'), hub.may('invite', true)],
      [true, false, true, false],
    )
  })
})

describe('a site being registered', () => {
  const addresses: readonly [string, boolean][] = [
    ['https://shop.example/cb', true],
    ['https://shop.example/cb?x=1', true],
    ['http://localhost:4001/callback', true],
    ['http://shop.example/cb', false],
    ['http://localhost.evil.example/cb', false],
    ['https://shop.example/cb#x', false],
    ['https://user@shop.example/cb', false],
    ['javascript:alert(1)', false],
    ['shop.example/cb', false],
    ['https://shop.example/ cb', false],
    ['', false],
  ]
  for (const [address, isRight] of addresses) {
    it(`${isRight ? 'takes' : 'refuses'} “${address}”`, () => assert.equal(isSiteAddress(address), isRight))
  }

  const filled: SiteDraft = {
    ...EMPTY_SITE,
    party: `pty_${'0'.repeat(32)}`,
    name: ' Library ',
    redirects: ' https://a.example/cb \n\nhttps://b.example/cb\n',
  }

  it('sends each line as an address, and no endpoint where nobody is called', () => {
    assert.deepEqual(siteOf({ ...filled, endpoint: 'https://a.example/ping' }), {
      party: filled.party,
      name: 'Library',
      redirectUris: ['https://a.example/cb', 'https://b.example/cb'],
      ciba: 'none',
      notificationEndpoint: null,
      attributes: [],
    })
  })

  it('is not sent while something is missing', () => {
    const missing: readonly [string, Partial<SiteDraft>][] = [
      ['the merchant', { party: null }],
      ['the name', { name: '  ' }],
      ['a way back', { redirects: '' }],
      ['a right address', { redirects: 'https://a.example/cb\nhttp://b.example' }],
      ['fewer addresses', { redirects: Array.from({ length: 11 }, (_, n) => `https://a.example/${n}`).join('\n') }],
      ['where to call', { ciba: 'ping' }],
      ['a right place to call', { ciba: 'ping', endpoint: 'http://a.example/ping' }],
    ]
    for (const [what, part] of missing) assert.equal(siteOf({ ...filled, ...part }), null, what)
    assert.notEqual(siteOf({ ...filled, redirects: '', ciba: 'poll' }), null, 'who only asks unasked needs no way back')
    assert.equal(areRedirectsRight({ redirects: '' }), true, 'nothing typed is not wrong yet')
  })

  it('asks for each attribute once, in one order', () => {
    const draft = (['email', 'age-band', 'email', 'portrait'] as const).reduce(withAttribute, filled)
    assert.deepEqual(draft.attributes, ['age-band', 'portrait'])
  })
})

describe('limits by kind of proof', () => {
  const limits = {
    password: '30000',
    'synced-passkey': null,
    'bound-passkey': null,
    'security-key': null,
    other: '0',
  } as const

  it('come back as they were typed out, in a unit with decimals too', () => {
    for (const unit of ['JPY', 'EUR']) assert.deepEqual(readProofLimits(typedProofLimits(limits, unit), unit), limits)
    assert.equal(typedProofLimits(limits, 'EUR').password, '300.00')
    assert.equal(typedProofLimits(limits, 'JPY')['security-key'], '')
  })

  it('are not sent with a slip in one of them', () => {
    assert.equal(readProofLimits({ ...typedProofLimits(limits, 'JPY'), other: 'many' }, 'JPY'), null)
    assert.equal(readProofLimits(typedProofLimits(limits, 'JPY'), '???'), null)
  })
})

it('offers a look at what is kept alone', () => {
  const has = { birthDate: false, claimedBirthDate: false, email: false, portrait: false }
  assert.deepEqual(looksOf({ has }), [])
  assert.deepEqual(looksOf({ has: { ...has, claimedBirthDate: true, portrait: true } }), ['birth-date', 'portrait'])
  assert.deepEqual(looksOf({ has: { ...has, birthDate: true, email: true } }), ['birth-date', 'email'])
})
