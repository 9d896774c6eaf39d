// The shop's office: what has come in, what is coming, every sale with its refunds, and the statement. For any browser of the shop.
import type { JSX } from 'preact'
import { render } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { Entrance, type Entered } from '#apps/shared/entrance.tsx'
import { Statement } from '#apps/shared/statement.tsx'
import { formatAccount } from '#apps/shared/money.ts'
import { Segmented } from '#ui/fields.tsx'
import { currentLocale, onLocale, useWords, type Locale } from '#ui/i18n.ts'
import { Banner, StatusRegion } from '#ui/kit.tsx'
import { keepPageInStep } from '#ui/preferences.ts'
import { LanguageChoice } from '#ui/settings.tsx'
import { Money } from './money.tsx'
import { Sale } from './sale.tsx'
import { Sales } from './sales.tsx'
import { useBooks } from './books.ts'
import { words } from './words.ts'

type Part = 'sales' | 'statement'

function Office({ client, self, scheme }: Entered): JSX.Element | null {
  const text = useWords(words)
  const [part, setPart] = useState<Part>('sales')
  const [open, setOpen] = useState<string | null>(null)
  const books = useBooks(client)
  const [unit, setUnit] = useState<string>(scheme.unit)
  useEffect(() => {
    document.title = `${text.office} · ${'name' in self ? self.name : ''}`
  }, [text, self])
  if (self.kind !== 'terminal') return null
  return (
    <div class="office">
      <header class="office-head no-print">
        <div>
          <h1>{self.name}</h1>
          <p class="office-account">
            {text.account} {formatAccount(self.account)}
          </p>
        </div>
        <LanguageChoice hideLabel />
      </header>
      {scheme.demo ? (
        <div class="no-print">
          <Banner kind="demo">{text.demo}</Banner>
        </div>
      ) : null}
      {books.isOffline ? <Banner kind="offline">{text.offline}</Banner> : null}
      <Money balances={books.balances} unit={unit} onUnit={setUnit} />
      <nav class="office-parts no-print" aria-label={text.parts}>
        <Segmented<Part>
          label={text.parts}
          hideLabel
          value={part}
          onChange={(next) => {
            setOpen(null)
            setPart(next)
          }}
          options={[
            { value: 'sales', label: text.sales },
            { value: 'statement', label: text.statement },
          ]}
        />
      </nav>
      <main class={open === null ? 'office-main' : 'office-main office-main-open'}>
        <div class="office-list">
          {part === 'sales' ? (
            <Sales books={books} open={open} onOpen={setOpen} />
          ) : (
            <Statement
              client={client}
              unit={unit}
              zone={scheme.zone}
              name={self.name}
              account={formatAccount(self.account)}
              onOpen={setOpen}
              fresh={books.round}
            />
          )}
        </div>
        {open === null ? null : (
          <Sale
            key={open}
            client={client}
            payment={open}
            onClose={() => setOpen(null)}
            onChange={books.look}
            fresh={books.round}
          />
        )}
      </main>
      <StatusRegion />
    </div>
  )
}

function App(): JSX.Element {
  const text = useWords(words)
  return (
    <Entrance storage="warifu-office" demo="office" kind="terminal" title={text.office}>
      {(entered) => <Office {...entered} />}
    </Entrance>
  )
}

const nameTab = (locale: Locale): void => {
  document.title = words[locale].office
}

keepPageInStep()
nameTab(currentLocale())
onLocale(nameTab)
const root = document.querySelector('#app')
if (root) render(<App />, root)
