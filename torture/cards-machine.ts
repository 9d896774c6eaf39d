// A shop's card machine beside its till, as the register uses it: the number for one purchase goes there, and the machine asks the issuer.
import { readFileSync } from 'node:fs'
import type { CardNumberView } from '#protocol/cards.ts'
import { callCardUsers } from '#sdk/card-user-calls.ts'
import type { Client } from '#sdk/client.ts'
import { demoClient, type Bought } from './cards-people.ts'
import type { CardSite } from './cards-site.ts'
import { until } from './until.ts'

/** The hub may be away, or the vault may not have made the number yet. */
const NUMBER_WITHIN_MS = 6_000
const LOOK_EVERY_MS = 60

/** What the machine said; null where there was no number, or the machine could not be reached. */
export async function saleAt(site: CardSite, till: Client, { deal }: Bought): Promise<string | null> {
  let number: CardNumberView | undefined
  const ask = async (): Promise<boolean> => {
    const call = { method: 'GET', path: `/v1/deals/${deal}/card-number`, access: 'token' } as const
    const read = await till.request<CardNumberView>(call)
    if (read.ok) number = read.view
    // Nobody waits for it: the payer or the shop has gone.
    const state = read.ok ? undefined : await till.deal(deal)
    return read.ok || (state?.ok === true && state.view.state !== 'authorising')
  }
  await until(`a number for ${deal}`, ask, NUMBER_WITHIN_MS, LOOK_EVERY_MS).catch(() => {})
  if (number === undefined) return null
  const { url, token } = site.machine()
  const { amount, unit, merchant, terminal, expires } = number
  const body = { number: number.number, expires, amount, unit, merchant, terminal, reference: deal }
  const headers = { authorization: `Bearer ${readFileSync(token, 'utf8').trim()}`, 'content-type': 'application/json' }
  try {
    const response = await fetch(`${url}/sale`, { method: 'POST', headers, body: JSON.stringify(body) })
    // Border: our own machine's answer.
    const said = (await response.json()) as { kind?: string; why?: string }
    return said.kind ?? said.why ?? null
  } catch {
    return null
  }
}

/** The shop's office sets a card machine beside this till. */
export async function giveMachine(site: CardSite, till: Client): Promise<void> {
  const office = await demoClient(site.hub.url(), 'office')
  const self = (await till.identity())?.self
  const { url: address, token } = site.machine()
  const machine = { address, token: readFileSync(token, 'utf8').trim() }
  const body = { terminal: self?.id ?? '', machine }
  const set = await callCardUsers(office, 'setCardMachine', { body })
  office.close()
  if (!set.ok) throw new Error(`the card machine: ${set.problem.code}`)
}
