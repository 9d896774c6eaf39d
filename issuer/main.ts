// npm run issuer: the reference card issuers, beside a hub as real ones stand. Where they listen, they say in one line of JSON on the output.
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { resolve } from 'node:path'
import { startMachine } from './machine-program.ts'
import { startIssuer } from './program.ts'
import { CARDS, ISSUERS, readCards } from './town.ts'

const HELP = `The reference card issuers: Tanuki Card (0001) and Kitsune Credit (0002), each with its own line (ISO 8583 over TCP).

  npm run issuer -- --data data/issuer --port 8582    with the demo's cards, its page, and a card machine
  npm run issuer -- --bare                            without cards, page, faults and machine
  --lines 8583,8584                                   the issuers' lines; 0 is any free port
  --machine 8585                                      the card machine, a conventional terminal
  --cards FILE                                        more cards: a JSON list of {issuer, number, expires, code, limit}
  --zone-key FILE                                     the key shared with the vault; else zone.key in the data folder
  --zone Asia/Tokyo                                   whose days its books have
  --with-parent                                       ends when its input ends (a hub that starts it is its parent)

The line of JSON: {url, secret, zoneKey, lines: [{code, host, port}], machine: {url, token} or null}. secret, zoneKey and token name files.
`

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      data: { type: 'string', default: 'data/issuer' },
      port: { type: 'string', default: '8582' },
      lines: { type: 'string', default: '8583,8584' },
      machine: { type: 'string', default: '8585' },
      cards: { type: 'string' },
      'zone-key': { type: 'string' },
      zone: { type: 'string', default: 'Asia/Tokyo' },
      bare: { type: 'boolean', default: false },
      'with-parent': { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) return void process.stdout.write(HELP)
  const data = resolve(values.data)
  const more = values.cards === undefined ? [] : readCards(readFileSync(values.cards, 'utf8'))
  const issuer = await startIssuer({
    data,
    port: portIn(values.port),
    lines: values.lines.split(',').map(portIn),
    demo: !values.bare,
    cards: [...(values.bare ? [] : CARDS), ...more],
    zone: values.zone,
    ...(values['zone-key'] !== undefined && { zoneKey: resolve(values['zone-key']) }),
  })
  const machine = values.bare
    ? null
    : await startMachine({
        data,
        port: portIn(values.machine),
        zoneKey: issuer.zoneKey,
        lines: issuer.lines.map(({ code, host, port }) => ({ host, port, prefixes: prefixesOf(code) })),
      })
  process.stdout.write(
    `${JSON.stringify({
      url: issuer.url,
      secret: resolve(data, 'secret'),
      zoneKey: issuer.zoneKey,
      lines: issuer.lines,
      machine: machine && { url: machine.url, token: machine.tokenFile },
    })}\n`,
  )
  const stop = async (): Promise<void> => {
    await machine?.stop()
    await issuer.stop()
    process.exit(0)
  }
  process.on('SIGTERM', () => void stop())
  // The hub that started it stops it: Ctrl-C reaches both, and the hub may still have to ask.
  if (values['with-parent']) {
    process.on('SIGINT', () => {})
    process.stdin.on('end', () => void stop()).resume()
  } else process.on('SIGINT', () => void stop())
}

function portIn(text: string): number {
  const port = Number(text)
  if (!/^[0-9]{1,5}$/u.test(text) || port > 65_535) throw new Error(`${text} is no port`)
  return port
}

function prefixesOf(code: string): readonly string[] {
  return ISSUERS.flatMap((issuer) => (issuer.code === code ? [issuer.prefix, issuer.oneTimePrefix] : []))
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
})
