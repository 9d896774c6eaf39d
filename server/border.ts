// The border: from a body that has passed its schema to the switch's command. What is not right is a problem and decides nothing.
import { createHash } from 'node:crypto'
import type { Bill } from '#core/bill.ts'
import type { CommandId, DealId, PaymentId } from '#core/ids.ts'
import { parseAmount } from '#core/money.ts'
import type { Evidence } from '#core/payment.ts'
import { billFromWire } from '#protocol/bill.ts'
import type { AnyCommand, CommandBody } from '#protocol/commands.ts'
import { problemOf, type Problem } from '#protocol/problems.ts'
import type { DeviceCommand, TerminalCommand } from '#switch/command.ts'

/** What ajv says, as a problem with a stable code and the name of the field; never an echo of what was sent. */
export function problemOfValidation(
  errors: readonly { instancePath: string; keyword: string; params: Record<string, unknown> }[],
): Problem {
  const error = errors.find(({ keyword }) => keyword !== 'anyOf') ?? errors[0]
  if (error === undefined) return problemOf('request-invalid')
  const { instancePath, keyword, params } = error
  if (keyword === 'additionalProperties') return problemOf('unknown-field', { within: fieldName(instancePath) })
  const missing = keyword === 'required' ? `/${String(params.missingProperty)}` : ''
  const path = instancePath + missing
  const field = fieldName(path)
  const detail = { field }
  if (/\/(amount|total|tax)$/.test(path)) return problemOf('amount-invalid', detail)
  if (path.endsWith('/unit')) return problemOf('unit-invalid', detail)
  if (/\/(command|deal|payment|actor|key|token)$/.test(path)) return problemOf('id-invalid', detail)
  if (/\/(text|label)$/.test(path)) return problemOf('text-invalid', detail)
  return problemOf('field-invalid', detail)
}

/** The path of a field by names and places that the schema knows: digits and known words only. */
const fieldName = (path: string): string => (/^[/0-9A-Za-z_-]{0,80}$/.test(path) ? path.slice(1) || 'body' : 'body')

/** The switch's command for a body; `evidence` was verified before. */
export function commandOf(
  sent: AnyCommand,
  given: { evidence: Evidence | null; address: string },
): TerminalCommand | DeviceCommand | Problem {
  switch (sent.name) {
    case 'open-offer': {
      const bill = sent.body.bill === null ? null : billOf(sent.body.bill)
      return bill !== null && 'status' in bill ? bill : { name: sent.name, deal: dealOf(sent.body), bill }
    }
    case 'renew-number':
      return { name: sent.name, deal: dealOf(sent.body) }
    case 'change-bill': {
      const bill = billOf(sent.body.bill)
      if ('status' in bill) return bill
      return {
        name: sent.name,
        deal: dealOf(sent.body),
        payment: paymentOrNull(sent.body),
        billVersion: sent.body.billVersion,
        bill,
      }
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
    case 'refund': {
      const amount = parseAmount(sent.body.amount)
      if (amount === undefined || amount === 0n) return problemOf('amount-invalid', { field: 'amount' })
      return { name: sent.name, payment: paymentOf(sent.body), amount }
    }
    case 'challenge':
    case 'decline':
    case 'attend':
      return { name: sent.name, payment: paymentOf(sent.body) }
    case 'join': {
      const { credential } = sent.body
      return {
        name: sent.name,
        address: given.address,
        credential: credential.kind === 'number' ? credential : { kind: 'token', token: credential.token },
      }
    }
    case 'approve':
    case 'respond':
      if (given.evidence === null) throw new Error('evidence is verified before the border')
      return { name: sent.name, payment: paymentOf(sent.body), evidence: given.evidence }
  }
}

function billOf(wire: NonNullable<CommandBody<'open-offer'>['bill']>): Bill | Problem {
  const read = billFromWire(wire)
  if (read.ok) return read.bill
  switch (read.fault) {
    case 'unit':
      return problemOf('unit-invalid', { field: 'bill/unit' })
    case 'range':
    case 'amount':
      return problemOf('amount-invalid', { field: 'bill' })
    case 'empty':
    case 'total':
      return problemOf('bill-invalid')
  }
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
