// A bar code (Code 128) as SVG: always dark on white, for readers that know no QR. What draws it is loaded when one is shown (some 40 KB
// over the network), because most people never need one.
import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { useWords } from './i18n.ts'
import { kitWords } from './words.ts'

export type BarCodeProps = {
  readonly text: string
  /** What the code is for, for screen readers. */
  readonly title?: string
}

/** Light modules at either side; the standard asks for ten. */
const QUIET_ZONE = 10
const HEIGHT = 40

/** The bars' places and widths, in modules. */
type Bars = Readonly<{ modules: number; path: string }>

export function BarCode({ text, title }: BarCodeProps): JSX.Element {
  const words = useWords(kitWords)
  const [bars, setBars] = useState<Bars | null>(null)
  useEffect(() => {
    let isWanted = true
    // Without it (a phone that lost its network before) the digits below say the same.
    barsOf(text).then(
      (drawn) => isWanted && setBars(drawn),
      () => undefined,
    )
    return () => {
      isWanted = false
    }
  }, [text])
  const width = (bars?.modules ?? 0) + 2 * QUIET_ZONE
  return (
    <svg
      class="bar-code"
      viewBox={`0 0 ${width} ${HEIGHT}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={title ?? words.barCode}
    >
      <rect width={width} height={HEIGHT} fill="#fff" />
      {bars === null ? null : <path d={bars.path} fill="#000" />}
    </svg>
  )
}

async function barsOf(text: string): Promise<Bars> {
  const { code128 } = await import('bwip-js/generic')
  const bars: string[] = []
  let modules = 0
  // The encoder draws with whatever can draw lines; ours writes a path, in units of one module. It gives the middle of each bar in whole
  // modules, rounded up.
  code128(
    { bcid: 'code128', text, scale: 1, height: 10 },
    {
      ...NOTHING_ELSE,
      init: (width: number) => void (modules = width),
      line: (middle: number, _top: number, _middle: number, _bottom: number, width: number) =>
        void bars.push(`M${middle - Math.ceil(width / 2) + QUIET_ZONE} 0h${width}v${HEIGHT}h${-width}z`),
    },
  )
  return { modules, path: bars.join('') }
}

/** A bar code is lines. */
const NOTHING_ELSE = {
  scale: (x: number, y: number): [number, number] => [x, y],
  measure: () => ({ width: 0, ascent: 0, descent: 0 }),
  polygon: () => undefined,
  hexagon: () => undefined,
  ellipse: () => undefined,
  fill: () => undefined,
  text: () => undefined,
  end: () => undefined,
}
