// Reads an account's whole history, page by page, newest first.
import type { EntryView } from '#protocol/views.ts'
import { openClient } from '#sdk/client.ts'
import { enrol } from '#sdk/identity.ts'
import { memoryStorage } from '#sdk/storage.ts'
import type { Surroundings } from './surroundings.ts'

export async function main(hub: string, code: string, surroundings: Surroundings = {}): Promise<EntryView[]> {
  const storage = memoryStorage()
  const enrolled = await enrol({ hub, storage, code, label: 'Bookkeeping', ...surroundings })
  if (!enrolled.ok) throw new Error(enrolled.problem.title)

  const client = openClient({ hub, storage, ...surroundings })
  const entries: EntryView[] = []
  for (let before: string | null = null, isFirst = true; isFirst || before !== null; isFirst = false) {
    const page = await client.history(before === null ? {} : { before })
    if (!page.ok) throw new Error(page.problem.title)
    entries.push(...page.view.entries)
    before = page.view.next
  }
  return entries
}
