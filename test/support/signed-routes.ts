// Every route that takes approval bytes, ready to be attacked: what an honest phone would send there, and how to send something else.
import assert from 'node:assert/strict'
import { fromBase64url, fromHex, sha256, toHex } from '#core/bytes.ts'
import { claimsOf } from '#core/approval.ts'
import { isAccountNumber } from '#core/accounts.ts'
import { parseId } from '#core/ids.ts'
import type { ProofBody } from '#protocol/commands.ts'
import type { PresenceAction } from '#protocol/identity.ts'
import { meansSubject, presenceBytes } from '#protocol/signed-bytes.ts'
import type { PaymentView } from '#protocol/views.ts'
import { approvalFor, signApproval } from '#sdk/approval.ts'
import type { Client } from '#sdk/client.ts'
import { billToSign, signHandBack } from '#sdk/hand-back.ts'
import type { Identity } from '#sdk/identity.ts'
import { checkPurchase, keepCertificate, makePurchase, signPurchase } from '#sdk/purchase.ts'
import { saltedPassword, scramProof } from '#sdk/scram.ts'
import { memoryStorage } from '#sdk/storage.ts'
import { softwareAuthenticator, type SoftwareAuthenticator } from './authenticator.ts'
import { asked, dealOf, joinByLink, newDeal, PIN } from './bank.ts'
import { HANAKO, newCommand } from './bank-program.ts'
import { ENVELOPE } from './card-requests.ts'
import { codeIn, newAddress, nthMail } from './people.ts'
import { speaker, type Reply, type Speaker } from './raw-client.ts'
import type { TestHub } from './hub.ts'
import { billOf } from './world.ts'

export type Evidence = Awaited<ReturnType<typeof signApproval>>

/** One honest use of a route that has not been sent yet. */
export type Use = Readonly<{ bytes: Uint8Array; send(evidence: Evidence, by?: Speaker): Promise<Reply> }>

export type SignedRoute = Readonly<{
  path: string
  /** the right bytes once may be altered and signed again, or each try needs bytes of its own because it uses a nonce up */
  isNonceUsed: boolean
  /** what proves it there, where a PIN does not */
  key?: SoftwareAuthenticator
  fresh(): Promise<Use>
}>

/** A person with a phone that the test speaks for, and whose PIN costs nothing to prove again. */
export type Signer = Readonly<{
  speaker: Speaker
  identity: Identity
  /** `over` says otherwise than an honest proof does */
  proof(bytes: Uint8Array, over?: Partial<Parameters<typeof scramProof>[0]>): Promise<Exclude<ProofBody, null>>
  sign(bytes: Uint8Array, proof?: ProofBody): Promise<Evidence>
}>

export async function signerOf(hub: TestHub, client: Client, pin: string): Promise<Signer> {
  await client.self()
  const own = await speaker(hub, 'hanako', client)
  const identity = await client.identity()
  assert.ok(identity?.self.kind === 'device' && identity.self.secret !== null)
  const { account, secret } = identity.self
  const salt = fromBase64url(secret.salt) ?? assert.fail()
  const salted = await saltedPassword(pin, salt, secret.iterations)
  const proof: Signer['proof'] = (bytes, over = {}) =>
    scramProof({
      pin: salted,
      account,
      clientNonce: crypto.getRandomValues(new Uint8Array(16)),
      hubNonce: toHex(claimsOf(bytes)?.nonce ?? new Uint8Array(16)),
      salt,
      iterations: secret.iterations,
      approvalHash: sha256(bytes),
      ...over,
    })
  const sign: Signer['sign'] = async (bytes, made) => signApproval(identity, bytes, made ?? (await proof(bytes)))
  return { speaker: own, identity, proof, sign }
}

