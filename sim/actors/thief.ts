// The thief: an enrolled phone with no good in mind. He guesses numbers, joins the bills of others and sits on them, says again what
// he has listened to, and alters it; sends the approvals of others as his own, and his own for payments of others.
import { dammDigit } from '#core/numbers.ts'
import { fromBase64url, toBase64url } from '#core/bytes.ts'
import { idFrom } from '#core/ids.ts'
import type { PaymentView } from '#protocol/views.ts'
import { approvalFor } from '#sdk/approval.ts'
import type { Call, Reply } from '#sdk/transport.ts'
import { personBill } from '../bills.ts'
import { schemeView, selfView } from '../directory.ts'
import type { Live } from '../machine.ts'
import { toyProof, toySign } from '../toy-keys.ts'
import type { World } from '../world.ts'

/** Questions that he was asked, for answers to use again. */
const KEPT = 6
/** At the end of the approval bytes, and the signer's to choose. */
const EXPIRY_BYTES = 8

export async function playThief(live: Live): Promise<void> {
  const { client, world, chance } = live
  void client.resume()
  let own: PaymentView | null = null
  const asked: PaymentView[] = []
  while (!world.isClosing) {
    await live.sleep(300, 8_000)
    if (world.isClosing) break
    const ploy = chance.below(12)
    if (ploy === 0) await guess(live)
    else if (ploy === 1) {
      own = (await sitOn(live)) ?? own
      if (own?.question && asked.push(own) > KEPT) asked.shift()
    } else if (ploy === 2) await sayAgain(live)
    else if (ploy === 3) await alterOthers(live)
    else if (ploy === 4) await sendAsOwn(live)
    else if (ploy === 5) await meddle(live)
    else if (ploy === 6) await handInOthers(live)
    else if (ploy === 7) await sayAgain(live)
    else if (ploy === 11) photograph(live)
    else if (ploy >= 9) await replayAnswer(live, asked)
    else if (own !== null) await alterOwn(live, own)
  }
  for (;;) {
    await client.resume()
    await live.sleep(10_000, 60_000)
  }
}

/** Several numbers at once: the budget must hold against a burst. */
async function guess({ client, world, chance }: Live): Promise<void> {
  const tries = Array.from({ length: chance.between(1, 5) }, () => {
    const digits = String(chance.below(100_000_000)).padStart(8, '0')
    return client.send('join', { credential: { kind: 'number', number: digits + dammDigit(digits) } })
  })
  for (const outcome of await Promise.all(tries)) {
    if (!outcome.ok && outcome.problem.code === 'too-many-tries') world.history.count('tries used up')
    if (!outcome.ok && outcome.problem.code === 'number-not-found') world.history.count('misses')
  }
}

/** Reads a number over somebody's shoulder and is faster. */
async function sitOn({ client, world, chance }: Live): Promise<PaymentView | null> {
  const screens = [...world.screens.values()].flatMap((view) => view?.ticket ?? [])
  if (screens.length === 0 || chance.happens(0.7)) return null
  const { number } = chance.pick(screens)
  if (number === null) return null
  const outcome = await client.send('join', { credential: { kind: 'number', number } })
  return outcome.ok ? outcome.view.payment : null
}

/** A code that somebody holds up: a friend will read it at another register, where its owner is not. */
function photograph({ world, chance }: Live): void {
  if (world.shown.length > 0) world.photographed.push(chance.pick(world.shown))
}

/** Exactly what another has sent, under his name: it is the same command, so it changes nothing. */
async function sayAgain({ world, chance, transport }: Live): Promise<void> {
  if (world.overheard.length > 0) await transport.say(chance.pick(world.overheard))
}

/** The words of others with something else in them: their session's MAC does not fit any more. */
async function alterOthers({ world, chance, transport }: Live): Promise<void> {
  if (world.overheard.length === 0) return
  const { from, call, mac } = chance.pick(world.overheard)
  const body = { ...call.body, command: idFrom('cmd', chance.bytes(16)) }
  noteForgery(world, await transport.say({ from, mac, call: { ...call, body } }))
}

/** The approval of another in his own name. */
async function sendAsOwn({ world, chance, transport, who }: Live): Promise<void> {
  const approvals = world.overheard.filter(({ call, from }) => call.path.endsWith('/approve') && from !== who.actor.id)
  if (approvals.length === 0) return
  const { call } = chance.pick(approvals)
  const body: { approval?: string; command: string } = { ...call.body, command: idFrom('cmd', chance.bytes(16)) }
  const bytes = fromBase64url(body.approval ?? '') ?? new Uint8Array()
  const signature = chance.happens(0.5) ? { signature: toBase64url(toySign(who.key, bytes)) } : {}
  noteForgery(world, await transport.call({ ...call, body: { ...body, ...signature } }))
}

const OTHERS_ONLY =
  /\/(approve|respond|prove|show|ask|decline|take-back|release|cancel-deal|permit|deliver|challenge|bill-code|submit-purchase|refund|freeze|cash-in|credit-file)$/

