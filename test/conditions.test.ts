import { conditionsContract } from './conditions.contract.ts'
import { inMemory } from './support/stories.ts'
import { memoryGround, postgresGround } from './support/world.ts'

conditionsContract('memory', inMemory(memoryGround))
conditionsContract('postgres', postgresGround)
