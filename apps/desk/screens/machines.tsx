// The phones and terminals of a party: one-time codes for new ones, and an end for lost ones.
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import type { OperatorAnswerView, PartyFileView } from '#protocol/operator.ts'
import { Field } from '#ui/fields.tsx'
import { QrCode } from '#ui/qr.tsx'
import { formatDateTime, useLocale, useWords } from '#ui/i18n.ts'
import { Button, EmptyState, List, Sheet } from '#ui/kit.tsx'
import { words } from '../words.ts'
import { Act } from './act.tsx'
import type { PartOfFile } from './party.tsx'

type Machine = PartyFileView['devices'][number]

export function Machines({ hub, file, changed, scheme }: PartOfFile): JSX.Element {
  const text = useWords(words)
  const locale = useLocale()
  const [label, setLabel] = useState<string>(text.till)
  const [made, setMade] = useState<OperatorAnswerView | null>(null)
  const [lost, setLost] = useState<Machine | null>(null)
  const machines: readonly Machine[] = [...file.devices, ...file.terminals]
  const to =
    file.kind === 'person'
      ? ({ kind: 'device', party: file.party } as const)
      : ({ kind: 'terminal', party: file.party, label: label.trim(), terminal: 'counter' } as const)
  return (
    <>
      <List
        label={text.access}
        items={machines}
        keyOf={({ id }) => id}
        empty={<EmptyState title={text.noMachines}>{text.noMachinesText}</EmptyState>}
      >
        {(machine) => (
          <div class="machine">
            <span>
              {machine.label}
              <span class="machine-detail">
                {formatDateTime(machine.enrolledAt, locale)}
                {machine.status === 'revoked' ? ` · ${text.revoked}` : ''}
              </span>
            </span>
            {machine.status === 'revoked' || !hub.may('revoke') ? null : (
              <Button kind="quiet" onPress={() => setLost(machine)}>
                {text.revoke}
              </Button>
            )}
          </div>
        )}
      </List>
      <Sheet open={lost !== null} onClose={() => setLost(null)} title={text.revokeTitle(lost?.label ?? '')}>
        {lost === null ? null : (
          <Act
            hub={hub}
            name="revoke"
            label={text.revoke}
            about={text.revokeText}
            done={text.isRevoked}
            body={{ actor: lost.id }}
            isDanger
            onDone={() => {
              setLost(null)
              changed()
            }}
          />
        )}
      </Sheet>
      {file.status === 'closed' ? null : (
        <Act
          hub={hub}
          name="invite"
          label={file.kind === 'person' ? text.invitePhone : text.inviteTerminal}
          about={text.inviteText}
          done={text.codeMade}
          body={file.kind === 'merchant' && label.trim() === '' ? null : { to }}
          onDone={(answer) => {
            setMade(answer)
            changed()
          }}
        >
          {file.kind === 'merchant' ? (
            <Field
              label={text.terminalName}
              hint={text.terminalNameHint}
              value={label}
              onInput={setLabel}
              maxLength={60}
            />
          ) : null}
        </Act>
      )}
      {made?.code == null ? null : (
        <Code answer={made} page={file.kind === 'person' ? '/wallet' : '/register'} name={scheme.name} />
      )}
    </>
  )
}

/** The code as it is handed over: shown once, never again. */
export function Code({
  answer,
  page,
}: Readonly<{ answer: OperatorAnswerView; page: string; name: string }>): JSX.Element {
  const text = useWords(words)
  const locale = useLocale()
  return (
    <div class="code" role="status">
      <p>{text.codeText(`${location.host}${page}`)}</p>
      <output class="code-value">{answer.code}</output>
      <QrCode text={`${location.origin}${page}#code=${answer.code}`} title={text.codeQr} size={168} />
      {answer.codeExpiresAt === null ? null : (
        <p class="act-about">{text.codeUntil(formatDateTime(answer.codeExpiresAt, locale))}</p>
      )}
    </div>
  )
}
