// A purchase that the register signs, for a phone without a network (core/purchase.ts): the register's certificate, and what became of
// a purchase that this phone has signed. Handing in are the commands submit-signed (the register) and submit-purchase (the phone).
import { Type, type Static } from 'typebox'
import * as part from './parts.ts'
import type { Route } from './routes.ts'
import { PaymentView } from './views.ts'

export const TerminalCertificateView = part.Closed({
  certificate: Type.String({
    pattern: '^WT1\\.[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]{86}$',
    description: "who this terminal is, signed by the scheme's key (`signer` of GET /v1/scheme)",
  }),
  from: part.TimePart,
  until: part.TimePart,
})
export type TerminalCertificateView = Static<typeof TerminalCertificateView>

export const PURCHASE_ROUTES = {
  terminalCertificate: {
    method: 'GET',
    path: '/v1/terminal-certificate',
    access: 'token',
    who: 'terminal',
    summary: "The scheme's word on this terminal's name and key, for phones without a network; good for 30 days.",
    response: TerminalCertificateView,
    problems: [],
  },
  purchaseOutcome: {
    method: 'GET',
    path: '/v1/purchases/{terminal}/{deal}',
    access: 'token',
    who: 'device',
    summary: 'The payment that a purchase signed by this person has become, once it was handed in.',
    params: part.Closed({ terminal: part.TerminalIdPart, deal: part.DealIdPart }),
    response: PaymentView,
    problems: ['not-found'],
  },
} as const satisfies Record<string, Route>

export const ALL_PURCHASE_ROUTES: readonly Route[] = Object.values(PURCHASE_ROUTES)
