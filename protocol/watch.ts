// The WebSocket at /v1/watch: the first message carries the session's token; subscriptions follow; the hub sends whole views.
import { Type, type Static } from 'typebox'
import * as part from './parts.ts'
import { DealView, InboxView, LedgerView, PaymentView } from './views.ts'

export const WatchRequest = Type.Union([
  part.Closed({ type: Type.Literal('hello'), token: Type.String({ maxLength: 200 }) }),
  part.Closed({ type: Type.Literal('watch'), topic: part.literals(['terminal', 'inbox', 'ledger']) }),
  part.Closed({ type: Type.Literal('watch'), topic: Type.Literal('deal'), deal: part.DealIdPart }),
  part.Closed({ type: Type.Literal('watch'), topic: Type.Literal('payment'), payment: part.PaymentIdPart }),
  part.Closed({ type: Type.Literal('ping') }),
])
export type WatchRequest = Static<typeof WatchRequest>

export const WatchMessage = Type.Union([
  part.Closed({ type: Type.Literal('ready'), now: part.TimePart }),
  part.Closed({ type: Type.Literal('pong'), now: part.TimePart }),
  part.Closed({ type: Type.Literal('terminal'), view: Type.Union([DealView, Type.Null()]) }),
  part.Closed({ type: Type.Literal('deal'), view: DealView }),
  part.Closed({ type: Type.Literal('payment'), view: PaymentView }),
  part.Closed({ type: Type.Literal('inbox'), view: InboxView }),
  part.Closed({ type: Type.Literal('ledger'), view: LedgerView }),
  part.Closed({ type: Type.Literal('refused'), code: Type.String() }),
])
export type WatchMessage = Static<typeof WatchMessage>
