// The register: keys a bill (the amount first or later), shows the number, changes bills, lets phones go, cancels, hands over goods
// and gives money back. A forgetful one also opens the same deal again, loses its screen, and repeats old commands.
import { idFrom } from '#core/ids.ts'
import type { BillWire } from '#protocol/bill.ts'
import type { DealView } from '#protocol/views.ts'
import type { Live } from '../machine.ts'
import type { Chance } from '../random.ts'
import { shopBill } from '../bills.ts'
import { askAgain, ASK_PERSON, askSomebody, questionOf } from './asking.ts'
import { machineOf, tryOldNumber } from './cards.ts'
import { askForSignature, billSomebody, giveBack } from './people.ts'

/** Deals settled in an earlier sale, for money back. */
const KEPT_SALES = 6
/** A register lets a deal be for so many looks and then turns to the next customer. */
const PATIENCE_LOOKS = 40

export type RegisterStyle = Readonly<{ isForgetful: boolean; dealsAtMost: number }>

export async function playRegister(live: Live, style: RegisterStyle): Promise<void> {
  const { client, world, chance } = live
  const sales: DealView[] = []
  if (chance.happens(0.5)) client.watch({ topic: 'terminal' }, (view) => view && see(live, 'terminal', view))
  void client.resume()
  await askAgain(live)
  await finishWhatIsOpen(live)
  for (let deals = 0; deals < style.dealsAtMost && !world.isClosing; deals++) {
    const deal = idFrom('deal', chance.bytes(16))
    const bill = chance.happens(0.7) ? billOf(live) : null
    const opened = chance.happens(0.2)
      ? client.send('ask', { deal, question: questionOf(chance) })
      : client.send('open-offer', { deal, bill })
    if (style.isForgetful && chance.happens(0.3)) void client.send('open-offer', { deal, bill: billOf(live) })
    const outcome = await opened
    const isThere = outcome.ok || outcome.problem.code === 'deal-exists'
    const last = isThere ? await serve(live, deal, style) : undefined
    if (last?.state === 'settled' || last?.state === 'held') sales.push(last)
    if (sales.length > KEPT_SALES) sales.shift()
    if (style.isForgetful && chance.happens(0.5)) await repeatOld(live)
    while (sales.length > 0 && chance.happens(0.5)) await giveBack(live, chance.pick(sales))
    for (let times = chance.below(4); times > 0; times--) await askForSignature(live)
    if (chance.happens(0.15)) await billSomebody(live)
    if (chance.happens(0.6)) await readCode(live, style)
    if (style.isForgetful && chance.happens(0.05)) await readMany(live)
    if (chance.happens(0.3)) await askSomebody(live)
    if (chance.happens(0.1)) await tryOldNumber(live)
    await live.sleep(200, 5_000)
  }
  await closeDown(live)
}

/** Reads the code that a customer holds up, or a photograph of somebody else's; a forgetful one reads it twice. */
async function readCode(live: Live, style: RegisterStyle): Promise<void> {
  const { client, world, chance } = live
  const codes = chance.happens(0.2) ? world.photographed : world.shown
  if (codes.length === 0) return
  // Mostly the customer at the counter, who has just held it up.
  const code = codes === world.shown && chance.happens(0.7) ? (codes.at(-1) ?? '') : chance.pick(codes)
  const deal = idFrom('deal', chance.bytes(16))
  const sent = client.send('bill-code', { deal, code, bill: chance.happens(0.8) ? billOf(live) : null })
  if (style.isForgetful && chance.happens(0.4))
    void client.send('bill-code', { deal: idFrom('deal', chance.bytes(16)), code, bill: billOf(live) })
  const outcome = await sent
  if (outcome.ok) world.history.count('codes read')
  else if (outcome.problem.code === 'code-not-found') world.history.count('codes that were no good')
  if (outcome.ok) await serve(live, deal, style)
}

/** Somebody else has the phone in his hand, and holds up one code after the other. */
async function readMany({ client, world, chance }: Live): Promise<void> {
  const phone = chance.pick([...world.directory.phones])
  const codes = Array.from({ length: chance.between(8, 14) }, () => world.codes.make(phone, chance))
  await Promise.all(
    codes.map((code) => client.send('bill-code', { deal: idFrom('deal', chance.bytes(16)), code, bill: null })),
  )
}

/** Attends to one deal until it is over or the register turns away from it. */
async function serve(live: Live, deal: string, { isForgetful }: RegisterStyle): Promise<DealView | undefined> {
  const { client, world, chance, who } = live
  let view: DealView | undefined
  let changed: () => void = () => {}
  const end = client.watch({ topic: 'deal', deal }, (next) => {
    see(live, 'deal', next)
    view = next
    if (isForgetful && chance.happens(0.1)) world.screens.delete(who.actor.id)
    changed()
  })
  for (let looks = 0; looks < PATIENCE_LOOKS && !world.isClosing; looks++) {
    const news = new Promise<void>((resolve) => (changed = resolve))
    await Promise.race([news, live.sleep(1_500, 6_000)])
    await live.sleep(50, 900)
    if (view !== undefined && (await act(live, view)) === 'over') break
  }
  end()
  world.screens.delete(who.actor.id)
  return view
}

