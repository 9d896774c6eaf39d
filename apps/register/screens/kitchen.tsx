// The kitchen list: what the tables have ordered, oldest first, each with the one thing to press next; the tables' bills at the side.
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { formatTime, useLocale, useWords, type Locale } from '#ui/i18n.ts'
import { Banner, Button, EmptyState } from '#ui/kit.tsx'
import { useNow } from '#ui/numbers.tsx'
import { useRegister, useTill } from '../context.tsx'
import { nextOf, refusable, stepOf, workOf, type KitchenLine, type Work } from '../kitchen.ts'
import { kitchenWords } from '../words-kitchen.ts'
import { RefuseSheet } from './kitchen-refuse.tsx'
import { KitchenTables } from './kitchen-tables.tsx'
import { Heading, Trouble } from './till.tsx'

type Names = Readonly<{ name: string; nameEn: string | null; nameJa: string | null }>

export const nameIn = ({ name, nameEn, nameJa }: Names, locale: Locale): string =>
  (locale === 'ja' ? nameJa : nameEn) ?? name

export function KitchenScreen(): JSX.Element {
  const text = useWords(kitchenWords)
  const { kitchen } = useRegister()
  const [refused, setRefused] = useState<Work | null>(null)
  const work = kitchen.view === null ? [] : workOf(kitchen.view)
  return (
    <div class="kitchen" onKeyDown={walk}>
      <section class="kitchen-orders">
        <Heading>{text.title}</Heading>
        {kitchen.isStale ? <Banner kind="stale">{text.stale}</Banner> : null}
        <Trouble state={kitchen} isAboutMoney={false} />
        {kitchen.view === null ? <span class="opening-turn" aria-hidden="true" /> : null}
        {kitchen.view !== null && work.length === 0 ? (
          <EmptyState title={text.none} icon="shop">
            {text.noneText}
          </EmptyState>
        ) : (
          <ul class="kitchen-list" role="list" aria-label={text.title}>
            {work.map((each) => (
              <li key={each.key}>
                <Order work={each} onRefuse={() => setRefused(each)} />
              </li>
            ))}
          </ul>
        )}
        {work.length === 0 ? null : <p class="kitchen-keys">{text.keys}</p>}
      </section>
      <KitchenTables />
      <RefuseSheet
        // What the list says of it by now.
        work={work.find(({ key }) => key === refused?.key) ?? null}
        onClose={() => setRefused(null)}
      />
    </div>
  )
}

function Order({ work, onRefuse }: { readonly work: Work; readonly onRefuse: () => void }): JSX.Element {
  const text = useWords(kitchenWords)
  const locale = useLocale()
  const { hub } = useTill()
  const { kitchen, clockOffsetMs } = useRegister()
  const { key, tab, order } = work
  const step = stepOf(order)
  const minutes = Math.max(0, Math.floor((useNow(30_000) + clockOffsetMs - order.orderedAt) / 60_000))
  const isBusy = kitchen.busy === key
  const forward = (): void => {
    if (step !== null && kitchen.busy === null) void hub.kitchen.mark(tab.tab, key, step.lines, step.mark, null)
  }
  const id = `order-${key.replace(' ', '-')}`
  return (
    <article
      class={`kitchen-order kitchen-order-${step?.mark ?? 'done'}`}
      // An order is one thing to the keyboard: Enter takes it further, R refuses.
      // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
      tabIndex={0}
      aria-labelledby={id}
      onKeyDown={(event) => {
        if (event.ctrlKey || event.metaKey || event.altKey) return
        const isOwn = event.target === event.currentTarget
        if (isOwn && event.key === 'Enter') forward()
        else if (event.key.toLowerCase() === 'r') onRefuse()
        else return
        event.preventDefault()
        event.stopPropagation()
      }}
    >
      <header class="kitchen-head" id={id}>
        <h2 class="kitchen-where">{tab.label}</h2>
        <span class="kitchen-age">
          <span aria-hidden="true">{text.age(minutes)}</span>
          <span class="hidden">{text.ageSaid(minutes)}</span>
        </span>
        <span class="kitchen-who">
          {[text.number(order.call), order.who, formatTime(order.orderedAt, locale), order.paid ? text.isPaid : '']
            .filter(Boolean)
            .join(' · ')}
        </span>
      </header>
      <ul class="kitchen-lines" role="list">
        {order.lines.map((line) => (
          <Line key={line.line} work={work} line={line} />
        ))}
      </ul>
      <div class="kitchen-acts">
        {step === null ? null : (
          <Button kind={step.mark === 'accepted' ? 'seal' : 'plain'} busy={isBusy} onPress={forward}>
            {text[`do ${step.mark}`]}
            <span class="hidden">: {tab.label}</span>
          </Button>
        )}
        <Button kind="quiet" disabled={isBusy} onPress={onRefuse}>
          {text.refuse}
          <span class="hidden">: {tab.label}</span>
        </Button>
      </div>
    </article>
  )
}

/** One line; where an order has several, each can go on by itself. */
function Line({ work, line }: { readonly work: Work; readonly line: KitchenLine }): JSX.Element {
  const text = useWords(kitchenWords)
  const locale = useLocale()
  const { hub } = useTill()
  const { kitchen } = useRegister()
  const { key, tab, order } = work
  const name = nameIn(line, locale)
  const details = line.choices.map((each) => nameIn(each, locale))
  const next = nextOf(line.state)
  const isAlone = refusable(order).length < 2
  return (
    <li class={`kitchen-line kitchen-line-${line.state}`}>
      <span class="kitchen-quantity">{line.quantity}×</span>
      <span class="kitchen-what">
        {name}
        {details.length === 0 ? null : <span class="kitchen-detail">{details.join(' · ')}</span>}
        {line.course === null ? null : <span class="kitchen-detail">{text.with(nameIn(line.course, locale))}</span>}
        {line.note === '' ? null : <span class="kitchen-note">{text.noteOf(line.note)}</span>}
      </span>
      {isAlone || next === null || line.state === 'ordered' ? (
        <span class="kitchen-done">{text[`state ${line.state}`]}</span>
      ) : (
        <Button
          disabled={kitchen.busy !== null}
          onPress={() => void hub.kitchen.mark(tab.tab, key, [line.line], next, null)}
        >
          {text[`do ${next}`]}
          <span class="hidden">: {name}</span>
        </Button>
      )}
    </li>
  )
}

/** The arrow keys go through the orders, T to the tables. */
function walk(event: KeyboardEvent & { readonly currentTarget: Element }): void {
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector('dialog:modal') !== null) return
  const orders = [...event.currentTarget.querySelectorAll<HTMLElement>('.kitchen-order')]
  const at = orders.findIndex((order) => order.contains(document.activeElement))
  const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key]
  if (step !== undefined) orders[Math.min(Math.max(at + step, 0), orders.length - 1)]?.focus()
  else if (event.key.toLowerCase() === 't')
    event.currentTarget.querySelector<HTMLElement>('.kitchen-tables button')?.focus()
  else return
  event.preventDefault()
  event.stopPropagation()
}
