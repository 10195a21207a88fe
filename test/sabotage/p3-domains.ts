// Sabotage of the placement of pods by trust domain.
import type { Sabotage } from './sabotage.ts'

export const p3: readonly Sabotage[] = [
  {
    name: 'bindings are not validated',
    file: 'src/admission/plugins/trust-domain.ts',
    from: 'return pod === undefined ? admitted : validatePod(request, { ...pod, spec: { ...pod.spec, nodeName } })',
    to: 'return pod === undefined ? admitted : validatePod(request, pod)',
    proof: 'P3',
  },
  {
    name: 'pods that name their node are not validated',
    file: 'src/admission/plugins/trust-domain.ts',
    from: "if (resource.plural === 'pods') return validatePod(request, object as Pod)",
    to: "if (resource.plural === 'pods') return admitted",
    proof: 'P3',
  },
  {
    name: 'creations through pods/binding do not reach the trust domains',
    file: 'src/admission/plugins/trust-domain.ts',
    from: "resources: ['pods', 'pods/binding'] }",
    to: "resources: ['pods'] }",
    proof: 'P3',
  },
  {
    name: 'pods of no trust domain may run on nodes of one',
    file: 'src/api/pods/trust-domain.ts',
    from: '|| domainOfPod(pod) === domainOfNode(node)',
    to: "|| domainOfPod(pod) === '' || domainOfPod(pod) === domainOfNode(node)",
    proof: 'P3',
  },
  {
    name: 'pods of a trust domain may run on nodes of none',
    file: 'src/api/pods/trust-domain.ts',
    from: '|| domainOfPod(pod) === domainOfNode(node)',
    to: "|| domainOfNode(node) === '' || domainOfPod(pod) === domainOfNode(node)",
    proof: 'P3',
  },
  {
    name: 'namespaces whose name begins like that of the platform are exempt',
    file: 'src/api/pods/trust-domain.ts',
    from: 'namespace === platform',
    to: "namespace?.startsWith('kube-') === true || namespace?.startsWith('bulkhead-') === true",
    proof: 'P3',
  },
  {
    name: 'the scheduler does not look at trust domains',
    file: 'src/scheduler/plugins/trust-domain.ts',
    from: 'mayRunOn(pod, node) ? fits',
    to: 'mayRunOn(pod, node) || node !== undefined ? fits',
    proof: 'P3',
  },
  {
    name: 'the scheduler lets pods that tolerate everything cross',
    file: 'src/scheduler/plugins/trust-domain.ts',
    from: 'filter: ({ node }) => (mayRunOn(pod, node) ?',
    to: 'filter: ({ node }) => (mayRunOn(pod, node) || (pod.spec.tolerations ?? []).some(({ key }) => key === undefined) ?',
    proof: 'P3',
  },
  {
    name: 'DaemonSets count nodes of other trust domains',
    file: 'src/controllers/daemonsets/daemonset.ts',
    from: 'isPlatform(set.metadata.namespace) || domainOfNode(node) === domain',
    to: "isPlatform(set.metadata.namespace) || domainOfNode(node) === domain || domain !== ''",
    proof: 'P3',
  },
  {
    name: 'a pod whose domain was removed may be bound',
    file: 'src/admission/plugins/trust-domain.ts',
    from: `handles({ resource, operation, object, oldObject }) {
      if (object === undefined) return false`,
    to: `handles({ resource, operation, object, oldObject, subresource }) {
      if (object === undefined || subresource === 'binding') return false`,
    proof: 'P3',
  },
  {
    name: 'an update may change the domain of a pod',
    file: 'src/admission/plugins/trust-domain.ts',
    from: 'setDomain(request.object, oldObject === undefined ? current(request.namespace) : domainOfPod(oldObject))',
    to: 'if (oldObject === undefined) setDomain(request.object, current(request.namespace))',
    proof: 'P3',
  },
  {
    name: 'subresources of pods may change the domain of a pod',
    file: 'src/admission/plugins/trust-domain.ts',
    from: "{ operations: ['UPDATE'], resources: ['pods', 'pods/*'] }",
    to: "{ operations: ['UPDATE'], resources: ['pods'] }",
    proof: 'P3',
  },
  {
    name: 'the scheduler compares domains of pods with a node only',
    file: 'src/scheduler/plugins/trust-domain.ts',
    from: 'filter: ({ node }) => (mayRunOn(pod, node) ?',
    to: 'filter: ({ node }) => (pod.spec.nodeName === undefined || mayRunOn(pod, node) ?',
    proof: 'P3',
  },
]