async function act(live: Live, view: DealView): Promise<'over' | undefined> {
  const { client, chance } = live
  const { deal, payment, billVersion } = view
  const luck = chance.below(100)
  switch (view.state) {
    case 'open':
      if (luck < (view.bill === null && view.question === null ? 30 : 6))
        await client.send('change-bill', { deal, payment: null, billVersion, bill: billOf(live) })
      else if (luck >= 98) await client.send('cancel-deal', { deal, payment: null })
      else if (luck >= 96) await client.send('renew-number', { deal })
      return undefined
    case 'expired':
      if (chance.happens(0.5)) return 'over'
      await client.send('renew-number', { deal })
      return undefined
    case 'joined':
      if (payment === null) return undefined
      if (view.restriction?.state === 'asked') {
        if (luck < 85) await client.send('permit', { payment, allowed: luck < 60 })
        // Sold to this person, and then something else is keyed: the permit was for the other bill.
        const other = shopBill(chance, live.world.scheme.rules.zone, 0.8)
        if (luck < 30) await client.send('change-bill', { deal, payment, billVersion, bill: other })
        return undefined
      }
      if ((view.bill === null && view.question === null) || luck < 10)
        await client.send('change-bill', { deal, payment, billVersion, bill: billOf(live) })
      else if (luck < 20) await client.send('release', { deal, payment })
      else if (luck < 26) await client.send('challenge', { payment })
      else if (luck < 29) await client.send('cancel-deal', { deal, payment })
      return undefined
    case 'held':
      await deliver(live, view)
      return chance.happens(view.portions.some(({ waits }) => waits === 'delivery') ? 0.05 : 0.5) ? 'over' : undefined
    case 'authorising':
      if (luck < 4) await client.send('cancel-deal', { deal, payment })
      else await machineOf(live, view)
      return undefined
    case 'settled':
    case 'proven':
    case 'ended':
    case 'withdrawn':
      return 'over'
  }
}

async function deliver({ client, chance, world }: Live, view: DealView): Promise<void> {
  const { deal, payment } = view
  if (payment === null) return
  if (chance.happens(0.08)) return void (await client.send('cancel-deal', { deal, payment }))
  for (const [portion, { waits, amount }] of view.portions.entries()) {
    if (waits !== 'delivery' || !(world.isClosing || chance.happens(0.4))) continue
    const part = chance.happens(0.7) ? BigInt(amount) : (BigInt(amount) * BigInt(chance.between(0, 4))) / 4n
    await client.send('deliver', { payment, portion, amount: String(part) })
  }
}

/** A command said long ago is said again, as it was or with something else in it. */
async function repeatOld({ who, world, transport, storage, chance }: Live): Promise<void> {
  const mine = world.overheard.filter(
    ({ from, call }) => from === who.actor.id && call.body !== undefined && call.path !== ASK_PERSON,
  )
  if (mine.length === 0) return
  const { call } = chance.pick(mine)
  // While it is under way nobody says something else under its id: then nobody could tell which of the two was decided.
  const waiting = (await storage.list('command ')).map(({ key }) => key)
  const isWaiting = waiting.includes(`command ${String(Reflect.get(call.body ?? {}, 'command'))}`)
  if (isWaiting || chance.happens(0.5)) return void (await transport.call(call))
  const reply = await transport.call({ ...call, body: altered(call.body ?? {}, chance, world.scheme.rules.zone) })
  const code: unknown = reply !== 'no-answer' && reply.body instanceof Object && Reflect.get(reply.body, 'code')
  if (code === 'command-mismatch') world.history.count('mismatches')
}

function altered(body: object, chance: Chance, zone: string): object {
  if ('amount' in body) return { ...body, amount: String(chance.between(1, 900)) }
  if ('bill' in body) return { ...body, bill: shopBill(chance, zone) }
  return { ...body, portion: 0 }
}

/** After the power was off: the newest deal is attended to, older ones are brought to an end. */
async function finishWhatIsOpen(live: Live): Promise<void> {
  for (const view of await unfinished(live)) {
    if (live.chance.happens(0.5)) await act(live, view)
    else if (view.state === 'joined' || view.state === 'open')
      await live.client.send('cancel-deal', { deal: view.deal, payment: view.payment })
  }
}

/** Towards the end: some deals are cancelled, others are left to time; what is held is handed over, or never. */
async function closeDown(live: Live): Promise<void> {
  const { client, world, chance } = live
  while (!world.isClosing) await live.sleep(1_000, 8_000)
  // Some shops never hand over what they have sold: time gives the money back.
  const isHonest = chance.happens(0.5)
  for (;;) {
    for (const view of await unfinished(live)) {
      const { deal, payment, state } = view
      if (state === 'held' && isHonest) await deliver(live, view)
      else if (state !== 'held' && chance.happens(0.3)) await client.send('cancel-deal', { deal, payment })
    }
    await live.sleep(10_000, 30_000)
  }
}

async function unfinished({ client }: Live): Promise<readonly DealView[]> {
  const outcome = await client.deals()
  if (!outcome.ok) return []
  return outcome.view.deals.filter(({ state }) => state === 'open' || state === 'joined' || state === 'held')
}

function see({ world, who }: Live, topic: string, view: DealView): void {
  world.checks.shown(`${who.actor.id} ${topic}`, view, 'in order')
  world.screens.set(who.actor.id, view)
}

const billOf = ({ chance, world }: Live): BillWire => shopBill(chance, world.scheme.rules.zone)
