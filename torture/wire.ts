// A TCP proxy in front of PostgreSQL that drops a connection at a COMMIT: right after it went out to the server, before it got there,
// or when its answer came back. It reads the messages of both sides as far as it must.
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

export type Cut = 'before' | 'sent' | 'answered'

export type Wire = Readonly<{
  port: number
  /** From now on asks at each COMMIT whether, and where, to cut; null lets everything through. */
  cutBy(choose: (() => Cut | null) | null): void
  /** how often each cut was made */
  made(): Readonly<Record<Cut, number>>
  close(): Promise<void>
}>

/** Opens a wire to the server behind a Unix socket folder. */
export async function openWire(socketFolder: string): Promise<Wire> {
  const pairs = new Set<readonly [Socket, Socket]>()
  const made: Record<Cut, number> = { before: 0, sent: 0, answered: 0 }
  let choose: (() => Cut | null) | null = null

  // Without noDelay each of many small messages would wait 40 ms for the acknowledgement of the one before.
  const server = createServer({ noDelay: true }, (client) => {
    const database = connect(`${socketFolder}/.s.PGSQL.5432`)
    const pair = [client, database] as const
    pairs.add(pair)
    const end = (): void => {
      pairs.delete(pair)
      for (const socket of pair) socket.destroy()
    }
    for (const socket of pair) socket.on('error', end).on('close', end)
    let cut: Cut | null = null

    const asked = messages(true)
    client.on('data', (bytes: Buffer) => {
      for (const message of asked(bytes)) {
        if (isCommit(message)) cut = choose?.() ?? null
        if (cut === 'before') {
          made.before++
          return end()
        }
        if (cut === 'sent') {
          made.sent++
          pairs.delete(pair)
          client.destroy()
          // What was written reaches the server; nobody hears what it says.
          return void database.end(message)
        }
        database.write(message)
      }
      return undefined
    })
    const told = messages(false)
    database.on('data', (bytes: Buffer) => {
      for (const message of told(bytes)) {
        if (cut === 'answered' && isCommitted(message)) {
          made.answered++
          return end()
        }
        client.write(message)
      }
      return undefined
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    // Border: a TCP server's address has a port.
    port: (server.address() as AddressInfo).port,
    cutBy(next) {
      choose = next
    },
    made: () => ({ ...made }),
    async close() {
      for (const pair of pairs) for (const socket of pair) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** Whole messages out of a stream: a type byte and a length; the client's first message has no type byte. */
function messages(startsUntyped: boolean): (bytes: Buffer) => Buffer[] {
  let rest: Buffer = Buffer.alloc(0)
  let untyped = startsUntyped
  return (bytes) => {
    rest = Buffer.concat([rest, bytes])
    const whole: Buffer[] = []
    for (;;) {
      const at = untyped ? 0 : 1
      if (rest.length < at + 4) return whole
      const length = at + rest.readUInt32BE(at)
      if (rest.length < length) return whole
      whole.push(rest.subarray(0, length))
      rest = rest.subarray(length)
      untyped = false
    }
  }
}

const TYPE = { query: 0x51, parse: 0x50, commandComplete: 0x43 }
const isCommit = (message: Buffer): boolean =>
  (message[0] === TYPE.query || message[0] === TYPE.parse) && /^\0?commit\0/iu.test(message.toString('latin1', 5))
const isCommitted = (message: Buffer): boolean =>
  message[0] === TYPE.commandComplete && message.toString('latin1', 5).startsWith('COMMIT')
