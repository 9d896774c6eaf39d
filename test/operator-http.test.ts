// Stories of the operator's desk through HTTP, on a real hub: who may enter, what each command does, and what the log says of it.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import pg from 'pg'
import { toBase64url } from '#core/bytes.ts'
import { OPERATOR_COMMAND_ROUTES, OPERATOR_ROUTES } from '#protocol/operator.ts'
import { isSignedBy } from '#server/auth/keys.ts'
import { headFaults, readHeads, signDailyHead } from '#server/operator-log.ts'
import { openOperatorCode } from '#server/operator.ts'
import { readBooks } from '#server/postgres/books.ts'
import { APP_ROLE } from '#server/postgres/connect.ts'
import { actionHash, GENESIS_ACTION } from '#core/actions.ts'
import { GENESIS_HASH } from '#core/ledger.ts'
import { faultsOf } from '#core/invariants.ts'
import { toHex } from '#core/bytes.ts'
import { openClient } from '#sdk/client.ts'
import { enrol } from '#sdk/identity.ts'
import { memoryStorage } from '#sdk/storage.ts'
import { enrolled, startTestHub, until, type TestHub } from './support/hub.ts'
import { ask, assertProblem, fingerprint, newCommand, speaker, type Reply, type Speaker } from './support/raw-client.ts'

let hub: TestHub
let desk: Speaker
let hanako: Speaker
let register: Speaker

before(async () => {
  hub = await startTestHub()
  desk = await speaker(hub, 'register', await enrolled(hub, 'desk'))
  hanako = await speaker(hub, 'hanako')
  register = await speaker(hub, 'register')
})
after(() => hub.stop())

/** One command of the desk. */
const does = (name: string, body: object, command = newCommand(), by = desk): Promise<Reply> =>
  by.signed({ path: `/v1/operator/commands/${name}`, body: { command, why: `test of ${name}`, ...body } })

async function done(name: string, body: object, command?: string): Promise<Record<string, unknown>> {
  const reply = await does(name, body, command)
  assert.equal(reply.status, 200, `${name}: ${reply.text}`)
  return reply.body
}

type Row = Record<string, unknown>
async function query(text: string, values: unknown[] = []): Promise<Row[]> {
  const client = new pg.Client(hub.settings)
  await client.connect()
  try {
    return (await client.query<Row>(text, values)).rows
  } finally {
    await client.end()
  }
}

const actionsOf = async (subject: string): Promise<Row[]> => {
  const reply = await desk.reads(`/v1/operator/actions?subject=${subject}`)
  assert.equal(reply.status, 200, reply.text)
  return reply.body.actions as Row[]
}

/** A new person with an account in yen, and money in it. */
async function person(name: string, money = '0', units = ['JPY']): Promise<{ party: string; account: string }> {
  const { party, account } = await done('open-party', { kind: 'person', name, legalName: name, units })
  assert.ok(typeof party === 'string' && typeof account === 'string')
  if (money !== '0') await done('cash-in', { account, unit: 'JPY', amount: money })
  return { party, account }
}

const fileOf = async (party: string): Promise<Row> => {
  const reply = await desk.reads(`/v1/operator/parties/${party}`)
  assert.equal(reply.status, 200, reply.text)
  return reply.body
}
type BalanceRow = { unit: string; balance: string; status: string; limits: object | null }
const balanceOf = async (party: string, unit = 'JPY'): Promise<BalanceRow> => {
  const found = ((await fileOf(party)).balances as BalanceRow[]).find((each) => each.unit === unit)
  assert.ok(found)
  return found
}
const holds = (party: string, amount: string): Promise<true> =>
  until(async () => (await balanceOf(party)).balance === amount)

async function enrolWith(code: string): Promise<Speaker> {
  const storage = memoryStorage()
  const outcome = await enrol({ hub: hub.url, storage, code, label: 'test' })
  assert.ok(outcome.ok, outcome.ok ? '' : outcome.problem.code)
  return speaker(hub, 'register', openClient({ hub: hub.url, storage }))
}

