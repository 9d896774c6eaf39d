// What clients may say: one schema per command. Each carries `command`, the id its sender made and stored before sending.
import { Type, type Static } from 'typebox'
import { LIMITS } from './limits.ts'
import * as part from './parts.ts'

const orNull = <const Schema extends typeof part.BillPart | typeof part.PaymentIdPart>(schema: Schema) =>
  Type.Union([schema, Type.Null()])

const Scram = part.Closed({
  kind: Type.Literal('scram'),
  clientNonce: part.Base64urlPart(64, '16 or more random bytes'),
  clientProof: part.Base64urlPart(
    64,
    'RFC 5802 ClientProof over an auth message that holds SHA-256 of the approval bytes',
  ),
})

const Passkey = part.Closed({
  kind: Type.Literal('passkey'),
  credential: part.Base64urlPart(1400, 'credential id'),
  authenticatorData: part.Base64urlPart(2000, 'WebAuthn authenticatorData'),
  clientData: part.Base64urlPart(4000, 'WebAuthn clientDataJSON; its challenge is SHA-256 of the approval bytes'),
  signature: part.Base64urlPart(1000, 'WebAuthn signature'),
})

/** A method that was plugged in (voice, face, and what comes): its own name and its own answer. */
const Other = part.Closed({
  kind: Type.Literal('other'),
  method: Type.String({ pattern: '^[a-z][a-z0-9-]{0,30}$' }),
  answer: part.Base64urlPart(LIMITS.proofAnswerLength, 'what the method asks for, bound to the approval bytes'),
})

const evidence = {
  approval: part.Base64urlPart(216, 'the 162 approval bytes as the phone built them'),
  signature: part.Base64urlPart(86, 'P-256 signature r‖s by the device key over the approval bytes'),
  proof: Type.Union([Scram, Passkey, Other, Type.Null()], {
    description: 'a fresh proof of the owner, or null while the unlock lasts',
  }),
}

const ofDeal = { command: part.CommandIdPart, deal: part.DealIdPart }
const ofPayment = { command: part.CommandIdPart, payment: part.PaymentIdPart }

