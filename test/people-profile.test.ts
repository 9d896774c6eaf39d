// Profile, picture, address and releases, through HTTP.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, before, test } from 'node:test'
import jpeg from 'jpeg-js'
import type { IdentityView, ProfileView, ReleasesView } from '#protocol/identity.ts'
import { LIMITS } from '#protocol/limits.ts'
import type { PaymentView } from '#protocol/views.ts'
import { answerQuestion } from '#sdk/approval.ts'
import { presence } from '#sdk/presence.ts'
import { withPin } from '#sdk/scram.ts'
import { isAtCounter } from '#server/people/profile.ts'
import { userCodeHash } from '#server/people/user-code.ts'
import { idFrom, parseId } from '#core/ids.ts'
import type { Payment } from '#core/payment.ts'
import { startTestHub, type TestHub } from './support/hub.ts'
import { codeIn, mailsTo, newAddress, newcomer, nthMail } from './support/people.ts'
import { withClient } from './support/postgres.ts'
import { assertProblem, newDeal, speaker, type Reply, type Speaker } from './support/raw-client.ts'

let hub: TestHub
let aiko: Speaker
let register: Speaker
const email = newAddress()
before(async () => {
  hub = await startTestHub()
  aiko = await speaker(hub, 'hanako', await newcomer(hub, email))
  register = await speaker(hub, 'register')
})
after(async () => {
  aiko.client.close()
  register.client.close()
  await hub.stop()
})

const post = (path: string, body: object, by = aiko): Promise<Reply> => by.signed({ path, body })
/** Border: the views' shapes are attacks/access.test.ts's business. */
function viewIn<View>(reply: Reply): View {
  assert.equal(reply.status, 200, reply.text)
  return reply.body as View
}
const sendPicture = (picture: Uint8Array): Promise<Reply> =>
  post('/v1/profile/portrait', { picture: Buffer.from(picture).toString('base64url') })
const forgetTries = (): Promise<unknown> => withClient(hub.settings, (client) => client.query('delete from budget'))

/** A JPEG with four quarters: red, green, blue, white. */
function quarters(width: number, height: number): Buffer {
  const data = Buffer.alloc(width * height * 4, 255)
  const colours = [
    [200, 30, 30],
    [30, 200, 30],
    [30, 30, 200],
    [240, 240, 240],
  ]
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      data.set(colours[(y < height / 2 ? 0 : 2) + (x < width / 2 ? 0 : 1)] ?? [], (y * width + x) * 4)
  return jpeg.encode({ width, height, data }, 90).data
}

/** The same picture with a segment put behind its first marker. */
const withSegment = (picture: Buffer, marker: number, content: Buffer): Buffer => {
  const length = Buffer.alloc(2)
  length.writeUInt16BE(content.length + 2)
  return Buffer.concat([picture.subarray(0, 2), Buffer.of(0xff, marker), length, content, picture.subarray(2)])
}

const exif = (orientation: number, text: string): Buffer =>
  Buffer.concat([
    Buffer.from('Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0', 'latin1'),
    Buffer.of(orientation, 0, 0, 0, 0, 0, 0),
    Buffer.from(text),
  ])

test('a profile says what the person said, and what is verified apart from it', async () => {
  const before = viewIn<ProfileView>(await aiko.reads('/v1/profile'))
  assert.deepEqual(before, {
    name: 'Aiko',
    legalName: 'Aiko Mori',
    email,
    language: 'ja',
    birthDate: null,
    portrait: null,
    hasUserCode: false,
    verified: { ageBand: null, region: null, members: [] },
  })
  const changed = viewIn<ProfileView>(
    await post('/v1/profile', { displayName: 'Aiko M.', language: 'en', birthDate: '1990-04-01' }),
  )
  assert.deepEqual(changed, { ...before, name: 'Aiko M.', language: 'en', birthDate: '1990-04-01' })
  assert.deepEqual(viewIn(await aiko.reads('/v1/profile')), changed)
  const self = await aiko.client.self()
  assert.ok(self.ok && self.view.kind === 'device')
  assert.equal(self.view.name, 'Aiko M.', 'the session knows it at once')
  assert.equal(self.view.legalName, 'Aiko Mori', 'only the operator changes a legal name')
  const fault = await post('/v1/profile', { displayName: 'A', language: 'en', birthDate: '2023-02-29' })
  assert.equal(assertProblem(fault, 'no such day'), 'day-invalid')
  const hanako = await speaker(hub, 'hanako')
  const { verified } = viewIn<ProfileView>(await hanako.reads('/v1/profile'))
  assert.equal(verified.region, 'JP-14')
  assert.equal(verified.ageBand, '20-64')
  hanako.client.close()
})