describe('who may enter', () => {
  test('the one-time code of the first start makes one operator, once, and no further code is printed', async () => {
    const fresh = await startTestHub()
    try {
      const first = await openOperatorCode(fresh.operators)
      const second = await openOperatorCode(fresh.operators)
      assert.ok(first !== null && second !== null)
      const tries = [first, 'AAAA-AAAA-AA', second, second]
      const codes: string[] = []
      for (const code of tries) {
        const outcome = await enrol({ hub: fresh.url, storage: memoryStorage(), code, label: 'Aoki' })
        codes.push(outcome.ok ? outcome.view.self.kind : outcome.problem.code)
      }
      assert.deepEqual(codes, ['code-not-found', 'code-not-found', 'operator', 'code-not-found'])
      assert.equal(await openOperatorCode(fresh.operators), null)
      const [operator] = await fresh.operators.all()
      assert.equal(operator?.name, 'Aoki')
      const [action] = await fresh.operators.actions({ subject: operator?.id ?? '', before: null, limit: 5 })
      assert.deepEqual([action?.what, action?.operatorName], ['enrol-operator', 'Aoki'])
    } finally {
      await fresh.stop()
    }
  })

  test('an operator invites another, who works at once, and is out at once when revoked', async () => {
    const { code } = await done('invite', { to: { kind: 'operator', name: 'Baba' } })
    const other = await enrolWith(String(code))
    assert.equal(other.self.kind, 'operator')
    const { party } = await person('Seen by two')
    assert.equal((await other.reads(`/v1/operator/parties/${party}`)).status, 200)
    await done('revoke', { actor: other.self.id })
    assert.equal(assertProblem(await other.reads('/v1/operator/rules'), 'read'), 'session-ended')
    const late = await does(
      'freeze',
      { account: hanako.self.kind === 'device' ? hanako.self.account : '' },
      newCommand(),
      other,
    )
    assert.equal(assertProblem(late, 'command'), 'session-ended')
    const [revoked] = await actionsOf(other.self.id)
    assert.deepEqual(
      [revoked?.what, revoked?.before, revoked?.after],
      ['revoke', '{"status":"active"}', '{"status":"revoked"}'],
    )
  })

  test('nobody else comes in at any of its routes, and nothing changes', async () => {
    const before = await fingerprint(hub.settings, ['session', 'budget'])
    const routes = [...Object.values(OPERATOR_ROUTES), ...OPERATOR_COMMAND_ROUTES.map(({ route }) => route)]
    assert.ok(routes.length >= 19)
    for (const route of routes) {
      const path = route.path.replace('{party}', `pty_${'0'.repeat(32)}`)
      const body = route.method === 'POST' ? { body: {} } : {}
      assert.equal(
        assertProblem(await ask(hub, { method: route.method, path, ...body }), path),
        route.access === 'signed' ? 'signature-needed' : 'session-needed',
      )
      for (const other of [hanako, register]) {
        const reply =
          route.access === 'signed'
            ? await other.signed({ path, body: {} })
            : await ask(hub, {
                method: route.method,
                path,
                ...body,
                headers: { authorization: `Bearer ${other.session.token}` },
              })
        assert.equal(assertProblem(reply, path), 'not-allowed')
      }
      // The operator's own token reads and does not command.
      if (route.access === 'signed') {
        const reply = await ask(hub, { path, body: {}, headers: { authorization: `Bearer ${desk.session.token}` } })
        assert.equal(assertProblem(reply, path), 'signature-needed')
      }
    }
    assert.deepEqual(await fingerprint(hub.settings, ['session', 'budget']), before)
  })

  test('an operator is nobody at the routes of shops and phones', async () => {
    for (const path of ['/v1/inbox', '/v1/balances', '/v1/history', '/v1/deals', '/v1/contacts'])
      assert.equal(assertProblem(await desk.reads(path), path), 'not-allowed')
    const reply = await desk.command('open-offer', { deal: `deal_${'1'.repeat(32)}`, bill: null })
    assert.equal(assertProblem(reply, 'open-offer'), 'not-allowed')
  })
})

