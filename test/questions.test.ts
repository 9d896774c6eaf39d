import { questionsContract } from './questions.contract.ts'
import { inMemory } from './support/stories.ts'
import { memoryGround, postgresGround } from './support/world.ts'

questionsContract('memory', inMemory(memoryGround))
questionsContract('postgres', postgresGround)
