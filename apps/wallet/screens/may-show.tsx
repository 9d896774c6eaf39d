// What the shop of a bill sees of the payer, and what it may see more: once for a bill, and never needed for paying.
import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import type { Askable } from '#core/persona.ts'
import type { Problem } from '#protocol/problems.ts'
import { askableText } from '#apps/shared/shown.ts'
import { Switch } from '#ui/fields.tsx'
import { Button, Sheet } from '#ui/kit.tsx'
import { useLocale, useWords } from '#ui/i18n.ts'
import { partOf, shownIfAll } from '../mine.ts'
import { shownText } from '../said.ts'
import type { State } from '../state.ts'
import { askedWords } from '../words-asked.ts'
import type { JoinedProps } from './joined.tsx'
import { ProblemNote } from './problem.tsx'

export function MayShow({ state, act, current, view }: JoinedProps): JSX.Element | null {
  const words = useWords(askedWords)
  const locale = useLocale()
  const [busy, setBusy] = useState(false)
  const [isChoosing, setChoosing] = useState(false)
  const [problem, setProblem] = useState<Problem | null>(null)
  const { mayShow, shown, payment } = view
  useEffect(() => {
    if (mayShow.length > 0) act.readForShowing()
  }, [payment])
  const sees = shownText(shown, locale)
  const [only] = mayShow
  if (only === undefined && sees === '') return null
  const show = async (attributes: readonly Askable[]): Promise<void> => {
    if (busy) return
    setBusy(true)
    setProblem(await act.showMore(payment, attributes))
    setBusy(false)
    setChoosing(false)
  }
  const names = mayShow.map((attribute) => askableText(attribute, locale)).join(words.joiner)
  return (
    <div class="may-show">
      {problem === null ? null : <ProblemNote problem={problem} />}
      {sees === '' ? null : <p class="quiet small">{words.seesNow(sees)}</p>}
      {only === undefined ? null : (
        <div class="may-show-answer">
          <span class="quiet small">{words.mayShow(names)}</span>
          <Button
            kind="quiet"
            busy={busy && !isChoosing}
            disabled={current.sending !== null}
            onPress={() => (mayShow.length === 1 ? void show([only]) : setChoosing(true))}
          >
            {mayShow.length === 1 ? words.mayShowDo : words.mayShowChoose}
          </Button>
        </div>
      )}
      <Sheet open={isChoosing} onClose={() => setChoosing(false)} title={words.mayShowTitle(view.biller.name)}>
        {isChoosing ? <Choices state={state} mayShow={mayShow} busy={busy} show={show} /> : null}
      </Sheet>
    </div>
  )
}

type ChoicesProps = {
  readonly state: State
  readonly mayShow: readonly Askable[]
  readonly busy: boolean
  readonly show: (attributes: readonly Askable[]) => Promise<void>
}

function Choices({ state, mayShow, busy, show }: ChoicesProps): JSX.Element {
  const words = useWords(askedWords)
  const locale = useLocale()
  const [chosen, setChosen] = useState<readonly Askable[]>([])
  const all = state.mine.profile && shownIfAll(state.mine.profile)
  return (
    <div class="stack-small">
      {mayShow.map((attribute) => (
        <Switch
          key={attribute}
          label={askableText(attribute, locale)}
          hint={all === null ? '' : shownText(partOf(all, [attribute]), locale)}
          checked={chosen.includes(attribute)}
          onChange={(wanted) =>
            setChosen(wanted ? [...chosen, attribute] : chosen.filter((other) => other !== attribute))
          }
        />
      ))}
      <p class="quiet small">{words.mayShowOnce}</p>
      <Button wide busy={busy} disabled={chosen.length === 0} onPress={() => void show(chosen)}>
        {words.mayShowDo}
      </Button>
    </div>
  )
}
