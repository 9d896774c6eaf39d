import { peopleContract } from './people.contract.ts'
import { inMemory } from './support/stories.ts'
import { memoryGround, postgresGround } from './support/world.ts'

peopleContract('memory', inMemory(memoryGround))
peopleContract('postgres', postgresGround)
