// The programs that a demo starts beside the hub: the operator's bank, the cards' issuer, and the vault that keeps the card numbers.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { prepareVaultDatabase } from '#vault/prepare.ts'
import { startChild, textOf, type Child } from './child.ts'

/** An address, and the secret that both sides have. */
export type Reached = Readonly<{ url: string; secret: string }>

const secretIn = async (path: string): Promise<string> => (await readFile(path, 'utf8')).trim()

const reachedOf = async (said: unknown): Promise<Reached> => ({
  url: textOf(said, 'url'),
  secret: await secretIn(textOf(said, 'secret')),
})

/** On a free port the first time, and then on the same. */
const portOf = (before: Readonly<{ url: string }> | null): string => (before === null ? '0' : new URL(before.url).port)

export type Demo = Readonly<{
  bank: Reached | null
  issuer: IssuerSaid | null
  vault: Reached | null
  stop(): Promise<void>
}>

/** Starts what the operator has not named; `admin` is null where the database is the operator's own, and nobody pays by card then. */
export async function startDemo(
  { data, bank, vault }: Readonly<{ data: string; bank: object | null; vault: object | null }>,
  admin: Parameters<typeof prepareVaultDatabase>[0] | null,
): Promise<Demo> {
  const cards = async (): Promise<readonly [Child<IssuerSaid> | null, Child<Reached> | null]> => {
    if (vault !== null || admin === null) return [null, null]
    const issuer = await startIssuerChild(data)
    return [issuer, issuer && (await startVaultChild(data, { admin, zoneKey: issuer.said.zoneKey }))]
  }
  const [bankChild, [issuer, keeper]] = await Promise.all([bank === null ? startBankChild(data) : null, cards()])
  return {
    bank: bankChild?.said ?? null,
    issuer: issuer?.said ?? null,
    vault: keeper?.said ?? null,
    async stop() {
      await Promise.all([bankChild?.stop(), keeper?.stop(), issuer?.stop()])
    },
  }
}

/** Null where it does not start: the hub works without a bank. */
export const startBankChild = (data: string): Promise<Child<Reached> | null> =>
  startChild({
    main: 'bank/main.ts',
    args: (before) => ['--data', join(data, 'bank'), '--port', portOf(before)],
    read: reachedOf,
  })

/** One of the demo's card issuers, by its code, and where it listens. */
export type DemoIssuer = Readonly<{ code: string; host: string; port: number }>

export type IssuerSaid = Readonly<{
  /** its page, for people */
  url: string
  /** file that issuer and vault have */
  zoneKey: string
  /** where each issuer listens */
  lines: readonly DemoIssuer[]
  /** the card machine beside a register */
  machine: Readonly<{ url: string; token: string }>
}>

/** Null where it does not start: the hub works without cards. */
export const startIssuerChild = (data: string): Promise<Child<IssuerSaid> | null> =>
  startChild({
    main: 'issuer/main.ts',
    args: (before) => [
      '--data',
      join(data, 'issuer'),
      '--port',
      portOf(before),
      '--lines',
      before === null ? '0,0' : before.lines.map(({ port }) => port).join(','),
      '--machine',
      portOf(before && before.machine),
    ],
    read: async (said) => ({
      url: textOf(said, 'url'),
      zoneKey: textOf(said, 'zoneKey'),
      lines: linesIn(said),
      machine: { url: textOf(said, 'machine', 'url'), token: await secretIn(textOf(said, 'machine', 'token')) },
    }),
  })

function linesIn(said: unknown): IssuerSaid['lines'] {
  const lines: unknown = typeof said === 'object' && said !== null ? Reflect.get(said, 'lines') : undefined
  return (Array.isArray(lines) ? (lines as unknown[]) : []).map((line) => ({
    code: textOf(line, 'code'),
    host: textOf(line, 'host'),
    port: Number(typeof line === 'object' && line !== null ? Reflect.get(line, 'port') : undefined),
  }))
}

/** The vault on a database of its own beside the hub's. Null where it does not start: the hub works without cards. */
export async function startVaultChild(
  data: string,
  of: Readonly<{ admin: Parameters<typeof prepareVaultDatabase>[0]; zoneKey: string }>,
): Promise<Child<Reached> | null> {
  const prepared = await prepareVaultDatabase(of.admin).catch(() => null)
  if (prepared === null) return null
  return startChild({
    main: 'vault/main.ts',
    args: (before) => ['--data', join(data, 'vault'), '--port', portOf(before), '--zone-key', of.zoneKey],
    env: { VAULT_DATABASE_URL: prepared.url },
    read: reachedOf,
  })
}
