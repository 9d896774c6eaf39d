// What the pages of the shop's people and machines share: reading both, doing one thing at a time, and what went wrong.
import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { problemText } from '#apps/shared/problems.ts'
import type { StaffHereView, StaffView } from '#protocol/identity.ts'
import type { Problem } from '#protocol/problems.ts'
import type { Client } from '#sdk/client.ts'
import { callIdentity } from '#sdk/identity-calls.ts'
import type { Outcome } from '#sdk/outcome.ts'
import { useLocale } from '#ui/i18n.ts'
import { Banner } from '#ui/kit.tsx'

export type ShopProps = Readonly<{
  client: Client
  here: StaffHereView
  /** nobody is signed in any more */
  closed: () => void
}>

type Shop = Readonly<{
  view: StaffView | null
  problem: Problem | null
  look: () => void
  set: (view: StaffView) => void
}>

/** The shop's people and machines, read when the page is opened and after what was done here. */
export function useShop(client: Client, closed: () => void): Shop {
  const [view, setView] = useState<StaffView | null>(null)
  const [problem, setProblem] = useState<Problem | null>(null)
  const look = async (): Promise<void> => {
    const outcome = await callIdentity(client, 'staff')
    if (outcome.ok) setView(outcome.view)
    else if (outcome.problem.code === 'cashier-needed') closed()
    setProblem(outcome.ok ? null : outcome.problem)
  }
  useEffect(() => void look(), [client])
  return { view, problem, look: () => void look(), set: setView }
}

type Doing = Readonly<{
  busy: boolean
  problem: Problem | null
  /** Waits for the answer; tells whether it was a yes. */
  run<View>(asked: Promise<Outcome<View>>, done: (view: View) => void): Promise<boolean>
}>

export function useDoing(closed: () => void): Doing {
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<Problem | null>(null)
  return {
    busy,
    problem,
    async run(asked, done) {
      setBusy(true)
      const outcome = await asked
      setBusy(false)
      setProblem(outcome.ok ? null : outcome.problem)
      if (outcome.ok) done(outcome.view)
      else if (outcome.problem.code === 'cashier-needed') closed()
      return outcome.ok
    },
  }
}

export function Trouble({ problem }: Readonly<{ problem: Problem | null }>): JSX.Element | null {
  const locale = useLocale()
  if (problem === null) return null
  const said = problemText(problem, locale, 'biller')
  return <Banner kind="trouble">{`${said.sentence} ${said.next}`}</Banner>
}
