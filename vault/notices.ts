// What an issuer tells by itself (0620): that a one-time number was used, or was tried where, when or for what it is not good. Each becomes the
// order's outcome or an alarm, in one commit with the note that it was heard; only then is it acknowledged, and until then it comes again.
//
//   notice      | waiting  | given-up                 | approved
//  -------------+----------+--------------------------+------------------------------------
//   used        | approved | alarm, the sale reversed | (said again)
//   refused     | refused  | –                        | –
//   reversed    | given-up | –                        | given-up, alarm: its terminal did it
//   refunded    | –        | –                        | counted, alarm: its terminal did it
//   misused     | alarm: other merchant, terminal, amount or expiry, used twice, too late
import { answerTo } from '#issuer/answers.ts'
import { readAsk } from '#issuer/asked.ts'
import { CODES } from '#issuer/elements.ts'
import type { Message } from '#issuer/iso8583.ts'
import type { AskOf } from '#issuer/messages.ts'
import { raise } from './alarms.ts'
import { giveUp, readAuthorisation, reasonOf } from './authorisation.ts'
import { NOW, type Query, type VaultDatabase } from './database.ts'
import { passing } from './failpoints.ts'
import type { Numbered, Numbering } from './numbering.ts'
import type { OneTimeNumbers } from './one-time.ts'
import type { Outgoing } from './outgoing.ts'

type Notice = AskOf<'notice'>
const KEPT_MS = 30 * 24 * 3_600_000

export function createNotices(
  parts: Readonly<{
    database: VaultDatabase
    numbering: Numbering
    outgoing: Outgoing
    oneTime: OneTimeNumbers
  }>,
) {
  const { database, numbering, outgoing, oneTime } = parts

  /** The answer to what an issuer asks of the vault. Throws Unavailable: then it is not answered, and comes again. */
  async function hear(issuer: string, message: Message): Promise<Message | undefined> {
    const read = readAsk(message)
    if (!read.ok) return answerTo(message, { code: CODES.format })
    const { ask } = read
    if (ask.kind === 'network') return answerTo(message, { code: CODES.approved })
    if (ask.kind !== 'notice') return answerTo(message, { code: CODES.notNow })
    const { stan, rrn, day } = ask.trace
    const numbered = await numbering.next()
    await database.together(async (query) => {
      const isNew = await query(
        `insert into heard (notice, at) values ($1, ${NOW}) on conflict do nothing returning 1`,
        [`${issuer} ${day} ${stan} ${rrn}`],
      )
      if (isNew.length > 0) await take(query, issuer, ask, numbered)
    })
    passing('notice-committed')
    return answerTo(message, { code: CODES.approved })
  }

  async function take(query: Query, issuer: string, notice: Notice, numbered: Numbered): Promise<void> {
    const { order } = notice
    const row = await readAuthorisation(query, order, 'for update')
    const where = `merchant ${notice.merchantNumber}, terminal ${notice.terminal}, ${notice.amount} ${notice.unit}`
    const alarm = (kind: Parameters<typeof raise>[1], more = where): Promise<void> =>
      raise(query, kind, row === undefined ? null : order, more)
    if (row === undefined || row.issuer !== issuer || !row.one_time) return alarm('unknown-number')
    switch (notice.event) {
      case 'used':
        return used(query, notice, row, numbered)
      case 'refused':
        await query(
          "update authorisation set state = 'refused', code = $2, reason = $3 where id = $1 and state = 'waiting'",
          [order, notice.code, reasonOf(notice.code)],
        )
        return oneTime.forget(query, order)
      case 'reversed':
        if (row.state === 'given-up') return
        await query(
          "update authorisation set state = 'given-up', approval = null where id = $1 and state in ('asking', 'waiting', 'approved')",
          [order],
        )
        await oneTime.forget(query, order)
        return row.state === 'approved' ? alarm('reversed-at-terminal') : undefined
      case 'refunded':
        await query('update authorisation set refunded = least(captured, refunded + $2) where id = $1', [
          order,
          String(notice.amount),
        ])
        return alarm('refunded-at-terminal')
      case 'other-merchant':
      case 'other-terminal':
      case 'other-amount':
      case 'other-expiry':
      case 'used-twice':
      case 'too-late':
        return alarm(notice.event)
    }
  }

  async function used(
    query: Query,
    notice: Notice,
    row: Readonly<{ id: string; state: string; unit: string; amount: number; issuer: string }>,
    numbered: Numbered,
  ): Promise<void> {
    const { id, state, unit, amount, issuer } = row
    const isRight = notice.unit === unit && notice.amount === BigInt(amount)
    const approval = /^[0-9A-Z]{6}$/u.exec(notice.approval ?? '')?.[0]
    if (state === 'approved' || state === 'refused') return
    if (state !== 'given-up' && isRight && approval !== undefined) {
      // The terminal's own request was final: there is nothing to capture, and everything could be given back.
      await query(
        "update authorisation set state = 'approved', approval = $2, captured = amount, rrn = $3 where id = $1",
        [id, approval, notice.trace.rrn],
      )
      return oneTime.forget(query, id)
    }
    await raise(query, 'used-and-given-up', id, isRight ? 'the sale is reversed' : 'not what was asked: it is reversed')
    if (state === 'given-up')
      await outgoing.write(query, { id, kind: 'reverse', of: id, issuer, unit, amount }, numbered)
    else await giveUp(query, outgoing, id, ['asking', 'waiting'], numbered)
  }

  return {
    hear,
    /** What was heard long ago is not said again. */
    async forgetOld(): Promise<void> {
      await database.query(`delete from heard where at < ${NOW} - $1::bigint`, [KEPT_MS])
    },
  }
}
