// A merchant's people, through HTTP: who must sign in, with what, what each role may do, and who changes whom.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { STAFF_ROLES, mayManage, type StaffRole } from '#core/staff.ts'
import { FREE_WRONG_PROOFS } from '#core/device.ts'
import { parseId } from '#core/ids.ts'
import { LIMITS } from '#protocol/limits.ts'
import { billToWire } from '#protocol/bill.ts'
import { enrolled, startTestHub, until, type TestHub } from './support/hub.ts'
import { withClient } from './support/postgres.ts'
import {
  assertProblem,
  fingerprint,
  newCommand,
  newDeal,
  speaker,
  type Reply,
  type Speaker,
} from './support/raw-client.ts'
import { enrolWith, hereAt, nonceFor, openShop, setPinAt, signInAt, signInBody, signOutAt } from './support/staff.ts'
import { billOf } from './support/world.ts'

type Row = Record<string, unknown>
let hub: TestHub
let desk: Speaker

before(async () => {
  hub = await startTestHub()
  desk = await speaker(hub, 'desk', await enrolled(hub, 'desk'))
})
after(() => hub.stop())

const query = async (text: string, values: unknown[]): Promise<Row[]> =>
  withClient(hub.settings, async (client) => (await client.query<Row>(text, values)).rows)

const codeOf = (reply: Reply): string => (reply.status === 200 ? 'done' : assertProblem(reply, reply.text))

const offer = (till: Speaker, command?: string): Promise<Reply> =>
  till.command('open-offer', { deal: newDeal(), bill: billToWire(billOf(500n)) }, command)

/** A shop with a till where an owner has set a PIN and stands. */
async function shopWithOwner(name: string) {
  const shop = await openShop(hub, desk, name)
  const till = await shop.terminal()
  const here = await setPinAt(till, await shop.invite('Maki', 'owner'), '1111')
  assert.equal(here.status, 200, here.text)
  const owner = (await hereAt(till)).cashier?.id ?? assert.fail()
  /** A further person with a PIN, made by the owner; the till is the owner's again afterwards. */
  async function hire(who: string, role: StaffRole, pin: string): Promise<string> {
    const added = await till.signed({ path: '/v1/staff/add', body: { staff: null, name: who, role } })
    assert.equal(added.status, 200, added.text)
    assert.equal((await setPinAt(till, String(added.body.code), pin)).status, 200)
    assert.equal((await signInAt(till, owner, '1111')).status, 200)
    return String(added.body.staff)
  }
  return { ...shop, till, owner, hire }
}

describe('who must sign in', () => {
  test('a shop without people works as before, also while an invited owner has set no PIN yet', async () => {
    const shop = await openShop(hub, desk, 'Alone')
    const till = await shop.terminal()
    assert.deepEqual(await hereAt(till), { needed: false, cashier: null, staff: [] })
    await shop.invite('Maki', 'owner')
    assert.deepEqual([codeOf(await offer(till)), (await hereAt(till)).needed], ['done', false])
    assert.equal((await till.reads('/v1/sales')).status, 200)
    assert.equal(assertProblem(await till.reads('/v1/staff'), 'staff'), 'cashier-needed')
  })

  test('with people, nothing goes without somebody at the till; the deal’s command row and view say who', async () => {
    const { till, owner } = await shopWithOwner('Peopled')
    const made = await offer(till)
    assert.equal((made.body.deal as Row).cashier, 'Maki')
    const rows = await query('select staff from command where actor = $1', [till.self.id.slice(4)])
    assert.deepEqual(rows, [
      {
        staff: `${owner.slice(4, 12)}-${owner.slice(12, 16)}-${owner.slice(16, 20)}-${owner.slice(20, 24)}-${owner.slice(24)}`,
      },
    ])

    assert.equal((await signOutAt(till)).status, 200)
    const command = newCommand()
    assert.equal(codeOf(await offer(till, command)), 'cashier-needed')
    assert.deepEqual(await query('select 1 from command where id = $1', [command.slice(4)]), [])
    for (const path of ['/v1/sales', '/v1/history', '/v1/balances', '/v1/history.csv?from=2026-01-01&to=2026-01-02'])
      assert.equal(assertProblem(await till.reads(path), path), 'cashier-needed')
    // What is on the screen stays there: the terminal's own deals.
    assert.equal((await till.reads('/v1/deals')).status, 200)
    assert.equal((await signInAt(till, owner, '1111')).status, 200)
    assert.equal(codeOf(await offer(till, command)), 'done', 'the command id was not consumed')
  })

  test('every terminal has its own cashier, and a machine that stands alone needs none to sell', async () => {
    const shop = await shopWithOwner('Two tills')
    const second = await shop.terminal()
    assert.equal(codeOf(await offer(second)), 'cashier-needed')
    assert.equal((await signInAt(second, shop.owner, '1111')).status, 200)
    assert.equal(codeOf(await offer(second)), 'done')
    const vending = await shop.terminal('vending')
    assert.equal((await hereAt(vending)).needed, false)
    assert.equal(codeOf(await offer(vending)), 'done')
    assert.equal(assertProblem(await vending.reads('/v1/sales'), 'sales'), 'cashier-needed')
  })

  test('who was idle too long is signed out, and work keeps one signed in', async () => {
    const { till } = await shopWithOwner('Idle')
    const idle = (ms: number): Promise<Row[]> =>
      query('update cashier set seen_at = seen_at - $2 where terminal = $1 returning seen_at', [
        till.self.id.slice(4),
        ms,
      ])
    const seenAt = async (): Promise<number> =>
      Number((await query('select seen_at from cashier where terminal = $1', [till.self.id.slice(4)]))[0]?.seen_at)
    const [before] = await idle(LIMITS.cashierIdleMs - 60_000)
    assert.equal(codeOf(await offer(till)), 'done')
    await until(async () => (await seenAt()) > Number(before?.seen_at))
    await idle(LIMITS.cashierIdleMs + 60_000)
    hub.sessions.forget(parseId('trm', till.self.id) ?? assert.fail())
    assert.deepEqual([codeOf(await offer(till)), (await hereAt(till)).cashier], ['cashier-needed', null])
  })
})

