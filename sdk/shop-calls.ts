// The routes of a shop on the web (protocol/shop.ts) as a client calls them. The compiler holds each line to the route, which itself stays
// out of the browser with its schemas.
import type { SHOP_ROUTES, ShopBody, ShopRouteName, ShopView } from '#protocol/shop.ts'
import { callTo } from './calls.ts'
import type { Client } from './client.ts'
import type { Outcome } from './outcome.ts'

type Routes = typeof SHOP_ROUTES
type Address<Name extends ShopRouteName> = Readonly<Pick<Routes[Name], 'method' | 'path' | 'access'>>

export const SHOP_CALLS: { readonly [Name in ShopRouteName]: Address<Name> } = {
  apiKeys: { method: 'GET', path: '/v1/api-keys', access: 'token' },
  addApiKey: { method: 'POST', path: '/v1/api-keys', access: 'signed' },
  endApiKey: { method: 'POST', path: '/v1/api-keys/end', access: 'signed' },
  webhooks: { method: 'GET', path: '/v1/webhooks', access: 'token' },
  addWebhook: { method: 'POST', path: '/v1/webhooks', access: 'signed' },
  changeWebhook: { method: 'POST', path: '/v1/webhooks/change', access: 'signed' },
  endWebhook: { method: 'POST', path: '/v1/webhooks/end', access: 'signed' },
  rotateWebhook: { method: 'POST', path: '/v1/webhooks/rotate', access: 'signed' },
  deliveries: { method: 'GET', path: '/v1/webhooks/{endpoint}/deliveries', access: 'token' },
  testWebhook: { method: 'POST', path: '/v1/webhooks/test', access: 'signed' },
  resend: { method: 'POST', path: '/v1/webhooks/resend', access: 'signed' },
  paymentLinks: { method: 'GET', path: '/v1/payment-links', access: 'token' },
  addPaymentLink: { method: 'POST', path: '/v1/payment-links', access: 'signed' },
  endPaymentLink: { method: 'POST', path: '/v1/payment-links/end', access: 'signed' },
  pay: { method: 'GET', path: '/v1/pay/{link}', access: 'open' },
  openPay: { method: 'POST', path: '/v1/pay', access: 'open' },
  payState: { method: 'GET', path: '/v1/pay/{link}/{visit}', access: 'open' },
}

export type ShopInput<Name extends ShopRouteName> = Readonly<{
  params?: object
  body?: ShopBody<Name>
  signal?: AbortSignal
}>

/** Calls one of these routes, as `client.call` does those of protocol/routes.ts: tried a few times, then `no-answer`. */
export const callShop = <Name extends ShopRouteName>(
  client: Pick<Client, 'request'>,
  name: Name,
  input: ShopInput<Name> = {},
): Promise<Outcome<ShopView<Name>>> => client.request(callTo(SHOP_CALLS[name], input), input.signal)
