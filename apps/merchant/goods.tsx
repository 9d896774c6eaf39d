// The shop's price file: found, changed one by one, saved, and taken from a file after a look at what that would change.
import type { JSX } from 'preact'
import { useEffect, useMemo, useState } from 'preact/hooks'
import type { Good } from '#core/goods.ts'
import { unitOf } from '#core/money.ts'
import { mayDo } from '#core/staff.ts'
import { amountText } from '#apps/shared/money.ts'
import { readPriceCsv } from '#apps/shared/price-csv.ts'
import { EMPTY_SHELF, searchShelf, shelfOf, type Shelf } from '#apps/shared/shelf.ts'
import type { PriceFileChange, PriceFileView } from '#protocol/goods.ts'
import type { Problem } from '#protocol/problems.ts'
import { priceFile, priceFileCsv, putPriceFile } from '#sdk/goods-calls.ts'
import { Field } from '#ui/fields.tsx'
import { formatCount, formatDateTime, useLocale, useWords } from '#ui/i18n.ts'
import { Banner, Button, EmptyState, List, say } from '#ui/kit.tsx'
import { GoodSheet } from './good-sheet.tsx'
import { Trouble, useDoing, type ShopProps } from './shop.tsx'
import { columnText, faultText, goodsWords } from './words-goods.ts'

/** Goods on the page at once; the rest is found by name. */
const SHOWN = 60
const LARGEST_BYTES = 8 * 1024 * 1024

type Known = Readonly<{ file: PriceFileView; csv: string; goods: readonly Good[]; shelf: Shelf }>
type Chosen = Readonly<{ csv: string; change: PriceFileChange }>

export function Goods({ client, here, closed, unit: code }: ShopProps & Readonly<{ unit: string }>): JSX.Element {
  const text = useWords(goodsWords)
  const locale = useLocale()
  const [known, setKnown] = useState<Known | null>(null)
  const [problem, setProblem] = useState<Problem | null>(null)
  const [query, setQuery] = useState('')
  const [chosen, setChosen] = useState<Chosen | null>(null)
  const [unreadable, setUnreadable] = useState<'tooLarge' | 'unreadable' | null>(null)
  const [open, setOpen] = useState<Good | 'new' | null>(null)
  const doing = useDoing(closed)
  const mayChange = here.cashier === null ? !here.needed : mayDo(here.cashier.role, 'goods')

  const look = async (): Promise<void> => {
    const [file, csv] = [await priceFile(client), await priceFileCsv(client)]
    const unit = unitOf(code)
    if (!file.ok || !csv.ok || unit === undefined)
      return setProblem(file.ok ? (csv.ok ? null : csv.problem) : file.problem)
    const goods = await readPriceCsv(csv.view, unit)
    setKnown({
      file: file.view,
      csv: csv.view,
      goods,
      shelf: shelfOf(goods.map((good) => ({ ...good, isActive: true }))),
    })
    setProblem(null)
  }
  useEffect(() => void look(), [client])

  const version = known?.file.version ?? 0
  const choose = async (file: File): Promise<void> => {
    setChosen(null)
    setUnreadable(null)
    const csv = file.size > LARGEST_BYTES ? undefined : textOf(await file.arrayBuffer())
    if (csv === undefined) return setUnreadable(file.size > LARGEST_BYTES ? 'tooLarge' : 'unreadable')
    await doing.run(putPriceFile(client, { basedOn: version, csv, check: true }), (change) =>
      setChosen({ csv, change }),
    )
  }
  const store = async (): Promise<void> => {
    if (chosen === null) return
    await doing.run(
      putPriceFile(client, { basedOn: chosen.change.file.version, csv: chosen.csv, check: false }),
      changed,
    )
  }
  const changed = (): void => {
    setChosen(null)
    setOpen(null)
    say(text.stored)
    void look()
  }

  const { shelf = EMPTY_SHELF, goods = [] } = known ?? {}
  const found = useMemo(
    () => (query.trim() === '' ? goods.slice(0, SHOWN) : searchShelf(shelf, query, SHOWN)),
    [shelf, goods, query],
  )
  return (
    <section class="people" aria-label={text.goods}>
      <Trouble problem={problem ?? doing.problem} />
      {known === null || version === 0 ? null : (
        <p class="office-detail">
          {text.version(formatCount(known.file.count, locale), formatDateTime(known.file.at ?? 0, locale))}
        </p>
      )}
      <div class="goods-acts">
        {mayChange ? <FileChoice busy={doing.busy} onFile={(file) => void choose(file)} /> : null}
        {version === 0 ? null : <Button onPress={() => saveFile(known?.csv ?? '')}>{text.save}</Button>}
        {mayChange ? <Button onPress={() => setOpen('new')}>{text.add}</Button> : null}
      </div>
      {unreadable === null ? null : <Banner kind="trouble">{text[unreadable]}</Banner>}
      {chosen === null ? null : (
        <Preview
          change={chosen.change}
          unit={code}
          busy={doing.busy}
          onStore={() => void store()}
          onLeave={() => setChosen(null)}
        />
      )}
      {known !== null && version === 0 ? (
        <EmptyState title={text.none}>
          <p>{text.noneText}</p>
        </EmptyState>
      ) : (
        <>
          <Field label={text.search} type="search" value={query} onInput={setQuery} />
          <List
            label={text.goods}
            items={found}
            keyOf={(good) => good.code}
            empty={<p role="status">{query.trim() === '' ? '' : text.nothing(query.trim())}</p>}
          >
            {(good) => <GoodRow good={good} unit={code} onOpen={mayChange ? () => setOpen(good) : null} />}
          </List>
          {found.length < SHOWN ? null : <p class="office-detail">{text.more(SHOWN)}</p>}
        </>
      )}
      <GoodSheet
        client={client}
        unit={code}
        version={version}
        good={open}
        closed={closed}
        onClose={() => setOpen(null)}
        onDone={changed}
      />
    </section>
  )
}

