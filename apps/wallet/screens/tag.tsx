// Beside the camera: the tag of a sign, where the browser reads tags. It reads while the scanner is open, and at no other time.
import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { useWords } from '#ui/i18n.ts'
import { Banner, Button } from '#ui/kit.tsx'
import { hasTags, readTags, type TagTrouble } from '#ui/nfc.ts'
import { pointWords } from '../words-point.ts'

export function TagReader({ onRead }: { readonly onRead: (url: string) => void }): JSX.Element | null {
  const words = useWords(pointWords)
  const [state, setState] = useState<'asking' | 'reading' | TagTrouble>('asking')
  const [attempt, setAttempt] = useState(0)
  useEffect(() => {
    const stop = new AbortController()
    const read = async (): Promise<void> => {
      const now = await readTags(onRead, stop.signal)
      if (!stop.signal.aborted) setState(now)
    }
    void read()
    return () => stop.abort()
  }, [attempt])
  if (!hasTags() || state === 'none' || state === 'asking') return null
  if (state === 'reading') return <p class="quiet">{words.tagHold}</p>
  return (
    <Banner
      kind="note"
      action={
        <Button kind="quiet" onPress={() => setAttempt(attempt + 1)}>
          {words.tagAsk}
        </Button>
      }
    >
      {state === 'refused' ? words.tagRefused : words.tagTrouble}
    </Banner>
  )
}
