// What the hubs' one database keeps for the shop on the web: its payment links, how far the events have been read, and what is still
// to be told. Each method is one commit; between two of them a hub may die.
import { sha256, toHex, utf8 } from '#core/bytes.ts'
import { idFrom, type DealId, type TerminalId } from '#core/ids.ts'
import type { PortionState } from '#core/payment.ts'
import type { EventRow } from '#switch/store.ts'

export type PayLink = Readonly<{
  id: string
  uses: 'one' | 'many'
  amount: bigint
  /** which of its deals is the one that counts, where it may be paid once */
  attempt: number
}>

/** One thing that happened, as the shop is told of it; the same for every try. */
export type ShopMessage = Readonly<{
  id: string
  type: 'deal.joined' | 'deal.held' | 'deal.settled' | 'deal.ended' | 'deal.refunded'
  subject: string
  version: number
}>

type News = Readonly<{ from: number; to: number; messages: readonly ShopMessage[] }>
type Delivery = { readonly message: ShopMessage; delivered: boolean; nextAt: number }

/** How bugs are planted here. */
export type WebBugs = Readonly<{
  /** the mark moves, and what was read is kept afterwards */
  markFirst?: true
  /** a message has another id at each try */
  newIds?: true
  /** each visit has its own deal, though the link may be paid once */
  dealPerVisit?: true
}>

export type WebShopBook = ReturnType<typeof openWebShopBook>

export function openWebShopBook(terminal: TerminalId, bugs: WebBugs) {
  const links = new Map<string, PayLink>()
  const dealsOf = new Map<string, Set<DealId>>()
  const deliveries: Delivery[] = []
  let mark = 0

  return {
    links: (): readonly PayLink[] => [...links.values()],
    find: (id: string): PayLink | undefined => links.get(id),
    add: (link: Omit<PayLink, 'attempt'>): void => void links.set(link.id, { ...link, attempt: 0 }),
    /** Whoever else has said so meanwhile has said it for all. */
    nextAttempt({ id, attempt }: PayLink): void {
      const link = links.get(id)
      if (link?.attempt === attempt) links.set(id, { ...link, attempt: attempt + 1 })
    },
    /** Follows from the link, and from the visit where everybody pays for himself. */
    dealOf(link: PayLink, visit: string): DealId {
      const what = link.uses === 'one' && bugs.dealPerVisit !== true ? String(link.attempt) : visit
      const deal = idFrom('deal', sha256(utf8(`link ${link.id} ${what}`)).slice(0, 16))
      dealsOf.set(link.id, (dealsOf.get(link.id) ?? new Set()).add(deal))
      return deal
    },
    deals: (link: string): ReadonlySet<string> => dealsOf.get(link) ?? new Set(),

    /** What has been committed since the mark, of this shop's terminal. */
    news(events: readonly EventRow[]): News {
      const to = events.length
      return { from: mark, to, messages: events.slice(mark).flatMap((event) => messageOf(event, terminal) ?? []) }
    },
    /** Keeps what was read and moves the mark in one commit; `waits` is what a hub waits for where a bug makes two of it. */
    async keep({ from, to, messages }: News, waits: () => Promise<unknown>): Promise<void> {
      if (mark !== from) return
      mark = to
      if (bugs.markFirst === true) await waits()
      for (const message of messages) deliveries.push({ message, delivered: false, nextAt: 0 })
    },
    due: (now: number): readonly Delivery[] =>
      deliveries.filter(({ delivered, nextAt }) => !delivered && nextAt <= now),
    isQuiet: (): boolean => deliveries.every(({ delivered }) => delivered),
    /** As it goes out this time. */
    sent: ({ message }: Delivery, fresh: string): ShopMessage =>
      bugs.newIds === true ? { ...message, id: fresh } : message,
  }
}

/** What the shop is told of an event; undefined for what changes nothing for it. */
export function messageOf(event: EventRow, terminal: TerminalId): ShopMessage | undefined {
  const { body, subject, version } = event
  if (event.terminal !== terminal) return undefined
  const type = typeOf(body)
  const id = toHex(sha256(utf8(`${subject} ${version}`)).slice(0, 8))
  return type && { id, type, subject, version }
}

function typeOf(body: EventRow['body']): ShopMessage['type'] | undefined {
  if (body.kind === 'joined') return 'deal.joined'
  if (body.kind === 'ended') return 'deal.ended'
  if (body.kind === 'refunded') return 'deal.refunded'
  return body.kind === 'approved' || body.kind === 'answered' || body.kind === 'moved'
    ? stateAfter(body.portions)
    : undefined
}

function stateAfter(portions: readonly PortionState[]): ShopMessage['type'] | undefined {
  const kinds = new Set(portions.map(({ kind }) => kind))
  if (kinds.has('held')) return 'deal.held'
  return kinds.has('settled') && !kinds.has('due') && !kinds.has('authorising') ? 'deal.settled' : undefined
}
