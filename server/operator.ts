// What an operator may do, whoever asks: the page over HTTP, the desk on the machine, the demo. A command is read at the border,
// decided and logged by the switch, and then done in the directory; a repeat gets the stored answer and finishes what was left.
import { createHash, createHmac } from 'node:crypto'
import { bucketOf, isAccountNumber, type AccountNumber } from '#core/accounts.ts'
import { assert } from '#core/assert.ts'
import {
  bucketOfId,
  idFrom,
  idInBucket,
  isId,
  parseId,
  type CommandId,
  type DeviceId,
  type OperatorId,
  type PartyId,
  type TerminalId,
} from '#core/ids.ts'
import { parseAmount, sum, unitOf, type Unit } from '#core/money.ts'
import type { SchemeRules } from '#core/payment.ts'
import { operatorMay } from '#core/actions.ts'
import { LIMITS } from '#protocol/limits.ts'
import type {
  AnyOperatorCommand,
  CreditCheckView,
  OperatorAnswerView,
  OperatorCommandBody,
  OperatorCommandName,
} from '#protocol/operator.ts'
import { problemOf, type Problem } from '#protocol/problems.ts'
import type { OperatorActor } from '#switch/actors.ts'
import { createOperatorDesk, CREDIT_BUCKET, RULES_BUCKET, type Desk } from '#switch/operator.ts'
import type { Store } from '#switch/store.ts'
import type { Switch } from '#switch/switch.ts'
import { newCode, type ActorId, type Directory } from './auth/directory.ts'
import { commandHash } from './border.ts'
import type { CardTables } from './cards/tables.ts'
import { setCardTables } from './cards/tables-setting.ts'
import { matchCredits, readCreditFile, type RowFault } from './credit-file.ts'
import type { SchemeKey } from './operator-log.ts'
import { siteCommands, type Sites } from './operator-sites.ts'
import { attributesOf, limitsOf, offlineLimitsFrom, proofLimitsFrom } from './operator-wire.ts'
import type { Operators } from './postgres/operators.ts'
import type { Parties } from './postgres/parties.ts'
import type { Staff } from './postgres/staff.ts'
import { ratesToSet, type RateBook } from './rates/setting.ts'

/** Who the log names for what is done on the hub's own machine (npm run desk, the demo's beginning): no session can be of this id. */
export const DESK_ON_THE_MACHINE: By = {
  id: idFrom('opr', new Uint8Array(16)),
  name: 'desk on the machine',
  role: 'chief',
}

export type OperatorDeskParts = Readonly<{
  operators: Operators
  /** withOperators: knows devices, terminals and operators */
  directory: Directory
  parties: Pick<Parties, 'openUnit'>
  staff: Pick<Staff, 'invite' | 'hasRoom'>
  /** null where no sites can sign people in: a hub that is not reached by a name, the desk on the machine */
  sites: Sites | null
  rateBook: RateBook
  cardTables: Pick<CardTables, 'rows' | 'reload'>
  store: Store
  hub: Pick<Switch, 'step'>
  scheme: Readonly<{ name: string; buckets: number; rules: SchemeRules }>
  key: SchemeKey
  /** an account's status or limits have changed: whoever watches it looks again */
  onAccount: (bucket: number) => void
  /** the rules have changed: they are read again */
  onRules: () => Promise<void>
  /** may not act any more: what is remembered of it, here and at other hubs, is forgotten */
  onRevoked: (actor: ActorId) => void
}>

export type OperatorDesk = ReturnType<typeof operatorDesk>
type By = Pick<OperatorActor, 'id' | 'name' | 'role'>
type Done = OperatorAnswerView | Problem

const NOTHING_MADE: OperatorAnswerView = {
  party: null,
  account: null,
  code: null,
  codeExpiresAt: null,
  rows: null,
  look: null,
  client: null,
}
/** A look whose answer was lost is shown again for so long; later it is another look, with a line of its own. */
const LOOK_AGAIN_MS = 5 * 60_000
/** Named in a problem; the check shows them all. */
const NAMED_FAULTS = 100

