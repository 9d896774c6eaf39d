// Receipts through HTTP: who may see one, its signature and page, what the shop says of itself, mail, and paper.
import assert from 'node:assert/strict'
import { createPublicKey, randomBytes, verify } from 'node:crypto'
import { after, before, test } from 'node:test'
import iconv from 'iconv-lite'
import { fromBase64url, toBase64url } from '#core/bytes.ts'
import { NO_DETAILS } from '#core/shop.ts'
import { billToWire } from '#protocol/bill.ts'
import { BUDGETS } from '#protocol/limits.ts'
import type { ReceiptView, ShopWire } from '#protocol/receipts.ts'
import type { PaymentView } from '#protocol/views.ts'
import { isReceiptSigned } from '#sdk/receipts.ts'
import { receiptLinks } from '#server/receipts/links.ts'
import { DEMO_SHOP } from '#server/receipts/demo-shop.ts'
import { paid } from './support/bank.ts'
import { startTestHub, type TestHub } from './support/hub.ts'
import { mailsTo, newAddress, newcomer, nthMail } from './support/people.ts'
import { readQr } from './support/qr.ts'
import {
  ask,
  assertProblem,
  fingerprint,
  neighbourOf,
  speaker,
  type Reply,
  type Speaker,
} from './support/raw-client.ts'
import { openShop, setPinAt, signOutAt } from './support/staff.ts'
import { billWith, lineOf } from './support/world.ts'

let hub: TestHub
let register: Speaker
let office: Speaker
let hanako: Speaker
let kenji: Speaker
let desk: Speaker
const speakers: Speaker[] = []

before(async () => {
  hub = await startTestHub()
  for (const who of ['register', 'office', 'hanako', 'kenji', 'desk'] as const) speakers.push(await speaker(hub, who))
  ;[register, office, hanako, kenji, desk] = speakers as [Speaker, Speaker, Speaker, Speaker, Speaker]
})
after(async () => {
  for (const { client } of speakers) client.close()
  await hub.stop()
})

/** What changes by itself: payments of earlier stories are still being deposited, sessions are seen, tries are counted. */
const ELSEWHERE = ['account', 'entry', 'mark', 'session', 'budget']

const BASKET = billToWire(
  billWith(
    lineOf(480n, { text: 'カレーパン', quantity: 2 }),
    lineOf(110n, { text: 'Bag <b>&"\u0027 {x} | ~ \\x41', taxRate: 1000, tax: 10n }),
  ),
)

const buy = (by = hanako, till = register, bill = BASKET): Promise<PaymentView> => paid(bill, by.client, till.client)
const receiptFor = async (by: Speaker, payment: string): Promise<ReceiptView> => {
  const reply = await by.reads(`/v1/receipts/${payment}`)
  assert.equal(reply.status, 200, reply.text)
  // Border: the hub's own types make it.
  return reply.body as ReceiptView
}
const signer = (): string => toBase64url(hub.key.publicKey)
const pathOf = (link: string): string => new URL(link).pathname
const page = (path: string, headers: Record<string, string> = {}): Promise<Reply> =>
  ask(hub, { method: 'GET', path, headers })

