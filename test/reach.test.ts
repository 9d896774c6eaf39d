// Closed wallets are reached: what is pushed, to whom, how often, and what a phone answers by itself.
import assert from 'node:assert/strict'
import { createPrivateKey, randomBytes, sign } from 'node:crypto'
import { after, before, test } from 'node:test'
import { fromHex, toBase64url } from '#core/bytes.ts'
import { isAccountNumber } from '#core/accounts.ts'
import { bucketOfId, idFrom, parseId, type DeviceId, type PartyId, type TerminalId } from '#core/ids.ts'
import { billToWire } from '#protocol/bill.ts'
import type { IdentityBody, IdentityView, Language } from '#protocol/identity.ts'
import { LIMITS } from '#protocol/limits.ts'
import { parsePushed, type PushedMessage } from '#protocol/pushed.ts'
import { storedPresenceBytes } from '#protocol/signed-bytes.ts'
import { approve } from '#sdk/approval.ts'
import { callTo } from '#sdk/calls.ts'
import type { Client } from '#sdk/client.ts'
import type { Outcome } from '#sdk/outcome.ts'
import { readPushed, seenIn } from '#sdk/pushed.ts'
import { memoryStorage } from '#sdk/storage.ts'
import { accountOf, codeOf, joinByLink, dealOf, newDeal, PIN } from './support/bank.ts'
import { enrolled, startTestHub, until, type TestHub } from './support/hub.ts'
import { withClient } from './support/postgres.ts'
import { openPushReceiver, type Mailbox, type PushReceiver, type Received } from './support/push-receiver.ts'
import { billOf, JPY } from './support/world.ts'

let receiver: PushReceiver
let hub: TestHub
let further: TestHub
let register: Client
let hanako: Client
let tablet: Client
let kenji: Client

before(async () => {
  receiver = await openPushReceiver()
  hub = await startTestHub({ pushTo: receiver.pushTo })
  further = await startTestHub({ settings: hub.settings, pushTo: receiver.pushTo })
  register = await enrolled(hub, 'register')
  hanako = await enrolled(hub, 'hanako')
  tablet = await enrolled(hub, 'hanako')
  kenji = await enrolled(hub, 'kenji')
  await mailsTo(await partyOf(hanako), 'hanako@example.jp', 'en')
})
after(async () => {
  for (const client of [register, hanako, tablet, kenji]) client.close()
  await further.stop()
  await hub.stop()
  await receiver.close()
})

const push = (
  client: Client,
  mailbox: Pick<Mailbox, 'subscription'> | null,
  detail = false,
): Promise<Outcome<IdentityView<'push'>>> =>
  client.request(
    callTo(
      { method: 'POST', path: '/v1/push', access: 'signed' },
      { body: { subscription: mailbox?.subscription ?? null, detail } satisfies IdentityBody<'push'> },
    ),
  )

async function subscribed(client: Client, detail = false): Promise<Mailbox> {
  const mailbox = receiver.subscribe()
  assert.ok((await push(client, mailbox, detail)).ok)
  return mailbox
}

async function deviceOf(client: Client): Promise<DeviceId> {
  const id = parseId('dev', (await client.identity())?.self.id)
  assert.ok(id)
  return id
}

async function partyOf(client: Client): Promise<PartyId> {
  const found = await hub.directory.identityOf(await deviceOf(client))
  assert.ok(found?.actor.kind === 'device')
  return found.actor.party
}

const mailsTo = (party: PartyId, email: string, language: Language): Promise<unknown> =>
  withClient(hub.settings, (client) =>
    client.query(
      `insert into profile (bucket, party, email, email_verified_at, language, updated_at) values ($1, $2, $3, 1, $4, 1)
       on conflict (bucket, party) do update set email = excluded.email, email_verified_at = 1, language = excluded.language`,
      [bucketOfId(party), party.slice(4), email, language],
    ),
  )

