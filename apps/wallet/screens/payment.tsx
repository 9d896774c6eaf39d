// The payment on the screen, in whatever state it is: joined, on its way, paid, proven, ended.
import type { JSX } from 'preact'
import { Screen } from '#ui/kit.tsx'
import { useWords } from '#ui/i18n.ts'
import type { ScreenOf } from '../app.tsx'
import { walletWords } from '../words.ts'
import { OutsideAsked } from './bank-asking.tsx'
import { Ended } from './ended.tsx'
import { Joined } from './joined.tsx'
import { Paid } from './paid.tsx'
import { Proven } from './proven.tsx'

export function Payment({ state, act, banners }: ScreenOf): JSX.Element {
  const words = useWords(walletWords)
  const { current } = state
  const view = current?.view ?? null
  if (current === null || view === null) {
    return (
      <Screen title={words.starting} banners={banners} takesFocus={false}>
        <p class="quiet" role="status">
          {current?.sending === 'approve' ? words.approvingText : words.openingLink}
        </p>
      </Screen>
    )
  }
  const shared = { state, act, banners, current, view }
  switch (view.state) {
    case 'joined':
      return <Joined {...shared} />
    case 'authorising':
      return <OutsideAsked {...shared} />
    case 'held':
    case 'settled':
      return <Paid {...shared} />
    case 'proven':
      return <Proven {...shared} />
    case 'ended':
      return <Ended {...shared} />
  }
}
