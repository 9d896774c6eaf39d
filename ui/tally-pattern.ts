// The pattern of a tally, worked out from a seed: the jags of its edge, its seal, its brush writing and its name.
// Pure and the same everywhere, so that a register and a phone that share a seed show two halves that fit.

/** The pattern both sides of a deal show. */
export type Tally = {
  /** How far each jag of the seam reaches, 0 to 1, from the top; jags point right and left by turns. */
  readonly edge: readonly number[]
  readonly seal: Seal
  /** Strokes of the brush, across the seam and beside it, in the coordinates of `tallySize`. */
  readonly writing: readonly BrushStroke[]
  readonly name: { readonly number: number; readonly animal: Animal; readonly colour: Colour }
}

/** A crest: one motif turned about the centre, as Japanese family crests are made. */
export type Seal = {
  readonly folds: 3 | 4 | 5 | 6 | 8
  readonly motif: (typeof motifs)[number]
  readonly core: (typeof cores)[number]
  readonly ring: (typeof rings)[number]
}

/** The way of the brush: where it goes, and how broad it is there. */
export type BrushStroke = readonly { readonly x: number; readonly y: number; readonly width: number }[]

/** The whole tally, both halves, in the units of its drawing; the seam runs down the middle. */
export const tallySize = {
  width: 220,
  height: 160,
  seam: 110,
  jag: 13,
  sealX: 110,
  sealY: 114,
  sealRadius: 27,
} as const

export const motifs = ['petal', 'cherry', 'leaf', 'diamond', 'pearl', 'fan', 'comma', 'arrow'] as const
export const cores = ['none', 'pearl', 'eye', 'hole'] as const
export const rings = ['line', 'double', 'pearls', 'thick'] as const
const folds = [3, 4, 5, 6, 8] as const
const jags = 11

/**
 * The tally of a seed of at least 16 bytes that only the two sides of a deal share, best a SHA-256 of the payment's
 * id and both keys. Throws on a shorter seed.
 */
export function tallyOf(seed: Uint8Array): Tally {
  if (seed.length < 16) throw new RangeError('a tally needs a seed of at least 16 bytes')
  const chance = chanceOf(seed)
  return {
    name: { number: 1 + Math.floor(chance() * 99), animal: pick(animals, chance), colour: pick(colours, chance) },
    edge: Array.from({ length: jags }, () => Math.round(chance() * 6) / 6),
    seal: {
      folds: pick(folds, chance),
      motif: pick(motifs, chance),
      core: pick(cores, chance),
      ring: pick(rings, chance),
    },
    writing: writingOf(chance),
  }
}

/** "7-crane-blue" or 「7・鶴・青」: the tally in words, for those who hear or say it. */
export function tallyName({ name }: Pick<Tally, 'name'>, locale: 'en' | 'ja'): string {
  if (locale === 'en') return `${name.number}-${name.animal}-${name.colour}`
  return `${name.number}・${animalsInJapanese[name.animal]}・${coloursInJapanese[name.colour]}`
}

/** The corners of the seam from top to bottom. The left half ends here and the right half begins. */
export function seamOf(edge: readonly number[]): readonly { readonly x: number; readonly y: number }[] {
  const { seam, jag, height } = tallySize
  const corners = edge.map((reach, index) => ({
    // No jag is flatter than a third, so that the seam is never a plain line.
    x: seam + (index % 2 === 0 ? 1 : -1) * jag * (0.34 + 0.66 * reach),
    y: ((index + 0.5) * height) / edge.length,
  }))
  return [{ x: seam, y: 0 }, ...corners, { x: seam, y: height }]
}

const animalsInJapanese = {
  crane: '鶴',
  turtle: '亀',
  carp: '鯉',
  rabbit: '兎',
  fox: '狐',
  wolf: '狼',
  deer: '鹿',
  bear: '熊',
  cat: '猫',
  dog: '犬',
  horse: '馬',
  ox: '牛',
  sheep: '羊',
  tiger: '虎',
  dragon: '龍',
  hawk: '鷹',
  swallow: '燕',
  sparrow: '雀',
  duck: '鴨',
  owl: '梟',
  butterfly: '蝶',
  bee: '蜂',
  firefly: '蛍',
  pine: '松',
  bamboo: '竹',
  plum: '梅',
  cherry: '桜',
  lily: '百合',
  wisteria: '藤',
  lotus: '蓮',
  maple: '楓',
  willow: '柳',
} as const

// No red among them: red is the seal.
const coloursInJapanese = {
  blue: '青',
  green: '緑',
  yellow: '黄',
  purple: '紫',
  pink: '桃',
  brown: '茶',
  grey: '灰',
  white: '白',
} as const

