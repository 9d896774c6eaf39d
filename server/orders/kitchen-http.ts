// The routes of the kitchen's list: what was ordered, what becomes of it, and closing a table.
import type { FastifyRequest } from 'fastify'
import { parseId, type PartyId, type TabId } from '#core/ids.ts'
import { isRefused, type Tab } from '#core/tab.ts'
import { closed, marked } from '#core/tab-changes.ts'
import { LIMITS } from '#protocol/limits.ts'
import { ORDER_ROUTES, type KitchenTabView, type KitchenView, type OrderBody } from '#protocol/orders.ts'
import { problemOf, type Problem } from '#protocol/problems.ts'
import { terminalOf, type OnRoute } from '../http-callers.ts'
import { isProblem } from '../http-problems.ts'
import type { Tabs } from '../postgres/orders.ts'
import type { Settling } from './settling.ts'
import { kitchenView } from './views.ts'

type Parts = Readonly<{ tabs: Tabs; settling: Settling; now: () => number }>

/** Registers the routes. */
export function serveKitchen(on: OnRoute, { tabs, settling, now }: Parts): void {
  on(ORDER_ROUTES.kitchen, async (request): Promise<KitchenView> => {
    const { party } = terminalOf(request)
    const [live, tables] = await Promise.all([tabs.live(party), tabs.tables(party)])
    const shown = live.slice(0, LIMITS.kitchenTabs)
    return { tabs: shown.map(kitchenView), more: live.length > shown.length, tables, now: now() }
  })

  on(ORDER_ROUTES.mark, async (request): Promise<KitchenTabView | Problem> => {
    const { tab: text, lines, state: to, reason } = bodyOf<'mark'>(request)
    if ((to === 'refused') !== (reason !== null)) return problemOf('field-invalid', { field: 'reason' })
    const id = await ownTab(terminalOf(request).party, text)
    if (isProblem(id)) return id
    const changed = await tabs.change(id.tab, (tab, at) => marked(tab, { lines, to, reason, now: at }))
    return isRefused(changed) ? problemOf(changed) : settledView(id.tab)
  })

  on(ORDER_ROUTES.closeTab, async (request): Promise<KitchenTabView | Problem> => {
    const { tab: text, rest } = bodyOf<'closeTab'>(request)
    const id = await ownTab(terminalOf(request).party, text)
    if (isProblem(id)) return id
    // A share whose deal is over does not keep a table open.
    await settling.settle(id.tab)
    const changed = await tabs.change(id.tab, (tab) => {
      const next = closed(tab, rest)
      return isRefused(next) ? next : { tab: next }
    })
    return isRefused(changed) ? problemOf(changed) : settledView(id.tab)
  })

  async function ownTab(party: PartyId, text: string): Promise<Readonly<{ tab: TabId }> | Problem> {
    const id = parseId('tab', text)
    const found: Tab | undefined = id && (await tabs.find(id))
    return id !== undefined && found?.party === party ? { tab: id } : problemOf('not-found')
  }

  /** Money for refused lines goes back, and deals that lost a line are cancelled, before the answer says how it stands. */
  async function settledView(id: TabId): Promise<KitchenTabView | Problem> {
    const settled = await settling.settle(id)
    return settled === undefined ? problemOf('not-found') : kitchenView(settled.tab)
  }
}

const bodyOf = <Name extends keyof typeof ORDER_ROUTES>(request: FastifyRequest): OrderBody<Name> =>
  // Border: the schema of the route has checked the body.
  request.body as OrderBody<Name>
