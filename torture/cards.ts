// (d) Card payments: the hub, the vault or an issuer is killed at a named step while people pay, shops deliver, refund and cancel. When all is
// up again and nothing is under way, the three books must agree: the hub's orders and clearing accounts, the vault's orders, the issuer's.
import { mkdirSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import type { Client } from '#sdk/client.ts'
import type { Chance } from '#sim/random.ts'
import { booksOf, openIn } from './cards-books.ts'
import {
  answered,
  cardBill,
  cardsOf,
  demoClient,
  handOver,
  look,
  meet,
  payByCard,
  registerCard,
} from './cards-people.ts'
import { cardPlan, planName, wantsRegistering, type CardPlan } from './cards-plan.ts'
import { openCardSite, testCards, type CardSite, type TestCard } from './cards-site.ts'
import { cardFaults } from './cards-verdict.ts'
import type { Mode } from './torture.ts'
import { chanceOfCycle } from './plan.ts'
import { giveMachine, saleAt } from './cards-machine.ts'
import { until } from './until.ts'

const CARDS = 60
/** Deals of each pair in a cycle: enough to come by a place three times, and then a few more. */
const DEALS = 4
/** A place that nobody comes by in this time is given up. */
const REACHED_WITHIN_MS = 12_000
const QUIET_WITHIN_MS = 60_000
const LOOK_EVERY_MS = 60
const METHODS = ['lump', 'instalments-3', 'revolving'] as const

type Pair = Readonly<{ till: Client; phone: Client; hasMachine: boolean; cards: string[] }>

export const payingByCard: Mode = {
  name: 'cards',
  what: 'kills',
  brokeInCycle: 1,
  hindrance: () => null,
  async open({ folder, seed, pairs: wanted }) {
    mkdirSync(folder, { recursive: true })
    const spare = testCards(CARDS)
    const site = await openCardSite({ folder, cards: spare })
    let paid = 0
    const pairs: Pair[] = []
    for (let index = 0; index < wanted; index++) pairs.push(await openPair(site, spare, index))
    const isAllUp = (): boolean => site.hub.isAlive() && site.vault.isAlive() && site.issuer.isAlive()

    async function cycle(cycleSeed: number) {
      const plan = cardPlan(cycleSeed)
      const chance = chanceOfCycle('cards load', cycleSeed + seed)
      const registering = { spare, isSure: wantsRegistering(plan) }
      await arm(site, plan)
      const work = Promise.all(
        pairs.map((pair, index) => serve(site, pair, chance.fork(String(index)), registering)),
      ).then((counts) => void (paid += counts.reduce((total, count) => total + count, 0)))
      // What goes wrong there is told when it is waited for.
      work.catch(() => {})
      const how = await struck(plan, work)
      if (!site.vault.isAlive()) await site.vault.start()
      if (!site.issuer.isAlive()) await site.issuer.start()
      if (!site.hub.isAlive()) await site.hub.start()
      await work
      const faults = await restFaults(site)
      return { faults, broke: 1, counts: { [how]: 1 } }
    }

    /** Until it has happened; says where. One that nobody came by is killed where it is. */
    async function struck(plan: CardPlan, work: Promise<unknown>): Promise<string> {
      if (plan.victim === 'any') {
        await pause(plan.afterMs)
        await site[plan.whom].kill()
        return planName(plan)
      }
      const over = Promise.race([work, pause(REACHED_WITHIN_MS)]).then(() => 'over')
      const dead = until(planName(plan), () => !isAllUp()).then(
        () => 'dead',
        () => 'late',
      )
      if ((await Promise.race([over, dead])) === 'dead') return planName(plan)
      if (plan.victim === 'hub') site.hub.arm(null)
      await site[plan.victim].kill()
      return `not reached: ${planName(plan)}`
    }

    return {
      cycle,
      acknowledged: async () => paid,
      async close() {
        for (const { till, phone } of pairs) {
          till.close()
          phone.close()
        }
        await site.close()
      },
    }
  },
}

/** Sets the trap: the vault and the issuers are started with theirs, the hub is told. */
async function arm(site: CardSite, plan: CardPlan): Promise<void> {
  if (plan.victim === 'any') return
  if (plan.victim === 'hub') {
    const { failpoint, nth } = plan
    return site.hub.arm({ failpoint, nth, victim: 'hub', cluster: '', draw: 0 })
  }
  await site[plan.victim].kill()
  await site[plan.victim].start(`${plan.place}:${plan.nth}`)
}

async function openPair(site: CardSite, spare: TestCard[], index: number): Promise<Pair> {
  const url = site.hub.url()
  const till = await demoClient(url, 'register')
  const phone = await demoClient(url, index % 2 === 0 ? 'hanako' : 'kenji')
  const hasMachine = index % 2 === 1
  if (hasMachine) await giveMachine(site, till)
  const pair = { till, phone, hasMachine, cards: [] }
  await registerOne(pair, spare)
  return pair
}

async function registerOne(pair: Pair, spare: TestCard[]): Promise<void> {
  const card = spare.pop()
  if (card === undefined) return
  // While the vault is away none can be registered: that is said, and is no fault.
  await registerCard(pair.phone, card)
  pair.cards.splice(0, pair.cards.length, ...(await cardsOf(pair.phone)))
}

/** Some deals, each to its end; how many of them a card has paid. */
async function serve(
  site: CardSite,
  pair: Pair,
  chance: Chance,
  { spare, isSure }: Readonly<{ spare: TestCard[]; isSure: boolean }>,
): Promise<number> {
  if (isSure || chance.happens(0.2)) await registerOne(pair, spare)
  let paid = 0
  for (let deal = 0; deal < DEALS; deal++) if (await oneDeal(site, pair, chance)) paid++
  return paid
}

/** Whether a card has paid it. */
async function oneDeal(site: CardSite, { till, phone, hasMachine, cards }: Pair, chance: Chance): Promise<boolean> {
  const ending = chance.below(10)
  const bread = BigInt(chance.between(1_000, 1_400))
  const bought = await meet(till, phone, cardBill(bread, ending > 4 ? 1_000n : null))
  if (bought === undefined || cards.length === 0) return false
  const { deal, payment } = bought
  const paid = await payByCard(phone, payment, chance.pick(cards), chance.pick(METHODS))
  if (ending === 0) await phone.send('decline', { payment })
  if (ending === 1) await till.send('cancel-deal', { deal, payment })
  if (paid.ok && hasMachine) await saleAt(site, till, bought)
  const seen = hasMachine ? await givenUp(bought, till, phone) : await answered(phone, payment)
  if (seen.state === 'joined') await phone.send('decline', { payment })
  if (seen.state !== 'held' && seen.state !== 'settled') return false
  if (seen.state === 'held' && ending === 9) await till.send('cancel-deal', { deal, payment })
  else if (seen.state === 'held') await handOver(till, bought, ending === 8 ? 1_000n : 400n)
  if (chance.happens(0.5)) await till.send('refund', { payment, amount: '300', lines: [] })
  if (chance.happens(0.3)) await till.send('refund', { payment, amount: '200', lines: [] })
  return true
}

/** A number that was never used holds its payment for two minutes: the shop gives it up. */
async function givenUp(bought: { deal: string; payment: string }, till: Client, phone: Client) {
  const { deal, payment } = bought
  const soon = await answered(phone, payment, 4_000).catch(() => undefined)
  if (soon !== undefined) return soon
  await till.send('cancel-deal', { deal, payment })
  return (await look(phone, payment)) ?? answered(phone, payment)
}

async function restFaults(site: CardSite): Promise<string[]> {
  const isQuiet = async (): Promise<boolean> => (await openIn(site)) === 0
  const ended = await until('quiet', isQuiet, QUIET_WITHIN_MS, LOOK_EVERY_MS).then(
    () => true,
    () => false,
  )
  const faults = cardFaults(await booksOf(site))
  return ended ? faults : ['something is still under way', ...faults]
}