export type Animal = keyof typeof animalsInJapanese
export type Colour = keyof typeof coloursInJapanese
export const animals: readonly Animal[] = keysOf(animalsInJapanese)
export const colours: readonly Colour[] = keysOf(coloursInJapanese)

/** Object.keys forgets the type of its keys. */
function keysOf<Key extends string>(names: Readonly<Record<Key, string>>): Key[] {
  return Object.keys(names).filter((name): name is Key => name in names)
}

/** Numbers from 0 to below 1 in an order fixed by the seed (sfc32, stirred with every byte). */
type Chance = () => number

function chanceOf(seed: Uint8Array): Chance {
  let [a, b, c, d] = [0x9e3779b9, 0x243f6a88, 0xb7e15162, 0xdeadbeef]
  const next = () => {
    const sum = (a + b + d) | 0
    d = (d + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = ((c << 21) | (c >>> 11)) + sum
    return (sum >>> 0) / 2 ** 32
  }
  for (const byte of seed) {
    a = (a ^ Math.imul(byte + 1, 0x01000193)) | 0
    next()
  }
  for (let round = 0; round < 12; round++) next()
  return next
}

function pick<Item>(from: readonly Item[], chance: Chance): Item {
  const item = from[Math.floor(chance() * from.length)]
  if (item === undefined) throw new Error('there is nothing to pick from')
  return item
}

/** One large character over the seam, and a column of small running script on each half. */
function writingOf(chance: Chance): readonly BrushStroke[] {
  return [
    ...characterOf(chance).map(enlarged),
    ...columnOf(chance, 27, 1.1),
    ...columnOf(chance, tallySize.width - 27, 0.95),
  ]
}

/** The character is made in a field of about 80 and written larger, from the top of the seam. */
const enlarged = (stroke: BrushStroke): BrushStroke =>
  stroke.map(({ x, y, width }) => ({
    x: tallySize.seam + (x - tallySize.seam) * 1.18,
    y: 12 + (y - 14) * 1.18,
    width: width * 1.22,
  }))

/** A made-up character of the strokes all characters are made of, written over the seam so that both halves share it. */
function characterOf(chance: Chance): BrushStroke[] {
  const middle = tallySize.seam
  const about = (value: number, spread: number) => value + (chance() * 2 - 1) * spread
  const across = (y: number, reach: number): BrushStroke => {
    const from = middle - about(reach, 4)
    const to = middle + about(reach, 4)
    const rise = about(4, 2)
    return [
      { x: from, y: y - 2.5, width: 2 },
      { x: from + 3, y: y, width: 7 },
      { x: middle, y: y - rise * 0.35, width: 4.4 },
      { x: to - 5, y: y - rise, width: 6 },
      { x: to, y: y - rise + 2, width: 7.5 },
      { x: to + 1, y: y - rise + 5, width: 1.5 },
    ]
  }
  const top = about(24, 3)
  const foot = about(80, 3)
  const strokes: BrushStroke[] = [across(about(40, 5), about(33, 5))]
  if (chance() < 0.6) strokes.push(across(about(58, 3), about(20, 6)))
  if (chance() < 0.55) strokes.push(drop(middle + about(0, 10), top - 3, about(3, 1.5)))
  else strokes.push(down(middle + about(0, 8), top, about(70, 6)))
  if (chance() < 0.75) strokes.push(sweepLeft(middle + about(4, 5), about(40, 4), middle - about(36, 5), foot))
  else
    strokes.push(drop(middle - about(26, 4), about(68, 4), about(-4, 1)), drop(middle - about(12, 3), about(76, 3), 3))
  if (chance() < 0.75) strokes.push(sweepRight(middle + about(2, 5), about(46, 4), middle + about(40, 5), foot))
  else strokes.push(drop(middle + about(24, 5), about(68, 5), about(4, 1)))
  return strokes
}

/** The strokes that need no chance: down, the sweep to the left, the sweep to the right, a drop. */
const down = (x: number, from: number, to: number): BrushStroke => [
  { x: x - 3, y: from - 2, width: 2.5 },
  { x, y: from + 2, width: 7.5 },
  { x: x + 0.5, y: (from + to) / 2, width: 5 },
  { x, y: to - 4, width: 5.5 },
  { x: x - 1, y: to, width: 1 },
]
const sweepLeft = (x: number, from: number, toX: number, to: number): BrushStroke => [
  { x: x - 1, y: from - 3, width: 3 },
  { x, y: from, width: 8 },
  { x: x - (x - toX) * 0.3, y: from + (to - from) * 0.5, width: 6 },
  { x: x - (x - toX) * 0.65, y: from + (to - from) * 0.82, width: 3.6 },
  { x: toX, y: to, width: 0.4 },
]
const sweepRight = (x: number, from: number, toX: number, to: number): BrushStroke => [
  { x, y: from, width: 1.4 },
  { x: x + (toX - x) * 0.35, y: from + (to - from) * 0.5, width: 5 },
  { x: x + (toX - x) * 0.72, y: to - 4, width: 9.5 },
  { x: x + (toX - x) * 0.85, y: to, width: 6.5 },
  { x: toX, y: to - 1, width: 0.4 },
]
const drop = (x: number, y: number, leanX: number): BrushStroke => [
  { x: x - leanX, y: y - 5, width: 1 },
  { x, y, width: 7 },
  { x: x + leanX * 0.5, y: y + 4, width: 2.5 },
]

/** Signs of running script as the brush goes, in a square of 10, with the width at each point. */
const signs: readonly (readonly BrushStroke[])[] = (
  [
    [
      [
        [2, 0, 1.6],
        [2.4, 5, 1.5],
        [3.2, 8.6, 1.6],
        [6, 9.6, 1.3],
        [9, 6.8, 0.3],
      ],
    ],
    [
      [
        [5.6, 1, 1.2],
        [4.6, 6, 1.6],
        [2, 8, 1.4],
        [0.8, 5, 1.3],
        [4, 1.2, 1.2],
        [8.4, 2.4, 1.6],
        [8.6, 6.6, 1.3],
        [5, 10, 0.3],
      ],
    ],
    [
      [
        [1.6, 1.6, 1.8],
        [5, 1.2, 1],
        [8, 1.9, 0.5],
      ],
      [
        [1, 7.6, 1.4],
        [4, 8.8, 1.4],
        [9.2, 8.2, 0.5],
      ],
    ],
    [
      [
        [7.4, 0, 1.3],
        [2.4, 4.6, 1.7],
        [5, 7, 1.4],
        [8.2, 10, 0.4],
      ],
    ],
    [
      [
        [0.6, 2, 1.8],
        [5, 1.5, 1.1],
        [9, 1.2, 1.6],
        [5, 4, 1.1],
        [3.6, 7, 1.4],
        [5.4, 9.4, 1.2],
        [8, 9.4, 0.3],
      ],
    ],
    [
      [
        [1, 2.6, 1.5],
        [8.6, 1.6, 1.2],
      ],
      [
        [5, 0, 1.6],
        [4.6, 6, 1.5],
        [1.6, 9.4, 0.3],
      ],
      [
        [5.8, 5, 0.7],
        [9.2, 9.2, 2],
      ],
    ],
    [
      [
        [1.6, 1, 1.9],
        [2.4, 4, 0.6],
      ],
      [
        [7.6, 0.4, 1.7],
        [7, 6, 1.3],
        [3, 10, 0.3],
      ],
    ],
    [
      [
        [3, 0.4, 1.4],
        [7, 1.8, 1.3],
        [3, 4.4, 1.1],
        [7.4, 5.8, 1.4],
        [2.4, 8.4, 1.1],
        [6, 10, 0.3],
      ],
    ],
  ] as const
).map((strokes) => strokes.map((stroke) => stroke.map(([x, y, width]) => ({ x, y, width }))))

/** A column of running script: a few signs, each a little turned and larger or smaller, as a quick hand writes. */
function columnOf(chance: Chance, x: number, size: number): BrushStroke[] {
  const strokes: BrushStroke[] = []
  const end = 108 + chance() * 30
  let y = 22 + chance() * 8
  let drift = x
  let last: readonly BrushStroke[] | undefined
  while (y < end) {
    const grown = size * (0.95 + chance() * 0.45)
    const lean = (chance() - 0.5) * 0.24
    const [fromX, fromY] = [drift, y]
    // The same sign twice in a row looks printed, not written.
    const sign = pick(
      signs.filter((other) => other !== last),
      chance,
    )
    last = sign
    const placed = sign.map((stroke) =>
      stroke.map((point) => ({
        x: fromX + (point.x - 5 - point.y * lean) * grown,
        y: fromY + (point.y + (point.x - 5) * lean) * grown,
        width: point.width * grown,
      })),
    )
    strokes.push(...placed)
    y += 10 * grown + 3 + chance() * 3
    drift = x + (chance() - 0.5) * 3
  }
  return strokes
}
