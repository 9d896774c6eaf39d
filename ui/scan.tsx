// The camera that reads codes: the browser's own reader where it has one, else zxing's, served by us.
//
//   asking ──▶ looking ──▶ (onRead; keeps looking until it is taken off the screen)
//      ├─▶ none      no camera, or no secure page
//      ├─▶ refused   the person or the browser said no
//      └─▶ trouble   the camera is there but does not start; "try again" goes back to asking
import type { JSX } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { useWords } from './i18n.ts'
import { Icon } from './icons.tsx'
import { Button } from './kit.tsx'
import { kitWords } from './words.ts'

export type ScannerState = 'asking' | 'looking' | 'none' | 'refused' | 'trouble'

export type ScannerProps = {
  /** The text of a code, once for each time it comes into view. */
  readonly onRead: (text: string) => void
  readonly onState?: (state: ScannerState) => void
  /** What it looks for; QR codes where it is left out. Must not change while it looks. */
  readonly formats?: readonly CodeFormat[]
  /** Where we serve zxing's wasm. */
  readonly wasmUrl?: string
  readonly label?: string
}

/** Our name of each kind of code, the browser's and zxing's. */
const FORMATS = {
  qr: ['qr_code', 'QRCode'],
  ean13: ['ean_13', 'EAN13'],
  ean8: ['ean_8', 'EAN8'],
  upcA: ['upc_a', 'UPCA'],
  upcE: ['upc_e', 'UPCE'],
  code128: ['code_128', 'Code128'],
} as const
export type CodeFormat = keyof typeof FORMATS

const QR_ALONE: readonly CodeFormat[] = ['qr']
/** All that stands on goods and on customers' phones. */
export const GOODS_FORMATS: readonly CodeFormat[] = ['qr', 'ean13', 'ean8', 'upcA', 'upcE', 'code128']

/** Shows the back camera and reads codes; lets go of the camera when it leaves the screen. */
export function Scanner(props: ScannerProps): JSX.Element {
  const { onRead, onState, formats = QR_ALONE, wasmUrl = '/assets/zxing_reader.wasm', label } = props
  const words = useWords(kitWords)
  const video = useRef<HTMLVideoElement>(null)
  const [state, setState] = useState<ScannerState>('asking')
  const [attempt, setAttempt] = useState(0)
  const read = useRef(onRead)
  read.current = onRead
  useEffect(() => {
    const stop = new AbortController()
    setState('asking')
    if (video.current !== null) {
      const found = (text: string) => read.current(text)
      void look(video.current, { found, setState, formats, wasmUrl, stop: stop.signal })
    }
    return () => stop.abort()
  }, [attempt, wasmUrl])
  useEffect(() => onState?.(state), [state])
  const says = {
    asking: words.cameraAsking,
    looking: words.cameraLooking,
    none: words.cameraNone,
    refused: words.cameraRefused,
    trouble: words.cameraTrouble,
  }[state]
  return (
    <section class={`scanner scanner-${state}`} aria-label={label ?? words.camera}>
      <div class="scanner-view">
        <video class="scanner-video" ref={video} muted playsInline aria-hidden="true" tabIndex={-1} />
        <span class="scanner-frame" aria-hidden="true" />
        {state === 'looking' ? null : <Icon name={state === 'asking' ? 'scan' : 'warning'} size={40} />}
      </div>
      <p class="scanner-says" role="status">
        {says}
      </p>
      {state === 'trouble' || state === 'refused' ? (
        <Button onPress={() => setAttempt(attempt + 1)}>{words.tryAgain}</Button>
      ) : null}
    </section>
  )
}

type Looking = {
  readonly found: (text: string) => void
  readonly setState: (state: ScannerState) => void
  readonly formats: readonly CodeFormat[]
  readonly wasmUrl: string
  readonly stop: AbortSignal
}

/** Time between two looks at the picture: quick enough to feel instant, slow enough for an old phone. */
const lookEveryMs = 120
const looksUntilGone = 10

