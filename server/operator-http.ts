// The operator's desk over HTTP. Every route is for operators alone, and each command looks whether its sender still is one.
import type { FastifyRequest } from 'fastify'
import { parseId, type DeviceId, type TerminalId } from '#core/ids.ts'
import type { PostedAction } from '#core/actions.ts'
import { toBase64url, toHex } from '#core/bytes.ts'
import type { ProofLimits, Strength } from '#core/device.ts'
import { spentWith, type Limits } from '#core/ledger.ts'
import { dayOf } from '#core/calendar.ts'
import type { Unit } from '#core/money.ts'
import type { SchemeRules } from '#core/payment.ts'
import type { Attributes } from '#core/standing.ts'
import { LIMITS } from '#protocol/limits.ts'
import {
  INVITED_TERMINALS,
  OPERATOR_COMMAND_ROUTES,
  OPERATOR_ROUTES,
  type ActionView,
  type LimitsWire,
  type OperatorCommandBody,
  type OperatorCommandName,
  type OperatorRouteView,
  type PartyFileView,
  type ProofLimitsWire,
} from '#protocol/operator.ts'
import { problemOf, type Problem } from '#protocol/problems.ts'
import type { Store } from '#switch/store.ts'
import { balanceView, entryView } from '#switch/views.ts'
import { operatorOf, type OnRoute } from './http-callers.ts'
import { isProblem } from './http-problems.ts'
import type { OperatorDesk } from './operator.ts'
import { readHeads, type SchemeKey } from './operator-log.ts'
import { dayText } from './operator-wire.ts'
import type { Database } from './postgres/connect.ts'
import type { Operators, PartyRow } from './postgres/operators.ts'
import type { Staff } from './postgres/staff.ts'

/** Newest entries in a party's file. */
const FILE_ENTRIES = 20
/** The signed heads of two months on one page. */
const PAGE_OF_HEADS = 60

