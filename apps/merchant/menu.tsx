// The office's menu: what guests order at tables. Changed here as a whole and then saved; stock counts at once.
import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { unitOf, type Unit } from '#core/money.ts'
import { mayDo } from '#core/staff.ts'
import type { MenuWire, OfficeMenuView } from '#protocol/orders.ts'
import { callOrders } from '#sdk/order-calls.ts'
import { formatDateTime, useLocale, useWords } from '#ui/i18n.ts'
import { Banner, Button, EmptyState, say } from '#ui/kit.tsx'
import { documentOf, draftOf, EMPTY_MENU, menuOfFile, type Fault, type MenuDraft } from './menu-draft.ts'
import { Courses, Options } from './menu-extras.tsx'
import { HoursPart } from './menu-hours.tsx'
import { Sections } from './menu-sections.tsx'
import { Trouble, useDoing, type ShopProps } from './shop.tsx'
import { menuWords } from './words-menu.ts'

const LARGEST_BYTES = 1024 * 1024

/** What every part of the editor gets. */
export type PartProps = Readonly<{
  draft: MenuDraft
  unit: Unit
  /** false for those who may only look */
  may: boolean
  change: (draft: MenuDraft) => void
}>

export function Menu({ unit: code, ...shop }: ShopProps & Readonly<{ unit: string }>): JSX.Element | null {
  const unit = unitOf(code)
  return unit === undefined ? null : <Editor {...shop} unit={unit} />
}

function Editor({ client, here, closed, unit }: ShopProps & Readonly<{ unit: Unit }>): JSX.Element {
  const text = useWords(menuWords)
  const locale = useLocale()
  const doing = useDoing(closed)
  const [known, setKnown] = useState<OfficeMenuView | null>(null)
  const [draft, setDraft] = useState<MenuDraft>(EMPTY_MENU)
  const [isChanged, setChanged] = useState(false)
  const [faults, setFaults] = useState<readonly Fault[]>([])
  const may = here.cashier === null ? !here.needed : mayDo(here.cashier.role, 'goods')
  const isNewer = doing.problem?.code === 'menu-changed'

  const take = (view: OfficeMenuView): void => {
    setKnown(view)
    setDraft(view.menu === null ? EMPTY_MENU : draftOf(view.menu, unit))
    setChanged(false)
    setFaults([])
  }
  const look = (): Promise<boolean> => doing.run(callOrders(client, 'menu'), take)
  useEffect(() => void look(), [client])
  const change = (next: MenuDraft): void => {
    setDraft(next)
    setChanged(true)
    setFaults([])
  }
  const save = async (basedOn: number): Promise<void> => {
    const menu = documentOf(draft, unit)
    if (!isDocument(menu)) return setFaults(menu)
    await doing.run(callOrders(client, 'setMenu', { body: { basedOn, menu } }), (view) => {
      take(view)
      say(text.saved)
    })
  }
  /** Somebody else has saved meanwhile, and this one counts all the same. */
  const saveOver = async (): Promise<void> => {
    const newest = await callOrders(client, 'menu')
    if (newest.ok) await save(newest.view.version)
  }
  if (known === null) return <Trouble problem={doing.problem} />
  const part = { draft, unit, may, change }
  return (
    <section class="menu-edit" aria-label={text.menu}>
      <div>
        <p>{text.text}</p>
        <p class="office-detail">{text.pointsText}</p>
        {known.savedAt === null ? null : (
          <p class="office-detail">{text.version(known.version, formatDateTime(known.savedAt, locale))}</p>
        )}
        {may ? null : <p class="office-detail">{text.readOnly}</p>}
      </div>
      {draft.sections.length === 0 && !isChanged ? (
        <EmptyState title={text.none} icon="shop">
          {text.noneText}
        </EmptyState>
      ) : null}
      <Sections
        {...part}
        stock={known.stock}
        saved={known.menu?.items.map(({ id }) => id) ?? []}
        client={client}
        closed={closed}
        onStock={(stock) => setKnown({ ...known, stock })}
      />
      <Options {...part} />
      <Courses {...part} />
      <HoursPart title={text.hours} hours={draft.hours} may={may} onChange={(hours) => change({ ...draft, hours })} />
      <FilePart menu={known.menu} may={may} unit={unit} onTaken={change} />
      {may ? (
        <div class="menu-save">
          <div class="menu-save-says" role="status">
            {isChanged ? <p>{text.unsaved}</p> : null}
            <Faults faults={faults} />
          </div>
          {isNewer ? (
            <Banner kind="trouble">
              <span>{text.newer}</span>
              <span class="menu-acts">
                <Button onPress={() => void look()}>{text.takeNewer}</Button>
                <Button onPress={() => void saveOver()}>{text.keepMine}</Button>
              </span>
            </Banner>
          ) : (
            <Trouble problem={doing.problem} />
          )}
          <div class="menu-acts">
            <Button kind="seal" busy={doing.busy} disabled={!isChanged} onPress={() => void save(known.version)}>
              {text.save}
            </Button>
            {isChanged && known.version > 0 ? <Button onPress={() => take(known)}>{text.discard}</Button> : null}
          </div>
        </div>
      ) : (
        <Trouble problem={doing.problem} />
      )}
    </section>
  )
}

