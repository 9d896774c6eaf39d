// goods: how long a cashier waits for what was found, with 50,000 goods in the price file: from the key on the keyboard until the page has
// painted the result, in a real browser on the register's own page. Every letter of every query counts, not only the last one: the first
// letters find the most.
import { loadavg } from 'node:os'
import type { Page } from 'playwright-core'
import { checkDigit } from '#core/article-codes.ts'
import { searchShelf, shelfOf } from '#apps/shared/shelf.ts'
import { readPriceCsv } from '#apps/shared/price-csv.ts'
import { openClient, type Client } from '#sdk/client.ts'
import { putPriceFile } from '#sdk/goods-calls.ts'
import { enrol } from '#sdk/identity.ts'
import { memoryStorage } from '#sdk/storage.ts'
import { bundleApps } from '#server/apps.ts'
import { startHub } from '#server/hub.ts'
import { launchBrowser } from '../test/browser.ts'
import { UNIT, type Ground } from './ground.ts'
import { percentile } from './measure.ts'

/** As a register shows them at most. */
const SHOWN = 24
const VIEWPORT = { width: 1024, height: 768 } as const

const KINDS = [
  ['Bread', 'パン', 'ぱん'],
  ['Green tea', '緑茶', 'りょくちゃ'],
  ['Chocolate bar', 'チョコレート', 'ちょこれーと'],
  ['Rice ball salmon', 'おにぎり鮭', 'おにぎりさけ'],
  ['Milk coffee', 'カフェオレ', 'かふぇおれ'],
  ['Soy sauce', '醤油', 'しょうゆ'],
  ['Apple juice', 'りんごジュース', 'りんごじゅーす'],
  ['Notebook A5', 'ノート A5', 'のーと'],
  ['Battery AA', '乾電池 単三', 'かんでんち'],
  ['Shampoo refill', 'シャンプー詰替', 'しゃんぷー'],
] as const
const MAKERS = ['Marubeni', 'Tanuki', 'Kitsune', 'Sakura', 'Hoshi', 'Yama', 'Umi', 'Kaze', 'Hikari', 'Midori'] as const
const FLAVOURS = [
  'plain',
  'sweet',
  'salted',
  'organic',
  'light',
  'family',
  'mini',
  'premium',
  'spicy',
  'winter',
] as const

function pick<Value>(values: readonly Value[], index: number): Value {
  const value = values[index % values.length]
  if (value === undefined) throw new Error('there is something to pick')
  return value
}
const articleOf = (index: number): string => {
  const body = `49${String(index).padStart(10, '0')}`
  return `${body}${checkDigit(body)}`
}

/** A price file of so many goods with names in both languages and kana, each told apart by its number. */
export function priceCsv(count: number): string {
  const rows = Array.from({ length: count }, (_, index) => {
    const [english, japanese, kana] = pick(KINDS, index)
    const [maker, flavour] = [pick(MAKERS, Math.floor(index / 10)), pick(FLAVOURS, Math.floor(index / 100))]
    const number = String(index)
    return [
      articleOf(index),
      `${maker} ${english} ${flavour} ${number}`,
      `${japanese} ${number}`,
      kana,
      100 + (index % 900),
      '8% reduced',
    ].join(',')
  })
  return `code,name,name_ja,search,price,tax\n${rows.join('\n')}\n`
}

/** What a cashier types: one, two and three words, codes, kana and kanji; some find nothing. */
export const QUERIES: readonly string[] = [
  'bread,choco,tea,battery,marubeni,premium,e,zzz',
  'milk organic,tanuki tea,juice mini,soy light,umi notebook,hoshi 4711,rice winter,bread qqq',
  'sakura green plain,yama apple sweet,kaze milk 31,midori aa spicy,hikari rice 12,kitsune soy x',
  `${articleOf(0)},${articleOf(24_999)},${articleOf(49_999)},4900000,49000012345,12345,9999999999999`,
  'ぱん,パン,ﾊﾟﾝ,緑茶,りょくちゃ,ちょこ,かふぇ おれ,おにぎり 鮭,さけ 77,かんでんち 9,のーと a5',
].flatMap((line) => line.split(','))

