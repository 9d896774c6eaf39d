// The tables of cards at the desk: issuers, number ranges and what shops take, each as a list, a form for one row, and a file.
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import {
  ISSUER_COLUMNS,
  issuerCells,
  MERCHANT_COLUMNS,
  merchantCells,
  RANGE_COLUMNS,
  rangeCells,
} from '#core/card-table-cells.ts'
import { formatAccountNumber, isAccountNumber } from '#core/accounts.ts'
import type { CardTablesView, TableChange, TableName } from '#protocol/card-tables.ts'
import { Field, Segmented } from '#ui/fields.tsx'
import { formatCount, formatDateTime, useLocale, useWords } from '#ui/i18n.ts'
import { Banner, Button, EmptyState } from '#ui/kit.tsx'
import type { Hub } from '../hub.ts'
import { cardWords } from '../words-cards.ts'
import { RowForm, type Cells } from './card-form.tsx'
import { Proposal } from './card-proposal.tsx'
import type { DeskPart } from './parties.tsx'
import { Row, Table } from './table.tsx'
import { CsvFile } from './csv-file.tsx'

/** Rows of a list that are shown at once; the rest is searched for. */
const SHOWN = 50

type Props = DeskPart & Readonly<{ view: CardTablesView; onChange: () => Promise<void> }>

/** One row as the list shows it, as the form has it, and how it is taken away. */
type Line = Readonly<{ key: string; name: string; shown: readonly string[]; cells: Cells; remove: TableChange | null }>

export function CardTables({ hub, scheme, view, onChange }: Props): JSX.Element {
  const text = useWords(cardWords)
  const locale = useLocale()
  const [table, setTable] = useState<TableName>('issuers')
  return (
    <>
      <p class="act-about">
        {view.changedAt === 0
          ? text.never
          : text.changedAt(formatCount(view.version, locale), formatDateTime(view.changedAt, locale))}
      </p>
      <Segmented<TableName>
        label={text.tables}
        hideLabel
        value={table}
        onChange={setTable}
        options={[
          { value: 'issuers', label: text.issuers },
          { value: 'ranges', label: text.ranges },
          { value: 'merchants', label: text.merchants },
        ]}
      />
      <p class="act-about">{text[`${table}About`]}</p>
      {table !== 'ranges'
        ? null
        : view.overlaps.map(({ prefix, within, of }) => (
            <Banner key={prefix} kind="note">
              {text.overlap(prefix, within, of)}
            </Banner>
          ))}
      <OneTable key={table} hub={hub} unit={scheme.unit} table={table} view={view} onChange={onChange} />
    </>
  )
}

type OneProps = Readonly<{
  hub: Hub
  unit: string
  table: TableName
  view: CardTablesView
  onChange: () => Promise<void>
}>

function OneTable({ hub, unit, table, view, onChange }: OneProps): JSX.Element {
  const text = useWords(cardWords)
  const locale = useLocale()
  const [search, setSearch] = useState('')
  /** the key of the row that is being changed; '' for a new one, null for none */
  const [editing, setEditing] = useState<string | null>(null)
  const lines = linesOf(table, view, text, locale)
  const found = lines.filter(({ shown }) => shown.join(' ').toLowerCase().includes(search.trim().toLowerCase()))
  const edited = lines.find(({ key }) => key === editing)
  const mayChange = hub.may('set-card-tables')
  const done = (): void => {
    setEditing(null)
    void onChange()
  }
  return (
    <>
      {lines.length > SHOWN ? <Field label={text.search} type="search" value={search} onInput={setSearch} /> : null}
      {lines.length === 0 ? (
        <EmptyState title={text.none}>{text.noneText}</EmptyState>
      ) : (
        <Table caption={text[table]} heads={[...headsOf(table, text), ...(mayChange ? [text.change] : [])]}>
          {found.slice(0, SHOWN).map(({ key, name, shown }) => (
            <Row
              key={key}
              cells={[
                ...shown,
                ...(mayChange
                  ? [
                      <Button key="edit" kind="quiet" onPress={() => setEditing(key)}>
                        <span aria-hidden="true">{text.editShort}</span>
                        <span class="hidden">{text.edit(name)}</span>
                      </Button>,
                    ]
                  : []),
              ]}
            />
          ))}
        </Table>
      )}
      {found.length > SHOWN ? <p class="act-about">{text.more(formatCount(found.length - SHOWN, locale))}</p> : null}
      {!mayChange ? null : editing === null ? (
        <div class="card-buttons">
          <Button onPress={() => setEditing('')}>{text.add}</Button>
        </div>
      ) : (
        <RowForm
          key={editing}
          hub={hub}
          table={table}
          version={view.version}
          columns={COLUMNS[table]}
          first={edited?.cells ?? emptyCells(table, unit)}
          isNew={edited === undefined}
          remove={edited?.remove ?? null}
          onDone={done}
          onCancel={() => setEditing(null)}
        />
      )}
      <details class="file-part">
        <summary>{text.byFile}</summary>
        <TableFile hub={hub} table={table} version={view.version} onDone={done} />
      </details>
    </>
  )
}

