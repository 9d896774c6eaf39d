// At a table: which of its screens is shown, and that the newest is fetched while somebody looks.
import type { JSX } from 'preact'
import { useEffect } from 'preact/hooks'
import { useWords } from '#ui/i18n.ts'
import { Banner, Button, Screen } from '#ui/kit.tsx'
import type { ScreenOf } from '../app.tsx'
import type { Place } from '../state.ts'
import { wantsNewMenu, type Table } from '../table.ts'
import { orderWords } from '../words-order.ts'
import { Basket } from './order.tsx'
import { MenuScreen } from './menu.tsx'
import { ProblemNote } from './problem.tsx'
import { Tab } from './tab.tsx'
import { PayWhat } from './tab-pay.tsx'

export type TableProps = ScreenOf & { readonly table: Table }

/** Between two looks at the tab. */
const LOOK_MS = 3_000

export function TableScreens(props: ScreenOf & { readonly place: Extract<Place, { at: 'table' }> }): JSX.Element {
  const { state, act, banners, place } = props
  const { table } = state
  useLooking(act.table.look)
  if (table === null) return <Screen title="" banners={banners} onBack={() => act.go({ at: 'home' })} />
  const shared = { state, act, banners, table }
  switch (place.on) {
    case 'menu':
      return <MenuScreen {...shared} />
    case 'basket':
      return <Basket {...shared} />
    case 'tab':
      return <Tab {...shared} />
    case 'pay':
      return <PayWhat {...shared} />
  }
}

/** Looks again and again while the page is seen, one look at a time. */
function useLooking(look: () => Promise<void>): void {
  useEffect(() => {
    let isOver = false
    let timer: ReturnType<typeof setTimeout>
    const again = async (): Promise<void> => {
      clearTimeout(timer)
      if (document.visibilityState === 'visible') await look()
      if (!isOver) timer = setTimeout(() => void again(), LOOK_MS)
    }
    const seen = (): void => {
      if (document.visibilityState === 'visible') void again()
    }
    timer = setTimeout(() => void again(), LOOK_MS)
    document.addEventListener('visibilitychange', seen)
    return () => {
      isOver = true
      clearTimeout(timer)
      document.removeEventListener('visibilitychange', seen)
    }
  }, [])
}

/** What went wrong, and what has become old. No step here moves money. */
export function TableNotes({ table }: Pick<TableProps, 'table'>): JSX.Element | null {
  const words = useWords(orderWords)
  const { problem } = table
  // What has changed of the basket is said line by line, and says this as well.
  const isSaid = problem !== null && table.changes !== null && wantsNewMenu(problem)
  return (
    <>
      {problem === null || isSaid ? null : <ProblemNote problem={problem} isAboutMoney={false} />}
      {table.isStale ? <Banner kind="stale">{words.refresh}</Banner> : null}
    </>
  )
}

type StepperProps = Readonly<{
  name: string
  value: number
  /** smallest and largest */
  from: number
  to: number
  onChange: (value: number) => void
  disabled?: boolean
}>

/** One less, how many, one more. */
export function Stepper({ name, value, from, to, onChange, disabled = false }: StepperProps): JSX.Element {
  const words = useWords(orderWords)
  return (
    <div class="stepper" role="group" aria-label={`${words.quantity}: ${name}`}>
      <Button icon="minus" iconOnly disabled={disabled || value <= from} onPress={() => onChange(value - 1)}>
        {words.less(name)}
      </Button>
      <output class="stepper-value">{value}</output>
      <Button icon="plus" iconOnly disabled={disabled || value >= to} onPress={() => onChange(value + 1)}>
        {words.more(name)}
      </Button>
    </div>
  )
}
