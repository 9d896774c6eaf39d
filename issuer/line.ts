// The issuer's end of the line: TCP connections of acquirers and terminals, each message with its code, each answer to the message it answers.
//
//   no message at all, a wrong code, a length that no message has   the connection is closed: what follows it cannot be trusted
//   half a message, or nothing at all, for too long                 closed
//   a message whose parts are missing or not right                  answered: format error (30), with the data element in DE 44
//   an answer that nothing waits for                                ignored
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { answerTo, readAnswer, type Outcome } from './answers.ts'
import { readAsk } from './asked.ts'
import { answerType, CODES } from './elements.ts'
import { passing } from './failpoints.ts'
import { distorted, type FaultDesk } from './faults.ts'
import { createFrames, frameOf, openMessage, sealMessage, type Message } from './iso8583.ts'
import type { Desk } from './desk.ts'
import type { Ask } from './messages.ts'
import { createNotifier } from './notifier.ts'

export const LINE_LIMITS = {
  /** of all acquirers and terminals */
  connections: 256,
  /** an acquirer has as many under way as people wait at its counters; whoever sends more does not listen */
  unanswered: 2_000,
  unreadBytes: 1024 * 1024,
  /** a message comes in one breath; a network holds parts of it for seconds at most */
  halfMs: 30_000,
  /** acquirers echo every minute or so */
  idleMs: 10 * 60_000,
} as const

export type Line = Readonly<{ port: number; stop(): Promise<void> }>

/** Opens the line of an issuer on 127.0.0.1. Throws the listening error where the port is not to be had. */
export async function openLine(
  of: Readonly<{ port: number; desk: Desk; faults: FaultDesk; mac: Uint8Array; noticeMs?: number }>,
): Promise<Line> {
  const { desk, faults, mac } = of
  const sockets = new Set<Socket>()
  const notifier = createNotifier<Socket>({
    desk,
    isSilent: () => faults.now().silent,
    againMs: of.noticeMs ?? 5_000,
    send: (socket, message) => void socket.write(frameOf(sealMessage(message, mac))),
  })

  function connected(socket: Socket): void {
    sockets.add(socket)
    const frames = createFrames()
    let unanswered = 0
    socket.setNoDelay(true)
    socket.setTimeout(LINE_LIMITS.idleMs)
    socket.on('timeout', () => socket.destroy())
    // What is lost on the wire is asked again; there is nobody to tell.
    socket.on('error', () => socket.destroy())
    socket.on('close', () => {
      sockets.delete(socket)
      notifier.left(socket)
    })
    socket.on('data', (bytes: Buffer) => {
      const messages = frames.take(bytes)
      socket.setTimeout(frames.isWaiting() ? LINE_LIMITS.halfMs : LINE_LIMITS.idleMs)
      if (messages === undefined) return void socket.destroy()
      for (const message of messages) {
        const read = openMessage(message, mac)
        if (!read.ok) return void socket.destroy()
        if (++unanswered > LINE_LIMITS.unanswered || socket.writableLength > LINE_LIMITS.unreadBytes)
          return void socket.destroy()
        void heard(socket, read.message).then(() => void unanswered--)
      }
    })
  }

  async function heard(socket: Socket, message: Message): Promise<void> {
    passing('heard')
    if (faults.now().silent) return
    if (answerType(message.mti) === undefined) {
      const answer = readAnswer(message)
      if (answer !== undefined) notifier.heard(answer)
      return
    }
    const read = readAsk(message)
    if (!read.ok) return send(socket, message, { code: CODES.format, fault: read.field }, false)
    const { ask } = read
    const isPurchase = ask.kind === 'authorise' || ask.kind === 'sale'
    if (isPurchase) await faults.held('deciding')
    const outcome = await desk.ask(ask, faults.now().refuses)
    await faults.slow()
    if (isPurchase) await faults.held('answer')
    send(socket, message, outcome, isPurchase)
    afterwards(socket, ask)
  }

  function send(socket: Socket, message: Message, outcome: Outcome, isPurchase: boolean): void {
    if (socket.destroyed) return
    const set = faults.now()
    const answer = answerTo(message, outcome)
    const frame = frameOf(sealMessage(isPurchase ? distorted(answer, set) : answer, mac))
    if (set.cutsAfter !== null) return void socket.end(frame.subarray(0, set.cutsAfter))
    socket.write(set.twice ? Buffer.concat([frame, frame]) : frame, () => passing('answered'))
  }

  function afterwards(socket: Socket, ask: Ask): void {
    if (ask.kind === 'network' && ask.what === '001') notifier.joined(socket, ask.trace.acquirer)
    else if (ask.kind === 'network' && ask.what === '002') notifier.left(socket)
    else if (ask.kind !== 'network') notifier.look()
  }

  const server: Server = createServer(connected)
  server.maxConnections = LINE_LIMITS.connections
  await new Promise<void>((listening, failed) => {
    server.once('error', failed)
    server.listen(of.port, '127.0.0.1', listening)
  })
  // Border: a server that listens at a port has an address of this kind.
  const { port } = server.address() as AddressInfo
  return {
    port,
    async stop() {
      notifier.stop()
      const closed = new Promise((done) => void server.close(done))
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}
