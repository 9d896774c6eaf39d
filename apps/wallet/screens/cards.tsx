// Cards of one's own: those that are registered, and what can be done with one of them.
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import type { CardRow } from '#protocol/cards.ts'
import type { Problem } from '#protocol/problems.ts'
import { Field, Switch } from '#ui/fields.tsx'
import { useLocale, useWords } from '#ui/i18n.ts'
import { Banner, Button, EmptyState, List, say, Screen, Sheet } from '#ui/kit.tsx'
import type { ScreenOf } from '../app.tsx'
import { cardTitle, monthShown } from '../card-text.ts'
import { cardWords } from '../words-cards.ts'
import { CardFace } from './card-face.tsx'
import { ProblemNote } from './problem.tsx'
import { useReading } from './reading.ts'

type Words = (typeof cardWords)['en']

export function Cards({ state, act, banners }: ScreenOf): JSX.Element {
  const words = useWords(cardWords)
  const problem = useReading(act.mine.readCards)
  const { cards } = state.mine
  return (
    <Screen
      title={words.title}
      banners={banners}
      onBack={() => act.go({ at: 'settings' })}
      actions={
        cards?.isAvailable === true ? (
          <Button kind="seal" wide icon="plus" onPress={() => act.go({ at: 'card-add' })}>
            {words.add}
          </Button>
        ) : null
      }
    >
      {problem === null ? null : <ProblemNote problem={problem} isAboutMoney={false} />}
      <p class="quiet">{words.explain}</p>
      {cards === null || cards.isAvailable ? null : <Banner kind="stale">{words.away}</Banner>}
      <List
        label={words.title}
        items={cards?.cards ?? []}
        keyOf={({ id }) => id}
        empty={
          cards === null ? null : (
            <EmptyState title={words.none} icon="card">
              {words.noneText}
            </EmptyState>
          )
        }
      >
        {(card) => <Row card={card} open={() => act.go({ at: 'card', card: card.id })} />}
      </List>
    </Screen>
  )
}

function Row({ card, open }: { readonly card: CardRow; readonly open: () => void }): JSX.Element {
  const words = useWords(cardWords)
  const locale = useLocale()
  return (
    <button type="button" class="card-row" onClick={open}>
      <CardFace card={card} />
      <span class="card-row-text">
        <span class="row-title">{cardTitle(card, locale)}</span>
        <span class="row-detail">{standing(card, words)}</span>
      </span>
    </button>
  )
}

/** How a card stands, in a few words. */
export function standing(card: CardRow, words: Words): string {
  if (card.status === 'expired') return words['status expired']
  if (card.status === 'suspended') return card.why === null ? words['status suspended'] : words[`why ${card.why}`]
  const till = words.validTill(monthShown(card.expires))
  return card.isDefault ? `${till} · ${words.isFirst}` : till
}

export function CardSettings({ state, act, banners, card: id }: ScreenOf & { readonly card: string }): JSX.Element {
  const words = useWords(cardWords)
  const locale = useLocale()
  const unread = useReading(act.mine.readCards)
  const [problem, setProblem] = useState<Problem | null>(null)
  const leave = (): void => act.go({ at: 'cards' })
  const card = state.mine.cards?.cards.find((each) => each.id === id)
  const change = async (what: Readonly<{ name: string | null } | { isDefault: boolean }>): Promise<void> => {
    const said = await act.mine.changeCard({ card: id, ...what })
    setProblem(said)
    if (said === null) say(words.saved)
  }
  const shown = problem ?? unread
  return (
    <Screen title={card === undefined ? words.issuer : cardTitle(card, locale)} banners={banners} onBack={leave}>
      {shown === null ? null : <ProblemNote problem={shown} isAboutMoney={false} />}
      {card === undefined ? null : (
        <>
          <CardFace card={card} />
          <p class={card.status === 'active' ? 'quiet' : 'strong'}>{standing(card, words)}</p>
          {card.status === 'active' ? (
            <>
              <Button
                wide
                icon="myCode"
                onPress={() => act.openCardId({ id: card.id, label: cardTitle(card, locale) })}
              >
                {words.atRegister}
              </Button>
              <Switch
                label={words.makeFirst}
                hint={words.makeFirstHint}
                checked={card.isDefault}
                onChange={(isDefault) => void change({ isDefault })}
              />
            </>
          ) : null}
          <Name key={card.name ?? ''} card={card} save={(name) => change({ name })} />
          <Remove
            card={card}
            remove={async () => {
              const said = await act.mine.removeCard(id)
              if (said !== null) return setProblem(said)
              say(words.removed)
              return leave()
            }}
          />
        </>
      )}
    </Screen>
  )
}

type NameProps = { readonly card: CardRow; readonly save: (name: string | null) => Promise<void> }

function Name({ card, save }: NameProps): JSX.Element {
  const words = useWords(cardWords)
  const [typed, setTyped] = useState(card.name ?? '')
  const [busy, setBusy] = useState(false)
  const name = typed.trim()
  const isNew = name !== (card.name ?? '')
  return (
    <form
      class="stack-small"
      onSubmit={(event) => {
        event.preventDefault()
        if (!isNew || busy) return
        setBusy(true)
        void save(name === '' ? null : name).finally(() => setBusy(false))
      }}
    >
      <Field label={words.name} hint={words.nameHint} value={typed} onInput={setTyped} maxLength={40} />
      <Button type="submit" wide busy={busy} disabled={!isNew}>
        {words.saveName}
      </Button>
    </form>
  )
}

function Remove({ card, remove }: { readonly card: CardRow; readonly remove: () => Promise<void> }): JSX.Element {
  const words = useWords(cardWords)
  const locale = useLocale()
  const [isAsked, setAsked] = useState(false)
  const [busy, setBusy] = useState(false)
  return (
    <>
      <Button kind="quiet" wide onPress={() => setAsked(true)}>
        {words.remove}
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
            <Button
              kind="danger"
              wide
              busy={busy}
              onPress={() => {
                setBusy(true)
                void remove().finally(() => {
                  setBusy(false)
                  setAsked(false)
                })
              }}
            >
              {words.removeNow}
            </Button>
          </div>
        }
      >
        <p class="strong">{cardTitle(card, locale)}</p>
        <p>{words.removeText}</p>
      </Sheet>
    </>
  )
}
