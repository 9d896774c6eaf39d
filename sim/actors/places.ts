// Where nobody stands: a phone at a sign, a browser at a payment link, and whoever reads a receipt. What a phone asks of a sign is kept
// until it is answered, as the SDK keeps commands; a browser that was closed is closed.
import { toHex } from '#core/bytes.ts'
import { idFrom } from '#core/ids.ts'
import { isAnswer } from '#sdk/outbox.ts'
import type { Reply } from '#sdk/transport.ts'
import type { Live } from '../machine.ts'
import { PAY, RECEIPT, SIGN_DEAL, type PlaceView, type ReceiptSeen, type SignBody } from '../ways.ts'

export const PLACE_PREFIX = 'place '
const BROWSER_TRIES = 4

/** Reads a sign and opens a deal there, now and then for an amount that the sign does not take; the token to join with. */
export async function standAtSign(live: Live): Promise<string | undefined> {
  const { chance, world } = live
  const { point } = chance.pick(world.directory.signs)
  const isTyped = chance.happens(0.1) ? point.price.mode === 'fixed' : point.price.mode === 'amount'
  const amount = isTyped
    ? String(chance.happens(0.15) ? chance.pick([1, 99, 1_201]) : chance.between(100, 1_200))
    : null
  const body: SignBody = { command: idFrom('cmd', chance.bytes(16)), point: point.id, amount }
  await live.storage.set(PLACE_PREFIX + body.command, body)
  return deliver(live, body)
}

/** What was being asked of a sign when the power went off. */
export async function signsAgain(live: Live): Promise<void> {
  // Border: this file alone writes under its prefix.
  for (const { value } of await live.storage.list(PLACE_PREFIX)) await deliver(live, value as SignBody)
}

async function deliver(live: Live, body: SignBody): Promise<string | undefined> {
  for (;;) {
    const reply = await live.transport.call({ method: 'POST', path: SIGN_DEAL, access: 'signed', body })
    if (isAnswer(reply)) {
      await live.storage.delete(PLACE_PREFIX + body.command)
      return placeIn(live, body, reply)
    }
    await live.sleep(300, 4_000)
  }
}

function placeIn({ world, who }: Live, { point, amount }: SignBody, { status, body }: Reply): string | undefined {
  const said = world.directory.signs.find((sign) => sign.point.id === point)
  if (status !== 200 || said === undefined) return void world.history.count('signs that said no')
  world.history.count('deals at signs')
  // Border: the answer of our own hub.
  const { deal, token } = body as PlaceView
  world.checks.ways.openedAtSign(who.actor.name, { sign: said, deal, amount })
  return token ?? undefined
}

/** A link that the shop has sent to several people; the token to join with, while nobody else has. */
export async function openLink({ transport, chance, world, sleep }: Live): Promise<string | undefined> {
  const links = world.web.links()
  if (links.length === 0) return undefined
  const body = { link: chance.pick(links.slice(-2)).id, visit: toHex(chance.bytes(16)) }
  for (let tries = 0; tries < BROWSER_TRIES; tries++) {
    const reply = await transport.call({ method: 'POST', path: PAY, access: 'open', body })
    if (isAnswer(reply)) {
      world.history.count(reply.status === 200 ? 'links opened' : 'links that were over')
      // Border: the answer of our own hub.
      return reply.status === 200 ? ((reply.body as PlaceView).token ?? undefined) : undefined
    }
    await sleep(300, 3_000)
  }
  return undefined
}

/** Looks at the receipt of what was paid. */
export async function readReceipt({ transport, world }: Live, payment: string): Promise<void> {
  const reply = await transport.call({ method: 'GET', path: `${RECEIPT}${payment}`, access: 'token' })
  if (reply === 'no-answer' || reply.status !== 200) return
  world.history.count('receipts read')
  // Border: the answer of our own hub.
  world.checks.ways.receiptSeen(reply.body as ReceiptSeen)
}
