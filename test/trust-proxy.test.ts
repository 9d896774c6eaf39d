// Behind a proxy: whose address counts against guessing, and whose word about an address is believed.
import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { BUDGETS } from '#protocol/limits.ts'
import { startTestHub, type TestHub } from './support/hub.ts'
import { ask, assertProblem } from './support/raw-client.ts'

/** One guess at an enrolment code; says how it was refused. `forwarded` is the header as the hub gets it. */
async function guess(hub: TestHub, forwarded: string): Promise<string> {
  const reply = await ask(hub, {
    path: '/v1/enrolments',
    headers: { 'x-forwarded-for': forwarded },
    body: { code: 'ABCDEFGHJK', key: 'AAAA', label: 'x', signature: 'AAAA' },
  })
  return assertProblem(reply, forwarded)
}

/** Guesses until the budget is used up; returns how many were heard. */
async function guessesOf(hub: TestHub, forwarded: (turn: number) => string): Promise<number> {
  for (let turn = 0; turn <= BUDGETS.enrolment.burst; turn++)
    if ((await guess(hub, forwarded(turn))) === 'too-many-tries') return turn
  return Infinity
}

for (const [name, trustProxy] of [
  ['one hop', 1],
  ['the proxy by its address', '127.0.0.1, ::1'],
] as const)
  describe(`a hub that trusts ${name}`, () => {
    let hub: TestHub
    before(async () => {
      hub = await startTestHub({ trustProxy })
    })
    after(() => hub.stop())

    test('two clients behind one proxy have budgets of their own', async () => {
      assert.equal(await guessesOf(hub, () => '203.0.113.7'), BUDGETS.enrolment.burst)
      assert.equal(await guess(hub, '198.51.100.7'), 'signature-invalid')
      assert.equal(await guess(hub, '203.0.113.7'), 'too-many-tries')
    })

    test('what a client says of itself before the proxy does buys it no new tries', async () => {
      // The proxy adds the address it was spoken to from behind what the client sent.
      assert.equal(await guessesOf(hub, (turn) => `10.${turn}.0.1, 192.0.2.1`), BUDGETS.enrolment.burst)
      assert.equal(await guess(hub, '192.0.2.1'), 'too-many-tries')
    })

    test('a watcher is let in by the origin that the proxy names', async () => {
      const upgrade = (origin: string): Promise<string> =>
        new Promise((resolve, reject) => {
          const { hostname, port } = new URL(hub.url)
          const socket = connect({ host: hostname, port: Number(port) })
          socket.setEncoding('utf8')
          socket.on('error', reject)
          socket.once('data', (answer: string) => {
            socket.destroy()
            resolve(answer.slice(0, answer.indexOf('\r\n')))
          })
          socket.write(
            `GET /v1/watch HTTP/1.1\r\nhost: inside\r\nx-forwarded-host: town.example\r\nx-forwarded-proto: https\r\norigin: ${origin}\r\n` +
              'connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
          )
        })
      assert.equal(await upgrade('https://town.example'), 'HTTP/1.1 101 Switching Protocols')
      assert.equal(await upgrade('http://inside'), 'HTTP/1.1 403 Forbidden')
    })
  })
