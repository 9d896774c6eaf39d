// What a test may put in place of the world's own; a program of yours leaves it out.
import type { Delay } from '#sdk/transport.ts'

export type Surroundings = Readonly<{ fetch?: typeof fetch; WebSocket?: typeof WebSocket; delay?: Delay }>