test('a picture is written anew: square, small, upright, and nothing in it but the picture', async () => {
  const script = '<script>alert(1)</script>'
  const sent = withSegment(withSegment(quarters(900, 600), 0xe1, exif(6, script)), 0xfe, Buffer.from(script))
  assert.ok(sent.includes(script))
  const { portrait } = viewIn<ProfileView>(await sendPicture(sent))
  const kept = Buffer.from(portrait ?? '', 'base64')
  assert.ok(!kept.includes('script') && !kept.includes('Exif'))
  assert.ok(kept.length <= LIMITS.pictureBytes)
  const { width, height, data } = jpeg.decode(kept)
  assert.deepEqual([width, height], [512, 512])
  const colourAt = (x: number, y: number): string => {
    const [red = 0, green = 0, blue = 0] = data.subarray((y * width + x) * 4, (y * width + x) * 4 + 3)
    return red > 150 && green > 150 ? 'white' : red > 150 ? 'red' : green > 150 ? 'green' : blue > 150 ? 'blue' : 'none'
  }
  const corners = [colourAt(60, 60), colourAt(450, 60), colourAt(60, 450), colourAt(450, 450)]
  // Turned by a quarter to the right, as its Exif says.
  assert.deepEqual(corners, ['blue', 'red', 'white', 'green'])
  const rows = await withClient(hub.settings, (client) =>
    client.query<{ hash: Buffer }>('select portrait_hash as hash from profile where email = $1', [email]),
  )
  assert.deepEqual(rows.rows[0]?.hash, createHash('sha256').update(kept).digest())
  assert.equal(viewIn<ProfileView>(await post('/v1/profile/portrait', { picture: null })).portrait, null)
})

test('what is no picture, or a bomb, is refused and changes nothing', async () => {
  const kept = viewIn<ProfileView>(await sendPicture(quarters(64, 64))).portrait
  const good = quarters(300, 300)
  const sof = good.indexOf(Buffer.of(0xff, 0xc0))
  const saying = (width: number, height: number): Buffer => {
    const picture = Buffer.from(good)
    picture.writeUInt16BE(height, sof + 5)
    picture.writeUInt16BE(width, sof + 7)
    return picture
  }
  const wrongs: Readonly<Record<string, Buffer>> = {
    'nothing at all': Buffer.alloc(0),
    'two bytes': Buffer.of(0xff, 0xd8),
    'a PNG that says it is a JPEG': Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex'),
    'a GIF behind the first bytes of a JPEG': Buffer.concat([Buffer.of(0xff, 0xd8, 0xff), Buffer.from('GIF89a')]),
    'an SVG with a script': Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><script>1</script></svg>'),
    '65,000 pixels each way': saying(65_000, 65_000),
    'one row too many': saying(2_048, 2_049),
    'no width': saying(0, 300),
    'its first half': good.subarray(0, good.length / 2),
    'its head': good.subarray(0, sof + 19),
    'a segment longer than the file': Buffer.of(0xff, 0xd8, 0xff, 0xe1, 0xff, 0xff, 1, 2, 3),
    'a larger size than its pixels fill': saying(2_000, 2_000),
  }
  for (const [about, picture] of Object.entries(wrongs))
    assert.equal(assertProblem(await sendPicture(picture), about), 'picture-invalid')
  const large = await post('/v1/profile/portrait', { picture: 'A'.repeat(LIMITS.pictureSentBytes + 4) })
  assert.ok(['field-invalid', 'too-large'].includes(assertProblem(large, 'too long')))
  assert.equal(viewIn<ProfileView>(await aiko.reads('/v1/profile')).portrait, kept)
})

