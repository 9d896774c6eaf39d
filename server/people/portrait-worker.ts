// Runs in a thread of its own: decodes a picture that nobody trusts, and writes it anew. Whatever happens here, the hub goes on.
import { parentPort, workerData } from 'node:worker_threads'
import jpeg from 'jpeg-js'
import { middleSquare, upright } from './pixels.ts'

export type PortraitWork = Readonly<{
  picture: Uint8Array
  orientation: number
  /** of the result, in pixels and bytes */
  edge: number
  mostBytes: number
  /** of what is decoded */
  mostPixels: number
}>

const QUALITIES = [85, 75, 65, 50, 35, 20]
/** What the decoder may allocate: coefficients and pixels of the largest picture that is let in. */
const MEMORY_MB = 128

/** The picture anew, or null when it cannot be read. */
function portraitOf({ picture, orientation, edge, mostBytes, mostPixels }: PortraitWork): Uint8Array | null {
  const decoded = jpeg.decode(picture, {
    useTArray: true,
    formatAsRGBA: true,
    tolerantDecoding: false,
    maxResolutionInMP: mostPixels / 1_000_000,
    maxMemoryUsageInMB: MEMORY_MB,
  })
  const square = upright(middleSquare(decoded, edge), orientation)
  for (const quality of QUALITIES) {
    const { data } = jpeg.encode(square, quality)
    if (data.length <= mostBytes) return data
  }
  return null
}

// Border: portrait.ts alone starts this thread.
const work = workerData as PortraitWork
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread's port knows no origins
parentPort?.postMessage(readOrNull())

function readOrNull(): Uint8Array | null {
  try {
    return portraitOf(work)
  } catch {
    // The decoder says by throwing that this is no picture.
    return null
  }
}
