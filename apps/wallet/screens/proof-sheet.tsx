// A proof of the owner for something that is no payment: PIN or passkey, or the security key where nothing else counts.
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import type { Problem } from '#protocol/problems.ts'
import type { Prove } from '#sdk/approval.ts'
import { withPasskey } from '#sdk/passkey.ts'
import { withPin } from '#sdk/scram.ts'
import { Banner, Button, Sheet } from '#ui/kit.tsx'
import { useWords } from '#ui/i18n.ts'
import { isKeyOnly } from '../mine.ts'
import type { State } from '../state.ts'
import { mineWords } from '../words-mine.ts'
import { walletWords } from '../words.ts'
import { PinEntry } from './pin-sheet.tsx'
import { ProblemNote } from './problem.tsx'

export type ProofSheetProps = {
  readonly state: State
  /** what it is for, null: closed */
  readonly title: string | null
  /** does it with the proof; null when it is done */
  readonly run: (prove: Prove) => Promise<Problem | null>
  readonly onDone: () => void
  readonly onClose: () => void
  /** proves by security key alone; also where this phone approves with nothing else */
  readonly byKey: Prove
  readonly needsKey?: boolean
  /** what is being done with a proof that was given, where it may take a while */
  readonly whileBusy?: string
}

/** Problems that the PIN field says itself. */
const OF_THE_PIN: ReadonlySet<string> = new Set(['proof-wrong', 'proof-locked'])

export function ProofSheet(props: ProofSheetProps): JSX.Element {
  const { title, onClose } = props
  const [busy, setBusy] = useState(false)
  return (
    <Sheet open={title !== null} onClose={() => (busy ? undefined : onClose())} title={title ?? ''}>
      {title === null ? null : <Proof {...props} busy={busy} setBusy={setBusy} />}
    </Sheet>
  )
}

type ProofProps = ProofSheetProps & { readonly busy: boolean; readonly setBusy: (busy: boolean) => void }

function Proof({ state, run, onDone, byKey, needsKey, whileBusy, busy, setBusy }: ProofProps): JSX.Element {
  const words = useWords(mineWords)
  const wallet = useWords(walletWords)
  const [problem, setProblem] = useState<Problem | null>(null)
  const prove = async (proof: Prove): Promise<void> => {
    if (busy) return
    setBusy(true)
    setProblem(null)
    const answer = await run(proof)
    setBusy(false)
    if (answer === null) onDone()
    else setProblem(answer)
  }
  const isOfPin = problem !== null && OF_THE_PIN.has(problem.code)
  const trouble = problem === null || isOfPin ? null : <ProblemNote problem={problem} isAboutMoney={false} />
  const note =
    busy && whileBusy !== undefined ? (
      <p class="quiet" role="status">
        {whileBusy}
      </p>
    ) : (
      trouble
    )
  if (needsKey || isKeyOnly(state.mine)) {
    return (
      <div class="stack-small">
        {problem?.code === 'passkey-failed' ? <Banner kind="trouble">{words.keyNotUsed}</Banner> : note}
        <p>{words.keyText2}</p>
        <Button kind="seal" wide busy={busy} onPress={() => void prove(byKey)}>
          {words.keyNow}
        </Button>
      </div>
    )
  }
  if (state.self?.secret === null) {
    return (
      <div class="stack-small">
        {note}
        <Button kind="seal" wide busy={busy} onPress={() => void prove(withPasskey)}>
          {wallet.withPasskey}
        </Button>
      </div>
    )
  }
  return (
    <div class="stack-small">
      {note}
      <PinEntry
        state={state}
        problem={isOfPin ? problem : null}
        isBusy={busy}
        givePin={(pin) => void prove(withPin(pin))}
        usePasskey={() => void prove(withPasskey)}
      />
    </div>
  )
}