describe('people and machines', () => {
  test('the same command twice opens one person, with the same account', async () => {
    const command = newCommand()
    const body = { kind: 'person', name: 'Once', legalName: 'Once Only', units: ['JPY', 'EUR'] }
    const first = await done('open-party', body, command)
    assert.deepEqual(await done('open-party', body, command), first)
    assert.equal(
      assertProblem(await does('open-party', { ...body, name: 'Twice' }, command), 'other body'),
      'command-mismatch',
    )
    const { parties } = (await desk.reads('/v1/operator/parties?search=Once%20Only')).body as { parties: Row[] }
    assert.deepEqual(
      parties.map(({ party }) => party),
      [first.party],
    )
    assert.deepEqual(
      ((await fileOf(String(first.party))).balances as BalanceRow[]).map(({ unit }) => unit),
      ['EUR', 'JPY'],
    )
    assert.equal((await actionsOf(String(first.party))).length, 1)
  })

  test('invitations: a code for a phone and a till, the same for a repeat, none for the wrong kind', async () => {
    const { party } = await person('With phone')
    const command = newCommand()
    const { code } = await done('invite', { to: { kind: 'device', party } }, command)
    assert.equal((await done('invite', { to: { kind: 'device', party } }, command)).code, code)
    const phone = await enrolWith(String(code))
    assert.deepEqual(
      [phone.self.kind, (await fileOf(party)).devices],
      [
        'device',
        [
          {
            id: phone.self.id,
            label: 'test',
            status: 'active',
            enrolledAt: ((await fileOf(party)).devices as Row[])[0]?.enrolledAt,
          },
        ],
      ],
    )
    const terminal = { kind: 'terminal', party, label: 'Till', terminal: 'counter' }
    assert.equal(assertProblem(await does('invite', { to: terminal }), 'till of a person'), 'field-invalid')
    const nobody = { kind: 'device', party: `pty_0001${'0'.repeat(28)}` }
    assert.equal(assertProblem(await does('invite', { to: nobody }), 'nobody'), 'party-unknown')

    const shop = await done('open-party', { kind: 'merchant', name: 'Shop', legalName: 'Shop', units: ['JPY'] })
    const till = await enrolWith(String((await done('invite', { to: { ...terminal, party: shop.party } })).code))
    assert.equal(till.self.kind, 'terminal')

    await done('revoke', { actor: phone.self.id })
    assert.equal(assertProblem(await phone.reads('/v1/inbox'), 'revoked'), 'session-ended')
    // The party's file of actions has what was done to its phone.
    assert.deepEqual(
      (await actionsOf(party)).map(({ what }) => what),
      ['revoke', 'invite', 'open-party'],
    )
  })

  test('a hub that died after the log and before the directory: the same command again finishes it', async () => {
    const [opening, inviting] = [newCommand(), newCommand()]
    const body = { kind: 'person', name: 'Half done', legalName: 'Half done', units: ['JPY'] }
    const { party } = await done('open-party', body, opening)
    const uuid = String(party).slice(4)
    await query('delete from account where key = (select account from party where id = $1)', [uuid])
    await query('delete from party where id = $1', [uuid])
    assert.equal((await done('open-party', body, opening)).party, party)
    assert.equal((await balanceOf(String(party))).balance, '0')

    const to = { kind: 'device', party }
    const { code } = await done('invite', { to }, inviting)
    await query('delete from enrolment_code where party = $1', [uuid])
    assert.equal((await done('invite', { to }, inviting)).code, code)
    assert.equal((await enrolWith(String(code))).self.kind, 'device')
    assert.deepEqual(
      (await actionsOf(String(party))).map(({ what }) => what),
      ['invite', 'open-party'],
    )
  })

  test('a search finds a part of a name in any case, and an account with dashes; pages go on where they ended', async () => {
    const { party, account } = await person('Zwölf 100%_Prozent')
    const find = async (search: string): Promise<unknown[]> => {
      const reply = await desk.reads(`/v1/operator/parties?search=${encodeURIComponent(search)}`)
      return (reply.body.parties as Row[]).map((row) => row.party)
    }
    assert.deepEqual(await find('wölf'), [party])
    assert.deepEqual(await find('100%_p'), [party])
    assert.deepEqual(await find('100_p'), [])
    assert.deepEqual(await find(`${account.slice(0, 3)}-${account.slice(3, 10)}-${account.slice(10)}`), [party])

    for (let index = 0; index < 55; index++) await person(`Crowd ${index}`)
    const first = (await desk.reads('/v1/operator/parties?search=Crowd')).body as { parties: Row[]; next: string }
    const second = (await desk.reads(`/v1/operator/parties?search=Crowd&before=${first.next}`)).body as {
      parties: Row[]
      next: null
    }
    const names = [...first.parties, ...second.parties].map(({ name }) => name)
    assert.deepEqual(
      names,
      Array.from({ length: 55 }, (_, index) => `Crowd ${54 - index}`),
    )
    assert.equal(second.next, null)
  })
})

