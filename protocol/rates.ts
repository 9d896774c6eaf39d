// Exchange rates: what everybody may read, and what an operator sets.
import { Type, type Static } from 'typebox'
import { LIMITS } from './limits.ts'
import * as part from './parts.ts'
import type { Route } from './routes.ts'

const SpreadPart = Type.Integer({ minimum: 0, maximum: 9_999, description: 'hundredths of a percent' })

/** Why a row cannot be taken; row 0 is the file as a whole. */
export const RATE_FAULTS = [
  'header',
  'empty',
  'too-many-rows',
  'columns',
  'unit',
  'same-unit',
  'price',
  'spread',
  'time',
  'overlap',
] as const
export type RateFault = (typeof RATE_FAULTS)[number]

const RateSent = part.Closed({
  from: part.UnitPart,
  to: part.UnitPart,
  price: Type.Union([part.PricePart, Type.Null()], {
    description: 'null: no exchange until somebody sets another rate',
  }),
  spread: SpreadPart,
  validFrom: Type.Union([part.TimePart, Type.Null()], { description: 'null: from now on' }),
  validUntil: part.TimePart,
})

/** Rows, or a CSV file as text: see docs/ways/foreign-currency.md. */
export const RatesSent = Type.Union(
  [
    Type.Array(RateSent, { minItems: 1, maxItems: LIMITS.rateRows }),
    Type.String({
      minLength: 1,
      maxLength: LIMITS.rateFileBytes,
      description:
        'CSV (comma, semicolon or tab) with the header from,to,price,spread,valid_from,valid_until: spread in percent, days or times (ISO 8601); valid_from may be left out',
    }),
  ],
  { description: 'rows, or a CSV file as text' },
)
export type RatesSent = Static<typeof RatesSent>

/** A rate as a payer in `from` gets it for a bill in `to`. */
export const RateView = part.Closed({
  from: part.UnitPart,
  to: part.UnitPart,
  price: Type.String({ description: 'main units of `to` for one of `from`, the spread taken off' }),
  spread: SpreadPart,
  until: part.TimePart,
})
export type RateView = Static<typeof RateView>

/** A rate as it was set. */
export const SetRateView = part.Closed({
  from: part.UnitPart,
  to: part.UnitPart,
  price: Type.Union([Type.String(), Type.Null()]),
  spread: SpreadPart,
  validFrom: part.TimePart,
  validUntil: part.TimePart,
  origin: part.literals(['desk', 'source']),
  setBy: Type.String(),
  setAt: part.TimePart,
})
export type SetRateView = Static<typeof SetRateView>

/** What a file of rates would do. */
export const RatesCheckView = part.Closed({
  rows: Type.Integer(),
  jumps: Type.Array(Type.Integer(), { description: 'rows more than a fifth away from what was said last of the pair' }),
  faults: Type.Array(
    part.Closed({
      row: Type.Integer({ description: 'in CSV the line as a spreadsheet counts it, else from 1; 0: the file' }),
      reason: part.literals(RATE_FAULTS),
    }),
  ),
})
export type RatesCheckView = Static<typeof RatesCheckView>

/** Why a source's answer was not used. */
export const SOURCE_TROUBLES = ['no-answer', 'status', 'not-json', 'too-large', 'shape', 'old', 'jump'] as const
export type SourceTrouble = (typeof SOURCE_TROUBLES)[number]

export const RATE_ROUTES = {
  rates: {
    method: 'GET',
    path: '/v1/rates',
    access: 'open',
    summary:
      'Exchange rates in force, both ways of each pair, as a payer gets them. What binds is the quote of a payment.',
    response: part.Closed({ rates: Type.Array(RateView), now: part.TimePart }),
    problems: [],
  },
} as const satisfies Record<string, Route>
export type RatesView = Static<(typeof RATE_ROUTES)['rates']['response']>

/** The desk's reads; `ratesCheck` is a question too long for an address. */
export const OPERATOR_RATE_ROUTES = {
  operatorRates: {
    method: 'GET',
    path: '/v1/operator/rates',
    access: 'token',
    who: 'operator',
    summary: 'Exchange rates in force and the newest that were set, and how their source is doing.',
    response: part.Closed({
      inForce: Type.Array(SetRateView),
      newest: Type.Array(SetRateView),
      source: Type.Union([
        part.Closed({
          name: Type.String(),
          units: Type.Array(part.UnitPart),
          answeredAt: Type.Union([part.TimePart, Type.Null()]),
          trouble: Type.Union([part.literals(SOURCE_TROUBLES), Type.Null()]),
          keptOut: Type.Array(Type.String({ description: 'pair and price: "USD JPY 300.5"' })),
        }),
        Type.Null(),
      ]),
    }),
    problems: [],
  },
  ratesCheck: {
    method: 'POST',
    path: '/v1/operator/rates-check',
    access: 'token',
    who: 'operator',
    summary: 'What a file of exchange rates would do, row by row; nothing is set.',
    body: part.Closed({ rows: RatesSent }),
    bodyBytes: 2 * LIMITS.rateFileBytes,
    response: RatesCheckView,
    problems: ['too-large'],
  },
} as const satisfies Record<string, Route>

export const ALL_RATE_ROUTES: readonly Route[] = Object.values(RATE_ROUTES)
