// One row of a table of cards as a form: a field for each column of the file, so that hand and file are read by one reader.
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { shownNumber } from '#core/card-number.ts'
import { fileOfCells, type IssuerColumn, type MerchantColumn } from '#core/card-table-cells.ts'
import type { TableChange, TableName } from '#protocol/card-tables.ts'
import { Field, Segmented } from '#ui/fields.tsx'
import { useWords } from '#ui/i18n.ts'
import { Button } from '#ui/kit.tsx'
import type { Hub } from '../hub.ts'
import { cardWords } from '../words-cards.ts'
import { Proposal } from './card-proposal.tsx'

export type Cells = Readonly<Record<string, string>>

type Column = `issuers ${IssuerColumn}` | `ranges ${'prefix' | 'issuer'}` | `merchants ${MerchantColumn}`
type Props = Readonly<{
  hub: Hub
  table: TableName
  version: number
  columns: readonly string[]
  first: Cells
  isNew: boolean
  /** how the row is taken away; null: it never is */
  remove: TableChange | null
  onDone: () => void
  onCancel: () => void
}>

/** The columns in the order in which a person fills them in. */
const GROUPS = {
  issuers: [
    ['who', 'code', 'name', 'name_ja', 'open'],
    ['line', 'host', 'port', 'acquirer', 'one_time_prefix'],
    ['face', 'colour', 'ink'],
    ['statement', 'unit', 'closes_on', 'due_on'],
    ['instalments', 'instalments', 'free_instalments', 'instalment_rate', 'instalment_from'],
    ['bonus', 'bonus', 'bonus_from', 'part_bonus', 'part_bonus_from'],
    ['revolving', 'revolving', 'revolving_rate', 'revolving_from'],
  ],
  ranges: [['range', 'prefix', 'issuer']],
  merchants: [
    ['shop', 'merchant', 'issuer', 'number', 'category'],
    ['taken', 'lump', 'instalments', 'bonus', 'part_bonus', 'revolving'],
  ],
} as const

const COLOUR = /^#[0-9a-f]{6}$/iu
const YES_NO: ReadonlySet<string> = new Set(['open', 'lump', 'revolving of merchants'])

export function RowForm({ hub, table, version, columns, first, isNew, remove, onDone, onCancel }: Props): JSX.Element {
  const text = useWords(cardWords)
  const [cells, setCells] = useState(first)
  const [isRemoving, setRemoving] = useState(false)
  const put = (column: string, value: string): void => setCells((before) => ({ ...before, [column]: value }))
  return (
    <section class="file" aria-label={isNew ? text.add : text.change}>
      <div class="file-head">
        <h2>{isNew ? text.add : text.change}</h2>
        <Button kind="quiet" onPress={onCancel}>
          {text.cancel}
        </Button>
      </div>
      {isRemoving && remove !== null ? (
        <Proposal hub={hub} version={version} change={remove} isSure onDone={onDone} />
      ) : (
        <>
          {GROUPS[table].map(([group, ...columns]) => (
            <fieldset class="card-group" key={group}>
              <legend>{text[`group ${group}`]}</legend>
              {group === 'face' ? <Face cells={cells} /> : null}
              {columns.map((column) => (
                <Cell
                  key={column}
                  table={table}
                  column={column}
                  value={cells[column] ?? ''}
                  onInput={(value) => put(column, value)}
                />
              ))}
            </fieldset>
          ))}
          <Proposal
            hub={hub}
            version={version}
            change={{ table, isWhole: false, rows: fileOfCells(columns, [cells]) }}
            onDone={onDone}
          />
          {remove === null ? null : (
            <div class="card-buttons">
              <Button kind="danger" onPress={() => setRemoving(true)}>
                {text.removeRow}
              </Button>
            </div>
          )}
        </>
      )}
    </section>
  )
}

/** How the card will look in wallets, where both colours can be read as such. */
function Face({ cells }: Readonly<{ cells: Cells }>): JSX.Element | null {
  const { colour = '', ink = '' } = cells
  if (!COLOUR.test(colour) || !COLOUR.test(ink)) return null
  return (
    <div class="card-face" style={{ background: colour, color: ink }} aria-hidden="true">
      {shownNumber('4242')}
    </div>
  )
}

type CellProps = Readonly<{ table: TableName; column: string; value: string; onInput: (value: string) => void }>

function Cell({ table, column, value, onInput }: CellProps): JSX.Element {
  const text = useWords(cardWords)
  // The columns are those of the table's own list, each of which has a word.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const label = text[`${table} ${column}` as Column]
  const hints: Readonly<Record<string, unknown>> = text
  const hint = hints[`${table} ${column} hint`]
  if (YES_NO.has(column) || YES_NO.has(`${column} of ${table}`))
    return (
      <Segmented<'yes' | 'no'>
        label={label}
        value={value === 'yes' ? 'yes' : 'no'}
        onChange={onInput}
        options={[
          { value: 'yes', label: text.yes },
          { value: 'no', label: text.no },
        ]}
      />
    )
  return <Field label={label} value={value} onInput={onInput} {...(typeof hint === 'string' ? { hint } : {})} />
}
