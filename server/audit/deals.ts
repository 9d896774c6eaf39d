// I5, I10, I12, I13, I27, I30, I31: every offer and payment is what its events tell; what its events move is what its transfers moved;
// every approval and every answer to a question is stored and signed; a deal has one living payment, the one its offer says; a number is live once.
import { bucketOfId, type DealId, type KeyId, type PaymentId, type TerminalId } from '#core/ids.ts'
import { answerFaults } from '#core/invariants-deals.ts'
import { ordersOf } from '#core/means.ts'
import { offerDueAt, type Accepted, type Offer } from '#core/offer.ts'
import { joinedPayment, paymentDueAt, stateOf, transfersOf, type Payment } from '#core/payment.ts'
import { equal, fromBase64url, fromHex, toHex } from '#core/bytes.ts'
import { acceptedBytes } from '#protocol/signed-bytes.ts'
import { isSignedBy } from '../auth/keys.ts'
import { idOf } from '../postgres/rows.ts'
import { eventSeal } from '../postgres/event-seal.ts'
import { approvalFault, isHandBack, signatureChecks, type DeviceKey, type StoredApproval } from './approvals.ts'
import type { Ground } from './audit.ts'
import { bytesOf, hexOf, pieces, rowsOf, type Row } from './cursor.ts'
import { moveOf } from './journal.ts'
import { devicesKeysOf, offerKey, offersOf, paymentsOf, terminalKeysOf } from './lookup.ts'
import { orderText } from './orders.ts'
import { refundShown } from './refunds.ts'
import { replayOffer, replayPayment, type PaymentStep, type StoredEvent } from './replay.ts'
import { forbiddenIn, judgePurchases, notePurchases, verifiedOf, type Purchases, type Verified } from './standings.ts'

/** The events of one offer or payment: nobody sees from the row which. */
type Group = { terminal: TerminalId; subject: string; events: StoredEvent[] }

type Judging = Ground &
  Readonly<{ numbers: Set<string>; check: ReturnType<typeof signatureChecks>; purchases: Purchases }>

export async function auditDeals(ground: Ground): Promise<void> {
  const once = { ...ground, numbers: new Set<string>(), check: signatureChecks() }
  for (let bucket = 0; bucket < ground.buckets; bucket++) {
    const judging: Judging = { ...once, purchases: new Map() }
    await auditSubjects(ground, bucket)
    let open: Group | undefined
    const query = `select terminal, subject, version, at, body::text, seal from event where bucket = ${bucket} order by terminal, subject, version`
    for await (const piece of pieces(ground.client, query)) {
      const groups: Group[] = []
      for (const row of piece) {
        const [subject, terminal] = [hexOf(row.subject), idOf<TerminalId>('trm', String(row.terminal))]
        if (open?.subject !== subject || open.terminal !== terminal) {
          if (open !== undefined) groups.push(open)
          open = { terminal, subject, events: [] }
        }
        open.events.push(eventOf(ground, bucket, row))
      }
      await judgeGroups(judging, bucket, groups)
    }
    if (open !== undefined) await judgeGroups(judging, bucket, [open])
    await judgePurchases(ground, bucket, judging.purchases)
  }
}

function eventOf({ fault, count }: Ground, bucket: number, row: Row): StoredEvent {
  const event = { version: Number(row.version), at: Number(row.at), body: String(row.body) }
  const [terminal, subject] = [String(row.terminal), String(row.subject)]
  if (!equal(eventSeal({ bucket, terminal, subject, ...event }), bytesOf(row.seal)))
    fault(`event ${hexOf(subject)} ${event.version} (bucket ${bucket}) is altered: its seal says otherwise`)
  count('events', 1)
  return event
}

/** Every offer and payment has its events, every approval its event: given here, taken below. */
async function auditSubjects({ client, pairs, count }: Ground, bucket: number): Promise<void> {
  for await (const row of rowsOf(client, `select id from payment where bucket = ${bucket} order by id`)) {
    const id = hexOf(row.id)
    pairs.subjects.give(id, `payment ${bucket} ${id}`, () => `payment pay_${id}`)
    count('payments', 1)
  }
  for await (const row of rowsOf(
    client,
    `select terminal, deal from offer where bucket = ${bucket} order by terminal, deal`,
  )) {
    const deal = hexOf(row.deal)
    pairs.subjects.give(deal, `offer ${bucket} ${hexOf(row.terminal)} ${deal}`, () => `offer deal_${deal}`)
    count('offers', 1)
  }
  for await (const row of rowsOf(
    client,
    `select payment, version from evidence where bucket = ${bucket} order by payment, version`,
  )) {
    const key = `${bucket} ${hexOf(row.payment)} ${String(row.version)}`
    pairs.approvals.give(key, key, () => `approval of pay_${hexOf(row.payment)} at version ${String(row.version)}`)
    count('approvals', 1)
  }
}