test('the payer and the shop’s machines get the receipt, signed by the scheme; to everybody else there is none', async () => {
  const { payment } = await buy()
  const views = await Promise.all([hanako, register, office].map((by) => receiptFor(by, payment)))
  for (const view of views) {
    assert.ok(await isReceiptSigned(view, signer()))
    assert.ok(!(await isReceiptSigned({ ...view, receipt: { ...view.receipt, total: '591' } }, signer())))
    assert.ok(!(await isReceiptSigned({ ...view, signed: view.signed.replace('590', '591') }, signer())))
    assert.ok(!(await isReceiptSigned(view, toBase64url(randomBytes(65)))))
    assert.equal(view.key, signer())
    assert.equal(view.link, views[0]?.link)
  }
  const [{ receipt }] = views as [ReceiptView]
  assert.equal(receipt.shop.name, 'Marubeni Bakery')
  assert.equal(receipt.shop.invoiceNumber, DEMO_SHOP.invoiceNumber)
  assert.deepEqual(receipt.taxes, [
    { rate: 1000, isReduced: false, amount: '110', tax: '10' },
    { rate: 800, isReduced: true, amount: '480', tax: '35' },
  ])
  assert.ok(!JSON.stringify(receipt).includes('Hanako'), 'it does not name the payer')

  const neighbour = await neighbourOf(hub, hanako)
  const shop = await openShop(hub, desk, 'Next door')
  const other = await shop.terminal()
  speakers.push(neighbour, other)
  for (const by of [kenji, neighbour, other]) {
    assert.equal(assertProblem(await by.reads(`/v1/receipts/${payment}`), by.self.id), 'not-found')
    const nobody = await by.reads(`/v1/receipts/pay_0002${'5'.repeat(28)}`)
    assert.equal(assertProblem(nobody, 'no such payment'), 'not-found')
  }
  for (const id of [`pay_ffff${'5'.repeat(28)}`, 'pay_1', `dev_${'5'.repeat(32)}`, '%00'])
    assert.equal(assertProblem(await hanako.reads(`/v1/receipts/${id}`), id), 'not-found')
})

test('of what was not paid there is no receipt, and between people it names no legal name', async () => {
  const reply = await register.command('open-offer', { deal: `deal_${randomBytes(16).toString('hex')}`, bill: BASKET })
  const { ticket } = reply.body.deal as { ticket: { number: string } }
  const joined = await hanako.command('join', { credential: { kind: 'number', number: ticket.number } })
  const { payment } = joined.body.payment as PaymentView
  for (const by of [hanako, register])
    assert.equal(assertProblem(await by.reads(`/v1/receipts/${payment}`), 'joined'), 'no-receipt')
  await hanako.command('decline', { payment })
  assert.equal(assertProblem(await hanako.reads(`/v1/receipts/${payment}`), 'declined'), 'no-receipt')

  const between = await buy(hanako, kenji, billToWire(billWith(lineOf(300n, { taxRate: null, tax: 0n }))))
  for (const by of [hanako, kenji]) {
    const { receipt } = await receiptFor(by, between.payment)
    assert.deepEqual([receipt.shop.name, receipt.shop.legalName, receipt.terminal], ['Kenji', null, null])
    assert.deepEqual(receipt.taxes, [])
  }
})

test('a refund shows at once on the receipt, on the page behind the same link, and in its tax', async () => {
  const { payment } = await buy()
  const first = await receiptFor(hanako, payment)
  const given = await register.command('refund', { payment, amount: '240', lines: [{ line: 0, amount: '240' }] })
  assert.equal(given.status, 200, given.text)
  const view = await receiptFor(hanako, payment)
  assert.equal(view.link, first.link)
  assert.equal(view.receipt.state, 'part-refunded')
  assert.deepEqual([view.receipt.left, view.receipt.refunds[0]?.amount], ['350', '240'])
  assert.deepEqual(view.receipt.taxesLeft.at(-1), { rate: 800, isReduced: true, amount: '240', tax: '17' })
  assert.ok(await isReceiptSigned(view, signer()))
  const { text } = await page(pathOf(view.link), { 'accept-language': 'en' })
  assert.match(text, /Paid, in part given back/u)
  assert.match(text, /−¥240/u)
})

