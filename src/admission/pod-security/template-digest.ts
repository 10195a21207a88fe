// The digest of a pod template with which an exception identifies a workload: the whole template without what the API server, its admission
// plug-ins and controllers add to its pods. A field that is not listed here counts.
import { createHash } from 'node:crypto'
import { regionLabel, zoneLabel } from '../../api/nodes/topology-labels.ts'
import { admittedImages, imagesAnnotation } from '../../api/pods/admitted-images.ts'
import { containersOf } from '../../api/pods/containers-of.ts'
import { isTokenVolume, tokenAnnotation } from '../../api/pods/token-right.ts'
import { podDomainAnnotation } from '../../api/pods/trust-domain.ts'
import { syncAppArmor } from '../../api/resources/core/pod-app-armor.ts'
import { setPodDefaults } from '../../api/resources/core/pod-defaults.ts'
import type { Container, EnvVar, Pod, Volume } from '../../api/types/core-v1.ts'
import { writeJson } from '../../base/write-json.ts'
import type { CheckedPod } from './check.ts'

/** Fields of a pod's spec about its placement, its name and its resources, not about what it does. */
const uncountedOfSpec: ReadonlySet<string> = new Set([
  // Placement: set by the scheduler, DaemonSets, RuntimeClasses, and plug-ins for tolerations, node selectors and priority.
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
  // Set by StatefulSets and Indexed Jobs.
  ...['hostname', 'subdomain'],
  // Set from the ServiceAccount, and an older name of a field that counts.
  ...['imagePullSecrets', 'serviceAccount'],
  // Exceptions do not cover them.
  'ephemeralContainers',
])

/** Set by the plug-in AlwaysPullImages. */
const uncountedOfContainers: ReadonlySet<string> = new Set(['imagePullPolicy'])

/** LimitRanges and resizes set amounts of these; other resources are devices, which count. */
const uncountedResources: ReadonlySet<string> = new Set(['cpu', 'memory', 'ephemeral-storage'])

/** Labels and annotations that do not count, whatever their value. */
const uncountedMetadata: ReadonlySet<string> = new Set([
  ...['pod-template-hash', 'controller-revision-hash', 'pod-template-generation'],
  ...['statefulset.kubernetes.io/pod-name', 'apps.kubernetes.io/pod-index'],
  ...['job-name', 'batch.kubernetes.io/job-name', 'controller-uid', 'batch.kubernetes.io/controller-uid'],
  ...['completion-index', 'index-failure-count', 'index-ignored-failure-count'].map(name => `batch.kubernetes.io/job-${name}`),
  ...[
    zoneLabel,
    regionLabel,
    podDomainAnnotation,
    tokenAnnotation,
    imagesAnnotation,
    'kubernetes.io/limit-ranger',
    'kubectl.kubernetes.io/restartedAt',
  ],
])

const completionIndex = 'batch.kubernetes.io/job-completion-index'
const tokenPath = '/var/run/secrets/kubernetes.io/serviceaccount'

/** Equal for a template and for the pods that controllers create from it. */
export function templateDigest({ metadata, spec }: CheckedPod): string {
  // In the form of a stored pod: a template has fewer defaults, and its AppArmor profiles in only one place.
  const pod: Pod = structuredClone({ metadata, spec })
  unpin(pod)
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

/** The image as it is in the template: the plug-in ImageDigests has added the digest to the pod's, and says so in an annotation. */
function unpin({ metadata, spec }: Pod): void {
  const admitted = admittedImages(metadata)
  if (admitted.size === 0) return
  for (const { container } of containersOf(spec)) {
    const { image, digest } = admitted.get(container.name) ?? {}
    if (image !== undefined && container.image === `${image}@${digest}`) container.image = image
  }
  for (const { name, image: volume } of spec.volumes ?? []) {
    const { image, digest } = admitted.get(`volume ${name}`) ?? {}
    if (volume !== undefined && image !== undefined && volume.reference === `${image}@${digest}`) volume.reference = image
  }
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

/** As the plug-in ServiceAccount adds it: a token, the CA of the API server, and the namespace. */
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

/** The claim that a StatefulSet creates from a claim template; the pod template has only the mount. */
const isStatefulClaim = ({ name, persistentVolumeClaim }: Volume, { metadata }: Pod): boolean =>
  persistentVolumeClaim !== undefined && persistentVolumeClaim.claimName === `${name}-${metadata.name}`

/** The variable that an Indexed Job adds to its containers. */
const isCompletionIndex = ({ name, value, valueFrom }: EnvVar): boolean =>
  name === 'JOB_COMPLETION_INDEX' &&
  value === undefined &&
  [`metadata.labels['${completionIndex}']`, `metadata.annotations['${completionIndex}']`].includes(valueFrom?.fieldRef?.fieldPath ?? '')

const without = (members: object, names: ReadonlySet<string>): object =>
  Object.fromEntries(Object.entries(members).filter(([name]) => !names.has(name)))

/** An empty list or object equals an absent one; only the direct members are checked. */
const withoutEmpty = (members: object): object => Object.fromEntries(Object.entries(members).filter(([, value]) => !isEmpty(value)))

const isEmpty = (value: unknown): boolean =>
  value === undefined || value === null || (typeof value === 'object' && Object.keys(value).length === 0)

/** JSON with sorted keys. */
function canonical(value: unknown): string {
  return writeJson(value, (_, member: unknown) =>
    typeof member === 'object' && member !== null && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)))
      : member,
  )
}
