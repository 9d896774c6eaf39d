// The phone: types the number it reads from a register's screen (with slips of the finger) or scans its code, approves what it
// sees, declines, asks for time, falls silent. An impatient one taps twice, gives up waiting and comes back.
import { parseTypedNumber } from '#core/numbers.ts'
import type { DealView, PaymentView } from '#protocol/views.ts'
import { approve, respond, type Prove } from '#sdk/approval.ts'
import type { Live } from '../machine.ts'
import { answer, show } from './asking.ts'
import { answerByItself, userIdOf } from './cards.ts'
import { amongPeople, signForSomebody } from './people.ts'
import { choose } from './means.ts'
import { openLink, readReceipt, signsAgain, standAtSign } from './places.ts'
import { proving } from './proving.ts'

export type PhoneStyle = Readonly<{ isImpatient: boolean; silence: number }>

const PATIENCE_LOOKS = 30
/** codes that one sees held up about the town */
const SHOWN_AT_ONCE = 4

export async function playPhone(live: Live, style: PhoneStyle): Promise<void> {
  const { client, world, chance } = live
  void client.resume()
  await signsAgain(live)
  const inbox = await client.inbox()
  if (inbox.ok) for (const view of inbox.view.payments) await attend(live, view.payment, style)
  if (chance.happens(0.4))
    client.watch({ topic: 'inbox' }, ({ payments }) => {
      for (const view of payments) {
        world.checks.shown(`${live.who.actor.id} inbox`, view, 'in order')
        void answerByItself(live, view)
      }
    })
  while (!world.isClosing) {
    await live.sleep(400, 6_000)
    if (world.isClosing) continue
    // Whoever has found a lost phone holds it up at the counter.
    if (world.checks.proofs.isTakenAway(live.who.actor.id) && chance.happens(0.7)) {
      await showCode(live, style)
      continue
    }
    if (chance.happens(0.4)) {
      const token = await amongPeople(live)
      const joined = token && (await joinWith(live, { kind: 'token', token }, style))
      if (joined) await attend(live, joined, style)
      continue
    }
    if (chance.happens(0.25)) {
      await lookAround(live, style)
      continue
    }
    if (chance.happens(0.25)) {
      await signForSomebody(live)
      continue
    }
    if (chance.happens(0.2)) {
      const token = await (chance.happens(0.5) ? standAtSign(live) : openLink(live))
      const joined = token && (await joinWith(live, { kind: 'token', token }, style))
      if (joined) await attend(live, joined, style)
      continue
    }
    if (chance.happens(0.4)) {
      await showCode(live, style)
      continue
    }
    const screen = chance.pick([...world.directory.registers, world.directory.webShop])
    const view = world.screens.get(screen.actor.id)
    if (!view?.ticket || world.isClosing) continue
    const payment = await join(live, view.ticket, style)
    if (payment !== undefined) await attend(live, payment, style)
  }
  await comeBack(live, style)
}

/** Bills that came unasked, and goods that could still go back. */
async function lookAround(live: Live, style: PhoneStyle): Promise<void> {
  const inbox = await live.client.inbox()
  if (!inbox.ok || inbox.view.payments.length === 0) return
  await attend(live, live.chance.pick(inbox.view.payments).payment, style)
}

/** Holds up a code, and answers what it brings; what comes from a shop where the owner is not, is mostly declined. */
async function showCode(live: Live, style: PhoneStyle): Promise<void> {
  const { client, world, chance, who } = live
  const phone = world.directory.findPhone(who.actor.id)
  if (phone === undefined) return
  const user = chance.happens(0.6) ? userIdOf(live) : undefined
  world.shown.push(user ?? world.codes.make(phone, chance))
  if (world.shown.length > SHOWN_AT_ONCE) world.shown.shift()
  for (let looks = 0; looks < 3; looks++) {
    await live.sleep(1_000, 8_000)
    const inbox = await client.inbox()
    const brought = inbox.ok
      ? inbox.view.payments.filter(({ way, state }) => (way === 'code' || way === 'card-id') && state === 'joined')
      : []
    for (const { payment } of brought) {
      if (brought.length > 1 && chance.happens(0.7)) await client.send('decline', { payment })
      else await attend(live, payment, style)
    }
    if (brought.length > 0) return
  }
}

/** Sends the number on the screen; the payment, when it has joined. */
function join(live: Live, ticket: NonNullable<DealView['ticket']>, style: PhoneStyle): Promise<string | undefined> {
  return joinWith(live, credentialOf(live, ticket), style)
}

async function joinWith(live: Live, credential: Credential, style: PhoneStyle): Promise<string | undefined> {
  const { client, chance, world } = live
  const stop = new AbortController()
  const first = client.send('join', { credential }, stop.signal)
  if (style.isImpatient && chance.happens(0.3)) void client.send('join', { credential })
  if (style.isImpatient && chance.happens(0.2)) world.clock.after(chance.between(10, 900), () => stop.abort())
  let outcome = await first
  if (!outcome.ok && outcome.problem.code === 'no-answer') {
    await live.sleep(100, 4_000)
    const [resumed] = await client.resume()
    if (resumed !== undefined) ({ outcome } = resumed)
  }
  if (outcome.ok) return outcome.view.payment?.payment
  if (outcome.problem.code === 'number-not-found') world.history.count('misses')
  if (outcome.problem.code === 'insufficient-funds') world.history.count('shortages')
  return undefined
}

