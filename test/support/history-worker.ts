// Runs histories in a thread of its own: node:test watches every promise of its process, which doubles the time of a million of them.
import { parentPort, workerData } from 'node:worker_threads'
import { runSeed } from './histories.ts'

// Border: the only starter is linearizability.test.ts.
for (const seed of workerData as readonly string[])
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
  parentPort?.postMessage({ seed, run: await runSeed(seed) })
