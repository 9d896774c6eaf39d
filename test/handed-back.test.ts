// A purchase that the register has signed, for a phone without a network: handed back, handed in by the phone itself, taken by a register
// that had no network either; and everything that is not as it was signed.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { fromBase64url, toBase64url } from '#core/bytes.ts'
import { parseId } from '#core/ids.ts'
import { faultsOf } from '#core/invariants.ts'
import { PURCHASE_LIFE_MS, readCertificate, readPurchase } from '#core/purchase.ts'
import type { BillWire } from '#protocol/bill.ts'
import { acceptedBytes } from '#protocol/signed-bytes.ts'
import { openClient, type Client } from '#sdk/client.ts'
import type { Identity } from '#sdk/identity.ts'
import {
  answerCode,
  gatheredWith,
  MOST_CODES,
  purchaseCodes,
  purchaseLink,
  readAnswer,
  readPurchaseCode,
  unpackPurchase,
  wholeOf,
  type Answer,
  type Gathered,
  type PurchaseTexts,
} from '#sdk/purchase-codes.ts'
import {
  acceptOffline,
  answerFault,
  checkPurchase,
  handIn,
  keepCertificate,
  makePurchase,
  purchaseOutcome,
  signPurchase,
  submitPurchase,
  type MadePurchase,
  type PurchaseToSign,
  type SignedPurchase,
} from '#sdk/purchase.ts'
import { memoryStorage } from '#sdk/storage.ts'
import { readBooks } from '#server/postgres/books.ts'
import { createPurchases } from '#server/purchases.ts'
import { asked, codeOf, moneyOf, newDeal, openBank, PIN, type Bank } from './support/bank.ts'
import { enrolled, until } from './support/hub.ts'
import { billOf, billWith, BUCKETS, lineOf } from './support/world.ts'

let bank: Bank
let register: Client
let hanako: Client
let kenji: Client
let certificate = ''

before(async () => {
  bank = await openBank()
  ;({ register, hanako, kenji } = bank)
  certificate = (await keepCertificate(register, memoryStorage()))?.certificate ?? ''
})
after(() => bank.close())

async function identityOf(client: Client): Promise<Identity> {
  const identity = await client.identity()
  assert.ok(identity)
  return identity
}

async function made(bill: BillWire, over: Partial<Parameters<typeof makePurchase>[1]> = {}): Promise<MadePurchase> {
  const purchase = await makePurchase(await identityOf(register), {
    bill,
    certificate,
    deal: newDeal(),
    now: register.hubNow(),
    ...over,
  })
  assert.ok(purchase)
  return purchase
}

async function shown(texts: PurchaseTexts, phone = hanako): Promise<PurchaseToSign> {
  const checked = await checkPurchase(await identityOf(phone), texts, phone.hubNow())
  assert.ok(checked.ok, JSON.stringify(checked))
  return checked.purchase
}

async function signed(purchase: MadePurchase, phone = hanako): Promise<SignedPurchase> {
  const outcome = await signPurchase(phone, await shown(purchase, phone), { prove: PIN, now: phone.hubNow() })
  assert.ok(outcome.ok, JSON.stringify(outcome))
  return outcome.view
}

const answerOf = async (purchase: MadePurchase, phone = hanako): Promise<Answer> =>
  (await signed(purchase, phone)).signed

const yen = (amount: bigint): BillWire => asked(billOf(amount))
const moneys = (): Promise<bigint[]> => Promise.all([hanako, kenji, register].map((client) => moneyOf(client)))

