// Phones that wait to be let in: whose it says they are, when they come in, and the one thing to do if it is not oneself.
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import type { DevicesView } from '#protocol/identity.ts'
import { Banner, Button } from '#ui/kit.tsx'
import { formatDateTime, useLocale, useWords } from '#ui/i18n.ts'
import { mineWords } from '../words-mine.ts'

type WaitingPhonesProps = {
  readonly waiting: DevicesView['waiting']
  readonly refuse: (request: string) => Promise<void>
}

export function WaitingPhones({ waiting, refuse }: WaitingPhonesProps): JSX.Element {
  const words = useWords(mineWords)
  const locale = useLocale()
  const [busy, setBusy] = useState<string | null>(null)
  const no = async (request: string): Promise<void> => {
    setBusy(request)
    await refuse(request)
    setBusy(null)
  }
  return (
    <>
      {waiting.map(({ request, label, readyAt }) => (
        <div class="stack-small" key={request}>
          <Banner kind="trouble">
            <span class="sentence strong">{words.waiting(label)}</span>
            <span class="sentence">{words.waitingText(formatDateTime(readyAt, locale))}</span>
            <span class="sentence">{words.waitingOk}</span>
          </Banner>
          <Button kind="danger" wide busy={busy === request} onPress={() => void no(request)}>
            {words.refuse}
            <span class="hidden"> {label}</span>
          </Button>
        </div>
      ))}
    </>
  )
}
