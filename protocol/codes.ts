// The code a customer shows: the phone fetches it here; what a register does with it is the command bill-code.
import { Type, type Static } from 'typebox'
import * as part from './parts.ts'
import type { Route } from './routes.ts'

export const CustomerCodeView = part.Closed({
  code: Type.String({ pattern: '^WRF1\\.[A-Za-z0-9_-]{22}$', description: "the QR's text" }),
  digits: Type.String({ pattern: '^88[0-9]{13}$', description: 'its short form, for Code 128 and for typing' }),
  emv: Type.Union([Type.String(), Type.Null()], {
    description: 'the same code as an EMVCo consumer-presented QR, for registers that read those',
  }),
  expiresAt: part.TimePart,
  now: part.TimePart,
})
export type CustomerCodeView = Static<typeof CustomerCodeView>

export const CODE_ROUTES = {
  customerCode: {
    method: 'POST',
    path: '/v1/customer-codes',
    access: 'signed',
    who: 'device',
    summary: 'A one-use code for this person to show at a register, for a minute; it ends the last one of this phone.',
    body: part.Closed({}),
    response: CustomerCodeView,
    problems: ['device-revoked'],
  },
} as const satisfies Record<string, Route>

export const ALL_CODE_ROUTES: readonly Route[] = Object.values(CODE_ROUTES)