test('through three codes: the register shows, the phone signs without the hub, the register hands in, once', async () => {
  const purchase = await made(yen(640n))
  const [code = '', ...more] = (await purchaseCodes(bank.hub.url, purchase)) ?? []
  assert.deepEqual(more, [], 'one code is enough')
  const read = readPurchaseCode(code, bank.hub.url)
  assert.ok(read?.kind === 'whole')
  const texts = await unpackPurchase(read.packed)
  assert.deepEqual(texts, { purchase: purchase.purchase, certificate: purchase.certificate })
  assert.ok(texts)
  const toSign = await shown(texts)
  assert.deepEqual(
    [toSign.biller.name, toSign.biller.legalName],
    ['Marubeni Bakery', 'Marubeni Bakery, sole proprietor Maki Beni'],
  )
  const outcome = await signPurchase(hanako, toSign, { prove: PIN, now: hanako.hubNow() })
  assert.ok(outcome.ok)
  const back = await answerCode(bank.hub.url, outcome.view.signed)
  assert.ok(back.length < 900, `the answer is short: ${back.length}`)
  const answer = await readAnswer(back, bank.hub.url)
  assert.ok(answer)
  assert.equal(answerFault(answer, purchase, register.hubNow()), undefined)

  const before = await moneys()
  const none = await purchaseOutcome(hanako, toSign.biller.terminal, purchase.deal)
  assert.ok(!none.ok && none.problem.code === 'not-found', 'nobody has handed it in yet')
  const body = handIn(answer, purchase)
  const sent = await Promise.all([register.send('submit-signed', body), register.send('submit-signed', body)])
  assert.deepEqual(sent.map(codeOf), ['done', 'done'])
  assert.equal(codeOf(await register.send('submit-signed', body)), 'done', 'and once more')
  const deal = sent[0]?.view?.deal
  assert.deepEqual([deal?.state, deal?.way, deal?.payer?.name], ['settled', 'hand-back', 'Hanako'])
  await until(async () => (await moneyOf(register)) === (before[2] ?? 0n) + 640n)
  assert.deepEqual(await moneys(), [(before[0] ?? 0n) - 640n, before[1], (before[2] ?? 0n) + 640n])

  const became = await purchaseOutcome(hanako, toSign.biller.terminal, purchase.deal)
  assert.ok(became.ok && became.view.state === 'settled')
  const others = await purchaseOutcome(kenji, toSign.biller.terminal, purchase.deal)
  assert.ok(!others.ok && others.problem.code === 'not-found', 'not his to know')
  for (const bad of [`trm_${'f'.repeat(32)}`, 'trm_1', 'x']) {
    const odd = await purchaseOutcome(hanako, bad, purchase.deal)
    assert.ok(!odd.ok && odd.problem.code === 'not-found', bad)
  }
})

test('the phone hands it in by itself, at the same time as the register: one payment, and both hear of it', async () => {
  const purchase = await made(yen(310n))
  const { signed: answer } = await signed(purchase)
  const before = await moneys()
  const [mine, theirs] = await Promise.all([
    submitPurchase(hanako, purchase.purchase, answer),
    register.send('submit-signed', handIn(answer, purchase)),
  ])
  assert.deepEqual([codeOf(mine), codeOf(theirs)], ['done', 'done'])
  assert.equal(mine.view?.payment?.payment, theirs.view?.deal?.payment)
  await until(async () => (await moneyOf(register)) === (before[2] ?? 0n) + 310n)
  assert.equal(await moneyOf(hanako), (before[0] ?? 0n) - 310n)
  const again = await submitPurchase(hanako, purchase.purchase, answer)
  assert.equal(again.view?.payment?.payment, mine.view?.payment?.payment)
})

test('two phones sign one purchase: one of them pays', async () => {
  const purchase = await made(yen(220n))
  const [first, second] = [await answerOf(purchase), await answerOf(purchase, kenji)]
  const before = await moneys()
  const sent = await Promise.all([
    register.send('submit-signed', handIn(first, purchase)),
    submitPurchase(kenji, purchase.purchase, second),
  ])
  assert.deepEqual(sent.map(codeOf).toSorted(), ['deal-exists', 'done'])
  await until(async () => (await moneyOf(register)) === (before[2] ?? 0n) + 220n)
  const [hers = 0n, his = 0n] = await moneys()
  assert.equal((before[0] ?? 0n) - hers + (before[1] ?? 0n) - his, 220n)
})

