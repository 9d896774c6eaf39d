// Who is enrolled in the simulated town: registers of shops, people with phones (some with two), a thief and the operator; their toy
// keys, accounts in one or two units, opening balances and contacts.
import { accountNumber, bucketOf, systemAccount, serialInBucket, type AccountNumber } from '#core/accounts.ts'
import { assert } from '#core/assert.ts'
import { proofLimitsOf, type Device } from '#core/device.ts'
import { toHex } from '#core/bytes.ts'
import { idFrom, idInBucket, terminalOfDevice, type PartyId, type TerminalId } from '#core/ids.ts'
import type { Unit } from '#core/money.ts'
import type { Release, Releases } from '#core/persona.ts'
import type { SchemeView, SelfView } from '#protocol/views.ts'
import type { DeviceActor, OperatorActor, TerminalActor } from '#switch/actors.ts'
import type { MemoryStore } from '#switch/memory-store.ts'
import { NO_NEEDS, type Profile } from '#switch/store.ts'
import type { Scheme } from '#switch/switch.ts'
import { offlineView } from '#switch/views.ts'
import { workingRows } from '#switch/working.ts'
import { openPlaces, type Places } from './places.ts'
import type { Chance } from './random.ts'
import { BUCKETS, EUR, JPY } from './town-units.ts'
import type { ToyKey } from './toy-keys.ts'

type Enrolment<Actor> = Readonly<{ actor: Actor; key: ToyKey; address: string }>
export type EnrolledRegister = Enrolment<TerminalActor>
export type EnrolledPhone = Enrolment<DeviceActor>
export type EnrolledOperator = Enrolment<OperatorActor>
export type Enrolled = EnrolledRegister | EnrolledPhone | EnrolledOperator

export { BUCKETS, EUR, JPY } from './town-units.ts'

export type Directory = Places &
  Readonly<{
    registers: readonly EnrolledRegister[]
    phones: readonly EnrolledPhone[]
    thief: EnrolledPhone
    operator: EnrolledOperator
    find(id: string): Enrolled | undefined
    findPhone(id: string): EnrolledPhone | undefined
    /** with what this phone approves */
    approvesWith(device: string): Device['approvesWith']
    /** the phone that holds this key */
    phoneWithKey(key: string): EnrolledPhone | undefined
    /** what this person has said of themselves, and of whom may see it */
    profileOf(party: PartyId): Profile | undefined
  }>

const RELEASES: readonly Release[] = ['show', 'ask', 'hide']

const ZONES = ['Asia/Tokyo', 'Europe/Berlin', 'America/St_Johns', 'UTC'] as const

export function schemeOf(chance: Chance): Scheme {
  const id = idFrom('sch', chance.bytes(16))
  const perDay = BigInt(chance.between(2_900, 6_000))
  const perMonth = (perDay * BigInt(chance.between(10, 13))) / 10n
  return {
    id,
    buckets: BUCKETS,
    rules: {
      id,
      unlockMs: 90_000,
      freshProofFrom: 2_500n,
      limits: { perPayment: 2_900n, perDay, perMonth },
      zone: chance.pick(ZONES),
      restricted: chance.happens(0.6) ? 'ask' : 'refuse',
      proofLimits: proofLimitsOf((strength) => {
        const share = strength === 'password' ? 0.6 : strength === 'synced-passkey' ? 0.4 : 0
        return chance.happens(share) ? BigInt(chance.between(900, 2_400)) : null
      }),
      offline: { payment: 2_000n, device: 3_000n, terminal: 6_000n, ms: 45_000 },
    },
  }
}

export const schemeView = (scheme: Scheme, now: number): SchemeView => ({
  scheme: scheme.id,
  name: 'Simulated town',
  demo: true,
  unit: JPY,
  hostName: null,
  unlockMs: scheme.rules.unlockMs,
  freshProofFrom: String(scheme.rules.freshProofFrom),
  zone: scheme.rules.zone,
  offline: offlineView(scheme.rules.offline),
  // Nobody checks anything without a network here.
  signer: '',
  now,
})

