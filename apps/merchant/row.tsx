// A row of the office's lists: what it is, what there is to know of it, and what can be done with it.
import type { ComponentChildren, JSX } from 'preact'
import { Button } from '#ui/kit.tsx'

export type Act = Readonly<{ label: string; onPress: () => void }>

type RowProps = Readonly<{
  /** whoever does not see the row hears with each act what it is done to */
  name: string
  /** what stands first, where it is more than the name */
  title?: string
  facts: readonly string[]
  acts: readonly Act[]
  /** below the facts */
  children?: ComponentChildren
}>

export function Row({ name, title = name, facts, acts, children }: RowProps): JSX.Element {
  return (
    <div class="people-row">
      <span class="people-who">
        {title}
        <span class="office-detail">{facts.join(' · ')}</span>
        {children}
      </span>
      {acts.length === 0 ? null : (
        <span class="people-acts">
          {acts.map(({ label, onPress }) => (
            <Button key={label} kind="quiet" onPress={onPress}>
              {label}
              <span class="hidden">: {name}</span>
            </Button>
          ))}
        </span>
      )}
    </div>
  )
}
