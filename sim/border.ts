// The simulated hub's border: a body from the wire becomes the switch's command; what is not right is a problem and decides nothing.
// The real one (server/) reads HTTP; this one reads what the SDK gives its transport.
import { isAccountNumber } from '#core/accounts.ts'
import { claimsOf } from '#core/approval.ts'
import type { Bill } from '#core/bill.ts'
import { fromBase64url } from '#core/bytes.ts'
import { isCoolingOff } from '#core/calendar.ts'
import { STRENGTHS } from '#core/device.ts'
import { isId, parseId, type DealId, type MeansId, type OfferToken, type PaymentId } from '#core/ids.ts'
import type { Choice } from '#core/means.ts'
import { parseAmount, sum, unitOf } from '#core/money.ts'
import type { Evidence } from '#core/payment.ts'
import { isQuestion } from '#core/question.ts'
import { billFromWire } from '#protocol/bill.ts'
import type { AnyCommand, CommandBody } from '#protocol/commands.ts'
import type { ProblemCode } from '#protocol/problems.ts'
import type { DeviceActor } from '#switch/actors.ts'
import type { DeviceCommand, TerminalCommand } from '#switch/command.ts'
import type { Enrolled, EnrolledPhone } from './directory.ts'
import { readAcceptance, readPurchase } from './purchases.ts'
import { toyHeld, toyProof, toySign } from './toy-keys.ts'
import { JPY } from './town-units.ts'
import type { World } from './world.ts'

