// Receipts and what a shop says of itself on them: reading, printing, mailing.
import { Type, type Static, type TSchema } from 'typebox'
import { MEANS, RECEIPT_STATES } from '#core/receipt.ts'
import { ROUNDING_SCOPES, ROUNDING_WAYS } from '#core/shop.ts'
import { LanguagePart } from './identity.ts'
import { LIMITS } from './limits.ts'
import * as part from './parts.ts'
import type { Route } from './routes.ts'

const orNull = <const Schema extends TSchema>(schema: Schema) => Type.Union([schema, Type.Null()])

export const ShopPart = part.Closed({
  invoiceNumber: orNull(
    Type.String({
      pattern: '^T[1-9][0-9]{12}$',
      description: "Japan's qualified invoice issuer's number; its first digit is a check digit",
      examples: ['T7000012050002'],
    }),
  ),
  address: orNull(part.TextPart(LIMITS.textLength)),
  phone: orNull(Type.String({ pattern: '^[+0-9][0-9 ().-]{3,29}$', examples: ['03-0000-0000'] })),
  receiptText: orNull(part.TextPart(LIMITS.receiptTextLength)),
  rounding: part.Closed(
    { per: part.literals(ROUNDING_SCOPES), to: part.literals(ROUNDING_WAYS) },
    { description: 'how tax is rounded: of each line, or once for each rate of a bill' },
  ),
  showsCashier: Type.Boolean({ description: 'who stood at the till stands on the receipt' }),
})
export type ShopWire = Static<typeof ShopPart>

const TaxRows = Type.Array(
  part.Closed({
    rate: Type.Integer({ description: 'hundredths of a percent' }),
    isReduced: Type.Boolean({ description: 'marked ※' }),
    amount: part.AmountPart,
    tax: part.AmountPart,
  }),
  { description: 'by rate, the highest first; amounts hold their tax' },
)

const text = orNull(Type.String())

export const ReceiptPart = part.Closed({
  scheme: part.Closed({ id: part.SchemeIdPart, name: Type.String() }),
  payment: part.PaymentIdPart,
  issuedAt: part.TimePart,
  shop: part.Closed({
    name: Type.String(),
    legalName: text,
    address: text,
    phone: text,
    invoiceNumber: text,
    text,
  }),
  terminal: text,
  cashier: text,
  paidAt: part.TimePart,
  zone: Type.String({ description: 'IANA time zone that the receipt is dated in' }),
  state: part.literals(RECEIPT_STATES),
  means: part.literals(MEANS),
  voucher: orNull(
    part.Closed(
      {
        card: Type.String({ description: 'its issuer and last digits' }),
        method: Type.String({ description: 'how it is repaid: lump, instalments-3, …' }),
        approval: Type.String({ description: "the issuer's approval code" }),
        rrn: Type.String({ description: 'retrieval reference number' }),
      },
      { description: "the card's sales slip; null where it was not paid by card" },
    ),
  ),
  unit: part.UnitPart,
  total: part.AmountPart,
  lines: Type.Array(
    part.Closed({
      text: Type.String(),
      quantity: Type.Integer(),
      amount: part.AmountPart,
      taxRate: orNull(Type.Integer()),
      isReduced: Type.Boolean(),
    }),
  ),
  taxes: TaxRows,
  held: Type.Array(
    part.Closed({
      amount: part.AmountPart,
      waits: part.literals(['delivery', 'cooling-off']),
      until: orNull(part.TimePart),
    }),
  ),
  wentBack: part.AmountPart,
  refunds: Type.Array(part.Closed({ payment: part.PaymentIdPart, at: part.TimePart, amount: part.AmountPart })),
  left: part.AmountPart,
  taxesLeft: TaxRows,
})
export type ReceiptWire = Static<typeof ReceiptPart>

