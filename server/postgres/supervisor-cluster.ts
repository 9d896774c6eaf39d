/** The cluster, <folder>/pg: what is in it, making a new one, and which server process runs on it. */

import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import {
  chown,
  lchown,
  lstat,
  mkdir,
  open,
  readFile,
  readdir,
  readlink,
  rename,
  rm,
  rmdir,
  writeFile,
} from 'node:fs/promises'
import { join } from 'node:path'
import { commandAs, environmentOf, ownUserName } from './supervisor-account.ts'
import type { Account, Runner } from './supervisor-account.ts'
import { SupervisorError, systemCode } from './supervisor-error.ts'

/** The database's owner; the hub connects as this role. */
export const SUPERUSER = 'warifu'

/** A server process of our cluster, as its postmaster.pid tells. */
export type Postmaster = Readonly<{ pid: number; socketFolder: string; status: string }>

/** Says whether there is a cluster of this major version; throws 'other-version', 'folder-broken', 'folder-not-writable'. */
export async function hasCluster(folder: string, major: number): Promise<boolean> {
  const cluster = join(folder, 'pg')
  try {
    if ((await readdir(cluster)).length === 0) {
      await rmdir(cluster)
      return false
    }
    const version = (await readFile(join(cluster, 'PG_VERSION'), 'utf8')).trim()
    if (version !== String(major)) throw otherVersion(cluster, version, major)
    await lstat(join(cluster, 'global', 'pg_control'))
    return true
  } catch (error) {
    if (error instanceof SupervisorError) throw error
    if (systemCode(error) === 'EACCES') throw notOurs(cluster, error)
    if (systemCode(error) === 'ENOENT' && !(await isThere(cluster))) return false
    throw broken(cluster, error)
  }
}

/** Makes a cluster under another name and gives it its own when it is whole: a kill in the middle breaks nothing. */
export async function createCluster(folder: string, { account, binaries }: Runner): Promise<void> {
  const unfinished = join(folder, `pg.new-${randomUUID()}`)
  await mkdir(unfinished, { mode: 0o700 })
  try {
    if (account.identity) await chown(unfinished, account.uid, account.gid)
    const { program, args, identity } = commandAs(account, join(binaries.native, 'bin', 'initdb'), [
      `--pgdata=${unfinished}`,
      `--username=${SUPERUSER}`,
      '--encoding=UTF8',
      // The same order of text on every machine, whatever its C library.
      '--locale-provider=builtin',
      '--builtin-locale=C.UTF-8',
      '--data-checksums',
      '--auth-local=trust',
      '--auth-host=reject',
    ])
    await runToEnd(program, args, { cwd: '/', env: environmentOf(binaries), ...identity })
    await rename(unfinished, join(folder, 'pg'))
    await syncFolder(folder)
  } finally {
    await rm(unfinished, { recursive: true, force: true })
  }
}

/** Removes what a killed hub's initdb left. */
export async function removeUnfinishedClusters(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!/^(pg\.new|postgres-copy)-/.test(name)) continue
    // An initdb whose hub was killed may still write there for a second: it fails when its folder is gone.
    await rm(join(folder, name), { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
  }
}

/** Gives the cluster to the account that will run it. The folder itself comes last, so that a kill in the middle is repaired. */
export async function giveCluster(cluster: string, account: Account): Promise<void> {
  if ((await lstat(cluster)).uid === account.uid) return
  for (const name of await readdir(cluster, { recursive: true })) {
    // lchown: a link that the former owner planted must not give a file outside to the new one.
    await lchown(join(cluster, name), account.uid, account.gid)
  }
  await chown(cluster, account.uid, account.gid)
}

/**
 * Writes who may connect. The socket's folder lets in only the account and root. That is enough when the account is the
 * hub's own user; when root's hub runs PostgreSQL as nobody, other processes of nobody could enter too, so that there
 * the kernel is asked who is at the other end (peer) and only the hub's user is let in.
 */
export async function writeAccessRules(cluster: string, account: Account): Promise<void> {
  const hubUser = account.identity ? ownUserName() : undefined
  const method = hubUser === undefined ? 'trust' : 'peer map=hub'
  await replaceFile(join(cluster, 'pg_hba.conf'), `# Written by the hub at each start.\nlocal all all ${method}\n`)
  await replaceFile(join(cluster, 'pg_ident.conf'), hubUser === undefined ? '' : `hub "${hubUser}" all\n`)
}

/** Writes a new file instead of into an old one, which could be a link planted to make root write elsewhere. */
async function replaceFile(path: string, content: string): Promise<void> {
  await rm(path, { force: true })
  await writeFile(path, content, { flag: 'wx', mode: 0o644 })
}

