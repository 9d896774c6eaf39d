// A QR code as SVG: always dark on white, also in the dark theme, because cameras want it so.
import type { JSX } from 'preact'
import { useMemo } from 'preact/hooks'
import { useWords } from './i18n.ts'
import { drawingOf } from './qr-drawing.ts'
import { kitWords } from './words.ts'

export type QrCodeProps = {
  readonly text: string
  /** What the code is for, for screen readers. */
  readonly title?: string
  /** Width and height in px; by default as wide as its place. */
  readonly size?: number
  /** Of long texts `low` keeps the modules large enough for a camera; by default `medium`. */
  readonly ecc?: 'low' | 'medium'
}

export function QrCode({ text, title, size, ecc = 'medium' }: QrCodeProps): JSX.Element {
  const words = useWords(kitWords)
  const { length, path } = useMemo(() => drawingOf(text, ecc), [text, ecc])
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
