// The routes of ordering (protocol/orders.ts) as a client calls them. The compiler holds each line to the route, which itself stays out of
// the browser with its schemas.
import type { ORDER_ROUTES, OrderBody, OrderRouteName, OrderRouteView } from '#protocol/orders.ts'
import { callTo } from './calls.ts'
import type { Client } from './client.ts'
import type { Outcome } from './outcome.ts'

type Routes = typeof ORDER_ROUTES
type Address<Name extends OrderRouteName> = Readonly<Pick<Routes[Name], 'method' | 'path' | 'access'>>

export const ORDER_CALLS: { readonly [Name in OrderRouteName]: Address<Name> } = {
  pointMenu: { method: 'GET', path: '/v1/points/{point}/menu', access: 'open' },
  order: { method: 'POST', path: '/v1/tabs/orders', access: 'signed' },
  sit: { method: 'POST', path: '/v1/tabs', access: 'signed' },
  tab: { method: 'GET', path: '/v1/tabs/{tab}', access: 'token' },
  share: { method: 'POST', path: '/v1/tabs/shares', access: 'signed' },
  shareBack: { method: 'POST', path: '/v1/tabs/shares/back', access: 'signed' },
  menu: { method: 'GET', path: '/v1/menu', access: 'token' },
  setMenu: { method: 'POST', path: '/v1/menu', access: 'signed' },
  setStock: { method: 'POST', path: '/v1/menu/stock', access: 'signed' },
  kitchen: { method: 'GET', path: '/v1/kitchen', access: 'token' },
  mark: { method: 'POST', path: '/v1/kitchen/mark', access: 'signed' },
  closeTab: { method: 'POST', path: '/v1/kitchen/close', access: 'signed' },
}

type Params = Readonly<{ point?: string; tab?: string }>

/** Calls one of these routes: tried a few times, then `no-answer`. */
export const callOrders = <Name extends OrderRouteName>(
  client: Pick<Client, 'request'>,
  name: Name,
  input: Readonly<{ params?: Params; body?: OrderBody<Name> }> = {},
): Promise<Outcome<OrderRouteView<Name>>> => client.request(callTo(ORDER_CALLS[name], input))
