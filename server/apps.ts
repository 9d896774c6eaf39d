// The browser's side: each app is bundled by esbuild once per start into memory and served with its pages, icons and service workers.
import { readdir, readFile } from 'node:fs/promises'
import { createHash } from 'node:crypto'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, stop } from 'esbuild'
import type { FastifyInstance } from 'fastify'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const APPS = ['wallet', 'register', 'town', 'merchant', 'desk', 'signin', 'inbox', 'pay'] as const
type App = (typeof APPS)[number]

type File = Readonly<{ body: Uint8Array; type: string; etag: string }>

/** Every file the browser may ask for, by path. */
export type Files = ReadonlyMap<string, File>

const TYPES: Readonly<Record<string, string>> = {
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  html: 'text/html; charset=utf-8',
  svg: 'image/svg+xml',
  png: 'image/png',
  wasm: 'application/wasm',
  webmanifest: 'application/manifest+json',
  map: 'application/json',
}

/** Bundles all apps. Throws with esbuild's message when an app does not build. */
export async function bundleApps(): Promise<Files> {
  const files = new Map<string, File>()
  const add = (path: string, body: Uint8Array): void => {
    const type = TYPES[path.slice(path.lastIndexOf('.') + 1)] ?? 'application/octet-stream'
    files.set(path, { body, type, etag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"` })
  }
  const folder = (app: App): string => join(ROOT, 'apps', app)
  const shared = {
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    write: false,
    legalComments: 'none',
    logLevel: 'silent',
    absWorkingDir: ROOT,
  } as const
  const [pages, workers, component] = await Promise.all([
    build({
      ...shared,
      entryPoints: APPS.flatMap((app) => [
        { in: join(folder(app), 'main.tsx'), out: app },
        { in: join(folder(app), 'app.css'), out: app },
      ]),
      splitting: true,
      chunkNames: 'chunk-[hash]',
      jsx: 'automatic',
      jsxImportSource: 'preact',
      outdir: '/assets',
    }),
    build({
      ...shared,
      entryPoints: [
        { in: join(folder('wallet'), 'sw.ts'), out: 'wallet-sw' },
        { in: join(folder('register'), 'sw.ts'), out: 'register-sw' },
      ],
      outdir: '/',
    }),
    // For other people's pages: one file that leaves no name behind.
    build({
      ...shared,
      format: 'iife',
      entryPoints: [{ in: join(ROOT, 'apps', 'component', 'warifu-pay.ts'), out: 'warifu-pay' }],
      outdir: '/component',
    }),
  ])
  // esbuild's own process has done its work; at rest it would cost 20 MB.
  await stop()
  for (const { path, contents } of [...pages.outputFiles, ...workers.outputFiles, ...component.outputFiles])
    add(path, contents)
  for (const app of APPS) {
    add(`/${app}.html`, await readFile(join(folder(app), 'index.html')))
    const manifest = await readFile(join(folder(app), 'app.webmanifest')).catch(() => null)
    if (manifest !== null) add(`/assets/${app}.webmanifest`, manifest)
  }
  for (const icon of await readdir(join(ROOT, 'apps', 'icons')).catch(() => [])) {
    add(`/assets/icons/${icon}`, await readFile(join(ROOT, 'apps', 'icons', icon)))
  }
  const reader = dirname(createRequire(import.meta.url).resolve('zxing-wasm/reader'))
  const wasm = join(
    reader.slice(0, reader.lastIndexOf('zxing-wasm') + 'zxing-wasm'.length),
    'dist',
    'reader',
    'zxing_reader.wasm',
  )
  add('/assets/zxing_reader.wasm', await readFile(wasm))
  return files
}

/** Serves the files; `/j/<token>` and a sign's `/t/<point>` are the wallet, so that a phone's own camera opens it. */
export function serveApps(app: FastifyInstance, files: Files): void {
  const send = (path: string, route: string): void => {
    const file = files.get(path)
    if (file === undefined) return
    // Chunks carry their hash in their name and never change; everything else is asked for again.
    const keep = path.startsWith('/assets/chunk-') ? 'public, max-age=31536000, immutable' : 'no-cache'
    app.get(route, async (request, reply) => {
      reply.header('cache-control', keep).header('etag', file.etag)
      // Also where it has not changed: a browser takes over the headers of a 304.
      if (path.startsWith('/component/'))
        reply.header('cross-origin-resource-policy', 'cross-origin').header('access-control-allow-origin', '*')
      if (request.headers['if-none-match'] === file.etag) return reply.code(304).send()
      if (path.endsWith('-sw.js')) reply.header('service-worker-allowed', '/')
      return reply.type(file.type).send(Buffer.from(file.body))
    })
  }
  for (const path of files.keys()) if (!path.endsWith('.html')) send(path, path)
  send('/town.html', '/')
  send('/register.html', '/register')
  send('/wallet.html', '/wallet')
  send('/merchant.html', '/office')
  send('/desk.html', '/desk')
  send('/inbox.html', '/demo/mail')
  send('/pay.html', '/pay/:link')
  send('/wallet.html', '/j/:token')
  send('/wallet.html', '/t/:point')
}