test('an altered line, another register, another deal, another phone: refused, and nothing is made', async () => {
  const purchase = await made(yen(500n))
  const answer = await answerOf(purchase)
  const before = await moneys()
  const body = handIn(answer, purchase)
  const dearer = { ...body, bill: yen(5_000n) }
  assert.equal(codeOf(await register.send('submit-signed', dearer)), 'signature-invalid')
  assert.equal(codeOf(await register.send('submit-signed', { ...body, deal: newDeal() })), 'signature-invalid')
  assert.equal(
    codeOf(await bank.office.send('submit-signed', body)),
    'signature-invalid',
    "another of the shop's machines",
  )
  const elsewhere = await bank.shop('Another shop')
  assert.equal(codeOf(await elsewhere.send('submit-signed', body)), 'signature-invalid')
  const payer = (await identityOf(kenji)).self.id
  assert.equal(codeOf(await register.send('submit-signed', { ...body, payer })), 'signature-invalid')
  assert.equal(answerFault(answer, await made(yen(500n)), register.hubNow()), 'other-purchase')
  assert.equal(answerFault(answer, purchase, purchase.expiresAt), 'over')

  const cheap = await made(yen(1n), { deal: purchase.deal })
  assert.equal(
    codeOf(await submitPurchase(hanako, cheap.purchase, answer)),
    'signature-invalid',
    'the approval is for 500',
  )
  const [tag, payload = '', signature] = purchase.purchase.split('.')
  const forged = [tag, payload.replace(/.$/u, (last) => (last === 'A' ? 'B' : 'A')), signature].join('.')
  const flipped = fromBase64url(signature ?? '') ?? new Uint8Array(64)
  flipped[10] = (flipped[10] ?? 0) ^ 1
  for (const text of [forged, [tag, payload, toBase64url(flipped)].join('.'), certificate, 'x', 'WP1.W10.AA'])
    assert.equal(codeOf(await submitPurchase(hanako, text, answer)), 'purchase-invalid', text.slice(0, 12))
  const stranger = await identityOf(elsewhere)
  const own = readPurchase(purchase.purchase)?.signed ?? new Uint8Array()
  const byOther = `${tag}.${payload}.${toBase64url(await stranger.sign(own))}`
  assert.equal(codeOf(await submitPurchase(hanako, byOther, answer)), 'purchase-invalid')
  assert.deepEqual(await moneys(), before)
  assert.equal(codeOf(await register.send('submit-signed', body)), 'done', 'and what was signed still stands')
})

test('a purchase that has run out is refused; one that was handed in keeps its answer', async () => {
  const old = await made(yen(100n), { now: register.hubNow() - PURCHASE_LIFE_MS - 5_000 })
  const checked = await checkPurchase(await identityOf(hanako), old, hanako.hubNow())
  assert.ok(!checked.ok && checked.why === 'purchase-over')
  const young = await shown(await made(yen(100n)))
  const late = await signPurchase(
    hanako,
    { ...young, expiresAt: hanako.hubNow() + 1 },
    { prove: PIN, now: hanako.hubNow() },
  )
  assert.ok(late.ok)
  await until(() => hanako.hubNow() > late.view.until + 50)
  const { signed: answer } = late.view
  assert.equal(codeOf(await submitPurchase(hanako, young.purchase, answer)), 'approval-expired')
  assert.equal(codeOf(await submitPurchase(hanako, old.purchase, answer)), 'purchase-expired')
  const later = await made(yen(100n), { now: register.hubNow() + 20 * 60_000 })
  assert.equal(codeOf(await submitPurchase(hanako, later.purchase, answer)), 'purchase-invalid', 'made in the future')
  const ahead = await checkPurchase(await identityOf(hanako), later, hanako.hubNow())
  assert.ok(!ahead.ok && ahead.why === 'clock')

  const done = await made(yen(90n))
  const answerInTime = await answerOf(done)
  assert.equal(codeOf(await submitPurchase(hanako, done.purchase, answerInTime)), 'done')
  const { directory, hub, key } = bank.hub
  const id = parseId('sch', (await identityOf(hanako)).scheme.scheme)
  assert.ok(id)
  const scheme = { id, buckets: BUCKETS }
  const now = (): number => done.expiresAt + 60_000
  const tomorrow = createPurchases({ directory, scheme, key, hub, sight: { payment: async () => undefined }, now })
  assert.ok('deal' in (await tomorrow.read(done.purchase)), 'the rules will say what they said')
  assert.ok('code' in (await tomorrow.read((await made(yen(90n))).purchase)), 'nobody has handed this one in')
})