/** What the phone itself would make of it. */
async function readBy(client: Client, { text }: Received): Promise<PushedMessage> {
  const identity = await client.identity()
  assert.ok(identity)
  const key = await client.request<IdentityView<'pushKey'>>(
    callTo({ method: 'GET', path: '/v1/push/key', access: 'open' }),
  )
  assert.ok(key.ok)
  const pinned = {
    device: identity.self.id,
    scheme: identity.scheme.scheme,
    signer: key.view.signer,
    clockOffset: client.hubNow() - Date.now(),
  }
  const seen = seenIn(memoryStorage())
  const read = await readPushed(text, { pinnedOf: async () => pinned, seen, now: Date.now() })
  assert.ok(read.ok, JSON.stringify(read))
  return read.message
}

async function billed(from: Client, to: Client, amount: bigint): Promise<string> {
  const sent = await from.send('bill-person', {
    deal: newDeal(),
    to: await accountOf(to),
    bill: billToWire(billOf(amount)),
  })
  assert.ok(sent.ok && sent.view.deal?.payment, JSON.stringify(sent))
  return sent.view.deal.payment
}

const rowsLeft = (): Promise<number> =>
  withClient(hub.settings, async (client) => {
    const { rows } = await client.query<{ count: string }>(
      `select count(*) from outbox where kind = 'push' and receiver like 'dev%'`,
    )
    return Number(rows[0]?.count)
  })

test('a bill sent to a person reaches every phone of hers that is closed, signed, and without a name or an amount', async () => {
  const [phone, second] = [await subscribed(hanako), await subscribed(tablet, true)]
  const payment = await billed(kenji, hanako, 800n)
  const received = await phone.next()
  const message = await readBy(hanako, received)
  assert.deepEqual(
    { kind: message.kind, payment: message.payment, text: message.text, device: message.device },
    { kind: 'payment', payment, text: null, device: await deviceOf(hanako) },
  )
  assert.doesNotMatch(received.text, /Kenji|¥|"800"/u)
  assert.equal(received.headers.urgency, 'high')
  assert.match(String(received.headers.topic), /^[\w-]{32}$/)
  assert.ok(!String(received.headers.topic).includes(payment.slice(4)))
  const life = Number(received.headers.ttl)
  assert.ok(life > 0 && life <= 3 * 24 * 3600, String(life))
  assert.equal(received.vapid.k, await vapidKey())

  const detailed = await readBy(tablet, await second.next())
  assert.equal(detailed.device, await deviceOf(tablet))
  assert.match(detailed.text?.title ?? '', /^Kenji asks for .*800/u)
  assert.notEqual(detailed.id, message.id)
  await until(async () => (await rowsLeft()) === 0)
  assert.deepEqual([phone.tries(), second.tries()], [1, 1], 'two hubs, one push')
  assert.equal(codeOf(await hanako.send('decline', { payment })), 'done')
  await push(tablet, null)
})

async function vapidKey(): Promise<string> {
  const key = await hanako.request<IdentityView<'pushKey'>>(
    callTo({ method: 'GET', path: '/v1/push/key', access: 'open' }),
  )
  assert.ok(key.ok)
  return key.view.vapid
}

test('both hubs have the same key for push services', async () => {
  const answers = await Promise.all(
    [hub, further].map(async ({ url }) => (await fetch(`${url}/v1/push/key`)).json() as Promise<unknown>),
  )
  assert.deepEqual(answers[0], answers[1])
})

test('a phone that is looking is not pushed to, and what nobody sent unasked pushes nothing', async () => {
  const [phone, second] = [await subscribed(hanako), await subscribed(tablet)]
  let isLive = false
  const stop = hanako.watch(
    { topic: 'inbox' },
    () => void (isLive = true),
    () => {},
  )
  await until(() => isLive)
  const first = await billed(kenji, hanako, 810n)
  assert.equal((await readBy(tablet, await second.next())).payment, first)
  assert.equal(phone.tries(), 0)
  stop()
  hanako.close()

  const view = await joinByLink(tablet, await dealOf(register, billToWire(billOf(480n))))
  assert.equal(codeOf(await approve(tablet, view, PIN)), 'done')
  // Whatever would have been pushed for it stands before this one.
  const marker = await billed(kenji, hanako, 820n)
  assert.equal((await readBy(tablet, await second.next())).payment, marker)
  for (const payment of [first, marker]) assert.equal(codeOf(await tablet.send('decline', { payment })), 'done')
})

