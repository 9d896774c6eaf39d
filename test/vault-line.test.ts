// The line to an issuer when it is cut, wrong, doubled or somebody else's: what is believed, and that everything else is taken back.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Socket } from 'node:net'
import { frameOf, sealMessage, type Message } from '#issuer/iso8583.ts'
import { openLine, type Heard, type Line, type LineTimes } from '#vault/line.ts'
import {
  cardNumber,
  newOrder,
  startFakeIssuer,
  startTestVault,
  until,
  ZONE,
  type FakeIssuer,
  type Reply,
  type TestVault,
} from './support/vault.ts'

let issuer: FakeIssuer
let vault: TestVault
let card: string

before(async () => {
  issuer = await startFakeIssuer()
  vault = await startTestVault({ issuerPort: issuer.port })
  card = await vault.addCard(cardNumber(2))
})
after(async () => {
  await vault.close()
  await issuer.stop()
  assert.deepEqual(vault.errors, [])
})

const YES = { code: '00', approval: 'A1B2C3' }
const NO_ANSWER = { kind: 'refused', code: 'no-answer', reason: 'no-answer' }
const isReversed = (order: string): Promise<true> =>
  until(async () => issuer.of('reverse').some((ask) => ask.order === order))

async function authorised(order: string, reply: Reply, withinMs = 2_000): Promise<Record<string, unknown>> {
  issuer.replies.authorise = () => reply
  try {
    return (await vault.authorise(card, { order, withinMs })).body
  } finally {
    delete issuer.replies.authorise
  }
}

test('an answer with which the line is lost is no answer and is taken back', async () => {
  for (const part of [0, 0.01, 0.5, 0.99]) {
    const order = newOrder()
    const body = await authorised(order, (socket, answer) => {
      const bytes = answer(YES)
      socket.write(bytes.subarray(0, Math.floor(part * bytes.length)))
      socket.resetAndDestroy()
    })
    assert.deepEqual(body, NO_ANSWER)
    await isReversed(order)
  }
})

test('cut at any byte an answer is none; in two pieces, wherever they part, it is one', async () => {
  const other = await startFakeIssuer()
  const line = lineTo(other.port)
  const question = { mti: '0302', fields: { 2: cardNumber(3), 7: '1122000000', 11: '500000', 15: '1122', 32: '1' } }
  const ask = async (at: number): Promise<Heard['kind']> => {
    await until(async () => line.isUp())
    const rrn = String(at).padStart(12, '0')
    return (await line.ask({ ...question, fields: { ...question.fields, ...KEY_ENDED, 37: rrn } }, 2_000)).kind
  }
  try {
    for (let at = 0, length = 1; at <= length; at++) {
      other.replies['end-key'] = () => (socket, answer) => {
        const bytes = answer({ code: '00' })
        length = bytes.length
        socket.write(bytes.subarray(0, at))
        setImmediate(() => socket.write(bytes.subarray(at)))
      }
      assert.equal(await ask(at), 'answer', `parted at ${at}`)
    }
    for (let at = 0, length = 1; at < length; at++) {
      other.replies['end-key'] = () => (socket, answer) => {
        const bytes = answer({ code: '00' })
        length = bytes.length
        socket.end(bytes.subarray(0, at))
      }
      assert.equal(await ask(at), 'closed', `cut at ${at}`)
    }
  } finally {
    line.stop()
    await other.stop()
  }
})

/** What an 0302 that takes a key away says besides. */
const KEY_ENDED = { 48: 'OR01x', 91: '3', 101: 'ONETIME' }

function lineTo(port: number, times: Partial<LineTimes> = {}): Line {
  let count = 0
  return openLine({
    host: '127.0.0.1',
    port,
    key: () => ZONE.mac,
    trace: async () => ({
      stan: String(++count).padStart(6, '0'),
      rrn: String(count).padStart(12, '9'),
      at: '1122000000',
      day: '1122',
      acquirer: '1',
    }),
    onAsk: async () => undefined,
    onChange: () => {},
    times: { shortestBreakMs: 1, longestBreakMs: 5, ...times },
  })
}

