// Stories on both stores about who somebody is: questions under a number or sent to a person, what a payer shows to whom, who stood
// at the terminal, and what a kind of proof is good for.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { bucketOf } from '#core/accounts.ts'
import { NO_PROOF_LIMITS } from '#core/device.ts'
import { bucketOfId, idFrom, idInBucket, type DealId, type PaymentId } from '#core/ids.ts'
import { isFinal, QUESTION_LIFE_MS, stateOf } from '#core/payment.ts'
import { ASKABLE, NO_RELEASES, NOTHING_SHOWN, type Askable, type Release, type Shown } from '#core/persona.ts'
import type { Question } from '#core/question.ts'
import type { Attributes } from '#core/standing.ts'
import { billerOf, type DeviceActor, type TerminalActor } from '#switch/actors.ts'
import { NOTHING } from '#switch/lanes.ts'
import { StoreUnavailable, type Answer, type Profile, type Store } from '#switch/store.ts'
import { dealView, paymentView } from '#switch/views.ts'
import { ledgerOn } from './support/ledger.ts'
import { storiesOn, type Open } from './support/stories.ts'
import { billOf, BUCKETS, evidenceFor, handedBack, JPY, newId, type Town } from './support/world.ts'

const QUESTION: Question = { attributes: ['age-band', 'email'], reason: 'To collect a parcel' }
const PICTURE = 'ab'.repeat(32)
const KNOWN: Attributes = {
  birthDate: 19_900_401,
  region: 'JP-14',
  memberships: [{ name: 'club', until: null, number: '4711' }],
}

