// The shop's people: who they are and what their roles may do, a code for a new one or a forgotten PIN, and an end.
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import type { StaffRole } from '#core/staff.ts'
import type { IdentityView, StaffHereView } from '#protocol/identity.ts'
import { callIdentity } from '#sdk/identity-calls.ts'
import { Field, Segmented } from '#ui/fields.tsx'
import { formatDate, useLocale, useWords } from '#ui/i18n.ts'
import { Button, List, Sheet, say } from '#ui/kit.tsx'
import { OneTimeCode } from './one-time-code.tsx'
import { inOrder, mayChange, rolesToGive, type Person } from './people.ts'
import { Row } from './row.tsx'
import { Trouble, useDoing, useShop, type ShopProps } from './shop.tsx'
import { words } from './words.ts'

const NAME_LENGTH = 60

type Made = Readonly<{ name: string; view: IdentityView<'staffAdd'> }>

export function Staff({ client, here, closed }: ShopProps): JSX.Element {
  const text = useWords(words)
  const shop = useShop(client, closed)
  const doing = useDoing(closed)
  const [made, setMade] = useState<Made | null>(null)
  const [chosen, setChosen] = useState<Readonly<{ person: Person; to: 'code' | 'end' }> | null>(null)
  const self = here.cashier

  const add = (staff: string | null, name: string, role: StaffRole): Promise<boolean> =>
    doing.run(callIdentity(client, 'staffAdd', { body: { staff, name, role } }), (view) => {
      setMade({ name, view })
      setChosen(null)
      shop.look()
    })
  const end = (person: Person): Promise<boolean> =>
    doing.run(callIdentity(client, 'staffEnd', { body: { staff: person.id } }), (view) => {
      setChosen(null)
      shop.set(view)
      say(text.endDone(person.name))
    })

  return (
    <section class="people" aria-label={text.who}>
      <Trouble problem={shop.problem} />
      <List
        label={text.who}
        items={inOrder(shop.view?.staff ?? [])}
        keyOf={({ id }) => id}
        empty={<p role="status">{shop.problem === null ? text.loading : ''}</p>}
      >
        {(person) => <PersonRow person={person} self={self} onChoose={(to) => setChosen({ person, to })} />}
      </List>
      {made === null ? null : (
        <OneTimeCode title={text.codeFor(made.name)} code={made.view.code} expiresAt={made.view.expiresAt}>
          {text.codeText}
        </OneTimeCode>
      )}
      {self === null ? null : <AddPerson roles={rolesToGive(self.role)} busy={doing.busy} onAdd={add} />}
      {chosen === null ? <Trouble problem={doing.problem} /> : null}
      <Sheet
        open={chosen !== null}
        onClose={() => setChosen(null)}
        title={chosen?.to === 'end' ? text.endTitle(chosen.person.name) : text.newCodeTitle(chosen?.person.name ?? '')}
        actions={
          chosen === null ? null : (
            <>
              {chosen.to === 'end' ? (
                <Button kind="danger" wide busy={doing.busy} onPress={() => void end(chosen.person)}>
                  {text.endDo}
                </Button>
              ) : (
                <Button
                  kind="seal"
                  wide
                  busy={doing.busy}
                  onPress={() => void add(chosen.person.id, chosen.person.name, chosen.person.role)}
                >
                  {text.newCodeDo}
                </Button>
              )}
              <Button wide onPress={() => setChosen(null)}>
                {text.notNow}
              </Button>
            </>
          )
        }
      >
        <p>{chosen?.to === 'end' ? text.endText : text.newCodeText}</p>
        <Trouble problem={doing.problem} />
      </Sheet>
    </section>
  )
}

type PersonRowProps = Readonly<{
  person: Person
  self: StaffHereView['cashier']
  onChoose: (to: 'code' | 'end') => void
}>

function PersonRow({ person, self, onChoose }: PersonRowProps): JSX.Element {
  const text = useWords(words)
  const locale = useLocale()
  const may = mayChange(self, person)
  const facts = [
    text[person.role],
    person.status === 'ended' ? text.ended : person.hasPin ? text.pinSet : text.noPin,
    text.since(formatDate(person.addedAt, locale)),
  ]
  return (
    <Row
      name={person.name}
      title={person.id === self?.id ? `${person.name} · ${text.you}` : person.name}
      facts={facts}
      acts={[
        ...(may.code ? [{ label: text.newCode, onPress: () => onChoose('code') }] : []),
        ...(may.end ? [{ label: text.endStaff, onPress: () => onChoose('end') }] : []),
      ]}
    />
  )
}

type AddProps = Readonly<{
  roles: readonly StaffRole[]
  busy: boolean
  onAdd: (staff: null, name: string, role: StaffRole) => Promise<boolean>
}>

function AddPerson({ roles, busy, onAdd }: AddProps): JSX.Element | null {
  const text = useWords(words)
  const [name, setName] = useState('')
  const [role, setRole] = useState<StaffRole>('cashier')
  const isReady = name.trim() !== ''
  if (roles.length === 0) return null
  const send = async (): Promise<void> => {
    if (isReady && (await onAdd(null, name.trim(), role))) setName('')
  }
  return (
    <form
      class="people-form"
      onSubmit={(event) => {
        event.preventDefault()
        void send()
      }}
    >
      <h2>{text.addStaff}</h2>
      <Field label={text.name} hint={text.nameHint} value={name} onInput={setName} maxLength={NAME_LENGTH} />
      <Segmented<StaffRole>
        label={text.role}
        value={role}
        onChange={setRole}
        options={roles.map((each) => ({ value: each, label: text[each] }))}
      />
      <p class="office-detail" role="status">
        {text[`${role}May`]}
      </p>
      <Button kind="seal" type="submit" busy={busy} disabled={!isReady}>
        {text.makeCode}
      </Button>
    </form>
  )
}
