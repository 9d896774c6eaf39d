// A one-time code as it is handed over: shown once, never again.
import type { ComponentChildren, JSX } from 'preact'
import { useLayoutEffect, useRef } from 'preact/hooks'
import { formatDateTime, useLocale, useWords } from '#ui/i18n.ts'
import { QrCode } from '#ui/qr.tsx'
import { words } from './words.ts'

type CodeProps = Readonly<{
  title: string
  code: string
  expiresAt: number
  /** what the code's link opens, for another machine's camera */
  link?: string
  children: ComponentChildren
}>

export function OneTimeCode({ title, code, expiresAt, link, children }: CodeProps): JSX.Element {
  const text = useWords(words)
  const locale = useLocale()
  const heading = useRef<HTMLHeadingElement>(null)
  useLayoutEffect(() => heading.current?.focus(), [code])
  return (
    <section class="one-time-code" aria-label={title}>
      <h2 tabIndex={-1} ref={heading}>
        {title}
      </h2>
      <output class="one-time-code-value">{code}</output>
      <p>{children}</p>
      {link === undefined ? null : <QrCode text={link} title={text.codeQr} size={168} />}
      <p class="office-detail">{text.codeUntil(formatDateTime(expiresAt, locale))}</p>
    </section>
  )
}
