// node issuer/machine.ts: a card machine by itself, for a counter whose issuers stand elsewhere.
import { parseArgs } from 'node:util'
import { resolve } from 'node:path'
import { startMachine } from './machine-program.ts'

const HELP = `A conventional card machine beside a register.

  node issuer/machine.ts --zone-key FILE --line 127.0.0.1:8583=457199,457198 --line 127.0.0.1:8584=35891234,35891239
  --data data/machine --port 8585
  --origin https://hub.example                        a page that may ask it, besides those of this machine
`

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      data: { type: 'string', default: 'data/machine' },
      port: { type: 'string', default: '8585' },
      line: { type: 'string', multiple: true, default: [] },
      origin: { type: 'string', multiple: true, default: [] },
      'zone-key': { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) return void process.stdout.write(HELP)
  if (values['zone-key'] === undefined || values.line.length === 0) throw new Error('--zone-key and --line are needed')
  const machine = await startMachine({
    data: resolve(values.data),
    port: Number(values.port),
    zoneKey: resolve(values['zone-key']),
    lines: values.line.map(lineIn),
    origins: values.origin,
  })
  process.stdout.write(`${JSON.stringify({ url: machine.url, token: machine.tokenFile })}\n`)
  const stop = (): void => void machine.stop().then(() => process.exit(0))
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
}

function lineIn(text: string): { host: string; port: number; prefixes: string[] } {
  const [, host, port, prefixes] = /^([^:=]+):([0-9]{1,5})=([0-9]+(?:,[0-9]+)*)$/u.exec(text) ?? []
  if (host === undefined || port === undefined || prefixes === undefined)
    throw new Error(`${text} is no line: host:port=prefix,prefix`)
  return { host, port: Number(port), prefixes: prefixes.split(',') }
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
})
