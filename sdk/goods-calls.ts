// The routes of price files (protocol/goods.ts) as a client calls them. The compiler holds each line to the route, which itself stays
// out of the browser with its schemas.
import type {
  GOODS_ROUTES,
  GoodRequest,
  GoodsRouteName,
  PriceFileChange,
  PriceFileRequest,
  PriceFileView,
} from '#protocol/goods.ts'
import { callTo } from './calls.ts'
import type { Client } from './client.ts'
import type { Outcome } from './outcome.ts'

type Routes = typeof GOODS_ROUTES
type Address<Name extends GoodsRouteName> = Readonly<Pick<Routes[Name], 'method' | 'path' | 'access'>>

export const GOODS_CALLS: { readonly [Name in GoodsRouteName]: Address<Name> } = {
  priceFile: { method: 'GET', path: '/v1/price-file', access: 'token' },
  priceFileCsv: { method: 'GET', path: '/v1/price-file.csv', access: 'token' },
  putPriceFile: { method: 'POST', path: '/v1/price-file', access: 'signed' },
  putGood: { method: 'POST', path: '/v1/price-file/good', access: 'signed' },
}

type Asks = Pick<Client, 'request'>

export const priceFile = (client: Asks): Promise<Outcome<PriceFileView>> =>
  client.request(callTo(GOODS_CALLS.priceFile))

/** The whole file as text: for reading, and for saving. */
export const priceFileCsv = (client: Asks): Promise<Outcome<string>> => client.request(callTo(GOODS_CALLS.priceFileCsv))

/** Replaces the file, or says what that would change (`check`). */
export const putPriceFile = (client: Asks, body: PriceFileRequest): Promise<Outcome<PriceFileChange>> =>
  client.request(callTo(GOODS_CALLS.putPriceFile, { body }))

/** Adds, changes or removes one good. */
export const putGood = (client: Asks, body: GoodRequest): Promise<Outcome<PriceFileChange>> =>
  client.request(callTo(GOODS_CALLS.putGood, { body }))
