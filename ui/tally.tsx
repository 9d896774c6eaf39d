// The matching tally, drawn: two halves of one slip of washi, written over and sealed across the seam.
// Each screen shows its half; held side by side the jags, the writing and the seal fit.
import type { JSX } from 'preact'
import { useId } from 'preact/hooks'
import { useLocale, useWords } from './i18n.ts'
import type { BrushStroke, Seal, Tally as TallyPattern } from './tally-pattern.ts'
import { seamOf, tallyName, tallySize } from './tally-pattern.ts'
import { kitWords } from './words.ts'

export type { Tally as TallyPattern } from './tally-pattern.ts'
export { tallyName, tallyOf } from './tally-pattern.ts'

export type TallyHalfProps = {
  readonly side: 'left' | 'right'
  readonly tally: TallyPattern
  /** The money has moved: the vermilion seal comes down. */
  readonly sealed: boolean
  /** What screen readers hear; by default side, name and whether it is sealed. */
  readonly label?: string
  /** Width in px; by default as wide as its place. */
  readonly width?: number
}

/** One half. It slides to the seam when it appears, and the seal comes down when `sealed` turns true. */
export function TallyHalf({ side, tally, sealed, label, width }: TallyHalfProps): JSX.Element {
  const words = useWords(kitWords)
  const name = tallyName(tally, useLocale())
  const half = side === 'left' ? words.leftHalf(name) : words.rightHalf(name)
  const { seam, jag, height } = tallySize
  const from = side === 'left' ? 0 : seam - jag
  return (
    <svg
      class={`tally tally-half tally-${side}`}
      data-colour={tally.name.colour}
      viewBox={`${from - 1} -1 ${seam + jag + 2} ${height + 2}`}
      role="img"
      aria-label={label ?? (sealed ? `${half}, ${words.sealed}` : half)}
      {...(width === undefined ? {} : { width })}
    >
      <HalfDrawing side={side} tally={tally} sealed={sealed} />
    </svg>
  )
}

export type TallyProps = {
  readonly tally: TallyPattern
  readonly sealed: boolean
  readonly label?: string
  readonly width?: number
}

/** Both halves, joined. */
export function Tally({ tally, sealed, label, width }: TallyProps): JSX.Element {
  const words = useWords(kitWords)
  const name = words.tally(tallyName(tally, useLocale()))
  return (
    <svg
      class="tally tally-whole"
      data-colour={tally.name.colour}
      viewBox={`-1 -1 ${tallySize.width + 2} ${tallySize.height + 2}`}
      role="img"
      aria-label={label ?? (sealed ? `${name}, ${words.sealed}` : name)}
      {...(width === undefined ? {} : { width })}
    >
      <g class="tally-left">
        <HalfDrawing side="left" tally={tally} sealed={sealed} />
      </g>
      <g class="tally-right">
        <HalfDrawing side="right" tally={tally} sealed={sealed} />
      </g>
    </svg>
  )
}

function HalfDrawing({ side, tally, sealed }: { side: 'left' | 'right'; tally: TallyPattern; sealed: boolean }) {
  const clip = useId()
  const outline = outlineOf(side, tally.edge)
  return (
    <>
      <clipPath id={clip}>
        <path d={outline} />
      </clipPath>
      <path class="tally-paper" d={outline} />
      <path class="tally-edge" d={outline} />
      <g clip-path={`url(#${clip})`}>
        {fibres.map((fibre) => (
          <path class="tally-fibre" d={fibre} key={fibre} />
        ))}
        {tally.writing.map((stroke, index) => (
          <path class="tally-ink" d={brushPath(stroke)} key={index} />
        ))}
        <g transform={`translate(${tallySize.sealX} ${tallySize.sealY}) scale(${tallySize.sealRadius})`}>
          {sealed ? (
            <g class="tally-seal">
              <circle class="tally-vermilion" r={1} />
              <Crest seal={tally.seal} />
            </g>
          ) : (
            <g class="tally-print">
              <Crest seal={tally.seal} />
            </g>
          )}
        </g>
      </g>
    </>
  )
}

/** The outline of a half: soft hand-cut corners outside, the jags at the seam. */
function outlineOf(side: 'left' | 'right', edge: readonly number[]): string {
  const { width, height } = tallySize
  const corner = 3
  const seam = seamOf(edge)
  const downTheSeam = seam.map(({ x, y }) => `L${round(x)} ${round(y)}`).join('')
  const outside = side === 'left' ? 0 : width
  const inward = side === 'left' ? corner : -corner
  return (
    `M${outside + inward} 0${downTheSeam}L${outside + inward} ${height}` +
    `Q${outside} ${height} ${outside} ${height - corner}V${corner}Q${outside} 0 ${outside + inward} 0Z`
  )
}

function Crest({ seal }: { seal: Seal }) {
  const turns = Array.from({ length: seal.folds }, (_, index) => (360 / seal.folds) * index)
  // Few petals are broad, many are narrow.
  const breadth = { 3: 1.45, 4: 1.2, 5: 1, 6: 0.86, 8: 0.66 }[seal.folds]
  return (
    <>
      {turns.map((turn) => (
        <path class="crest" d={motifPaths[seal.motif]} key={turn} transform={`rotate(${turn}) scale(${breadth} 1)`} />
      ))}
      {corePart(seal)}
      {ringPart(seal)}
    </>
  )
}

