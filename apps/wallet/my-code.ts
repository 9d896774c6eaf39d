// "My code": shows codes one after the other while its screen is there and is looked at.
import { keepCode } from '#sdk/customer-code.ts'
import type { Desk } from './hub.ts'
import * as when from './state.ts'

/** Opens the screen, which asks for the codes itself. */
export const openMyCode = ({ update }: Desk): void =>
  update((state) => when.went(state, { at: 'my-code', shown: null, problem: null }))

/** Shows codes until `leaveCode`. */
export function showCode(desk: Desk): void {
  const { client, storage, hands, state, update } = desk
  hands.leaveCode?.()
  const stop = new AbortController()
  hands.leaveCode = () => stop.abort()
  void keepCode({
    client,
    storage,
    signal: stop.signal,
    isOffline: () => when.isOffline(state()),
    onCode: (shown) => update((before) => when.codeShown(before, { shown, problem: null })),
    onProblem: (problem) => update((before) => when.codeShown(before, { shown: null, problem })),
  })
}

/** Nobody looks: the last code is not shown again, because it may have run out by then. */
export function leaveCode({ hands, update }: Desk): void {
  hands.leaveCode?.()
  hands.leaveCode = null
  update((state) => when.codeShown(state, { shown: null, problem: null }))
}