/** What the device or terminal knows of itself. */
export function selfView({ actor }: Enrolled): SelfView {
  const { id, key, name } = actor
  if (actor.kind === 'operator') return { kind: 'operator', id, key, name, role: actor.role, passkeys: [] }
  const { party, account, legalName } = actor
  if (actor.kind === 'terminal')
    return { kind: 'terminal', id, key, party, account, name, label: actor.label, legalName }
  return {
    kind: 'device',
    id,
    key,
    party,
    account,
    name,
    legalName,
    secret: { salt: 'AA', iterations: 4096 },
    passkeys: [],
  }
}

/** Under which terminal somebody asks for money. */
export const terminalOf = ({ actor }: Enrolled): TerminalId | null =>
  actor.kind === 'terminal' ? actor.id : actor.kind === 'device' ? terminalOfDevice(actor.id) : null

/** Enrols everybody in a fresh store and gives the people their money. */
export async function openDirectory(options: {
  store: MemoryStore
  scheme: Scheme
  chance: Chance
  people: number
}): Promise<Directory> {
  const { store, scheme, chance, people } = options
  // Whoever pays in another unit needs the scheme's own accounts in both, in either bucket.
  for (let bucket = 0; bucket < BUCKETS; bucket++)
    for (const unit of [JPY, EUR])
      await store.register({ accounts: [{ key: systemAccount('exchange', bucket), unit }] })
  let serial = 0
  const account = (): AccountNumber => {
    const bucket = chance.below(BUCKETS)
    const number = serialInBucket(1, bucket, serial++, BUCKETS)
    assert(number !== undefined, 'the branch has room')
    return accountNumber(1, number)
  }
  const key = (): ToyKey => ({ secret: chance.bytes(32), pin: chance.bytes(4) })
  const partyIn = (number: AccountNumber): PartyId => idInBucket('pty', bucketOf(number, BUCKETS), chance.bytes(14))
  const unitsOf = (number: AccountNumber, share: number) =>
    (chance.happens(share) ? [JPY, EUR] : [JPY]).map((unit) => ({ key: number, unit }))

  const registers: EnrolledRegister[] = []
  let shop: { account: AccountNumber; party: PartyId } | undefined
  for (let index = 0; index < 2; index++) {
    // In some towns both registers are one shop's.
    if (shop === undefined || chance.happens(0.5)) {
      const number = account()
      shop = { account: number, party: partyIn(number) }
      await store.register({
        accounts: unitsOf(number, 0.7),
        holders: [{ ...shop, kind: 'merchant', name: 'Bakery' }],
      })
    }
    const id = idInBucket('trm', bucketOf(shop.account, BUCKETS), chance.bytes(14))
    await store.register({ terminals: [{ id, party: shop.party, status: 'active' }] })
    const label = `Till ${index + 1}`
    const names = { name: 'Bakery', legalName: 'Bakery Ltd.', label, terminalKind: 'counter', cashier: null } as const
    const actor = { kind: 'terminal', id, key: idFrom('key', chance.bytes(16)), ...shop, ...names } as const
    registers.push({ actor, key: key(), address: label })
  }

  const approving = new Map<string, Device['approvesWith']>()
  const phoneOf = async (owner: Pick<DeviceActor, 'party' | 'account' | 'name' | 'legalName'>, secrets: ToyKey) => {
    const id = idInBucket('dev', bucketOf(owner.account, BUCKETS), chance.bytes(14))
    const keyId = idFrom('key', chance.bytes(16))
    const { party, account, name, legalName } = owner
    const approvesWith = chance.happens(0.15) ? 'security-key' : 'any'
    approving.set(id, approvesWith)
    await store.register({
      devices: [
        {
          id,
          party,
          key: keyId,
          status: 'active',
          approvesWith,
          provedAt: 0,
          provedWith: 'password',
          wrongProofs: 0,
          lockedUntil: 0,
        },
      ],
    })
    const actor = { kind: 'device', id, key: keyId, party, account, name, legalName } as const
    return { actor, key: secrets, address: toHex(chance.bytes(4)) }
  }

  const profiles = new Map<PartyId, Profile>()
  /** Some show everything to everybody, some hide it all, most let themselves be asked; and one shop may be another matter. */
  const introduce = async (party: PartyId, name: string): Promise<void> => {
    const releases = (): Releases => ({
      'age-band': chance.pick(RELEASES),
      'member-number': chance.pick(RELEASES),
      region: chance.pick(RELEASES),
      email: chance.pick(RELEASES),
      portrait: chance.pick(RELEASES),
    })
    const merchants = [null, ...new Set(registers.map(({ actor }) => actor.party))]
    const profile: Profile = {
      party,
      email: chance.happens(0.7) ? `${name.toLowerCase().replace(' ', '.')}@town.example` : null,
      portrait: chance.happens(0.5) ? toHex(chance.bytes(32)) : null,
      releases: merchants.filter(() => chance.happens(0.5)).map((merchant) => ({ merchant, releases: releases() })),
    }
    profiles.set(party, profile)
    await store.register({ profiles: [profile] })
  }

  const person = async (name: string): Promise<EnrolledPhone> => {
    const number = account()
    const party = partyIn(number)
    const accounts = unitsOf(number, 0.8)
    await store.register({ accounts, holders: [{ account: number, party, kind: 'person', name }] })
    await introduce(party, name)
    for (const { unit } of accounts) await give(store, number, unit, name, BigInt(chance.between(1_000, 12_000)))
    return phoneOf({ party, account: number, name, legalName: name }, key())
  }
  const phones: EnrolledPhone[] = []
  for (let index = 0; index < people; index++) phones.push(await person(`Person ${index + 1}`))
  const [first] = phones
  // The same person with a second phone, with a key of its own and the same PIN.
  if (first !== undefined && chance.happens(0.5))
    phones.push(await phoneOf(first.actor, { secret: chance.bytes(32), pin: first.key.pin }))
  const thief = await person('Thief')
  const operatorId = idInBucket('opr', chance.below(BUCKETS), chance.bytes(14))
  const operator: EnrolledOperator = {
    actor: { kind: 'operator', id: operatorId, key: idFrom('key', chance.bytes(16)), name: 'Desk', role: 'chief' },
    key: key(),
    address: 'desk',
  }
  assert(scheme.buckets === BUCKETS, 'the town has the buckets of its scheme')
  const places = await openPlaces({ store, chance, registers })

  const everybody = new Map<string, Enrolled>(
    [...registers, places.webShop, ...phones, thief, operator].map((each) => [each.actor.id, each]),
  )
  const pocket = new Map<string, EnrolledPhone>([...phones, thief].map((each) => [each.actor.id, each]))
  return {
    registers,
    ...places,
    phones,
    thief,
    operator,
    approvesWith: (id) => approving.get(id) ?? 'any',
    find: (id) => everybody.get(id),
    findPhone: (id) => pocket.get(id),
    phoneWithKey: (wanted) => [...phones, thief].find(({ actor }) => actor.key === wanted),
    profileOf: (party) => profiles.get(party),
  }
}

/** The operator's opening balance: a transfer like any other, already deposited. */
async function give(
  store: MemoryStore,
  account: AccountNumber,
  unit: Unit,
  name: string,
  amount: bigint,
): Promise<void> {
  const bucket = bucketOf(account, BUCKETS)
  const issue = systemAccount('issue', bucket)
  await store.transact([{ ...NO_NEEDS, bucket, accounts: [issue] }], (rows) => {
    const working = workingRows(rows, { buckets: BUCKETS, zone: 'UTC' })
    working.post({
      debit: issue,
      credit: account,
      unit,
      amount,
      kind: 'post',
      payment: null,
      debitName: name,
      creditName: 'Town',
    })
    return working.writes()
  })
  await store.deposit(bucket)
}
