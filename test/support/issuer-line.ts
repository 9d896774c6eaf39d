// An acquirer's end of the line to the reference issuer, for tests: what it asks with a new trace each, and every message that comes.
import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { once } from 'node:events'
import { unitOf } from '#core/money.ts'
import { answerTo, readAnswer, type Answer } from '#issuer/answers.ts'
import { readAsk } from '#issuer/asked.ts'
import type { Trace } from '#issuer/elements.ts'
import { createFrames, frameOf, openMessage, sealMessage, type Message } from '#issuer/iso8583.ts'
import { writeAsk, type Ask, type AskOf } from '#issuer/messages.ts'
import { newOneTimeKey, oneTimeNumber, wrapKey, type Purchase, type ZoneKeys } from '#issuer/one-time.ts'
import { ISSUERS } from '#issuer/town.ts'

export const JPY = unitOf('JPY') ?? assert.fail()
export const ACQUIRER = '123456'
export const MERCHANT = { number: 'SHOP00000000001', name: 'Marubeni Bakery', place: 'Kyoto', category: '5462' }
export const AT = { merchant: MERCHANT, terminal: 'T1' }

type Without<Of> = Of extends Ask ? Omit<Of, 'trace' | 'isRepeat'> : never
/** What is asked, but for the trace. */
export type Question = Without<Ask>

let count = 0
/** A trace of its own, of today's UTC date. */
export function newTrace(acquirer = ACQUIRER): Trace {
  count++
  const at = new Date().toISOString().replaceAll(/\D/gu, '').slice(4, 14)
  return {
    stan: String(count).padStart(6, '0'),
    rrn: String(count).padStart(12, '0'),
    at,
    day: at.slice(0, 4),
    acquirer,
  }
}

export type TestLine = Awaited<ReturnType<typeof dial>>

export async function dial(port: number, keys: ZoneKeys) {
  const socket = connect({ host: '127.0.0.1', port, noDelay: true })
  await once(socket, 'connect')
  const frames = createFrames()
  const unread: Message[] = []
  let wake = (): void => {}
  /** A notice is told again until its acknowledgement is there: what comes meanwhile is dropped. */
  const heard = new Set<string | undefined>()
  const isStale = ({ mti, fields }: Message): boolean => mti === '0621' && heard.has(fields[11])
  socket.on('data', (bytes: Buffer) => {
    for (const bytesOfOne of frames.take(bytes) ?? assert.fail('a wrong length')) {
      const read = openMessage(bytesOfOne, keys.mac)
      assert.ok(read.ok, JSON.stringify(read))
      if (!isStale(read.message)) unread.push(read.message)
    }
    wake()
  })
  socket.on('error', () => {})
  socket.on('close', () => wake())

  /** The next message that came; undefined once the connection is closed. */
  async function next(): Promise<Message | undefined> {
    while (unread.length === 0 && !socket.destroyed) await new Promise<void>((come) => void (wake = come))
    return unread.shift()
  }
  const sendMessage = (message: Message): void => void socket.write(frameOf(sealMessage(message, keys.mac)))

  return {
    socket,
    next,
    sendMessage,
    /** Sends and gives the message that comes next, read as an answer. */
    async ask(question: Question, over: Partial<Trace> & { isRepeat?: boolean } = {}): Promise<Answer> {
      const { isRepeat = false, ...trace } = over
      sendMessage(writeAsk({ ...question, trace: { ...newTrace(), ...trace }, isRepeat }))
      const came = await next()
      return (came && readAnswer(came)) ?? assert.fail(`no answer: ${JSON.stringify(came)}`)
    },
    /** The next notice, acknowledged. */
    async notice(isAcknowledged = true): Promise<AskOf<'notice'>> {
      const came = (await next()) ?? assert.fail('closed')
      const read = readAsk(came)
      assert.ok(read.ok && read.ask.kind === 'notice', JSON.stringify(came))
      if (!isAcknowledged) return read.ask
      sendMessage(answerTo(came, { code: '00' }))
      heard.add(came.fields[11])
      unread.splice(0, unread.length, ...unread.filter((each) => !isStale(each)))
      return read.ask
    },
    close(): void {
      socket.destroy()
    },
  }
}

let orders = 0
/** An order as a hub names them. */
export const newOrder = (): string => `${String(++orders).padStart(32, '0')}-1`

/** A one-time number of a card, and the message that brings its key. */
export function oneTimeFor(
  keys: ZoneKeys,
  number: string,
  purchase: Partial<Purchase> & Readonly<{ until?: number }> = {},
): Readonly<{ number: string; order: string; put: Question }> {
  const ranges = ISSUERS.find(({ prefix }) => number.startsWith(prefix)) ?? assert.fail()
  const { until = Date.now() + 120_000, ...over } = purchase
  const of: Purchase = {
    merchant: MERCHANT.number,
    terminal: 'T1',
    amount: 1280n,
    unit: JPY,
    order: newOrder(),
    ...over,
  }
  const key = newOneTimeKey()
  const oneTime = oneTimeNumber(number, ranges, key, of)
  const { order, ...record } = of
  const wrapped = wrapKey(key, keys.wrap, { number: oneTime, order })
  const put = {
    kind: 'put-key',
    number: oneTime,
    order,
    record: { ...record, method: 'lump', until, wrapped },
  } as const
  return { number: oneTime, order, put }
}
