// Roles at the operator's desk: what each may do, looking with a reason, and what the log does not tell.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { ACTION_KINDS, OPERATOR_ROLES, operatorMay, type OperatorRole } from '#core/actions.ts'
import { openClient } from '#sdk/client.ts'
import { enrol } from '#sdk/identity.ts'
import { memoryStorage } from '#sdk/storage.ts'
import { audit } from '#server/audit/audit.ts'
import { OPERATOR_ROUTES } from '#protocol/operator.ts'
import { enrolled, startTestHub, type TestHub } from './support/hub.ts'
import { withClient } from './support/postgres.ts'
import { ask, assertProblem, fingerprint, newCommand, speaker, type Reply, type Speaker } from './support/raw-client.ts'

type Row = Record<string, unknown>
let hub: TestHub
let chief: Speaker
const staff = new Map<OperatorRole, Speaker>()

before(async () => {
  hub = await startTestHub()
  chief = await speaker(hub, 'desk', await enrolled(hub, 'desk'))
  staff.set('chief', chief)
  for (const role of OPERATOR_ROLES) {
    if (role === 'chief') continue
    const { code } = await done('invite', { to: { kind: 'operator', name: role, role } })
    staff.set(role, await enrolWith(String(code)))
  }
})
after(() => hub.stop())

const of = (role: OperatorRole): Speaker => staff.get(role) ?? assert.fail()

const does = (name: string, body: object, by = chief, command = newCommand()): Promise<Reply> =>
  by.signed({ path: `/v1/operator/commands/${name}`, body: { command, why: `test of ${name}`, ...body } })

async function done(name: string, body: object, by = chief, command?: string): Promise<Row> {
  const reply = await does(name, body, by, command)
  assert.equal(reply.status, 200, `${name}: ${reply.text}`)
  return reply.body
}

async function enrolWith(code: string): Promise<Speaker> {
  const storage = memoryStorage()
  assert.ok((await enrol({ hub: hub.url, storage, code, label: 'test' })).ok)
  return speaker(hub, 'desk', openClient({ hub: hub.url, storage }))
}

const partyOf = async (kind: 'person' | 'merchant', name: string): Promise<string> =>
  String((await done('open-party', { kind, name, legalName: name, units: ['JPY'] })).party)

async function actionsOf(subject: string): Promise<Row[]> {
  const reply = await chief.reads(`/v1/operator/actions?subject=${subject}`)
  return reply.body.actions as Row[]
}

const query = async (text: string, values: unknown[]): Promise<Row[]> =>
  withClient(hub.settings, async (client) => (await client.query<Row>(text, values)).rows)

/** A body that passes each command's schema, about nobody. */
const NOBODY = `pty_0001${'0'.repeat(28)}`
const ACCOUNT = '99999999992'
const BODIES: Readonly<Record<string, object>> = {
  'open-party': { kind: 'person', name: 'x', legalName: 'x', units: ['XQX'] },
  invite: { to: { kind: 'device', party: NOBODY } },
  revoke: { actor: `dev_0001${'0'.repeat(28)}` },
  'cash-in': { account: ACCOUNT, unit: 'JPY', amount: '1' },
  'cash-out': { account: ACCOUNT, unit: 'JPY', amount: '1' },
  'credit-file': { unit: 'XQX', title: 'x', rows: [{ account: ACCOUNT, amount: '1', text: '' }] },
  freeze: { account: ACCOUNT },
  unfreeze: { account: ACCOUNT },
  close: { account: ACCOUNT },
  'set-limits': { account: ACCOUNT, unit: 'JPY', limits: null },
  verify: { party: NOBODY, attributes: { birthDate: null, region: null, memberships: [] } },
  look: { party: NOBODY, what: 'email' },
  'register-client': {
    party: NOBODY,
    name: 'x',
    redirectUris: ['https://x.example/'],
    ciba: 'none',
    notificationEndpoint: null,
    attributes: [],
  },
  'end-client': { client: 'site-none' },
  'set-rates': { rows: 'from,to\nUSD,JPY' },
  'set-card-tables': { version: 0, change: { table: 'ranges', isWhole: false, rows: 'prefix\n1' } },
  'set-rules': {
    limits: { perPayment: '2', perDay: '1', perMonth: '1' },
    freshProofFrom: '1',
    unlockMs: 1,
    restricted: 'ask',
  },
}

