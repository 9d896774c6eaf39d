// Judges a database by what was acknowledged: pure, so that its own tests can show it every kind of fault.
import type { Line } from './lines.ts'

export type Transfer = Readonly<{ payment: string; kind: string; debit: string; credit: string; amount: string }>
export type CommandRow = Readonly<{ id: string; refusal: string | null; payment: string | null; refund: string | null }>
export type Facts = Readonly<{
  transfers: readonly Transfer[]
  commands: readonly CommandRow[]
  refunds: readonly Readonly<{ id: string; original: string; amount: string }>[]
  /** deals that terminals have opened */
  deals: readonly string[]
  /** payments that joins have made, or that a taken offer names */
  payments: readonly string[]
}>

/** What must be true at any moment: everything that was said to a client is in the database. */
export function keptFaults(lines: readonly Line[], facts: Facts): string[] {
  const faults: string[] = []
  const moved = groupBy(facts.transfers, ({ payment }) => payment)
  const rows = groupBy(facts.commands, ({ id }) => id)
  const refunds = new Map(facts.refunds.map((refund) => [refund.id, refund]))
  for (const line of lines) {
    switch (line.is) {
      case 'settled': {
        const settles = (moved.get(line.payment) ?? []).filter(({ kind }) => kind === 'settle' || kind === 'hold')
        const amount = sumOf(settles)
        if (settles.length === 0) faults.push(`lost: ${line.payment} was acknowledged as settled, and is not there`)
        else if (amount !== BigInt(line.amount))
          faults.push(`${line.payment} was acknowledged with ${line.amount} and moved ${amount}`)
        for (const { debit, credit } of settles)
          if (debit !== line.payer || credit !== line.payee) faults.push(`${line.payment} moved between other accounts`)
        break
      }
      case 'seen':
        if (sumOf((moved.get(line.payment) ?? []).filter(({ kind }) => kind === 'settle')) !== BigInt(line.amount))
          faults.push(`lost: the terminal saw ${line.payment} settled with ${line.amount}`)
        break
      case 'ended':
        if (moved.has(line.payment)) faults.push(`${line.payment} was acknowledged as ended, and money moved`)
        break
      case 'refunded': {
        const refund = refunds.get(line.refund)
        if (refund === undefined) faults.push(`lost: refund ${line.refund} was acknowledged`)
        else if (refund.amount !== line.amount || refund.original !== line.payment)
          faults.push(`refund ${line.refund} is another than was acknowledged`)
        break
      }
      case 'answered':
        faults.push(...answerFaults(line, rows.get(line.id) ?? []))
        break
      case 'sent':
      case 'repeated':
        break
    }
  }
  return faults
}

/** I8: the stored answer of a command, in each bucket where it has one, is what its sender heard. */
function answerFaults(line: Extract<Line, { is: 'answered' }>, rows: readonly CommandRow[]): string[] {
  const faults: string[] = []
  if (line.refusal === null && rows.length === 0) faults.push(`lost: ${line.id} was answered yes, and has no row`)
  for (const row of rows) {
    if ((row.refusal === null) !== (line.refusal === null))
      faults.push(`${line.id} was answered ${line.refusal ?? 'yes'}, its row says ${row.refusal ?? 'yes'}`)
    if (row.refund !== line.refund) faults.push(`${line.id} was answered with another refund than its row has`)
  }
  return faults
}

/** What must be true once nothing is under way: every command has one answer, and nothing happened that nobody was told. */
export function restFaults(lines: readonly Line[], facts: Facts): string[] {
  const faults: string[] = []
  const sent = new Map<string, Extract<Line, { is: 'sent' }>>()
  const answered = new Map<string, Extract<Line, { is: 'answered' }>>()
  const settled = new Set<string>()
  const refunded = new Set<string>()
  for (const line of lines) {
    if (line.is === 'sent') sent.set(line.id, line)
    if (line.is === 'answered') answered.set(line.id, line)
    if (line.is === 'settled') settled.add(line.payment)
    if (line.is === 'refunded') refunded.add(line.refund)
    if (line.is !== 'repeated') continue
    const first = answered.get(line.id)
    // Beside a repeated no there may be less to see than there was.
    const isSame = first?.refusal === line.refusal && first.refund === line.refund
    if (!isSame || (line.payment !== null && first.payment !== line.payment))
      faults.push(`${line.id} was answered ${textOf(first)}, and ${textOf(line)} when it was sent again`)
  }
  for (const [id, { name }] of sent) if (!answered.has(id)) faults.push(`unknown for ever: ${name} ${id}`)
  const opened = new Set<unknown>()
  const joined = new Set<string | null>()
  for (const { id, refusal, payment } of answered.values()) {
    if (refusal !== null) continue
    const command = sent.get(id)
    if (command?.name === 'open-offer') opened.add(Reflect.get(command.body, 'deal'))
    if (command?.name === 'join') joined.add(payment)
  }
  for (const deal of facts.deals) if (!opened.has(deal)) faults.push(`${deal} is open, and its terminal was told no`)
  for (const payment of facts.payments)
    if (!joined.has(payment)) faults.push(`${payment} was joined, and its phone was told no`)
  const settles = facts.transfers.filter(({ kind }) => kind === 'settle' || kind === 'hold')
  for (const { payment } of settles)
    if (!settled.has(payment)) faults.push(`${payment} has settled, and its payer was told no or nothing`)
  for (const [payment, many] of groupBy(settles, ({ payment }) => payment))
    if (new Set(many.map(({ amount }) => amount)).size < many.length) faults.push(`${payment} is booked twice`)
  for (const { id } of facts.refunds)
    if (!refunded.has(id)) faults.push(`refund ${id} was made, and its terminal was told no or nothing`)
  const acknowledgedRefunds = groupBy(
    lines.filter((line) => line.is === 'refunded'),
    ({ payment }) => payment,
  )
  for (const [payment, moved] of groupBy(
    facts.transfers.filter(({ kind }) => kind === 'refund'),
    ({ payment }) => payment,
  ))
    if (sumOf(moved) !== sumOf(acknowledgedRefunds.get(payment) ?? []))
      faults.push(`${payment} gave back another sum than was acknowledged`)
  return faults
}

const textOf = (line: { refusal: string | null; payment: string | null; refund: string | null } | undefined): string =>
  line === undefined ? 'nothing' : `${line.refusal ?? 'yes'} ${line.payment ?? ''} ${line.refund ?? ''}`

const sumOf = (rows: readonly { amount: string }[]): bigint =>
  rows.reduce((total, { amount }) => total + BigInt(amount), 0n)

function groupBy<Item>(items: readonly Item[], keyOf: (item: Item) => string): Map<string, Item[]> {
  return Map.groupBy(items, keyOf)
}
