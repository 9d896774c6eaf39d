// The file of a zone's key: 32 bytes that issuers, the vault and card machines share.
import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'

/** The key, made where there is none: 64 hex digits that nobody else on the machine may read. Throws for another file. */
export function readZoneKey(path: string): Buffer {
  if (!existsSync(path)) writeFileSync(path, `${randomBytes(32).toString('hex')}\n`, { mode: 0o600, flag: 'wx' })
  const text = readFileSync(path, 'utf8').trim()
  if (!/^[0-9a-f]{64}$/u.test(text)) throw new Error(`${path} is no zone key: 64 hex digits are expected`)
  return Buffer.from(text, 'hex')
}