describe('roles', () => {
  test('what a role may not do is refused before anything is looked at, for every command, and consumes no command id', async () => {
    const unchanged = await fingerprint(hub.settings, ['session', 'budget', 'command'])
    for (const role of OPERATOR_ROLES) {
      for (const name of ACTION_KINDS) {
        const body = BODIES[name]
        if (body === undefined) continue
        const command = newCommand()
        const code = assertProblem(await does(name, body, of(role), command), `${name} by ${role}`)
        assert.equal(code === 'not-permitted', !operatorMay(role, name), `${name} by ${role}: ${code}`)
        const stored = await query('select 1 from command where id = $1', [command.slice(4)])
        if (code === 'not-permitted') assert.deepEqual(stored, [], name)
      }
    }
    assert.deepEqual(await fingerprint(hub.settings, ['session', 'budget', 'command']), unchanged)
  })

  test('everybody reads, the auditor too', async () => {
    for (const role of OPERATOR_ROLES) {
      for (const { method, path } of Object.values(OPERATOR_ROUTES)) {
        if (method !== 'GET' || path.includes('{')) continue
        assert.equal((await of(role).reads(path)).status, 200, `${path} by ${role}`)
      }
    }
  })

  test('operators are the chief’s alone: nobody else invites or revokes one', async () => {
    const support = of('support')
    const to = { kind: 'operator', name: 'Friend', role: 'chief' }
    assert.equal(assertProblem(await does('invite', { to }, support), 'invite'), 'not-permitted')
    assert.equal(assertProblem(await does('revoke', { actor: chief.self.id }, support), 'revoke'), 'not-permitted')
    // Machines of people are another thing.
    const person = await partyOf('person', 'Helped')
    const { code } = await done('invite', { to: { kind: 'device', party: person } }, support)
    const phone = await enrolWith(String(code))
    await done('revoke', { actor: phone.self.id }, support)
    assert.equal(assertProblem(await phone.reads('/v1/inbox'), 'revoked'), 'session-ended')
  })

  test('the list says who may do what, and the log with which role somebody came', async () => {
    const { operators } = (await chief.reads('/v1/operator/operators')).body as { operators: Row[] }
    assert.deepEqual(
      operators.map(({ role, hasPasskey }) => [role, hasPasskey]),
      OPERATOR_ROLES.map((role) => [role, false]),
    )
    const [line] = await actionsOf(of('auditor').self.id)
    assert.deepEqual([line?.what, line?.after], ['enrol-operator', '{"name":"auditor","role":"auditor"}'])
  })

  test('without a chief who may act the hub’s next start prints a code for one', async () => {
    assert.equal(await hub.operators.openFirstCode(60_000), null)
    await query(`update operator set status = 'revoked' where id = $1`, [chief.self.id.slice(4)])
    assert.ok(await hub.operators.openFirstCode(60_000))
    await query(`update operator set status = 'active' where id = $1`, [chief.self.id.slice(4)])
  })
})

