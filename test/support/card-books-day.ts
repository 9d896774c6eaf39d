// What a day adds of cards: one in instalments that is handed over in part and refunded, a refused one, one that was given up, a one-time
// number, and a card that was shown at the register, first answered for by another phone. Means are said to the switch itself, as the border
// would with a card looked up; approvals are signed by the phone.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { parseAccountNumber } from '#core/accounts.ts'
import { bucketOfId, idInBucket, parseId, type PaymentId } from '#core/ids.ts'
import type { Choice } from '#core/means.ts'
import { approve } from '#sdk/approval.ts'
import type { Client } from '#sdk/client.ts'
import type { DeviceActor, TerminalActor } from '#switch/actors.ts'
import { asked, codeOf, dealOf, joinByLink, PIN } from './bank.ts'
import type { Bank } from './bank-day.ts'
import { anotherPhone, billOf, billWith, groundOn, JPY, lineOf, newId } from './world.ts'

const REFERENCE = '123456/000000123456'
const toDeliver = { delivery: true, coolingOff: null }

export async function aCardBooksDay({ hub, register, hanako }: Bank): Promise<void> {
  const fine = async (sent: ReturnType<Client['send']>): Promise<void> => assert.equal(codeOf(await sent), 'done')
  const actor = await phoneOf(hanako)
  const card: Choice = {
    kind: 'card',
    id: idInBucket('mns', bucketOfId(actor.id), randomBytes(14)),
    label: 'Tanuki Card ···4242',
    unit: JPY,
    method: 'instalments-3',
    oneTime: false,
  }
  const chosen = async (bill: ReturnType<typeof billOf>, choice: Choice): Promise<PaymentId> => {
    const payment = idOf('pay', (await joinByLink(hanako, await dealOf(register, asked(bill)))).payment)
    const command = { name: 'choose-means', payment, choice, id: newId('cmd'), hash: 'ab', actor } as const
    assert.equal((await hub.hub.handle(command)).refusal, null)
    return payment
  }
  const approved = async (payment: PaymentId): Promise<void> => {
    const seen = await hanako.payment(payment)
    assert.ok(seen.ok)
    await fine(approve(hanako, seen.view, PIN))
  }
  const answered = async (payment: PaymentId, number: number, yes: boolean): Promise<void> => {
    const reason = yes ? null : 'card-refused'
    assert.equal((await hub.hub.answerOutside(payment, number, yes, reason, yes ? REFERENCE : null)).refusal, null)
    const end = { state: yes ? 'yes' : 'no', reference: yes ? REFERENCE : null, trouble: null } as const
    assert.ok(await hub.store.concludeOrder(payment, number, end))
  }

  const bill = billWith(lineOf(700n, { conditions: toDeliver }), lineOf(300n))
  const first = await chosen(bill, card)
  await approved(first)
  await answered(first, 1, false)
  await approved(first)
  await answered(first, 2, true)
  await fine(register.send('deliver', { payment: first, portion: 0, amount: '450' }))
  await fine(register.send('refund', { payment: first, amount: '210', lines: [] }))

  const given = await chosen(billOf(140n), card)
  await approved(given)
  await fine(hanako.send('decline', { payment: given }))

  const once = await chosen(bill, { ...card, method: 'lump', oneTime: true })
  await approved(once)
  await answered(once, 1, true)
  await fine(register.send('deliver', { payment: once, portion: 0, amount: '650' }))

  const preset: Choice = { ...card, method: 'lump' }
  const till = await terminalOf(register)
  const showCard = async (amount: bigint) => {
    const read = { name: 'bill-code', deal: newId('deal'), bill: billOf(amount), payer: actor, preset } as const
    const { payment } = await hub.hub.handle({ ...read, id: newId('cmd'), hash: 'ab', actor: till, isPerson: false })
    assert.ok(payment)
    return { payment, deal: read.deal }
  }
  // Not this person: the offer goes on without it, and no longer says what it was to be paid with.
  await fine(register.send('release', await showCard(150n)))
  // Nor here: its issuer said no, something else was chosen and never approved. What it was met with is not what it ends with.
  const away = await showCard(155n)
  await fine(hanako.send('attest', { payment: away.payment }))
  await approved(away.payment)
  await answered(away.payment, 1, false)
  const instead = { name: 'choose-means', choice: { kind: 'account' }, id: newId('cmd'), hash: 'ab', actor } as const
  assert.equal((await hub.hub.handle({ ...instead, payment: away.payment })).refusal, null)
  await fine(register.send('release', away))
  // Its issuer said no to one bill, another came, and then it was not this person: what was asked was asked for the first.
  const anew = await showCard(165n)
  await fine(hanako.send('attest', { payment: anew.payment }))
  await approved(anew.payment)
  await answered(anew.payment, 1, false)
  await fine(register.send('change-bill', { ...anew, billVersion: 1, bill: asked(billOf(170n)) }))
  await fine(register.send('release', anew))
  const { payment: shown } = await showCard(160n)
  const ground = await groundOn(hub.settings)
  const other = await anotherPhone({ ground }, actor)
  await ground.close()
  const attest = { name: 'attest', payment: shown, provedAt: null, id: newId('cmd'), hash: 'ab' } as const
  assert.equal((await hub.hub.handle({ ...attest, actor: other })).refusal?.code, 'other-device')
  await fine(hanako.send('attest', { payment: shown }))
  const seen = await hanako.payment(shown)
  assert.ok(seen.ok)
  await fine(approve(hanako, seen.view))
  await answered(shown, 1, true)
}

async function phoneOf(client: Client): Promise<DeviceActor> {
  const self = (await client.identity())?.self
  assert.ok(self?.kind === 'device')
  const { name, legalName } = self
  const account = parseAccountNumber(self.account) ?? assert.fail(self.account)
  const id = idOf('dev', self.id)
  return { kind: 'device', id, key: idOf('key', self.key), party: idOf('pty', self.party), account, name, legalName }
}

async function terminalOf(client: Client): Promise<TerminalActor> {
  const self = (await client.identity())?.self
  assert.ok(self?.kind === 'terminal')
  const { name, legalName, label } = self
  const account = parseAccountNumber(self.account) ?? assert.fail(self.account)
  const [id, key, party] = [idOf('trm', self.id), idOf('key', self.key), idOf('pty', self.party)]
  const sells = { terminalKind: 'counter', cashier: null } as const
  return { kind: 'terminal', id, key, party, account, name, legalName, label, ...sells }
}

const idOf = <Prefix extends 'dev' | 'key' | 'pty' | 'pay' | 'trm'>(prefix: Prefix, text: string) =>
  parseId(prefix, text) ?? assert.fail(text)
