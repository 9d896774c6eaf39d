// The demo town: a bakery, two people with money who know each other, and a traveller with dollars, made once in a scheme that is
// marked demo. Each step may be repeated.
import { createHash, pbkdf2, createHmac, randomBytes } from 'node:crypto'
import { promisify } from 'node:util'
import type pg from 'pg'
import { systemAccount } from '#core/accounts.ts'
import { bucketOfId, idFrom, type PartyId } from '#core/ids.ts'
import { unitOf, type Unit } from '#core/money.ts'
import { newCode, type Directory, type Party } from './auth/directory.ts'
import type { Store } from '#switch/store.ts'
import type { Switch } from '#switch/switch.ts'
import type { SchemeRow } from './postgres/scheme.ts'
import { idOf } from './postgres/store.ts'
import { DESK_ON_THE_MACHINE, type OperatorDesk } from './operator.ts'
import type { Goods } from './postgres/goods.ts'
import type { Operators } from './postgres/operators.ts'
import type { Parties } from './postgres/parties.ts'
import type { Profiles } from './postgres/profiles.ts'
import type { Rates } from './postgres/rates.ts'
import { settlePriceFile } from './demo-goods.ts'
import { DEMO_PEOPLE, settleProfile } from './demo-profiles.ts'
import { LIMITS } from '#protocol/limits.ts'
import type { AttributesWire } from '#protocol/operator.ts'
import type { Problem } from '#protocol/problems.ts'
import type { DemoWho } from '#protocol/routes.ts'

type DemoRole = 'register' | 'hanako' | 'kenji' | 'emma'
type Code = Readonly<{ code: string; pin: string | null }>

/** Printed on the demo's banner; nobody's real PIN. */
export const DEMO_PIN = '2468'
/** The fewest that a phone takes from a hub: a PIN that is printed is not worth the tenth of a second more. */
const SCRAM_ITERATIONS = 100_000

const PARTIES: Readonly<
  Record<
    DemoRole,
    {
      kind: 'person' | 'merchant'
      name: string
      legalName: string
      bucket: number
      /** of the scheme's own unit; null: no account in it */
      money: bigint | null
      /** accounts in other units, and how much of its smallest part is there at the beginning */
      foreign: Readonly<Record<string, bigint>>
    }
  >
> = {
  register: {
    kind: 'merchant',
    name: 'Marubeni Bakery',
    legalName: 'Marubeni Bakery, sole proprietor Maki Beni',
    bucket: 1,
    money: 0n,
    foreign: { EUR: 0n },
  },
  hanako: { kind: 'person', name: 'Hanako', legalName: 'Hanako', bucket: 2, money: 50_000n, foreign: { EUR: 20_000n } },
  kenji: { kind: 'person', name: 'Kenji', legalName: 'Kenji', bucket: 3, money: 3_000n, foreign: {} },
  emma: { kind: 'person', name: 'Emma', legalName: 'Emma', bucket: 4, money: null, foreign: { USD: 50_000n } },
}

const DEMO_RATE = { price: '150', spread: 100 } as const
const DEMO_RATE_LIFE_MS = 365 * 24 * 3_600_000

const derive = promisify(pbkdf2)

/**
 * The demo's parties over a directory; `settle` makes what is missing, `code` gives a one-time code for one of them or for the
 * operator's desk.
 */