describe('looking', () => {
  const PICTURE = Buffer.from('not really a picture')
  let person: string
  before(async () => {
    person = await partyOf('person', 'Looked at')
    await done('verify', { party: person, attributes: { birthDate: '1971-03-04', region: 'JP', memberships: [] } })
    await query(
      `insert into profile (bucket, party, email, birth_date, portrait, portrait_hash, updated_at)
       values ($1, $2, 'who@example.jp', 19710305, $3, $4, 0)`,
      [Number.parseInt(person.slice(4, 8), 16), person.slice(4), PICTURE, Buffer.alloc(32)],
    )
  })

  test('the file says that something is known, and nothing of what', async () => {
    const reply = await of('auditor').reads(`/v1/operator/parties/${person}`)
    assert.deepEqual(reply.body.has, { birthDate: true, claimedBirthDate: true, email: true, portrait: true })
    for (const secret of ['1971', 'who@example.jp', PICTURE.toString('base64')])
      assert.ok(!reply.text.includes(secret), secret)
    const nothing = await of('auditor').reads(`/v1/operator/parties/${await partyOf('person', 'Unknown')}`)
    assert.deepEqual(nothing.body.has, { birthDate: false, claimedBirthDate: false, email: false, portrait: false })
  })

  const nothing = { birthDate: null, claimedBirthDate: null, email: null, portrait: null }
  for (const [what, seen] of [
    ['birth-date', { ...nothing, birthDate: '1971-03-04', claimedBirthDate: '1971-03-05' }],
    ['email', { ...nothing, email: 'who@example.jp' }],
    ['portrait', { ...nothing, portrait: PICTURE.toString('base64') }],
  ] as const)
    test(`a look at the ${what} shows that alone, and is one line in the log that does not hold it`, async () => {
      const before = (await actionsOf(person)).length
      const command = newCommand()
      const first = await done('look', { party: person, what }, of('support'), command)
      assert.deepEqual(first.look, seen)
      assert.deepEqual(await done('look', { party: person, what }, of('support'), command), first)
      const lines = await actionsOf(person)
      assert.equal(lines.length, before + 1)
      const [line] = lines
      assert.deepEqual(
        [line?.what, line?.why, line?.operatorName, line?.before, line?.after],
        ['look', 'test of look', 'support', 'null', JSON.stringify({ looked: what })],
      )
    })

  test('an old look repeated shows nothing: that would be a look without a line', async () => {
    const command = newCommand()
    await done('look', { party: person, what: 'email' }, chief, command)
    await query(`update command set answer = jsonb_set(answer, '{note}', '"1000"') where id = $1`, [command.slice(4)])
    const late = await does('look', { party: person, what: 'email' }, chief, command)
    assert.equal(assertProblem(late, 'late'), 'command-mismatch')
    assert.ok(!late.text.includes('who@example.jp'))
  })

  test('no line of the log, no view and no answer but a look’s holds a birth date, and the audit still finds one that was changed', async () => {
    const corrected = {
      birthDate: '1972-03-04',
      region: 'JP',
      memberships: [{ name: 'Club', until: null, number: '7' }],
    }
    await done('verify', { party: person, attributes: corrected })
    const lines = (await actionsOf(person)).filter(({ what }) => what === 'verify')
    assert.equal(lines.length, 2)
    const told = JSON.stringify(lines)
    for (const secret of ['1971', '1972', '0304', '03-04']) assert.ok(!told.includes(secret), secret)
    assert.equal(lines[0]?.before, lines[1]?.after)

    const audited = async (): Promise<readonly string[]> =>
      (await audit(hub.settings, { signatures: true, progress: () => {} })).faults
    assert.deepEqual(await audited(), [])
    const uuid = person.slice(4)
    const change = (day: number): Promise<Row[]> =>
      query(`update standing set attributes = jsonb_set(attributes, '{birthDate}', $2) where party = $1`, [uuid, day])
    await change(20_100_101)
    assert.deepEqual(await audited(), [`standing of ${person} has attributes that nobody verified`])
    await change(19_720_304)
    assert.deepEqual(await audited(), [])
  })
})

