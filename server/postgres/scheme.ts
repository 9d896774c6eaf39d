// The scheme: one row that says what this deployment is, made once; the buckets' heads, marks and system accounts with it.
import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { systemAccount, SYSTEM_ACCOUNT_KINDS } from '#core/accounts.ts'
import { idFrom, type SchemeId } from '#core/ids.ts'
import { NO_PROOF_LIMITS, proofLimitsOf, type ProofLimits, type Strength } from '#core/device.ts'
import { GENESIS_HASH } from '#core/ledger.ts'
import { unitOf, type Unit } from '#core/money.ts'
import type { SchemeRules } from '#core/payment.ts'
import { toJson } from '#switch/snapshot.ts'
import { idOf, NOW, uuidOf } from './store.ts'

export type SchemeRow = Readonly<{
  id: SchemeId
  name: string
  demo: boolean
  buckets: number
  unit: Unit
  rules: SchemeRules
}>

/**
 * What a scheme starts with: an hour's unlock, a fresh proof from 10,000 on, at most 1,000,000 a payment, 3,000,000 a day and 20,000,000
 * a month (smallest part of its unit); without a network 5,000 a payment, 10,000 a phone and 100,000 a register, for a day. What may not be sold is refused; in a demo the shop is asked, so that one sees it.
 */
export const START_RULES: Omit<SchemeRules, 'id'> = {
  unlockMs: 3_600_000,
  freshProofFrom: 10_000n,
  limits: { perPayment: 1_000_000n, perDay: 3_000_000n, perMonth: 20_000_000n },
  zone: 'Asia/Tokyo',
  restricted: 'refuse',
  proofLimits: NO_PROOF_LIMITS,
  offline: { payment: 5_000n, device: 10_000n, terminal: 100_000n, ms: 24 * 3_600_000 },
}

/** The scheme of this database, or undefined before it is made. */
export async function readScheme(settings: pg.ClientConfig): Promise<SchemeRow | undefined> {
  return withClient(settings, readWith)
}

/** Makes the scheme unless there is one; hubs that start together make one. Returns the one that stands. */
export async function createScheme(
  settings: pg.ClientConfig,
  start: { name: string; demo: boolean; buckets: number; unit: Unit; rules?: Partial<Omit<SchemeRules, 'id'>> },
): Promise<{ scheme: SchemeRow; created: boolean }> {
  return withClient(settings, async (client) => {
    await client.query('begin')
    const rules = { ...START_RULES, ...(start.demo && { restricted: 'ask' as const }), ...start.rules }
    const { rowCount } = await client.query(
      `insert into scheme (id, name, demo, buckets, unit, rules, created_at) values ($1, $2, $3, $4, $5, $6, ${NOW}) on conflict (one) do nothing`,
      [uuidOf(idFrom('sch', randomBytes(16))), start.name, start.demo, start.buckets, start.unit, rulesToJson(rules)],
    )
    const created = rowCount === 1
    if (created) await createBuckets(client, start.buckets, start.unit)
    await client.query('commit')
    const scheme = await readWith(client)
    if (scheme === undefined) throw new Error('the scheme was just made')
    return { scheme, created }
  })
}

async function createBuckets(client: pg.Client, buckets: number, unit: Unit): Promise<void> {
  const all = Array.from({ length: buckets }, (_, bucket) => bucket)
  await client.query(
    'insert into head (bucket, sequence, hash) select bucket, 0, $2 from unnest($1::smallint[]) n(bucket)',
    [all, Buffer.from(GENESIS_HASH)],
  )
  await client.query(
    'insert into mark (bucket, source) select a, b from unnest($1::smallint[]) x(a), unnest($1::smallint[]) y(b)',
    [all],
  )
  await openSystemAccounts(client, buckets, unit)
}

/** The scheme's own accounts of a unit, in every bucket; made once. */
export async function openSystemAccounts(
  client: Pick<pg.ClientBase, 'query'>,
  buckets: number,
  unit: Unit,
): Promise<void> {
  const rows = Array.from({ length: buckets }, (_, bucket) =>
    SYSTEM_ACCOUNT_KINDS.map((kind) => ({ bucket, key: systemAccount(kind, bucket) })),
  ).flat()
  await client.query(
    'insert into account (bucket, key, unit) select n.bucket, n.key, $3 from unnest($1::smallint[], $2::text[]) n(bucket, key) on conflict do nothing',
    [rows.map(({ bucket }) => bucket), rows.map(({ key }) => key), unit],
  )
}

