// Who may do what at a merchant's machines, and at the operator's desk.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ACTION_KINDS, OPERATOR_ROLES, operatorMay, type ActionKind } from '#core/actions.ts'
import { mayDo, mayManage, STAFF_RIGHTS, STAFF_ROLES } from '#core/staff.ts'

test('a cashier sells, a manager and an owner do everything', () => {
  const drawn = STAFF_ROLES.map((role) => `${role}: ${STAFF_RIGHTS.filter((right) => mayDo(role, right)).join(' ')}`)
  assert.deepEqual(drawn, [
    'owner: sell refund books goods staff',
    'manager: sell refund books goods staff',
    'cashier: sell',
  ])
})

test('nobody makes somebody of their own role or above, but an owner', () => {
  const drawn = STAFF_ROLES.map((role) => `${role}: ${STAFF_ROLES.filter((other) => mayManage(role, other)).join(' ')}`)
  assert.deepEqual(drawn, ['owner: owner manager cashier', 'manager: cashier', 'cashier: '])
})

test('operators do what their role says, and other operators are the business of the chief alone', () => {
  const may = (role: (typeof OPERATOR_ROLES)[number], ofOperator: boolean): ActionKind[] =>
    ACTION_KINDS.filter((what) => operatorMay(role, what, ofOperator))
  assert.deepEqual(may('chief', false), [...ACTION_KINDS])
  assert.deepEqual(may('chief', true), [...ACTION_KINDS])
  assert.deepEqual(may('cashier', false), ['cash-in', 'cash-out'])
  assert.deepEqual(may('support', false).toSorted(), [
    'freeze',
    'invite',
    'look',
    'open-party',
    'revoke',
    'unfreeze',
    'verify',
  ])
  assert.deepEqual(may('auditor', false), [])
  for (const role of OPERATOR_ROLES.filter((each) => each !== 'chief')) assert.deepEqual(may(role, true), [], role)
})
