// Sabotage of ResourceQuotas: what counts, when it is charged, and in which scope.
import type { Sabotage } from './sabotage.ts'

const check = 'src/admission/quota/check.ts'
const pods = 'src/admission/quota/pods.ts'
const plugin = 'src/admission/plugins/resource-quota.ts'
const claims = 'src/admission/quota/persistent-volume-claims.ts'
const services = 'src/admission/quota/services.ts'

export const c7: readonly Sabotage[] = [
  {
    name: 'one above the bound is admitted',
    file: check,
    from: 'compareQuantities(total, hard) > 0) over.push(name)',
    to: 'compareQuantities(total, hard) > 1) over.push(name)',
    proof: 'C7',
  },
  {
    name: 'requests that are not stored yet are not counted',
    file: 'src/admission/quota/tracked-quota.ts',
    from: 'return pending === undefined || pending.value === 0n ? used : addQuantities(used, pending)',
    to: 'return used',
    proof: 'C7',
  },
  {
    name: 'resizes are not charged',
    file: pods,
    from: " || (subresource === 'resize' && operation === 'UPDATE')",
    to: '',
    proof: 'C7',
  },
  {
    name: 'limits are not counted',
    file: pods,
    from: 'for (const [name, amount] of podLimits(pod, { useStatus: true }))',
    to: 'for (const [name, amount] of new Map<string, typeof one>())',
    proof: 'C7',
  },
  {
    name: 'devices are not counted',
    file: pods,
    from: 'else if (isExtendedResource(name))',
    to: 'else if (isExtendedResource(name) && isHugePages(name))',
    proof: 'C7',
  },
  {
    name: 'ephemeral storage is not counted',
    file: pods,
    from: "const compute = ['cpu', 'memory', 'ephemeral-storage']",
    to: "const compute = ['cpu', 'memory']",
    proof: 'C7',
  },
  {
    name: 'init containers need not state what is limited',
    file: pods,
    from: 'if (!containers.some(isSilent) && !initContainers.some(isSilent)) continue',
    to: 'if (!containers.some(isSilent)) continue',
    proof: 'C7',
  },
  {
    name: 'scope Terminating counts only deadlines of a day and more',
    file: pods,
    from: '(spec.activeDeadlineSeconds ?? -1) >= 0',
    to: '(spec.activeDeadlineSeconds ?? -1) >= 86400',
    proof: 'C7',
  },
  {
    name: 'scope NotBestEffort counts guaranteed pods only',
    file: pods,
    from: "return recordedQualityOfService(pod) !== 'BestEffort'",
    to: "return recordedQualityOfService(pod) === 'Guaranteed'",
    proof: 'C7',
  },
  {
    name: 'scope PriorityClass NotIn leaves out pods of other classes',
    file: pods,
    from: "return !values.includes(name) || name === ''",
    to: "return name === ''",
    proof: 'C7',
  },
  {
    name: 'affinity to pods of other namespaces by a selector is not counted',
    file: pods,
    from: ' || term.namespaceSelector != null)',
    to: ')',
    proof: 'C7',
  },
  {
    name: 'preferred affinity to pods of other namespaces is not counted',
    file: pods,
    from: `affinity?.requiredDuringSchedulingIgnoredDuringExecution?.some(reaches) ||
      affinity?.preferredDuringSchedulingIgnoredDuringExecution?.some(({ podAffinityTerm }) => reaches(podAffinityTerm)),`,
    to: 'affinity?.requiredDuringSchedulingIgnoredDuringExecution?.some(reaches),',
    proof: 'C7',
  },
  {
    name: 'sidecars do not count',
    file: 'src/api/pods/pod-resources.ts',
    from: '      addAmounts(total, own)\n',
    to: '',
    proof: 'C7',
  },
  {
    name: 'init containers do not count',
    file: 'src/api/pods/pod-resources.ts',
    from: '  raiseAmounts(total, initial)\n',
    to: '',
    proof: 'C7',
  },
  {
    name: 'init containers after a sidecar are counted without it',
    file: 'src/api/pods/pod-resources.ts',
    from: '      addAmounts(peak, sidecars)\n',
    to: '',
    proof: 'C7',
  },
  {
    name: 'storage of a class is not counted',
    file: claims,
    from: 'byClass}requests.storage`, storage)',
    to: "byClass}requests.storage`, parseQuantity('0'))",
    proof: 'C7',
  },
  {
    name: 'claims of a class are not counted',
    file: claims,
    from: 'byClass}persistentvolumeclaims`, one)',
    to: "byClass}persistentvolumeclaims`, parseQuantity('0'))",
    proof: 'C7',
  },
  {
    name: 'an update to a node port is not charged',
    file: services,
    from: "subresource === '' && (operation === 'CREATE' || operation === 'UPDATE'),",
    to: "subresource === '' && operation === 'CREATE',",
    proof: 'C7',
  },
  {
    name: 'node ports of load balancers are not counted',
    file: services,
    from: "if (spec?.type !== 'LoadBalancer') return 0",
    to: 'return 0',
    proof: 'C7',
  },
  {
    name: 'Services count one node port each',
    file: services,
    from: "if (spec?.type === 'NodePort') return ports.length",
    to: "if (spec?.type === 'NodePort') return 1",
    proof: 'C7',
  },
  {
    name: 'only core objects are counted',
    file: 'src/admission/quota/evaluators.ts',
    from: "if (name.startsWith('count/')) return name.slice('count/'.length)",
    to: "if (name.startsWith('count/') && !name.includes('.')) return name.slice('count/'.length)",
    proof: 'C7',
  },
  {
    name: 'objects that grow are not charged for their bytes',
    file: plugin,
    from: "if (namespace === '' || growth <= 0 || isEventResource(resource)) return admitted",
    to: "if (namespace === '' || growth <= 0 || request.oldObject !== undefined || isEventResource(resource)) return admitted",
    proof: 'C7',
  },
  {
    name: 'bytes are checked without those of the request',
    file: 'src/admission/quota/ledger.ts',
    from: 'bytes + growth > hardBytes',
    to: 'bytes > hardBytes',
    proof: 'C7',
  },
  {
    name: 'new namespaces get no quota',
    file: 'src/controllers/namespaces/namespace-defaults.ts',
    from: '          resourceQuota && unlessThere(client.create(resourceQuotas, key, resourceQuota, signal)),\n',
    to: '',
    proof: 'C7',
  },
  {
    name: 'a dry run is not checked against quotas',
    file: plugin,
    from: 'if (object === undefined) return admitted\n      const name',
    to: 'if (object === undefined || dryRun) return admitted\n      const name',
    proof: 'C7',
  },
]
