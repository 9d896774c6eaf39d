// The file with the key that seals: in the data folder, readable by the hub's user alone, and in no backup of the database. Hubs on one
// database have the same one.
import { randomBytes } from 'node:crypto'
import { link, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { SEAL_KEY_BYTES } from './seal.ts'

export class SealKeyError extends Error {
  override name = 'SealKeyError'
}

const FORM = /^[0-9a-f]{64}\n?$/

/** The key of the data folder, made where there is none. Throws SealKeyError with a sentence that says what to do. */
export async function sealKeyIn(folder: string): Promise<Uint8Array> {
  const place = join(folder, 'seal.key')
  try {
    const text = (await readIfThere(place)) ?? (await made(place))
    if (!FORM.test(text))
      throw new SealKeyError(`${place} is damaged: bring it back from where you keep a copy, or move it away.`)
    return Buffer.from(text.trim(), 'hex')
  } catch (error) {
    const code: unknown = error instanceof Error ? Reflect.get(error, 'code') : undefined
    if (typeof code !== 'string') throw error
    throw new SealKeyError(`${place} cannot be read or made (${code}). Give the hub's user the right to it.`)
  }
}

/** Whole under its name or not at all; of two hubs that begin at once both get the one that was there first. */
async function made(place: string): Promise<string> {
  const unfinished = `${place}.${randomBytes(8).toString('hex')}`
  try {
    const text = `${randomBytes(SEAL_KEY_BYTES).toString('hex')}\n`
    await writeFile(unfinished, text, { flag: 'wx', mode: 0o600, flush: true })
    await link(unfinished, place)
    return text
  } catch (error) {
    const other = await readIfThere(place)
    if (other === undefined) throw error
    return other
  } finally {
    await rm(unfinished, { force: true })
  }
}

const readIfThere = (place: string): Promise<string | undefined> =>
  readFile(place, 'utf8').catch((error: unknown) => {
    if (error instanceof Error && Reflect.get(error, 'code') === 'ENOENT') return undefined
    throw error
  })
