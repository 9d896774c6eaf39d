// One act of the operator: what is filled in, why (for the log), asked once more where it cannot be undone, and what came of it.
import type { ComponentChildren, JSX } from 'preact'
import { useState } from 'preact/hooks'
import { problemText } from '#apps/shared/problems.ts'
import type { OperatorAnswerView, OperatorCommandName } from '#protocol/operator.ts'
import { Field } from '#ui/fields.tsx'
import { useLocale, useWords } from '#ui/i18n.ts'
import { Banner, Button, say } from '#ui/kit.tsx'
import { newCommand, type Body, type Hub } from '../hub.ts'
import { words } from '../words.ts'

const WHY_LENGTH = 200

export type ActProps<Name extends OperatorCommandName> = Readonly<{
  hub: Hub
  name: Name
  /** the button */
  label: string
  /** what it does, in a sentence */
  about?: string
  /** what is said when it is done */
  done: string
  /** what is sent, without the reason; null while something is missing */
  body: Omit<Body<Name>, 'why'> | null
  isDanger?: boolean
  /** about somebody of the desk itself */
  ofOperator?: boolean
  /** asked before it is sent */
  sure?: string
  onDone: (answer: OperatorAnswerView) => void
  children?: ComponentChildren
}>

export function Act<Name extends OperatorCommandName>(props: ActProps<Name>): JSX.Element {
  const text = useWords(words)
  const locale = useLocale()
  const [why, setWhy] = useState('')
  const [busy, setBusy] = useState(false)
  const [isAsked, setIsAsked] = useState(false)
  const [trouble, setTrouble] = useState<string | null>(null)
  // Kept until there is an answer: pressed again after a lost one, the same command does nothing twice.
  const [command, setCommand] = useState<Readonly<{ id: string; of: string }> | null>(null)
  const { hub, name, body, sure } = props
  const isOffered = hub.may(name, props.ofOperator)
  const isReady = body !== null && why.trim() !== ''

  const send = async (): Promise<void> => {
    if (body === null || busy) return
    const whole = { ...body, why: why.trim() }
    const of = JSON.stringify(whole)
    const sent = command?.of === of ? command : { id: newCommand(), of }
    setCommand(sent)
    setBusy(true)
    // A border: the body lacks only the reason, which is added above.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    const outcome = await hub.send(name, sent.id, whole as unknown as Body<Name>)
    setBusy(false)
    setIsAsked(false)
    if (outcome.ok) {
      setCommand(null)
      setWhy('')
      setTrouble(null)
      say(props.done)
      return props.onDone(outcome.view)
    }
    // No answer: it may have been done, and only the same command can ask again.
    if (outcome.problem.code !== 'no-answer') setCommand(null)
    const said = problemText(outcome.problem, locale, 'biller')
    setTrouble(`${said.sentence} ${said.next}`)
  }
  if (!isOffered) return <></>
  return (
    <form
      class="act"
      onSubmit={(event) => {
        event.preventDefault()
        if (!isReady) return
        if (sure === undefined || isAsked) void send()
        else setIsAsked(true)
      }}
    >
      {props.about === undefined ? null : <p class="act-about">{props.about}</p>}
      {props.children}
      <Field label={text.why} hint={text.whyHint} value={why} onInput={setWhy} maxLength={WHY_LENGTH} />
      {trouble === null ? null : <Banner kind="trouble">{trouble}</Banner>}
      {isAsked && sure !== undefined ? (
        <div class="act-sure" role="group" aria-label={sure}>
          <p class="strong">{sure}</p>
          <Button kind="danger" type="submit" busy={busy}>
            {text.yes}
          </Button>
          <Button disabled={busy} onPress={() => setIsAsked(false)}>
            {text.no}
          </Button>
        </div>
      ) : (
        <Button type="submit" kind={props.isDanger === true ? 'danger' : 'seal'} busy={busy} disabled={!isReady}>
          {props.label}
        </Button>
      )}
    </form>
  )
}
