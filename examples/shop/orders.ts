// The shop's orders: in memory, and in a file that is written anew and whole with each change, so that a restart finds them all.
import { randomBytes } from 'node:crypto'
import { readFile, rename, writeFile } from 'node:fs/promises'
import type { CommandBody } from '#protocol/commands.ts'
import type { DealView } from '#protocol/views.ts'

type Bill = NonNullable<CommandBody<'open-offer'>['bill']>

export type Order = Readonly<{
  /** 128 random bits: whoever has the address has the order */
  id: string
  at: number
  bill: Bill
  /** made here and stored before anything is sent: sent again, they are the same deal and the same command */
  deal: string
  command: string
  /** the newest that is known of the deal: its answers and webhooks overtake each other, its version tells which is newer */
  view: DealView | null
  /** the webhook that said that it is paid: only then is anything baked */
  confirmedBy: string | null
  /** the clerk wants it given back */
  refundCommand: string | null
}>

type Kept = Readonly<{ orders: readonly Order[]; webhookSecret: string | null }>

export type Orders = Awaited<ReturnType<typeof openOrders>>

export async function openOrders(path: string) {
  const kept = await readKept(path)
  const orders = new Map(kept.orders.map((order) => [order.id, order]))
  let webhookSecret = kept.webhookSecret
  let writing: Promise<void> = Promise.resolve()

  async function write(before: Promise<void>): Promise<void> {
    await before.catch(() => undefined)
    const whole: Kept = { orders: [...orders.values()], webhookSecret }
    await writeFile(`${path}.new`, JSON.stringify(whole, null, 1), { mode: 0o600 })
    await rename(`${path}.new`, path)
  }

  /** What was asked for is on the disk when this is done. */
  function save(): Promise<void> {
    writing = write(writing)
    return writing
  }

  return {
    get: (id: string): Order | undefined => orders.get(id),
    ofDeal: (deal: string): Order | undefined => [...orders.values()].find((order) => order.deal === deal),
    newestFirst: (): Order[] => [...orders.values()].toSorted((left, right) => right.at - left.at),
    webhookSecret: (): string | null => webhookSecret,
    async keepSecret(secret: string): Promise<void> {
      webhookSecret = secret
      await save()
    },
    async add(bill: Bill): Promise<Order> {
      const hex = (): string => randomBytes(16).toString('hex')
      const order: Order = {
        id: hex(),
        at: Date.now(),
        bill,
        deal: `deal_${hex()}`,
        command: `cmd_${hex()}`,
        view: null,
        confirmedBy: null,
        refundCommand: null,
      }
      orders.set(order.id, order)
      await save()
      return order
    },
    /** Takes over what is newer, and nothing else: webhooks come twice and out of order. */
    async learn(id: string, view: DealView | null, more: Partial<Order> = {}): Promise<Order | undefined> {
      const order = orders.get(id)
      if (order === undefined) return undefined
      const isNewer = view !== null && (order.view === null || view.version >= order.view.version)
      const next = { ...order, ...more, ...(isNewer && { view }) }
      orders.set(id, next)
      await save()
      return next
    },
  }
}

async function readKept(path: string): Promise<Kept> {
  try {
    // The file is this program's own.
    return JSON.parse(await readFile(path, 'utf8')) as Kept
  } catch (error) {
    if (error instanceof Error && Reflect.get(error, 'code') === 'ENOENT') return { orders: [], webhookSecret: null }
    throw error
  }
}
