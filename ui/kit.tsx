// The pieces every screen is made of: buttons, screens, sheets, notices, lists, receipts. They know nothing about payments.
import type { ComponentChildren, JSX } from 'preact'
import { useEffect, useId, useLayoutEffect, useRef } from 'preact/hooks'
import { useWords } from './i18n.ts'
import type { IconName } from './icons.tsx'
import { Icon } from './icons.tsx'
import { createStore, useStore } from './store.ts'
import { kitWords } from './words.ts'

export type ButtonProps = {
  readonly children: ComponentChildren
  readonly onPress?: () => void
  /** `seal`: the one thing to press on this screen; `plain`; `quiet`: no frame; `danger`: ends or gives back. */
  readonly kind?: 'seal' | 'plain' | 'quiet' | 'danger'
  readonly type?: 'button' | 'submit'
  /** Something is under way: it says so, keeps its place and its focus, and cannot be pressed twice. */
  readonly busy?: boolean
  readonly disabled?: boolean
  readonly icon?: IconName
  /** Only the icon is seen; `children` is what it says. */
  readonly iconOnly?: boolean
  readonly wide?: boolean
  /** A key that does the same, shown small: "F2", "Esc". The app listens to it. */
  readonly shortcut?: string
}

export function Button(props: ButtonProps): JSX.Element {
  const { kind = 'plain', busy = false, icon, iconOnly = false } = props
  const words = useWords(kitWords)
  const classes = ['button', `button-${kind}`, props.wide ? 'button-wide' : '', iconOnly ? 'button-icon' : '']
  return (
    <button
      type={props.type ?? 'button'}
      class={classes.filter(Boolean).join(' ')}
      disabled={props.disabled ?? false}
      aria-busy={busy}
      // A busy button stays focusable (disabled would drop the focus to the page).
      aria-disabled={busy}
      onClick={(event) => {
        if (busy) event.preventDefault()
        else props.onPress?.()
      }}
      {...(props.shortcut === undefined ? {} : { 'aria-keyshortcuts': ariaShortcut(props.shortcut) })}
    >
      {busy ? <span class="button-busy" aria-hidden="true" /> : icon === undefined ? null : <Icon name={icon} />}
      <span class={iconOnly ? 'hidden' : 'button-text'}>{props.children}</span>
      {busy ? <span class="hidden">{words.busy}</span> : null}
      {props.shortcut === undefined ? null : (
        <kbd class="shortcut" aria-hidden="true">
          {props.shortcut}
        </kbd>
      )}
    </button>
  )
}

const ariaShortcut = (shortcut: string): string => (shortcut === 'Esc' ? 'Escape' : shortcut)

export type ScreenProps = {
  /** The one question of this screen; the page's heading. */
  readonly title: string
  readonly onBack?: () => void
  /** Beside the title, at the right. */
  readonly corner?: ComponentChildren
  readonly banners?: ComponentChildren
  /** The answers, in reach of the thumb. */
  readonly actions?: ComponentChildren
  readonly children?: ComponentChildren
  /** Moves the focus to the title when the screen appears, so that screen readers start there. Default on. */
  readonly takesFocus?: boolean
}

/** One screen of a phone: a title, what it is about, the answers at the bottom. */
export function Screen(props: ScreenProps): JSX.Element {
  const words = useWords(kitWords)
  const heading = useRef<HTMLHeadingElement>(null)
  // Before the page is painted: a key that comes with the picture is this screen's.
  useLayoutEffect(() => {
    if (props.takesFocus ?? true) heading.current?.focus({ preventScroll: true })
  }, [props.title])
  return (
    <main class="screen">
      {props.banners}
      <header class="screen-head">
        {props.onBack === undefined ? null : (
          <Button kind="quiet" icon="back" iconOnly onPress={props.onBack}>
            {words.back}
          </Button>
        )}
        <h1 class="screen-title" tabIndex={-1} ref={heading}>
          {props.title}
        </h1>
        <div class="screen-corner">{props.corner}</div>
      </header>
      <div class="screen-body">{props.children}</div>
      {props.actions === undefined ? null : <footer class="screen-actions">{props.actions}</footer>}
    </main>
  )
}

export type BannerProps = {
  readonly kind: 'demo' | 'offline' | 'stale' | 'trouble' | 'note'
  readonly children: ComponentChildren
  readonly action?: ComponentChildren
}

/** A quiet notice above a screen. Changes are read out politely, trouble at once. */
export function Banner({ kind, children, action }: BannerProps): JSX.Element {
  const icons = { demo: 'settings', offline: 'offline', stale: 'history', trouble: 'warning', note: 'check' } as const
  return (
    <div class={`banner banner-${kind}`} role={kind === 'trouble' ? 'alert' : 'status'}>
      {kind === 'demo' || kind === 'note' ? null : <Icon name={icons[kind]} size={20} />}
      <span class="banner-text">{children}</span>
      {action}
    </div>
  )
}

export type SheetProps = {
  readonly open: boolean
  /** Called when the person closes it: the button, Esc, a press beside it. */
  readonly onClose: () => void
  readonly title: string
  readonly children?: ComponentChildren
  readonly actions?: ComponentChildren
}

