// What the apps do around a card's user id: which payment a woken wallet answers, how far a register says that it is, and how it speaks
// with the card machine beside it.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { attest } from '#apps/wallet/attesting.ts'
import { cardMachine, type Slip } from '#apps/register/card-machine.ts'
import { stepsOf } from '#apps/register/card-steps.ts'
import { cardWords } from '#apps/register/words-card.ts'
import { problemOf } from '#protocol/problems.ts'
import type { AnswerView, PaymentView } from '#protocol/views.ts'
import type { Client } from '#sdk/client.ts'
import type { Outcome, SendOutcome } from '#sdk/outcome.ts'
import { memoryStorage } from '#sdk/storage.ts'
import type { Call } from '#sdk/transport.ts'
import { until } from './support/hub.ts'

const id = (prefix: string, sign: string): string => `${prefix}_${sign.repeat(32)}`
const [PAYMENT, PHONE, TABLET, DEAL] = [id('pay', 'a'), id('dev', 'b'), id('dev', 'c'), id('deal', 'd')]

describe('a woken wallet answers what the hub says is there', () => {
  const WAITS = { way: 'card-id', device: PHONE, state: 'joined', attested: false } as const

  async function answered(found: Partial<PaymentView> | null): Promise<readonly unknown[]> {
    const sent: unknown[] = []
    const view: Outcome<PaymentView> =
      // Border: the wallet looks at these fields alone.
      found === null ? { ok: false, problem: problemOf('not-found') } : { ok: true, view: found as PaymentView }
    const client: Pick<Client, 'payment' | 'send'> = {
      payment: async () => view,
      async send(name, body) {
        sent.push({ name, ...body })
        return { ok: true, view: { deal: null, payment: null } as AnswerView } satisfies SendOutcome
      },
    }
    const isAnswered = await attest(client, { payment: PAYMENT, device: PHONE, provedAt: 1_700_000_000_000.5 })
    assert.equal(isAnswered, sent.length > 0)
    return sent
  }

  test('a payment that names this phone and waits', async () => {
    assert.deepEqual(await answered(WAITS), [{ name: 'attest', payment: PAYMENT, provedAt: 1_700_000_000_001 }])
  })

  for (const [what, found] of [
    ['none at all', null],
    ['one that another phone was named for', { ...WAITS, device: TABLET }],
    ['one that was met in another way', { ...WAITS, way: 'code' }],
    ['one that is over', { ...WAITS, state: 'ended' }],
    ['one that was answered', { ...WAITS, attested: true }],
  ] as const)
    test(`and not ${what}`, async () => assert.deepEqual(await answered(found), []))
})

test('the register says how far a card is, and what it waits for', () => {
  const text = cardWords.en
  const stands = (phone: 'asked' | 'answered' | 'other-device', state: 'joined' | 'authorising') =>
    stepsOf({ phone, state }, text).map((step) => step.state)
  assert.deepEqual(stands('asked', 'joined'), ['done', 'now', 'later', 'later'])
  assert.deepEqual(stands('other-device', 'joined'), ['done', 'now', 'later', 'later'])
  assert.deepEqual(stands('answered', 'joined'), ['done', 'done', 'now', 'later'])
  assert.deepEqual(stands('answered', 'authorising'), ['done', 'done', 'done', 'now'])
  assert.equal(stepsOf({ phone: 'asked', state: 'joined' }, text)[1]?.label, text.notAnswered)
  assert.equal(stepsOf({ phone: 'answered', state: 'joined' }, text)[1]?.label, text.answered)
})

