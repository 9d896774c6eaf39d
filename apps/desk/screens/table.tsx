// Tables of the desk: a caption, heads, rows.
import type { ComponentChildren, JSX } from 'preact'

type TableProps = Readonly<{
  caption: string
  heads: readonly string[]
  /** it holds what is wrong */
  isTrouble?: boolean
  children: ComponentChildren
}>

/** A small table of words and figures; a wide one is moved sideways. */
export function Table({ caption, heads, isTrouble = false, children }: TableProps): JSX.Element {
  return (
    <div class="rates-table">
      <table class={isTrouble ? 'faults' : 'faults rates'}>
        <caption>{caption}</caption>
        <thead>
          <tr>
            {heads.map((head) => (
              <th key={head} scope="col">
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  )
}

export function Row({ cells }: Readonly<{ cells: readonly ComponentChildren[] }>): JSX.Element {
  return (
    <tr>
      {cells.map((cell, index) => (
        <td key={index}>{cell}</td>
      ))}
    </tr>
  )
}
