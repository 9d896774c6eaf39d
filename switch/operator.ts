// The operator's desk: each command is one decision in its subject's bucket, with its row in the operator's log in the same commit.
// What belongs to the directory (parties, codes, keys) is done by the server after the commit that logs it, and again with each repeat.
import { bucketOf, systemAccount, type AccountNumber } from '#core/accounts.ts'
import type { Action, ActionKind, OperatorRole } from '#core/actions.ts'
import { assert } from '#core/assert.ts'
import { bucketOfId, type CommandId, type DeviceId, type OperatorId, type PartyId, type TerminalId } from '#core/ids.ts'
import { affords, type Account, type AccountStatus, type Limits } from '#core/ledger.ts'
import { sum, type Unit } from '#core/money.ts'
import type { SchemeRules } from '#core/payment.ts'
import { refuse } from '#core/refusals.ts'
import type { StaffRole } from '#core/staff.ts'
import type { Attributes } from '#core/standing.ts'
import type { OperatorActor } from './actors.ts'
import { NOTHING, refused, type Step } from './lanes.ts'
import type { Answer } from './store.ts'
import type { Working } from './working.ts'

export type Rules = Omit<SchemeRules, 'id'>
export type Credit = Readonly<{ account: AccountNumber; amount: bigint; name: string; text: string }>

export type Desk =
  | Readonly<{ name: 'enrol-operator'; operator: OperatorId; operatorName: string; role: OperatorRole }>
  | Readonly<{
      name: 'open-party'
      party: PartyId
      kind: 'person' | 'merchant'
      partyName: string
      legalName: string
      units: readonly Unit[]
    }>
  | Readonly<{ name: 'invite'; party: PartyId; kind: 'device' | 'terminal'; label: string | null }>
  | Readonly<{ name: 'invite'; party: null; kind: 'operator'; label: string; role: OperatorRole }>
  | Readonly<{ name: 'invite'; party: PartyId; kind: 'staff'; label: string; role: StaffRole }>
  | Readonly<{ name: 'revoke'; actor: DeviceId | TerminalId | OperatorId }>
  /** `holder`: the name of the account's party, null where there is none */
  | Readonly<{
      name: 'cash-in' | 'cash-out'
      account: AccountNumber
      unit: Unit
      amount: bigint
      holder: string | null
    }>
  | Readonly<{ name: 'credit-file'; unit: Unit; title: string; rows: readonly Credit[] }>
  | Readonly<{ name: 'freeze' | 'unfreeze'; account: AccountNumber }>
  /** `busy`: something was seen on its way, held or open */
  | Readonly<{ name: 'close'; account: AccountNumber; busy: boolean }>
  | Readonly<{ name: 'set-limits'; account: AccountNumber; unit: Unit; limits: Limits | null }>
  | Readonly<{ name: 'verify'; party: PartyId; attributes: Attributes }>
  | Readonly<{ name: 'look'; party: PartyId; what: string }>
  /** `client` is what the log says of the site: never its secret */
  | Readonly<{ name: 'register-client' | 'end-client'; party: PartyId; client: Readonly<Record<string, unknown>> }>
  | Readonly<{ name: 'set-rules'; rules: Omit<Rules, 'zone'> }>
  /** `rates` is what the log says of them */
  | Readonly<{ name: 'set-rates'; rates: readonly Readonly<Record<string, unknown>>[] }>
  /** what the log says of the rows that change */
  | Readonly<{
      name: 'set-card-tables'
      before: Readonly<Record<string, unknown>>
      after: Readonly<Record<string, unknown>>
    }>

export type DeskCommand = Desk &
  Readonly<{ id: CommandId; hash: string; by: Pick<OperatorActor, 'id' | 'name'>; why: string }>
type Sent<Name extends Desk['name']> = Extract<DeskCommand, { name: Name }>

/** Files of credits are booked from one account: one commit, all or nothing. */
export const CREDIT_BUCKET = 0
/** What concerns the whole scheme is logged here. */
export const RULES_BUCKET = 0

/** Amounts as decimal strings, as everywhere outside. */
const toJson = (value: unknown): string =>
  JSON.stringify(value, (_key, each: unknown) => (typeof each === 'bigint' ? String(each) : each))

export type OperatorDesk = ReturnType<typeof createOperatorDesk>

