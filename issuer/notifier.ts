// Tells acquirers what became of one-time numbers (0620) on the lines on which they have signed on, again until they say that they heard (0630).
import type { Answer } from './answers.ts'
import type { Notice } from './books.ts'
import type { Desk } from './desk.ts'
import type { Message } from './iso8583.ts'
import { passing } from './failpoints.ts'
import { bare } from './judging.ts'
import { writeAsk } from './messages.ts'

/** Sent and not heard of: the rest waits for these. */
const AT_ONCE = 50

/** `Line` is a connection. */
export function createNotifier<Line>(
  of: Readonly<{
    desk: Desk
    isSilent: () => boolean
    againMs: number
    send: (line: Line, message: Message) => void
  }>,
) {
  const lines = new Map<Line, string>()
  /** when each was last sent */
  const sent = new Map<number, number>()

  function look(): void {
    const { notices, unheard } = of.desk.books
    if (of.isSilent() || lines.size === 0) return
    let underWay = 0
    const due: (readonly [line: Line, notice: Notice])[] = []
    for (const n of unheard) {
      const notice = notices.get(n)
      if (notice === undefined) continue
      // The line that signed on last: the one before may be dead and not know it.
      const line = [...lines].findLast(([, acquirer]) => acquirer === notice.acquirer)?.[0]
      if (line === undefined) continue
      if (++underWay > AT_ONCE) break
      if (Date.now() - (sent.get(n) ?? 0) >= of.againMs) due.push([line, notice])
    }
    if (due.length === 0) return
    // On the disk first: what may have been heard is not told otherwise afterwards.
    const fresh = due.filter(([, { n }]) => !of.desk.books.sent.has(n))
    of.desk.write(fresh.map(([, { n }]) => ({ what: 'notice-sent', n })))
    passing('telling')
    for (const [line, notice] of due) {
      of.send(line, noticeMessage(notice, sent.has(notice.n)))
      sent.set(notice.n, Date.now())
    }
  }

  const timer = setInterval(look, of.againMs)
  timer.unref()
  return {
    look,
    joined(line: Line, acquirer: string): void {
      lines.delete(line)
      lines.set(line, bare(acquirer))
      look()
    },
    left: (line: Line): void => void lines.delete(line),
    heard({ mti, trace, order }: Answer): void {
      if (mti !== '0630') return
      const { notices, unheard } = of.desk.books
      for (const n of unheard) {
        const notice = notices.get(n)
        if (notice === undefined || stanOf(n) !== trace.stan || notice.order !== order) continue
        sent.delete(n)
        of.desk.write([{ what: 'notice-heard', n, isHeard: true }])
      }
    },
    stop: (): void => clearInterval(timer),
  }
}

const stanOf = (n: number): string => String(n % 1_000_000).padStart(6, '0')

function noticeMessage(notice: Notice, isRepeat: boolean): Message {
  const { n, at, acquirer, rrn, merchant, ...rest } = notice
  // MMDDhhmmss, UTC.
  const sentAt = new Date(at).toISOString().replaceAll(/\D/gu, '').slice(4, 14)
  const trace = { stan: stanOf(n), rrn, at: sentAt, day: sentAt.slice(0, 4), acquirer }
  return writeAsk({ ...rest, kind: 'notice', merchantNumber: merchant, trace, isRepeat })
}
