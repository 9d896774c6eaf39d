// Who may work at this desk.
import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { OPERATOR_ROLES, type OperatorRole } from '#core/actions.ts'
import type { OperatorAnswerView, OperatorView } from '#protocol/operator.ts'
import { Field, Segmented } from '#ui/fields.tsx'
import { formatDateTime, useLocale, useWords } from '#ui/i18n.ts'
import { Button, List, Sheet } from '#ui/kit.tsx'
import { identityWords } from '../words-identity.ts'
import { words } from '../words.ts'
import { Act } from './act.tsx'
import { Code } from './machines.tsx'
import type { DeskPart } from './parties.tsx'

export function Operators({ hub, scheme, self }: DeskPart & Readonly<{ self: string }>): JSX.Element {
  const text = useWords(words)
  const identity = useWords(identityWords)
  const locale = useLocale()
  const [operators, setOperators] = useState<readonly OperatorView[]>([])
  const [name, setName] = useState('')
  const [role, setRole] = useState<OperatorRole>('support')
  const [made, setMade] = useState<OperatorAnswerView | null>(null)
  const [leaving, setLeaving] = useState<OperatorView | null>(null)
  const look = async (): Promise<void> => {
    const answer = await hub.read('operators')
    if (answer.ok) setOperators(answer.view.operators)
  }
  useEffect(() => void look(), [])
  return (
    <section class="rules" aria-label={text.operators}>
      <List label={text.operators} items={operators} keyOf={({ id }) => id} empty={<p role="status">{text.loading}</p>}>
        {(operator) => (
          <div class="machine">
            <span>
              {operator.name}
              {operator.id === self ? ` · ${text.you}` : ''}
              <span class="machine-detail">
                {identity[`role_${operator.role}`]} · {operator.hasPasskey ? identity.hasPasskey : identity.noPasskey} ·{' '}
                {formatDateTime(operator.enrolledAt, locale)}
                {operator.status === 'revoked' ? ` · ${text.revoked}` : ''}
              </span>
            </span>
            {operator.status === 'revoked' || operator.id === self || !hub.may('revoke', true) ? null : (
              <Button kind="quiet" onPress={() => setLeaving(operator)}>
                {text.revoke}
              </Button>
            )}
          </div>
        )}
      </List>
      <Sheet open={leaving !== null} onClose={() => setLeaving(null)} title={text.revokeTitle(leaving?.name ?? '')}>
        {leaving === null ? null : (
          <Act
            hub={hub}
            name="revoke"
            label={text.revoke}
            about={text.revokeOperatorText}
            done={text.isRevoked}
            body={{ actor: leaving.id }}
            ofOperator
            isDanger
            onDone={() => {
              setLeaving(null)
              void look()
            }}
          />
        )}
      </Sheet>
      <Act
        hub={hub}
        name="invite"
        label={text.inviteOperator}
        about={text.inviteOperatorText}
        done={text.codeMade}
        body={name.trim() === '' ? null : { to: { kind: 'operator', name: name.trim(), role } }}
        ofOperator
        onDone={(answer) => {
          setMade(answer)
          setName('')
          void look()
        }}
      >
        <Field label={text.name} value={name} onInput={setName} maxLength={60} />
        <Segmented<OperatorRole>
          label={identity.role}
          value={role}
          onChange={setRole}
          options={OPERATOR_ROLES.map((each) => ({ value: each, label: identity[`role_${each}`] }))}
        />
        <p class="act-about" role="status">
          {identity[`mayDo_${role}`]}
        </p>
      </Act>
      {made?.code == null ? null : <Code answer={made} page="/desk" name={scheme.name} />}
    </section>
  )
}
