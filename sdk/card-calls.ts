// The routes of cards (protocol/cards.ts) as a wallet calls them. The compiler holds each line to the route, which itself stays out of the
// browser with its schemas.
import type {
  CARD_ROUTES,
  CardBody,
  CardKeysView,
  CardMethodsView,
  CardPaymentsView,
  CardRouteName,
  CardsView,
} from '#protocol/cards.ts'
import { callTo } from './calls.ts'
import type { Client } from './client.ts'
import type { Outcome } from './outcome.ts'

type Routes = typeof CARD_ROUTES
type WalletRoute = Exclude<CardRouteName, 'cardNumber'>
type Address<Name extends CardRouteName> = Readonly<Pick<Routes[Name], 'method' | 'path' | 'access'>>

export const CARD_CALLS: { readonly [Name in WalletRoute]: Address<Name> } = {
  cards: { method: 'GET', path: '/v1/cards', access: 'token' },
  cardKeys: { method: 'GET', path: '/v1/card-keys', access: 'token' },
  addCard: { method: 'POST', path: '/v1/cards', access: 'signed' },
  changeCard: { method: 'POST', path: '/v1/cards-change', access: 'signed' },
  removeCard: { method: 'POST', path: '/v1/cards-remove', access: 'signed' },
  cardMethods: { method: 'GET', path: '/v1/payments/{payment}/card-methods', access: 'token' },
  cardPayments: { method: 'GET', path: '/v1/card-payments', access: 'token' },
}

type Input<Name extends WalletRoute> = Name extends 'addCard' | 'changeCard' | 'removeCard'
  ? Readonly<{ body: CardBody<Name> }>
  : Name extends 'cardMethods'
    ? Readonly<{ params: { payment: string }; query: { card: string } }>
    : Name extends 'cardPayments'
      ? Readonly<{ query?: { before?: string } }>
      : Readonly<object>

type ViewOf<Name extends WalletRoute> = Name extends 'cardKeys'
  ? CardKeysView
  : Name extends 'cardMethods'
    ? CardMethodsView
    : Name extends 'cardPayments'
      ? CardPaymentsView
      : CardsView

/** Calls one of these routes: tried a few times, then `no-answer`. */
export const callCards = <Name extends WalletRoute>(
  client: Pick<Client, 'request'>,
  name: Name,
  input: Input<Name>,
): Promise<Outcome<ViewOf<Name>>> => client.request(callTo(CARD_CALLS[name], input))
