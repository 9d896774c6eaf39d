// The routes as the client calls them. The compiler holds each line to protocol/routes.ts, which itself stays out of the
// browser with its schemas.
import type { ROUTES, RouteName } from '#protocol/routes.ts'
import type { Call } from './transport.ts'

type Routes = typeof ROUTES
type Address<Name extends RouteName> = Readonly<Pick<Routes[Name], 'method' | 'path' | 'access'>>

export const CALLS: { readonly [Name in RouteName]: Address<Name> } = {
  health: { method: 'GET', path: '/health', access: 'open' },
  scheme: { method: 'GET', path: '/v1/scheme', access: 'open' },
  enrol: { method: 'POST', path: '/v1/enrolments', access: 'open' },
  session: { method: 'POST', path: '/v1/sessions', access: 'open' },
  secret: { method: 'POST', path: '/v1/secret', access: 'signed' },
  passkeyOptions: { method: 'POST', path: '/v1/passkeys/options', access: 'signed' },
  passkey: { method: 'POST', path: '/v1/passkeys', access: 'signed' },
  self: { method: 'GET', path: '/v1/self', access: 'token' },
  deals: { method: 'GET', path: '/v1/deals', access: 'token' },
  deal: { method: 'GET', path: '/v1/deals/{deal}', access: 'token' },
  payment: { method: 'GET', path: '/v1/payments/{payment}', access: 'token' },
  inbox: { method: 'GET', path: '/v1/inbox', access: 'token' },
  balances: { method: 'GET', path: '/v1/balances', access: 'token' },
  history: { method: 'GET', path: '/v1/history', access: 'token' },
  statement: { method: 'GET', path: '/v1/history.csv', access: 'token' },
  sales: { method: 'GET', path: '/v1/sales', access: 'token' },
  sale: { method: 'GET', path: '/v1/sales/{payment}', access: 'token' },
  openUnit: { method: 'POST', path: '/v1/units', access: 'signed' },
  contacts: { method: 'GET', path: '/v1/contacts', access: 'token' },
  putContact: { method: 'POST', path: '/v1/contacts', access: 'signed' },
  demoCode: { method: 'POST', path: '/v1/demo/codes', access: 'open' },
}

type Input = Readonly<{ params?: object; query?: object; body?: unknown }>

/** The call of a route: the path filled in, empty query fields left out. */
export const callOf = (name: RouteName, input: Input = {}): Call => callTo(CALLS[name], input)

/** The call of any route, by its address. */
export function callTo({ method, path, access }: Pick<Call, 'method' | 'path' | 'access'>, input: Input = {}): Call {
  let filled: string = path
  for (const [key, value] of Object.entries(input.params ?? {})) {
    filled = filled.replace(`{${key}}`, encodeURIComponent(String(value)))
  }
  const query = Object.fromEntries(
    Object.entries(input.query ?? {}).flatMap(([key, value]) => (value === undefined ? [] : [[key, String(value)]])),
  )
  return {
    method,
    path: filled,
    access,
    ...(Object.keys(query).length > 0 && { query }),
    ...(typeof input.body === 'object' && input.body !== null && { body: input.body }),
  }
}