test('the cashier’s question for the password reaches the phone that has joined, and no other', async () => {
  const [phone, second] = [await subscribed(hanako), await subscribed(tablet)]
  const deal = await dealOf(register, billToWire(billOf(1_500n)))
  const view = await joinByLink(tablet, deal)
  assert.equal(codeOf(await register.send('challenge', { payment: view.payment })), 'done')
  const message = await readBy(tablet, await second.next())
  assert.deepEqual([message.kind, message.payment, message.text], ['challenge', view.payment, null])
  assert.equal(codeOf(await tablet.send('attend', { payment: view.payment })), 'done')
  assert.equal(codeOf(await tablet.send('decline', { payment: view.payment })), 'done')
  const marker = await billed(kenji, hanako, 830n)
  assert.equal((await readBy(tablet, await second.next())).payment, marker, 'asked once, told once')
  assert.equal((await readBy(hanako, await phone.next())).payment, marker)
  await tablet.send('decline', { payment: marker })
})

test('a question put to a person by somebody else’s site reaches her phones as a question', async () => {
  const [phone, second] = [await subscribed(hanako), await subscribed(tablet, true)]
  const asker = await hub.directory.identityOf(await terminalOf(register))
  assert.ok(asker?.actor.kind === 'terminal')
  const to = await accountOf(hanako)
  assert.ok(isAccountNumber(to))
  const answer = await hub.hub.handle({
    name: 'ask-person',
    id: idFrom('cmd', randomBytes(16)),
    hash: 'x',
    isPerson: false,
    actor: asker.actor,
    deal: idFrom('deal', randomBytes(16)),
    to,
    question: { attributes: ['age-band'], reason: 'Library card 7-4-1' },
  })
  assert.equal(answer.refusal, null)
  const message = await readBy(hanako, await phone.next())
  assert.deepEqual([message.kind, message.text], ['question', null])
  const detailed = await readBy(tablet, await second.next())
  assert.deepEqual(detailed.text, { title: 'Marubeni Bakery asks who you are', body: 'Library card 7-4-1' })
  assert.ok(detailed.payment)
  assert.equal(codeOf(await tablet.send('decline', { payment: detailed.payment })), 'done')
})

async function terminalOf(client: Client): Promise<TerminalId> {
  const id = parseId('trm', (await client.identity())?.self.id)
  assert.ok(id)
  return id
}

test('a new phone that waits is told to all phones, once', async () => {
  const [phone, second] = [await subscribed(hanako, true), await subscribed(tablet)]
  const notice = {
    kind: 'new-phone',
    id: randomBytes(16).toString('hex'),
    label: 'Pixel 12',
    until: Date.now() + 60_000,
  } as const
  const to = await partyOf(hanako)
  await Promise.all([hub, further].map(({ reach }) => reach.notify(to, notice)))
  assert.deepEqual((await readBy(hanako, await phone.next())).text, {
    title: 'A new phone wants into your account',
    body: 'Pixel 12',
  })
  const message = await readBy(tablet, await second.next())
  assert.deepEqual([message.kind, message.payment, message.text], ['new-phone', null, null])
})

