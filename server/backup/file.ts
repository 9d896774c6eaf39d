// A backup is one file: a line that says what it is, a zstd stream of frames, and a line that says that it is all there.
//
//   warifu backup 1\n … \nend of backup\n
//   frame = kind 1 | length 4, big-endian | bytes
//     'M' the manifest's beginning, JSON: what this backup is of, and its tables with their columns
//     'T' a table begins, its name · 'D' bytes of COPY in text form · 'E' the table's end, JSON: rows, bytes, SHA-256
//     'Z' the end, JSON: SHA-256 of all frames before
//
// A file without its 'Z', or with another hash anywhere, is no backup. Text form, because it is the one that other versions of PostgreSQL read.
import { createHash, type Hash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { finished, pipeline } from 'node:stream/promises'
import { once } from 'node:events'
import { createZstdCompress, createZstdDecompress, constants } from 'node:zlib'

const FIRST_LINE = 'warifu backup 1\n'
const LAST_LINE = '\nend of backup\n'
const HEADER_BYTES = 5
/** Rows are gathered to frames of this size. */
const FRAME_BYTES = 256 * 1024
/** A frame that says more is damage: the longest row is a bill of some hundred kilobytes. */
const LONGEST_FRAME = 64 * 1024 * 1024
/** In the order of the format's own levels; 3 is zstd's default and five times as fast as gzip for the same size. */
const LEVEL = 3

export type Manifest = Readonly<{
  format: 1
  program: string
  scheme: Readonly<{ id: string; name: string; buckets: number }>
  /** the database's clock, milliseconds since 1970: the snapshot's moment */
  at: number
  postgres: string
  migrations: readonly Readonly<{ number: number; name: string; sha256: string }>[]
  heads: readonly Readonly<{ bucket: number; sequence: string; hash: string }>[]
  tables: readonly Readonly<{ name: string; columns: readonly string[] }>[]
}>

export type TableEnd = Readonly<{ rows: number; bytes: number; sha256: string }>

/** The file is not a whole backup, or not one that this program can read. */
export class BackupError extends Error {
  override name = 'BackupError'
}

export type BackupWriter = Readonly<{
  manifest(manifest: Manifest): Promise<void>
  table(name: string): Promise<void>
  row(bytes: Uint8Array): void | Promise<void>
  endTable(): Promise<TableEnd>
  /** writes the end and gives the file its name */
  end(): Promise<void>
  /** leaves nothing behind */
  abandon(): Promise<void>
}>

/** Writes beside `path` and gives the file its name when it is whole and on the disk. Only its owner may read it. */
export async function writeBackup(path: string): Promise<BackupWriter> {
  // 'wx' refuses a name that is taken, before anything is read: nobody's backup is written over.
  await (await open(path, 'wx', 0o600)).close()
  const unfinished = `${path}.unfinished`
  await rm(unfinished, { force: true })
  const file = createWriteStream(unfinished, { flags: 'wx', mode: 0o600, flush: true })
  file.write(FIRST_LINE)
  const zstd = createZstdCompress({
    params: { [constants.ZSTD_c_compressionLevel]: LEVEL, [constants.ZSTD_c_checksumFlag]: 1 },
  })
  const written = pipeline(zstd, file, { end: false })
  written.catch(() => {})
  const whole = createHash('sha256')
  let table: { hash: Hash; rows: number; bytes: number } | undefined
  let gathered: Uint8Array[] = []
  let size = 0

  async function frame(kind: string, ...parts: readonly Uint8Array[]): Promise<void> {
    const header = Buffer.alloc(HEADER_BYTES)
    header.write(kind, 0, 'latin1')
    header.writeUInt32BE(
      parts.reduce((total, part) => total + part.length, 0),
      1,
    )
    // One piece: each write to zstd is a job of its own on another thread.
    const bytes = Buffer.concat([header, ...parts])
    whole.update(bytes)
    const room = zstd.write(bytes)
    if (!room) await Promise.race([once(zstd, 'drain'), written])
  }
  async function flush(): Promise<void> {
    if (size === 0) return
    const parts = gathered
    gathered = []
    size = 0
    await frame('D', ...parts)
  }
  const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value))

  return {
    manifest: (manifest) => frame('M', json(manifest)),
    async table(name) {
      table = { hash: createHash('sha256'), rows: 0, bytes: 0 }
      await frame('T', Buffer.from(name))
    },
    row(bytes) {
      if (table === undefined) throw new Error('a row belongs to a table')
      table.hash.update(bytes)
      table.rows++
      table.bytes += bytes.length
      // The driver's chunk is a window on a buffer that it uses again.
      gathered.push(Uint8Array.from(bytes))
      size += bytes.length
      return size < FRAME_BYTES ? undefined : flush()
    },
    async endTable() {
      if (table === undefined) throw new Error('a table ends once')
      await flush()
      const end = { rows: table.rows, bytes: table.bytes, sha256: table.hash.digest('hex') }
      table = undefined
      await frame('E', json(end))
      return end
    },
    async end() {
      await frame('Z', json({ sha256: whole.copy().digest('hex') }))
      zstd.end()
      await written
      file.end(LAST_LINE)
      await finished(file)
      await rename(unfinished, path)
      const folder = await open(dirname(path))
      try {
        await folder.sync()
      } finally {
        await folder.close()
      }
    },
    async abandon() {
      zstd.destroy()
      await finished(file).catch(() => {})
      await rm(unfinished, { force: true })
      await rm(path, { force: true })
    },
  }
}

export type Frame =
  | Readonly<{ kind: 'manifest'; manifest: Manifest }>
  | Readonly<{ kind: 'table'; name: string }>
  | Readonly<{ kind: 'data'; bytes: Uint8Array }>
  | Readonly<{ kind: 'end of table'; end: TableEnd }>

