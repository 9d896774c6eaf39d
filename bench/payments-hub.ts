// The hub of the payments bench: the product's own, in a process of its own, as the machines that pay are machines of their own.
// Its parent gives it the database's settings, gets its port, asks what it has used of the processor, and ends it by leaving.
import type pg from 'pg'
import { startHub } from '#server/hub.ts'
import { readScheme } from '#server/postgres/scheme.ts'

export type HubMessage = Readonly<{ port: number }> | Readonly<{ cpuMs: number; memoryMb: number }>

// Border: the parent is bench/payments.ts and writes this argument itself.
const settings = JSON.parse(process.argv[2] ?? '{}') as pg.ClientConfig
const lanes = Number(process.argv[3])
const scheme = await readScheme(settings)
if (scheme === undefined) throw new Error('the ground has its scheme')
const hub = await startHub({
  database: settings,
  scheme,
  role: true,
  host: '127.0.0.1',
  port: 0,
  tls: null,
  // Each machine has an address of its own, as in a town: the budget against guessing counts by address.
  trustProxy: '127.0.0.1',
  publicUrl: null,
  sealKey: new Uint8Array(32),
  files: null,
  log: { write: () => {} },
  version: 'bench',
  lanes,
})
const tell = (message: HubMessage): void => void process.send?.(message)
process.on('message', () => {
  const { user, system } = process.cpuUsage()
  tell({ cpuMs: (user + system) / 1000, memoryMb: process.memoryUsage.rss() / 1_048_576 })
})
process.once('disconnect', () => {
  // The profiler writes its file when the process ends by itself.
  void hub.stop().finally(() => process.exit())
})
tell({ port: hub.port })
