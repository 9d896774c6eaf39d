import { openGround } from './ground.ts'
import { openPayments } from './payments.ts'
const ground = await openGround()
try {
const st: Record<string, number[]> = {}
const orig = performance.now
const p = await openPayments(ground, Number(process.env.PAIRS ?? 16))
for (let i=0;i<3;i++) { const c0=process.cpuUsage(); const r = await p.run(Number(process.argv[2]??3)); const c1=process.cpuUsage(c0); console.log("cpu ms per payment", (c1.user+c1.system)/1000/r.count); const l=r.latenciesMs.toSorted((a,b)=>a-b); console.log(Math.round(r.count/r.seconds), l.length, l[Math.floor(l.length/2)], l[Math.floor(l.length*.9)], l.at(-5), l.at(-1)) }
await p.close()
} catch (e) { console.log(e) } finally { await ground.close() }