test('a certificate is the scheme’s word on one register: another’s, a forged one and another scheme’s are seen by the phone alone', async () => {
  const phone = await identityOf(hanako)
  const purchase = await made(yen(300n))
  const check = async (texts: Partial<PurchaseTexts>, identity = phone): Promise<string> => {
    const checked = await checkPurchase(identity, { ...purchase, ...texts }, hanako.hubNow())
    return checked.ok ? 'fits' : checked.why
  }
  assert.equal(await check({}), 'fits')
  const kept = await keepCertificate(bank.office, memoryStorage())
  assert.ok(kept)
  assert.equal(await check({ certificate: kept.certificate }), 'unsigned', 'of another machine')
  const [tag, payload = '', signature = ''] = certificate.split('.')
  const name = Buffer.from(payload, 'base64url').toString().replaceAll('Marubeni', 'Murabeni')
  assert.equal(await check({ certificate: `${tag}.${toBase64url(Buffer.from(name))}.${signature}` }), 'unsigned')
  const self = readCertificate(certificate)
  const bySelf = toBase64url(await (await identityOf(register)).sign(self?.signed ?? new Uint8Array()))
  assert.equal(await check({ certificate: `${tag}.${payload}.${bySelf}` }), 'unsigned', 'a register is no scheme')
  assert.equal(await check({ certificate: 'WT1.x.y' }), 'malformed')
  const abroad = { ...phone, scheme: { ...phone.scheme, scheme: `sch_${'0'.repeat(32)}` } }
  assert.equal(await check({}, abroad), 'other-scheme')
  assert.equal(await check({}, { ...phone, scheme: { ...phone.scheme, signer: '' } }), 'no-signer')
  const wrongKey = (await identityOf(kenji)).scheme.signer.replace(/....$/u, 'AAAA')
  assert.equal(await check({}, { ...phone, scheme: { ...phone.scheme, signer: wrongKey } }), 'unsigned')
})

test('a certificate is fetched once, kept for its register alone, and renewed when a third is left', async () => {
  const storage = memoryStorage()
  const first = await keepCertificate(register, storage)
  assert.equal(await keepCertificate(register, storage).then((kept) => kept?.certificate), first?.certificate)
  const later = { ...register, hubNow: () => (first?.until ?? 0) - 9 * 24 * 3_600_000 }
  const renewed = await keepCertificate(later, storage)
  assert.notEqual(renewed?.certificate, first?.certificate)
  const others = await keepCertificate(bank.office, storage)
  assert.notEqual(others?.certificate, renewed?.certificate, 'another machine has its own')
  const cut = { ...register, request: async () => ({ ok: false, problem: { code: 'no-answer' } }) } as unknown as Client
  assert.equal((await keepCertificate(cut, storage))?.certificate, undefined, 'and never uses that one')
})

