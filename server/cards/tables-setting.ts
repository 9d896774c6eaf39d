// The tables of cards as the desk sets them: looked at under their lock, logged by the switch, and written once for the command.
import type { CommandId, OperatorId } from '#core/ids.ts'
import type { OperatorAnswerView, OperatorCommandBody } from '#protocol/operator.ts'
import { problemOf, type Problem } from '#protocol/problems.ts'
import type { Desk } from '#switch/operator.ts'
import { isProblem } from '../http-problems.ts'
import type { CardTables } from './tables.ts'
import { accountsIn, checked } from './tables-check.ts'

/** Named in a problem; the check shows them all. */
const NAMED_FAULTS = 100

type Asked = Readonly<{ by: Readonly<{ id: OperatorId }>; id: CommandId }>
type Done = OperatorAnswerView | Problem

/**
 * Sets a table. `log` has the switch decide and log it. A repeat gets the stored answer; where the hub died between the log and the table,
 * it is what writes the rows. Problems: card-tables-changed, rows-invalid, and whatever `log` says.
 */
export async function setCardTables(
  tables: Pick<CardTables, 'rows' | 'reload'>,
  { by, id }: Asked,
  { version, change }: OperatorCommandBody<'set-card-tables'>,
  isRepeat: boolean,
  log: (command: Desk) => Promise<Done>,
): Promise<Done> {
  const merchants = await tables.rows.merchantsBy(accountsIn(change))
  const result = await tables.rows.change<Done>(`${by.id} ${id}`, async (now, isDone) => {
    const { faults, before, after, write, rows } = checked(now, change, merchants)
    const set = async (): Promise<Done> => {
      const done = await log({ name: 'set-card-tables', before, after })
      return isProblem(done) ? done : { ...done, rows }
    }
    if (isDone) return { result: await set(), write: null }
    // What has changed since it was decided is no reason to say no to its repeat.
    if (!isRepeat && version !== now.version) return { result: problemOf('card-tables-changed'), write: null }
    if (faults.length > 0) {
      const named = faults.slice(0, NAMED_FAULTS).map(({ row, reason }) => [String(row), reason])
      const figures = { faults: String(faults.length), ...Object.fromEntries(named) }
      return { result: problemOf('rows-invalid', figures), write: null }
    }
    const result = await set()
    return { result, write: isProblem(result) ? null : write }
  })
  await tables.reload()
  return result
}
