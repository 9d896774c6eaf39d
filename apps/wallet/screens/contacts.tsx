// The people one knows: only they may send a bill unasked. Added by account number; the name is the hub's, not the sender's.
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { parseAccountNumber } from '#core/accounts.ts'
import { formatAccount } from '#apps/shared/money.ts'
import type { Problem } from '#protocol/problems.ts'
import type { ContactView } from '#protocol/views.ts'
import { Field } from '#ui/fields.tsx'
import { Button, EmptyState, List, say, Screen } from '#ui/kit.tsx'
import { useWords } from '#ui/i18n.ts'
import type { ScreenOf } from '../app.tsx'
import { walletWords } from '../words.ts'
import { ProblemNote } from './problem.tsx'

export function Contacts({ state, act, banners }: ScreenOf): JSX.Element {
  const words = useWords(walletWords)
  const [typed, setTyped] = useState('')
  const [busy, setBusy] = useState<string | null>(null)
  const [problem, setProblem] = useState<Problem | null>(null)
  const account = parseAccountNumber(typed)
  const isSlip = typed.replace(/\D/gu, '').length >= 11 && account === undefined
  const put = async (whose: string, status: 'listed' | 'blocked' | 'removed'): Promise<void> => {
    setBusy(whose)
    const answer = await act.putContact(whose, status)
    setBusy(null)
    setProblem(answer)
    if (answer === null && status === 'listed') setTyped('')
    if (answer === null) say(words[`contact ${status}`])
  }
  return (
    <Screen title={words.contacts} banners={banners} onBack={() => act.go({ at: 'settings' })}>
      <p class="quiet">{words.contactsText}</p>
      <form
        class="stack-small"
        onSubmit={(event) => {
          event.preventDefault()
          if (account !== undefined) void put(account, 'listed')
        }}
      >
        {problem === null ? null : <ProblemNote problem={problem} isAboutMoney={false} />}
        <Field
          label={words.contactAccount}
          hint={words.contactAccountHint(formatAccount(state.self?.account ?? ''))}
          value={typed}
          onInput={setTyped}
          inputMode="numeric"
          maxLength={20}
          {...(isSlip && { error: words.contactSlip })}
        />
        <Button type="submit" wide busy={busy === account && busy !== null} disabled={account === undefined}>
          {words.contactAdd}
        </Button>
      </form>
      <List
        label={words.contacts}
        items={state.contacts ?? []}
        keyOf={({ account: whose }) => whose}
        empty={
          <EmptyState title={state.contacts === null ? words.loading : words.contactsNone}>
            {state.contacts === null ? '' : words.contactsNoneText}
          </EmptyState>
        }
      >
        {(contact) => <Contact contact={contact} busy={busy === contact.account} put={put} />}
      </List>
    </Screen>
  )
}

type ContactProps = {
  readonly contact: ContactView
  readonly busy: boolean
  readonly put: (account: string, status: 'listed' | 'blocked' | 'removed') => Promise<void>
}

function Contact({ contact, busy, put }: ContactProps): JSX.Element {
  const words = useWords(walletWords)
  const { account, name, status } = contact
  return (
    <div class="contact">
      <span class="row-text">
        <span class="row-title">{name}</span>
        <span class="row-detail">
          {formatAccount(account)}
          {status === 'blocked' ? ` · ${words.blocked}` : ''}
        </span>
      </span>
      <span class="contact-answers">
        {status === 'blocked' ? (
          <Button kind="quiet" disabled={busy} onPress={() => void put(account, 'listed')}>
            {words.unblock}
          </Button>
        ) : (
          <Button kind="quiet" disabled={busy} onPress={() => void put(account, 'blocked')}>
            {words.blockDo}
          </Button>
        )}
        <Button kind="quiet" disabled={busy} onPress={() => void put(account, 'removed')}>
          {words.remove}
        </Button>
      </span>
    </div>
  )
}
