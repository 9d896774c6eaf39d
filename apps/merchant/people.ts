// The shop's people and machines as the office knows them, and what somebody of a role may do with them. Pure.
import { mayManage, STAFF_ROLES, type StaffRole } from '#core/staff.ts'
import type { StaffHereView, StaffView } from '#protocol/identity.ts'

export type Person = StaffView['staff'][number]
export type Machine = StaffView['terminals'][number]

/** The roles that somebody may give to others, highest first. */
export const rolesToGive = (role: StaffRole): readonly StaffRole[] =>
  STAFF_ROLES.filter((other) => mayManage(role, other))

/** May `self` make a new code for this person, and end them? Oneself is ended by another. */
export function mayChange(self: StaffHereView['cashier'], person: Person): Readonly<{ code: boolean; end: boolean }> {
  const may = self !== null && person.status === 'active' && mayManage(self.role, person.role)
  return { code: may, end: may && person.id !== self?.id }
}

/** Who works here first, by role and name; who has ended last. */
export const inOrder = (people: readonly Person[]): readonly Person[] =>
  [...people].sort((left, right) => rank(left) - rank(right) || left.name.localeCompare(right.name))

const rank = ({ status, role }: Person): number => (status === 'active' ? 0 : 10) + STAFF_ROLES.indexOf(role)

/** Machines at work first, the one in use before all. */
export const machinesInOrder = (machines: readonly Machine[]): readonly Machine[] =>
  [...machines].sort((left, right) => place(left) - place(right) || left.label.localeCompare(right.label))

const place = ({ status, isThis }: Machine): number => (status === 'active' ? (isThis ? 0 : 1) : 2)