export const COMMANDS = {
  'open-offer': part.Closed(
    { ...ofDeal, bill: orNull(part.BillPart) },
    { description: 'A terminal opens a deal: a number and a QR wait for a phone. The bill may come later.' },
  ),
  ask: part.Closed(
    { ...ofDeal, question: part.QuestionPart },
    {
      description:
        'A terminal asks who somebody is: a deal with a question instead of a bill. No money; number, QR, join and expiry are those of bills.',
    },
  ),
  'renew-number': part.Closed(ofDeal, { description: 'A new number for an offer whose number has run out.' }),
  'change-bill': part.Closed(
    { ...ofDeal, payment: orNull(part.PaymentIdPart), billVersion: part.VersionPart, bill: part.BillPart },
    {
      description:
        'The bill, first or changed; `billVersion` is the version it replaces. Name the payment once a phone has joined.',
    },
  ),
  'cancel-deal': part.Closed(
    { ...ofDeal, payment: orNull(part.PaymentIdPart) },
    { description: 'The terminal cancels before settlement. Name the payment once a phone has joined.' },
  ),
  release: part.Closed(
    { ...ofDeal, payment: part.PaymentIdPart },
    { description: '"Not this person": lets the joined phone go and shows a new number.' },
  ),
  deliver: part.Closed(
    { ...ofPayment, portion: Type.Integer({ minimum: 0, maximum: LIMITS.billLines }), amount: part.AmountPart },
    { description: 'Goods of a held portion were handed over, for this amount of it.' },
  ),
  refund: part.Closed(
    {
      ...ofPayment,
      amount: part.AmountPart,
      lines: Type.Array(
        part.Closed({ line: Type.Integer({ minimum: 0, maximum: LIMITS.billLines }), amount: part.AmountPart }),
        {
          maxItems: LIMITS.billLines,
          description: 'which lines go back; they sum to the amount. Empty: a part of the whole',
        },
      ),
    },
    {
      description:
        'Money back to the payer: a new payment the other way, never more than was settled, in all and of each line.',
    },
  ),
  permit: part.Closed(
    { ...ofPayment, allowed: Type.Boolean() },
    { description: 'The shop answers whether it sells the restricted lines to this payer; the answer is recorded.' },
  ),
  'bill-person': part.Closed(
    { ...ofDeal, to: part.AccountPart, bill: part.BillPart },
    {
      description:
        'A bill straight to a person who has listed the sender as a contact. Others get a link (open-offer).',
    },
  ),
  'submit-signed': part.Closed(
    {
      ...ofDeal,
      bill: part.BillPart,
      payer: part.DeviceIdPart,
      ...evidence,
      accepted: Type.Optional(
        part.Closed(
          {
            at: part.TimePart,
            signature: part.Base64urlPart(86, 'P-256 signature r‖s by the terminal key over WK1 and what was accepted'),
          },
          {
            description:
              'a register that had no network took the purchase at this time: expiry and unlock are judged by it, within the caps of the scheme (`offline`)',
          },
        ),
      ),
    },
    {
      description:
        'A purchase that the payer has signed and handed back (approval bytes with purpose hand-back, payment id zero, bill version 1): settled once for the deal id.',
    },
  ),
  'bill-code': part.Closed(
    { ...ofDeal, code: Type.String({ minLength: 1, maxLength: LIMITS.codeLength }), bill: orNull(part.BillPart) },
    {
      description:
        "A terminal has read a payer's one-time code, or the user id of a card: the bill, which a user id must come with, is asked on that phone. The code pays nothing by itself.",
    },
  ),
  'submit-purchase': part.Closed(
    {
      command: part.CommandIdPart,
      purchase: Type.String({
        minLength: 1,
        maxLength: LIMITS.purchaseLength,
        description: 'the purchase as the register has signed and shown it',
      }),
      ...evidence,
    },
    {
      description:
        'A phone hands in by itself the purchase that it has signed (approval bytes as for submit-signed): whoever comes first settles it, and the other hears the same.',
    },
  ),
  challenge: part.Closed(ofPayment, { description: "The cashier asks for the payer's password or PIN." }),
  join: part.Closed(
    {
      command: part.CommandIdPart,
      credential: Type.Union([
        part.Closed({ kind: Type.Literal('number'), number: part.NumberPart }),
        part.Closed({ kind: Type.Literal('token'), token: part.TokenPart }),
      ]),
    },
    { description: "A phone sends the number (typed) or the token (from the QR's link): the offer becomes a payment." },
  ),
  'choose-means': part.Closed(
    {
      ...ofPayment,
      means: Type.Union([
        part.Closed({ kind: Type.Literal('account') }),
        part.Closed({ kind: Type.Literal('exchange'), unit: part.UnitPart }),
        part.Closed({ kind: Type.Literal('bank'), id: part.MeansIdPart }),
        part.Closed({ kind: Type.Literal('card'), id: part.MeansIdPart, method: part.MethodPart }),
      ]),
    },
    {
      description:
        "What the payer pays with: the account in the bill's unit, another unit at the rate of the moment (fixed for this payment for two minutes), a registered bank account, or a card with the method by which it is repaid. What is approved is this bill by these means.",
    },
  ),
  approve: part.Closed(
    { ...ofPayment, ...evidence },
    { description: "The payer's signed consent to exactly this bill." },
  ),
  respond: part.Closed({ ...ofPayment, ...evidence }, { description: "The payer's answer to a challenge." }),
  prove: part.Closed(
    { ...ofPayment, released: part.AskablesPart, ...evidence },
    {
      description:
        "The answer to a question: a fresh proof of the owner over approval bytes with purpose authenticate, which hold the question's hash with exactly these attributes.",
    },
  ),
  show: part.Closed(
    { ...ofPayment, attributes: part.AskablesPart },
    { description: "The payer lets the shop see these of the view's `mayShow`, until the deal is over." },
  ),
  decline: part.Closed(ofPayment, {
    description: 'The payer cancels before settlement, or takes back goods within their cancellation period.',
  }),
  attend: part.Closed(ofPayment, { description: 'The payer asks for more time.' }),
  attest: part.Closed(
    {
      ...ofPayment,
      provedAt: Type.Optional(
        Type.Integer({
          minimum: 0,
          maximum: Number.MAX_SAFE_INTEGER,
          description:
            'milliseconds since 1970: when its owner last unlocked this phone, as the phone remembers; the earlier of this and what the hub knows counts',
        }),
      ),
    },
    {
      description:
        "The phone that a card's user id has named says, by itself, that its owner has unlocked it. Nothing is agreed to by that.",
    },
  ),
  'take-back': part.Closed(
    { ...ofPayment, portion: Type.Integer({ minimum: 0, maximum: LIMITS.billLines }) },
    { description: 'The payer cancels one line within its cancellation period; all of its money comes back.' },
  ),
} as const

export type CommandName = keyof typeof COMMANDS
export type CommandBody<Name extends CommandName> = Static<(typeof COMMANDS)[Name]>
export type AnyCommand = { [Name in CommandName]: { name: Name; body: CommandBody<Name> } }[CommandName]
export type ProofBody = CommandBody<'approve'>['proof']

export const TERMINAL_COMMANDS = ['ask', 'bill-code', 'release', 'deliver', 'challenge', 'permit'] as const
/** Whoever asks for money: a terminal, or a person's phone. */
export const BILLER_COMMANDS = [
  'open-offer',
  'renew-number',
  'change-bill',
  'cancel-deal',
  'refund',
  'bill-person',
  'submit-signed',
] as const
export const DEVICE_COMMANDS = [
  'join',
  'choose-means',
  'approve',
  'respond',
  'prove',
  'show',
  'decline',
  'attend',
  'attest',
  'take-back',
  'submit-purchase',
] as const
