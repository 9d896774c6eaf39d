// What the hub is told by its command line and environment, checked before anything is started.
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { isZone } from '#core/calendar.ts'
import proxyAddress from '@fastify/proxy-addr'
import { resolve } from 'node:path'
import type { BankSettings } from './bank/bank.ts'
import type { VaultSettings } from './cards/vault.ts'
import type { DemoIssuer } from './demo-children.ts'
import type { MailSettings } from './mail/sender.ts'
import { unitOf } from '#core/money.ts'
import type { RateSource } from './rates/source.ts'

export type Options = Readonly<{
  data: string
  lan: boolean
  newScheme: boolean
  name: string
  /** whose calendar days a new scheme counts (IANA name); null for that of the demo */
  zone: string | null
  host: string | null
  port: number
  /** a port that was asked for by name is not replaced by the next free one */
  portIsFixed: boolean
  databaseUrl: string | null
  tls: { cert: string; key: string } | null
  trustProxy: false | number | string
  publicUrl: string | null
  /** null sends no mail; a demo then has an inbox of its own */
  mail: MailSettings | null
  /** null: nobody pays from a bank account; a demo then has a bank of its own */
  bank: BankSettings | null
  /** null: nobody pays by card; a demo then has a vault of its own */
  vault: VaultSettings | null
  /** where a demo's two card issuers listen, when the demo did not start them itself */
  demoIssuers: readonly DemoIssuer[] | null
  /** null: exchange rates are set at the desk alone */
  rateSource: RateSource | null
  log: 'file' | 'stdout'
}>

export class OptionsError extends Error {
  override name = 'OptionsError'
}

export const HELP = `Warifu: one number joins a shop's register and a payer's phone.

  npm start                        the hub with a demo town, on an embedded PostgreSQL in ./data
  npm start -- --new-scheme        an empty scheme instead (with --name "…" --zone Europe/Berlin), and the operator's one-time code
  npm start -- --lan               also for real phones in this network, over TLS
  npm start -- --data FOLDER       another data folder

  PORT           where to listen (8080, or the next free port)
  HOST           the address to listen at (this machine only, or all with --lan)
  DATABASE_URL   your own PostgreSQL instead of the embedded one
  TLS_CERT, TLS_KEY   files of a real certificate
  TRUST_PROXY    1 when a reverse proxy stands in front (or how many), or the proxies' addresses
  PUBLIC_URL     the address people use, such as https://pay.example.org
  SMTP_URL       where mail is sent, such as smtps://user:password@mail.example.org (a demo shows its mail at /demo/mail instead)
  MAIL_FROM      whom it comes from, such as "Warifu <no-reply@example.org>"
  BANK_URL       where the operator's bank is asked (docs/ways/bank.md); a demo starts a bank of its own
  BANK_SECRET    the file that holds the secret which bank and hub have
  BANK_RISK      what is taken on trust of banks that answer by file: of one payment, of one account on a day, such as 5000/10000 (0/0)
  VAULT_URL      where card numbers are kept (docs/ways/vault.md); a demo starts a vault and a card company of its own
  VAULT_SECRET   the file that holds the secret which vault and hub have
  RATES_URL      where exchange rates come from, such as https://rates.example.org/usd.json (docs/ways/foreign-currency.md)
  RATES_UNITS    which of them are taken, such as JPY,EUR
  RATES_SPREAD   what payers pay on top, in percent, such as 1.5 (0)
  LOG            stdout writes the log there instead of to the data folder
`

/** Reads arguments and environment. Throws OptionsError with a sentence that says what to change. */
export function readOptions(args: string[], env: Readonly<Record<string, string | undefined>>): Options | 'help' {
  const { values } = parse(args)
  if (values.help === true) return 'help'
  const port = env.PORT === undefined || env.PORT === '' ? 8080 : Number(env.PORT)
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new OptionsError(`PORT is "${env.PORT}": give a number from 0 to 65535.`)
  if ((env.TLS_CERT === undefined) !== (env.TLS_KEY === undefined))
    throw new OptionsError('TLS_CERT and TLS_KEY belong together: give both or neither.')
  return {
    data: resolve(values.data ?? 'data'),
    lan: values.lan ?? false,
    newScheme: values['new-scheme'] ?? false,
    name: values.name ?? 'New scheme',
    zone: zoneOf(values.zone),
    host: env.HOST ?? null,
    port,
    portIsFixed: env.PORT !== undefined && env.PORT !== '',
    databaseUrl: env.DATABASE_URL ?? null,
    tls:
      env.TLS_CERT === undefined || env.TLS_KEY === undefined
        ? null
        : { cert: readFile('TLS_CERT', env.TLS_CERT), key: readFile('TLS_KEY', env.TLS_KEY) },
    trustProxy: proxyOf(env.TRUST_PROXY),
    publicUrl: env.PUBLIC_URL === undefined ? null : originOf(env.PUBLIC_URL),
    mail: mailOf(env),
    bank: bankOf(env),
    vault: vaultOf(env),
    demoIssuers: demoIssuersOf(env.DEMO_ISSUERS),
    rateSource: rateSourceOf(env),
    log: env.LOG === 'stdout' ? 'stdout' : 'file',
  }
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        data: { type: 'string' },
        lan: { type: 'boolean' },
        'new-scheme': { type: 'boolean' },
        name: { type: 'string' },
        zone: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    })
  } catch (error) {
    throw new OptionsError(
      `${error instanceof Error ? error.message : 'This cannot be read'}. See npm start -- --help.`,
    )
  }
}

