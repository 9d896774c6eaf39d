// Signing in at a shop's machine without a browser: the steps as tables, and that the proof made for the hub is the right one.
import assert from 'node:assert/strict'
import { createHash, createHmac } from 'node:crypto'
import { describe, it } from 'node:test'
import { inOrder, machinesInOrder, mayChange, rolesToGive, type Machine, type Person } from '#apps/merchant/people.ts'
import {
  AT_THE_LIST,
  backFrom,
  entered,
  firstTime,
  isReady,
  lockedUntil,
  refused,
  whoChosen,
  whoMayMore,
  type SigningIn,
  type StaffHere,
} from '#apps/shared/signing-in.ts'
import { staffDesk } from '#apps/shared/staff-calls.ts'
import { fromBase64url, toBase64url } from '#core/bytes.ts'
import { parseId } from '#core/ids.ts'
import { STAFF_ROLES } from '#core/staff.ts'
import { problemOf } from '#protocol/problems.ts'
import { cashierHash, scramMessage } from '#protocol/signed-bytes.ts'
import type { Client } from '#sdk/client.ts'
import { secretFrom } from '#sdk/scram.ts'

const id = (prefix: string, digit: string): string => `${prefix}_${digit.repeat(32)}`
const aya: StaffHere = { id: id('stf', '1'), name: 'Aya', role: 'owner', hasPin: true }
const jun: StaffHere = { id: id('stf', '2'), name: 'Jun', role: 'cashier', hasPin: false }
const ken: StaffHere = { id: id('stf', '3'), name: 'Ken', role: 'manager', hasPin: true }

describe('the steps of signing in', () => {
  it('asks for the PIN of who has one, and for a code of who has none', () => {
    assert.deepEqual([whoChosen(aya).at, whoChosen(jun).at, firstTime.at], ['pin', 'code', 'code'])
  })

  const ready: readonly [Partial<SigningIn>, boolean][] = [
    [{ at: 'list' }, false],
    [{ at: 'pin', pin: '123' }, false],
    [{ at: 'pin', pin: '1234' }, true],
    [{ at: 'pin', pin: '1234', isBusy: true }, false],
    [{ at: 'code', code: 'K7QM-2X' }, false],
    [{ at: 'code', code: ' K7QM-2X ' }, false],
    [{ at: 'code', code: 'K7QM-2XPF-9T' }, true],
    [{ at: 'again', pin: '12345678' }, true],
  ]
  for (const [part, is] of ready) {
    it(`${JSON.stringify(part)} can ${is ? '' : 'not '}be gone on with`, () =>
      assert.equal(isReady({ ...AT_THE_LIST, ...part }), is))
  }

  it('asks the hub with the PIN of who was chosen', () => {
    assert.deepEqual(entered({ ...whoChosen(aya), pin: '2468' }), { kind: 'sign-in', staff: aya.id, pin: '2468' })
  })

  it('takes a new PIN typed twice alike, and begins anew where it differs', () => {
    const step = (state: SigningIn): SigningIn => {
      const next = entered(state)
      assert.ok(next.kind === 'state')
      return next.state
    }
    const choose = step({ ...whoChosen(jun), code: ' K7QM-2XPF-9T ' })
    assert.equal(choose.at, 'choose')
    const again = step({ ...choose, pin: '1357' })
    assert.deepEqual([again.at, again.pin], ['again', ''])
    assert.deepEqual(entered({ ...again, pin: '1357' }), { kind: 'enrol', code: 'K7QM-2XPF-9T', pin: '1357' })
    const other = step({ ...again, pin: '9999' })
    assert.deepEqual([other.at, other.differs, other.first, other.pin], ['choose', true, '', ''])
  })

  it('types a wrong PIN anew and a wrong code again, and keeps no PIN on the screen', () => {
    const wrong = refused({ ...whoChosen(aya), pin: '0000', isBusy: true }, problemOf('proof-wrong'))
    assert.deepEqual([wrong.at, wrong.pin, wrong.isBusy], ['pin', '', false])
    const late = refused(
      { ...firstTime, at: 'again', code: 'OLD', pin: '1357', first: '1357' },
      problemOf('code-not-found'),
    )
    assert.deepEqual([late.at, late.pin, late.first, late.code], ['code', '', '', 'OLD'])
    assert.equal(lockedUntil(refused(whoChosen(aya), problemOf('proof-locked', { until: '77' }))), 77)
    assert.equal(lockedUntil(wrong), 0)
  })

  it('goes back to the list from everywhere, and from there nowhere', () => {
    assert.equal(backFrom(AT_THE_LIST), null)
    assert.equal(backFrom({ ...whoChosen(aya), pin: '12' })?.at, 'list')
    assert.equal(backFrom({ ...whoChosen(aya), pin: '12' })?.pin, '')
  })

  it('says who may do what a cashier may not, the owner first', () =>
    assert.deepEqual(
      whoMayMore([ken, jun, aya]).map(({ name }) => name),
      ['Aya', 'Ken'],
    ))
})