test('the page is for whoever has the link: in their language, without a script, kept by nobody', async () => {
  const { payment } = await buy()
  const { link } = await receiptFor(hanako, payment)
  assert.match(link, /\/r\/[A-Za-z0-9_-]{43}$/u)
  const path = pathOf(link)
  const english = await page(path)
  assert.equal(english.status, 200)
  assert.equal(english.headers['content-type'], 'text/html; charset=utf-8')
  assert.equal(english.headers['cache-control'], 'no-store')
  assert.equal(english.headers['x-robots-tag'], 'noindex, nofollow')
  assert.equal(english.headers['referrer-policy'], 'no-referrer')
  assert.doesNotMatch(english.text, /<script|style=|<b>|onerror/iu)
  assert.ok(english.text.includes('Bag &lt;b&gt;&amp;&quot;&#39; {x} | ~ \\x41'))
  assert.ok(english.text.includes('Issued by Demo town.<br>The signature is right.'))
  for (const [header, query, language] of [
    ['ja', '', 'ja'],
    ['fr, ja;q=0.5, en;q=0.4', '', 'ja'],
    ['en-US,en;q=0.9,ja;q=0.8', '', 'en'],
    ['ja;q=0, de', '', 'en'],
    ['ja;q=x', '', 'en'],
    ['ja', '?lang=en', 'en'],
    ['en', '?lang=ja&lang=en', 'en'],
    ['en', '?paper=<script>&copy=__proto__&__proto__=1', 'en'],
  ] as const)
    assert.ok(
      (await page(path + query, { 'accept-language': header })).text.includes(`<html lang="${language}">`),
      header,
    )
  const japanese = await page(`${path}?lang=ja&paper=58&copy=1`)
  for (const said of [
    '領収書',
    '再発行',
    '登録番号',
    '8%対象 ※',
    '※は軽減税率対象',
    'カレーパン × 2 ※',
    'roll-58',
    '発行：Demo town',
  ])
    assert.ok(japanese.text.includes(said), said)
  const looks = await page('/assets/receipt.css')
  assert.equal(looks.headers['content-type'], 'text/css; charset=utf-8')
})

test('the file beside the page is checked with nothing but the scheme’s public key', async () => {
  const { payment } = await buy()
  const { link } = await receiptFor(hanako, payment)
  const file = await page(`${pathOf(link)}.json`)
  assert.equal(file.status, 200)
  const { signed, signature } = file.body as ReceiptView
  // As docs/ways/receipts.md shows it.
  const point = Buffer.from(signer(), 'base64url')
  const [x, y] = [point.subarray(1, 33), point.subarray(33)].map((half) => half.toString('base64url')) as [
    string,
    string,
  ]
  const key = createPublicKey({ key: { kty: 'EC', crv: 'P-256', x, y }, format: 'jwk' })
  const isRight = (text: string): boolean =>
    verify('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' }, Buffer.from(signature, 'base64url'))
  assert.ok(isRight(signed))
  assert.ok(!isRight(signed.replace('480', '481')))
  assert.equal(JSON.parse(signed)[0], 'WR1')
})

test('a link cannot be guessed or made of another: every altered one leads nowhere, and none is read from the books', async () => {
  const [one, two] = [await buy(), await buy()]
  const tokenOf = async ({ payment }: PaymentView): Promise<string> =>
    (await receiptFor(hanako, payment)).link.split('/').at(-1) ?? ''
  const [first, second] = [await tokenOf(one), await tokenOf(two)]
  const bytes = fromBase64url(first) ?? assert.fail()
  const altered = [...bytes.keys()].map((place) => toBase64url(bytes.with(place, (bytes[place] ?? 0) ^ 1)))
  const id = Buffer.from(one.payment.slice(4), 'hex')
  const tokens = [
    ...altered,
    toBase64url(Buffer.concat([id, (fromBase64url(second) ?? assert.fail()).subarray(16)])),
    toBase64url(Buffer.concat([id, Buffer.alloc(16)])),
    receiptLinks(Buffer.alloc(32)).tokenOf(one.payment as never),
    toBase64url(id),
    first.slice(0, -1),
    `${first}A`,
    first.slice(0, 42) + (first.endsWith('A') ? 'B' : 'A'),
    one.payment,
    'x',
    '%00',
    '..%2f',
  ]
  const before = await fingerprint(hub.settings, ELSEWHERE)
  for (const token of tokens) {
    const missed = await page(`/r/${token}`, { 'accept-language': 'ja' })
    assert.equal(missed.status, 404, token)
    assert.ok(missed.text.includes('領収書が見つかりません'), token)
    assert.equal(missed.headers['x-robots-tag'], 'noindex, nofollow')
    assert.equal(assertProblem(await page(`/r/${token}.json`), token), 'not-found')
  }
  assert.deepEqual(await fingerprint(hub.settings, ELSEWHERE), before)
  // A payment that nobody paid has a link that leads nowhere too.
  const open = await register.command('open-offer', { deal: `deal_${randomBytes(16).toString('hex')}`, bill: BASKET })
  const { ticket } = open.body.deal as { ticket: { number: string } }
  const joined = await hanako.command('join', { credential: { kind: 'number', number: ticket.number } })
  const { payment } = joined.body.payment as { payment: never }
  const unpaid = receiptLinks(hub.key.codeSecret).tokenOf(payment)
  assert.equal((await page(`/r/${unpaid}`)).status, 404)
})