export function questionsContract(name: string, open: Open): void {
  const story = storiesOn(name, open)

  // ---- under a number

  story(
    'a question is answered once, with a proof, and shows what was released and nothing else',
    async (town, { scheme, store }) => {
      await known(town, town.payer)
      const { deal, number } = await town.ask(QUESTION)
      const joined = await town.join(town.payer, number)
      assert.equal(joined.refusal, null)
      const payment = idOf(joined)
      const before = await seenBy(town, deal)
      assert.deepEqual(before.seen.payer, { name: town.payer.name, shown: { ...NOTHING_SHOWN, portrait: false } })
      assert.deepEqual([before.seen.state, before.seen.question, before.seen.bill], ['joined', QUESTION, null])
      assert.deepEqual([before.phone?.freshProof, before.phone?.mayShow], [true, []])

      const command = newId('cmd')
      const asked = (await store.readPayment(payment)) ?? assert.fail()
      const signed = { released: ['email'], strength: 'bound-passkey' } as const
      const evidence = evidenceFor(scheme, asked, town.payer, 'right', await store.now(), 'authenticate', signed)
      const body = { name: 'prove', payment, evidence, released: signed.released } as const
      const answers = await Promise.all(Array.from({ length: 3 }, () => town.say(town.payer, body, command)))
      for (const answer of answers) assert.equal(answer.refusal, null)
      const { seen: after, phone } = await seenBy(town, deal)
      assert.equal(after.state, 'proven')
      assert.deepEqual(after.payer?.shown, { ...NOTHING_SHOWN, email: 'payer@example.org', portrait: false })
      assert.deepEqual([after.answered?.released, after.answered?.strength], [['email'], 'bound-passkey'])
      assert.deepEqual([phone?.state, phone?.answered, phone?.shown], ['proven', after.answered, after.payer.shown])
      assert.equal((await town.prove(town.payer, payment, [])).refusal?.code, 'state-conflict')
      assert.equal((await town.say(town.payer, { name: 'decline', payment })).refusal?.code, 'state-conflict')
    },
  )

  story('an answer is good for this question and for these attributes alone', async (town, { scheme, store }) => {
    await known(town, town.payer)
    const [first, second] = [await town.ask(QUESTION), await town.ask({ ...QUESTION, reason: 'To enter' })]
    const one = idOf(await town.join(town.payer, first.number))
    const two = idOf(await town.join(town.payer, second.number))
    const seen = await store.readPayment(one)
    assert.ok(seen)
    const at = await store.now()
    const evidence = evidenceFor(scheme, seen, town.payer, 'right', at, 'authenticate', { released: ['email'] })
    const say = (payment: PaymentId, released: readonly Askable[]) =>
      town.say(town.payer, { name: 'prove', payment, evidence, released })
    assert.equal((await say(two, ['email'])).refusal?.code, 'signature-invalid')
    assert.equal((await say(one, ['email', 'age-band'])).refusal?.code, 'signature-invalid')
    assert.equal((await say(one, [])).refusal?.code, 'signature-invalid')
    assert.equal((await say(one, ['email', 'portrait'])).refusal?.code, 'state-conflict')
    const approving = evidenceFor(scheme, seen, town.payer, 'right', at, 'approve', { released: ['email'] })
    const approved = { name: 'prove', payment: one, evidence: approving, released: ['email'] } as const
    assert.equal((await town.say(town.payer, approved)).refusal?.code, 'signature-invalid')
    assert.equal((await town.prove(town.payer, one, ['email'], { proof: 'none' })).refusal?.code, 'proof-needed')
    assert.equal((await town.prove(town.payer, one, ['email'], { proof: 'wrong' })).refusal?.code, 'proof-wrong')
    assert.equal((await say(one, ['email'])).refusal, null)
  })

  story('nobody but the phone that joined answers, and nobody else finds the question', async (town) => {
    const [, stranger] = town.people
    assert.ok(stranger)
    const { number } = await town.ask(QUESTION)
    const payment = idOf(await town.join(town.payer, number))
    assert.equal((await town.join(stranger, number)).refusal?.code, 'number-not-found')
    assert.equal((await town.prove(stranger, payment, [])).refusal?.code, 'not-found')
    assert.equal((await town.prove(await anotherPhone(town, town.payer), payment, [])).refusal?.code, 'not-found')
    const nowhere = idInBucket('pay', bucketOfId(payment), randomBytes(14))
    const show = { name: 'show', payment: nowhere, attributes: [] } as const
    assert.equal((await town.say(town.payer, show)).refusal?.code, 'not-found')
    const elsewhere = idInBucket('pay', BUCKETS + 3, randomBytes(14))
    assert.equal((await town.say(town.payer, { ...show, payment: elsewhere })).refusal?.code, 'not-found')
  })

  story('a question never becomes a bill, and nothing of it can be paid, delivered or refunded', async (town) => {
    const { deal, number } = await town.ask(QUESTION)
    const bill = billOf(500n)
    const change = { name: 'change-bill', deal, billVersion: 0, bill } as const
    assert.equal((await town.say(town.till, { ...change, payment: null })).refusal?.code, 'state-conflict')
    const payment = idOf(await town.join(town.payer, number))
    assert.equal((await town.say(town.till, { ...change, payment })).refusal?.code, 'state-conflict')
    assert.equal((await town.approve(town.payer, payment)).refusal?.code, 'state-conflict')
    const deliver = { name: 'deliver', payment, portion: 0, amount: 0n } as const
    assert.equal((await town.say(town.till, deliver)).refusal?.code, 'not-found')
    assert.equal((await town.prove(town.payer, payment, [])).refusal, null)
    assert.equal((await town.approve(town.payer, payment)).refusal?.code, 'state-conflict')
    assert.equal((await town.refund(payment, 1n)).refusal?.code, 'not-found')
    assert.equal(await town.balance(town.payer), 10_000n)
  })

  story('a bill handed back does not take a question', async (town, { scheme, store }) => {
    const { deal } = await town.ask(QUESTION)
    const { till, payer } = town
    const biller = { ...till, terminal: till.id, terminalLabel: till.label }
    const start = { biller, deal, bill: billOf(1n), nonce: 'ab'.repeat(16) }
    const evidence = handedBack(scheme, start, payer, 'right', await store.now())
    const answer = await town.say(till, { name: 'submit-signed', deal, bill: start.bill, payer, evidence })
    assert.equal(answer.refusal?.code, 'deal-exists')
  })

  story('who is poor or frozen can say who they are, who has left cannot', async (town) => {
    const poor = await town.person('Poor', 0n)
    const frozen = await town.person('Frozen', 100n)
    const gone = await town.person('Gone', 0n)
    await setStatus(town, frozen, 'frozen')
    await setStatus(town, gone, 'closed')
    for (const person of [poor, frozen]) {
      const { number } = await town.ask(QUESTION)
      const payment = idOf(await town.join(person, number))
      assert.equal((await town.prove(person, payment, [])).refusal, null)
    }
    const { number, deal } = await town.ask(QUESTION)
    assert.equal((await town.join(gone, number)).refusal?.code, 'account-closed')
    const { offer } = (await town.hub.lookAt({ terminal: town.till.id, deal })) ?? assert.fail()
    assert.deepEqual([offer.state.kind, offer.declines], ['open', 1])
  })

  story('a stopped shop asks nobody', async (town) => {
    await setStatus(town, town.till, 'frozen')
    const body = { name: 'ask', deal: newId('deal'), question: QUESTION } as const
    assert.equal((await town.say(town.till, body)).refusal?.code, 'account-frozen')
    const answer = await town.say(town.till, { ...body, name: 'ask-person', to: town.payer.account })
    assert.equal(answer.refusal?.code, 'account-frozen')
  })

  story('"not this person" gives the question a new number, and the next one answers it', async (town, { store }) => {
    const [, next] = town.people
    assert.ok(next)
    await known(town, next)
    const { deal, number } = await town.ask(QUESTION)
    const payment = idOf(await town.join(town.payer, number))
    assert.equal((await town.say(town.till, { name: 'release', deal, payment })).refusal, null)
    assert.equal((await town.prove(town.payer, payment, [])).refusal?.code, 'state-conflict')
    const again = idOf(await town.join(next, await town.number(deal)))
    assert.equal((await town.prove(next, again, ['email'])).refusal, null)
    const { seen } = await seenBy(town, deal)
    assert.deepEqual([seen.state, seen.payer?.name, seen.question], ['proven', next.name, QUESTION])
    assert.equal((await store.readPayment(payment))?.ended?.reason, 'released')
  })

  story('a question is renewed and taken back like a bill, and its deal id is used once', async (town) => {
    const { deal, number } = await town.ask(QUESTION)
    assert.equal((await town.say(town.till, { name: 'renew-number', deal })).refusal, null)
    assert.equal((await town.join(town.payer, number)).refusal?.code, 'number-not-found')
    const renewed = await town.number(deal)
    const same = { deal, question: QUESTION }
    assert.equal((await town.say(town.till, { name: 'ask', ...same })).refusal?.code, 'deal-exists')
    const bill = { name: 'open-offer', deal, bill: billOf(1n) } as const
    assert.equal((await town.say(town.till, bill)).refusal?.code, 'deal-exists')
    assert.equal((await town.say(town.till, { name: 'cancel-deal', deal, payment: null })).refusal, null)
    assert.equal((await town.join(town.payer, renewed)).refusal?.code, 'number-not-found')
  })

  story(
    'a phone that joins and is silent lets the question go',
    async (town, ground) => {
      const { deal, number } = await town.ask(QUESTION)
      const payment = idOf(await town.join(town.payer, number))
      ground.advance?.(45_000)
      await town.hub.tick(10)
      const { seen } = await seenBy(town, deal)
      assert.deepEqual([seen.state, seen.payer], ['open', null])
      assert.equal((await ground.store.readPayment(payment))?.ended?.reason, 'idle')
    },
    'memory',
  )

  // ---- sent to a person

  story(
    'a question sent to a person waits in the wallet, and of two phones that answer one wins',
    async (town, ground) => {
      await known(town, town.payer)
      const other = await anotherPhone(town, town.payer)
      const body = { name: 'ask-person', deal: newId('deal'), to: town.payer.account, question: QUESTION } as const
      const command = newId('cmd')
      const sent = await Promise.all(Array.from({ length: 4 }, () => town.say(town.till, body, command)))
      for (const answer of sent) assert.deepEqual(answer, sent[0])
      const payment = idOf(sent[0])
      const [waiting] = await ground.store.readOpenPayments(town.payer.party, 10)
      assert.equal(waiting?.id, payment)
      assert.deepEqual([waiting.payer.device, waiting.payer.knows, waiting.turn], [null, null, null])
      assert.equal(waiting.expiresAt, waiting.joinedAt + QUESTION_LIFE_MS)
      assert.equal(paymentView(waiting, ground.scheme.rules).unasked, true)

      const answers = await Promise.all([
        town.prove(town.payer, payment, ['email']),
        town.prove(other, payment, ['age-band']),
      ])
      const codes = answers.map(({ refusal }) => refusal?.code ?? 'proven').toSorted()
      assert.deepEqual(codes, ['proven', 'state-conflict'])
      const { answered, payer } = (await ground.store.readPayment(payment)) ?? assert.fail()
      assert.deepEqual(answered?.released, answers[0]?.refusal === null ? ['email'] : ['age-band'])
      assert.deepEqual(
        [payer.shown.email === null, payer.shown.ageBand === null],
        [answers[0]?.refusal !== null, answers[0]?.refusal === null],
      )
      assert.deepEqual(await ground.store.readOpenPayments(town.payer.party, 10), [])
    },
  )

  story('a person says no to a question, and it is not shown to anybody else', async (town, { store }) => {
    const deal = newId('deal')
    const answer = await town.say(town.till, { name: 'ask-person', deal, to: town.payer.account, question: QUESTION })
    const payment = idOf(answer)
    assert.equal((await town.say(town.payer, { name: 'decline', payment })).refusal, null)
    const { seen } = await seenBy(town, deal)
    assert.deepEqual([seen.state, seen.ended, seen.ticket], ['ended', 'cancelled-by-payer', null])
    assert.deepEqual(seen.payer?.shown, { ...NOTHING_SHOWN, portrait: false })
    const released = newId('deal')
    const body = { name: 'ask-person', deal: released, to: town.payer.account, question: QUESTION } as const
    const other = idOf(await town.say(town.till, body))
    assert.equal((await town.say(town.till, { name: 'release', deal: released, payment: other })).refusal, null)
    const offer = await store.readOffer(bucketOfId(town.till.id), { terminal: town.till.id, deal: released })
    assert.equal(offer?.state.kind, 'taken', 'what was sent to one person gets no number')
  })

  story('who cannot be asked sounds the same as nobody, and costs nobody a question', async (town, { register }) => {
    const blocker = await town.person('Blocker', 0n)
    const friend = await town.person('Friend', 0n)
    await register({
      contacts: [
        { party: blocker.party, account: town.till.account, status: 'blocked' },
        { party: friend.party, account: town.till.account, status: 'listed' },
      ],
    })
    const merchant = await town.shop()
    const nobody = (await town.person('Unused', 0n)).account
    const unused = `${nobody.slice(0, -1)}${(Number(nobody.at(-1)) + 1) % 10}` as typeof nobody
    const ask = (to: typeof nobody) =>
      town.say(town.till, { name: 'ask-person', deal: newId('deal'), to, question: QUESTION })
    for (const to of [blocker.account, merchant.account, unused, town.till.account])
      assert.deepEqual((await ask(to)).refusal, { code: 'not-a-contact' })
    assert.equal((await ask(friend.account)).refusal, null)
    // Blocked for one site is not blocked for another; the tries of the blocked one were not counted.
    for (let index = 0; index < 5; index++) {
      assert.equal((await ask(blocker.account)).refusal?.code, 'not-a-contact')
      const body = { name: 'ask-person', deal: newId('deal'), to: blocker.account, question: QUESTION } as const
      assert.equal((await town.say(merchant, body)).refusal, null)
    }
  })

  story(
    'nobody is asked more often than five times in a row, whoever asks, and a refusal costs nothing',
    async (town) => {
      const merchant = await town.shop()
      const deal = newId('deal')
      const ask = (by: TerminalActor, id = newId('cmd'), over: DealId = newId('deal')) =>
        town.say(by, { name: 'ask-person', deal: over, to: town.payer.account, question: QUESTION }, id)
      const first = newId('cmd')
      assert.equal((await ask(town.till, first, deal)).refusal, null)
      for (let index = 0; index < 5; index++)
        assert.equal((await ask(town.till, newId('cmd'), deal)).refusal?.code, 'deal-exists')
      for (const by of [merchant, town.till, merchant, town.till]) assert.equal((await ask(by)).refusal, null)
      for (const by of [merchant, town.till]) assert.equal((await ask(by)).refusal?.code, 'too-many-questions')
      assert.equal((await ask(town.till, first, deal)).refusal, null, 'what was decided is answered again')
      const [, other] = town.people
      assert.ok(other)
      const body = { name: 'ask-person', deal: newId('deal'), to: other.account, question: QUESTION } as const
      assert.equal((await town.say(town.till, body)).refusal, null)
      assert.equal(
        (await town.say(town.till, { ...body, question: { ...QUESTION, reason: 'Why' } }, first)).refusal?.code,
        'command-mismatch',
      )
    },
  )

  story(
    'a question that nobody answers ends after five minutes',
    async (town, ground) => {
      const body = { name: 'ask-person', deal: newId('deal'), to: town.payer.account, question: QUESTION } as const
      const payment = idOf(await town.say(town.till, body))
      ground.advance?.(QUESTION_LIFE_MS - 1)
      await town.hub.tick(10)
      assert.equal(stateOf((await ground.store.readPayment(payment)) ?? assert.fail()), 'joined')
      ground.advance?.(1)
      await town.hub.tick(10)
      assert.equal((await ground.store.readPayment(payment))?.ended?.reason, 'expired')
      assert.equal((await town.prove(town.payer, payment, [])).refusal?.code, 'state-conflict')
    },
    'memory',
  )

  story('a question whose hub died half-way is finished by whoever looks', async (town, ground) => {
    const deal = newId('deal')
    const store: Store = {
      ...ground.store,
      transact: async (needs, decide) => {
        if (needs.some(({ payments }) => payments.length > 0)) throw new StoreUnavailable('the power went out')
        return ground.store.transact(needs, decide)
      },
    }
    const dying = town.make({ ...ground, store })
    const body = { name: 'ask-person', deal, to: town.payer.account, question: QUESTION } as const
    const command = newId('cmd')
    await assert.rejects(town.say(town.till, body, command, dying), StoreUnavailable)
    assert.deepEqual(await ground.store.readOpenPayments(town.payer.party, 10), [])
    const seen = await town.hub.lookAt({ terminal: town.till.id, deal })
    assert.deepEqual(seen?.payment?.question, QUESTION)
    assert.equal(idOf(await town.say(town.till, body, command)), seen.payment.id)
    assert.equal((await town.prove(town.payer, seen.payment.id, [])).refusal, null)
  })

  // ---- what a payer shows

  story('a shop sees what was released to it, may ask for the rest, and nobody sees what is hidden', async (town) => {
    const merchant = await town.shop()
    await known(town, town.payer, [
      { merchant: null, releases: { ...NO_RELEASES, email: 'hide' } },
      { merchant: merchant.party, releases: { ...ALL('hide'), 'member-number': 'show', portrait: 'ask' } },
    ])
    const views = async (by: TerminalActor) => {
      const deal = newId('deal')
      assert.equal((await town.say(by, { name: 'open-offer', deal, bill: billOf(5n) })).refusal, null)
      const payment = idOf(await town.join(town.payer, await town.number(deal, by)))
      const { seen, phone } = await seenBy(town, deal, by)
      return { deal, payment, seen, phone }
    }
    const here = await views(town.till)
    const at = await views(merchant)
    assert.deepEqual(at.phone?.shown, at.seen.payer?.shown)
    assert.deepEqual(here.seen.payer?.shown, { ...NOTHING_SHOWN, portrait: false })
    assert.deepEqual(here.phone?.mayShow, ['age-band', 'member-number', 'region', 'portrait'])
    const member = { ...NOTHING_SHOWN, members: [{ name: 'club', number: '4711' }], portrait: false }
    assert.deepEqual(at.seen.payer?.shown, member)
    assert.deepEqual(at.phone?.mayShow, ['portrait'])

    // More than may be shown is not shown; less is for the payer to say.
    const all = { name: 'show', payment: at.payment, attributes: [...ASKABLE] } as const
    assert.equal((await town.say(town.payer, all)).refusal, null)
    const after = await seenBy(town, at.deal, merchant)
    assert.deepEqual(after.seen.payer?.shown, { ...member, portrait: true })
    assert.deepEqual(after.phone?.mayShow, [])
    const some = { name: 'show', payment: here.payment, attributes: ['email', 'age-band'] } as const
    assert.equal((await town.say(town.payer, some)).refusal, null)
    const { seen } = await seenBy(town, here.deal)
    assert.deepEqual(seen.payer?.shown, { ...NOTHING_SHOWN, ageBand: '20-64', portrait: false })
    assert.equal((await town.say(town.payer, { ...some, attributes: ['region'] })).refusal, null)
    assert.equal((await seenBy(town, here.deal)).seen.payer?.shown.region, null, 'the payer was asked once')
  })

  story('the picture is named by its hash in the deal and never in a view', async (town, { store }) => {
    await known(town, town.payer, [{ merchant: null, releases: ALL('show') }])
    const { deal, number } = await town.offer(billOf(5n))
    const payment = idOf(await town.join(town.payer, number))
    assert.equal((await store.readPayment(payment))?.payer.shown.portrait, PICTURE)
    const { seen, phone } = await seenBy(town, deal)
    assert.ok(!JSON.stringify([seen, phone]).includes(PICTURE))
    assert.deepEqual([seen.payer?.shown.portrait, seen.payer?.shown.email], [true, 'payer@example.org'])
  })

  story('what nobody has verified is not shown, however it was released', async (town, { register, store }) => {
    const { party } = town.payer
    const releases = [{ merchant: null, releases: ALL('show') }]
    await register({ profiles: [{ party, email: null, portrait: null, releases }] })
    const { number } = await town.offer(billOf(5n))
    const payment = idOf(await town.join(town.payer, number))
    assert.deepEqual((await store.readPayment(payment))?.payer.shown, NOTHING_SHOWN)
    const [, unknown] = town.people
    assert.ok(unknown)
    const persona = await store.readPersona(unknown.party, town.till.party)
    const attributes = { birthDate: null, region: null, memberships: [] }
    assert.deepEqual(persona, { attributes, email: null, portrait: null, releases: NO_RELEASES })
  })

  story(
    'people see nothing of each other but the name; a shop sees the same whichever way it asks for money',
    async (town, ground) => {
      const [, asker] = town.people
      assert.ok(asker)
      const { payer, till } = town
      await known(town, payer, [{ merchant: null, releases: ALL('show') }])
      await ground.register({
        contacts: [asker, till].map(({ account }) => ({ party: payer.party, account, status: 'listed' as const })),
      })
      const shownIn = async (answer: Answer): Promise<Shown> =>
        ((await ground.store.readPayment(idOf(answer))) ?? assert.fail()).payer.shown
      const bill = billOf(5n)
      const billed = (by: DeviceActor | TerminalActor) =>
        town.say(by, { name: 'bill-person', deal: newId('deal'), to: payer.account, bill })
      assert.deepEqual(await shownIn(await billed(asker)), NOTHING_SHOWN)
      assert.equal((await shownIn(await billed(till))).ageBand, '20-64')

      const link = newId('deal')
      assert.equal((await town.say(asker, { name: 'open-offer', deal: link, bill })).refusal, null)
      const terminal = billerOf(asker).id
      const offer = await ground.store.readOffer(bucketOfId(terminal), { terminal, deal: link })
      const credential = { kind: 'token', token: offer?.token ?? '' } as const
      assert.deepEqual(await shownIn(await town.say(payer, { name: 'join', credential, address: '' })), NOTHING_SHOWN)

      const handed = async (by: TerminalActor, sender: DeviceActor | TerminalActor): Promise<Answer> => {
        const deal = newId('deal')
        const biller = { ...by, terminal: by.id, terminalLabel: by.label }
        const start = { biller, deal, bill, nonce: 'cd'.repeat(16) }
        const evidence = handedBack(ground.scheme, start, payer, 'right', await ground.store.now())
        return town.say(sender, { name: 'submit-signed', deal, bill, payer, evidence })
      }
      assert.deepEqual(await shownIn(await handed(billerOf(asker), asker)), NOTHING_SHOWN)
      assert.equal((await shownIn(await handed(till, till))).region, 'JP-14')
    },
  )

  // ---- who stood there, and with what proof

  story('the command row and the deal say who stood at the terminal', async (town, { store }) => {
    const id = idInBucket('stf', bucketOfId(town.till.party), randomBytes(14))
    const till: TerminalActor = { ...town.till, cashier: { id, name: 'Aki', role: 'cashier' } }
    const home = bucketOfId(till.id)
    const [opened, joined] = [newId('cmd'), newId('cmd')]
    const deal = newId('deal')
    assert.equal((await town.say(till, { name: 'open-offer', deal, bill: billOf(5n) }, opened)).refusal, null)
    assert.equal((await store.readCommand(home, { actor: till.id, id: opened }))?.staff, id)
    const payment = idOf(await town.join(town.payer, await town.number(deal), joined))
    assert.equal((await store.readCommand(home, { actor: town.payer.id, id: joined }))?.staff, null)
    // Another cashier takes over; the deal stays the first one's, the command is the second's.
    const other = { ...till, cashier: { id: idFrom('stf', randomBytes(16)), name: 'Beni', role: 'manager' } } as const
    const released = newId('cmd')
    assert.equal((await town.say(other, { name: 'release', deal, payment }, released)).refusal, null)
    const row = await store.readCommand(bucketOfId(payment), { actor: till.id, id: released })
    assert.equal(row?.staff, other.cashier.id)
    assert.equal((await seenBy(town, deal)).seen.cashier, 'Aki')
    const alone = await town.offer(billOf(5n))
    assert.equal((await seenBy(town, alone.deal)).seen.cashier, null)
  })

  story('a repeated command keeps the cashier who gave it first', async (town, { store }) => {
    const cashier = (name: string) =>
      ({ id: idFrom('stf', randomBytes(16)), name, role: 'cashier' }) satisfies TerminalActor['cashier']
    const [first, second] = [cashier('Aki'), cashier('Beni')]
    const body = { name: 'ask', deal: newId('deal'), question: QUESTION } as const
    const id = newId('cmd')
    const answer = await town.say({ ...town.till, cashier: first }, body, id)
    assert.deepEqual(await town.say({ ...town.till, cashier: second }, body, id), answer)
    const row = await store.readCommand(bucketOfId(town.till.id), { actor: town.till.id, id })
    assert.equal(row?.staff, first.id)
  })

  story('a phone that approves with its security key does so with nothing else', async (town) => {
    const phone = await anotherPhone(town, town.payer, 'security-key')
    const pay = async (strength: 'password' | 'bound-passkey' | 'security-key') => {
      const { number } = await town.offer(billOf(5n))
      const payment = idOf(await town.join(phone, number))
      return (await town.approve(phone, payment, { strength })).refusal?.code ?? 'paid'
    }
    assert.equal(await pay('password'), 'security-key-needed')
    assert.equal(await pay('bound-passkey'), 'security-key-needed')
    assert.equal(await pay('security-key'), 'paid')
    const { number } = await town.offer(billOf(5n))
    const payment = idOf(await town.join(phone, number))
    assert.equal((await town.approve(phone, payment, { proof: 'none' })).refusal?.code, 'security-key-needed')
    const asked = idOf(await town.join(phone, (await town.ask(QUESTION)).number))
    assert.equal((await town.prove(phone, asked, [])).refusal?.code, 'security-key-needed')
    assert.equal((await town.prove(phone, asked, [], { strength: 'security-key' })).refusal, null)
  })

  const limited = storiesOn(name, open, { proofLimits: { ...NO_PROOF_LIMITS, password: 1_000n } })

  limited(
    'a kind of proof is good for as much as the scheme says, and so is the unlock it makes',
    async (town, ground) => {
      const payable = async (amount: bigint): Promise<PaymentId> =>
        idOf(await town.join(town.payer, (await town.offer(billOf(amount))).number))
      const dear = await payable(1_001n)
      assert.deepEqual((await town.approve(town.payer, dear)).refusal, {
        code: 'proof-too-weak',
        detail: { limit: '1000' },
      })
      const device = await ground.store.readDevice(bucketOfId(town.payer.id), town.payer.id)
      assert.equal(device?.provedWith, 'password')
      assert.equal((await town.approve(town.payer, dear, { proof: 'none' })).refusal?.code, 'proof-needed')
      assert.equal((await town.approve(town.payer, await payable(1_000n), { proof: 'none' })).refusal, null)
      assert.equal((await town.approve(town.payer, dear, { strength: 'synced-passkey' })).refusal, null)
      const asked = idOf(await town.join(town.payer, (await town.ask(QUESTION)).number))
      assert.equal((await town.prove(town.payer, asked, [])).refusal, null, 'a question asks for no money')
    },
  )

  limited(
    'the payee of a purchase that was handed back with too weak a proof learns no more than that',
    async (town, ground) => {
      const { till, payer } = town
      const deal = newId('deal')
      const bill = billOf(1_001n)
      const start = {
        biller: { ...till, terminal: till.id, terminalLabel: till.label },
        deal,
        bill,
        nonce: 'ef'.repeat(16),
      }
      const evidence = handedBack(ground.scheme, start, payer, 'right', await ground.store.now())
      const answer = await town.say(till, { name: 'submit-signed', deal, bill, payer, evidence })
      assert.deepEqual(answer.refusal, { code: 'payer-refused' })
      const payment = await ground.store.readPayment(idOf(answer))
      assert.deepEqual([payment && isFinal(payment), payment?.ended?.refusal], [true, 'proof-too-weak'])
    },
  )
}

