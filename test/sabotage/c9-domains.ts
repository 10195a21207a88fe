// Sabotage of the rule that pods of two trust domains share no node.
import type { Sabotage } from './sabotage.ts'

export const c9: readonly Sabotage[] = [
  {
    name: 'pods that are being made do not count when a namespace changes its trust domain',
    file: 'src/admission/pending-placements.ts',
    from: 'return [...this.#pods.values()]',
    to: 'return []',
    proof: 'C9',
  },
  {
    name: 'a binding gives a pod its domain',
    file: 'src/admission/plugins/trust-domain.ts',
    from: `setDomain(request.object, pod === undefined ? '' : domainOfPod(pod))
        return`,
    to: `void pod
        return`,
    proof: 'C9',
  },
  {
    name: 'nodes change their trust domain although they have pods',
    file: 'src/admission/plugins/trust-domain.ts',
    from: 'const strangers = () => livePods().filter(pod => pod.spec.nodeName === name && !mayRunOn(pod, object))',
    to: 'const strangers = (): Pod[] => []',
    proof: 'C9',
  },
  {
    name: 'namespaces change their trust domain although they have pods',
    file: 'src/admission/plugins/trust-domain.ts',
    from: 'const own = () => (isPlatform(name) ? [] : livePods(name).filter(pod => domainOfPod(pod) !== domain))',
    to: 'const own = (): Pod[] => []',
    proof: 'C9',
  },
  {
    name: 'only running pods count when a node changes its trust domain',
    file: 'src/api/pods/trust-domain.ts',
    from: "status?.phase !== 'Succeeded' && status?.phase !== 'Failed'",
    to: "status?.phase === 'Running'",
    proof: 'C9',
  },
  {
    name: 'a change of a node to another trust domain is not handled',
    file: 'src/admission/plugins/trust-domain.ts',
    from: "return operation === 'CREATE' || domainOfNode(object) !== domainOfNode(oldObject)",
    to: "return operation === 'CREATE'",
    proof: 'C9',
  },
  {
    name: 'a change of a namespace to another trust domain is not handled',
    file: 'src/admission/plugins/trust-domain.ts',
    from: 'return domainOfNamespace(object) !== domainOfNamespace(oldObject)',
    to: "return domainOfNamespace(object) === ''",
    proof: 'C9',
  },
  {
    name: 'updates of nodes do not reach the trust domains',
    file: 'src/admission/plugins/trust-domain.ts',
    from: "{ operations: ['CREATE', 'UPDATE'], resources: ['nodes', 'nodes/*', 'namespaces', 'namespaces/*'] }",
    to: "{ operations: ['CREATE', 'UPDATE'], resources: ['namespaces', 'namespaces/*'] }",
    proof: 'C9',
  },
  {
    name: 'updates of namespaces do not reach the trust domains',
    file: 'src/admission/plugins/trust-domain.ts',
    from: "{ operations: ['CREATE', 'UPDATE'], resources: ['nodes', 'nodes/*', 'namespaces', 'namespaces/*'] }",
    to: "{ operations: ['CREATE', 'UPDATE'], resources: ['nodes', 'nodes/*'] }",
    proof: 'C9',
  },
  {
    name: 'nobody needs the right to place in a trust domain',
    file: 'src/admission/plugins/trust-domain.ts',
    from: `if (!allowed)
        return refuse(`,
    to: `if (!allowed && domain === '')
        return refuse(`,
    proof: 'C9',
  },
  {
    name: 'the right to place counts for the former trust domain only',
    file: 'src/admission/plugins/trust-domain.ts',
    from: 'for (const domain of [before, after]) {',
    to: 'for (const domain of [before]) {',
    proof: 'C9',
  },
  {
    name: 'the right to place counts for the new trust domain only',
    file: 'src/admission/plugins/trust-domain.ts',
    from: 'for (const domain of [before, after]) {',
    to: 'for (const domain of [after]) {',
    proof: 'C9',
  },
  {
    name: 'subresources of nodes may change the trust domain',
    file: 'src/admission/plugins/trust-domain.ts',
    from: "resources: ['nodes', 'nodes/*', 'namespaces', 'namespaces/*']",
    to: "resources: ['nodes', 'namespaces', 'namespaces/*']",
    proof: 'C9',
  },
  {
    name: 'subresources of namespaces may change the trust domain',
    file: 'src/admission/plugins/trust-domain.ts',
    from: "resources: ['nodes', 'nodes/*', 'namespaces', 'namespaces/*']",
    to: "resources: ['nodes', 'nodes/*', 'namespaces']",
    proof: 'C9',
  },
  {
    name: 'a node starts pods of another trust domain that reached it',
    file: 'src/node/worker/node-admission.ts',
    from: "return { reason: 'TrustDomain', message }",
    to: 'void message',
    proof: 'C9',
    knownMissed: 'every other control would have to fail first',
  },
]