/** The switch's command, or the code of a problem. `from` is who sent it. */
export function readCommand(
  sent: AnyCommand,
  from: Enrolled,
  world: Pick<World, 'directory' | 'codes' | 'scheme' | 'plant' | 'bank' | 'cards' | 'rates' | 'memory'>,
): TerminalCommand | DeviceCommand | ProblemCode {
  const { directory, codes, scheme, plant } = world
  const isPerson = from.actor.kind === 'device'
  switch (sent.name) {
    case 'open-offer': {
      const deal = parseId('deal', sent.body.deal)
      const bill = sent.body.bill === null ? null : billOf(sent.body.bill, isPerson)
      if (deal === undefined) return 'id-invalid'
      return bill === undefined ? 'bill-invalid' : { name: sent.name, deal, bill }
    }
    case 'ask': {
      const deal = parseId('deal', sent.body.deal)
      const { question } = sent.body
      if (deal === undefined) return 'id-invalid'
      return isQuestion(question) ? { name: sent.name, deal, question } : 'field-invalid'
    }
    case 'renew-number': {
      const deal = parseId('deal', sent.body.deal)
      return deal === undefined ? 'id-invalid' : { name: sent.name, deal }
    }
    case 'change-bill': {
      const deal = parseId('deal', sent.body.deal)
      const bill = billOf(sent.body.bill, isPerson)
      const payment = sent.body.payment === null ? null : parseId('pay', sent.body.payment)
      if (deal === undefined || payment === undefined) return 'id-invalid'
      if (bill === undefined) return 'bill-invalid'
      return { name: sent.name, deal, payment, billVersion: sent.body.billVersion, bill }
    }
    case 'cancel-deal': {
      const deal = parseId('deal', sent.body.deal)
      const payment = sent.body.payment === null ? null : parseId('pay', sent.body.payment)
      return deal === undefined || payment === undefined ? 'id-invalid' : { name: sent.name, deal, payment }
    }
    case 'release': {
      const deal = parseId('deal', sent.body.deal)
      const payment = parseId('pay', sent.body.payment)
      return deal === undefined || payment === undefined ? 'id-invalid' : { name: sent.name, deal, payment }
    }
    case 'deliver': {
      const payment = parseId('pay', sent.body.payment)
      const amount = parseAmount(sent.body.amount)
      if (payment === undefined || amount === undefined) return 'amount-invalid'
      return { name: sent.name, payment, portion: sent.body.portion, amount }
    }
    case 'refund':
      return refundOf(sent.body)
    case 'permit': {
      const payment = parseId('pay', sent.body.payment)
      return payment === undefined ? 'id-invalid' : { name: sent.name, payment, allowed: sent.body.allowed }
    }
    case 'bill-person': {
      const deal = parseId('deal', sent.body.deal)
      const bill = billOf(sent.body.bill, isPerson)
      const { to } = sent.body
      if (deal === undefined || !isAccountNumber(to)) return 'id-invalid'
      return bill === undefined ? 'bill-invalid' : { name: sent.name, deal, to, bill }
    }
    case 'submit-signed': {
      const deal = parseId('deal', sent.body.deal)
      const bill = billOf(sent.body.bill, isPerson)
      const payer = directory.findPhone(sent.body.payer)
      if (deal === undefined) return 'id-invalid'
      if (bill === undefined) return 'bill-invalid'
      const evidence = payer && evidenceOf(sent.body, payer)
      if (payer === undefined || evidence === undefined || claimsOf(evidence.bytes)?.purpose !== 'hand-back')
        return 'signature-invalid'
      const { accepted: said } = sent.body
      if (said === undefined) return { name: sent.name, deal, bill, payer: payer.actor, evidence }
      const what = { scheme: scheme.id, deal, approval: evidence.bytes, directory }
      const accepted = plant.acceptsAnything === true ? said : readAcceptance(from.actor.id, said, what)
      if (accepted === undefined) return 'signature-invalid'
      return { name: sent.name, deal, bill, payer: payer.actor, evidence, accepted }
    }
    case 'bill-code': {
      const deal = parseId('deal', sent.body.deal)
      const bill = sent.body.bill === null ? null : billOf(sent.body.bill, isPerson)
      if (deal === undefined) return 'id-invalid'
      if (bill === undefined) return 'bill-invalid'
      const user = world.cards.userOf(sent.body.code)
      if (user !== undefined) return billUser({ ...user, deal, bill }, from, world)
      const payer = codes.take(sent.body.code, `${from.actor.id} ${deal} ${sent.body.command}`)
      return payer === undefined ? 'code-not-found' : { name: sent.name, deal, bill, payer }
    }
    case 'submit-purchase': {
      const read = readPurchase(sent.body.purchase, directory)
      const deal = parseId('deal', read?.deal)
      const bill = read && billOf(read.bill, false)
      if (read === undefined || deal === undefined || bill === undefined) return 'purchase-invalid'
      const evidence = from.actor.kind === 'device' ? evidenceOf(sent.body, { ...from, actor: from.actor }) : undefined
      if (evidence === undefined || claimsOf(evidence.bytes)?.purpose !== 'hand-back') return 'signature-invalid'
      return { name: sent.name, terminal: read.terminal, deal, bill, evidence }
    }
    case 'take-back': {
      const payment = parseId('pay', sent.body.payment)
      return payment === undefined ? 'id-invalid' : { name: sent.name, payment, portion: sent.body.portion }
    }
    case 'attest': {
      const payment = parseId('pay', sent.body.payment)
      return payment === undefined ? 'id-invalid' : { name: sent.name, payment, provedAt: sent.body.provedAt ?? null }
    }
    case 'challenge':
    case 'decline':
    case 'attend': {
      const payment = parseId('pay', sent.body.payment)
      return payment === undefined ? 'id-invalid' : { name: sent.name, payment }
    }
    case 'choose-means': {
      const payment = parseId('pay', sent.body.payment)
      if (payment === undefined) return 'id-invalid'
      const choice = choiceOf(sent.body.means, payment, from, world)
      return typeof choice === 'string' ? choice : { name: sent.name, payment, choice }
    }
    case 'join': {
      const { credential } = sent.body
      if (credential.kind === 'number') return { name: sent.name, address: from.address, credential }
      // Border: checked just now, the brand is lost in the union.
      const token = credential.token as OfferToken
      return isId('tok', token)
        ? { name: sent.name, address: from.address, credential: { kind: 'token', token } }
        : 'id-invalid'
    }
    case 'approve':
    case 'respond': {
      const payment = parseId('pay', sent.body.payment)
      const evidence = from.actor.kind === 'device' ? evidenceOf(sent.body, { ...from, actor: from.actor }) : undefined
      if (payment === undefined) return 'id-invalid'
      return evidence === undefined ? 'signature-invalid' : { name: sent.name, payment, evidence }
    }
    case 'prove': {
      const payment = parseId('pay', sent.body.payment)
      const evidence = from.actor.kind === 'device' ? evidenceOf(sent.body, { ...from, actor: from.actor }) : undefined
      const { released } = sent.body
      if (payment === undefined) return 'id-invalid'
      return evidence === undefined ? 'signature-invalid' : { name: sent.name, payment, evidence, released }
    }
    case 'show': {
      const payment = parseId('pay', sent.body.payment)
      return payment === undefined ? 'id-invalid' : { name: sent.name, payment, attributes: sent.body.attributes }
    }
  }
}