describe('signing in', () => {
  test('a nonce is good once, for this terminal and person alone, and two minutes', async () => {
    const { till, owner, terminal, hire } = await shopWithOwner('Nonces')
    const other = await terminal()
    const ken = await hire('Ken', 'cashier', '2222')
    await signOutAt(till)
    const signIn = (at: Speaker, body: object): Promise<Reply> => at.signed({ path: '/v1/staff/sign-in', body })
    const asked = async (at: Speaker, staff: string): Promise<Row> => (await nonceFor(at, staff)).body
    const proof = async (ask: Row, over = {}) => signInBody(till, { staff: owner, pin: '1111', ask }, over)

    const good = await proof(await asked(till, owner))
    assert.equal(codeOf(await signIn(till, good)), 'done')
    await signOutAt(till)
    assert.equal(codeOf(await signIn(till, good)), 'proof-wrong', 'used')
    const ask = await asked(till, owner)
    await asked(other, owner)
    assert.equal(codeOf(await signIn(other, await proof(ask))), 'proof-wrong', 'of another terminal')
    assert.equal(
      codeOf(await signIn(till, await proof(await asked(till, owner), { terminal: other.self.id }))),
      'proof-wrong',
    )
    assert.equal(codeOf(await signIn(till, await proof(await asked(till, owner), { staff: ken }))), 'proof-wrong')
    const old = await proof(await asked(till, owner))
    await query('update cashier set nonce_expires_at = 0 where terminal = $1', [till.self.id.slice(4)])
    assert.equal(codeOf(await signIn(till, old)), 'proof-wrong', 'run out')
    const flipped = await proof(await asked(till, owner))
    flipped.clientProof = (flipped.clientProof.startsWith('A') ? 'B' : 'A') + flipped.clientProof.slice(1)
    assert.equal(codeOf(await signIn(till, flipped)), 'proof-wrong')
    assert.equal((await hereAt(till)).cashier, null)
    assert.equal((await signInAt(till, owner, '1111')).status, 200)
  })

  test('people of another shop, ended ones and those without a PIN are nobody', async () => {
    const one = await shopWithOwner('One')
    const two = await shopWithOwner('Two')
    assert.equal(codeOf(await nonceFor(one.till, two.owner)), 'not-found')
    const ask = await nonceFor(one.till, one.owner)
    const foreign = await signInBody(one.till, { staff: two.owner, pin: '1111', ask: ask.body })
    assert.equal(codeOf(await one.till.signed({ path: '/v1/staff/sign-in', body: foreign })), 'not-found')
    const added = await one.till.signed({
      path: '/v1/staff/add',
      body: { staff: null, name: 'Without PIN', role: 'cashier' },
    })
    assert.equal(codeOf(await nonceFor(one.till, String(added.body.staff))), 'not-found')
  })

  test('wrong PINs lock as those of a phone do; the right one is not looked at meanwhile, and nobody else is locked', async () => {
    const { till, owner, hire } = await shopWithOwner('Guessed')
    const ken = await hire('Ken', 'cashier', '2222')
    const codes: unknown[] = []
    for (let tries = 0; tries < FREE_WRONG_PROOFS; tries++) {
      const reply = await signInAt(till, ken, '9999')
      codes.push([reply.body.code, (reply.body.figures as Row).triesLeft])
    }
    assert.deepEqual(
      codes,
      [4, 3, 2, 1, 0].map((left) => ['proof-wrong', String(left)]),
    )
    const locked = await signInAt(till, ken, '2222')
    assert.equal(codeOf(locked), 'proof-locked')
    assert.ok(Number((locked.body.figures as Row).until) > Date.now())
    const lockOf = async (): Promise<number[]> => {
      const [row] = await query('select wrong_proofs, locked_until from staff where id = $1', [ken.slice(4)])
      return [Number(row?.wrong_proofs), Math.round((Number(row?.locked_until) - Date.now()) / 60_000)]
    }
    assert.deepEqual(await lockOf(), [5, 1])
    for (const minutes of [5, 15, 60, 60]) {
      await query('update staff set locked_until = 0 where id = $1', [ken.slice(4)])
      assert.equal(codeOf(await signInAt(till, ken, '9999')), 'proof-wrong')
      assert.equal((await lockOf())[1], minutes)
    }
    assert.equal((await signInAt(till, owner, '1111')).status, 200)
    await query('update staff set locked_until = 0 where id = $1', [ken.slice(4)])
    assert.equal((await signInAt(till, ken, '2222')).status, 200)
    assert.deepEqual((await lockOf())[0], 0)
  })

  test('many guesses at the same moment from many terminals count one by one', async () => {
    const shop = await shopWithOwner('Raced')
    const ken = await shop.hire('Ken', 'cashier', '2222')
    const tills = await Promise.all(Array.from({ length: 8 }, () => shop.terminal()))
    const codes = (await Promise.all(tills.map((till) => signInAt(till, ken, '9999')))).map(codeOf)
    assert.deepEqual(
      ['proof-wrong', 'proof-locked'].map((code) => codes.filter((each) => each === code).length),
      [FREE_WRONG_PROOFS, tills.length - FREE_WRONG_PROOFS],
    )
  })
})

