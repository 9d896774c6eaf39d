// Mail: letters in both languages, the outbox that loses none, and the SMTP connection, which is a real one.
import assert from 'node:assert/strict'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import PostalMime from 'postal-mime'
import { SMTPServer } from 'smtp-server'
import { mailOffice } from '#server/mail/mail.ts'
import { outboxLoop, postgresOutbox, type Message, type Sent } from '#server/mail/outbox.ts'
import { smtpSender } from '#server/mail/sender.ts'
import { mailOf, timeText, type Letter } from '#server/mail/words.ts'
import { OptionsError, readOptions } from '#server/options.ts'
import { openDatabase, type Database } from '#server/postgres/connect.ts'
import { createScheme } from '#server/postgres/scheme.ts'
import { startTestHub, until } from './support/hub.ts'
import { newAddress } from './support/people.ts'
import { migratedDatabase } from './support/postgres.ts'
import { ask, assertProblem } from './support/raw-client.ts'
import { BUCKETS, JPY } from './support/world.ts'

const FROM = 'Warifu <no-reply@pay.example.org>'
const NOTHING = (): void => {}

/** A mail server that says what it is told to, and what it was sent. */
async function mailServer(answer: (to: string) => number | null = () => null) {
  const taken: { to: string[]; from: string; raw: string }[] = []
  const server = new SMTPServer({
    disabledCommands: ['AUTH', 'STARTTLS'],
    logger: false,
    onRcptTo({ address }, _session, callback) {
      const responseCode = answer(address)
      callback(responseCode === null ? null : Object.assign(new Error('no'), { responseCode }))
    },
    onData(stream, { envelope }, callback) {
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('end', () => {
        const from = envelope.mailFrom === false ? '' : envelope.mailFrom.address
        taken.push({ to: envelope.rcptTo.map(({ address }) => address), from, raw: Buffer.concat(chunks).toString() })
        callback()
      })
    },
  })
  server.on('error', NOTHING)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.server.address() as AddressInfo
  return {
    url: `smtp://127.0.0.1:${port}`,
    taken,
    close: () => new Promise<void>((resolve) => server.close(() => resolve())),
  }
}

const LETTERS: readonly Letter[] = [
  { kind: 'sign-up', code: '012345', isLast: false },
  { kind: 'recover', code: '012345', isLast: false },
  { kind: 'recover', code: '01234567890123456789', isLast: true },
  { kind: 'change-email', code: '012345', isLast: false },
  { kind: 'have-account' },
  { kind: 'no-account' },
  { kind: 'address-taken' },
  { kind: 'email-changed' },
  { kind: 'new-phone', readyAt: '22 November 2026 at 9:00' },
  { kind: 'payment-waits', link: 'https://pay.example.org/wallet#payment=pay_1' },
  { kind: 'question-waits', link: 'https://pay.example.org/wallet#payment=pay_1' },
]

test('every letter is one line of subject, plain text and the same as HTML, whatever the scheme is called', () => {
  const scheme = 'Aoi\r\nBcc: thief@example.org\r\n\r\n<script>alert(1)</script>'
  for (const language of ['en', 'ja'] as const) {
    for (const letter of LETTERS) {
      const { subject, text, html } = mailOf(letter, { language, scheme })
      assert.ok(subject.length > 0 && !/[\r\n]/.test(subject), subject)
      assert.ok(!html.includes('<script>') && html.includes(`lang="${language}"`))
      if ('code' in letter) assert.match(text, letter.isLast ? /^01234 56789 01234 56789$/m : /^012345$/m)
      else assert.doesNotMatch(text, /^\d{6}$/m)
      if ('link' in letter) assert.ok(html.includes(`<a href="${letter.link}">`))
    }
  }
  const at = Date.UTC(2026, 10, 22)
  assert.equal(timeText(at, { language: 'en', zone: 'Asia/Tokyo' }), 'November 22, 2026 at 9:00 AM')
  assert.equal(timeText(at, { language: 'ja', zone: 'Asia/Tokyo' }), '2026年11月22日 9:00')
})

