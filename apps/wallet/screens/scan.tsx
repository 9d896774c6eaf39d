// The camera reads the code on the shop's screen; codes of other hubs are refused with a sentence.
import type { JSX } from 'preact'
import { Banner, Button, Screen } from '#ui/kit.tsx'
import { Scanner } from '#ui/scan.tsx'
import { useWords } from '#ui/i18n.ts'
import type { ScreenOf } from '../app.tsx'
import type { Place } from '../state.ts'
import { walletWords } from '../words.ts'

export function Scan({
  place,
  act,
  banners,
}: ScreenOf & { readonly place: Extract<Place, { at: 'scan' }> }): JSX.Element {
  const words = useWords(walletWords)
  const home = (): void => act.go({ at: 'home' })
  const refused = { foreign: words.scanForeign, unknown: words.scanUnknown }
  return (
    <Screen
      title={words.scanTitle}
      banners={banners}
      onBack={home}
      actions={
        <Button wide icon="keypad" onPress={home}>
          {words.typeInstead}
        </Button>
      }
    >
      {place.refused === null ? null : <Banner kind="trouble">{refused[place.refused]}</Banner>}
      <Scanner onRead={act.scanned} label={words.scanTitle} />
    </Screen>
  )
}
