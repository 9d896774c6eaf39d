// The apps as the hub serves them, bundled once for each state of their sources and kept in node_modules/.cache for all test files.
import { createHash } from 'node:crypto'
import { glob, mkdir, readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { deserialize, serialize } from 'node:v8'
import { bundleApps, type Files } from '#server/apps.ts'

const ROOT = resolve(import.meta.dirname, '..', '..')
const CACHE = join(ROOT, 'node_modules', '.cache', 'warifu-apps')
/** All that may come into a bundle, by the floors, and what makes it. */
const SOURCES = [
  '{apps,ui,sdk,protocol,core}/**/*.*',
  'server/apps.ts',
  'package.json',
  'package-lock.json',
  'tsconfig.json',
]
/** What nobody has made or asked for since belongs to sources of before. */
const KEPT_MS = 24 * 3_600_000

/** What `bundleApps` gives. */
export async function bundledApps(): Promise<Files> {
  const digest = await digestOfSources()
  const path = join(CACHE, digest)
  const kept = await readFile(path).catch(() => undefined)
  // Border: this function wrote it.
  if (kept !== undefined) return deserialize(kept) as Files
  const files = await bundleApps()
  // Somebody may have saved a source meanwhile.
  if ((await digestOfSources()) !== digest) return files
  await mkdir(CACHE, { recursive: true })
  // Under its name it is whole: another test may look for it at this moment.
  const half = `${path}-${process.pid}`
  await writeFile(half, serialize(files))
  await rename(half, path)
  await forgetOld()
  return files
}

async function digestOfSources(): Promise<string> {
  const paths = (await Array.fromAsync(glob(SOURCES, { cwd: ROOT }))).toSorted()
  const hash = createHash('sha256')
  const texts = await Promise.all(paths.map((path) => readFile(join(ROOT, path)).catch(() => null)))
  for (const [index, text] of texts.entries())
    if (text !== null) hash.update(`${paths[index]} ${text.length} `).update(text)
  return hash.digest('hex').slice(0, 32)
}

async function forgetOld(): Promise<void> {
  for (const name of await readdir(CACHE)) {
    const path = join(CACHE, name)
    const found = await stat(path).catch(() => undefined)
    if (found !== undefined && Date.now() - found.mtimeMs > KEPT_MS) await rm(path, { force: true })
  }
}
