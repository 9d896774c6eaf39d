import { inMemory } from './support/stories.ts'
import { memoryGround, postgresGround } from './support/world.ts'
import { waysContract } from './ways.contract.ts'

waysContract('memory', inMemory(memoryGround))
waysContract('postgres', postgresGround)
