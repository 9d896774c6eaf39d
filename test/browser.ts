// A real Chromium for tests: the one inside @sparticuz/chromium or the machine's own; a camera that shows a QR code;
// axe-core run inside a page. Nothing is downloaded.
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir, userInfo } from 'node:os'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import type { Browser, Page } from 'playwright-core'
import { chromium } from 'playwright-core'
import { encodeQR } from 'qr'

const require = createRequire(import.meta.url)
const run = promisify(execFile)

export type BrowserOptions = {
  /** A .y4m file (see `writeQrVideo`) that the camera shows. Without it the browser has no camera to offer. */
  readonly cameraVideo?: string
  readonly args?: readonly string[]
  /** One that shows notifications: `hasWholeBrowser` says whether there is one. */
  readonly isWhole?: boolean
}

/**
 * Starts Chromium without a window; close it when done. `CHROMIUM` may be the path of one, or `bundled`. Without it the one in node_modules is taken: it
 * has no parts for windows, and does the same pages with a third less work than a whole browser. Where it does not run, the machine's own.
 */
export async function launchBrowser(options: BrowserOptions = {}): Promise<Browser> {
  const { executablePath, libraries } = await chromiumToUse(options.isWhole ?? false)
  const camera =
    options.cameraVideo === undefined
      ? []
      : [
          '--use-fake-device-for-media-stream',
          '--use-fake-ui-for-media-stream',
          `--use-file-for-fake-video-capture=${options.cameraVideo}`,
        ]
  return chromium.launch({
    executablePath,
    headless: true,
    env: environment(libraries),
    // Playwright itself disables the sandbox, which neither root nor most containers can have.
    chromiumSandbox: false,
    args: [
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--font-render-hinting=none',
      ...camera,
      ...(options.args ?? []),
    ],
  })
}

/** Writes a short video (.y4m, 640 × 480) that shows a QR code of `text`, for `cameraVideo`. */
export async function writeQrVideo(path: string, text: string): Promise<void> {
  const [width, height, frames] = [640, 480, 4]
  const rows = encodeQR(text, 'raw', { ecc: 'medium', border: 4 })
  const module = Math.floor(height / rows.length)
  const left = Math.floor((width - rows.length * module) / 2)
  const top = Math.floor((height - rows.length * module) / 2)
  const light = new Uint8Array(width * height).fill(235)
  for (let y = 0; y < rows.length * module; y++) {
    for (let x = 0; x < rows.length * module; x++) {
      const isDark = rows[Math.floor(y / module)]?.[Math.floor(x / module)] === true
      if (isDark) light[(top + y) * width + left + x] = 16
    }
  }
  // Grey has no colour: both colour planes (a quarter of the size each) stay in the middle.
  const colour = new Uint8Array((width * height) / 2).fill(128)
  const frame = [Buffer.from('FRAME\n'), light, colour]
  const head = Buffer.from(`YUV4MPEG2 W${width} H${height} F10:1 Ip A1:1 C420mpeg2\n`)
  await writeFile(path, Buffer.concat([head, ...Array.from({ length: frames }, () => frame).flat()]))
}

export type Violation = { readonly rule: string; readonly help: string; readonly where: readonly string[] }

/** What axe-core finds wrong by WCAG 2.2 AA and best practice; an empty list is a pass. */
export async function axeViolations(page: Page): Promise<readonly Violation[]> {
  await putAxeInto(page)
  return page.evaluate(async () => {
    // A border: axe put itself into the page just above.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    const { axe } = globalThis as unknown as { axe: typeof import('axe-core') }
    const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']
    // What passed is counted and not described: nobody reads it, and it is half the work.
    const { violations } = await axe.run(document, { runOnly: tags, resultTypes: ['violations'] })
    return violations.map(({ id, help, nodes }) => ({
      rule: id,
      help,
      where: nodes.map((node) => `${node.html.slice(0, 160)} — ${node.failureSummary ?? ''}`),
    }))
  })
}

const serving = new Set<string>()
let axeSource: Promise<string> | undefined
const readAxe = (): Promise<string> => (axeSource ??= readFile(require.resolve('axe-core/axe.min.js'), 'utf8'))

/** The file that puts axe into pages of this origin, for its server to serve at `AXE_PATH`: it is quicker so than through the debugger. */
export const AXE_PATH = '/assets/axe-for-tests.js'
export async function axeFile(): Promise<{ body: Uint8Array; type: string; etag: string }> {
  return { body: Buffer.from(await readAxe()), type: 'text/javascript; charset=utf-8', etag: '"axe"' }
}

