// The routes of tables: what phones order and pay there.
import { createHash, randomBytes } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import { bucketOfId, idInBucket, parseId, type PartyId, type TabId } from '#core/ids.ts'
import { closedSections, isOpen, nextChange, priceOrder, type Menu, type OrderFault, type Priced } from '#core/menu.ts'
import type { Rounding } from '#core/shop.ts'
import { isRefused, newTab, type Guest, type Tab, type TabRefusal } from '#core/tab.ts'
import { ordered, seated } from '#core/tab-changes.ts'
import { reserved } from '#core/tab-shares.ts'
import { LIMITS } from '#protocol/limits.ts'
import { ORDER_ROUTES, type OrderBody, type OrderedView, type SharedView, type TabView } from '#protocol/orders.ts'
import { problemOf, type Problem } from '#protocol/problems.ts'
import type { DeviceActor } from '#switch/actors.ts'
import type { BudgetKey, Budgets } from '#switch/budgets.ts'
import type { Store } from '#switch/store.ts'
import { deviceOf, type OnRoute } from '../http-callers.ts'
import { isProblem } from '../http-problems.ts'
import { onceAtATime } from '../once.ts'
import type { Made, OrderDecision, TabCommand, Tabs } from '../postgres/orders.ts'
import type { Menus } from '../postgres/orders-menu.ts'
import type { Points } from '../postgres/points.ts'
import { serveKitchen } from './kitchen-http.ts'
import { menuChanged, menuOf, serveMenus, type Table } from './menu-http.ts'
import { dealOfShare, type Settled, type Settling } from './settling.ts'
import { tabView } from './views.ts'

export type OrderParts = Readonly<{
  menus: Menus
  tabs: Tabs
  settling: Settling
  points: Points
  store: Pick<Store, 'readDevice' | 'readMissing'>
  budgets: Budgets
  /** how this merchant rounds tax */
  roundingOf: (party: PartyId) => Promise<Rounding>
  zone: () => string
  now: () => number
}>

const TAB_LIMITS = {
  orders: LIMITS.tabOrders,
  lines: LIMITS.billLines,
  guests: LIMITS.tabGuests,
  shares: LIMITS.tabShares,
} as const

