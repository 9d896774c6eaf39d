// Where the bill is keyed in: the keypad, or the goods. Enter shows the number, or sends the bill of a deal under way.
import type { JSX } from 'preact'
import { useLayoutEffect, useMemo, useRef } from 'preact/hooks'
import type { Good } from '#core/goods.ts'
import { findCode, searchShelf } from '#apps/shared/shelf.ts'
import { amountParts, amountText } from '#apps/shared/money.ts'
import { useLocale, useWords, type Locale } from '#ui/i18n.ts'
import { Banner, Button } from '#ui/kit.tsx'
import { Keypad } from '#ui/keypad.tsx'
import { Amount } from '#ui/numbers.tsx'
import { sendingOf } from '../actions.ts'
import { perform, useRegister, useTill } from '../context.tsx'
import { isEmpty, totalOf, TYPED_DIGITS } from '../draft.ts'
import { nameOf } from '../goods.ts'
import { takeGood, sell } from '../selling.ts'
import { goodsOf, saleTermsOf, type RegisterState } from '../state.ts'
import { words } from '../words.ts'
import { ActionButton } from './till.tsx'

export function KeyingPad(): JSX.Element {
  const text = useWords(words)
  const till = useTill()
  const state = useRegister()
  const locale = useLocale()
  const enter = sendingOf(state)
  if (state.keys === 'goods' && state.goods.goods.length > 0) {
    return (
      <div class="goods-pad">
        <Unknown state={state} />
        <GoodsSearch state={state} />
        <GoodsList state={state} />
        {isEmpty(state.draft) ? null : <ActionButton action={enter} kind="seal" wide />}
      </div>
    )
  }
  const terms = saleTermsOf(state, locale)
  const total = terms === undefined ? 0n : totalOf(state.draft, terms)
  return (
    <div class="amount-pad">
      <Unknown state={state} />
      <Keypad
        kind="amount"
        value={state.draft.typed}
        maxLength={TYPED_DIGITS}
        onInput={(typed) => till.store.update((now) => ({ ...now, draft: { ...now.draft, typed } }))}
        onEnter={() => perform(till, enter)}
        enterLabel={text[SENDS[enter]]}
        canEnter={!isEmpty(state.draft) && state.busy === null}
        // The page's own keyboard types into the draft from every screen.
        physicalKeys={false}
        spoken={text.keyedSoFar(amountText(total, state.scheme?.unit ?? '', locale))}
        label={text.amount}
      />
    </div>
  )
}

const SENDS = { 'show-number': 'actShowNumber', 'hand-back': 'actHandBack', 'send-bill': 'actSendBill' } as const

type StateProps = Readonly<{ state: RegisterState }>

/** A code that is no good of this shop's: what it was, and how to sell it all the same. */
function Unknown({ state }: StateProps): JSX.Element | null {
  const text = useWords(words)
  const { store } = useTill()
  const { unknown } = state
  if (unknown === null) return null
  const { code, isMisread } = unknown
  const keyIn = (): void =>
    store.update((now) => ({
      ...now,
      keys: 'amount',
      unknown: null,
      // What is no code at all cannot stand on a bill as one.
      draft: { ...now.draft, typedCode: isMisread ? null : code },
    }))
  return (
    <Banner
      kind="trouble"
      action={
        <Button kind="quiet" onPress={keyIn}>
          {text.keyItIn}
        </Button>
      }
    >
      {isMisread ? text.misread(code) : text.unknownCode(code)}
    </Banner>
  )
}

function GoodsSearch({ state }: StateProps): JSX.Element {
  const text = useWords(words)
  const till = useTill()
  const input = useRef<HTMLInputElement>(null)
  const { store } = till
  // Before it is seen: the next key is typed into it.
  useLayoutEffect(() => {
    if (state.query !== '') input.current?.focus()
  }, [])
  const set = (query: string): void => store.update((now) => ({ ...now, query, unknown: null }))
  /** Enter sells what was typed or scanned as a code, else the first good that was found. */
  const take = (): void => {
    const query = state.query.trim()
    if (query === '') return
    const [first] = searchShelf(state.goods, query, 1)
    const isCode = findCode(state.goods, query).kind !== 'unknown' && /\d/u.test(query)
    if (isCode || first === undefined) takeGood(query, till)
    else sell(till, first)
    set('')
  }
  return (
    <form
      class="goods-search"
      role="search"
      onSubmit={(event) => {
        event.preventDefault()
        take()
      }}
    >
      <input
        class="field-input goods-query"
        id="goods-query"
        type="search"
        ref={input}
        value={state.query}
        placeholder={text.findGoods}
        aria-label={text.findGoods}
        aria-keyshortcuts="/"
        autocomplete="off"
        enterkeyhint="done"
        onInput={({ currentTarget: { value } }) => set(value)}
        onKeyDown={(event) => {
          if (event.key !== 'Escape') return
          // The first Esc leaves the search, not the bill.
          event.stopPropagation()
          event.preventDefault()
          set('')
          event.currentTarget.blur()
        }}
      />
      <Button icon="scan" iconOnly onPress={() => store.update((now) => ({ ...now, sheet: 'camera', unknown: null }))}>
        {text.camera}
      </Button>
    </form>
  )
}

/** Found goods on the screen at once, half of them without scrolling: more are found by one letter more. */
const FOUND = 24

function GoodsList({ state }: StateProps): JSX.Element {
  const text = useWords(words)
  const { goods, query } = state
  const isSearching = query.trim() !== ''
  const list = useMemo(
    () => (isSearching ? searchShelf(goods, query, FOUND) : goodsOf(state)),
    [goods, isSearching ? query : ''],
  )
  const locale = useLocale()
  const unit = state.scheme?.unit ?? ''
  // The same keys again where the list is the same: whatever else changes on the screen, they are not gone through.
  const keys = useMemo(
    () =>
      list.map((good) => (
        <li key={good.code}>
          <GoodKey good={good} unit={unit} locale={locale} />
        </li>
      )),
    [list, unit, locale],
  )
  return (
    <>
      <ul class={isSearching ? 'goods goods-found' : 'goods'} role="list" aria-label={text.goods}>
        {keys}
      </ul>
      <output class={list.length === 0 ? 'what-if' : 'hidden'} aria-live="polite">
        {isSearching ? (list.length === 0 ? text.foundNone(query.trim()) : text.found(list.length)) : ''}
      </output>
    </>
  )
}

type GoodKeyProps = Readonly<{ good: Good; unit: string; locale: Locale }>

/** Told what it needs: it listens to no store, because there are many. */
function GoodKey({ good, unit, locale }: GoodKeyProps): JSX.Element {
  const text = words[locale]
  const till = useTill()
  return (
    <button
      type="button"
      class="good"
      {...(good.key !== null && { 'aria-keyshortcuts': good.key })}
      onPointerDown={(event) => event.preventDefault()}
      onMouseDown={(event) => event.preventDefault()}
      onClick={() => sell(till, good)}
    >
      <span class="good-name">{nameOf(good, locale)}</span>
      {good.key === null ? null : (
        <kbd class="shortcut" aria-hidden="true">
          {good.key}
        </kbd>
      )}
      {good.price === null ? (
        <span class="good-open">{text.openPrice}</span>
      ) : (
        <span class="good-price">
          <Amount parts={amountParts(good.price, unit, locale)} size="small" tone="quiet" />
          {good.unit === null ? null : <span class="good-unit"> / {good.unit === '100g' ? '100 g' : good.unit}</span>}
        </span>
      )}
    </button>
  )
}
