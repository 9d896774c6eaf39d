// Signing up by mail, through HTTP and a real SMTP connection.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { LIMITS } from '#protocol/limits.ts'
import { startTestHub, until, type TestHub } from './support/hub.ts'
import {
  askingFor,
  codeFor,
  codeIn,
  keyParts,
  mailsTo,
  newAddress,
  newcomer,
  newKey,
  nthMail,
  signUpBody,
} from './support/people.ts'
import { withClient } from './support/postgres.ts'
import { ask, assertProblem, fingerprint, type Reply } from './support/raw-client.ts'

let hub: TestHub
before(async () => {
  hub = await startTestHub()
})
after(() => hub.stop())

const PATH = '/v1/sign-up/mail'
const signUp = (body: object): Promise<Reply> => ask(hub, { path: '/v1/sign-up', body })
const selfIn = (reply: Reply): Record<string, unknown> => {
  assert.equal(reply.status, 200, reply.text)
  return (reply.body as { self: Record<string, unknown> }).self
}
/** Budgets are another test's business. */
const forgetTries = (): Promise<unknown> => withClient(hub.settings, (client) => client.query('delete from budget'))
const wrongFor = (code: string): string => (code === '000000' ? '000001' : '000000')

test('somebody new gets a code by mail, and with it an account, a profile and this phone', async () => {
  const client = await newcomer(hub, 'Aiko.Mori@Example.JP')
  const self = await client.self()
  assert.ok(self.ok && self.view.kind === 'device')
  assert.deepEqual([self.view.name, self.view.legalName], ['Aiko', 'Aiko Mori'])
  const balances = await client.balances()
  assert.ok(balances.ok)
  assert.deepEqual(
    balances.view.balances.map(({ unit, balance }) => [unit, balance]),
    [['JPY', '0']],
  )
  const [mail] = await mailsTo(hub, 'aiko.mori@example.jp')
  assert.match(mail?.subject ?? '', /^Your code for Demo town$/)
  client.close()
})

test('a phone that loses the answer asks again with the same key and code, and is the same phone', async () => {
  await forgetTries()
  const email = newAddress()
  const code = await codeFor(hub, PATH, email)
  const key = newKey()
  const first = selfIn(await signUp(signUpBody(email, code, key)))
  assert.deepEqual(selfIn(await signUp(signUpBody(email, code, key))), first)
  assert.equal(assertProblem(await signUp(signUpBody(email, code, newKey())), 'another key'), 'code-not-found')
})

test('two phones that sign up with one address and code make one person', async () => {
  await forgetTries()
  const email = newAddress()
  const code = await codeFor(hub, PATH, email)
  const replies = await Promise.all(Array.from({ length: 6 }, () => signUp(signUpBody(email, code, newKey()))))
  assert.equal(replies.filter(({ status }) => status === 200).length, 1)
  for (const reply of replies.filter(({ status }) => status !== 200))
    assert.equal(assertProblem(reply, 'late'), 'code-not-found')
  const { rows } = await withClient(hub.settings, (client) =>
    client.query('select count(*)::int as n from profile where email = $1', [email]),
  )
  assert.deepEqual(rows, [{ n: 1 }])
})

test('after five wrong codes the right one is no good any more, however many are tried at once', async () => {
  await forgetTries()
  const email = newAddress()
  const code = await codeFor(hub, PATH, email)
  const key = newKey()
  const tries = Array.from({ length: LIMITS.mailCodeTries }, () => signUp(signUpBody(email, wrongFor(code), key)))
  for (const reply of await Promise.all(tries)) assert.equal(assertProblem(reply, 'wrong'), 'code-not-found')
  await forgetTries()
  assert.equal(assertProblem(await signUp(signUpBody(email, code, key)), 'right'), 'code-not-found')
})

test('four wrong codes leave the right one good', async () => {
  await forgetTries()
  const email = newAddress()
  const code = await codeFor(hub, PATH, email)
  const key = newKey()
  for (let tried = 1; tried < LIMITS.mailCodeTries; tried++)
    assert.equal(assertProblem(await signUp(signUpBody(email, wrongFor(code), key)), 'wrong'), 'code-not-found')
  selfIn(await signUp(signUpBody(email, code, key)))
})

