// A payment link opened by a browser: a deal of the shop's terminal, in whose name the hub acts. Its id follows from the link and the visit,
// so that a page that asks again gets the same deal. A link that may be paid once has one deal at a time, whoever looks.
import { createHash, randomBytes } from 'node:crypto'
import { fromHex } from '#core/bytes.ts'
import { idFrom, type CommandId, type DealId } from '#core/ids.ts'
import type { Bill } from '#core/bill.ts'
import type { RefusalCode } from '#core/refusals.ts'
import { problemOf, type Problem } from '#protocol/problems.ts'
import type { PayView } from '#protocol/shop.ts'
import type { DealView } from '#protocol/views.ts'
import type { TerminalActor } from '#switch/actors.ts'
import type { Budgets } from '#switch/budgets.ts'
import type { Switch } from '#switch/switch.ts'
import type { Directory } from '../auth/directory.ts'
import { isProblem } from '../http-problems.ts'
import type { LinkRow, LinkStore } from '../postgres/payment-links.ts'
import type { Sight } from '../sight.ts'

export type Paying = ReturnType<typeof createPaying>

/** After these a deal is paid for good, or nobody pays it any more. */
const PAID: readonly DealView['state'][] = ['settled', 'held']
const DEAD: readonly DealView['state'][] = ['ended', 'withdrawn']
/** Refusals of a shop that sells nothing at the moment: its link is as good as over. */
const SHUT: readonly RefusalCode[] = ['terminal-inactive', 'account-frozen', 'account-closed']

export function createPaying(parts: {
  links: Pick<LinkStore, 'find' | 'nextAttempt'>
  directory: Pick<Directory, 'identityOf'>
  hub: Pick<Switch, 'handle'>
  sight: Pick<Sight, 'deal'>
  budgets: Budgets
  now: () => number
}) {
  const { links, hub, sight, budgets, now } = parts

  /** The link and its shop; a link that never was, or whose shop is gone, is not found. */
  async function linkOf(token: string): Promise<Readonly<{ link: LinkRow; actor: TerminalActor }> | undefined> {
    const link = fromHex(token)?.length === 16 ? await links.find(token) : undefined
    const identity = link && (await parts.directory.identityOf(link.terminal))
    return link !== undefined && identity?.actor.kind === 'terminal' && identity.status === 'active'
      ? { link, actor: identity.actor }
      : undefined
  }

  const viewOf = (link: LinkRow, { name, legalName }: TerminalActor, deal: DealView | undefined): PayView => ({
    shop: name,
    legalName,
    text: link.text,
    unit: link.unit,
    amount: String(link.amount),
    state: deal === undefined ? 'ready' : stateOf(deal),
    number: deal?.ticket?.number ?? null,
    link: deal?.ticket?.link ?? null,
    expiresAt: deal?.ticket?.expiresAt ?? deal?.expiresAt ?? null,
    linkExpiresAt: link.expiresAt,
    now: now(),
  })

  /** Opens the deal, or gives it a new number where that ran out. Problem codes: those of a shop that sells nothing become link-over. */
  async function opened(
    actor: TerminalActor,
    deal: DealId,
    sent: Readonly<{ name: 'open-offer'; bill: Bill }> | Readonly<{ name: 'renew-number' }>,
    id: CommandId,
  ): Promise<Problem | null> {
    const hash = createHash('sha256').update(`payment link ${sent.name} ${deal}`).digest('hex')
    const { refusal } = await hub.handle({ ...sent, deal, id, hash, actor, isPerson: false })
    // Somebody else on the same link was quicker: what there is now is shown.
    if (refusal === null || refusal.code === 'joined-meanwhile' || refusal.code === 'state-conflict') return null
    return problemOf(SHUT.includes(refusal.code) ? 'link-over' : refusal.code)
  }

  return {
    /** Problems: not-found, link-over. */
    async look(token: string, origin: string): Promise<PayView | Problem> {
      const found = await linkOf(token)
      if (found === undefined) return problemOf('not-found')
      const { link, actor } = found
      const deal = link.uses === 'one' ? await sight.deal(actor, dealOf(link, ''), origin) : undefined
      const isPaid = deal !== undefined && PAID.includes(deal.state)
      return isPaid || link.status !== 'open' ? problemOf('link-over') : viewOf(link, actor, undefined)
    },

    /** Problems: not-found, link-over, too-many-tries. `address`: the block whose budget an opened deal is charged to. */
    async open(
      asked: Readonly<{ link: string; visit: string }>,
      address: string,
      origin: string,
    ): Promise<PayView | Problem> {
      const found = await linkOf(asked.link)
      if (found === undefined) return problemOf('not-found')
      let { link } = found
      const { actor } = found
      let deal = await sight.deal(actor, dealOf(link, asked.visit), origin)
      if (deal !== undefined && DEAD.includes(deal.state) && link.uses === 'one') {
        await links.nextAttempt(link)
        link = (await links.find(asked.link)) ?? link
        deal = await sight.deal(actor, dealOf(link, asked.visit), origin)
      }
      const isLive = deal !== undefined && deal.state !== 'expired'
      if (isLive) return viewOf(link, actor, deal)
      if (link.status !== 'open') return problemOf('link-over')
      if (!(await budgets.charge([`links:${address}`]))) return problemOf('too-many-tries')
      const id = dealOf(link, asked.visit)
      const fault =
        deal === undefined
          ? await opened(actor, id, { name: 'open-offer', bill: billOf(link) }, commandOf(id))
          : await opened(actor, id, { name: 'renew-number' }, idFrom('cmd', randomBytes(16)))
      if (isProblem(fault ?? {})) return fault ?? problemOf('link-over')
      return viewOf(link, actor, await sight.deal(actor, id, origin))
    },

    /** Problem: not-found, also before the visit has opened anything. */
    async state(token: string, visit: string, origin: string): Promise<PayView | Problem> {
      const found = await linkOf(token)
      const deal = found && (await sight.deal(found.actor, dealOf(found.link, visit), origin))
      return found === undefined || deal === undefined ? problemOf('not-found') : viewOf(found.link, found.actor, deal)
    },
  }
}

const derived = (...of: readonly (string | number)[]): Uint8Array =>
  createHash('sha256')
    .update(JSON.stringify(['payment link', ...of]))
    .digest()
    .subarray(0, 16)

const dealOf = ({ link, uses, attempt }: LinkRow, visit: string): DealId =>
  idFrom('deal', uses === 'one' ? derived(link, attempt) : derived(link, visit))

const commandOf = (deal: DealId): CommandId => idFrom('cmd', derived('open', deal))

/** The bill of a link: one line. */
export const billOf = ({ text, unit, amount }: Pick<LinkRow, 'text' | 'unit' | 'amount'>): Bill => ({
  unit,
  total: amount,
  lines: [
    {
      text,
      quantity: 1,
      amount,
      taxRate: null,
      tax: 0n,
      code: null,
      conditions: { delivery: false, coolingOff: null },
      restriction: null,
    },
  ],
})

/** What whoever stands at the other browser may know. */
function stateOf({ state }: DealView): PayView['state'] {
  switch (state) {
    case 'open':
      return 'waiting'
    case 'joined':
    case 'authorising':
      return 'joined'
    case 'settled':
    case 'proven':
      return 'paid'
    case 'held':
      return 'held'
    case 'expired':
      return 'expired'
    case 'withdrawn':
    case 'ended':
      return 'ended'
  }
}
