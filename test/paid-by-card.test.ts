import { cardsContract } from './cards.contract.ts'
import { inMemory } from './support/stories.ts'
import { memoryGround, postgresGround } from './support/world.ts'

cardsContract('memory', inMemory(memoryGround))
cardsContract('postgres', postgresGround)
