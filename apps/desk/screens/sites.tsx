// Sites of merchants that sign people in: which there are, a new one with its secret shown once, and an end.
import type { JSX } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { ASKABLE } from '#core/persona.ts'
import { problemText } from '#apps/shared/problems.ts'
import { askableText } from '#apps/shared/shown.ts'
import type { OperatorAnswerView, OperatorRouteView, PartyRowView } from '#protocol/operator.ts'
import type { Problem } from '#protocol/problems.ts'
import { Field, Segmented, Switch } from '#ui/fields.tsx'
import { formatDateTime, useLocale, useWords } from '#ui/i18n.ts'
import { Banner, Button, EmptyState, List, Sheet } from '#ui/kit.tsx'
import type { Hub } from '../hub.ts'
import { areRedirectsRight, CIBA, EMPTY_SITE, siteOf, withAttribute, type Ciba, type SiteDraft } from '../sites.ts'
import { identityWords } from '../words-identity.ts'
import { words } from '../words.ts'
import { Act } from './act.tsx'
import type { DeskPart } from './parties.tsx'

type Site = OperatorRouteView<'operatorClients'>['clients'][number]

export function Sites({ hub }: DeskPart): JSX.Element {
  const text = useWords(identityWords)
  const locale = useLocale()
  const [sites, setSites] = useState<readonly Site[] | null>(null)
  const [problem, setProblem] = useState<Problem | null>(null)
  const [ending, setEnding] = useState<Site | null>(null)
  const [made, setMade] = useState<OperatorAnswerView['client']>(null)
  const look = async (): Promise<void> => {
    const answer = await hub.read('operatorClients')
    setProblem(answer.ok ? null : answer.problem)
    if (answer.ok) setSites(answer.view.clients)
  }
  useEffect(() => void look(), [])
  const said = problem === null ? null : problemText(problem, locale, 'biller')
  return (
    <section class="rules" aria-label={text.sites}>
      <p class="act-about">{text.sitesText}</p>
      {said === null ? null : <Banner kind="trouble">{`${said.sentence} ${said.next}`}</Banner>}
      <List
        label={text.sites}
        items={sites ?? []}
        keyOf={({ id }) => id}
        empty={sites === null ? <Loading /> : <EmptyState title={text.noSites}>{text.noSitesText}</EmptyState>}
      >
        {(site) => <SiteRow site={site} onEnd={hub.may('end-client') ? () => setEnding(site) : null} />}
      </List>
      <Sheet open={ending !== null} onClose={() => setEnding(null)} title={text.endSiteTitle(ending?.name ?? '')}>
        {ending === null ? null : (
          <Act
            hub={hub}
            name="end-client"
            label={text.endSite}
            about={text.endSiteText}
            done={text.siteIsEnded}
            body={{ client: ending.id }}
            isDanger
            onDone={() => {
              setEnding(null)
              void look()
            }}
          />
        )}
      </Sheet>
      {hub.may('register-client') ? (
        <NewSite
          hub={hub}
          onDone={(client) => {
            setMade(client)
            void look()
          }}
        />
      ) : null}
      {made === null ? null : <Secret id={made.id} secret={made.secret} />}
    </section>
  )
}

const Loading = (): JSX.Element => <p role="status">{useWords(words).loading}</p>

function SiteRow({ site, onEnd }: Readonly<{ site: Site; onEnd: (() => void) | null }>): JSX.Element {
  const text = useWords(identityWords)
  const locale = useLocale()
  const asked = new Intl.ListFormat(locale).format(site.attributes.map((what) => askableText(what, locale)))
  const facts = [
    text.siteOf(site.merchant),
    formatDateTime(site.createdAt, locale),
    ...(site.status === 'ended' ? [text.siteEnded] : []),
    ...(site.ciba === 'none' ? [] : [`CIBA: ${text[`ciba_${site.ciba}`]}`]),
  ]
  return (
    <div class="machine">
      <span>
        {site.name}
        <span class="machine-detail">{facts.join(' · ')}</span>
        <span class="machine-detail">{asked === '' ? text.asksNothing : text.asks(asked)}</span>
        {site.redirectUris.map((uri) => (
          <span class="machine-detail hash" key={uri}>
            {uri}
          </span>
        ))}
      </span>
      {site.status === 'ended' || onEnd === null ? null : (
        <Button kind="quiet" onPress={onEnd}>
          {text.endSite}
          <span class="hidden">: {site.name}</span>
        </Button>
      )}
    </div>
  )
}

