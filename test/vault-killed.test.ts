// The vault is killed (SIGKILL) at each step and another one takes over its database: every order ends in one state, the issuer has been asked
// once, and has heard whatever it must.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { AskOf } from '#issuer/messages.ts'
import { FAILPOINTS, type Failpoint } from '#vault/failpoints.ts'
import type { AddCardAnswer } from '#vault/wire.ts'
import {
  cardNumber,
  hex,
  MERCHANT,
  newOrder,
  startFakeIssuer,
  startTestVault,
  until,
  vaultClient,
  type FakeIssuer,
  type TestVault,
} from './support/vault.ts'

const MAIN = fileURLToPath(new URL('../vault/main.ts', import.meta.url))
type Client = ReturnType<typeof vaultClient>

let issuer: FakeIssuer
/** begins the database and keeps its folder; stops before a process takes its place */
let first: TestVault
let card: string
const tried = new Set<Failpoint>()

before(async () => {
  issuer = await startFakeIssuer()
  first = await startTestVault({ issuerPort: issuer.port })
  card = await first.addCard(cardNumber(9))
  await first.stop()
})
after(async () => {
  await first.close()
  await issuer.stop()
})

/** A vault as a process that dies at this place; what is asked of it gets no answer. Resolves when it is dead. */
async function dying(place: Failpoint, ask: (client: Client) => Promise<unknown>): Promise<void> {
  tried.add(place)
  const { host = '', port = 0, user = '', database = '' } = first.database
  const child = spawn(
    process.execPath,
    [MAIN, '--data', first.folder, '--port', '0', '--zone-key', join(first.folder, 'zone.key')],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: {
        ...process.env,
        VAULT_DATABASE_URL: `postgresql://${user}@localhost:${port}/${database}?host=${encodeURIComponent(host)}`,
        VAULT_FAILPOINT: `${place}:1`,
      },
    },
  )
  const ended = once(child, 'exit')
  // Border: vault/main.ts writes one line.
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string]
  const { url, secret } = JSON.parse(line) as { url: string; secret: string }
  const client = vaultClient(url, readFileSync(secret, 'utf8').trim())
  await client.isUp()
  const asked = ask(client).then(
    () => 'answered',
    () => 'lost',
  )
  const [, signal] = (await ended) as [number | null, string | null]
  assert.equal(signal, 'SIGKILL', `it passes ${place}`)
  assert.equal(await asked, 'lost')
}

/** With the vault that takes over. */
async function afterwards<Result>(work: (vault: TestVault) => Promise<Result>): Promise<Result> {
  const vault = await startTestVault({ data: first.folder, database: first.database })
  try {
    await vault.isUp()
    const result = await work(vault)
    assert.deepEqual(vault.errors, [])
    return result
  } finally {
    await vault.close()
  }
}

const NO_ANSWER = { kind: 'refused', code: 'no-answer', reason: 'no-answer' }
const kindsOf = (order: string): string[] =>
  issuer.heard.flatMap((ask) => ('order' in ask && ask.order === order ? [ask.kind] : []))

for (const place of ['intent-committed', 'intent-sent', 'answer-heard'] as const)
  test(`killed at ${place}: the order is refused, reversed at the issuer, and never asked again`, async () => {
    const order = newOrder()
    await dying(place, (client) => client.authorise(card, { order, withinMs: 1_000 }))
    await afterwards(async (vault) => {
      const said = await until(async () => {
        const { body } = await vault.authorise(card, { order, withinMs: 1_000 })
        return body['kind'] !== 'pending' && body
      })
      assert.deepEqual(said, NO_ANSWER)
      await until(async () => (await vault.follow('reverse', order, '1200')).body['kind'] === 'done')
    })
    const kinds = kindsOf(order)
    // What was on its way out of the process when it died may have arrived, or not.
    const heard = kinds.filter((kind) => kind === 'authorise').length
    if (place !== 'intent-sent') assert.equal(heard, place === 'answer-heard' ? 1 : 0)
    assert(heard <= 1)
    assert.equal(kinds.at(-1), 'reverse')
  })

test('killed when the answer is committed: asked again, it is the same yes, and the issuer heard nothing more', async () => {
  const order = newOrder()
  await dying('answer-committed', (client) => client.authorise(card, { order }))
  await afterwards(async (vault) => {
    assert.equal((await vault.authorise(card, { order })).body['kind'], 'approved')
  })
  assert.deepEqual(kindsOf(order), ['authorise'])
})