async function look(video: HTMLVideoElement, { found, setState, formats, wasmUrl, stop }: Looking): Promise<void> {
  let stream: MediaStream | undefined
  const release = () => stream?.getTracks().forEach((track) => track.stop())
  stop.addEventListener('abort', release)
  try {
    // Without a secure context there is no mediaDevices at all.
    if (navigator.mediaDevices === undefined) return setState('none')
    stream = await navigator.mediaDevices.getUserMedia({
      audio: false,
      video: { facingMode: { ideal: 'environment' }, width: { ideal: 1280 }, height: { ideal: 720 } },
    })
    if (stop.aborted) return release()
    video.srcObject = stream
    await video.play()
    const readFrame = await codeReader(formats, wasmUrl)
    if (stop.aborted) return undefined
    setState('looking')
    await readUntilStopped(video, readFrame, found, stop)
  } catch (error) {
    release()
    if (!stop.aborted) setState(stateAfter(error))
  }
}

function stateAfter(error: unknown): ScannerState {
  const name = error instanceof DOMException ? error.name : ''
  if (name === 'NotAllowedError' || name === 'SecurityError') return 'refused'
  if (name === 'NotFoundError' || name === 'OverconstrainedError') return 'none'
  return 'trouble'
}

async function readUntilStopped(
  video: HTMLVideoElement,
  readFrame: FrameReader,
  found: (text: string) => void,
  stop: AbortSignal,
): Promise<void> {
  let last: string | undefined
  let misses = 0
  while (!stop.aborted) {
    const text = video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA ? await readFrame(video) : undefined
    if (stop.aborted) return
    // A code held still is read once, though a shaking hand blurs a look now and then; taken away and shown again,
    // it is read again.
    misses = text === undefined ? misses + 1 : 0
    if (misses >= looksUntilGone) last = undefined
    if (text !== undefined && text !== last) {
      last = text
      found(text)
    }
    await new Promise((resolve) => setTimeout(resolve, lookEveryMs))
  }
}

type FrameReader = (video: HTMLVideoElement) => Promise<string | undefined>

/** The browser's own detector, which TypeScript's DOM does not know yet. */
type NativeDetector = {
  new (options: { formats: string[] }): { detect(source: HTMLVideoElement): Promise<{ readonly rawValue: string }[]> }
  getSupportedFormats(): Promise<string[]>
}

async function codeReader(formats: readonly CodeFormat[], wasmUrl: string): Promise<FrameReader> {
  // A border: the browser's global has no type.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const Detector = (globalThis as { BarcodeDetector?: NativeDetector }).BarcodeDetector
  const wanted = formats.map((format) => FORMATS[format][0])
  const known = new Set(await Detector?.getSupportedFormats())
  if (Detector !== undefined && wanted.every((format) => known.has(format))) {
    const detector = new Detector({ formats: wanted })
    return async (video) => (await detector.detect(video))[0]?.rawValue
  }
  return zxingReader(formats, wasmUrl)
}

let zxing: Promise<typeof import('zxing-wasm/reader')> | undefined

/** zxing, loaded only when a camera is in use (0.9 MB), and once; after a failure it is tried anew. */
function loadedZxing(wasmUrl: string): Promise<typeof import('zxing-wasm/reader')> {
  zxing ??= import('zxing-wasm/reader').then(async (module) => {
    await module.prepareZXingModule({ overrides: { locateFile: () => wasmUrl }, fireImmediately: true })
    return module
  })
  zxing.catch(() => {
    zxing = undefined
  })
  return zxing
}

async function zxingReader(formats: readonly CodeFormat[], wasmUrl: string): Promise<FrameReader> {
  const { readBarcodes } = await loadedZxing(wasmUrl)
  const canvas = document.createElement('canvas')
  const picture = canvas.getContext('2d', { willReadFrequently: true })
  return async (video) => {
    if (picture === null || video.videoWidth === 0) return undefined
    canvas.width = video.videoWidth
    canvas.height = video.videoHeight
    picture.drawImage(video, 0, 0)
    const image = picture.getImageData(0, 0, canvas.width, canvas.height)
    const wanted = formats.map((format) => FORMATS[format][1])
    const codes = await readBarcodes(image, { formats: wanted, maxNumberOfSymbols: 1, tryHarder: false })
    return codes.find((code) => code.isValid)?.text
  }
}
