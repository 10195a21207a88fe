// Pod, v1.

import type { Pod } from '../../types/core-v1.ts'
import { dns1123Label } from '../../validation/names.ts'
import { defineResource } from '../resource.ts'
import { podColumns, podRowConditions } from './pod-columns.ts'
import { prepareNewPod, validateNewPod } from './pod-create.ts'
import { setPodDefaults } from './pod-defaults.ts'
import { prepareResize, validatePodResize } from './pod-resize.ts'
import { podStatusWarnings, preparePodStatus, validatePodStatus } from './pod-status.ts'
import { validateEphemeralContainersUpdate, validatePodUpdate } from './pod-update.ts'
import { podWarnings } from './pod-warnings.ts'
import { keepMetadata, keepStatus } from './status-path.ts'

const core = { group: '', version: 'v1' } as const

export const pod = defineResource<Pod>({
  ...core,
  kind: 'Pod',
  plural: 'pods',
  namespaced: true,
  deletion: {
    graceSeconds: gracefulDeletionSeconds,
    returnsObject: true,
  },
  validatesMetadata: ['change', 'whole'],
  shortNames: ['po'],
  categories: ['all'],
  countsGeneration: true,
  subresources: [
    { name: 'attach', verbs: ['create', 'get'], kind: { ...core, kind: 'PodAttachOptions' } },
    { name: 'binding', verbs: ['create'], kind: { ...core, kind: 'Binding' } },
    {
      name: 'ephemeralcontainers',
      verbs: ['get', 'patch', 'update'],
      prepare(object, old) {
        const { ephemeralContainers } = object.spec
        object.spec = { ...old.spec }
        if (ephemeralContainers === undefined) delete object.spec.ephemeralContainers
        else object.spec.ephemeralContainers = ephemeralContainers
        keepStatus(object, old)
        keepMetadata(object.metadata, old.metadata)
      },
      validatesMetadata: ['change', 'whole'],
      validate: validateEphemeralContainersUpdate,
      ownFields: ['spec.ephemeralContainers'],
    },
    { name: 'eviction', verbs: ['create'], kind: { group: 'policy', version: 'v1', kind: 'Eviction' } },
    { name: 'exec', verbs: ['create', 'get'], kind: { ...core, kind: 'PodExecOptions' } },
    { name: 'log', verbs: ['get'], kind: { ...core, kind: 'Pod' } },
    { name: 'portforward', verbs: ['create', 'get'], kind: { ...core, kind: 'PodPortForwardOptions' } },
    { name: 'proxy', verbs: ['create', 'delete', 'get', 'patch', 'update'], kind: { ...core, kind: 'PodProxyOptions' } },
    {
      name: 'resize',
      verbs: ['get', 'patch', 'update'],
      validatesMetadata: ['change', 'whole'],
      prepare: prepareResize,
      validate: validatePodResize,
      ownFields: ['containers', 'initContainers'].flatMap(list => [`spec.${list}.*.resources`, `spec.${list}.*.resizePolicy`]),
    },
    {
      name: 'status',
      verbs: ['get', 'patch', 'update'],
      prepare: preparePodStatus,
      validate: validatePodStatus,
      warnings: podStatusWarnings,
      resetFields: ['spec', 'metadata.deletionTimestamp', 'metadata.ownerReferences'],
    },
  ],
  columns: podColumns,
  rows: { conditions: podRowConditions },
  setDefaults: setPodDefaults,
  prepareForCreate: prepareNewPod,
  validate: validateNewPod,
  prepare: keepStatus,
  validateUpdate: validatePodUpdate,
  fieldSelectors: {
    values: ({ spec, status }) => ({
      'spec.nodeName': spec.nodeName ?? '',
      // An older name, kept for older clients.
      'spec.host': spec.nodeName ?? '',
      'spec.restartPolicy': spec.restartPolicy ?? '',
      'spec.schedulerName': spec.schedulerName ?? '',
      'spec.serviceAccountName': spec.serviceAccountName ?? '',
      'spec.hostNetwork': String(spec.hostNetwork ?? false),
      'status.phase': status?.phase ?? '',
      'status.podIP': status?.podIPs?.[0]?.ip ?? status?.podIP ?? '',
      // The name is known, but upstream has no value for it either.
      'status.podIPs': '',
      'status.nominatedNodeName': status?.nominatedNodeName ?? '',
    }),
    indexed: ['spec.nodeName'],
  },
  warnings(object, old) {
    // Users rarely update pods, and the kubelet would not read the warnings.
    if (old !== undefined) return []
    const messages = dns1123Label(object.metadata.name ?? '')
    const warnings = podWarnings(object.spec, object.metadata)
    if (messages.length === 0) return warnings
    const advice = "metadata.name: this is used in the Pod's hostname, which can result in surprising behavior; a DNS label is recommended"
    return [`${advice}: [${messages.join(' ')}]`, ...warnings]
  },
})

/** A pod without node, or that has ended, is deleted at once; others get their requested period. */
function gracefulDeletionSeconds({ spec, status }: Pod, requested: number | undefined): number {
  if (!spec.nodeName || status?.phase === 'Failed' || status?.phase === 'Succeeded') return 0
  const seconds = requested ?? spec.terminationGracePeriodSeconds ?? 0
  return seconds < 0 ? 1 : seconds
}