const setShop = (by: Speaker, over: Partial<ShopWire> = {}): Promise<Reply> =>
  by.signed({ path: '/v1/shop', body: { ...NO_DETAILS, ...over } })

test('a shop says what stands on its receipts, from then on; a wrong registration number changes nothing', async () => {
  const shop = await openShop(hub, desk, 'Aoi Tea')
  const till = await shop.terminal()
  speakers.push(till)
  assert.deepEqual((await till.reads('/v1/shop')).body, NO_DETAILS)
  const first = await buy(hanako, till)
  const rounding = { per: 'bill', to: 'up' } as const
  const details = { invoiceNumber: 'T7000012050002', address: '京都市', phone: '075-000-0000', receiptText: 'お茶', rounding } // prettier-ignore
  assert.equal((await setShop(till, details)).status, 200)
  assert.deepEqual((await till.reads('/v1/shop')).body, { ...NO_DETAILS, ...details })
  const before = await fingerprint(hub.settings, ELSEWHERE)
  assert.equal((await setShop(till, details)).status, 200)
  for (const invoiceNumber of ['T7000012050003', 'T8000012050002'])
    assert.equal(
      assertProblem(await setShop(till, { ...details, invoiceNumber }), invoiceNumber),
      'invoice-number-invalid',
    )
  for (const [over, code] of [
    [{ invoiceNumber: '7000012050002' }, 'field-invalid'],
    [{ invoiceNumber: 'T70000120500021' }, 'field-invalid'],
    [{ phone: '<b>' }, 'field-invalid'],
    [{ phone: '1'.repeat(31) }, 'field-invalid'],
    [{ address: 'a\nb' }, 'field-invalid'],
    [{ receiptText: 'x'.repeat(241) }, 'field-invalid'],
    [{ rounding: { per: 'day', to: 'up' } }, 'field-invalid'],
    [{ rounding: { per: 'bill', to: 'nearest' } }, 'field-invalid'],
    [{ name: 'Aoi' }, 'unknown-field'],
  ] as const)
    assert.equal(
      assertProblem(await till.signed({ path: '/v1/shop', body: { ...NO_DETAILS, ...over } }), JSON.stringify(over)),
      code,
    )
  assert.deepEqual(await fingerprint(hub.settings, ELSEWHERE), before)

  // What was paid before keeps what held then.
  const second = await buy(hanako, till)
  assert.equal((await receiptFor(hanako, first.payment)).receipt.shop.invoiceNumber, null)
  const { receipt } = await receiptFor(hanako, second.payment)
  assert.deepEqual([receipt.shop.invoiceNumber, receipt.shop.text], ['T7000012050002', 'お茶'])
  assert.equal(receipt.taxes.at(-1)?.tax, '36', 'rounded up')
  assert.equal(assertProblem(await hanako.reads('/v1/shop'), 'a phone'), 'not-allowed')
  let last: Reply | undefined
  for (let tries = 0; tries <= BUDGETS['shop-details'].burst; tries++)
    last = await setShop(till, { phone: `00-${tries}000` })
  assert.equal(assertProblem(last ?? assert.fail(), 'too often'), 'too-many-tries')
})