/** Registers the routes of menus, tables and the kitchen. */
export function serveOrders(on: OnRoute, parts: OrderParts): void {
  const { tabs, settling, points, store, budgets, roundingOf, zone, now } = parts
  const once = onceAtATime<Made | Problem>()
  serveMenus(on, { ...parts, tableAt })
  serveKitchen(on, parts)

  on(ORDER_ROUTES.order, async (request): Promise<OrderedView | Problem> => {
    const phone = deviceOf(request)
    const body = bodyOf<'order'>(request)
    const table = await tableAt(body.point)
    if (isProblem(table)) return table
    const command = commandOf(phone, body)
    if (command === undefined || !(await isActive(phone))) return problemOf('device-revoked')
    const keys = [`order-phone:${phone.id}`, `order-point:${table.point.id}`] as const
    const made = await tried(keys, command, async () => {
      const rounding = await roundingOf(table.party)
      const known = body.tab === null ? null : (parseId('tab', body.tab) ?? null)
      const place = { party: table.party, point: table.point.id, paying: table.paying }
      const answer = await tabs.order(place, command, known, (row) =>
        decideOrder(row, { table, phone, body, rounding }),
      )
      if (typeof answer === 'string') return problemOf(answer)
      if ('no' in answer) return answer.no
      return 'item' in answer ? problemOf('sold-out', { item: answer.item, left: String(answer.left) }) : answer
    })
    if (isProblem(made)) return made
    const settled = await settling.settle(made.tab)
    if (settled === undefined) return problemOf('not-found')
    const isFirst = settled.tab.paying === 'first'
    const own = isFirst ? settled.tab.shares.find(({ by }) => by?.party === phone.party) : undefined
    const refusal = isFirst ? [...settled.refused.values()][0] : undefined
    if (refusal !== undefined) return problemOf(refusal)
    return { order: made.number, share: own?.number ?? null, tab: viewFor(phone, settled) }
  })

  on(ORDER_ROUTES.sit, async (request): Promise<TabView | Problem> => {
    const phone = deviceOf(request)
    const table = await tableAt(bodyOf<'sit'>(request).point)
    if (isProblem(table)) return table
    if (!(await isActive(phone))) return problemOf('device-revoked')
    const id = await tabs.openAt({ party: table.party, point: table.point.id })
    if (id === undefined) return problemOf('not-found')
    if (!isGuest(await tabs.find(id), phone)) {
      if (!(await budgets.charge([`order-phone:${phone.id}`]))) return problemOf('too-many-tries')
      const sat = await tabs.change(id, (tab) => kept(seated(tab, guestOf(phone), TAB_LIMITS)))
      if (isRefused(sat)) return problemOf(sat)
    }
    return viewOf(phone, id)
  })

  on(ORDER_ROUTES.tab, async (request): Promise<TabView | Problem> => {
    const phone = deviceOf(request)
    const { tab } = request.params as { tab: string }
    const id = parseId('tab', tab)
    return id !== undefined && isGuest(await tabs.find(id), phone) ? viewOf(phone, id) : problemOf('not-found')
  })

  on(ORDER_ROUTES.share, async (request): Promise<SharedView | Problem> => {
    const phone = deviceOf(request)
    const body = bodyOf<'share'>(request)
    const id = parseId('tab', body.tab)
    const command = commandOf(phone, body)
    if (id === undefined || !isGuest(await tabs.find(id), phone)) return problemOf('not-found')
    if (command === undefined || !(await isActive(phone))) return problemOf('device-revoked')
    // Deals that have died meanwhile give back what they held.
    await settling.settle(id)
    const made = await tried([`share-phone:${phone.id}`], command, async () => {
      const wish = { by: guestOf(phone), wanted: body.share, dealOf: dealOfShare(id) }
      const answer = await tabs.share(id, command, (tab) => reserved(tab, wish, TAB_LIMITS))
      return typeof answer === 'string' ? problemOf(answer) : answer
    })
    if (isProblem(made)) return made
    const settled = await settling.settle(id)
    if (settled === undefined) return problemOf('not-found')
    const refusal = settled.refused.get(made.number)
    return refusal === undefined ? { share: made.number, tab: viewFor(phone, settled) } : problemOf(refusal)
  })

  on(ORDER_ROUTES.shareBack, async (request): Promise<TabView | Problem> => {
    const phone = deviceOf(request)
    const { tab, share } = bodyOf<'shareBack'>(request)
    const id = parseId('tab', tab)
    const found = id && (await tabs.find(id))
    if (id === undefined || !isGuest(found, phone)) return problemOf('not-found')
    if (!(await isActive(phone))) return problemOf('device-revoked')
    const own = found?.shares.find(({ number, by }) => number === share && by?.party === phone.party)
    if (own === undefined) return problemOf('not-found')
    const settled = await settling.settle(id, new Set([own.number]))
    return settled === undefined ? problemOf('not-found') : viewFor(phone, settled)
  })

  function decideOrder(
    row: Parameters<Parameters<Tabs['order']>[3]>[0],
    {
      table,
      phone,
      body,
      rounding,
    }: Readonly<{
      table: Table
      phone: DeviceActor
      body: OrderBody<'order'>
      rounding: Rounding
    }>,
  ): OrderDecision<Problem> {
    if (row?.version !== body.version) return { no: menuChanged(row) }
    const menu = menuOf(row.document)
    const shut = closedFor(menu, body, row.now)
    if (shut !== undefined) return { no: shut }
    const lines = priceOrder(menu, body.lines, rounding)
    if (isFault(lines)) return { no: problemOf('order-invalid', { line: String(lines.line), reason: lines.reason }) }
    const by = guestOf(phone)
    return {
      wanted: lines.map(({ item, quantity }) => ({ item, quantity })),
      put(there, call) {
        const tab = there ?? freshTab(table, menu, row.now)
        const order = { by, lines, call, now: row.now, payWithinMs: LIMITS.unpaidOrderMs }
        const next = ordered(tab, order, TAB_LIMITS)
        if (isRefused(next) || tab.paying === 'end') return next
        const share = reserved(next, { by, wanted: { kind: 'mine' }, dealOf: dealOfShare(tab.id) }, TAB_LIMITS)
        // What is free goes to the kitchen at once.
        return isRefused(share) ? (share === 'nothing-open' || share === 'not-found' ? next : share) : share.tab
      },
    }
  }

  /** The menu has hours, and so may the sections that something was chosen from. */
  function closedFor(menu: Menu, { lines }: OrderBody<'order'>, at: number): Problem | undefined {
    const { opensAt } = nextChange(menu.hours, at, zone())
    if (!isOpen(menu.hours, at, zone()))
      return problemOf('menu-closed', opensAt === null ? {} : { opensAt: String(opensAt) })
    const shut = closedSections(menu, at, zone())
    const wanted = lines.map(({ item }) => menu.items.find(({ id }) => id === item)?.section)
    const section = shut.find((id) => wanted.includes(id))
    return section === undefined ? undefined : problemOf('menu-closed', { section })
  }

  /** Problems: not-found where one cannot order, point-ended. */
  async function tableAt(text: string): Promise<Table | Problem> {
    const id = parseId('pnt', text)
    const found = id && (await points.find(id))
    if (found?.point.price.mode !== 'order') return problemOf('not-found')
    return found.status === 'active' ? { ...found, paying: found.point.price.paying } : problemOf('point-ended')
  }

  /** A session may outlive its phone by two seconds; what orders may not. */
  const isActive = async ({ id }: DeviceActor): Promise<boolean> =>
    (await store.readDevice(bucketOfId(id), id))?.status === 'active'

  /** What is new costs a try; whoever is refused, hears what was made before, or got no answer, has spent nothing. */
  const tried = (
    keys: readonly BudgetKey[],
    { device, command, hash }: TabCommand,
    work: () => Promise<Made | Problem>,
  ): Promise<Made | Problem> =>
    once(`${device} ${command} ${Buffer.from(hash).toString('hex')}`, async () => {
      if (!(await budgets.charge(keys))) return problemOf('too-many-tries')
      let isNew = false
      try {
        const made = await work()
        isNew = !isProblem(made) && made.isNew
        return made
      } finally {
        if (!isNew) await budgets.giveBack(keys)
      }
    })

  async function viewOf(phone: DeviceActor, id: TabId): Promise<TabView | Problem> {
    const settled = await settling.settle(id)
    return settled === undefined ? problemOf('not-found') : viewFor(phone, settled)
  }

  const viewFor = ({ party }: DeviceActor, { tab, deals }: Settled): TabView =>
    tabView(tab, party, { deals, now: now() })
}

