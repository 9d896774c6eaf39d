// The issuer's desk: decides what comes in, one after the other, and answers when it is on the disk. What comes while the disk is written is
// decided together and written at once, so that many terminals wait for one writing.
import { randomInt } from 'node:crypto'
import { dayOf } from '#core/calendar.ts'
import { openJournal, type Journal } from '#bank/journal.ts'
import type { Outcome } from './answers.ts'
import { emptyBooks, enter, type Booked, type Books, type IssuerTerms } from './books.ts'
import { decide } from './deciding.ts'
import { passing } from './failpoints.ts'
import { createOpenSums } from './limits.ts'
import type { Ask } from './messages.ts'

export type Desk = Readonly<{
  books: Books
  /** What is decided, once it is on the disk. `refuses`: purchases get this code. */
  ask(ask: Ask, refuses: string | null): Promise<Outcome>
  /** Writes what nobody asked for: cards of the demo, a notice that was heard. */
  write(records: readonly Booked[]): void
  /** The day of a purchase made now: YYYY-MM-DD. */
  today(): string
  /** What a card has open. */
  openOf(number: string): bigint
  close(): void
}>

/** The books as a journal has them: for whoever compares them with others. */
export function readBooks(path: string, issuer: IssuerTerms): Books {
  const journal = openJournal<Booked>(path)
  const books = booksFrom(journal, issuer)
  journal.close()
  return books
}

function booksFrom({ records }: Journal<Booked>, issuer: IssuerTerms): Books {
  const books = emptyBooks(issuer)
  for (const record of records) enter(books, record)
  return books
}

/** Opens the books of an issuer, whose days are those of `zone`. */
export function openDesk(of: Readonly<{ path: string; issuer: IssuerTerms; zone: string; wrap: Uint8Array }>): Desk {
  const journal = openJournal<Booked>(of.path)
  const books = booksFrom(journal, of.issuer)
  const sums = createOpenSums(books)
  let waiting: (() => () => void)[] = []
  let unwritten: Booked[] = []

  function clock(): { at: number; day: string } {
    const at = Date.now()
    const day = String(dayOf(at, of.zone))
    return { at, day: `${day.slice(0, 4)}-${day.slice(4, 6)}-${day.slice(6)}` }
  }

  function take(records: readonly Booked[], now: Readonly<{ at: number; day: string }>): void {
    for (const record of records) {
      enter(books, record)
      if ('id' in record) sums.touch(record.id, now)
      unwritten.push(record)
    }
  }

  /** Throws where the disk does: an issuer whose books are not on the disk must not go on. */
  function write(): void {
    journal.append(unwritten)
    unwritten = []
  }

  function turn(): void {
    const asked = waiting
    waiting = []
    const answers = asked.map((decideOne) => decideOne())
    write()
    passing('written')
    for (const answer of answers) answer()
  }

  return {
    books,
    today: () => clock().day,
    openOf: (number) => sums.of(number, clock()),
    ask: (ask, refuses) =>
      new Promise((answered) => {
        if (waiting.length === 0) setImmediate(turn)
        waiting.push(() => {
          const now = clock()
          const { records, outcome } = decide(books, ask, {
            ...now,
            refuses,
            open: (number) => sums.of(number, now),
            draw: () => String(randomInt(1_000_000)).padStart(6, '0'),
            wrap: of.wrap,
          })
          take(records, now)
          return () => answered(outcome)
        })
      }),
    write(records) {
      take(records, clock())
      write()
    },
    close: () => journal.close(),
  }
}
