// Another PIN: the new one twice, then the old one or a passkey.
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { say, Screen } from '#ui/kit.tsx'
import { useWords } from '#ui/i18n.ts'
import type { ScreenOf } from '../app.tsx'
import { mineWords } from '../words-mine.ts'
import { walletWords } from '../words.ts'
import { PinTwice } from './pin-twice.tsx'
import { ProofSheet } from './proof-sheet.tsx'

export function ChangePin({ state, act, banners }: ScreenOf): JSX.Element {
  const words = useWords(mineWords)
  const wallet = useWords(walletWords)
  const [pin, setPin] = useState<string | null>(null)
  const leave = (): void => act.go({ at: 'security' })
  return (
    <Screen title={words.pinNew} banners={banners} onBack={leave}>
      <p class="quiet">{wallet.choosePinText}</p>
      <PinTwice key={pin === null ? 'open' : 'chosen'} busy={pin !== null} onChosen={setPin} />
      <ProofSheet
        state={state}
        title={pin === null ? null : words.pinOld}
        byKey={act.mine.bySecurityKey}
        run={async (prove) => (pin === null ? null : act.mine.changePin(pin, prove))}
        onDone={() => {
          say(words.pinChanged)
          leave()
        }}
        onClose={() => setPin(null)}
      />
    </Screen>
  )
}
