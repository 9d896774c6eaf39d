// A video for the browser's camera that shows a bar code, as it stands on goods.
import { writeFile } from 'node:fs/promises'

const LEFT_ODD = [
  '0001101',
  '0011001',
  '0010011',
  '0111101',
  '0100011',
  '0110001',
  '0101111',
  '0111011',
  '0110111',
  '0001011',
]
const PARITY = ['LLLLLL', 'LLGLGG', 'LLGGLG', 'LLGGGL', 'LGLLGG', 'LGGLLG', 'LGGGLL', 'LGLGLG', 'LGLGGL', 'LGGLGL']
const [WIDTH, HEIGHT, FRAMES] = [640, 480, 4]
const MODULE = 5

/** The 95 modules of an EAN-13, `1` for a bar. */
export function ean13Modules(code: string): string {
  const turned = (bits: string): string => Array.from(bits, (bit) => (bit === '1' ? '0' : '1')).join('')
  const mirrored = (bits: string): string => Array.from(bits).toReversed().join('')
  const digits = Array.from(code, Number)
  const left = (digit: number): string => LEFT_ODD[digit] ?? ''
  const parity = PARITY[digits[0] ?? 0] ?? ''
  const first = digits
    .slice(1, 7)
    .map((digit, at) => (parity[at] === 'L' ? left(digit) : mirrored(turned(left(digit)))))
  const second = digits.slice(7).map((digit) => turned(left(digit)))
  return `101${first.join('')}01010${second.join('')}101`
}

/** Writes a short video (.y4m, 640 × 480) that shows this EAN-13. */
export async function writeBarVideo(path: string, code: string): Promise<void> {
  const modules = ean13Modules(code)
  const left = Math.floor((WIDTH - modules.length * MODULE) / 2)
  const light = new Uint8Array(WIDTH * HEIGHT).fill(235)
  for (let y = 120; y < 360; y++)
    for (let x = 0; x < modules.length * MODULE; x++)
      if (modules[Math.floor(x / MODULE)] === '1') light[y * WIDTH + left + x] = 16
  const colour = new Uint8Array((WIDTH * HEIGHT) / 2).fill(128)
  const head = Buffer.from(`YUV4MPEG2 W${WIDTH} H${HEIGHT} F10:1 Ip A1:1 C420mpeg2\n`)
  const frame = [Buffer.from('FRAME\n'), light, colour]
  await writeFile(path, Buffer.concat([head, ...Array.from({ length: FRAMES }, () => frame).flat()]))
}
