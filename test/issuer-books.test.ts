// The issuer's decisions in any order and number: never more taken than set aside, never more given back than taken, and the same books from
// the journal alone.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { emptyBooks, enter, totalsKey, type Booked, type Books } from '#issuer/books.ts'
import { decide } from '#issuer/deciding.ts'
import { dayNear, type Now } from '#issuer/judging.ts'
import { createOpenSums, openOf } from '#issuer/limits.ts'
import type { Ask } from '#issuer/messages.ts'
import { zoneKeysOf } from '#issuer/one-time.ts'
import { CARDS, ISSUERS, openingRecords } from '#issuer/town.ts'
import { netOf, NO_TOTALS } from '#issuer/totals.ts'
import { AT, JPY, MERCHANT, oneTimeFor, type Question } from './support/issuer-line.ts'

const [tanuki] = ISSUERS
const [good] = CARDS
assert.ok(tanuki && good)
const ISSUER = tanuki
const CARD = { number: good.number, expires: good.expires.slice(2).replace('-', '') }
const keys = zoneKeysOf(Buffer.alloc(32, 9))
const DAY = '2026-12-03'
const AT_MS = Date.parse('2026-12-03T10:00:00Z')

function opened(): Books {
  const books = emptyBooks(ISSUER)
  for (const record of openingRecords('0001', CARDS)) enter(books, record)
  return books
}

/** Decides and enters as the desk does; `log` gets what is written. */
function deskOf(books: Books, log: Booked[] = []) {
  const sums = createOpenSums(books)
  let drawn = 0
  return (question: Question, stan: number, said: Readonly<{ at?: number; day?: string; refuses?: string }> = {}) => {
    const { at = AT_MS, day = DAY, refuses = null } = said
    const now: Now = {
      at,
      day,
      refuses,
      open: (number) => sums.of(number, { at, day }),
      draw: () => String(++drawn).padStart(6, '0'),
      wrap: keys.wrap,
    }
    const trace = {
      stan: String(stan).padStart(6, '0'),
      rrn: String(stan).padStart(12, '0'),
      at: '1203100000',
      day: '1203',
      acquirer: '123456',
    }
    const ask: Ask = { ...question, trace, isRepeat: false }
    const { records, outcome } = decide(books, ask, now)
    for (const record of records) {
      enter(books, record)
      if ('id' in record) sums.touch(record.id, now)
      log.push(record)
    }
    return outcome
  }
}

const paid = (amount: bigint) => ({ unit: JPY, amount })
const original = { mti: '0100', stan: '000001', at: '1203100000', acquirer: '0000123456' }

test('any sequence of messages keeps what was set aside, taken and given back in order, and the journal gives the same books', () => {
  const amount = fc.constantFrom(1n, 500n, 999n, 10_000n, 30_000n)
  const order = fc.constantFrom('a', 'b')
  const own = fc.constantFrom('1', '2', '3')
  const { put, number: oneTime } = oneTimeFor(keys, good.number, { order: 'b', amount: 30_000n, until: AT_MS + 1 })
  const bought: Question = { kind: 'sale', ...CARD, number: oneTime, ...AT, ...paid(30_000n), method: 'lump' }
  const question: fc.Arbitrary<Question> = fc.oneof(
    fc
      .record({ order, amount })
      .map((each) => ({ kind: 'authorise', ...CARD, ...AT, unit: JPY, method: 'lump', code: null, ...each }) as const),
    fc.record({ order, own, amount }).map((each) => ({ kind: 'capture', unit: JPY, ...each }) as const),
    fc
      .record({ order, own, amount, remains: amount })
      .map((each) => ({ kind: 'release', unit: JPY, ...each }) as const),
    fc
      .record({ order, own, amount })
      .map(({ amount: sum, ...of }) => ({ kind: 'refund', ...AT, ...paid(sum), of }) as const),
    fc
      .record({ order: fc.option(order), amount })
      .map((each) => ({ kind: 'reverse', unit: JPY, isAdvice: false, original, ...each }) as const),
    // A terminal's own: of a sale that one of these messages asked for.
    fc.nat(1).map(
      (stan) =>
        ({
          kind: 'reverse',
          ...paid(30_000n),
          order: null,
          isAdvice: false,
          original: { ...original, mti: '0200', stan: String(stan).padStart(6, '0') },
        }) as const,
    ),
    fc.constantFrom<Question>(
      put,
      { kind: 'end-key', number: oneTime, order: 'b' },
      bought,
      { kind: 'sale', ...CARD, number: oneTime, ...AT, ...paid(30_001n), method: 'lump' },
      { kind: 'sale', ...CARD, ...AT, ...paid(500n), method: 'lump' },
    ),
  )
  let reached = 0
  let stood = 0
  fc.assert(
    fc.property(
      fc.array(fc.tuple(question, fc.nat(12), fc.boolean()), { maxLength: 30 }),
      fc.boolean(),
      (steps, isBought) => {
        const books = opened()
        const log: Booked[] = []
        const ask = deskOf(books, log)
        // One order begins with a yes; what comes of the other is left to chance.
        const first = {
          kind: 'authorise',
          ...CARD,
          ...AT,
          ...paid(30_000n),
          method: 'lump',
          order: 'a',
          code: null,
        } as const
        assert.equal(ask(first, 99).code, '00')
        // And every second time, with a sale by a one-time number of which nobody has been told yet.
        if (isBought) for (const [at, each] of [put, bought].entries()) assert.equal(ask(each, 1 - at).code, '00')
        let taken = 0n
        for (const [asked, number, isTold] of steps) {
          // Of the terminal's messages few: its reversals shall find what they name.
          const stan = asked.kind === 'sale' ? number % 2 : number
          const isTerminals = asked.kind === 'reverse' && asked.order === null
          const before = books.authorisations.get('b')
          const wasSent = [...books.sent].some((n) => books.notices.get(n)?.event === 'used')
          const outcome = ask(asked, stan)
          // What the hub may have heard of, its terminal does not take back.
          if (isTerminals && wasSent) assert.deepEqual(books.authorisations.get('b'), before)
          if (outcome.code === '21' && isTerminals) stood++
          if (isTold) {
            for (const n of books.unheard) {
              if (books.sent.has(n)) continue
              const sent: Booked = { what: 'notice-sent', n }
              enter(books, sent)
              log.push(sent)
            }
          }
          const again = ask(asked, stan)
          // The same message hears the same, or that it was taken back since.
          assert.ok(again.code === outcome.code || again.code === '94', `${asked.kind}: ${outcome.code}, ${again.code}`)
          for (const of of books.authorisations.values()) {
            assert.ok(of.captured <= of.stands && of.stands <= of.amount && of.refunded <= of.captured)
            if (of.state !== 'approved') assert.equal(of.captured, 0n)
          }
          if (outcome.code === '00' && asked.kind === 'capture') reached++
        }
        for (const of of books.authorisations.values()) taken += of.captured - of.refunded
        const totals = books.totals.get(totalsKey({ acquirer: '123456', unit: JPY, settles: DAY })) ?? NO_TOTALS
        assert.equal(netOf(totals), taken, 'the totals are what is taken')
        const replayed = opened()
        for (const record of log) enter(replayed, record)
        assert.deepEqual(replayed, books)
        const sums = createOpenSums(replayed)
        const open = [...books.authorisations.values()].reduce(
          (sum, of) => sum + openOf(books, of, { at: AT_MS, day: DAY }),
          0n,
        )
        assert.equal(sums.of(good.number, { at: AT_MS, day: DAY }), open)
        assert.ok(open <= good.limit)
      },
    ),
    { numRuns: 600 },
  )
  assert.ok(stood > 5, `${stood} reversals of a terminal came too late`)
  assert.ok(reached > 50, `${reached} captures: the sequences reach something`)
})

