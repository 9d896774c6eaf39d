// A merchant's people as the desk sees them: who works there, and the code with which the first owner begins.
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { STAFF_ROLES, type StaffRole } from '#core/staff.ts'
import type { OperatorAnswerView } from '#protocol/operator.ts'
import { Field, Segmented } from '#ui/fields.tsx'
import { formatDateTime, useLocale, useWords } from '#ui/i18n.ts'
import { EmptyState, List, ListRow } from '#ui/kit.tsx'
import { identityWords } from '../words-identity.ts'
import { words } from '../words.ts'
import { Act } from './act.tsx'
import type { PartOfFile } from './party.tsx'

export function ShopStaff({ hub, file, changed }: PartOfFile): JSX.Element {
  const text = useWords(identityWords)
  const desk = useWords(words)
  const [name, setName] = useState('')
  const [role, setRole] = useState<StaffRole>('owner')
  const [made, setMade] = useState<OperatorAnswerView | null>(null)
  const isFirst = !file.staff.some(({ role: each, status }) => each === 'owner' && status === 'active')
  return (
    <>
      <List
        label={text.staff}
        items={file.staff}
        keyOf={({ id }) => id}
        empty={<EmptyState title={text.noStaff}>{text.noStaffText}</EmptyState>}
      >
        {(person) => (
          <ListRow
            title={person.name}
            detail={`${text[`staff_${person.role}`]}${person.status === 'ended' ? ` · ${text.staffEnded}` : ''}`}
          />
        )}
      </List>
      {hub.may('invite') && file.status === 'active' ? (
        <Act
          hub={hub}
          name="invite"
          label={isFirst ? text.inviteOwner : text.inviteStaff}
          about={text.inviteStaffText}
          done={desk.codeMade}
          body={
            name.trim() === ''
              ? null
              : { to: { kind: 'staff', party: file.party, name: name.trim(), role: isFirst ? 'owner' : role } }
          }
          onDone={(answer) => {
            setMade(answer)
            setName('')
            changed()
          }}
        >
          <Field label={text.staffName} value={name} onInput={setName} maxLength={60} />
          {isFirst ? null : (
            <Segmented<StaffRole>
              label={text.role}
              value={role}
              onChange={setRole}
              options={STAFF_ROLES.map((each) => ({ value: each, label: text[`staff_${each}`] }))}
            />
          )}
        </Act>
      ) : null}
      {made?.code == null ? null : <StaffCode code={made.code} expiresAt={made.codeExpiresAt} />}
    </>
  )
}

/** Typed at one of the shop's machines, which ask who is here; no page is opened with it. */
function StaffCode({ code, expiresAt }: Readonly<{ code: string; expiresAt: number | null }>): JSX.Element {
  const text = useWords(identityWords)
  const desk = useWords(words)
  const locale = useLocale()
  return (
    <div class="code" role="status">
      <p>{text.staffCode}</p>
      <output class="code-value">{code}</output>
      {expiresAt === null ? null : <p class="act-about">{desk.codeUntil(formatDateTime(expiresAt, locale))}</p>}
    </div>
  )
}
