// The drawn face of a card: its issuer's colour, its name, the last four digits, until when it is good. No picture is fetched from anywhere.
import type { JSX } from 'preact'
import type { CardRow } from '#protocol/cards.ts'
import { useLocale, useWords } from '#ui/i18n.ts'
import { shownNumber } from '#core/card-number.ts'
import { inkOn, issuerName, monthShown } from '../card-text.ts'
import { cardWords } from '../words-cards.ts'

/** What is drawn: of a card that is registered, or of one that is being typed. */
export type Face = Pick<CardRow, 'name' | 'last4' | 'expires'> &
  Readonly<{ issuer: Pick<CardRow['issuer'], 'name' | 'nameJa' | 'colour'> }>

/** Ink, where the issuer has no colour of its own. */
const PLAIN = '#3a4a5c'

export function CardFace({ card }: { readonly card: Face }): JSX.Element {
  const words = useWords(cardWords)
  const locale = useLocale()
  const colour = card.issuer.colour ?? PLAIN
  const ink = inkOn(colour)
  const issuer = issuerName(card, locale)
  const till = monthShown(card.expires)
  return (
    <svg
      class="card-face"
      viewBox="0 0 320 200"
      role="img"
      aria-label={words.face(`${card.name ?? issuer} ${shownNumber(card.last4)}`, till)}
    >
      <rect class="card-face-paper" width="320" height="200" rx="14" fill={colour} />
      {/* The tally's seam: the half that stays with the issuer. */}
      <path
        d="M236 0l-9 20 11 20-13 20 12 20-10 20 11 20-12 20 10 20-11 20 8 20H306a14 14 0 0 0 14-14V14A14 14 0 0 0 306 0Z"
        fill={ink}
        opacity="0.09"
      />
      <g fill={ink}>
        <text x="22" y="44" class="card-face-issuer">
          {cut(issuer, 20)}
        </text>
        {card.name === null ? null : (
          <text x="22" y="68" class="card-face-name">
            {cut(card.name, 24)}
          </text>
        )}
        <text x="22" y="132" class="card-face-number">
          ···· {card.last4}
        </text>
        <text x="22" y="172" class="card-face-till">
          {words.validTill(till)}
        </text>
      </g>
    </svg>
  )
}

const cut = (text: string, length: number): string => (text.length > length ? `${text.slice(0, length - 1)}…` : text)
