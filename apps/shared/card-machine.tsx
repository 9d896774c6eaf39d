// The card machine beside a register, as the office and the register itself set it: where its program listens, and the token that it asks for.
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { problemText } from '#apps/shared/problems.ts'
import type { CardMachinesView } from '#protocol/card-users.ts'
import type { Problem } from '#protocol/problems.ts'
import { callCardUsers } from '#sdk/card-user-calls.ts'
import type { Client } from '#sdk/client.ts'
import { Field } from '#ui/fields.tsx'
import { useLocale, useWords } from '#ui/i18n.ts'
import { Banner, Button, say } from '#ui/kit.tsx'
import { cardMachineWords } from './words-card-machine.ts'

const ADDRESS = /^http:\/\/(?:127\.0\.0\.1|localhost):[1-9]\d{1,4}$/u
const LEAST_TOKEN = 8

type FormProps = Readonly<{
  client: Pick<Client, 'request'>
  terminal: string
  /** where the machine listens that stands there now; null: there is none */
  address: string | null
  onDone: (machines: CardMachinesView['machines']) => void
  onClose: () => void
  /** nobody is signed in any more */
  onClosed?: () => void
}>

export function CardMachineForm(props: FormProps): JSX.Element {
  const { client, terminal, onDone, onClose, onClosed } = props
  const text = useWords(cardMachineWords)
  const locale = useLocale()
  const [address, setAddress] = useState(props.address ?? 'http://127.0.0.1:')
  const [token, setToken] = useState('')
  const [isWrong, setWrong] = useState(false)
  const [isBusy, setBusy] = useState(false)
  const [problem, setProblem] = useState<Problem | null>(null)
  const set = async (machine: Readonly<{ address: string; token: string }> | null): Promise<void> => {
    setBusy(true)
    const outcome = await callCardUsers(client, 'setCardMachine', { body: { terminal, machine } })
    setBusy(false)
    setProblem(outcome.ok ? null : outcome.problem)
    if (!outcome.ok) return outcome.problem.code === 'cashier-needed' ? onClosed?.() : undefined
    say(machine === null ? text.removed : text.saved)
    return onDone(outcome.view.machines)
  }
  const save = (): void => {
    const isRight = ADDRESS.test(address.trim())
    setWrong(!isRight)
    if (isRight && token.trim().length >= LEAST_TOKEN) void set({ address: address.trim(), token: token.trim() })
  }
  const said = problem && problemText(problem, locale, 'biller')
  return (
    <form
      class="people-form stack-small"
      onSubmit={(event) => {
        event.preventDefault()
        save()
      }}
    >
      <p>{text.text}</p>
      <Field
        label={text.address}
        hint={text.addressHint}
        value={address}
        onInput={setAddress}
        maxLength={40}
        {...(isWrong && { error: text.notRight })}
      />
      <Field label={text.token} hint={text.tokenHint} value={token} onInput={setToken} maxLength={200} />
      {said === null ? null : <Banner kind="trouble">{`${said.sentence} ${said.next}`}</Banner>}
      <Button kind="seal" type="submit" wide busy={isBusy} disabled={token.trim().length < LEAST_TOKEN}>
        {text.save}
      </Button>
      {props.address === null ? null : (
        <Button wide disabled={isBusy} onPress={() => void set(null)}>
          {text.remove}
        </Button>
      )}
      <Button kind="quiet" wide onPress={onClose}>
        {text.notNow}
      </Button>
    </form>
  )
}
