// What a card machine does with what a register asks: each reference once, on the disk before it is sent, carried on until it is answered.
// A sale without an answer is taken back: 0400, then 0420 and 0421 until the issuer answers, also after a restart. Where the issuer refuses that
// and says the approval, the sale stands, and is approved here too. A refund without an answer is asked again until it has one.
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { openJournal } from '#bank/journal.ts'
import { dayOf } from '#core/calendar.ts'
import type { Answer } from './answers.ts'
import { CODES, type Trace } from './elements.ts'
import { createLineClient, type LineClient } from './line-client.ts'
import { note, type Entry, type MachineBook, type Noted } from './machine-book.ts'
import { writeAsk } from './messages.ts'

/** `prefixes`: how the numbers of the issuer begin; of all issuers the longest counts */
export type IssuerLine = Readonly<{ host: string; port: number; prefixes: readonly string[] }>

/** What a register asks, before it has a trace. */
export type Asked = Omit<Entry, 'trace' | 'state' | 'code' | 'approval' | 'reversal'>

export type MachineDesk = Readonly<{
  book: MachineBook
  /** What became of it, or that nothing is known yet; undefined where the reference stands for something else. Never takes longer than a register waits. */
  carried(asked: Asked): Promise<Entry | undefined>
  stop(): Promise<void>
}>

/** DE 39, 1987: there is no such issuer. */
const NO_ISSUER = '15'
const SAME = ['kind', 'number', 'expires', 'unit', 'amount', 'merchant', 'terminal', 'saleRrn'] as const

export function openMachineDesk(
  of: Readonly<{
    data: string
    mac: Uint8Array
    /** its own: with its numbers of messages it names each message of it at every issuer */
    acquirer: string
    lines: readonly IssuerLine[]
    zone: string
    withinMs: number
    againMs: number
  }>,
): MachineDesk {
  const { withinMs, againMs } = of
  const lines = of.lines.flatMap((line) => {
    const client = createLineClient({ ...line, mac: of.mac })
    return line.prefixes.map((prefix) => ({ prefix, client }))
  })
  lines.sort((left, right) => right.prefix.length - left.prefix.length)
  const journal = openJournal<Noted>(join(of.data, 'machine.jsonl'))
  const book: MachineBook = { entries: new Map(), messages: 0 }
  for (const noted of journal.records) note(book, noted)
  const over = new AbortController()
  /** by reference: whoever asks again waits for it */
  const underWay = new Map<string, Promise<void>>()

  function write(noted: Noted): void {
    journal.append([noted])
    note(book, noted)
  }

  function newTrace(rrn?: string): Trace {
    const at = Date.now()
    const number = book.messages + 1
    return {
      stan: String(number % 1_000_000).padStart(6, '0'),
      rrn: rrn ?? String(number).padStart(12, '0'),
      // MMDDhhmmss, UTC.
      at: new Date(at).toISOString().replaceAll(/\D/gu, '').slice(4, 14),
      day: String(dayOf(at, of.zone)).slice(4),
      acquirer: of.acquirer,
    }
  }

  const clientFor = (number: string): LineClient | undefined =>
    lines.find(({ prefix }) => number.startsWith(prefix))?.client

  const pause = (): Promise<void> => wait(againMs, undefined, { signal: over.signal, ref: false }).catch(() => {})

  /** Carries an entry on until it is answered, or, a sale, until it is taken back. */
  async function carryOn(entry: Entry): Promise<void> {
    const { reference, kind, number, expires, terminal, unit, amount, trace } = entry
    const client = clientFor(number)
    const answered = (answer: Pick<Answer, 'code' | 'approval'>): void =>
      write({ what: 'answered', reference, code: answer.code, approval: answer.approval })
    if (client === undefined) return answered({ code: NO_ISSUER, approval: null })
    const merchant = { number: entry.merchant, name: '', place: '', category: '5999' }
    const about = { merchant, terminal, unit, amount, trace }
    if (kind === 'sale') {
      const sale = writeAsk({ ...about, kind, isRepeat: false, number, expires, method: 'lump' })
      const answer = await client.ask(sale, withinMs)
      if (over.signal.aborted) return
      if (answer !== undefined) return answered(answer)
      write({ what: 'taking-back', reference, reversal: newTrace(trace.rrn) })
      return takeBack(reference)
    }
    for (let isRepeat = false; !over.signal.aborted; isRepeat = true) {
      const refund = writeAsk({ ...about, kind, isRepeat, of: { number, rrn: entry.saleRrn ?? '' } })
      const answer = await client.ask(refund, withinMs)
      if (answer !== undefined && !over.signal.aborted) return answered(answer)
      await pause()
    }
  }

  async function takeBack(reference: string): Promise<void> {
    for (let tries = 0; !over.signal.aborted; tries++) {
      const entry = book.entries.get(reference)
      if (entry === undefined || entry.reversal === null) return
      const { unit, amount, trace, reversal } = entry
      const how = { isAdvice: tries > 0, isRepeat: tries > 1, trace: reversal }
      const original = { mti: '0200', ...trace }
      const reverse = writeAsk({ kind: 'reverse', order: null, unit, amount, original, ...how })
      const answer = await clientFor(entry.number)?.ask(reverse, withinMs)
      if (answer !== undefined && !over.signal.aborted) {
        const { code, approval } = answer
        const isStanding = code !== CODES.approved && approval !== null
        if (isStanding) return write({ what: 'answered', reference, code: CODES.approved, approval })
        return write({ what: 'taken-back', reference })
      }
      await pause()
    }
  }

  function start(entry: Entry): void {
    const { reference } = entry
    const carrying = carryOn(entry).finally(() => underWay.delete(reference))
    underWay.set(reference, carrying)
  }

  for (const entry of book.entries.values()) {
    const { reference, state, kind, trace } = entry
    if (state === 'asked' && kind === 'refund') start(entry)
    // It died before it heard, and the register does not wait any more.
    if (state === 'asked' && kind === 'sale') write({ what: 'taking-back', reference, reversal: newTrace(trace.rrn) })
    if (book.entries.get(reference)?.state === 'taking-back') void takeBack(reference)
  }

  return {
    book,
    async carried(asked) {
      const { reference } = asked
      const known = book.entries.get(reference)
      if (known !== undefined && SAME.some((part) => known[part] !== asked[part])) return undefined
      if (known === undefined) {
        write({ what: 'asked', ...asked, trace: newTrace(), amount: String(asked.amount) })
        const entry = book.entries.get(reference)
        if (entry !== undefined) start(entry)
      }
      await Promise.race([underWay.get(reference), wait(withinMs + againMs, undefined, { ref: false })])
      return book.entries.get(reference)
    },
    async stop() {
      over.abort()
      for (const { client } of lines) client.close()
      await Promise.allSettled(underWay.values())
      journal.close()
    },
  }
}
