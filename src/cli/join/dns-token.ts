// The credential of the DNS part on a joined machine, where no signer is: a token of an hour, bound to the machine's Node, so that it ends
// with it. The part parses what pods send, so it never gets the node's own certificate.
import { clusterDnsAccount, dnsTokenSeconds } from '../../api/credentials/node-dns-token.ts'
import { type Clock, pause } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import type { Client } from '../../client/client.ts'
import { nodes, serviceAccounts } from '../../client/resources.ts'

interface TokenAnswer {
  readonly status?: { readonly token?: string }
}

const renewMs = dnsTokenSeconds * 500
const retryMs = 10_000

/** Rejects if the Node is not registered yet. */
export async function requestDnsToken(client: Client, nodeName: string, signal: AbortSignal): Promise<string> {
  const { metadata } = await client.get(nodes, '', nodeName, signal)
  const { namespace, name } = clusterDnsAccount
  const request = {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    spec: {
      audiences: [],
      expirationSeconds: dnsTokenSeconds,
      boundObjectRef: { kind: 'Node', apiVersion: 'v1', name: nodeName, uid: metadata.uid },
    },
  }
  const { status } = await client.subresource<TokenAnswer>('POST', serviceAccounts, namespace, name, 'token', request, signal)
  if (status?.token === undefined) throw new Error(`the API server answered without a token for account "${name}"`)
  return status.token
}

/** Hands on a new token at half of the lifetime, until the signal. A failure is retried. */
export async function keepDnsToken(
  { request, clock, log }: { readonly request: (signal: AbortSignal) => Promise<string>; readonly clock: Clock; readonly log: Logger },
  take: (token: string) => void,
  signal: AbortSignal,
): Promise<void> {
  let wait = renewMs
  while (!signal.aborted) {
    await pause(clock, wait, signal)
    if (signal.aborted) return
    try {
      take(await request(signal))
      wait = renewMs
    } catch (err) {
      if (signal.aborted) return
      log.error('token of the DNS part not renewed', { err, retryAfterMs: retryMs })
      wait = retryMs
    }
  }
}
