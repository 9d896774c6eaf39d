// The reference issuers, the vault and a card machine beside a test's hub, and short ways to register a card and to pay with it. The number is
// encrypted here as a wallet does it: the hub never has it.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Method } from '#core/method.ts'
import { parseId } from '#core/ids.ts'
import type { Authorisation } from '#issuer/books.ts'
import { NO_FAULTS, type Faults } from '#issuer/faults.ts'
import { startMachine } from '#issuer/machine-program.ts'
import { startIssuer } from '#issuer/program.ts'
import { CARDS, ISSUERS, type TownCard } from '#issuer/town.ts'
import type { BillWire } from '#protocol/bill.ts'
import type { PaymentView } from '#protocol/views.ts'
import { approve } from '#sdk/approval.ts'
import { callCards } from '#sdk/card-calls.ts'
import { sealCard, type CardData } from '#sdk/card-envelope.ts'
import type { Client } from '#sdk/client.ts'
import { presence } from '#sdk/presence.ts'
import { orderId } from '#server/bank/bank.ts'
import { startVault } from '#vault/program.ts'
import { dealOf, joinByLink, PIN } from './bank.ts'
import { newCommand } from './bank-program.ts'
import { emptyDatabase } from './postgres.ts'

/** Of the demo's: a good one, one with a small limit, one that has run out, one that was stopped, and a good one of the other issuer. */
const [good, small, over, stopped, other] = CARDS
assert.ok(good && small && over && stopped && other)
export const TOWN = { good, small, over, stopped, other } as const

export type TestCards = Awaited<ReturnType<typeof testCards>>

/** Give `options` to startTestHub: the hub's tables then lead to these issuers. */
export async function testCards() {
  const data = mkdtempSync(join(tmpdir(), 'warifu-cards-'))
  const issuers = { data: join(data, 'issuer'), demo: true, cards: CARDS, zone: 'Asia/Tokyo', noticeMs: 100 }
  let issuer = await startIssuer({ ...issuers, port: 0, lines: [0, 0] })
  const ports = { port: issuer.port, lines: issuer.lines.map(({ port }) => port) }
  const { zoneKey } = issuer
  const times = { answerMs: 1_000, shortestBreakMs: 20, longestBreakMs: 200 }
  const keeping = { data: join(data, 'vault'), database: await emptyDatabase(), zoneKey, times }
  let vault = await startVault({ ...keeping, port: 0 })
  const { url, port, secret } = vault
  const machine = await startMachine({
    data: join(data, 'machine'),
    port: 0,
    zoneKey,
    lines: issuer.lines.map(({ code, host, port: at }) => ({
      host,
      port: at,
      prefixes: ISSUERS.flatMap((each) => (each.code === code ? [each.prefix, each.oneTimePrefix] : [])),
    })),
  })
  const books = (code = '0001') => issuer.desks.get(code)?.books ?? assert.fail()
  return {
    options: { vault: { url, secret, answerMs: 2_000, againMs: 20 }, demoIssuers: issuer.lines },
    issuer: () => issuer,
    machine,
    vaultData: keeping.data,
    vaultDatabase: keeping.database,
    set: (faults: Partial<Faults>): void => issuer.faults.put({ ...NO_FAULTS, ...faults }),
    books,
    /** What the issuers have of this payment's order. */
    authorisation({ payment }: Pick<PaymentView, 'payment'>, number = 1): Authorisation | undefined {
      const id = orderId(parseId('pay', payment) ?? assert.fail(), number)
      return ISSUERS.map(({ code }) => books(code).authorisations.get(id)).find((found) => found !== undefined)
    },
    /** The vault is dead; what it was asked is in its database. */
    vaultDies: () => vault.stop(),
    async vaultRises(): Promise<void> {
      vault = await startVault({ ...keeping, port })
    },
    issuerDies: () => issuer.stop(),
    async issuerRises(): Promise<void> {
      issuer = await startIssuer({ ...issuers, ...ports })
    },
    async close(): Promise<void> {
      issuer.faults.put(NO_FAULTS)
      await machine.stop().catch(() => {})
      await vault.stop().catch(() => {})
      await issuer.stop().catch(() => {})
      rmSync(data, { recursive: true, force: true })
    },
  }
}

/** The card's number in an envelope to the vault, for this registration. */
export async function sealed(client: Client, card: CardData, command: string): Promise<string> {
  const keys = await callCards(client, 'cardKeys', {})
  const self = (await client.identity())?.self
  assert.ok(keys.ok && self?.kind === 'device', JSON.stringify(keys))
  return (await sealCard({ keys: keys.view.keys, command, party: self.party, card })) ?? assert.fail()
}

/** Registers a card with the PIN. */
export async function register(
  client: Client,
  { number, expires, code }: Pick<TownCard, 'number' | 'expires' | 'code'>,
  { command = newCommand(), name = null }: Readonly<{ command?: string; name?: string | null }> = {},
) {
  return sent(client, { command, envelope: await sealed(client, { number, expires, code }, command), name })
}

/** The same registration, sent (again). */
export async function sent(
  client: Client,
  asked: Readonly<{ command: string; envelope: string; name: string | null }>,
) {
  const proof = await presence(client, 'add-card', asked.envelope, PIN)
  assert.ok(proof.ok, JSON.stringify(proof))
  return callCards(client, 'addCard', { body: { ...asked, presence: proof.view } })
}

/** Registers, and gives the id. */
export async function registered(client: Client, card: TownCard = TOWN.good): Promise<string> {
  const added = await register(client, card)
  assert.ok(added.ok, JSON.stringify(added))
  return added.view.cards.at(-1)?.id ?? assert.fail()
}

export type PaidBy = Readonly<{ card: string; method?: Method }>

/** Joined, with the card chosen. */
export async function chosen(
  payer: Client,
  biller: Client,
  bill: BillWire,
  { card, method = 'lump' }: PaidBy,
): Promise<PaymentView> {
  const { payment } = await joinByLink(payer, await dealOf(biller, bill))
  const choice = await payer.send('choose-means', { payment, means: { kind: 'card', id: card, method } })
  assert.ok(choice.ok && choice.view.payment, JSON.stringify(choice))
  return choice.view.payment
}

/** Approved with the PIN: the issuer is asked. */
export async function askedOf(payer: Client, biller: Client, bill: BillWire, by: PaidBy): Promise<PaymentView> {
  const approved = await approve(payer, await chosen(payer, biller, bill, by), PIN)
  assert.ok(approved.ok && approved.view.payment, JSON.stringify(approved))
  return approved.view.payment
}
