import { messageOf } from '../../base/user-error.ts'
import { captureTraffic } from '../attacks/transport/capture.ts'
import { attackListeners, clusterListeners } from '../attacks/transport/listeners.ts'
import { attackOwnClient } from '../attacks/transport/own-client.ts'
import { attackScratchClients } from '../attacks/transport/scratch-clients.ts'
import { foreignAuthority } from '../forged-certificate.ts'
import { outcomeOf, type Proof, type ProofContext } from '../proof.ts'
import { connectWith, request } from '../request.ts'

export const encryptedTransport: Proof = {
  id: 'S5/A9',
  title: 'TLS everywhere',
  why: 'One listener in clear text, or one client that does not verify, gives all credentials to whoever is on the network path',
  attack:
    'Speak text, plain HTTP and TLS 1.2 to every listener of the cluster on every address; be an impostor of each server that a scratch cluster connects to, with another authority, another name and without TLS; capture packets',
  expected: 'No answer in clear text, no handshake below TLS 1.3, and no client that sends a request to an impostor',
  whenRed: 'Close the port that it names, or the proxy before the API server: no part of Bulkhead answers in clear text or with TLS 1.2',
  async prove(context, signal) {
    const { machine, clusters, endpoint, transport, attempts, clock } = context
    const found: string[] = []
    const listeners = [...(await clusterListeners(context)).values()]
    const lookAndAttack = async () => {
      const bytes =
        machine.parts.length === 0 ? undefined : await captureTraffic({ server: endpoint.server, transport, attempts, clock }, signal)
      // After the capture, which would see the clear text of these attacks.
      return [bytes, await attackListeners(context, listeners, signal)] as const
    }
    const [clients, [captured, exceptions]] = await Promise.all([
      clusters === undefined ? undefined : attackScratchClients(context, clusters, signal),
      lookAndAttack(),
      attackOwnClient(context, signal),
    ])
    const accepted = await requestThrough({ server: endpoint.server, ca: await foreignAuthority(context.clock.now()) }, signal)
    if (accepted) found.push('a client that trusts another authority accepts the API server')
    const besides = exceptions === 0 ? '' : ` (but ${exceptions} of containerd on loopback, which offers TLS 1.2 and cannot be told not to)`
    const count = `${listeners.length} ${listeners.length === 1 ? 'listener refuses' : 'listeners refuse'} clear text and TLS 1.2${besides}`
    const tried =
      clients === undefined ? 'the client of this proof refuses an impostor' : `${clients + 1} clients were tried with impostors`
    const packets =
      captured === undefined
        ? 'no packets were looked at, because tcpdump is not installed here or may not capture'
        : `${Math.ceil(captured / 1024)} KiB of packets without clear text`
    return outcomeOf(found, `${count}; ${tried}; ${packets}`)
  },
}

/** Whether a request gets an answer. */
async function requestThrough(endpoint: ProofContext['endpoint'], signal: AbortSignal): Promise<boolean> {
  await using transport = connectWith(endpoint)
  try {
    await request(transport, { method: 'GET', path: '/livez' }, signal)
    return true
  } catch (err) {
    signal.throwIfAborted()
    // Refusals of another kind (such as no connection) would prove nothing.
    if (/certificate|self.signed|issuer/i.test(messageOf(err))) return false
    throw err
  }
}
