// COPY over the driver's own connection: `pg` hands a statement that is not one of its queries the protocol's messages, so that a table of
// any size passes through without being held, and no further package is needed.
import { once } from 'node:events'
import type { Writable } from 'node:stream'
import type pg from 'pg'

/** The parts of the driver's connection that COPY uses; they are not in its types. */
type Connection = Readonly<{
  stream: Writable & { pause(): void; resume(): void }
  query(text: string): void
  sendCopyFromChunk(chunk: Uint8Array): void
  endCopyFrom(): void
  sendCopyFail(reason: string): void
}>

const ignored = {
  handleRowDescription() {},
  handleDataRow() {},
  handlePortalSuspended() {},
  handleEmptyQuery() {},
  handleCommandComplete() {},
}

function submit(client: pg.ClientBase, statement: object): void {
  // Border: whatever has a `submit` is handed the connection (node-postgres, Client.query).
  client.query(statement as unknown as pg.Submittable)
}

/** Runs `COPY … TO STDOUT` and hands each row's bytes (with its newline) on; the database waits while `take` does. */
export function copyOut(
  client: pg.ClientBase,
  text: string,
  take: (row: Uint8Array) => void | Promise<void>,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let failed: Error | undefined
    let waiting: Promise<void> = Promise.resolve()
    let pending = 0
    submit(client, {
      ...ignored,
      submit: (connection: Connection) => void connection.query(text),
      handleCopyData({ chunk }: { chunk: Uint8Array }, { stream }: Connection) {
        if (failed !== undefined) return
        let taken: void | Promise<void>
        try {
          taken = pending === 0 ? take(chunk) : (waiting = waiting.then(() => take(chunk)))
        } catch (error) {
          failed = asError(error)
          return
        }
        if (!(taken instanceof Promise)) return
        pending++
        stream.pause()
        waiting = taken.then(
          () => void (--pending === 0 && stream.resume()),
          (error: unknown) => {
            failed ??= asError(error)
            if (--pending === 0) stream.resume()
          },
        )
      },
      handleError: (error: Error) => void ((failed ??= error), reject(error)),
      handleReadyForQuery: () => void waiting.then(() => (failed === undefined ? resolve() : reject(failed))),
    })
  })
}

/** Runs `COPY … FROM STDIN` with these bytes; when they fail, the copy fails with their error. */
export function copyIn(client: pg.ClientBase, text: string, bytes: AsyncIterable<Uint8Array>): Promise<void> {
  return new Promise((resolve, reject) => {
    let failed: Error | undefined
    const send = async (connection: Connection): Promise<void> => {
      try {
        for await (const chunk of bytes) {
          if (failed !== undefined) return
          connection.sendCopyFromChunk(chunk)
          if (connection.stream.writableNeedDrain) await once(connection.stream, 'drain')
        }
        connection.endCopyFrom()
      } catch (error) {
        failed ??= asError(error)
        connection.sendCopyFail(failed.message)
      }
    }
    submit(client, {
      ...ignored,
      submit: (connection: Connection) => void connection.query(text),
      handleCopyInResponse: (connection: Connection) => void send(connection),
      handleError: (error: Error) => void ((failed ??= error), reject(failed)),
      handleReadyForQuery: () => (failed === undefined ? resolve() : reject(failed)),
    })
  })
}

const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)))