test('a register sees the picture only of who stands there, only where it is shown, and only until the deal is over', async () => {
  const portrait = viewIn<ProfileView>(await sendPicture(quarters(200, 200))).portrait
  const everybody = { 'age-band': 'hide', 'member-number': 'hide', region: 'hide', email: 'hide', portrait: 'show' }
  const path = (deal: string): string => `/v1/deals/${deal}/portrait`
  const joined = async (): Promise<string> => {
    const deal = newDeal()
    const opened = await register.command('open-offer', { deal, bill: null })
    const { ticket } = viewIn<{ deal: { ticket: { number: string } } }>(opened).deal
    assert.equal(assertProblem(await register.reads(path(deal)), 'nobody has joined'), 'not-found')
    viewIn(await aiko.command('join', { credential: { kind: 'number', number: ticket.number } }))
    return deal
  }
  const hidden = await joined()
  assert.equal(assertProblem(await register.reads(path(hidden)), 'not released'), 'not-found')
  viewIn(await register.command('cancel-deal', { deal: hidden, payment: await paymentOf(hidden) }))

  viewIn(await post('/v1/releases', { merchant: null, releases: everybody }))
  const deal = await joined()
  const seen = viewIn<IdentityView<'portraitAtCounter'>>(await register.reads(path(deal)))
  assert.equal(seen.picture, portrait)
  const other = await speaker(hub, 'register')
  assert.equal(assertProblem(await other.reads(path(deal)), 'another till'), 'not-found')
  other.client.close()
  assert.equal(assertProblem(await register.reads(path(newDeal())), 'no such deal'), 'not-found')
  assert.equal(assertProblem(await register.reads(path('nonsense')), 'no id'), 'not-found')
  assert.equal(assertProblem(await aiko.reads(path(deal)), 'a phone'), 'not-allowed')
  // Another picture is not the one that was shown.
  await sendPicture(quarters(100, 100))
  assert.equal(assertProblem(await register.reads(path(deal)), 'changed'), 'not-found')
  await sendPicture(quarters(200, 200))
  viewIn(await register.reads(path(deal)))
  viewIn(await register.command('cancel-deal', { deal, payment: await paymentOf(deal) }))
  assert.equal(assertProblem(await register.reads(path(deal)), 'over'), 'not-found')
})

test('who has answered a question is seen for as long as they stand there', async () => {
  const picture = quarters(200, 200)
  viewIn(await sendPicture(picture))
  const deal = newDeal()
  const opened = await register.command('ask', { deal, question: { attributes: ['portrait'], reason: 'Membership' } })
  const { ticket } = viewIn<{ deal: { ticket: { number: string } } }>(opened).deal
  const joined = await aiko.command('join', { credential: { kind: 'number', number: ticket.number } })
  const { payment } = viewIn<{ payment: PaymentView }>(joined)
  const path = `/v1/deals/${deal}/portrait`
  assert.equal(assertProblem(await register.reads(path), 'not answered yet'), 'not-found')
  const answered = await answerQuestion(aiko.client, payment, ['portrait'], withPin('1357'))
  assert.ok(answered.ok, JSON.stringify(answered))
  viewIn(await register.reads(path))
})

test('five minutes after an answer the counter is empty, and a sale is over when it is paid', () => {
  const at = 1_800_000_000_000
  // Border of the test: of a payment only what the rule reads.
  const payment = { answered: null, ended: null, approvedAt: null, portions: [] } as unknown as Payment
  const answered = { ...payment, answered: { released: [], strength: 'password', at } } as const
  const portion = (kind: string) =>
    ({ ...payment, approvedAt: at, portions: [{ state: { kind } }] }) as unknown as Payment
  for (const [asked, now, expected] of [
    [payment, at, true],
    [portion('authorising'), at, true],
    [portion('held'), at, false],
    [portion('settled'), at, false],
    [answered, at + 299_999, true],
    [answered, at + 300_000, false],
  ] as const)
    assert.equal(isAtCounter(asked, now), expected)
})

async function paymentOf(deal: string): Promise<string> {
  const { payment } = viewIn<{ payment: string }>(await register.reads(`/v1/deals/${deal}`))
  return payment
}

test('what is shown is said for everybody and for single shops, and forgotten again', async () => {
  const shown = { 'age-band': 'show', 'member-number': 'ask', region: 'hide', email: 'ask', portrait: 'ask' } as const
  const merchant = register.self.kind === 'terminal' ? register.self.party : ''
  viewIn(await post('/v1/releases', { merchant: null, releases: null }))
  const asks = viewIn<ReleasesView>(await aiko.reads('/v1/releases'))
  assert.deepEqual(new Set(Object.values(asks.everybody)), new Set(['ask']))
  const view = viewIn<ReleasesView>(await post('/v1/releases', { merchant, releases: shown }))
  assert.deepEqual(view.merchants, [{ party: merchant, name: 'Marubeni Bakery', releases: shown }])
  assert.deepEqual(view.everybody, asks.everybody)
  const wrongs: readonly (readonly [object, string])[] = [
    [{ merchant: `pty_${'0'.repeat(32)}`, releases: shown }, 'party-unknown'],
    [{ merchant: `pty_${'f'.repeat(32)}`, releases: shown }, 'party-unknown'],
    [{ merchant: aiko.self.kind === 'device' ? aiko.self.party : '', releases: shown }, 'party-unknown'],
    [{ merchant, releases: { ...shown, birthDate: 'show' } }, 'unknown-field'],
    [{ merchant, releases: { ...shown, region: 'always' } }, 'field-invalid'],
  ]
  for (const [body, code] of wrongs)
    assert.equal(assertProblem(await post('/v1/releases', body), JSON.stringify(body)), code)
  assert.deepEqual(viewIn<ReleasesView>(await post('/v1/releases', { merchant, releases: null })).merchants, [])
  assert.deepEqual(viewIn(await post('/v1/releases', { merchant: `pty_${'f'.repeat(32)}`, releases: null })), asks)
})