describe('money over the desk', () => {
  test('cash in and out move it between the desk and the account, once for each command', async () => {
    const { party, account } = await person('Cash')
    const command = newCommand()
    await done('cash-in', { account, unit: 'JPY', amount: '5000' }, command)
    await done('cash-in', { account, unit: 'JPY', amount: '5000' }, command)
    await holds(party, '5000')
    await done('cash-out', { account, unit: 'JPY', amount: '1200' })
    assert.equal((await balanceOf(party)).balance, '3800')
    const entries = (await fileOf(party)).entries as Row[]
    assert.deepEqual(
      entries.map(({ kind, amount, balance, otherName }) => [kind, amount, balance, otherName]),
      [
        ['withdraw', '-1200', '3800', 'Demo town'],
        ['deposit', '5000', '5000', 'Demo town'],
      ],
    )
    const [out, into] = await actionsOf(account)
    assert.deepEqual(
      [out?.what, into?.what, into?.why, into?.operatorName],
      ['cash-out', 'cash-in', 'test of cash-in', 'Operator'],
    )
    assert.equal(out?.before, '{"unit":"JPY","balance":"5000"}')
    assert.match(String(out?.after), /^\{"unit":"JPY","amount":"1200","transfer":"\d+:\d+"\}$/)
  })

  test('what cannot be: no such account, another currency, more than there is, nothing, more than all money', async () => {
    const { party, account } = await person('Poor', '100')
    await holds(party, '100')
    const wrong = `${account.slice(0, 10)}${(Number(account[10]) + 1) % 10}`
    for (const [name, body, code] of [
      ['cash-in', { account: wrong, unit: 'JPY', amount: '1' }, 'account-unknown'],
      ['cash-in', { account: '99999999992', unit: 'JPY', amount: '1' }, 'account-unknown'],
      ['cash-in', { account, unit: 'USD', amount: '1' }, 'unit-mismatch'],
      ['cash-in', { account, unit: 'XQX', amount: '1' }, 'unit-invalid'],
      ['cash-in', { account, unit: 'JPY', amount: '0' }, 'amount-invalid'],
      ['cash-in', { account, unit: 'JPY', amount: '500000000000001' }, 'over-limit'],
      ['cash-out', { account, unit: 'JPY', amount: '101' }, 'insufficient-funds'],
      ['cash-out', { account, unit: 'JPY', amount: '1', why: ' ' }, 'text-invalid'],
    ] as const)
      assert.equal(assertProblem(await does(name, body), `${name} ${code}`), code)
    assert.equal((await balanceOf(party)).balance, '100')
    assert.deepEqual(
      (await actionsOf(account)).map(({ what }) => what),
      ['cash-in', 'open-party'],
    )
  })

  test('a file of credits: CSV as spreadsheets write it, booked at once, the same command once', async () => {
    const one = await person('Payroll one')
    const two = await person('Payroll two')
    const dashed = `${two.account.slice(0, 3)}-${two.account.slice(3, 10)}-${two.account.slice(10)}`
    const rows = `\u{feff}account;amount;text\r\n${one.account};"1,000";"June; ""half"""\r\n${dashed};250;\r\n\r\n`
    const command = newCommand()
    const body = { unit: 'JPY', title: 'Wages June', rows }
    assert.deepEqual(await done('credit-file', body, command), await done('credit-file', body, command))
    await holds(one.party, '1000')
    await holds(two.party, '250')
    const newest = async ({ party }: { party: string }): Promise<unknown> =>
      ((await fileOf(party)).entries as Row[])[0]?.otherName
    assert.deepEqual([await newest(one), await newest(two)], ['June; "half"', 'Wages June'])
    const logged = (await actionsOf('scheme')).filter(({ what }) => what === 'credit-file')
    assert.equal(logged.length, 1)
    assert.match(
      String(logged[0]?.after),
      /^\{"unit":"JPY","title":"Wages June","rows":2,"total":"1250","transfers":"0:\d+-\d+"\}$/,
    )
  })

  test('a file with wrong rows names each of them and books none; put right, the same command books it', async () => {
    const right = await person('Right')
    const closed = await person('Closed')
    await done('close', { account: closed.account })
    const rows = [
      'account,amount,text',
      `${right.account},100,ok`,
      `${right.account},12.5,`,
      `${right.account},-1,`,
      '00000000001,5,',
      '99999999992,5,',
      `${closed.account},5,`,
      `${right.account},5`,
      `${right.account},5,\u202eevil`,
    ].join('\n')
    const faults = {
      3: 'amount-invalid',
      4: 'amount-invalid',
      5: 'account-invalid',
      6: 'account-unknown',
      7: 'account-closed',
      8: 'columns',
      9: 'text-invalid',
    }
    const before = await fingerprint(hub.settings, ['session', 'budget'])
    const check = await ask(hub, {
      path: '/v1/operator/credit-check',
      body: { unit: 'JPY', title: 'x', rows },
      headers: { authorization: `Bearer ${desk.session.token}` },
    })
    assert.deepEqual(check.body, {
      rows: 8,
      unit: 'JPY',
      total: '100',
      faults: Object.entries(faults).map(([row, reason]) => ({ row: Number(row), reason })),
    })
    const command = newCommand()
    const refused = await does('credit-file', { unit: 'JPY', title: 'x', rows }, command)
    assert.equal(assertProblem(refused, 'wrong rows'), 'rows-invalid')
    assert.deepEqual(refused.body.figures, { ...faults, faults: '7' })
    assert.deepEqual(await fingerprint(hub.settings, ['session', 'budget']), before)

    const good = [{ account: right.account, amount: '100', text: '' }]
    assert.equal((await done('credit-file', { unit: 'JPY', title: 'x', rows: good }, command)).rows, 1)
    await holds(right.party, '100')
  })

  test('files that are none: no header, nothing in it, too many rows, another currency', async () => {
    const { account } = await person('Only yen')
    const many = `account,amount\n${`${account},1\n`.repeat(5_001)}`
    for (const [unit, rows, figures] of [
      ['JPY', `${account},5\n`, { faults: '1', 0: 'header' }],
      ['JPY', 'account,amount\n', { faults: '1', 0: 'empty' }],
      ['JPY', many, { faults: '1', 0: 'too-many-rows' }],
      ['EUR', `account,amount\n${account},5.00\n`, { faults: '1', 2: 'unit-mismatch' }],
    ] as const) {
      const reply = await does('credit-file', { unit, title: 'x', rows })
      assert.equal(assertProblem(reply, rows.slice(0, 40)), 'rows-invalid')
      assert.deepEqual(reply.body.figures, figures)
    }
  })

  test('five thousand rows are one commit', async () => {
    const { party, account } = await person('Many times')
    const rows = Array.from({ length: 5_000 }, () => ({ account, amount: '3', text: '' }))
    assert.equal((await done('credit-file', { unit: 'JPY', title: 'All', rows })).rows, 5_000)
    await holds(party, '15000')
  })
})

