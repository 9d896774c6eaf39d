// A merchant's people over HTTP: signing in at a terminal, and what a manager or owner changes. `staffRules` has let nobody else through.
import type { FastifyRequest } from 'fastify'
import { toBase64url } from '#core/bytes.ts'
import { parseId } from '#core/ids.ts'
import type { Cashier } from '#core/staff.ts'
import { IDENTITY_ROUTES, type IdentityBody, type IdentityRouteName, type IdentityView } from '#protocol/identity.ts'
import { LIMITS } from '#protocol/limits.ts'
import { INVITED_TERMINALS } from '#protocol/operator.ts'
import { problemOf, type Problem } from '#protocol/problems.ts'
import type { TerminalActor } from '#switch/actors.ts'
import type { Budgets } from '#switch/budgets.ts'
import { addressBlock } from './addresses.ts'
import type { Directory } from './auth/directory.ts'
import { secretOf } from './auth/scram.ts'
import { terminalOf, type OnRoute } from './http-callers.ts'
import type { Cashiers } from './postgres/cashiers.ts'
import type { Staff } from './postgres/staff.ts'
import type { Revocation } from './revocation.ts'
import type { StaffRules } from './staff.ts'

/** Registers the routes of staff. */
export function serveStaff(
  on: OnRoute,
  parts: Readonly<{
    staff: Staff
    cashiers: Cashiers
    rules: StaffRules
    directory: Pick<Directory, 'createCode' | 'revoke'>
    revocation: Pick<Revocation, 'revoked' | 'changed'>
    budgets: Budgets
  }>,
): void {
  const { staff, cashiers, rules, directory, revocation, budgets } = parts

  // Border, in all of these: the schema of the route has checked the body.
  on(IDENTITY_ROUTES.staffHere, (request) => hereOf(terminalOf(request)))

  on(IDENTITY_ROUTES.staffNonce, async (request): Promise<IdentityView<'staffNonce'> | Problem> => {
    const { id: terminal, party } = terminalOf(request)
    const id = parseId('stf', bodyOf<'staffNonce'>(request).staff)
    const asked = id && (await cashiers.ask({ terminal, party }, id))
    return asked === undefined
      ? problemOf('not-found')
      : { nonce: toBase64url(asked.nonce), salt: toBase64url(asked.salt), iterations: asked.iterations }
  })

  on(IDENTITY_ROUTES.staffSignIn, async (request) => {
    const actor = terminalOf(request)
    return (await rules.signIn(actor, bodyOf<'staffSignIn'>(request))) ?? standing(actor)
  })

  on(IDENTITY_ROUTES.staffSignOut, async (request) => {
    const actor = terminalOf(request)
    await cashiers.signOut({ terminal: actor.id })
    return standing(actor)
  })

  on(IDENTITY_ROUTES.staffEnrol, async (request) => {
    const actor = terminalOf(request)
    const body = bodyOf<'staffEnrol'>(request)
    const secret = secretOf(body)
    if (secret === undefined) return problemOf('field-invalid', { field: 'salt' })
    const keys = [`enrolment:${addressBlock(request.ip)}`] as const
    if (!(await budgets.charge(keys))) return problemOf('too-many-tries')
    if (!(await cashiers.enrol({ terminal: actor.id, party: actor.party }, body.code, secret)))
      return problemOf('code-not-found')
    await budgets.giveBack(keys)
    return standing(actor)
  })

  on(IDENTITY_ROUTES.staff, (request) => officeOf(terminalOf(request)))

  on(IDENTITY_ROUTES.staffAdd, async (request): Promise<IdentityView<'staffAdd'> | Problem> => {
    const { party, by } = managerOf(request)
    const { staff: known, name, role } = bodyOf<'staffAdd'>(request)
    if (known === null) {
      const added = await staff.add(by, { party, name, role })
      return typeof added === 'string' ? problemOf(added) : added
    }
    const id = parseId('stf', known)
    const renewed = id === undefined ? 'not-found' : await staff.renew(by, { id, party, name, role })
    return typeof renewed === 'string' ? problemOf(renewed) : { ...renewed, staff: known }
  })

  on(IDENTITY_ROUTES.staffEnd, async (request) => {
    const { party, by, actor } = managerOf(request)
    const id = parseId('stf', bodyOf<'staffEnd'>(request).staff)
    const left = id === undefined ? 'not-found' : await staff.end(by, { id, party })
    if (typeof left === 'string') return problemOf(left)
    for (const terminal of left) revocation.changed(terminal)
    return officeOf(actor)
  })

  on(IDENTITY_ROUTES.staffTerminal, async (request): Promise<IdentityView<'staffTerminal'>> => {
    const { party } = managerOf(request)
    const { label, terminal } = bodyOf<'staffTerminal'>(request)
    return directory.createCode({
      kind: 'terminal',
      party,
      label,
      terminalKind: terminal,
      lifeMs: LIMITS.enrolmentCodeMs,
    })
  })

  on(IDENTITY_ROUTES.staffRevoke, async (request) => {
    const { party, actor } = managerOf(request)
    const id = parseId('trm', bodyOf<'staffRevoke'>(request).terminal)
    const isOurs = (await cashiers.terminals(party)).some((each) => each.id === id)
    if (id === undefined || !isOurs) return problemOf('not-found')
    await directory.revoke(id)
    revocation.revoked(id)
    return officeOf(actor)
  })

  /** After somebody came or went: every hub reads anew who stands at this terminal. */
  function standing(actor: TerminalActor): Promise<IdentityView<'staffHere'>> {
    rules.forget()
    revocation.changed(actor.id)
    return hereOf(actor)
  }

  async function hereOf({ id: terminal, party }: TerminalActor): Promise<IdentityView<'staffHere'>> {
    const [{ attended, needed }, cashier, members] = await Promise.all([
      cashiers.needsAt({ terminal, party }),
      cashiers.cashierAt({ terminal }),
      staff.members(party),
    ])
    const active = members.filter(({ status }) => status === 'active')
    return {
      needed: attended && needed,
      cashier,
      staff: active.map(({ id, name, role, hasPin }) => ({ id, name, role, hasPin })),
    }
  }

  async function officeOf({ id, party }: TerminalActor): Promise<IdentityView<'staff'>> {
    const [members, machines] = await Promise.all([staff.members(party), cashiers.terminals(party)])
    return {
      staff: members,
      terminals: machines.map((machine) => ({
        ...machine,
        kind: INVITED_TERMINALS.find((known) => known === machine.kind) ?? 'counter',
        isThis: machine.id === id,
      })),
    }
  }
}

const bodyOf = <Name extends IdentityRouteName>(request: FastifyRequest): IdentityBody<Name> =>
  request.body as IdentityBody<Name>

function managerOf(request: FastifyRequest): { actor: TerminalActor; party: TerminalActor['party']; by: Cashier } {
  const actor = terminalOf(request)
  const { party, cashier } = actor
  if (cashier === null) throw new Error('this route is for who has signed in')
  return { actor, party, by: cashier }
}