/** Registers the desk's routes. */
export function serveOperator(
  on: OnRoute,
  parts: Readonly<{
    desk: OperatorDesk
    operators: Operators
    staff: Pick<Staff, 'members'>
    store: Store
    database: Database
    key: SchemeKey
    scheme: Readonly<{ unit: Unit; buckets: number; rules: SchemeRules }>
    /** the hub's clock */
    now: () => number
  }>,
): void {
  const { desk, operators, staff, store, database, key, scheme } = parts

  for (const { name, route } of OPERATOR_COMMAND_ROUTES) on(route, (request) => command(name, request))

  async function command(name: OperatorCommandName, request: FastifyRequest): Promise<object> {
    const started = performance.now()
    const operator = operatorOf(request)
    // A session is remembered for two seconds; whoever was revoked meanwhile must not act.
    const known = await operators.identityOf(operator.id)
    if (known?.status !== 'active' || known.actor.kind !== 'operator') return problemOf('operator-revoked')
    // Border: the schema of this very route has checked the body.
    const body = request.body as OperatorCommandBody<OperatorCommandName>
    const result = await desk.perform(known.actor, name, body)
    const ms = Math.round((performance.now() - started) * 10) / 10
    const outcome = isProblem(result) ? result.code : 'done'
    request.log.info({ command: body.command, who: operator.id, what: name, outcome, ms })
    return result
  }

  // Border, in all of these: the schema of the route has checked query and body.
  on(OPERATOR_ROUTES.creditCheck, (request) => desk.check(request.body as Parameters<OperatorDesk['check']>[0]))

  on(OPERATOR_ROUTES.operatorParties, async (request): Promise<OperatorRouteView<'operatorParties'>> => {
    const { search, before } = request.query as { search?: string; before?: string }
    const found = await operators.parties({
      search: search ?? null,
      before: parseId('pty', before) ?? null,
      limit: LIMITS.pageSize + 1,
    })
    const parties = found.slice(0, LIMITS.pageSize)
    return { parties, next: found.length > LIMITS.pageSize ? (parties.at(-1)?.party ?? null) : null }
  })

  on(OPERATOR_ROUTES.operatorParty, async (request): Promise<PartyFileView | Problem> => {
    const id = parseId('pty', (request.params as { party: string }).party)
    const party = id && (await operators.party(id))
    return party === undefined ? problemOf('party-unknown') : fileOf(party)
  })

  async function fileOf(party: PartyRow): Promise<PartyFileView> {
    const { account } = party
    const [balances, accounts, attributes, machines, has, members] = await Promise.all([
      store.readBalances(account),
      operators.accounts(account),
      operators.attributes(party.party),
      operators.machines(party.party),
      operators.has(party.party),
      staff.members(party.party),
    ])
    const pages = await Promise.all(
      balances.map(({ unit }) =>
        store.readEntries({ account, unit, before: null, since: null, until: null, kind: null, limit: FILE_ENTRIES }),
      ),
    )
    const entries = pages.flatMap(({ entries: page }) => page).toSorted((left, right) => right.at - left.at)
    const today = dayOf(parts.now(), scheme.rules.zone)
    return {
      ...party,
      balances: balances.map((balance) => {
        const known = accounts.find(({ unit }) => unit === balance.unit) ?? balance
        const spent = spentWith(known.spent, 0n, today)
        return {
          ...balanceView(balance),
          limits: known.limits && limitsView(known.limits),
          spentOnDay: String(spent.onDay),
          spentInMonth: String(spent.inMonth),
        }
      }),
      attributes: attributesView(attributes),
      has,
      staff: members.map(({ id, name, role, status }) => ({ id, name, role, status })),
      devices: machines.flatMap(({ id, kind, label, status, enrolledAt }) =>
        kind === 'device' ? [{ id: id as DeviceId, label, status, enrolledAt }] : [],
      ),
      terminals: machines.flatMap(({ id, kind, terminalKind, label, status, enrolledAt }) =>
        kind === 'terminal'
          ? [
              {
                id: id as TerminalId,
                kind: INVITED_TERMINALS.find((known) => known === terminalKind) ?? 'counter',
                label,
                status,
                enrolledAt,
              },
            ]
          : [],
      ),
      entries: entries.slice(0, FILE_ENTRIES).map((entry) => ({ unit: entry.unit, ...entryView(entry) })),
    }
  }

  on(OPERATOR_ROUTES.operatorActions, async (request): Promise<OperatorRouteView<'operatorActions'>> => {
    const { subject, before } = request.query as { subject?: string; before?: string }
    const [at = '0', bucket = '0', number = '0'] = before?.split('-') ?? []
    const found = await operators.actions({
      subject: subject ?? null,
      before: before === undefined ? null : { at: Number(at), bucket: Number(bucket), number: BigInt(number) },
      limit: LIMITS.pageSize + 1,
    })
    const shown = found.slice(0, LIMITS.pageSize)
    const last = shown.at(-1)
    const hasMore = found.length > LIMITS.pageSize && last !== undefined
    return {
      actions: shown.map(actionView),
      next: hasMore ? `${last.at}-${last.bucket}-${last.number}` : null,
    }
  })

  on(OPERATOR_ROUTES.operatorHeads, async (request): Promise<OperatorRouteView<'operatorHeads'>> => {
    const { before } = request.query as { before?: string }
    const found = await readHeads(database, {
      before: before === undefined ? null : Number(before),
      limit: PAGE_OF_HEADS + 1,
    })
    const shown = found.slice(0, PAGE_OF_HEADS)
    return {
      key: toBase64url(key.publicKey),
      heads: shown.map(({ signature, ...head }) => ({ ...head, signature: toBase64url(signature) })),
      next: found.length > PAGE_OF_HEADS ? String(shown.at(-1)?.day) : null,
    }
  })

  on(OPERATOR_ROUTES.operatorRules, async (): Promise<OperatorRouteView<'operatorRules'>> => {
    const { limits, freshProofFrom, unlockMs, restricted, proofLimits, offline, zone } = scheme.rules
    const { unit } = scheme
    return {
      limits: limitsView(limits),
      freshProofFrom: String(freshProofFrom),
      unlockMs,
      restricted,
      proofLimits: proofLimitsView(proofLimits),
      offline: {
        payment: String(offline.payment),
        device: String(offline.device),
        terminal: String(offline.terminal),
        ms: offline.ms,
      },
      zone,
      unit,
    }
  })

  on(OPERATOR_ROUTES.operators, async () => ({ operators: await operators.all() }))
}

const limitsView = ({ perPayment, perDay, perMonth }: Limits): LimitsWire => ({
  perPayment: String(perPayment),
  perDay: String(perDay),
  perMonth: String(perMonth),
})

const proofLimitsView = (limits: ProofLimits): ProofLimitsWire => {
  const text = (strength: Strength): string | null => (limits[strength] === null ? null : String(limits[strength]))
  return {
    password: text('password'),
    'synced-passkey': text('synced-passkey'),
    'bound-passkey': text('bound-passkey'),
    'security-key': text('security-key'),
    other: text('other'),
  }
}

/** The birth date is shown by the command `look` alone. */
const attributesView = ({ region, memberships }: Attributes): PartyFileView['attributes'] => ({
  birthDate: null,
  region,
  memberships: memberships.map(({ until, ...named }) => ({ ...named, until: until === null ? null : dayText(until) })),
})

const actionView = ({ number, hash, ...action }: PostedAction): ActionView => ({
  ...action,
  number: String(number),
  hash: toHex(hash),
})
