// A name in the shop's own words and, where it likes, in the other language; and the sheet of what has nothing but names.
import type { ComponentChildren, JSX } from 'preact'
import { useLayoutEffect, useState } from 'preact/hooks'
import { Field } from '#ui/fields.tsx'
import { useWords, type Locale } from '#ui/i18n.ts'
import { Button, Sheet } from '#ui/kit.tsx'
import type { NameTexts } from './menu-draft.ts'
import { menuWords } from './words-menu.ts'

export const NAME_LENGTH = 60

/** How it is called in a language of the page. */
export const nameIn = ({ name, nameEn, nameJa }: NameTexts, locale: Locale): string =>
  (locale === 'ja' ? nameJa : nameEn).trim() || name

type FieldsProps<Of extends NameTexts> = Readonly<{ of: Of; isAsked: boolean; onChange: (of: Of) => void }>

export function NameFields<Of extends NameTexts>({ of, isAsked, onChange }: FieldsProps<Of>): JSX.Element {
  const text = useWords(menuWords)
  return (
    <div class="menu-fields">
      <Field
        label={text.name}
        value={of.name}
        maxLength={NAME_LENGTH}
        onInput={(name) => onChange({ ...of, name })}
        error={isAsked && of.name.trim() === '' ? text['fault name'] : undefined}
      />
      <Field
        label={text.nameEn}
        value={of.nameEn}
        maxLength={NAME_LENGTH}
        hint={text.nameHint}
        onInput={(nameEn) => onChange({ ...of, nameEn })}
      />
      <Field
        label={text.nameJa}
        value={of.nameJa}
        maxLength={NAME_LENGTH}
        onInput={(nameJa) => onChange({ ...of, nameJa })}
      />
    </div>
  )
}

type FormSheetProps<Of> = Readonly<{
  /** null while it is closed */
  of: Of | null
  title: string
  isFaulty: (of: Of) => boolean
  onClose: () => void
  onKeep: (of: Of) => void
  /** left out for a new one */
  onRemove?: (() => void) | undefined
  children: (of: Of, change: (of: Of) => void, isAsked: boolean) => ComponentChildren
}>

/** A sheet with a form: kept only when it is right, left as it was otherwise. */
export function FormSheet<Of>(props: FormSheetProps<Of>): JSX.Element {
  const { of, title, isFaulty, onClose, onKeep, onRemove, children } = props
  const text = useWords(menuWords)
  const [edited, setEdited] = useState(of)
  const [isAsked, setAsked] = useState(false)
  // Before the form is seen, or it would take back what was typed at once.
  useLayoutEffect(() => {
    setEdited(of)
    setAsked(false)
  }, [of])
  const keep = (): void => {
    setAsked(true)
    if (edited !== null && !isFaulty(edited)) onKeep(edited)
  }
  return (
    <Sheet open={of !== null} onClose={onClose} title={title}>
      {edited === null ? null : (
        <form
          class="menu-form"
          noValidate
          onSubmit={(event) => {
            event.preventDefault()
            keep()
          }}
        >
          {children(edited, setEdited, isAsked)}
          <div class="sheet-actions">
            <Button kind="seal" type="submit" wide>
              {text.keep}
            </Button>
            <Button wide onPress={onClose}>
              {text.cancel}
            </Button>
            {onRemove === undefined ? null : (
              <Button kind="danger" wide onPress={onRemove}>
                {text.removeIt}
              </Button>
            )}
          </div>
        </form>
      )}
    </Sheet>
  )
}

type OrderProps = Readonly<{ name: string; onMove: (by: -1 | 1) => void; isFirst: boolean; isLast: boolean }>

/** Up and down in a list, by press or key. */
export function Order({ name, onMove, isFirst, isLast }: OrderProps): JSX.Element {
  const text = useWords(menuWords)
  return (
    <>
      <Button kind="quiet" disabled={isFirst} onPress={() => onMove(-1)}>
        <span aria-hidden="true">↑</span>
        <span class="hidden">{text.up(name)}</span>
      </Button>
      <Button kind="quiet" disabled={isLast} onPress={() => onMove(1)}>
        <span aria-hidden="true">↓</span>
        <span class="hidden">{text.down(name)}</span>
      </Button>
    </>
  )
}
