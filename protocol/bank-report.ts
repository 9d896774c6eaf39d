// What the operator sees of a business day at the bank: what the bank says was booked against what the hub has, order by order.
import { Type, type Static } from 'typebox'
import * as part from './parts.ts'

const OrderIdPart = Type.String({
  description: 'as the bank knows the order: 32 digits of the payment, and its number',
})

export const BankReportView = part.Closed({
  isConnected: Type.Boolean({ description: 'the operator has a bank' }),
  day: Type.String({ description: 'YYYY-MM-DD, on the calendar of the scheme' }),
  unit: part.UnitPart,
  clearing: part.Closed(
    {
      ledger: part.SignedAmountPart,
      orders: part.SignedAmountPart,
      bank: part.SignedAmountPart,
      trusted: part.SignedAmountPart,
    },
    {
      description:
        'now: what has come from banks and not gone back, by the clearing accounts, by the orders, and by the bank; and what is taken on trust',
    },
  ),
  open: Type.Integer({ description: 'orders that the bank has not answered yet' }),
  differences: Type.Array(
    part.Closed({
      kind: part.literals(
        ['missing-at-bank', 'missing-here', 'other-amount'],
        'the bank has not booked it · the hub does not have it · the amounts differ',
      ),
      order: OrderIdPart,
      expected: part.SignedAmountPart,
      booked: part.SignedAmountPart,
    }),
  ),
  unpaid: Type.Array(
    part.Closed({
      payment: part.PaymentIdPart,
      label: Type.String(),
      amount: part.AmountPart,
      result: Type.String({
        description: "the file's result: 1 short of funds, 2 no account, 3 stopped, 4 no mandate …",
      }),
      at: part.TimePart,
    }),
    { description: 'taken on trust, and not collected' },
  ),
  stuck: Type.Array(
    part.Closed({ order: OrderIdPart, kind: Type.String(), amount: part.AmountPart, trouble: Type.String() }),
    { description: 'orders that only a person can put right' },
  ),
  wrongFiles: Type.Array(part.Closed({ file: Type.String(), trouble: Type.String() })),
})
export type BankReportView = Static<typeof BankReportView>
