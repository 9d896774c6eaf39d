// npm run vault: the vault, beside a hub. It says where it listens in one line of JSON on its output. `rotate` puts everything under a new key.
import { mkdirSync, statSync, truncateSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import pino from 'pino'
import type { Passage } from './http.ts'
import { rotateVault, startVault, type VaultOptions } from './program.ts'

/** A log of 50 MB is some 400,000 requests. */
const LOG_BYTES = 50 * 1024 * 1024

const HELP = `The vault: keeps card numbers, and speaks with the card issuers (ISO 8583) for a hub.

  npm run vault -- --data data/vault --port 8093 --zone-key data/issuer/zone.key
  npm run vault -- rotate --data data/vault        a new key, while vaults go on
  --zone Asia/Tokyo                                whose days its business days have
  --with-parent                                    ends when its input ends (a hub that starts it is its parent)

  VAULT_DATABASE_URL    its own PostgreSQL database and role; nobody else needs to connect to it
  VAULT_KEY_FILE        its key, "vault.key" in the data folder where it is not given. Without it no card can be
                        read: keep a copy, and not where copies of the database are

The hub is told by VAULT_URL (the address) and VAULT_SECRET (the file "secret" in the data folder).
`

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      data: { type: 'string', default: 'data/vault' },
      port: { type: 'string', default: '8093' },
      zone: { type: 'string', default: 'Asia/Tokyo' },
      'zone-key': { type: 'string', default: 'data/issuer/zone.key' },
      'with-parent': { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  const url = process.env['VAULT_DATABASE_URL']
  const [what] = positionals
  if (values.help || (what !== undefined && what !== 'rotate')) return void process.stdout.write(HELP)
  if (url === undefined) throw new Error('VAULT_DATABASE_URL is not set: the vault has a database of its own.')
  const keyFile = process.env['VAULT_KEY_FILE']
  const options: VaultOptions = {
    data: resolve(values.data),
    port: Number(values.port),
    zone: values.zone,
    zoneKey: resolve(values['zone-key']),
    database: { connectionString: url },
    ...(keyFile !== undefined && { keyFile: resolve(keyFile) }),
  }
  if (what === 'rotate') {
    const count = await rotateVault(options)
    return void process.stdout.write(`A new key; ${count} data keys are under it now. Keep a copy of the key file.\n`)
  }
  const vault = await startVault({ ...options, onPassage: openLog(options.data) })
  process.stdout.write(`${JSON.stringify({ url: vault.url, secret: resolve(values.data, 'secret') })}\n`)
  let stopping: Promise<void> | undefined
  const stop = (): void => void (stopping ??= vault.stop().then(() => process.exit(0)))
  process.on('SIGTERM', stop)
  // The hub that started it stops it: Ctrl-C reaches both, and the hub may still have to ask.
  if (values['with-parent']) {
    process.on('SIGINT', () => {})
    process.stdin.on('end', stop).resume()
  } else process.on('SIGINT', stop)
}

/** vault.log in the data folder: what was asked by which id, and what became of it. */
function openLog(data: string): (passage: Passage) => void {
  mkdirSync(data, { recursive: true, mode: 0o700 })
  const path = join(data, 'vault.log')
  if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) > LOG_BYTES) truncateSync(path)
  const log = pino(
    { base: null, timestamp: pino.stdTimeFunctions.isoTime },
    pino.destination({ dest: path, sync: true, mode: 0o600 }),
  )
  // Screens ask for it all the time.
  return (passage) => void (passage.door === 'health' || log.info(passage))
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
})
