import { tryAnonymous } from '../attacks/authentication/try-anonymous.ts'
import { tryBootstrapTokens } from '../attacks/authentication/try-bootstrap-tokens.ts'
import { tryCertificates } from '../attacks/authentication/try-certificates.ts'
import { tryBoundTokens, tryTokens } from '../attacks/authentication/try-tokens.ts'
import { tryIssuers } from '../attacks/issuers/try-issuers.ts'
import { ClusterObjects } from '../cluster-objects.ts'
import { outcomeOf, type Proof } from '../proof.ts'
import { ProofNamespace } from '../proof-namespace.ts'

export const authentication: Proof = {
  id: 'A3',
  long: true,
  title: 'authentication',
  why: 'A forged identity has the rights of its owner: all later controls rely on authentication',
  attack:
    "Send tokens and certificates that differ from a genuine one in one thing (signature, key, algorithm, expiry, audience, issuer, purpose, authority, what it is bound to), on the cluster's machine also signed by its own keys; the same with tokens of external issuers and answers of a token webhook, in a second API server of the same build that trusts issuers of the proof; headers of a proxy, basic authentication, and every path without credentials",
  expected: '401 for each, the genuine twin is accepted as itself, and without credentials only health checks succeed',
  whenRed:
    "Look for another authenticator in the server's settings, then renew the certificates that the attack was made with; until it holds, reach the API from trusted networks only",
  async prove(context, signal) {
    await using namespace = await ProofNamespace.create(context, 'A3', signal)
    await using cluster = new ClusterObjects(context, namespace)
    const [, issuers] = await Promise.all([
      tryBootstrapTokens(context, signal),
      tryIssuers(context, signal),
      tryTokens(context, namespace, signal),
      tryBoundTokens(context, namespace, signal),
      tryCertificates(context, namespace, cluster, signal),
      tryAnonymous(context, signal),
    ])
    const refused = context.attempts.all.filter(({ expected }) => expected.startsWith('401')).length
    const missing = [
      ...(context.machine.keys === undefined ? ["without the cluster's keys: expired and otherwise nearly genuine ones"] : []),
      ...(issuers ? [] : ['without the command of the cluster: tokens of external issuers, of a token webhook, and bootstrap tokens']),
    ]
    const notTried = missing.map(text => `; not tried ${text}`).join('')
    return outcomeOf([], `${refused} forged credentials and requests without any refused, each genuine twin accepted${notTried}`)
  },
}
