import { tryAnonymous } from '../attacks/authentication/try-anonymous.ts'
import { tryCertificates } from '../attacks/authentication/try-certificates.ts'
import { tryBoundTokens, tryTokens } from '../attacks/authentication/try-tokens.ts'
import { ClusterObjects } from '../cluster-objects.ts'
import { outcomeOf, type Proof } from '../proof.ts'
import { ProofNamespace } from '../proof-namespace.ts'

export const authentication: Proof = {
  id: 'A3',
  title: 'authentication',
  why: 'A forged identity has the rights of its owner: all later controls rely on authentication',
  attack:
    "Send tokens and certificates that differ from a genuine one in one thing (signature, key, algorithm, expiry, audience, issuer, purpose, authority, what it is bound to), on the cluster's machine also signed by its own keys; headers of a proxy, basic authentication, and every path without credentials",
  expected: '401 for each, the genuine twin is accepted as itself, and without credentials only health checks succeed',
  whenRed:
    "Look for another authenticator in the server's settings, then renew the certificates that the attack was made with; until it holds, reach the API from trusted networks only",
  async prove(context, signal) {
    await using namespace = await ProofNamespace.create(context, 'A3', signal)
    await using cluster = await ClusterObjects.of(context, namespace.name, signal)
    await Promise.all([
      tryTokens(context, namespace, signal),
      tryBoundTokens(context, namespace, signal),
      tryCertificates(context, namespace, cluster, signal),
      tryAnonymous(context, signal),
    ])
    const refused = context.attempts.all.filter(({ expected }) => expected.startsWith('401')).length
    const notTried =
      context.machine.keys === undefined ? "; not tried without the cluster's keys: expired and otherwise nearly genuine ones" : ''
    return outcomeOf([], `${refused} forged credentials and requests without any refused, each genuine twin accepted${notTried}`)
  },
}
