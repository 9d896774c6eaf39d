// handle(command): the one door for everything that changes a payment or moves money.
//
// A command is one step in one bucket, or a few (join: offer, then payment; release: payment, then offer; refund: merchant, then
// payer). Each step can be repeated: what the first step decided is true, and a deal left half-way is finished by whoever looks next.
import { bucketOf, bucketOfAccount, type AccountNumber } from '#core/accounts.ts'
import { assert } from '#core/assert.ts'
import { toHex, fromU16, concat } from '#core/bytes.ts'
import { bucketOfId, idFrom, idInBucket, type PaymentId, type SchemeId } from '#core/ids.ts'
import { affords, type Account } from '#core/ledger.ts'
import type { Unit } from '#core/money.ts'
import { LIFETIME_MS, numberFrom, QUARANTINE_MS, randomDigitsFor, type PaymentNumber } from '#core/numbers.ts'
import {
  decideOffer,
  evolveOffer,
  isStale,
  openOffer,
  type Offer,
  type OfferCommand,
  type Ticket,
} from '#core/offer.ts'
import {
  decide,
  evolve,
  joinedPayment,
  needsOf,
  settledAmount,
  shortageOf,
  stateOf,
  transfersOf,
  type Payment,
  type PaymentCommand,
  type SchemeRules,
} from '#core/payment.ts'
import { refuse } from '#core/refusals.ts'
import { LIMITS } from '#protocol/limits.ts'
import type { DeviceActor, TerminalActor } from './actors.ts'
import type { BudgetKey, Budgets } from './budgets.ts'
import type { Command, DeviceCommand, Posting, TerminalCommand } from './command.ts'
import { createLanes, NOTHING, refused, type Outcome, type Step } from './lanes.ts'
import type { Answer, Balance, CommandKey, Due, OfferKey, RefundRow, Store } from './store.ts'
import type { Changes, Working } from './working.ts'

export type Scheme = Readonly<{ id: SchemeId; buckets: number; rules: SchemeRules }>

export type Switch = ReturnType<typeof createSwitch>

type Sent<Body> = Body & CommandKey & Readonly<{ hash: string }>
type FromTerminal<Name extends TerminalCommand['name']> = Extract<TerminalCommand, { name: Name }> &
  Readonly<{ actor: TerminalActor; command: Sent<object> }>
type FromDevice<Name extends DeviceCommand['name']> = Extract<DeviceCommand, { name: Name }> &
  Readonly<{ actor: DeviceActor; command: Sent<object> }>

/** All numbers of a town are drawn from one area: 8 random digits and the check digit. */
const AREA = 'area:main'
/** Draws from which the first free number is taken; at 200 live numbers a second draw happens once in 5,000. */
const NUMBER_DRAWS = 5
/** Shops whose account was seen: 1 MB at most. */
const COUNTED = 10_000

/**
 * The switch over a store. `random` gives that many random bytes; there is no other source of chance, and no clock but the store's.
 */