describe('the proof of a cashier’s PIN', () => {
  const terminal = id('trm', '9')
  const salt = new Uint8Array(16).fill(7)
  const nonce = new Uint8Array(16).fill(3)

  /** A hub that keeps what it is sent. */
  function hub() {
    const sent: { path: string; body: unknown }[] = []
    const client = {
      identity: async () => ({ self: { id: terminal } }),
      request: async ({ path, body }: { path: string; body?: unknown }) => {
        sent.push({ path, body })
        if (path === '/v1/staff/nonce') {
          return { ok: true, view: { nonce: toBase64url(nonce), salt: toBase64url(salt), iterations: 100_000 } }
        }
        return { ok: true, view: { needed: true, cashier: null, staff: [] } }
      },
    }
    // A border of the test: the desk of the staff asks a client for these two things alone.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    return { sent, desk: staffDesk(client as unknown as Client) }
  }

  it('fits the verifier, this terminal, this person and the hub’s nonce, and the PIN is not in it', async () => {
    const { sent, desk } = hub()
    await desk.signIn(aya.id, '2468')
    const { storedKey } = await secretFrom('2468', salt, 100_000)
    // A border of the test: the body is the one that was sent just above.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    const body = sent[1]?.body as { staff: string; clientNonce: string; clientProof: string }
    assert.equal(body.staff, aya.id)
    const [trm, stf] = [parseId('trm', terminal), parseId('stf', aya.id)]
    const [clientNonce, proof] = [fromBase64url(body.clientNonce), fromBase64url(body.clientProof)]
    assert.ok(trm && stf && clientNonce && proof)
    const fits = (approvalHash: Uint8Array, account: string): boolean => {
      const message = scramMessage({ account, clientNonce, hubNonce: nonce, salt, iterations: 100_000, approvalHash })
      const signature = createHmac('sha256', storedKey).update(message).digest()
      const clientKey = proof.map((byte, index) => byte ^ (signature[index] ?? 0))
      return createHash('sha256').update(clientKey).digest().equals(storedKey)
    }
    assert.equal(fits(cashierHash(trm, stf), aya.id), true)
    const otherTerminal = parseId('trm', id('trm', '8'))
    const otherPerson = parseId('stf', jun.id)
    assert.ok(otherTerminal && otherPerson)
    assert.equal(fits(cashierHash(otherTerminal, stf), aya.id), false)
    assert.equal(fits(cashierHash(trm, otherPerson), jun.id), false)
    assert.equal(JSON.stringify(sent).includes('2468'), false)
  })

  it('of a first PIN sends a verifier and no PIN', async () => {
    const { sent, desk } = hub()
    await desk.enrol('K7QM-2XPF-9T', '2468')
    // A border of the test: as above.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    const body = sent[0]?.body as { code: string; salt: string; iterations: number; storedKey: string }
    assert.equal(body.code, 'K7QM-2XPF-9T')
    const { storedKey } = await secretFrom('2468', fromBase64url(body.salt) ?? new Uint8Array(), body.iterations)
    assert.equal(body.storedKey, toBase64url(storedKey))
    assert.equal(JSON.stringify(body).includes('2468'), false)
  })
})

describe('what the office offers', () => {
  const person = (part: Partial<Person>): Person => ({ ...jun, status: 'active', addedAt: 0, ...part })

  it('gives the roles below one’s own', () => {
    assert.deepEqual(
      STAFF_ROLES.map((role) => rolesToGive(role)),
      [['owner', 'manager', 'cashier'], ['cashier'], []],
    )
  })

  it('changes those below, never somebody who has ended, and nobody ends themselves', () => {
    const cases: readonly [StaffHere | null, Partial<Person>, code: boolean, end: boolean][] = [
      [aya, {}, true, true],
      [aya, { id: aya.id, role: 'owner' }, true, false],
      [aya, { id: id('stf', '7'), role: 'owner' }, true, true],
      [aya, { status: 'ended' }, false, false],
      [ken, {}, true, true],
      [ken, { role: 'manager' }, false, false],
      [ken, { role: 'owner' }, false, false],
      [jun, { id: id('stf', '8') }, false, false],
      [null, {}, false, false],
    ]
    for (const [self, part, code, end] of cases) {
      assert.deepEqual(mayChange(self, person(part)), { code, end }, `${self?.name} ${JSON.stringify(part)}`)
    }
  })

  it('lists who works before who has ended, and this machine before the others', () => {
    const people = [
      person({ name: 'Emi', status: 'ended', role: 'owner' }),
      person({ name: 'Jun' }),
      person({ name: 'Aya', role: 'owner' }),
    ]
    assert.deepEqual(
      inOrder(people).map(({ name }) => name),
      ['Aya', 'Jun', 'Emi'],
    )
    const machine = (label: string, status: Machine['status'], isThis = false): Machine => ({
      id: id('trm', '1'),
      kind: 'counter',
      label,
      status,
      enrolledAt: 0,
      lastSeenAt: null,
      cashier: null,
      isThis,
    })
    assert.deepEqual(
      machinesInOrder([machine('Old', 'revoked'), machine('B', 'active'), machine('C', 'active', true)]).map(
        ({ label }) => label,
      ),
      ['C', 'B', 'Old'],
    )
  })
})
