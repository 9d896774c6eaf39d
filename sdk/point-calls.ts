// The routes of unattended points (protocol/points.ts) as a client calls them. The compiler holds each line to the route, which itself
// stays out of the browser with its schemas.
import type { POINT_ROUTES, PointBody, PointRouteName, PointRouteView } from '#protocol/points.ts'
import { callTo } from './calls.ts'
import type { Client } from './client.ts'
import type { Outcome } from './outcome.ts'

type Routes = typeof POINT_ROUTES
type Address<Name extends PointRouteName> = Readonly<Pick<Routes[Name], 'method' | 'path' | 'access'>>

export const POINT_CALLS: { readonly [Name in PointRouteName]: Address<Name> } = {
  point: { method: 'GET', path: '/v1/points/{point}', access: 'open' },
  pointPicture: { method: 'GET', path: '/v1/points/{point}/picture', access: 'open' },
  openPointDeal: { method: 'POST', path: '/v1/points/deals', access: 'signed' },
  points: { method: 'GET', path: '/v1/points', access: 'token' },
  setPoint: { method: 'POST', path: '/v1/points', access: 'signed' },
  setPointPicture: { method: 'POST', path: '/v1/points/picture', access: 'signed' },
  endPoint: { method: 'POST', path: '/v1/points/end', access: 'signed' },
}

/** Calls one of these routes: tried a few times, then `no-answer`. */
export const callPoint = <Name extends PointRouteName>(
  client: Pick<Client, 'request'>,
  name: Name,
  input: Readonly<{ params?: Readonly<{ point: string }>; body?: PointBody<Name> }> = {},
): Promise<Outcome<PointRouteView<Name>>> => client.request(callTo(POINT_CALLS[name], input))
