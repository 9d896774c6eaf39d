// What people do with each other through the account bank: bills by link, by contact, and signed without a network.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { bucketOfId, parseId } from '#core/ids.ts'
import { faultsOf } from '#core/invariants.ts'
import type { BillWire } from '#protocol/bill.ts'
import type { DealView, InboxView } from '#protocol/views.ts'
import { approvalFor, approve, signApproval } from '#sdk/approval.ts'
import type { Client } from '#sdk/client.ts'
import { billLink, billToSign, readBillLink, readSignedLink, signedLink, signHandBack } from '#sdk/hand-back.ts'
import { readBooks } from '#server/postgres/books.ts'
import {
  accountOf,
  asked,
  codeOf,
  dealOf,
  joinByLink,
  moneyOf,
  newDeal,
  openBank,
  PIN,
  type Bank,
} from './support/bank.ts'
import { until } from './support/hub.ts'
import { billOf, billWith, lineOf } from './support/world.ts'

let bank: Bank
let register: Client
let hanako: Client
let tablet: Client
let kenji: Client

before(async () => {
  bank = await openBank()
  ;({ register, hanako, tablet, kenji } = bank)
})
after(() => bank.close())

test('Kenji asks Hanako for 1,200 yen by a link; she sees who he is, and both hear at once', async () => {
  const heard: (DealView | null)[] = []
  const stop = kenji.watch({ topic: 'terminal' }, (view) => void heard.push(view))
  const before = [await moneyOf(hanako), await moneyOf(kenji)]
  const deal = await dealOf(kenji, asked(billOf(1_200n)))
  assert.equal(deal.ticket?.number, null, 'between people there is a link, no number')
  assert.match(deal.ticket?.link ?? '', /\/j\/tok_[0-9a-f]{32}$/)
  const view = await joinByLink(hanako, deal)
  assert.deepEqual([view.biller.name, view.biller.isPerson, view.knows, view.unasked], ['Kenji', true, true, false])
  await until(() => heard.find((each) => each?.state === 'joined' && each.payer?.name === 'Hanako'))
  assert.ok((await approve(hanako, view, PIN)).ok)
  await until(() => heard.find((each) => each?.deal === deal.deal && each.state === 'settled'))
  assert.deepEqual(
    [await moneyOf(hanako), await moneyOf(kenji)],
    [(before[0] ?? 0n) - 1_200n, (before[1] ?? 0n) + 1_200n],
  )
  const again = await kenji.deal(deal.deal)
  assert.ok(again.ok && again.view.state === 'settled')
  stop()

  const mallory = await bank.stranger('Mallory')
  const unknown = await joinByLink(hanako, await dealOf(mallory, asked(billOf(500n))))
  assert.equal(unknown.knows, false, 'not in her contacts')
  assert.equal(codeOf(await hanako.send('decline', { payment: unknown.payment })), 'done')
})

test('only who is listed may send a bill unasked; it shows on every phone of the person, and any of them may pay it', async () => {
  const to = await accountOf(hanako)
  const inboxes: InboxView[] = []
  const stop = tablet.watch({ topic: 'inbox' }, (view) => void inboxes.push(view))
  const deal = newDeal()
  const sent = await kenji.send('bill-person', { deal, to, bill: asked(billOf(800n)) })
  assert.ok(sent.ok && sent.view.deal, JSON.stringify(sent))
  const shown = await until(() => inboxes.at(-1)?.payments.find((payment) => payment.deal === deal))
  assert.deepEqual([shown.unasked, shown.knows, shown.biller.name], [true, true, 'Kenji'])
  const first = await hanako.inbox()
  assert.ok(first.ok && first.view.payments.some((payment) => payment.deal === deal))
  assert.equal(codeOf(await approve(tablet, shown, PIN)), 'done')
  const done = await until(async () => {
    const read = await kenji.deal(deal)
    return read.ok && read.view.state === 'settled' && read.view
  })
  assert.equal(done.payer?.name, 'Hanako')
  stop()

  const mallory = await bank.stranger('Mallory')
  const unasked = { deal: newDeal(), to, bill: asked(billOf(900n)) }
  assert.equal(codeOf(await mallory.send('bill-person', unasked)), 'not-a-contact')
  assert.equal(
    codeOf(await mallory.send('bill-person', { ...unasked, to: await accountOf(register) })),
    'not-a-contact',
  )
  assert.equal(codeOf(await kenji.send('bill-person', { ...unasked, to: await accountOf(kenji) })), 'own-bill')

  const kenjis = await accountOf(kenji)
  const blocked = await hanako.putContact({ account: kenjis, status: 'blocked' })
  assert.ok(blocked.ok)
  assert.deepEqual(blocked.view.contacts, [{ account: kenjis, name: 'Kenji', status: 'blocked' }])
  assert.equal(codeOf(await kenji.send('bill-person', { ...unasked, deal: newDeal() })), 'not-a-contact')
  assert.ok((await hanako.putContact({ account: kenjis, status: 'listed' })).ok)
})

