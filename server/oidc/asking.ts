// A site's question on our number: which terminal asks for it, in which deal, with which words. Ids follow from what the provider gave out,
// so that whatever is asked twice is one question.
import { createHash } from 'node:crypto'
import { idFrom, type CommandId, type DealId } from '#core/ids.ts'
import type { Askable } from '#core/persona.ts'
import { REASON_LENGTH, type Question } from '#core/question.ts'
import type { TerminalActor } from '#switch/actors.ts'
import type { ClientRow } from '../postgres/oidc.ts'

/** No key speaks for a site's terminal: the hub itself does, after the site has shown its secret, or a browser its cookie. */
const NO_KEY = idFrom('key', new Uint8Array(16))

export const titleOf = ({ metadata, merchant }: ClientRow): string =>
  typeof metadata.client_name === 'string' ? metadata.client_name : merchant

/** The site as the switch and the phone see it: the merchant, at a terminal with the site's name. */
export const actorOf = (site: ClientRow): TerminalActor => ({
  kind: 'terminal',
  id: site.terminal,
  key: NO_KEY,
  party: site.party,
  account: site.account,
  name: site.merchant,
  legalName: site.legalName,
  label: titleOf(site),
  terminalKind: 'counter',
  cashier: null,
})

const hashOf = (text: string): Buffer => createHash('sha256').update(`warifu openid ${text}`).digest()

/** The deal of a sign-in page (its interaction) or of a back channel request. */
export const dealOf = (flow: 'sign-in' | 'ciba', id: string): DealId =>
  idFrom('deal', hashOf(`${flow} deal ${id}`).subarray(0, 16))

/** What a command is sent with: `step` names what is done to the deal. */
export const commandOn = (site: ClientRow, deal: DealId, step: string) => {
  const hash = hashOf(`${step} ${deal}`)
  const id: CommandId = idFrom('cmd', hash.subarray(0, 16))
  return { id, hash: hash.toString('hex'), actor: actorOf(site), isPerson: false }
}

/** `message` is CIBA's binding message, which the site shows too. */
export function questionOf(
  site: ClientRow,
  asked: Readonly<{ attributes: readonly Askable[]; message: string | null; language: 'en' | 'ja' }>,
): Question {
  const title = titleOf(site)
  const { message, language, attributes } = asked
  const what = language === 'ja' ? `${title}へのサインイン` : `Sign in to ${title}`
  const code = language === 'ja' ? `確認コード ${message}` : `code ${message}`
  // The message first: were anything cut off, it would be the name, which stands beside it as the terminal's.
  const reason = message === null ? what : `${code} · ${what}`
  return { attributes, reason: fitted(reason) }
}

/** Cut between signs: half of one would be no text. */
const fitted = (text: string): string => text.slice(0, REASON_LENGTH).replace(/[\ud800-\udbff]$/, '')
