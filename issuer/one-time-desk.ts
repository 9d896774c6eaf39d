// One-time numbers at the issuer: their keys, the sales that terminals ask for with them, and what the sender of a key is told (0620).
//
//   key     put, open → used (by a sale, approved or not) or ended (taken away, or its order reversed)
//   notice  written with what it tells, and that it is sent before it leaves; sent until it is acknowledged
//
// A number that is tried where it is not good for is refused and told of, and stays open: whoever has seen it shall not be able to spoil it.
import { isLuhn } from '#core/card-number.ts'
import type { Authorisation, Booked, Books, Key } from './books.ts'
import { CODES } from './elements.ts'
import { authorised, bare, done, judgeCard, originalKey, refused, type Decision, type Now } from './judging.ts'
import type { AskOf, NoticeEvent } from './messages.ts'
import { openOneTime, unwrapKey } from './one-time.ts'

/** Of wrong tries with one number: somebody who tries on and on is not worth more. What becomes of the number is always told. */
const MOST_MISUSES = 20

export function decidePutKey(books: Books, ask: AskOf<'put-key'>, now: Now): Decision {
  const { number, order, record, trace } = ask
  const { wrapped, ...rest } = record
  if (books.withdrawn.has(order) || books.authorisations.has(order)) return refused(CODES.again)
  const known = books.keys.get(number)
  if (known !== undefined && known.order !== order) return refused(CODES.duplicate)
  if (known !== undefined && known.state !== 'open') return refused(CODES.again)
  const key: Key = {
    ...rest,
    number,
    order,
    acquirer: bare(trace.acquirer),
    wrapped: Buffer.from(wrapped).toString('base64url'),
    state: 'open',
  }
  const card = cardOf(books, key, now)
  if (!number.startsWith(books.issuer.oneTimePrefix) || !isLuhn(number) || card === undefined || !books.cards.has(card))
    return refused(CODES.number)
  const { state: _state, ...put } = key
  // The sender may have died before it knew of the first: one order has one number.
  const before = books.keyOfOrder.get(order)
  const ended = before === undefined || before === number ? [] : endKeyOf(books, order)
  return done([...ended, { what: 'key', ...put, amount: String(put.amount) }])
}

/** The card's number behind a one-time number; undefined where the key does not open. */
function cardOf({ issuer }: Books, key: Key, { wrap }: Pick<Now, 'wrap'>): string | undefined {
  const { number, order } = key
  const opened = unwrapKey(Buffer.from(key.wrapped, 'base64url'), wrap, { number, order })
  return opened && openOneTime(number, issuer, opened, key)
}

/** The number is not wanted any more. A used one is told of again: its fate is the sale's. */
export function decideKeyEnd(books: Books, { order }: AskOf<'end-key'>): Decision {
  const number = books.keyOfOrder.get(order)
  const key = number === undefined ? undefined : books.keys.get(number)
  if (key?.state === 'used') {
    const told = (books.noticesOf.get(key.number) ?? []).filter((n) => isFate(books.notices.get(n)?.event))
    return {
      records: told.map((n) => ({ what: 'notice-heard', n, isHeard: false })),
      outcome: { code: CODES.used },
    }
  }
  const isKnown = books.withdrawn.has(order)
  return done([...(isKnown ? [] : [{ what: 'withdrawn', id: order } as const]), ...endKeyOf(books, order)])
}

/** `reversed`: by its terminal, and told instead of `used`. */
const isFate = (event: NoticeEvent | undefined): boolean =>
  event === 'used' || event === 'refused' || event === 'reversed'
const isMisuse = (event: NoticeEvent | undefined): boolean => !isFate(event) && event !== 'refunded'

/** The notice that a sale used its one-time number, where it has certainly not been sent yet; else null. */
export function unsentUse({ notices, noticesOf, sent }: Books, { oneTime }: Authorisation): number | null {
  const told = noticesOf.get(oneTime ?? '')?.find((n) => notices.get(n)?.event === 'used')
  return told === undefined || sent.has(told) ? null : told
}

/** Ends the open key of an order. */
export function endKeyOf({ keys, keyOfOrder }: Books, order: string): Booked[] {
  const key = keys.get(keyOfOrder.get(order) ?? '')
  return key?.state === 'open' ? [{ what: 'key-state', number: key.number, state: 'ended' }] : []
}

