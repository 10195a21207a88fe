// Written from the lines that enforce, without a look at the attempts of the proof.
import type { Sabotage } from './sabotage.ts'

export const c7: readonly Sabotage[] = [
  {
    name: 'an update that grows is charged only when the quota matched before',
    file: 'src/admission/quota/check.ts',
    from: 'if (value <= 0n) grown.delete(name)',
    to: 'if (value >= 0n) grown.delete(name)',
    proof: 'C7',
  },
  {
    name: 'only the first quota of a namespace is compared',
    file: 'src/admission/quota/check.ts',
    from: `for (const quota of matching) {
    const covered = quota.covered`,
    to: `for (const quota of matching.slice(0, 1)) {
    const covered = quota.covered`,
    proof: 'C7',
  },
  {
    name: 'a pod that is being deleted is no longer counted at once',
    file: 'src/admission/quota/pods.ts',
    from: `  return end === undefined || now <= end
`,
    to: `  return end === undefined
`,
    proof: 'C7',
  },
  {
    name: 'usage of pods with sidecars of the same shape is confused',
    file: 'src/admission/quota/pods.ts',
    from: "`!${container.restartPolicy ?? ''}${containerKey(container)}`",
    to: '`!${containerKey(container)}`',
    proof: 'C7',
  },
  {
    name: 'containers need not state what is limited, if one does',
    file: 'src/admission/quota/pods.ts',
    from: 'if (!containers.some(isSilent) && !initContainers.some(isSilent)) continue',
    to: 'if (!containers.every(isSilent) && !initContainers.some(isSilent)) continue',
    proof: 'C7',
  },
  {
    name: 'a limit that a quota demands is not required',
    file: 'src/admission/quota/pods.ts',
    from: "'limits.cpu', 'limits.memory'])",
    to: "'limits.cpu'])",
    proof: 'C7',
  },
  {
    name: 'pods without a priority class are in every scope of classes',
    file: 'src/admission/quota/pods.ts',
    from: "return name !== '' && values.includes(name)",
    to: "return name !== ''",
    proof: 'C7',
  },
  {
    name: 'anti-affinity to pods of other namespaces is not counted',
    file: 'src/admission/quota/pods.ts',
    from: 'return [podAffinity, podAntiAffinity].some(',
    to: 'return [podAffinity].some(',
    proof: 'C7',
  },
  {
    name: 'huge pages are not counted',
    file: 'src/admission/quota/pods.ts',
    from: 'else if (isHugePages(name)) usage.set(name, amount).set(`requests.${name}`, amount)',
    to: 'else if (isHugePages(name)) continue',
    proof: 'C7',
  },
  {
    name: 'usage is what the node allocated, not what a resize requests',
    file: 'src/admission/quota/pods.ts',
    from: 'podRequests(pod, { useStatus: true })',
    to: 'podRequests({ ...pod, spec: { ...pod.spec, containers: [] } }, { useStatus: true })',
    proof: 'C7',
  },
  {
    name: 'a claim that is enlarged is not charged',
    file: 'src/admission/quota/persistent-volume-claims.ts',
    from: `return operation === 'CREATE' || operation === 'UPDATE'
`,
    to: `return operation === 'CREATE'
`,
    proof: 'C7',
  },
  {
    name: 'a class in the older annotation is not counted',
    file: 'src/admission/quota/persistent-volume-claims.ts',
    from: "claim.metadata.annotations?.[betaClassAnnotation] ?? claim.spec?.storageClassName ?? ''",
    to: "claim.spec?.storageClassName ?? ''",
    proof: 'C7',
  },
  {
    name: 'load balancers are not counted',
    file: 'src/admission/quota/services.ts',
    from: "spec?.type === 'LoadBalancer' ? one : none",
    to: "spec?.type === 'LoadBalancer' ? none : none",
    proof: 'C7',
  },
  {
    name: 'Secrets count only under their new name',
    file: 'src/admission/quota/object-count.ts',
    from: "'replicationcontrollers', 'secrets'])",
    to: "'replicationcontrollers'])",
    proof: 'C7',
  },
  {
    name: 'usage that is promised is not part of what is taken',
    file: 'src/admission/quota/tracked-quota.ts',
    from: '? used : addQuantities(used, pending)',
    to: '? used : used',
    proof: 'C7',
  },
  {
    name: 'selectors of scopes are ignored',
    file: 'src/admission/quota/tracked-quota.ts',
    from: 'return [...scopes, ...(spec?.scopeSelector?.matchExpressions ?? [])]',
    to: 'return scopes',
    proof: 'C7',
  },
  {
    name: 'a quota that is changed keeps its old bounds',
    file: 'src/admission/quota/namespace-ledger.ts',
    from: 'if (known !== undefined && semanticallyEqual(known.object.spec, object.spec)) {',
    to: 'if (known !== undefined) {',
    proof: 'C7',
  },
  {
    name: 'reservations of requests that failed are not returned',
    file: 'src/admission/plugins/resource-quota.ts',
    from: 'charged.get(request)?.settle(stored)',
    to: 'charged.get(request)?.settle(true)',
    proof: 'C7',
  },
]
