// Before the wallet can do anything: it is connecting, or it cannot start.
import type { JSX } from 'preact'
import { Button, EmptyState, Screen } from '#ui/kit.tsx'
import { useWords } from '#ui/i18n.ts'
import type { Actions } from '../actions.ts'
import type { Place } from '../state.ts'
import { walletWords } from '../words.ts'

export function Starting(): JSX.Element {
  const words = useWords(walletWords)
  return (
    <Screen title={words.appName} takesFocus={false}>
      <p class="quiet" role="status">
        {words.startingText}
      </p>
    </Screen>
  )
}

export type StoppedProps = { readonly why: Extract<Place, { at: 'stopped' }>['why']; readonly act: Actions }

export function Stopped({ why, act }: StoppedProps): JSX.Element {
  const words = useWords(walletWords)
  const said = {
    'no-storage': [words.noStorage, words.noStorageNext],
    'no-answer': [words.noHub, words.noHubNext],
    'unknown-here': [words.unknownHere, words.unknownHereNext],
    removed: [words.removedHere, words.removedHereNext],
  }[why]
  const isUnknown = why === 'unknown-here' || why === 'removed'
  return (
    <Screen
      title={why === 'removed' ? words.removedTitle : words.stopped}
      actions={
        <Button kind="seal" wide onPress={isUnknown ? act.startAnew : act.start}>
          {isUnknown ? words.setUpAgain : words.tryAgain}
        </Button>
      }
    >
      <EmptyState title={said[0] ?? ''} icon="warning">
        {said[1]}
      </EmptyState>
    </Screen>
  )
}