test('what the push service no longer knows is forgotten; what it cannot take now is tried again; too many failures end it', async () => {
  const known = async (client: Client): Promise<number | undefined> => {
    const device = await deviceOf(client)
    return withClient(hub.settings, async (database) => {
      const { rows } = await database.query<{ failures: number }>(
        'select failures from push_subscription where device = $1',
        [device.slice(4)],
      )
      return rows[0]?.failures
    })
  }
  const phone = await subscribed(hanako)
  await push(tablet, null)
  for (const status of [404, 410]) {
    assert.ok((await push(hanako, phone)).ok)
    phone.answers(status)
    await billed(kenji, hanako, 840n)
    await until(async () => (await known(hanako)) === undefined)
  }

  assert.ok((await push(hanako, phone)).ok)
  phone.answers(403)
  const before = phone.tries()
  await billed(kenji, hanako, 841n)
  await until(async () => (await known(hanako)) === 1)
  await until(async () => (await rowsLeft()) === 0)
  assert.equal(phone.tries(), before + 1, 'refused for good is not repeated')

  phone.answers(503)
  await billed(kenji, hanako, 842n)
  await until(async () => (await known(hanako)) === 2)
  assert.equal(await rowsLeft(), 1, 'it waits')
  phone.answers(201)
  await withClient(hub.settings, (client) => client.query('update outbox set due_at = 0'))
  assert.equal((await readBy(hanako, await phone.next())).kind, 'payment')
  await until(async () => (await known(hanako)) === 0)

  await withClient(hub.settings, (client) =>
    client.query('update push_subscription set failures = $1', [LIMITS.pushFailures - 1]),
  )
  phone.answers(400)
  await billed(kenji, hanako, 843n)
  await until(async () => (await known(hanako)) === undefined)
})

test('what is over when it would be sent is not sent', async () => {
  const phone = await subscribed(hanako)
  phone.answers(503)
  const payment = await billed(kenji, hanako, 850n)
  await until(() => phone.tries() === 1)
  assert.equal(codeOf(await hanako.send('decline', { payment })), 'done')
  phone.answers(201)
  await withClient(hub.settings, (client) => client.query('update outbox set due_at = 0'))
  await until(async () => (await rowsLeft()) === 0)
  assert.equal(phone.tries(), 1)
})

type DemoMail = Readonly<{ to: string; subject: string; text: string }>

/** Mails about something that waits, newest first. */
async function waitingMails(to: string): Promise<readonly DemoMail[]> {
  const answer = await fetch(`${hub.url}/v1/demo/mail`)
  const other = await fetch(`${further.url}/v1/demo/mail`)
  // Border: the route's own schema; each hub shows what it has sent itself.
  const { mails } = (await answer.json()) as { mails: readonly DemoMail[] }
  const { mails: others } = (await other.json()) as { mails: readonly DemoMail[] }
  return [...mails, ...others].filter((mail) => mail.to === to && mail.text.includes('#payment='))
}

/** The looks at silent people, whose time has come by that. */
const silenceIsOver = (): Promise<unknown> =>
  withClient(hub.settings, (client) => client.query(`update outbox set due_at = 0 where receiver like 'pty%'`))

const looksLeft = (): Promise<number> =>
  withClient(hub.settings, async (client) => {
    const { rows } = await client.query<{ count: string }>(`select count(*) from outbox where receiver like 'pty%'`)
    return Number(rows[0]?.count)
  })

test('a person whose phones stay silent gets a mail in her language, without a name or an amount; one who has stirred gets none', async () => {
  const to = 'silent@example.jp'
  const party = await partyOf(hanako)
  await mailsTo(party, to, 'ja')
  await silenceIsOver()
  await until(async () => (await looksLeft()) === 0)
  const before = (await waitingMails(to)).length

  const declined = await billed(kenji, hanako, 870n)
  assert.equal(codeOf(await tablet.send('decline', { payment: declined })), 'done')
  const payment = await billed(kenji, hanako, 871n)
  await until(async () => (await looksLeft()) === 2)
  const due = await withClient(hub.settings, async (client) => {
    const { rows } = await client.query<{ wait: string }>(
      `select due_at - created_at as wait from outbox where receiver like 'pty%'`,
    )
    return rows.map(({ wait }) => Number(wait))
  })
  assert.ok(
    due.every((wait) => wait > LIMITS.silenceMs - 5_000 && wait <= LIMITS.silenceMs),
    String(due),
  )
  await silenceIsOver()
  const [mail] = await until(async () => {
    const mails = await waitingMails(to)
    return mails.length > before && mails
  })
  assert.ok(mail !== undefined && mail.text.includes(`/wallet#payment=${payment}`), JSON.stringify(mail))
  assert.match(mail.subject, /[ぁ-ん]/u)
  assert.doesNotMatch(mail.subject + mail.text, /Kenji|871/u)
  await until(async () => (await looksLeft()) === 0)
  assert.equal((await waitingMails(to)).length, before + 1, 'none for what was declined')
  assert.equal(codeOf(await tablet.send('decline', { payment })), 'done')
})