test('contacts carry the names that the hub knows; oneself, nobody, and too many look-ups are refused', async () => {
  const looker = await bank.stranger('Looker')
  const no = async (account: string): Promise<string> => {
    const put = await looker.putContact({ account, status: 'listed' })
    return put.ok ? 'done' : put.problem.code
  }
  const bakery = await accountOf(register)
  assert.equal(await no(bakery), 'done')
  assert.equal(await no(await accountOf(looker)), 'own-bill')
  assert.equal(await no('00100000006'), 'party-unknown', 'a wrong check digit')
  const codes: string[] = []
  for (let n = 0; n < 12; n++) codes.push(await no(`0099${String(n).padStart(6, '0')}0`))
  assert.ok(
    codes.every((code) => code === 'party-unknown' || code === 'too-many-tries'),
    codes.join(),
  )
  const listed = await looker.contacts()
  assert.ok(listed.ok)
  assert.deepEqual(listed.view.contacts, [{ account: bakery, name: 'Marubeni Bakery', status: 'listed' }])
  assert.equal(await no(bakery), 'done', 'who is listed costs no look-up')
  assert.ok((await looker.putContact({ account: bakery, status: 'removed' })).ok)
  const none = await looker.contacts()
  assert.ok(none.ok && none.view.contacts.length === 0)
})

test('a purchase signed without a network and handed back is settled once, whoever submits it how often', async () => {
  const identity = await kenji.identity()
  const wanted = identity && billToSign(identity, newDeal(), asked(billOf(700n)))
  assert.ok(wanted)
  const link = billLink(bank.hub.url, wanted)
  assert.ok(link !== undefined && link.length < 1_200, `a link for a QR: ${link?.length}`)
  const seen = readBillLink(link)
  assert.deepEqual(seen, wanted)
  assert.ok(seen)
  const signed = await signHandBack(hanako, seen, PIN)
  assert.ok(signed.ok, JSON.stringify(signed))
  const back = signedLink(bank.hub.url, signed.view)
  assert.ok(back !== undefined && back.length < 1_200, `the way back: ${back?.length}`)
  const handed = readSignedLink(back)
  assert.deepEqual(handed, signed.view)
  assert.ok(handed)

  const before = [await moneyOf(hanako), await moneyOf(kenji)]
  const inboxes: InboxView[] = []
  const stop = hanako.watch({ topic: 'inbox' }, (view) => void inboxes.push(view))
  const sent = await Promise.all([kenji.send('submit-signed', handed), kenji.send('submit-signed', handed)])
  assert.deepEqual(sent.map(codeOf), ['done', 'done'])
  const [first] = sent
  assert.ok(first?.ok && first.view.deal?.state === 'settled', JSON.stringify(first))
  assert.deepEqual([await moneyOf(hanako), await moneyOf(kenji)], [(before[0] ?? 0n) - 700n, (before[1] ?? 0n) + 700n])
  await until(() => inboxes.find(({ balances }) => BigInt(balances[0]?.balance ?? 0) === (before[0] ?? 0n) - 700n))
  stop()

  const dearer = { ...handed, bill: asked(billOf(7_000n)) }
  const repeated = await kenji.send('submit-signed', dearer)
  assert.equal(repeated.view?.deal?.bill?.total ?? '700', '700', 'the deal stands as it was signed')
  assert.deepEqual([await moneyOf(hanako), await moneyOf(kenji)], [(before[0] ?? 0n) - 700n, (before[1] ?? 0n) + 700n])
  const elsewhere = { ...handed, deal: newDeal() }
  assert.equal(codeOf(await kenji.send('submit-signed', elsewhere)), 'signature-invalid', 'for another deal')
  assert.equal(codeOf(await register.send('submit-signed', handed)), 'signature-invalid', 'by another payee')
  const other = await tablet.identity()
  assert.equal(
    codeOf(await kenji.send('submit-signed', { ...elsewhere, payer: other?.self.id ?? '' })),
    'signature-invalid',
  )
  const mine = await signHandBack(kenji, seen, PIN)
  assert.ok(!mine.ok && mine.problem.code === 'own-bill')
  const foreign = await signHandBack(hanako, { ...seen, scheme: `sch_${'0'.repeat(32)}` }, PIN)
  assert.ok(!foreign.ok && foreign.problem.code === 'id-invalid')
})

