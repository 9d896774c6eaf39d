// One party's file, and what the operator can do with it.
import type { JSX } from 'preact'
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import { amountText, formatAccount } from '#apps/shared/money.ts'
import { problemText } from '#apps/shared/problems.ts'
import type { PartyFileView } from '#protocol/operator.ts'
import type { Problem } from '#protocol/problems.ts'
import { formatDateTime, useLocale, useWords } from '#ui/i18n.ts'
import { Banner, Button, EmptyState, List, ListRow } from '#ui/kit.tsx'
import { identityWords } from '../words-identity.ts'
import { words } from '../words.ts'
import { Act } from './act.tsx'
import { CashDesk } from './cash-desk.tsx'
import { AccountLimits } from './account-limits.tsx'
import { Looks } from './look.tsx'
import { Machines } from './machines.tsx'
import type { DeskPart } from './parties.tsx'
import { Proofs } from './proofs.tsx'
import { ShopStaff } from './shop-staff.tsx'

type PartyProps = DeskPart & Readonly<{ party: string; onClose: () => void; onChange: () => void }>

export type PartOfFile = DeskPart & Readonly<{ file: PartyFileView; changed: () => void }>

export function Party({ hub, scheme, party, onClose, onChange }: PartyProps): JSX.Element {
  const text = useWords(words)
  const locale = useLocale()
  const [file, setFile] = useState<PartyFileView | null>(null)
  const [problem, setProblem] = useState<Problem | null>(null)
  const look = async (): Promise<void> => {
    const answer = await hub.read('operatorParty', { params: { party } })
    setProblem(answer.ok ? null : answer.problem)
    if (answer.ok) setFile(answer.view)
  }
  useEffect(() => void look(), [party])
  const heading = useRef<HTMLHeadingElement>(null)
  useLayoutEffect(() => heading.current?.focus({ preventScroll: true }), [file?.party])
  const changed = (): void => {
    onChange()
    void look()
  }
  const said = problem === null ? null : problemText(problem, locale, 'biller')
  return (
    <aside class="file" aria-label={file?.name ?? text.loading}>
      <header class="file-head">
        <h2 tabIndex={-1} ref={heading}>
          {file?.name ?? text.loading}
        </h2>
        <Button kind="quiet" icon="close" iconOnly onPress={onClose}>
          {text.close}
        </Button>
      </header>
      {said === null ? null : <Banner kind="trouble">{`${said.sentence} ${said.next}`}</Banner>}
      {file === null ? null : <File hub={hub} scheme={scheme} file={file} changed={changed} />}
    </aside>
  )
}

function File(props: PartOfFile): JSX.Element {
  const text = useWords(words)
  const locale = useLocale()
  const { file, hub } = props
  const identity = useWords(identityWords)
  const [looked, setLooked] = useState('')
  const isClosed = file.status === 'closed'
  const mayCash = hub.may('cash-in') || hub.may('cash-out')
  return (
    <>
      <p class="file-facts">
        {text[file.kind]} · {file.legalName} · {formatAccount(file.account)} ·{' '}
        {text.since(formatDateTime(file.openedAt, locale))}
        {isClosed ? ` · ${text.closed}` : file.frozen ? ` · ${text.frozen}` : ''}
      </p>
      <List label={text.balances} items={file.balances} keyOf={({ unit }) => unit} empty={null}>
        {(balance) => (
          <ListRow
            title={balance.unit}
            detail={balance.arriving === '0' ? '' : text.arriving(amountText(balance.arriving, balance.unit, locale))}
            side={amountText(balance.balance, balance.unit, locale)}
          />
        )}
      </List>
      {mayCash ? (
        <Part title={text.cashDesk} open>
          <CashDesk {...props} />
        </Part>
      ) : null}
      <Part title={text.access}>
        <Machines {...props} />
      </Part>
      {file.kind === 'merchant' ? (
        <Part title={identity.staff}>
          <ShopStaff {...props} />
        </Part>
      ) : null}
      {file.kind === 'person' && hub.may('look') ? (
        <Part title={identity.hidden}>
          <Looks {...props} onBirthDate={setLooked} />
        </Part>
      ) : null}
      {isClosed ? null : (
        <>
          {hub.may('set-limits') ? (
            <Part title={text.limits}>
              <AccountLimits {...props} />
            </Part>
          ) : null}
          {file.kind === 'person' ? (
            <Part title={text.proofs}>
              <Proofs {...props} looked={looked} />
            </Part>
          ) : null}
          {hub.may('freeze') || hub.may('close') ? (
            <Part title={text.standing}>
              <Standing {...props} />
            </Part>
          ) : null}
        </>
      )}
      <Part title={text.entries}>
        <List
          label={text.entries}
          items={file.entries}
          keyOf={({ unit, number }) => `${unit} ${number}`}
          empty={<EmptyState title={text.noEntries} />}
        >
          {(entry) => (
            <ListRow
              title={entry.otherName}
              detail={`${formatDateTime(entry.at, locale)} · ${text[`kind_${entry.kind}`]}`}
              side={`${entry.amount.startsWith('-') ? '' : '+'}${amountText(entry.amount, entry.unit, locale)}`}
            />
          )}
        </List>
      </Part>
    </>
  )
}

function Part({
  title,
  open = false,
  children,
}: Readonly<{ title: string; open?: boolean; children: JSX.Element }>): JSX.Element {
  return (
    <details class="file-part" open={open}>
      <summary>{title}</summary>
      <div class="file-inside">{children}</div>
    </details>
  )
}

function Standing({ hub, file, changed }: PartOfFile): JSX.Element {
  const text = useWords(words)
  const { account, frozen, name } = file
  return (
    <>
      {frozen ? (
        <Act
          hub={hub}
          name="unfreeze"
          label={text.unfreeze}
          about={text.unfreezeText}
          done={text.unfrozen}
          body={{ account }}
          onDone={changed}
        />
      ) : (
        <Act
          hub={hub}
          name="freeze"
          label={text.freeze}
          about={text.freezeText}
          done={text.isFrozen}
          body={{ account }}
          isDanger
          onDone={changed}
        />
      )}
      <Act
        hub={hub}
        name="close"
        label={text.closeAccount}
        about={text.closeText}
        done={text.isClosed}
        body={{ account }}
        isDanger
        sure={text.closeSure(name)}
        onDone={changed}
      />
    </>
  )
}
