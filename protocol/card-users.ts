// A card's user id, which a wallet shows at a register: it names the card and the phone, and never pays; what a register does with it is
// the command bill-code. And the card machine beside a terminal, which takes one-time card numbers.
import { Type, type Static, type TSchema } from 'typebox'
import * as part from './parts.ts'
import type { Route } from './routes.ts'

const orNull = <const Schema extends TSchema>(schema: Schema) => Type.Union([schema, Type.Null()])

const AddressPart = Type.String({
  pattern: '^http://(127\\.0\\.0\\.1|localhost):[1-9][0-9]{1,4}$',
  description:
    "where the machine's program listens on the register's own computer: the register's page goes nowhere else",
  examples: ['http://127.0.0.1:8583'],
})
const TokenPart = Type.String({
  pattern: '^[\\x21-\\x7e]{8,200}$',
  description: 'what the machine asks of the register; kept sealed, and told to that register alone',
})

export const CardUserView = part.Closed({
  card: part.MeansIdPart,
  user: Type.String({ pattern: '^WRF3\\.[A-Za-z0-9_-]{22}$', description: "the user id, as the QR's text" }),
  madeAt: part.TimePart,
})
export type CardUserView = Static<typeof CardUserView>

/** null: no machine stands there, and cards are charged by the hub. */
export const CardMachineView = part.Closed({
  machine: orNull(part.Closed({ address: AddressPart, token: TokenPart })),
})
export type CardMachineView = Static<typeof CardMachineView>

export const CardMachinesView = part.Closed({
  machines: Type.Array(part.Closed({ terminal: part.TerminalIdPart, address: AddressPart, setAt: part.TimePart }), {
    description: 'the tokens are told to nobody here',
  }),
})
export type CardMachinesView = Static<typeof CardMachinesView>

const STAFF_PROBLEMS = ['cashier-needed', 'not-permitted'] as const

export const CARD_USER_ROUTES = {
  cardUser: {
    method: 'POST',
    path: '/v1/card-users',
    access: 'signed',
    who: 'device',
    summary:
      "A new user id for one of this person's cards on this phone; it ends the last one. It names them and pays nothing.",
    body: part.Closed({ card: part.MeansIdPart }),
    response: CardUserView,
    problems: ['means-not-found', 'device-revoked', 'too-many-tries'],
  },
  cardMachine: {
    method: 'GET',
    path: '/v1/card-machine',
    access: 'token',
    who: 'terminal',
    summary: 'The card machine beside this terminal, with the token that it asks for.',
    response: CardMachineView,
    problems: [],
  },
  cardMachines: {
    method: 'GET',
    path: '/v1/card-machines',
    access: 'token',
    who: 'terminal',
    summary: "Which of the merchant's terminals have a card machine beside them.",
    response: CardMachinesView,
    problems: STAFF_PROBLEMS,
  },
  setCardMachine: {
    method: 'POST',
    path: '/v1/card-machines',
    access: 'signed',
    who: 'terminal',
    summary:
      "The card machine beside one of the merchant's terminals: cards are charged there with one-time numbers from now on; null takes it away.",
    body: part.Closed({
      terminal: part.TerminalIdPart,
      machine: orNull(part.Closed({ address: AddressPart, token: TokenPart })),
    }),
    response: CardMachinesView,
    problems: [...STAFF_PROBLEMS, 'not-found'],
  },
} as const satisfies Record<string, Route>

export type CardUserRouteName = keyof typeof CARD_USER_ROUTES
export type CardUserBody<Name extends 'cardUser' | 'setCardMachine'> = Static<(typeof CARD_USER_ROUTES)[Name]['body']>
export type CardUserRouteView<Name extends CardUserRouteName> = Static<(typeof CARD_USER_ROUTES)[Name]['response']>
export const ALL_CARD_USER_ROUTES: readonly Route[] = Object.values(CARD_USER_ROUTES)
