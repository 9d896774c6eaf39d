// A shop's counter for browser stories: a hub with its pages, a register and phones as machines of their own, each looked
// at by axe-core in both themes (and by people: SCREENSHOTS names a folder for pictures of every screen).
import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import type { BrowserContext, BrowserContextOptions, Page } from 'playwright-core'
import type { Locale } from '#ui/i18n.ts'
import { AXE_PATH, axeFile, axeIsServedAt, axeViolations, launchBrowser } from '../browser.ts'
import { bundledApps } from './bundle.ts'
import { startTestHub, type TestHub } from './hub.ts'
import { registerPage, type RegisterPage } from './register-page.ts'
import { openWalletPage, type WalletPage } from './wallet-page.ts'

/** The PIN of both people of the demo town. */
export const PIN = '2468'
export const PHONE = { width: 360, height: 740 } as const
export const TILL = { width: 1024, height: 768 } as const

export type MachineOptions = Readonly<{
  language?: Locale
  /** where it reaches the hub, when not straight away */
  hub?: string
  context?: BrowserContextOptions
  /** complaints of the browser that belong to the story: a cut network, a refusal */
  allows?: RegExp
}>

export type Machine = Readonly<{ context: BrowserContext; page: Page }>

/** Refusals are answers, and the browser writes every answer above 399 to its console. */
export const REFUSALS = /the server responded with a status of 4\d\d/u
/** What the browser says when it reaches nobody. */
export const CUTS = /net::ERR_|WebSocket connection to|Failed to load resource|ServiceWorker/u

/** What Playwright says in the page's place where there are to be none. */
const NO_WORKERS = 'Service Worker registration blocked by Playwright'

export type Counter = Awaited<ReturnType<typeof openCounter>>

/**
 * Starts a hub and a browser whose camera shows the video at `camera`, once somebody has written one there. `hasWorkers: false` for stories
 * with the network: a third of the work of opening a page is its service worker, which fetches everything once more.
 */
export async function openCounter({
  hasWorkers = true,
  isWhole = false,
  ...over
}: Parameters<typeof startTestHub>[0] & Readonly<{ hasWorkers?: boolean; isWhole?: boolean }> = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'warifu-counter-'))
  const camera = join(folder, 'camera.y4m')
  const [apps, axe, browser] = await Promise.all([
    bundledApps(),
    axeFile(),
    launchBrowser({ cameraVideo: camera, isWhole }),
  ])
  const files = new Map([...apps, [AXE_PATH, axe]])
  const hub: TestHub = await startTestHub({ files, ...over })
  axeIsServedAt(hub.url)
  return {
    hub,
    browser,
    files,
    camera,
    hasWorkers,
    async close(): Promise<void> {
      await browser.close()
      await hub.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** Lets machines play a story and shuts them down; a word on any console or a breach of the content policy fails it. */
export async function atTheCounter(
  { browser, hub, hasWorkers = true }: Pick<Counter, 'browser' | 'hub'> & Partial<Pick<Counter, 'hasWorkers'>>,
  story: (open: {
    machine: (options: MachineOptions) => Promise<Machine>
    register: (options?: MachineOptions) => Promise<RegisterPage & Machine>
    phone: (options?: MachineOptions & { device?: string }) => Promise<WalletPage & Machine>
  }) => Promise<void>,
): Promise<void> {
  const complaints: string[] = []
  const contexts: BrowserContext[] = []
  const machine = async (options: MachineOptions): Promise<Machine> => {
    const context = await browser.newContext({
      locale: options.language === 'ja' ? 'ja-JP' : 'en-GB',
      colorScheme: 'light',
      reducedMotion: 'reduce',
      serviceWorkers: hasWorkers ? 'allow' : 'block',
      ...options.context,
    })
    contexts.push(context)
    context.setDefaultTimeout(15_000)
    context.on('console', (message) => {
      const isBad = ['warning', 'error'].includes(message.type()) && message.text() !== NO_WORKERS
      if (isBad && options.allows?.test(message.text()) !== true) complaints.push(message.text())
    })
    context.on('weberror', (error) => complaints.push(String(error.error())))
    return { context, page: await context.newPage() }
  }
  try {
    await story({
      machine,
      async register(options = {}) {
        const made = await machine({ ...options, context: { viewport: TILL, ...options.context } })
        await made.page.goto(`${options.hub ?? hub.url}/register`)
        const register = registerPage(made.page, options.language ?? 'en')
        await register.on('keying')
        return { ...made, ...register }
      },
      async phone(options = {}) {
        const made = await machine({ ...options, context: { viewport: PHONE, ...options.context } })
        const { device, language } = options
        const wallet = await openWalletPage(made.page, {
          hub: options.hub ?? hub.url,
          ...(device && { device }),
          ...(language && { language }),
        })
        return { ...made, ...wallet }
      },
    })
    assert.deepEqual(complaints, [])
  } catch (error) {
    await photographTrouble(contexts)
    throw error
  } finally {
    await Promise.all(contexts.map((context) => context.close()))
  }
}

/**
 * Looks hard at a screen: axe-core finds nothing in light and, where it is in English, in dark (words have the same colours in every language);
 * nothing sticks out at the side. `name` is the picture's, where pictures are wanted.
 */
export async function look(page: Page, name: string): Promise<void> {
  await page.evaluate(() => document.fonts.ready.then(() => undefined))
  await photograph(page, `${name}-light`)
  assert.deepEqual(await axeViolations(page), [], name)
  const isPictured = album !== undefined && album !== ''
  if (isPictured || (await page.evaluate(() => document.documentElement.lang)) === 'en') {
    await page.emulateMedia({ colorScheme: 'dark' })
    await photograph(page, `${name}-dark`)
    assert.deepEqual(await paleTexts(page), [], `${name}, dark`)
    await page.emulateMedia({ colorScheme: 'light' })
  }
  const [inner, outer] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth])
  assert.equal(inner, outer, `${name}: nothing sticks out`)
}