test('taken without a network: judged at the signed time, within the caps of the scheme', async () => {
  const identity = await identityOf(register)
  const taken = async (over: Readonly<{ amount?: bigint; at?: (now: number) => number }> = {}) => {
    const { amount = 200n, at = (now: number) => now } = over
    const purchase = await made(yen(amount))
    const answer = await answerOf(purchase)
    const body = await acceptOffline(identity, answer, purchase, at(register.hubNow()))
    assert.ok(body)
    return body
  }
  const before = await moneys()
  const fine = await taken()
  const sent = await register.send('submit-signed', fine)
  assert.equal(codeOf(sent), 'done')
  assert.equal(sent.view?.deal?.acceptedAt, fine.accepted?.at)
  assert.equal(codeOf(await register.send('submit-signed', fine)), 'done', 'handed in twice')
  const DAY = 24 * 3_600_000
  assert.equal(
    codeOf(await register.send('submit-signed', await taken({ at: (now) => now + 120_000 }))),
    'signature-invalid',
  )
  assert.equal(
    codeOf(await register.send('submit-signed', await taken({ at: (now) => now - DAY - 1_000 }))),
    'over-offline-limit',
  )
  assert.equal(codeOf(await register.send('submit-signed', await taken({ amount: 5_001n }))), 'over-offline-limit')
  const moved = await taken()
  const at = (moved.accepted?.at ?? 0) - 5
  const altered = { ...moved, accepted: { at, signature: moved.accepted?.signature ?? '' } }
  assert.equal(codeOf(await register.send('submit-signed', altered)), 'signature-invalid', 'the time is signed')
  const deal = parseId('deal', moved.deal)
  const scheme = parseId('sch', identity.scheme.scheme)
  assert.ok(deal && scheme)
  const approval = fromBase64url(moved.approval) ?? new Uint8Array()
  const other = toBase64url(await (await identityOf(bank.office)).sign(acceptedBytes({ scheme, deal, approval, at })))
  const foreign = { ...moved, accepted: { at, signature: other } }
  assert.equal(codeOf(await register.send('submit-signed', foreign)), 'signature-invalid', "another machine's word")
  await until(async () => (await moneyOf(register)) === (before[2] ?? 0n) + 200n)
  assert.equal(await moneyOf(hanako), (before[0] ?? 0n) - 200n)
})

test('a bill of many lines goes over several codes in any order; one that is too long is not shown at all', async () => {
  const lines = Array.from({ length: 60 }, (_, at) =>
    lineOf(BigInt(100 + at), { text: `品物 ${at} ${(at * 7919) % 997}` }),
  )
  const purchase = await made(asked(billWith(...lines)))
  const codes = (await purchaseCodes(bank.hub.url, purchase)) ?? []
  assert.ok(codes.length > 1 && codes.length <= MOST_CODES, `${codes.length} codes`)
  let gathered: Gathered | null = null
  for (const code of [...codes, ...codes].toReversed()) {
    const read = readPurchaseCode(code, bank.hub.url)
    assert.ok(read?.kind === 'part')
    gathered = gatheredWith(gathered, read.part)
  }
  const whole = gathered && wholeOf(gathered)
  assert.ok(whole)
  assert.deepEqual(await unpackPurchase(whole), { purchase: purchase.purchase, certificate })
  const link = readPurchaseCode(await purchaseLink(bank.hub.url, purchase), bank.hub.url)
  assert.ok(link?.kind === 'whole' && link.packed === whole)
  const next = readPurchaseCode(
    (await purchaseCodes(bank.hub.url, await made(asked(billWith(...lines)))))?.[0] ?? '',
    bank.hub.url,
  )
  assert.ok(next?.kind === 'part' && gathered)
  assert.equal(gatheredWith(gathered, next.part).pieces.filter((piece) => piece !== null).length, 1, 'another purchase')

  const noise = (at: number): string =>
    toBase64url(crypto.getRandomValues(new Uint8Array(80))).slice(0, 100) + String(at)
  const long = asked(billWith(...Array.from({ length: 100 }, (_, at) => lineOf(1n, { text: noise(at) }))))
  assert.equal(await purchaseCodes(bank.hub.url, await made(long)), undefined)
  const longest = asked(billWith(...Array.from({ length: 200 }, (_, at) => lineOf(1n, { text: noise(at) }))))
  const options = { bill: longest, certificate, deal: newDeal(), now: register.hubNow() }
  assert.equal(await makePurchase(await identityOf(register), options), undefined, 'longer than a command may be')
})

