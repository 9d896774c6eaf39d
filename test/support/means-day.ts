// What a day adds of means: a bill paid in dollars and given back in part, and a bank that says yes, no, nothing, and yes again. The choice is
// said to the switch itself, as the border would with a rate and a bank account looked up; approvals are signed by the phone.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { bucketOf, parseAccountNumber, systemAccount } from '#core/accounts.ts'
import { bucketOfId, idInBucket, parseId, type PaymentId } from '#core/ids.ts'
import type { Choice } from '#core/means.ts'
import { unitOf } from '#core/money.ts'
import { approve } from '#sdk/approval.ts'
import type { Client } from '#sdk/client.ts'
import { postgresParties } from '#server/postgres/parties.ts'
import { openSystemAccounts, readScheme } from '#server/postgres/scheme.ts'
import { accountOf, codeOf, dealOf, joinByLink, asked, PIN } from './bank.ts'
import type { Bank } from './bank-day.ts'
import { billOf, billWith, JPY, lineOf, newId } from './world.ts'

const USD = unitOf('USD') ?? assert.fail('a currency')
const toDeliver = { delivery: true, coolingOff: null }

export async function aMeansDay({ hub, register, hanako, kenji }: Bank): Promise<void> {
  const fine = async (sent: ReturnType<Client['send']>): Promise<void> => assert.equal(codeOf(await sent), 'done')
  const scheme = await readScheme(hub.settings)
  const account = parseAccountNumber(await accountOf(hanako))
  assert.ok(account && scheme)
  const { buckets } = scheme
  assert.equal(await postgresParties(hub.database, buckets).openUnit(account, USD), 'open')
  await openSystemAccounts(hub.database.transactions, buckets, USD)
  const dollars = {
    debit: systemAccount('issue', bucketOf(account, buckets)),
    credit: account,
    unit: USD,
    amount: 50_000n,
    kind: 'post',
    payment: null,
    debitName: 'A traveller',
    creditName: 'Opening balance',
  } as const
  const { self: hers } = (await hanako.identity()) ?? assert.fail()
  assert.ok(hers.kind === 'device')
  await hub.hub.post({ id: newId('cmd'), hash: 'ab', transfers: [dollars] }, idOf('pty', hers.party))

  const choose = async (client: Client, payment: string, choice: Choice): Promise<void> => {
    const identity = await client.identity()
    assert.ok(identity?.self.kind === 'device')
    const { id, key, party, account, name, legalName } = identity.self
    const actor = {
      kind: 'device',
      id: idOf('dev', id),
      key: idOf('key', key),
      party: idOf('pty', party),
      name,
      legalName,
    } as const
    const own = parseAccountNumber(account)
    assert.ok(own)
    const command = {
      name: 'choose-means',
      payment: idOf('pay', payment),
      choice,
      id: newId('cmd'),
      hash: 'ab',
    } as const
    const answer = await hub.hub.handle({ ...command, actor: { ...actor, account: own } })
    assert.equal(answer.refusal, null)
  }
  const chosen = async (client: Client, bill: ReturnType<typeof billOf>, choice: Choice): Promise<PaymentId> => {
    const { payment } = await joinByLink(client, await dealOf(register, asked(bill)))
    await choose(client, payment, choice)
    return idOf('pay', payment)
  }
  const approved = async (client: Client, payment: PaymentId): Promise<void> => {
    const seen = await client.payment(payment)
    assert.ok(seen.ok)
    await fine(approve(client, seen.view, PIN))
  }

  // In dollars: some of it is not handed over, and some refunded.
  const rate = { from: USD, to: JPY, price: '148.7475', until: 4_000_000_000_000 }
  const bill = billWith(lineOf(1_000n, { conditions: toDeliver }), lineOf(500n))
  const travelled = await chosen(hanako, bill, { kind: 'exchange', rate })
  await approved(hanako, travelled)
  await fine(register.send('deliver', { payment: travelled, portion: 0, amount: '600' }))
  const lines = [{ line: 1, amount: '333' }]
  await fine(register.send('refund', { payment: travelled, amount: '333', lines }))
  await fine(register.send('refund', { payment: travelled, amount: '7', lines: [] }))

  // By the bank: a no and then a yes, of which some goes back; a cancelled one; one that is still asked.
  const self = await kenji.identity()
  assert.ok(self?.self.kind === 'device')
  const bucket = bucketOfId(idOf('dev', self.self.id))
  const bank: Choice = {
    kind: 'bank',
    id: idInBucket('mns', bucket, randomBytes(14)),
    label: 'Tanuki Bank ···567',
    unit: JPY,
  }
  const smaller = billWith(lineOf(500n, { conditions: toDeliver }), lineOf(200n))
  const first = await chosen(kenji, smaller, bank)
  await approved(kenji, first)
  const ended = async (number: number, yes: boolean): Promise<void> => {
    assert.equal((await hub.hub.answerOutside(first, number, yes, yes ? null : 'no-funds')).refusal, null)
    const end = { state: yes ? 'yes' : 'no', reference: `B-${number}`, trouble: null } as const
    assert.ok(await hub.store.concludeOrder(first, number, end))
  }
  await ended(1, false)
  await approved(kenji, first)
  await ended(2, true)
  await fine(register.send('deliver', { payment: first, portion: 0, amount: '400' }))
  await fine(register.send('refund', { payment: first, amount: '250', lines: [] }))
  const cancelled = await chosen(kenji, billOf(120n), bank)
  await approved(kenji, cancelled)
  await fine(kenji.send('decline', { payment: cancelled }))
  await approved(kenji, await chosen(kenji, billOf(130n), bank))
}

const idOf = <Prefix extends 'dev' | 'key' | 'pty' | 'pay'>(prefix: Prefix, text: string) =>
  parseId(prefix, text) ?? assert.fail(text)
