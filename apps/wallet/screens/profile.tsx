// The profile: what one says of oneself, and beside it, apart, what the operator has seen.
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import type { Language, ProfileView } from '#protocol/identity.ts'
import type { Problem } from '#protocol/problems.ts'
import { factsOf } from '#apps/shared/shown.ts'
import { Field, Segmented } from '#ui/fields.tsx'
import { Button, List, ListRow, say, Screen } from '#ui/kit.tsx'
import { useLocale, useWords } from '#ui/i18n.ts'
import type { ScreenOf } from '../app.tsx'
import { isBirthDate } from '../beginning.ts'
import { shownIfAll } from '../mine.ts'
import { beginningWords } from '../words-beginning.ts'
import { mineWords } from '../words-mine.ts'
import { ProblemNote } from './problem.tsx'
import { portraitSource } from './portrait.tsx'
import { useReading } from './reading.ts'
import { today } from './sign-up.tsx'

export function Profile({ state, act, banners }: ScreenOf): JSX.Element {
  const words = useWords(mineWords)
  const begin = useWords(beginningWords)
  const problem = useReading(act.mine.readProfile)
  const { profile } = state.mine
  return (
    <Screen title={words.profile} banners={banners} onBack={() => act.go({ at: 'settings' })}>
      {problem === null ? null : <ProblemNote problem={problem} isAboutMoney={false} />}
      {profile === null ? (
        problem === null ? (
          <p class="quiet" role="status">
            {words.reading}
          </p>
        ) : null
      ) : (
        <>
          <div class="row">
            {profile.portrait === null ? null : (
              <img class="portrait-small" src={portraitSource(profile.portrait)} alt={words.portraitAlt} />
            )}
            <span class="row-text">
              <span class="row-title">{words.portrait}</span>
              <span class="row-detail">{profile.portrait === null ? words.portraitNone : words.portraitHave}</span>
            </span>
            <Button kind="quiet" onPress={() => act.go({ at: 'portrait', from: 'profile' })}>
              {words.change}
              <span class="hidden"> {words.portrait}</span>
            </Button>
          </div>
          <Said key={JSON.stringify([profile.name, profile.language, profile.birthDate])} profile={profile} act={act} />
          <div class="row">
            <span class="row-text">
              <span class="row-title">{words.emailNow}</span>
              <span class="row-detail">{profile.email ?? words.emailNone}</span>
            </span>
            <Button kind="quiet" onPress={() => act.go({ at: 'email' })}>
              {words.change}
              <span class="hidden"> {words.emailNow}</span>
            </Button>
          </div>
          <ListRow title={begin.legalName} detail={profile.legalName} />
          <Seen profile={profile} />
        </>
      )}
    </Screen>
  )
}

type SaidProps = { readonly profile: ProfileView; readonly act: ScreenOf['act'] }

function Said({ profile, act }: SaidProps): JSX.Element {
  const words = useWords(mineWords)
  const begin = useWords(beginningWords)
  const [name, setName] = useState(profile.name)
  const [language, setLanguage] = useState<Language>(profile.language)
  const [birthDate, setBirthDate] = useState(profile.birthDate ?? '')
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<Problem | null>(null)
  const isWrongDay = birthDate !== '' && !isBirthDate(birthDate, today())
  const isSame = name === profile.name && language === profile.language && birthDate === (profile.birthDate ?? '')
  const save = async (): Promise<void> => {
    if (busy || isWrongDay || name.trim() === '') return
    setBusy(true)
    const answer = await act.mine.setProfile({
      displayName: name.trim(),
      language,
      birthDate: birthDate === '' ? null : birthDate,
    })
    setBusy(false)
    setProblem(answer)
    if (answer === null) say(words.saved)
  }
  return (
    <form
      class="stack-small"
      onSubmit={(event) => {
        event.preventDefault()
        void save()
      }}
    >
      {problem === null ? null : <ProblemNote problem={problem} isAboutMoney={false} />}
      <Field
        label={begin.displayName}
        autoComplete="nickname"
        value={name}
        onInput={setName}
        maxLength={60}
        error={name.trim() === '' ? begin.nameMissing : undefined}
      />
      <Field
        label={words.birthNow}
        type="date"
        autoComplete="bday"
        value={birthDate}
        onInput={setBirthDate}
        hint={words.claimedText}
        error={isWrongDay ? begin.birthWrong : undefined}
      />
      <Segmented<Language>
        label={words.language}
        value={language}
        onChange={setLanguage}
        options={[
          { value: 'ja', label: '日本語', lang: 'ja' },
          { value: 'en', label: 'English', lang: 'en' },
        ]}
      />
      <Button type="submit" wide busy={busy} disabled={isSame}>
        {words.save}
      </Button>
    </form>
  )
}

/** What shops can rely on, and nothing of what one only says. */
function Seen({ profile }: { readonly profile: ProfileView }): JSX.Element {
  const words = useWords(mineWords)
  const locale = useLocale()
  const facts = factsOf({ ...shownIfAll(profile), email: null }, locale)
  return (
    <section class="stack-small">
      <h2 class="part">{words.verifiedPart}</h2>
      <List label={words.verifiedPart} items={facts} keyOf={({ label, value }) => label + value} empty={null}>
        {({ label, value }) => <ListRow title={label} side={<span class="value">{value}</span>} />}
      </List>
      {profile.verified.ageBand === null ? <p class="quiet">{words.ageNone}</p> : null}
      <p class="quiet small">{words.verifiedText}</p>
    </section>
  )
}