/** A sale that a terminal asks for, by a card's own number or a one-time number. */
export function decideSale(books: Books, ask: AskOf<'sale'>, now: Now): Decision {
  const original = originalKey({ mti: '0200', ...ask.trace }, now)
  if (books.withdrawn.has(original) || books.originals.has(original)) return refused(CODES.again)
  if (ask.number.startsWith(books.issuer.oneTimePrefix)) return oneTimeSale(books, ask, now)
  const { number, method } = ask
  const { code } = judgeCard(books, { ...ask, merchant: { ...ask, number: ask.merchant.number } }, now)
  return authorised(books, ask, { id: original, number, oneTime: null, method, code }, now)
}

function oneTimeSale(books: Books, ask: AskOf<'sale'>, now: Now): Decision {
  const key = books.keys.get(ask.number)
  if (key === undefined) return refused(CODES.number)
  const number = cardOf(books, key, now)
  const misuse = misuseOf(books, key, ask, now)
  if (misuse !== null) {
    const { event, code } = misuse
    return { ...refused(code), records: notice(books, key, { event, code, ask, approval: null }, now) }
  }
  if (number === undefined) return refused(CODES.number)
  const { method, order } = key
  const { code } = judgeCard(books, { ...ask, number, merchant: { ...ask, method, number: key.merchant } }, now)
  const sale = authorised(books, ask, { id: order, number, oneTime: key.number, method, code }, now)
  const approval = sale.outcome.approval ?? null
  const event = code === CODES.approved ? 'used' : 'refused'
  const told = notice(books, key, { event, code, ask, approval }, now)
  return { ...sale, records: [...sale.records, { what: 'key-state', number: key.number, state: 'used' }, ...told] }
}

type Misuse = Readonly<{ event: NoticeEvent; code: string }>

function misuseOf(books: Books, key: Key, ask: AskOf<'sale'>, now: Now): Misuse | null {
  if (key.state === 'used') return { event: 'used-twice', code: CODES.again }
  if (ask.merchant.number !== key.merchant) return { event: 'other-merchant', code: CODES.terminal }
  if (ask.terminal !== key.terminal) return { event: 'other-terminal', code: CODES.terminal }
  if (ask.amount !== key.amount || ask.unit !== key.unit) return { event: 'other-amount', code: CODES.amount }
  if (key.state === 'ended' || now.at > key.until) return { event: 'too-late', code: CODES.expired }
  const card = books.cards.get(cardOf(books, key, now) ?? '')
  const isExpiry = card?.expires.slice(2).replace('-', '') === ask.expires
  return isExpiry ? null : { event: 'other-expiry', code: CODES.expired }
}

function notice(
  { notices, noticesOf }: Books,
  key: Key,
  told: Readonly<{ event: NoticeEvent; code: string; ask: AskOf<'sale'>; approval: string | null }>,
  now: Now,
): Booked[] {
  const { number, order, acquirer } = key
  const { ask, event, code, approval } = told
  const misuses = noticesOf.get(number)?.filter((n) => isMisuse(notices.get(n)?.event)) ?? []
  if (isMisuse(event) && misuses.length >= MOST_MISUSES) return []
  return [
    {
      what: 'notice',
      n: notices.size + 1,
      at: now.at,
      acquirer,
      number,
      order,
      event,
      code,
      approval,
      rrn: ask.trace.rrn,
      unit: ask.unit,
      amount: String(ask.amount),
      terminal: ask.terminal,
      merchant: ask.merchant.number,
    },
  ]
}

/** That a terminal gave back of a sale by a one-time number, for the sender of its key; nothing for a card's own number. */
export function refundNotice({ notices, keys }: Books, of: Authorisation, amount: bigint, now: Now): Booked[] {
  const key = of.oneTime === null ? undefined : keys.get(of.oneTime)
  if (key === undefined) return []
  const { number, order, acquirer } = key
  const { approval, rrn, unit, terminal, merchant } = of
  return [
    {
      what: 'notice',
      n: notices.size + 1,
      at: now.at,
      acquirer,
      number,
      order,
      event: 'refunded',
      code: CODES.approved,
      approval,
      rrn,
      unit,
      amount: String(amount),
      terminal,
      merchant,
    },
  ]
}
