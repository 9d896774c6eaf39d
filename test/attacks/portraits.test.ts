// Pictures that are none, or were made to be heavy: nothing but a re-encoded JPEG ever comes out, and the hub answers meanwhile.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, beforeEach, test } from 'node:test'
import jpeg from 'jpeg-js'
import { BUDGETS, LIMITS } from '#protocol/limits.ts'
import { jpegHead } from '#server/people/jpeg.ts'
import { portraitPainter } from '#server/people/portrait.ts'
import { startTestHub, type TestHub } from '../support/hub.ts'
import { ask, assertProblem, fingerprint, speaker, type Reply, type Speaker } from '../support/raw-client.ts'

let hub: TestHub
let hanako: Speaker
before(async () => {
  hub = await startTestHub()
  hanako = await speaker(hub, 'hanako')
})
after(async () => {
  hanako.client.close()
  await hub.stop()
})

beforeEach(() => hub.database.transactions.query(`delete from budget where key like 'portraits:%'`))

const send = (picture: Uint8Array): Promise<Reply> =>
  hanako.signed({ path: '/v1/profile/portrait', body: { picture: Buffer.from(picture).toString('base64url') } })

const plain = (width: number, height: number): Buffer =>
  jpeg.encode({ width, height, data: Buffer.alloc(width * height * 4, 120) }, 80).data

const segment = (marker: number, content: Uint8Array): Buffer => {
  const head = Buffer.of(0xff, marker, 0, 0)
  head.writeUInt16BE(content.length + 2, 2)
  return Buffer.concat([head, content])
}
/** Behind the first two bytes of a picture. */
const withFirst = (picture: Buffer, ...segments: Buffer[]): Buffer =>
  Buffer.concat([picture.subarray(0, 2), ...segments, picture.subarray(2)])

const saying = (width: number, height: number): Buffer => {
  const picture = plain(64, 64)
  const frame = picture.indexOf(Buffer.of(0xff, 0xc0))
  picture.writeUInt16BE(height, frame + 5)
  picture.writeUInt16BE(width, frame + 7)
  return picture
}

/**
 * A progressive JPEG whose every scan says in some bytes that thousands of blocks are as they were: decoding it is linear in scans
 * times pixels, not in bytes.
 */
function scans(count: number, edge = 2_048): Buffer {
  const frame = Buffer.of(8, 0, 0, 0, 0, 1, 1, 0x11, 0)
  frame.writeUInt16BE(edge, 1)
  frame.writeUInt16BE(edge, 3)
  const tables = segment(0xdb, Buffer.concat([Buffer.of(0), Buffer.alloc(64, 1)]))
  // One code of one bit for a DC difference of nothing; for AC one that means 'the next 2^14 and more blocks end here'.
  const dc = segment(0xc4, Buffer.concat([Buffer.of(0x00), Buffer.of(1, ...Buffer.alloc(15)), Buffer.of(0)]))
  const ac = segment(0xc4, Buffer.concat([Buffer.of(0x10), Buffer.of(1, ...Buffer.alloc(15)), Buffer.of(0xe0)]))
  const first = Buffer.concat([segment(0xda, Buffer.of(1, 1, 0x00, 0, 0, 0)), Buffer.alloc((edge / 8) ** 2 / 8)])
  const again = Buffer.concat([
    segment(0xda, Buffer.of(1, 1, 0x00, 1, 63, 0)),
    Buffer.alloc(Math.ceil((((edge / 8) ** 2 / 16_384) * 15) / 8) + 1),
  ])
  const all = Array.from({ length: count }, () => again)
  return Buffer.concat([
    Buffer.of(0xff, 0xd8),
    tables,
    segment(0xc2, frame),
    dc,
    ac,
    first,
    ...all,
    Buffer.of(0xff, 0xd9),
  ])
}

const html = Buffer.from('<html><script>alert(document.domain)</script></html>')
const exif = Buffer.concat([Buffer.from('Exif\0\0MM\0*\0\0\0\x08\0\0'), html])

