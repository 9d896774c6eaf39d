// The border: from a body that has passed its schema to the switch's command. What is not right is a problem and decides nothing.
import { createHash } from 'node:crypto'
import { isAccountNumber } from '#core/accounts.ts'
import type { Bill } from '#core/bill.ts'
import { isCoolingOff } from '#core/calendar.ts'
import type { CommandId, DealId, PaymentId } from '#core/ids.ts'
import type { Choice } from '#core/means.ts'
import { parseAmount, sum } from '#core/money.ts'
import type { Evidence } from '#core/payment.ts'
import type { RefundLine } from '#core/refund.ts'
import type { Accepted } from '#core/offer.ts'
import { billFromWire, type BillWire } from '#protocol/bill.ts'
import type { AnyCommand, CommandBody } from '#protocol/commands.ts'
import { NO_CARD_NUMBER } from '#protocol/parts.ts'
import { problemOf, type Problem } from '#protocol/problems.ts'
import type { DeviceActor, TerminalActor } from '#switch/actors.ts'
import type { DeviceCommand, TerminalCommand } from '#switch/command.ts'

/** What ajv says, as a problem with a stable code and the name of the field; never an echo of what was sent. */
export function problemOfValidation(
  errors: readonly { instancePath: string; keyword: string; params: Record<string, unknown> }[],
  isQuery = false,
): Problem {
  const numbered = errors.find(({ keyword }) => keyword === NO_CARD_NUMBER)
  if (numbered !== undefined) {
    const { masked } = numbered.params
    return problemOf('card-number-in-text', { field: fieldName(numbered.instancePath), number: String(masked) })
  }
  const error = errors.find(({ keyword }) => keyword !== 'anyOf') ?? errors[0]
  if (error === undefined) return problemOf('request-invalid')
  const { instancePath, keyword, params } = error
  if (keyword === 'additionalProperties') return problemOf('unknown-field', { within: fieldName(instancePath) })
  const missing = keyword === 'required' ? `/${String(params.missingProperty)}` : ''
  const path = instancePath + missing
  const field = fieldName(path)
  const detail = { field }
  if (isQuery && /^\/(from|to)$/.test(path)) return problemOf('day-invalid', detail)
  if (/\/(amount|total|tax)$/.test(path)) return problemOf('amount-invalid', detail)
  if (path.endsWith('/unit')) return problemOf('unit-invalid', detail)
  if (/\/coolingOff(\/|$)/.test(path)) return problemOf('period-invalid', detail)
  if (/\/restriction(\/|$)/.test(path)) return problemOf('restriction-invalid', detail)
  if (/\/(command|deal|payment|payer|actor|key|token)$/.test(path)) return problemOf('id-invalid', detail)
  if (/\/(text|label|why|title|name|legalName|displayName|reason)$/.test(path)) return problemOf('text-invalid', detail)
  return problemOf('field-invalid', detail)
}

/** The path of a field by names and places that the schema knows: digits and known words only. */
const fieldName = (path: string): string => (/^[/0-9A-Za-z_-]{0,80}$/.test(path) ? path.slice(1) || 'body' : 'body')

/** A purchase as its register has made and signed it. */
export type Purchase = Readonly<{ terminal: TerminalActor; deal: DealId; bill: Bill }>

/** What was found out about a command before it is read: who signed the evidence, where it came from, who asks for the money. */
export type Found = Readonly<{
  evidence: Evidence | null
  /** whose evidence it is, where a payee hands it in; whose code it was, where one was read */
  payer: DeviceActor | null
  /** a register's signed word on when it took the purchase, verified */
  accepted: Accepted | null
  /** what the payer wants to pay with, looked up; of a card's user id: that card */
  choice: Choice | null
  /** what the register has signed, where the payer hands it in */
  purchase: Purchase | null
  address: string
  /** a person asks for the money, from a phone */
  isPerson: boolean
}>

