/**
 * As whom PostgreSQL runs. It refuses to run as root, so a hub that is root drops to another user. What works depends
 * on the machine (who may read the checkout and the data folder, whether user namespaces are allowed): we try.
 *
 *   hub is     tried in this order
 *   a user     itself · itself under a mapped name (when its number has no name, as in some containers)
 *   root       the folder's owner · nobody · root mapped to nobody in a user namespace · nobody with copied binaries
 */

import { execFile } from 'node:child_process'
import { stat } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { copyBinaries } from './supervisor-binaries.ts'
import type { Binaries } from './supervisor-binaries.ts'
import { SupervisorError, systemCode } from './supervisor-error.ts'
import type { Progress } from './supervisor.ts'

export type Account = Readonly<{
  /** for messages */
  name: string
  /** who must own the cluster, in the hub's eyes */
  uid: number
  gid: number
  /** options of `spawn` that change the user */
  identity: Readonly<{ uid: number; gid: number }> | undefined
  /** what is put before every command */
  prefix: readonly string[]
}>

export type Runner = Readonly<{ account: Account; binaries: Binaries }>

const NOBODY = 65534

/** Finds an account that can run the binaries and reach the folder, or throws a SupervisorError ('start-failed'). */
export async function chooseRunner(folder: string, binaries: Binaries, progress: Progress): Promise<Runner> {
  const failures: string[] = []
  const postgres = join(binaries.native, 'bin', 'postgres')
  const candidates = await accountsToTry(folder)
  for (const account of candidates) {
    const failure = await probe(account, folder, binaries, [postgres, '--version'])
    if (!failure) return { account, binaries }
    failures.push(`as ${account.name}: ${failure}`)
  }
  for (const account of candidates.filter((account) => account.identity)) {
    if (await probe(account, folder, binaries, ['true'])) continue
    progress(`Copying PostgreSQL into the data folder, because ${account.name} cannot read it where it is installed`)
    const copied = await copyBinaries(binaries, folder)
    const failure = await probe(account, folder, copied, [join(copied.native, 'bin', 'postgres'), '--version'])
    if (!failure) return { account, binaries: copied }
    failures.push(`as ${account.name} with copied binaries: ${failure}`)
  }
  throw new SupervisorError('start-failed', cannotRun(folder, failures))
}

/** The environment of PostgreSQL's programs: nothing of the hub's, which holds secrets. */
export function environmentOf(binaries: Binaries): NodeJS.ProcessEnv {
  const { libraryPath } = binaries
  return {
    PATH: process.env['PATH'] ?? '/usr/bin:/bin',
    LC_ALL: 'C',
    TZ: 'UTC',
    ...(libraryPath === undefined ? {} : { LD_LIBRARY_PATH: libraryPath, DYLD_LIBRARY_PATH: libraryPath }),
  }
}

/** The command and the spawn options that run a program as an account. */
export function commandAs(account: Account, program: string, args: readonly string[]) {
  const [first = program, ...rest] = [...account.prefix, program, ...args]
  return { program: first, args: rest, identity: account.identity ?? {} }
}

/** The hub's own user name, or undefined when its number has none. */
export function ownUserName(): string | undefined {
  try {
    return userInfo().username
  } catch {
    return undefined
  }
}

async function accountsToTry(folder: string): Promise<Account[]> {
  const uid = process.getuid?.() ?? 0
  const gid = process.getgid?.() ?? 0
  const mapped: Account = {
    name: 'this user under another name (unshare)',
    uid,
    gid,
    identity: undefined,
    prefix: ['unshare', '--user', `--map-user=${NOBODY}`, `--map-group=${NOBODY}`],
  }
  if (uid !== 0) return [{ name: ownUserName() ?? `user ${uid}`, uid, gid, identity: undefined, prefix: [] }, mapped]

  const nobody = accountOf(NOBODY, NOBODY)
  const owner = await ownerOf(folder)
  if (owner.uid === 0 || owner.uid === NOBODY) return [nobody, mapped]
  return [accountOf(owner.uid, owner.gid), nobody, mapped]
}

function accountOf(uid: number, gid: number): Account {
  const name = uid === NOBODY ? 'the user nobody' : `user ${uid}`
  return { name, uid, gid, identity: { uid, gid }, prefix: [] }
}

async function ownerOf(folder: string): Promise<{ uid: number; gid: number }> {
  try {
    return await stat(join(folder, 'pg'))
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return stat(folder)
    throw error
  }
}

/** Says what fails when the account runs a command in the folder; undefined when nothing does. initdb needs a name for the user. */
function probe(account: Account, folder: string, binaries: Binaries, command: string[]): Promise<string | undefined> {
  const script = 'id -un >/dev/null && cd "$1" && shift && exec "$@" >/dev/null'
  const { program, args, identity } = commandAs(account, '/bin/sh', ['-c', script, 'sh', folder, ...command])
  const options = { cwd: '/', env: environmentOf(binaries), ...identity, timeout: 20_000 }
  return new Promise((resolve) => {
    execFile(program, args, options, (error, _stdout, stderr) => {
      resolve(error ? stderr.trim().split('\n').at(-1) || error.message : undefined)
    })
  })
}

function cannotRun(folder: string, failures: readonly string[]): string {
  const advice =
    process.getuid?.() === 0
      ? `Run the hub as an ordinary user, or use a data folder that every user can reach, such as /var/lib/warifu (now: ${folder}).`
      : 'If the machine is older than the PostgreSQL package expects, set DATABASE_URL to a PostgreSQL of your own.'
  return `PostgreSQL cannot run on this machine. ${advice}\n${failures.map((failure) => `  ${failure}`).join('\n')}`
}