/** Over the parts of a hub. Methods throw StoreUnavailable or TooBusy when nothing was decided. */
export function operatorDesk(parts: OperatorDeskParts) {
  const { operators, directory, parties, staff, store, hub, scheme, key } = parts
  const desk = createOperatorDesk({ step: hub.step, scheme, mask: key.mask })
  const sites = siteCommands({ sites: parts.sites, codeSecret: key.codeSecret, partyIn })

  /** Does one command, once for ever by its id. Every no is a problem; what the role does not allow is not looked at. */
  async function perform<Name extends OperatorCommandName>(
    by: By,
    name: Name,
    body: OperatorCommandBody<Name>,
  ): Promise<Done> {
    if (body.why.trim() === '') return problemOf('text-invalid', { field: 'why' })
    // The pair was made of one name and its body.
    const sent = { name, body } as unknown as AnyOperatorCommand
    if (!operatorMay(by.role, name, isOfOperators(sent))) return problemOf('not-permitted')
    const hash = commandHash(`operator ${name}`, body)
    // Border: the schema's pattern has checked the id.
    const asked: Asked = { by, id: body.command as CommandId, hash, why: body.why }
    switch (sent.name) {
      case 'open-party':
        return openParty(asked, sent.body)
      case 'invite':
        return invite(asked, sent.body)
      case 'revoke':
        return revoke(asked, sent.body)
      case 'cash-in':
      case 'cash-out':
        return cash(asked, sent.name, sent.body)
      case 'credit-file':
        return creditFile(asked, sent.body)
      case 'freeze':
      case 'unfreeze':
        return ofAccount(sent.body, (account) => decide(asked, { name: sent.name, account }, changed(account)))
      case 'close':
        return ofAccount(sent.body, (account) => close(asked, account))
      case 'set-limits':
        return setLimits(asked, sent.body)
      case 'verify':
        return verify(asked, sent.body)
      case 'set-rules':
        return setRules(asked, sent.body)
      case 'set-rates':
        return setRates(asked, sent.body)
      case 'set-card-tables': {
        const isRepeat = await isDecided(asked, RULES_BUCKET)
        return setCardTables(parts.cardTables, asked, sent.body, isRepeat, (command) => decide(asked, command))
      }
      case 'look':
        return look(asked, sent.body)
      case 'register-client':
        return site(asked, await sites.register(asked, sent.body))
      case 'end-client':
        return site(asked, await sites.end(sent.body.client))
    }
  }

  type Asked = Readonly<{ by: By; id: CommandId; hash: string; why: string }>

  /** What the switch decides; `then` does what follows from a yes, and again with every repeat. */
  async function decide(
    asked: Asked,
    command: Desk,
    then?: (note: string | null) => Promise<Partial<OperatorAnswerView>>,
  ): Promise<Done> {
    const { refusal, note } = await desk.handle({ ...command, ...asked })
    if (refusal !== null) return problemOf(refusal.code, refusal.detail)
    return { ...NOTHING_MADE, ...(await then?.(note)) }
  }

  /** Was this command decided before? Then what has changed since is no reason to say no to its repeat. */
  const isDecided = async ({ by, id }: Asked, bucket: number): Promise<boolean> =>
    (await store.readCommand(bucket, { actor: by.id, id })) !== undefined

  function openParty(asked: Asked, body: OperatorCommandBody<'open-party'>): Done | Promise<Done> {
    const units = body.units.flatMap((code) => unitOf(code) ?? [])
    if (units.length < body.units.length) return problemOf('unit-invalid', { field: 'units' })
    const { kind, name, legalName } = body
    const seed = seedOf('party', asked)
    const bucket = seed.readUInt16BE() % scheme.buckets
    const party = idInBucket('pty', bucket, seed.subarray(2, 16))
    const command = { name: 'open-party', party, kind, partyName: name, legalName, units } as const
    return decide(asked, command, async () => {
      const { account } = await directory.createParty({ id: party, kind, name, legalName, bucket, units: [] })
      for (const unit of units) await parties.openUnit(account, unit)
      return { party, account }
    })
  }

  async function invite(asked: Asked, { to }: OperatorCommandBody<'invite'>): Promise<Done> {
    // The same command gives the same code, and the code itself is kept nowhere.
    const code = newCode(
      createHmac('sha256', key.codeSecret).update(`${asked.by.id} ${asked.id} ${asked.hash}`).digest(),
    )
    const lifeMs = LIMITS.enrolmentCodeMs
    if (to.kind === 'operator') {
      const { name, role = 'chief' } = to
      return decide(asked, { name: 'invite', party: null, kind: 'operator', label: name, role }, async () => {
        const { expiresAt } = await operators.createCode({ code, name, role, lifeMs })
        return { code, codeExpiresAt: expiresAt }
      })
    }
    // Border: the schema's pattern has checked the id.
    const party = to.party as PartyId
    const label = to.kind === 'terminal' ? to.label : null
    if (!(await isDecided(asked, bucketIn(party)))) {
      const known = await partyIn(party)
      if (known === undefined) return problemOf('party-unknown')
      if (known.status === 'closed') return problemOf('account-closed')
      // Money is taken in by a merchant's terminals; a merchant does not pay with a phone.
      if ((known.kind === 'merchant') === (to.kind === 'device'))
        return problemOf('field-invalid', { field: 'to/kind' })
      if (to.kind === 'staff' && !(await staff.hasRoom(party))) return problemOf('too-many-staff')
    }
    if (to.kind === 'staff') {
      const { name, role } = to
      const id = idInBucket('stf', bucketIn(party), seedOf('staff', asked).subarray(2, 16))
      return decide(asked, { name: 'invite', party, kind: 'staff', label: name, role }, async () => {
        const { expiresAt } = await staff.invite({ id, party, name, role, code, lifeMs })
        return { party, code, codeExpiresAt: expiresAt }
      })
    }
    return decide(asked, { name: 'invite', party, kind: to.kind, label }, async () => {
      const { expiresAt } = await directory.createCode(
        to.kind === 'terminal'
          ? { kind: 'terminal', party, lifeMs, code, label: to.label, terminalKind: to.terminal }
          : { kind: 'device', party, lifeMs, code },
      )
      return { party, code, codeExpiresAt: expiresAt }
    })
  }

  async function revoke(asked: Asked, body: OperatorCommandBody<'revoke'>): Promise<Done> {
    // Border: the schema's patterns have checked the id.
    const actor = body.actor as DeviceId | TerminalId | OperatorId
    if (bucketOfId(actor) >= scheme.buckets || (await directory.identityOf(actor)) === undefined)
      return problemOf('not-found')
    return decide(asked, { name: 'revoke', actor }, async () => {
      await directory.revoke(actor)
      parts.onRevoked(actor)
      return {}
    })
  }

  function cash(
    asked: Asked,
    name: 'cash-in' | 'cash-out',
    body: OperatorCommandBody<'cash-in'>,
  ): Done | Promise<Done> {
    const unit = unitOf(body.unit)
    const amount = parseAmount(body.amount)
    if (unit === undefined) return problemOf('unit-invalid', { field: 'unit' })
    if (amount === undefined || amount === 0n) return problemOf('amount-invalid', { field: 'amount' })
    return ofAccount(body, async (account) => {
      // What has arrived by now may be paid out.
      if (name === 'cash-out') await depositAll(account)
      const holder = (await operators.partyByAccount(account))?.name ?? null
      return decide(asked, { name, account, unit, amount, holder })
    })
  }

  async function creditFile(asked: Asked, body: OperatorCommandBody<'credit-file'>): Promise<Done> {
    const unit = unitOf(body.unit)
    if (unit === undefined) return problemOf('unit-invalid', { field: 'unit' })
    const { credits, faults } = await checked(body, unit)
    if (faults.length > 0 && !(await isDecided(asked, CREDIT_BUCKET))) return rowsInvalid(faults)
    await operators.openOwnAccounts(CREDIT_BUCKET, unit)
    const command = { name: 'credit-file', unit, title: body.title, rows: credits } as const
    return decide(asked, command, async (rows) => ({ rows: Number(rows) }))
  }

  async function checked(body: Pick<OperatorCommandBody<'credit-file'>, 'rows'>, unit: Unit) {
    const file = readCreditFile(body.rows, unit)
    const holders = await operators.holders([...new Set(file.rows.map(({ account }) => account))], unit)
    return { count: file.count, ...matchCredits(file, holders) }
  }

  /** What a file of credits would do; books nothing. */
  async function check(
    body: Pick<OperatorCommandBody<'credit-file'>, 'rows' | 'unit'>,
  ): Promise<CreditCheckView | Problem> {
    const unit = unitOf(body.unit)
    if (unit === undefined) return problemOf('unit-invalid', { field: 'unit' })
    const { count, credits, faults } = await checked(body, unit)
    const total = sum(credits.map(({ amount }) => amount))
    // Past what an amount can say, the file has the fault `total`.
    return {
      rows: count,
      unit,
      total: faults.some(({ reason }) => reason === 'total') ? '0' : String(total),
      faults: [...faults],
    }
  }

  /** What can be known is asked first: what is arriving is deposited, then nothing may be on its way, open or held, on either side. */
  async function close(asked: Asked, account: AccountNumber): Promise<Done> {
    await depositAll(account)
    const holder = await operators.partyByAccount(account)
    const isArriving = (await store.readBalances(account)).some(({ arriving }) => arriving > 0n)
    const busy = isArriving || (holder !== undefined && (await operators.isBusy(holder.party)))
    return decide(asked, { name: 'close', account, busy }, async () => {
      assert(holder !== undefined, 'an account has a holder')
      const machines = await operators.machines(holder.party)
      await operators.closeParty(holder.party)
      for (const { id } of machines) parts.onRevoked(id)
      return changed(account)()
    })
  }

  function setLimits(asked: Asked, body: OperatorCommandBody<'set-limits'>): Done | Promise<Done> {
    const unit = unitOf(body.unit)
    const limits = body.limits === null ? null : limitsOf(body.limits)
    if (unit === undefined) return problemOf('unit-invalid', { field: 'unit' })
    if (limits === undefined) return problemOf('amount-invalid', { field: 'limits' })
    return ofAccount(body, (account) => decide(asked, { name: 'set-limits', account, unit, limits }, changed(account)))
  }

  async function verify(asked: Asked, body: OperatorCommandBody<'verify'>): Promise<Done> {
    const attributes = attributesOf(body.attributes)
    if (attributes === undefined) return problemOf('day-invalid', { field: 'attributes' })
    const party = parseId('pty', body.party)
    if (party === undefined || (await partyIn(party)) === undefined) return problemOf('party-unknown')
    return decide(asked, { name: 'verify', party, attributes }, async () => ({ party }))
  }

  function setRules(asked: Asked, body: OperatorCommandBody<'set-rules'>): Done | Promise<Done> {
    const limits = limitsOf(body.limits)
    const freshProofFrom = parseAmount(body.freshProofFrom)
    if (limits === undefined) return problemOf('amount-invalid', { field: 'limits' })
    if (freshProofFrom === undefined) return problemOf('amount-invalid', { field: 'freshProofFrom' })
    const { unlockMs, restricted } = body
    const proofLimits = body.proofLimits === undefined ? scheme.rules.proofLimits : proofLimitsFrom(body.proofLimits)
    if (proofLimits === undefined) return problemOf('amount-invalid', { field: 'proofLimits' })
    const offline = body.offline === undefined ? scheme.rules.offline : offlineLimitsFrom(body.offline)
    if (offline === undefined) return problemOf('amount-invalid', { field: 'offline' })
    const rules = { unlockMs, freshProofFrom, limits, restricted, proofLimits, offline }
    return decide(asked, { name: 'set-rules', rules }, async () => {
      await parts.onRules()
      return {}
    })
  }

  async function setRates(asked: Asked, body: OperatorCommandBody<'set-rates'>): Promise<Done> {
    const [now, isRepeat] = await Promise.all([store.now(), isDecided(asked, RULES_BUCKET)])
    const found = ratesToSet(parts.rateBook, asked, body, { now, zone: scheme.rules.zone }, isRepeat)
    return 'status' in found ? found : decide(asked, found.command, found.done)
  }

  /** The line is written before anything is shown; a repeat much later would be a look without a line. */
  async function look(asked: Asked, { party: id, what }: OperatorCommandBody<'look'>): Promise<Done> {
    const party = parseId('pty', id)
    if (party === undefined || (await partyIn(party)) === undefined) return problemOf('party-unknown')
    const { refusal, note } = await desk.handle({ name: 'look', party, what, ...asked })
    if (refusal !== null) return problemOf(refusal.code, refusal.detail)
    if ((await store.now()) - Number(note) > LOOK_AGAIN_MS) return problemOf('command-mismatch')
    return { ...NOTHING_MADE, party, look: await operators.lookAt(party, what) }
  }

  const site = async (asked: Asked, found: Awaited<ReturnType<typeof sites.end>>): Promise<Done> =>
    'status' in found ? found : decide(asked, found.command, found.done)

  const changed = (account: AccountNumber) => async (): Promise<Partial<OperatorAnswerView>> => {
    parts.onAccount(bucketOf(account, scheme.buckets))
    return { account }
  }

  const depositAll = async (account: AccountNumber): Promise<void> => {
    while ((await store.deposit(bucketOf(account, scheme.buckets))) > 0);
  }

  /** An id made elsewhere may name a bucket that is not here. */
  const bucketIn = (party: PartyId): number => bucketOfId(party) % scheme.buckets
  function partyIn(party: PartyId): ReturnType<Operators['party']> {
    return bucketOfId(party) < scheme.buckets ? operators.party(party) : Promise.resolve(undefined)
  }

  /** The operator's own enrolment, with the one-time code, as the first line under its name. */
  async function enrolled({ id, name, role }: OperatorActor): Promise<void> {
    const seed = createHash('sha256').update(`enrolled ${id}`).digest()
    const asked: Asked = {
      by: { id, name, role },
      id: idFrom('cmd', seed.subarray(0, 16)),
      hash: seed.toString('hex'),
      why: 'one-time code',
    }
    await decide(asked, { name: 'enrol-operator', operator: id, operatorName: name, role })
  }

  return { perform, check, enrolled }
}

