// A small observable store and the hook that reads it. State is plain data; a screen is a function of it.
import { useEffect, useRef, useState } from 'preact/hooks'

export type Store<State> = {
  readonly get: () => State
  readonly set: (next: State) => void
  readonly update: (change: (state: State) => State) => void
  /** Calls `listener` after every change; returns the function that stops it. */
  readonly subscribe: (listener: (state: State) => void) => () => void
}

/** A store holding `initial`. Setting the state it already has (by `Object.is`) tells nobody. */
export function createStore<State>(initial: State): Store<State> {
  let state = initial
  const listeners = new Set<(state: State) => void>()
  const set = (next: State) => {
    if (Object.is(next, state)) return
    state = next
    for (const listener of listeners) listener(state)
  }
  return {
    get: () => state,
    set,
    update: (change) => set(change(state)),
    subscribe: (listener) => {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
  }
}

/**
 * A store that outlives the page, for what a person chose on this machine. `read` turns what was stored (or null)
 * into a state and so decides the default. Other tabs and frames of the same origin follow.
 * Where storage is forbidden, the store works until the page closes.
 */
export function createKeptStore<State extends string>(
  key: string,
  read: (stored: string | null) => State,
): Store<State> {
  const store = createStore(read(storedText(key)))
  const set = (next: State) => {
    try {
      globalThis.localStorage?.setItem(key, next)
    } catch {
      // Private windows may refuse to store; the choice then lasts as long as the page.
    }
    store.set(next)
  }
  if (typeof window !== 'undefined') {
    window.addEventListener('storage', (event) => {
      if (event.key === key) store.set(read(event.newValue))
    })
  }
  return { ...store, set, update: (change) => set(change(store.get())) }
}

/** The store's state, or the part that `select` picks; the component renders again when that changes. */
export function useStore<State>(store: Store<State>): State
export function useStore<State, Part>(store: Store<State>, select: (state: State) => Part): Part
export function useStore<State, Part>(store: Store<State>, select?: (state: State) => Part): State | Part {
  const pick = (state: State): State | Part => (select ? select(state) : state)
  const [, rerender] = useState(0)
  const picked = pick(store.get())
  const shown = useRef({ pick, picked })
  shown.current = { pick, picked }
  useEffect(() => {
    const look = () => {
      if (!Object.is(shown.current.pick(store.get()), shown.current.picked)) rerender((count) => count + 1)
    }
    // The state may have changed between rendering and this effect.
    look()
    return store.subscribe(look)
  }, [store])
  return picked
}

function storedText(key: string): string | null {
  // The server's own Node has a localStorage that needs a file; only a page's storage is meant here.
  if (typeof window === 'undefined') return null
  try {
    return window.localStorage.getItem(key)
  } catch {
    return null
  }
}
