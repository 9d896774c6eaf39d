// Ways to meet the customer other than the number, beside the bill being keyed in. Each has a button and a panel of its own.
import type { JSX } from 'preact'
import { useLocale, useWords, type Locale } from '#ui/i18n.ts'
import type { IconName } from '#ui/icons.tsx'
import { Button } from '#ui/kit.tsx'
import { useRegister, useTill, type Till } from '../context.tsx'
import { screenOf, type RegisterState } from '../state.ts'
import { words } from '../words.ts'
import { customerCodeWay } from './customer-code.tsx'
import { handBackWay } from './hand-back.tsx'
import { offlineSalesWay } from './offline-sales.tsx'

export type Way = Readonly<{
  id: string
  icon: IconName
  /** its key while the bill is keyed in, as KeyboardEvent.key has it; F3 and F7 are free for that */
  shortcut: string
  label(locale: Locale): string
  /** Can it be begun now? Left out: whenever a bill is being keyed in. */
  isOffered?(state: RegisterState): boolean
  /** Can it do without the hub? Others are not offered while that cannot be reached. */
  worksOffline?: true
  /** Begins it; `openWay(till, id)` shows its panel at the right, beside the bill, until `closeWay`, Esc or a deal. */
  start(till: Till): void
  Panel?: () => JSX.Element
}>

/** A function, so that the ways' own screens may import the till's parts. */
export const moreWays = (): readonly Way[] => [customerCodeWay, handBackWay, offlineSalesWay]

export const openWay = ({ store }: Till, way: string): void =>
  store.update((state) => ({ ...state, place: 'way', way, problem: null }))

export const closeWay = ({ store }: Till): void =>
  store.update((state) => (state.place === 'way' ? { ...state, place: 'till', way: null, problem: null } : state))

export const waysOffered = (state: RegisterState): readonly Way[] =>
  screenOf(state) === 'keying' && state.busy === null
    ? moreWays().filter(
        (way) => way.isOffered?.(state) !== false && (way.worksOffline === true || state.connection !== 'offline'),
      )
    : []

/** Begins the way whose key was pressed; tells whether there was one. */
export function startWayOfKey(till: Till, key: string): boolean {
  const way = waysOffered(till.store.get()).find(({ shortcut }) => shortcut === key)
  way?.start(till)
  return way !== undefined
}

/** The buttons of the further ways, below the keypad. */
export function MoreWays(): JSX.Element | null {
  const text = useWords(words)
  const locale = useLocale()
  const till = useTill()
  const ways = waysOffered(useRegister())
  if (ways.length === 0) return null
  return (
    <div class="more-ways" role="group" aria-label={text.moreWays}>
      {ways.map((way) => (
        <Button key={way.id} icon={way.icon} shortcut={way.shortcut} onPress={() => way.start(till)}>
          {way.label(locale)}
        </Button>
      ))}
    </div>
  )
}

/** The panel of the way that was begun. */
export function WayPanel(): JSX.Element | null {
  const { way } = useRegister()
  const Panel = moreWays().find(({ id }) => id === way)?.Panel
  return Panel === undefined ? null : <Panel />
}
