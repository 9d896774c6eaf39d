// What must be true of a run. Three sides are compared: the books (core/invariants and a record of every commit), what the hub
// answered, and what each client believes because the SDK told it so.
import { approvalBytes, claimsOf, METHOD_WHOLE, NO_PAYMENT } from '#core/approval.ts'
import { billHash } from '#core/bill.ts'
import { equal, fromHex, toBase64url } from '#core/bytes.ts'
import { faultsOf } from '#core/invariants.ts'
import { isOutside } from '#core/means.ts'
import { methodCode } from '#core/method.ts'
import { offerDueAt, type Offer } from '#core/offer.ts'
import { inOrder } from '#core/persona.ts'
import { isFinal, paymentDueAt, settledAmount, stateOf, type Payment } from '#core/payment.ts'
import { questionHash } from '#core/question.ts'
import { isRefusalCode } from '#core/refusals.ts'
import type { CommandBody, CommandName } from '#protocol/commands.ts'
import { BUDGETS } from '#protocol/limits.ts'
import type { AnswerView, DealView, PaymentView } from '#protocol/views.ts'
import type { SendOutcome } from '#sdk/outcome.ts'
import type { Reply } from '#sdk/transport.ts'
import type { Command } from '#switch/command.ts'
import type { MemoryStore } from '#switch/memory-store.ts'
import type { Answer, RefundRow, Writes } from '#switch/store.ts'
import type { Scheme } from '#switch/switch.ts'
import type { DeskBody } from './desk.ts'
import { BUCKETS, terminalOf, type Directory, type Enrolled, type EnrolledPhone } from './directory.ts'
import type { History } from './history.ts'
import { openModel } from './model.ts'
import { openCardModel } from './model-cards.ts'
import { openMeansModel } from './model-means.ts'
import { openProofModel } from './model-proofs.ts'
import type { Bank } from './bank.ts'
import type { Cards } from './cards.ts'
import { openWayChecks } from './checks-ways.ts'
import { readPurchase } from './purchases.ts'
import type { RateTable } from './rates.ts'
import { toySign } from './toy-keys.ts'
import type { WebShopBook } from './web-shop.ts'

export type Checks = ReturnType<typeof openChecks>

/** Answers that are given again and again without being stored. */
const NOT_STORED: ReadonlySet<string> = new Set([
  'too-many-tries',
  'too-many-bills',
  'too-many-questions',
  'command-mismatch',
])

/** A healed hub looks for what is due every 700 ms. */
const GRACE_MS = 4_000

type Sent = Partial<CommandBody<'approve'> & CommandBody<'refund'> & CommandBody<'take-back'> & CommandBody<'prove'>> &
  Partial<Record<'deal' | 'command' | 'to' | 'purchase', string>> &
  Readonly<{ payment?: string | null }>

