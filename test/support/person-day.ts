// People whom a browser story finds already there: with money, a mail address and a PIN; and phones of theirs, set up by a code.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { walletWords } from '#apps/wallet/words.ts'
import type { Client } from '#sdk/client.ts'
import { callIdentity } from '#sdk/identity-calls.ts'
import { presence } from '#sdk/presence.ts'
import { withPin } from '#sdk/scram.ts'
import { isProblem } from '#server/http-problems.ts'
import { DESK_ON_THE_MACHINE } from '#server/operator.ts'
import { accountOf } from './bank.ts'
import type { atTheCounter } from './counter.ts'
import type { TestHub } from './hub.ts'
import { newAddress, newcomer, NEWCOMER_PIN } from './people.ts'
import { beginAt, type PersonPage } from './person-page.ts'

/** A phone as narrow as they are sold. */
export const SMALL = { viewport: { width: 360, height: 640 } } as const

export type Person = Readonly<{ hub: TestHub; email: string; client: Client }>
type Open = Parameters<Parameters<typeof atTheCounter>[1]>[0]

/** Somebody with ten thousand yen, a mail address and a PIN; close the client. */
export async function somebody(hub: TestHub): Promise<Person> {
  const email = newAddress()
  const client = await newcomer(hub, email)
  await cashIn(hub, await accountOf(client), '10000')
  return { hub, email, client }
}

/** A phone of this person in a browser of its own, at home. */
export async function phoneOf(
  open: Open,
  { hub, client }: Person,
  { label, allows }: Readonly<{ label: string; allows?: RegExp }>,
): Promise<PersonPage> {
  const proof = await presence(client, 'add-device', '', withPin(NEWCOMER_PIN))
  assert.ok(proof.ok)
  const made = await callIdentity(client, 'deviceCode', { body: { presence: proof.view } })
  assert.ok(made.ok)
  const { page } = await open.machine({ context: SMALL, ...(allows && { allows }) })
  const phone = await beginAt(page, { hub, code: made.view.code })
  const wallet = walletWords.en
  await phone.write(wallet.enrolLabel, label)
  await phone.press(wallet.enrolGo)
  await phone.press(wallet.later)
  await phone.balanceIs('¥10,000')
  return phone
}

/** Money over the operator's counter. */
export async function cashIn(hub: TestHub, account: string, amount: string): Promise<void> {
  const body = { command: `cmd_${randomBytes(16).toString('hex')}`, why: 'cash', account, unit: 'JPY', amount }
  const done = await hub.desk.perform(DESK_ON_THE_MACHINE, 'cash-in', body)
  assert.ok(!isProblem(done), JSON.stringify(done))
}

/** The account number as the settings show it. */
export async function accountOn({ page }: PersonPage, name: string): Promise<string> {
  return (await page.locator('.row', { hasText: name }).last().innerText()).replaceAll(/\D/gu, '')
}