/** Shown once; who closes the page without copying it registers the site anew. */
function Secret({ id, secret }: Readonly<{ id: string; secret: string }>): JSX.Element {
  const text = useWords(identityWords)
  const heading = useRef<HTMLParagraphElement>(null)
  // It stands below a long form, and nobody may miss it.
  useEffect(() => heading.current?.scrollIntoView({ block: 'center' }), [id])
  return (
    <div class="code" role="status">
      <p class="strong" ref={heading}>
        {text.siteMade}
      </p>
      <dl class="secret">
        <dt>{text.clientId}</dt>
        <dd class="hash">{id}</dd>
        <dt>{text.clientSecret}</dt>
        <dd class="hash">{secret}</dd>
      </dl>
      <p class="act-about">{text.siteMadeText}</p>
    </div>
  )
}

type NewSiteProps = Readonly<{ hub: Hub; onDone: (client: OperatorAnswerView['client']) => void }>

function NewSite({ hub, onDone }: NewSiteProps): JSX.Element {
  const text = useWords(identityWords)
  const locale = useLocale()
  const [draft, setDraft] = useState<SiteDraft>(EMPTY_SITE)
  const change = (part: Partial<SiteDraft>): void => setDraft({ ...draft, ...part })
  return (
    <>
      <h2>{text.newSite}</h2>
      <Act
        hub={hub}
        name="register-client"
        label={text.registerSite}
        done={text.siteRegistered}
        body={siteOf(draft)}
        onDone={({ client }) => {
          setDraft(EMPTY_SITE)
          onDone(client)
        }}
      >
        <MerchantChoice hub={hub} party={draft.party} onParty={(party) => change({ party })} />
        <Field
          label={text.siteName}
          hint={text.siteNameHint}
          value={draft.name}
          onInput={(name) => change({ name })}
          maxLength={60}
        />
        <Field
          label={text.redirects}
          hint={text.redirectsHint}
          value={draft.redirects}
          onInput={(redirects) => change({ redirects })}
          lines={3}
          {...(!areRedirectsRight(draft) && { error: text.redirectsWrong })}
        />
        <Segmented<Ciba>
          label={text.ciba}
          value={draft.ciba}
          onChange={(ciba) => change({ ciba })}
          options={CIBA.map((each) => ({ value: each, label: text[`ciba_${each}`] }))}
        />
        <p class="act-about">{text.cibaHint}</p>
        {draft.ciba === 'ping' ? (
          <Field
            label={text.endpoint}
            hint={text.endpointHint}
            value={draft.endpoint}
            onInput={(endpoint) => change({ endpoint })}
            maxLength={500}
          />
        ) : null}
        <fieldset>
          <legend class="field-label">{text.mayAsk}</legend>
          {ASKABLE.map((what) => (
            <Switch
              key={what}
              label={askableText(what, locale)}
              checked={draft.attributes.includes(what)}
              onChange={() => setDraft(withAttribute(draft, what))}
            />
          ))}
          <p class="act-about">{text.mayAskText}</p>
        </fieldset>
      </Act>
    </>
  )
}

/** Typing is over when nothing was typed for this long. */
const TYPING_MS = 250

type MerchantProps = Readonly<{ hub: Hub; party: string | null; onParty: (party: string | null) => void }>

function MerchantChoice({ hub, party, onParty }: MerchantProps): JSX.Element {
  const text = useWords(identityWords)
  const [search, setSearch] = useState('')
  const [found, setFound] = useState<readonly PartyRowView[] | null>(null)
  useEffect(() => {
    const life = { over: false }
    const find = async (): Promise<void> => {
      const query = search.trim() === '' ? {} : { search: search.trim() }
      const answer = await hub.read('operatorParties', { query })
      if (life.over || !answer.ok) return
      const merchants = answer.view.parties.filter(({ kind, status }) => kind === 'merchant' && status === 'active')
      setFound(merchants)
      if (merchants.every((each) => each.party !== party)) onParty(merchants[0]?.party ?? null)
    }
    const timer = setTimeout(() => void find(), TYPING_MS)
    return () => {
      life.over = true
      clearTimeout(timer)
    }
  }, [search])
  return (
    <>
      <Field label={text.merchantFind} type="search" value={search} onInput={setSearch} maxLength={60} />
      {found?.length === 0 ? (
        <p role="status">{text.merchantNone}</p>
      ) : (
        <label class="field">
          <span class="field-label">{text.merchant}</span>
          <select
            class="field-input"
            value={party ?? ''}
            onChange={({ currentTarget }) => onParty(currentTarget.value)}
          >
            {(found ?? []).map((each) => (
              <option key={each.party} value={each.party}>
                {each.name}
              </option>
            ))}
          </select>
        </label>
      )}
    </>
  )
}
