// Thousands of guesses by strangers, from as many networks: few are looked at, and the owner goes on paying from the phone that is known.
// The desks are called directly, over budgets with a clock of their own, so that a day of guessing takes seconds.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, test } from 'node:test'
import { bucketOfId, parseId } from '#core/ids.ts'
import { BUDGETS, LIMITS } from '#protocol/limits.ts'
import type { IdentityBody, RecoveryView } from '#protocol/identity.ts'
import { approve } from '#sdk/approval.ts'
import type { Client } from '#sdk/client.ts'
import { withPin } from '#sdk/scram.ts'
import { mailCodes } from '#server/people/codes.ts'
import { recoveryDesk } from '#server/people/recovery.ts'
import { postgresPhones } from '#server/postgres/phones.ts'
import { postgresProfiles } from '#server/postgres/profiles.ts'
import { DAY_MS, memoryBudgets, type BudgetKey, type BudgetKind } from '#switch/budgets.ts'
import { asked, codeOf, dealOf, joinByLink } from '../support/bank.ts'
import { enrolled, startTestHub, until, type TestHub } from '../support/hub.ts'
import {
  askingFor,
  codeFor,
  look,
  mailsTo,
  newAddress,
  newcomer,
  NEWCOMER_PIN,
  newKey,
  keyParts,
  requestBody,
  signUpBody,
  viewIn,
} from '../support/people.ts'
import { ask, speaker, type Reply, type Speaker } from '../support/raw-client.ts'
import { nonceFor, openShop, setPinAt, signInAt, signInBody } from '../support/staff.ts'
import { BUCKETS } from '../support/grounds.ts'
import { billOf } from '../support/world.ts'

/** At a desk, with its rows; of the budgets alone ten times as many. */
const GUESSES = 1_000
const TRIES = 10_000
/** No more than a hub has connections for: the guesses are many, not fast. */
const AT_ONCE = 5

let hub: TestHub
let till: Client
let desk: Speaker
before(async () => {
  // Behind a proxy, so that a request says which network it comes from.
  hub = await startTestHub({ trustProxy: 1 })
  till = await enrolled(hub, 'register')
  desk = await speaker(hub, 'desk')
})
after(async () => {
  till.close()
  desk.client.close()
  await hub.stop()
})

/** A network of its own for each guess: a botnet's. */
const networkOf = (guess: number): string => `${10 + (guess >> 16)}.${(guess >> 8) & 255}.${guess & 255}.7`

/** The desk of recovery as the hub has it, over budgets whose clock the test turns. */
function deskAt(clock: { now: number }) {
  const profiles = postgresProfiles(hub.database, BUCKETS)
  const budgets = memoryBudgets(() => clock.now)
  const secret = hub.key.codeSecret
  return recoveryDesk({
    directory: hub.directory,
    profiles,
    phones: postgresPhones(hub.database),
    codes: mailCodes({ profiles, budgets, secret, post: null }),
    budgets,
    post: null,
    takePhone: async () => false,
    notify: async () => {},
    secret,
    waitMs: LIMITS.deviceWaitMs,
    zone: () => 'UTC',
  })
}

async function guesses(guess: (index: number) => Promise<string>): Promise<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (let at = 0; at < GUESSES; at += AT_ONCE) {
    const codes = await Promise.all(Array.from({ length: AT_ONCE }, (_, index) => guess(at + index)))
    for (const code of codes) counts[code] = (counts[code] ?? 0) + 1
  }
  return counts
}

const codeIn = (answer: object): string => ('code' in answer ? String(answer.code) : 'done')

async function payingStill(owner: Client): Promise<void> {
  const device = parseId('dev', (await owner.identity())?.self.id) ?? assert.fail()
  assert.equal((await hub.store.readDevice(bucketOfId(device), device))?.wrongProofs, 0, 'nothing is counted there')
  const view = await joinByLink(owner, await dealOf(till, asked(billOf(1n))))

  assert.equal(codeOf(await approve(owner, view, withPin(NEWCOMER_PIN))), 'done')
}

async function funded(email: string): Promise<Client> {
  const owner = await newcomer(hub, email)
  const self = (await owner.identity())?.self
  assert.ok(self?.kind === 'device')
  const paid = await desk.signed({
    path: '/v1/operator/commands/cash-in',
    body: {
      command: `cmd_${randomBytes(16).toString('hex')}`,
      why: 'test',
      account: self.account,
      unit: 'JPY',
      amount: '500',
    },
  })
  assert.equal(paid.status, 200, paid.text)
  return owner
}

