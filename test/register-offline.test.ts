// What a register without a network may take, what becomes of what waits, and who counts as signed in: tables of the rules alone.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { capFault, decided, staffAt, sumOf, waitingOf, withSale, type Sale } from '#apps/register/offline.ts'
import { LIMITS } from '#protocol/limits.ts'
import { problemOf, type ProblemCode } from '#protocol/problems.ts'

const NOW = 1_800_000_000_000
const HOUR = 3_600_000
const CAPS = { payment: '5000', device: '8000', terminal: '12000', ms: 24 * HOUR }
const [HERS, HIS] = [`dev_${'1'.repeat(32)}`, `dev_${'2'.repeat(32)}`]

const sale = (total: string, over: Partial<Sale> = {}): Sale => ({
  deal: `deal_${total.padStart(32, '0')}`,
  terminal: `trm_${'3'.repeat(32)}`,
  payer: HERS,
  total,
  unit: 'JPY',
  text: 'Bread',
  acceptedAt: NOW,
  // Border: nothing here reads it.
  body: {} as never,
  state: 'waiting',
  problem: null,
  payerName: null,
  ...over,
})

test('each cap of the scheme stands in the way exactly from where it is', () => {
  const fault = (
    total: string,
    over: Partial<{
      payer: string | null
      unit: string
      caps: typeof CAPS
      sales: readonly Sale[]
      offlineMs: number
    }> = {},
  ): string =>
    capFault(
      { total, unit: over.unit ?? 'JPY', payer: over.payer === undefined ? HERS : over.payer },
      {
        caps: over.caps ?? CAPS,
        unit: 'JPY',
        sales: over.sales ?? [],
        onlineAt: NOW - (over.offlineMs ?? 0),
        now: NOW,
      },
    ) ?? 'may'
  assert.equal(fault('5000'), 'may')
  assert.equal(fault('5001'), 'payment')
  assert.equal(fault('3000', { sales: [sale('5000')] }), 'may')
  assert.equal(fault('3001', { sales: [sale('5000')] }), 'device')
  assert.equal(fault('3001', { sales: [sale('5000')], payer: HIS }), 'may', 'of another phone')
  assert.equal(fault('3001', { sales: [sale('5000')], payer: null }), 'may', 'before a phone is known')
  const others = [sale('5000', { payer: HIS }), sale('4000', { payer: HIS })]
  assert.equal(fault('3000', { sales: others }), 'may')
  assert.equal(fault('3001', { sales: others }), 'terminal')
  const gone = others.map((each): Sale => ({ ...each, state: 'settled' }))
  assert.equal(fault('3001', { sales: gone }), 'may', 'what was handed in counts no more')
  assert.equal(fault('100', { offlineMs: 24 * HOUR }), 'may')
  assert.equal(fault('100', { offlineMs: 24 * HOUR + 1 }), 'hours')
  assert.equal(fault('100', { unit: 'EUR' }), 'unit')
  assert.equal(fault('100', { caps: { ...CAPS, payment: '0' } }), 'off')
  assert.equal(fault('100', { caps: { ...CAPS, ms: 0 } }), 'off')
})

test('a sale is settled or declined by the hub alone; what decides nothing leaves it waiting', () => {
  assert.equal(
    decided(sale('1'), { ok: true, view: { deal: null, payment: null, refund: null, provedAt: null } }).state,
    'settled',
  )
  const after = (code: ProblemCode): string =>
    decided(sale('1'), { ok: false, problem: problemOf(code), view: null }).state
  for (const code of ['no-answer', 'busy', 'unavailable', 'cashier-needed', 'not-permitted', 'session-ended'] as const)
    assert.equal(after(code), 'waiting', code)
  for (const code of [
    'payer-refused',
    'over-offline-limit',
    'signature-invalid',
    'terminal-inactive',
    'deal-exists',
  ] as const)
    assert.equal(after(code), 'declined', code)
})

test('sales stand in the order they were taken, each once', () => {
  const [first, second] = [sale('10'), sale('20', { acceptedAt: NOW + 1 })]
  const sales = withSale(withSale(withSale([], second), first), { ...second, state: 'declined' })
  assert.deepEqual(
    sales.map(({ total, state }) => `${total} ${state}`),
    ['10 waiting', '20 declined'],
  )
  assert.equal(sumOf(sales), 30n)
  assert.deepEqual(waitingOf(sales), [first])
})

test('who does nothing for as long as the hub would wait is signed out', () => {
  const staff = { needed: true, cashier: { staff: 'stf', name: 'Aiko', role: 'cashier' }, staff: [] } as never
  const kept = { staff, activeAt: NOW }
  assert.notEqual(staffAt(kept, NOW + LIMITS.cashierIdleMs).cashier, null)
  assert.equal(staffAt(kept, NOW + LIMITS.cashierIdleMs + 1).cashier, null)
})