const NONE: Readonly<Record<string, Buffer>> = {
  '65,000 × 65,000 pixels': saying(65_000, 65_000),
  '65,535 × 1 pixels': saying(65_535, 1),
  'as many pixels as may be, and no bytes for them': saying(2_048, 2_048),
  'one pixel more than may be': saying(2_049, 2_048),
  'thousands of scans': scans(9_000),
  'cut off': plain(300, 300).subarray(0, 700),
  'without an end': Buffer.concat([plain(300, 300).subarray(0, -40)]),
  'HTML behind the first bytes': Buffer.concat([Buffer.of(0xff, 0xd8, 0xff), html]),
  'a PNG': Buffer.concat([
    Buffer.from('89504e470d0a1a0a0000000d49484452000000100000001008060000001ff3ff61', 'hex'),
    html,
  ]),
  'a GIF with JPEG in it': Buffer.concat([Buffer.from('GIF89a'), plain(16, 16)]),
  noise: randomBytes(290_000),
  'noise that begins like a JPEG': Buffer.concat([Buffer.of(0xff, 0xd8, 0xff, 0xe0), randomBytes(290_000)]),
  'noise behind the head of a JPEG': Buffer.concat([saying(2_000, 2_000).subarray(0, 620), randomBytes(200_000)]),
  'segments without end': withFirst(
    plain(16, 16),
    ...Array.from({ length: 5_000 }, () => segment(0xe2, Buffer.alloc(2))),
  ),
}

const SMUGGLED: Readonly<Record<string, Buffer>> = {
  'HTML behind the end': Buffer.concat([plain(64, 64), html]),
  'HTML in a comment': withFirst(plain(64, 64), segment(0xfe, html)),
  'a script in Exif': withFirst(plain(64, 64), segment(0xe1, exif)),
  'a script where a colour profile would be': withFirst(
    plain(64, 64),
    segment(0xe2, Buffer.concat([Buffer.from('ICC_PROFILE\0\x01\x01'), html])),
  ),
  'a second picture behind the first': Buffer.concat([plain(64, 64), plain(32, 32)]),
}

test('what is no picture or too heavy is refused with one code and changes nothing', async () => {
  const before = await fingerprint(hub.settings, ['session', 'hub_key', 'budget'])
  for (const [about, picture] of Object.entries(NONE))
    assert.equal(assertProblem(await send(picture), about), 'picture-invalid', about)
  assert.deepEqual(await fingerprint(hub.settings, ['session', 'hub_key', 'budget']), before)
})

test('whatever is hidden in a picture is gone: what is kept is one JPEG of ours', async () => {
  for (const [about, picture] of Object.entries(SMUGGLED)) {
    const reply = await send(picture)
    assert.equal(reply.status, 200, `${about}: ${reply.text}`)
    const kept = Buffer.from(String(reply.body.portrait), 'base64')
    assert.ok(kept.length <= LIMITS.pictureBytes)
    for (const hidden of ['script', 'html', 'Exif', 'ICC_PROFILE'])
      assert.ok(!kept.includes(hidden), `${about}: ${hidden}`)
    assert.equal(kept.indexOf(Buffer.of(0xff, 0xd9)), kept.length - 2, `${about}: nothing behind the end`)
    assert.deepEqual([jpeg.decode(kept).width, jpegHead(kept)?.orientation], [64, 1])
  }
})

test('the hub answers while bombs are thrown at it', async () => {
  const heavy = scans(100, 1_024)
  const state = { isOver: false }
  const bombs = Promise.all(Array.from({ length: 6 }, () => send(heavy))).finally(() => (state.isOver = true))
  let answered = 0
  do {
    assert.equal((await ask(hub, { method: 'GET', path: '/health' })).status, 200)
    assert.equal((await hanako.reads('/v1/self')).status, 200)
    answered++
  } while (!state.isOver)
  assert.ok(answered > 0)
  for (const reply of await bombs) assert.ok([200, 422].includes(reply.status), reply.text)
  assert.equal((await send(plain(64, 64))).status, 200, 'and then paints again')
})

test('more pictures than may wait are turned away, and those that waited are not forgotten', async () => {
  const picture = plain(1_000, 1_000)
  const painter = portraitPainter(1)
  const made = await Promise.all(Array.from({ length: 30 }, () => painter.paint(picture)))
  assert.equal(made.filter((each) => each === 'busy').length, 8)
  // Given a millisecond, most are given up; on a busy machine one may be done before the clock is looked at.
  assert.ok(made.includes('invalid'))
  assert.notEqual(await painter.paint(picture), 'busy')
})

test('a picture that goes over its pixels again and again is not decoded at all', async () => {
  assert.deepEqual(jpegHead(scans(9)), { width: 2_048, height: 2_048, orientation: 1 })
  assert.equal(jpegHead(scans(101)), undefined)
})

test('who sends pictures without end is turned away after a while, and keeps the last good one', async () => {
  const { burst } = BUDGETS.portraits
  const { portrait } = (await send(plain(32, 32))).body
  for (let sent = 1; sent < burst; sent++)
    assert.equal(assertProblem(await send(Buffer.of(0xff, 0xd8)), 'no picture'), 'picture-invalid')
  assert.equal(assertProblem(await send(plain(64, 64)), 'one too many'), 'too-many-tries')
  assert.equal((await hanako.reads('/v1/profile')).body.portrait, portrait)
})