/**
 * The scheme's own accounts of every unit that any account counts in, in every bucket: what is paid through the exchange, or by a bank,
 * debits them where the payer and the merchant are, whatever units those have. Repeated without harm.
 */
export async function openSystemAccountsInUse(client: Pick<pg.ClientBase, 'query'>, buckets: number): Promise<void> {
  // Wherever an account is opened, the scheme's own of its unit are beside it: found by key, however many people there are.
  const exchanges = Array.from({ length: buckets }, (_, bucket) => systemAccount('exchange', bucket))
  const { rows } = await client.query<{ unit: string }>(
    'select distinct a.unit from unnest($1::text[]) with ordinality n(key, place) join account a on a.bucket = n.place - 1 and a.key = n.key',
    [exchanges],
  )
  for (const { unit } of rows) {
    const known = unitOf(unit)
    if (known !== undefined) await openSystemAccounts(client, buckets, known)
  }
}

async function readWith(client: pg.Client): Promise<SchemeRow | undefined> {
  const { rows } = await client.query<{
    id: string
    name: string
    demo: boolean
    buckets: number
    unit: string
    // Border: written by rulesToJson.
    rules: StoredRules
  }>('select id, name, demo, buckets, unit, rules from scheme')
  const [row] = rows
  const unit = row && unitOf(row.unit)
  if (row === undefined || unit === undefined) return undefined
  const id = idOf<SchemeId>('sch', row.id)
  const { name, demo, buckets } = row
  return { id, name, demo, buckets, unit, rules: { id, ...rulesFrom(row.rules) } }
}

/** Rules as they are kept: amounts as decimal strings. */
export const rulesToJson = ({
  unlockMs,
  freshProofFrom,
  limits,
  zone,
  restricted,
  proofLimits,
  offline,
}: Omit<SchemeRules, 'id'>): string =>
  toJson({ unlockMs, freshProofFrom, limits, zone, restricted, proofLimits, offline })

export type StoredRules = Readonly<{
  unlockMs: number
  freshProofFrom: string
  /** earlier schemes had this limit alone */
  limitPerPayment?: string
  limits?: Readonly<{ perPayment: string; perDay: string; perMonth: string }>
  zone?: string
  restricted?: SchemeRules['restricted']
  proofLimits?: Readonly<Partial<Record<Strength, string | null>>>
  offline?: Readonly<{ payment: string; device: string; terminal: string; ms: number }>
}>

/** Rules as they were kept, by this program or an earlier one. */
export function rulesFrom(stored: StoredRules): Omit<SchemeRules, 'id'> {
  const { limits, limitPerPayment } = stored
  const start = START_RULES.limits
  const perPayment = BigInt(limits?.perPayment ?? limitPerPayment ?? start.perPayment)
  const least = (limit: bigint): bigint => (limit < perPayment ? perPayment : limit)
  return {
    unlockMs: stored.unlockMs,
    freshProofFrom: BigInt(stored.freshProofFrom),
    limits: {
      perPayment,
      perDay: limits === undefined ? least(start.perDay) : BigInt(limits.perDay),
      perMonth: limits === undefined ? least(start.perMonth) : BigInt(limits.perMonth),
    },
    zone: stored.zone ?? START_RULES.zone,
    restricted: stored.restricted ?? START_RULES.restricted,
    proofLimits: proofLimitsFrom(stored.proofLimits ?? {}),
    offline: stored.offline === undefined ? START_RULES.offline : offlineFrom(stored.offline),
  }
}

const offlineFrom = ({
  payment,
  device,
  terminal,
  ms,
}: NonNullable<StoredRules['offline']>): SchemeRules['offline'] => ({
  payment: BigInt(payment),
  device: BigInt(device),
  terminal: BigInt(terminal),
  ms,
})

function proofLimitsFrom(stored: NonNullable<StoredRules['proofLimits']>): ProofLimits {
  return proofLimitsOf((strength) => {
    const amount = stored[strength] ?? null
    return amount === null ? null : BigInt(amount)
  })
}

async function withClient<Result>(
  settings: pg.ClientConfig,
  use: (client: pg.Client) => Promise<Result>,
): Promise<Result> {
  const client = new pg.Client(settings)
  await client.connect()
  try {
    return await use(client)
  } finally {
    await client.end()
  }
}