describe('the card machine beside a register', () => {
  // The demo's range of one-time numbers; a number of nobody's card.
  const NUMBER = {
    number: '4571981234567891',
    expires: '2029-12',
    amount: '1280',
    unit: 'JPY',
    merchant: '000000000000042',
    terminal: '00000007',
    until: 9_000,
  }
  const APPROVED = { kind: 'approved', approval: '123456', rrn: '000000000007' }
  const TOKEN = 'a-token-of-a-machine'

  type Said = Readonly<{ status: number; body: unknown }> | 'away'

  /** A register with its hub and its machine; both say what stands here at the moment. */
  function counter() {
    const hub: { machine: object | null; number: object | string } = {
      machine: { address: 'http://127.0.0.1:8583', token: TOKEN },
      number: NUMBER,
    }
    const machine: { says: Said; heard: { url: string; token: string | null; body: Record<string, unknown> }[] } = {
      says: { status: 200, body: APPROVED },
      heard: [],
    }
    const storage = memoryStorage()
    const asked: string[] = []
    const open = () =>
      cardMachine({
        storage,
        client: {
          hubNow: () => 1_000,
          async request<View>({ path }: Call): Promise<Outcome<View>> {
            asked.push(path)
            const found = path === '/v1/card-machine' ? { machine: hub.machine } : hub.number
            // Border: what the two routes answer.
            return typeof found === 'string'
              ? { ok: false, problem: problemOf(found === 'none' ? 'card-number-none' : 'cards-unavailable') }
              : { ok: true, view: found as View }
          },
        },
        async send(to, init) {
          const request = new Request(to, init)
          const body = (await request.json()) as Record<string, unknown>
          machine.heard.push({ url: request.url, token: request.headers.get('authorization'), body })
          if (machine.says === 'away') throw new TypeError('Failed to fetch')
          return Response.json(machine.says.body, { status: machine.says.status })
        },
        pause: () => new Promise((resolve) => setTimeout(resolve, 1)),
      })
    return { hub, machine, storage, asked, open }
  }

  const authorising = { deal: DEAL, state: 'authorising' } as const

  test('it is sent the number, and what it says is kept', async () => {
    const { machine, open } = counter()
    const cards = open()
    cards.look(authorising)
    const run = await until(() => cards.run.get()?.step === 'issuer' && cards.run.get())
    assert.equal(run.trouble, null)
    assert.deepEqual(machine.heard, [
      {
        url: 'http://127.0.0.1:8583/sale',
        token: `Bearer ${TOKEN}`,
        body: {
          number: NUMBER.number,
          expires: '2029-12',
          amount: '1280',
          unit: 'JPY',
          merchant: '000000000000042',
          terminal: '00000007',
          reference: `${DEAL}-34567891`,
        },
      },
    ])
    const slip = await cards.slipOf(DEAL)
    assert.deepEqual(
      [slip?.state, slip?.number, slip?.approval, slip?.rrn],
      ['approved', NUMBER.number, '123456', '000000000007'],
    )
    // The same view again begins nothing anew; over is over.
    cards.look(authorising)
    cards.look({ deal: DEAL, state: 'settled' })
    assert.equal(cards.run.get(), null)
    assert.equal(machine.heard.length, 1)
    assert.equal((await cards.slipOf(DEAL))?.state, 'approved')
  })

  test('where none stands nobody is asked for a number', async () => {
    const { hub, machine, asked, open } = counter()
    hub.machine = null
    open().look(authorising)
    await until(() => asked.length === 1)
    // What follows an answer follows at once.
    await setImmediate()
    assert.deepEqual([asked, machine.heard], [['/v1/card-machine'], []])
  })

  test('a number that is not there yet, and a machine that is away, are asked again and named', async () => {
    const { hub, machine, asked, open } = counter()
    hub.number = 'none'
    machine.says = 'away'
    const cards = open()
    cards.look(authorising)
    // A bank account waits in the same state: until there is a number there is nothing to say of cards.
    await until(() => asked.length > 3)
    assert.equal(cards.run.get(), null)
    hub.number = 'away'
    await until(() => cards.run.get()?.trouble === 'number-away')
    hub.number = NUMBER
    await until(() => cards.run.get()?.trouble === 'machine-away')
    machine.says = { status: 401, body: {} }
    await until(() => cards.run.get()?.trouble === 'token')
    machine.says = { status: 200, body: { kind: 'surely' } }
    await until(() => cards.run.get()?.trouble === 'odd')
    machine.says = { status: 200, body: { kind: 'refused', code: '51' } }
    await until(() => cards.run.get()?.step === 'issuer')
    assert.deepEqual([cards.run.get()?.slip?.state, cards.run.get()?.slip?.code], ['refused', '51'])
    assert.equal(new Set(machine.heard.map(({ body }) => body.reference)).size, 1, 'one sale')
  })

  test('a page that is begun anew goes on with the same sale, and an answered one is not sent again', async () => {
    const { machine, storage, open } = counter()
    machine.says = 'away'
    const first = open()
    first.look(authorising)
    await until(() => machine.heard.length > 0)
    first.look({ deal: DEAL, state: 'ended' })
    machine.says = { status: 200, body: APPROVED }
    machine.heard.length = 0
    const second = open()
    second.look(authorising)
    await until(() => second.run.get()?.step === 'issuer')
    assert.deepEqual(
      machine.heard.map(({ body }) => body.reference),
      [`${DEAL}-34567891`],
    )
    const third = open()
    third.look(authorising)
    await until(() => third.run.get()?.step === 'issuer')
    assert.equal(machine.heard.length, 1)
    assert.equal((await storage.list('card-slip ')).length, 1)
  })

  test('who was refused and approves again has another number, and that is another sale', async () => {
    const { hub, machine, storage, open } = counter()
    machine.says = { status: 200, body: { kind: 'refused', code: '51' } }
    const cards = open()
    cards.look(authorising)
    await until(() => cards.run.get()?.step === 'issuer')
    cards.look({ deal: DEAL, state: 'joined' })
    hub.number = { ...NUMBER, number: '4571989876543211' }
    machine.says = { status: 200, body: APPROVED }
    cards.look(authorising)
    const slip = await until(async (): Promise<Slip | null> => {
      const kept = await cards.slipOf(DEAL)
      return kept?.state === 'approved' ? kept : null
    })
    assert.equal(slip.number, '4571989876543211')
    assert.deepEqual(
      machine.heard.map(({ body }) => body.reference),
      [`${DEAL}-34567891`, `${DEAL}-76543211`],
    )
    assert.equal((await storage.list('card-slip ')).length, 1)
  })
})
