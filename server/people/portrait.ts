// A portrait: what came is looked at, decoded in a thread with limits of time and memory, and written anew without anything but the picture.
import { createHash } from 'node:crypto'
import { Worker } from 'node:worker_threads'
import { LIMITS } from '#protocol/limits.ts'
import { jpegHead } from './jpeg.ts'
import type { PortraitWork } from './portrait-worker.ts'
import type { Portrait } from '../postgres/profiles.ts'

/** 2048 × 2048 takes some 400 ms on a small machine; a picture that takes this long was made to. */
const WITHIN_MS = 8_000
const MEMORY_MB = 256
/** Threads at once, and pictures that wait for one. */
const AT_ONCE = 2
const MOST_WAITING = 20

export type Painter = ReturnType<typeof portraitPainter>

/** Makes portraits of what people send, a few at a time. */
export function portraitPainter(withinMs = WITHIN_MS) {
  const waiting: (() => void)[] = []
  let busy = 0

  /** The portrait; 'invalid' when this is no picture that can be used, 'busy' when too many are being made. */
  async function paint(sent: Uint8Array): Promise<Portrait | 'invalid' | 'busy'> {
    const head = jpegHead(sent)
    if (head === undefined || head.width * head.height > LIMITS.picturePixels) return 'invalid'
    if (busy >= AT_ONCE) {
      if (waiting.length >= MOST_WAITING) return 'busy'
      await new Promise<void>((resolve) => waiting.push(resolve))
    }
    busy++
    try {
      const jpeg = await inThread(
        {
          picture: sent,
          orientation: head.orientation,
          edge: LIMITS.pictureEdge,
          mostBytes: LIMITS.pictureBytes,
          mostPixels: LIMITS.picturePixels,
        },
        withinMs,
      )
      return jpeg === null ? 'invalid' : { jpeg, hash: createHash('sha256').update(jpeg).digest() }
    } finally {
      busy--
      waiting.shift()?.()
    }
  }

  return { paint }
}

/** Null when the thread could not make a picture of it in time and in its memory. */
async function inThread(work: PortraitWork, withinMs: number): Promise<Uint8Array | null> {
  const worker = new Worker(new URL('portrait-worker.ts', import.meta.url), {
    workerData: work,
    resourceLimits: { maxOldGenerationSizeMb: MEMORY_MB },
    // What the hub was started with (a test's flags, an inspector) is not for it.
    execArgv: [],
    stdout: true,
    stderr: true,
  })
  let late: ReturnType<typeof setTimeout> | undefined
  try {
    return await new Promise((resolve) => {
      late = setTimeout(() => resolve(null), withinMs)
      worker.once('message', (made: unknown) => resolve(made instanceof Uint8Array ? made : null))
      // Out of memory, or a fault of the decoder itself.
      worker.once('error', () => resolve(null))
      worker.once('exit', () => resolve(null))
    })
  } finally {
    clearTimeout(late)
    await worker.terminate()
  }
}
