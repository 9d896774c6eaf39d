// What the shop says of itself on its receipts: registration number, address, phone, a line at the foot, and how tax is rounded.
import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { isInvoiceNumber } from '#core/shop.ts'
import type { ShopWire } from '#protocol/receipts.ts'
import { callReceipts } from '#sdk/receipts.ts'
import { Field, Segmented, Switch } from '#ui/fields.tsx'
import { useWords } from '#ui/i18n.ts'
import { Button, say } from '#ui/kit.tsx'
import { Trouble, useDoing, type ShopProps } from './shop.tsx'
import { receiptWords } from './words-receipt.ts'

/** As protocol/limits.ts and protocol/receipts.ts have them, which stay out of the browser. */
const ADDRESS_LENGTH = 120
const TEXT_LENGTH = 240
const PHONE = /^[+0-9][0-9 ().-]{3,29}$/u

export function ShopDetails({ client, closed }: Pick<ShopProps, 'client' | 'closed'>): JSX.Element {
  const text = useWords(receiptWords)
  const doing = useDoing(closed)
  const [shop, setShop] = useState<ShopWire | null>(null)
  const [isTried, setTried] = useState(false)
  useEffect(() => void doing.run(callReceipts(client, 'shop'), setShop), [client])

  const change = (part: Partial<ShopWire>): void => setShop((now) => now && { ...now, ...part })
  const save = (asked: ShopWire): void => {
    setTried(true)
    if (!isNumberRight(asked) || !isPhoneRight(asked)) return
    void doing.run(callReceipts(client, 'setShop', { body: asked }), (view) => {
      setShop(view)
      setTried(false)
      say(text.saved)
    })
  }
  return (
    <section class="shop-details" aria-label={text.title}>
      <h2>{text.title}</h2>
      <p class="office-detail">{text.text}</p>
      {shop === null ? (
        <p role="status">{doing.problem === null ? text.loading : ''}</p>
      ) : (
        <form
          class="code-form"
          noValidate
          onSubmit={(event) => {
            event.preventDefault()
            save(shop)
          }}
        >
          <Details shop={shop} change={change} isTried={isTried} />
          <Button kind="seal" type="submit" busy={doing.busy}>
            {text.save}
          </Button>
        </form>
      )}
      <Trouble problem={doing.problem} />
    </section>
  )
}

const isNumberRight = ({ invoiceNumber }: ShopWire): boolean => invoiceNumber === null || isInvoiceNumber(invoiceNumber)
const isPhoneRight = ({ phone }: ShopWire): boolean => phone === null || PHONE.test(phone)

/** Full-width figures, blanks and dashes are how people copy such numbers. */
const invoiceNumberOf = (typed: string): string | null =>
  orNull(typed.normalize('NFKC').replaceAll(/[\s-]/gu, '').toUpperCase())
const orNull = (typed: string): string | null => (typed.trim() === '' ? null : typed)

type DetailsProps = Readonly<{ shop: ShopWire; change: (part: Partial<ShopWire>) => void; isTried: boolean }>

function Details({ shop, change, isTried }: DetailsProps): JSX.Element {
  const text = useWords(receiptWords)
  const { rounding } = shop
  return (
    <>
      <Field
        label={text.invoiceNumber}
        value={shop.invoiceNumber ?? ''}
        onInput={(typed) => change({ invoiceNumber: invoiceNumberOf(typed) })}
        hint={text.invoiceHint}
        error={isTried && !isNumberRight(shop) ? text.invoiceWrong : undefined}
      />
      <Field
        label={text.address}
        value={shop.address ?? ''}
        maxLength={ADDRESS_LENGTH}
        autoComplete="street-address"
        onInput={(typed) => change({ address: orNull(typed) })}
      />
      <Field
        label={text.phone}
        value={shop.phone ?? ''}
        type="tel"
        autoComplete="tel"
        onInput={(typed) => change({ phone: orNull(typed.normalize('NFKC')) })}
        hint={text.phoneHint}
        error={isTried && !isPhoneRight(shop) ? text.phoneWrong : undefined}
      />
      <Field
        label={text.foot}
        value={shop.receiptText ?? ''}
        maxLength={TEXT_LENGTH}
        onInput={(typed) => change({ receiptText: orNull(typed) })}
      />
      <Segmented<ShopWire['rounding']['per']>
        label={text.rounding}
        value={rounding.per}
        onChange={(per) => change({ rounding: { ...rounding, per } })}
        options={[
          { value: 'bill', label: text.perBill },
          { value: 'line', label: text.perLine },
        ]}
      />
      <p class="office-detail">{text.roundingHint}</p>
      <Segmented<ShopWire['rounding']['to']>
        label={text.way}
        value={rounding.to}
        onChange={(to) => change({ rounding: { ...rounding, to } })}
        options={[
          { value: 'down', label: text.down },
          { value: 'half-up', label: text.halfUp },
          { value: 'up', label: text.up },
        ]}
      />
      <Switch label={text.cashier} checked={shop.showsCashier} onChange={(showsCashier) => change({ showsCashier })} />
    </>
  )
}