/** What an issuer sends instead of an answer to this order. */
const WRONG: Readonly<Record<string, (socket: Socket, yes: Message, bytes: Buffer) => void>> = {
  "another message's STAN": (socket, yes) => send(socket, { ...yes, fields: { ...yes.fields, 11: '000001' } }),
  "another message's RRN": (socket, yes) => send(socket, { ...yes, fields: { ...yes.fields, 37: '999999999999' } }),
  'another type': (socket, yes) => send(socket, { ...yes, mti: '0210' }),
  "another order's answer": (socket, yes) => send(socket, { ...yes, fields: { ...yes.fields, 48: 'OR05other' } }),
  'a code of authenticity of another key': (socket, yes) =>
    void socket.write(frameOf(sealMessage(yes, Buffer.alloc(32)))),
  'one byte changed': (socket, _, bytes) => {
    const changed = Buffer.from(bytes)
    changed.write('9', changed.length - 60)
    socket.write(changed)
  },
  'no outcome': (socket, yes) => {
    const { 39: _, ...fields } = yes.fields
    send(socket, { ...yes, fields })
  },
  garbage: (socket) => void socket.write(Buffer.from([0, 5, 1, 2, 3, 4, 5])),
}
const send = (socket: Socket, message: Message): void => void socket.write(frameOf(sealMessage(message, ZONE.mac)))

for (const [what, say] of Object.entries(WRONG))
  test(`${what} is no answer, even to a no`, async () => {
    for (const code of ['00', '51']) {
      const order = newOrder()
      const body = await authorised(
        order,
        (socket, answer, message) => say(socket, message(code === '00' ? YES : { code }), answer(YES)),
        400,
      )
      assert.deepEqual(body, NO_ANSWER)
      await isReversed(order)
    }
  })

test('a yes to another amount, in another currency or without an approval code is refused and taken back', async () => {
  for (const [field, value] of [
    [4, '000000001201'],
    [49, '840'],
    [38, '      '],
  ] as const) {
    const order = newOrder()
    const body = await authorised(order, (socket, _, message) => {
      const yes = message(YES)
      send(socket, { ...yes, fields: { ...yes.fields, [field]: value } })
    })
    assert.deepEqual(body, { kind: 'refused', code: 'other-answer', reason: 'refused' })
    await isReversed(order)
  }
})

test('an answer that comes twice counts once, and the line goes on', async () => {
  const twice: Reply = (socket, answer) => {
    socket.write(answer(YES))
    socket.write(answer({ code: '51' }))
  }
  for (let times = 0; times < 3; times++) assert.equal((await authorised(newOrder(), twice))['kind'], 'approved')
})

test('answers in another order than the questions find theirs', async () => {
  const waiting: (() => void)[] = []
  issuer.replies.authorise = (ask) => (socket, answer) => {
    waiting.push(() => socket.write(answer({ code: '00', approval: `N${String(ask.amount).padStart(5, '0')}` })))
    if (waiting.length === 6) for (const say of waiting.toReversed()) say()
  }
  const amounts = ['11', '12', '13', '14', '15', '16']
  const said = await Promise.all(amounts.map((amount) => vault.authorise(card, { amount })))
  delete issuer.replies.authorise
  assert.deepEqual(
    said.map(({ body }) => [body['amount'], body['approval']]),
    amounts.map((amount) => [amount, `N${amount.padStart(5, '0')}`]),
  )
})

test('a length that no message has ends the connection, and another is made', async () => {
  const order = newOrder()
  const body = await authorised(order, (socket) => void socket.write(Buffer.from([0xff, 0xff, 0x41])))
  assert.deepEqual(body, NO_ANSWER)
  await isReversed(order)
  await vault.isUp()
  assert.equal((await vault.authorise(card)).body['kind'], 'approved')
})

test('a line signs on before it is up, looks whether anybody is there, and begins again when nobody is', async () => {
  const kinds: string[] = []
  const answers: { echo: boolean } = { echo: true }
  const other = await startFakeIssuer()
  other.replies.network = (ask) => {
    kinds.push(ask.what)
    return ask.what === '301' && !answers.echo ? 'silent' : { code: '00' }
  }
  const line = lineTo(other.port, { answerMs: 100, quietMs: 20, shortestBreakMs: 5, longestBreakMs: 20 })
  try {
    const early: Heard = await line.ask({ mti: '0800', fields: { 11: '999999', 37: '999999999999' } }, 100)
    assert.deepEqual(early, { kind: 'closed' })
    await until(async () => kinds.length >= 3)
    assert.deepEqual(kinds.slice(0, 3), ['001', '301', '301'])
    answers.echo = false
    await until(async () => kinds.filter((what) => what === '001').length >= 2)
    answers.echo = true
    await until(async () => line.isUp() && kinds.at(-1) === '301')
  } finally {
    line.stop()
    await other.stop()
  }
})
