// What a day adds by the further ways to meet: a code that was shown, a purchase that the phone handed in by itself, and one that the
// register had taken an hour before, when it had no network.
import assert from 'node:assert/strict'
import { approve } from '#sdk/approval.ts'
import type { Client } from '#sdk/client.ts'
import { fetchCode } from '#sdk/customer-code.ts'
import {
  acceptOffline,
  keepCertificate,
  makePurchase,
  signPurchase,
  submitPurchase,
  type MadePurchase,
} from '#sdk/purchase.ts'
import type { SignedBill } from '#sdk/hand-back.ts'
import { memoryStorage } from '#sdk/storage.ts'
import { asked, codeOf, newDeal, PIN } from './bank.ts'
import { billOf } from './world.ts'

const HOUR_MS = 3_600_000

export async function aWayDay(parties: Readonly<{ register: Client; hanako: Client; kenji: Client }>): Promise<void> {
  const { register, hanako, kenji } = parties
  const code = await fetchCode(kenji)
  assert.ok(code.ok, JSON.stringify(code))
  const faulty = { ...asked(billOf(80n)), total: '81' }
  const refused = await register.send('bill-code', { deal: newDeal(), code: code.view.code, bill: faulty })
  assert.equal(codeOf(refused), 'bill-invalid', 'what is not right uses up no code')
  const sent = await register.send('bill-code', { deal: newDeal(), code: code.view.code, bill: asked(billOf(80n)) })
  assert.ok(sent.ok && sent.view.deal?.payment, JSON.stringify(sent))
  const shown = await kenji.payment(sent.view.deal.payment)
  assert.ok(shown.ok)
  assert.equal(codeOf(await approve(kenji, shown.view, PIN)), 'done')

  const own = await signedBy(hanako, register, 50n, Date.now())
  const mine = await submitPurchase(hanako, own.made.purchase, own.signed)
  assert.equal(codeOf(mine), 'done')
  assert.equal(codeOf(await register.send('submit-signed', own.signed)), 'done', 'the register hears the same')

  const then = Date.now() - HOUR_MS
  const { made, signed, identity } = await signedBy(kenji, register, 60n, then)
  const late = await acceptOffline(identity, { ...signed, deal: made.deal }, made, then + 1_000)
  assert.ok(late)
  assert.equal(codeOf(await register.send('submit-signed', signed)), 'approval-expired')
  assert.equal(codeOf(await register.send('submit-signed', late)), 'done')
}

async function signedBy(
  phone: Client,
  register: Client,
  amount: bigint,
  now: number,
): Promise<{ made: MadePurchase; signed: SignedBill; identity: NonNullable<Awaited<ReturnType<Client['identity']>>> }> {
  const identity = await register.identity()
  const certificate = await keepCertificate(register, memoryStorage())
  const owner = await phone.identity()
  assert.ok(identity && certificate && owner)
  const what = { bill: asked(billOf(amount)), certificate: certificate.certificate, deal: newDeal(), now }
  const made = await makePurchase(identity, what)
  assert.ok(made)
  const { purchase, deal, bill, issuedAt, expiresAt } = made
  const { self } = identity
  assert.ok(self.kind === 'terminal')
  const biller = { ...self, terminal: self.id, terminalLabel: self.label }
  const toSign = { scheme: owner.scheme.scheme, deal, biller, bill, issuedAt, expiresAt, purchase }
  const signed = await signPurchase(phone, toSign, { prove: PIN, now })
  assert.ok(signed.ok, JSON.stringify(signed))
  return { made, signed: signed.view.signed, identity }
}
