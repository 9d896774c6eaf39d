// The two questions before a joined phone is let go: cancel the payment, or release this person.
import type { JSX } from 'preact'
import { useLayoutEffect, useRef } from 'preact/hooks'
import { useWords } from '#ui/i18n.ts'
import { Button, Sheet } from '#ui/kit.tsx'
import { useRegister, useTill } from '../context.tsx'
import { words } from '../words.ts'

export function DealSheets(): JSX.Element {
  const text = useWords(words)
  const { store, hub } = useTill()
  const { sheet, deal, busy } = useRegister()
  const close = (): void => store.update((state) => ({ ...state, sheet: null }))
  const name = deal?.payer?.name ?? ''
  return (
    <>
      <ConfirmSheet
        open={sheet === 'cancel'}
        title={text.cancelTitle}
        about={text.cancelText(name)}
        yes={text.cancelDo}
        no={text.keepGoing}
        busy={busy === 'cancel'}
        onYes={() => void hub.cancel().then(close)}
        onNo={close}
      />
      <ConfirmSheet
        open={sheet === 'release'}
        title={text.releaseTitle}
        about={text.releaseText(name)}
        yes={text.releaseDo}
        no={text.keepGoing}
        busy={busy === 'release'}
        onYes={() => void hub.release().then(close)}
        onNo={close}
      />
    </>
  )
}

type ConfirmSheetProps = Readonly<{
  open: boolean
  title: string
  about: string
  yes: string
  no: string
  busy: boolean
  onYes: () => void
  onNo: () => void
}>

/** A question of yes and no: Enter says yes, Esc says no. */
function ConfirmSheet({ open, title, about, yes, no, busy, onYes, onNo }: ConfirmSheetProps): JSX.Element {
  const answers = useRef<HTMLDivElement>(null)
  useLayoutEffect(() => {
    if (open) answers.current?.querySelector('button')?.focus()
  }, [open])
  return (
    <Sheet
      open={open}
      onClose={onNo}
      title={title}
      actions={
        <div class="sheet-answers" ref={answers}>
          <Button kind="danger" wide busy={busy} shortcut="Enter" onPress={onYes}>
            {yes}
          </Button>
          <Button wide shortcut="Esc" onPress={onNo}>
            {no}
          </Button>
        </div>
      }
    >
      <p>{about}</p>
    </Sheet>
  )
}
