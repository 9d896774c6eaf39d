// A merchant's price file over HTTP. `staffRules` has let nobody else through.
import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Good } from '#core/goods.ts'
import type { PartyId } from '#core/ids.ts'
import type { Unit } from '#core/money.ts'
import { cellsOf, clashesOf, CSV_HEAD, csvRow, goodOfRow, type Fault } from '#core/price-file.ts'
import type { Rounding } from '#core/shop.ts'
import {
  GOODS_ROUTES,
  type GoodRequest,
  type PriceFileChange,
  type PriceFileRequest,
  type PriceFileView,
} from '#protocol/goods.ts'
import { LIMITS } from '#protocol/limits.ts'
import { problemOf, type Problem } from '#protocol/problems.ts'
import type { Budgets } from '#switch/budgets.ts'
import { terminalOf, type OnRoute } from '../http-callers.ts'
import type { Goods, PriceFile, Rewrite } from '../postgres/goods.ts'
import { readPriceFile, type ReadFile } from './read.ts'

type Parts = Readonly<{
  goods: Goods
  budgets: Budgets
  unit: Unit
  /** how this merchant rounds tax */
  roundingOf: (party: PartyId) => Promise<Rounding>
}>

/** Registers the routes of price files. */
export function serveGoods(on: OnRoute, { goods, budgets, unit, roundingOf }: Parts): void {
  let sending = 0
  let reading = 0

  on(GOODS_ROUTES.priceFile, async (request): Promise<PriceFileView> => {
    const { party } = terminalOf(request)
    return viewOf(await goods.file(party), party)
  })

  on(GOODS_ROUTES.priceFileCsv, async (request, reply) => {
    const { party } = terminalOf(request)
    if (sending >= LIMITS.goodsFilesAtOnce) return problemOf('busy')
    sending++
    const done = (): void => void sending--
    try {
      return sendCsv(reply, await goods.goods(party), unit, done)
    } catch (error) {
      done()
      throw error
    }
  })

  on(GOODS_ROUTES.putPriceFile, async (request): Promise<PriceFileChange | Problem> => {
    const { party } = terminalOf(request)
    const { basedOn, csv, check } = bodyOf<PriceFileRequest>(request)
    if (Buffer.byteLength(csv) > LIMITS.goodsFileBytes) return problemOf('too-large')
    if (reading >= LIMITS.goodsFilesAtOnce) return problemOf('busy')
    if (!(await budgets.charge([`goods:${party}`]))) return problemOf('too-many-tries')
    reading++
    try {
      const file = await readPriceFile(csv, unit)
      if (check) {
        const before = await goods.goods(party)
        return changeOf(await viewOf(await goods.file(party), party), compare(before, file), false)
      }
      if (file.faults.length > 0) return invalid(file.faults)
      return await store(party, basedOn, sha256(csv), () => file)
    } finally {
      reading--
    }
  })

  on(GOODS_ROUTES.putGood, async (request): Promise<PriceFileChange | Problem> => {
    const { party } = terminalOf(request)
    const body = bodyOf<GoodRequest>(request)
    const made = body.row === null ? null : goodOfRow(body.row, unit)
    if (made !== null && 'reason' in made) return invalid([{ line: 1, ...made }])
    if (!(await budgets.charge([`goods:${party}`]))) return problemOf('too-many-tries')
    return store(party, body.basedOn, sha256(JSON.stringify([body.code, body.row])), (before) =>
      withGood(before, body.code, made),
    )
  })

  /** Writes what `make` makes of the goods that are there; says no where that cannot stand, or somebody was there before. */
  async function store(
    party: PartyId,
    basedOn: number,
    hash: Uint8Array,
    make: (before: readonly Good[]) => ReadFile | 'not-found',
  ): Promise<PriceFileChange | Problem> {
    const result = await goods.rewrite(party, { basedOn, hash }, (before) => {
      const made = make(before)
      if (made === 'not-found' || made.faults.length > 0) return { rewrite: null, made, compared: null }
      const compared = compare(before, made)
      return { rewrite: compared.rewrite, made, compared }
    })
    if (result === undefined) return problemOf('goods-changed')
    const { made, compared } = result.decided
    if (made === 'not-found') return problemOf('not-found')
    if (compared === null) return invalid(made.faults)
    return changeOf(await viewOf(result.file, party), compared, true)
  }

  async function viewOf(file: PriceFile, party: PartyId): Promise<PriceFileView> {
    const { per, to } = await roundingOf(party)
    return { ...file, rounding: { per, to } }
  }
}

