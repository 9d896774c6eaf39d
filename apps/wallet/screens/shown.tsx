// What this person shows: to everybody, and to single shops. For each thing what would be seen, and show, ask me or never.
import type { JSX } from 'preact'
import { useRef, useState } from 'preact/hooks'
import { ASKABLE, type Askable, type Release, type Releases } from '#core/persona.ts'
import type { ProfileView } from '#protocol/identity.ts'
import type { Problem } from '#protocol/problems.ts'
import { askableText } from '#apps/shared/shown.ts'
import { Segmented } from '#ui/fields.tsx'
import { Button, EmptyState, List, ListRow, say, Screen } from '#ui/kit.tsx'
import { useLocale, useWords } from '#ui/i18n.ts'
import type { ScreenOf } from '../app.tsx'
import { hasValue, partOf, releasesFor, releaseSet, shopsToAdd, shownIfAll, type MyPlace } from '../mine.ts'
import { shownText } from '../said.ts'
import { mineWords } from '../words-mine.ts'
import { ProblemNote } from './problem.tsx'
import { useReading } from './reading.ts'

export function Shown({ state, act, banners }: ScreenOf): JSX.Element {
  const words = useWords(mineWords)
  const problem = useReading(act.mine.readReleases, act.mine.readProfile, act.mine.readShops)
  const { releases } = state.mine
  const toAdd = shopsToAdd(state.mine)
  return (
    <Screen title={words.shown} banners={banners} onBack={() => act.go({ at: 'settings' })}>
      {problem === null ? null : <ProblemNote problem={problem} isAboutMoney={false} />}
      <p>
        {words.shownName(state.self?.name ?? '')} <span class="quiet">{words.shownRest}</span>
      </p>
      {releases === null ? (
        problem === null ? (
          <p class="quiet" role="status">
            {words.reading}
          </p>
        ) : null
      ) : (
        <>
          <ListRow
            icon="person"
            title={words.everybody}
            detail={words.everybodyText}
            onPress={() => act.go({ at: 'shown-to', shop: null })}
          />
          <section class="stack-small">
            <h2 class="part">{words.shopsOwn}</h2>
            <List
              label={words.shopsOwn}
              items={releases.merchants}
              keyOf={({ party }) => party}
              empty={<EmptyState title={words.shopsNone}>{words.shopsNoneText}</EmptyState>}
            >
              {({ party, name }) => (
                <ListRow icon="shop" title={name} onPress={() => act.go({ at: 'shown-to', shop: { party, name } })} />
              )}
            </List>
          </section>
          {toAdd.length === 0 ? null : (
            <section class="stack-small">
              <h2 class="part">{words.shopsRecent}</h2>
              <List label={words.shopsRecent} items={toAdd} keyOf={({ party }) => party} empty={null}>
                {(shop) => <ListRow icon="plus" title={shop.name} onPress={() => act.go({ at: 'shown-to', shop })} />}
              </List>
            </section>
          )}
        </>
      )}
    </Screen>
  )
}

type ShownToProps = ScreenOf & { readonly place: Extract<MyPlace, { at: 'shown-to' }> }

export function ShownTo({ state, act, banners, place }: ShownToProps): JSX.Element {
  const words = useWords(mineWords)
  const [problem, setProblem] = useState<Problem | null>(null)
  const [busy, setBusy] = useState(false)
  /** what was chosen and is not answered yet; choices go to the hub one after the other */
  const [chosen, setChosen] = useState<Releases | null>(null)
  const sent = useRef<Promise<unknown>>(Promise.resolve())
  const { releases, profile } = state.mine
  const { shop } = place
  const party = shop?.party ?? null
  const back = (): void => act.go({ at: 'shown' })
  const hasOwn = releases?.merchants.some((merchant) => merchant.party === party) ?? false
  const shown = chosen ?? (releases && releasesFor(releases, party))
  const save = async (next: Releases, before: Promise<unknown>): Promise<void> => {
    await before
    const answer = await act.mine.setReleases(party, next)
    setProblem(answer)
    setChosen((latest) => (latest === next || answer !== null ? null : latest))
    if (answer === null) say(words.saved)
  }
  const choose = (attribute: Askable, release: Release): void => {
    if (shown === null) return
    const next = releaseSet(shown, attribute, release)
    setChosen(next)
    sent.current = save(next, sent.current)
  }
  const forget = async (): Promise<void> => {
    setBusy(true)
    await sent.current
    const answer = await act.mine.setReleases(party, null)
    setBusy(false)
    setProblem(answer)
    if (answer !== null) return
    say(words.shopForgotten)
    back()
  }
  return (
    <Screen title={shop?.name ?? words.everybody} banners={banners} onBack={back}>
      {problem === null ? null : <ProblemNote problem={problem} isAboutMoney={false} />}
      <p class="quiet">{words.shownName(state.self?.name ?? '')}</p>
      {shown === null
        ? null
        : ASKABLE.map((attribute) => (
            <ReleaseChoice
              key={attribute}
              attribute={attribute}
              release={shown[attribute]}
              profile={profile}
              onChange={(release) => choose(attribute, release)}
            />
          ))}
      {hasOwn ? (
        <Button wide busy={busy} onPress={() => void forget()}>
          {words.shopForget}
        </Button>
      ) : null}
    </Screen>
  )
}

type ReleaseChoiceProps = {
  readonly attribute: Askable
  readonly release: Release
  readonly profile: ProfileView | null
  readonly onChange: (release: Release) => void
}

function ReleaseChoice({ attribute, release, profile, onChange }: ReleaseChoiceProps): JSX.Element {
  const words = useWords(mineWords)
  const locale = useLocale()
  const all = profile === null ? null : shownIfAll(profile)
  const nothing = attribute === 'age-band' ? words.showsNothingAge : words.showsNothing
  const value =
    all === null ? '' : hasValue(all, attribute) ? words.showsNow(shownText(partOf(all, [attribute]), locale)) : nothing
  return (
    <div class="release">
      <Segmented<Release>
        label={askableText(attribute, locale)}
        value={release}
        onChange={onChange}
        options={[
          { value: 'show', label: words.show },
          { value: 'ask', label: words.ask },
          { value: 'hide', label: words.hide },
        ]}
      />
      <p class="quiet small">{value}</p>
    </div>
  )
}