test('a mail goes over SMTP to one receiver, with nothing in its head but what belongs there', async () => {
  const server = await mailServer()
  const sender = smtpSender({ url: server.url, from: FROM }, NOTHING)
  const scheme = 'Aoi\r\nBcc: thief@example.org'
  const mail = mailOf({ kind: 'sign-up', code: '012345', isLast: false }, { language: 'ja', scheme })
  const subject = `${mail.subject}\r\nBcc: thief@example.org`
  assert.equal(await sender.send({ ...mail, subject, to: 'hanako@example.jp', id: 'a'.repeat(32) }), 'sent')
  const [taken] = server.taken
  assert.deepEqual([taken?.to, taken?.from], [['hanako@example.jp'], 'no-reply@pay.example.org'])
  const parsed = await PostalMime.parse(taken?.raw ?? '')
  assert.deepEqual([parsed.to, parsed.bcc], [[{ name: '', address: 'hanako@example.jp' }], undefined])
  assert.equal(parsed.messageId, `<${'a'.repeat(32)}@pay.example.org>`)
  assert.match(parsed.text ?? '', /^012345$/m)
  assert.ok(!parsed.headers.some(({ key }) => key === 'bcc'))
  await server.close()
})

test('what a mail server refuses for good is given up; a server that is away or busy is asked again', async () => {
  const failures: string[] = []
  const server = await mailServer((to) => (to.startsWith('nobody') ? 550 : to.startsWith('full') ? 452 : null))
  const mail = mailOf({ kind: 'have-account' }, { language: 'en', scheme: 'Aoi' })
  const sender = smtpSender({ url: server.url, from: FROM }, (code) => failures.push(code))
  const send = (to: string): Promise<Sent> => sender.send({ ...mail, to, id: 'b'.repeat(32) })
  assert.equal(await send('nobody@example.jp'), 'never')
  assert.equal(await send('full@example.jp'), 'later')
  await server.close()
  assert.equal(await send('hanako@example.jp'), 'later')
  assert.equal(failures.length, 3)
  for (const code of failures) assert.ok(!code.includes('@'), 'the log names nobody')
})

let database: Database
before(async () => {
  database = openDatabase(await migratedDatabase(), { transactions: 4, reads: 4, role: true })
})
after(() => database.end())

const IN_AN_HOUR = () => Date.now() + 3_600_000
const rowsLeft = async (): Promise<number> => {
  const { rows } = await database.transactions.query<{ n: number }>('select count(*)::int as n from outbox')
  return rows[0]?.n ?? -1
}

test('what is put into the outbox is sent once, though three hubs take from it', async () => {
  const sent: string[] = []
  const send = async ({ receiver }: Message): Promise<Sent> => (sent.push(receiver), 'sent')
  const outbox = postgresOutbox(database, () => loops.forEach((loop) => loop.wake()))
  const loops = Array.from({ length: 3 }, () => outboxLoop(outbox, { mail: send }, assert.ifError))
  const receivers = Array.from({ length: 40 }, (_, n) => `p${n}@example.jp`)
  await Promise.all(
    receivers.map((receiver) => outbox.add({ kind: 'mail', receiver, body: {}, expiresAt: IN_AN_HOUR() })),
  )
  await until(async () => (await rowsLeft()) === 0)
  assert.deepEqual(sent.toSorted(), receivers.toSorted())
  await Promise.all(loops.map((loop) => loop.stop()))
})

test('what could not be sent is tried again later, what is late or refused is forgotten, and the same id is one', async (context) => {
  const tries: string[] = []
  const answers: Record<string, Sent> = { again: 'later', never: 'never' }
  const send = async ({ receiver }: Message): Promise<Sent> => {
    tries.push(receiver)
    if (receiver === 'fault') throw new Error('a bug')
    return answers[receiver] ?? 'sent'
  }
  const faults: unknown[] = []
  const outbox = postgresOutbox(database, NOTHING)
  const add = (receiver: string, over: object = {}): Promise<void> =>
    outbox.add({ kind: 'mail', receiver, body: {}, expiresAt: IN_AN_HOUR(), ...over })
  await add('again')
  await add('never')
  await add('fault')
  await add('late', { expiresAt: Date.now() - 1_000 })
  await add('not yet', { dueAt: IN_AN_HOUR() })
  await add('once', { id: 'c'.repeat(32) })
  await add('once more', { id: 'c'.repeat(32) })
  await outbox.add({ kind: 'push', receiver: 'another kind', body: {}, expiresAt: IN_AN_HOUR() })
  const loop = outboxLoop(outbox, { mail: send }, (error) => faults.push(error))
  context.after(() => loop.stop())
  loop.wake()
  await until(async () => (await rowsLeft()) === 4 && tries.length === 4 && faults.length > 0)
  assert.deepEqual(tries.toSorted(), ['again', 'fault', 'never', 'once'])
  assert.equal(faults.length, 1)
  const { rows } = await database.transactions.query<{ receiver: string }>(
    `select receiver from outbox where due_at > (extract(epoch from clock_timestamp()) * 1000)::bigint + 30000 order by 1`,
  )
  assert.deepEqual(
    rows.map(({ receiver }) => receiver),
    ['again', 'fault', 'not yet'],
  )
  answers.again = 'sent'
  await database.transactions.query(`update outbox set due_at = 0 where receiver = 'again'`)
  loop.wake()
  await until(async () => (await rowsLeft()) === 3)
  await loop.stop()
  await database.transactions.query('delete from outbox')
})