export function createSwitch(options: {
  store: Store
  budgets: Budgets
  scheme: Scheme
  random: (bytes: number) => Uint8Array
  lanes: number
  onChange: (changes: Changes) => void
  onAlarm: (alarm: { step: Step; error: unknown }) => void
}) {
  const { store, budgets, scheme, random } = options
  const lanes = createLanes({
    store,
    buckets: scheme.buckets,
    lanes: options.lanes,
    onCommit: options.onChange,
    onAlarm: options.onAlarm,
  })

  /** Decides a command once and for ever. Throws StoreUnavailable or TooBusy when nothing was decided. */
  async function handle(sent: Command): Promise<Answer> {
    const command = { actor: sent.actor.id, id: sent.id, hash: sent.hash }
    switch (sent.name) {
      case 'open-offer':
        return openDeal({ ...sent, command })
      case 'renew-number':
        return renewNumber({ ...sent, command })
      case 'change-bill':
        return changeBill({ ...sent, command })
      case 'cancel-deal':
        return cancelDeal({ ...sent, command })
      case 'release':
        return release({ ...sent, command })
      case 'deliver': {
        const { portion, amount } = sent
        return onPayment(sent.payment, command, sent.actor, { kind: 'deliver', portion, amount })
      }
      case 'challenge':
        return onPayment(sent.payment, command, sent.actor, { kind: 'challenge', nonce: toHex(random(16)) })
      case 'refund':
        return refund({ ...sent, command })
      case 'join':
        return join({ ...sent, command })
      case 'approve':
        return onPayment(sent.payment, command, sent.actor, { kind: 'approve', evidence: sent.evidence })
      case 'respond':
        return onPayment(sent.payment, command, sent.actor, { kind: 'respond', evidence: sent.evidence })
      case 'decline':
        return onPayment(sent.payment, command, sent.actor, { kind: 'cancel', by: 'payer' })
      case 'attend':
        return onPayment(sent.payment, command, sent.actor, { kind: 'attend' })
    }
  }

  // ---- offers: the terminal's side before a phone has joined

  async function openDeal({ deal, bill, actor, command }: FromTerminal<'open-offer'>): Promise<Answer> {
    const key = { terminal: actor.id, deal }
    if (bill !== null && !(await counts(actor.account, bill.unit))) return refuseUnit(actor, command)
    const drawn = await drawTicket(key)
    return certainly({
      bucket: bucketOfId(actor.id),
      command,
      needs: { offers: [key], terminals: [actor.id] },
      decide(working) {
        if (working.terminal(actor.id)?.status !== 'active') return refused(refuse('terminal-inactive'))
        if (working.offer(key) !== undefined) return refused(refuse('deal-exists'))
        const { party, account, name, legalName, label } = actor
        const biller = { party, account, name, legalName, terminal: actor.id, terminalLabel: label }
        const kind = 'counter'
        const ticket = ticketAt(drawn, working.now)
        const offer = openOffer({ kind, biller, deal, bill, ticket, now: working.now })
        working.saveOffer(offer, { kind: 'opened' })
        return ofOffer(offer)
      },
    })
  }

  async function renewNumber({ deal, actor, command }: FromTerminal<'renew-number'>): Promise<Answer> {
    const key = { terminal: actor.id, deal }
    // A number drawn rests for half an hour: deals that are not there must not use them up.
    if ((await store.readOffer(bucketOfId(actor.id), key)) === undefined) {
      const unknown = refused(refuse('not-found'))
      return certainly({ bucket: bucketOfId(actor.id), command, needs: {}, decide: () => unknown })
    }
    const drawn = await drawTicket(key)
    return onOffer(key, command, (now) => ({ kind: 'renew', ticket: ticketAt(drawn, now) }))
  }

  async function changeBill({
    deal,
    payment,
    billVersion,
    bill,
    actor,
    command,
  }: FromTerminal<'change-bill'>): Promise<Answer> {
    if (!(await counts(actor.account, bill.unit))) return refuseUnit(actor, command)
    if (payment === null)
      return onOffer({ terminal: actor.id, deal }, command, () => ({ kind: 'bill', billVersion, bill }))
    return onPayment(payment, command, actor, { kind: 'bill', billVersion, bill, nonce: toHex(random(16)) })
  }

  /** Units that accounts were seen to count in; an account never vanishes, so what was seen once stays true. */
  const counted = new Set<string>()

  /** Does this account exist in the unit? Money sent to an account that does not could never be deposited. */
  async function counts(account: AccountNumber, unit: Unit): Promise<boolean> {
    const name = `${account} ${unit}`
    if (counted.has(name)) return true
    const missing = await store.readMissing([{ key: account, unit }])
    if (missing.length > 0) return false
    if (counted.size >= COUNTED) counted.clear()
    counted.add(name)
    return true
  }

  const refuseUnit = (actor: TerminalActor, command: Step['command']): Promise<Answer> =>
    certainly({ bucket: bucketOfId(actor.id), command, needs: {}, decide: () => refused(refuse('unit-mismatch')) })

  function cancelDeal({ deal, payment, actor, command }: FromTerminal<'cancel-deal'>): Promise<Answer> {
    if (payment === null) return onOffer({ terminal: actor.id, deal }, command, () => ({ kind: 'withdraw' }))
    return onPayment(payment, command, actor, { kind: 'cancel', by: 'biller' })
  }

  function onOffer(key: OfferKey, command: Step['command'], make: (now: number) => OfferCommand): Promise<Answer> {
    return certainly({
      bucket: bucketOfId(key.terminal),
      command,
      needs: { offers: [key] },
      decide(working) {
        const offer = working.offer(key)
        return offer === undefined ? refused(refuse('not-found')) : applyToOffer(working, offer, make(working.now))
      },
    })
  }

  function applyToOffer(working: Working, offer: Offer, command: OfferCommand): Answer {
    const decided = decideOffer(offer, command, working.now)
    if ('code' in decided) return { ...ofOffer(offer), refusal: decided }
    const after = decided.reduce((before, event) => {
      const next = evolveOffer(before, event)
      working.saveOffer(next, event)
      return next
    }, offer)
    return ofOffer(after)
  }

  // ---- numbers

  /** Claims a free number in its bucket (the number's own digits say which), and draws the QR's secret. */
  async function drawTicket(key: OfferKey): Promise<Readonly<{ number: PaymentNumber; token: Ticket['token'] }>> {
    const token = idFrom('tok', concat(fromU16(bucketOfId(key.terminal)), random(14)))
    for (let draw = 0; draw < NUMBER_DRAWS; draw++) {
      const number = numberFrom(random(16), randomDigitsFor('area'))
      const row = { scope: AREA, number }
      let free = false
      const outcome = await lanes.run({
        bucket: bucketOfNumber(number),
        command: null,
        needs: { numbers: [row] },
        decide(working) {
          free = (working.number(row)?.freeAt ?? 0) <= working.now
          if (free)
            working.saveNumber(bucketOfNumber(number), {
              ...row,
              ...key,
              freeAt: working.now + LIFETIME_MS.counter + QUARANTINE_MS,
            })
          return NOTHING
        },
      })
      // A step that was given up has seen the number free and has not claimed it.
      if (free && outcome === NOTHING) return { number, token }
    }
    throw new Error('no free number in this area')
  }

  const ticketAt = (drawn: Pick<Ticket, 'number' | 'token'>, now: number): Ticket => ({
    ...drawn,
    scope: AREA,
    expiresAt: now + LIFETIME_MS.counter,
  })

  /** The rows of typed numbers are dealt over all buckets by the number itself, so that no bucket has them all. */
  const bucketOfNumber = (number: string): number => Number(number.slice(-6)) % scheme.buckets

  // ---- join: the offer says who, then the payment is made

  const joining = new Map<string, Promise<Answer>>()

  /** The same join sent again while it is under way waits for the same answer, and costs one try. */
  function join(sent: FromDevice<'join'>): Promise<Answer> {
    const { actor, id, hash } = sent.command
    const key = `${actor} ${id} ${hash}`
    const underway = joining.get(key)
    if (underway !== undefined) return underway
    const answer = joinOnce(sent).finally(() => joining.delete(key))
    joining.set(key, answer)
    return answer
  }

  async function joinOnce(sent: FromDevice<'join'>): Promise<Answer> {
    const { actor, command, credential } = sent
    const home = bucketOfId(actor.id)
    const stored = await store.readCommand(home, command)
    if (stored !== undefined) {
      if (stored.hash !== command.hash) return refused(refuse('command-mismatch'))
      await finishJoin(stored.answer)
      return stored.answer
    }
    const keys: BudgetKey[] = [`device:${actor.id}`, `account:${actor.account}`, `address:${sent.address}`]
    const guessable = credential.kind === 'number'
    if (guessable && !(await budgets.charge(keys))) return refused(refuse('too-many-tries'))
    const answer = await joinWith(sent).catch(async (error: unknown) => {
      // Nothing was decided, so nothing was guessed: the phone will send the same command again.
      if (guessable) await budgets.giveBack(keys)
      throw error
    })
    if (guessable && answer.refusal?.code !== 'number-not-found') await budgets.giveBack(keys)
    return answer
  }

  async function joinWith({ actor, command, credential }: FromDevice<'join'>): Promise<Answer> {
    const home = bucketOfId(actor.id)
    const remember = (answer: Answer): Promise<Answer> =>
      certainly({ bucket: home, command, needs: {}, decide: () => answer })

    const device = await store.readDevice(home, actor.id)
    if (device?.status !== 'active' || device.key !== actor.key) return remember(refused(refuse('device-revoked')))
    const key = await find(credential)
    const offer = key && (await store.readOffer(bucketOfId(key.terminal), key))
    if (key === undefined || offer === undefined) {
      // This very join may have been decided and its answer lost, and the offer may have a new token since.
      const bucket = credential.kind === 'token' ? bucketOfToken(credential.token) : home
      const stored = bucket < scheme.buckets ? await store.readCommand(bucket, command) : undefined
      if (stored === undefined) return remember(refused(refuse('number-not-found')))
      return stored.hash === command.hash ? stored.answer : refused(refuse('command-mismatch'))
    }

    const payer = { party: actor.party, device: actor.id, account: actor.account, name: actor.name }
    const payment = idInBucket('pay', home, random(14))
    const nonce = toHex(random(16))
    const take = { kind: 'take', credential, payer, payment, nonce } as const
    const shortage = await shortageBefore(offer, take, actor)
    if (shortage !== undefined) {
      await onOffer(key, null, () => ({ kind: 'decline' }))
      return remember(refused(shortage))
    }
    let taken: Offer | undefined
    const answer = await certainly({
      bucket: bucketOfId(key.terminal),
      command,
      needs: { offers: [key], terminals: [key.terminal] },
      decide(working) {
        const present = working.offer(key)
        if (present === undefined || working.terminal(key.terminal)?.status !== 'active') {
          return refused(refuse('number-not-found'))
        }
        const answer = applyToOffer(working, present, take)
        taken = working.offer(key)
        // A phone that missed learns nothing about the deal that its number did not open.
        return answer.refusal === null ? { ...answer, payment } : refused(answer.refusal)
      },
    })
    // At home too: the same command id with another number may lead to another bucket, and must be a mismatch there.
    if (answer.refusal !== null || answer.payment === null) return remember(answer)
    const current = taken ?? (await store.readOffer(bucketOfId(key.terminal), key))
    if (current?.state.kind === 'taken' && current.state.payment === answer.payment)
      await makePayment(current, command, answer)
    return answer
  }

  async function find(credential: FromDevice<'join'>['credential']): Promise<OfferKey | undefined> {
    if (credential.kind === 'number') {
      return store.readNumber(bucketOfNumber(credential.number), { scope: AREA, number: credential.number })
    }
    const token = credential.token as Ticket['token']
    const bucket = bucketOfToken(token)
    return bucket < scheme.buckets ? store.readToken(bucket, token) : undefined
  }

  /** A token's first two bytes are its terminal's bucket. */
  const bucketOfToken = (token: string): number => Number.parseInt(token.slice(4, 8), 16)

  /** Before joining the hub looks whether this payer could pay this bill; the terminal learns only that a phone was declined. */
  async function shortageBefore(offer: Offer, take: Extract<OfferCommand, { kind: 'take' }>, actor: DeviceActor) {
    const { state, bill } = offer
    if (state.kind !== 'open') return undefined
    const now = await store.now()
    if (isStale(state.ticket, now) || 'code' in decideOffer(offer, take, now)) return undefined
    const account = (balances: readonly Balance[]): Account | null =>
      balances.find(({ unit }) => bill === null || unit === bill.unit) ?? null
    const before = account(await store.readBalances(actor.account))
    if (before === null) return refuse('account-unknown')
    if (bill === null)
      return before.status === 'open'
        ? undefined
        : refuse(before.status === 'frozen' ? 'account-frozen' : 'account-closed')
    const shortage = shortageOf(before, bill, scheme.rules)
    if (shortage?.code !== 'insufficient-funds') return shortage
    await store.deposit(bucketOf(actor.account, scheme.buckets))
    return shortageOf(account(await store.readBalances(actor.account)), bill, scheme.rules)
  }

  /** Where both halves of a join lie in one bucket, its stored answer does not tell that the second was done. */
  async function finishJoin({ terminal, deal, payment }: Answer): Promise<void> {
    if (terminal === null || deal === null || payment === null) return
    if ((await store.readPayment(payment)) === undefined) await lookAt({ terminal, deal })
  }

  /** The second half of a join; repeated without harm by whoever finds a taken offer without its payment. */
  function makePayment(offer: Offer, command: Step['command'], answer: Answer): Promise<Answer> {
    assert(offer.state.kind === 'taken', 'only a taken offer makes a payment')
    const { payment } = offer.state
    const bucket = bucketOfId(payment)
    return certainly({
      bucket,
      // Where both halves lie in one bucket the first has stored the command's answer: under its id nothing would be decided.
      command: bucket === bucketOfId(offer.terminal) ? null : command,
      needs: { payments: [payment] },
      decide(working) {
        if (working.payment(payment) === undefined) working.savePayment(joinedPayment(offer), { kind: 'joined' })
        return answer
      },
    })
  }

  // ---- payments

  async function onPayment(
    payment: PaymentId,
    command: Step['command'],
    actor: TerminalActor | DeviceActor | null,
    what: PaymentCommand,
    version: number | null = null,
  ): Promise<Answer> {
    if (bucketOfId(payment) >= scheme.buckets) return refused(refuse('not-found'))
    const device = actor?.kind === 'device' ? actor : null
    const step = (deposited: boolean): Step => ({
      bucket: bucketOfId(payment),
      command,
      needs: {
        payments: [payment],
        accounts: needsOf(payment, what.kind, device?.account ?? null),
        devices: device === null ? [] : [device.id],
      },
      decide(working) {
        const present = working.payment(payment)
        if (present === undefined || !mayAct(present, actor)) return refused(refuse('not-found'))
        if (version !== null && present.version !== version) return ofPayment(present)
        return applyToPayment(working, present, what, device, deposited)
      },
    })
    const first = await lanes.run(step(false))
    if (first !== 'again') return first
    await store.deposit(bucketOfId(payment))
    return certainly(step(true))
  }

  const mayAct = (payment: Payment, actor: TerminalActor | DeviceActor | null): boolean =>
    actor === null || (actor.kind === 'terminal' ? payment.terminal === actor.id : payment.payer.device === actor.id)

  function applyToPayment(
    working: Working,
    payment: Payment,
    what: PaymentCommand,
    device: DeviceActor | null,
    deposited: boolean,
  ): Outcome {
    const account = payment.bill && device ? (working.account(device.account, payment.bill.unit) ?? null) : null
    const loaded = { rules: scheme.rules, device: device && (working.device(device.id) ?? null), account }
    const { events, refusal, device: changed } = decide(payment, loaded, what, working.now)
    if (refusal?.code === 'insufficient-funds' && !deposited) return 'again'
    if (changed !== null) working.saveDevice(changed)
    let after = payment
    for (const event of events) {
      for (const transfer of transfersOf(after, event)) working.post(transfer)
      after = evolve(after, event)
      working.savePayment(after, event)
      if (event.kind === 'approved' && 'evidence' in what)
        working.saveEvidence(payment.id, after.version, what.evidence)
    }
    return { ...ofPayment(after), refusal }
  }

  // ---- release: the payment ends first, then the offer gets a new number

  async function release({ payment, actor, command }: FromTerminal<'release'>): Promise<Answer> {
    const answer = await onPayment(payment, command, actor, { kind: 'release' })
    if (answer.refusal === null) await reopenAfter(payment)
    return answer
  }

  /** The second half of a release (by the cashier or by silence); repeated without harm by whoever looks next. */
  async function reopenAfter(id: PaymentId): Promise<void> {
    const payment = await store.readPayment(id)
    if (payment === undefined || !wantsReopening(payment)) return
    const key = { terminal: payment.terminal, deal: payment.deal }
    const offer = await store.readOffer(bucketOfId(key.terminal), key)
    if (offer?.state.kind !== 'taken' || offer.state.payment !== id) return
    const drawn = await drawTicket(key)
    const { version, bill, billVersion } = payment
    await onOffer(key, null, (now) => ({
      kind: 'reopen',
      payment: id,
      version,
      bill,
      billVersion,
      ticket: ticketAt(drawn, now),
    }))
  }

  const wantsReopening = (payment: Payment): boolean =>
    stateOf(payment) === 'ended' && (payment.ended?.reason === 'released' || payment.ended?.reason === 'idle')

  /** The deal as it stands; finishes a join or release that died half-way. */
  async function lookAt(key: OfferKey): Promise<{ offer: Offer; payment: Payment | null } | undefined> {
    const offer = await store.readOffer(bucketOfId(key.terminal), key)
    if (offer === undefined) return undefined
    return completed(offer)
  }

  async function completed(offer: Offer): Promise<{ offer: Offer; payment: Payment | null }> {
    if (offer.state.kind !== 'taken') return { offer, payment: null }
    const found = await store.readPayment(offer.state.payment)
    if (found === undefined) {
      await makePayment(offer, null, NOTHING)
      return { offer, payment: (await store.readPayment(offer.state.payment)) ?? null }
    }
    if (!wantsReopening(found)) return { offer, payment: found }
    await reopenAfter(found.id)
    const again = await store.readOffer(bucketOfId(offer.terminal), offer)
    return { offer: again ?? offer, payment: again?.state.kind === 'taken' ? found : null }
  }

  // ---- refunds: decided in the merchant's bucket, then told to the payer's payment

  async function refund({ payment: id, amount, actor, command }: FromTerminal<'refund'>): Promise<Answer> {
    const home = bucketOfId(actor.party)
    const original = bucketOfId(id) < scheme.buckets ? await store.readPayment(id) : undefined
    if (original === undefined || original.biller.party !== actor.party || original.bill === null) {
      return certainly({ bucket: home, command, needs: {}, decide: () => refused(refuse('not-found')) })
    }
    const { unit } = original.bill
    // What was settled only grows, so an older sight of it can only refuse too much.
    await store.deposit(home)
    const refund = idInBucket('pay', home, random(14))
    const answer = await certainly({
      bucket: home,
      command,
      needs: { accounts: [actor.account], refunds: [id], terminals: [actor.id] },
      decide(working) {
        if (working.terminal(actor.id)?.status !== 'active') return refused(refuse('terminal-inactive'))
        const settled = settledAmount(original)
        if (settled === 0n) return refused(refuse('not-settled'))
        const earlier = working.refundsOf(id)
        if (earlier.length >= LIMITS.refunds) return refused(refuse('already-refunded', { left: '0' }))
        const before = earlier.reduce((total, row) => total + row.amount, 0n)
        if (before + amount > settled) return refused(refuse('already-refunded', { left: String(settled - before) }))
        const account = working.account(actor.account, unit)
        if (account === undefined || account.status === 'closed') return refused(refuse('account-closed'))
        if (account.status === 'frozen') return refused(refuse('account-frozen'))
        if (!affords(account, amount))
          return refused(refuse('insufficient-funds', { available: String(account.balance) }))
        const { payer, biller } = original
        working.post({
          kind: 'refund',
          debit: actor.account,
          credit: payer.account,
          unit,
          amount,
          payment: id,
          debitName: payer.name,
          creditName: biller.name,
        })
        working.saveRefund(home, { id: refund, original: id, amount, at: working.now, told: false })
        return { ...ofPayment(original), refund }
      },
    })
    if (answer.refund !== null) await tell({ id: answer.refund, original: id, amount, at: 0, told: false })
    return answer
  }

  /** Lets the payer's payment show the refund; repeated without harm until the row says it was told. */
  async function tell(row: RefundRow): Promise<void> {
    const shown = await onPayment(row.original, null, null, { kind: 'refunded', refund: row.id, amount: row.amount })
    if (shown.refusal !== null) return
    await certainly({
      bucket: bucketOfId(row.id),
      command: null,
      needs: { refunds: [row.original] },
      decide(working) {
        const present = working.refundsOf(row.original).find(({ id }) => id === row.id)
        if (present !== undefined && !present.told) working.saveRefund(bucketOfId(row.id), { ...present, told: true })
        return NOTHING
      },
    })
  }

  // ---- the operator's postings, and time

  /** Books transfers whose debits all lie in one bucket, all or none; the same id books once. */
  async function post(posting: Posting, actor: CommandKey['actor']): Promise<Answer> {
    const [first] = posting.transfers
    assert(first !== undefined, 'a posting has transfers')
    const bucket = bucketOfAccount(first.debit, scheme.buckets)
    const command = { actor, id: posting.id, hash: posting.hash }
    // Money to an account that does not exist could never be deposited.
    const credits = new Map(posting.transfers.map(({ credit, unit }) => [`${credit} ${unit}`, { key: credit, unit }]))
    const unknown = (await store.readMissing([...credits.values()])).length > 0
    return certainly({
      bucket,
      command,
      needs: { accounts: [...new Set(posting.transfers.map(({ debit }) => debit))] },
      decide(working) {
        if (unknown) return refused(refuse('account-unknown'))
        const wanted = new Map<string, bigint>()
        for (const { debit, unit, amount } of posting.transfers) {
          wanted.set(`${debit} ${unit}`, (wanted.get(`${debit} ${unit}`) ?? 0n) + amount)
        }
        for (const { debit, unit } of posting.transfers) {
          const account = working.account(debit, unit)
          if (account === undefined) return refused(refuse('account-unknown'))
          if (!affords(account, wanted.get(`${debit} ${unit}`) ?? 0n)) return refused(refuse('insufficient-funds'))
        }
        for (const transfer of posting.transfers) working.post(transfer)
        return NOTHING
      },
    })
  }

  /** Does what time demands, at most `limit` things; returns how many were due. */
  async function tick(limit: number): Promise<number> {
    const due = await store.readDue(limit)
    await Promise.all(due.map(whenDue))
    return due.length
  }

  async function whenDue(due: Due): Promise<void> {
    switch (due.kind) {
      case 'offer':
        await onOffer(due, null, () => ({ kind: 'time' }))
        return
      case 'payment':
        await onPayment(due.payment, null, null, { kind: 'time' }, due.version)
        await reopenAfter(due.payment)
        return
      case 'refund':
        await tell(due.refund)
    }
  }

  /** For steps that never leave the batch. */
  async function certainly(step: Step): Promise<Answer> {
    const outcome = await lanes.run(step)
    assert(outcome !== 'again', 'this step decides at once')
    return outcome
  }

  return { handle, post, tick, lookAt, completed, waiting: lanes.waiting }
}

const ofOffer = (offer: Offer): Answer => ({
  ...NOTHING,
  terminal: offer.terminal,
  deal: offer.deal,
  payment: offer.state.kind === 'taken' ? offer.state.payment : null,
  version: offer.version,
})

const ofPayment = (payment: Payment): Answer => ({
  ...NOTHING,
  terminal: payment.terminal,
  deal: payment.deal,
  payment: payment.id,
  version: payment.version,
})
