// The routes of bank accounts (protocol/means.ts) as a client calls them. The compiler holds each line to the route, which itself stays out
// of the browser with its schemas.
import type { MEANS_ROUTES, MeansBody, MeansListView, MeansRouteName } from '#protocol/means.ts'
import { callTo } from './calls.ts'
import type { Client } from './client.ts'
import type { Outcome } from './outcome.ts'

type Routes = typeof MEANS_ROUTES
type Address<Name extends MeansRouteName> = Readonly<Pick<Routes[Name], 'method' | 'path' | 'access'>>

export const MEANS_CALLS: { readonly [Name in MeansRouteName]: Address<Name> } = {
  means: { method: 'GET', path: '/v1/means', access: 'token' },
  addMeans: { method: 'POST', path: '/v1/means', access: 'signed' },
  removeMeans: { method: 'POST', path: '/v1/means-remove', access: 'signed' },
}

type BodyOf<Name extends MeansRouteName> = Name extends 'addMeans' | 'removeMeans' ? MeansBody<Name> : undefined

/** Calls one of these routes: tried a few times, then `no-answer`. */
export const callMeans = <Name extends MeansRouteName>(
  client: Pick<Client, 'request'>,
  name: Name,
  body?: BodyOf<Name>,
): Promise<Outcome<MeansListView>> => client.request(callTo(MEANS_CALLS[name], body === undefined ? {} : { body }))
