// A scanner that types: it sends the code's signs as keys, faster than any hand, and Enter behind them. Each key waits a moment; if
// the next one comes at once the two belong together, and if Enter ends enough of them they were a code. All else is passed on as
// the keys they were, in their order. Pure but for the timer it is given.
//
//   idle --sign--> held --sign at once--> held, one more --Enter, six or more--> read
//                  held --a moment passes, or another key--> passed on

/** Signs of one code follow each other in some 2 to 30 ms; the quickest hands need 60. */
const AT_ONCE_MS = 50
/** An amount is at most seven digits and nobody types six of them in a quarter of a second. Shorter own codes are typed, not scanned. */
const LEAST_SIGNS = 6

export type PressedKey = Readonly<{ key: string; code: string }>

export type Wedge = Readonly<{
  /** Takes a key, pressed at `at` (milliseconds on any clock that runs evenly); false where it is none of a scanner's and may do what it does. */
  press(pressed: PressedKey, at: number): boolean
  /** Passes on what is held. */
  flush(): void
}>

/** `passOn` does what a held key says after all; `read` takes a code; `later` runs something after so many ms and can be called off. */
export function wedge(parts: {
  passOn: (pressed: PressedKey) => void
  read: (text: string) => void
  later: (ms: number, act: () => void) => () => void
}): Wedge {
  let held: PressedKey[] = []
  let lastAt = 0
  let callOff = (): void => {}

  const letGo = (): readonly PressedKey[] => {
    callOff()
    const keys = held
    held = []
    return keys
  }
  const flush = (): void => letGo().forEach(parts.passOn)

  return {
    flush,
    press(pressed, at) {
      const isAtOnce = at - lastAt <= AT_ONCE_MS
      // Capitals come with their own key before them.
      if (pressed.key === 'Shift') return false
      lastAt = at
      if (pressed.key === 'Enter' && isAtOnce && held.length >= LEAST_SIGNS) {
        parts.read(
          letGo()
            .map(({ key }) => key)
            .join(''),
        )
        return true
      }
      if (!isAtOnce) flush()
      if (pressed.key.length !== 1) {
        flush()
        return false
      }
      held.push(pressed)
      callOff()
      callOff = parts.later(AT_ONCE_MS, flush)
      return true
    },
  }
}
