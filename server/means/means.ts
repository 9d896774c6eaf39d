// Registering bank accounts: noted first, then asked of the bank, whose answer is the same for a wrong name as for an account that is not
// there. Tries are counted, so that nobody finds account numbers here.
import { createHash } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import { bucketOfId, idInBucket, parseId, type CommandId, type MeansId, type PartyId } from '#core/ids.ts'
import type { Unit } from '#core/money.ts'
import { foldKana } from '#bank/zengin-text.ts'
import { MEANS_ROUTES, type MeansBody, type MeansListView } from '#protocol/means.ts'
import { problemOf, type Problem } from '#protocol/problems.ts'
import { meansSubject } from '#protocol/signed-bytes.ts'
import type { DeviceActor } from '#switch/actors.ts'
import type { Budgets } from '#switch/budgets.ts'
import { addressBlock } from '../addresses.ts'
import type { ProvePresence } from '../auth/presence.ts'
import { mandateOf, type Bank, type BankAccount, type BankPlace } from '../bank/bank.ts'
import { deviceOf, type OnRoute } from '../http-callers.ts'
import type { RegisteredMeans } from '../http-commands.ts'
import type { MeansRow, MeansRows } from '../postgres/means.ts'

type Viewed = Promise<MeansListView | Problem>

/** A holder's name in the banks' file. */
const HOLDER_LENGTH = 30

export type MeansParts = Readonly<{
  rows: MeansRows
  /** null where the operator has no bank: then nothing can be registered, and nothing be paid by one */
  bank: Bank | null
  /** what the bank's accounts count in */
  unit: Unit
  languageOf: (party: PartyId) => Promise<'en' | 'ja'>
  provePresence: ProvePresence
  budgets: Budgets
  /** a mandate has ended: the bank is told */
  onEnded: () => void
}>

/** What a choice of means is looked up in: one's own alone, and only what can be used now. */
export function registeredMeans({ rows, bank }: Pick<MeansParts, 'rows' | 'bank'>): RegisteredMeans {
  const isUsed = ({ status }: MeansRow): boolean => bank !== null && status === 'active'
  return {
    async of(party, id) {
      const found = await rows.find(id)
      if (found?.party !== party || !isUsed(found)) return undefined
      const { label, unit } = found
      return { id, label, unit }
    },
    any: async (party, unit) => bank !== null && (await rows.of(party)).some((row) => isUsed(row) && row.unit === unit),
  }
}

export function serveMeans(on: OnRoute, parts: MeansParts): void {
  const { rows, bank, budgets } = parts

  on(MEANS_ROUTES.means, (request) => view(deviceOf(request).party))
  on(MEANS_ROUTES.addMeans, (request) => add(deviceOf(request), bodyOf<'addMeans'>(request), request.ip))
  on(MEANS_ROUTES.removeMeans, (request) => remove(deviceOf(request), bodyOf<'removeMeans'>(request)))

  async function view(party: PartyId): Promise<MeansListView> {
    const [found, known] = await Promise.all([rows.of(party), bank?.directory()])
    const banks = known === undefined || 'kind' in known ? [] : known.banks
    return {
      banks: banks.map(({ code, name, nameJa, isInstant }) => ({ code, name, nameJa, isInstant })),
      means: found.map(({ id, label, account, unit, isInstant, status, why, madeAt }) => ({
        id,
        label,
        bank: account.bank,
        unit,
        isInstant,
        status: status === 'active' ? 'active' : 'suspended',
        why: why === 'unpaid' || why === 'no-mandate' ? why : null,
        madeAt,
      })),
    }
  }

  async function add(actor: DeviceActor, body: MeansBody<'addMeans'>, from: string): Viewed {
    const { party } = actor
    const holder = foldKana(body.holder.trim())
    if (holder === undefined || holder === '' || holder.length > HOLDER_LENGTH)
      return problemOf('field-invalid', { field: 'holder' })
    if (bank === null) return problemOf('field-invalid', { field: 'bank' })
    const account = { bank: body.bank, branch: body.branch, kind: body.kind, number: body.number, holder }
    // Border: the schema's pattern has checked the id.
    const id = meansIdOf('means', actor, body.command as CommandId)
    const askedAs = createHash('sha256').update(JSON.stringify(account)).digest()
    const place = await placeOf(account.bank)
    if ('status' in place) return place
    const asked = { actor, action: 'add-means', subject: meansSubject(body), body: body.presence } as const
    const fault = await parts.provePresence(asked)
    if (fault !== null) return fault
    // Who could be asked of the bank is counted by person and place; a repeat asks for nothing new.
    const isNew = (await rows.find(id)) === undefined
    if (isNew && !(await budgets.charge(keysOf(party, from)))) return problemOf('too-many-tries')
    const row = await noted(party, { id, account, askedAs, place })
    if ('code' in row) return row
    if (row.status === 'ended' && row.why === 'refused') return problemOf('means-refused')
    // An answer that was lost: what has become of it since is in the list.
    if (row.status !== 'asked') return view(party)
    const said = await bank.openMandate(mandateOf(id), account)
    switch (said.kind) {
      case 'active':
        await rows.allow({ id, party }, said.signedOn)
        await budgets.giveBack(keysOf(party, from))
        return view(party)
      case 'refused':
        await rows.refuse(id)
        return problemOf('means-refused')
      case 'unreachable':
      case 'no-answer':
        return problemOf('bank-unavailable')
    }
  }

  async function placeOf(asked: string): Promise<BankPlace | Problem> {
    const directory = await bank?.directory()
    if (directory === undefined || 'kind' in directory) return problemOf('bank-unavailable')
    return directory.banks.find(({ code }) => code === asked) ?? problemOf('field-invalid', { field: 'bank' })
  }

  async function noted(
    party: PartyId,
    asked: Readonly<{ id: MeansId; account: BankAccount; askedAs: Uint8Array; place: BankPlace }>,
  ): Promise<MeansRow | Problem> {
    const { id, account, askedAs, place } = asked
    const name = (await parts.languageOf(party)) === 'ja' ? place.nameJa : place.name
    const label = `${name} ···${account.number.slice(-3)}`
    const { kana: bankKana, isInstant } = place
    const row = await rows.ask({ id, party, account, bankKana, isInstant, label, unit: parts.unit, askedAs })
    if (row === undefined) return problemOf('too-many-means')
    return row.isSame ? row : problemOf('command-mismatch')
  }

  async function remove({ party }: DeviceActor, { means }: MeansBody<'removeMeans'>): Viewed {
    const id = parseId('mns', means)
    if (id === undefined || !(await rows.end(party, id))) return problemOf('means-not-found')
    parts.onEnded()
    return view(party)
  }
}

const keysOf = (party: PartyId, from: string) => [`mandates:${party}`, `mandates-from:${addressBlock(from)}`] as const

/** The same command of the same phone is the same means. */
export const meansIdOf = (what: 'means' | 'card', { id, party }: DeviceActor, command: CommandId): MeansId =>
  idInBucket('mns', bucketOfId(party), createHash('sha256').update(`${what} ${id} ${command}`).digest().subarray(0, 14))

// Border: the schema of this very route has checked the body.
const bodyOf = <Name extends 'addMeans' | 'removeMeans'>(request: FastifyRequest): MeansBody<Name> =>
  request.body as MeansBody<Name>
