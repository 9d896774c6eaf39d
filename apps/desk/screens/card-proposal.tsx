// A change of one of the tables of cards before it is put in force: what it would do, or every row that is wrong; then the reason, and it is set.
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { problemText } from '#apps/shared/problems.ts'
import type { TableChange, TablesCheckView } from '#protocol/card-tables.ts'
import type { Problem } from '#protocol/problems.ts'
import { formatCount, useLocale, useWords } from '#ui/i18n.ts'
import { Banner, Button } from '#ui/kit.tsx'
import type { Hub } from '../hub.ts'
import { cardWords } from '../words-cards.ts'
import { Act } from './act.tsx'
import { Row, Table } from './table.tsx'

type Props = Readonly<{
  hub: Hub
  /** of the tables that the change was made from */
  version: number
  /** null while something is missing */
  change: TableChange | null
  /** a removal: nothing to look at first */
  isSure?: boolean
  onDone: () => void
}>

export function Proposal({ hub, version, change, isSure = false, onDone }: Props): JSX.Element {
  const text = useWords(cardWords)
  const locale = useLocale()
  const [busy, setBusy] = useState(false)
  const [checked, setChecked] = useState<Readonly<{ view: TablesCheckView; of: string }> | null>(null)
  const [problem, setProblem] = useState<Problem | null>(null)
  const of = JSON.stringify(change)
  const fresh = checked?.of === of ? checked.view : null
  const check = async (): Promise<void> => {
    if (change === null) return
    setBusy(true)
    const answer = await hub.read('cardTablesCheck', { body: { change } })
    setBusy(false)
    setProblem(answer.ok ? null : answer.problem)
    setChecked(answer.ok ? { view: answer.view, of } : null)
  }
  const said = problem === null ? null : problemText(problem, locale, 'biller')
  const changes = fresh === null ? 0 : fresh.added + fresh.changed + fresh.removed
  const isReady = isSure || (fresh !== null && fresh.faults.length === 0 && changes > 0)
  return (
    <div class="file-inside">
      {said === null ? null : <Banner kind="trouble">{`${said.sentence} ${said.next}`}</Banner>}
      {isSure ? null : (
        <div class="card-buttons">
          <Button busy={busy} disabled={change === null} onPress={() => void check()}>
            {text.check}
          </Button>
        </div>
      )}
      {fresh === null ? null : <Checked view={fresh} />}
      {!isReady || change === null ? null : (
        <Act
          hub={hub}
          name="set-card-tables"
          label={isSure ? text.removing : text.put}
          isDanger={isSure}
          done={text.done}
          body={{ version, change }}
          onDone={onDone}
        />
      )}
    </div>
  )
}

function Checked({ view }: Readonly<{ view: TablesCheckView }>): JSX.Element {
  const text = useWords(cardWords)
  const locale = useLocale()
  const count = (value: number): string => formatCount(value, locale)
  const { added, changed, removed, faults } = view
  if (faults.length === 0)
    return (
      <p role="status" class="strong">
        {added + changed + removed === 0 ? text.nothing : text.checked(count(added), count(changed), count(removed))}
      </p>
    )
  return (
    <div role="status">
      <Table isTrouble caption={text.faults(count(faults.length))} heads={[text.row, text.why]}>
        {faults.map(({ row, reason }) => (
          <Row key={row} cells={[row === 0 ? text.wholeFile : String(row), text[`fault ${reason}`]]} />
        ))}
      </Table>
    </div>
  )
}