/** `cpuMs`: what the page's main thread has worked for it, which a busy machine does not lengthen. */
type Waited = Readonly<{ query: string; typed: string; ms: number; scriptMs: number; cpuMs: number; count: number }>

/** `count` goods, the queries so often. */
export async function goodsInTheBrowser(
  ground: Ground,
  { count, rounds, note }: Readonly<{ count: number; rounds: number; note: (text: string) => void }>,
): Promise<object> {
  const { settings, scheme } = ground
  const hub = await startHub({
    database: settings,
    scheme,
    role: true,
    host: 'localhost',
    port: 0,
    tls: null,
    trustProxy: false,
    publicUrl: null,
    sealKey: new Uint8Array(32),
    files: await bundleApps(),
    log: { write: () => {} },
    version: 'bench',
  })
  const url = `http://localhost:${hub.port}`
  const browser = await launchBrowser()
  try {
    note(`Storing ${count} goods …`)
    const csv = priceCsv(count)
    const office = await officeAt(url)
    let stored = await putPriceFile(office, { basedOn: 1, csv, check: false })
    // A busy machine may take longer over so large a file than the client waits; the same file again finds its own version.
    for (let tries = 1; tries < 5 && !stored.ok && stored.problem.code === 'no-answer'; tries++)
      stored = await putPriceFile(office, { basedOn: 1, csv, check: false })
    office.close()
    if (!stored.ok) throw new Error(`the price file: ${stored.problem.code}`)
    const context = await browser.newContext({ viewport: VIEWPORT, locale: 'en-GB' })
    const page = await context.newPage()
    await page.goto(`${url}/register`)
    // The last of the file is found when all are there.
    await finds(page, articleOf(count - 1))
    const before = performance.now()
    await page.reload()
    await finds(page, articleOf(count - 1))
    const readyMs = performance.now() - before
    await listen(page)
    const worked = await workOf(page)
    const waited: Waited[] = []
    for (let round = 0; round <= rounds; round++) {
      const known = waited.length
      for (const query of QUERIES) waited.push(...(await typed(page, query, worked)))
      const own = waited.slice(known).map(({ ms }) => ms)
      note(
        `${round === 0 ? 'warming up' : `round ${round}`}: p50 ${two(percentile(own, 0.5))}, p95 ${two(percentile(own, 0.95))} ms`,
      )
      if (round === 0) waited.splice(0)
    }
    await judge(waited, csv)
    return figures(waited, { count, rounds, readyMs })
  } finally {
    await browser.close()
    await hub.stop()
  }
}

async function officeAt(hub: string): Promise<Client> {
  const storage = memoryStorage()
  const given = await openClient({ hub, storage }).call('demoCode', { body: { who: 'office' } })
  const outcome = given.ok ? await enrol({ hub, storage, code: given.view.code, label: 'bench' }) : given
  if (!outcome.ok) throw new Error(`the office: ${outcome.problem.code}`)
  return openClient({ hub, storage })
}

const two = (value: number): number => Math.round(value * 100) / 100

function figures(
  waited: readonly Waited[],
  asked: Readonly<{ count: number; rounds: number; readyMs: number }>,
): object {
  const all = waited.map(({ ms }) => ms)
  const script = waited.map(({ scriptMs }) => scriptMs)
  const work = waited.map(({ cpuMs }) => cpuMs)
  const slowest = waited.toSorted((one, other) => other.ms - one.ms).slice(0, 5)
  return {
    bench: 'goods',
    goods: asked.count,
    queries: QUERIES.length,
    rounds: asked.rounds,
    keystrokes: waited.length,
    p50_ms: two(percentile(all, 0.5)),
    p95_ms: two(percentile(all, 0.95)),
    p99_ms: two(percentile(all, 0.99)),
    longest_ms: two(percentile(all, 1)),
    script_p50_ms: two(percentile(script, 0.5)),
    script_p95_ms: two(percentile(script, 0.95)),
    cpu_p50_ms: two(percentile(work, 0.5)),
    cpu_p95_ms: two(percentile(work, 0.95)),
    slowest: slowest.map(({ typed: text, ms }) => [text, two(ms)]),
    ready_after_reload_ms: Math.round(asked.readyMs),
    load_average: loadavg().map(two),
  }
}

