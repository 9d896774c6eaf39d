// A link to pass on: by the phone's own sharing, else copied, else shown to be copied by hand.
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { Button, say } from '#ui/kit.tsx'
import { useWords } from '#ui/i18n.ts'
import { walletWords } from '../words.ts'

export function ShareLink({ link, text }: { readonly link: string; readonly text: string }): JSX.Element {
  const words = useWords(walletWords)
  const [shown, setShown] = useState(false)
  const share = async (): Promise<void> => {
    // Closing the sheet is no trouble.
    if ('share' in navigator) return navigator.share({ text, url: link }).catch(() => undefined)
    const copied = await window.navigator.clipboard.writeText(link).then(
      () => true,
      () => false,
    )
    if (copied) say(words.linkCopied)
    else setShown(true)
  }
  return (
    <>
      <Button wide onPress={() => void share()}>
        {words.shareLink}
      </Button>
      {shown ? <output class="ask-address">{link}</output> : null}
    </>
  )
}