/** Is this about those who work at the desk themselves? */
const isOfOperators = ({ name, body }: AnyOperatorCommand): boolean =>
  (name === 'invite' && body.to.kind === 'operator') || (name === 'revoke' && isId('opr', body.actor))

/** 32 bytes that are the same for the same command id: with another body it meets the first one's row, and is a mismatch. */
const seedOf = (what: string, { by, id }: { by: By; id: CommandId }): Buffer =>
  createHash('sha256').update(`${what} ${by.id} ${id}`).digest()

const ofAccount = (
  { account }: { account: string },
  then: (account: AccountNumber) => Promise<Done>,
): Done | Promise<Done> => (isAccountNumber(account) ? then(account) : problemOf('account-unknown'))

function rowsInvalid(faults: readonly RowFault[]): Problem {
  const named = faults.slice(0, NAMED_FAULTS).map(({ row, reason }) => [String(row), reason])
  return problemOf('rows-invalid', { faults: String(faults.length), ...Object.fromEntries(named) })
}

/**
 * A one-time code for the operator of a scheme that has none who may act: printed at every start until it has been used, good for a day.
 * Null when an operator has enrolled.
 */
export const openOperatorCode = (operators: Operators): Promise<string | null> =>
  operators.openFirstCode(LIMITS.enrolmentCodeMs)