/** Waits until the register finds this code. */
async function finds(page: Page, code: string): Promise<void> {
  const search = page.getByRole('searchbox')
  await page.locator('.till-keying').waitFor()
  // The key does something once there are goods.
  while ((await search.count()) === 0) {
    await page.keyboard.press('/')
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  await search.fill(code)
  await page.locator('.goods-found .good').first().waitFor({ timeout: 120_000 })
  await search.fill('')
}

/** From the key's own time until a frame with the result has been given to the screen; `scriptMs`: until the page's own work was done. */
async function listen(page: Page): Promise<void> {
  await page.evaluate(() => {
    const waits: { typed: string; ms: number; scriptMs: number; count: number }[] = []
    Object.assign(globalThis, { waits })
    document.addEventListener(
      'input',
      ({ timeStamp, target }) => {
        if (!(target instanceof HTMLInputElement)) return
        const typed = target.value
        // The page renders in the microtasks after its handlers; the frame comes after that.
        requestAnimationFrame(() => {
          const scriptMs = performance.now() - timeStamp
          const { port1, port2 } = new MessageChannel()
          port1.addEventListener('message', () => {
            const count = document.querySelectorAll('.goods-found .good').length
            waits.push({ typed, ms: performance.now() - timeStamp, scriptMs, count })
          })
          port1.start()
          port2.postMessage(null)
        })
      },
      { capture: true },
    )
  })
}

/** Asks how many milliseconds the page's main thread has worked so far. */
async function workOf(page: Page): Promise<() => Promise<number>> {
  const session = await page.context().newCDPSession(page)
  await session.send('Performance.enable', { timeDomain: 'threadTicks' })
  return async () => {
    const { metrics } = await session.send('Performance.getMetrics')
    return (metrics.find(({ name }) => name === 'TaskDuration')?.value ?? 0) * 1_000
  }
}

/** Types a query letter by letter, each when the one before has been painted, and takes it away again. */
async function typed(page: Page, query: string, worked: () => Promise<number>): Promise<Waited[]> {
  const search = page.getByRole('searchbox')
  await search.focus()
  const take = (): Promise<Omit<Waited, 'query' | 'cpuMs'>[]> =>
    page.evaluate(() => {
      // Border: `listen` put it there.
      const { waits } = globalThis as unknown as {
        waits: { typed: string; ms: number; scriptMs: number; count: number }[]
      }
      return waits.splice(0)
    })
  const found: Waited[] = []
  for (const letter of query) {
    const before = await worked()
    await (/[\u0020-\u007e]/u.test(letter)
      ? page.keyboard.press(letter === ' ' ? 'Space' : letter)
      : page.keyboard.insertText(letter))
    let own = await take()
    while (own.length === 0) {
      await new Promise((resolve) => setTimeout(resolve, 4))
      own = await take()
    }
    const cpuMs = (await worked()) - before
    found.push(...own.map((each) => ({ query, ...each, cpuMs })))
  }
  await search.fill('')
  await page.evaluate(() => new Promise(requestAnimationFrame))
  await take()
  return found
}

/** A quick answer that is wrong is none: as many goods are on the screen as the search finds by itself. */
async function judge(waited: readonly Waited[], csv: string): Promise<void> {
  const shelf = shelfOf(await readPriceCsv(csv, UNIT))
  for (const { typed: text, count } of waited) {
    const right = searchShelf(shelf, text, SHOWN).length
    if (count !== right) throw new Error(`“${text}” showed ${count} goods where ${right} are found`)
  }
}
