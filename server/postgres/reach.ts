// The database of a data folder for a program beside the hub (audit, backup): the one that the hub is running there, or, when none runs,
// started for as long as it is wanted. Nothing is made where there is nothing.
import { access } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { realpath } from 'node:fs/promises'
import type pg from 'pg'
import { findPostmaster, SUPERUSER } from './supervisor-cluster.ts'
import { SupervisorError } from './supervisor-error.ts'
import { PORT } from './supervisor-socket.ts'
import { startEmbeddedPostgres } from './supervisor.ts'

export type Reached = Readonly<{ settings: pg.ClientConfig; close(): Promise<void> }>

/** @throws SupervisorError with a sentence for a person when the folder has no database or it does not start */
export async function reachDatabase(where: {
  data: string
  url: string | undefined
  progress: (line: string) => void
}): Promise<Reached> {
  if (where.url !== undefined && where.url !== '')
    return { settings: { connectionString: where.url }, close: async () => {} }
  const folder = resolve(where.data)
  const isThere = await access(join(folder, 'pg', 'PG_VERSION')).then(
    () => true,
    () => false,
  )
  if (!isThere)
    throw new SupervisorError(
      'folder-broken',
      `There is no database in ${folder}. Name the hub's data folder: --data FOLDER.`,
    )
  const running = await findPostmaster(join(await realpath(folder), 'pg'))
  if (running?.status === 'ready')
    return {
      settings: { host: running.socketFolder, port: PORT, user: SUPERUSER, database: 'postgres' },
      close: async () => {},
    }
  const postgres = await startEmbeddedPostgres({ folder, progress: where.progress })
  return { settings: postgres.connection, close: () => postgres.stop() }
}
