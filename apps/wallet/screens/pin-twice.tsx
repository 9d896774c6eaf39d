// A new PIN, typed twice: six digits that are not everybody's first guess.
import { useState } from 'preact/hooks'
import { Button } from '#ui/kit.tsx'
import { PinField } from '#ui/fields.tsx'
import { Keypad } from '#ui/keypad.tsx'
import { useWords } from '#ui/i18n.ts'
import { PIN_LENGTH } from '../enrolment.ts'
import { walletWords } from '../words.ts'

/** PINs that everybody tries first: one digit six times, and counting up or down. */
export const isTooEasy = (pin: string): boolean =>
  /^(\d)\1+$/u.test(pin) || '01234567890'.includes(pin) || '09876543210'.includes(pin)

export function PinTwice({ busy, onChosen }: { readonly busy: boolean; readonly onChosen: (pin: string) => void }) {
  const words = useWords(walletWords)
  const [first, setFirst] = useState<string | null>(null)
  const [pin, setPin] = useState('')
  const [trouble, setTrouble] = useState<'differs' | 'easy' | null>(null)
  const enter = (whole: string): void => {
    setPin('')
    if (first === null && isTooEasy(whole)) return setTrouble('easy')
    if (first === null) {
      setTrouble(null)
      return setFirst(whole)
    }
    if (whole === first) return onChosen(whole)
    setTrouble('differs')
    return setFirst(null)
  }
  const said = { differs: words.pinDiffers, easy: words.pinTooEasy }
  return (
    <div class="pin-place">
      <PinField
        key={first === null ? 'once' : 'twice'}
        label={first === null ? words.pinOnce : words.pinTwice}
        value={pin}
        length={PIN_LENGTH}
        onInput={setPin}
        onComplete={enter}
        error={trouble === null ? undefined : said[trouble]}
        disabled={busy}
        autoFocus={first !== null}
        withKeypad
      />
      <Keypad value={pin} onInput={setPin} maxLength={PIN_LENGTH} disabled={busy} />
      {first === null ? null : (
        <Button
          kind="quiet"
          onPress={() => {
            setFirst(null)
            setPin('')
          }}
        >
          {words.startOver}
        </Button>
      )}
    </div>
  )
}
