// Is there one order in which all operations could have happened one by one, each between its call and its return, and each
// with the answer it gave? The search of Wing and Gong with Lowe's memo: a set of done operations in a state is tried once.

/** One operation of a history. Times are any numbers that grow; two operations overlap unless one returned before the other was called. */
export type Operation<Input, Output> = Readonly<{
  input: Input
  calledAt: number
  /** null: nobody knows what became of it; it takes effect at any time after its call, or never */
  returned: Readonly<{ at: number; output: Output }> | null
}>

export type Model<State, Input, Output> = Readonly<{
  initial: State
  /** The state after; undefined where this could not have been the answer in this state (null: the answer is not known). */
  step(state: State, input: Input, output: Output | null): State | undefined
  /** Does an operation with this answer leave every state as it is? Such a one is placed as soon as it fits, which is never wrong. */
  isLook(input: Input, output: Output): boolean
  /** equal texts are equal states */
  keyOf(state: State): string
}>

/** A call or a return in the order of time: a list from which an operation is lifted when it is given its place. */
type Mark = { readonly operation: number; readonly isCall: boolean; before: Mark | null; after: Mark | null }

/**
 * Whether the history has such an order. Time grows with the number of operations under way at once, and doubles with each
 * unknown outcome that nothing tells apart; a thousand operations of eight clients take some milliseconds.
 */
export function isLinearizable<State, Input, Output>(
  history: readonly Operation<Input, Output>[],
  model: Model<State, Input, Output>,
): boolean {
  const { head, returns } = marksOf(history)
  const done = new Uint32Array((history.length + 31) >> 5)
  const tried = new Set<string>()
  const path: { call: Mark; state: State; isLook: boolean }[] = []
  let state = model.initial
  let waiting = history.filter(({ returned }) => returned !== null).length
  let mark = head.after

  while (waiting > 0) {
    if (mark?.isCall === true) {
      const after = taken(mark.operation)
      if (after === undefined) {
        mark = mark.after
        continue
      }
      const { input, returned } = found(history[mark.operation])
      path.push({ call: mark, state, isLook: returned !== null && model.isLook(input, returned.output) })
      state = after
      lift(mark)
      mark = head.after
      continue
    }
    // Somebody returned who has no place yet: what was placed last was placed wrongly.
    let last = path.pop()
    while (last?.isLook === true) {
      putBack(last.call)
      last = path.pop()
    }
    if (last === undefined) return false
    state = last.state
    putBack(last.call)
    mark = last.call.after
  }
  return true

  /** The state after the operation, when it fits here and this was not tried before. */
  function taken(operation: number): State | undefined {
    const { input, returned } = found(history[operation])
    const after = model.step(state, input, returned === null ? null : returned.output)
    if (after === undefined) return undefined
    flip(operation)
    const key = `${done.join()} ${model.keyOf(after)}`
    const isNew = !tried.has(key)
    if (isNew) tried.add(key)
    flip(operation)
    return isNew ? after : undefined
  }

  function flip(operation: number): void {
    done[operation >> 5] = (done[operation >> 5] ?? 0) ^ (1 << (operation & 31))
  }

  function lift(call: Mark): void {
    flip(call.operation)
    unlink(call)
    const back = returns[call.operation]
    if (back === undefined) return
    unlink(back)
    waiting--
  }

  function putBack(call: Mark): void {
    flip(call.operation)
    const back = returns[call.operation]
    if (back !== undefined) {
      relink(back)
      waiting++
    }
    relink(call)
  }
}

/** Calls and returns in the order of time, a call before a return at the same time; an unknown outcome has no return. */
function marksOf(history: readonly Operation<unknown, unknown>[]): { head: Mark; returns: (Mark | undefined)[] } {
  const returns: (Mark | undefined)[] = []
  const marks: { mark: Mark; at: number }[] = []
  history.forEach(({ calledAt, returned }, operation) => {
    marks.push({ mark: { operation, isCall: true, before: null, after: null }, at: calledAt })
    if (returned === null) return
    const back: Mark = { operation, isCall: false, before: null, after: null }
    returns[operation] = back
    marks.push({ mark: back, at: returned.at })
  })
  marks.sort((left, right) => left.at - right.at || Number(right.mark.isCall) - Number(left.mark.isCall))
  const head: Mark = { operation: -1, isCall: false, before: null, after: null }
  let last = head
  for (const { mark } of marks) {
    last.after = mark
    mark.before = last
    last = mark
  }
  return { head, returns }
}

function unlink(mark: Mark): void {
  if (mark.before !== null) mark.before.after = mark.after
  if (mark.after !== null) mark.after.before = mark.before
}

/** A lifted mark still knows its neighbours; put back in the opposite order of lifting, they are its neighbours again. */
function relink(mark: Mark): void {
  if (mark.before !== null) mark.before.after = mark
  if (mark.after !== null) mark.after.before = mark
}

function found<Item>(item: Item | undefined): Item {
  if (item === undefined) throw new RangeError('the operation is in the history')
  return item
}

/** What happens to one account: `take` and `put` move its balance, a take that does not reach is answered `short`. */
export type AccountInput =
  Readonly<{ kind: 'read' }> | Readonly<{ kind: 'take'; amount: bigint }> | Readonly<{ kind: 'put'; amount: bigint }>
export type AccountOutput = bigint | 'done' | 'short'

/** An account as a register: its balance begins at `initial` and never falls below zero. */
export const accountModel = (initial: bigint): Model<bigint, AccountInput, AccountOutput> => ({
  initial,
  keyOf: String,
  isLook: (input, output) => input.kind === 'read' || output === 'short',
  step(balance, input, output) {
    switch (input.kind) {
      case 'read':
        return output === null || output === balance ? balance : undefined
      case 'put':
        return output === 'short' ? undefined : balance + input.amount
      case 'take': {
        const reaches = balance >= input.amount
        if (output === 'short') return reaches ? undefined : balance
        return reaches ? balance - input.amount : undefined
      }
    }
  },
})
