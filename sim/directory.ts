// Who is enrolled in the simulated town: registers of a shop and people with phones, their toy keys, accounts and opening balances.
import { accountNumber, bucketOf, systemAccount, serialInBucket, type AccountNumber } from '#core/accounts.ts'
import { assert } from '#core/assert.ts'
import { toHex } from '#core/bytes.ts'
import { idFrom, idInBucket, type PartyId } from '#core/ids.ts'
import { unitOf, type Unit } from '#core/money.ts'
import type { SchemeView, SelfView } from '#protocol/views.ts'
import type { DeviceActor, TerminalActor } from '#switch/actors.ts'
import type { MemoryStore } from '#switch/memory-store.ts'
import type { Scheme } from '#switch/switch.ts'
import { workingRows } from '#switch/working.ts'
import { NO_NEEDS } from '#switch/store.ts'
import type { Chance } from './random.ts'
import type { ToyKey } from './toy-keys.ts'

export type Enrolled = Readonly<{ actor: TerminalActor | DeviceActor; key: ToyKey; address: string }>
export type EnrolledRegister = Enrolled & Readonly<{ actor: TerminalActor }>
export type EnrolledPhone = Enrolled & Readonly<{ actor: DeviceActor }>

/** Few, so that deals of one town often meet in one bucket and often do not. */
export const BUCKETS = 4

export const JPY: Unit = (() => {
  const unit = unitOf('JPY')
  assert(unit !== undefined, 'JPY is a currency')
  return unit
})()

export type Directory = Readonly<{
  registers: readonly EnrolledRegister[]
  phones: readonly EnrolledPhone[]
  thief: EnrolledPhone
  find(id: string): Enrolled | undefined
}>

export const schemeOf = (chance: Chance): Scheme => {
  const id = idFrom('sch', chance.bytes(16))
  return { id, buckets: BUCKETS, rules: { id, unlockMs: 90_000, freshProofFrom: 2_500n, limitPerPayment: 5_000n } }
}

export const schemeView = (scheme: Scheme, now: number): SchemeView => ({
  scheme: scheme.id,
  name: 'Simulated town',
  demo: true,
  unit: JPY,
  hostName: null,
  unlockMs: scheme.rules.unlockMs,
  freshProofFrom: String(scheme.rules.freshProofFrom),
  now,
})

/** What the device or terminal knows of itself. */
export function selfView({ actor }: Enrolled): SelfView {
  const { id, key, party, account, name } = actor
  if (actor.kind === 'terminal')
    return { kind: 'terminal', id, key, party, account, name, label: actor.label, legalName: actor.legalName }
  return { kind: 'device', id, key, party, account, name, secret: { salt: 'AA', iterations: 4096 }, passkeys: [] }
}

/** Enrols everybody in a fresh store and gives the people their money. */
export async function openDirectory(options: {
  store: MemoryStore
  scheme: Scheme
  chance: Chance
  people: number
}): Promise<Directory> {
  const { store, scheme, chance, people } = options
  let serial = 0
  const account = (): AccountNumber => {
    const bucket = chance.below(BUCKETS)
    const number = serialInBucket(1, bucket, serial++, BUCKETS)
    assert(number !== undefined, 'the branch has room')
    return accountNumber(1, number)
  }
  const key = (): ToyKey => ({ secret: chance.bytes(32), pin: chance.bytes(4) })
  const partyIn = (number: AccountNumber): PartyId => idInBucket('pty', bucketOf(number, BUCKETS), chance.bytes(14))

  const registers: EnrolledRegister[] = []
  let shop: { account: AccountNumber; party: PartyId } | undefined
  for (let index = 0; index < 2; index++) {
    // In some towns both registers are one shop's.
    if (shop === undefined || chance.happens(0.5)) {
      const number = account()
      shop = { account: number, party: partyIn(number) }
    }
    const id = idInBucket('trm', bucketOf(shop.account, BUCKETS), chance.bytes(14))
    await store.register({
      terminals: [{ id, party: shop.party, status: 'active' }],
      accounts: [{ key: shop.account, unit: JPY }],
    })
    const label = `Till ${index + 1}`
    const names = { name: 'Bakery', legalName: 'Bakery Ltd.', label }
    const actor = { kind: 'terminal', id, key: idFrom('key', chance.bytes(16)), ...shop, ...names } as const
    registers.push({ actor, key: key(), address: label })
  }

  const phone = async (name: string): Promise<EnrolledPhone> => {
    const number = account()
    const home = bucketOf(number, BUCKETS)
    const party = partyIn(number)
    const id = idInBucket('dev', home, chance.bytes(14))
    const keyId = idFrom('key', chance.bytes(16))
    await store.register({
      devices: [{ id, party, key: keyId, status: 'active', provedAt: 0, wrongProofs: 0, lockedUntil: 0 }],
      accounts: [{ key: number, unit: JPY }],
    })
    await give(store, number, name, BigInt(chance.between(1_000, 8_000)))
    const actor = { kind: 'device', id, key: keyId, party, account: number, name } as const
    return { actor, key: key(), address: toHex(chance.bytes(4)) }
  }
  const phones: EnrolledPhone[] = []
  for (let index = 0; index < people; index++) phones.push(await phone(`Person ${index + 1}`))
  const thief = await phone('Thief')
  assert(scheme.buckets === BUCKETS, 'the town has the buckets of its scheme')

  const everybody = new Map([...registers, ...phones, thief].map((each) => [String(each.actor.id), each]))
  return { registers, phones, thief, find: (id) => everybody.get(id) }
}

/** The operator's opening balance: a transfer like any other, already deposited. */
async function give(store: MemoryStore, account: AccountNumber, name: string, amount: bigint): Promise<void> {
  const bucket = bucketOf(account, BUCKETS)
  const issue = systemAccount('issue', bucket)
  await store.transact([{ ...NO_NEEDS, bucket, accounts: [issue] }], (rows) => {
    const working = workingRows(rows, BUCKETS)
    working.post({
      debit: issue,
      credit: account,
      unit: JPY,
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