describe('codes', () => {
  test('a code sets a PIN once; the same till may repeat it with the same verifier, and nobody else', async () => {
    const shop = await openShop(hub, desk, 'Codes')
    const [till, other] = [await shop.terminal(), await shop.terminal()]
    const code = await shop.invite('Maki', 'owner')
    const foreign = await shopWithOwner('Foreign')
    assert.equal(codeOf(await setPinAt(foreign.till, code, '1111')), 'code-not-found')
    const sent: Reply[] = []
    const remembering: Speaker = {
      ...till,
      signed: async (asked) => {
        sent.push(await till.signed(asked), await till.signed(asked), await other.signed(asked))
        return sent[0] ?? assert.fail()
      },
    }
    await setPinAt(remembering, code, '1111')
    assert.deepEqual(sent.map(codeOf), ['done', 'done', 'code-not-found'])
    assert.equal(codeOf(await setPinAt(till, code, '7777')), 'code-not-found', 'another PIN')
    assert.equal(codeOf(await setPinAt(till, 'AAAA-AAAA-AA', '7777')), 'code-not-found')
    assert.deepEqual(
      (await query('select code_hash from staff where party = $1', [shop.party.slice(4)])).map(({ code_hash }) =>
        Buffer.isBuffer(code_hash) ? code_hash.length : null,
      ),
      [32],
    )
  })

  test('a code lives a day', async () => {
    const shop = await openShop(hub, desk, 'Late')
    const till = await shop.terminal()
    const code = await shop.invite('Maki', 'owner')
    const [row] = await query('select code_expires_at from staff where party = $1', [shop.party.slice(4)])
    assert.ok(Math.abs(Number(row?.code_expires_at) - Date.now() - 24 * 3_600_000) < 60_000)
    await query('update staff set code_expires_at = 1 where party = $1', [shop.party.slice(4)])
    assert.equal(codeOf(await setPinAt(till, code, '1111')), 'code-not-found')
  })

  test('who forgot the PIN gets a new code from a manager above, and the old PIN goes with it', async () => {
    const { till, owner, hire } = await shopWithOwner('Forgetful')
    const ken = await hire('Ken', 'cashier', '2222')
    const again = await till.signed({ path: '/v1/staff/add', body: { staff: ken, name: 'Ken', role: 'cashier' } })
    assert.deepEqual([again.status, again.body.staff], [200, ken])
    assert.equal((await setPinAt(till, String(again.body.code), '3333')).status, 200)
    assert.equal(codeOf(await signInAt(till, ken, '2222')), 'proof-wrong')
    assert.equal((await signInAt(till, ken, '3333')).status, 200)
    assert.equal((await signInAt(till, owner, '1111')).status, 200)
  })

  test('the same person asked for twice, because the answer was lost, is one person with the newer code', async () => {
    const { till } = await shopWithOwner('Lossy')
    const body = { staff: null, name: 'Ken', role: 'cashier' }
    const first = await till.signed({ path: '/v1/staff/add', body })
    const second = await till.signed({ path: '/v1/staff/add', body })
    assert.equal(second.body.staff, first.body.staff)
    assert.equal(codeOf(await setPinAt(till, String(first.body.code), '2222')), 'code-not-found')
    assert.equal((await setPinAt(till, String(second.body.code), '2222')).status, 200)
  })
})

