// What a day adds that the counter does not know: periods to think it over, goods not for everybody, bills between people, purchases
// signed and handed back, refunds by line, the operator's desk, and a signed head for the day after.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import type { Restriction } from '#core/bill.ts'
import { billToWire } from '#protocol/bill.ts'
import type { OperatorCommandBody, OperatorCommandName } from '#protocol/operator.ts'
import { approve } from '#sdk/approval.ts'
import type { Client } from '#sdk/client.ts'
import { billToSign, signHandBack } from '#sdk/hand-back.ts'
import { isProblem } from '#server/http-problems.ts'
import { DESK_ON_THE_MACHINE } from '#server/operator.ts'
import { signDailyHead } from '#server/operator-log.ts'
import { readScheme } from '#server/postgres/scheme.ts'
import { accountOf, asked, codeOf, joinByLink, dealOf, newDeal, paid, PIN } from './bank.ts'
import type { TestHub } from './hub.ts'
import { billOf, billWith, lineOf } from './world.ts'

export type Bank = Readonly<{ hub: TestHub; register: Client; hanako: Client; kenji: Client }>

const ADULTS: Restriction = { minimumAge: 20, membership: null, region: null, perDay: 3 }
const DAY_MS = 86_400_000

export async function aBankDay(bank: Bank): Promise<void> {
  const { register, hanako, kenji } = bank
  const fine = async (sent: ReturnType<Client['send']>): Promise<void> => assert.equal(codeOf(await sent), 'done')

  // Bread at once; a mattress and a coat can be thought over, and the coat goes back.
  const coolingOff = { delivery: false, coolingOff: { period: 'P8D', zone: 'Asia/Tokyo' } }
  const coat = { delivery: false, coolingOff: { period: 'P14D', zone: 'Asia/Tokyo' } }
  const mixed = billWith(lineOf(200n), lineOf(900n, { conditions: coolingOff }), lineOf(800n, { conditions: coat }))
  const thought = await paid(asked(mixed), hanako, register)
  await fine(hanako.send('take-back', { payment: thought.payment, portion: 2 }))

  // Two bottles for a grown-up, one for a minor whom the shop let have it, and a third for the grown-up that went back.
  const bottles = (quantity: number) => lineOf(400n, { code: 'SAKE', quantity, restriction: ADULTS })
  await paid(asked(billWith(bottles(2))), hanako, register)
  const back = await paid(asked(billWith({ ...bottles(1), conditions: coolingOff })), hanako, register)
  await fine(hanako.send('take-back', { payment: back.payment, portion: 0 }))
  const young = await joinByLink(kenji, await dealOf(register, asked(billWith(bottles(1)))))
  const refused = await approve(kenji, young, PIN)
  assert.ok(!refused.ok && refused.problem.code === 'shop-asked', JSON.stringify(refused))
  await fine(register.send('permit', { payment: young.payment, allowed: true }))
  await fine(approve(kenji, young, PIN))

  const two = await paid(asked(billWith(lineOf(300n), lineOf(500n))), kenji, register)
  const lines = [
    { line: 0, amount: '100' },
    { line: 1, amount: '50' },
  ]
  await fine(register.send('refund', { payment: two.payment, amount: '150', lines }))

  // A bill straight to a person, and two purchases handed back: one is paid, for the other there is not enough.
  const bill = billToWire(billOf(120n))
  const sent = await hanako.send('bill-person', { deal: newDeal(), to: await accountOf(kenji), bill })
  assert.ok(sent.ok && sent.view.deal?.payment, JSON.stringify(sent))
  const asking = await kenji.payment(sent.view.deal.payment)
  assert.ok(asking.ok)
  await fine(approve(kenji, asking.view, PIN))
  for (const [amount, code] of [
    [70n, 'done'],
    [900_000n, 'payer-refused'],
  ] as const) {
    const identity = await hanako.identity()
    const wanted = identity && billToSign(identity, newDeal(), asked(billOf(amount)))
    assert.ok(wanted)
    const signed = await signHandBack(kenji, wanted, PIN)
    assert.ok(signed.ok, JSON.stringify(signed))
    assert.equal(codeOf(await hanako.send('submit-signed', signed.view)), code)
  }

  await atTheDesk(bank)
}

async function atTheDesk({ hub, register, hanako, kenji }: Bank): Promise<void> {
  async function act<Name extends OperatorCommandName>(
    name: Name,
    body: Omit<OperatorCommandBody<Name>, 'command' | 'why'>,
  ): Promise<void> {
    const command = `cmd_${randomBytes(16).toString('hex')}`
    // Border: the rest of the body is the command's own.
    const whole = { ...body, command, why: 'a day' } as OperatorCommandBody<Name>
    const done = await hub.desk.perform(DESK_ON_THE_MACHINE, name, whole)
    assert.ok(!isProblem(done), JSON.stringify(done))
  }
  const [shop, hers, his] = [await accountOf(register), await accountOf(hanako), await accountOf(kenji)]
  await act('cash-in', { account: his, unit: 'JPY', amount: '5000' })
  await act('cash-out', { account: hers, unit: 'JPY', amount: '1000' })
  await act('set-limits', {
    account: his,
    unit: 'JPY',
    limits: { perPayment: '800', perDay: '9000', perMonth: '90000' },
  })
  await act('credit-file', {
    unit: 'JPY',
    title: 'Pocket money',
    rows: [
      { account: hers, amount: '300', text: '' },
      { account: his, amount: '200', text: 'and well done' },
    ],
  })
  await act('freeze', { account: shop })
  await act('unfreeze', { account: shop })

  const scheme = await readScheme(hub.settings)
  assert.ok(scheme)
  for (const days of [1, 2]) {
    const now = Date.now() + days * DAY_MS
    assert.ok(
      await signDailyHead(hub.database, { key: hub.key, scheme: scheme.id, zone: scheme.rules.zone, now }),
      'a day has one head',
    )
  }
}