async function judgeGroups(judging: Judging, bucket: number, groups: readonly Group[]): Promise<void> {
  if (groups.length === 0) return
  const { client, pairs } = judging
  const ids = groups.map(({ subject }) => idOf<PaymentId>('pay', subject)).filter((id) => bucketOfId(id) === bucket)
  const payments = await paymentsOf(client, ids)
  const keys = groups.map(({ terminal, subject }) => ({ terminal, deal: idOf<DealId>('deal', subject) }))
  const offers = await offersOf(client, [...keys, ...payments.values()])
  const approvals = await approvalsOf(judging, bucket, [...payments.keys()])
  const signers = [...offers.values()].flatMap(({ state }) => (state.kind === 'taken' && state.signed ? [state] : []))
  const payers = new Set([...payments.values(), ...signers].map(({ payer }) => payer.party))
  const devices = await devicesKeysOf(client, [...payers])
  const acceptors = [...offers.values()].filter(({ state }) => state.kind === 'taken' && state.signed?.accepted)
  const terminals = await terminalKeysOf(client, [...new Set(acceptors.map(({ terminal }) => terminal))])
  const restricted = [...payments.values()].filter(({ bill }) => bill?.lines.some(({ restriction }) => restriction))
  const verified = await verifiedOf(judging, bucket, [...new Set(restricted.map(({ payer }) => payer.party))])
  const columns = await columnsOf(judging, bucket, groups)

  const checks: Promise<void>[] = []
  for (const { terminal, subject, events } of groups) {
    const payment = payments.get(idOf<PaymentId>('pay', subject))
    if (payment?.terminal === terminal) {
      pairs.subjects.take(subject, `payment ${bucket} ${subject}`, () => `payment ${payment.id}`)
      const offer = offers.get(offerKey(payment.terminal, payment.deal))
      const known = verified.get(payment.payer.party) ?? []
      const found = { payment, offer, approvals, devices, verified: known, row: columns.get(subject) }
      tried(judging, `payment ${payment.id}`, () => checks.push(...judgePayment(judging, bucket, found, events)))
      continue
    }
    const offer = offers.get(offerKey(terminal, idOf<DealId>('deal', subject)))
    pairs.subjects.take(
      subject,
      `offer ${bucket} ${hexOf(terminal.slice(4))} ${subject}`,
      () => `offer deal_${subject}`,
    )
    if (offer === undefined) continue
    tried(judging, `offer ${offer.deal}`, () =>
      checks.push(
        ...judgeOffer(judging, offer, { devices, terminals, row: columns.get(`${terminal} ${subject}`), events }),
      ),
    )
  }
  await Promise.all(checks)
}

/** A row that is broken in a way that no rule foresees is a fault too, and the audit goes on. */
function tried({ fault }: Ground, name: string, judge: () => void): void {
  try {
    judge()
  } catch (error) {
    fault(`${name} cannot be told from its events: ${error instanceof Error ? error.message : String(error)}`)
  }
}

/** Keys of the phones and registers that signed. */
type Keys = Readonly<{ devices: ReadonlyMap<KeyId, DeviceKey>; terminals: ReadonlyMap<TerminalId, Uint8Array> }>

type Found = Readonly<{
  payment: Payment
  offer: Offer | undefined
  approvals: ReadonlyMap<string, StoredApproval>
  devices: ReadonlyMap<KeyId, DeviceKey>
  verified: Verified
  row: Row | undefined
}>

