// A day of customer codes: read as QR, typed, made without a network, sent twice, and one that is nobody's.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { billToWire } from '#protocol/bill.ts'
import { digitsFrom } from '#core/customer-code.ts'
import type { Client } from '#sdk/client.ts'
import { fetchCode, makeOfflineCode } from '#sdk/customer-code.ts'
import { memoryStorage } from '#sdk/storage.ts'
import { billOf, newId } from './world.ts'

export async function aDayWithCodes({
  register,
  hanako,
}: Readonly<{ register: Client; hanako: Client }>): Promise<void> {
  const read = async (code: string): Promise<boolean> =>
    (await register.send('bill-code', { deal: newId('deal'), code, bill: billToWire(billOf(300n)) })).ok
  const shown = async () => {
    const made = await fetchCode(hanako)
    assert.ok(made.ok)
    return made.view
  }
  const { code } = await shown()
  assert.ok(await read(code))
  assert.ok(!(await read(code)), 'used up')
  assert.ok(await read((await shown()).digits))
  const offline = await makeOfflineCode(hanako, memoryStorage())
  assert.ok(offline.ok)
  assert.ok(await read(offline.view.code))
  assert.ok(!(await read(digitsFrom(randomBytes(16)))), "nobody's")
  await shown()
}
