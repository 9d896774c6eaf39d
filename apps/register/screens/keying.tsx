// Where the bill is keyed in: the keypad, or the price list. Enter shows the number, or sends the bill of a deal under way.
import type { JSX } from 'preact'
import { amountParts, amountText } from '#apps/shared/money.ts'
import { useLocale, useWords } from '#ui/i18n.ts'
import { Keypad } from '#ui/keypad.tsx'
import { Amount } from '#ui/numbers.tsx'
import { perform, useRegister, useTill } from '../context.tsx'
import { isEmpty, totalOf, TYPED_DIGITS, withGood } from '../draft.ts'
import { textOfGood, type Good } from '../goods.ts'
import { goodsOf, screenOf } from '../state.ts'
import { words } from '../words.ts'
import { ActionButton } from './till.tsx'

export function KeyingPad(): JSX.Element {
  const text = useWords(words)
  const till = useTill()
  const state = useRegister()
  const locale = useLocale()
  const goods = goodsOf(state)
  const enter = screenOf(state) === 'keying' ? 'show-number' : 'send-bill'
  if (state.keys === 'goods' && goods.length > 0) {
    return (
      <div class="goods-pad">
        <ul class="goods" role="list" aria-label={text.goods}>
          {goods.map((good) => (
            <li key={good.code}>
              <GoodKey good={good} />
            </li>
          ))}
        </ul>
        {isEmpty(state.draft) ? null : <ActionButton action={enter} kind="seal" wide />}
      </div>
    )
  }
  return (
    <div class="amount-pad">
      <Keypad
        kind="amount"
        value={state.draft.typed}
        maxLength={TYPED_DIGITS}
        onInput={(typed) => till.store.update((now) => ({ ...now, draft: { ...now.draft, typed } }))}
        onEnter={() => perform(till, enter)}
        enterLabel={enter === 'show-number' ? text.actShowNumber : text.actSendBill}
        canEnter={!isEmpty(state.draft) && state.busy === null}
        // The page's own keyboard types into the draft from every screen.
        physicalKeys={false}
        spoken={text.keyedSoFar(amountText(totalOf(state.draft), state.scheme?.unit ?? '', locale))}
        label={text.amount}
      />
    </div>
  )
}

function GoodKey({ good }: { readonly good: Good }): JSX.Element {
  const { store } = useTill()
  const { scheme } = useRegister()
  const locale = useLocale()
  return (
    <button
      type="button"
      class="good"
      aria-keyshortcuts={good.letter}
      onPointerDown={(event) => event.preventDefault()}
      onMouseDown={(event) => event.preventDefault()}
      onClick={() => store.update((now) => ({ ...now, draft: withGood(now.draft, good, locale) }))}
    >
      <span class="good-name">{textOfGood(good, locale)}</span>
      <kbd class="shortcut" aria-hidden="true">
        {good.letter}
      </kbd>
      <Amount parts={amountParts(good.price, scheme?.unit ?? '', locale)} size="small" tone="quiet" />
    </button>
  )
}
