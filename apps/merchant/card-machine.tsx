// Which registers have a card machine beside them, and the sheet where that is set.
import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { CardMachineForm } from '#apps/shared/card-machine.tsx'
import { cardMachineWords } from '#apps/shared/words-card-machine.ts'
import type { CardMachinesView } from '#protocol/card-users.ts'
import { callCardUsers } from '#sdk/card-user-calls.ts'
import type { Client } from '#sdk/client.ts'
import { useWords } from '#ui/i18n.ts'
import { Sheet } from '#ui/kit.tsx'
import type { Machine } from './people.ts'

type Known = CardMachinesView['machines']

/** Read once, and told anew by every change. */
export function useCardMachines(client: Client): readonly [Known, (known: Known) => void] {
  const [known, setKnown] = useState<Known>([])
  useEffect(() => {
    void callCardUsers(client, 'cardMachines', {}).then((found) =>
      found.ok ? setKnown(found.view.machines) : undefined,
    )
  }, [client])
  return [known, setKnown]
}

type SheetProps = Readonly<{
  client: Client
  closed: () => void
  /** null: closed */
  machine: Machine | null
  known: Known
  onKnown: (known: Known) => void
  onClose: () => void
}>

export function CardMachineSheet({ client, closed, machine, known, onKnown, onClose }: SheetProps): JSX.Element {
  const text = useWords(cardMachineWords)
  return (
    <Sheet open={machine !== null} onClose={onClose} title={text.title(machine?.label ?? '')}>
      {machine === null ? null : (
        <CardMachineForm
          key={machine.id}
          client={client}
          terminal={machine.id}
          address={known.find(({ terminal }) => terminal === machine.id)?.address ?? null}
          onDone={(machines) => {
            onKnown(machines)
            onClose()
          }}
          onClose={onClose}
          onClosed={closed}
        />
      )}
    </Sheet>
  )
}