/** Themes differ in colours alone, so in the second one axe, which is on the page by now, looks at those only. */
const paleTexts = (page: Page): Promise<readonly string[]> =>
  page.evaluate(async () => {
    // A border: axe put itself into the page when the first theme was looked at.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    const { axe } = globalThis as unknown as { axe: typeof import('axe-core') }
    const { violations } = await axe.run(document, {
      runOnly: { type: 'rule', values: ['color-contrast'] },
      resultTypes: ['violations'],
    })
    return violations.flatMap(({ nodes }) => nodes.map(({ html, failureSummary }) => `${html} — ${failureSummary}`))
  })

const album = process.env['SCREENSHOTS']

export async function photograph(page: Page, name: string): Promise<void> {
  if (album === undefined || album === '') return
  await mkdir(album, { recursive: true })
  await page.screenshot({ path: join(album, `${name}.png`) })
}

async function photographTrouble(contexts: readonly BrowserContext[]): Promise<void> {
  const pages = contexts.flatMap((context) => context.pages())
  for (const [index, page] of pages.entries()) await photograph(page, `trouble-${index}`).catch(() => undefined)
}

/** The balance that the phone's home shows, in yen. */
export async function balanceOf({ page }: Pick<WalletPage, 'page'>): Promise<number> {
  const shown = await page.locator('.balance .amount .hidden').textContent()
  return Number((shown ?? '').replaceAll(/[^\d-]/gu, ''))
}

export type Wire = Readonly<{
  url: string
  /** Pulls the plug: what is open breaks, nothing new gets through. */
  cut(): void
  mend(): void
  /** From now on what is sent reaches the hub and every answer is lost. */
  loseAnswers(): void
  close(): Promise<void>
}>

/** A cable to the hub that can be pulled out. */
export async function cableTo(hub: Pick<TestHub, 'port'>): Promise<Wire> {
  let isCut = false
  let isDeaf = false
  const open = new Set<Socket>()
  const keep = (socket: Socket): Socket => {
    open.add(socket)
    socket.on('close', () => open.delete(socket))
    // A broken cable is what this is for.
    socket.on('error', () => socket.destroy())
    return socket
  }
  const server = createServer((near) => {
    keep(near)
    if (isCut) return near.destroy()
    const far = keep(connect(hub.port, 'localhost'))
    near.pipe(far)
    far.on('data', (bytes) => isDeaf || near.write(bytes))
    far.on('close', () => near.destroy())
    near.on('close', () => far.destroy())
    return undefined
  })
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve))
  const address = server.address()
  assert(typeof address === 'object' && address !== null)
  const breakAll = (): void => open.forEach((socket) => socket.destroy())
  return {
    url: `http://localhost:${address.port}`,
    cut() {
      isCut = true
      isDeaf = false
      breakAll()
    },
    mend() {
      isCut = false
    },
    loseAnswers() {
      isDeaf = true
    },
    async close() {
      breakAll()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}

/** Asks the hub's database, for what no screen can bring about in a test's time. */
export async function inDatabase(hub: TestHub, statement: string): Promise<void> {
  const client = new pg.Client(hub.settings)
  await client.connect()
  await client.query(statement)
  await client.end()
}
