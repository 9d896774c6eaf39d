// One good of the price file, changed by hand.
import type { JSX } from 'preact'
import { useLayoutEffect, useState } from 'preact/hooks'
import { GOOD_KINDS, GRAMS_OF, type Good } from '#core/goods.ts'
import { unitOf } from '#core/money.ts'
import { COLUMNS, goodOfRow, rowOfGood, type Column, type Row } from '#core/price-file.ts'
import type { Client } from '#sdk/client.ts'
import { putGood } from '#sdk/goods-calls.ts'
import { Field, Switch } from '#ui/fields.tsx'
import { useLocale, useWords } from '#ui/i18n.ts'
import { Button, Sheet } from '#ui/kit.tsx'
import { Trouble, useDoing } from './shop.tsx'
import { faultText, goodsWords } from './words-goods.ts'

type Props = Readonly<{
  client: Client
  /** the currency of its price */
  unit: string
  /** of the file that is shown */
  version: number
  good: Good | 'new' | null
  closed: () => void
  onClose: () => void
  onDone: () => void
}>

const UNITS = ['', ...Object.keys(GRAMS_OF)]
const TEXTS = [
  ['code', 'code'],
  ['name', 'name'],
  ['name_en', 'name_en'],
  ['name_ja', 'name_ja'],
  ['price', 'price'],
  ['tax', 'tax'],
  ['search', 'searchNames'],
  ['category', 'category'],
  ['key', 'key'],
  ['minimum_age', 'minimum_age'],
  ['per_day', 'per_day'],
  ['take_back', 'take_back'],
] as const

export function GoodSheet({ client, unit: code, version, good, closed, onClose, onDone }: Props): JSX.Element {
  const text = useWords(goodsWords)
  const locale = useLocale()
  const unit = unitOf(code)
  const doing = useDoing(closed)
  const [row, setRow] = useState<Row>({})
  const [isAsked, setAsked] = useState(false)
  // Before the form is seen, or it would take back what was typed at once.
  useLayoutEffect(() => {
    setRow(good === null || good === 'new' || unit === undefined ? {} : rowOfGood(good, unit))
    setAsked(false)
  }, [good])
  const set = (column: Column, value: string): void => setRow((before) => ({ ...before, [column]: value }))
  const read = unit && goodOfRow(row, unit)
  const fault = read !== undefined && 'reason' in read ? read : undefined
  const known = good === 'new' || good === null ? null : good.code
  const send = (next: Row | null): Promise<boolean> =>
    doing.run(putGood(client, { basedOn: version, code: known, row: next === null ? null : wholeRow(next) }), onDone)
  const save = (): void => {
    setAsked(true)
    if (fault === undefined) void send(row)
  }
  const wrong = (column: Column): string | undefined =>
    isAsked && fault?.column === column ? faultText(fault.reason, locale) : undefined
  return (
    <Sheet
      open={good !== null}
      onClose={onClose}
      title={known === null ? text.add : text.edit(good === 'new' || good === null ? '' : good.name)}
      actions={
        <>
          <Button kind="seal" wide busy={doing.busy} onPress={save}>
            {text.keep}
          </Button>
          {known === null ? null : (
            <Button kind="danger" wide busy={doing.busy} onPress={() => void send(null)}>
              {text.remove}
            </Button>
          )}
        </>
      }
    >
      <div class="good-form">
        {TEXTS.map(([column, label]) => (
          <Field
            key={column}
            label={text[label]}
            value={row[column] ?? ''}
            onInput={(value) => set(column, value)}
            error={wrong(column)}
            {...(column === 'tax' && { hint: text.taxHint })}
            {...(column === 'take_back' && { hint: text.takeBackHint })}
          />
        ))}
        <label class="field">
          <span class="field-label">{text.kind}</span>
          <select
            class="field-input"
            value={row.kind === '' || row.kind === undefined ? 'piece' : row.kind}
            onChange={({ currentTarget: { value } }) => set('kind', value)}
          >
            {GOOD_KINDS.map((kind) => (
              <option key={kind} value={kind}>
                {text[`kind_${kind}`]}
              </option>
            ))}
          </select>
        </label>
        <label class="field">
          <span class="field-label">{text.unit}</span>
          <select
            class="field-input"
            value={row.unit ?? ''}
            onChange={({ currentTarget: { value } }) => set('unit', value)}
          >
            {UNITS.map((each) => (
              <option key={each} value={each}>
                {each === '' ? text.unitNone : each}
              </option>
            ))}
          </select>
          <span class="field-error">{wrong('unit') ?? wrong('kind')}</span>
        </label>
        <Switch
          label={text.delivery}
          checked={row.delivery === 'yes'}
          onChange={(isOn) => set('delivery', isOn ? 'yes' : '')}
        />
        <Switch
          label={text.active}
          checked={row.active !== 'no'}
          onChange={(isOn) => set('active', isOn ? '' : 'no')}
        />
        <Trouble problem={doing.problem} />
      </div>
    </Sheet>
  )
}

/** Every column, as the route has them. */
const wholeRow = (row: Row): Record<Column, string> => ({ ...EMPTY_ROW, ...row })

// Border: made of every column just here.
// oxlint-disable-next-line typescript/no-unsafe-type-assertion
const EMPTY_ROW = Object.fromEntries(COLUMNS.map((column) => [column, ''])) as Record<Column, string>