const ALL = (release: Release) =>
  ({ 'age-band': release, 'member-number': release, region: release, email: release, portrait: release }) as const

const idOf = (answer: Answer | undefined): PaymentId =>
  answer?.payment ?? assert.fail(answer?.refusal?.code ?? 'no answer')

/** Everything about this person has been verified, and they have said who sees what. */
async function known(town: Town, { party }: DeviceActor, releases: Profile['releases'] = []): Promise<void> {
  const email = 'payer@example.org'
  await town.ground.register({ profiles: [{ party, email, portrait: PICTURE, releases }] })
  const bucket = bucketOfId(party)
  const answer = await town.hub.step({
    bucket,
    command: null,
    needs: { standings: [party] },
    decide(working) {
      working.saveStanding({ ...working.standing(party), attributes: KNOWN })
      return NOTHING
    },
  })
  assert.equal(answer.refusal, null)
}

/** The deal as its terminal sees it, and the payment as its phone does. */
async function seenBy(town: Town, deal: DealId, by = town.till) {
  const found = await town.hub.lookAt({ terminal: by.id, deal })
  assert.ok(found)
  const seen = dealView(found.offer, found.payment, (token) => token)
  return { seen, phone: found.payment && paymentView(found.payment, town.ground.scheme.rules) }
}

/** A further phone of the same person. */
async function anotherPhone(
  town: Town,
  owner: DeviceActor,
  approvesWith: 'any' | 'security-key' = 'any',
): Promise<DeviceActor> {
  const id = idInBucket('dev', bucketOfId(owner.id), randomBytes(14))
  const key = newId('key')
  const { party } = owner
  const proofs = { provedAt: 0, provedWith: 'password', wrongProofs: 0, lockedUntil: 0 } as const
  await town.ground.register({ devices: [{ id, party, key, status: 'active', approvesWith, ...proofs }] })
  return { ...owner, id, key }
}

async function setStatus(
  town: Town,
  { account: key }: DeviceActor | TerminalActor,
  status: 'frozen' | 'closed',
): Promise<void> {
  const { commit } = ledgerOn(town.ground)
  await commit([{ bucket: bucketOf(key, BUCKETS), accounts: [key] }], (working) => {
    const account = working.account(key, JPY)
    assert.ok(account)
    working.saveAccount({ ...account, status })
  })
}
