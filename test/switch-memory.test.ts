import { storeContract } from './store.contract.ts'
import { memoryGround } from './support/world.ts'
import { inMemory } from './support/stories.ts'
import { switchContract } from './switch.contract.ts'

storeContract('memory', async () => {
  const clock = { now: 1_800_000_000_000 }
  return { ...(await memoryGround(clock)), later: () => void (clock.now += 20 * 3_600_000) }
})
switchContract('memory', inMemory(memoryGround))