test('what is set aside lapses, what is due is paid: both free the limit again', () => {
  const books = opened()
  const ask = deskOf(books)
  const authorise = (order: string, amount: bigint, method: 'lump' | 'instalments-3' = 'lump') =>
    ({ kind: 'authorise', ...CARD, ...AT, ...paid(amount), method, order, code: null }) as const
  assert.equal(ask(authorise('a', 300_000n), 1).code, '00')
  assert.equal(ask(authorise('b', 1n), 2).code, '51')
  const after = { at: AT_MS + 61 * 86_400_000, day: '2027-02-02' }
  assert.equal(ask({ kind: 'capture', order: 'a', own: '1', ...paid(1n) }, 3, after).code, '12', 'too late to take it')
  assert.equal(ask(authorise('c', 300_000n, 'instalments-3'), 4, after).code, '00', 'it has lapsed')
  assert.equal(ask({ kind: 'capture', order: 'c', own: '2', ...paid(300_000n) }, 5, after).code, '00')
  assert.equal(ask(authorise('d', 100_100n), 6, { ...after, day: '2027-03-28' }).code, '51')
  assert.equal(ask(authorise('e', 100_000n), 7, { ...after, day: '2027-03-28' }).code, '00', 'a third is paid')
})

test('a refused purchase of a broken issuer is booked as one, and a merchant that is not listed has what the issuer has', () => {
  const books = opened()
  const ask = deskOf(books)
  const asked = { kind: 'authorise', ...CARD, ...AT, ...paid(10n), method: 'lump', order: 'a', code: null } as const
  assert.equal(ask(asked, 1, { refuses: '05' }).code, '05')
  assert.equal(books.authorisations.get('a')?.state, 'refused')
  assert.equal(ask(asked, 2).code, '05', 'and stays one')
  books.merchants.delete('*')
  assert.equal(ask({ ...asked, order: 'b' }, 3).code, '03')
  enter(books, { what: 'merchant', ...MERCHANT, methods: ['lump'] })
  assert.equal(ask({ ...asked, order: 'c' }, 4).code, '00')
  assert.equal(ask({ ...asked, order: 'd', amount: 5_000n, method: 'instalments-3' }, 5).code, '57')
})

test('a month and a day belong to the nearest year', () => {
  for (const [monthDay, today, day] of [
    ['1231', '2027-01-01', '2026-12-31'],
    ['0101', '2026-12-31', '2027-01-01'],
    ['1203', '2026-12-03', '2026-12-03'],
    ['0229', '2028-03-01', '2028-02-29'],
  ] as const)
    assert.equal(dayNear(monthDay, { day: today }), day)
})

test('what may be repeated is forgotten after days, what an order stands for never', () => {
  const books = opened()
  const ask = deskOf(books)
  const asked = { kind: 'authorise', ...CARD, ...AT, ...paid(10n), method: 'lump', order: 'a', code: null } as const
  const first = ask(asked, 1)
  const sale = { kind: 'sale', ...CARD, ...AT, ...paid(10n), method: 'lump' } as const
  assert.equal(ask(sale, 2).code, '00')
  ask({ ...asked, order: 'b' }, 3, { day: '2026-12-20' })
  assert.equal(books.answers.size, 1)
  assert.equal(ask(asked, 4, { day: '2026-12-20' }).approval, first.approval)
  assert.equal(ask(sale, 2, { day: '2026-12-20' }).code, '94', 'a sale that is known is never a second one')
})