type Credential = { kind: 'number'; number: string } | { kind: 'token'; token: string }

function credentialOf({ chance }: Live, { number, link }: NonNullable<DealView['ticket']>): Credential {
  if (number === null || chance.happens(0.3)) return { kind: 'token', token: link.slice(link.lastIndexOf('/') + 1) }
  const digits = number.split('')
  if (chance.happens(0.1)) digits[chance.below(digits.length)] = String(chance.below(10))
  const typed = parseTypedNumber(digits.join(''))
  // The check digit finds every single slip before anything is sent; the owner looks again.
  return { kind: 'number', number: typed.ok ? typed.number : number }
}

/** Follows a payment until it is over or the owner puts the phone away. */
async function attend(live: Live, payment: string, style: PhoneStyle): Promise<void> {
  const { client, world, chance, who } = live
  let view: PaymentView | undefined
  let changed: () => void = () => {}
  const end = client.watch({ topic: 'payment', payment }, (next) => {
    world.checks.shown(`${who.actor.id} payment`, next, 'in order')
    view = next
    changed()
  })
  const isSilent = chance.happens(style.silence)
  for (let looks = 0; looks < PATIENCE_LOOKS; looks++) {
    const news = new Promise<void>((resolve) => (changed = resolve))
    await Promise.race([news, live.sleep(1_500, 6_000)])
    if (isSilent && !world.isClosing && chance.happens(0.3)) break
    if (view === undefined) continue
    await live.sleep(50, world.isClosing ? 500 : 7_000)
    if ((await act(live, view, style)) === 'over') break
  }
  end()
}

async function act(live: Live, view: PaymentView, style: PhoneStyle): Promise<'over' | undefined> {
  const { client, chance, world } = live
  const { payment } = view
  if (view.state === 'settled' && chance.happens(0.5)) await readReceipt(live, payment)
  if (view.state === 'settled' || view.state === 'proven' || view.state === 'ended') return 'over'
  if (view.state === 'held') {
    if (chance.happens(0.05)) await client.send('decline', { payment })
    else await takeBack(live, view)
    return chance.happens(0.3) ? 'over' : undefined
  }
  // Who sees the card machine at work waits longer.
  const isAtMachine = view.means.kind === 'card' && view.means.oneTime
  if (view.state === 'authorising' && chance.happens(isAtMachine ? 0.02 : 0.15))
    await client.send('decline', { payment })
  if (view.state !== 'joined') return undefined
  await answerByItself(live, view)
  if (view.challenge !== null) {
    const outcome = await respond(client, view, proving(live))
    if (outcome.ok) world.history.count('challenges answered')
    return undefined
  }
  if (view.bill === null && view.question === null) return undefined
  if (chance.happens(0.05)) return void (await client.send('decline', { payment }))
  if (chance.happens(0.08)) return void (await client.send('attend', { payment }))
  if (view.question !== null) return void (await answer(live, view, style.isImpatient))
  if (view.mayShow.length > 0 ? chance.happens(0.3) : chance.happens(0.02)) return void (await show(live, view))
  const prove = view.freshProof || chance.happens(0.5) ? proving(live) : undefined
  const chosen = await choose(live, view)
  if (!style.isImpatient) return approveOnce(live, chosen, prove)
  // In his hurry he taps on what he saw before.
  const first = approveOnce(live, chance.happens(0.8) ? chosen : view, prove)
  if (chance.happens(0.5)) await live.sleep(0, 300)
  const second = approveOnce(live, chosen, prove)
  return (await first) ?? second
}

async function approveOnce(live: Live, view: PaymentView, prove: Prove | undefined): Promise<'over' | undefined> {
  const outcome = await approve(live.client, view, prove)
  if (outcome.ok) return undefined
  const { code } = outcome.problem
  if (code === 'bill-changed') live.world.history.count('approvals of an old bill')
  if (code === 'insufficient-funds') live.world.history.count('shortages')
  if (code === 'proof-too-weak') live.world.history.count('proofs too weak')
  if (code === 'security-key-needed') live.world.history.count('security keys forgotten')
  return code === 'proof-locked' || code === 'device-revoked' ? 'over' : undefined
}

/** Repents of a line: at once, at the very last moment, or too late. */
async function takeBack({ client, chance, world }: Live, { payment, bill, portions }: PaymentView): Promise<void> {
  for (const [portion, { state, until, lines }] of portions.entries()) {
    const isWithin = bill?.lines[lines[0] ?? 0]?.conditions.coolingOff != null
    if (state !== 'held' || until === null || !isWithin || chance.happens(0.5)) continue
    const left = until - world.clock.now()
    if (left > 100_000 && chance.happens(0.6)) continue
    // Not awaited for long: a night may lie in between.
    if (left > 0 && left < 100_000) await world.clock.sleep(left + chance.between(-900, 900))
    await client.send('take-back', { payment, portion })
  }
}

/** Towards the end the owner looks at the phone again; what is not paid then is left to time. */
async function comeBack(live: Live, style: PhoneStyle): Promise<void> {
  for (;;) {
    await live.client.resume()
    const inbox = await live.client.inbox()
    if (inbox.ok && live.chance.happens(0.3))
      for (const view of inbox.view.payments) await attend(live, view.payment, style)
    await live.sleep(10_000, 60_000)
  }
}