test('an approval for a bill on the screen is none to be handed back', async () => {
  const view = await joinByLink(hanako, await dealOf(register, asked(billOf(650n))))
  const identity = await hanako.identity()
  assert.ok(identity && view.bill)
  const expiresAt = hanako.hubNow() + 60_000
  const built = approvalFor({ purpose: 'approve', scheme: identity.scheme, view, self: identity.self, expiresAt })
  assert.ok(built.ok)
  const evidence = await signApproval(identity, built.bytes, null)
  const handed = { deal: view.deal, bill: view.bill, payer: identity.self.id, ...evidence }
  assert.equal(codeOf(await register.send('submit-signed', handed)), 'signature-invalid')
  await hanako.send('decline', { payment: view.payment })
})

test('a link that was cut, or is not ours, is no bill', () => {
  for (const link of ['', 'x', 'https://a/wallet#ask=', 'https://a/wallet#ask=AAAA', 'https://a/wallet#signed=W10', `https://a/#ask=${'A'.repeat(5_000)}`])
    assert.deepEqual([readBillLink(link), readSignedLink(link)], [undefined, undefined], link.slice(0, 40)) // prettier-ignore
})

test('people ask for money alone: nothing to deliver, to take back, or to keep from somebody', async () => {
  const coolingOff = { period: 'P8D', zone: 'Asia/Tokyo' }
  const restriction = { minimumAge: 20, membership: null, region: null, perDay: null }
  const codes = async (bill: BillWire): Promise<string[]> => [
    codeOf(await kenji.send('open-offer', { deal: newDeal(), bill })),
    codeOf(await kenji.send('bill-person', { deal: newDeal(), to: await accountOf(hanako), bill })),
  ]
  const both = (code: string): string[] => [code, code]
  assert.deepEqual(await codes(asked(billOf(500n, { delivery: false, coolingOff }))), both('period-invalid'))
  assert.deepEqual(await codes(asked(billOf(500n, { delivery: true, coolingOff: null }))), both('field-invalid'))
  assert.deepEqual(await codes(asked(billWith(lineOf(500n, { restriction })))), both('restriction-invalid'))
})

test('a phone that is revoked neither pays nor asks', async () => {
  const party = await bank.stranger('Leaver')
  const deal = await dealOf(party, asked(billOf(100n)))
  const identity = await party.identity()
  const device = parseId('dev', identity?.self.id)
  assert.ok(device && bucketOfId(device) === 5)
  const view = await joinByLink(hanako, deal)
  await hanako.send('decline', { payment: view.payment })
  const waiting = await dealOf(party, asked(billOf(100n)))
  assert.ok(await bank.hub.directory.revoke(device))
  const token = waiting.ticket?.link.split('/').at(-1) ?? ''
  assert.equal(codeOf(await hanako.send('join', { credential: { kind: 'token', token } })), 'number-not-found')
})

test('after all that the books are right', async () => {
  assert.deepEqual(faultsOf(await readBooks(bank.hub.settings)), [])
})