/** '1' trusts the nearest proxy's word, '2' the nearest two; else a list of addresses whose word is believed. */
function proxyOf(value: string | undefined): false | number | string {
  if (value === undefined || value === '' || value === '0') return false
  if (/^[1-9]$/.test(value)) return Number(value)
  try {
    proxyAddress.compile(value.split(',').map((each) => each.trim()))
  } catch {
    throw new OptionsError(`TRUST_PROXY is "${value}": give the number of proxies in front (1), or their addresses.`)
  }
  return value
}

function zoneOf(zone: string | undefined): string | null {
  if (zone === undefined) return null
  if (isZone(zone)) return zone
  throw new OptionsError(`--zone is "${zone}": give a time zone by its name, such as Asia/Tokyo.`)
}

function originOf(url: string): string {
  try {
    return new URL(url).origin
  } catch {
    throw new OptionsError(`PUBLIC_URL is "${url}": give an address such as https://pay.example.org.`)
  }
}

function mailOf(env: Readonly<Record<string, string | undefined>>): MailSettings | null {
  const { SMTP_URL: url = '', MAIL_FROM: from = '' } = env
  if (url === '' && from === '') return null
  if (!/^smtps?:$/.test(URL.parse(url)?.protocol ?? ''))
    throw new OptionsError(
      'SMTP_URL is no address of a mail server: give one such as smtps://user:password@mail.example.org.',
    )
  if (!/^([^<>@\r\n"]+ )?<?[A-Za-z0-9._+-]+@[A-Za-z0-9.-]+>?$/.test(from))
    throw new OptionsError(`MAIL_FROM is "${from}": give whom mail comes from, such as Warifu <no-reply@example.org>.`)
  return { url, from }
}

/** A look every ten minutes: what binds is the quote, and banks themselves publish once a day. */
const RATES_EVERY_MS = 10 * 60_000

function rateSourceOf(env: Readonly<Record<string, string | undefined>>): RateSource | null {
  const { RATES_URL: url = '', RATES_UNITS: codes = '', RATES_SPREAD: percent = '0' } = env
  if (url === '') return null
  const { protocol, hostname } = URL.parse(url) ?? { protocol: '', hostname: '' }
  const isHere = hostname === 'localhost' || hostname === '127.0.0.1'
  if (protocol !== 'https:' && !(protocol === 'http:' && isHere))
    throw new OptionsError('RATES_URL is no https address: give one such as https://rates.example.org/usd.json.')
  const units = codes.split(',').flatMap((code) => unitOf(code.trim()) ?? [])
  if (units.length === 0 || units.length !== codes.split(',').length)
    throw new OptionsError(`RATES_UNITS is "${codes}": give currencies by their codes, such as JPY,EUR.`)
  const match = /^(\d{1,2})(?:\.(\d{1,2}))?$/.exec(percent)
  if (match === null) throw new OptionsError(`RATES_SPREAD is "${percent}": give percent, such as 1.5.`)
  const spread = Number(match[1]) * 100 + Number((match[2] ?? '').padEnd(2, '0'))
  return { url, units, spread, everyMs: RATES_EVERY_MS }
}

function bankOf(env: Readonly<Record<string, string | undefined>>): BankSettings | null {
  const { BANK_URL: url = '', BANK_SECRET: path = '', BANK_RISK: risk = '0/0' } = env
  if (url === '' && path === '') return null
  const origin = nearOrigin('BANK_URL', url)
  const [, payment, day] = /^(\d{1,12})\/(\d{1,12})$/.exec(risk) ?? []
  if (payment === undefined || day === undefined)
    throw new OptionsError(`BANK_RISK is "${risk}": give two whole amounts such as 5000/10000.`)
  const secret = readFile('BANK_SECRET', path).trim()
  return { url: origin, secret, risk: { payment: BigInt(payment), day: BigInt(day) } }
}

function vaultOf(env: Readonly<Record<string, string | undefined>>): VaultSettings | null {
  const { VAULT_URL: url = '', VAULT_SECRET: path = '' } = env
  if (url === '' && path === '') return null
  return { url: nearOrigin('VAULT_URL', url), secret: readFile('VAULT_SECRET', path).trim() }
}

/** For a demo whose issuers somebody else has started: 0001=8583,0002=8584. */
function demoIssuersOf(value: string | undefined): Options['demoIssuers'] {
  if (value === undefined || value === '') return null
  return value.split(',').map((each) => {
    const [, code, port] = /^(\d{4})=(\d{1,5})$/.exec(each) ?? []
    if (code === undefined || port === undefined)
      throw new OptionsError(`DEMO_ISSUERS is "${value}": give codes and ports such as 0001=8583,0002=8584.`)
    return { code, host: '127.0.0.1', port: Number(port) }
  })
}

/** Money's secrets go over TLS, or stay on this machine. */
function nearOrigin(name: string, url: string): string {
  const parsed = URL.parse(url)
  const isNear = parsed?.protocol === 'http:' && ['localhost', '127.0.0.1', '[::1]'].includes(parsed.hostname)
  if (parsed?.protocol === 'https:' || (parsed !== null && isNear)) return parsed.origin
  throw new OptionsError(`${name} is "${url}": give an https address, or http on this machine.`)
}

function readFile(name: string, path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    throw new OptionsError(`${name} names ${path}, which cannot be read.`)
  }
}
