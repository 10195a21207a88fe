// The digest of a pod template by which an exception names one workload: of the whole template, less what the API server, its admission
// plug-ins and the controllers add when they make pods of it. A field that is not listed here counts.
import { createHash } from 'node:crypto'
import { syncAppArmor } from '../../api/resources/core/pod-app-armor.ts'
import { setPodDefaults } from '../../api/resources/core/pod-defaults.ts'
import { isTokenVolume, tokenAnnotation } from '../../api/token-right.ts'
import { regionLabel, zoneLabel } from '../../api/topology-labels.ts'
import { podDomainAnnotation } from '../../api/trust-domain.ts'
import type { Container, EnvVar, Pod, Volume } from '../../api/types/core-v1.ts'
import type { CheckedPod } from './check.ts'

/** Fields of a pod's spec that say where it runs, what it is called and how much it may use, and not what it does. */
const uncountedOfSpec: ReadonlySet<string> = new Set([
  // Placement: of the scheduler, DaemonSets, RuntimeClasses, and plug-ins for tolerations, node selectors and priority.
  ...[
    'nodeName',
    'nodeSelector',
    'affinity',
    'tolerations',
    'schedulingGates',
    'overhead',
    'priority',
    'priorityClassName',
    'preemptionPolicy',
  ],
  // Of StatefulSets and Indexed Jobs.
  ...['hostname', 'subdomain'],
  // Of the ServiceAccount, and an older name of a field that counts.
  ...['imagePullSecrets', 'serviceAccount'],
  // No exception covers them.
  'ephemeralContainers',
])

/** Of the plug-in AlwaysPullImages. */
const uncountedOfContainers: ReadonlySet<string> = new Set(['imagePullPolicy'])

/** Amounts of these come from LimitRanges and resizes; other resources are devices, which count. */
const uncountedResources: ReadonlySet<string> = new Set(['cpu', 'memory', 'ephemeral-storage'])

/** Labels and annotations, whatever their value. */
const uncountedMetadata: ReadonlySet<string> = new Set([
  ...['pod-template-hash', 'controller-revision-hash', 'pod-template-generation'],
  ...['statefulset.kubernetes.io/pod-name', 'apps.kubernetes.io/pod-index'],
  ...['job-name', 'batch.kubernetes.io/job-name', 'controller-uid', 'batch.kubernetes.io/controller-uid'],
  ...['completion-index', 'index-failure-count', 'index-ignored-failure-count'].map(name => `batch.kubernetes.io/job-${name}`),
  ...[zoneLabel, regionLabel, podDomainAnnotation, tokenAnnotation, 'kubernetes.io/limit-ranger', 'kubectl.kubernetes.io/restartedAt'],
])

const completionIndex = 'batch.kubernetes.io/job-completion-index'
const tokenPath = '/var/run/secrets/kubernetes.io/serviceaccount'

/** The same for a template and for the pods that controllers make of it. */
export function templateDigest({ metadata, spec }: CheckedPod): string {
  // As it is stored as a pod: a template has fewer defaults, and its AppArmor profiles in one place only.
  const pod: Pod = structuredClone({ metadata, spec })
  setPodDefaults(pod)
  syncAppArmor(pod, () => undefined)
  const tokens = new Set((pod.spec.volumes ?? []).filter(isMountedToken).map(({ name }) => name))
  const isAdded = (volume: Volume) => tokens.has(volume.name) || isStatefulClaim(volume, pod)
  const counted = {
    ...without(pod.spec, uncountedOfSpec),
    serviceAccountName: pod.spec.serviceAccountName || 'default',
    containers: pod.spec.containers.map(container => countedContainer(container, tokens)),
    initContainers: (pod.spec.initContainers ?? []).map(container => countedContainer(container, tokens)),
    volumes: (pod.spec.volumes ?? []).filter(volume => !isAdded(volume)),
  }
  const labels = without(pod.metadata.labels ?? {}, uncountedMetadata)
  const annotations = without(pod.metadata.annotations ?? {}, uncountedMetadata)
  return `sha256:${createHash('sha256')
    .update(canonical([labels, annotations, withoutEmpty(counted)]))
    .digest('hex')}`
}

function countedContainer(container: Container, tokens: ReadonlySet<string>): object {
  const { limits, requests, ...others } = container.resources ?? {}
  return withoutEmpty({
    ...without(container, uncountedOfContainers),
    resources: withoutEmpty({
      ...others,
      limits: without(limits ?? {}, uncountedResources),
      requests: without(requests ?? {}, uncountedResources),
    }),
    env: (container.env ?? []).filter(variable => !isCompletionIndex(variable)),
    volumeMounts: (container.volumeMounts ?? []).filter(
      ({ name, mountPath, readOnly, ...more }) =>
        !(tokens.has(name) && mountPath === tokenPath && readOnly === true && Object.keys(more).length === 0),
    ),
  })
}

/** As the plug-in ServiceAccount adds it: a token, the authority of the API server, and the namespace. */
function isMountedToken(volume: Volume): boolean {
  const { projected } = volume
  if (!isTokenVolume(volume) || projected === undefined) return false
  return (projected.sources ?? []).every(
    ({ secret, clusterTrustBundle, configMap, downwardAPI }) =>
      secret === undefined &&
      clusterTrustBundle === undefined &&
      (configMap === undefined || configMap.name === 'kube-root-ca.crt') &&
      (downwardAPI?.items ?? []).every(({ fieldRef }) => fieldRef?.fieldPath === 'metadata.namespace'),
  )
}

/** The claim that a StatefulSet makes for a pod from one of its templates; the template of the pod has only the mount. */
const isStatefulClaim = ({ name, persistentVolumeClaim }: Volume, { metadata }: Pod): boolean =>
  persistentVolumeClaim !== undefined && persistentVolumeClaim.claimName === `${name}-${metadata.name}`

/** The variable that an Indexed Job gives its containers. */
const isCompletionIndex = ({ name, value, valueFrom }: EnvVar): boolean =>
  name === 'JOB_COMPLETION_INDEX' &&
  value === undefined &&
  [`metadata.labels['${completionIndex}']`, `metadata.annotations['${completionIndex}']`].includes(valueFrom?.fieldRef?.fieldPath ?? '')

const without = (members: object, names: ReadonlySet<string>): object =>
  Object.fromEntries(Object.entries(members).filter(([name]) => !names.has(name)))

/** An empty list or object says the same as none; this looks at the members themselves, not into them. */
const withoutEmpty = (members: object): object => Object.fromEntries(Object.entries(members).filter(([, value]) => !isEmpty(value)))

const isEmpty = (value: unknown): boolean =>
  value === undefined || value === null || (typeof value === 'object' && Object.keys(value).length === 0)

/** JSON with sorted keys. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, member: unknown) =>
    typeof member === 'object' && member !== null && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)))
      : member,
  )
}