/** The live server of the cluster, if there is one. A postmaster.pid whose process is gone, or is another's, is no server. */
export async function findPostmaster(cluster: string): Promise<Postmaster | undefined> {
  const lines = (await readIfThere(join(cluster, 'postmaster.pid'))).split('\n')
  const pid = Number(lines[0])
  if (!Number.isSafeInteger(pid) || pid < 2 || !(await isPostmaster(pid, cluster))) return undefined
  return { pid, socketFolder: lines[4] ?? '', status: (lines[7] ?? '').trim() }
}

/** Whether a process is the server of this cluster. A zombie is not: its command line is empty. */
export async function isPostmaster(pid: number, cluster: string): Promise<boolean> {
  if (process.platform === 'linux') {
    const args = (await readIfThere(`/proc/${pid}/cmdline`)).split('\0')
    return args.includes('-D') && args.includes(cluster)
  }
  return new Promise((resolve) => {
    execFile('ps', ['-ww', '-o', 'command=', '-p', String(pid)], (_error, stdout) => {
      resolve(stdout.includes(`-D ${cluster}`))
    })
  })
}

/**
 * PostgreSQL's processes of the cluster, with or without a postmaster.pid: after a crash of the server its backends need a
 * moment to notice and end. Empty on other systems than Linux, where PostgreSQL's own check must do.
 */
export async function processesOf(cluster: string): Promise<number[]> {
  if (process.platform !== 'linux') return []
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const found = await Promise.all(
    pids.map(async (pid) => {
      const command = await readIfThere(`/proc/${pid}/cmdline`).catch(() => '')
      if (!command.includes('postgres')) return [] // A person's shell may stand in the folder.
      const isOurs =
        command.includes(`-D\0${cluster}\0`) || (await readlink(`/proc/${pid}/cwd`).catch(() => '')) === cluster
      return isOurs ? [Number(pid)] : []
    }),
  )
  return found.flat()
}

/**
 * Removes a postmaster.pid whose number now belongs to a process that is not our server (usual in containers, where
 * numbers come again): PostgreSQL would take that process for itself. A dead number is left to PostgreSQL, which then
 * also looks for users of the dead server's shared memory. An empty file is one that a crash caught between its making and its
 * writing; PostgreSQL refuses to start beside it for ever. Only called when there is no live server.
 */
export async function removeMistakenPidFile(cluster: string): Promise<void> {
  const file = join(cluster, 'postmaster.pid')
  const text = await readIfThere(file)
  const pid = Number(text.split('\n')[0])
  const isAnothers = Number.isSafeInteger(pid) && pid > 0 && isAlive(pid)
  if (text.trim() === '' || isAnothers) await rm(file, { force: true })
}

/** Whether the running server was started with these arguments (postmaster.opts keeps them, quoted, after the program). */
export async function wasStartedWith(cluster: string, args: readonly string[]): Promise<boolean> {
  const command = await readIfThere(join(cluster, 'postmaster.opts'))
  return command.trimEnd().endsWith(args.map((arg) => ` "${arg}"`).join(''))
}

export async function readIfThere(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes(systemCode(error))) return ''
    throw error
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return systemCode(error) === 'EPERM'
  }
}

async function isThere(path: string): Promise<boolean> {
  try {
    await lstat(path)
    return true
  } catch {
    return false
  }
}

function runToEnd(program: string, args: string[], options: object): Promise<void> {
  return new Promise((resolve, reject) => {
    execFile(program, args, options, (error, stdout, stderr) => {
      if (!error) return resolve()
      const said = `${stdout}\n${stderr}`.trim().split('\n').slice(-6).join('\n')
      reject(
        new SupervisorError(
          'start-failed',
          `PostgreSQL could not make its database (is there space on the disk?):\n${said || error.message}`,
          { cause: error },
        ),
      )
    })
  })
}

/** Makes the rename durable. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

function otherVersion(cluster: string, version: string, major: number): SupervisorError {
  if (!/^\d+$/.test(version)) return broken(cluster, new Error(`PG_VERSION says '${version}'`))
  return new SupervisorError(
    'other-version',
    `The database in ${cluster} was made by PostgreSQL ${version}; this hub brings PostgreSQL ${major}, which cannot ` +
      'read it. Nothing was changed. Make a backup with the version of the hub that made it, move the folder away, ' +
      'start this hub and restore the backup; or go back to that version.',
  )
}

function notOurs(cluster: string, cause: unknown): SupervisorError {
  return new SupervisorError(
    'folder-not-writable',
    `The database in ${cluster} belongs to another user. Run the hub as before, or give this user the folder (chown -R).`,
    { cause },
  )
}

function broken(cluster: string, cause: unknown): SupervisorError {
  return new SupervisorError(
    'folder-broken',
    `The folder ${cluster} has files in it but is not a whole database (${String(cause)}). Nothing was changed. ` +
      'Move it away and restore a backup, or point the hub to another data folder.',
    { cause },
  )
}
