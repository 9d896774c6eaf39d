// The register's service worker: opens the page's shell when the network is away. It never answers for the hub: what
// is under /v1 goes to the network or nowhere.

// A border of types: the library of the page knows no service workers; these are the parts used here.
type Extendable = Event & { waitUntil(until: Promise<unknown>): void }
type FetchAsked = Extendable & { readonly request: Request; respondWith(answer: Promise<Response>): void }

const SHELL = 'warifu-register-1'
const PAGE = '/register'

addEventListener('install', (event) => {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  ;(event as Extendable).waitUntil(keepPage())
})

addEventListener('activate', (event) => {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  ;(event as Extendable).waitUntil(forgetOlder())
})

addEventListener('fetch', (event) => {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const asked = event as FetchAsked
  const { request } = asked
  const { origin, pathname } = new URL(request.url)
  const isShell = pathname === PAGE || pathname.startsWith('/assets/')
  if (request.method === 'GET' && origin === location.origin && isShell) asked.respondWith(shellOf(request))
})

/** The page and all it needs, so that the very first visit is already enough. */
async function keepPage(): Promise<void> {
  const cache = await caches.open(SHELL)
  // The camera reads the answer of a phone without a network, at a register that has none either.
  await cache.addAll([PAGE, '/assets/register.css', '/assets/zxing_reader.wasm'])
  await keepScript(cache, '/assets/register.js')
}

/** A script and the parts it imports, whose names change with each build. */
async function keepScript(cache: Cache, path: string): Promise<void> {
  if ((await cache.match(path)) !== undefined && path.includes('chunk-')) return
  await cache.add(path)
  const script = (await (await cache.match(path))?.text()) ?? ''
  for (const [, part] of script.matchAll(/["']\.\/([\w.-]+\.js)["']/gu)) {
    await keepScript(cache, `/assets/${part}`)
  }
}

/** Fresh from the hub when it answers, else what was seen last: a shell that is too old could not speak with its hub. */
async function shellOf(request: Request): Promise<Response> {
  const cache = await caches.open(SHELL)
  try {
    const response = await fetch(request)
    if (response.ok) await cache.put(request, response.clone())
    return response
  } catch (error) {
    const kept = await cache.match(request, { ignoreSearch: true, ignoreVary: true })
    if (kept === undefined) throw error
    return kept
  }
}

async function forgetOlder(): Promise<void> {
  for (const name of await caches.keys()) {
    if (name.startsWith('warifu-register-') && name !== SHELL) await caches.delete(name)
  }
}
