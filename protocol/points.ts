// Unattended points: what a phone reads of a sign, the deal it opens there, and what a merchant's office does with its signs.
import { Type, type Static, type TSchema } from 'typebox'
import { LIMITS } from './limits.ts'
import * as part from './parts.ts'
import type { Route } from './routes.ts'

const orNull = <const Schema extends TSchema>(schema: Schema) => Type.Union([schema, Type.Null()])

export const PointIdPart = Type.String({
  pattern: '^pnt_[0-9a-f]{32}$',
  description: 'an unattended point, made by the office; it is printed, and so no secret',
  examples: [`pnt_${'0123456789abcdef'.repeat(2)}`],
})

const Sign = {
  point: PointIdPart,
  label: part.TextPart(LIMITS.nameLength),
  place: part.TextPart(LIMITS.textLength),
  text: part.TextPart(LIMITS.textLength),
  unit: part.UnitPart,
  mode: part.literals(
    ['amount', 'fixed', 'order'],
    'amount: the payer types it · fixed: the sign has a price · order: from the menu (protocol/orders.ts)',
  ),
  amount: orNull(part.AmountPart),
  minimum: orNull(part.AmountPart),
  maximum: orNull(part.AmountPart),
}
const PayingPart = orNull(
  part.literals(['first', 'end'], 'where one orders: paid first and then made, or when the table likes'),
)
const TaxRate = orNull(Type.Integer({ minimum: 0, maximum: 10_000, description: 'hundredths of a percent' }))

/** What whoever stands before the sign may know. */
export const PointView = part.Closed({
  ...Sign,
  paying: PayingPart,
  shop: Type.String({ description: 'the merchant’s name' }),
  legalName: Type.String(),
  hasPicture: Type.Boolean(),
})
export type PointView = Static<typeof PointView>

export const OfficePointView = part.Closed({
  ...Sign,
  paying: PayingPart,
  taxRate: TaxRate,
  hasPicture: Type.Boolean(),
  status: part.literals(['active', 'ended']),
  createdAt: part.TimePart,
  link: Type.String({ description: 'what the QR and a tag hold' }),
  emv: orNull(Type.String({ description: 'the same as a static EMVCo code, for wallets that read those' })),
})
export type OfficePointView = Static<typeof OfficePointView>

const PointsView = part.Closed({ points: Type.Array(OfficePointView) })
export type PointsView = Static<typeof PointsView>

export const PointDealView = part.Closed({
  deal: part.DealIdPart,
  number: orNull(part.NumberPart),
  link: orNull(Type.String({ description: 'joins this deal; null once somebody has' })),
  expiresAt: orNull(part.TimePart),
})
export type PointDealView = Static<typeof PointDealView>

const office = { access: 'signed', who: 'terminal', method: 'POST' } as const
const STAFF_PROBLEMS = ['cashier-needed', 'not-permitted'] as const

export const POINT_ROUTES = {
  point: {
    method: 'GET',
    path: '/v1/points/{point}',
    access: 'open',
    summary: 'What a sign is: whose, where, and what is paid there.',
    params: part.Closed({ point: PointIdPart }),
    response: PointView,
    problems: ['not-found', 'point-ended', 'too-many-tries'],
  },
  pointPicture: {
    method: 'GET',
    path: '/v1/points/{point}/picture',
    access: 'open',
    summary: 'The picture of the place, so that a sign that was moved or pasted over shows itself.',
    params: part.Closed({ point: PointIdPart }),
    response: part.Closed({ picture: Type.String({ description: 'base64 of the JPEG' }) }),
    problems: ['not-found', 'point-ended', 'too-many-tries'],
  },
  openPointDeal: {
    method: 'POST',
    path: '/v1/points/deals',
    access: 'signed',
    who: 'device',
    summary: 'Opens a deal in the name of the sign, for this phone to join. The same command again is the same deal.',
    body: part.Closed({
      command: part.CommandIdPart,
      point: PointIdPart,
      amount: Type.Union([part.AmountPart, Type.Null()], {
        description: 'what the payer has typed; null where the sign has a price',
      }),
    }),
    response: PointDealView,
    problems: [
      'not-found',
      'point-ended',
      'amount-invalid',
      'too-many-tries',
      'device-revoked',
      'command-mismatch',
      'terminal-inactive',
      'account-frozen',
      'account-closed',
      'unit-mismatch',
    ],
  },
  points: {
    method: 'GET',
    path: '/v1/points',
    access: 'token',
    who: 'terminal',
    summary: "The merchant's signs: those in use, then those that have ended, newest first.",
    response: PointsView,
    problems: STAFF_PROBLEMS,
  },
  setPoint: {
    ...office,
    path: '/v1/points',
    summary: 'A new sign, or (its id given again) a changed one. Deals that were opened before keep their bill.',
    body: part.Closed({ ...Sign, paying: Type.Optional(PayingPart), taxRate: TaxRate }),
    response: OfficePointView,
    problems: [
      ...STAFF_PROBLEMS,
      'field-invalid',
      'unit-invalid',
      'unit-mismatch',
      'point-ended',
      'not-found',
      'too-many-points',
    ],
  },
  setPointPicture: {
    ...office,
    path: '/v1/points/picture',
    summary: 'The picture of the place: a JPEG, which the hub reads and writes anew. Null removes it.',
    body: part.Closed({ point: PointIdPart, picture: orNull(part.Base64urlPart(LIMITS.pictureSentBytes, 'JPEG')) }),
    bodyBytes: LIMITS.pictureSentBytes + 1024,
    response: OfficePointView,
    problems: [...STAFF_PROBLEMS, 'not-found', 'point-ended', 'picture-invalid', 'too-many-tries'],
  },
  endPoint: {
    ...office,
    path: '/v1/points/end',
    summary: 'Nobody can pay at this sign any more. It cannot be brought back.',
    body: part.Closed({ point: PointIdPart }),
    response: OfficePointView,
    problems: [...STAFF_PROBLEMS, 'not-found'],
  },
} as const satisfies Record<string, Route>

export type PointRouteName = keyof typeof POINT_ROUTES
type PartOf<Name extends PointRouteName, Part extends 'body'> =
  (typeof POINT_ROUTES)[Name] extends Readonly<Record<Part, infer Schema extends TSchema>> ? Static<Schema> : unknown
export type PointBody<Name extends PointRouteName> = PartOf<Name, 'body'>
export type PointRouteView<Name extends PointRouteName> = Static<(typeof POINT_ROUTES)[Name]['response']>

export const ALL_POINT_ROUTES: readonly Route[] = Object.values(POINT_ROUTES)
