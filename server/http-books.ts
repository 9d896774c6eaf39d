// What a party reads of its own books over HTTP, and the little it changes there: units and contacts.
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Readable } from 'node:stream'
import { isAccountNumber } from '#core/accounts.ts'
import { isId, type PartyId } from '#core/ids.ts'
import { unitOf, type Unit } from '#core/money.ts'
import { LIMITS } from '#protocol/limits.ts'
import { problemOf, type Problem } from '#protocol/problems.ts'
import { ROUTES, type RouteBody, type RouteQuery } from '#protocol/routes.ts'
import { entryView } from '#switch/views.ts'
import { spanOf } from './days.ts'
import { billerFrom, deviceOf, holderOf, type Holder, type OnRoute } from './http-callers.ts'
import type { HttpParts } from './http.ts'
import { csvOf } from './statement.ts'

/** Registers the reads of deals, payments, balances and entries, and the routes of units and contacts. */
export function serveBooks(
  on: OnRoute,
  {
    store,
    sight,
    scheme,
    parties,
    budgets,
    originOf,
  }: Pick<HttpParts, 'store' | 'sight' | 'scheme' | 'parties' | 'budgets'> & {
    originOf: (request: FastifyRequest) => string
  },
): void {
  // Border, in all of these: the schema of the route has checked query, body and the number of parameters.
  on(ROUTES.deals, async (request) => {
    const before = cursorOf(request.query as RouteQuery<'deals'>)
    return pageOf(await sight.deals(billerFrom(request), before, LIMITS.pageSize, originOf(request)))
  })
  on(ROUTES.deal, async (request) => {
    const { deal } = request.params as { deal: string }
    if (!isId('deal', deal)) return problemOf('not-found')
    return (await sight.deal(billerFrom(request), deal, originOf(request))) ?? problemOf('not-found')
  })
  on(ROUTES.sales, async (request) => {
    const { party } = billerFrom(request)
    const before = cursorOf(request.query as RouteQuery<'sales'>)
    const offers = await parties.offersOf(party, before, LIMITS.pageSize)
    return pageOf(await sight.dealsFrom(offers, originOf(request)))
  })
  on(ROUTES.sale, async (request) => {
    const { payment } = request.params as { payment: string }
    if (!isId('pay', payment)) return problemOf('not-found')
    return (await sight.sale(billerFrom(request), payment, originOf(request))) ?? problemOf('not-found')
  })
  on(ROUTES.payment, async (request) => {
    const { payment } = request.params as { payment: string }
    if (!isId('pay', payment)) return problemOf('not-found')
    return (await sight.payment(deviceOf(request), payment)) ?? problemOf('not-found')
  })
  on(ROUTES.inbox, (request) => sight.inbox(deviceOf(request)))
  on(ROUTES.balances, async (request) => ({ balances: await sight.balances(holderOf(request)) }))

  on(ROUTES.history, async (request) => {
    const { unit: code, before, kind = null, from, to } = request.query as RouteQuery<'history'>
    const unit = unitAsked(code)
    if (isFault(unit)) return unit
    const span = spanOf({ ...(from !== undefined && { from }), ...(to !== undefined && { to }) }, scheme.zone())
    if (span === undefined) return problemOf('day-invalid')
    const { account } = holderOf(request)
    const { since, until } = span
    const { entries, next } = await store.readEntries({
      account,
      unit,
      before: before === undefined ? null : BigInt(before),
      since,
      until,
      kind,
      limit: LIMITS.pageSize,
    })
    return { account, unit, entries: entries.map(entryView), next: next === null ? null : String(next) }
  })
  on(ROUTES.statement, (request, reply) => statement(request, reply))

  /** statements on their way, by party */
  const writing = new Map<PartyId, number>()

  async function statement(request: FastifyRequest, reply: FastifyReply): Promise<object> {
    const { unit: code, from, to } = request.query as RouteQuery<'statement'>
    const unit = unitAsked(code)
    if (isFault(unit)) return unit
    const zone = scheme.zone()
    const span = spanOf({ from, to }, zone)
    const { since = null, until = null, days = null } = span ?? {}
    if (since === null || until === null || days === null || days > LIMITS.statementDays)
      return problemOf('day-invalid')
    const { party, account } = holderOf(request)
    if ((writing.get(party) ?? 0) >= LIMITS.statementsAtOnce) return problemOf('busy')
    const pages = await parties.entriesBetween(account, unit, { since, until })
    reply.type('text/csv; charset=utf-8')
    reply.header('content-disposition', `attachment; filename="statement-${unit}-${from}-${to}.csv"`)
    const file = Readable.from(csvOf(pages, { unit, zone }))
    writing.set(party, (writing.get(party) ?? 0) + 1)
    file.once('close', () => {
      const left = (writing.get(party) ?? 1) - 1
      if (left > 0) writing.set(party, left)
      else writing.delete(party)
    })
    return file
  }

  on(ROUTES.openUnit, async (request) => {
    const unit = unitOf((request.body as RouteBody<'openUnit'>).unit)
    if (unit === undefined) return problemOf('unit-invalid', { field: 'unit' })
    const holder = holderOf(request)
    const opened = await parties.openUnit(holder.account, unit)
    return opened === 'open' ? { balances: await sight.balances(holder) } : problemOf(opened)
  })

  on(ROUTES.contacts, async (request) => ({ contacts: await parties.contactsOf(deviceOf(request).party) }))
  on(ROUTES.putContact, async (request) => {
    const { account, status } = request.body as RouteBody<'putContact'>
    const holder = deviceOf(request)
    return (await putContact(holder, account, status)) ?? { contacts: await parties.contactsOf(holder.party) }
  })

  /** Whoever lists an account number learns its owner's name: so many look-ups a day, and none for those already filed. */
  async function putContact(
    { party, account: own }: Holder,
    account: string,
    status: RouteBody<'putContact'>['status'],
  ): Promise<Problem | null> {
    if (account === own) return problemOf('own-bill')
    if (!isAccountNumber(account)) return problemOf('party-unknown')
    if (status === 'removed') {
      await parties.removeContact(party, account)
      return null
    }
    if ((await store.readContact(party, account)) === null) {
      if (!(await budgets.charge([`lookups:${party}`]))) return problemOf('too-many-tries')
      if ((await store.readHolder(account)) === undefined) return problemOf('party-unknown')
    }
    return (await parties.putContact(party, account, status)) ? null : problemOf('too-many-contacts')
  }

  function unitAsked(code: string | undefined): Unit | Problem {
    const unit = code === undefined ? scheme.unit : unitOf(code)
    return unit ?? problemOf('unit-invalid', { field: 'unit' })
  }
}

const isFault = (unit: Unit | Problem): unit is Problem => typeof unit !== 'string'

const cursorOf = ({ before }: Readonly<{ before?: string | undefined }>): number | null =>
  before === undefined ? null : Number(before)

/** Deals opened in the same millisecond as the last are all on its page, so that its time is where to go on. */
const pageOf = <Deal extends { openedAt: number }>(
  deals: readonly Deal[],
): { deals: readonly Deal[]; next: string | null } => ({
  deals,
  next: deals.length < LIMITS.pageSize ? null : String(deals.at(-1)?.openedAt),
})
