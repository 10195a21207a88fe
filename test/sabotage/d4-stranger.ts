// Written from the lines that enforce, without a look at the attempts of the proof.
import type { Sabotage } from './sabotage.ts'

export const d4: readonly Sabotage[] = [
  {
    name: 'updates to a system priority pass',
    file: 'src/admission/plugins/system-priority.ts',
    from: 'wanted === classOf(request, oldObject)',
    to: "request.operation === 'UPDATE'",
    proof: 'D4',
  },
  {
    name: 'a RuntimeClass that does not exist is accepted',
    file: 'src/admission/plugins/runtime-class.ts',
    from: 'if (found === undefined) throw forbidden(resource, name, `pod rejected: RuntimeClass',
    to: "if (found === undefined && wanted === '') throw forbidden(resource, name, `pod rejected: RuntimeClass",
    proof: 'D4',
  },
  {
    name: 'kube-public may be deleted',
    file: 'src/admission/plugins/namespace-lifecycle.ts',
    from: "new Set(['default', 'kube-system', 'kube-public'])",
    to: "new Set(['default', 'kube-system'])",
    proof: 'D4',
  },
  {
    name: 'objects are made in namespaces that do not exist',
    file: 'src/admission/plugins/namespace-lifecycle.ts',
    from: 'if (found === undefined) return { allowed: false, error: notFound(namespaces, namespace) }',
    to: 'if (found === undefined) return admitted',
    proof: 'D4',
  },
  {
    name: 'a new namespace says itself that it has its defaults',
    file: 'src/admission/plugins/namespace-defaults.ts',
    from: 'if (metadata.annotations?.[defaultsAnnotation] !== undefined) {',
    to: `if (metadata.annotations?.[defaultsAnnotation] !== undefined) return
      if (metadata.annotations?.[defaultsAnnotation] !== undefined) {`,
    proof: 'D4',
  },
  {
    name: 'the policy for DNS allows other names of the platform',
    file: 'src/controllers/namespaces/namespace-defaults.ts',
    from: "podSelector: { matchLabels: { 'k8s-app': 'kube-dns' } },",
    to: 'podSelector: {},',
    proof: 'D4',
  },
  {
    name: 'new namespaces get no bound for bytes',
    file: 'src/cluster/bootstrap/cluster-defaults.ts',
    from: `          'bulkhead.dev/stored-bytes': '128Mi',
`,
    to: '',
    proof: 'C7',
  },
  {
    name: 'new namespaces are of level baseline',
    file: 'src/cluster/bootstrap/cluster-defaults.ts',
    from: "'pod-security.kubernetes.io/enforce': 'restricted' }",
    to: "'pod-security.kubernetes.io/enforce': 'baseline' }",
    proof: 'C3',
  },
]
