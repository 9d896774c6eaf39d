// The routes of menus: open to whoever sits at a table, the office's for its own.
import { createHash } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import type { PartyId } from '#core/ids.ts'
import { closedSections, faultOfMenu, isOpen, nextChange } from '#core/menu.ts'
import { menuFrom, type SentMenu } from '#core/menu-wire.ts'
import {
  ORDER_ROUTES,
  type MenuWire,
  type OfficeMenuView,
  type OrderBody,
  type PointMenuView,
} from '#protocol/orders.ts'
import { problemOf, type Problem } from '#protocol/problems.ts'
import type { Budgets } from '#switch/budgets.ts'
import type { Store } from '#switch/store.ts'
import { addressBlock } from '../addresses.ts'
import { terminalOf, type OnRoute } from '../http-callers.ts'
import { isProblem } from '../http-problems.ts'
import type { MenuRow, Menus } from '../postgres/orders-menu.ts'
import type { PointRow } from '../postgres/points.ts'

type Parts = Readonly<{
  menus: Menus
  store: Pick<Store, 'readMissing'>
  budgets: Budgets
  /** the table or counter with this id. Problems: not-found where one cannot order, point-ended */
  tableAt: (point: string) => Promise<Table | Problem>
  zone: () => string
  now: () => number
}>

/** A sign at which one orders. */
export type Table = PointRow & Readonly<{ paying: 'first' | 'end' }>

/** Registers the routes. */
export function serveMenus(on: OnRoute, { menus, store, budgets, tableAt, zone, now }: Parts): void {
  on(ORDER_ROUTES.pointMenu, async (request): Promise<PointMenuView | Problem> => {
    if (!(await budgets.charge([`points:${addressBlock(request.ip)}`]))) return problemOf('too-many-tries')
    const { point } = request.params as { point: string }
    const table = await tableAt(point)
    if (isProblem(table)) return table
    const row = await menus.find(table.party)
    return row === undefined ? problemOf('not-found') : tableView(table, row)
  })

  on(ORDER_ROUTES.menu, (request) => officeView(terminalOf(request).party))

  on(ORDER_ROUTES.setMenu, async (request): Promise<OfficeMenuView | Problem> => {
    const { party, account } = terminalOf(request)
    const { basedOn, menu: sent } = bodyOf<'setMenu'>(request)
    const menu = menuFrom(sent)
    if (menu === 'unit') return problemOf('unit-invalid', { field: 'unit' })
    if (menu === 'amount') return problemOf('amount-invalid', { field: 'price' })
    const fault = faultOfMenu(menu)
    if (fault !== undefined) return problemOf('menu-invalid', { at: fault.at, reason: fault.reason })
    // Money for an account that does not count in it could never be deposited.
    if ((await store.readMissing([{ key: account, unit: menu.unit }])).length > 0) return problemOf('unit-mismatch')
    if (!(await budgets.charge([`goods:${party}`]))) return problemOf('too-many-tries')
    const hash = createHash('sha256').update(JSON.stringify(sent)).digest()
    const items = menu.items.map(({ id }) => id)
    if (await menus.save(party, { basedOn, document: sent, hash, items })) return officeView(party)
    return menuChanged(await menus.find(party))
  })

  on(ORDER_ROUTES.setStock, async (request): Promise<OfficeMenuView | Problem> => {
    const { party } = terminalOf(request)
    const { item, left } = bodyOf<'setStock'>(request)
    const row = await menus.find(party)
    if (!row?.document.items.some(({ id }) => id === item)) return problemOf('not-found')
    await menus.setStock(party, item, left)
    return officeView(party)
  })

  async function officeView(party: PartyId): Promise<OfficeMenuView> {
    const row = await menus.find(party)
    if (row === undefined) return { version: 0, savedAt: null, menu: null, stock: [] }
    return { version: row.version, savedAt: row.at, menu: wireOf(row.document), stock: [...row.stock] }
  }

  function tableView({ point, shop, legalName, paying }: Table, row: MenuRow): PointMenuView {
    const menu = menuOf(row.document)
    const at = now()
    return {
      point: point.id,
      label: point.label,
      place: point.place,
      shop,
      legalName,
      paying,
      version: row.version,
      menu: wireOf(row.document),
      stock: [...row.stock],
      open: isOpen(menu.hours, at, zone()),
      closedSections: [...closedSections(menu, at, zone())],
      ...nextChange(menu.hours, at, zone()),
      now: at,
    }
  }
}

export const menuChanged = (row: Pick<MenuRow, 'version'> | undefined | null): Problem =>
  problemOf('menu-changed', { version: String(row?.version ?? 0) })

/** A menu that was read before it was kept. */
export function menuOf(document: SentMenu): Exclude<ReturnType<typeof menuFrom>, string> {
  const menu = menuFrom(document)
  if (typeof menu === 'string') throw new Error('menus are checked before they are kept')
  return menu
}

// Border of types: what was kept has passed the route's schema, which says arrays where the rules say readonly ones.
const wireOf = (document: SentMenu): MenuWire => document as MenuWire

const bodyOf = <Name extends keyof typeof ORDER_ROUTES>(request: FastifyRequest): OrderBody<Name> =>
  // Border: the schema of the route has checked the body.
  request.body as OrderBody<Name>
