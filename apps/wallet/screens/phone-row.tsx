// One phone of a list, and the question before it is removed.
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { Button, Sheet } from '#ui/kit.tsx'
import { formatDateTime, useLocale, useWords } from '#ui/i18n.ts'
import { mineWords } from '../words-mine.ts'

export type ShownPhone = Readonly<{
  id: string
  label: string
  lastSeenAt: number | null
  isThis?: boolean
  approvesWith?: 'any' | 'security-key'
}>

export function PhoneRow({ phone, remove }: { readonly phone: ShownPhone; readonly remove: () => void }): JSX.Element {
  const words = useWords(mineWords)
  const locale = useLocale()
  const { label, lastSeenAt, isThis, approvesWith } = phone
  const details = [
    isThis ? words.phoneThis : '',
    lastSeenAt === null ? words.phoneNever : words.phoneSeen(formatDateTime(lastSeenAt, locale)),
    approvesWith === 'security-key' ? words.phoneKeyOnly : '',
  ].filter((detail) => detail !== '')
  return (
    <div class="contact">
      <span class="row-text">
        <span class="row-title">{label}</span>
        <span class="row-detail">{details.join(' · ')}</span>
      </span>
      <Button kind="quiet" onPress={remove}>
        {words.remove}
        <span class="hidden"> {label}</span>
      </Button>
    </div>
  )
}

type RemovePhoneProps = {
  readonly phone: ShownPhone | null
  readonly remove: (phone: ShownPhone) => Promise<void>
  readonly leave: () => void
}

export function RemovePhone({ phone, remove, leave }: RemovePhoneProps): JSX.Element {
  const words = useWords(mineWords)
  const [busy, setBusy] = useState(false)
  const go = async (): Promise<void> => {
    if (phone === null) return
    setBusy(true)
    await remove(phone)
    setBusy(false)
  }
  return (
    <Sheet
      open={phone !== null}
      onClose={leave}
      title={phone === null ? '' : words.removeSure(phone.label)}
      actions={
        <div class="two">
          <Button wide disabled={busy} onPress={leave}>
            {words.keep}
          </Button>
          <Button kind="danger" wide busy={busy} onPress={() => void go()}>
            {words.remove}
          </Button>
        </div>
      }
    >
      <p>{phone?.isThis ? words.removeThisText : words.removeText}</p>
    </Sheet>
  )
}
