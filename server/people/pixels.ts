// A picture as pixels: the middle square of it, made small, upright. Plain arithmetic on RGBA bytes.

export type Pixels = Readonly<{ width: number; height: number; data: Uint8Array }>

const CHANNELS = 4

/** The largest square in the middle, at most `edge` pixels wide: each new pixel is the mean of those it covers. */
export function middleSquare({ width, height, data }: Pixels, edge: number): Pixels {
  const side = Math.min(width, height)
  const size = Math.min(side, edge)
  const [left, top] = [Math.floor((width - side) / 2), Math.floor((height - side) / 2)]
  const from = (index: number): number => Math.floor((index * side) / size)
  const square = new Uint8Array(size * size * CHANNELS)
  const sums = [0, 0, 0]
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      sums.fill(0)
      let count = 0
      for (let row = from(y); row < from(y + 1); row++) {
        for (let column = from(x); column < from(x + 1); column++) {
          const at = ((top + row) * width + left + column) * CHANNELS
          for (let channel = 0; channel < 3; channel++) sums[channel] = (sums[channel] ?? 0) + (data[at + channel] ?? 0)
          count++
        }
      }
      const to = (y * size + x) * CHANNELS
      for (let channel = 0; channel < 3; channel++) square[to + channel] = Math.round((sums[channel] ?? 0) / count)
      square[to + 3] = 255
    }
  }
  return { width: size, height: size, data: square }
}

/** A square picture turned and mirrored so that it stands upright; `orientation` as Exif numbers it, 1 to 8. */
export function upright(square: Pixels, orientation: number): Pixels {
  const { width: size, data } = square
  const source = SOURCES[orientation]
  if (source === undefined) return square
  const turned = new Uint8Array(data.length)
  const last = size - 1
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const [column, row] = source(x, y, last)
      const at = (row * size + column) * CHANNELS
      turned.set(data.subarray(at, at + CHANNELS), (y * size + x) * CHANNELS)
    }
  }
  return { width: size, height: size, data: turned }
}

/** Which pixel of the stored picture stands at x, y of the upright one. */
const SOURCES: Readonly<Record<number, (x: number, y: number, last: number) => readonly [x: number, y: number]>> = {
  2: (x, y, last) => [last - x, y],
  3: (x, y, last) => [last - x, last - y],
  4: (x, y, last) => [x, last - y],
  5: (x, y) => [y, x],
  6: (x, y, last) => [y, last - x],
  7: (x, y, last) => [last - y, last - x],
  8: (x, y, last) => [last - y, x],
}