/** A native modal dialog, from below on a phone. */
export function Sheet({ open, onClose, title, children, actions }: SheetProps): JSX.Element {
  const words = useWords(kitWords)
  const id = useId()
  const dialog = useRef<HTMLDialogElement>(null)
  useLayoutEffect(() => {
    const element = dialog.current
    if (element === null || element.open === open) return
    if (open) element.showModal()
    else element.close()
  }, [open])
  return (
    <dialog
      class="sheet"
      ref={dialog}
      aria-labelledby={id}
      onCancel={(event) => {
        // The state decides whether it is open.
        event.preventDefault()
        onClose()
      }}
      onClick={(event) => {
        if (event.target === event.currentTarget) onClose()
      }}
    >
      {open ? (
        <div class="sheet-paper">
          <header class="sheet-head">
            <h2 id={id}>{title}</h2>
            <Button kind="quiet" icon="close" iconOnly onPress={onClose}>
              {words.close}
            </Button>
          </header>
          <div class="sheet-body">{children}</div>
          {actions === undefined ? null : <footer class="sheet-actions">{actions}</footer>}
        </div>
      ) : null}
    </dialog>
  )
}

export type ListProps<Item> = {
  readonly label: string
  readonly items: readonly Item[]
  readonly keyOf: (item: Item) => string
  readonly children: (item: Item) => ComponentChildren
  /** What will be here, while nothing is: usually an EmptyState. */
  readonly empty: ComponentChildren
}

export function List<Item>({ label, items, keyOf, children, empty }: ListProps<Item>): JSX.Element {
  if (items.length === 0) return <>{empty}</>
  return (
    // Safari forgets that a list without bullets is one; the role reminds it.
    <ul class="list" role="list" aria-label={label}>
      {items.map((item) => (
        <li key={keyOf(item)}>{children(item)}</li>
      ))}
    </ul>
  )
}

export type ListRowProps = {
  readonly title: ComponentChildren
  readonly detail?: ComponentChildren
  /** At the right: an amount, a state. */
  readonly side?: ComponentChildren
  readonly icon?: IconName
  /** With it the whole row is a button. */
  readonly onPress?: () => void
}

export function ListRow({ title, detail, side, icon, onPress }: ListRowProps): JSX.Element {
  const inside = (
    <>
      {icon === undefined ? null : <Icon name={icon} />}
      <span class="row-text">
        <span class="row-title">{title}</span>
        {detail === undefined ? null : <span class="row-detail">{detail}</span>}
      </span>
      <span class="row-side">{side}</span>
      {onPress === undefined ? null : <Icon name="forward" size={16} />}
    </>
  )
  if (onPress === undefined) return <div class="row">{inside}</div>
  return (
    <button type="button" class="row row-button" onClick={onPress}>
      {inside}
    </button>
  )
}

export type EmptyStateProps = {
  readonly title: string
  readonly icon?: IconName
  readonly children?: ComponentChildren
}

export function EmptyState({ title, icon, children }: EmptyStateProps): JSX.Element {
  return (
    <div class="empty">
      {icon === undefined ? null : <Icon name={icon} size={40} />}
      <p class="empty-title">{title}</p>
      {children === undefined ? null : <div class="empty-text">{children}</div>}
    </div>
  )
}

export type ReceiptProps = {
  /** What it is: "Receipt". */
  readonly title: string
  readonly children: ComponentChildren
  readonly foot?: ComponentChildren
}

/** The frame of a receipt: a slip of paper, torn at the bottom. Fill it with ReceiptLine. */
export function Receipt({ title, children, foot }: ReceiptProps): JSX.Element {
  return (
    <article class="receipt" aria-label={title}>
      <div class="receipt-paper">
        <h2 class="receipt-title">{title}</h2>
        {children}
        {foot === undefined ? null : <div class="receipt-foot">{foot}</div>}
      </div>
    </article>
  )
}

export type ReceiptLineProps = {
  readonly label: ComponentChildren
  readonly value: ComponentChildren
  /** The sum. */
  readonly strong?: boolean
}

export function ReceiptLine({ label, value, strong = false }: ReceiptLineProps): JSX.Element {
  return (
    <div class={strong ? 'receipt-line receipt-line-strong' : 'receipt-line'}>
      <span class="receipt-label">{label}</span>
      <span class="receipt-value">{value}</span>
    </div>
  )
}

type Saying = { readonly text: string; readonly isTrouble: boolean; readonly count: number }

const saying = createStore<Saying>({ text: '', isTrouble: false, count: 0 })

/** Says something in passing: shown for a while and read out. Trouble is read out at once and stays until closed. */
export function say(text: string, kind: 'note' | 'trouble' = 'note'): void {
  saying.update(({ count }) => ({ text, isTrouble: kind === 'trouble', count: count + 1 }))
}

const hush = () => saying.update(({ count }) => ({ text: '', isTrouble: false, count: count + 1 }))

/** Where `say` is seen and heard; once in every app. */
export function StatusRegion(): JSX.Element {
  const { text, isTrouble, count } = useStore(saying)
  const words = useWords(kitWords)
  useEffect(() => {
    if (text === '' || isTrouble) return undefined
    const timer = setTimeout(hush, 6000)
    return () => clearTimeout(timer)
  }, [count])
  const shown = (
    <div class={isTrouble ? 'toast toast-trouble' : 'toast'} key={count}>
      {isTrouble ? <Icon name="warning" size={20} /> : null}
      <span class="toast-text">{text}</span>
      <Button kind="quiet" icon="close" iconOnly onPress={hush}>
        {words.close}
      </Button>
    </div>
  )
  // Both regions are always there: screen readers only hear changes inside a region they already know.
  return (
    <div class="status-region">
      <div role="status" aria-live="polite">
        {text !== '' && !isTrouble ? shown : null}
      </div>
      <div role="alert" aria-live="assertive">
        {text !== '' && isTrouble ? shown : null}
      </div>
    </div>
  )
}

/** For screen readers alone. */
export const Hidden = ({ children }: { readonly children: ComponentChildren }): JSX.Element => (
  <span class="hidden">{children}</span>
)
