import { meansContract } from './means.contract.ts'
import { inMemory } from './support/stories.ts'
import { memoryGround, postgresGround } from './support/world.ts'

meansContract('memory', inMemory(memoryGround))
meansContract('postgres', postgresGround)
