// The demo town: a bakery and two people with money, made once in a scheme that is marked demo. Each step may be repeated.
import { createHash, pbkdf2, createHmac, randomBytes } from 'node:crypto'
import { promisify } from 'node:util'
import type pg from 'pg'
import { systemAccount } from '#core/accounts.ts'
import { bucketOfId, idFrom, type PartyId } from '#core/ids.ts'
import type { Directory, Party } from './auth/directory.ts'
import type { Store } from '#switch/store.ts'
import type { Switch } from '#switch/switch.ts'
import type { SchemeRow } from './postgres/scheme.ts'
import { idOf } from './postgres/store.ts'
import { LIMITS } from '#protocol/limits.ts'

export type DemoRole = 'register' | 'hanako' | 'kenji'

/** Printed on the demo's banner; nobody's real PIN. */
export const DEMO_PIN = '2468'
const SCRAM_ITERATIONS = 310_000

const PARTIES: Readonly<
  Record<DemoRole, { kind: 'person' | 'merchant'; name: string; legalName: string; bucket: number; money: bigint }>
> = {
  register: {
    kind: 'merchant',
    name: 'Marubeni Bakery',
    legalName: 'Marubeni Bakery, sole proprietor Maki Beni',
    bucket: 1,
    money: 0n,
  },
  hanako: { kind: 'person', name: 'Hanako', legalName: 'Hanako', bucket: 2, money: 50_000n },
  kenji: { kind: 'person', name: 'Kenji', legalName: 'Kenji', bucket: 3, money: 3_000n },
}

const derive = promisify(pbkdf2)

/** The demo's parties over a directory; `settle` makes what is missing, `code` gives a one-time code for one of them. */
export function demoTown(parts: {
  database: pg.Pool
  directory: Directory
  hub: Switch
  store: Store
  scheme: SchemeRow
}) {
  const { database, directory, hub, store, scheme } = parts
  const found = new Map<DemoRole, PartyId>()

  async function settle(): Promise<void> {
    const lock = await database.connect()
    try {
      // Hubs that start together make one town.
      await lock.query('select pg_advisory_lock(7761726966752)')
      for (const role of Object.keys(PARTIES) as DemoRole[]) await settleOne(role)
    } finally {
      await lock.query('select pg_advisory_unlock(7761726966752)').catch(() => {})
      lock.release()
    }
  }

  async function settleOne(role: DemoRole): Promise<void> {
    const { kind, name, legalName, money, ...place } = PARTIES[role]
    const bucket = place.bucket % scheme.buckets
    const { rows } = await database.query<{ id: string }>(
      'select id from party where bucket = $1 and name = $2 order by created_at limit 1',
      [bucket, name],
    )
    const known = rows[0] === undefined ? undefined : await directory.partyOf(idOf<PartyId>('pty', rows[0].id))
    const party = known ?? (await directory.createParty({ kind, name, legalName, bucket, units: [scheme.unit] }))
    found.set(role, party.id)
    if (kind === 'person' && (await directory.secretOf(party.id)) === undefined) await setPin(party)
    if (money > 0n) await openWith(party, money)
  }

  async function setPin(party: Party): Promise<void> {
    const salt = randomBytes(16)
    const salted = await derive(DEMO_PIN, salt, SCRAM_ITERATIONS, 32, 'sha256')
    const clientKey = createHmac('sha256', salted).update('Client Key').digest()
    await directory.setSecret(party.id, {
      salt,
      iterations: SCRAM_ITERATIONS,
      storedKey: createHash('sha256').update(clientKey).digest(),
      serverKey: createHmac('sha256', salted).update('Server Key').digest(),
    })
  }

  /** Opening money from the scheme's issue account; the command's id follows from the party, so that it is booked once. */
  async function openWith(party: Party, amount: bigint): Promise<void> {
    const hash = createHash('sha256').update(`demo opening ${party.id}`).digest()
    const bucket = bucketOfId(party.id)
    const transfer = {
      debit: systemAccount('issue', bucket),
      credit: party.account,
      unit: scheme.unit,
      amount,
      kind: 'post',
      payment: null,
      debitName: party.name,
      creditName: scheme.name,
    } as const
    await hub.post(
      { id: idFrom('cmd', hash.subarray(0, 16)), hash: hash.toString('hex'), transfers: [transfer] },
      party.id,
    )
    await store.deposit(bucket)
  }

  return {
    settle,
    async code(role: DemoRole): Promise<{ code: string; pin: string | null }> {
      const party = found.get(role)
      if (party === undefined) throw new Error('the town is settled before it is asked')
      const lifeMs = LIMITS.enrolmentCodeMs
      const { code } =
        role === 'register'
          ? await directory.createCode({ kind: 'terminal', party, lifeMs, label: 'Till 1', terminalKind: 'counter' })
          : await directory.createCode({ kind: 'device', party, lifeMs })
      return { code, pin: role === 'register' ? null : DEMO_PIN }
    },
  }
}
