// The same request sent again while it is under way (a phone that did not wait for its answer) is one piece of work, and costs one try.

/** Runs work by key: whoever comes with a key that is under way gets that answer. */
export function onceAtATime<Answer>(): (key: string, run: () => Promise<Answer>) => Promise<Answer> {
  const underway = new Map<string, Promise<Answer>>()
  return (key, run) => {
    const running = underway.get(key)
    if (running !== undefined) return running
    const answer = run().finally(() => underway.delete(key))
    underway.set(key, answer)
    return answer
  }
}