const isGuest = (tab: Tab | undefined, { party }: DeviceActor): boolean =>
  tab?.guests.some((guest) => guest.party === party) === true

const guestOf = ({ party, id, name }: DeviceActor): Guest => ({ party, device: id, name })

const isFault = (found: readonly Priced[] | OrderFault): found is OrderFault => 'reason' in found

const kept = (tab: Tab | TabRefusal): Readonly<{ tab: Tab }> | TabRefusal => (isRefused(tab) ? tab : { tab })

const freshTab = (
  { point, terminal, party, account, shop, legalName, paying }: Table,
  { unit }: Menu,
  now: number,
): Tab =>
  newTab({
    id: idInBucket('tab', bucketOfId(party), randomBytes(14)),
    party,
    account,
    point: point.id,
    terminal,
    label: point.label,
    shop,
    legalName,
    unit,
    paying,
    openedAt: now,
    endsAt: now + LIMITS.tabMs,
  })

/** What the phone asks for, without the command's own id: asked again it must be the same. */
function commandOf({ id: device }: DeviceActor, body: Readonly<{ command: string }>): TabCommand | undefined {
  const { command, ...said } = body
  const id = parseId('cmd', command)
  return id && { device, command: id, hash: createHash('sha256').update(JSON.stringify(said)).digest() }
}

const bodyOf = <Name extends keyof typeof ORDER_ROUTES>(request: FastifyRequest): OrderBody<Name> =>
  // Border: the schema of the route has checked the body.
  request.body as OrderBody<Name>
