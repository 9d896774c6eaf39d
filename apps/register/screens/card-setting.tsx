// In the register's settings: the card machine beside it.
import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { CardMachineForm } from '#apps/shared/card-machine.tsx'
import { cardMachineWords } from '#apps/shared/words-card-machine.ts'
import { callCardUsers } from '#sdk/card-user-calls.ts'
import { useWords } from '#ui/i18n.ts'
import { Button } from '#ui/kit.tsx'
import { useRegister, useTill } from '../context.tsx'

export function CardMachineSetting(): JSX.Element | null {
  const text = useWords(cardMachineWords)
  const { hub } = useTill()
  const { self } = useRegister()
  const [address, setAddress] = useState<string | null | undefined>(undefined)
  const [isOpen, setOpen] = useState(false)
  useEffect(() => {
    void callCardUsers(hub.client, 'cardMachine', {}).then((found) =>
      found.ok ? setAddress(found.view.machine?.address ?? null) : undefined,
    )
  }, [])
  if (self === null || address === undefined) return null
  return (
    <section class="settings card-setting" aria-label={text.act}>
      <h3>{text.act}</h3>
      {isOpen ? (
        <CardMachineForm
          client={hub.client}
          terminal={self.id}
          address={address}
          onDone={(machines) => {
            setAddress(machines.find(({ terminal }) => terminal === self.id)?.address ?? null)
            setOpen(false)
          }}
          onClose={() => setOpen(false)}
        />
      ) : (
        <>
          <p class="quiet">{address ?? text.none}</p>
          <Button wide onPress={() => setOpen(true)}>
            {text.change}
          </Button>
        </>
      )}
    </section>
  )
}
