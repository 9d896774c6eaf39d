// What is left of an item: said at once, without a new menu; nothing said means that it has no end.
import type { JSX } from 'preact'
import { useLayoutEffect, useState } from 'preact/hooks'
import type { OfficeMenuView } from '#protocol/orders.ts'
import type { Client } from '#sdk/client.ts'
import { callOrders } from '#sdk/order-calls.ts'
import { Field } from '#ui/fields.tsx'
import { useLocale, useWords } from '#ui/i18n.ts'
import { Button, say, Sheet } from '#ui/kit.tsx'
import type { ItemDraft } from './menu-draft.ts'
import { nameIn } from './menu-names.tsx'
import { Trouble, useDoing } from './shop.tsx'
import { menuWords } from './words-menu.ts'

const MOST_DIGITS = 4

type Props = Readonly<{
  client: Client
  closed: () => void
  /** null while it is closed */
  item: ItemDraft | null
  left: number | null
  onClose: () => void
  onStock: (stock: OfficeMenuView['stock']) => void
}>

export function StockSheet({ client, closed, item, left, onClose, onStock }: Props): JSX.Element {
  const text = useWords(menuWords)
  const locale = useLocale()
  const doing = useDoing(closed)
  const [typed, setTyped] = useState('')
  useLayoutEffect(() => setTyped(left === null ? '' : String(left)), [item])
  const isRight = typed === '' || new RegExp(`^[0-9]{1,${MOST_DIGITS}}$`, 'u').test(typed)
  const send = async (next: number | null): Promise<void> => {
    if (item === null) return
    await doing.run(callOrders(client, 'setStock', { body: { item: item.id, left: next } }), (view) => {
      say(text.stockSaved(nameIn(item, locale)))
      onStock(view.stock)
    })
  }
  return (
    <Sheet open={item !== null} onClose={onClose} title={item === null ? '' : text.stockOf(nameIn(item, locale))}>
      <form
        class="menu-form"
        onSubmit={(event) => {
          event.preventDefault()
          if (isRight) void send(typed === '' ? null : Number(typed))
        }}
      >
        <Field
          label={text.stock}
          hint={text.stockHint}
          value={typed}
          inputMode="numeric"
          maxLength={MOST_DIGITS}
          onInput={setTyped}
          error={isRight ? undefined : text['fault stock']}
        />
        <Trouble problem={doing.problem} />
        <div class="sheet-actions">
          <Button kind="seal" type="submit" wide busy={doing.busy} disabled={!isRight}>
            {text.stockKeep}
          </Button>
          <Button wide busy={doing.busy} onPress={() => void send(0)}>
            {text.soldOut}
          </Button>
        </div>
      </form>
    </Sheet>
  )
}