function FileChoice({ busy, onFile }: Readonly<{ busy: boolean; onFile: (file: File) => void }>): JSX.Element {
  const text = useWords(goodsWords)
  return (
    <label class="field goods-file">
      <span class="field-label">{text.import}</span>
      <input
        class="field-input"
        type="file"
        accept=".csv,text/csv"
        disabled={busy}
        onChange={({ currentTarget }) => {
          const [file] = currentTarget.files ?? []
          if (file !== undefined) onFile(file)
          // The same file, put right, may be chosen again.
          currentTarget.value = ''
        }}
      />
      <span class="field-hint">{text.importHint}</span>
    </label>
  )
}

type PreviewProps = Readonly<{
  change: PriceFileChange
  unit: string
  busy: boolean
  onStore: () => void
  onLeave: () => void
}>

function Preview({ change, unit, busy, onStore, onLeave }: PreviewProps): JSX.Element {
  const text = useWords(goodsWords)
  const locale = useLocale()
  const { added, changed, removed, changes, faults, faultCount } = change
  if (faultCount > 0)
    return (
      <section class="one-time-code" aria-label={text.faults(faultCount)}>
        <h2>{text.faults(faultCount)}</h2>
        <p>{text.faultsText}</p>
        <ul class="goods-faults" role="list">
          {faults.map(({ line, column, reason }, index) => (
            <li key={index}>
              <strong>{text.faultAt(line, columnText(column, locale))}</strong> {faultText(reason, locale)}
            </li>
          ))}
        </ul>
        {faultCount > faults.length ? <p class="office-detail">{text.listed(faults.length)}</p> : null}
        <Button onPress={onLeave}>{text.leave}</Button>
      </section>
    )
  const isSame = added + changed + removed === 0
  const price = (amount: string | null): string => (amount === null ? '–' : amountText(amount, unit, locale))
  return (
    <section class="one-time-code" aria-label={text.preview}>
      <h2>{text.preview}</h2>
      <p>{isSame ? text.same : text.summary(added, changed, removed)}</p>
      <ul class="goods-faults" role="list">
        {changes.map((each) => (
          <li key={each.code}>
            <strong>{each.name}</strong> {text[`change_${each.change}`]}{' '}
            {each.before === each.after ? '' : text.from(price(each.before), price(each.after))}
          </li>
        ))}
      </ul>
      {added + changed + removed > changes.length ? <p class="office-detail">{text.listed(changes.length)}</p> : null}
      <div class="goods-acts">
        {isSame ? null : (
          <Button kind="seal" busy={busy} onPress={onStore}>
            {text.store}
          </Button>
        )}
        <Button onPress={onLeave}>{text.leave}</Button>
      </div>
    </section>
  )
}

type RowProps = Readonly<{ good: Good; unit: string; onOpen: (() => void) | null }>

function GoodRow({ good, unit, onOpen }: RowProps): JSX.Element {
  const text = useWords(goodsWords)
  const locale = useLocale()
  const name = (locale === 'ja' ? good.nameJa : good.nameEn) ?? good.name
  const facts = [good.code, good.category, ...(good.isActive ? [] : [text.inactive])].filter((fact) => fact !== '')
  return (
    <div class="people-row">
      <span class="people-who">
        {name}
        <span class="office-detail">{facts.join(' · ')}</span>
      </span>
      <span class="goods-price">
        {good.price === null ? '' : amountText(good.price, unit, locale)}
        {good.unit === null ? '' : ` / ${good.unit}`}
        {onOpen === null ? null : (
          <Button kind="quiet" icon="settings" iconOnly onPress={onOpen}>
            {text.edit(name)}
          </Button>
        )}
      </span>
    </div>
  )
}

/** UTF-8, else Shift_JIS as Japanese spreadsheets write it; undefined where it is neither. */
function textOf(bytes: ArrayBuffer): string | undefined {
  for (const label of ['utf-8', 'shift_jis']) {
    try {
      return new TextDecoder(label, { fatal: true }).decode(bytes)
    } catch {
      // The next one may fit.
    }
  }
  return undefined
}

function saveFile(csv: string): void {
  const address = URL.createObjectURL(new Blob([csv], { type: 'text/csv' }))
  const link = document.createElement('a')
  link.href = address
  link.download = 'price-file.csv'
  link.click()
  // The browser has begun to save by then.
  setTimeout(() => URL.revokeObjectURL(address), 10_000)
}
