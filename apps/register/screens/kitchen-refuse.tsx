// Refusing what cannot be made: which lines, and why. The guest's phone says so, and what was paid goes back by itself.
import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { useLocale, useWords } from '#ui/i18n.ts'
import { Button, Sheet } from '#ui/kit.tsx'
import { useRegister, useTill } from '../context.tsx'
import { refusable, type RefuseReason, type Work } from '../kitchen.ts'
import { kitchenWords } from '../words-kitchen.ts'
import { nameIn } from './kitchen.tsx'
import { Trouble } from './till.tsx'

const REASONS: readonly RefuseReason[] = ['sold-out', 'closing', 'other']

type Props = Readonly<{ work: Work | null; onClose: () => void }>

export function RefuseSheet({ work, onClose }: Props): JSX.Element {
  const text = useWords(kitchenWords)
  return (
    <Sheet open={work !== null} onClose={onClose} title={text.refuseTitle(work?.tab.label ?? '')}>
      {work === null ? null : <Refusing key={work.key} work={work} onClose={onClose} />}
    </Sheet>
  )
}

function Refusing({ work, onClose }: Readonly<{ work: Work; onClose: () => void }>): JSX.Element {
  const text = useWords(kitchenWords)
  const locale = useLocale()
  const { hub } = useTill()
  const { kitchen } = useRegister()
  const lines = refusable(work.order)
  const [chosen, setChosen] = useState<readonly number[]>(lines.length === 1 ? lines.map(({ line }) => line) : [])
  const [reason, setReason] = useState<RefuseReason>('sold-out')
  // What is served meanwhile cannot be refused any more.
  useEffect(
    () => setChosen((before) => before.filter((line) => lines.some((each) => each.line === line))),
    [lines.length],
  )
  const refuse = async (): Promise<void> => {
    if (await hub.kitchen.mark(work.tab.tab, work.key, chosen, 'refused', reason)) onClose()
  }
  return (
    <div class="kitchen-refuse">
      <p>{text.refuseText}</p>
      <fieldset class="kitchen-refuse">
        <legend class="field-label">{text.refuseWhat}</legend>
        {lines.map(({ line, quantity, ...names }) => (
          <label key={line}>
            <input
              type="checkbox"
              checked={chosen.includes(line)}
              onChange={({ currentTarget: { checked } }) =>
                setChosen(checked ? [...chosen, line] : chosen.filter((each) => each !== line))
              }
            />
            <span>
              {quantity}× {nameIn(names, locale)}
            </span>
          </label>
        ))}
      </fieldset>
      <fieldset class="kitchen-refuse">
        <legend class="field-label">{text.refuseWhy}</legend>
        {REASONS.map((each) => (
          <label key={each}>
            <input type="radio" name="reason" checked={each === reason} onChange={() => setReason(each)} />
            <span>{text[`reason ${each}`]}</span>
          </label>
        ))}
      </fieldset>
      <Trouble state={kitchen} isAboutMoney={false} />
      <div class="sheet-answers">
        <Button
          kind="danger"
          wide
          busy={kitchen.busy === work.key}
          disabled={chosen.length === 0}
          onPress={() => void refuse()}
        >
          {text.refuseDo}
        </Button>
        <Button wide shortcut="Esc" onPress={onClose}>
          {text.keep}
        </Button>
      </div>
    </div>
  )
}
