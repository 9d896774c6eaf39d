// A QR code as SVG: always dark on white, also in the dark theme, because cameras want it so.
import type { JSX } from 'preact'
import { useMemo } from 'preact/hooks'
import { encodeQR } from 'qr'
import { useWords } from './i18n.ts'
import { kitWords } from './words.ts'

export type QrCodeProps = {
  readonly text: string
  /** What the code is for, for screen readers. */
  readonly title?: string
  /** Width and height in px; by default as wide as its place. */
  readonly size?: number
}

/** Light modules around the code; the standard asks for four. */
const quietZone = 4

export function QrCode({ text, title, size }: QrCodeProps): JSX.Element {
  const words = useWords(kitWords)
  const { length, path } = useMemo(() => drawingOf(text), [text])
  return (
    <svg
      class="qr"
      viewBox={`0 0 ${length} ${length}`}
      role="img"
      aria-label={title ?? words.qrCode}
      shape-rendering="crispEdges"
      {...(size === undefined ? {} : { width: size, height: size })}
    >
      <rect width={length} height={length} fill="#fff" />
      <path d={path} fill="#000" />
    </svg>
  )
}

function drawingOf(text: string): { readonly length: number; readonly path: string } {
  const rows = encodeQR(text, 'raw', { ecc: 'medium', border: quietZone })
  const runs = rows.flatMap((row, y) => {
    const drawn: string[] = []
    for (let x = 0; x < row.length; x++) {
      if (row[x] !== true) continue
      const from = x
      while (row[x + 1] === true) x++
      drawn.push(`M${from} ${y}h${x + 1 - from}v1H${from}z`)
    }
    return drawn
  })
  return { length: rows.length, path: runs.join('') }
}