/** The frames of a backup, each judged before it is given on; after the last one the whole is. Throws BackupError for any damage. */
export async function* readBackup(path: string): AsyncGenerator<Frame> {
  const whole = createHash('sha256')
  let table: { name: string; hash: Hash; bytes: number; rows: number } | undefined
  let waiting: string[] | undefined
  let ended = false
  for await (const { kind, bytes, raw } of frames(path)) {
    if (ended) throw damaged('goes on after its end')
    if (kind === 'Z') {
      if (parsed<{ sha256: string }>(bytes).sha256 !== whole.digest('hex'))
        throw damaged('has another hash than its end says')
      if (waiting === undefined || waiting.length > 0 || table !== undefined) throw damaged('lacks tables')
      ended = true
      continue
    }
    for (const part of raw) whole.update(part)
    if (kind === 'M' && waiting === undefined) {
      const manifest = parsed<Manifest>(bytes)
      if (manifest.format !== 1)
        throw damaged(`is of format ${String(manifest.format)}, which this program does not know`)
      waiting = manifest.tables.map(({ name }) => name)
      yield { kind: 'manifest', manifest }
    } else if (kind === 'T' && table === undefined && waiting !== undefined) {
      const name = Buffer.from(bytes).toString()
      if (waiting.shift() !== name) throw damaged(`has ${name} where its manifest has another table`)
      table = { name, hash: createHash('sha256'), bytes: 0, rows: 0 }
      yield { kind: 'table', name }
    } else if (kind === 'D' && table !== undefined) {
      table.hash.update(bytes)
      table.bytes += bytes.length
      table.rows += newlines(bytes)
      yield { kind: 'data', bytes }
    } else if (kind === 'E' && table !== undefined) {
      const end = parsed<TableEnd>(bytes)
      const { name, hash, ...counted } = table
      table = undefined
      if (end.sha256 !== hash.digest('hex') || end.rows !== counted.rows || end.bytes !== counted.bytes)
        throw damaged(`is damaged in table ${name}`)
      yield { kind: 'end of table', end }
    } else throw damaged('has a part where none belongs')
  }
  if (!ended) throw damaged('is cut off')
}

/** Reads the whole file without giving anything on. Throws BackupError for any damage. */
export async function verifyBackup(path: string): Promise<{ manifest: Manifest; rows: number; bytes: number }> {
  let manifest: Manifest | undefined
  let rows = 0
  let bytes = 0
  for await (const frame of readBackup(path)) {
    if (frame.kind === 'manifest') manifest = frame.manifest
    if (frame.kind !== 'end of table') continue
    rows += frame.end.rows
    bytes += frame.end.bytes
  }
  if (manifest === undefined) throw damaged('has no manifest')
  return { manifest, rows, bytes }
}

async function* frames(path: string): AsyncGenerator<{ kind: string; bytes: Uint8Array; raw: readonly Uint8Array[] }> {
  const end = await streamEnd(path)
  const zstd = createZstdDecompress()
  const reading = pipeline(createReadStream(path, { start: FIRST_LINE.length, end: end - 1 }), zstd)
  reading.catch(() => {})
  let held = Buffer.alloc(0)
  try {
    for await (const chunk of zstd) {
      held = held.length === 0 ? chunk : Buffer.concat([held, chunk])
      for (;;) {
        if (held.length < HEADER_BYTES) break
        const length = held.readUInt32BE(1)
        if (length > LONGEST_FRAME) throw damaged('has a part that is too long')
        if (held.length < HEADER_BYTES + length) break
        const [header, bytes] = [held.subarray(0, HEADER_BYTES), held.subarray(HEADER_BYTES, HEADER_BYTES + length)]
        yield { kind: header.toString('latin1', 0, 1), bytes, raw: [header, bytes] }
        held = held.subarray(HEADER_BYTES + length)
      }
    }
  } catch (error) {
    if (error instanceof BackupError) throw error
    const code = error instanceof Error ? String(Reflect.get(error, 'code')) : ''
    if (!/^(ZSTD|ERR_ZSTD|Z_|ERR_STREAM_PREMATURE)/.test(code)) throw error
    throw damaged('cannot be unpacked')
  } finally {
    zstd.destroy()
  }
  if (held.length > 0) throw damaged('is cut off')
}

/** Where the stream between the two lines ends. Throws BackupError when a line is missing. */
async function streamEnd(path: string): Promise<number> {
  const file = await open(path)
  try {
    const { size } = await file.stat()
    const line = async (length: number, at: number): Promise<string> => {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, at)
      return buffer.toString('latin1', 0, bytesRead)
    }
    if ((await line(FIRST_LINE.length, 0)) !== FIRST_LINE)
      throw new BackupError(`${path} is no backup of this program.`)
    const end = size - LAST_LINE.length
    if (end <= FIRST_LINE.length || (await line(LAST_LINE.length, end)) !== LAST_LINE) throw damaged('is cut off')
    return end
  } finally {
    await file.close()
  }
}

function newlines(bytes: Uint8Array): number {
  let count = 0
  for (let at = bytes.indexOf(10); at !== -1; at = bytes.indexOf(10, at + 1)) count++
  return count
}

function parsed<Content>(bytes: Uint8Array): Content {
  try {
    // Border: written by writeBackup from this very type, and its hash is checked with the rest.
    return JSON.parse(Buffer.from(bytes).toString()) as Content
  } catch {
    throw damaged('has a part that cannot be read')
  }
}

const damaged = (how: string): BackupError =>
  new BackupError(`The backup ${how}. Nothing was restored; take another copy of it.`)
