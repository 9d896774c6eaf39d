import { storeContract } from './store.contract.ts'
import { postgresGround } from './support/world.ts'
import { switchContract } from './switch.contract.ts'

storeContract('postgres', postgresGround)
switchContract('postgres', postgresGround)
