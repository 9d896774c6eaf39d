// The shop's machines: which there are, who stands there, a code for a new one, and an end for a lost one.
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import type { IdentityView } from '#protocol/identity.ts'
import { callIdentity } from '#sdk/identity-calls.ts'
import { Field, Segmented } from '#ui/fields.tsx'
import { formatDateTime, useLocale, useWords } from '#ui/i18n.ts'
import { Button, List, Sheet, say } from '#ui/kit.tsx'
import { CardMachineSheet, useCardMachines } from './card-machine.tsx'
import { OneTimeCode } from './one-time-code.tsx'
import { machinesInOrder, type Machine } from './people.ts'
import { Row } from './row.tsx'
import { Trouble, useDoing, useShop, type ShopProps } from './shop.tsx'
import { cardMachineWords } from '#apps/shared/words-card-machine.ts'
import { words } from './words.ts'

const LABEL_LENGTH = 60
const PAGES = { register: '/register', backOffice: '/office' } as const
type Use = keyof typeof PAGES

type Made = Readonly<{ label: string; use: Use; view: IdentityView<'staffTerminal'> }>

export function Machines({ client, closed }: ShopProps): JSX.Element {
  const text = useWords(words)
  const shop = useShop(client, closed)
  const doing = useDoing(closed)
  const [made, setMade] = useState<Made | null>(null)
  const [lost, setLost] = useState<Machine | null>(null)
  const [cardMachines, setCardMachines] = useCardMachines(client)
  const [atCards, setAtCards] = useState<Machine | null>(null)

  const add = (label: string, use: Use): Promise<boolean> =>
    // An office is a counter too: it can do what its people may.
    doing.run(callIdentity(client, 'staffTerminal', { body: { label, terminal: 'counter' } }), (view) =>
      setMade({ label, use, view }),
    )
  const revoke = (machine: Machine): Promise<boolean> =>
    doing.run(callIdentity(client, 'staffRevoke', { body: { terminal: machine.id } }), (view) => {
      setLost(null)
      shop.set(view)
      say(text.revokeDone(machine.label))
    })

  return (
    <section class="people" aria-label={text.machines}>
      <Trouble problem={shop.problem} />
      <List
        label={text.machines}
        items={machinesInOrder(shop.view?.terminals ?? [])}
        keyOf={({ id }) => id}
        empty={<p role="status">{shop.problem === null ? text.loading : ''}</p>}
      >
        {(machine) => (
          <MachineRow
            machine={machine}
            cards={cardMachines.find(({ terminal }) => terminal === machine.id)?.address ?? null}
            onCards={() => setAtCards(machine)}
            onRevoke={() => setLost(machine)}
          />
        )}
      </List>
      {made === null ? null : (
        <OneTimeCode
          title={text.codeForMachine(made.label)}
          code={made.view.code}
          expiresAt={made.view.expiresAt}
          link={`${location.origin}${PAGES[made.use]}#code=${encodeURIComponent(made.view.code)}`}
        >
          {text.machineCodeText(`${location.host}${PAGES[made.use]}`)}
        </OneTimeCode>
      )}
      <AddMachine busy={doing.busy} onAdd={add} />
      {lost === null ? <Trouble problem={doing.problem} /> : null}
      <CardMachineSheet
        client={client}
        closed={closed}
        machine={atCards}
        known={cardMachines}
        onKnown={setCardMachines}
        onClose={() => setAtCards(null)}
      />
      <Sheet
        open={lost !== null}
        onClose={() => setLost(null)}
        title={text.revokeTitle(lost?.label ?? '')}
        actions={
          lost === null ? null : (
            <>
              <Button kind="danger" wide busy={doing.busy} onPress={() => void revoke(lost)}>
                {text.revokeDo}
              </Button>
              <Button wide onPress={() => setLost(null)}>
                {text.notNow}
              </Button>
            </>
          )
        }
      >
        <p>{text.revokeText}</p>
        {lost?.isThis === true ? <p class="office-status">{text.revokeThisText}</p> : null}
        <Trouble problem={doing.problem} />
      </Sheet>
    </section>
  )
}

type MachineRowProps = Readonly<{
  machine: Machine
  /** where the card machine beside it listens; null: there is none */
  cards: string | null
  onCards: () => void
  onRevoke: () => void
}>

function MachineRow({ machine, cards, onCards, onRevoke }: MachineRowProps): JSX.Element {
  const text = useWords(words)
  const card = useWords(cardMachineWords)
  const locale = useLocale()
  const { label, status, lastSeenAt, cashier, isThis } = machine
  const isGone = status === 'revoked'
  const facts = [
    ...(isGone ? [text.revoked] : []),
    lastSeenAt === null ? text.neverSeen : text.lastSeen(formatDateTime(lastSeenAt, locale)),
    ...(cashier === null || isGone ? [] : [text.standsThere(cashier)]),
    ...(cards === null || isGone ? [] : [card.isSet(cards)]),
  ]
  return (
    <Row
      name={label}
      title={isThis ? `${label} · ${text.thisMachine}` : label}
      facts={facts}
      acts={
        isGone
          ? []
          : [
              { label: card.act, onPress: onCards },
              { label: text.revoke, onPress: onRevoke },
            ]
      }
    />
  )
}

type AddProps = Readonly<{ busy: boolean; onAdd: (label: string, use: Use) => Promise<boolean> }>

function AddMachine({ busy, onAdd }: AddProps): JSX.Element {
  const text = useWords(words)
  const [label, setLabel] = useState('')
  const [use, setUse] = useState<Use>('register')
  const isReady = label.trim() !== ''
  const send = async (): Promise<void> => {
    if (isReady && (await onAdd(label.trim(), use))) setLabel('')
  }
  return (
    <form
      class="people-form"
      onSubmit={(event) => {
        event.preventDefault()
        void send()
      }}
    >
      <h2>{text.addMachine}</h2>
      <Field
        label={text.machineLabel}
        hint={text.machineLabelHint}
        value={label}
        onInput={setLabel}
        maxLength={LABEL_LENGTH}
      />
      <Segmented<Use>
        label={text.machineFor}
        value={use}
        onChange={setUse}
        options={[
          { value: 'register', label: text.register },
          { value: 'backOffice', label: text.backOffice },
        ]}
      />
      <Button kind="seal" type="submit" busy={busy} disabled={!isReady}>
        {text.machineCode}
      </Button>
    </form>
  )
}
