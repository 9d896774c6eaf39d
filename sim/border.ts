// The simulated hub's border: a body from the wire becomes the switch's command; what is not right is a problem and decides nothing.
// The real one (server/) reads HTTP; this one reads what the SDK gives its transport.
import type { Bill } from '#core/bill.ts'
import { fromBase64url } from '#core/bytes.ts'
import type { OfferToken } from '#core/ids.ts'
import { isId, parseId } from '#core/ids.ts'
import { parseAmount } from '#core/money.ts'
import type { Evidence } from '#core/payment.ts'
import { billFromWire } from '#protocol/bill.ts'
import type { AnyCommand, CommandBody } from '#protocol/commands.ts'
import type { ProblemCode } from '#protocol/problems.ts'
import type { DeviceCommand, TerminalCommand } from '#switch/command.ts'
import type { Enrolled } from './directory.ts'
import { toyProof, toySign } from './toy-keys.ts'

/** The switch's command, or the code of a problem. `from` is who sent it. */
export function readCommand(sent: AnyCommand, from: Enrolled): TerminalCommand | DeviceCommand | ProblemCode {
  switch (sent.name) {
    case 'open-offer': {
      const deal = parseId('deal', sent.body.deal)
      const bill = sent.body.bill === null ? null : billOf(sent.body.bill)
      if (deal === undefined) return 'id-invalid'
      return bill === undefined ? 'bill-invalid' : { name: sent.name, deal, bill }
    }
    case 'renew-number': {
      const deal = parseId('deal', sent.body.deal)
      return deal === undefined ? 'id-invalid' : { name: sent.name, deal }
    }
    case 'change-bill': {
      const deal = parseId('deal', sent.body.deal)
      const bill = billOf(sent.body.bill)
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
    case 'refund': {
      const payment = parseId('pay', sent.body.payment)
      const amount = parseAmount(sent.body.amount)
      if (payment === undefined || amount === undefined || amount === 0n) return 'amount-invalid'
      return { name: sent.name, payment, amount }
    }
    case 'challenge':
    case 'decline':
    case 'attend': {
      const payment = parseId('pay', sent.body.payment)
      return payment === undefined ? 'id-invalid' : { name: sent.name, payment }
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
      const evidence = evidenceOf(sent.body, from)
      if (payment === undefined) return 'id-invalid'
      return evidence === undefined ? 'signature-invalid' : { name: sent.name, payment, evidence }
    }
  }
}

function billOf(wire: NonNullable<CommandBody<'open-offer'>['bill']>): Bill | undefined {
  const read = billFromWire(wire)
  return read.ok ? read.bill : undefined
}

/** What came with an approval, verified as server/auth verifies the real one; undefined where the signature is not the sender's. */
function evidenceOf(body: CommandBody<'approve'>, from: Enrolled): Evidence | undefined {
  const bytes = fromBase64url(body.approval)
  const signature = fromBase64url(body.signature)
  if (bytes === undefined || signature === undefined || !isSame(signature, toySign(from.key, bytes))) return undefined
  const { proof } = body
  if (proof?.kind !== 'scram') return { bytes, signature, proof: 'none', key: from.actor.key }
  const given = fromBase64url(proof.clientProof)
  const isRight = given !== undefined && isSame(given, toyProof(from.key, bytes))
  return { bytes, signature, proof: isRight ? 'right' : 'wrong', key: from.actor.key }
}

const isSame = (left: Uint8Array, right: Uint8Array): boolean => Buffer.compare(left, right) === 0
