// A terminal's end of the line to an issuer: one connection, made when something is asked. There is an answer, or there is none.
import { connect, type Socket } from 'node:net'
import { readAnswer, type Answer } from './answers.ts'
import { answerType } from './elements.ts'
import { createFrames, frameOf, openMessage, sealMessage, type Message } from './iso8583.ts'

export type LineClient = Readonly<{
  /** The answer to this very message; undefined where none came in time, or the connection was lost. */
  ask(message: Message, withinMs: number): Promise<Answer | undefined>
  close(): void
}>

/** What an answer must say again to be the answer. */
const SAID_AGAIN = [4, 11, 32, 37, 49] as const

export function createLineClient(of: Readonly<{ host: string; port: number; mac: Uint8Array }>): LineClient {
  const waiting = new Map<Message, (answer: Answer | undefined) => void>()
  let socket: Socket | undefined

  function opened(): Socket {
    if (socket !== undefined && !socket.destroyed) return socket
    const frames = createFrames()
    const made = connect({ host: of.host, port: of.port, noDelay: true })
    socket = made
    made.on('data', (bytes: Buffer) => {
      const messages = frames.take(bytes)
      if (messages === undefined) return void made.destroy()
      for (const message of messages) {
        const read = openMessage(message, of.mac)
        if (!read.ok) return void made.destroy()
        heard(read.message)
      }
    })
    // The close that follows tells everybody who waits.
    made.on('error', () => {})
    made.on('close', () => {
      if (socket !== made) return
      socket = undefined
      for (const nothing of waiting.values()) nothing(undefined)
    })
    return made
  }

  function heard(message: Message): void {
    const answer = readAnswer(message)
    if (answer === undefined) return
    for (const [asked, answered] of waiting) {
      const isSame = SAID_AGAIN.every((number) => asked.fields[number] === message.fields[number])
      if (message.mti === answerType(asked.mti) && isSame) return answered(answer)
    }
  }

  return {
    ask: (message, withinMs) =>
      new Promise((done) => {
        const late = setTimeout(() => answered(undefined), withinMs)
        function answered(answer: Answer | undefined): void {
          clearTimeout(late)
          waiting.delete(message)
          done(answer)
        }
        waiting.set(message, answered)
        opened().write(frameOf(sealMessage(message, of.mac)))
      }),
    close: () => void socket?.destroy(),
  }
}