/** What others have said of their own deals, and the operator of all, as a new command in his own name. */
async function meddle(live: Live): Promise<void> {
  const { world, chance, who } = live
  const said = world.overheard.filter(({ call, from }) => OTHERS_ONLY.test(call.path) && from !== who.actor.id)
  if (said.length === 0) return
  const { call } = chance.pick(said)
  await mustFail(live, { ...call, body: { ...call.body, command: idFrom('cmd', chance.bytes(16)) } })
}

/** A signed bill that was handed to somebody else, as if it were for him; or with another amount. */
async function handInOthers(live: Live): Promise<void> {
  const { world, chance, who } = live
  const others = world.signed.filter(({ by, to }) => by !== who.actor.id && to !== who.actor.id)
  if (others.length === 0) return
  const { signed } = chance.pick(others)
  const bill = chance.happens(0.5) ? signed.bill : personBill(chance)
  const payer = chance.happens(0.8) ? signed.payer : chance.pick([...world.directory.phones]).actor.id
  const body = { ...signed, bill, payer, command: idFrom('cmd', chance.bytes(16)) }
  await mustFail(live, { method: 'POST', path: '/v1/commands/submit-signed', access: 'signed', body })
}

/**
 * An answer of his own, used for another question, or telling of more than he signed; and the answers of others for his questions.
 * Who passed with it would be somebody else, or somebody older.
 */
async function replayAnswer(live: Live, asked: readonly PaymentView[]): Promise<void> {
  const { world, chance, who, client } = live
  const inbox = await client.inbox()
  const open = inbox.ok
    ? inbox.view.payments.filter(({ question, state }) => question !== null && state === 'joined')
    : []
  const [target] = open
  if (target?.question == null) return
  const body = {
    command: idFrom('cmd', chance.bytes(16)),
    payment: target.payment,
    released: target.question.attributes,
  }
  const others = world.overheard.filter(({ call }) => call.path.endsWith('/prove'))
  if (others.length > 0 && chance.happens(0.3)) {
    const { call } = chance.pick(others)
    if (Reflect.get(call.body ?? {}, 'payment') === target.payment) return
    await mustFail(live, { ...call, body: { ...call.body, ...body } })
    return world.history.count('answers replayed')
  }
  const source = chance.happens(0.5) ? target : chance.pick([...asked, target])
  // He may remember the very question that is open: what he signed of it in full would be a true answer.
  const isSame = source.payment === target.payment
  const released = isSame ? [] : (source.question?.attributes ?? [])
  // Where nothing was asked for, there is nothing to add to what was signed.
  if (isSame && body.released.length === 0) return
  const scheme = schemeView(world.scheme, world.clock.now())
  const expiresAt = world.clock.now() + 60_000
  const built = approvalFor({ purpose: 'authenticate', scheme, view: source, self: selfView(who), expiresAt, released })
  if (!built.ok) return
  const evidence = {
    approval: toBase64url(built.bytes),
    signature: toBase64url(toySign(who.key, built.bytes)),
    proof: {
      kind: 'scram',
      clientNonce: toBase64url(chance.bytes(16)),
      clientProof: toBase64url(toyProof(who.key, built.bytes)),
    },
  }
  await mustFail(live, {
    method: 'POST',
    path: '/v1/commands/prove',
    access: 'signed',
    body: { ...body, ...evidence },
  })
  world.history.count('answers replayed')
}

async function mustFail({ world, transport }: Live, call: Call): Promise<void> {
  const reply = await transport.call(call)
  if (reply === 'no-answer' || reply.status >= 500) return
  if (reply.status === 200) world.checks.fail(`the thief got through with ${call.path}`)
  world.history.count('thefts refused')
}

/** His own approval with one bit changed and signed again: it must be refused, or it would be good for what he did not see. */
async function alterOwn({ world, chance, transport, who }: Live, view: PaymentView): Promise<void> {
  const expiresAt = world.clock.now() + 60_000
  const scheme = schemeView(world.scheme, world.clock.now())
  const built = approvalFor({ purpose: 'approve', scheme, view, self: selfView(who), expiresAt })
  if (!built.ok) return
  const bytes = Uint8Array.from(built.bytes)
  const place = chance.below(bytes.length - EXPIRY_BYTES)
  bytes[place] = (bytes[place] ?? 0) ^ (1 << chance.below(8))
  const evidence = { approval: toBase64url(bytes), signature: toBase64url(toySign(who.key, bytes)), proof: null }
  const body = { command: idFrom('cmd', chance.bytes(16)), payment: view.payment, ...evidence }
  noteForgery(world, await transport.call({ method: 'POST', path: '/v1/commands/approve', access: 'signed', body }))
}

function noteForgery({ history }: World, reply: Reply | 'no-answer'): void {
  if (reply !== 'no-answer' && reply.status >= 400 && reply.status < 500) history.count('forgeries refused')
}