test('a thousand wrong passwords in a day, by somebody who has the mailbox: ten are looked at, and the owner pays', async () => {
  const email = newAddress()
  const owner = await funded(email)
  const code = await codeFor(hub, '/v1/recovery/mail', email)
  const found = viewIn<RecoveryView>(await look(hub, email, code))
  // Border: the body is one of this very route.
  const body = (await requestBody({ email, code, key: newKey(), found })) as IdentityBody<'recoveryRequest'>
  const clock = { now: 20_000 * DAY_MS }
  const recovery = deskAt(clock)
  const wrong = (): IdentityBody<'recoveryRequest'> => ({ ...body, clientProof: randomBytes(32).toString('base64url') })
  const counts = await guesses(async (guess) => {
    clock.now = 20_000 * DAY_MS + Math.floor((guess / GUESSES) * DAY_MS)
    return codeIn(await recovery.request(wrong(), networkOf(guess)))
  })
  assert.deepEqual(counts, {
    'proof-wrong': BUDGETS.recovery.perDay,
    'too-many-tries': GUESSES - BUDGETS.recovery.perDay,
  })
  assert.equal(
    codeIn(await recovery.request(body, '203.0.113.1')),
    'too-many-tries',
    'the right one is not looked at either',
  )
  await payingStill(owner)
  owner.close()
})

test('a thousand wrong codes with what the owner keeps of the asking: the fifth ends the code, and the owner pays', async () => {
  const email = newAddress()
  const owner = await funded(email)
  const code = await codeFor(hub, '/v1/recovery/mail', email)
  const recovery = deskAt({ now: 20_000 * DAY_MS })
  const right = Number(code)
  const counts = await guesses(async (guess) => {
    const tried = String((right + 1 + guess) % 1_000_000).padStart(6, '0')
    return codeIn(await recovery.look({ email, code: tried, asking: askingFor(email) }, networkOf(guess)))
  })
  assert.deepEqual(counts, { 'code-not-found': GUESSES })
  assert.equal(codeIn(await recovery.look({ email, code, asking: askingFor(email) }, '203.0.113.1')), 'code-not-found')
  const { rows } = await hub.database.transactions.query(
    "select tries from mail_code where purpose = 'recover' and address = $1",
    [email],
  )
  assert.deepEqual(rows, [{ tries: LIMITS.mailCodeTries }])
  await payingStill(owner)
  owner.close()
})

const HOME = '198.51.100.7'

/** A request from this network. */
const from = (network: string, path: string, body: object): Promise<Reply> =>
  ask(hub, { path, body, headers: { 'x-forwarded-for': network } })

const newAsking = (): string => randomBytes(16).toString('base64url')

const mailFrom = (network: string, email: string, asking = newAsking(), path = '/v1/recovery/mail'): Promise<Reply> =>
  from(network, path, { email, language: 'en', asking })

const codesOf = (replies: readonly Reply[]): string[] =>
  replies.map(({ status, body }) => (status === 200 ? 'sent' : String(body.code)))

/** The twenty digits of the last mail, once there have been this many. */
const lastCode = (email: string, mails: number): Promise<string> =>
  until(async () => {
    const seen = await mailsTo(hub, email)
    return seen.length === mails && /^(\d{5} ){3}\d{5}$/m.exec(seen[0]?.text ?? '')?.[0].replaceAll(' ', '')
  })

test('a stranger on another network floods and guesses while the owner comes back: what is the owner’s stays good', async () => {
  const email = newAddress()
  const owner = await funded(email)
  await hub.database.transactions.query('delete from budget')
  // Asked for at one network, used at another: a phone goes from the street to its home.
  const code = await codeFor(hub, '/v1/recovery/mail', email)

  const network = '203.0.113.9'
  const flood = []
  for (let sent = 0; sent < 6; sent++) flood.push(await mailFrom(network, email))
  const { burst } = BUDGETS['mails-asker']
  assert.deepEqual(codesOf(flood), [
    ...Array<string>(burst).fill('sent'),
    ...Array<string>(6 - burst).fill('too-many-tries'),
  ])
  const guessed = new Set<string>()
  const body = { email, label: 'Theirs', ...noProof(), asking: newAsking() }
  for (let guess = 0; guess < 20; guess++) {
    const tried = guess === 0 ? code : String((Number(code) + guess) % 1_000_000).padStart(6, '0')
    const wherever = `203.0.113.${guess}`
    const looked = await from(wherever, '/v1/recovery/devices', { email, code: tried, asking: body.asking })
    const asks = await from(networkOf(guess), '/v1/recovery/request', {
      ...body,
      code: tried,
      ...keyParts(newKey(), tried),
    })
    guessed.add(String(looked.body.code)).add(String(asks.body.code))
  }
  assert.deepEqual(
    guessed,
    new Set(['code-not-found', 'too-many-tries']),
    'not even the right code, which is not theirs',
  )

  const found = viewIn<RecoveryView>(
    await from(HOME, '/v1/recovery/devices', { email, code, asking: askingFor(email) }),
  )
  assert.equal((await mailFrom(HOME, email)).status, 200, 'mails are left')
  viewIn(await from(HOME, '/v1/recovery/request', await requestBody({ email, code, key: newKey(), found })))
  owner.close()
})