test('a real scheme mails over its own server, and one without says that it does not', async () => {
  const server = await mailServer()
  const settings = await migratedDatabase()
  await createScheme(settings, { name: 'Aoi', demo: false, buckets: BUCKETS, unit: JPY })
  const silent = await startTestHub({ settings })
  const signUp = { path: '/v1/sign-up/mail', body: { email: newAddress(), language: 'en', asking: 'A'.repeat(22) } }
  const recover = { path: '/v1/recovery/mail', body: { email: newAddress(), language: 'en', asking: 'A'.repeat(22) } }
  for (const asked of [signUp, recover])
    assert.equal(assertProblem(await ask(silent, asked), asked.path), 'mail-unavailable')
  const inbox = await ask(silent, { method: 'GET', path: '/v1/demo/mail' })
  assert.equal(assertProblem(inbox, 'no demo'), 'route-not-found')
  await silent.stop()
  const hub = await startTestHub({ settings, mail: { url: server.url, from: FROM } })
  assert.equal((await ask(hub, signUp)).status, 200)
  await until(() => server.taken.length === 1)
  assert.deepEqual(server.taken[0]?.to, [signUp.body.email])
  await hub.stop()
  await server.close()
})

test('a demo keeps the newest fifty mails, and a demo with a mail server has no inbox', async () => {
  const added: Message[] = []
  const outbox = {
    add: async ({ receiver, body }: Readonly<{ receiver: string; body: object }>): Promise<void> =>
      void added.push({ id: String(added.length).padStart(32, '0'), receiver, body }),
  }
  const scheme = { name: 'Town', demo: true }
  const office = mailOffice({ settings: null, scheme, outbox, now: Date.now, onFailure: assert.fail })
  for (let n = 0; n < 52; n++)
    await office.post?.(`p${n}@example.jp`, 'en', { kind: 'sign-up', code: '000000', isLast: false }, 1)
  for (const message of added) assert.equal(await office.send?.(message), 'sent')
  const mails = office.demoMails()
  assert.deepEqual([mails.length, mails[0]?.to, mails[49]?.to], [50, 'p51@example.jp', 'p2@example.jp'])
  await office.stop()
  const settings = { url: 'smtp://127.0.0.1:1', from: FROM }
  assert.deepEqual(mailOffice({ settings, scheme, outbox, now: Date.now, onFailure: NOTHING }).demoMails(), [])
})

test('the settings of mail are read, and a wrong one is a sentence', () => {
  assert.equal(readOptions([], {}) !== 'help' && Object(readOptions([], {})).mail, null)
  const settings = { SMTP_URL: 'smtps://me:secret@mail.example.org', MAIL_FROM: FROM }
  assert.deepEqual(Object(readOptions([], settings)).mail, { url: settings.SMTP_URL, from: FROM })
  for (const wrong of [
    { SMTP_URL: 'https://mail.example.org', MAIL_FROM: FROM },
    { SMTP_URL: 'mail.example.org', MAIL_FROM: FROM },
    { SMTP_URL: settings.SMTP_URL },
    { MAIL_FROM: FROM },
    { SMTP_URL: settings.SMTP_URL, MAIL_FROM: 'nobody' },
    { SMTP_URL: settings.SMTP_URL, MAIL_FROM: 'a@b.jp\r\nBcc: c@d.jp' },
  ])
    assert.throws(() => readOptions([], wrong), OptionsError, JSON.stringify(wrong))
})