test('codes of other hubs, wrong data and ten kilobytes are read as what they are', async () => {
  const { url } = bank.hub
  const purchase = await made(yen(300n))
  const [code = ''] = (await purchaseCodes(url, purchase)) ?? []
  assert.deepEqual(readPurchaseCode(code.replace('localhost', 'hub.example'), url), { kind: 'foreign' })
  assert.deepEqual(readPurchaseCode(code, 'https://hub.example'), { kind: 'foreign' })
  const no = ['', 'x', url, `${url}/wallet`, `${url}/wallet#`, `${url}/wallet#purchase=`, `${url}/other#purchase=AA`, `${url}/wallet#part=0.1.2.A`, `${url}/wallet#part=01234567.3.2.A`, `${url}/wallet#part=01234567.1.7.A`, `${url}/wallet#purchase=${'A'.repeat(20_000)}`, 'http://[/wallet#purchase=AA'] // prettier-ignore
  for (const text of no) assert.equal(readPurchaseCode(text, url), undefined, text.slice(0, 60))
  const stream = new Blob([`["${' '.repeat(3_000_000)}"]`]).stream().pipeThrough(new CompressionStream('deflate-raw'))
  const bomb = toBase64url(new Uint8Array(await new Response(stream).arrayBuffer()))
  assert.ok(bomb.length < 10_000)
  for (const packed of [bomb, 'AAAA', '*', 'A'.repeat(10_000), code.split('=')[1]?.slice(0, 100) ?? ''])
    assert.equal(await unpackPurchase(packed), undefined, packed.slice(0, 20))
  const back = await answerCode(url, await answerOf(purchase))
  assert.equal(await readAnswer(back, 'https://hub.example'), undefined)
  for (const text of ['', `${url}/register#answer=AA`, back.slice(0, -8), back.replace('#answer', '#other'), code])
    assert.equal(await readAnswer(text, url), undefined, text.slice(0, 60))
})

test('a register that was revoked: the phone cannot know, and the hub refuses both ways', async () => {
  const shop = await bank.shop('Closing shop')
  const identity = await identityOf(shop)
  const kept = await keepCertificate(shop, memoryStorage())
  const purchase = await makePurchase(identity, {
    bill: yen(150n),
    certificate: kept?.certificate ?? '',
    deal: newDeal(),
    now: shop.hubNow(),
  })
  assert.ok(purchase)
  const { signed: answer } = await signed(purchase)
  const before = await moneyOf(hanako)
  const terminal = parseId('trm', identity.self.id)
  assert.ok(terminal && (await bank.hub.directory.revoke(terminal)))
  assert.equal(codeOf(await submitPurchase(hanako, purchase.purchase, answer)), 'terminal-inactive')
  assert.equal(
    codeOf(await shop.send('submit-signed', handIn(answer, purchase), AbortSignal.timeout(2_000))),
    'terminal-inactive',
  )
  assert.equal(await moneyOf(hanako), before)
})

test('the phone keeps the scheme’s key and rules beside its own, and never takes another key', async () => {
  const storage = memoryStorage()
  const client = await enrolled(bank.hub, 'kenji', storage)
  const signer = (await identityOf(client)).scheme.signer
  assert.equal(fromBase64url(signer)?.length, 65)
  const liar: typeof fetch = async (input, init) => {
    const response = await fetch(input, init)
    if (!response.url.endsWith('/v1/scheme')) return response
    const body = (await response.json()) as object
    return Response.json({ ...body, signer: 'BAAA', unlockMs: 7 })
  }
  const deceived = openClient({ hub: bank.hub.url, storage, fetch: liar })
  assert.ok((await deceived.scheme()).ok)
  const { scheme } = await identityOf(deceived)
  assert.deepEqual([scheme.signer, scheme.unlockMs], [signer, 7])
  client.close()
  deceived.close()
})

test('after all that the books are right', async () => {
  assert.deepEqual(faultsOf(await readBooks(bank.hub.settings)), [])
})