test('a revoked phone is not reached', async () => {
  const lost = await enrolled(hub, 'hanako')
  const [mailbox, phone] = [await subscribed(lost), await subscribed(hanako)]
  await hub.directory.revoke(await deviceOf(lost))
  const payment = await billed(kenji, hanako, 860n)
  assert.equal((await readBy(hanako, await phone.next())).payment, payment)
  assert.equal(mailbox.tries(), 0)
  lost.close()
})

test('only an address at a push service, with keys that are keys, is taken', async () => {
  const { subscription } = receiver.subscribe()
  const table = [
    [{ ...subscription, endpoint: 'https://127.0.0.1/x' }, 'endpoint'],
    [{ ...subscription, endpoint: 'https://elsewhere.test/x' }, 'endpoint'],
    [{ ...subscription, endpoint: 'http://push.test/x' }, null],
    [{ ...subscription, p256dh: toBase64url(new Uint8Array(65)) }, 'p256dh'],
    [{ ...subscription, p256dh: toBase64url(Uint8Array.from([4, ...randomBytes(64)])) }, 'p256dh'],
    [{ ...subscription, auth: toBase64url(new Uint8Array(15)) }, 'auth'],
    [{ ...subscription, auth: `${'A'.repeat(21)}B` }, 'auth'],
  ] as const
  for (const [wrong, field] of table) {
    const told = await push(hanako, { subscription: wrong })
    assert.ok(!told.ok && told.problem.code === 'field-invalid', JSON.stringify([wrong, told]))
    if (field !== null) assert.equal(told.problem.figures?.field, field)
  }
})

// ---- what a closed wallet answers by itself

