// What is kept of a person and shown to nobody without a reason: each look is a line in the log, and shows its value once.
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import type { OperatorAnswerView } from '#protocol/operator.ts'
import { useWords } from '#ui/i18n.ts'
import { Button, ReceiptLine } from '#ui/kit.tsx'
import { looksOf, type What } from '../looks.ts'
import { identityWords } from '../words-identity.ts'
import { Act } from './act.tsx'
import type { PartOfFile } from './party.tsx'

type Looked = NonNullable<OperatorAnswerView['look']>

export function Looks({
  hub,
  file,
  onBirthDate,
}: PartOfFile & Readonly<{ onBirthDate: (day: string) => void }>): JSX.Element {
  const text = useWords(identityWords)
  const [open, setOpen] = useState<What | null>(null)
  const [looked, setLooked] = useState<Partial<Readonly<Record<What, Looked>>>>({})
  const whats = looksOf(file)
  if (whats.length === 0) return <p>{text.nothingHidden}</p>
  return (
    <>
      <p class="act-about">{text.hiddenText}</p>
      {whats.map((what) => {
        const seen = looked[what]
        if (seen !== undefined) return <Seen key={what} what={what} seen={seen} name={file.name} />
        if (open !== what) {
          return (
            <div class="machine" key={what}>
              <span>{text[`look ${what}`]}</span>
              <Button kind="quiet" icon="eye" onPress={() => setOpen(what)}>
                {text.look(text[`look ${what}`])}
              </Button>
            </div>
          )
        }
        return (
          <Act
            key={what}
            hub={hub}
            name="look"
            label={text.look(text[`look ${what}`])}
            done={text.looked}
            body={{ party: file.party, what }}
            onDone={({ look }) => {
              if (look === null) return
              setOpen(null)
              setLooked({ ...looked, [what]: look })
              if (what === 'birth-date' && look.birthDate !== null) onBirthDate(look.birthDate)
            }}
          />
        )
      })}
    </>
  )
}

type SeenProps = Readonly<{ what: What; seen: Looked; name: string }>

function Seen({ what, seen, name }: SeenProps): JSX.Element {
  const text = useWords(identityWords)
  return (
    <div class="seen" role="status">
      {what === 'birth-date' ? (
        <>
          <ReceiptLine label={text.verifiedDate} value={seen.birthDate ?? text.notKept} />
          <ReceiptLine label={text.claimedDate} value={seen.claimedBirthDate ?? text.notKept} />
        </>
      ) : null}
      {what === 'email' ? <ReceiptLine label={text.email} value={seen.email ?? text.notKept} /> : null}
      {what === 'portrait' && seen.portrait !== null ? (
        <img
          class="seen-portrait"
          src={`data:image/jpeg;base64,${seen.portrait}`}
          alt={text.portraitOf(name)}
          width={256}
          height={256}
        />
      ) : null}
      {what === 'portrait' && seen.portrait === null ? <p>{text.notKept}</p> : null}
      <p class="act-about">
        {text.looked} {text.lookedOnce}
      </p>
    </div>
  )
}
