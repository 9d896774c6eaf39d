// LISTEN on a connection of its own, opened again when it is lost. What was told meanwhile is not heard: whoever listens also looks.
import pg from 'pg'

const RECONNECT_MS = 1_000

/** Hands on what other connections NOTIFY on the channel, until it is stopped. */
export function listening(
  settings: pg.ClientConfig,
  channel: string,
  heard: (payload: string) => void,
): Readonly<{ stop(): Promise<void> }> {
  let listener: pg.Client | undefined
  let again: ReturnType<typeof setTimeout> | undefined
  let stopped = false

  async function listen(): Promise<void> {
    if (stopped) return
    const client = new pg.Client(settings)
    listener = client
    const lost = (): void => {
      if (listener !== client) return
      listener = undefined
      client.end().catch(() => {})
      if (!stopped) again = setTimeout(() => void listen(), RECONNECT_MS)
    }
    client.on('error', lost)
    client.on('end', lost)
    client.on('notification', ({ payload }) => heard(payload ?? ''))
    try {
      await client.connect()
      await client.query(`listen ${channel}`)
    } catch {
      lost()
    }
  }
  void listen()

  return {
    async stop() {
      stopped = true
      clearTimeout(again)
      const client = listener
      listener = undefined
      await client?.end().catch(() => {})
    },
  }
}
