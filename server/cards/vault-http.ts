// The vault over HTTP (vault/wire.ts). What does not fit the wire's schema is no answer.
import type { Static } from 'typebox'
import { Compile } from 'typebox/compile'
import { Fault, VAULT_ROUTES, type VaultRoute } from '#vault/wire.ts'
import { askOutside, jsonIn } from '../outside/http.ts'
import type { Heard, NoAnswer, Vault } from './vault.ts'

const ANSWER_MS = 10_000
/** Screens are drawn with what these say. */
const SOON_MS = 1_500
/** The vault answers in the time it is given; this is for the way there and back. */
const WAY_MS = 1_500
/** The report of a busy day. */
const MOST_BYTES = 32 * 1024 * 1024
const NO_ANSWER: NoAnswer = { kind: 'no-answer' }
const UNREACHABLE: NoAnswer = { kind: 'unreachable' }

const CHECKS = new Map(Object.entries(VAULT_ROUTES).map(([name, { answer }]) => [name, Compile(answer)]))
const FAULT = Compile(Fault)

type Said<Name extends VaultRoute> = Static<(typeof VAULT_ROUTES)[Name]['answer']>

export function vaultOverHttp(settings: {
  url: string
  secret: string
  answerMs?: number
  /** ends what is under way: the hub stops */
  life: AbortSignal
}): Vault {
  const { url, secret, life, answerMs = ANSWER_MS } = settings

  async function ask<Name extends VaultRoute>(
    name: Name,
    asked: { body?: object; path?: string; withinMs?: number } = {},
  ): Promise<Heard<Said<Name>>> {
    const { method, path } = VAULT_ROUTES[name]
    const answer = await askOutside(new URL(asked.path ?? path, url), {
      method,
      secret,
      type: 'application/json',
      body: asked.body === undefined ? null : Buffer.from(JSON.stringify(asked.body)),
      withinMs: asked.withinMs ?? answerMs,
      mostBytes: MOST_BYTES,
      life,
    })
    if ('kind' in answer) return answer
    const said = jsonIn(answer.body)
    if (answer.status === 200) {
      // Border: the schema of this very route has checked what was said.
      return CHECKS.get(name)?.Check(said) === true ? { kind: 'heard', said: said as Said<Name> } : NO_ANSWER
    }
    // Another secret than the vault's: it has not listened.
    if (answer.status === 401) return UNREACHABLE
    // Begun, and nobody knows how far it came: the vault has said nothing of it.
    if (!FAULT.Check(said) || said.kind === 'unsure') return NO_ANSWER
    return said.kind === 'unavailable' ? UNREACHABLE : { kind: 'wrong', fault: said.fault }
  }

  return {
    keys: () => ask('keys', { withinMs: SOON_MS }),
    addCard: (body) => ask('addCard', { body }),
    endCard: (card) => ask('endCard', { body: { card } }),
    authorise: (body) => ask('authorise', { body, withinMs: body.withinMs + WAY_MS }),
    order: (order) => ask('order', { path: `/v1/orders/${order}` }),
    capture: (body) => ask('capture', { body }),
    release: (body) => ask('release', { body }),
    refund: (body) => ask('refund', { body }),
    reverse: (body) => ask('reverse', { body }),
    putTables: (body) => ask('tables', { body }),
    alarms: (after) => ask('alarms', { path: `/v1/alarms?after=${after}` }),
    reconcile: (day) => ask('reconcile', { body: { day } }),
    report: (day) => ask('report', { path: `/v1/report?day=${day}` }),
    health: () => ask('health', { withinMs: SOON_MS }),
  }
}
