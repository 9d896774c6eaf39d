// A question that was answered: to whom, what was shown, and how one has proved to be oneself.
import type { JSX } from 'preact'
import type { PaymentView } from '#protocol/views.ts'
import { askableText } from '#apps/shared/shown.ts'
import { Button, Receipt, Screen } from '#ui/kit.tsx'
import { Icon } from '#ui/icons.tsx'
import { formatDateTime, useLocale, useWords } from '#ui/i18n.ts'
import { shownText, youShowed } from '../said.ts'
import { askedWords } from '../words-asked.ts'
import { walletWords } from '../words.ts'
import { Half } from './half.tsx'
import type { JoinedProps } from './joined.tsx'

export function Proven({ act, banners, view }: JoinedProps): JSX.Element {
  const words = useWords(askedWords)
  const wallet = useWords(walletWords)
  const locale = useLocale()
  return (
    <Screen
      title={words.proven}
      banners={banners}
      actions={
        <Button kind="seal" wide onPress={act.done}>
          {wallet.done}
        </Button>
      }
    >
      <Half view={view} sealed />
      <div class="paid paid-answer">
        <span class="paid-amount">
          <Icon name="check" size={32} />
          <span class="paid-shop">{words.provenTo(view.biller.name)}</span>
        </span>
        <span>{youShowed(view, locale)}</span>
      </div>
      <QuestionReceipt view={view} />
    </Screen>
  )
}

export function QuestionReceipt({ view }: { readonly view: PaymentView }): JSX.Element {
  const words = useWords(askedWords)
  const wallet = useWords(walletWords)
  const locale = useLocale()
  const { question, answered, biller } = view
  const asked = question?.attributes.map((attribute) => askableText(attribute, locale)).join(words.joiner) ?? ''
  const more = shownText(view.shown, locale)
  const facts = [
    { name: words.asksFor, value: asked === '' ? words.name : asked },
    { name: words.showed, value: [words.name, ...(more === '' ? [] : [more])].join(words.joiner) },
    { name: words.proofWas, value: answered === null ? '' : words[`proof ${answered.strength}`] },
  ]
  return (
    <Receipt
      title={biller.name}
      foot={
        <dl class="facts">
          <div>
            <dt>{wallet.time}</dt>
            <dd>{formatDateTime(answered?.at ?? view.joinedAt, locale)}</dd>
          </div>
          <div>
            <dt>{wallet.terminal}</dt>
            <dd>{wallet.legalName(biller.legalName, biller.terminalLabel)}</dd>
          </div>
        </dl>
      }
    >
      <p>{question === null ? '' : words.reason(question.reason)}</p>
      {answered === null ? (
        <p class="quiet">{words.declinedText}</p>
      ) : (
        <dl class="facts">
          {facts.map(({ name, value }) => (
            <div key={name}>
              <dt class="quiet">{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
      )}
    </Receipt>
  )
}
