import { postgresGround } from './support/world.ts'
import { switchContract } from './switch.contract.ts'

switchContract('postgres', postgresGround)
