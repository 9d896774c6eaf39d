// For `--lan`: a plain page that hands out the hub's own certificate authority and says how a phone comes to trust it.
// It is not encrypted because a phone that does not trust the hub yet cannot read it otherwise; nothing else is served here.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import encodeQR from 'qr'
import type { Tls } from './tls.ts'

export type TrustPage = Readonly<{ port: number; addresses: readonly string[]; stop(): Promise<void> }>

/** Starts the page on the port after the hub's, or any free one. */
export async function startTrustPage(options: {
  tls: Tls
  addresses: readonly string[]
  hubPort: number
}): Promise<TrustPage> {
  const { tls, addresses, hubPort } = options
  const server = createServer((request, response) => {
    response.setHeader('x-content-type-options', 'nosniff')
    if (request.url === '/warifu-ca.crt') {
      response.setHeader('content-type', 'application/x-x509-ca-cert')
      return response.end(tls.caPem)
    }
    const host = (request.headers.host ?? addresses[0] ?? 'localhost').replace(/:\d+$/, '')
    const safeHost = /^[0-9A-Za-z.\-[\]:]{1,80}$/.test(host) ? host : 'localhost'
    response.setHeader('content-type', 'text/html; charset=utf-8')
    response.setHeader('content-security-policy', "default-src 'none'; style-src 'unsafe-inline'; img-src data:")
    return response.end(page(safeHost, hubPort, tls.caFingerprintSha256))
  })
  server.requestTimeout = 10_000
  const listen = (port: number): Promise<void> =>
    new Promise((resolve, reject) => {
      server.once('error', reject)
      server.listen(port, '0.0.0.0', resolve)
    })
  await listen(hubPort + 1).catch(() => listen(0))
  const { port } = server.address() as AddressInfo
  return { port, addresses, stop: () => new Promise((resolve) => server.close(() => resolve())) }
}

function page(host: string, hubPort: number, fingerprint: string): string {
  const wallet = `https://${host}:${hubPort}/wallet`
  const qr = Buffer.from(encodeQR(wallet, 'svg')).toString('base64')
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Trust this hub</title>
<style>body{margin:0 auto;max-width:40rem;padding:24px;background:#FAF8F3;color:#1B1A17;font:16px/1.6 system-ui,"Hiragino Sans","Noto Sans JP",sans-serif}a{color:#C73E1D}img{width:200px;background:#fff;padding:12px}code{overflow-wrap:anywhere}h2{margin-top:40px}</style></head><body>
<h1>Trust this hub</h1>
<p>Phones use keys and the camera only over a secure connection. This hub has made its own certificate authority; a phone has to be told once to trust it.</p>
<ol><li><a href="/warifu-ca.crt">Download the certificate</a>.</li>
<li>iPhone: Settings, Profile Downloaded, Install; then General, About, Certificate Trust Settings, and switch it on. Android: Settings, Security, Encryption and credentials, Install a certificate, CA certificate.</li>
<li>Compare the fingerprint with the one below, then open <a href="${wallet}">${wallet}</a>, or scan:</li></ol>
<p><img alt="QR code of ${wallet}" src="data:image/svg+xml;base64,${qr}"></p>
<p>SHA-256: <code>${fingerprint}</code></p>
<p>By address there are no passkeys, which need a host name: the wallet uses the PIN. When you are done with this hub, remove the certificate again.</p>
<h2 lang="ja">このハブを信頼する</h2>
<p lang="ja">鍵とカメラは安全な接続でだけ使えます。上の証明書をダウンロードしてインストールし、指紋を見比べてから、ウォレットを開いてください。アドレスで開くときはパスキーではなくPINを使います。使い終わったら証明書を削除してください。</p>
</body></html>`
}
