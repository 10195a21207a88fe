// Written from the lines that enforce, without a look at the attempts of the proof.
import type { Sabotage } from './sabotage.ts'

export const p3: readonly Sabotage[] = [
  {
    name: 'a forged domain is kept if the namespace has none',
    file: 'src/admission/plugins/trust-domain.ts',
    from: `const { [podDomainAnnotation]: _sent, ...others } = metadata.annotations ?? {}
`,
    to: `if (domain === '') return
  const { [podDomainAnnotation]: _sent, ...others } = metadata.annotations ?? {}
`,
    proof: 'P3',
  },
  {
    name: 'domains are compared without regard to case',
    file: 'src/api/pods/trust-domain.ts',
    from: 'domainOfPod(pod) === domainOfNode(node)',
    to: 'domainOfPod(pod).toLowerCase().slice(0, 4) === domainOfNode(node).toLowerCase().slice(0, 4)',
    proof: 'P3',
  },
  {
    name: 'a node that is not known takes every pod',
    file: 'src/api/pods/trust-domain.ts',
    from: 'return isPlatform(pod.metadata.namespace) || domainOfPod',
    to: 'return isPlatform(pod.metadata.namespace) || node === undefined || domainOfPod',
    proof: 'P3',
  },
  {
    name: 'DaemonSets of every namespace count as of the platform',
    file: 'src/controllers/daemonsets/daemonset.ts',
    from: 'isPlatform(set.metadata.namespace) || domainOfNode(node) === domain',
    to: "isPlatform(set.metadata.namespace) || domain === '' || domainOfNode(node) === domain",
    proof: 'P3',
  },
  {
    name: 'the mutation of a pod runs at its update alone',
    file: 'src/admission/plugins/trust-domain.ts',
    from: `if (request.resource.plural !== 'pods' || request.object === undefined) return
`,
    to: `if (request.resource.plural !== 'pods' || request.object === undefined || request.operation === 'CREATE' && request.subresource === '') return
`,
    proof: 'P3',
  },
  {
    name: 'who names the default scheduler may name a node',
    file: 'src/admission/plugins/trust-domain.ts',
    from: 'if (!nodeName || isPlatform(request.namespace)) return admitted',
    to: "if (!nodeName || isPlatform(request.namespace) || pod.spec.schedulerName === 'default-scheduler') return admitted",
    proof: 'P3',
  },
]