describe('a merchant’s people', () => {
  test('the first owner is invited by the desk: the same code for a repeat, in the file, and one line', async () => {
    const shop = await partyOf('merchant', 'Staffed')
    const to = { kind: 'staff', party: shop, name: 'Maki', role: 'owner' }
    const command = newCommand()
    const first = await done('invite', { to }, of('support'), command)
    assert.deepEqual(await done('invite', { to }, of('support'), command), first)
    const { staff: people } = (await chief.reads(`/v1/operator/parties/${shop}`)).body as { staff: Row[] }
    assert.deepEqual(
      people.map(({ name, role, status }) => [name, role, status]),
      [['Maki', 'owner', 'active']],
    )
    const [line] = await actionsOf(shop)
    assert.deepEqual(line?.after, '{"kind":"staff","label":"Maki","role":"owner"}')
    const person = await partyOf('person', 'No shop')
    const wrong = await does('invite', { to: { ...to, party: person } })
    assert.equal(assertProblem(wrong, 'of a person'), 'field-invalid')
  })

  test('no more than a shop may have', async () => {
    const shop = await partyOf('merchant', 'Crowded')
    await query(
      `insert into staff (bucket, id, party, name, role, created_at)
       select $1, gen_random_uuid(), $2, 'x', 'cashier', 0 from generate_series(1, 200)`,
      [Number.parseInt(shop.slice(4, 8), 16), shop.slice(4)],
    )
    const to = { kind: 'staff', party: shop, name: 'One more', role: 'cashier' }
    assert.equal(assertProblem(await does('invite', { to }), 'full'), 'too-many-staff')
  })
})

describe('sites', () => {
  const site = {
    name: 'Shop online',
    redirectUris: ['https://shop.example/callback'],
    ciba: 'none',
    notificationEndpoint: null,
    attributes: ['age-band'],
  }

  test('registered once, with the same id and secret for a repeat; the log holds no secret; ended, it is listed as ended', async () => {
    const shop = await partyOf('merchant', 'Online')
    const command = newCommand()
    const first = await done('register-client', { party: shop, ...site }, chief, command)
    assert.deepEqual(await done('register-client', { party: shop, ...site }, chief, command), first)
    const { id, secret } = first.client as { id: string; secret: string }
    const listed = async (): Promise<Row | undefined> => {
      const { clients } = (await chief.reads('/v1/operator/clients')).body as { clients: Row[] }
      const found = clients.filter((each) => each.id === id)
      assert.ok(found.length <= 1)
      return found[0]
    }
    assert.deepEqual([(await listed())?.status, (await listed())?.party], ['active', shop])
    const lines = await actionsOf(shop)
    assert.deepEqual(
      lines.map(({ what }) => what),
      ['register-client', 'open-party'],
    )
    assert.ok(!JSON.stringify(lines).includes(secret))
    await done('end-client', { client: id })
    assert.equal((await listed())?.status, 'ended')
    assert.equal((await actionsOf(shop))[0]?.what, 'end-client')
  })

  test('what cannot be: nobody’s, a person’s, over plain http, with something hidden, a ping to nowhere', async () => {
    const shop = await partyOf('merchant', 'Online too')
    const person = await partyOf('person', 'Private')
    for (const [over, code] of [
      [{ party: NOBODY }, 'party-unknown'],
      [{ party: person }, 'field-invalid'],
      [{ redirectUris: ['http://shop.example/'] }, 'field-invalid'],
      [{ redirectUris: ['https://user:word@shop.example/'] }, 'field-invalid'],
      [{ redirectUris: [] }, 'field-invalid'],
      [{ ciba: 'ping' }, 'field-invalid'],
      [{ notificationEndpoint: 'https://shop.example/ping' }, 'field-invalid'],
    ] as const) {
      const reply = await does('register-client', { party: shop, ...site, ...over })
      assert.equal(assertProblem(reply, JSON.stringify(over)), code)
    }
    assert.equal(assertProblem(await does('end-client', { client: 'site-none' }), 'unknown site'), 'not-found')
  })
})

test('nobody without a session looks, registers or ends', async () => {
  for (const name of ['look', 'register-client', 'end-client']) {
    const reply = await ask(hub, { path: `/v1/operator/commands/${name}`, body: {} })
    assert.equal(assertProblem(reply, name), 'signature-needed')
  }
})
