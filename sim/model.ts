// A second opinion of what the rules look at: whose account is frozen, who has spent how much, who may buy what, who knows whom.
// It is built from what was committed alone, shares no code with the rules, and each commit is held against it.
import type { AccountKey, AccountNumber } from '#core/accounts.ts'
import type { Bill } from '#core/bill.ts'
import { coolingOffEnds } from '#core/calendar.ts'
import type { PartyId } from '#core/ids.ts'
import type { Account, Limits, PostedTransfer } from '#core/ledger.ts'
import type { Payment, SchemeRules } from '#core/payment.ts'
import { NO_ATTRIBUTES, type Attributes } from '#core/standing.ts'
import { BUDGETS } from '#protocol/limits.ts'
import type { Profile, Writes } from '#switch/store.ts'
import { unmasked } from './desk.ts'
import { openShowingModel } from './model-showing.ts'

type Contact = 'listed' | 'blocked'
type Verified = Omit<Attributes, 'birthDate'> & Readonly<{ birthDate: string | null }>
type Purchase = Readonly<{ key: string; party: PartyId; day: number; quantity: number }>
type Spent = { day: number; month: number }

/** A decision may rest on a contact that was read a while before its commit. */
const CONTACT_AGE_MS = 90_000

export type Model = ReturnType<typeof openModel>