export function demoTown(parts: {
  database: pg.Pool
  directory: Directory
  hub: Switch
  store: Store
  parties: Parties
  scheme: SchemeRow
  desk: OperatorDesk
  operators: Operators
  profiles: Pick<Profiles, 'begin'>
  goods: Goods
  rates: Pick<Rates, 'last'>
}) {
  const { database, directory, hub, store, parties, scheme, desk, operators, profiles, goods, rates } = parts
  const found = new Map<DemoRole, Party>()

  async function settle(): Promise<void> {
    const lock = await database.connect()
    try {
      // Hubs that start together make one town.
      await lock.query('select pg_advisory_lock(7761726966752)')
      for (const role of Object.keys(PARTIES) as DemoRole[]) await settleOne(role)
      for (const role of ['hanako', 'kenji'] as const)
        await settleProfile(profiles, partyOf(role).id, DEMO_PEOPLE[role])
      await settlePriceFile(goods, partyOf('register').id, scheme.unit)
      await introduce('hanako', 'kenji')
      await introduce('kenji', 'hanako')
      await verify('hanako', { birthDate: '1998-05-14', region: 'JP-14', memberships: [] })
      // A minor, for whom there are goods not to be sold.
      await verify('kenji', { birthDate: '2009-02-28', region: null, memberships: [] })
      await settleRate()
    } finally {
      await lock.query('select pg_advisory_unlock(7761726966752)').catch(() => {})
      lock.release()
    }
  }

  async function settleOne(role: DemoRole): Promise<void> {
    const { kind, name, legalName, money, foreign, ...place } = PARTIES[role]
    const bucket = place.bucket % scheme.buckets
    const { rows } = await database.query<{ id: string }>(
      'select id from party where bucket = $1 and name = $2 order by created_at limit 1',
      [bucket, name],
    )
    const known = rows[0] === undefined ? undefined : await directory.partyOf(idOf<PartyId>('pty', rows[0].id))
    const units = money === null ? [] : [scheme.unit]
    const party = known ?? (await directory.createParty({ kind, name, legalName, bucket, units }))
    found.set(role, party)
    if (kind === 'person' && (await directory.secretOf(party.id)) === undefined) await setPin(party)
    if (money !== null && money > 0n) await openWith(party, money, scheme.unit)
    for (const [code, amount] of Object.entries(foreign)) {
      const unit = unitOf(code)
      if (unit === undefined) continue
      await parties.openUnit(party.account, unit)
      if (amount > 0n) await openWith(party, amount, unit)
    }
  }

  async function introduce(role: DemoRole, other: DemoRole): Promise<void> {
    const account = partyOf(other).account
    // Whoever was blocked stays so.
    const { id } = partyOf(role)
    if ((await parties.contactsOf(id)).length === 0) await parties.putContact(id, account, 'listed')
  }

  /** By the operator's own command; its id follows from the party, so that the log has it once. */
  async function verify(role: DemoRole, attributes: AttributesWire): Promise<void> {
    const party = partyOf(role).id
    const command = idFrom('cmd', createHash('sha256').update(`demo verify ${party}`).digest().subarray(0, 16))
    await desk.perform(DESK_ON_THE_MACHINE, 'verify', { command, why: 'demo town', party, attributes })
  }

  /** What the traveller's dollars are worth, for a year; once it has run out, a start of the hub sets the next. */
  async function settleRate(): Promise<void> {
    const usd = unitOf('USD')
    if (usd === undefined || scheme.unit === usd) return
    const [now, last] = await Promise.all([store.now(), rates.last(usd, scheme.unit)])
    if (last !== undefined && last.validUntil > now) return
    const command = idFrom('cmd', createHash('sha256').update(`demo rate ${now}`).digest().subarray(0, 16))
    const rate = { from: usd, to: scheme.unit, ...DEMO_RATE, validFrom: null, validUntil: now + DEMO_RATE_LIFE_MS }
    await desk.perform(DESK_ON_THE_MACHINE, 'set-rates', { command, why: 'demo town', rows: [rate] })
  }

  function partyOf(role: DemoRole): Party {
    const party = found.get(role)
    if (party === undefined) throw new Error('the town is settled before it is asked')
    return party
  }

  /** Everybody's PIN is the same and printed on the page: derived once, which is what takes long. */
  let derived: Promise<Readonly<{ salt: Buffer; salted: Buffer }>> | undefined
  const derivePin = async (): Promise<Readonly<{ salt: Buffer; salted: Buffer }>> => {
    const salt = randomBytes(16)
    return { salt, salted: await derive(DEMO_PIN, salt, SCRAM_ITERATIONS, 32, 'sha256') }
  }

  async function setPin(party: Party): Promise<void> {
    const { salt, salted } = await (derived ??= derivePin())
    const clientKey = createHmac('sha256', salted).update('Client Key').digest()
    await directory.setSecret(party.id, {
      salt,
      iterations: SCRAM_ITERATIONS,
      storedKey: createHash('sha256').update(clientKey).digest(),
      serverKey: createHmac('sha256', salted).update('Server Key').digest(),
    })
  }

  /** Opening money from the scheme's issue account; the command's id follows from the party, so that it is booked once. */
  async function openWith(party: Party, amount: bigint, unit: Unit): Promise<void> {
    const inOther = unit === scheme.unit ? '' : ` ${unit}`
    const hash = createHash('sha256').update(`demo opening ${party.id}${inOther}`).digest()
    const bucket = bucketOfId(party.id)
    const transfer = {
      debit: systemAccount('issue', bucket),
      credit: party.account,
      unit,
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

  async function deskCode(): Promise<string> {
    const code = newCode()
    await operators.createCode({ code, name: 'Operator', role: 'chief', lifeMs: LIMITS.enrolmentCodeMs })
    return code
  }

  return {
    settle,
    bakery: (): PartyId => partyOf('register').id,
    async code(who: DemoWho): Promise<Code | Problem> {
      const lifeMs = LIMITS.enrolmentCodeMs
      switch (who) {
        case 'register':
        case 'office': {
          const label = who === 'register' ? 'Till 1' : 'Office'
          const { id: party } = partyOf('register')
          const { code } = await directory.createCode({
            kind: 'terminal',
            party,
            lifeMs,
            label,
            terminalKind: 'counter',
          })
          return { code, pin: null }
        }
        case 'hanako':
        case 'kenji':
        case 'emma': {
          const { code } = await directory.createCode({ kind: 'device', party: partyOf(who).id, lifeMs })
          return { code, pin: DEMO_PIN }
        }
        case 'desk':
          return { code: await deskCode(), pin: null }
      }
    },
  }
}
