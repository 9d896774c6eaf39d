// The operator's desk in the switch, on both stores: log and effect in one commit, one answer for each command, and one outcome
// where a freeze and an approval meet.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { bucketOf, systemAccount } from '#core/accounts.ts'
import { actionHash, GENESIS_ACTION } from '#core/actions.ts'
import { toHex } from '#core/bytes.ts'
import { bucketOfId, idFrom, type CommandId } from '#core/ids.ts'
import { unitOf } from '#core/money.ts'
import { parseAccountNumber } from '#core/accounts.ts'
import { readCreditFile } from '#server/credit-file.ts'
import { createOperatorDesk, type Desk } from '#switch/operator.ts'
import type { Answer } from '#switch/store.ts'
import {
  billOf,
  billWith,
  groundOn,
  JPY,
  lineOf,
  memoryGround,
  newId,
  openTown,
  postgresGround,
  type Ground,
  type Town,
} from './support/world.ts'

const AOKI = { id: idFrom('opr', randomBytes(16)), name: 'Aoki' }

function deskOf(town: Town, hub = town.hub) {
  const { buckets, rules } = town.ground.scheme
  const desk = createOperatorDesk({
    step: hub.step,
    scheme: { name: 'Town', buckets, rules },
    mask: (_, birthDate) => `masked ${birthDate}`,
  })
  return (command: Desk, id: CommandId = newId('cmd'), hash = 'aa'): Promise<Answer> =>
    desk.handle({ ...command, by: AOKI, id, hash, why: 'test' })
}

const codeOf = ({ refusal }: Answer): string => refusal?.code ?? 'done'

async function joined(town: Town, payer = town.payer) {
  const { number } = await town.offer(billOf(500n))
  const { payment } = await town.join(payer, number)
  assert.ok(payment)
  return payment
}

