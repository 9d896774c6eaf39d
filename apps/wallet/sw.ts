// The wallet's service worker: an offline shell, and the one who hears what is pushed (pushed.ts). It keeps the page, its script, style
// and icons; what the hub says (/v1, /health) is never kept, so that nobody is ever shown money as it was.
import { addressOf, heard, isTap, isWalletOf, type Notice } from './pushed.ts'

// A border: the worker's own globals; TypeScript's DOM library describes pages.
// oxlint-disable-next-line typescript/no-unsafe-type-assertion
const worker = globalThis as unknown as {
  addEventListener(
    type: 'install' | 'activate' | 'fetch' | 'message' | 'push' | 'notificationclick',
    listener: (
      event: Event & {
        readonly request: Request
        /** of a message what was posted, of a push its text */
        readonly data: unknown
        readonly notification: Notification
        waitUntil(done: Promise<unknown>): void
        respondWith(answer: Promise<Response>): void
      },
    ) => void,
  ): void
  skipWaiting(): Promise<void>
  readonly clients: {
    claim(): Promise<void>
    matchAll(options: { type: 'window'; includeUncontrolled: true }): Promise<readonly Page[]>
    openWindow(address: string): Promise<unknown>
  }
  readonly registration: ServiceWorkerRegistration
  readonly location: Location
}

/** An open page of this origin. */
type Page = Readonly<{ url: string; focus(): Promise<unknown>; postMessage(message: unknown): void }>

const SHELL = 'warifu-wallet-shell-1'
const PAGE = '/wallet'
const SCRIPT = '/assets/wallet.js'
const FILES = [
  PAGE,
  SCRIPT,
  '/assets/wallet.css',
  '/assets/wallet.webmanifest',
  '/assets/icons/wallet.svg',
  '/assets/icons/wallet-192.png',
  // A phone without a network scans too: the bill that it signs.
  '/assets/zxing_reader.wasm',
]

worker.addEventListener('install', (event) => event.waitUntil(fill()))
worker.addEventListener('activate', (event) => event.waitUntil(clean().then(() => worker.clients.claim())))
worker.addEventListener('message', (event) => {
  if (event.data === 'take over') event.waitUntil(worker.skipWaiting())
})
worker.addEventListener('push', (event) => event.waitUntil(show(textOf(event.data))))
worker.addEventListener('notificationclick', (event) => {
  event.notification.close()
  event.waitUntil(lead(event.notification.data))
})
worker.addEventListener('fetch', (event) => {
  const { request } = event
  const url = new URL(request.url)
  if (request.method !== 'GET' || url.origin !== worker.location.origin) return
  const isPage = request.mode === 'navigate' && (url.pathname === PAGE || url.pathname.startsWith('/j/'))
  if (isPage) event.respondWith(freshOrKept(request, PAGE))
  else if (url.pathname.startsWith('/assets/')) event.respondWith(freshOrKept(request, url.pathname))
})

/** One after the other, so that the same message twice is once. */
let shown: Promise<unknown> = Promise.resolve()
function show(text: string): Promise<unknown> {
  const show = async (notice: Notice | null): Promise<void> =>
    notice === null ? undefined : worker.registration.showNotification(notice.title, notice.options)
  shown = shown.catch(() => undefined).then(() => heard(text, worker.location.origin).then(show))
  return shown
}

const textOf = (data: unknown): string =>
  typeof data === 'object' && data !== null && 'text' in data && typeof data.text === 'function'
    ? String(data.text())
    : ''

/** To the wallet that is open, or to a new one. */
async function lead(data: unknown): Promise<unknown> {
  if (!isTap(data)) return undefined
  const pages = await worker.clients.matchAll({ type: 'window', includeUncontrolled: true })
  const page = pages.find(({ url }) => isWalletOf(data.name, url))
  if (page === undefined) return worker.clients.openWindow(addressOf(data))
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a client is told by its worker: there is no other origin
  page.postMessage(data)
  return page.focus()
}

/** The script's own parts have names that change with each build, so they are read out of it. */
async function fill(): Promise<void> {
  const shell = await caches.open(SHELL)
  await shell.addAll(FILES)
  await fillParts(shell, SCRIPT, new Set())
}

/** What the reader of codes needs is a part of a part: without it a phone without a network could not scan. */
async function fillParts(shell: Cache, path: string, done: Set<string>): Promise<void> {
  const script = await (await shell.match(path))?.text()
  for (const [, name] of (script ?? '').matchAll(/["']\.\/([\w.-]+\.js)["']/gu)) {
    const part = `/assets/${name}`
    if (done.has(part)) continue
    done.add(part)
    await shell.add(part).catch(() => undefined)
    await fillParts(shell, part, done)
  }
}

async function clean(): Promise<void> {
  const names = await caches.keys()
  await Promise.all(
    names
      .filter((name) => name.startsWith('warifu-wallet-shell-') && name !== SHELL)
      .map((name) => caches.delete(name)),
  )
}

/** From the network, and kept; without one what was kept last. */
async function freshOrKept(request: Request, key: string): Promise<Response> {
  const shell = await caches.open(SHELL)
  try {
    const fresh = await fetch(request)
    if (fresh.ok) await shell.put(key, fresh.clone())
    return fresh
  } catch (error) {
    const kept = await shell.match(key)
    if (kept !== undefined) return kept
    throw error
  }
}