export function openModel(options: {
  rules: SchemeRules
  now: () => number
  lived: () => number
  profileOf: (party: PartyId) => Profile | undefined
  fail: (sentence: string) => void
}) {
  const { rules, now, lived, fail } = options
  const calendar = new Intl.DateTimeFormat('en-CA', { timeZone: rules.zone, dateStyle: 'short' })
  const dayOf = (at: number): number => Number(calendar.format(at).replaceAll('-', ''))

  const status = new Map<string, Account['status']>()
  const limits = new Map<string, Limits | null>()
  const tally = new Map<string, bigint>()
  const lastSpent = new Map<string, Spent>()
  const attributes = new Map<string, Attributes>()
  const purchases = new Map<string, readonly Purchase[]>()
  const counted = new Map<string, number>()
  const contacts = new Map<string, { status: Contact; listedUntil: number; unblockedUntil: number }>()
  const questions = new Map<PartyId, number>()
  const prompts = new Map<PartyId, number>()
  const startedAt = now()
  const payments = new Map<string, Payment>()
  const approvedAt = new Map<string, number>()
  /** from when a cancellation period counts: what comes from outside is there when it was answered */
  const fundedAt = new Map<string, number>()
  const billVersions = new Map<string, number>()
  const permits = new Map<string, number>()
  const challenges = new Set<string>()
  const live = new Map<string, string>()
  let actions = 0
  const showing = openShowingModel({ ...options, dayOf })

  const statusOf = (account: AccountKey): Account['status'] => status.get(account) ?? 'open'

  function committed(writes: Writes): void {
    // In one batch the operator's word may have come before or after a payment: either is right.
    const oldStatus = new Map(status)
    const oldLimits = new Map(limits)
    const knew = new Map(attributes)
    for (const action of writes.actions) act(action.what, action.subject, action.after)
    const isOpen = (account: AccountKey): boolean =>
      (oldStatus.get(account) ?? 'open') === 'open' || statusOf(account) === 'open'

    for (const { offer, previous } of writes.offers) {
      const name = `${offer.terminal} ${offer.deal}`
      if (offer.state.kind === 'open' && offer.state.ticket.number !== null) {
        const number = `${offer.state.ticket.scope} ${offer.state.ticket.number}`
        if ((live.get(number) ?? name) !== name) fail(`number ${number} is live twice`)
        live.set(number, name)
      } else for (const [number, other] of live) if (other === name) live.delete(number)
      if (previous !== null) continue
      if (!isOpen(offer.biller.account))
        fail(`a bill was opened for the ${statusOf(offer.biller.account)} account ${offer.biller.account}`)
      if (offer.state.kind === 'taken' && offer.state.way === 'code')
        mayPrompt(offer.state.payer.party, offer.biller.account)
      if (offer.state.kind !== 'taken' || offer.state.payer.device !== null) continue
      const { party } = offer.state.payer
      if (offer.question === null) mayBill(party, offer.biller.account)
      else mayAsk(party, offer.biller.account)
    }
    for (const { body, subject } of writes.events) if (body.kind === 'shown') showing.saidSo(subject)
    follow(writes)
    for (const transfer of writes.transfers) spend(transfer, writes, isOpen)
    for (const { account } of writes.accounts) compare(account, writes, oldLimits)
    for (const { payment } of writes.payments) take(payment, false)
    for (const { body, subject } of writes.events) {
      if (body.kind === 'approved' || body.kind === 'answered') fundedAt.set(subject, body.at)
      if (body.kind !== 'approved' || !subject.startsWith('pay')) continue
      const row = writes.payments.find(({ payment }) => payment.id === subject)?.payment
      if (row === undefined) continue
      approvedAt.set(row.id, body.at)
      if (!isOpen(row.payer.account)) fail(`${row.id} was approved from a ${statusOf(row.payer.account)} account`)
      take(row, true)
      judge(row, knew, oldLimits, body.at)
    }
    for (const { payment } of writes.payments) {
      showing.shown(payment)
      payments.set(payment.id, payment)
    }
    for (const { standing } of writes.standings) hold(standing)
  }

  function act(what: string, subject: string, after: string): void {
    actions++
    // Border: what our own desk has written.
    const said = JSON.parse(after) as { unit: string; limits: Record<keyof Limits, string> | null } & Verified
    if (what === 'freeze') status.set(subject, 'frozen')
    if (what === 'unfreeze') status.set(subject, 'open')
    if (what === 'close') status.set(subject, 'closed')
    if (what === 'verify') {
      const { birthDate, region, memberships } = said
      const verified = { birthDate: birthDate === null ? null : unmasked(birthDate), region, memberships }
      attributes.set(subject, verified)
      showing.verified(subject, verified)
    }
    if (what !== 'set-limits') return
    const { limits: own } = said
    const parsed = own && {
      perPayment: BigInt(own.perPayment),
      perDay: BigInt(own.perDay),
      perMonth: BigInt(own.perMonth),
    }
    limits.set(`${subject} ${said.unit}`, parsed)
  }

  /** Questions, permits and bill versions, event by event. */
  function follow({ events, payments: rows }: Writes): void {
    for (const { body, subject } of events) {
      if (!subject.startsWith('pay')) continue
      const after = rows.find(({ payment }) => payment.id === subject)?.payment
      if (!billVersions.has(subject)) {
        const billed = events.filter((each) => each.subject === subject && each.body.kind === 'billed').length
        billVersions.set(subject, (after?.billVersion ?? 0) - billed)
      }
      const version = billVersions.get(subject) ?? 0
      if (body.kind === 'billed') {
        billVersions.set(subject, version + 1)
        permits.delete(subject)
      }
      if (body.kind === 'permitted' && body.allowed) permits.set(subject, version)
      if (body.kind === 'challenged') challenges.add(subject)
      if (body.kind === 'ended' || (body.kind === 'responded' && body.passed)) challenges.delete(subject)
      if (body.kind === 'approved' && challenges.has(subject)) fail(`${subject} was approved with a question open`)
    }
  }

  /** Each transfer of a payment goes between its two sides, and counts where the payer's limits are. */
  function spend(transfer: PostedTransfer, writes: Writes, isOpen: (account: AccountKey) => boolean): void {
    const { kind, debit, credit, unit, amount, at, payment: id } = transfer
    const row = writes.payments.find(({ payment }) => payment.id === id)?.payment ?? payments.get(id ?? '')
    if (id !== null && row !== undefined) {
      if (!waysOf(row, transfer.bucket).some((way) => way === `${kind} ${debit} ${credit} ${unit}`))
        fail(`${kind} of ${id} went from ${debit} to ${credit} in ${unit}`)
    }
    // What comes in after an account was closed is paid out at the desk.
    const isPaidOut = kind === 'withdraw' && statusOf(debit) === 'closed'
    if ((kind === 'refund' || kind === 'withdraw') && !isOpen(debit) && !isPaidOut)
      fail(`${kind} from the ${statusOf(debit)} ${debit}`)
    if (!isSpending(transfer)) return
    const key = `${debit} ${unit}`
    const day = dayOf(at)
    const month = Math.floor(day / 100)
    for (const period of [day, month]) tally.set(`${key} ${period}`, (tally.get(`${key} ${period}`) ?? 0n) + amount)
    lastSpent.set(key, { day, month })
  }

  /** Each way that money of this payment may go: from the payer's own account, through the exchange, by the payer's bank, or by the card's issuer. */
  function waysOf({ payer, biller, means, bill }: Payment, bucket: number): string[] {
    const [escrow, exchange] = [`escrow:${bucket}`, `exchange:${bucket}`]
    const source = { account: payer.account, exchange, bank: `clearing:${bucket}`, card: `card:${bucket}` }[means.kind]
    const way = (kind: string, from: string, to: string, unit: string | undefined = bill?.unit): string =>
      `${kind} ${from} ${to} ${unit}`
    const ways = [
      way('settle', source, biller.account),
      way('hold', source, escrow),
      way('release', escrow, biller.account),
      way('return', escrow, source),
      way('refund', biller.account, source),
    ]
    if (means.kind !== 'exchange') return ways
    const { unit } = means
    const inOther = [way('exchange', payer.account, exchange, unit), way('return', exchange, payer.account, unit)]
    return [...ways, ...inOther, way('refund', exchange, payer.account, unit)]
  }

  /** The account's own row says what the actions and the transfers say, and no limit was passed. */
  function compare(account: Account, writes: Writes, oldLimits: ReadonlyMap<string, Limits | null>): void {
    const key = `${account.key} ${account.unit}`
    if (account.status !== statusOf(account.key))
      fail(`${account.key} is ${account.status}, the operator made it ${statusOf(account.key)}`)
    const own = limits.get(key) ?? null
    if (String(own?.perDay) !== String(account.limits?.perDay)) fail(`${key} has other limits than the operator set`)
    const spent = lastSpent.get(key)
    if (spent === undefined) return
    const onDay = tally.get(`${key} ${spent.day}`) ?? 0n
    const inMonth = tally.get(`${key} ${spent.month}`) ?? 0n
    const row = account.spent
    if (row.day !== spent.day || row.onDay !== onDay || row.month !== spent.month || row.inMonth !== inMonth)
      fail(
        `${key} counts ${row.onDay} on ${row.day} and ${row.inMonth} in ${row.month}, spent were ${onDay} and ${inMonth}`,
      )
    if (!writes.transfers.some((each) => `${each.debit} ${each.unit}` === key && isSpending(each))) return
    const allowed = [own ?? rules.limits, oldLimits.get(key) ?? rules.limits]
    if (allowed.every(({ perDay }) => onDay > perDay)) fail(`${key} has spent ${onDay} in a day`)
    if (allowed.every(({ perMonth }) => inMonth > perMonth)) fail(`${key} has spent ${inMonth} in a month`)
  }

  /** What a payment counts of articles sold per day; first what went back, then, approval by approval, what was bought. */
  function take(payment: Payment, isApproval: boolean): void {
    const now = purchasesIn(payment)
    const known = purchases.get(payment.id) ?? []
    if (!isApproval && now.length >= known.length && known.length === 0) return
    for (const { key, quantity } of known) counted.set(key, (counted.get(key) ?? 0) - quantity)
    for (const { key, quantity } of now) counted.set(key, (counted.get(key) ?? 0) + quantity)
    purchases.set(payment.id, now)
  }

  function purchasesIn({ id, bill, portions, payer, biller }: Payment): Purchase[] {
    const at = approvedAt.get(id)
    if (bill === null || at === undefined) return []
    const day = dayOf(at)
    const bought = portions.filter(({ state }) => ['authorising', 'held', 'settled'].includes(state.kind))
    return bought
      .flatMap(({ lines }) => lines)
      .flatMap((index) => {
        const line = bill.lines[index]
        if (line?.restriction?.perDay == null) return []
        const key = `${payer.party} ${biller.party} ${line.code} ${day}`
        return [{ key, party: payer.party, day, quantity: line.quantity }]
      })
  }

  /** Restricted goods: only to whom they may be sold, or where the shop has said yes to this very bill. */
  function judge(
    { id, bill, billVersion, payer, biller, means }: Payment,
    knew: ReadonlyMap<string, Attributes>,
    oldLimits: ReadonlyMap<string, Limits | null>,
    at: number,
  ): void {
    if (bill === null) return fail(`${id} was approved without a bill`)
    const [unit, total] = means.kind === 'exchange' ? [means.unit, means.amount] : [bill.unit, bill.total]
    const key = `${payer.account} ${unit}`
    const allowed = [limits.get(key) ?? rules.limits, oldLimits.get(key) ?? rules.limits]
    if (allowed.every(({ perPayment }) => total > perPayment)) fail(`${id} of ${total} is over the limit`)
    if (permits.get(id) === billVersion) return
    const day = dayOf(at)
    const known = [attributes.get(payer.party) ?? NO_ATTRIBUTES, knew.get(payer.party) ?? NO_ATTRIBUTES]
    if (!known.some((each) => isAllowed(bill, each, day))) fail(`${id} sold what ${payer.name} may not buy`)
    for (const line of bill.lines) {
      if (line.restriction?.perDay == null) continue
      const count = counted.get(`${payer.party} ${biller.party} ${line.code} ${day}`) ?? 0
      if (count > line.restriction.perDay) fail(`${id} sold ${count} of ${line.code} to ${payer.name} in a day`)
    }
  }

  function isAllowed({ lines }: Bill, { birthDate, region, memberships }: Attributes, day: number): boolean {
    return lines.every(({ restriction }) => {
      if (restriction === null) return true
      const { minimumAge, membership, region: wanted } = restriction
      if (minimumAge !== null && (birthDate === null || Math.floor((day - birthDate) / 10_000) < minimumAge))
        return false
      const isMember = memberships.some(({ name, until }) => name === membership && (until === null || until >= day))
      if (membership !== null && !isMember) return false
      return wanted === null || region === wanted || region?.startsWith(`${wanted}-`) === true
    })
  }

  /** A standing as it was written: the verified attributes, and today's purchases to the piece. */
  function hold({ party, attributes: written, bought }: Writes['standings'][number]['standing']): void {
    const verified = attributes.get(party) ?? NO_ATTRIBUTES
    if (String(written.birthDate) !== String(verified.birthDate) || String(written.region) !== String(verified.region))
      fail(`${party} has other attributes than the operator verified`)
    const today = dayOf(now())
    const expected = new Map<string, number>()
    for (const [key, quantity] of counted)
      if (quantity > 0 && key.startsWith(party) && key.endsWith(` ${today}`)) expected.set(key, quantity)
    const rows = bought.filter(({ day }) => day === today)
    const isSame =
      rows.length === expected.size &&
      rows.every(({ article, quantity }) => expected.get(`${party} ${article} ${today}`) === quantity)
    if (!isSame) fail(`${party} has bought ${JSON.stringify([...expected])}, counted are ${JSON.stringify(rows)}`)
  }

  /** Only who is listed may send a bill unasked. */
  function mayBill(payer: PartyId, biller: AccountNumber): void {
    const known = contacts.get(`${payer} ${biller}`)
    const isFresh = known?.status === 'listed' || (known?.listedUntil ?? -Infinity) > lived() - CONTACT_AGE_MS
    if (!isFresh) fail(`${payer} got a bill from ${biller}, who is ${known?.status ?? 'nobody'} to them`)
  }

  /** Who was blocked asks nobody; and nobody is asked for ever. */
  function mayAsk(asked: PartyId, asker: AccountNumber): void {
    const known = contacts.get(`${asked} ${asker}`)
    const isFresh = known?.status !== 'blocked' || (known.unblockedUntil ?? -Infinity) > lived() - CONTACT_AGE_MS
    if (!isFresh) fail(`${asked} was asked by ${asker}, whom they have blocked`)
    const count = (questions.get(asked) ?? 0) + 1
    questions.set(asked, count)
    const { burst, perHour } = BUDGETS.questions
    if (count > burst + (perHour * (now() - startedAt)) / 3_600_000) fail(`${asked} was asked ${count} times`)
  }

  /** Codes bring questions to a phone, of nobody whom its owner has blocked, and not without end. */
  function mayPrompt(asked: PartyId, asker: AccountNumber): void {
    const known = contacts.get(`${asked} ${asker}`)
    const isFresh = known?.status !== 'blocked' || (known.unblockedUntil ?? -Infinity) > lived() - CONTACT_AGE_MS
    if (!isFresh) fail(`a code of ${asked} was read by ${asker}, whom they have blocked`)
    const count = (prompts.get(asked) ?? 0) + 1
    prompts.set(asked, count)
    const { burst, perHour } = BUDGETS.prompts
    if (count > burst + (perHour * (now() - startedAt)) / 3_600_000) fail(`${asked} got ${count} questions by codes`)
  }

  function contact(party: PartyId, account: AccountNumber, next: Contact): void {
    const key = `${party} ${account}`
    const known = contacts.get(key)
    const listedUntil = known?.status === 'listed' ? lived() : (known?.listedUntil ?? -Infinity)
    const unblockedUntil = known?.status === 'blocked' ? known.unblockedUntil : lived()
    contacts.set(key, { status: next, listedUntil, unblockedUntil })
  }

  /** May this line still go back at `at`? */
  function isInTime(payment: Payment, portion: number, at: number): boolean {
    const { coolingOff } = payment.portions[portion]?.conditions ?? { coolingOff: null }
    const since = fundedAt.get(payment.id)
    return coolingOff !== null && since !== undefined && at < coolingOffEnds(coolingOff, since)
  }

  return {
    committed,
    contact,
    isInTime,
    statusOf,
    actions: () => actions,
    contactOf: (party: string, account: string) => contacts.get(`${party} ${account}`)?.status ?? null,
  }
}

/** Does it count against its payer's limits? What a bank brings does not. */
const isSpending = ({ kind, debit }: Pick<PostedTransfer, 'kind' | 'debit'>): boolean =>
  ['settle', 'hold', 'exchange'].includes(kind) && !debit.includes(':')