describe('what each role may do', () => {
  test('rights, by role and route', async () => {
    const { till, owner, hire } = await shopWithOwner('Ranks')
    const people: Record<StaffRole, readonly [string, string]> = {
      owner: [owner, '1111'],
      manager: [await hire('Mana', 'manager', '2222'), '2222'],
      cashier: [await hire('Ken', 'cashier', '3333'), '3333'],
    }
    const refund = { payment: `pay_0001${'0'.repeat(28)}`, amount: '1', lines: [] }
    const may: Record<StaffRole, readonly string[]> = {
      owner: ['done', 'not-found', 'done', 'done', 'done'],
      manager: ['done', 'not-found', 'done', 'done', 'done'],
      cashier: ['done', 'not-permitted', 'not-permitted', 'not-permitted', 'done'],
    }
    for (const role of STAFF_ROLES) {
      assert.equal((await signInAt(till, ...people[role])).status, 200)
      const codes = [
        codeOf(await offer(till)),
        codeOf(await till.command('refund', refund)),
        codeOf(await till.reads('/v1/sales')),
        codeOf(await till.reads('/v1/staff')),
        codeOf(await till.reads('/v1/deals')),
      ]
      assert.deepEqual(codes, may[role], role)
    }
  })

  test('who may make, change and end whom, by roles', async () => {
    const { till, owner, hire } = await shopWithOwner('Hierarchy')
    const manager = await hire('Mana', 'manager', '2222')
    const cashier = await hire('Ken', 'cashier', '3333')
    const others: Record<StaffRole, string> = {
      owner: await hire('Second', 'owner', '4444'),
      manager: await hire('Third', 'manager', '4444'),
      cashier: await hire('Fourth', 'cashier', '4444'),
    }
    for (const [role, id, pin] of [
      ['owner', owner, '1111'],
      ['manager', manager, '2222'],
      ['cashier', cashier, '3333'],
    ] as const) {
      assert.equal((await signInAt(till, id, pin)).status, 200)
      for (const other of STAFF_ROLES) {
        const expected = mayManage(role, other) ? 'done' : 'not-permitted'
        const add = { staff: null, name: `${other} by ${role}`, role: other }
        const renew = { staff: others[other], name: 'Renewed', role: other }
        assert.equal(codeOf(await till.signed({ path: '/v1/staff/add', body: add })), expected, `${role} adds ${other}`)
        assert.equal(codeOf(await till.signed({ path: '/v1/staff/add', body: renew })), expected)
      }
      // Nobody makes somebody greater than they may make anew.
      const lift = { staff: others.cashier, name: 'Lifted', role: 'owner' }
      if (role !== 'owner')
        assert.equal(codeOf(await till.signed({ path: '/v1/staff/add', body: lift })), 'not-permitted')
      if (role === 'owner') continue
      const end = await till.signed({ path: '/v1/staff/end', body: { staff: others.owner } })
      assert.equal(codeOf(end), 'not-permitted')
    }
  })

  test('ended is ended at once, also where they stand; the last owner stays, whoever asks first', async () => {
    const shop = await shopWithOwner('Endings')
    const { till, owner } = shop
    const second = await shop.hire('Second', 'owner', '2222')
    const other = await shop.terminal()
    assert.equal((await signInAt(other, second, '2222')).status, 200)
    assert.equal(codeOf(await offer(other)), 'done')
    const codes = await Promise.all([
      till.signed({ path: '/v1/staff/end', body: { staff: second } }),
      other.signed({ path: '/v1/staff/end', body: { staff: owner } }),
    ])
    const outcomes = codes.map((reply) => (reply.status === 200 ? 'done' : String(reply.body.code))).toSorted()
    assert.equal(outcomes.filter((code) => code === 'done').length, 1, outcomes.join())
    const [left, gone] = codes[0]?.status === 200 ? [till, other] : [other, till]
    assert.equal(codeOf(await offer(gone)), 'cashier-needed')
    const me = (await hereAt(left)).cashier?.id
    assert.equal(codeOf(await left.signed({ path: '/v1/staff/end', body: { staff: me } })), 'last-owner')
    const demoted = { staff: me, name: 'Me', role: 'manager' }
    assert.equal(codeOf(await left.signed({ path: '/v1/staff/add', body: demoted })), 'last-owner')
    assert.equal((await hereAt(left)).staff.length, 1)
  })

  test('machines: a code for a further one, a list of who stands where, and an end at once', async () => {
    const shop = await shopWithOwner('Machines')
    const { till } = shop
    const made = await till.signed({ path: '/v1/staff/terminals', body: { label: 'Till 9', terminal: 'counter' } })
    const further = await enrolWith(hub, String(made.body.code))
    const { terminals } = (await till.reads('/v1/staff')).body as { terminals: Row[] }
    assert.deepEqual(
      terminals.map(({ label, cashier, isThis, status }) => [label, cashier, isThis, status]),
      [
        ['Till 9', null, false, 'active'],
        ['counter', 'Maki', true, 'active'],
      ],
    )
    const foreign = await shopWithOwner('Other machines')
    const revoke = (terminal: string): Promise<Reply> =>
      till.signed({ path: '/v1/staff/terminals/revoke', body: { terminal } })
    assert.equal(codeOf(await revoke(foreign.till.self.id)), 'not-found')
    const ended = await revoke(further.self.id)
    assert.equal((ended.body.terminals as Row[])[0]?.status, 'revoked')
    assert.equal(assertProblem(await further.reads('/v1/deals'), 'revoked'), 'session-ended')
  })

  test('a closed merchant has nobody any more', async () => {
    const shop = await openShop(hub, desk, 'Closing')
    await shop.invite('Maki', 'owner')
    const body = { command: newCommand(), why: 'test', account: shop.account }
    assert.equal((await desk.signed({ path: '/v1/operator/commands/close', body })).status, 200)
    assert.deepEqual(await query('select status from staff where party = $1', [shop.party.slice(4)]), [
      { status: 'ended' },
    ])
  })
})

