// The reference bank beside a test's hub, and short ways to register an account there and to pay from it.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { BillWire } from '#protocol/bill.ts'
import { meansSubject } from '#protocol/signed-bytes.ts'
import type { PaymentView } from '#protocol/views.ts'
import { approve } from '#sdk/approval.ts'
import type { Client } from '#sdk/client.ts'
import { callMeans } from '#sdk/means-calls.ts'
import { presence } from '#sdk/presence.ts'
import { startBank, type BankProgram } from '#bank/program.ts'
import { NO_FAULTS, type Faults } from '#bank/faults.ts'
import { dealOf, joinByLink, PIN } from './bank.ts'
import type { ValidRequest } from './identity-requests.ts'
import type { Speaker } from './raw-client.ts'

export const HANAKO = { bank: '0310', branch: '001', kind: '1', number: '1234567', holder: 'ハナコ' } as const
export const KENJI = { bank: '0310', branch: '001', kind: '1', number: '7654321', holder: 'ケンジ' } as const
/** at the bank that answers by file */
export const BY_FILE = { bank: '0415', branch: '002', kind: '1', number: '2223334', holder: 'はなこ' } as const

export type TestBank = Readonly<{
  bank: () => BankProgram
  url: string
  secret: string
  set(faults: Partial<Faults>): void
  /** dead as by kill -9: whatever it has answered is in its journal */
  die(): Promise<void>
  rise(): Promise<void>
  close(): Promise<void>
}>

export async function testBank(): Promise<TestBank> {
  const data = mkdtempSync(join(tmpdir(), 'warifu-bank-'))
  const options = { data, demo: true, zone: 'Asia/Tokyo' }
  let program = await startBank({ ...options, port: 0 })
  const { port, url, secret } = program
  return {
    bank: () => program,
    url,
    secret,
    set: (faults) => program.faults.put({ ...NO_FAULTS, ...faults }),
    die: () => program.stop(),
    async rise() {
      program = await startBank({ ...options, port })
    },
    async close() {
      program.faults.put(NO_FAULTS)
      await program.stop().catch(() => {})
      rmSync(data, { recursive: true, force: true })
    },
  }
}

/** A hub's settings of this bank; nothing is taken on trust. */
export const settingsOf = ({ url, secret }: Pick<TestBank, 'url' | 'secret'>) => ({
  url,
  secret,
  risk: { payment: 0n, day: 0n },
})

export const newCommand = (): string => `cmd_${randomBytes(16).toString('hex')}`

export type Account = Readonly<{ bank: string; branch: string; kind: '1' | '2'; number: string; holder: string }>

/** Registers an account with the PIN; `command` again is the same one. */
export async function register(client: Client, account: Account, command = newCommand()) {
  const proof = await presence(client, 'add-means', meansSubject(account), PIN)
  assert.ok(proof.ok)
  return callMeans(client, 'addMeans', { command, ...account, presence: proof.view })
}

/** Registers, and gives the id. */
export async function registered(client: Client, account: Account): Promise<string> {
  const added = await register(client, account)
  assert.ok(added.ok, JSON.stringify(added))
  const { id } = added.view.means.at(-1) ?? assert.fail()
  return id
}

/** Joined, with the bank chosen. */
export async function chosen(payer: Client, biller: Client, bill: BillWire, means: string): Promise<PaymentView> {
  const { payment } = await joinByLink(payer, await dealOf(biller, bill))
  const sent = await payer.send('choose-means', { payment, means: { kind: 'bank', id: means } })
  assert.ok(sent.ok && sent.view.payment, JSON.stringify(sent))
  return sent.view.payment
}

/** Approved with the PIN: the bank is asked. */
export async function askedOf(payer: Client, biller: Client, bill: BillWire, means: string): Promise<PaymentView> {
  const sent = await approve(payer, await chosen(payer, biller, bill, means), PIN)
  assert.ok(sent.ok && sent.view.payment, JSON.stringify(sent))
  assert.equal(sent.view.payment.state, 'authorising')
  return sent.view.payment
}

/** Right requests of a phone at a hub that has no bank: the first is refused by what is not there, the other by whose it is. */
export async function meansRequests(phone: Speaker): Promise<Readonly<Record<string, ValidRequest>>> {
  const proof = await presence(phone.client, 'add-means', meansSubject(HANAKO), PIN)
  assert.ok(proof.ok)
  return {
    '/v1/means': { by: phone, body: { command: newCommand(), ...HANAKO, presence: proof.view } },
    '/v1/means-remove': { by: phone, body: { means: `mns_${'0'.repeat(32)}` } },
  }
}
