// The operator: verifies people, freezes and unfreezes accounts while payments run, sets limits, takes cash in and pays it out, books
// files of credits, and once closes an account for good. His commands are kept until they are answered, like everybody's.
import { idFrom } from '#core/ids.ts'
import { isAnswer } from '#sdk/outbox.ts'
import { ADULT, MEMBERSHIP, REGION } from '../bills.ts'
import type { DeskBody } from '../desk.ts'
import type { Live } from '../machine.ts'
import type { Chance } from '../random.ts'

const PREFIX = 'desk '

export async function playOperator(live: Live): Promise<void> {
  const { world, chance } = live
  for (const { key, value } of await live.storage.list(PREFIX)) {
    // Border: this program alone writes under its prefix.
    await deliver(live, key.slice(PREFIX.length), value as DeskBody)
  }
  if (chance.happens(0.8)) for (const party of parties(live)) if (chance.happens(0.6)) await verify(live, party)
  const closesAt = chance.between(3, 30)
  const revokesAt = chance.happens(0.3) ? chance.between(1, 8) : null
  for (let round = 0; !world.isClosing; round++) {
    await live.sleep(1_000, 9_000)
    if (world.isClosing) break
    // Somebody has lost a phone.
    if (round === revokesAt)
      await say(live, { name: 'revoke', device: chance.pick(world.directory.phones.slice(-2)).actor.id })
    await (round === closesAt && chance.happens(0.6) ? closeOne(live) : something(live))
  }
  for (;;) await live.sleep(30_000, 60_000)
}

const holders = ({ world: { directory } }: Live) =>
  [...directory.registers, ...directory.phones, directory.thief].map(({ actor }) => actor)
const parties = (live: Live): string[] => [...new Set(live.world.directory.phones.map(({ actor }) => actor.party))]

async function something(live: Live): Promise<void> {
  const { chance, world } = live
  const { account } = chance.pick(
    chance.happens(0.6) ? world.directory.phones.map(({ actor }) => actor) : holders(live),
  )
  const unit = chance.happens(0.8) ? 'JPY' : 'EUR'
  switch (chance.below(10)) {
    case 0: {
      const outcome = await say(live, { name: 'freeze', account })
      if (outcome !== 'done') return
      await live.sleep(300, 5_000)
      if (chance.happens(0.95)) await say(live, { name: 'unfreeze', account })
      return
    }
    case 1:
    case 2:
      return void (await say(live, { name: 'unfreeze', account }))
    case 3: {
      const { perDay, perMonth } = world.scheme.rules.limits
      const perPayment = BigInt(chance.between(800, 3_000))
      const own = {
        perPayment: String(perPayment),
        perDay: String(perPayment + perDay / 2n),
        perMonth: String(perMonth),
      }
      return void (await say(live, { name: 'set-limits', account, unit, limits: chance.happens(0.5) ? null : own }))
    }
    case 4:
      return verify(live, chance.pick(parties(live)))
    case 5:
    case 6:
      return void (await say(live, { name: 'cash-in', account, unit, amount: String(chance.between(100, 6_000)) }))
    case 7:
      return void (await say(live, { name: 'cash-out', account, unit, amount: String(chance.between(10, 3_000)) }))
    default: {
      const accounts = holders(live).filter(() => chance.happens(0.6))
      const rows = accounts.map((each) => ({ account: each.account, amount: String(chance.between(50, 1_500)) }))
      const title = `File ${idFrom('cmd', chance.bytes(16)).slice(4, 16)}`
      world.checks.filed(title, rows.length)
      if (rows.length > 0) await say(live, { name: 'credit-file', unit: 'JPY', title, rows })
    }
  }
}

async function verify(live: Live, party: string): Promise<void> {
  const { chance } = live
  const year = chance.pick([1980, 2027 - ADULT, 2015])
  const attributes = {
    birthDate: chance.happens(0.8) ? year * 10_000 + chance.between(1, 12) * 100 + chance.between(1, 28) : null,
    region: chance.happens(0.6) ? chance.pick([REGION, 'JP-14', 'JP']) : null,
    memberships: chance.happens(0.5) ? [{ name: MEMBERSHIP, until: lastDay(chance) }] : [],
  }
  await say(live, { name: 'verify', party, attributes })
}

const lastDay = (chance: Chance): number | null => (chance.happens(0.5) ? null : chance.pick([20_261_231, 20_271_231]))

/** Pays out all that is there and closes; what comes in between makes him try again. */
async function closeOne(live: Live): Promise<void> {
  // Without its shops the town would have nothing to do.
  const { account } = live.chance.pick(live.chance.happens(0.85) ? holders(live).slice(-3) : holders(live))
  for (let tries = 0; tries < 4 && !live.world.isClosing; tries++) {
    for (const { unit, balance, arriving } of await live.world.memory.readBalances(account)) {
      const amount = balance + arriving
      if (amount > 0n) await say(live, { name: 'cash-out', account, unit, amount: String(amount) })
    }
    const outcome = await say(live, { name: 'close', account })
    if (outcome !== 'account-busy' && outcome !== 'balance-left') return
    await live.sleep(1_000, 20_000)
  }
}

/** Kept, said until it is answered, forgotten; the code of the answer. */
async function say(live: Live, body: DeskBody): Promise<string> {
  const id = idFrom('cmd', live.chance.bytes(16))
  await live.storage.set(PREFIX + id, body)
  return deliver(live, id, body)
}

async function deliver(live: Live, id: string, body: DeskBody): Promise<string> {
  for (;;) {
    const call = {
      method: 'POST',
      path: `/v1/operator/${body.name}`,
      access: 'signed',
      body: { ...body, command: id },
    } as const
    const reply = await live.transport.call(call)
    if (isAnswer(reply)) {
      await live.storage.delete(PREFIX + id)
      const code: unknown =
        reply.status === 200 ? 'done' : reply.body instanceof Object && Reflect.get(reply.body, 'code')
      live.world.checks.heardByOperator(id)
      return String(code)
    }
    await live.sleep(300, 4_000)
  }
}
