// The offer: every state × every command, its number and its versions.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { id } from './support/deal.ts'
import { asking, bill, biller, line, NONCE, NOON, offered, payer, PAYMENT, taken, ticket } from './support/deal.ts'
import {
  decideOffer,
  evolveOffer,
  isStale,
  wayOf,
  offerDueAt,
  type Offer,
  type OfferCommand,
  type OfferEvent,
} from '#core/offer.ts'
import type { Refusal } from '#core/refusals.ts'
import { matrixOf } from './support/matrix.ts'

const END = NOON + 120_000
const open = offered(bill(line(500n)))
const states: Record<string, { offer: Offer; at: number }> = {
  open: { offer: open, at: END - 1 },
  'run out': { offer: open, at: END },
  question: { offer: asking(), at: END - 1 },
  taken: { offer: taken(open), at: NOON },
  withdrawn: { offer: evolveOffer(open, { kind: 'withdrawn', at: NOON }), at: NOON },
  expired: { offer: evolveOffer(open, { kind: 'expired', at: END }), at: END },
}
const number = (offer: Offer): string => (offer.state.kind === 'open' && offer.state.ticket.number) || '0000000'
const commands: Record<string, (offer: Offer) => OfferCommand> = {
  bill: (offer) => ({ kind: 'bill', billVersion: offer.billVersion, bill: bill(line(700n)) }),
  take: (offer) => ({
    kind: 'take',
    credential: { kind: 'number', number: number(offer) },
    payer,
    payment: PAYMENT,
    nonce: NONCE,
    signed: null,
    way: 'number',
    preset: null,
  }),
  renew: () => ({ kind: 'renew', ticket: ticket(0x72) }),
  withdraw: () => ({ kind: 'withdraw' }),
  decline: () => ({ kind: 'decline' }),
  time: () => ({ kind: 'time' }),
  reopen: (offer) => ({
    kind: 'reopen',
    payment: PAYMENT,
    version: 9,
    bill: offer.bill,
    billVersion: offer.billVersion,
    ticket: ticket(0x73),
  }),
}
const told = (decided: OfferEvent[] | Refusal): string =>
  'code' in decided ? `(${decided.code})` : decided.map(({ kind }) => kind).join(' ') || '–'

test('the drawing in core/offer.ts is what the rules decide for every state and command', async () => {
  const drawing = matrixOf(Object.keys(commands), Object.keys(states), (command, state) => {
    const { offer, at } = states[state] ?? assert.fail(state)
    return told(decideOffer(offer, (commands[command] ?? assert.fail(command))(offer), at))
  })
  const source = await readFile(new URL('../core/offer.ts', import.meta.url), 'utf8')
  assert.ok(source.includes(drawing), `core/offer.ts must hold this drawing:\n${drawing}`)
})

test('a number is good until the millisecond before its end, and a wrong, used, old or foreign one sounds the same', () => {
  const take = commands.take?.(open) ?? assert.fail()
  assert.equal(told(decideOffer(open, take, END - 1)), 'taken')
  assert.equal(told(decideOffer(open, take, END)), '(number-not-found)')
  assert.ok(open.state.kind === 'open')
  assert.deepEqual([isStale(open.state.ticket, END - 1), isStale(open.state.ticket, END)], [false, true])
  assert.ok(take.kind === 'take')
  const renewed = evolveOffer(open, { kind: 'renewed', ticket: ticket(0x72) })
  const answers = [
    decideOffer(open, { ...take, credential: { kind: 'number', number: '0000000' } }, NOON),
    decideOffer(open, { ...take, credential: { kind: 'token', token: id('tok', 0x99) } }, NOON),
    decideOffer(open, take, END),
    decideOffer(taken(open), take, NOON),
    decideOffer(renewed, take, NOON),
  ]
  for (const answer of answers) assert.deepEqual(answer, { code: 'number-not-found' })
})

test('the token in the QR takes as the number does, and how they met is kept', () => {
  const take = commands.take?.(open) ?? assert.fail()
  assert.ok(take.kind === 'take')
  const decided = decideOffer(open, { ...take, credential: { kind: 'token', token: open.token }, way: 'scan' }, NOON)
  assert.ok(!('code' in decided) && decided[0]?.kind === 'taken')
  assert.equal(decided[0].way, 'scan')
  const state = evolveOffer(open, decided[0]).state
  assert.ok(state.kind === 'taken' && state.way === 'scan')
  const number = { kind: 'number', number: '0000000' } as const
  const token = { kind: 'token', token: open.token } as const
  assert.deepEqual(
    [wayOf(open, number), wayOf(open, token), wayOf({ kind: 'point' }, token)],
    ['number', 'scan', 'point'],
  )
})

test('a party does not pay its own bill, and hears so only with the right number', () => {
  const take = commands.take?.(open) ?? assert.fail()
  assert.ok(take.kind === 'take')
  const own = { ...take, payer: { ...payer, party: biller.party } }
  assert.equal(told(decideOffer(open, own, NOON)), '(own-bill)')
  const wrong = { ...own, credential: { kind: 'number', number: '1' } } as const
  assert.equal(told(decideOffer(open, wrong, NOON)), '(number-not-found)')
})

test('an older bill version changes nothing', () => {
  const change = { kind: 'bill', billVersion: 0, bill: bill(line(1n)) } as const
  assert.equal(told(decideOffer(open, change, NOON)), '(bill-changed)')
})

test('only its own payment reopens an offer', () => {
  const reopen = commands.reopen?.(open) ?? assert.fail()
  assert.ok(reopen.kind === 'reopen')
  const stranger = 'pay_00030000000000000000000000000000' as typeof PAYMENT
  assert.equal(told(decideOffer(taken(open), { ...reopen, payment: stranger }, NOON)), '–')
  assert.equal(told(decideOffer(open, reopen, NOON)), '–')
})

test('whatever is commanded, versions rise by one with each event and jump past the payment when it is reopened', () => {
  const names = Object.keys(commands)
  fc.assert(
    fc.property(
      fc.array(fc.record({ name: fc.constantFrom(...names), wait: fc.integer({ min: 0, max: 100_000 }) })),
      (steps) => {
        let offer = open
        let now = NOON
        for (const { name, wait } of steps) {
          now += wait
          const made = (commands[name] ?? assert.fail(name))(offer)
          const command = made.kind === 'reopen' ? { ...made, version: offer.version + 3 } : made
          const decided = decideOffer(offer, command, now)
          if ('code' in decided) continue
          for (const event of decided) {
            const next = evolveOffer(offer, event)
            assert.equal(next.version, event.kind === 'reopened' ? event.version + 1 : offer.version + 1)
            assert.equal(next.billVersion, offer.billVersion + (event.kind === 'billed' ? 1 : 0))
            if (next.state.kind === 'open') assert.equal(next.token, next.state.ticket.token)
            assert.equal(offerDueAt(next), next.state.kind === 'open' ? next.state.ticket.expiresAt : null)
            offer = next
          }
        }
      },
    ),
  )
})
