// People and merchants: found by name or account number, opened one at a time, and new ones.
import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { formatAccount } from '#apps/shared/money.ts'
import { problemText } from '#apps/shared/problems.ts'
import type { PartyRowView } from '#protocol/operator.ts'
import type { Problem } from '#protocol/problems.ts'
import type { SchemeView } from '#protocol/views.ts'
import { Field, Segmented } from '#ui/fields.tsx'
import { useLocale, useWords } from '#ui/i18n.ts'
import { Banner, Button, EmptyState, List, ListRow, Sheet } from '#ui/kit.tsx'
import type { Hub } from '../hub.ts'
import { words } from '../words.ts'
import { Act } from './act.tsx'
import { Party } from './party.tsx'

export type DeskPart = Readonly<{ hub: Hub; scheme: SchemeView }>

type Found = Readonly<{ parties: readonly PartyRowView[]; next: string | null; problem: Problem | null; busy: boolean }>

/** Typing is over when nothing was typed for this long. */
const TYPING_MS = 250

export function Parties({ hub, scheme }: DeskPart): JSX.Element {
  const text = useWords(words)
  const locale = useLocale()
  const [search, setSearch] = useState('')
  const [found, setFound] = useState<Found>({ parties: [], next: null, problem: null, busy: true })
  const [open, setOpen] = useState<string | null>(null)
  const [isNew, setIsNew] = useState(false)
  const [round, setRound] = useState(0)
  useEffect(() => {
    const life = { over: false }
    const find = async (): Promise<void> => {
      const answer = await hub.read('operatorParties', { query: queryOf(search) })
      if (life.over) return
      setFound(
        answer.ok
          ? { ...answer.view, problem: null, busy: false }
          : { parties: [], next: null, problem: answer.problem, busy: false },
      )
    }
    const timer = setTimeout(() => void find(), TYPING_MS)
    return () => {
      life.over = true
      clearTimeout(timer)
    }
  }, [search, round])
  const more = async (): Promise<void> => {
    if (found.next === null) return
    const answer = await hub.read('operatorParties', { query: { ...queryOf(search), before: found.next } })
    if (answer.ok) {
      setFound({ ...found, parties: [...found.parties, ...answer.view.parties], next: answer.view.next })
    }
  }
  const problem = found.problem === null ? null : problemText(found.problem, locale, 'biller')
  return (
    <div class={open === null ? 'split' : 'split split-open'}>
      <section class="split-list" aria-label={text.people}>
        <div class="search">
          <Field
            label={text.search}
            hint={text.searchHint}
            type="search"
            value={search}
            onInput={setSearch}
            maxLength={60}
          />
          {hub.may('open-party') ? (
            <Button icon="plus" onPress={() => setIsNew(true)}>
              {text.newParty}
            </Button>
          ) : null}
        </div>
        {problem === null ? null : <Banner kind="trouble">{`${problem.sentence} ${problem.next}`}</Banner>}
        <List
          label={text.people}
          items={found.parties}
          keyOf={({ party }) => party}
          empty={
            <EmptyState title={found.busy ? text.loading : text.nobody}>{found.busy ? '' : text.nobodyText}</EmptyState>
          }
        >
          {(row) => (
            <ListRow
              title={row.name}
              detail={`${text[row.kind]} · ${formatAccount(row.account)}`}
              side={row.status === 'closed' ? text.closed : row.frozen ? text.frozen : ''}
              onPress={() => setOpen(row.party)}
            />
          )}
        </List>
        {found.next === null ? null : (
          <Button wide onPress={() => void more()}>
            {text.more}
          </Button>
        )}
      </section>
      {open === null ? null : (
        <Party
          key={open}
          hub={hub}
          scheme={scheme}
          party={open}
          onClose={() => setOpen(null)}
          onChange={() => setRound(round + 1)}
        />
      )}
      <Sheet open={isNew} onClose={() => setIsNew(false)} title={text.newParty}>
        {isNew ? (
          <NewParty
            hub={hub}
            scheme={scheme}
            onDone={(party) => {
              setIsNew(false)
              setRound(round + 1)
              if (party !== null) setOpen(party)
            }}
          />
        ) : null}
      </Sheet>
    </div>
  )
}

/** A number with or without its dashes is an account. */
function queryOf(search: string): { search?: string } {
  const plain = search.trim()
  if (plain === '') return {}
  return { search: /^[\d\s-]+$/u.test(plain) ? plain.replace(/\D/gu, '') : plain }
}

function NewParty({
  hub,
  scheme,
  onDone,
}: DeskPart & Readonly<{ onDone: (party: string | null) => void }>): JSX.Element {
  const text = useWords(words)
  const [kind, setKind] = useState<'person' | 'merchant'>('person')
  const [name, setName] = useState('')
  const [legalName, setLegalName] = useState('')
  const isReady = name.trim() !== ''
  return (
    <Act
      hub={hub}
      name="open-party"
      label={text.openParty}
      done={text.partyOpened}
      body={
        isReady
          ? {
              kind,
              name: name.trim(),
              legalName: legalName.trim() === '' ? name.trim() : legalName.trim(),
              units: [scheme.unit],
            }
          : null
      }
      onDone={({ party }) => onDone(party)}
    >
      <Segmented
        label={text.kind}
        value={kind}
        onChange={setKind}
        options={[
          { value: 'person', label: text.person },
          { value: 'merchant', label: text.merchant },
        ]}
      />
      <Field label={text.name} hint={text.nameHint} value={name} onInput={setName} maxLength={60} />
      <Field label={text.legalName} hint={text.legalNameHint} value={legalName} onInput={setLegalName} maxLength={60} />
    </Act>
  )
}