/** All of them, used by this person at a hub with a bank (bank-program.ts); `till` asks for the money. */
export function signedRoutes(hub: TestHub, payer: Signer, till: Speaker): readonly SignedRoute[] {
  const { speaker: own, identity } = payer
  const { client } = own

  const ofPayment = (
    name: 'approve' | 'respond' | 'prove',
    purpose: 'approve' | 'challenge' | 'authenticate',
    view: () => Promise<PaymentView>,
  ): SignedRoute => ({
    path: `/v1/commands/${name}`,
    isNonceUsed: false,
    async fresh() {
      const shown = await view()
      const { scheme, self } = identity
      const built = approvalFor({ purpose, scheme, view: shown, self, expiresAt: client.hubNow() + 120_000 })
      assert.ok(built.ok, JSON.stringify(built))
      const more = name === 'prove' ? { released: [] } : {}
      return {
        bytes: built.bytes,
        send: (evidence, by = own) => by.command(name, { payment: shown.payment, ...more, ...evidence }),
      }
    },
  })

  const ofPresence = (path: string, action: PresenceAction, subject: string, more: object): SignedRoute => ({
    path,
    isNonceUsed: true,
    async fresh() {
      const drawn = await own.signed({ path: '/v1/presence/nonce', body: {} })
      assert.equal(drawn.status, 200, drawn.text)
      const [scheme, key] = [parseId('sch', identity.scheme.scheme), parseId('key', identity.self.key)]
      const nonce = fromHex(String(drawn.body.nonce))
      const account = identity.self.kind === 'device' ? identity.self.account : ''
      assert.ok(scheme && key && nonce && isAccountNumber(account))
      const expiresAt = client.hubNow() + 120_000
      const bytes = presenceBytes({ scheme, account, key, action, subject, nonce, expiresAt })
      return { bytes, send: (presence, by = own) => by.signed({ path, body: { ...more, presence } }) }
    },
  })

  const joined = async (): Promise<PaymentView> => joinByLink(client, await dealOf(till.client, asked(billOf(120n))))

  const email = newAddress()
  const changingAddress = ofPresence('/v1/profile/email', 'change-email', email, {})
  let mailed: Promise<string> | undefined
  async function mailedCode(): Promise<string> {
    const told = await own.signed({ path: changingAddress.path, body: { email, code: null, presence: null } })
    assert.equal(told.status, 200, told.text)
    return codeIn(await nthMail(hub, email, 1))
  }

  const storedKey = 'A'.repeat(43)
  const verifier = { salt: 'A'.repeat(22), iterations: 310_000, storedKey, serverKey: storedKey }
  const key = softwareAuthenticator({ origin: hub.url, rpId: 'localhost' })

  const { credential } = key
  const removing = ofPresence('/v1/passkeys/remove', 'remove-passkey', credential, { credential })
  const roaming = softwareAuthenticator({ origin: hub.url, rpId: 'localhost', transports: ['usb'] })
  const choosing = ofPresence('/v1/devices/approves-with', 'approves-with', 'any', { with: 'any' })
  async function added(passkey: SoftwareAuthenticator): Promise<void> {
    const options = await own.signed({ path: '/v1/passkeys/options', body: {} })
    const made = await own.signed({ path: '/v1/passkeys', body: passkey.register(String(options.body.challenge)) })
    assert.equal(made.status, 200, made.text)
  }

  return [
    ofPayment('approve', 'approve', joined),
    ofPayment('respond', 'challenge', async () => {
      const { payment } = await joined()
      const challenged = await till.command('challenge', { payment })
      assert.equal(challenged.status, 200, challenged.text)
      const read = await client.payment(payment)
      assert.ok(read.ok)
      return read.view
    }),
    ofPayment('prove', 'authenticate', async () => {
      const question = { attributes: ['region'], reason: 'Membership' }
      const opened = await till.client.send('ask', {
        deal: newDeal(),
        question: { ...question, attributes: ['region'] },
      })
      assert.ok(opened.ok && opened.view.deal)
      return joinByLink(client, opened.view.deal)
    }),
    {
      path: '/v1/commands/submit-signed',
      isNonceUsed: false,
      async fresh() {
        const payee = await till.client.identity()
        const deal = newDeal()
        const bill = payee && billToSign(payee, deal, asked(billOf(130n)))
        assert.ok(bill)
        const signed = await signHandBack(client, bill, PIN)
        assert.ok(signed.ok)
        const { payer: by, bill: lines } = signed.view
        return {
          bytes: fromBase64url(signed.view.approval) ?? assert.fail(),
          send: (evidence, sender = till) =>
            sender.command('submit-signed', { deal, bill: lines, payer: by, ...evidence }),
        }
      },
    },
    {
      path: '/v1/commands/submit-purchase',
      isNonceUsed: false,
      async fresh() {
        const { certificate } = (await keepCertificate(till.client, memoryStorage())) ?? assert.fail()
        const register = (await till.client.identity()) ?? assert.fail()
        const bill = asked(billOf(140n))
        const made = await makePurchase(register, { bill, certificate, deal: newDeal(), now: till.client.hubNow() })
        const shown = made && (await checkPurchase(identity, made, client.hubNow()))
        assert.ok(made && shown?.ok)
        const signed = await signPurchase(client, shown.purchase, { prove: PIN, now: client.hubNow() })
        assert.ok(signed.ok)
        return {
          bytes: fromBase64url(signed.view.signed.approval) ?? assert.fail(),
          send: (evidence, by = own) => by.command('submit-purchase', { purchase: made.purchase, ...evidence }),
        }
      },
    },
    ofPresence('/v1/unlock', 'unlock', '', {}),
    ofPresence('/v1/devices/codes', 'add-device', '', {}),
    ofPresence('/v1/cards', 'add-card', ENVELOPE, { command: newCommand(), envelope: ENVELOPE, name: null }),
    ofPresence('/v1/means', 'add-means', meansSubject(HANAKO), { command: newCommand(), ...HANAKO }),
    {
      ...choosing,
      key: roaming,
      async fresh() {
        await added(roaming)
        return choosing.fresh()
      },
    },
    {
      ...changingAddress,
      async fresh() {
        const code = await (mailed ??= mailedCode())
        return ofPresence(changingAddress.path, 'change-email', email, { email, code }).fresh()
      },
    },
    {
      ...removing,
      async fresh() {
        await added(key)
        return removing.fresh()
      },
    },
    // The last: after it nobody knows the PIN any more.
    ofPresence('/v1/secret/change', 'change-secret', storedKey, { ...verifier }),
  ]
}

/** The same with one bit of this byte flipped. */
export function flipped(bytes: Uint8Array, at: number): Uint8Array {
  const copy = Uint8Array.from(bytes)
  copy[at] = (copy[at] ?? 0) ^ 1
  return copy
}

/** The same base64url text with one bit of this byte flipped. */
export const flippedText = (text: string, at: number): string =>
  Buffer.from(flipped(Buffer.from(text, 'base64url'), at)).toString('base64url')
