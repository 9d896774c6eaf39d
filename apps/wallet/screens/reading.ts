// Reads what a screen shows, when it opens and when the person comes back to it: what was read before is shown meanwhile.
import { useEffect, useState } from 'preact/hooks'
import type { Problem } from '#protocol/problems.ts'

/** Null while all is well. */
export function useReading(...reads: readonly (() => Promise<Problem | null>)[]): Problem | null {
  const [problem, setProblem] = useState<Problem | null>(null)
  useEffect(() => {
    let isGone = false
    const readAll = async (): Promise<void> => {
      const answers = await Promise.all(reads.map((read) => read()))
      if (!isGone) setProblem(answers.find((answer) => answer !== null) ?? null)
    }
    void readAll()
    const look = (): void => {
      if (document.visibilityState === 'visible') void readAll()
    }
    document.addEventListener('visibilitychange', look)
    return () => {
      isGone = true
      document.removeEventListener('visibilitychange', look)
    }
  }, [])
  return problem
}
