// A day of exchange rates, so that every statement about them is sent: set at the desk and by a source, asked for, and forgotten.
import assert from 'node:assert/strict'
import { unitOf, type Unit } from '#core/money.ts'
import { postgresRates } from '#server/postgres/rates.ts'
import type { TestHub } from './hub.ts'

const unit = (code: string): Unit => unitOf(code) ?? assert.fail(code)

export async function aDayOfRates({
  database,
  url,
  store,
}: Pick<TestHub, 'database' | 'url' | 'store'>): Promise<void> {
  const rates = postgresRates(database)
  const [usd, jpy] = [unit('USD'), unit('JPY')]
  const now = await store.now()
  await rates.put([
    {
      id: '1'.repeat(32),
      from: unit('AUD'),
      to: jpy,
      price: '99.5',
      spread: 100,
      validFrom: null,
      validUntil: now + 3_600_000,
      origin: 'source',
      setBy: 'rates.example.org',
    },
  ])
  assert.ok(await rates.of(usd, jpy))
  assert.ok(await rates.last(unit('AUD'), jpy))
  assert.ok((await rates.newest(5)).length > 1)
  assert.equal(await rates.noteSource('rates.example.org', 'status', []), true)
  assert.equal((await rates.source('rates.example.org'))?.trouble, 'status')
  assert.equal((await fetch(`${url}/v1/rates`)).status, 200)
}
