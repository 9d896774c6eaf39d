// Another e-mail address: a code goes there; with the code and a proof of the owner it counts.
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import type { Problem } from '#protocol/problems.ts'
import { say } from '#ui/kit.tsx'
import { useWords } from '#ui/i18n.ts'
import type { ScreenOf } from '../app.tsx'
import { beginningWords } from '../words-beginning.ts'
import { mineWords } from '../words-mine.ts'
import { ProofSheet } from './proof-sheet.tsx'
import { CodeStep, EmailStep } from './step.tsx'

export function ChangeEmail({ state, act, banners }: ScreenOf): JSX.Element {
  const words = useWords(mineWords)
  const begin = useWords(beginningWords)
  const [email, setEmail] = useState<string | null>(null)
  const [code, setCode] = useState<string | null>(null)
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<Problem | null>(null)
  const leave = (): void => act.go({ at: 'profile' })
  const send = async (address: string): Promise<void> => {
    setBusy(true)
    const answer = await act.mine.setEmail(address, null, null)
    setBusy(false)
    setProblem(answer)
    if (answer === null) setEmail(address)
  }
  if (email === null) {
    return (
      <EmailStep
        key="email"
        title={words.emailChange}
        text={words.emailChangeText}
        first=""
        banners={banners}
        busy={busy}
        problem={problem}
        onBack={leave}
        onEmail={(address) => void send(address)}
      />
    )
  }
  return (
    <>
      <CodeStep
        key="code"
        title={begin.code}
        text={begin.codeSent(email)}
        banners={banners}
        busy={busy}
        problem={problem}
        onBack={() => setEmail(null)}
        onCode={setCode}
        onAgain={() => void send(email)}
      />
      <ProofSheet
        state={state}
        title={code === null ? null : words.proofTitle}
        byKey={act.mine.bySecurityKey}
        run={async (prove) => {
          const answer = await act.mine.setEmail(email, code, prove)
          // A wrong code is the screen's own matter; the sheet goes.
          if (answer?.code !== 'code-not-found') return answer
          setProblem(answer)
          setCode(null)
          return answer
        }}
        onDone={() => {
          say(words.emailChanged)
          leave()
        }}
        onClose={() => setCode(null)}
      />
    </>
  )
}