describe('accounts', () => {
  test('frozen: nothing leaves, money still comes in; unfrozen it leaves again', async () => {
    const { party, account } = await person('Cold', '1000', ['JPY', 'EUR'])
    await holds(party, '1000')
    await done('freeze', { account })
    assert.deepEqual([(await balanceOf(party)).status, (await balanceOf(party, 'EUR')).status], ['frozen', 'frozen'])
    assert.equal((await fileOf(party)).frozen, true)
    const out = { account, unit: 'JPY', amount: '1' }
    assert.equal(assertProblem(await does('cash-out', out), 'frozen'), 'account-frozen')
    await done('cash-in', out)
    await holds(party, '1001')
    await done('unfreeze', { account })
    await done('cash-out', out)
    const unfreeze = (await actionsOf(account)).find(({ what }) => what === 'unfreeze')
    assert.deepEqual(
      [unfreeze?.what, unfreeze?.before, unfreeze?.after],
      ['unfreeze', '{"EUR":"frozen","JPY":"frozen"}', '{"EUR":"open","JPY":"open"}'],
    )
  })

  test('closed only when it is empty; then for good, with its phones', async () => {
    const { party, account } = await person('Leaving', '70')
    const phone = await enrolWith(String((await done('invite', { to: { kind: 'device', party } })).code))
    assert.equal(assertProblem(await does('close', { account }), 'money left'), 'balance-left')
    await done('cash-out', { account, unit: 'JPY', amount: '70' })
    await done('close', { account })
    const file = await fileOf(party)
    assert.deepEqual([file.status, (file.devices as Row[])[0]?.status], ['closed', 'revoked'])
    assert.equal(assertProblem(await phone.reads('/v1/inbox'), 'its phone'), 'session-ended')
    for (const [name, body, code] of [
      ['close', { account }, 'account-closed'],
      ['unfreeze', { account }, 'account-closed'],
      ['cash-in', { account, unit: 'JPY', amount: '1' }, 'account-closed'],
      ['set-limits', { account, unit: 'JPY', limits: null }, 'account-closed'],
      ['invite', { to: { kind: 'device', party } }, 'account-closed'],
    ] as const)
      assert.equal(assertProblem(await does(name, body), name), code)
  })

  test('not closed while an offer of its till is open', async () => {
    const shop = await done('open-party', { kind: 'merchant', name: 'Busy', legalName: 'Busy', units: ['JPY'] })
    const to = { kind: 'terminal', party: shop.party, label: 'Till', terminal: 'counter' }
    const till = await enrolWith(String((await done('invite', { to })).code))
    const deal = `deal_${'7'.repeat(32)}`
    assert.equal((await till.command('open-offer', { deal, bill: null })).status, 200)
    assert.equal(assertProblem(await does('close', { account: shop.account }), 'open offer'), 'account-busy')
    assert.equal((await till.command('cancel-deal', { deal, payment: null })).status, 200)
    await done('close', { account: shop.account })
  })

  test('limits of its own stand in its file, and null takes them away', async () => {
    const { party, account } = await person('Limited')
    const limits = { perPayment: '10', perDay: '20', perMonth: '30' }
    await done('set-limits', { account, unit: 'JPY', limits })
    assert.deepEqual((await balanceOf(party)).limits, limits)
    await done('set-limits', { account, unit: 'JPY', limits: null })
    assert.equal((await balanceOf(party)).limits, null)
    const upside = { perPayment: '10', perDay: '9', perMonth: '30' }
    assert.equal(
      assertProblem(await does('set-limits', { account, unit: 'JPY', limits: upside }), 'less a day'),
      'amount-invalid',
    )
    const [away] = await actionsOf(account)
    assert.equal(away?.before, '{"unit":"JPY","limits":{"perPayment":"10","perDay":"20","perMonth":"30"}}')
  })
})