/** What was chosen, with the rate of the moment or the registered account. */
function choiceOf(
  wanted: CommandBody<'choose-means'>['means'],
  payment: PaymentId,
  { actor }: Enrolled,
  { bank, cards, rates, memory }: Pick<World, 'bank' | 'cards' | 'rates' | 'memory'>,
): Choice | ProblemCode {
  if (wanted.kind === 'account') return wanted
  if (wanted.kind === 'exchange') {
    const bill = memory.contents().payments.find(({ id }) => id === payment)?.bill
    const from = unitOf(wanted.unit)
    if (from === undefined) return 'unit-invalid'
    return { kind: 'exchange', rate: (bill && rates.of(from, bill.unit)) ?? null }
  }
  const id = parseId('mns', wanted.id)
  if (wanted.kind === 'card') {
    const terminal = memory.contents().payments.find((row) => row.id === payment)?.terminal ?? ''
    return actor.kind === 'device' ? cards.choice(actor.party, id, wanted.method, terminal) : 'means-not-found'
  }
  const found = actor.kind === 'device' && id !== undefined ? bank.of(actor.party, id) : undefined
  return found === undefined ? 'means-not-found' : { kind: 'bank', ...found, unit: JPY }
}

/** A register has read the user id of a card: the bill is asked on the phone it names, by that card. */
function billUser(
  { payer, card, deal, bill }: { payer: DeviceActor; card: MeansId; deal: DealId; bill: Bill | null },
  { actor }: Enrolled,
  { cards }: Pick<World, 'cards'>,
): TerminalCommand | ProblemCode {
  if (bill === null) return 'bill-missing'
  const preset = cards.choice(payer.party, card, 'lump', actor.id)
  return typeof preset === 'string' ? preset : { name: 'bill-code', deal, bill, payer, preset }
}

/** As the real border: a person asks for money alone. */
function billOf(wire: NonNullable<CommandBody<'open-offer'>['bill']>, isPerson: boolean): Bill | undefined {
  const read = billFromWire(wire)
  if (!read.ok) return undefined
  const isPlain = read.bill.lines.every(
    ({ conditions, restriction }) => !conditions.delivery && conditions.coolingOff === null && restriction === null,
  )
  if (isPerson && !isPlain) return undefined
  const periods = read.bill.lines.flatMap(({ conditions }) => conditions.coolingOff ?? [])
  return periods.every(isCoolingOff) ? read.bill : undefined
}

function refundOf(body: CommandBody<'refund'>): TerminalCommand | ProblemCode {
  const payment = parseId('pay', body.payment)
  const amount = parseAmount(body.amount)
  if (payment === undefined || amount === undefined || amount === 0n) return 'amount-invalid'
  const lines = body.lines.map(({ line, amount }) => ({ line, amount: parseAmount(amount) ?? 0n }))
  if (lines.length > 0 && sum(lines.map((line) => line.amount)) !== amount) return 'amount-invalid'
  return { name: 'refund', payment, amount, lines }
}

type Signed = Pick<CommandBody<'approve'>, 'approval' | 'signature' | 'proof'>

/** What came with an approval, verified as server/auth verifies the real one; undefined where the signature is not the phone's. */
function evidenceOf(body: Signed, by: EnrolledPhone): Evidence | undefined {
  const bytes = fromBase64url(body.approval)
  const signature = fromBase64url(body.signature)
  if (bytes === undefined || signature === undefined || !isSame(signature, toySign(by.key, bytes))) return undefined
  const { key } = by.actor
  if (body.proof === null) return { bytes, signature, proof: 'none', strength: null, key }
  const strength = strengthOf(body.proof, by, bytes)
  return { bytes, signature, key, ...(strength === undefined ? WRONG : { proof: 'right', strength }) }
}

const WRONG = { proof: 'wrong', strength: null } as const

/** How a right proof was made; undefined for a wrong one. A toy passkey says in its name of what kind it is. */
function strengthOf(proof: NonNullable<Signed['proof']>, { key }: EnrolledPhone, bytes: Uint8Array) {
  if (proof.kind === 'scram') {
    const given = fromBase64url(proof.clientProof)
    return given !== undefined && isSame(given, toyProof(key, bytes)) ? 'password' : undefined
  }
  if (proof.kind !== 'passkey') return undefined
  const strength = STRENGTHS.find((each) => each === proof.credential)
  const given = fromBase64url(proof.signature)
  if (strength === undefined || given === undefined) return undefined
  return isSame(given, toyHeld(key, strength, bytes)) ? strength : undefined
}

const isSame = (left: Uint8Array, right: Uint8Array): boolean => Buffer.compare(left, right) === 0
