// One item of the menu: names, description, price, tax, and which options it comes with.
import type { JSX } from 'preact'
import type { Unit } from '#core/money.ts'
import { Field } from '#ui/fields.tsx'
import { useLocale, useWords } from '#ui/i18n.ts'
import { faultsOfItem, type FaultKind, type ItemDraft, type MenuDraft } from './menu-draft.ts'
import { FormSheet, nameIn, NameFields } from './menu-names.tsx'
import { menuWords } from './words-menu.ts'

const TEXT_LENGTH = 120

type Props = Readonly<{
  /** null while it is closed; without a key it is new */
  item: ItemDraft | null
  draft: MenuDraft
  unit: Unit
  onClose: () => void
  onKeep: (item: ItemDraft) => void
  onRemove: (id: string) => void
}>

export function ItemSheet({ item, draft, unit, onClose, onKeep, onRemove }: Props): JSX.Element {
  const text = useWords(menuWords)
  const isNew = item === null || item.id === ''
  return (
    <FormSheet
      of={item}
      title={isNew ? text.itemNew : text.edit(item.name)}
      isFaulty={(of) => faultsOfItem(of, unit).length > 0}
      onClose={onClose}
      onKeep={onKeep}
      onRemove={isNew ? undefined : () => onRemove(item.id)}
    >
      {(of, set, isAsked) => {
        const wrong = (fault: FaultKind): string | undefined =>
          isAsked && faultsOfItem(of, unit).some((each) => each.fault === fault) ? text[`fault ${fault}`] : undefined
        return (
          <>
            <NameFields of={of} isAsked={isAsked} onChange={set} />
            <Field
              label={text.description}
              value={of.text}
              maxLength={TEXT_LENGTH}
              onInput={(about) => set({ ...of, text: about })}
            />
            <div class="menu-fields">
              <Field
                label={`${text.price} (${unit})`}
                value={of.price}
                inputMode="decimal"
                maxLength={20}
                onInput={(price) => set({ ...of, price })}
                error={wrong('price')}
              />
              <Field
                label={text.tax}
                hint={text.taxHint}
                value={of.tax}
                maxLength={30}
                onInput={(tax) => set({ ...of, tax })}
                error={wrong('tax')}
              />
              {draft.sections.length < 2 ? null : <SectionChoice of={of} draft={draft} onChange={set} />}
            </div>
            {draft.options.length === 0 ? null : <ItsOptions of={of} draft={draft} onChange={set} />}
          </>
        )
      }}
    </FormSheet>
  )
}

type ChoiceProps = Readonly<{ of: ItemDraft; draft: MenuDraft; onChange: (of: ItemDraft) => void }>

function SectionChoice({ of, draft, onChange }: ChoiceProps): JSX.Element {
  const text = useWords(menuWords)
  const locale = useLocale()
  return (
    <label class="field">
      <span class="field-label">{text.sectionNew}</span>
      <select
        class="field-input"
        value={of.section}
        onChange={({ currentTarget: { value } }) => onChange({ ...of, section: value })}
      >
        {draft.sections.map((section) => (
          <option key={section.id} value={section.id}>
            {nameIn(section, locale)}
          </option>
        ))}
      </select>
    </label>
  )
}

/** Options are kept in the menu's order, so that guests are asked the same way everywhere. */
function ItsOptions({ of, draft, onChange }: ChoiceProps): JSX.Element {
  const text = useWords(menuWords)
  const locale = useLocale()
  const turn = (option: string, isOn: boolean): void => {
    const on = new Set(of.options)
    if (isOn) on.add(option)
    else on.delete(option)
    onChange({ ...of, options: draft.options.map(({ id }) => id).filter((id) => on.has(id)) })
  }
  return (
    <fieldset>
      <legend class="field-label">{text.options}</legend>
      {draft.options.map((option) => (
        <label key={option.id} class="menu-tick">
          <input
            type="checkbox"
            checked={of.options.includes(option.id)}
            onChange={({ currentTarget: { checked } }) => turn(option.id, checked)}
          />
          <span>{nameIn(option, locale)}</span>
        </label>
      ))}
    </fieldset>
  )
}
