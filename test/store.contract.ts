// The contract of both stores, told to the stores themselves; switch.contract.ts tells it through the switch.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { systemAccount } from '#core/accounts.ts'
import type { Action } from '#core/actions.ts'
import { bucketOfId, idInBucket } from '#core/ids.ts'
import { MOST_BY_CARD, MOST_ISSUED, type Account, type Entry, type Spent } from '#core/ledger.ts'
import { NO_ATTRIBUTES, unknownStanding } from '#core/standing.ts'
import { LIMITS } from '#protocol/limits.ts'
import type { EntryPage, Rows, Store } from '#switch/store.ts'
import { BUCKETS, JPY, newId, type Ground } from './support/grounds.ts'
import { cashOf, issueOf, ledgerOn, transfer, type Ledger } from './support/ledger.ts'

const HOME = 5
const MOST_SIGNED = 2n ** 63n - 1n

/** Runs the contract. `later` makes the next commit's time another one. */
export function storeContract(name: string, open: () => Promise<Ground & { later?: () => void }>): void {
  const story = (
    title: string,
    run: (ledger: Ledger, later: () => void) => Promise<void>,
    expected: readonly RegExp[] = [],
  ): void => {
    test(`${name}: ${title}`, async () => {
      const ground = await open()
      try {
        const ledger = ledgerOn(ground)
        await run(ledger, ground.later ?? (() => {}))
        await ledger.settleDown()
        const faults = await ledger.faults()
        assert.equal(faults.length, expected.length, faults.join(' · '))
        expected.forEach((fault, index) => assert.match(faults[index] ?? '', fault))
      } finally {
        await ground.close()
      }
    })
  }

  story('what is known of a person is read and written under the lock of their bucket', async ({ commit }) => {
    const party = idInBucket('pty', HOME, randomBytes(14))
    const needs = [{ bucket: HOME, standings: [party] }]
    await commit(needs, (working) => {
      assert.deepEqual(working.standing(party), unknownStanding(party))
      working.saveStanding({ ...working.standing(party), attributes: { ...NO_ATTRIBUTES, birthDate: 20_061_203 } })
    })
    await commit(needs, (working) => {
      const { attributes } = working.standing(party)
      const memberships = [{ name: '会員', until: null }]
      working.saveStanding({ ...working.standing(party), attributes: { ...attributes, memberships } })
      // Twice in one batch is one write.
      const bought = [{ article: 'pty_x 4901234567894', day: 20_261_203, quantity: 2 }]
      working.saveStanding({ ...working.standing(party), bought })
    })
    await commit(needs, (working) =>
      assert.deepEqual(working.standing(party), {
        party,
        version: 2,
        attributes: { birthDate: 20_061_203, region: null, memberships: [{ name: '会員', until: null }] },
        bought: [{ article: 'pty_x 4901234567894', day: 20_261_203, quantity: 2 }],
      }),
    )
  })

  story('a standing that changed since it was read is not overwritten, nor is anything beside it', async (ledger) => {
    const { commit, account, ground } = ledger
    const { key, party } = await account(HOME)
    const save = (amount: bigint, over = ground.store) =>
      commit(
        [{ bucket: HOME, standings: [party], accounts: [issueOf(HOME)] }],
        (working) => {
          working.post(transfer(issueOf(HOME), key, amount))
          working.saveStanding(working.standing(party))
        },
        over,
      )
    /** A hub that works on what it read before. */
    const late = (standings: Rows['standings']): Store => ({
      ...ground.store,
      transact: (needs, decide) => ground.store.transact(needs, (rows) => decide({ ...rows, standings })),
    })
    await save(7n)
    await assert.rejects(save(9n, late([])))
    await save(7n)
    await assert.rejects(save(9n, late([{ ...unknownStanding(party), version: 1 }])))
    await ledger.settleDown()
    assert.equal((await ground.store.readBalances(key))[0]?.balance, 14n)
  })

  story("the operator's actions are one chain beside the bucket's journal", async (ledger) => {
    const { commit, account, ground } = ledger
    const { key } = await account(HOME)
    const action = (why: string): Action => ({
      operator: idInBucket('opr', 0, new Uint8Array(14).fill(7)),
      operatorName: 'Hanako 花子',
      what: 'cash-in',
      subject: key,
      why,
      before: '{"b": 1, "a":  2}',
      after: '{}',
    })
    await account(HOME + 1)
    for (const bucket of [HOME, HOME + 1, HOME]) {
      await commit([{ bucket, accounts: [cashOf(bucket)] }], (working) => {
        working.act(bucket, action('counted'))
        working.post(transfer(cashOf(bucket), key, 10n, { kind: 'deposit' }))
        working.act(bucket, action('counted again'))
      })
    }
    const { actions, heads } = await ground.books()
    const log = actions.filter(({ bucket }) => bucket === HOME).toSorted((a, b) => Number(a.number - b.number))
    assert.deepEqual(
      log.map(({ number, why, before }) => [number, why, before]),
      [1n, 2n, 3n, 4n].map((n) => [n, n % 2n === 1n ? 'counted' : 'counted again', '{"b": 1, "a":  2}']),
    )
    assert.deepEqual([heads.get(HOME)?.actions, heads.get(HOME + 1)?.actions, heads.get(0)?.actions], [4n, 2n, 0n])
  })

  story(
    "an account's status, limits and what it has spent are kept with its balance",
    async ({ commit, account, post, ...ledger }) => {
      const { key } = await account(HOME)
      const other = await account(HOME + 1)
      await post(HOME, [transfer(issueOf(HOME), key, 1_000n)])
      await ledger.settleDown()
      const needs = [{ bucket: HOME, accounts: [key] }]
      const read = async (): Promise<Account | undefined> => {
        let found: Account | undefined
        await commit(needs, (working) => void (found = working.account(key, JPY)))
        const [balance] = await ledger.ground.store.readBalances(key)
        if (balance === undefined) return undefined
        const { arriving, ...row } = balance
        assert.equal(arriving, 0n)
        assert.deepEqual(row, found)
        return found
      }
      const limits = { perPayment: 10n, perDay: 999_999_999_999_999_999n, perMonth: 1_000_000_000_000n }
      await commit(needs, (working) => {
        const [before] = working.accountsOf(key)
        assert.ok(before)
        working.saveAccount({ ...before, status: 'frozen', limits })
      })
      let spent: Spent | undefined
      const first = await read()
      assert.deepEqual([first?.status, first?.limits, first?.version, first?.balance], ['frozen', limits, 1n, 1_000n])
      // A payment counts, money taken out at the cash desk does not.
      await commit(needs, (working) => {
        working.post(transfer(key, other.key, 300n, { kind: 'settle' }))
        working.post(transfer(key, cashOf(HOME), 50n, { kind: 'withdraw' }))
        working.post(transfer(key, systemAccount('escrow', HOME), 30n, { kind: 'hold' }))
        const day = working.today
        spent = { day, onDay: 330n, month: Math.floor(day / 100), inMonth: 330n }
        const [now] = working.accountsOf(key)
        assert.ok(now)
        working.saveAccount({ ...now, status: 'open', limits: null })
      })
      const second = await read()
      assert.deepEqual(second, { key, unit: JPY, status: 'open', balance: 620n, version: 4n, limits: null, spent })
      // Payments of no known deal: the money is right, that there is no deal is what this test alone does.
      await commit(needs, (working) => {
        const [now] = working.accountsOf(key)
        assert.ok(now)
        assert.throws(() => working.post(transfer(key, other.key, 621n)))
      })
    },
  )

  story(
    'the lines of a refund are kept with it',
    async ({ commit, ground: { store } }) => {
      const original = idInBucket('pay', 3, randomBytes(14))
      const refund = {
        id: idInBucket('pay', HOME, randomBytes(14)),
        original,
        amount: 30n,
        back: 7n,
        lines: [
          { line: 0, amount: 10n },
          { line: 199, amount: 20n },
        ],
        at: 1,
        told: false,
      }
      const needs = [{ bucket: HOME, refunds: [original] }]
      await commit(needs, (working) => working.saveRefund(HOME, refund))
      await commit(needs, (working) => {
        assert.deepEqual(working.refundsOf(original), [refund])
        working.saveRefund(HOME, { ...refund, told: true })
      })
      await commit(needs, (working) => assert.deepEqual(working.refundsOf(original), [{ ...refund, told: true }]))
      assert.deepEqual(await store.readDue(10), [])
      // There is no such payment here: the checker says so, of this test rightly.
    },
    [/^refund .* is of no known payment$/],
  )

  story('the answer to an operator carries its note', async ({ commit, ground: { store } }) => {
    const key = { actor: idInBucket('opr', HOME, randomBytes(14)), id: newId('cmd') }
    const answer = { refusal: null, terminal: null, deal: null, payment: null, refund: null, version: null, note: '3' }
    await commit([{ bucket: HOME, commands: [key] }], (working) =>
      working.saveCommand(HOME, { ...key, hash: 'ab', staff: null, answer }),
    )
    assert.deepEqual((await store.readCommand(HOME, key))?.answer, answer)
  })

  story(
    'contacts and holders are found by account, and nobody by a number that is not given out',
    async ({ ground, account }) => {
      const { store } = ground
      const me = await account(HOME)
      const friend = await account(HOME + 1)
      const foe = await account(HOME + 2)
      await ground.register({
        holders: [{ party: friend.party, kind: 'person', name: '花子', account: friend.key }],
        contacts: [
          { party: me.party, account: friend.key, status: 'listed' },
          { party: me.party, account: foe.key, status: 'blocked' },
        ],
      })
      assert.equal(await store.readContact(me.party, friend.key), 'listed')
      assert.equal(await store.readContact(me.party, foe.key), 'blocked')
      assert.equal(await store.readContact(friend.party, me.key), null)
      assert.deepEqual(await store.readHolder(friend.key), { party: friend.party, kind: 'person', name: '花子' })
      assert.equal(await store.readHolder(foe.key), undefined)
    },
  )

  story('a history is read in pages, by time and kind, and each page follows the one before', async (ledger, later) => {
    const { account, post, ground } = ledger
    const { key } = await account(HOME)
    const other = await account(HOME)
    const kinds = ['deposit', 'withdraw', 'post'] as const
    for (let day = 0; day < 12; day++) {
      later()
      await post(HOME, [transfer(cashOf(HOME), key, 100n, { kind: 'deposit' })])
      await ground.store.deposit(HOME)
      if (day % 3 === 0) await post(HOME, [transfer(key, cashOf(HOME), 20n, { kind: 'withdraw' })])
      if (day % 4 === 1) await post(HOME, [transfer(key, other.key, 5n), transfer(key, other.key, 6n)])
    }
    const all = await walk(ground.store, { account: key, unit: JPY, limit: 7 })
    assert.deepEqual(
      all.map(({ number }) => number),
      Array.from({ length: 22 }, (_, index) => 22n - BigInt(index)),
    )
    const times = [null, 0, ...new Set(all.flatMap(({ at }) => [at, at + 1])), 4_000_000_000_000]
    for (const since of times) {
      for (const until of times) {
        const kind = kinds[(times.indexOf(since) + times.indexOf(until)) % 4] ?? null
        const limit = 1 + (times.indexOf(since) % 4)
        const fitting = all.filter(
          (entry) =>
            (since === null || entry.at >= since) &&
            (until === null || entry.at < until) &&
            (kind === null || entry.kind === kind),
        )
        assert.deepEqual(await walk(ground.store, { account: key, unit: JPY, since, until, kind, limit }), fitting)
      }
    }
    const nobody = await account(HOME)
    assert.deepEqual(await walk(ground.store, { account: nobody.key, unit: JPY, since: 5 }), [])
  })

  story(
    'a rare kind in a long history answers with short pages and where to go on',
    async ({ account, commit, ground, post }) => {
      const { key } = await account(HOME)
      const other = await account(HOME)
      const long = LIMITS.scannedEntries * 2 + 100
      await post(HOME, [transfer(issueOf(HOME), key, 1_000_000n)])
      await ground.store.deposit(HOME)
      await post(HOME, [transfer(key, cashOf(HOME), 1n, { kind: 'withdraw' })])
      for (let part = 0; part < 2; part++) {
        await commit([{ bucket: HOME, accounts: [key] }], (working) => {
          for (let each = 0; each < long / 2; each++) working.post(transfer(key, other.key, 1n))
        })
      }
      const page: EntryPage = {
        account: key,
        unit: JPY,
        before: null,
        since: null,
        until: null,
        kind: 'withdraw',
        limit: 50,
      }
      const looked: [number, bigint | null][] = []
      let before: bigint | null = null
      do {
        const { entries, next } = await ground.store.readEntries({ ...page, before })
        looked.push([entries.length, next])
        before = next
      } while (before !== null)
      const reach = BigInt(LIMITS.scannedEntries)
      const newest = BigInt(long) + 2n
      assert.deepEqual(looked, [
        [0, newest + 1n - reach],
        [0, newest + 1n - reach * 2n],
        [1, null],
      ])
    },
  )

  story('all the money there can be arrives in one account', async ({ account, commit, ground }) => {
    const { key } = await account(HOME)
    const sources = ['issue', 'cash', 'clearing', 'exchange', 'card'] as const
    const mostOf = (kind: (typeof sources)[number]): bigint => (kind === 'card' ? MOST_BY_CARD : MOST_ISSUED)
    const ofBucket = sources.reduce((sum, kind) => sum + mostOf(kind), 0n)
    assert.ok(4_096n * ofBucket < MOST_SIGNED)
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      // The scheme's own accounts of this bucket exist beside any account in it.
      await account(bucket)
      for (const kind of sources) {
        const source = systemAccount(kind, bucket)
        const needs = [{ bucket, accounts: [source] }]
        await commit(needs, (working) => working.post(transfer(source, key, mostOf(kind))))
        await assert.rejects(
          commit(needs, (working) => void working.post(transfer(source, key, 1n))),
          /affords/,
        )
      }
    }
    const most = BigInt(BUCKETS) * ofBucket
    assert.equal((await ground.store.readBalances(key))[0]?.arriving, most)
    while ((await ground.store.deposit(HOME)) > 0);
    assert.equal((await ground.store.readBalances(key))[0]?.balance, most)
  })

  story('a phone is a terminal of its own', async ({ commit, ground }) => {
    const id = idInBucket('dev', HOME, randomBytes(14))
    const party = idInBucket('pty', HOME, randomBytes(14))
    const device = {
      id,
      party,
      key: newId('key'),
      status: 'active',
      approvesWith: 'any',
      provedAt: 0,
      provedWith: 'password',
      wrongProofs: 0,
      lockedUntil: 0,
    } as const
    await ground.register({ devices: [device] })
    const terminal = `trm_${id.slice(4)}` as const
    assert.equal(bucketOfId(id), HOME)
    const asked = idInBucket('trm', HOME, Buffer.from(id.slice(8), 'hex'))
    assert.equal(asked, terminal)
    await commit([{ bucket: HOME, terminals: [asked] }], (working) =>
      assert.deepEqual(working.terminal(asked), { id: asked, party, status: 'active' }),
    )
  })
}

/** All pages of a history, each asserted to hold no more than asked for. */
async function walk(store: Store, wanted: Partial<EntryPage> & Pick<EntryPage, 'account' | 'unit'>): Promise<Entry[]> {
  const page: EntryPage = { before: null, since: null, until: null, kind: null, limit: 50, ...wanted }
  const all: Entry[] = []
  let before: bigint | null = null
  do {
    const { entries, next } = await store.readEntries({ ...page, before })
    assert.ok(entries.length <= page.limit)
    assert.ok(next === null || before === null || next < before)
    all.push(...entries)
    before = next
  } while (before !== null)
  return all
}
