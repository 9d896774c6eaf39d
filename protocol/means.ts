// Bank accounts as means: a person registers one, with the bank's permission to collect from it, sees them, and takes one away.
import { Type, type Static, type TSchema } from 'typebox'
import { PresencePart } from './identity.ts'
import { LIMITS } from './limits.ts'
import * as part from './parts.ts'
import type { Route } from './routes.ts'

const orNull = <const Schema extends TSchema>(schema: Schema) => Type.Union([schema, Type.Null()])
const digits = (count: number, description: string) => Type.String({ pattern: `^[0-9]{${count}}$`, description })

const BankRow = part.Closed({
  code: digits(4, "the bank's code"),
  name: Type.String(),
  nameJa: Type.String(),
  isInstant: Type.Boolean({
    description: 'answers while one waits; otherwise the scheme takes small amounts on trust',
  }),
})

const MeansRow = part.Closed({
  id: part.MeansIdPart,
  label: Type.String({ description: 'the bank and the last digits of the account' }),
  bank: digits(4, "the bank's code"),
  unit: part.UnitPart,
  isInstant: Type.Boolean(),
  status: part.literals(['active', 'suspended'], 'suspended: the bank collects no more; register it anew'),
  why: orNull(part.literals(['unpaid', 'no-mandate'])),
  madeAt: part.TimePart,
})

export const MeansListView = part.Closed({
  banks: Type.Array(BankRow, {
    description: 'at which an account can be registered; none where the operator has no bank',
  }),
  means: Type.Array(MeansRow),
})
export type MeansListView = Static<typeof MeansListView>

const Asked = {
  bank: digits(4, "the bank's code"),
  branch: digits(3, "the branch's code"),
  kind: part.literals(['1', '2'], '1 ordinary · 2 current'),
  number: digits(7, 'the account’s number, with zeros before it'),
  holder: Type.String({
    minLength: 1,
    maxLength: LIMITS.nameLength,
    [part.NO_CARD_NUMBER]: true,
    description: "the holder's name as the bank has it, in kana",
    examples: ['ハナコ'],
  }),
}

export const MEANS_ROUTES = {
  means: {
    method: 'GET',
    path: '/v1/means',
    access: 'token',
    who: 'device',
    summary: "The person's bank accounts that can be paid from, and the banks where one can be registered.",
    response: MeansListView,
    problems: [],
  },
  addMeans: {
    method: 'POST',
    path: '/v1/means',
    access: 'signed',
    who: 'device',
    summary:
      'Registers a bank account, with a proof of the owner (add-means). The same command again is the same account.',
    body: part.Closed({ command: part.CommandIdPart, ...Asked, presence: PresencePart }),
    response: MeansListView,
    problems: [
      'means-refused',
      'bank-unavailable',
      'too-many-means',
      'too-many-tries',
      'command-mismatch',
      'field-invalid',
      'signature-invalid',
      'approval-expired',
      'device-revoked',
      'proof-needed',
      'proof-wrong',
      'proof-locked',
      'security-key-needed',
    ],
  },
  removeMeans: {
    method: 'POST',
    path: '/v1/means-remove',
    access: 'signed',
    who: 'device',
    summary: 'Nothing is collected from this account any more. What is being asked already still gets its answer.',
    body: part.Closed({ means: part.MeansIdPart }),
    response: MeansListView,
    problems: ['means-not-found'],
  },
} as const satisfies Record<string, Route>

export type MeansRouteName = keyof typeof MEANS_ROUTES
export type MeansBody<Name extends 'addMeans' | 'removeMeans'> = Static<(typeof MEANS_ROUTES)[Name]['body']>
export const ALL_MEANS_ROUTES: readonly Route[] = Object.values(MEANS_ROUTES)