for (const [name, open] of [
  ['memory', () => memoryGround()],
  ['PostgreSQL', () => postgresGround()],
] as const)
  describe(`on ${name}`, () => {
    let ground: Ground
    let town: Town
    before(async () => {
      ground = await open()
      town = await openTown(ground)
      await town.settleDown()
    })
    after(() => ground.close())

    test('a command is logged with its effect, once, and a repeat gets the stored answer', async () => {
      const { account } = await town.person('Logged', 0n)
      const cashIn = { name: 'cash-in', account, unit: JPY, amount: 400n, holder: 'Logged' } as const
      const id = newId('cmd')
      const earlier = (await ground.books()).transfers.length
      const act = deskOf(town)
      assert.deepEqual([codeOf(await act(cashIn, id)), codeOf(await act(cashIn, id))], ['done', 'done'])
      assert.equal(codeOf(await act({ ...cashIn, amount: 401n }, id, 'bb')), 'command-mismatch')
      const books = await ground.books()
      assert.equal(books.transfers.length, earlier + 1)
      const logged = books.actions.filter(({ subject }) => subject === account)
      assert.deepEqual(
        logged.map(({ what, operator, operatorName, why, before }) => [what, operator, operatorName, why, before]),
        [['cash-in', AOKI.id, 'Aoki', 'test', '{"unit":"JPY","balance":"0"}']],
      )
      await town.settleDown()
      assert.equal(await town.balance({ account }), 400n)
    })

    test('a no leaves no line in the log, and stays a no', async () => {
      const { account } = await town.person('Refused', 0n)
      const act = deskOf(town)
      const id = newId('cmd')
      const cashOut = { name: 'cash-out', account, unit: JPY, amount: 1n, holder: 'Refused' } as const
      assert.equal(codeOf(await act(cashOut, id)), 'insufficient-funds')
      await act({ name: 'cash-in', account, unit: JPY, amount: 1n, holder: 'Refused' })
      await town.settleDown()
      assert.equal(codeOf(await act(cashOut, id)), 'insufficient-funds')
      assert.equal(codeOf(await act(cashOut)), 'done')
      const logged = (await ground.books()).actions
      assert.deepEqual(
        logged.filter(({ subject }) => subject === account).map(({ what }) => what),
        ['cash-in', 'cash-out'],
      )
    })

    test('frozen, a payment that has joined is refused and goes on when it is unfrozen', async () => {
      const payer = await town.person('Frozen', 1_000n)
      const payment = await joined(town, payer)
      const act = deskOf(town)
      assert.equal(codeOf(await act({ name: 'freeze', account: payer.account })), 'done')
      assert.equal(codeOf(await town.approve(payer, payment)), 'account-frozen')
      assert.equal(codeOf(await act({ name: 'unfreeze', account: payer.account })), 'done')
      assert.equal(codeOf(await town.approve(payer, payment)), 'done')
    })

    test('limits of its own bind an account at once', async () => {
      const payer = await town.person('Limited', 1_000n)
      const payment = await joined(town, payer)
      const act = deskOf(town)
      const limits = { perPayment: 499n, perDay: 1_000n, perMonth: 1_000n }
      const set = { name: 'set-limits', account: payer.account, unit: JPY } as const
      assert.equal(codeOf(await act({ ...set, limits })), 'done')
      assert.equal(codeOf(await town.approve(payer, payment)), 'over-limit')
      assert.equal(codeOf(await act({ ...set, limits: null })), 'done')
      assert.equal(codeOf(await town.approve(payer, payment)), 'done')
    })

    test('an account with money, or with something on its way, is not closed; closed, it takes what still arrives', async () => {
      const payer = await town.person('Closing', 500n)
      const close = { name: 'close', account: payer.account } as const
      const act = deskOf(town)
      assert.equal(codeOf(await act({ ...close, busy: false })), 'balance-left')
      assert.equal(codeOf(await town.approve(payer, await joined(town, payer))), 'done')
      assert.equal(codeOf(await act({ ...close, busy: true })), 'account-busy')
      // A credit in another bucket's journal that nobody has seen yet.
      await town.person('Neighbour', 0n, 0)
      const row = { account: payer.account, amount: 70n, name: 'Closing', text: '' }
      assert.equal(codeOf(await act({ name: 'credit-file', unit: JPY, title: 'Late', rows: [row] })), 'done')
      assert.equal(codeOf(await act({ ...close, busy: false })), 'done')
      await town.settleDown()
      assert.equal(await town.balance(payer), 70n)
      const out = { name: 'cash-out', account: payer.account, unit: JPY, amount: 70n, holder: 'Closing' } as const
      assert.equal(codeOf(await act({ ...out, name: 'cash-in' })), 'account-closed')
      assert.equal(codeOf(await act(out)), 'done')
    })

    test('a file of credits is all or nothing', async () => {
      const source = systemAccount('issue', 0)
      const rows = [1n, 500_000_000_000_000n].map((amount) => ({
        account: town.payer.account,
        amount,
        name: 'Person 1',
        text: '',
      }))
      const earlier = await ground.books()
      const act = deskOf(town)
      assert.equal(codeOf(await act({ name: 'credit-file', unit: JPY, title: 'Too much', rows })), 'over-limit')
      const later = await ground.books()
      assert.equal(later.transfers.length, earlier.transfers.length)
      const balanceOf = ({ accounts }: typeof later) =>
        accounts.find(({ key, unit }) => key === source && unit === JPY)?.balance
      assert.equal(balanceOf(later), balanceOf(earlier))
    })

    test('what was verified is replaced, the log has what stood before, and what was bought today still counts', async () => {
      const payer = await town.person('Verified', 1_000n)
      const { party } = payer
      const onePerDay = { minimumAge: null, membership: null, region: null, perDay: 1 }
      const buy = async (): Promise<string> => {
        const { number } = await town.offer(billWith(lineOf(100n, { code: 'sake', restriction: onePerDay })))
        const { payment } = await town.join(payer, number)
        assert.ok(payment)
        return codeOf(await town.approve(payer, payment))
      }
      assert.equal(await buy(), 'done')
      const attributes = { birthDate: 20_000_101, region: 'JP', memberships: [{ name: 'Bath house', until: null }] }
      const other = { ...attributes, birthDate: 20_200_101 }
      const act = deskOf(town)
      assert.equal(codeOf(await act({ name: 'verify', party, attributes })), 'done')
      assert.equal(codeOf(await act({ name: 'verify', party, attributes: other })), 'done')
      const inLog = (each: typeof attributes): string =>
        JSON.stringify({ ...each, birthDate: `masked ${each.birthDate}` })
      const lines = (await ground.books()).actions.filter(({ subject }) => subject === party)
      assert.deepEqual(
        lines.map(({ before, after }) => [before, after]),
        [
          ['{"birthDate":null,"region":null,"memberships":[]}', inLog(attributes)],
          [inLog(attributes), inLog(other)],
        ],
      )
      assert.equal(await buy(), 'restricted')
    })

    test('the log of every bucket is one chain, and the books have no fault', async () => {
      const books = await ground.books()
      for (const [bucket, head] of books.heads) {
        const mine = books.actions
          .filter((action) => action.bucket === bucket)
          .toSorted((left, right) => Number(left.number - right.number))
        assert.deepEqual(
          mine.map(({ number }) => number),
          mine.map((_, index) => BigInt(index + 1)),
        )
        const end = mine.reduce<Uint8Array>((hash, action) => actionHash(hash, action), GENESIS_ACTION)
        assert.equal(toHex(head.actionsHash), toHex(end))
      }
      assert.deepEqual(await town.faults(), [])
      assert.deepEqual(town.alarms, [])
    })
  })

