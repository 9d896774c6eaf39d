// npm run bank: the reference bank, beside a hub as a real one stands. It says where it listens in one line of JSON on its output.
import { parseArgs } from 'node:util'
import { resolve } from 'node:path'
import { startBank } from './program.ts'

const HELP = `The reference bank: takes collections, reversals and transfers of a hub in ISO 20022, and Zengin files.

  npm run bank -- --data data/bank --port 8091     with the demo's accounts
  npm run bank -- --bare                           without accounts, page and faults
  --zone Asia/Tokyo                                whose days its bookings have
  --with-parent                                    ends when its input ends (a hub that starts it is its parent)

The hub is told by BANK_URL (the address) and BANK_SECRET (the file "secret" in the data folder).
`

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      data: { type: 'string', default: 'data/bank' },
      port: { type: 'string', default: '8091' },
      zone: { type: 'string', default: 'Asia/Tokyo' },
      bare: { type: 'boolean', default: false },
      'with-parent': { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) return void process.stdout.write(HELP)
  const bank = await startBank({
    data: resolve(values.data),
    port: Number(values.port),
    demo: !values.bare,
    zone: values.zone,
  })
  process.stdout.write(`${JSON.stringify({ url: bank.url, secret: resolve(values.data, 'secret') })}\n`)
  const stop = (): void => void bank.stop().then(() => process.exit(0))
  process.on('SIGTERM', stop)
  // The hub that started it stops it: Ctrl-C reaches both, and the hub may still have to ask.
  if (values['with-parent']) {
    process.on('SIGINT', () => {})
    process.stdin.on('end', stop).resume()
  } else process.on('SIGINT', stop)
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
})