describe('attributes and rules', () => {
  test('the demo knows Hanako’s age and region and that Kenji is a minor; a repeat of its start changes nothing', async () => {
    const find = async (name: string): Promise<Row> => {
      const { parties } = (await desk.reads(`/v1/operator/parties?search=${name}`)).body as {
        parties: { party: string }[]
      }
      return fileOf(parties[0]?.party ?? '')
    }
    assert.deepEqual((await find('Hanako')).attributes, { birthDate: null, region: 'JP-14', memberships: [] })
    assert.deepEqual((await find('Kenji')).attributes, { birthDate: null, region: null, memberships: [] })
    const again = await startTestHub({ settings: hub.settings })
    await again.stop()
    const { party } = await find('Kenji')
    assert.equal((await actionsOf(String(party))).filter(({ what }) => what === 'verify').length, 1)
  })

  test('what was verified is replaced; a day that does not exist is named', async () => {
    const { party } = await person('Member')
    const attributes = {
      birthDate: '2000-02-29',
      region: 'JP',
      memberships: [{ name: 'Bath house', until: '2030-12-31' }],
    }
    await done('verify', { party, attributes })
    await done('verify', { party, attributes: { ...attributes, region: null } })
    assert.deepEqual((await fileOf(party)).attributes, { ...attributes, birthDate: null, region: null })
    const wrong = { ...attributes, birthDate: '2001-02-29' }
    assert.equal(assertProblem(await does('verify', { party, attributes: wrong }), 'no such day'), 'day-invalid')
    assert.equal((await actionsOf(party)).filter(({ what }) => what === 'verify').length, 2)
  })

  test('new rules are known to this hub at once, to another soon, and to one that starts later', async () => {
    const other = await startTestHub({ settings: hub.settings })
    try {
      const before = (await desk.reads('/v1/operator/rules')).body
      const noLimits = {
        password: null,
        'synced-passkey': null,
        'bound-passkey': null,
        'security-key': null,
        other: null,
      }
      assert.deepEqual(before.proofLimits, noLimits)
      const rules = {
        limits: { perPayment: '777', perDay: '8888', perMonth: '99999' },
        freshProofFrom: '500',
        unlockMs: 60_000,
        restricted: 'refuse',
        proofLimits: { ...noLimits, password: '300' },
        offline: { payment: '100', device: '200', terminal: '300', ms: 3_600_000 },
      }
      await done('set-rules', rules)
      assert.deepEqual((await desk.reads('/v1/operator/rules')).body, { ...rules, zone: before.zone, unit: 'JPY' })
      const schemeAt = async (url: string): Promise<Row> =>
        (await ask({ url }, { method: 'GET', path: '/v1/scheme' })).body
      assert.equal((await schemeAt(hub.url)).freshProofFrom, '500')
      await until(async () => (await schemeAt(other.url)).unlockMs === 60_000)
      const third = await startTestHub({ settings: hub.settings })
      assert.equal((await schemeAt(third.url)).freshProofFrom, '500')
      await third.stop()
      const { limits, freshProofFrom, unlockMs, restricted } = before
      await done('set-rules', { limits, freshProofFrom, unlockMs, restricted })
      const after = (await desk.reads('/v1/operator/rules')).body
      assert.deepEqual(after.proofLimits, rules.proofLimits, 'left out, the limits of proofs stay')
      assert.deepEqual(after.offline, rules.offline, 'and so do the caps of registers without a network')
      const upsideDown = { ...rules, offline: { ...rules.offline, payment: '201' } }
      assert.equal(assertProblem(await does('set-rules', upsideDown), 'more of one than of all'), 'amount-invalid')
      const { offline } = before
      await done('set-rules', { limits, freshProofFrom, unlockMs, restricted, proofLimits: noLimits, offline })
    } finally {
      await other.stop()
    }
  })
})