function judgePayment(judging: Judging, bucket: number, found: Found, events: readonly StoredEvent[]): Promise<void>[] {
  const { payment, offer, row, verified } = found
  const { pairs, fault, purchases } = judging
  const name = `payment ${payment.id}`
  const checks: Promise<void>[] = []

  const { faults } = replayPayment(payment, offer, events, (step) => {
    for (const transfer of transfersOf(step.before, step.event))
      pairs.moves.take(
        payment.id,
        moveOf({ ...transfer, bucket, at: step.at }),
        () => `${transfer.kind} of ${transfer.amount} at version ${step.version} of ${payment.id}`,
      )
    for (const order of ordersOf(step.before, step.event))
      pairs.orders.give(payment.id, orderText(order), () => `order ${order.number} of ${payment.id}`)
    notePurchases(judging, step, purchases)
    if (step.event.kind === 'proven') checks.push(...judgeApproval(judging, bucket, found, step))
    if (step.event.kind !== 'approved') return
    const forbidden = forbiddenIn(judging, step, verified)
    if (forbidden.length > 0)
      fault(`${name} sold lines ${forbidden.join(' ')} that what is verified of its payer forbids`)
    checks.push(...judgeApproval(judging, bucket, found, step))
  })
  for (const each of [...faults, ...answerFaults(payment)]) fault(`${name} ${each}`)
  for (const refund of payment.refunds)
    pairs.refunds.give(
      refund.id,
      refundShown(payment.id, { ...refund, amount: refund.refunded }),
      () => `refund ${refund.id} of ${payment.id}`,
    )

  const lives = stateOf(payment) !== 'ended' || payment.approvedAt !== null
  if (lives && !(offer?.state.kind === 'taken' && offer.state.payment === payment.id))
    fault(`${name} lives, and its offer says otherwise`)
  if (bucketOfId(payment.payer.party) !== bucket) fault(`${name} is not in its payer's bucket`)
  const { version, payer } = payment
  const columns = { party: payer.party.slice(4), version, state: stateOf(payment), due_at: paymentDueAt(payment) }
  for (const column of differing(row, columns)) fault(`${name} has a column ${column} that its snapshot does not say`)
  return checks
}

/**
 * An approved event has its stored approval, of this bill, by this payer's phone, and an answered question its proof; what was handed
 * back is what the offer keeps.
 */
function judgeApproval(
  judging: Judging,
  bucket: number,
  { payment, offer, approvals, devices }: Found,
  step: PaymentStep,
): Promise<void>[] {
  const { scheme, pairs, fault, signatures } = judging
  const key = `${bucket} ${payment.id.slice(4)} ${step.version}`
  const stored = approvals.get(key)
  const approval = `approval of ${payment.id} at version ${step.version}`
  pairs.approvals.take(key, key, () => `${payment.id}, approved at version ${step.version},`)
  if (stored === undefined) return []
  const { event } = step
  const answer = event.kind === 'proven' ? event : null
  const broken = approvalFault(scheme, { ...step, released: answer?.released ?? null }, stored)
  if (broken !== undefined) fault(`${approval} ${broken}`)
  if ('strength' in event && stored.strength !== event.strength)
    fault(`${approval} was proved otherwise than its payment says`)
  const signer = devices.get(stored.key)
  if (signer === undefined) fault(`${approval} is signed by a key that nobody has enrolled for this payer`)
  else if (payment.payer.device !== null && signer.device !== payment.payer.device)
    fault(`${approval} is signed by another phone than the one that joined`)
  const signed = offer?.state.kind === 'taken' && offer.state.payment === payment.id ? offer.state.signed : null
  if (isHandBack(stored) !== (signed !== null)) fault(`${approval} was handed back, or its offer was, and not both`)
  else if (signed !== null && (signed.bytes !== toHex(stored.approval) || signed.signature !== toHex(stored.signature)))
    fault(`${approval} is another than was handed back`)
  return signatures && signer !== undefined ? [checkSignature(judging, approval, stored, signer)] : []
}

async function checkSignature(
  { check, fault }: Judging,
  approval: string,
  stored: StoredApproval,
  { publicKey }: DeviceKey,
): Promise<void> {
  const forged = await check(stored, publicKey)
  if (forged !== undefined) fault(`${approval} ${forged}`)
}

function judgeOffer(
  judging: Judging,
  offer: Offer,
  { devices, terminals, row, events }: Keys & Readonly<{ row: Row | undefined; events: readonly StoredEvent[] }>,
): Promise<void>[] {
  const { numbers, fault } = judging
  const name = `offer ${offer.deal}`
  for (const each of replayOffer(offer, events).faults) fault(`${name} ${each}`)
  const { version, state, token, openedAt } = offer
  const columns = { version, state: state.kind, token: token.slice(4), opened_at: openedAt, due_at: offerDueAt(offer) }
  for (const column of differing(row, columns)) fault(`${name} has a column ${column} that its snapshot does not say`)
  if (state.kind === 'taken') return judgeSigned(judging, offer, { devices, terminals })
  // Between people there is a link and no number.
  if (state.kind !== 'open' || state.ticket.number === null) return []
  const number = `${state.ticket.scope} ${state.ticket.number}`
  if (numbers.has(number)) fault(`number ${number} is live twice: ${name}`)
  numbers.add(number)
  return []
}

