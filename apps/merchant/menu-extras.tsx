// What items share: options with their choices, and the course notes a guest may add to a line.
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import type { Unit } from '#core/money.ts'
import { Field, Segmented } from '#ui/fields.tsx'
import { useLocale, useWords } from '#ui/i18n.ts'
import { Button } from '#ui/kit.tsx'
import {
  faultsOfOption,
  keyFor,
  moved,
  NO_NAMES,
  put,
  withoutOption,
  type ChoiceDraft,
  type FaultKind,
  type Named,
  type OptionDraft,
} from './menu-draft.ts'
import { FormSheet, nameIn, NameFields, NAME_LENGTH, Order } from './menu-names.tsx'
import type { PartProps } from './menu.tsx'
import { menuWords } from './words-menu.ts'

const NEW_OPTION: OptionDraft = {
  id: '',
  ...NO_NAMES,
  kind: 'exactly',
  count: '1',
  choices: [
    { id: 'choice', ...NO_NAMES, price: '' },
    { id: 'choice-2', ...NO_NAMES, price: '' },
  ],
}

export function Options({ draft, unit, may, change }: PartProps): JSX.Element {
  const text = useWords(menuWords)
  const locale = useLocale()
  const [open, setOpen] = useState<OptionDraft | null>(null)
  const keep = (kept: OptionDraft): void => {
    setOpen(null)
    const used = draft.options.map(({ id }) => id)
    change({ ...draft, options: put(draft.options, { ...kept, id: kept.id || keyFor(kept, used, 'option') }) })
  }
  const isNew = open === null || open.id === ''
  return (
    <section class="menu-part" aria-label={text.options}>
      <h2>{text.options}</h2>
      <p class="office-detail">{text.optionsText}</p>
      {draft.options.map((option) => {
        const name = nameIn(option, locale)
        return (
          <div key={option.id} class="menu-item">
            <span class="menu-item-text">
              {name}
              <span class="office-detail">
                {text[`rule ${option.kind}`](option.count)}{' '}
                {option.choices.map((choice) => nameIn(choice, locale)).join(' · ')}
              </span>
            </span>
            {may ? (
              <Button kind="quiet" icon="settings" iconOnly onPress={() => setOpen(option)}>
                {text.edit(name)}
              </Button>
            ) : null}
          </div>
        )
      })}
      {may ? (
        <Button icon="plus" onPress={() => setOpen(NEW_OPTION)}>
          {text.addOption}
        </Button>
      ) : null}
      <FormSheet
        of={open}
        title={isNew ? text.addOption : text.edit(open.name)}
        isFaulty={(of) => faultsOfOption(of, unit).length > 0}
        onClose={() => setOpen(null)}
        onKeep={keep}
        onRemove={
          isNew
            ? undefined
            : () => {
                setOpen(null)
                change(withoutOption(draft, open.id))
              }
        }
      >
        {(of, set, isAsked) => <OptionFields of={of} unit={unit} isAsked={isAsked} onChange={set} />}
      </FormSheet>
    </section>
  )
}

type OptionProps = Readonly<{ of: OptionDraft; unit: Unit; isAsked: boolean; onChange: (of: OptionDraft) => void }>

function OptionFields({ of, unit, isAsked, onChange }: OptionProps): JSX.Element {
  const text = useWords(menuWords)
  const faults = isAsked ? faultsOfOption(of, unit) : []
  const wrong = (fault: FaultKind): string | undefined =>
    faults.some((each) => each.fault === fault) ? text[`fault ${fault}`] : undefined
  const add = (): void => {
    const used = of.choices.map(({ id }) => id)
    onChange({ ...of, choices: [...of.choices, { id: keyFor(NO_NAMES, used, 'choice'), ...NO_NAMES, price: '' }] })
  }
  return (
    <>
      <NameFields of={of} isAsked={isAsked} onChange={onChange} />
      <div class="menu-fields">
        <Segmented<OptionDraft['kind']>
          label={text.how}
          value={of.kind}
          onChange={(kind) => onChange({ ...of, kind })}
          options={[
            { value: 'exactly', label: text.exactly },
            { value: 'most', label: text.most },
          ]}
        />
        <Field
          label={text.count}
          value={of.count}
          inputMode="numeric"
          maxLength={2}
          onInput={(count) => onChange({ ...of, count })}
          error={wrong('count')}
        />
      </div>
      <fieldset class="menu-form">
        <legend class="field-label">{text.choices}</legend>
        {of.choices.map((choice, index) => (
          <ChoiceFields
            key={choice.id}
            nth={index + 1}
            of={choice}
            unit={unit}
            isAsked={isAsked}
            onChange={(changed) => onChange({ ...of, choices: put(of.choices, changed) })}
            onRemove={() => onChange({ ...of, choices: of.choices.filter(({ id }) => id !== choice.id) })}
          />
        ))}
        <p class="field-error" aria-live="polite">
          {wrong('choices') ?? wrong('price') ?? ''}
        </p>
        <div>
          <Button icon="plus" onPress={add}>
            {text.addChoice}
          </Button>
        </div>
      </fieldset>
    </>
  )
}

