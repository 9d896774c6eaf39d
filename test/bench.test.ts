// The bench runs and gives the figures that are asked of it; how large they are is for a quiet machine, not for a test.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { promisify } from 'node:util'

test('the growth bench fills two banks, posts in both and reads histories', async () => {
  const args = ['bench/main.ts', 'growth', '--small', '--json', '--rounds', '1', '--seconds', '0.2', '--clients', '2']
  const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 150_000 })
  const figures = JSON.parse(stdout) as Record<string, unknown>
  assert.deepEqual(figures.transfers, [16_000, 80_000])
  for (const key of ['ratio_growth', 'rate_large_per_s', 'history_p99_ms']) assert.ok(Number(figures[key]) > 0, key)
})

test('the proofs bench checks each kind of proof and pays with each', async () => {
  const args = ['bench/main.ts', 'proofs', '--json', '--rounds', '1', '--seconds', '0.2', '--pairs', '2']
  const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 150_000 })
  const figures = JSON.parse(stdout) as {
    checks_per_processor_s: Record<string, { median: number }>
    payments: Record<string, { rate_per_s: { median: number } }>
  }
  assert.deepEqual(Object.keys(figures.checks_per_processor_s), ['request-mac', 'device-key', 'scram', 'passkey'])
  for (const { median } of Object.values(figures.checks_per_processor_s)) assert.ok(median > 0)
  assert.deepEqual(Object.keys(figures.payments), ['unlocked', 'scram', 'passkey'])
  for (const { rate_per_s: rate } of Object.values(figures.payments)) assert.ok(rate.median > 0)
})
