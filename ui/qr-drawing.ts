// A QR code as one SVG path: for the kit's own picture of it, and for pages that have no kit.
import { encodeQR } from 'qr'

/** Light modules around the code; the standard asks for four. */
const quietZone = 4

/** The path of the dark modules, in a square of `length` modules. */
export function drawingOf(text: string, ecc: 'low' | 'medium'): { readonly length: number; readonly path: string } {
  const rows = encodeQR(text, 'raw', { ecc, border: quietZone })
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
