// A merchant's price file on the wire: read by its registers, written by its office as CSV or one good at a time.
import { Type, type Static } from 'typebox'
import { COLUMNS, ROW_FAULTS } from '#core/price-file.ts'
import { ROUNDING_SCOPES, ROUNDING_WAYS } from '#core/shop.ts'
import { LIMITS } from './limits.ts'
import * as part from './parts.ts'
import type { Route } from './routes.ts'

const orNull = <const Schema extends Parameters<typeof Type.Array>[0]>(schema: Schema) =>
  Type.Union([schema, Type.Null()])

export const PriceFileView = part.Closed({
  version: Type.Integer({ minimum: 0, description: 'every change raises it; 0 where there is no file yet' }),
  count: Type.Integer({ minimum: 0 }),
  at: orNull(part.TimePart),
  rounding: part.Closed(
    { per: part.literals(ROUNDING_SCOPES), to: part.literals(ROUNDING_WAYS) },
    { description: 'how the shop rounds tax' },
  ),
})
export type PriceFileView = Static<typeof PriceFileView>

const BasedOnPart = Type.Integer({ minimum: 0, maximum: 2_147_483_646, description: 'the version this was made from' })

const FaultPart = part.Closed({
  line: Type.Integer({ description: 'as a text editor counts; 1 is the header' }),
  column: orNull(Type.String()),
  reason: part.literals(ROW_FAULTS),
})
const ChangePart = part.Closed({
  change: part.literals(['added', 'changed', 'removed']),
  code: Type.String(),
  name: Type.String(),
  before: orNull(part.AmountPart),
  after: orNull(part.AmountPart),
})

/** What a file changes, or would. `stored` is false where it was only asked about. */
export const PriceFileChange = part.Closed({
  stored: Type.Boolean(),
  file: PriceFileView,
  count: Type.Integer({ description: 'goods in the file that was sent' }),
  added: Type.Integer(),
  changed: Type.Integer(),
  removed: Type.Integer(),
  changes: Type.Array(ChangePart, {
    maxItems: LIMITS.goodsListed,
    description: 'the first of them, by the file’s order',
  }),
  faultCount: Type.Integer({ description: 'rows that cannot be taken; with one, nothing is stored' }),
  faults: Type.Array(FaultPart, { maxItems: LIMITS.goodsListed }),
})
export type PriceFileChange = Static<typeof PriceFileChange>

/** The CSV is a string: the body is JSON as everywhere, so that one signature and one reader serve all. */
export const PriceFileRequest = part.Closed({
  basedOn: BasedOnPart,
  csv: Type.String({ maxLength: LIMITS.goodsFileBytes, description: 'RFC 4180, a header of column names first' }),
  check: Type.Boolean({ description: 'only say what would change' }),
})
export type PriceFileRequest = Static<typeof PriceFileRequest>

const CellPart = Type.String({ maxLength: 400 })
const RowPart = part.Closed(
  Object.fromEntries(COLUMNS.map((column) => [column, CellPart])) as Record<(typeof COLUMNS)[number], typeof CellPart>,
)
export const GoodRequest = part.Closed({
  basedOn: BasedOnPart,
  code: orNull(Type.String({ maxLength: 40, description: 'the good that is changed; null for a new one' })),
  row: orNull(RowPart),
})
export type GoodRequest = Static<typeof GoodRequest>

export const GOODS_ROUTES = {
  priceFile: {
    method: 'GET',
    path: '/v1/price-file',
    summary: "Which version of the merchant's price file there is, and how the shop rounds tax.",
    access: 'token',
    who: 'terminal',
    response: PriceFileView,
    problems: [],
  },
  priceFileCsv: {
    method: 'GET',
    path: '/v1/price-file.csv',
    summary: 'The whole price file.',
    access: 'token',
    who: 'terminal',
    response: Type.String(),
    type: 'text/csv',
    problems: [],
  },
  putPriceFile: {
    method: 'POST',
    path: '/v1/price-file',
    summary:
      'Replaces the price file by a CSV, or says what that would change. Owner or manager, where the shop has staff.',
    access: 'signed',
    who: 'terminal',
    body: PriceFileRequest,
    bodyBytes: 2 * LIMITS.goodsFileBytes,
    response: PriceFileChange,
    problems: ['goods-invalid', 'goods-changed', 'too-many-tries', 'cashier-needed', 'not-permitted'],
  },
  putGood: {
    method: 'POST',
    path: '/v1/price-file/good',
    summary: 'Adds, changes or removes one good. Owner or manager, where the shop has staff.',
    access: 'signed',
    who: 'terminal',
    body: GoodRequest,
    response: PriceFileChange,
    problems: [
      'goods-invalid',
      'unit-invalid',
      'goods-changed',
      'too-many-tries',
      'cashier-needed',
      'not-permitted',
      'not-found',
    ],
  },
} as const satisfies Record<string, Route>

export const ALL_GOODS_ROUTES: readonly Route[] = Object.values(GOODS_ROUTES)
export type GoodsRouteName = keyof typeof GOODS_ROUTES