test('where there is staff an owner or manager changes it, and the cashier’s name stands on the receipt if the shop wishes', async () => {
  const shop = await openShop(hub, desk, 'Staffed')
  const till = await shop.terminal()
  speakers.push(till)
  assert.equal((await setPinAt(till, await shop.invite('Maki', 'owner'), '1111')).status, 200)
  assert.equal((await setShop(till, { phone: '00-1111' })).status, 200)
  await signOutAt(till)
  assert.equal(assertProblem(await setShop(till), 'nobody'), 'cashier-needed')
  assert.equal((await till.reads('/v1/shop')).status, 200)
  assert.equal((await setPinAt(till, await shop.invite('Aya', 'cashier'), '2222')).status, 200)
  assert.equal(assertProblem(await setShop(till), 'a cashier'), 'not-permitted')
  const { payment } = await buy(hanako, till)
  assert.equal((await receiptFor(till, payment)).receipt.cashier, 'Aya')
  await signOutAt(till)
  assert.equal(assertProblem(await till.reads(`/v1/receipts/${payment}`), 'nobody'), 'cashier-needed')
  assert.equal((await setPinAt(till, await shop.invite('Rei', 'manager'), '3333')).status, 200)
  assert.equal((await setShop(till, { showsCashier: false })).status, 200)
  const hidden = await buy(hanako, till)
  assert.equal((await receiptFor(till, hidden.payment)).receipt.cashier, null)
  assert.equal((await receiptFor(till, payment)).receipt.cashier, 'Aya', 'as it was')
})

test('a receipt is mailed to the person’s own address, as text and HTML with the link, and not without end', async () => {
  const address = newAddress()
  const aiko = await speaker(hub, 'hanako', await newcomer(hub, address))
  speakers.push(aiko)
  const { payment } = await buy()
  const mail = (by: Speaker, language = 'en', of = payment): Promise<Reply> =>
    by.signed({ path: '/v1/receipt-mails', body: { payment: of, language } })
  assert.equal(assertProblem(await mail(aiko), 'somebody else’s'), 'not-found')
  assert.equal(assertProblem(await mail(register), 'a register'), 'not-allowed')
  const earlier = (await mailsTo(hub, 'hanako@example.jp')).length
  const sent = await mail(hanako, 'ja')
  assert.deepEqual(sent.body, { email: 'hanako@example.jp' })
  const { subject, text } = await nthMail(hub, 'hanako@example.jp', earlier + 1)
  assert.equal(subject, 'Marubeni Bakeryの領収書')
  const { link } = await receiptFor(hanako, payment)
  for (const said of [link, '登録番号: T9000000000000', '合計: 590円', '8%対象 ※: 480円', 'カレーパン × 2 ※'])
    assert.ok(text.includes(said), `${said} in ${text}`)
  for (let tries = 1; tries < BUDGETS.receipts.burst; tries++) assert.equal((await mail(hanako)).status, 200)
  assert.equal(assertProblem(await mail(hanako), 'one too many'), 'too-many-tries')
  // Somebody without an address of their own.
  const neighbour = await neighbourOf(hub, kenji)
  speakers.push(neighbour)
  const between = await buy(hanako, kenji, billToWire(billWith(lineOf(5n))))
  assert.equal((await mail(kenji, 'en', between.payment)).status, 200, 'who was paid has the same receipt')
  const asked = await buy(hanako, neighbour, billToWire(billWith(lineOf(5n))))
  assert.equal(assertProblem(await mail(neighbour, 'en', asked.payment), 'no address'), 'email-missing')
})

const newPrint = (): string => randomBytes(16).toString('hex')
const PRINT = { form: 'page', paper: '80', language: 'en', cut: true, drawer: false } as const
const printed = (payment: string, over: object, by = register): Promise<Reply> =>
  by.signed({ path: '/v1/receipt-prints', body: { ...PRINT, payment, print: newPrint(), ...over } })

