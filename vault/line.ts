// One connection to an issuer, for as long as the vault runs: it connects, signs on, is up, and looks from time to time whether anybody is
// there (0800 echo). Whatever goes wrong closes it, and it begins again after a break that grows.
//
//   state       | connected | signed on | nothing for a while | a wrong frame, no echo, closed
//  -------------+-----------+-----------+---------------------+-------------------------------
//   connecting  | signing   |           |                     | waiting, then connecting
//   signing     |           | up        |                     | waiting, then connecting
//   up          |           |           | echo                | waiting, then connecting
//
// An answer is the one that has the question's type, STAN and RRN and the right code of authenticity (DE 64/128). What is anybody else's,
// comes a second time, or was changed is no answer: it is dropped and counted.
import { connect, type Socket } from 'node:net'
import { answerType, CODES, type Trace } from '#issuer/elements.ts'
import { createFrames, frameOf, openMessage, sealMessage, type Message } from '#issuer/iso8583.ts'
import { writeAsk } from '#issuer/messages.ts'

/** closed: the connection ended first · late: nothing came in time. In both the issuer may have heard it. */
export type Heard = Readonly<{ kind: 'answer'; message: Message }> | Readonly<{ kind: 'closed' | 'late' }>

export type LineParts = Readonly<{
  host: string
  port: number
  /** authenticates every message; undefined: not there yet, and nobody is called */
  key: () => Uint8Array | undefined
  /** for messages of the line's own */
  trace: () => Promise<Trace>
  /** What the issuer asks of us; undefined: no answer, it will ask again. */
  onAsk: (message: Message) => Promise<Message | undefined>
  onChange: () => void
  times?: Partial<LineTimes>
}>
export type LineTimes = Readonly<{
  connectMs: number
  /** for sign-on and echo */
  answerMs: number
  quietMs: number
  shortestBreakMs: number
  longestBreakMs: number
}>
export type Line = Readonly<{
  isUp(): boolean
  /** questions that wait for an answer */
  waiting(): number
  /** Sends it and waits. Only while the line is up: otherwise it is 'closed' at once and was not sent. */
  ask(message: Message, withinMs: number): Promise<Heard>
  /** frames that were nobody's answer */
  dropped(): number
  stop(): void
}>

const TIMES: LineTimes = {
  connectMs: 5_000,
  answerMs: 5_000,
  quietMs: 30_000,
  shortestBreakMs: 200,
  longestBreakMs: 10_000,
}

const placeOf = (mti: string, { 11: stan, 37: rrn }: Message['fields']): string => `${mti} ${stan ?? ''} ${rrn ?? ''}`

export function openLine({ host, port, key: findKey, trace, onAsk, onChange, times: given = {} }: LineParts): Line {
  const times = { ...TIMES, ...given }
  const pending = new Map<string, (heard: Heard) => void>()
  let key: Uint8Array = new Uint8Array()
  let socket: Socket | undefined
  let isUp = false
  let isOver = false
  let dropped = 0
  let breakMs = times.shortestBreakMs
  let timer: ReturnType<typeof setTimeout> | undefined

  function begin(): void {
    const found = findKey()
    if (found === undefined) return end()
    key = found
    const frames = createFrames()
    const opened = connect({ host, port, noDelay: true })
    socket = opened
    timer = setTimeout(() => opened.destroy(), times.connectMs)
    opened.on('connect', () => {
      clearTimeout(timer)
      signOn(opened).catch(() => opened.destroy())
    })
    opened.on('data', (bytes: Buffer) => {
      const messages = frames.take(bytes)
      // The stream has lost its step: nothing after this can be believed.
      if (messages === undefined) return void opened.destroy()
      for (const each of messages) take(opened, each)
    })
    // 'close' follows, and says enough.
    opened.on('error', () => {})
    opened.on('close', () => {
      if (socket === opened) end()
    })
  }

  function end(): void {
    clearTimeout(timer)
    socket = undefined
    const was = isUp
    isUp = false
    for (const tell of pending.values()) tell({ kind: 'closed' })
    if (was) onChange()
    if (isOver) return
    timer = setTimeout(begin, breakMs * (0.75 + Math.random() / 2))
    breakMs = Math.min(times.longestBreakMs, breakMs * 2)
  }

  async function signOn(opened: Socket): Promise<void> {
    const heard = await network('001')
    if (socket !== opened) return
    if (heard.kind !== 'answer' || heard.message.fields[39] !== CODES.approved) return void opened.destroy()
    isUp = true
    breakMs = times.shortestBreakMs
    onChange()
    listenForQuiet(opened)
  }

  function listenForQuiet(opened: Socket): void {
    clearTimeout(timer)
    // No number for the message: there is no database, and nothing can be asked over this line either.
    timer = setTimeout(() => void echo(opened).catch(() => opened.destroy()), times.quietMs)
  }

  async function echo(opened: Socket): Promise<void> {
    const heard = await network('301')
    if (socket !== opened) return
    if (heard.kind === 'answer') listenForQuiet(opened)
    else opened.destroy()
  }

  const network = async (what: '001' | '301'): Promise<Heard> =>
    send(writeAsk({ kind: 'network', what, trace: await trace(), isRepeat: false }), times.answerMs)

  function send(message: Message, withinMs: number): Promise<Heard> {
    const over = socket
    const type = answerType(message.mti)
    if (over === undefined || type === undefined) return Promise.resolve({ kind: 'closed' })
    const bytes = sealMessage(message, key)
    const place = placeOf(type, message.fields)
    return new Promise((resolve) => {
      const late = setTimeout(() => tell({ kind: 'late' }), withinMs)
      const tell = (heard: Heard): void => {
        clearTimeout(late)
        if (pending.get(place) === tell) pending.delete(place)
        resolve(heard)
      }
      // The same message once more: the one that waited so far is told that nothing came.
      pending.get(place)?.({ kind: 'late' })
      pending.set(place, tell)
      const frame = frameOf(bytes)
      // What was sent is not kept: it may hold a card number.
      bytes.fill(0)
      over.write(frame, () => frame.fill(0))
    })
  }

  function take(opened: Socket, bytes: Buffer): void {
    const read = openMessage(bytes, key)
    if (!read.ok) return void (dropped += 1)
    const { message } = read
    // Not decided (no database, no key): it is not answered, and the issuer asks again.
    if (answerType(message.mti) !== undefined) return void hear(opened, message).catch(() => {})
    const tell = pending.get(placeOf(message.mti, message.fields))
    if (tell === undefined) return void (dropped += 1)
    tell({ kind: 'answer', message })
  }

  async function hear(opened: Socket, message: Message): Promise<void> {
    const answer = await onAsk(message)
    if (answer !== undefined && !opened.destroyed) opened.write(frameOf(sealMessage(answer, key)))
  }

  begin()
  return {
    isUp: () => isUp,
    waiting: () => pending.size,
    ask: (message, withinMs) => (isUp ? send(message, withinMs) : Promise.resolve({ kind: 'closed' })),
    dropped: () => dropped,
    stop() {
      isOver = true
      clearTimeout(timer)
      socket?.destroy()
    },
  }
}
