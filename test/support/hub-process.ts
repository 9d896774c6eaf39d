// A hub as a process of its own on a database that a test has made: with traps in it (torture/preload.ts), so that it can be killed at a
// named moment. Run by test/support/killed-hub.ts.
import { flushCompileCache } from 'node:module'
import type pg from 'pg'
import { startTestHub } from './hub.ts'

// Border: killed-hub.ts writes it.
const settings = JSON.parse(process.env['HUB_SETTINGS'] ?? '{}') as pg.ClientConfig
const port = Number(process.env['PORT'] ?? 0)
// The address and secret of a bank, where one stands beside the test. Border: the same.
const bank = JSON.parse(process.env['HUB_BANK'] ?? 'null') as { url: string; secret: string } | null
// Where the one before was killed its connections may still be ending: the port is free as soon as it is dead.
const hub = await startTestHub({
  settings,
  port,
  webhookBackoffMs: Array.from({ length: 200 }, () => 50),
  bank: bank && { ...bank, risk: { payment: 0n, day: 0n }, againMs: 20, answerMs: 1_000 },
})
// Killed, it would not do so by itself.
flushCompileCache()
process.on('SIGINT', () => void hub.stop().then(() => process.exit(0)))
console.log(`${hub.url}, Ctrl-C stops it`)
