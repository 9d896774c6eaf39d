import { openGround } from './ground.ts'
import { openSettle } from './settle.ts'
import { openJournal } from './journal.ts'
const ground = await openGround()
try {
if (process.argv[2] === 'settle') {
const run = await openSettle(ground)
for (let i=0;i<4;i++) { const r = await run(4000,'many'); console.log(Math.round(r.count/r.seconds)) }
} else {
const run = await openJournal(ground, 16)
for (let i=0;i<3;i++) { const r = await run(3,'many'); console.log(Math.round(r.count/r.seconds)); const q = await run(3,'one'); console.log('one',Math.round(q.count/q.seconds)) }
}
} catch (e) { console.log(e) } finally { await ground.close() }
