// Credits by file: allowances, payroll. The file is checked row by row before it can be booked; then all of it, or nothing.
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { amountText } from '#apps/shared/money.ts'
import { problemText } from '#apps/shared/problems.ts'
import type { CreditCheckView } from '#protocol/operator.ts'
import type { Problem } from '#protocol/problems.ts'
import { Field } from '#ui/fields.tsx'
import { formatCount, useLocale, useWords } from '#ui/i18n.ts'
import { Banner, Button } from '#ui/kit.tsx'
import { words } from '../words.ts'
import { Act } from './act.tsx'
import type { DeskPart } from './parties.tsx'
import { CsvFile } from './csv-file.tsx'

export function Credits({ hub, scheme }: DeskPart): JSX.Element {
  const text = useWords(words)
  const locale = useLocale()
  const [title, setTitle] = useState('')
  const [rows, setRows] = useState('')
  const [busy, setBusy] = useState(false)
  const [checked, setChecked] = useState<Readonly<{ view: CreditCheckView; rows: string; title: string }> | null>(null)
  const [problem, setProblem] = useState<Problem | null>(null)
  const { unit } = scheme
  const isFresh = checked !== null && checked.rows === rows && checked.title === title
  const isRight = isFresh && checked.view.faults.length === 0
  const check = async (): Promise<void> => {
    setBusy(true)
    const answer = await hub.read('creditCheck', { body: { unit, title: title.trim(), rows } })
    setBusy(false)
    setProblem(answer.ok ? null : answer.problem)
    setChecked(answer.ok ? { view: answer.view, rows, title } : null)
  }
  const said = problem === null ? null : problemText(problem, locale, 'biller')
  return (
    <section class="credits" aria-label={text.credits}>
      <p>{text.creditsText}</p>
      <Field label={text.creditTitle} hint={text.creditTitleHint} value={title} onInput={setTitle} maxLength={60} />
      <CsvFile label={text.creditFile} onText={setRows} />
      <Field label={text.creditRows} hint={text.creditRowsHint} value={rows} onInput={setRows} lines={8} />
      {said === null ? null : <Banner kind="trouble">{`${said.sentence} ${said.next}`}</Banner>}
      <Button busy={busy} disabled={title.trim() === '' || rows.trim() === ''} onPress={() => void check()}>
        {text.check}
      </Button>
      {!isFresh ? null : (
        <div role="status">
          <p class="strong">
            {text.checked(formatCount(checked.view.rows, locale), amountText(checked.view.total, unit, locale))}
          </p>
          {checked.view.faults.length === 0 ? null : (
            <table class="faults">
              <caption>{text.faults(formatCount(checked.view.faults.length, locale))}</caption>
              <thead>
                <tr>
                  <th scope="col">{text.row}</th>
                  <th scope="col">{text.reason}</th>
                </tr>
              </thead>
              <tbody>
                {checked.view.faults.map(({ row, reason }, index) => (
                  <tr key={index}>
                    <td>{row === 0 ? text.wholeFile : row}</td>
                    <td>{text[`fault ${reason}`]}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          )}
        </div>
      )}
      {isRight ? (
        <Act
          hub={hub}
          name="credit-file"
          label={text.book(amountText(checked.view.total, unit, locale))}
          done={text.booked}
          sure={text.bookSure(formatCount(checked.view.rows, locale), amountText(checked.view.total, unit, locale))}
          body={{ unit, title: title.trim(), rows }}
          onDone={() => {
            setRows('')
            setTitle('')
            setChecked(null)
          }}
        />
      ) : null}
    </section>
  )
}
