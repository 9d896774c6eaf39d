// The offline shell: registers the service worker and tells when a new version waits. The page decides when to take it,
// which is never in the middle of a payment.

export type Shell = Readonly<{ update(): void }>

/** Both addresses under which the wallet opens. */
const SCOPES = ['/wallet', '/j/']

export function keepShell(onUpdate: (isReady: boolean) => void): Shell {
  let waiting: ServiceWorker | null = null
  const found = (worker: ServiceWorker | null): void => {
    if (worker === null || navigator.serviceWorker.controller === null) return
    waiting = worker
    onUpdate(true)
  }
  if ('serviceWorker' in navigator) {
    const scope = SCOPES.find((path) => location.pathname.startsWith(path)) ?? '/wallet'
    for (const each of SCOPES) {
      navigator.serviceWorker
        .register('/wallet-sw.js', { scope: each })
        .then((registration) => {
          if (each !== scope) return
          found(registration.waiting)
          registration.addEventListener('updatefound', () => {
            const { installing } = registration
            installing?.addEventListener('statechange', () => {
              if (installing.state === 'installed') found(installing)
            })
          })
        })
        // Without a secure context or with storage forbidden there is no shell; the wallet works all the same.
        .catch(() => undefined)
    }
  }
  return {
    update() {
      navigator.serviceWorker.addEventListener('controllerchange', () => location.reload(), { once: true })
      waiting?.postMessage('take over')
    },
  }
}
