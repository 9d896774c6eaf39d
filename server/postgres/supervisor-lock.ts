/**
 * One hub per data folder. The lock is SQLite's own exclusive file lock (fcntl, by node:sqlite) on <folder>/hub.lock.
 * The kernel holds it and drops it when the process ends in any way, so there is no stale lock to judge and no race in
 * taking one over; it also holds between containers that share the folder, where process numbers mean nothing.
 * Tried and left: a file with process id and start time (taking over a stale one cannot be made atomic), listening on a
 * socket (a dead socket's file has the same race; abstract sockets are Linux only and blind across containers), and an
 * advisory lock in PostgreSQL (not there yet during initdb, and lost when PostgreSQL crashes under a running hub).
 */

import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { SupervisorError } from './supervisor-error.ts'

export type FolderLock = Readonly<{ release(): void }>

// SQLite's primary result codes; node puts the extended code into `errcode`, the primary one is its low byte.
const BUSY = 5
const READ_ONLY = 8
const CANNOT_OPEN = 14

/** Takes the lock of a data folder at once or throws a SupervisorError ('folder-in-use', 'folder-not-writable'). */
export function lockFolder(folder: string): FolderLock {
  const file = join(folder, 'hub.lock')
  let database: DatabaseSync | undefined
  try {
    database = new DatabaseSync(file, { timeout: 0 })
    database.exec('BEGIN EXCLUSIVE')
  } catch (error) {
    if (database?.isOpen) database.close()
    throw refusal(error, folder, file)
  }
  const held = database
  return { release: () => held.isOpen && held.close() }
}

function refusal(error: unknown, folder: string, file: string): SupervisorError {
  const detail = error instanceof Error ? error.message : String(error)
  const code = error instanceof Error && 'errcode' in error ? Number(error.errcode) & 0xff : 0
  if (code === BUSY)
    return new SupervisorError(
      'folder-in-use',
      `Another hub uses this folder: ${folder}. Stop it first, or start this hub with a data folder of its own.`,
      { cause: error },
    )
  if (code === READ_ONLY || code === CANNOT_OPEN)
    return new SupervisorError(
      'folder-not-writable',
      `The hub cannot write ${file}. Run it as the user who owns the folder, or give this user the folder (chown -R).`,
      { cause: error },
    )
  return new SupervisorError(
    'folder-broken',
    `The lock file ${file} cannot be used (${detail}). It holds no data: delete it and start again.`,
    { cause: error },
  )
}