const isDocument = (made: MenuWire | readonly Fault[]): made is MenuWire => 'items' in made

/** What is to be put right, and of what. */
export function Faults({ faults }: Readonly<{ faults: readonly Fault[] }>): JSX.Element | null {
  const text = useWords(menuWords)
  if (faults.length === 0) return null
  return (
    <Banner kind="trouble">
      <strong>{text.faults(faults.length)}</strong>
      <ul class="goods-faults" role="list">
        {faults.map(({ of, fault }, index) => (
          <li key={index}>
            {of.trim() === '' ? '' : `${of}: `}
            {text[`fault ${fault}`]}
          </li>
        ))}
      </ul>
    </Banner>
  )
}

type FileProps = Readonly<{
  menu: MenuWire | null
  may: boolean
  unit: Unit
  onTaken: (draft: MenuDraft) => void
}>

/** The whole menu as JSON, out and in. What comes in is shown first. */
function FilePart({ menu, may, unit, onTaken }: FileProps): JSX.Element {
  const text = useWords(menuWords)
  const [fault, setFault] = useState<'notMenu' | 'tooLarge' | null>(null)
  const choose = async (file: File): Promise<void> => {
    if (file.size > LARGEST_BYTES) return setFault('tooLarge')
    const read = menuOfFile(await file.text())
    setFault(read === undefined || read.unit !== unit ? 'notMenu' : null)
    if (read === undefined || read.unit !== unit) return
    onTaken(draftOf(read, unit))
    say(text.imported)
  }
  return (
    <section class="menu-part" aria-label={text.file}>
      <h2>{text.file}</h2>
      <p class="office-detail">{text.fileText}</p>
      {fault === null ? null : <Banner kind="trouble">{text[fault]}</Banner>}
      <div class="goods-acts">
        {menu === null ? null : <Button onPress={() => saveFile(menu)}>{text.export}</Button>}
        {may ? (
          <label class="field goods-file">
            <span class="field-label">{text.import}</span>
            <input
              class="field-input"
              type="file"
              accept=".json,application/json"
              aria-describedby="menu-import-hint"
              onChange={({ currentTarget }) => {
                const [file] = currentTarget.files ?? []
                if (file !== undefined) void choose(file)
                // The same file, put right, may be chosen again.
                currentTarget.value = ''
              }}
            />
          </label>
        ) : null}
      </div>
      {may ? (
        <p class="office-detail" id="menu-import-hint">
          {text.importHint}
        </p>
      ) : null}
    </section>
  )
}

function saveFile(menu: MenuWire): void {
  const address = URL.createObjectURL(new Blob([`${JSON.stringify(menu, null, 2)}\n`], { type: 'application/json' }))
  const link = document.createElement('a')
  link.href = address
  link.download = 'menu.json'
  link.click()
  // The browser has begun to save by then.
  setTimeout(() => URL.revokeObjectURL(address), 10_000)
}
