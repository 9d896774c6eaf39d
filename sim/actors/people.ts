// People among themselves: bills to contacts, strangers and those who have blocked one; links; bills that are signed on the payer's
// phone and handed back, also by two phones and twice; money given back; changes of mind about who is a contact.
import { fromBase64url } from '#core/bytes.ts'
import { idFrom, parseId } from '#core/ids.ts'
import type { DealView } from '#protocol/views.ts'
import { billToSign, signHandBack } from '#sdk/hand-back.ts'
import { personBill, shopBill } from '../bills.ts'
import type { Enrolled, EnrolledRegister } from '../directory.ts'
import type { Live } from '../machine.ts'
import { acceptanceOf, purchaseOf } from '../purchases.ts'
import type { World } from '../world.ts'
import { readReceipt } from './places.ts'
import { proving } from './proving.ts'

/** What one person leaves lying for others at most. */
const KEPT = 12

const keep = <Item>(list: Item[], item: Item): void => {
  list.push(item)
  if (list.length > KEPT) list.shift()
}

/** Something that has to do with other people; the token of a link to follow, where there is one. */
export async function amongPeople(live: Live): Promise<string | undefined> {
  const { chance, world, who } = live
  switch (chance.below(9)) {
    case 0:
    case 1:
      return void (await billSomebody(live))
    case 2:
      return void (await shareLink(live))
    case 3:
      return void (await askForSignature(live))
    case 4:
    case 8:
      return void (await signForSomebody(live))
    case 5:
      return void (await changeContact(live))
    case 6:
      return void (await lookAfterBills(live))
    default: {
      const others = world.links.filter(({ from }) => from !== who.actor.id)
      return others.length === 0 ? undefined : chance.pick(others).token
    }
  }
}

/** A bill straight to somebody: to whom one is a contact, to strangers, and once in a while to nobody. */
export async function billSomebody({ client, chance, world, who }: Live): Promise<void> {
  const others = [...world.directory.phones, world.directory.thief].filter(({ actor }) => actor !== who.actor)
  const to = chance.happens(0.05) ? '00000000000' : chance.pick(others).actor.account
  const bill = who.actor.kind === 'terminal' ? shopBill(chance, world.scheme.rules.zone) : personBill(chance)
  const deal = idFrom('deal', chance.bytes(16))
  const outcome = await client.send('bill-person', { deal, to, bill })
  if (outcome.ok) world.history.count('bills sent to contacts')
}

async function shareLink({ client, chance, world, who }: Live): Promise<void> {
  const outcome = await client.send('open-offer', { deal: idFrom('deal', chance.bytes(16)), bill: personBill(chance) })
  const link = outcome.ok ? outcome.view.deal?.ticket?.link : undefined
  if (link === undefined) return
  world.history.count('links between people')
  keep(world.links, { from: who.actor.id, token: link.slice(link.lastIndexOf('/') + 1) })
}

/** Shows a bill to be signed, sometimes with a link for the same deal beside it; and hands in what was handed back. */
export async function askForSignature(live: Live): Promise<void> {
  const { client, chance, world, who } = live
  const mine = world.signed.filter(({ to }) => to === who.actor.id)
  if (mine.length > 0) {
    const given = chance.pick(mine)
    const taken = takenBy(live, given)
    const { signed } = taken
    // The network is away for a while.
    if (taken !== given && chance.happens(0.65)) return
    const first = client.send('submit-signed', signed)
    // Scanned twice, or signed by two phones: one deal settles once.
    if (chance.happens(0.6)) {
      const other = mine.find((each) => each.signed.deal === signed.deal && each.signed !== signed)
      if (other !== undefined) world.history.count('hand-backs by two phones')
      world.history.count('hand-backs repeated')
      await client.send('submit-signed', other?.signed ?? signed)
    }
    await first
    return
  }
  const identity = await client.identity()
  const bill =
    who.actor.kind === 'terminal' && chance.happens(0.5)
      ? shopBill(chance, world.scheme.rules.zone)
      : personBill(chance)
  const asked = identity && billToSign(identity, idFrom('deal', chance.bytes(16)), bill)
  if (asked === undefined) return
  const purchase = isRegister(who) ? purchaseOf(who, asked) : null
  keep(world.toSign, { from: who.actor.id, asked, purchase })
  if (chance.happens(0.3)) await client.send('open-offer', { deal: asked.deal, bill: asked.bill })
}