test('a hundred networks use up the mails to one address: the last one has a code that nobody guesses or ends', async () => {
  const email = newAddress()
  const owner = await funded(email)
  await hub.database.transactions.query('delete from budget')
  const before = (await mailsTo(hub, email)).length
  const flood = []
  for (let sent = 0; sent < 100; sent++) flood.push(await mailFrom(networkOf(sent), email))
  const heard = codesOf(flood)
  const sent = BUDGETS.mails.burst + BUDGETS['mails-last'].burst
  assert.deepEqual(new Set(heard.slice(0, sent)), new Set(['sent']))
  assert.deepEqual(new Set(heard.slice(sent)), new Set(['too-many-tries']))
  assert.equal(String((await mailFrom(HOME, email)).body.code), 'too-many-tries', 'the owner asks in vain')
  const code = await lastCode(email, before + sent)
  const asking = newAsking()
  for (let guess = 0; guess < 20; guess++) {
    const wrong = String((BigInt(code) + BigInt(guess + 1)) % 10n ** 20n).padStart(20, '0')
    const reply = await from(networkOf(guess), '/v1/recovery/devices', { email, code: wrong, asking })
    assert.equal(String(reply.body.code), 'code-not-found')
  }
  const found = viewIn<RecoveryView>(await from(HOME, '/v1/recovery/devices', { email, code, asking }))
  const wanted = await requestBody({ email, code, key: newKey(), found, over: { asking } })
  viewIn(await from(HOME, '/v1/recovery/request', wanted))
  await payingStill(owner)
  owner.close()

  const unknown = newAddress()
  for (let mail = 0; mail < sent; mail++) {
    const reply = await mailFrom(networkOf(200 + mail), unknown, newAsking(), '/v1/sign-up/mail')
    assert.equal(reply.status, 200, reply.text)
  }
  const [key, last] = [newKey(), await lastCode(unknown, sent)]
  for (const time of ['first', 'again'])
    assert.equal((await from(HOME, '/v1/sign-up', signUpBody(unknown, last, key))).status, 200, time)
  assert.equal(
    (await from(HOME, '/v1/sign-up', signUpBody(unknown, last, newKey()))).status,
    404,
    'it makes one person',
  )
})

for (const kind of Object.keys(BUDGETS) as BudgetKind[])
  test(`ten thousand tries of '${kind}' over a day, from one: no more are looked at than a day has`, async () => {
    const clock = { now: 20_000 * DAY_MS }
    const budgets = memoryBudgets(() => clock.now)
    const { burst, perHour, perDay } = BUDGETS[kind]
    const key: BudgetKey = `${kind}:somebody`
    const tries = async (count: number, overMs: number): Promise<number> => {
      let looked = 0
      const start = clock.now
      for (let at = 0; at < count; at++) {
        clock.now = start + Math.floor((at / count) * overMs)
        if (await budgets.charge([key])) looked++
      }
      return looked
    }
    assert.equal(await tries(TRIES, 0), burst, 'at once')
    const later = await tries(TRIES, DAY_MS - 1)
    assert.ok(burst + later <= perDay && burst + later >= Math.min(perDay, burst + 23 * perHour), `${later}`)
    assert.ok(await budgets.charge([`${kind}:somebody else`]), 'nobody else pays for it')
  })

test('a hundred guesses at a cashier’s PIN at once: five are looked at, the right one waits, and a colleague signs in', async () => {
  const shop = await openShop(hub, desk, 'Corner shop')
  const machine = await shop.terminal()
  for (const [name, pin] of [
    ['Aya', '1234'],
    ['Jun', '5678'],
  ] as const)
    assert.equal((await setPinAt(machine, await shop.invite(name, 'owner'), pin)).status, 200)
  const here = await machine.reads('/v1/staff/here')
  // Border: the view's shape is access.test.ts's business.
  const staff = here.body.staff as { id: string; name: string }[]
  const idOf = (name: string): string => staff.find((each) => each.name === name)?.id ?? assert.fail()
  const counts: Record<string, number> = {}
  for (let guess = 0; guess < 100; guess++) {
    const wanted = { staff: idOf('Aya'), pin: '', ask: (await nonceFor(machine, idOf('Aya'))).body }
    const body =
      guess === 99 ? await signInBody(machine, { ...wanted, pin: '1234' }) : { staff: idOf('Aya'), ...noProof() }
    const code = codeIn((await machine.signed({ path: '/v1/staff/sign-in', body })).body)
    counts[code] = (counts[code] ?? 0) + 1
  }
  assert.deepEqual(counts, { 'proof-wrong': 5, 'proof-locked': 95 })
  assert.equal((await signInAt(machine, idOf('Jun'), '5678')).status, 200)
  machine.client.close()
})

const noProof = () => ({
  clientNonce: randomBytes(16).toString('base64url'),
  clientProof: randomBytes(32).toString('base64url'),
})
