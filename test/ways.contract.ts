// Stories of the further ways to meet, on both stores: a code that the payer shows, a purchase that the phone hands in by itself, and one
// that a register took without a network.
import assert from 'node:assert/strict'
import type { Bill } from '#core/bill.ts'
import { bucketOfId, type CommandId, type DealId } from '#core/ids.ts'
import { LIFETIME_MS } from '#core/numbers.ts'
import type { Evidence, Payment } from '#core/payment.ts'
import { stateOf } from '#core/payment.ts'
import { BUDGETS } from '#protocol/limits.ts'
import { billerOf, type DeviceActor, type TerminalActor } from '#switch/actors.ts'
import { billerFrom } from '#switch/offers.ts'
import { StoreUnavailable, type Answer, type Store } from '#switch/store.ts'
import { dealView, paymentView } from '#switch/views.ts'
import { storiesOn, type Open } from './support/stories.ts'
import { anotherPhone, billOf, handedBack, newId, type Ground, type Town } from './support/world.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const NONCE = 'cd'.repeat(16)

export function waysContract(name: string, open: Open): void {
  const story = storiesOn(name, open)

  // ---- a code of the payer's own

  story('a code brings the bill to the phone that showed it, and pays nothing by itself', async (town) => {
    const { payer, till } = town
    const command = newId('cmd')
    const read = codeRead(payer, billOf(300n))
    const answer = await town.say(till, read, command)
    assert.equal(answer.refusal, null)
    const payment = await paymentOf(town, answer)
    assert.deepEqual(
      [payment.way, payment.payer.device, payment.payer.knows, stateOf(payment)],
      ['code', payer.id, null, 'joined'],
    )
    assert.ok(payment.turn !== null, 'a phone that stays silent is let go, as after a typed number')
    assert.equal(paymentView(payment, town.ground.scheme.rules).unasked, false)
    assert.deepEqual(await town.say(till, read, command), answer, 'sent again, answered alike')
    assert.equal((await town.say(till, read)).refusal?.code, 'deal-exists')
    assert.equal(await town.balance(payer), 10_000n)

    assert.equal((await town.approve(payer, payment.id)).refusal, null)
    const seen = await town.hub.lookAt({ terminal: till.id, deal: read.deal })
    assert.ok(seen)
    const view = dealView(seen.offer, seen.payment, (token) => token)
    assert.deepEqual([view.state, view.way, view.payer?.name], ['settled', 'code', payer.name])
    assert.equal(await town.balance(payer), 9_700n)
  })

  story(
    'nobody else can approve what a code has brought: no stranger, and no other phone of its owner',
    async (town) => {
      const { payer, till } = town
      const [, stranger] = town.people
      assert.ok(stranger)
      const second = await anotherPhone(town, payer)
      const { id } = await paymentOf(town, await town.say(till, codeRead(payer, billOf(300n))))
      for (const other of [second, stranger])
        assert.equal((await town.approve(other, id)).refusal?.code, 'not-found', other.name)
      assert.equal(
        (await town.say(second, { name: 'decline', payment: id })).refusal,
        null,
        'saying no, any of them may',
      )
      assert.equal(await town.balance(payer), 10_000n)
    },
  )

  story('a code may be read before the bill is known, and the bill follows', async (town) => {
    const { payer, till } = town
    const read = codeRead(payer, null)
    const payment = await paymentOf(town, await town.say(till, read))
    assert.deepEqual([payment.bill, payment.turn], [null, null])
    assert.equal((await town.approve(payer, payment.id)).refusal?.code, 'bill-missing')
    const change = { name: 'change-bill', deal: read.deal, payment: payment.id, billVersion: 0 } as const
    assert.equal((await town.say(till, { ...change, bill: billOf(450n) })).refusal, null)
    assert.equal((await town.approve(payer, payment.id)).refusal, null)
    assert.equal(await town.balance(payer), 9_550n)
  })

  story('"not this person" ends it, and a number takes its place', async (town) => {
    const { till, payer } = town
    const [, other] = town.people
    assert.ok(other)
    const read = codeRead(payer, billOf(300n))
    const payment = await paymentOf(town, await town.say(till, read))
    const release = { name: 'release', deal: read.deal, payment: payment.id } as const
    assert.equal((await town.say(till, release)).refusal, null)
    assert.equal((await town.approve(payer, payment.id)).refusal?.code, 'state-conflict')
    const joined = await paymentOf(town, await town.join(other, await town.number(read.deal)))
    assert.equal(joined.way, 'number')
    assert.equal((await town.approve(other, joined.id)).refusal, null)
    assert.deepEqual([await town.balance(payer), await town.balance(other)], [10_000n, 9_700n])
  })

  story('how short of money the payer is, the shop does not learn', async (town) => {
    const poor = await town.person('Poor', 99n)
    const read = codeRead(poor, billOf(100n))
    const payment = await paymentOf(town, await town.say(town.till, read))
    assert.equal((await town.approve(poor, payment.id)).refusal?.code, 'insufficient-funds')
    const seen = await town.hub.lookAt({ terminal: town.till.id, deal: read.deal })
    assert.ok(seen)
    const view = dealView(seen.offer, seen.payment, (token) => token)
    assert.deepEqual([view.state, view.declines], ['joined', 1])
  })

  story('questions by codes are capped for each person, and only those that were put count', async (town) => {
    const { payer, till } = town
    const [, other] = town.people
    assert.ok(other)
    const put: { read: ReturnType<typeof codeRead>; command: CommandId }[] = []
    for (let count = 0; count < BUDGETS.prompts.burst; count++) {
      const once = { read: codeRead(payer, billOf(1n)), command: newId('cmd') }
      put.push(once)
      assert.equal((await town.say(till, once.read, once.command)).refusal, null, String(count))
      const again = codeRead(payer, billOf(2n), once.read.deal)
      if (count === 0) assert.equal((await town.say(till, again)).refusal?.code, 'deal-exists')
    }
    const refused = newId('cmd')
    assert.equal((await town.say(till, codeRead(payer, billOf(1n)), refused)).refusal?.code, 'too-many-questions')
    for (const { read, command } of put) assert.equal((await town.say(till, read, command)).refusal, null)
    assert.equal((await town.say(till, codeRead(other, billOf(1n)))).refusal, null, 'nobody else pays for it')
  })

  story('a phone that may not pay and a person who has blocked the shop sound the same', async (town, ground) => {
    const { payer, till } = town
    const [, blocking] = town.people
    assert.ok(blocking)
    const revoked = await anotherPhone(town, payer, 'revoked')
    const newKey = { ...payer, key: newId('key') }
    await ground.register({ contacts: [{ party: blocking.party, account: till.account, status: 'blocked' }] })
    for (const shown of [revoked, newKey, blocking]) {
      const answer = await town.say(till, codeRead(shown, billOf(1n)))
      assert.deepEqual([answer.refusal, answer.payment], [{ code: 'payer-refused' }, null])
      assert.equal((await ground.store.readOpenPayments(shown.party, 10)).length, 0)
    }
  })

  story(
    'a code read by a hub that died between its two commits is finished by the repeat, or by whoever looks',
    async (town, ground) => {
      for (const finish of ['repeat', 'look', 'same bucket'] as const) {
        const shown =
          finish === 'same bucket' ? await town.person('Neighbour', 100n, bucketOfId(town.till.id)) : town.payer
        const { hub, heal } = dying(town, ground)
        const read = codeRead(shown, billOf(50n))
        const command = newId('cmd')
        await assert.rejects(town.say(town.till, read, command, hub), StoreUnavailable)
        heal()
        if (finish === 'look') await hub.lookAt({ terminal: town.till.id, deal: read.deal })
        else assert.equal((await town.say(town.till, read, command, hub)).refusal, null)
        const open = await ground.store.readOpenPayments(shown.party, 10)
        assert.deepEqual(
          open.map(({ deal }) => deal),
          [read.deal],
          finish,
        )
        const [payment] = open
        assert.ok(payment)
        assert.equal((await town.approve(shown, payment.id)).refusal, null)
      }
    },
  )

  story(
    'a number lives as its kind of terminal says',
    async (town, ground) => {
      const now = await ground.store.now()
      for (const terminalKind of ['counter', 'vending', 'ticket-office', 'web-shop', 'point'] as const) {
        const deal = newId('deal')
        const till = { ...town.till, terminalKind }
        assert.equal((await town.say(till, { name: 'open-offer', deal, bill: billOf(1n) })).refusal, null)
        const offer = await ground.store.readOffer(bucketOfId(till.id), { terminal: till.id, deal })
        assert.ok(offer?.state.kind === 'open')
        assert.equal(offer.state.ticket.expiresAt, now + LIFETIME_MS[terminalKind], terminalKind)
        const joined = await paymentOf(town, await joinBy(town, town.payer, offer.token))
        assert.equal(joined.way, terminalKind === 'point' ? 'point' : 'scan')
        await town.approve(town.payer, joined.id)
      }
    },
    'memory',
  )

  // ---- handed in by the phone itself

  story(
    'phone and register hand in one purchase: whoever comes first settles it, and the other hears the same',
    async (town) => {
      for (const order of ['phone', 'register', 'together'] as const) {
        for (let round = 0; round < 3; round++) {
          const before = await town.balance(town.payer)
          const purchase = await signed(town, town.payer, town.till, billOf(50n))
          const both: readonly Answer[] =
            order === 'phone'
              ? [await purchase.byPhone(), await purchase.byRegister()]
              : order === 'register'
                ? [await purchase.byRegister(), await purchase.byPhone()]
                : await Promise.all([purchase.byPhone(), purchase.byRegister()])
          assert.deepEqual(
            both.map(({ refusal }) => refusal),
            [null, null],
            order,
          )
          const [first, second] = both
          assert.ok(first && second)
          assert.equal(first.payment, second.payment)
          const payment = await paymentOf(town, first)
          assert.deepEqual([stateOf(payment), payment.way], ['settled', 'hand-back'])
          assert.equal(await town.balance(town.payer), before - 50n)
        }
      }
    },
  )

  story('two phones that sign one purchase pay it once, whichever way each is handed in', async (town) => {
    for (let round = 0; round < 4; round++) {
      const people = await Promise.all([town.person('First', 100n), town.person('Second', 100n)])
      const deal = newId('deal')
      const [first, second] = await Promise.all(people.map((each) => signed(town, each, town.till, billOf(100n), deal)))
      assert.ok(first && second)
      const answers = await Promise.all([first.byPhone(), second.byRegister(), second.byPhone(), first.byRegister()])
      const codes = answers.map(({ refusal }) => refusal?.code ?? 'settled')
      assert.deepEqual(codes.toSorted(), ['deal-exists', 'deal-exists', 'settled', 'settled'])
      assert.equal(codes[0], codes[3], 'one purchase, one answer')
      assert.deepEqual((await Promise.all(people.map(town.balance))).map(String).toSorted(), ['0', '100'])
    }
  })

  story('a command id of the phone stands for one purchase for ever', async (town) => {
    const command = newId('cmd')
    const here = await signed(town, town.payer, town.till, billOf(50n))
    const first = await here.byPhone(command)
    assert.deepEqual(await here.byPhone(command), first)
    const elsewhere = await signed(town, town.payer, await town.shop(), billOf(60n))
    assert.equal((await elsewhere.byPhone(command)).refusal?.code, 'command-mismatch')
    assert.equal((await elsewhere.byPhone()).refusal, null)
    assert.equal(await town.balance(town.payer), 9_890n)
    const neighbour = await town.person('Neighbour', 100n, bucketOfId(town.till.id))
    const near = await signed(town, neighbour, town.till, billOf(70n))
    assert.deepEqual(await near.byPhone(command), await near.byPhone(command), 'also where all is in one bucket')
    assert.equal(await town.balance(neighbour), 30n)
  })

  story('why a purchase was refused the phone hears, and the shop does not', async (town) => {
    const poor = await town.person('Poor', 10n)
    const purchase = await signed(town, poor, town.till, billOf(50n))
    const command = newId('cmd')
    assert.deepEqual((await purchase.byPhone(command)).refusal, { code: 'insufficient-funds' })
    assert.deepEqual((await purchase.byRegister()).refusal, { code: 'payer-refused' })
    assert.equal((await town.say(town.payer, purchase.mine)).refusal?.code, 'deal-exists', 'nor another phone')
    const rich = await signed(town, town.payer, poor, billOf(500n))
    assert.equal((await rich.byRegister()).refusal, null)
    await town.settleDown()
    assert.equal((await purchase.byPhone(command)).refusal?.code, 'insufficient-funds', 'it was decided, once')
  })

  story(
    'a purchase that the phone has handed in to a hub that died is finished by the repeat, or by whoever looks',
    async (town, ground) => {
      for (const finish of ['repeat', 'look', 'register'] as const) {
        const { hub, heal } = dying(town, ground)
        const purchase = await signed(town, town.payer, town.till, billOf(50n))
        const command = newId('cmd')
        await assert.rejects(purchase.byPhone(command, hub), StoreUnavailable)
        heal()
        if (finish === 'look') await hub.lookAt({ terminal: town.till.id, deal: purchase.deal })
        if (finish === 'register') assert.equal((await purchase.byRegister(newId('cmd'), hub)).refusal, null)
        assert.equal((await purchase.byPhone(command, hub)).refusal, null)
      }
      assert.equal(await town.balance(town.payer), 9_850n)
    },
  )

  // ---- taken by a register without a network

  story(
    'what a register took without a network is judged by when it took it, within the caps',
    async (town, ground) => {
      const { offline } = ground.scheme.rules
      const now = await ground.store.now()
      const payer = await town.person('Rich', 100_000n)
      const rows: [why: string, code: string, signedAgo: number, acceptedAgo: number | null, amount?: bigint][] = [
        ['handed in at once', 'settled', 0, null],
        ['an hour later, not accepted in time by anybody', 'approval-expired', HOUR_MS, null],
        ['accepted in its time', 'settled', HOUR_MS, HOUR_MS - 1_000],
        ['accepted when it had run out', 'approval-expired', HOUR_MS, HOUR_MS - 2 * MINUTE_MS],
        ['accepted long before it was signed', 'signature-invalid', HOUR_MS, 2 * HOUR_MS],
        ['as much as may be', 'settled', HOUR_MS, HOUR_MS, offline.payment],
        ['more than may be', 'over-offline-limit', HOUR_MS, HOUR_MS, offline.payment + 1n],
        ['more than may be, with a network', 'settled', 0, null, offline.payment + 1n],
        ['almost as long ago as may be', 'settled', offline.ms - MINUTE_MS, offline.ms - MINUTE_MS],
        ['longer ago than may be', 'over-offline-limit', offline.ms + MINUTE_MS, offline.ms + MINUTE_MS],
        ['in the future', 'signature-invalid', 0, -10 * MINUTE_MS],
        ['a second ahead: clocks differ', 'settled', 0, -1_000],
      ]
      for (const [why, code, signedAgo, acceptedAgo, amount = 10n] of rows) {
        const purchase = await signed(town, payer, town.till, billOf(amount), newId('deal'), {
          at: now - signedAgo,
          ...(acceptedAgo !== null && { acceptedAt: now - acceptedAgo }),
        })
        const answer = await purchase.byRegister()
        assert.equal(answer.refusal?.code ?? 'settled', code, why)
        assert.deepEqual(await purchase.byRegister(), answer, `${why}: handed in again`)
        const open = await ground.store.readOffer(bucketOfId(town.till.id), {
          terminal: town.till.id,
          deal: purchase.deal,
        })
        if (code === 'settled') {
          const payment = await paymentOf(town, answer)
          assert.equal(payment.acceptedAt, acceptedAgo === null ? null : now - acceptedAgo, why)
        } else assert.equal(open, undefined, `${why}: nothing was made`)
      }
    },
  )

  story(
    'an acceptance too late for the phone’s own hand-in still counts for the register’s, and once',
    async (town, ground) => {
      const at = (await ground.store.now()) - HOUR_MS
      const purchase = await signed(town, town.payer, town.till, billOf(50n), newId('deal'), { at, acceptedAt: at })
      assert.equal((await purchase.byPhone()).refusal?.code, 'approval-expired')
      assert.equal((await purchase.byRegister()).refusal, null)
      assert.equal((await purchase.byPhone()).refusal, null, 'now it is settled, and the phone hears so')
      assert.equal(await town.balance(town.payer), 9_950n)
    },
  )

  story(
    'the unlock must have lasted when the register took the purchase, and later proofs open nothing then',
    async (town, ground) => {
      const { payer, till } = town
      const began = await ground.store.now()
      const advanceTo = async (ms: number): Promise<void> => ground.advance?.(began + ms - (await ground.store.now()))
      const taken = (ago: number, proof: Evidence['proof'] = 'none') =>
        signed(town, payer, till, billOf(10n), newId('deal'), { at: began + ago, acceptedAt: began + ago, proof })
      const unlock = async (): Promise<void> => {
        const { number } = await town.offer(billOf(1n))
        const { payment } = await town.join(payer, number)
        assert.ok(payment)
        assert.equal((await town.approve(payer, payment)).refusal, null)
      }
      await unlock()
      const inTime = await taken(30 * MINUTE_MS)
      const late = await taken(90 * MINUTE_MS)
      const between = await taken(2 * HOUR_MS)
      const proved = await taken(5 * HOUR_MS, 'right')
      await advanceTo(2.5 * HOUR_MS)
      assert.equal((await inTime.byRegister()).refusal, null)
      assert.equal((await late.byRegister()).refusal?.code, 'payer-refused')
      assert.equal((await paymentOf(town, await late.byRegister())).ended?.refusal, 'proof-needed')
      await unlock()
      assert.equal((await paymentOf(town, await between.byRegister())).ended?.refusal, 'proof-needed')

      await advanceTo(8 * HOUR_MS)
      assert.equal((await proved.byRegister()).refusal, null)
      const device = await ground.store.readDevice(bucketOfId(payer.id), payer.id)
      assert.equal(device?.provedAt, began + 5 * HOUR_MS, 'the phone is unlocked from then, not from now')
      const ordinary = await town.offer(billOf(1n))
      const { payment } = await town.join(payer, ordinary.number)
      assert.ok(payment)
      assert.equal((await town.approve(payer, payment, { proof: 'none' })).refusal?.code, 'proof-needed')
    },
    'memory',
  )
}

