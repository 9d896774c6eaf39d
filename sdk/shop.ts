// The client of a shop's server, which speaks with an API key. It keeps nothing: the shop makes the ids of deals and commands and stores
// them with its orders before it sends, and may send the same again for ever.
import type { CommandBody } from '#protocol/commands.ts'
import type { SCOPE_OF_COMMAND, ShopRouteName, ShopView } from '#protocol/shop.ts'
import type { AnswerView, DealView } from '#protocol/views.ts'
import { callTo } from './calls.ts'
import { isRecord, NO_ANSWER, readProblem, type Outcome, type SendOutcome } from './outcome.ts'
import { SHOP_CALLS, type ShopInput } from './shop-calls.ts'
import { systemDelay, type Call, type Delay } from './transport.ts'

/** What a key may ever send. */
export type ShopCommand = keyof typeof SCOPE_OF_COMMAND

export type Shop = Readonly<{
  /**
   * Sends a command; where no answer comes, the same again a few times, then `no-answer`: it may have been decided, and the same body sent
   * later tells. Problems: those of the route, key-unknown, scope-missing, terminal-inactive, no-answer.
   */
  send<Name extends ShopCommand>(name: Name, body: CommandBody<Name>): Promise<SendOutcome>
  /** One deal of this shop as it is now. Problems: not-found, no-answer and those of the key. */
  deal(deal: string): Promise<Outcome<DealView>>
  /** Any route of protocol/shop.ts that the key's scopes open. */
  call<Name extends ShopRouteName>(name: Name, input?: ShopInput<Name>): Promise<Outcome<ShopView<Name>>>
}>

const TRIES = 4
const FIRST_BREAK_MS = 250
const ANSWER_WITHIN_MS = 15_000

/**
 * A shop at a hub. `key` is the API key (wk_…); it never belongs into a browser.
 *
 * @example
 * const shop = openShop({ hub: 'https://pay.example.org', key: process.env.SHOP_KEY ?? '' })
 * const opened = await shop.send('open-offer', { command: order.command, deal: order.deal, bill: order.bill })
 */
export function openShop(options: Readonly<{ hub: string; key: string; fetch?: typeof fetch; delay?: Delay }>): Shop {
  const hub = options.hub.replace(/\/+$/u, '')
  const send = options.fetch ?? ((input, init) => fetch(input, init))
  const delay = options.delay ?? systemDelay

  /** One try; undefined when it is not known whether the hub has heard it. */
  async function once({ method, path, body }: Call): Promise<Readonly<{ status: number; body: object }> | undefined> {
    try {
      const response = await send(`${hub}${path}`, {
        method,
        headers: {
          accept: 'application/json',
          authorization: `Bearer ${options.key}`,
          ...(body && { 'content-type': 'application/json' }),
        },
        ...(body && { body: JSON.stringify(body) }),
        redirect: 'error',
        signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
      })
      const parsed: unknown = await response.json()
      return response.status < 500 && isRecord(parsed) ? { status: response.status, body: parsed } : undefined
    } catch {
      // No network, a cut, a proxy's page instead of JSON: nothing is known.
      return undefined
    }
  }

  async function asked<View>(call: Call): Promise<Outcome<View> & Readonly<{ body?: object }>> {
    for (let tries = 1; ; tries++) {
      const reply = await once(call)
      // A border: the hub checks its answers against the route's schema.
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion
      if (reply?.status === 200) return { ok: true, view: reply.body as View }
      const problem = reply && readProblem(reply.body)
      if (problem !== undefined) return { ok: false, problem, ...(reply && { body: reply.body }) }
      if (tries === TRIES) return NO_ANSWER
      await delay(FIRST_BREAK_MS * 2 ** tries)
    }
  }

  return {
    async send(name, body) {
      const call: Call = { method: 'POST', path: `/v1/commands/${name}`, access: 'signed', body }
      const outcome = await asked<AnswerView>(call)
      if (outcome.ok) return outcome
      const view: unknown = outcome.body && Reflect.get(outcome.body, 'view')
      // A border: as above.
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion
      return { ok: false, problem: outcome.problem, view: isRecord(view) ? (view as unknown as AnswerView) : null }
    },
    deal: (deal) => asked<DealView>({ method: 'GET', path: `/v1/deals/${encodeURIComponent(deal)}`, access: 'token' }),
    call: <Name extends ShopRouteName>(name: Name, input: ShopInput<Name> = {}) =>
      asked<ShopView<Name>>(callTo(SHOP_CALLS[name], input)),
  }
}
