// The operator's desk: people and merchants with their money, limits and proofs; credits by file; the rules; the log of it all.
import type { JSX } from 'preact'
import { render } from 'preact'
import { useEffect, useMemo, useState } from 'preact/hooks'
import { Entrance, type Entered } from '#apps/shared/entrance.tsx'
import { Segmented } from '#ui/fields.tsx'
import { currentLocale, onLocale, useWords, type Locale } from '#ui/i18n.ts'
import { Banner, StatusRegion } from '#ui/kit.tsx'
import { keepPageInStep } from '#ui/preferences.ts'
import { LanguageChoice } from '#ui/settings.tsx'
import type { OperatorRole } from '#core/actions.ts'
import type { Problem } from '#protocol/problems.ts'
import type { SchemeView } from '#protocol/views.ts'
import type { Client } from '#sdk/client.ts'
import { createPasskey } from '#sdk/passkey.ts'
import { indexedDbStorage } from '#sdk/storage.ts'
import { doorOf, type Door } from './door.ts'
import { openHub, read } from './hub.ts'
import { signInWithPasskey } from './passkey.ts'
import { Bank } from './screens/bank.tsx'
import { Cards } from './screens/cards.tsx'
import { Credits } from './screens/credits.tsx'
import { DoorScreen } from './screens/door.tsx'
import { Log } from './screens/log.tsx'
import { Operators } from './screens/operators.tsx'
import { Parties } from './screens/parties.tsx'
import { Rates } from './screens/rates.tsx'
import { Rules } from './screens/rules.tsx'
import { Sites } from './screens/sites.tsx'
import { doorWords, identityWords } from './words-identity.ts'
import { bankWords } from './words-bank.ts'
import { cardWords } from './words-cards.ts'
import { rateWords } from './words-rates.ts'
import { words } from './words.ts'

type Part = 'people' | 'credits' | 'rules' | 'rates' | 'bank' | 'cards' | 'operators' | 'sites' | 'log'

const STORAGE = 'warifu-desk'

/** The desk behind its door: once open it stays as it is while the passkey is asked for again. */
function Guarded({ client: first, self, scheme }: Entered): JSX.Element | null {
  const [client, setClient] = useState(first)
  const [door, setDoor] = useState<Door>({ at: 'looking' })
  const [role, setRole] = useState<OperatorRole | null>(null)
  const look = async (through: Client): Promise<Problem | null> => {
    const operators = await read(through, 'operators')
    const next = doorOf(self.id, operators, operators.ok ? null : await through.self())
    setDoor(next)
    if (next.at === 'open') setRole(next.role)
    return null
  }
  useEffect(() => void look(client), [])
  if (self.kind !== 'operator') return null
  const storage = indexedDbStorage(STORAGE)
  const add = async (): Promise<Problem | null> => {
    const made = await createPasskey(client)
    if (!made.ok) return made.problem
    // The session that is under way began without it. Where the browser wants a press for each use, the door asks for one.
    if ((await signIn()) !== null) setDoor({ at: 'sign-in' })
    return null
  }
  const signIn = async (): Promise<Problem | null> => {
    const signed = await signInWithPasskey(scheme, storage)
    if (!signed.ok) return signed.problem
    setClient(signed.view)
    return look(signed.view)
  }
  return (
    <>
      {door.at === 'open' ? null : (
        <DoorScreen
          door={door}
          name={self.name}
          scheme={scheme}
          add={add}
          signIn={signIn}
          again={() => {
            setDoor({ at: 'looking' })
            void look(client)
          }}
        />
      )}
      {role === null ? null : (
        <div hidden={door.at !== 'open'}>
          <Desk client={client} self={self} scheme={scheme} role={role} shut={() => void look(client)} />
        </div>
      )}
      <StatusRegion />
    </>
  )
}

type DeskProps = Readonly<{
  client: Client
  self: Extract<Entered['self'], { kind: 'operator' }>
  scheme: SchemeView
  role: OperatorRole
  /** the passkey is asked for again */
  shut: () => void
}>

function Desk({ client, self, scheme, role, shut }: DeskProps): JSX.Element {
  const text = useWords(words)
  const identity = useWords(identityWords)
  const door = useWords(doorWords)
  const rates = useWords(rateWords)
  const bank = useWords(bankWords)
  const cards = useWords(cardWords)
  const [part, setPart] = useState<Part>('people')
  const hub = useMemo(() => openHub(client, role, shut), [client, role])
  useEffect(() => {
    document.title = `${text.desk} · ${scheme.name}`
  }, [text, scheme])
  const shared = { hub, scheme }
  return (
    <div class="desk">
      <header class="desk-head">
        <div>
          <h1>{scheme.name}</h1>
          <p class="desk-who">
            {text.signedInAs(self.name)} · {identity[`role_${role}`]}
          </p>
        </div>
        <LanguageChoice hideLabel />
      </header>
      {scheme.demo ? <Banner kind="demo">{text.demo}</Banner> : null}
      {scheme.hostName === null && !scheme.demo ? <Banner kind="stale">{door.noHostName}</Banner> : null}
      <nav aria-label={text.parts}>
        <Segmented<Part>
          label={text.parts}
          hideLabel
          value={part}
          onChange={setPart}
          options={[
            { value: 'people', label: text.people },
            ...(hub.may('credit-file') ? [{ value: 'credits' as const, label: text.credits }] : []),
            { value: 'rules', label: text.rules },
            { value: 'rates', label: rates.title },
            { value: 'bank', label: bank.title },
            { value: 'cards', label: cards.title },
            { value: 'operators', label: text.operators },
            { value: 'sites', label: identity.sites },
            { value: 'log', label: text.log },
          ]}
        />
      </nav>
      <main class="desk-main">
        {part === 'people' ? <Parties {...shared} /> : null}
        {part === 'credits' ? <Credits {...shared} /> : null}
        {part === 'rules' ? <Rules {...shared} /> : null}
        {part === 'rates' ? <Rates {...shared} /> : null}
        {part === 'bank' ? <Bank {...shared} /> : null}
        {part === 'cards' ? <Cards {...shared} /> : null}
        {part === 'operators' ? <Operators {...shared} self={self.id} /> : null}
        {part === 'sites' ? <Sites {...shared} /> : null}
        {part === 'log' ? <Log {...shared} /> : null}
      </main>
    </div>
  )
}

function App(): JSX.Element {
  const text = useWords(words)
  return (
    <Entrance storage={STORAGE} demo="desk" kind="operator" title={text.desk}>
      {(entered) => <Guarded {...entered} />}
    </Entrance>
  )
}

const nameTab = (locale: Locale): void => {
  document.title = words[locale].desk
}

keepPageInStep()
nameTab(currentLocale())
onLocale(nameTab)
const root = document.querySelector('#app')
if (root) render(<App />, root)
