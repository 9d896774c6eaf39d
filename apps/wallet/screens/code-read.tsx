// A register has read this phone's code. Which shop it was is said first: whoever has a picture of the code brings a question here, and
// nothing else.
import type { JSX } from 'preact'
import { Banner, Button } from '#ui/kit.tsx'
import { formatTime, useLocale, useWords } from '#ui/i18n.ts'
import { codeWords } from '../words-code.ts'
import { walletWords } from '../words.ts'
import type { JoinedProps } from './joined.tsx'

export function CodeNote({ view, current }: JoinedProps): JSX.Element | null {
  const words = useWords(codeWords)
  const locale = useLocale()
  if (view.way !== 'code') return null
  const { name } = view.biller
  const time = formatTime(view.joinedAt, locale)
  return (
    <Banner kind={current.wasShowing ? 'note' : 'trouble'}>
      <span class="sentence strong">{current.wasShowing ? words.readBy(name) : words.readByElse(name, time)}</span>
      <span class="sentence">{words.notThere}</span>
    </Banner>
  )
}

/** Nobody was showing a code here: to decline is the first thing at hand, and to approve a step further. */
export function CodeAnswers({ act, current }: Pick<JoinedProps, 'act' | 'current'>): JSX.Element {
  const words = useWords(walletWords)
  const { sending, isAskingPasskey } = current
  return (
    <div class="unasked">
      <Button wide busy={sending === 'approve'} disabled={sending === 'decline'} onPress={act.approve}>
        {sending === 'approve' && !isAskingPasskey ? words.approving : words.approve}
      </Button>
      <Button kind="seal" wide busy={sending === 'decline'} disabled={sending === 'approve'} onPress={act.decline}>
        {sending === 'decline' ? words.declining : words.decline}
      </Button>
    </div>
  )
}
