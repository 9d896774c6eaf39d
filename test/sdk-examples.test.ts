// The examples run: here against a hub without a socket.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PaymentView } from '#protocol/views.ts'
import { main as history } from '#sdk/examples/history.ts'
import { main as phone } from '#sdk/examples/phone.ts'
import { main as register } from '#sdk/examples/register.ts'
import { authHub, dealView, HUB, noWaiting, paymentView } from './support/auth-hub.ts'

const surroundingsOf = ({ fetch, WebSocket }: ReturnType<typeof authHub>) => ({ fetch, WebSocket, delay: noWaiting })

test('a register asks for money and waits until it is settled', async () => {
  const hub = authHub({ clock: { now: Date.now() } })
  hub.shown = ({ deal }) => ({ type: 'deal', view: { ...dealView(String(deal), 9), state: 'settled' } })
  assert.equal(await register(HUB, await hub.terminalCode(), () => {}, surroundingsOf(hub)), 'settled')
})

test('a phone joins by number, waits for the bill and approves it', async () => {
  const hub = authHub({ clock: { now: Date.now() } })
  const code = await hub.deviceCode()
  const account = hub.accountOf('Hanako')
  const joined: PaymentView = { ...paymentView(account), bill: null }
  hub.payment = joined
  hub.shown = () => ({ type: 'payment', view: { ...paymentView(account), payment: joined.payment, version: 4 } })
  const paid = await phone(HUB, code, '0392744', '20481024', surroundingsOf(hub))
  assert.equal(paid?.state, 'settled')
  assert.deepEqual(
    [...hub.decided.values()].map(({ proof }) => proof),
    [undefined, 'right'],
  )
})

test('bookkeeping reads the whole history', async () => {
  const hub = authHub({ clock: { now: Date.now() } })
  assert.deepEqual(await history(HUB, await hub.terminalCode(), surroundingsOf(hub)), [])
})