type ChoiceProps = Readonly<{
  nth: number
  of: ChoiceDraft
  unit: Unit
  isAsked: boolean
  onChange: (of: ChoiceDraft) => void
  onRemove: () => void
}>

function ChoiceFields({ nth, of, unit, isAsked, onChange, onRemove }: ChoiceProps): JSX.Element {
  const text = useWords(menuWords)
  return (
    <div class="menu-choice">
      <Field
        label={text.choice(nth)}
        value={of.name}
        maxLength={NAME_LENGTH}
        onInput={(name) => onChange({ ...of, name })}
        error={isAsked && of.name.trim() === '' ? text['fault name'] : undefined}
      />
      <Field
        label={text.choiceIn(nth, 'en')}
        value={of.nameEn}
        maxLength={NAME_LENGTH}
        onInput={(nameEn) => onChange({ ...of, nameEn })}
      />
      <Field
        label={text.choiceIn(nth, 'ja')}
        value={of.nameJa}
        maxLength={NAME_LENGTH}
        onInput={(nameJa) => onChange({ ...of, nameJa })}
      />
      <Field
        label={text.extraOf(nth, unit)}
        value={of.price}
        inputMode="decimal"
        maxLength={20}
        onInput={(price) => onChange({ ...of, price })}
      />
      <Button kind="quiet" icon="close" iconOnly onPress={onRemove}>
        {text.remove(of.name === '' ? text.choice(nth) : of.name)}
      </Button>
    </div>
  )
}

export function Courses({ draft, may, change }: PartProps): JSX.Element {
  const text = useWords(menuWords)
  const locale = useLocale()
  const [open, setOpen] = useState<Named | null>(null)
  const isNew = open === null || open.id === ''
  const keep = (kept: Named): void => {
    setOpen(null)
    const used = draft.courses.map(({ id }) => id)
    change({ ...draft, courses: put(draft.courses, { ...kept, id: kept.id || keyFor(kept, used, 'course') }) })
  }
  return (
    <section class="menu-part" aria-label={text.courses}>
      <h2>{text.courses}</h2>
      <p class="office-detail">{text.coursesText}</p>
      {draft.courses.map((course, index) => {
        const name = nameIn(course, locale)
        return (
          <div key={course.id} class="menu-item">
            <span class="menu-item-text">{name}</span>
            {may ? (
              <span class="menu-item-side">
                <Order
                  name={name}
                  isFirst={index === 0}
                  isLast={index === draft.courses.length - 1}
                  onMove={(by) => change({ ...draft, courses: moved(draft.courses, course.id, by) })}
                />
                <Button kind="quiet" icon="settings" iconOnly onPress={() => setOpen(course)}>
                  {text.edit(name)}
                </Button>
              </span>
            ) : null}
          </div>
        )
      })}
      {may ? (
        <Button icon="plus" onPress={() => setOpen({ id: '', ...NO_NAMES })}>
          {text.addCourse}
        </Button>
      ) : null}
      <FormSheet
        of={open}
        title={isNew ? text.addCourse : text.edit(open.name)}
        isFaulty={({ name }) => name.trim() === ''}
        onClose={() => setOpen(null)}
        onKeep={keep}
        onRemove={
          isNew
            ? undefined
            : () => {
                setOpen(null)
                change({ ...draft, courses: draft.courses.filter(({ id }) => id !== open.id) })
              }
        }
      >
        {(of, set, isAsked) => <NameFields of={of} isAsked={isAsked} onChange={set} />}
      </FormSheet>
    </section>
  )
}
