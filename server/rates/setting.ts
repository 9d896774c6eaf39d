// Exchange rates as the desk sets them: read here, logged by the switch, then added to the table; each row once for the command.
import { createHash } from 'node:crypto'
import type { CommandId, OperatorId } from '#core/ids.ts'
import type { Unit } from '#core/money.ts'
import type { OperatorAnswerView, OperatorCommandBody } from '#protocol/operator.ts'
import { problemOf, type Problem } from '#protocol/problems.ts'
import type { Desk } from '#switch/operator.ts'
import type { Database } from '../postgres/connect.ts'
import { postgresRates, type NewRate, type Rates } from '../postgres/rates.ts'
import { openSystemAccounts } from '../postgres/scheme.ts'
import { readRates, type When } from './read.ts'

/** Named in a problem; the check shows them all. */
const NAMED_FAULTS = 100

export type RateBook = Readonly<{
  rates: Rates
  /** system accounts of these units are there after this */
  openUnits: (units: readonly Unit[]) => Promise<void>
}>

/** The table of rates, and the scheme's own accounts that an exchange is booked through. */
export function rateBook(database: Database, buckets: number): RateBook {
  const open = new Set<Unit>()
  return {
    rates: postgresRates(database),
    async openUnits(units) {
      for (const unit of units) {
        if (!open.has(unit)) await openSystemAccounts(database.transactions, buckets, unit)
        open.add(unit)
      }
    },
  }
}

type Asked = Readonly<{ by: Readonly<{ id: OperatorId; name: string }>; id: CommandId }>
type Found = Readonly<{ command: Desk; done: () => Promise<Partial<OperatorAnswerView>> }>

/** What a command sets. Problems: rows-invalid, but not for a repeat, whose times may be over by now. */
export function ratesToSet(
  { rates, openUnits }: RateBook,
  asked: Asked,
  { rows: sent }: OperatorCommandBody<'set-rates'>,
  when: When,
  isRepeat: boolean,
): Found | Problem {
  const { rates: read, faults } = readRates(sent, when)
  if (faults.length > 0 && !isRepeat) {
    const named = faults.slice(0, NAMED_FAULTS).map(({ row, reason }) => [String(row), reason])
    return problemOf('rows-invalid', { faults: String(faults.length), ...Object.fromEntries(named) })
  }
  const told = read.map(({ from, to, price, spread, validFrom, validUntil }) => ({
    from,
    to,
    price,
    spread,
    validFrom,
    validUntil,
  }))
  return {
    command: { name: 'set-rates', rates: told },
    async done() {
      const rows = read.map(({ row, ...rate }): NewRate => ({
        ...rate,
        id: idOf(asked, row),
        origin: 'desk',
        setBy: asked.by.name,
      }))
      await openUnits([...new Set(rows.flatMap(({ from, to }) => [from, to]))])
      await rates.put(rows)
      return { rows: rows.length }
    },
  }
}

const idOf = ({ by, id }: Asked, row: number): string =>
  createHash('sha256').update(`rate ${by.id} ${id} ${row}`).digest('hex').slice(0, 32)
