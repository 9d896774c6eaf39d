// npm run backup -- FILE-or-FOLDER: all that the database knew at one moment, in one file, while the hub works on.
import { existsSync, statSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { BackupError } from './backup/file.ts'
import { takeBackup } from './backup/take.ts'
import { reachDatabase } from './postgres/reach.ts'
import { SupervisorError } from './postgres/supervisor-error.ts'

const HELP = `Takes a backup, with or without a running hub.

  npm run backup -- FILE               into this file, which must not be there yet
  npm run backup -- FOLDER             into this folder, named by scheme and time
  --data FOLDER                        the hub's data folder (./data); or set DATABASE_URL

The file holds everything: the key that signs the daily heads, PIN verifiers, names, balances. Only its owner may read it (0600);
keep it as you keep money.
It does not hold the data folder's certificates (tls/), nor sessions.
`

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { data: { type: 'string', default: 'data' }, help: { type: 'boolean', short: 'h', default: false } },
  })
  const [to] = positionals
  if (values.help || to === undefined) return void process.stdout.write(HELP)
  const target = resolve(to)
  const isFolder = existsSync(target) && statSync(target).isDirectory()
  if (!isFolder && existsSync(target)) throw new BackupError(`${target} is there already. Nothing was written.`)

  const started = performance.now()
  const database = await reachDatabase({ data: values.data, url: process.env.DATABASE_URL, progress: () => {} })
  try {
    const { manifest, rows, path } = await takeBackup(database.settings, ({ scheme, at }) =>
      isFolder ? join(target, `warifu-${scheme.id.slice(4, 12)}-${stamp(at)}.backup`) : target,
    )
    const { size } = await stat(path)
    const seconds = ((performance.now() - started) / 1000).toFixed(1)
    process.stdout.write(
      `${path}\n${manifest.scheme.name} as of ${new Date(manifest.at).toISOString()}: ${rows.toLocaleString('en')} rows, ${(size / 1e6).toFixed(1)} MB, ${seconds} s.\n`,
    )
  } finally {
    await database.close()
  }
}

/** 20261203T112500Z */
const stamp = (at: number): string => new Date(at).toISOString().replaceAll(/[-:]|\.\d+/g, '')

main().catch((error: unknown) => {
  const known = error instanceof BackupError || error instanceof SupervisorError
  process.stderr.write(`${error instanceof Error ? (known ? error.message : error.stack) : String(error)}\n`)
  process.exitCode = 1
})