/** One motif, pointing up from the centre, in a circle of radius 1. */
const motifPaths: Readonly<Record<Seal['motif'], string>> = {
  petal: 'M0-.2C.3-.3.34-.7 0-.78C-.34-.7-.3-.3 0-.2Z',
  cherry: 'M0-.2C.34-.34.38-.66.14-.8L0-.66L-.14-.8C-.38-.66-.34-.34 0-.2Z',
  leaf: 'M0-.18Q.34-.46 0-.82Q-.34-.46 0-.18Z',
  diamond: 'M0-.2L.22-.49L0-.78L-.22-.49Z',
  pearl: 'M0-.34A.21.21 0 1 1 0-.76A.21.21 0 1 1 0-.34Z',
  fan: 'M0-.2L.3-.66A.74.74 0 0 0-.3-.66Z',
  comma: 'M.1-.24C.34-.36.3-.78-.14-.78C-.4-.76-.46-.6-.44-.5C-.34-.62-.16-.62-.12-.46C-.1-.36 0-.26.1-.24Z',
  arrow: 'M0-.8L.24-.46L.1-.5L.06-.2H-.06L-.1-.5L-.24-.46Z',
}

function corePart({ core }: Seal) {
  if (core === 'none') return null
  if (core === 'pearl') return <circle class="crest" r={0.11} />
  if (core === 'hole') return <circle class="crest-line" r={0.12} />
  return (
    <>
      <circle class="crest" r={0.06} />
      <circle class="crest-line" r={0.14} />
    </>
  )
}

function ringPart({ ring }: Seal) {
  if (ring === 'line') return <circle class="crest-line" r={0.88} />
  if (ring === 'thick') return <circle class="crest-line crest-line-thick" r={0.88} />
  if (ring === 'pearls') return <circle class="crest-line crest-line-pearls" r={0.88} />
  return (
    <>
      <circle class="crest-line" r={0.92} />
      <circle class="crest-line" r={0.84} />
    </>
  )
}

/** The outline of a stroke: to the tip along one side of the brush and back along the other. */
function brushPath(stroke: BrushStroke): string {
  const spine = smooth(stroke)
  const sides = spine.map((point, index) => {
    const before = spine[Math.max(0, index - 1)] ?? point
    const after = spine[Math.min(spine.length - 1, index + 1)] ?? point
    const length = Math.hypot(after.x - before.x, after.y - before.y) || 1
    const acrossX = (-(after.y - before.y) / length) * (point.width / 2)
    const acrossY = ((after.x - before.x) / length) * (point.width / 2)
    return {
      out: `${round(point.x + acrossX)} ${round(point.y + acrossY)}`,
      back: `${round(point.x - acrossX)} ${round(point.y - acrossY)}`,
    }
  })
  const out = sides.map((side) => side.out)
  const back = sides.map((side) => side.back).toReversed()
  return `M${[...out, ...back].join('L')}Z`
}

/** Points along a Catmull-Rom curve through the stroke's own points. */
function smooth(stroke: BrushStroke): BrushStroke {
  const steps = 7
  const at = (index: number) => stroke[Math.min(stroke.length - 1, Math.max(0, index))] ?? { x: 0, y: 0, width: 0 }
  const points = stroke.slice(0, -1).flatMap((_, index) => {
    const [a, b, c, d] = [at(index - 1), at(index), at(index + 1), at(index + 2)]
    return Array.from({ length: steps }, (_, step) => {
      const t = step / steps
      const along = (p: number, q: number, r: number, s: number) =>
        0.5 * (2 * q + (r - p) * t + (2 * p - 5 * q + 4 * r - s) * t ** 2 + (3 * q - p - 3 * r + s) * t ** 3)
      return {
        x: along(a.x, b.x, c.x, d.x),
        y: along(a.y, b.y, c.y, d.y),
        width: Math.max(0.2, along(a.width, b.width, c.width, d.width)),
      }
    })
  })
  return [...points, at(stroke.length - 1)]
}

/** The long fibres of mulberry paper, the same in every slip. */
const fibres: readonly string[] = Array.from({ length: 26 }, (_, index) => {
  // A fixed scatter: steps of the golden ratio fill the sheet without a pattern.
  const x = ((index * 0.61803) % 1) * tallySize.width
  const y = ((index * 0.41421) % 1) * tallySize.height
  const turn = index * 2.4
  const length = 9 + (index % 5) * 4
  const endX = x + Math.cos(turn) * length
  const endY = y + Math.sin(turn) * length
  const bendX = (x + endX) / 2 + Math.sin(turn) * 4
  const bendY = (y + endY) / 2 - Math.cos(turn) * 4
  return `M${round(x)} ${round(y)}Q${round(bendX)} ${round(bendY)} ${round(endX)} ${round(endY)}`
})

function round(value: number): number {
  return Math.round(value * 100) / 100
}
