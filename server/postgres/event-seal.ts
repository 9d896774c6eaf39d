// The seal of an event row: a change of any of its bytes that was not made by the hub shows. Payments and offers can be told again from
// their events, but what a later event wrote over (a bill that was changed, a challenge that was answered) is in no snapshot any more.
import { hash } from 'node:crypto'

export const EVENT_SEAL_BYTES = 8

/** The first 8 bytes of SHA-256 over the row as text; `body` exactly as it is stored. Migration 0006 says the same in SQL. */
export const eventSeal = (row: {
  bucket: number
  terminal: string
  subject: string
  version: number
  at: number
  body: string
}): Buffer =>
  Buffer.from(
    hash(
      'sha256',
      `${row.bucket} ${bare(row.terminal)} ${bare(row.subject)} ${row.version} ${row.at} ${row.body}`,
      'hex',
    ).slice(0, 2 * EVENT_SEAL_BYTES),
    'hex',
  )

/** An id or a uuid as 32 hex digits. */
const bare = (id: string): string => (id.includes('-') ? id.replaceAll('-', '') : id.slice(id.indexOf('_') + 1))