const prove = async (subject: string): Promise<object> => {
  const proved = await presence(aiko.client, 'change-email', subject, withPin('1357'))
  assert.ok(proved.ok)
  return proved.view
}

test('an address is changed by a code that went there and a proof of the owner; the old one hears of it', async () => {
  await forgetTries()
  const next = newAddress()
  const asked = await post('/v1/profile/email', { email: next.toUpperCase(), code: null, presence: null })
  assert.equal(viewIn<ProfileView>(asked).email, email)
  const code = codeIn(await nthMail(hub, next, 1))
  const withoutProof = await post('/v1/profile/email', { email: next, code, presence: null })
  assert.equal(assertProblem(withoutProof, 'no proof'), 'proof-needed')
  const foreign = await post('/v1/profile/email', { email: next, code, presence: await prove(newAddress()) })
  assert.equal(assertProblem(foreign, 'a proof for another address'), 'signature-invalid')
  const wrong = code === '000000' ? '000001' : '000000'
  const body = { email: next, presence: await prove(next) }
  assert.equal(assertProblem(await post('/v1/profile/email', { ...body, code: wrong }), 'wrong'), 'code-not-found')
  // The wrong code has not cost the proof.
  assert.equal(viewIn<ProfileView>(await post('/v1/profile/email', { ...body, code })).email, next)
  assert.equal(viewIn<ProfileView>(await post('/v1/profile/email', { ...body, code })).email, next, 'asked again')
  const notice = await nthMail(hub, email, 2)
  assert.match(notice.subject, /changed/)
  assert.ok(!notice.text.includes(next), 'whoever reads the old mailbox does not learn the new address')
  // The old address is free for somebody else, the new one is not.
  const other = await newcomer(hub, email)
  const speakerOfOther = await speaker(hub, 'hanako', other)
  const before = (await mailsTo(hub, next)).length
  viewIn(await post('/v1/profile/email', { email: next, code: null, presence: null }, speakerOfOther))
  const told = await nthMail(hub, next, before + 1)
  assert.equal(codeIn(told), 'no code')
  other.close()
})

test('a code for a new address is good for who asked for it alone', async () => {
  await forgetTries()
  const next = newAddress()
  viewIn(await post('/v1/profile/email', { email: next, code: null, presence: null }))
  const code = codeIn(await nthMail(hub, next, 1))
  const other = await newcomer(hub)
  const proved = await presence(other, 'change-email', next, withPin('1357'))
  assert.ok(proved.ok)
  const thief = await speaker(hub, 'hanako', other)
  const reply = await post('/v1/profile/email', { email: next, code, presence: proved.view }, thief)
  assert.equal(assertProblem(reply, 'a foreign code'), 'code-not-found')
  other.close()
})

test('a code against unasked questions is kept as a hash with the person as salt', async () => {
  assert.equal(viewIn<ProfileView>(await post('/v1/profile/user-code', { userCode: 'kaki77' })).hasUserCode, true)
  const party = parseId('pty', aiko.self.kind === 'device' ? aiko.self.party : '') ?? idFrom('pty', new Uint8Array(16))
  const { rows } = await withClient(hub.settings, (client) =>
    client.query<{ user_code: Buffer }>('select user_code from profile where party = $1', [party.slice(4)]),
  )
  assert.deepEqual(rows[0]?.user_code, Buffer.from(userCodeHash(party, 'kaki77')))
  assert.equal(viewIn<ProfileView>(await post('/v1/profile/user-code', { userCode: null })).hasUserCode, false)
  assert.equal(assertProblem(await post('/v1/profile/user-code', { userCode: 'a b' }), 'a blank'), 'field-invalid')
})
