// The route of customer codes. Reading one is part of the command bill-code.
import { CODE_ROUTES } from '#protocol/codes.ts'
import { deviceOf, type OnRoute } from '../http-callers.ts'
import type { Codes } from './codes.ts'

/** Registers the route. */
export function serveCodes(on: OnRoute, codes: Pick<Codes, 'make'>): void {
  on(CODE_ROUTES.customerCode, (request) => codes.make(deviceOf(request)))
}
