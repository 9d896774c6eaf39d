// The vault with the reference issuer and a conventional terminal: paid, misused, given back, and both books agree.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { startIssuer } from '#issuer/program.ts'
import { startMachine } from '#issuer/machine-program.ts'
import { CARDS } from '#issuer/town.ts'
import type { AlarmsAnswer, OrderAnswer, ReconcileAnswer } from '#vault/wire.ts'
import { MERCHANT, newOrder, startTestVault, tablesAt, until } from './support/vault.ts'

test('with the real issuer and a conventional terminal: paid, misused, given back, and the day balances', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'warifu-issuer-'))
  const own = await startTestVault()
  const zoneKey = join(own.folder, 'zone.key')
  const real = await startIssuer({
    data: folder,
    port: 0,
    lines: [0, 0],
    demo: true,
    cards: CARDS,
    zoneKey,
    zone: 'Asia/Tokyo',
    noticeMs: 100,
  })
  const [line] = real.lines
  assert(line)
  const machine = await startMachine({
    data: join(folder, 'machine'),
    port: 0,
    zoneKey,
    lines: [{ host: '127.0.0.1', port: line.port, prefixes: ['457199', '457198'] }],
  })
  const sell = async (more: object): Promise<Record<string, unknown>> => {
    const response = await fetch(`${machine.url}/sale`, {
      method: 'POST',
      headers: { authorization: `Bearer ${machine.token}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        amount: '1200',
        unit: 'JPY',
        merchant: MERCHANT.number,
        terminal: 'T0000001',
        reference: newOrder(),
        ...more,
      }),
    })
    // Border: the machine answers with an object.
    return (await response.json()) as Record<string, unknown>
  }
  try {
    await own.put('/v1/tables', tablesAt(line.port))
    await own.isUp()
    const [good, small] = CARDS
    assert(good && small)
    const kept = await own.addCard(good.number, good.expires, good.code)
    const poor = await own.addCard(small.number, small.expires, small.code)
    const paid = newOrder()
    const purchase = { merchant: MERCHANT, oneTime: false }
    assert.equal((await own.authorise(kept, { ...purchase, order: paid })).body['kind'], 'approved')
    assert.equal((await own.follow('capture', paid, '1000')).body['kind'], 'done')
    assert.equal((await own.follow('release', paid, '200')).body['kind'], 'done')
    assert.equal((await own.follow('refund', paid, '300')).body['kind'], 'done')
    const over = await own.authorise(poor, { ...purchase, amount: '999999' })
    assert.deepEqual(over.body, { kind: 'refused', code: '51', reason: 'over-card-limit' })
    const given = newOrder()
    await own.authorise(kept, { ...purchase, order: given })
    assert.deepEqual((await own.follow('reverse', given, '1200')).body, { kind: 'done' })

    const order = newOrder()
    const { body } = await own.authorise(kept, { ...purchase, order, oneTime: true })
    // Border: the vault's own answer.
    const { oneTime } = body as unknown as Extract<OrderAnswer, { kind: 'pending' }>
    assert(oneTime)
    const at = { number: oneTime.number, expires: oneTime.card.expires }
    assert.equal((await sell({ ...at, amount: '1300' }))['kind'], 'refused')
    const sold = await sell(at)
    assert.equal(sold['kind'], 'approved', JSON.stringify(sold))
    const settled = await until(async () => {
      const now = (await own.get(`/v1/orders/${order}`)).body
      return now['kind'] === 'approved' && now
    })
    assert.deepEqual([settled['approval'], settled['rrn']], [sold['approval'], sold['rrn']])
    assert.equal((await sell(at))['kind'], 'refused')
    const alarms = await until(async () => {
      // Border: the vault's own answer.
      const said = (await own.get('/v1/alarms')).body as unknown as AlarmsAnswer
      return said.alarms.length === 2 && said.alarms
    })
    assert.deepEqual(alarms.map(({ kind }) => kind).toSorted(), ['other-amount', 'used-twice'])
    for (const each of alarms) assert.equal(each.order, order)
    assert.equal((await own.follow('refund', order, '1200')).body['kind'], 'done')

    const day = new Date(Date.now() + 9 * 3_600_000).toISOString().slice(0, 10)
    // Border: the vault's own answer.
    const compared = (await own.post('/v1/reconcile', { day })).body as unknown as ReconcileAnswer
    assert.deepEqual(compared.issuers, [
      {
        issuer: '0001',
        ours: [
          {
            unit: 'JPY',
            debits: { count: 1, amount: '1000' },
            debitReversals: { count: 0, amount: '0' },
            credits: { count: 2, amount: '1500' },
            creditReversals: { count: 0, amount: '0' },
          },
        ],
        inBalance: true,
      },
    ])
  } finally {
    await own.close()
    await machine.stop()
    await real.stop()
    rmSync(folder, { recursive: true, force: true })
  }
})
