// Who works at a merchant's machines, and what each role may do there. A merchant without staff has machines that act by themselves.
import type { StaffId } from './ids.ts'

export const STAFF_ROLES = ['owner', 'manager', 'cashier'] as const
export type StaffRole = (typeof STAFF_ROLES)[number]

/** Who stands at the terminal. */
export type Cashier = Readonly<{ id: StaffId; name: string; role: StaffRole }>

/**
 * sell: all that serves a customer · refund: money back · books: sales, balances, statements · goods: what the price file says · staff:
 * people and machines below one's own role
 */
export const STAFF_RIGHTS = ['sell', 'refund', 'books', 'goods', 'staff'] as const
export type StaffRight = (typeof STAFF_RIGHTS)[number]

const RIGHTS: Readonly<Record<StaffRole, readonly StaffRight[]>> = {
  cashier: ['sell'],
  manager: ['sell', 'refund', 'books', 'goods', 'staff'],
  owner: ['sell', 'refund', 'books', 'goods', 'staff'],
}

export const mayDo = (role: StaffRole, right: StaffRight): boolean => RIGHTS[role].includes(right)

/** An owner makes and ends everybody, a manager cashiers alone. */
export const mayManage = (role: StaffRole, other: StaffRole): boolean =>
  role === 'owner' || (role === 'manager' && other === 'cashier')