for (const [kind, places] of [
  ['capture', ['follow-committed', 'follow-sent', 'follow-heard', 'follow-done']],
  ['reverse', ['follow-sent', 'follow-heard']],
] as const)
  for (const place of places)
    test(`killed at ${place} of a ${kind}: it is told until it is answered, as one message`, async () => {
      const of = newOrder()
      const order = newOrder()
      await afterwards((vault) => vault.authorise(card, { order: of }))
      await dying(place, (client) => client.follow(kind, of, '1200', order))
      await afterwards(async (vault) => {
        await until(async () => (await vault.follow(kind, of, '1200', order)).body['kind'] === 'done')
      })
      const told = issuer.heard.filter((ask) => ask.kind === kind && 'order' in ask && ask.order === of)
      assert(told.length >= 1)
      for (const each of told) assert.deepEqual(each.trace, told[0]?.trace)
    })

test('killed when the key is at the issuer: the number was never given out, and the key is taken away', async () => {
  const order = newOrder()
  await dying('key-heard', (client) => client.authorise(card, { order, oneTime: true, withinMs: 1_000 }))
  await afterwards(async (vault) => {
    await until(async () => (await vault.get(`/v1/orders/${order}`)).body['kind'] === 'refused')
    await until(async () => (await vault.follow('reverse', order, '1200')).body['kind'] === 'done')
  })
  assert.deepEqual(kindsOf(order), ['put-key', 'end-key'])
})

test("killed before an issuer's notice is acknowledged: told again, it is acknowledged and counts once", async () => {
  const order = newOrder()
  const notice: { now: AskOf<'notice'> | null } = { now: null }
  await afterwards((vault) => vault.authorise(card, { order, oneTime: true }))
  const number = issuer.of('put-key').find((ask) => ask.order === order)?.number ?? ''
  await dying('notice-committed', async () => {
    notice.now = usedNotice(order, number)
    await Promise.race([issuer.tell(notice.now), issuer.lost()])
    throw new Error('not acknowledged')
  })
  await afterwards(async (vault) => {
    assert(notice.now)
    assert.equal(await issuer.tell({ ...notice.now, isRepeat: true }), '00')
    assert.equal((await vault.get(`/v1/orders/${order}`)).body['kind'], 'approved')
    assert.deepEqual((await vault.follow('refund', order, '1201')).body, { kind: 'refused', code: 'over-captured' })
  })
})

test('killed in a registration: the envelope is used up, or the card is there', async () => {
  for (const [place, state] of [
    ['envelope-noted', 'no-answer'],
    ['card-committed', 'active'],
  ] as const) {
    const request = { card: hex(), command: `cmd_${hex()}`, party: `pty_${hex()}` }
    const inside = { number: cardNumber(10), expires: '2099-12', code: '123' }
    const whole: { envelope: string } = { envelope: '' }
    await dying(place, async (client) => {
      whole.envelope = await client.envelope(inside, { command: request.command, party: request.party })
      return client.post('/v1/cards', { ...request, ...whole })
    })
    await afterwards(async (vault) => {
      // Border: the vault's own answer.
      const said = (await vault.post('/v1/cards', { ...request, ...whole })).body as unknown as AddCardAnswer
      assert.equal(said.state, state)
      const other = await vault.post('/v1/cards', { ...request, ...whole, card: hex() })
      assert.deepEqual(other.body, { state: 'refused', reason: 'envelope-used' })
    })
  }
})

test('every place at which it can be made to die was one of these', () => {
  assert.deepEqual(
    FAILPOINTS.filter((place) => !tried.has(place)),
    [],
  )
})

const usedNotice = (order: string, number: string): AskOf<'notice'> => ({
  kind: 'notice',
  isRepeat: false,
  trace: { stan: '000001', rrn: '900000000001', at: '1122000000', day: '1122', acquirer: '12345678901' },
  number,
  order,
  event: 'used',
  approval: 'T1T2T3',
  code: '00',
  terminal: 'T0000001',
  merchantNumber: MERCHANT.number,
  // Border: a known currency.
  unit: 'JPY' as AskOf<'notice'>['unit'],
  amount: 1200n,
})
