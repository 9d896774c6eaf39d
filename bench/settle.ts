// settle: approve through handle, with evidence, command, event, transfer, chain, entry and balance rows; deposits run beside it.
import { randomBytes } from 'node:crypto'
import { approvalBytes, METHOD_WHOLE } from '#core/approval.ts'
import { billHash, NO_CONDITIONS, type Bill } from '#core/bill.ts'
import { fromHex } from '#core/bytes.ts'
import { bucketOfId, idFrom, idInBucket, type PaymentId } from '#core/ids.ts'
import { uuidOf } from '#server/postgres/store.ts'
import type { DeviceActor, TerminalActor } from '#switch/actors.ts'
import type { Command } from '#switch/command.ts'
import { bucketAt, openAccounts, UNIT, type Ground } from './ground.ts'
import type { Round } from './measure.ts'

const PEOPLE = 1_600
const SHOPS = 160
const AHEAD = 512

/** Prepares people and shops; a round joins `payments` deals outside the clock and then approves them all as fast as it goes. */
export async function openSettle(
  ground: Ground,
): Promise<(payments: number, payees: 'many' | 'one') => Promise<Round>> {
  const people = await openPeople(ground)
  const shops = await openShops(ground)

  return async (payments, payees) => {
    const approvals = await inParallel(payments, AHEAD, async (index) => {
      const payer = at(people, index)
      const shop = payees === 'one' ? at(shops, 0) : at(shops, index)
      return { payer, payment: await joined(ground, payer, shop) }
    })
    const commands = await inParallel(payments, AHEAD, async (index): Promise<Command> => {
      const { payer, payment } = at(approvals, index)
      return {
        name: 'approve',
        id: idFrom('cmd', randomBytes(16)),
        hash: '00',
        actor: payer,
        payment,
        evidence: await evidenceOf(ground, payer, payment),
      }
    })
    const latenciesMs: number[] = []
    const start = performance.now()
    const approving = inParallel(payments, AHEAD, async (index) => {
      const before = performance.now()
      const answer = await ground.hub.handle(at(commands, index))
      latenciesMs.push(performance.now() - before)
      if (answer.refusal !== null) throw new Error(answer.refusal.code)
    })
    await ground.depositing(approving)
    return { count: payments, seconds: (performance.now() - start) / 1000, latenciesMs }
  }
}

async function openPeople(ground: Ground): Promise<DeviceActor[]> {
  const accounts = await openAccounts(ground, 100_000, PEOPLE, 1_000_000_000n)
  return Promise.all(
    accounts.map(async (account, index): Promise<DeviceActor> => {
      const bucket = bucketAt(100_000 + index)
      const id = idInBucket('dev', bucket, randomBytes(14))
      const party = idInBucket('pty', bucket, randomBytes(14))
      const key = idFrom('key', randomBytes(16))
      await ground.database.reads.query(
        'insert into device (bucket, id, party, key, proved_at) values ($1, $2, $3, $4, $5)',
        [bucket, uuidOf(id), uuidOf(party), uuidOf(key), Date.now()],
      )
      return { kind: 'device', id, key, party, account, name: `Person ${index}`, legalName: `Person ${index}` }
    }),
  )
}

async function openShops(ground: Ground): Promise<TerminalActor[]> {
  const accounts = await openAccounts(ground, 200_000, SHOPS, 0n)
  return Promise.all(
    accounts.map(async (account, index): Promise<TerminalActor> => {
      const bucket = bucketAt(200_000 + index)
      const id = idInBucket('trm', bucket, randomBytes(14))
      const party = idInBucket('pty', bucket, randomBytes(14))
      await ground.database.reads.query('insert into terminal (bucket, id, party) values ($1, $2, $3)', [
        bucket,
        uuidOf(id),
        uuidOf(party),
      ])
      return {
        kind: 'terminal',
        id,
        key: idFrom('key', randomBytes(16)),
        party,
        account,
        name: `Shop ${index}`,
        legalName: `Shop ${index} Ltd.`,
        label: 'Till 1',
        terminalKind: 'counter',
        cashier: null,
      }
    }),
  )
}

async function joined(ground: Ground, payer: DeviceActor, shop: TerminalActor): Promise<PaymentId> {
  const deal = idFrom('deal', randomBytes(16))
  const bill: Bill = {
    unit: UNIT,
    total: 1_280n,
    lines: [
      {
        text: 'Bread',
        quantity: 2,
        amount: 700n,
        taxRate: 800,
        tax: 51n,
        code: null,
        conditions: NO_CONDITIONS,
        restriction: null,
      },
      {
        text: 'Coffee',
        quantity: 1,
        amount: 580n,
        taxRate: 800,
        tax: 42n,
        code: null,
        conditions: NO_CONDITIONS,
        restriction: null,
      },
    ],
  }
  const id = (): Command['id'] => idFrom('cmd', randomBytes(16))
  await ground.hub.handle({ name: 'open-offer', id: id(), hash: '00', actor: shop, isPerson: false, deal, bill })
  const offer = await ground.store.readOffer(bucketOfId(shop.id), { terminal: shop.id, deal })
  if (offer?.state.kind !== 'open') throw new Error('the offer is open')
  const { token } = offer
  const answer = await ground.hub.handle({
    name: 'join',
    id: id(),
    hash: '00',
    actor: payer,
    credential: { kind: 'token', token },
    address: '',
  })
  if (answer.payment === null) throw new Error(answer.refusal?.code ?? 'no payment')
  return answer.payment
}

async function evidenceOf(ground: Ground, payer: DeviceActor, id: PaymentId) {
  const payment = await ground.store.readPayment(id)
  if (payment?.bill == null) throw new Error('the payment has its bill')
  const bytes = approvalBytes({
    purpose: 'approve',
    scheme: ground.scheme.id,
    deal: payment.deal,
    payment: id,
    billVersion: payment.billVersion,
    billHash: billHash(payment.biller, payment.bill),
    payerAccount: payer.account,
    means: payer.account,
    method: METHOD_WHOLE,
    key: payer.key,
    nonce: fromHex(payment.nonce) ?? new Uint8Array(16),
    expiresAt: Date.now() + 5 * 60_000,
  })
  // Within the unlock: the device key has signed, no PIN was asked; with a PIN the device's row is written too.
  return { bytes, signature: randomBytes(64), proof: 'none' as const, strength: null, key: payer.key }
}

function at<Item>(items: readonly Item[], index: number): Item {
  const item = items[index % items.length]
  if (item === undefined) throw new Error('the list is not empty')
  return item
}

async function inParallel<Result>(
  count: number,
  width: number,
  work: (index: number) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = []
  let next = 0
  await Promise.all(
    Array.from({ length: Math.min(width, count) }, async () => {
      while (next < count) {
        const index = next++
        results[index] = await work(index)
      }
    }),
  )
  return results
}