test('a code that is a quarter of an hour old is no good, nor one for another address or purpose', async () => {
  await forgetTries()
  const [email, other] = [newAddress(), newAddress()]
  const code = await codeFor(hub, PATH, email)
  await codeFor(hub, PATH, other)
  const key = newKey()
  if (codeIn(await nthMail(hub, other, 1)) !== code)
    assert.equal(assertProblem(await signUp(signUpBody(other, code, key)), 'foreign'), 'code-not-found')
  const recovery = await ask(hub, { path: '/v1/recovery/devices', body: { email, code, asking: askingFor(email) } })
  assert.equal(assertProblem(recovery, 'purpose'), 'code-not-found')
  await withClient(hub.settings, (client) =>
    client.query('update mail_code set expires_at = expires_at - $2 where address = $1', [email, LIMITS.mailCodeMs]),
  )
  assert.equal(assertProblem(await signUp(signUpBody(email, code, key)), 'old'), 'code-not-found')
})

test('what is not right at the door changes nothing and leaves the code unused', async () => {
  await forgetTries()
  const email = newAddress()
  const code = await codeFor(hub, PATH, email)
  const key = newKey()
  const before = await fingerprint(hub.settings, ['budget', 'session', 'outbox'])
  const wrongs: readonly (readonly [object, string])[] = [
    [{ signature: keyParts(newKey(), code).signature }, 'signature-invalid'],
    [{ key: Buffer.alloc(65, 4).toString('base64url') }, 'signature-invalid'],
    [{ birthDate: '2001-02-29' }, 'day-invalid'],
    [{ birthDate: '2999-01-01' }, 'day-invalid'],
    [{ birthDate: '1800-01-01' }, 'day-invalid'],
    [{ displayName: 'A\u202Ebc' }, 'text-invalid'],
    [{ displayName: ' ' }, 'text-invalid'],
    [{ email: 'a@b' }, 'field-invalid'],
    [{ email: 'a@b.jp\nBcc: c@d.jp' }, 'field-invalid'],
    [{ code: '12345' }, 'field-invalid'],
  ]
  for (const [over, expected] of wrongs)
    assert.equal(assertProblem(await signUp(signUpBody(email, code, key, over)), JSON.stringify(over)), expected)
  assert.deepEqual(await fingerprint(hub.settings, ['budget', 'session', 'outbox']), before)
  selfIn(await signUp(signUpBody(email, code, key)))
})

test('whoever asks for a code learns nothing of who has an account; the mail alone says it', async () => {
  await forgetTries()
  const email = newAddress()
  const client = await newcomer(hub, email)
  client.close()
  for (const path of ['/v1/sign-up/mail', '/v1/recovery/mail'] as const) {
    const known = await ask(hub, {
      path,
      body: { email: email.toUpperCase(), language: 'ja', asking: askingFor(email) },
    })
    const unknown = await ask(hub, { path, body: { email: newAddress(), language: 'ja', asking: askingFor(email) } })
    assert.deepEqual([known.status, known.text], [unknown.status, unknown.text])
    assert.deepEqual({ ...known.headers, date: '' }, { ...unknown.headers, date: '' })
  }
  const mail = await nthMail(hub, email, 2)
  assert.equal(mail.subject, 'Demo townの口座はすでにあります')
  assert.equal(codeIn(mail), 'no code')
  // No code at all makes a second person of it.
  const key = newKey()
  assert.equal(assertProblem(await signUp(signUpBody(email, '123456', key)), 'taken'), 'code-not-found')
})

test('nobody fills a stranger’s mailbox, and nobody mails all the town', async () => {
  await forgetTries()
  const email = newAddress()
  const mail = (to: string): Promise<Reply> =>
    ask(hub, { path: PATH, body: { email: to, language: 'en', asking: askingFor(to) } })
  for (let sent = 0; sent < 3; sent++) assert.equal((await mail(email)).status, 200)
  assert.equal(assertProblem(await mail(email.toUpperCase()), 'the fourth'), 'too-many-tries')
  for (let sent = 3; sent < 10; sent++) assert.equal((await mail(newAddress())).status, 200)
  assert.equal(assertProblem(await mail(newAddress()), 'the eleventh of this network'), 'too-many-tries')
  await until(async () => (await mailsTo(hub, email)).length === 3)
  await forgetTries()
})

test('a code is kept as a hash that its table alone does not give away', async () => {
  await forgetTries()
  const email = newAddress()
  const code = await codeFor(hub, PATH, email)
  const { rows } = await withClient(hub.settings, (client) =>
    client.query<{ row: string }>('select row_to_json(m)::text as row from mail_code m where address = $1', [email]),
  )
  assert.equal(rows.length, 1)
  assert.ok(!rows[0]?.row.includes(code))
  await until(async () => {
    const left = await withClient(hub.settings, (client) =>
      client.query('select 1 from outbox where receiver = $1', [email]),
    )
    return left.rows.length === 0
  })
})
