// npm run restore -- FILE: a backup into an empty folder or database, checked before and audited after.
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { audit } from './audit/audit.ts'
import { told } from './audit/told.ts'
import { BackupError } from './backup/file.ts'
import { inspectBackup, restoreBackup } from './backup/restore.ts'
import { MigrationError } from './postgres/migrate.ts'
import { startEmbeddedPostgres } from './postgres/supervisor.ts'
import { SupervisorError } from './postgres/supervisor-error.ts'

const HELP = `Brings a backup back, into an empty folder or database, and audits it.

  npm run restore -- FILE                    into ./data
  npm run restore -- FILE --data FOLDER      into another folder; or set DATABASE_URL to an empty database

Exit code 0: restored and without faults. 1: not restored, or restored with faults; the last line says which.
Stop the hub that had this scheme for good before: two hubs that live on from one backup give out the same money twice.
`

const say = (line: string): void => void process.stdout.write(`${line}\n`)

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { data: { type: 'string', default: 'data' }, help: { type: 'boolean', short: 'h', default: false } },
  })
  const [file] = positionals
  if (values.help || file === undefined) {
    process.stdout.write(HELP)
    return 0
  }
  // Before a folder is made or a server is started: a damaged file leaves no trace.
  const { manifest, rows } = await inspectBackup(resolve(file))
  say(`${manifest.scheme.name} as of ${new Date(manifest.at).toISOString()}: ${rows.toLocaleString('en')} rows, whole.`)

  const url = process.env.DATABASE_URL
  const postgres =
    url === undefined || url === ''
      ? await startEmbeddedPostgres({ folder: resolve(values.data), progress: (line) => say(`  ${line}`) })
      : null
  const settings = postgres?.connection ?? { connectionString: url }
  try {
    const jumps = await restoreBackup(settings, resolve(file), manifest)
    say(`Restored. Everybody signs in again; ${jumps.codes} unused enrolment codes have ended.`)
    say(`What happened after the backup is not in it: payments, revoked phones, frozen accounts, changed PINs.`)
    const found = await audit(settings, { signatures: true, progress: (line) => say(`  ${line}`) })
    process.stdout.write(told(found, true))
    return found.faults.length === 0 ? 0 : 1
  } finally {
    await postgres?.stop()
  }
}

main().then(
  (code) => void (process.exitCode = code),
  (error: unknown) => {
    const known = [BackupError, SupervisorError, MigrationError].some((kind) => error instanceof kind)
    process.stderr.write(`${error instanceof Error ? (known ? error.message : error.stack) : String(error)}\n`)
    process.exitCode = 1
  },
)
