// A one-time code may come in the page's address (#code=…): in the fragment, so that no log ever holds it.

/** The code in the address, or '' where there is none. */
export const codeInAddress = (): string => new URLSearchParams(location.hash.replace(/^#\??/u, '')).get('code') ?? ''

/** A code that was used is not offered again. */
export const forgetCode = (): void => history.replaceState(null, '', location.pathname + location.search)
