// Bank accounts of one's own: those that are registered, one more, one less.
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { toHex } from '#core/bytes.ts'
import { halfWidth } from '#core/numbers.ts'
import type { MeansListView } from '#protocol/means.ts'
import { Field, Segmented } from '#ui/fields.tsx'
import { useLocale, useWords } from '#ui/i18n.ts'
import { Banner, Button, EmptyState, List, say, Screen, Sheet } from '#ui/kit.tsx'
import type { ScreenOf } from '../app.tsx'
import type { NewBank } from '../bank.ts'
import { bankWords } from '../words-bank.ts'
import { ProblemNote } from './problem.tsx'
import { ProofSheet } from './proof-sheet.tsx'
import { useReading } from './reading.ts'

type Own = MeansListView['means'][number]

export function Banks({ state, act, banners }: ScreenOf): JSX.Element {
  const words = useWords(bankWords)
  const problem = useReading(act.mine.readBanks)
  const { banks } = state.mine
  const hasBank = (banks?.banks.length ?? 0) > 0
  return (
    <Screen
      title={words.title}
      banners={banners}
      onBack={() => act.go({ at: 'settings' })}
      actions={
        hasBank ? (
          <Button kind="seal" wide icon="plus" onPress={() => act.go({ at: 'bank-add' })}>
            {words.add}
          </Button>
        ) : null
      }
    >
      {problem === null ? null : <ProblemNote problem={problem} isAboutMoney={false} />}
      <p class="quiet">{words.explain}</p>
      {banks === null || hasBank ? null : <Banner kind="stale">{words.noBank}</Banner>}
      <List
        label={words.title}
        items={banks?.means ?? []}
        keyOf={({ id }) => id}
        empty={banks === null ? null : <EmptyState title={words.none}>{words.noneText}</EmptyState>}
      >
        {(own) => <Row own={own} act={act} />}
      </List>
    </Screen>
  )
}

function Row({ own, act }: Pick<ScreenOf, 'act'> & { readonly own: Own }): JSX.Element {
  const words = useWords(bankWords)
  const [isAsked, setAsked] = useState(false)
  const [busy, setBusy] = useState(false)
  const remove = async (): Promise<void> => {
    setBusy(true)
    const problem = await act.mine.removeBank(own.id)
    setBusy(false)
    setAsked(false)
    if (problem === null) say(words.removed)
  }
  const detail = own.why === null ? (own.isInstant ? words.instant : words.byFile) : words[`why ${own.why}`]
  return (
    <div class="contact">
      <span class="row-text">
        <span class="row-title">{own.label}</span>
        <span class="row-detail">{detail}</span>
      </span>
      <Button kind="quiet" onPress={() => setAsked(true)}>
        {words.remove}
        <span class="hidden"> {own.label}</span>
      </Button>
      <Sheet
        open={isAsked}
        onClose={() => setAsked(false)}
        title={words.removeSure}
        actions={
          <div class="two">
            <Button wide onPress={() => setAsked(false)}>
              {words.keep}
            </Button>
            <Button kind="danger" wide busy={busy} onPress={() => void remove()}>
              {words.remove}
            </Button>
          </div>
        }
      >
        <p>{words.removeText}</p>
      </Sheet>
    </div>
  )
}

type Typed = Readonly<{ branch: string; number: string; holder: string }>

export function BankAdd({ state, act, banners }: ScreenOf): JSX.Element {
  const words = useWords(bankWords)
  const locale = useLocale()
  const unread = useReading(act.mine.readBanks)
  const places = state.mine.banks?.banks ?? []
  const [bank, setBank] = useState<string | null>(null)
  const [kind, setKind] = useState<'1' | '2'>('1')
  const [typed, setTyped] = useState<Typed>({ branch: '', number: '', holder: '' })
  const [isTold, setTold] = useState(false)
  const [asked, setAsked] = useState<NewBank | null>(null)
  const code = bank ?? places[0]?.code ?? ''
  const read = { branch: digitsOf(typed.branch), number: digitsOf(typed.number), holder: typed.holder.trim() }
  const wrong = {
    branch: !/^\d{3}$/u.test(read.branch),
    number: !/^\d{7}$/u.test(read.number),
    holder: read.holder === '',
  }
  const isRight = !Object.values(wrong).includes(true) && code !== ''
  const change = (part: Partial<Typed>): void => setTyped({ ...typed, ...part })
  const errorOf = (name: keyof Typed): string | undefined => (isTold && wrong[name] ? words.wrong : undefined)
  const leave = (): void => act.go({ at: 'banks' })
  return (
    <Screen title={words.add} banners={banners} onBack={leave}>
      {unread === null ? null : <ProblemNote problem={unread} isAboutMoney={false} />}
      <form
        class="stack-small"
        onSubmit={(event) => {
          event.preventDefault()
          setTold(true)
          if (isRight) setAsked({ command: newCommand(), bank: code, kind, ...read })
        }}
      >
        <label class="field">
          <span class="field-label">{words.bank}</span>
          <select class="field-input" value={code} onChange={({ currentTarget }) => setBank(currentTarget.value)}>
            {places.map((place) => (
              <option key={place.code} value={place.code}>
                {locale === 'ja' ? place.nameJa : place.name} ({place.code})
              </option>
            ))}
          </select>
        </label>
        <Segmented
          label={words.kind}
          value={kind}
          onChange={setKind}
          options={[
            { value: '1', label: words['kind 1'] },
            { value: '2', label: words['kind 2'] },
          ]}
        />
        <Field
          label={words.branch}
          value={typed.branch}
          onInput={(branch) => change({ branch })}
          inputMode="numeric"
          maxLength={3}
          error={errorOf('branch')}
        />
        <Field
          label={words.number}
          hint={words.numberHint}
          value={typed.number}
          onInput={(number) => change({ number })}
          inputMode="numeric"
          maxLength={7}
          error={errorOf('number')}
        />
        <Field
          label={words.holder}
          hint={words.holderHint}
          value={typed.holder}
          onInput={(holder) => change({ holder })}
          maxLength={30}
          error={errorOf('holder')}
        />
        <Button type="submit" kind="seal" wide>
          {words.prove}
        </Button>
      </form>
      <ProofSheet
        state={state}
        title={asked === null ? null : words.prove}
        byKey={act.mine.bySecurityKey}
        run={async (prove) => (asked === null ? null : act.mine.addBank(asked, prove))}
        onDone={() => {
          say(words.added)
          leave()
        }}
        onClose={() => setAsked(null)}
      />
    </Screen>
  )
}

const digitsOf = (typed: string): string => halfWidth(typed).trim()

const newCommand = (): string => `cmd_${toHex(crypto.getRandomValues(new Uint8Array(16)))}`