export function openChecks(options: {
  store: MemoryStore
  scheme: Scheme
  directory: Directory
  history: History
  now: () => number
  lived: () => number
  web: () => WebShopBook
  bank: () => Bank
  cards: () => Cards
  rates: () => RateTable
}) {
  const { store, scheme, directory, history, now } = options
  const startedAt = now()
  const faults: string[] = []
  const fail = (sentence: string): void => {
    if (faults.length === 0) history.tell(`FAULT ${sentence}`)
    faults.push(sentence)
  }

  const { profileOf } = directory
  const model = openModel({ rules: scheme.rules, now, lived: options.lived, profileOf, fail })

  const { bank, rates, lived } = options
  const means = openMeansModel({ store, lived, bank, rates, fail })
  const cards = openCardModel({ store, cards: options.cards, fail })
  const proofs = openProofModel({ rules: scheme.rules, now, lived: options.lived, directory, fail })
  const ways = openWayChecks({
    store,
    scheme,
    directory,
    history,
    web: options.web,
    fail,
    offerOf: (terminal, deal) => offers.get(`${terminal} ${deal}`),
    refundsOf: (payment) => [...refunds.values()].filter(({ original }) => original === payment),
  })

  // ---- the books, commit by commit

  const payments = new Map<string, Payment>()
  const offers = new Map<string, Offer>()
  const refunds = new Map<string, RefundRow>()
  const approvals = new Map<string, number>()
  const everApproved = new Set<string>()
  /** questions that were answered */
  const proven = new Set<string>()
  const changedBills = new Map<string, number>()
  const usedApprovals = new Set<string>()
  /** the payment that a stored command's answer names */
  const namedBy = new Map<string, string>()

  function committed(writes: Writes): void {
    model.committed(writes)
    means.committed(writes)
    cards.committed(writes)
    fileIn(writes)
    for (const { command } of writes.commands)
      if (command.answer.payment) namedBy.set(command.id, command.answer.payment)
    for (const { offer } of writes.offers) {
      offers.set(`${offer.terminal} ${offer.deal}`, offer)
      ways.handedIn(offer)
      ways.opened(offer)
    }
    for (const { offer, previous } of writes.offers) if (previous === null) proofs.prompted(offer)
    for (const { refund } of writes.refunds) refunds.set(refund.id, refund)
    for (const { payment } of writes.payments) {
      const before = payments.get(payment.id)
      if (before !== undefined && isFinal(before) && stateOf(before) !== stateOf(payment))
        fail(`${payment.id} was ${stateOf(before)} and became ${stateOf(payment)}`)
      payments.set(payment.id, payment)
    }
    proofs.judge(writes, (id) => payments.get(id))
    for (const { body, subject, terminal, version } of writes.events) {
      history.tell(`${subject.slice(0, 13)} ${version} ${body.kind}`)
      if (body.kind === 'approved') {
        approvals.set(subject, (approvals.get(subject) ?? 0) + 1)
        everApproved.add(subject)
      }
      // Its bank did not pay: the consent is used up, and another may follow.
      if ((body.kind === 'answered' || body.kind === 'moved') && body.portions.some(({ kind }) => kind === 'due'))
        approvals.set(subject, (approvals.get(subject) ?? 0) - 1)
      if (body.kind === 'proven') {
        if (proven.has(subject)) fail(`${subject} was answered twice`)
        proven.add(subject)
      }
      if (body.kind === 'billed') {
        const key = `${terminal} ${payments.get(subject)?.deal ?? subject}`
        changedBills.set(key, (changedBills.get(key) ?? 0) + 1)
      }
    }
    for (const { payment: id, evidence } of writes.evidence) {
      const payment = payments.get(id)
      const payer = directory.phoneWithKey(evidence.key)
      if (payment === undefined || payer?.actor.party !== payment.payer.party)
        return fail(`${id} was approved and is nobody's`)
      const { device } = payment.payer
      if (device !== null && device !== payer.actor.id) fail(`${id} was approved with another phone than joined`)
      usedApprovals.add(toBase64url(evidence.bytes))
      if (!equal(evidence.signature, toySign(payer.key, evidence.bytes)))
        fail(`${id} was approved with a signature that its payer did not make`)
      if (!equal(evidence.bytes, bytesFor(payment, evidence.bytes, payer)))
        fail(`${id} was approved with another bill's approval`)
    }
  }

  /** The only bytes that approve this payment as it stands, but for the expiry, which is the phone's to choose. */
  function bytesFor(payment: Payment, given: Uint8Array, payer: EnrolledPhone): Uint8Array {
    const { bill, question, answered } = payment
    const isHandBack = claimsOf(given)?.purpose === 'hand-back'
    const purpose = question !== null ? 'authenticate' : isHandBack ? 'hand-back' : 'approve'
    const released = answered?.released ?? []
    const ofBill = bill === null ? new Uint8Array(32) : billHash(payment.biller, bill, payment.means)
    return approvalBytes({
      purpose,
      scheme: scheme.id,
      deal: payment.deal,
      payment: purpose === 'hand-back' ? NO_PAYMENT : payment.id,
      billVersion: payment.billVersion,
      billHash: question === null ? ofBill : questionHash(payment.biller, question, released),
      payerAccount: payment.payer.account,
      means: isOutside(payment.means) ? payment.means.id : payment.payer.account,
      method: payment.means.kind === 'card' ? methodCode(payment.means.method) : METHOD_WHOLE,
      key: payer.actor.key,
      nonce: fromHex(payment.nonce) ?? new Uint8Array(16),
      expiresAt: claimsOf(given)?.expiresAt ?? 0,
    })
  }

  /** core/invariants over everything, and the sum of all money. */
  function audit(): void {
    const contents = store.contents()
    for (const fault of faultsOf({ ...contents, buckets: BUCKETS })) fail(fault)
    const sums = new Map<string, bigint>()
    const add = (unit: string, amount: bigint): void => void sums.set(unit, (sums.get(unit) ?? 0n) + amount)
    for (const { unit, balance } of contents.accounts) add(unit, balance)
    for (const { creditBucket, bucket, sequence, unit, amount } of contents.transfers)
      if (sequence > (contents.marks.get(`${creditBucket} ${bucket}`) ?? 0n)) add(unit, amount)
    for (const [unit, sum] of sums) if (sum !== 0n) fail(`the sum of all ${unit} is ${sum}`)
    for (const { key, status } of contents.accounts)
      if (status !== model.statusOf(key)) fail(`${key} is ${status}, the operator made it ${model.statusOf(key)}`)
    for (const { id, refunds } of contents.payments)
      if (new Set(refunds.map((refund) => refund.id)).size < refunds.length) fail(`${id} was told of a refund twice`)
  }

  // ---- the operator

  const files = new Map<string, number>()
  const served = new Set<string>()
  const heard = new Set<string>()

  /** A file of credits is booked whole, in one commit. */
  function fileIn({ transfers }: Writes): void {
    const rows = new Map<string, number>()
    for (const { kind, creditName } of transfers)
      if (kind === 'credit') rows.set(creditName, (rows.get(creditName) ?? 0) + 1)
    for (const [title, count] of rows)
      if (files.get(title) !== count) fail(`${count} rows of ${title} were booked, it has ${files.get(title)}`)
  }

  /** What the hub has answered the operator. */
  function servedOperator(id: string, { name }: DeskBody, { refusal }: Answer): void {
    if (refusal !== null) return countRefusal(refusal.code)
    if (served.has(id)) return
    served.add(id)
    const counted = { freeze: 'accounts frozen', unfreeze: 'accounts unfrozen', close: 'accounts closed' } as const
    const others = { 'set-limits': 'limits set', verify: 'people verified', 'cash-in': 'cash in' } as const
    const files = { 'cash-out': 'cash out', 'credit-file': 'credit files', revoke: 'phones taken away' } as const
    history.count({ ...counted, ...others, ...files }[name])
  }

  // ---- what the hub decided

  const answers = new Map<string, string>()
  const misses = new Map<string, Set<string>>()
  /** This no is not stored: another copy of the same join, on its way for longer, may still find a try. */
  const outOfTries = new Set<string>()
  /** A try that got no decision is given back, though its commit may have been written; nobody can make the store go away. */
  const notDecided = new Set<unknown>()

  const countRefusal = (code: string): void => {
    if (code === 'account-frozen') history.count('frozen refusals')
    if (code === 'account-closed') history.count('closed refusals')
    if (code === 'over-limit') history.count('over the payment limit')
    if (code === 'over-day-limit') history.count('over the day limit')
    if (code === 'over-month-limit') history.count('over the month limit')
    if (code === 'restricted') history.count('restricted refusals')
    if (code === 'already-refunded') history.count('refunds refused')
    if (code === 'too-many-questions') history.count('asked too often')
    if (code === 'device-revoked') history.count('phones that may not pay')
    if (code === 'too-late') history.count('lines taken back too late')
    if (code === 'rate-expired') history.count('rates run out')
    if (code === 'means-changed') history.count('approvals of earlier means')
    if (code === 'over-offline-limit') history.count('over the offline caps')
  }

  /** A line that went back went back in time. */
  function takenBack(command: Command): void {
    if (command.name !== 'take-back') return
    const payment = payments.get(command.payment)
    const state = payment?.portions[command.portion]?.state
    if (payment === undefined || state?.kind !== 'ended')
      return fail(`${command.payment} took back what is still there`)
    if (!model.isInTime(payment, command.portion, state.at)) fail(`${payment.id} took a line back too late`)
  }

  /** Strangers and the blocked are refused; what was not refused is looked at with the commit. */
  function refusedBill(command: Command): void {
    if (command.name === 'ask-person') return history.count('questions refused to the blocked')
    if (command.name !== 'bill-person') return
    const payer = directory.phones.find(({ actor }) => actor.account === command.to)?.actor.party ?? ''
    const known = model.contactOf(payer, command.actor.account)
    history.count(known === 'blocked' ? 'bills refused to the blocked' : 'bills refused to strangers')
  }

  function decided(command: Command, answer: Answer): void {
    const code = answer.refusal?.code
    if (code !== undefined) countRefusal(code)
    if (code === 'not-a-contact') refusedBill(command)
    if (code === undefined) takenBack(command)
    if (code === 'too-many-tries') outOfTries.add(command.id)
    if (code !== undefined && NOT_STORED.has(code)) return
    const key = `${command.actor.id} ${command.id} ${command.hash}`
    const said = JSON.stringify(answer)
    const before = answers.get(key)
    if (before !== undefined && before !== said)
      fail(`${command.name} ${command.id} was answered ${before} and later ${said}`)
    answers.set(key, said)
    if (command.name !== 'join' || command.credential.kind !== 'number' || code !== 'number-not-found') return
    if (notDecided.has(command.id)) return
    const missed = misses.get(command.actor.id) ?? new Set()
    misses.set(command.actor.id, missed.add(command.id))
    const hours = (now() - startedAt) / 3_600_000
    const { burst, perHour } = BUDGETS.device
    if (missed.size > burst + perHour * hours) fail(`${command.actor.name} has guessed ${missed.size} times`)
  }

  // ---- what clients believe

  const beliefs: { sentence: string; isTrue: () => boolean }[] = []
  const claimed = {
    joins: new Set<string>(),
    refunds: new Set<string>(),
    deals: new Set<string>(),
    approvals: new Set<string>(),
    bills: new Map<string, Set<string>>(),
  }

  function believe(sentence: string, isTrue: () => boolean): void {
    if (isTrue()) beliefs.push({ sentence, isTrue })
    else fail(`${sentence}: it is not so`)
  }

  /** An answer that has reached a client: from now on it knows what became of this command. */
  function answered(who: Enrolled, name: string, body: object, reply: Reply): void {
    // Borders: the body is the one that was sent under this name, the answer the one of our own hub.
    const sent = body as Sent
    const key = `${terminalOf(who)} ${sent.deal}`
    const code: unknown = reply.body instanceof Object ? Reflect.get(reply.body, 'code') : undefined
    // A purchase that could not be settled makes a deal all the same, and says so with a no.
    if (name === 'submit-signed' && typeof code === 'string' && isRefusalCode(code)) claimed.deals.add(key)
    // Who handed it in knows of it: the phone, too.
    const purchase = name === 'submit-purchase' && readPurchase(sent.purchase ?? '', directory)
    if (purchase && (reply.status === 200 || (typeof code === 'string' && isRefusalCode(code))))
      claimed.deals.add(`${purchase.terminal.id} ${purchase.deal}`)
    // This no is not stored: what somebody says again, for the site or of a code, may still find a try.
    if (code === 'too-many-questions') claimed.deals.add(key)
    if (code === 'other-device') history.count('other phones that answered')
    if (reply.status !== 200) return
    if (name === 'attest') attested(who, sent.payment ?? '')
    const view = reply.body as AnswerView
    if (['open-offer', 'ask', 'ask-person', 'bill-person', 'bill-code', 'submit-signed'].includes(name))
      claimed.deals.add(key)
    if (name === 'change-bill') claimed.bills.set(key, (claimed.bills.get(key) ?? new Set()).add(sent.command ?? ''))
    if (name === 'join') claimed.joins.add(view.payment?.payment ?? '')
    if (['approve', 'prove', 'submit-signed', 'submit-purchase'].includes(name))
      claimed.approvals.add(sent.approval ?? '')
    if (name === 'refund') claimed.refunds.add(view.refund ?? '')
  }

  /** The phone that the user id has named, and no other. */
  function attested({ actor }: Enrolled, payment: string): void {
    history.count('phones that answered')
    if (payments.get(payment)?.payer.device !== actor.id) fail(`${payment} was answered for by another phone`)
  }

  /** An outcome that the SDK has given to its program. */
  function told(who: Enrolled, name: CommandName, body: object, outcome: SendOutcome): void {
    const { actor } = who
    const terminal = terminalOf(who)
    const say = `${actor.name} was told ${name} is ${outcome.ok ? 'done' : outcome.problem.code}`
    history.tell(say)
    if (outcome.view?.deal) shown(`${actor.id} answers`, outcome.view.deal, 'any order')
    if (outcome.view?.payment) shown(`${actor.id} answers`, outcome.view.payment, 'any order')
    if (!outcome.ok) return
    // A border: the body is the one that was sent under this name.
    const sent = body as Sent
    const { payment, deal = '', amount } = sent
    const row = (): Payment | undefined => payments.get(payment ?? '')
    switch (name) {
      case 'open-offer':
      case 'ask':
        return believe(say, () => offers.has(`${terminal} ${deal}`))
      case 'cancel-deal':
        if (payment === null)
          return believe(`${say} for ${deal}`, () => offers.get(`${terminal} ${deal}`)?.state.kind === 'withdrawn')
        return believe(`${say} for ${payment}`, () => (row()?.ended ?? null) !== null)
      case 'decline':
        return believe(`${say} for ${payment}`, () => (row()?.ended ?? null) !== null)
      case 'release':
        return believe(`${say} for ${payment}`, () => row()?.ended?.reason === 'released')
      case 'join': {
        const joined = outcome.view.payment?.payment ?? 'nothing'
        return believe(`${say} for ${joined}`, () => payments.get(joined)?.payer.device === actor.id)
      }
      case 'approve':
        return believe(`${say} for ${payment}`, () => everApproved.has(payment ?? ''))
      case 'refund': {
        const refund = refunds.get(outcome.view.refund ?? '')
        return believe(`${say} for ${payment}`, () => refund?.original === payment && String(refund?.amount) === amount)
      }
      case 'bill-person': {
        const made = outcome.view.deal?.payment ?? 'nothing'
        return believe(`${say} for ${made}`, () => payments.get(made)?.payer.account === sent.to)
      }
      case 'submit-signed': {
        const made = outcome.view.deal?.payment ?? 'nothing'
        return believe(`${say} for ${made}`, () => (payments.get(made)?.approvedAt ?? null) !== null)
      }
      case 'submit-purchase': {
        const made = outcome.view.payment?.payment ?? 'nothing'
        return believe(`${say} for ${made}`, () => (payments.get(made)?.approvedAt ?? null) !== null)
      }
      case 'bill-code': {
        // It may have been let go since, and be another's.
        const made = outcome.view.deal?.payment ?? null
        return made === null ? undefined : believe(`${say} for ${made}`, () => payments.get(made)?.deal === deal)
      }
      case 'prove':
        return believe(`${say} for ${payment}`, () => {
          const { answered } = row() ?? {}
          return answered != null && String(answered.released) === String(inOrder(sent.released ?? []))
        })
      case 'take-back':
        return believe(`${say} for ${payment}`, () => row()?.portions[sent.portion ?? 0]?.state.kind === 'ended')
      case 'permit':
      case 'change-bill':
      case 'renew-number':
      case 'deliver':
      case 'challenge':
      case 'respond':
      case 'attend':
      case 'attest':
      case 'show':
        return undefined
      case 'choose-means':
        return history.count('means chosen')
    }
  }

  // ---- what clients see

  const versions = new Map<string, number>()
  const views = new Map<string, string>()

  /** A view that a client was shown. By a watcher in order of version; an answer may be overtaken by what is watched. */
  function shown(watcher: string, view: DealView | PaymentView, order: 'in order' | 'any order'): void {
    const subject = 'biller' in view ? view.payment : view.deal
    const key = `${watcher} ${subject}`
    const before = versions.get(key) ?? 0
    if (order === 'in order') {
      if (view.version < before) fail(`${watcher} saw ${subject} go back from ${before} to ${view.version}`)
      versions.set(key, view.version)
    }
    const text = JSON.stringify(view)
    if (!('biller' in view) && 'means' in view) fail(`${watcher} saw what ${subject} was paid with`)
    const same = `${'biller' in view ? 'phone' : 'terminal'} ${subject} ${view.version}`
    const other = views.get(same)
    if (other === text) return
    if (other !== undefined) fail(`version ${view.version} of ${subject} was shown as ${other} and as ${text}`)
    views.set(same, text)
    if (view.state === 'proven') {
      const answer = JSON.stringify(view.answered)
      believe(`${watcher} saw ${view.payment} answered with ${answer}`, () => {
        const row = payments.get(view.payment ?? '')
        return row !== undefined && stateOf(row) === 'proven' && JSON.stringify(row.answered) === answer
      })
    }
    if (view.state !== 'settled' || view.payment === null) return
    const { payment, bill } = view
    const total = view.portions.reduce((sum, portion) => sum + BigInt(portion.settled), 0n)
    believe(`${watcher} saw ${payment} settled with ${total} of ${bill?.total}`, () => {
      const row = payments.get(payment)
      if (row === undefined || stateOf(row) !== 'settled') return false
      return settledAmount(row) === total && String(row.bill?.total) === bill?.total
    })
  }

  // ---- the end

  const isLetGo = (payment: Payment): boolean =>
    !payment.patient && stateOf(payment) === 'ended' && ['released', 'idle'].includes(payment.ended?.reason ?? '')

  /** When everything is over: all that was begun has ended, and everybody was told the truth. `held` are commands without an answer. */
  function final(held: readonly string[]): void {
    audit()
    ways.final(payments)
    means.final()
    cards.final()
    for (const id of outOfTries) claimed.joins.add(namedBy.get(id) ?? '')
    for (const command of held) fail(`${command} never got an answer`)
    for (const { sentence, isTrue } of beliefs) if (!isTrue()) fail(`${sentence}: it did not stay so`)
    for (const payment of payments.values()) {
      if (!isFinal(payment)) fail(`${payment.id} is still ${stateOf(payment)}`)
      const count = approvals.get(payment.id) ?? 0
      if (count > 1) fail(`${payment.id} was approved ${count} times`)
      if (stateOf(payment) === 'settled' && count === 0) fail(`${payment.id} settled without an approval`)
      if ((stateOf(payment) === 'proven') !== proven.has(payment.id))
        fail(`${payment.id} is ${stateOf(payment)} and its events say otherwise`)
      // Whose phone was taken away in between hears of that alone.
      const isGone = proofs.isTakenAway(payment.payer.device)
      if (wasJoined(payment) && !claimed.joins.has(payment.id) && !isGone)
        fail(`${payment.payer.name} joined ${payment.id} and was never told`)
    }
    for (const id of served) if (!heard.has(id)) fail(`the operator was never told of ${id}`)
    if (model.actions() !== served.size)
      fail(`the operator's log has ${model.actions()} rows for ${served.size} commands`)
    for (const [key, offer] of offers) {
      if (offer.state.kind === 'open') fail(`deal ${key} is still open`)
      if (!claimed.deals.has(key) && !ways.isNobodys(offer))
        fail(`deal ${key} was opened and its register was never told`)
      if (offer.state.kind !== 'taken') continue
      const payment = payments.get(offer.state.payment)
      // A join that a hub left half-way where nobody stands to look, and whose phone was taken away before it asked again.
      const isLeft = ways.isUnwatched(offer.terminal) && proofs.isTakenAway(offer.state.payer.device)
      if (payment === undefined && isLeft) continue
      if (payment === undefined) fail(`deal ${key} is taken and has no payment`)
      else if (isLetGo(payment) && !ways.isUnwatched(offer.terminal))
        fail(`deal ${key} was let go and got no new number`)
    }
    for (const refund of refunds.values()) {
      if (!refund.told) fail(`refund ${refund.id} was never told to its payment`)
      if (!claimed.refunds.has(refund.id)) fail(`refund ${refund.id} was made and its register was never told`)
    }
    for (const [key, count] of changedBills) {
      const said = claimed.bills.get(key)?.size ?? 0
      if (count !== said) fail(`the bill of ${key} changed ${count} times, its register was told ${said}`)
    }
    for (const approval of usedApprovals)
      if (!claimed.approvals.has(approval)) fail('an approval took effect and its phone was never told')
    for (const approval of claimed.approvals)
      if (!usedApprovals.has(approval)) fail('an approval was accepted and had no effect')
    const { transfers, marks } = store.contents()
    for (const { creditBucket, bucket, sequence } of transfers) {
      if (sequence > (marks.get(`${creditBucket} ${bucket}`) ?? 0n))
        fail(`transfer ${bucket}/${sequence} never arrived in bucket ${creditBucket}`)
    }
  }

  /** By a number or link, and not by the biller's word or the payer's signature alone. */
  function wasJoined({ id, terminal, deal, payer, way }: Payment): boolean {
    const offer = offers.get(`${terminal} ${deal}`)
    const isSigned = offer?.state.kind === 'taken' && offer.state.payment === id && offer.state.signed !== null
    return payer.device !== null && way !== 'code' && way !== 'card-id' && !isSigned
  }

  /** Is there anything that still has to end? */
  const isQuiet = (): boolean =>
    [...payments.values()].every(isFinal) &&
    means.isQuiet() &&
    cards.isQuiet() &&
    [...refunds.values()].every(({ told }) => told) &&
    [...offers.values()].every(({ state }) => state.kind !== 'open')

  /** What still has to end, for people to read. */
  const unquiet = (): string =>
    [
      ...[...payments.values()].filter((row) => !isFinal(row)).map((row) => `${row.id} ${stateOf(row)}`),
      ...store
        .contents()
        .orders.flatMap(({ payment, number, kind, state, trouble }) =>
          state === 'open' ? [`${kind} ${number} of ${payment} ${trouble}`] : [],
        ),
      ...(cards.isQuiet() ? [] : ['the vault']),
    ].join(', ')

  /** When the next thing that is not over ends by itself; what is not over and waits for nothing is a fault. */
  function nextDue(): number {
    let next = Infinity
    for (const payment of payments.values()) {
      if (isFinal(payment)) continue
      const due = paymentDueAt(payment)
      if (due === null) fail(`${payment.id} is ${stateOf(payment)} and waits for nothing`)
      else if (due <= now() - GRACE_MS) fail(`${payment.id} is still ${stateOf(payment)}, its time came at ${due}`)
      else next = Math.min(next, due)
    }
    for (const [key, offer] of offers) {
      const due = offerDueAt(offer)
      if (due !== null && due <= now() - GRACE_MS) fail(`deal ${key} is still open, its time came at ${due}`)
      if (due !== null) next = Math.min(next, due)
    }
    for (const { state, nextAt } of store.contents().orders)
      if (state === 'open') next = Math.min(next, Math.max(nextAt, now() + 1))
    if (!cards.isQuiet()) next = Math.min(next, now() + 1)
    for (const { id, told } of refunds.values()) if (!told) fail(`refund ${id} was never told to its payment`)
    return next
  }

  return {
    faults,
    fail,
    committed,
    audit,
    decided,
    codeRead: ways.codeRead,
    undecided: (id: unknown) => void notDecided.add(id),
    answered,
    told,
    shown,
    final,
    isQuiet,
    unquiet,
    nextDue,
    model,
    proofs,
    ways,
    served: servedOperator,
    heardByOperator: (id: string) => void heard.add(id),
    filed: (title: string, rows: number) => void files.set(title, rows),
  }
}
