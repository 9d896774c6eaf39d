// "Customer's code": read with the scanner or the camera, or typed. The answer is a joined phone, or why there is none.
import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { useLocale, useWords } from '#ui/i18n.ts'
import { Banner, Button } from '#ui/kit.tsx'
import { Field } from '#ui/fields.tsx'
import { Scanner, type CodeFormat } from '#ui/scan.tsx'
import { useStore } from '#ui/store.ts'
import { useRegister, useTill } from '../context.tsx'
import { misread, misreadText, takeCode } from '../customer-code.ts'
import { isEmpty } from '../draft.ts'
import { CUSTOMER_CODE } from '../state.ts'
import { codeWords } from '../words-code.ts'
import { CardTag } from './card-tag.tsx'
import { openWay, type Way } from './more-ways.tsx'
import { Heading } from './till.tsx'

/** Phones show both, side by side. */
const CODE_FORMATS: readonly CodeFormat[] = ['qr', 'code128']

export const customerCodeWay: Way = {
  id: CUSTOMER_CODE,
  icon: 'myCode',
  shortcut: 'F3',
  label: (locale) => codeWords[locale].way,
  start(till) {
    misread.set(null)
    openWay(till, CUSTOMER_CODE)
  },
  Panel: CustomerCode,
}

function CustomerCode(): JSX.Element {
  const text = useWords(codeWords)
  const locale = useLocale()
  const till = useTill()
  const { draft } = useRegister()
  const wrong = useStore(misread)
  const [typed, setTyped] = useState('')
  const [isLooking, setLooking] = useState(false)
  useEffect(() => () => misread.set(null), [])
  const take = (code: string): void => {
    setTyped('')
    till.store.update((state) => ({ ...state, problem: null }))
    takeCode(code, till)
  }
  return (
    <div class="customer-code">
      <Heading>{text.title}</Heading>
      <p class="deal-text">{text.text}</p>
      {isEmpty(draft) ? <p class="what-if">{text.noBill}</p> : null}
      {wrong === null ? null : <Banner kind="trouble">{misreadText(wrong, locale)}</Banner>}
      <form
        class="customer-code-form"
        onSubmit={(event) => {
          event.preventDefault()
          if (typed.trim() !== '') take(typed)
        }}
      >
        <Field label={text.field} hint={text.hint} value={typed} onInput={setTyped} inputMode="numeric" autoFocus />
        <Button kind="seal" type="submit" wide disabled={typed.trim() === ''}>
          {text.go}
        </Button>
      </form>
      <Button icon="scan" onPress={() => setLooking(!isLooking)}>
        {isLooking ? text.noCamera : text.camera}
      </Button>
      <CardTag onRead={take} />
      {isLooking ? <Scanner onRead={take} formats={CODE_FORMATS} label={text.title} /> : null}
    </div>
  )
}
