import { memoryGround } from './support/world.ts'
import { switchContract } from './switch.contract.ts'

switchContract('memory', async () => {
  const clock = { now: 1_800_000_000_000 }
  const ground = await memoryGround(clock)
  return { ...ground, advance: (ms: number) => void (clock.now += ms) }
})