/** From now on pages of this origin get axe from their server. */
export const axeIsServedAt = (origin: string): void => void serving.add(origin)

/**
 * By import or evaluation rather than as a script in the document: the pages' CSP allows no script but their own, if any, and nothing is
 * added to them. What cannot be imported, because the network is cut, is evaluated.
 */
async function putAxeInto(page: Page): Promise<void> {
  const isServed = serving.has(new URL(page.url()).origin)
  const isThere = await page.evaluate(
    async ([path, mayImport]) => {
      const hasScripts = document.querySelector('script[src]') !== null
      if (!('axe' in globalThis) && mayImport && hasScripts) await import(path).catch(() => undefined)
      return 'axe' in globalThis
    },
    [AXE_PATH, isServed] as const,
  )
  if (!isThere) await page.evaluate(await readAxe())
}

/** It is built for one kind of machine. */
const runsBundled = process.platform === 'linux' && process.arch === 'x64'

type Chromium = { readonly executablePath: string; readonly libraries?: string }

const placesOnTheMachine = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome-stable',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
]

const onTheMachine = placesOnTheMachine.find((place) => existsSync(place))

/** The one in node_modules has no notifications: it says that they were shown, and has none. */
export const hasWholeBrowser = process.env['CHROMIUM'] !== 'bundled' && (wantedBrowser() ?? onTheMachine) !== undefined

function wantedBrowser(): string | undefined {
  const wanted = process.env['CHROMIUM'] ?? ''
  return wanted === '' ? undefined : wanted
}

async function chromiumToUse(isWhole: boolean): Promise<Chromium> {
  const wanted = wantedBrowser()
  if (wanted === 'bundled') return bundledChromium()
  if (wanted !== undefined) return { executablePath: wanted }
  return (runsBundled && !isWhole) || onTheMachine === undefined ? bundledChromium() : { executablePath: onTheMachine }
}

/**
 * Unpacks the Chromium of @sparticuz/chromium once per user and version. It always unpacks into the temporary folder,
 * straight into the final name: so it does that in a process and folder of its own, and the finished folder is moved
 * into place. Users and concurrent tests do not meet half a browser or one that belongs to somebody else.
 */
async function bundledChromium(): Promise<Chromium> {
  const manifest = require.resolve('@sparticuz/chromium').replace(/build.*$/u, 'package.json')
  // A border: every package.json has a version.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const { version } = JSON.parse(await readFile(manifest, 'utf8')) as { version: string }
  const folder = join(tmpdir(), `warifu-chromium-${version}-${userInfo().uid}`)
  if (!existsSync(folder)) await unpackInto(folder)
  const executablePath = join(folder, 'chromium')
  const libraries = join(folder, 'al2023', 'lib')
  return (await lacksLibraries(executablePath)) ? { executablePath, libraries } : { executablePath }
}

async function unpackInto(folder: string): Promise<void> {
  const half = await mkdtemp(`${folder}-`)
  const script = `
    import { dirname, join } from 'node:path'
    import { fileURLToPath } from 'node:url'
    import chromium, { inflate } from '@sparticuz/chromium'
    await chromium.executablePath()
    const entry = fileURLToPath(import.meta.resolve('@sparticuz/chromium'))
    await inflate(join(dirname(dirname(entry)), 'bin', 'al2023.tar.br'))`
  await run(process.execPath, ['--input-type=module', '--eval', script], {
    cwd: import.meta.dirname,
    env: { ...process.env, TMPDIR: half },
  })
  try {
    await rename(half, folder)
  } catch (error) {
    await rm(half, { recursive: true, force: true })
    // Another test may have been quicker; then its browser is as good.
    if (!existsSync(folder)) throw error
  }
}

/** Bare machines lack the libraries of a browser (NSS and others); the package carries them for such. */
async function lacksLibraries(executablePath: string): Promise<boolean> {
  try {
    const { stdout } = await run('ldd', [executablePath])
    return stdout.includes('not found')
  } catch {
    return false
  }
}

function environment(libraries: string | undefined): Record<string, string> {
  const own = Object.fromEntries(
    Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined),
  )
  if (libraries === undefined) return own
  const path = [libraries, own['LD_LIBRARY_PATH']].filter(Boolean).join(delimiter)
  return { ...own, LD_LIBRARY_PATH: path }
}
