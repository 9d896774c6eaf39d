// The offline shell: registers the service worker and tells when a new version waits. The page decides when to take it,
// which is never in the middle of a payment.

export type Shell = Readonly<{ update(): void }>

/** Both addresses under which the wallet opens. */
const SCOPES = ['/wallet', '/j/']

export function keepShell(onUpdate: (isReady: boolean) => void): Shell {
  let waiting: ServiceWorker | null = null
  const found = (worker: ServiceWorker | null): void => {
    // The very first worker replaces nothing.
    if (worker === null || navigator.serviceWorker.controller === null) return
    waiting = worker
    onUpdate(true)
  }
  if ('serviceWorker' in navigator) {
    // Without a secure context or with storage forbidden there is no shell; the wallet works all the same.
    for (const scope of SCOPES) register(scope, scope === '/wallet' ? found : undefined).catch(() => undefined)
  }
  return {
    update() {
      navigator.serviceWorker.addEventListener('controllerchange', () => location.reload(), { once: true })
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker is no window: it has no origin to name
      waiting?.postMessage('take over')
    },
  }
}

async function register(scope: string, found?: (worker: ServiceWorker | null) => void): Promise<void> {
  const registration = await navigator.serviceWorker.register('/wallet-sw.js', { scope })
  if (found === undefined) return
  found(registration.waiting)
  registration.addEventListener('updatefound', () => {
    const { installing } = registration
    installing?.addEventListener('statechange', () => {
      if (installing.state === 'installed') found(installing)
    })
  })
}