/** The switch's command for a body. */
export function commandOf(sent: AnyCommand, found: Found): TerminalCommand | DeviceCommand | Problem {
  switch (sent.name) {
    case 'open-offer': {
      const bill = sent.body.bill === null ? null : billOf(sent.body.bill, found)
      return isProblem(bill) ? bill : { name: sent.name, deal: dealOf(sent.body), bill }
    }
    case 'ask':
      return { name: sent.name, deal: dealOf(sent.body), question: sent.body.question }
    case 'renew-number':
      return { name: sent.name, deal: dealOf(sent.body) }
    case 'change-bill': {
      const bill = billOf(sent.body.bill, found)
      if (isProblem(bill)) return bill
      const { billVersion } = sent.body
      return { name: sent.name, deal: dealOf(sent.body), payment: paymentOrNull(sent.body), billVersion, bill }
    }
    case 'cancel-deal':
      return { name: sent.name, deal: dealOf(sent.body), payment: paymentOrNull(sent.body) }
    case 'release':
      return { name: sent.name, deal: dealOf(sent.body), payment: paymentOf(sent.body) }
    case 'deliver': {
      const amount = parseAmount(sent.body.amount)
      if (amount === undefined) return problemOf('amount-invalid', { field: 'amount' })
      return { name: sent.name, payment: paymentOf(sent.body), portion: sent.body.portion, amount }
    }
    case 'refund':
      return refundOf(sent.body)
    case 'permit':
      return { name: sent.name, payment: paymentOf(sent.body), allowed: sent.body.allowed }
    case 'bill-person': {
      const { to } = sent.body
      const bill = billOf(sent.body.bill, found)
      if (isProblem(bill)) return bill
      return isAccountNumber(to)
        ? { name: sent.name, deal: dealOf(sent.body), to, bill }
        : problemOf('field-invalid', { field: 'to' })
    }
    case 'submit-signed': {
      const bill = billOf(sent.body.bill, found)
      if (isProblem(bill)) return bill
      const { accepted } = found
      return {
        name: sent.name,
        deal: dealOf(sent.body),
        bill,
        payer: payerOf(found),
        evidence: verified(found),
        accepted,
      }
    }
    case 'bill-code': {
      const bill = sent.body.bill === null ? null : billOf(sent.body.bill, found)
      if (isProblem(bill)) return bill
      return { name: sent.name, deal: dealOf(sent.body), bill, payer: payerOf(found), preset: found.choice }
    }
    case 'submit-purchase': {
      const { purchase } = found
      if (purchase === null) throw new Error('the purchase is read before the border')
      return { name: sent.name, ...purchase, evidence: verified(found) }
    }
    case 'choose-means': {
      const { choice } = found
      if (choice === null) throw new Error('rate, bank account or card are looked up before the border')
      return { name: sent.name, payment: paymentOf(sent.body), choice }
    }
    case 'challenge':
    case 'decline':
    case 'attend':
      return { name: sent.name, payment: paymentOf(sent.body) }
    case 'attest':
      return { name: sent.name, payment: paymentOf(sent.body), provedAt: sent.body.provedAt ?? null }
    case 'take-back':
      return { name: sent.name, payment: paymentOf(sent.body), portion: sent.body.portion }
    case 'join': {
      const { credential } = sent.body
      return {
        name: sent.name,
        address: found.address,
        credential: credential.kind === 'number' ? credential : { kind: 'token', token: credential.token },
      }
    }
    case 'approve':
    case 'respond':
      return { name: sent.name, payment: paymentOf(sent.body), evidence: verified(found) }
    case 'prove': {
      const { released } = sent.body
      return { name: sent.name, payment: paymentOf(sent.body), evidence: verified(found), released }
    }
    case 'show':
      return { name: sent.name, payment: paymentOf(sent.body), attributes: sent.body.attributes }
  }
}

function payerOf({ payer }: Found): DeviceActor {
  if (payer === null) throw new Error('the payer is looked up before the border')
  return payer
}

const isProblem = (value: object | null): value is Problem => value !== null && 'status' in value

function verified({ evidence }: Found): Evidence {
  if (evidence === null) throw new Error('evidence is verified before the border')
  return evidence
}

/** A shop's bill, before anything is used up for it; null where it comes later. */
export const shopBill = (wire: BillWire | null): Bill | null | Problem => wire && billOf(wire, { isPerson: false })

/** A bill that can stand. What a person asks for is money alone: no goods to deliver, to take back or to keep from somebody. */
function billOf(wire: BillWire, { isPerson }: Pick<Found, 'isPerson'>): Bill | Problem {
  const read = billFromWire(wire)
  if (!read.ok) return faulty(read.fault)
  const { lines } = read.bill
  if (lines.some(({ conditions: { coolingOff } }) => coolingOff !== null && (isPerson || !isCoolingOff(coolingOff))))
    return faulty('period')
  if (!isPerson) return read.bill
  if (lines.some(({ restriction }) => restriction !== null)) return faulty('restriction')
  const delivered = lines.findIndex(({ conditions }) => conditions.delivery)
  return delivered < 0
    ? read.bill
    : problemOf('field-invalid', { field: `bill/lines/${delivered}/conditions/delivery` })
}

function faulty(fault: Extract<ReturnType<typeof billFromWire>, { ok: false }>['fault']): Problem {
  switch (fault) {
    case 'unit':
      return problemOf('unit-invalid', { field: 'bill/unit' })
    case 'range':
    case 'amount':
      return problemOf('amount-invalid', { field: 'bill' })
    case 'empty':
    case 'total':
      return problemOf('bill-invalid')
    case 'period':
      return problemOf('period-invalid', { field: 'bill' })
    case 'restriction':
      return problemOf('restriction-invalid', { field: 'bill' })
  }
}

function refundOf(body: CommandBody<'refund'>): TerminalCommand | Problem {
  const amount = parseAmount(body.amount)
  if (amount === undefined || amount === 0n) return problemOf('amount-invalid', { field: 'amount' })
  const lines: RefundLine[] = []
  for (const [index, line] of body.lines.entries()) {
    const part = parseAmount(line.amount)
    if (part === undefined || part === 0n) return problemOf('amount-invalid', { field: `lines/${index}/amount` })
    if (lines.some((other) => other.line === line.line)) return problemOf('field-invalid', { field: `lines/${index}` })
    lines.push({ line: line.line, amount: part })
  }
  if (lines.length > 0 && sum(lines.map((line) => line.amount)) !== amount)
    return problemOf('amount-invalid', { field: 'lines' })
  return { name: 'refund', payment: paymentOf(body), amount, lines }
}

// Border: the schema's patterns have checked these ids; their types do not carry the brand.
const dealOf = (body: { deal: string }): DealId => body.deal as DealId
const paymentOf = (body: { payment: string }): PaymentId => body.payment as PaymentId
const paymentOrNull = (body: { payment: string | null }): PaymentId | null => body.payment as PaymentId | null
export const commandIdOf = (body: { command: string }): CommandId => body.command as CommandId

/** Hex of SHA-256 over the command's name and body with names in order: white space and order make no other command. */
export const commandHash = (name: string, body: unknown): string =>
  createHash('sha256')
    .update(name)
    .update('\0')
    .update(
      JSON.stringify(body, (_key, value: unknown) =>
        isPlain(value) ? Object.fromEntries(Object.entries(value).toSorted(byName)) : value,
      ),
    )
    .digest('hex')

const isPlain = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const byName = ([left]: [string, unknown], [right]: [string, unknown]): number => (left < right ? -1 : 1)
