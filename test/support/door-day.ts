// What a day adds where somebody asks who one is: questions answered, declined and let go, and a customer who shows the shop more.
import assert from 'node:assert/strict'
import { billToWire } from '#protocol/bill.ts'
import type { PaymentView } from '#protocol/views.ts'
import { answerQuestion, approve } from '#sdk/approval.ts'
import type { Client } from '#sdk/client.ts'
import { codeOf, newDeal, PIN } from './bank.ts'
import { billOf } from './world.ts'

type Door = Readonly<{ register: Client; hanako: Client; kenji: Client }>
type Asked = PaymentView['mayShow']

export async function aDoorDay(door: Door): Promise<void> {
  const { register, hanako, kenji } = door
  const fine = async (sent: ReturnType<Client['send']>): Promise<void> => assert.equal(codeOf(await sent), 'done')

  // The wrong person, who is let go; then the right one, who releases less than was asked.
  const deal = newDeal()
  const wrong = await joinBy(kenji, await numberOf(register, deal, ['age-band', 'region']))
  await fine(register.send('release', { deal, payment: wrong.payment }))
  const again = await register.deal(deal)
  assert.ok(again.ok)
  const right = await joinBy(hanako, again.view.ticket?.number)
  await fine(answerQuestion(hanako, right, ['age-band'], PIN))

  const declined = await joinBy(kenji, await numberOf(register, newDeal(), ['portrait']))
  await fine(kenji.send('decline', { payment: declined.payment }))

  const opened = await register.send('open-offer', { deal: newDeal(), bill: billToWire(billOf(33n)) })
  assert.ok(opened.ok)
  const bill = await joinBy(hanako, opened.view.deal?.ticket?.number)
  assert.ok(
    bill.mayShow.includes('age-band'),
    'the demo has verified it, and nobody has said that it may be seen unasked',
  )
  await fine(hanako.send('show', { payment: bill.payment, attributes: ['age-band'] }))
  await fine(approve(hanako, bill, PIN))
}

async function numberOf(register: Client, deal: string, attributes: Asked): Promise<string | null | undefined> {
  const opened = await register.send('ask', { deal, question: { attributes, reason: 'At the door' } })
  assert.ok(opened.ok, JSON.stringify(opened))
  return opened.view.deal?.ticket?.number
}

async function joinBy(phone: Client, number: string | null | undefined): Promise<PaymentView> {
  assert.ok(number)
  const joined = await phone.send('join', { credential: { kind: 'number', number } })
  assert.ok(joined.ok && joined.view.payment, JSON.stringify(joined))
  return joined.view.payment
}