describe('the log', () => {
  test('every bucket’s chain holds, pages go through all of it, and the books have no fault', async () => {
    const books = await readBooks(hub.settings)
    assert.deepEqual(faultsOf(books), [])
    let links = 0
    for (const [bucket, head] of books.heads) {
      let hash: Uint8Array = GENESIS_ACTION
      const mine = books.actions
        .filter((each) => each.bucket === bucket)
        .toSorted((a, b) => Number(a.number - b.number))
      for (const [index, action] of mine.entries()) {
        assert.equal(action.number, BigInt(index + 1))
        hash = actionHash(hash, action)
        assert.equal(toHex(hash), toHex(action.hash))
        links++
      }
      assert.equal(toHex(head.actionsHash), toHex(hash))
    }
    const seen: string[] = []
    for (let before = ''; ;) {
      const reply = await desk.reads(`/v1/operator/actions${before === '' ? '' : `?before=${before}`}`)
      const { actions, next } = reply.body as {
        actions: { bucket: number; number: string; at: number }[]
        next: string | null
      }
      seen.push(...actions.map(({ bucket, number }) => `${bucket}:${number}`))
      if (next === null) break
      before = next
    }
    assert.equal(new Set(seen).size, seen.length)
    assert.equal(seen.length, links)
  })

  test('the hub’s own role can neither change nor remove an action, a signed head, or the key', async () => {
    const client = new pg.Client(hub.settings)
    await client.connect()
    await client.query(`set role ${APP_ROLE}`)
    try {
      for (const statement of [
        "update action set why = 'other'",
        'delete from action',
        'truncate action',
        "update signed_head set text = 'other'",
        'delete from signed_head',
        "update scheme_key set private_key = ''",
        'delete from scheme_key',
      ])
        await assert.rejects(client.query(statement), { code: '42501' }, statement)
    } finally {
      await client.end()
    }
  })

  test('the daily head is signed once a day, anybody can check it, and one flipped byte anywhere before it is found', async () => {
    const reply = await desk.reads('/v1/operator/heads')
    const { key, heads } = reply.body as { key: string; heads: { text: string; signature: string }[] }
    assert.ok(heads.length >= 1)
    for (const { text, signature } of heads)
      assert.ok(isSignedBy(Buffer.from(key, 'base64url'), Buffer.from(text), Buffer.from(signature, 'base64url')))
    assert.equal(toBase64url(hub.key.publicKey), key)

    const [scheme] = await query('select id from scheme')
    const tomorrow = Date.now() + 24 * 3_600_000
    const parts = {
      key: hub.key,
      scheme: `sch_${String(scheme?.id).replaceAll('-', '')}` as const,
      zone: 'Asia/Tokyo',
      now: tomorrow,
    }
    // Border: the id was read from the scheme's own row.
    const sign = () => signDailyHead(hub.database, parts as Parameters<typeof signDailyHead>[1])
    assert.deepEqual([await sign(), await sign()], [true, false])

    const books = await readBooks(hub.settings)
    const chains = {
      publicKey: hub.key.publicKey,
      buckets: books.buckets,
      transferHash: (bucket: number, sequence: bigint) =>
        toHex(
          sequence === 0n
            ? GENESIS_HASH
            : (books.transfers.find((each) => each.bucket === bucket && each.sequence === sequence)?.hash ??
                new Uint8Array()),
        ),
      actionHash: (bucket: number, number: bigint) =>
        toHex(
          number === 0n
            ? GENESIS_ACTION
            : (books.actions.find((each) => each.bucket === bucket && each.number === number)?.hash ??
                new Uint8Array()),
        ),
    }
    const signed = (await readHeads(hub.database, { before: null, limit: 10 })).toReversed()
    assert.equal(signed.length, 2)
    assert.deepEqual(headFaults(signed, chains), [])
    const [, last] = signed
    assert.ok(last)
    const flipped = last.text.replace(
      /actions \d+ [0-9a-f]/,
      (found) => found.slice(0, -1) + (found.endsWith('0') ? '1' : '0'),
    )
    assert.notEqual(flipped, last.text)
    assert.equal(headFaults([signed[0] ?? last, { ...last, text: flipped }], chains).length, 2)
    assert.ok(headFaults([last], chains).some((fault) => fault.includes('does not follow')))
    assert.ok(headFaults(signed, { ...chains, transferHash: () => 'other' }).length >= 2 * books.buckets)
  })
})
