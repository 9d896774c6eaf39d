// The log of everything operators did, newest first, and the signed ends of each day.
import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { isAccountNumber } from '#core/accounts.ts'
import { formatAccount } from '#apps/shared/money.ts'
import type { ActionView, HeadView } from '#protocol/operator.ts'
import { formatDateTime, useLocale, useWords } from '#ui/i18n.ts'
import { Button, EmptyState } from '#ui/kit.tsx'
import { words } from '../words.ts'
import type { DeskPart } from './parties.tsx'

export function Log({ hub }: DeskPart): JSX.Element {
  const text = useWords(words)
  const locale = useLocale()
  const [actions, setActions] = useState<readonly ActionView[] | null>(null)
  const [next, setNext] = useState<string | null>(null)
  const [heads, setHeads] = useState<readonly HeadView[]>([])
  const read = async (before?: string): Promise<void> => {
    const answer = await hub.read('operatorActions', { query: { before } })
    if (!answer.ok) return
    setActions(before === undefined ? answer.view.actions : [...(actions ?? []), ...answer.view.actions])
    setNext(answer.view.next)
  }
  const readHeads = async (): Promise<void> => {
    const answer = await hub.read('operatorHeads')
    if (answer.ok) setHeads(answer.view.heads)
  }
  useEffect(() => {
    void read()
    void readHeads()
  }, [])
  return (
    <section class="log" aria-label={text.log}>
      <p class="act-about">{text.logText}</p>
      {actions === null ? <p role="status">{text.loading}</p> : null}
      {actions?.length === 0 ? <EmptyState title={text.noActions}>{text.noActionsText}</EmptyState> : null}
      <ol class="actions" role="list">
        {(actions ?? []).map((action) => (
          <li key={`${action.bucket} ${action.number}`} class="action">
            <p>
              <b>{text[`did ${action.what}`]}</b>{' '}
              <span class="hash">{action.subject === 'scheme' ? text.wholeScheme : subjectText(action.subject)}</span>
            </p>
            <p class="action-why">“{action.why}”</p>
            <p class="act-about">
              {action.operatorName} · {formatDateTime(action.at, locale)} · {action.bucket}/{action.number}
            </p>
            <details>
              <summary>{text.beforeAfter}</summary>
              <pre>
                {pretty(action.before)}
                {'\n→\n'}
                {pretty(action.after)}
              </pre>
              <p class="act-about hash">{action.hash}</p>
            </details>
          </li>
        ))}
      </ol>
      {next === null ? null : (
        <Button wide onPress={() => void read(next)}>
          {text.more}
        </Button>
      )}
      <h2>{text.heads}</h2>
      <p class="act-about">{heads.length === 0 ? text.noHeads : text.headsText}</p>
      <ul class="heads" role="list">
        {heads.map((head) => (
          <li key={head.day}>
            <details>
              <summary>{String(head.day).replace(/^(\d{4})(\d{2})(\d{2})$/u, '$1-$2-$3')}</summary>
              <pre>{head.text}</pre>
              <p class="act-about hash">{head.signature}</p>
            </details>
          </li>
        ))}
      </ul>
    </section>
  )
}

/** Accounts as people write them; ids stay as they are, to be searched for. */
const subjectText = (subject: string): string => (isAccountNumber(subject) ? formatAccount(subject) : subject)

function pretty(json: string): string {
  try {
    return JSON.stringify(JSON.parse(json), null, 2)
  } catch {
    return json
  }
}
