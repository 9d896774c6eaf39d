/**
 * The folder of PostgreSQL's socket: private (0700), because who reaches the socket is the database's owner, and short,
 * because a socket's path over 107 bytes (103 on macOS) is fatal. Its name follows from the data folder.
 */

import { createHash } from 'node:crypto'
import { chmod, chown, lstat, mkdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Account } from './supervisor-account.ts'
import { SupervisorError, systemCode } from './supervisor-error.ts'

/** The port is only a part of the socket's name. */
export const PORT = 5432

const LONGEST_PATH_BYTES = 100

/**
 * Makes the socket folder of a data folder, or takes an earlier one that is safe, and clears what a dead server left.
 * Only called while no server runs for the data folder.
 * @param preferred the socket folder used so far, kept if possible so that the hub's connection options stay true
 */
export async function prepareSocketFolder(folder: string, account: Account, preferred?: string): Promise<string> {
  const candidates = [...(preferred === undefined ? [] : [preferred]), ...socketFolders(folder)]
  for (const path of candidates) {
    if (!(await makePrivate(path, account))) continue
    await rm(join(path, `.s.PGSQL.${PORT}`), { force: true })
    await rm(join(path, `.s.PGSQL.${PORT}.lock`), { force: true })
    return path
  }
  throw new SupervisorError(
    'start-failed',
    `The hub needs a private folder with a short path for PostgreSQL's socket and could make none of these: ` +
      `${candidates.join(', ')}. Make /tmp writable, or point TMPDIR to a folder with a short path.`,
  )
}

/** /tmp comes first, not TMPDIR: another shell of the same user should find the same server. */
function socketFolders(folder: string): string[] {
  const name = `warifu-${createHash('sha256').update(folder).digest('hex').slice(0, 12)}`
  const places = new Set(['/tmp', tmpdir(), process.env['XDG_RUNTIME_DIR'] ?? '/tmp'])
  return [...places]
    .flatMap((place) => ['', '-2', '-3'].map((suffix) => join(place, name + suffix)))
    .filter((path) => Buffer.byteLength(join(path, `.s.PGSQL.${PORT}`)) <= LONGEST_PATH_BYTES)
}

/** True when the path is now a folder that only the account (and root) can enter. Another user may have made it first. */
async function makePrivate(path: string, account: Account): Promise<boolean> {
  try {
    await mkdir(path, { mode: 0o700 })
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') return false
  }
  const found = await lstat(path)
  const isOurs = found.uid === account.uid || found.uid === process.getuid?.()
  const othersCouldWrite = (found.mode & 0o022) !== 0
  if (!found.isDirectory() || !isOurs || othersCouldWrite) return false
  await chmod(path, 0o700)
  if (found.uid !== account.uid) await chown(path, account.uid, account.gid)
  return true
}