export const ReceiptView = part.Closed({
  receipt: ReceiptPart,
  signed: Type.String({ description: 'the text that was signed: see receiptText in core/receipt.ts' }),
  signature: part.Base64urlPart(86, 'P-256 signature r‖s over SHA-256 of the UTF-8 bytes of `signed`'),
  key: part.Base64urlPart(87, "the scheme's public key, uncompressed, 65 bytes"),
  link: Type.String({ description: 'the page on which anybody who has the link sees the receipt and its check' }),
})
export type ReceiptView = Static<typeof ReceiptView>

export const PAPERS = ['58', '80'] as const
export type Paper = (typeof PAPERS)[number]

const PaymentParams = part.Closed({ payment: part.PaymentIdPart })

export const RECEIPT_ROUTES = {
  shop: {
    method: 'GET',
    access: 'token',
    who: 'terminal',
    path: '/v1/shop',
    summary: 'What this shop says of itself on receipts, and how it rounds tax.',
    response: ShopPart,
    problems: [],
  },
  setShop: {
    method: 'POST',
    access: 'signed',
    who: 'terminal',
    path: '/v1/shop',
    summary: 'Changes it, for receipts of what is paid from now on. Owners and managers, where there is staff.',
    body: ShopPart,
    response: ShopPart,
    problems: ['invoice-number-invalid', 'too-many-tries', 'cashier-needed', 'not-permitted'],
  },
  receipt: {
    method: 'GET',
    access: 'token',
    who: 'holder',
    path: '/v1/receipts/{payment}',
    summary: 'The receipt of a paid bill as the books stand now, signed: for its payer, and for who was paid.',
    params: PaymentParams,
    response: ReceiptView,
    problems: ['not-found', 'no-receipt', 'cashier-needed'],
  },
  mailReceipt: {
    method: 'POST',
    access: 'signed',
    who: 'device',
    path: '/v1/receipt-mails',
    summary: "Sends the receipt to the person's own address.",
    body: part.Closed({ payment: part.PaymentIdPart, language: LanguagePart }),
    response: part.Closed({ email: Type.String({ description: 'where it went' }) }),
    problems: ['not-found', 'no-receipt', 'mail-unavailable', 'email-missing', 'too-many-tries'],
  },
  printReceipt: {
    method: 'POST',
    access: 'signed',
    who: 'terminal',
    path: '/v1/receipt-prints',
    summary: 'The receipt for paper: the first printing is the original, each later one says that it is a copy.',
    body: part.Closed({
      payment: part.PaymentIdPart,
      print: Type.String({
        pattern: '^[0-9a-f]{32}$',
        description: 'made by the printer’s side; the same asked again is the same printing',
      }),
      form: part.literals(['page', 'escpos'], 'a page for the browser to print, or bytes for a receipt printer'),
      paper: part.literals([...PAPERS, 'A4'], 'width of the roll in mm, or a sheet for the browser to print'),
      language: LanguagePart,
      cut: Type.Boolean(),
      drawer: Type.Boolean({ description: 'opens the cash drawer' }),
    }),
    response: part.Closed({
      isCopy: Type.Boolean(),
      page: Type.String({ description: 'path of the page to print' }),
      bytes: orNull(Type.String({ description: 'base64url of ESC/POS' })),
    }),
    problems: ['not-found', 'no-receipt', 'cashier-needed', 'not-permitted'],
  },
} as const satisfies Record<string, Route>

export type ReceiptRouteName = keyof typeof RECEIPT_ROUTES
type PartOf<Name extends ReceiptRouteName, Part extends 'body'> =
  (typeof RECEIPT_ROUTES)[Name] extends Readonly<Record<Part, infer Schema extends TSchema>> ? Static<Schema> : unknown
export type ReceiptBody<Name extends ReceiptRouteName> = PartOf<Name, 'body'>
export type ReceiptRouteView<Name extends ReceiptRouteName> = Static<(typeof RECEIPT_ROUTES)[Name]['response']>

export const ALL_RECEIPT_ROUTES: readonly Route[] = Object.values(RECEIPT_ROUTES)