/** `step` is the switch's; `scheme.rules` is read afresh with each command. */
export function createOperatorDesk(parts: {
  step: (step: Step) => Promise<Answer>
  scheme: Readonly<{ name: string; buckets: number; rules: SchemeRules }>
  /** what the log, which every operator reads, holds of a birth date (20061203): the same for the same, and nothing to read it from */
  mask: (party: PartyId, birthDate: number) => string
}) {
  const { scheme, mask } = parts
  const bucketOfDesk = (account: AccountNumber): number => bucketOf(account, scheme.buckets)

  /** Decides a command once and for ever. Throws StoreUnavailable or TooBusy when nothing was decided. */
  async function handle(sent: DeskCommand): Promise<Answer> {
    switch (sent.name) {
      case 'enrol-operator':
        return logged(sent, bucketOfId(sent.operator), sent.operator, null, {
          name: sent.operatorName,
          role: sent.role,
        })
      case 'open-party': {
        const { kind, partyName, legalName, units } = sent
        return logged(sent, bucketOfId(sent.party), sent.party, null, { kind, name: partyName, legalName, units })
      }
      case 'invite': {
        const { party, kind, label } = sent
        const role = 'role' in sent && { role: sent.role }
        return logged(sent, party === null ? 0 : bucketOfId(party), party ?? 'scheme', null, { kind, label, ...role })
      }
      case 'revoke':
        return logged(sent, bucketOfId(sent.actor), sent.actor, { status: 'active' }, { status: 'revoked' })
      case 'cash-in':
      case 'cash-out':
        return cash(sent)
      case 'credit-file':
        return creditFile(sent)
      case 'freeze':
      case 'unfreeze':
        return changeStatus(sent, sent.name === 'freeze' ? 'frozen' : 'open')
      case 'close':
        return close(sent)
      case 'set-limits':
        return setLimits(sent)
      case 'verify':
        return verify(sent)
      case 'look':
        return look(sent)
      case 'register-client':
        return logged(sent, bucketOfId(sent.party), sent.party, null, sent.client)
      case 'end-client':
        return logged(sent, bucketOfId(sent.party), sent.party, sent.client, { ...sent.client, status: 'ended' })
      case 'set-rules': {
        const { id: _, ...before } = scheme.rules
        return logged(sent, RULES_BUCKET, 'scheme', before, { ...before, ...sent.rules })
      }
      case 'set-rates':
        return logged(sent, RULES_BUCKET, 'scheme', null, { rates: sent.rates })
      case 'set-card-tables':
        return logged(sent, RULES_BUCKET, 'scheme', sent.before, sent.after)
    }
  }

  /** One step with the command's stored answer. */
  const run = (
    { by, id, hash }: DeskCommand,
    bucket: number,
    needs: Step['needs'],
    decide: (working: Working) => Answer,
  ): Promise<Answer> => parts.step({ bucket, command: { actor: by.id, id, hash }, needs, decide })

  const actionOf = (
    { by, name, why }: DeskCommand & { name: ActionKind },
    subject: string,
    before: unknown,
    after: unknown,
  ): Action => ({
    operator: by.id,
    operatorName: by.name,
    what: name,
    subject,
    why,
    before: toJson(before),
    after: toJson(after),
  })

  const logged = (
    sent: DeskCommand,
    bucket: number,
    subject: string,
    before: unknown,
    after: unknown,
  ): Promise<Answer> =>
    run(sent, bucket, {}, (working) => {
      working.act(bucket, actionOf(sent, subject, before, after))
      return { ...NOTHING, note: subject }
    })

  function cash(sent: Sent<'cash-in' | 'cash-out'>): Promise<Answer> {
    const { account: key, unit, amount, holder } = sent
    const bucket = bucketOfDesk(key)
    const desk = systemAccount('cash', bucket)
    return run(sent, bucket, { accounts: [key, desk] }, (working) => {
      const account = working.account(key, unit)
      const till = working.account(desk, unit)
      if (holder === null) return refused(refuse('account-unknown'))
      if (account === undefined || till === undefined) return refused(refuse('unit-mismatch'))
      const isIn = sent.name === 'cash-in'
      if (isIn && account.status === 'closed') return refused(refuse('account-closed'))
      if (!isIn && account.status === 'frozen') return refused(refuse('account-frozen'))
      if (isIn && !affords(till, amount)) return refused(refuse('over-limit'))
      if (!isIn && !affords(account, amount)) return refused(refuse('insufficient-funds'))
      const names = isIn
        ? { debitName: holder, creditName: scheme.name }
        : { debitName: scheme.name, creditName: holder }
      const { sequence } = working.post({
        ...(isIn ? { debit: desk, credit: key, kind: 'deposit' } : { debit: key, credit: desk, kind: 'withdraw' }),
        ...names,
        unit,
        amount,
        payment: null,
      })
      const after = { unit, amount, transfer: `${bucket}:${sequence}` }
      working.act(bucket, actionOf(sent, key, { unit, balance: account.balance }, after))
      return NOTHING
    })
  }

  /** Every row was read and looked up before; here only the scheme's own account can say no. */
  function creditFile(sent: Sent<'credit-file'>): Promise<Answer> {
    const { unit, title, rows } = sent
    const issue = systemAccount('issue', CREDIT_BUCKET)
    return run(sent, CREDIT_BUCKET, { accounts: [issue] }, (working) => {
      const source = working.account(issue, unit)
      if (source === undefined) return refused(refuse('unit-mismatch'))
      const total = sum(rows.map(({ amount }) => amount))
      if (!affords(source, total)) return refused(refuse('over-limit'))
      const posted = rows.map(({ account, amount, name, text }) =>
        working.post({
          debit: issue,
          credit: account,
          unit,
          amount,
          kind: 'credit',
          payment: null,
          debitName: name,
          creditName: text === '' ? title : text,
        }),
      )
      const [first, last] = [posted[0], posted.at(-1)]
      assert(first !== undefined && last !== undefined, 'a file has rows')
      const transfers = `${CREDIT_BUCKET}:${first.sequence}-${last.sequence}`
      const after = { unit, title, rows: rows.length, total, transfers }
      working.act(CREDIT_BUCKET, actionOf(sent, 'scheme', { unit, balance: source.balance }, after))
      return { ...NOTHING, note: String(rows.length) }
    })
  }

  function changeStatus(sent: Sent<'freeze' | 'unfreeze'>, status: 'open' | 'frozen'): Promise<Answer> {
    const bucket = bucketOfDesk(sent.account)
    return run(sent, bucket, { accounts: [sent.account] }, (working) => {
      const accounts = working.accountsOf(sent.account)
      if (accounts.length === 0) return refused(refuse('account-unknown'))
      if (accounts.some((account) => account.status === 'closed')) return refused(refuse('account-closed'))
      return setStatus(sent, working, accounts, status)
    })
  }

  function setStatus(
    sent: Sent<'freeze' | 'unfreeze' | 'close'>,
    working: Working,
    accounts: readonly Account[],
    status: AccountStatus,
  ): Answer {
    for (const account of accounts) working.saveAccount({ ...account, status })
    const action = actionOf(sent, sent.account, statuses(accounts), statuses(accounts, status))
    working.act(bucketOfDesk(sent.account), action)
    return NOTHING
  }

  /** What is on its way to the account in other buckets cannot be locked here: what arrives later waits there to be paid out. */
  function close(sent: Sent<'close'>): Promise<Answer> {
    const bucket = bucketOfDesk(sent.account)
    return run(sent, bucket, { accounts: [sent.account] }, (working) => {
      const accounts = working.accountsOf(sent.account)
      if (accounts.length === 0) return refused(refuse('account-unknown'))
      if (accounts.every(({ status }) => status === 'closed')) return refused(refuse('account-closed'))
      if (sent.busy) return refused(refuse('account-busy'))
      if (accounts.some(({ balance }) => balance !== 0n)) return refused(refuse('balance-left'))
      return setStatus(sent, working, accounts, 'closed')
    })
  }

  function setLimits(sent: Sent<'set-limits'>): Promise<Answer> {
    const { account: key, unit, limits } = sent
    const bucket = bucketOfDesk(key)
    return run(sent, bucket, { accounts: [key] }, (working) => {
      if (working.accountsOf(key).length === 0) return refused(refuse('account-unknown'))
      const account = working.account(key, unit)
      if (account === undefined) return refused(refuse('unit-mismatch'))
      if (account.status === 'closed') return refused(refuse('account-closed'))
      working.saveAccount({ ...account, limits })
      working.act(bucket, actionOf(sent, key, { unit, limits: account.limits }, { unit, limits }))
      return NOTHING
    })
  }

  function verify(sent: Sent<'verify'>): Promise<Answer> {
    const { party, attributes } = sent
    return run(sent, bucketOfId(party), { standings: [party] }, (working) => {
      const standing = working.standing(party)
      working.saveStanding({ ...standing, attributes })
      const told = (each: Attributes) => masked(each, (birthDate) => mask(party, birthDate))
      working.act(bucketOfId(party), actionOf(sent, party, told(standing.attributes), told(attributes)))
      return NOTHING
    })
  }

  /** The line says what was looked at, never what was seen; the note says when, because a repeat may not look much later. */
  function look(sent: Sent<'look'>): Promise<Answer> {
    const { party, what } = sent
    const bucket = bucketOfId(party)
    return run(sent, bucket, {}, (working) => {
      working.act(bucket, actionOf(sent, party, null, { looked: what }))
      return { ...NOTHING, note: String(working.now) }
    })
  }

  return { handle }
}

/** Attributes as the log holds them, their birth date masked; names in one order, because a database may give back another. */
const masked = ({ birthDate, region, memberships }: Attributes, mask: (birthDate: number) => string) => ({
  birthDate: birthDate === null ? null : mask(birthDate),
  region,
  memberships: memberships.map(({ name, until, number }) => ({ name, until, ...(number !== undefined && { number }) })),
})

const statuses = (accounts: readonly Account[], status?: AccountStatus): Record<string, AccountStatus> =>
  Object.fromEntries(accounts.map((account) => [account.unit, status ?? account.status]))