describe('approve and freeze at the same moment, at two hubs on one database', () => {
  test('either the payment was first and is settled, or the freeze was and it is refused: the log and the journal agree', async () => {
    const ground = await postgresGround()
    const second = await groundOn(ground.settings)
    try {
      const town = await openTown(ground)
      const otherHub = town.make(second)
      for (let round = 0; round < 40; round++) {
        const payer = await town.person(`Person ${round}`, 1_000n)
        const payment = await joined(town, payer)
        const freeze = () => deskOf(town, otherHub)({ name: 'freeze', account: payer.account })
        const approve = () => town.approve(payer, payment)
        const both = round % 2 === 0 ? [approve(), freeze()] : [freeze(), approve()]
        const [one = '', two = ''] = (await Promise.all(both)).map(codeOf)
        const [approved, frozen] = round % 2 === 0 ? [one, two] : [two, one]
        assert.equal(frozen, 'done')
        assert.ok(approved === 'done' || approved === 'account-frozen', approved)
        const stored = await ground.store.readPayment(payment)
        assert.equal(stored?.portions[0]?.state.kind, approved === 'done' ? 'settled' : 'due')
        const books = await ground.store.readBalances(payer.account)
        assert.deepEqual([books[0]?.balance, books[0]?.status], [approved === 'done' ? 500n : 1_000n, 'frozen'])
        assert.equal(bucketOfId(payment), bucketOf(payer.account, ground.scheme.buckets))
        // Whoever comes later finds it frozen.
        const answer = await town.approve(payer, payment)
        assert.equal(codeOf(answer), approved === 'done' ? 'state-conflict' : 'account-frozen')
      }
      // Both take their time from the database under the lock of the same bucket: nothing was paid after the freeze.
      const { actions, transfers } = await ground.books()
      const frozenAt = new Map(actions.map(({ subject, at }) => [subject, at]))
      for (const { kind, debit, at } of transfers)
        if (kind === 'settle') assert.ok(at <= (frozenAt.get(debit) ?? -1), `${debit} paid after it was frozen`)
      assert.deepEqual(await town.faults(), [])
    } finally {
      await second.close()
      await ground.close()
    }
  })
})

describe('a file of credits', () => {
  const EUR = unitOf('EUR')
  assert.ok(EUR)
  const ACCOUNT = '00112345674'
  const account = parseAccountNumber(ACCOUNT)

  for (const [about, csv, expected] of [
    ['comma and LF', `account,amount\n${ACCOUNT},5\n`, [[2, 500n, '']]],
    ['no line end at the end', `account,amount\n${ACCOUNT},5`, [[2, 500n, '']]],
    ['semicolon, CRLF, byte order mark', `\u{feff}account;amount\r\n${ACCOUNT};5.05\r\n`, [[2, 505n, '']]],
    ['tab, old line ends', `account\tamount\r${ACCOUNT}\t5\r`, [[2, 500n, '']]],
    ['columns in another order and a further one', `Text,note,AMOUNT,Account\nhi,x,5,${ACCOUNT}\n`, [[2, 500n, 'hi']]],
    ['quotes', `account,amount,text\n"${ACCOUNT}","1,280.50","a ""b"", c"\n`, [[2, 128_050n, 'a "b", c']]],
    [
      'an empty line between',
      `account,amount\n\n${ACCOUNT},5\n,\n${ACCOUNT},6\n`,
      [
        [3, 500n, ''],
        [5, 600n, ''],
      ],
    ],
    ['full-width digits', `account,amount\n００１１２３４５６７４,５\n`, [[2, 500n, '']]],
    ['a decimal comma', `account;amount\n${ACCOUNT};12,50\n`, 'amount-invalid'],
    ['three decimals', `account,amount\n${ACCOUNT},1.005\n`, 'amount-invalid'],
    ['zero', `account,amount\n${ACCOUNT},0\n`, 'amount-invalid'],
    ['the zeros a spreadsheet took', `account,amount\n112345674,5\n`, 'account-invalid'],
    ['one wrong digit', `account,amount\n00112345675,5\n`, 'account-invalid'],
    ['a quote that never ends', `account,amount\n"${ACCOUNT},5\n`, 'columns'],
    ['a line break in a text', `account,amount,text\n${ACCOUNT},5,"a\nb"\n`, 'text-invalid'],
    ['twice the same column', `account,amount,amount\n${ACCOUNT},5,5\n`, 'header'],
    ['nothing at all', '', 'empty'],
  ] as const)
    test(`${about}: ${typeof expected === 'string' ? expected : 'read'}`, () => {
      const { rows, faults } = readCreditFile(csv, EUR)
      if (typeof expected === 'string') {
        assert.deepEqual(
          faults.map(({ reason }) => reason),
          [expected],
        )
        assert.deepEqual(rows, [])
      } else {
        assert.deepEqual(faults, [])
        assert.deepEqual(
          rows,
          expected.map(([row, amount, text]) => ({ row, account, amount, text })),
        )
      }
    })
})