// ---- what the stories say

const codeRead = (payer: DeviceActor, bill: Bill | null, deal = newId('deal')) =>
  ({ name: 'bill-code', deal, bill, payer }) as const

const joinBy = (town: Town, payer: DeviceActor, token: string): Promise<Answer> =>
  town.say(payer, { name: 'join', credential: { kind: 'token', token }, address: '127.0.0.1' })

async function paymentOf(town: Town, answer: Answer): Promise<Payment> {
  assert.ok(answer.payment, JSON.stringify(answer.refusal))
  const payment = await town.ground.store.readPayment(answer.payment)
  assert.ok(payment)
  return payment
}

/** A further phone of the same person. */
/** A hub whose store dies before the second commit of a deal, the one that makes the payment. */
function dying(town: Town, ground: Ground): { hub: Town['hub']; heal: () => void } {
  let dead = true
  const store: Store = {
    ...ground.store,
    transact: async (needs, decide) => {
      if (dead && needs.some(({ payments }) => payments.length > 0)) throw new StoreUnavailable('the power went out')
      return ground.store.transact(needs, decide)
    },
  }
  return { hub: town.make({ ...ground, store }), heal: () => void (dead = false) }
}

/** A purchase signed on the payer's phone, and both ways to hand it in. */
async function signed(
  town: Town,
  payer: DeviceActor,
  to: DeviceActor | TerminalActor,
  bill: Bill,
  deal: DealId = newId('deal'),
  options: { at?: number; acceptedAt?: number; proof?: Evidence['proof'] } = {},
) {
  const { scheme, store } = town.ground
  const terminal = to.kind === 'device' ? billerOf(to) : to
  const at = options.at ?? (await store.now())
  const biller = billerFrom(terminal)
  const evidence = handedBack(scheme, { biller, deal, bill, nonce: NONCE }, payer, options.proof ?? 'right', at)
  const accepted = options.acceptedAt === undefined ? null : { at: options.acceptedAt, signature: 'ef'.repeat(64) }
  const theirs = { name: 'submit-signed', deal, bill, payer, evidence, accepted } as const
  const mine = { name: 'submit-purchase', terminal, deal, bill, evidence } as const
  return {
    deal,
    evidence,
    mine,
    byRegister: (id = newId('cmd'), over = town.hub): Promise<Answer> => town.say(to, theirs, id, over),
    byPhone: (id = newId('cmd'), over = town.hub): Promise<Answer> => town.say(payer, mine, id, over),
  }
}