test('the first printing is the original, whoever asks twice for it; every other says that it is a copy', async () => {
  const { payment } = await buy()
  const print = newPrint()
  const first = await printed(payment, { print })
  assert.equal(first.status, 200, first.text)
  assert.equal(first.body.isCopy, false)
  assert.ok(!(await page(String(first.body.page))).text.includes('class="copy"'))
  assert.deepEqual((await printed(payment, { print })).body, first.body, 'the answer was lost')
  const again = await printed(payment, {}, office)
  assert.equal(again.body.isCopy, true)
  assert.ok((await page(String(again.body.page))).text.includes('<p class="copy">Copy</p>'))

  const { payment: raced } = await buy()
  const both = await Promise.all(Array.from({ length: 8 }, () => printed(raced, {})))
  assert.equal(both.filter(({ body }) => body.isCopy === false).length, 1)
  assert.equal(assertProblem(await printed(raced, {}, hanako), 'a phone'), 'not-allowed')
  for (const over of [{ print: 'x' }, { paper: '100' }, { language: 'fr' }, { form: 'pdf' }, { cut: 'yes' }])
    assert.equal(assertProblem(await printed(raced, over), JSON.stringify(over)), 'field-invalid')
})

test('a receipt printer gets its start, the text as it can print it, the QR code and the cut', async () => {
  const { payment } = await buy()
  const { link } = await receiptFor(hanako, payment)
  const bytesOf = async (over: object): Promise<Buffer> => {
    const { body } = await printed(payment, { form: 'escpos', ...over })
    return Buffer.from(String(body.bytes), 'base64url')
  }
  const first = await bytesOf({ language: 'ja' })
  const said = (bytes: Buffer, text: string): boolean => bytes.includes(iconv.encode(text, 'Shift_JIS'))
  assert.equal(first.subarray(0, 2).toString('hex'), '1b40', 'ESC @')
  for (const text of [
    '領収書',
    'カレーパン',
    '※',
    '登録番号 T9000000000000',
    '8%対象',
    '590円',
    '{x}',
    '発行：Demo town',
  ])
    assert.ok(said(first, text), text)
  assert.ok(!said(first, '再発行'))
  assert.equal(await readQr(pictureIn(first)), link)
  assert.ok(first.subarray(-8).includes(Buffer.from('1d564200', 'hex')), 'GS V: cut')
  const copy = await bytesOf({ language: 'en', paper: '58', cut: false, drawer: true })
  assert.equal(copy.subarray(0, 7).toString('hex'), '1b700019fa1b40', 'ESC p: the drawer')
  assert.ok(said(copy, 'Copy') && !copy.includes(Buffer.from('1d5642', 'hex')))
  assert.equal(await readQr(pictureIn(copy)), link)
  // The text of a line is no order to the printer: nothing of it but itself is in the bytes.
  assert.ok(said(first, '\\x41') && !said(first, 'BagA'))
})

/** The raster picture in the bytes (GS 8 L … GS ( L) as a PGM, with a white border. */
function pictureIn(bytes: Buffer): Uint8Array {
  const start = bytes.indexOf(Buffer.from('1d384c', 'hex'))
  assert.ok(start > 0, 'a picture')
  const [width, height] = [bytes.readUInt16LE(start + 13), bytes.readUInt16LE(start + 15)]
  const rows = bytes.subarray(start + 17)
  const border = 40
  const grey = Buffer.alloc((width + 2 * border) * (height + 2 * border), 255)
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const bit = (rows[y * Math.ceil(width / 8) + (x >> 3)] ?? 0) & (128 >> (x & 7))
      if (bit !== 0) grey[(y + border) * (width + 2 * border) + x + border] = 0
    }
  return Buffer.concat([Buffer.from(`P5 ${width + 2 * border} ${height + 2 * border} 255\n`), grey])
}
