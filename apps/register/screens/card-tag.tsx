// Beside the camera: an NFC tag that holds a card's user id, where the register's browser reads tags. It reads while the panel is open.
import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { useWords } from '#ui/i18n.ts'
import { Banner, Button } from '#ui/kit.tsx'
import { hasTags, readTags, type TagTrouble } from '#ui/nfc.ts'
import { cardWords } from '../words-card.ts'

export function CardTag({ onRead }: { readonly onRead: (text: string) => void }): JSX.Element | null {
  const text = useWords(cardWords)
  const [state, setState] = useState<'asking' | 'reading' | TagTrouble>('asking')
  const [attempt, setAttempt] = useState(0)
  useEffect(() => {
    const stop = new AbortController()
    void readTags(onRead, stop.signal).then((now) => (stop.signal.aborted ? undefined : setState(now)))
    return () => stop.abort()
  }, [attempt])
  if (!hasTags() || state === 'none' || state === 'asking') return null
  if (state === 'reading') return <p class="quiet">{text.tagHold}</p>
  return (
    <Banner
      kind="note"
      action={
        <Button kind="quiet" onPress={() => setAttempt(attempt + 1)}>
          {text.tagAsk}
        </Button>
      }
    >
      {state === 'refused' ? text.tagRefused : text.tagTrouble}
    </Banner>
  )
}
