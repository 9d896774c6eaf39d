// The icons: own drawings on a grid of 24, strokes of 1.5 in the colour of the text around them.
import type { ComponentChildren, JSX } from 'preact'

export type IconName = keyof typeof drawings

export type IconProps = {
  readonly name: IconName
  /** Width and height in px; by default it grows with the text (1.5 em). */
  readonly size?: number
  /** What it says, where no text beside it says so; without it screen readers pass over the icon. */
  readonly label?: string
}

export function Icon({ name, size, label }: IconProps): JSX.Element {
  const length = size ?? '1.5em'
  return (
    <svg
      class="icon"
      viewBox="0 0 24 24"
      width={length}
      height={length}
      fill="none"
      stroke="currentColor"
      stroke-width="1.5"
      stroke-linecap="round"
      stroke-linejoin="round"
      focusable="false"
      {...(label === undefined ? { 'aria-hidden': 'true' } : { role: 'img', 'aria-label': label })}
    >
      {drawings[name]}
    </svg>
  )
}

const path = (d: string): ComponentChildren => <path d={d} />
const dot = (x: number, y: number, radius = 1.1): ComponentChildren => (
  <circle cx={x} cy={y} r={radius} fill="currentColor" stroke="none" />
)

const drawings = {
  scan: path(
    'M4 8V5.5A1.5 1.5 0 0 1 5.5 4H8M16 4h2.5A1.5 1.5 0 0 1 20 5.5V8M20 16v2.5a1.5 1.5 0 0 1-1.5 1.5H16M8 20H5.5A1.5 1.5 0 0 1 4 18.5V16M3.5 12h17',
  ),
  keypad: [6, 12, 18].flatMap((y) => [6, 12, 18].map((x) => dot(x, y, 1.4))),
  myCode: <>{path('M4.5 4.5h5v5h-5zM14.5 4.5h5v5h-5zM4.5 14.5h5v5h-5zM14.5 14.5h2v2M19.5 14.5v5h-2.5M14.5 19.5h0')}</>,
  history: path('M6.5 3.5h11v17l-2.2-1.5-2.2 1.5h-2.2l-2.2-1.5-2.2 1.5zM9.5 8.5h5M9.5 12h5'),
  refund: path('M8.5 5 5 8.5 8.5 12M5 8.5h9a5 5 0 0 1 0 10H8.5'),
  person: path(
    'M12 11.5a3.75 3.75 0 1 0 0-7.5 3.75 3.75 0 0 0 0 7.5ZM4.75 20c.6-3.4 3.6-5.25 7.25-5.25S18.65 16.6 19.25 20',
  ),
  shop: path(
    'M4.5 10v9.5h15V10M3.5 9l1.6-4.5h13.8L20.5 9a2.85 2.85 0 0 1-5.66.3 2.86 2.86 0 0 1-5.68 0A2.85 2.85 0 0 1 3.5 9ZM10 19.5v-5h4v5',
  ),
  soundOn: path('M4.5 9.75v4.5h3l4.5 3.75V6L7.5 9.75zM15.25 9.25a4 4 0 0 1 0 5.5M17.75 6.75a7.5 7.5 0 0 1 0 10.5'),
  soundOff: path('M4.5 9.75v4.5h3l4.5 3.75V6L7.5 9.75zM15.5 9.75l4.5 4.5M20 9.75l-4.5 4.5'),
  sun: path(
    'M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8ZM12 3v1.5M12 19.5V21M3 12h1.5M19.5 12H21M5.6 5.6l1.1 1.1M17.3 17.3l1.1 1.1M5.6 18.4l1.1-1.1M17.3 6.7l1.1-1.1',
  ),
  moon: path('M19.5 14.25A8 8 0 0 1 9.75 4.5a8 8 0 1 0 9.75 9.75Z'),
  close: path('m6 6 12 12M18 6 6 18'),
  back: path('M14.5 5.5 8 12l6.5 6.5'),
  forward: path('M9.5 5.5 16 12l-6.5 6.5'),
  check: path('m5 12.75 4.5 4.5L19 7'),
  warning: (
    <>
      {path('M12 4.25 3.5 19.25h17zM12 10v4.25')}
      {dot(12, 16.75, 0.95)}
    </>
  ),
  offline: path(
    'M3.75 9.5A12 12 0 0 1 8.5 6.7M12 6c3.1 0 6 1.3 8.25 3.5M6.75 12.75a7.5 7.5 0 0 1 3.5-2M14.25 10.9a7.5 7.5 0 0 1 3 1.85M9.75 16a3.2 3.2 0 0 1 4.5 0M12 18.75h0M4.5 4.5l15 15',
  ),
  backspace: path('M9 5.5h10.5v13H9L3.75 12zM12 9.75l4.5 4.5M16.5 9.75l-4.5 4.5'),
  settings: path(
    'M4 7.5h8.5M17.5 7.5H20M4 16.5h2.5M11.5 16.5H20M15 10a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5ZM9 19a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5Z',
  ),
  eye: path(
    'M3 12s3.2-5.75 9-5.75S21 12 21 12s-3.2 5.75-9 5.75S3 12 3 12ZM12 14.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5Z',
  ),
  eyeClosed: path(
    'M3.5 10.5c1.7 2.6 4.7 4.25 8.5 4.25s6.800-1.65 8.500-4.250M12 14.75v3M6.400 13.500 4.750 16M17.600 13.500 19.250 16',
  ),
  card: path('M5.5 5.5h13a2 2 0 0 1 2 2v9a2 2 0 0 1-2 2h-13a2 2 0 0 1-2-2v-9a2 2 0 0 1 2-2ZM3.5 9.75h17M7 14.75h3.5'),
  plus: path('M12 5v14M5 12h14'),
  minus: path('M5 12h14'),
  print: path('M7.500 9V4h9v5M7.500 17H4.500V9h15v8h-3M7.500 14h9v6h-9z'),
} as const