// Border: the schema of the route has checked the body.
const bodyOf = <Body>(request: FastifyRequest): Body => request.body as Body

const sha256 = (text: string): Uint8Array => createHash('sha256').update(text).digest()

/** Goods in one piece of the answer. */
const GOODS_AT_ONCE = 500

function sendCsv(reply: FastifyReply, all: readonly Good[], unit: Unit, done: () => void): Readable {
  reply.type('text/csv; charset=utf-8')
  reply.header('content-disposition', 'attachment; filename="price-file.csv"')
  function* pieces(): Generator<string> {
    yield CSV_HEAD
    for (let at = 0; at < all.length; at += GOODS_AT_ONCE)
      yield all
        .slice(at, at + GOODS_AT_ONCE)
        .map((good) => csvRow(cellsOf(good, unit)))
        .join('')
  }
  const file = Readable.from(pieces())
  file.once('close', done)
  return file
}

/** The file after one good was put in, changed where it stands, or taken out. */
function withGood(before: readonly Good[], code: string | null, made: Good | null): ReadFile | 'not-found' {
  const at = code === null ? before.length : before.findIndex((good) => good.code === code)
  if (at < 0 || (code === null && made === null)) return 'not-found'
  const goods = before.toSpliced(at, 1, ...(made === null ? [] : [made]))
  if (goods.length > LIMITS.goods) return { goods: [], faults: [{ line: 1, column: null, reason: 'too-many-rows' }] }
  const clash = clashesOf(goods, [])
  return { goods, faults: clash.map((fault) => ({ ...fault, line: 1 })) }
}

type Compared = Readonly<{
  rewrite: Rewrite | null
  read: ReadFile
  changes: PriceFileChange['changes']
  added: number
  changed: number
  removed: number
}>

/** What the new goods are against those that are there: which rows to write, and what a person wants to see of it. */
function compare(before: readonly Good[], read: ReadFile): Compared {
  const known = new Map(before.map((good, position) => [good.code, { position, good, text: textOf(good) }]))
  const written: number[] = []
  const changes: PriceFileChange['changes'][number][] = []
  let [added, changed] = [0, 0]
  read.goods.forEach((good, position) => {
    const was = known.get(good.code)
    known.delete(good.code)
    const isChanged = was !== undefined && was.text !== textOf(good)
    if (was === undefined) added++
    if (isChanged) changed++
    if (was === undefined || isChanged)
      changes.push({ ...lineOf(good), change: was === undefined ? 'added' : 'changed', before: priceOf(was?.good) })
    if (was === undefined || isChanged || was.position !== position) written.push(position)
  })
  const removed = [...known.values()].map(({ good }) => good)
  for (const good of removed) changes.push({ ...lineOf(good), change: 'removed', before: priceOf(good), after: null })
  const isSame = written.length === 0 && removed.length === 0
  return {
    rewrite: isSame ? null : { goods: read.goods, written, removed: removed.map(({ code }) => code) },
    read,
    changes: changes.slice(0, LIMITS.goodsListed),
    added,
    changed,
    removed: removed.length,
  }
}

const textOf = (good: Good): string => JSON.stringify({ ...good, price: priceOf(good) })
const priceOf = (good: Good | undefined): string | null => (good?.price == null ? null : String(good.price))
const lineOf = (good: Good) => ({ code: good.code, name: good.name, after: priceOf(good) })

const changeOf = (file: PriceFileView, compared: Compared, stored: boolean): PriceFileChange => ({
  stored,
  file,
  count: compared.read.goods.length,
  added: compared.added,
  changed: compared.changed,
  removed: compared.removed,
  changes: compared.changes,
  faultCount: compared.read.faults.length,
  faults: compared.read.faults.slice(0, LIMITS.goodsListed).map((fault) => ({ ...fault })),
})

/** By line: the column, and what is wrong with it. */
function invalid(faults: readonly Fault[]): Problem {
  const listed = faults.slice(0, LIMITS.goodsListed).map(({ line, column, reason }) => {
    return [`line ${line}`, column === null ? reason : `${column}: ${reason}`]
  })
  return problemOf('goods-invalid', { rows: String(faults.length), ...Object.fromEntries(listed) })
}