test('bad bodies at every route are named and change nothing', async () => {
  const { till } = await shopWithOwner('Input')
  const before = await fingerprint(hub.settings, ['session', 'budget', 'cashier'])
  const id = `stf_${'0'.repeat(32)}`
  const proof = { clientNonce: 'A'.repeat(22), clientProof: 'A'.repeat(43) }
  for (const [path, body, code] of [
    ['nonce', {}, 'field-invalid'],
    ['nonce', { staff: id }, 'not-found'],
    ['nonce', { staff: 'stf_x' }, 'field-invalid'],
    ['sign-in', { staff: id }, 'field-invalid'],
    ['sign-in', { staff: id, ...proof }, 'not-found'],
    ['sign-in', { staff: id, clientNonce: '', clientProof: '' }, 'not-found'],
    ['sign-out', { more: 1 }, 'unknown-field'],
    ['enrol', { code: 'AAAA-AAAA-AA' }, 'field-invalid'],
    ['add', { staff: null, name: '\u0000', role: 'owner' }, 'text-invalid'],
    ['add', { staff: null, name: 'x', role: 'king' }, 'field-invalid'],
    ['add', { staff: id, name: 'x', role: 'owner' }, 'not-found'],
    ['end', { staff: id }, 'not-found'],
    ['terminals', { label: 'x', terminal: 'person' }, 'field-invalid'],
    ['terminals/revoke', { terminal: `trm_${'f'.repeat(32)}` }, 'not-found'],
  ] as const) {
    const reply = await till.signed({ path: `/v1/staff/${path}`, body })
    assert.equal(assertProblem(reply, `${path} ${JSON.stringify(body)}`), code)
  }
  assert.deepEqual(await fingerprint(hub.settings, ['session', 'budget', 'cashier']), before)
})