/** A purchase that was handed back was signed for this very bill, also where it could not be settled. */
function judgeSigned(judging: Judging, offer: Offer, { devices, terminals }: Keys): Promise<void>[] {
  const { state } = offer
  if (state.kind !== 'taken' || state.signed === null) return []
  const { scheme, fault, signatures } = judging
  const name = `what was handed back for ${offer.deal}`
  const { bytes, signature, key, accepted } = state.signed
  const stored = { approval: bytesFrom(bytes), signature: bytesFrom(signature), key, strength: state.signed.strength }
  const broken = isHandBack(stored)
    ? approvalFault(scheme, { before: joinedPayment(offer), at: state.at, released: null }, stored)
    : 'is no purchase that was handed back'
  if (broken !== undefined) fault(`${name} ${broken}`)
  const signer = devices.get(key)
  if (signer === undefined || signer.device !== state.payer.device) fault(`${name} is not signed by the payer's phone`)
  if (signatures && accepted !== null && !isAccepted(judging, offer, stored.approval, accepted, terminals))
    fault(`${name} was accepted at a time that its register has not signed`)
  return signatures && signer !== undefined ? [checkSignature(judging, name, stored, signer)] : []
}

/** Has this very register signed that it took this approval then? */
function isAccepted(
  { scheme }: Judging,
  { terminal, deal }: Offer,
  approval: Uint8Array,
  { at, signature }: Accepted,
  terminals: Keys['terminals'],
): boolean {
  const publicKey = terminals.get(terminal)
  const bytes = fromBase64url(signature)
  if (publicKey === undefined || bytes === undefined) return false
  return isSignedBy(publicKey, acceptedBytes({ scheme, deal, approval, at }), bytes)
}

const bytesFrom = (hex: string): Uint8Array => fromHex(hex) ?? new Uint8Array(0)

/** The columns that do not repeat what the snapshot says. Border: they hold integers, text and uuids. */
const differing = (row: Row | undefined, said: Readonly<Record<string, string | number | null>>): string[] =>
  Object.entries(said).flatMap(([column, value]) => {
    const stored: unknown = row?.[column] ?? null
    const text = stored === null ? null : `${stored as string | number}`
    const shown = ['party', 'token'].includes(column) ? hexOf(text) : text
    return shown === (value === null ? null : String(value)) ? [] : [column]
  })

async function columnsOf({ client }: Ground, bucket: number, groups: readonly Group[]): Promise<Map<string, Row>> {
  const subjects = groups.map(({ subject }) => subject)
  const terminals = groups.map(({ terminal }) => terminal.slice(4))
  const payments = await client.query<Row>(
    'select id, party, version, state, due_at from payment where bucket = $1 and id = any($2::uuid[])',
    [bucket, subjects],
  )
  const offers = await client.query<Row>(
    `select terminal, deal, version, state, token, opened_at, due_at from unnest($2::uuid[], $3::uuid[]) n(terminal, deal)
     join offer o using (terminal, deal) where o.bucket = $1`,
    [bucket, terminals, subjects],
  )
  return new Map([
    ...payments.rows.map((row) => [hexOf(row.id), row] as const),
    ...offers.rows.map((row) => [`trm_${hexOf(row.terminal)} ${hexOf(row.deal)}`, row] as const),
  ])
}

async function approvalsOf(
  { client }: Ground,
  bucket: number,
  payments: readonly PaymentId[],
): Promise<Map<string, StoredApproval>> {
  const { rows } = await client.query<Row>(
    'select payment, version, approval, signature, key, strength from evidence where bucket = $1 and payment = any($2::uuid[])',
    [bucket, payments.map((id) => id.slice(4))],
  )
  return new Map(
    rows.map((row) => [
      `${bucket} ${hexOf(row.payment)} ${String(row.version)}`,
      {
        approval: bytesOf(row.approval),
        signature: bytesOf(row.signature),
        key: idOf<KeyId>('key', String(row.key)),
        strength: typeof row.strength === 'string' ? row.strength : null,
      },
    ]),
  )
}
