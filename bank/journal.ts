// The memory of the reference bank and of the card issuer: a file of JSON lines, one for each decision with all of its records, on the disk before anybody hears of it.
import { closeSync, existsSync, fsyncSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs'

export type Journal<Booked> = Readonly<{
  /** what the file held when it was opened */
  records: readonly Booked[]
  /** On the disk when it returns. */
  append(records: readonly Booked[]): void
  close(): void
}>

/** Opens or makes the file. A last line that a crash has torn was never answered: it is cut off. */
export function openJournal<Booked>(path: string): Journal<Booked> {
  const bytes = existsSync(path) ? readFileSync(path) : Buffer.alloc(0)
  const end = bytes.lastIndexOf(0x0a) + 1
  const lines = bytes.subarray(0, end).toString('utf8').split('\n').slice(0, -1)
  const file = openSync(path, 'a', 0o600)
  if (end < bytes.length) ftruncateSync(file, end)
  return {
    // Border: this very program wrote the lines.
    records: lines.flatMap((line) => JSON.parse(line) as Booked[]),
    append(records) {
      if (records.length === 0) return
      writeSync(file, `${JSON.stringify(records)}\n`)
      fsyncSync(file)
    },
    close: () => closeSync(file),
  }
}