/** A phone whose key the test holds, because a closed wallet's worker signs with it. */
async function ownPhone() {
  const person = await hub.directory.createParty({
    kind: 'person',
    name: 'Sora',
    legalName: 'Sora',
    bucket: 3,
    units: [JPY],
  })
  const { code } = await hub.directory.createCode({ kind: 'device', party: person.id, lifeMs: 60_000 })
  const pair = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify'])
  const publicKey = new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey))
  const found = await hub.directory.useCode({ code, publicKey, label: 'Sora' })
  const id = parseId('dev', found?.actor.id)
  assert.ok(id)
  const pkcs8 = Buffer.from(await crypto.subtle.exportKey('pkcs8', pair.privateKey))
  const privateKey = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' })
  const mailbox = receiver.subscribe()
  const { endpoint, p256dh, auth } = mailbox.subscription
  await withClient(hub.settings, (client) =>
    client.query(
      `insert into push_subscription (bucket, device, party, endpoint, p256dh, auth, created_at) values ($1, $2, $3, $4, $5, $6, 0)`,
      [
        bucketOfId(id),
        id.slice(4),
        person.id.slice(4),
        endpoint,
        Buffer.from(p256dh, 'base64url'),
        Buffer.from(auth, 'base64url'),
      ],
    ),
  )
  return {
    id,
    mailbox,
    provedAt: (at: number) =>
      withClient(hub.settings, (client) =>
        client.query('update device set proved_at = $2 where id = $1', [id.slice(4), at]),
      ),
    answer(command: string, claim: { provedAt: number; until: number }, over: Partial<IdentityBody<'presence'>> = {}) {
      const bytes = storedPresenceBytes({ device: id, command: fromHex(command) ?? new Uint8Array(), ...claim })
      const signature = sign('sha256', bytes, { key: privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')
      return post({ device: id, command, ...claim, signature, ...over })
    },
  }
}

/** A hub's word for it: whether the owner is there, or the code of the problem. */
async function post(body: object, at = hub): Promise<unknown> {
  const response = await fetch(`${at.url}/v1/presence`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  const said = (await response.json()) as { isThere?: boolean; code?: string }
  return said.isThere ?? said.code
}

const commandIn = ({ text }: Received): string => {
  const read = parsePushed(text)
  assert.equal(read?.message.kind, 'presence')
  return read?.message.id ?? ''
}

test('a closed wallet answers that its owner has just proved to be there; once, and at any hub', async () => {
  const phone = await ownPhone()
  const provedAt = Date.now() - 60_000
  await phone.provedAt(provedAt)
  const asked = further.reach.askPresence(phone.id)
  const command = commandIn(await phone.mailbox.next())
  const claim = { provedAt, until: provedAt + 3_600_000 }
  assert.equal(await phone.answer(command, claim), true)
  assert.equal(await asked, true)
  assert.equal(await phone.answer(command, claim), 'not-found', 'once')
})

test('what is claimed is compared with what the hub knows, and nothing else is taken for an answer', async () => {
  const phone = await ownPhone()
  const hour = 3_600_000
  const provedAt = Date.now() - 60_000
  const claim = { provedAt, until: provedAt + hour }
  await phone.provedAt(provedAt)
  const asking = async (): Promise<{ command: string; asked: Promise<boolean> }> => {
    const asked = hub.reach.askPresence(phone.id)
    return { command: commandIn(await phone.mailbox.next()), asked }
  }
  const { command, asked } = await asking()
  const other = await deviceOf(hanako)
  for (const [what, said, code] of [
    ['another command', () => phone.answer(randomBytes(16).toString('hex'), claim), 'not-found'],
    ['another phone’s name', () => phone.answer(command, claim, { device: other }), 'signature-invalid'],
    ['nobody’s name', () => phone.answer(command, claim, { device: `dev_ffff${'0'.repeat(28)}` }), 'signature-invalid'],
    ['another time than signed', () => phone.answer(command, claim, { provedAt: provedAt + 1 }), 'signature-invalid'],
    ['a longer life than signed', () => phone.answer(command, claim, { until: claim.until + 1 }), 'signature-invalid'],
    ['no signature', () => phone.answer(command, claim, { signature: 'A'.repeat(86) }), 'signature-invalid'],
    ['a time that is none', () => phone.answer(command, claim, { provedAt: -1 }), 'signature-invalid'],
    ['a time beyond all', () => phone.answer(command, claim, { until: 1e300 }), 'signature-invalid'],
  ] as const) {
    assert.equal(await said(), code, what)
  }
  assert.equal(await phone.answer(command, claim), true, 'none of them has used the command up')
  assert.equal(await asked, true)

  for (const [what, told] of [
    ['newer than the hub’s own', { provedAt: provedAt + 1_000, until: provedAt + hour }],
    ['longer than the unlock', { provedAt, until: provedAt + hour + 1 }],
    ['over', { provedAt: provedAt - hour, until: provedAt }],
  ] as const) {
    const next = await asking()
    assert.equal(await phone.answer(next.command, told), false, what)
    assert.equal(await next.asked, false, what)
  }

  const { command: last, asked: lastAsked } = await asking()
  await hub.directory.revoke(phone.id)
  assert.equal(await phone.answer(last, claim), 'device-revoked')
  await withClient(hub.settings, (client) =>
    client.query('update pushed_command set answered_at = 0, is_there = false where id = $1', [last]),
  )
  assert.equal(await lastAsked, false)
  assert.equal(await hub.reach.askPresence(phone.id), false, 'a phone that cannot be reached is not there')
})

test('an answer that comes too late is none', async () => {
  const phone = await ownPhone()
  const provedAt = Date.now() - 60_000
  await phone.provedAt(provedAt)
  const asked = hub.reach.askPresence(phone.id)
  const command = commandIn(await phone.mailbox.next())
  await withClient(hub.settings, (client) =>
    client.query('update pushed_command set expires_at = 1 where id = $1', [command]),
  )
  assert.equal(await phone.answer(command, { provedAt, until: provedAt + 3_600_000 }), 'not-found')
  await withClient(hub.settings, (client) =>
    client.query('update pushed_command set answered_at = 0, is_there = false where id = $1', [command]),
  )
  assert.equal(await asked, false)
})