const isRegister = (who: Enrolled): who is EnrolledRegister => who.actor.kind === 'terminal'

/**
 * A register without a network takes what it was handed, and hands it in whenever it next thinks of it: soon, after a night, or twice. One
 * in four is said to have been taken at another time than was signed.
 */
function takenBy({ chance, world, who }: Live, given: World['signed'][number]): World['signed'][number] {
  const { signed } = given
  const deal = parseId('deal', signed.deal)
  const approval = fromBase64url(signed.approval)
  if (!isRegister(who) || deal === undefined || approval === undefined || signed.accepted !== undefined) return given
  if (chance.happens(0.2)) return given
  const at = world.clock.now()
  const accepted = acceptanceOf(who, { scheme: world.scheme.id, deal, approval, at })
  const other = chance.happens(0.25) ? { ...accepted, at: at - chance.between(1, 60_000) } : accepted
  const taken = { ...given, signed: { ...signed, accepted: other } }
  world.signed[world.signed.indexOf(given)] = taken
  return taken
}

/** The payer's phone signs without a network, now and then for a bill that a second phone signs too. */
export async function signForSomebody(live: Live): Promise<void> {
  const { client, chance, world, who } = live
  const others = world.toSign.filter(({ from }) => from !== who.actor.id)
  if (others.length === 0) return
  const atRegisters = others.filter(({ purchase }) => purchase !== null)
  const isAtRegister = atRegisters.length > 0 && chance.happens(0.6)
  const { from, asked, purchase } = chance.pick(isAtRegister ? atRegisters : others)
  const prove = chance.happens(0.85) ? proving(live) : undefined
  const outcome = await signHandBack(client, asked, prove, chance.bytes)
  if (!outcome.ok) return
  keep(world.signed, { to: from, by: who.actor.id, signed: outcome.view })
  if (purchase === null || chance.happens(0.7)) return
  // The phone has a network after all, and hands it in by itself, while the register may do the same.
  const { approval, signature, proof } = outcome.view
  const handed = await client.send('submit-purchase', { purchase, approval, signature, proof })
  if (handed.ok) world.history.count('purchases handed in by phones')
}

async function changeContact({ client, chance, world, who }: Live): Promise<void> {
  const { phones, registers } = world.directory
  const others = [...phones, ...registers].filter(({ actor }) => actor !== who.actor)
  const { account } = chance.pick(others).actor
  await client.putContact({ account, status: chance.happens(0.7) ? 'listed' : 'blocked' })
}

/** One's own bills: some are called off, others given back. */
export async function lookAfterBills({ client, chance, ...live }: Live): Promise<void> {
  const outcome = await client.deals()
  if (!outcome.ok) return
  const open = outcome.view.deals.filter(({ state }) => state === 'open' || state === 'joined')
  const settled = outcome.view.deals.filter(({ state }) => state === 'settled')
  if (open.length > 0 && chance.happens(0.3)) {
    const { deal, payment } = chance.pick(open)
    await client.send('cancel-deal', { deal, payment })
  }
  if (settled.length > 0 && chance.happens(0.6)) await giveBack({ ...live, client, chance }, chance.pick(settled))
}

/** Money back for an earlier sale: whole, in part, by line; also more than is left. */
export async function giveBack(live: Live, { payment, bill }: DealView): Promise<void> {
  const { client, chance } = live
  if (payment === null || bill === null) return
  if (chance.happens(0.4)) await readReceipt(live, payment)
  const part = (amount: bigint): bigint => (chance.happens(0.5) ? amount : (amount * BigInt(chance.between(1, 9))) / 8n)
  if (chance.happens(0.5)) {
    const lines = bill.lines
      .map(({ amount }, line) => ({ line, amount: part(BigInt(amount)) }))
      .filter(({ amount }) => amount > 0n && chance.happens(0.6))
    if (lines.length === 0) return
    const total = lines.reduce((sum, { amount }) => sum + amount, 0n)
    const named = lines.map(({ line, amount }) => ({ line, amount: String(amount) }))
    await client.send('refund', { payment, amount: String(total), lines: named })
    return
  }
  const amount = part(BigInt(bill.total))
  if (amount > 0n) await client.send('refund', { payment, amount: String(amount), lines: [] })
}