function TableFile({
  hub,
  table,
  version,
  onDone,
}: Omit<OneProps, 'unit' | 'view' | 'onChange'> & Readonly<{ version: number; onDone: () => void }>): JSX.Element {
  const text = useWords(cardWords)
  const [rows, setRows] = useState('')
  const [isWhole, setWhole] = useState<'yes' | 'no'>('no')
  const save = async (): Promise<void> => {
    const answer = await hub.read('operatorCardFile', { query: { table } })
    if (!answer.ok) return
    const address = URL.createObjectURL(new Blob([answer.view.csv], { type: 'text/csv' }))
    const link = document.createElement('a')
    link.href = address
    link.download = answer.view.name
    link.click()
    URL.revokeObjectURL(address)
  }
  return (
    <div class="file-inside">
      <div class="card-buttons">
        <Button onPress={() => void save()}>{text.download}</Button>
      </div>
      {!hub.may('set-card-tables') ? null : (
        <>
          <CsvFile label={text.fileField} onText={setRows} />
          <Field label={text.rows} hint={text.rowsHint} value={rows} onInput={setRows} lines={6} />
          <Segmented<'yes' | 'no'>
            label={text.whole}
            value={isWhole}
            onChange={setWhole}
            options={[
              { value: 'no', label: text.wholeNo },
              { value: 'yes', label: text.wholeYes },
            ]}
          />
          <Proposal
            hub={hub}
            version={version}
            change={rows.trim() === '' ? null : { table, isWhole: isWhole === 'yes', rows }}
            onDone={() => {
              setRows('')
              onDone()
            }}
          />
        </>
      )}
    </div>
  )
}

const COLUMNS = { issuers: ISSUER_COLUMNS, ranges: RANGE_COLUMNS, merchants: MERCHANT_COLUMNS } as const

const emptyCells = (table: TableName, unit: string): Cells =>
  table === 'issuers'
    ? { open: 'yes', colour: '#264b7a', ink: '#ffffff', unit, closes_on: '31', due_on: '27' }
    : table === 'merchants'
      ? { lump: 'yes', revolving: 'no' }
      : {}

type Words = (typeof cardWords)['en']

function headsOf(table: TableName, text: Words): string[] {
  switch (table) {
    case 'issuers':
      return [text.issuer, text['issuers host'], text['issuers one_time_prefix']]
    case 'ranges':
      return [text['ranges prefix'], text['ranges issuer']]
    case 'merchants':
      return [text['merchants merchant'], text['merchants issuer'], text.takes]
  }
}

function linesOf(table: TableName, view: CardTablesView, text: Words, locale: string): Line[] {
  const names = new Map(view.issuers.map((issuer) => [issuer.code, locale === 'ja' ? issuer.nameJa : issuer.name]))
  const issuerName = (code: string): string => `${code} ${names.get(code) ?? ''}`
  switch (table) {
    case 'issuers':
      return view.issuers.map((issuer) => ({
        key: issuer.code,
        name: issuer.code,
        shown: [
          issuer.isOpen ? issuerName(issuer.code) : `${issuerName(issuer.code)} · ${text.closed}`,
          `${issuer.host}:${issuer.port}`,
          issuer.oneTimePrefix ?? '',
        ],
        cells: issuerCells(issuer),
        remove: null,
      }))
    case 'ranges':
      return view.ranges.map((range) => ({
        key: range.prefix,
        name: range.prefix,
        shown: [range.prefix, issuerName(range.issuer)],
        cells: rangeCells(range),
        remove: { table, isWhole: false, rows: [], remove: [range.prefix] },
      }))
    case 'merchants':
      return view.merchants.map(({ name, merchant, ...row }) => {
        const account = isAccountNumber(merchant) ? formatAccountNumber(merchant) : null
        return {
          key: `${merchant ?? '*'} ${row.issuer}`,
          name: `${account ?? '*'} ${row.issuer}`,
          shown: [
            account === null ? text.allShops : (name ?? account),
            issuerName(row.issuer),
            takenText(row.methods, text),
          ],
          cells: merchantCells({ ...row, account }),
          remove: { table, isWhole: false, rows: [], remove: [{ merchant, issuer: row.issuer }] },
        }
      })
  }
}

function takenText(
  { lump, instalments, bonus, partBonus, revolving }: CardTablesView['merchants'][number]['methods'],
  text: Words,
): string {
  const taken = [
    ...(lump ? [text.takesLump] : []),
    ...(instalments.length > 0 ? [text.takesInstalments(instalments.join(' '))] : []),
    ...(bonus.length > 0 ? [text.takesBonus] : []),
    ...(partBonus.length > 0 ? [text.takesPartBonus(partBonus.join(' '))] : []),
    ...(revolving ? [text.takesRevolving] : []),
  ]
  return taken.length === 0 ? text.takesNothing : taken.join(' · ')
}
